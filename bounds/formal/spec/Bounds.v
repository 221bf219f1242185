(* Stronger lower bounds on OPT: what they are made of, and what is proved. *)
From Coq Require Import List Arith Permutation Sorted QArith Qminmax.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
Open Scope nat_scope.

(* ---- Volume, with arrivals: a fluid schedule, least remaining volume first *)

(* [left] lists what is left of each volume that has arrived, the least first. Another arrives: *)
Fixpoint insert (v : nat) (left : list nat) : list nat :=
  match left with
  | [] => [v]
  | w :: left' => if v <=? w then v :: left else w :: insert v left'
  end.
Definition join (R : list request) (t : nat) (left : list nat) : list nat :=
  fold_right insert left (map volume (filter (fun r => arrival r =? t) R)).
(* What z token-steps leave of them; *)
Fixpoint serve (z : nat) (left : list nat) : list nat :=
  match left with
  | [] => []
  | v :: left' => if v <=? z then serve (z - v) left' else (v - z) :: left'
  end.
(* M times what they spend of a step in all, each until it is complete, z of M token-steps to come. *)
Fixpoint spent (M z : nat) (left : list nat) : nat :=
  match left with
  | [] => 0
  | v :: left' => if v <=? z then (M - (z - v)) + spent M (z - v) left' else M * length left
  end.
(* What is left when those that arrive at t have joined, t steps over. *)
Fixpoint present (M : nat) (R : list request) (t : nat) : list nat :=
  join R t match t with 0 => [] | S t' => serve M (present M R t') end.
(* M times the latency of that schedule in its first T steps. *)
Definition fluid_latency (M : nat) (R : list request) (T : nat) : nat :=
  sum (fun t => spent M M (present M R t)) (seq 0 T).

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

(* The latency of that fluid schedule, up to any step. *)
Definition opt_volume : Prop := forall M R T, valid M R ->
  opt_at_least M R (fluid_latency M R T / M).

(* opt_centroid in whole steps, also with arrivals; T is any step by which all could be done. *)
Definition opt_centroid_discrete : Prop := forall M R T, valid M R -> by_volume R ->
  most_done M arrival volume R T = sum volume R ->
  opt_at_least M R (busy_times M arrival volume T [] R + Qsum (fun r => shape r - arrival r) R).

(* On a backlog the discrete form is never below the other. *)
Definition centroid_discrete_above : Prop := forall M R T, valid M R -> backlog R -> by_volume R ->
  most_done M arrival volume R T = sum volume R ->
  sum_P M R + sum volume R / (2 * M) <= busy_times M arrival volume T [] R.

(* Of each request only the tokens after the first so many, its cut, which arrive that much later;
   C lists the requests with their cuts. *)
Definition tail_release (x : request * nat) : nat := (arrival (fst x) + snd x)%nat.
Definition tail_size (x : request * nat) : nat := tail (snd x) (fst x).
Definition opt_tail_centroid : Prop := forall M C T,
  (forall x, In x C -> (snd x < output (fst x))%nat) ->
  StronglySorted (fun x y => (tail_size x <= tail_size y)%nat) C ->
  most_done M tail_release tail_size C T = sum tail_size C ->
  opt_at_least M (map fst C) (busy_times M tail_release tail_size T [] C
                    + Qsum (fun x => tail_shape (snd x) (fst x) - arrival (fst x)) C).

(* ---- Staggered completions: requests are whole *)

(* Of m requests of peak at least h and output at least o none completes before step c: on average
   they complete at least o (1 - M/(h m)) steps after it. *)
Definition staggered : Prop := forall M R s group others c h o, feasible M R s ->
  Permutation s (group ++ others) -> (1 <= o <= h)%nat ->
  (forall x, In x group ->
     h <= peak (fst x) /\ o <= output (fst x) /\ c <= snd x + output (fst x))%nat ->
  o * (length group - M / h) <= Qsum (fun x : request * nat => snd x + output (fst x) - c) group.

(* So, with C_1 <= ... <= C_n the completions of such a group, (C_(k+1) - C_k) + ... +
   (C_(k+m-1) - C_k) >= o (m - M/h). Multipliers y_k that take no gap C_i - C_(i-1) more often than
   the n + 1 - i completions that it delays; and a bound z for the others. *)
Definition opt_staggered : Prop := forall M group others least h o m y z,
  let n := length group in let last := (n + 1 - m)%nat in
  (1 <= o <= h)%nat -> (1 <= m)%nat ->
  (forall r, In r group -> h <= peak r /\ o <= output r /\ least <= arrival r)%nat ->
  (forall k, 0 <= y k) ->
  (forall i, (2 <= i <= n)%nat ->
     Qsum (fun k => y k * (m - (i - k))%nat) (seq 1 (Nat.min (i - 1) last)) <= n + 1 - i) ->
  opt_at_least M others z ->
  opt_at_least M (group ++ others)
    (n * (least + o) - sum arrival group + o * (m - M / h) * Qsum y (seq 1 last) + z).

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
