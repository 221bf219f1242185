(* Pacing: a schedule that starts each request by the volume before it, so that nothing ever waits
   for memory. As in Statements.v, each definition of a Prop is proved under its name in
   proofs/Theorems.v. *)
From Coq Require Import List Arith Sorted QArith Qminmax.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope nat_scope.

(* Each request of R, in turn, starts at the whole part of rate * W / room, W the volume before it. *)
Fixpoint paced_from (rate room W : nat) (R : list request) : schedule :=
  match R with
  | [] => []
  | r :: R' => (r, rate * W / room) :: paced_from rate room (W + volume r) R'
  end.
(* S_k = floor((x/y) W_k/(M - m)), m the largest peak. *)
Definition paced (x y M : nat) (R : list request) : schedule :=
  paced_from x (y * (M - max_peak R)) 0 R.

Definition outputs_rise (R : list request) : Prop :=
  StronglySorted (fun a b => output a <= output b) R.
Definition prompts_fall (R : list request) : Prop :=
  StronglySorted (fun a b => prompt b <= prompt a) R.

Open Scope Q_scope.

(* The memory is kept: at the rate 5/4, outputs in rising order ... *)
Definition pacing_outputs : Prop := forall M R, valid M R -> backlog R -> eps M R < 1 ->
  outputs_rise R -> feasible M R (paced 5 4 M R).

(* ... and at the rate 1, where prompts fall as well. *)
Definition pacing_shapes : Prop := forall M R, valid M R -> backlog R -> eps M R < 1 ->
  outputs_rise R -> prompts_fall R -> feasible M R (paced 1 1 M R).

(* Where this is SVF order: 11/6 as eps -> 0. *)
Definition paced_svf_outputs : Prop := forall M R, valid M R -> backlog R -> eps M R < 1 ->
  outputs_rise R -> by_volume R ->
  within (Qmax (1 + 5 / (6 * (1 - eps M R))) (5 / (4 * (1 - eps M R)))) M R (paced 5 4 M R).

(* Every prompt at least q times its output: 5/3 as eps -> 0 for q = 0, 3/2 as q grows. *)
Definition paced_svf_shapes : Prop := forall M R q, valid M R -> backlog R -> eps M R < 1 ->
  outputs_rise R -> prompts_fall R -> by_volume R ->
  0 <= q -> (forall r, In r R -> q * output r <= prompt r) ->
  let g := (3 * q + 1) / (3 * (2 * q + 1)) in
  within (Qmax (1 + (1 - g) / (1 - eps M R)) (1 / (1 - eps M R))) M R (paced 1 1 M R).
