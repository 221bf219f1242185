(* Reads one question of numbers from standard input, asks the verified program, prints the answer.
   schedule M n (arrival prompt output start)*            -> the total latency, or "infeasible"
   price M D n (arrival prompt output)* T y_1 ... y_T     -> D times the bound
   branch M target D n (arrival prompt output)* V (length y_1 ...)* tree -> "proved" or "not proved"
   A tree in preorder: 2 n or 2 n + 1 (has children), n numbers of vectors, then, with children,
   the place of a request, a step, and the two children. *)
open Verified

let letters = Buffer.create 64
let rec word () =
  match input_char stdin with
  | ' ' -> if Buffer.length letters = 0 then word () else taken ()
  | letter -> Buffer.add_char letters letter; word ()
  | exception End_of_file -> if Buffer.length letters = 0 then Stdlib.raise End_of_file else taken ()
and taken () =
  let word = Buffer.contents letters in
  Buffer.clear letters; word
let number () = Integer.of_string (word ())
let count () = Integer.to_int (number ())
let rec times n read = if n = 0 then [] else let x = read () in x :: times (n - 1) read

let request () =
  let arrival = number () in
  let prompt = number () in
  let output = number () in
  { arrival; prompt; output }

let rec tree vectors =
  let node = count () in
  let used = times (node / 2) count in
  let below =
    if node mod 2 = 0 then Open
    else
      let place = number () in
      let step = number () in
      let lower = tree vectors in
      let upper = tree vectors in
      Split (place, step, lower, upper)
  in
  List.fold_right (fun v next -> Prices (vectors.(v), next)) used below

let () =
  let kind = word () in
  let memory = number () in
  match kind with
  | "schedule" ->
      let starts = times (count ()) (fun () -> let r = request () in (r, number ())) in
      print_endline
        (match fast_cost memory starts with Some total -> Integer.to_string total | None -> "infeasible")
  | "price" ->
      let unit = number () in
      let requests = times (count ()) request in
      let prices = times (count ()) number in
      print_endline (Integer.to_string (price_bound memory unit prices requests))
  | "branch" ->
      let target = number () in
      let unit = number () in
      let requests = times (count ()) request in
      let vectors = Array.of_list (times (count ()) (fun () -> times (count ()) number)) in
      print_endline
        (if branch memory target unit requests (tree vectors) then "proved" else "not proved")
  | _ -> exit 2
