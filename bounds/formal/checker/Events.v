(* What a policy's schedule costs, from event to event: whoever waits is tried again where room may
   have appeared. That it is what the model's simulation step by step gives is proved, so this need
   not be read. *)
From Coq Require Import List Arith ZArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort Heap.
Open Scope Z_scope.

(* A running request: its end as the test takes it, s - p for its start p, and its true end. *)
Record running := Running { assumed : Z; offset : Z; ends : Z }.
Fixpoint place (e : running) (l : list running) : list running :=
  match l with
  | [] => [e]
  | x :: l' => if assumed e <=? assumed x then e :: l else x :: place e l'
  end.
(* The first start from p on that the n of l leave to a request of prompt s and output o. They hold
   n u + tokens in step u, up to the first end. Before an end every start overflows in that step,
   up to the difference; with an end of its own before that it does in the step of its own. *)
Fixpoint climb (M s o n tokens p : Z) (l : list running) : Z :=
  match l with
  | [] => p
  | e :: l' =>
      let u := assumed e in
      if (p + o <? u) && (n * (p + o) + tokens + s + o <=? M) then p
      else climb M s o (n - 1) (tokens - offset e) (Z.max p (Z.min (n * u + tokens + s + u - M) u)) l'
  end.

(* [o r] is the output at which the test takes r; [exact] says that this is its true one. *)
Section Run.
Variables (M : Z) (exact : bool) (o : request -> nat).
(* Where requests end before they are assumed to, room may appear at the next end. *)
Definition earliest (now : Z) (l : list running) (r : request) : Z :=
  let p := climb M (Z.of_nat (prompt r)) (Z.of_nat (o r)) (Z.of_nat (length l))
                 (fold_right (fun e z => offset e + z) 0 l) now l in
  if exact || (p <=? now) then p else fold_right (fun e z => Z.min (ends e) z) p l.
Definition prune (now : Z) (l : list running) : list running := filter (fun e => now <? ends e) l.
Definition begun (now : Z) (r : request) : running :=
  Running (now + Z.of_nat (o r)) (Z.of_nat (prompt r) - now) (now + Z.of_nat (output r)).
Definition cost (now : Z) (r : request) : Z := now + Z.of_nat (output r) - Z.of_nat (arrival r).

(* Those that wait have their rank; the arrived ones in the heap, the others by arrival. *)
Fixpoint let_in (now : Z) (h : heap request) (pending : list (nat * request))
  : heap request * list (nat * request) :=
  match pending with
  | (k, r) :: rest => if Z.of_nat (arrival r) <=? now then let_in now (add k r h) rest else (h, pending)
  | [] => (h, [])
  end.
Fixpoint strict_events (fuel : nat) (now : Z) (l : list running) (h : heap request)
  (pending : list (nat * request)) (total : Z) : option Z :=
  match fuel with
  | O => None
  | S fuel' =>
      match let_in now h pending with
      | (Leaf, []) => Some total
      | (Leaf, (k, r) :: rest) => strict_events fuel' (Z.of_nat (arrival r)) l Leaf ((k, r) :: rest) total
      | (Node _ k r a b as h', rest) =>
          let l' := prune now l in
          let free := earliest now l' r in
          if free <=? now
          then strict_events fuel' now (place (begun now r) l') (join a b) rest (total + cost now r)
          else strict_events fuel' (match rest with
                             | [] => free
                             | (_, r') :: _ => Z.min free (Z.of_nat (arrival r'))
                             end) l' h' rest total
      end
  end.

(* Each has a step before which it cannot start; the least goes first, then the least rank of n. *)
Definition queue (n : nat) (step : Z) (x : nat * request) (h : heap (Z * (nat * request))) :=
  add (Z.to_nat step * n + fst x)%nat (step, x) h.
Fixpoint skip_events (fuel n : nat) (l : list running) (h : heap (Z * (nat * request))) (total : Z) : option Z :=
  match fuel, h with
  | _, Leaf => Some total
  | O, _ => None
  | S fuel', Node _ _ (now, x) a b =>
      let l' := prune now l in
      let free := earliest now l' (snd x) in
      if free <=? now
      then skip_events fuel' n (place (begun now (snd x)) l') (join a b) (total + cost now (snd x))
      else skip_events fuel' n l' (queue n free x (join a b)) total
  end.
End Run.

Definition fits_alone (M : nat) (o : request -> nat) (r : request) : bool :=
  ((1 <=? output r) && (output r <=? o r) && (prompt r + o r <=? M))%nat.
(* The total of the policy in whose order R is listed. *)
Definition events_total (how : rule) (M : nat) (exact : bool) (o : request -> nat) (R : list request)
  : option Z :=
  if forallb (fits_alone M o) R then
    let n := length R in
    let W := combine (seq 0 n) R in
    match how with
    | Strict => strict_events (Z.of_nat M) exact o (6 * n + 6) 0 [] Leaf
                       (sort (fun x => Z.of_nat (arrival (snd x))) W) 0
    | Skip => skip_events (Z.of_nat M) exact o (3 * n * n + 6) n []
                   (fold_right (fun x h => queue n (Z.of_nat (arrival (snd x))) x h) Leaf W) 0
    end
  else None.
