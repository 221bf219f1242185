(* 1-bit SVF: of an output it knows whether it is above theta, no more. Definitions only; Checker.v
   uses them. *)
From Coq Require Import List Arith QArith.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope nat_scope.

(* Longer than theta or not: the requests of R that are as r is. *)
Definition alike (theta : Q) (r q : request) : bool :=
  Bool.eqb (Qle_bool (output r) theta) (Qle_bool (output q) theta).
Definition class (theta : Q) (R : list request) (r : request) : list request :=
  filter (alike theta r) R.

(* The key: what the volume would be if the output were the mean of the class. *)
Definition mean_output (theta : Q) (R : list request) (r : request) : Q :=
  (sum output (class theta R r) / length (class theta R r))%Q.
Definition guessed_volume (theta : Q) (R : list request) (r : request) : Q :=
  let o := mean_output theta R r in (prompt r * o + o * (o + 1) / 2)%Q.

(* With reservations every request is taken at the longest output of its class, until it truly ends:
   what then holds nothing is left out. *)
Definition longest (theta : Q) (R : list request) (r : request) : nat :=
  fold_right Nat.max 0 (map output (class theta R r)).
Definition taken (o : request -> nat) (r : request) : request := Request (arrival r) (prompt r) (o r).
Definition reserved (M : nat) (o : request -> nat) (s : schedule) (r : request) (t : nat) : bool :=
  let runs := filter (fun x => t <? snd x + output (fst x)) s in
  admissible M (map (fun x => (taken o (fst x), snd x)) runs) (taken o r) t.
