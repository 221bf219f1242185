(* What a schedule costs, if it is feasible. *)
From Coq Require Import List Arith ZArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort.

(* The total latency of a schedule, if it is feasible: memory is fullest where a request ends. The
   obvious way, in quadratic time; the one below is proved to give the same. *)
Definition cost (M : nat) (s : schedule) : option nat :=
  if forallb (fun x => (arrival (fst x) <=? snd x)%nat) s &&
     forallb (fun x => (used s (snd x + output (fst x)) <=? M)%nat) s
  then Some (total_latency s) else None.

Open Scope Z_scope.
(* After [time], [more] requests more run; they hold [more] t + [tokens] more in step t. *)
Record event := Event { time : Z; more : Z; tokens : Z }.
Definition events_of (x : request * nat) : list event :=
  let p := Z.of_nat (snd x) in let s := Z.of_nat (prompt (fst x)) in
  [Event p 1 (s - p); Event (p + Z.of_nat (output (fst x))) (-1) (p - s)].
Definition events (s : schedule) : list event := flat_map events_of s.
(* Events in the order of time: what is held in the step of each, which those of earlier times make. *)
Fixpoint sweep (M last running held : Z) (l : list event) : bool :=
  match l with
  | [] => true
  | e :: l' => ((time e =? last) || (running * time e + held <=? M)) &&
               sweep M (time e) (running + more e) (held + tokens e) l'
  end.
Definition fast_cost (M : nat) (s : schedule) : option nat :=
  if forallb (fun x => (arrival (fst x) <=? snd x)%nat) s &&
     sweep (Z.of_nat M) (-1) 0 0 (sort time (events s))
  then Some (total_latency s) else None.
