(* Runs of an engine, which may pause and preempt. *)
From Coq Require Import List Arith Permutation Sorted QArith.
Import ListNotations.
From kvproof.spec Require Import Model Statements Bounds.
Open Scope nat_scope.

(* A run lists, for each request, the steps t_1 < t_2 < ... that give it its tokens. *)
Notation run_steps := (list (request * list nat)).
(* What is counted of its memory in step t: s + j in step t_j, nothing in other steps. *)
Fixpoint given (before : nat) (steps : list nat) (t : nat) : nat :=
  match steps with
  | [] => 0
  | u :: steps' => (if u =? t then before + 1 else 0) + given (before + 1) steps' t
  end.
Definition counted (x : request * list nat) (t : nat) : nat := given (prompt (fst x)) (snd x) t.
Definition engine_run (M : nat) (R : list request) (e : run_steps) : Prop :=
  Permutation (map fst e) R /\
  Forall (fun x => length (snd x) = output (fst x) /\
                   StronglySorted lt (arrival (fst x) :: snd x)) e /\
  forall t, sum (fun x => counted x t) e <= M.
(* From the arrival to the last of its steps. *)
Definition run_latency (e : run_steps) : nat := sum (fun x => last (snd x) 0 - arrival (fst x)) e.

(* No run of an engine has a total latency below z. *)
Definition runs_at_least (M : nat) (R : list request) (z : Q) : Prop :=
  forall e, engine_run M R e -> (z <= run_latency e)%Q.

(* Steps without a break: a schedule. *)
Definition engine_no_preemption : Prop := forall M R e, valid M R -> engine_run M R e ->
  (forall x, In x e -> exists p, snd x = seq (p + 1) (output (fst x))) ->
  exists s, feasible M R s /\ total_latency s = run_latency e.

Open Scope Q_scope.

(* Whatever the engine does: outputs, volume, the centroid in whole steps, and prices that never
   rise. *)
Definition engine_any_run : Prop := forall M R e, valid M R -> engine_run M R e ->
  sum output R <= run_latency e /\
  (forall T, fluid_latency M R T / M <= run_latency e) /\
  (forall T, by_volume R -> most_done M arrival volume R T = sum volume R ->
     busy_times M arrival volume T [] R + Qsum (fun r => shape r - arrival r) R <= run_latency e) /\
  (forall T y least, (forall t, 0 <= y t) -> (forall t, y (S t) <= y t) ->
     (forall t, (T < t)%nat -> y t == 0) -> cheapest y R least ->
     Qsum least R - M * Qsum y (seq 1 T) <= run_latency e).
