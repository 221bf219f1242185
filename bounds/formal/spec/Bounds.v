(* Stronger lower bounds on OPT: what they are made of, and what is proved. As in Statements.v, each
   definition of a Prop is proved under its name in proofs/Theorems.v. *)
From Coq Require Import List Arith Sorted QArith Qminmax.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
Open Scope nat_scope.

(* ---- Mean busy times in whole steps *)

(* Work that is released over time and done at a rate of at most M: of items x, each of size x and
   released at release x, at most this much can be done by the end of step t. *)
Fixpoint most_done {A} (M : nat) (release size : A -> nat) (R : list A) (t : nat) : nat :=
  match t with
  | 0 => 0
  | S t' => Nat.min (most_done M release size R t' + M)
                    (sum (fun x => if release x <=? t' then size x else 0) R)
  end.
(* Twice the least sum of the times (middles of steps) at which the work is done, up to step T. *)
Definition least_moment {A} (M : nat) (release size : A -> nat) (T : nat) (R : list A) : nat :=
  sum (fun t => (2 * t - 1) * (most_done M release size R t - most_done M release size R (t - 1)))
      (seq 1 T).
(* The mean busy times of the items in the order of R, each after those before it. *)
Fixpoint busy_times {A} (M : nat) (release size : A -> nat) (T : nat) (before R : list A) : Q :=
  match R with
  | [] => 0
  | x :: R' => (least_moment M release size T (x :: before)
                - least_moment M release size T before) / (2 * size x)
               + busy_times M release size T (x :: before) R'
  end%Q.

(* All but the first c steps of r: their volume, their moment, and from their mean time to the end. *)
Definition tail (c : nat) (r : request) : nat :=
  sum (fun j => prompt r + j) (seq (c + 1) (output r - c)).
Definition tail_moment (c : nat) (r : request) : nat :=
  sum (fun j => j * (prompt r + j)) (seq (c + 1) (output r - c)).
Definition tail_shape (c : nat) (r : request) : Q :=
  (1 / 2 + output r - tail_moment c r / tail c r)%Q.

Open Scope Q_scope.

(* The same in whole steps, also with arrivals; T is any step by which all could be done. *)
Definition opt_centroid_discrete : Prop := forall M R T, valid M R -> by_volume R ->
  most_done M arrival volume R T = sum volume R ->
  opt_at_least M R (busy_times M arrival volume T [] R + Qsum (fun r => shape r - arrival r) R).

(* On a backlog the discrete form is never below the other. *)
Definition centroid_discrete_above : Prop := forall M R T, valid M R -> backlog R -> by_volume R ->
  most_done M arrival volume R T = sum volume R ->
  sum_P M R + sum volume R / (2 * M) <= busy_times M arrival volume T [] R.

(* Of each request only the tokens after the first [cut r], which arrive that much later. *)
Definition opt_tail_centroid : Prop := forall M R (cut : request -> nat) T,
  (forall r, In r R -> (cut r < output r)%nat) ->
  StronglySorted (fun a b => (tail (cut a) a <= tail (cut b) b)%nat) R ->
  let release r := (arrival r + cut r)%nat in let size r := tail (cut r) r in
  most_done M release size R T = sum size R ->
  opt_at_least M R (busy_times M release size T [] R
                    + Qsum (fun r => tail_shape (cut r) r - arrival r) R).

(* ---- Closed-form prices *)

(* Of the requests of R in turn, W before them: how many are complete, in fractions, once z
   token-steps have been served. *)
Fixpoint completed (z : Q) (W : nat) (R : list request) : Q :=
  match R with
  | [] => 0
  | r :: R' => Qmin 1 (Qmax 0 ((z - W) / volume r)) + completed z (W + volume r) R'
  end%Q.

(* The prices y_t = (n - G(M t))/M, until M T token-steps complete all; with arrivals too. *)
Definition opt_closed_prices : Prop := forall M R T least, valid M R ->
  (sum volume R <= M * T)%nat ->
  let y (t : nat) := (length R - completed (M * t) 0 R) / M in cheapest y R least ->
  opt_at_least M R (Qsum least R - M * Qsum y (seq 1 T)).
