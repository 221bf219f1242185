(* Reads one certificate as words from standard input and prints whether the verified program
   accepts it. N* is a number N and so many of what follows:
   certificate  memory N* (count arrival prompt output)  claim
   claim        schedule TOTAL starts | opt-lower-bound P Q bound | optimal TOTAL starts bound
                | within-factor TOTAL P Q starts bound | ratio-at-least A B P Q starts policy
                | preemptive-lower-bound P Q bound
                | svf-blocking-chain TOTAL BOUND N* ETA-BOUND starts N* (step step)
   starts       N* (count start)
   policy       strict | skip, then svf | sjf | fcfs | svf-1bit P Q ADMISSION (theta; true or
                reserve); or none, then the starts that cost A
   bound        parts N* (step bound) bound (of what arrives before each step and after the one
                before; last of what is left) | one of
                volume | staggered PEAK OUTPUT TOGETHER | discrete-centroid
                | tail-centroid N* (count cut) | price UNIT prices
                | branch TARGET UNIT N* prices tree
                | search TARGET SCALE UNIT prices N* vector N* (steps N* place)
   vector       SINCE GRAIN N* start-code N* end-code
   prices       N* (steps price)
   tree         in preorder: 2 n or 2 n + 1 (has children), n numbers of price vectors, then, with
                children, the place of a request, a step, and the two children *)
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
let times n read =
  let rec more n l = if n = 0 then List.rev l else more (n - 1) (read () :: l) in
  more n []
let several read = times (count ()) read
let pair () = let first = number () in let second = number () in (first, second)
let rational () = let qnum = number () in let qden = number () in { qnum; qden }

let request () =
  let count = number () in
  let arrival = number () in
  let prompt = number () in
  let output = number () in
  (count, { arrival; prompt; output })

let by_step runs =
  List.concat_map (fun (steps, price) -> List.init (Integer.to_int steps) (fun _ -> price)) runs

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

let of_kind = function
  | "volume" -> Volume
  | "staggered" ->
      let peak = number () in
      let output = number () in
      Staggered (peak, output, number ())
  | "discrete-centroid" -> DiscreteCentroid
  | "tail-centroid" -> TailCentroid (several pair)
  | "price" -> let unit = number () in Price (unit, several pair)
  | "branch" ->
      let target = number () in
      let unit = number () in
      let vectors = Array.of_list (several (fun () -> by_step (several pair))) in
      Branch (target, unit, tree vectors)
  | "search" ->
      let target = number () in
      let scaling = number () in
      let unit_price = number () in
      let prices = several pair in
      let vector () =
        let first_step = number () in
        let grain = number () in
        let start_codes = several number in
        let end_codes = several number in
        { first_step; grain; start_codes; end_codes } in
      let listing = several vector in
      let layer () = let steps = number () in (steps, several number) in
      let layering = several layer in
      Searched { target; scaling; unit_price; prices; listing; layering }
  | _ -> exit 2

let lower_bound () = of_kind (word ())
let in_parts () =
  match word () with
  | "parts" ->
      let part () = let step = number () in (step, lower_bound ()) in
      let before = several part in
      (before, Some (lower_bound ()))
  | kind -> ([], Some (of_kind kind))
let no_bound = ([], None)

let policy () =
  match word () with
  | "svf" -> SVF
  | "sjf" -> SJF
  | "fcfs" -> FCFS
  | "svf-1bit" -> let theta = rational () in OneBit (theta, word () = "reserve")
  | _ -> exit 2

let () =
  let memory = number () in
  let requests = several request in
  let schedule () = several pair in
  let claim, starts, costlier, (parts, bound), blocks =
    match word () with
    | "schedule" ->
        let total = number () in
        (Costs total, schedule (), [], no_bound, [])
    | "opt-lower-bound" ->
        let bound = rational () in
        (AtLeast bound, [], [], in_parts (), [])
    | "optimal" ->
        let total = number () in
        let starts = schedule () in
        (Optimal total, starts, [], in_parts (), [])
    | "within-factor" ->
        let total = number () in
        let factor = rational () in
        let starts = schedule () in
        (WithinFactor (total, factor), starts, [], in_parts (), [])
    | "ratio-at-least" -> (
        let a = number () in
        let b = number () in
        let ratio = rational () in
        let starts = schedule () in
        match word () with
        | "strict" -> (PolicyRatio (Strict, policy (), a, b, ratio), starts, [], no_bound, [])
        | "skip" -> (PolicyRatio (Skip, policy (), a, b, ratio), starts, [], no_bound, [])
        | _ -> (ScheduleRatio (a, b, ratio), starts, schedule (), no_bound, []))
    | "preemptive-lower-bound" ->
        let bound = rational () in
        (RunsAtLeast bound, [], [], in_parts (), [])
    | "svf-blocking-chain" ->
        let total = number () in
        let bound = number () in
        let eta = List.nth_opt (several number) 0 in
        let starts = schedule () in
        (Chain (total, bound, eta), starts, [], no_bound, several pair)
    | _ -> exit 2
  in
  print_endline
    (if accepts memory requests claim { starts; costlier; parts; bound; blocks } then "accepted" else "not accepted")
