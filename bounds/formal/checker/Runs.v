(* The price bound from prices in runs of equal steps: each request's least cost, in one walk over
   the runs. Costs are doubled, as sums of 1, ..., n are half of n (n + 1). *)
From Coq Require Import List Arith ZArith QArith.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort.
Open Scope Z_scope.

(* So many steps, each at this price. *)
Notation run := (nat * Z)%type.
Definition by_step (runs : list run) : list Z := flat_map (fun x => repeat (snd x) (fst x)) runs.
(* without the first n steps *)
Fixpoint drop (n : nat) (runs : list run) : list run :=
  match runs with
  | [] => []
  | (k, y) :: rest => if (k <=? n)%nat then drop (n - k) rest else ((k - n)%nat, y) :: rest
  end.
(* of the first o steps: the sum of the prices, and twice what tokens s + 1, ..., s + o cost *)
Fixpoint front (o : nat) (s : Z) (runs : list run) : Z * Z :=
  match runs with
  | [] => (0, 0)
  | (k, y) :: rest =>
      if (o =? 0)%nat then (0, 0) else
      let n := Nat.min k o in let m := Z.of_nat n in
      let (sum, cost) := front (o - n) (s + m) rest in
      (y * m + sum, y * (m * (2 * s + m + 1)) + cost)
  end.
(* From a start on, which costs [cost] / 2 and has prices of sum [window] in its steps; the runs
   after it and after its end. [early] is twice D times its latency: no later start costs less. While
   neither run ends each further step adds [change], which grows by [bend]. *)
Fixpoint walk (fuel : nat) (D s o best early cost window : Z) (heads tails : list run) : option Z :=
  match fuel with
  | O => None
  | S fuel' =>
      if best <=? early then Some best else
      match heads with
      | [] => Some best
      | (k, y) :: _ =>
          let (n, e) := match tails with [] => (k, 0) | (k', e) :: _ => (Nat.min k k', e) end in
          let bend := y - e in
          let change := D - s * y + (s + o) * e - window in
          let m := Z.of_nat n in
          let after i := cost + 2 * i * change + bend * (i * (i - 1)) in
          let turn := if (0 <? bend) && (change <? 0) then Z.min m (- (change / bend)) else m in
          walk fuel' D s o (Z.min best (Z.min (after turn) (after m))) (early + 2 * D * m) (after m)
               (window - m * bend) (drop n heads) (drop n tails)
      end
  end.
(* Twice the least cost of r; [heads] are the runs after its arrival. *)
Definition cheapest (fuel : nat) (D : Z) (heads : list run) (r : request) : option Z :=
  let s := Z.of_nat (prompt r) in
  let o := Z.of_nat (output r) in
  let (window, paid) := front (output r) s heads in
  let cost := 2 * D * o + paid in
  walk fuel D s o cost (2 * D * o) cost window heads (drop (output r) heads).
Definition alike (r r' : request) : bool :=
  ((arrival r =? arrival r') && (prompt r =? prompt r') && (output r =? output r'))%nat.
(* Their sum, over requests in the order of arrival; [heads] are the runs after step [now]; equal
   neighbours are worked out once. *)
Fixpoint all_cheapest (fuel : nat) (D : Z) (now : nat) (heads : list run) (last : option (request * Z))
  (R : list request) (total : Z) : option Z :=
  match R with
  | [] => Some total
  | r :: R' =>
      if (arrival r <? now)%nat then None else
      let heads' := drop (arrival r - now) heads in
      match match last with
            | Some (q, v) => if alike q r then Some v else cheapest fuel D heads' r
            | None => cheapest fuel D heads' r
            end with
      | None => None
      | Some v => all_cheapest fuel D (arrival r) heads' (Some (r, v)) R' (total + v)
      end
  end.
Fixpoint never_rise (runs : list run) : bool :=
  match runs with
  | x :: (y :: _) as rest => (snd y <=? snd x) && never_rise rest
  | _ => true
  end.
Definition half (D v : Z) : Q := Qmake v (Z.to_pos (2 * D)).
(* A lower bound on OPT from prices over the denominator D. *)
Definition price_bound (M : nat) (D : Z) (runs : list run) (R : list request) : option Q :=
  if (0 <? D) && forallb (fun x => 0 <=? snd x) runs then
    let in_order := sort (fun r => Z.of_nat (arrival r)) (sort (fun r => Z.of_nat (prompt r))
                      (sort (fun r => Z.of_nat (output r)) R)) in
    match all_cheapest (2 * length runs + 2) D 0 runs None in_order 0 with
    | None => None
    | Some v => Some (half D (v - 2 * Z.of_nat M *
                              fold_right (fun x z => snd x * Z.of_nat (fst x) + z) 0 runs))
    end
  else None.
