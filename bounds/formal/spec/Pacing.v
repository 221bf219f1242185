(* Pacing: a schedule that starts each request by the volume before it, so that nothing ever waits
   for memory. *)
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

Close Scope Q_scope.

(* ---- Any order: the rate 5/4 + 2 ln G, where no output is above G times one that is listed later *)

Definition outputs_within (G : Q) (R : list request) : Prop :=
  StronglySorted (fun a b => output a <= G * output b)%Q R.
Definition most (f : request -> nat) (R : list request) : nat :=
  fold_right (fun r m => Nat.max (f r) m) 0 R.

Open Scope Q_scope.

(* The rationals above ln G, for G >= 1: (1 + l/n)^n rises to e^l as n grows, so where l > 0 one of
   these powers reaches G just when e^l > G. (For G = 1 this takes l = 0 in; ln G is 0.) *)
Definition above_ln (G l : Q) : Prop :=
  0 <= l /\ exists n : nat, (1 <= n)%nat /\ G <= (1 + l / n) ^ Z.of_nat n.
(* p is the whole part of (5/4 + 2 ln G) x, for x >= 0, said without real numbers. *)
Definition whole_part (p : nat) (G x : Q) : Prop :=
  (forall l, above_ln G l -> p <= (5 / 4 + 2 * l) * x) /\
  (exists l, above_ln G l /\ (5 / 4 + 2 * l) * x < p + 1).

(* The starts floor((5/4 + 2 ln G) W_k/(M - max o - max s)) keep the memory ... *)
Definition pacing_any : Prop := forall M R G s, valid M R -> backlog R ->
  1 <= G -> outputs_within G R ->
  let D := (M - most output R - most prompt R)%nat in (1 <= D)%nat ->
  map fst s = R ->
  (forall before r p after, s = before ++ (r, p) :: after ->
     whole_part p G (sum (fun x => volume (fst x)) before / D)) ->
  feasible M R s.

(* ... and so do those at any rational rate x/y of at least 5/4 + 2 l, for an l above ln G. *)
Definition pacing_any_rate : Prop := forall (M x y : nat) R G l, valid M R -> backlog R ->
  1 <= G -> outputs_within G R ->
  let D := (M - most output R - most prompt R)%nat in (1 <= D)%nat ->
  above_ln G l -> (1 <= y)%nat -> 5 / 4 + 2 * l <= x / y ->
  feasible M R (paced_from x (y * D) 0 R).

Close Scope Q_scope.

(* ---- Requests that arrive over time, listed in that order *)

(* Request k starts at the whole part of x_k = max(a_k, x_(k-1) + v_(k-1)/room); x is counted here in
   parts of 1/room of a step. *)
Fixpoint spaced_from (room x : nat) (R : list request) : schedule :=
  match R with
  | [] => []
  | r :: R' => let x' := Nat.max (room * arrival r) x in
               (r, x' / room) :: spaced_from room (x' + volume r) R'
  end.
Definition spaced (M : nat) (R : list request) : schedule := spaced_from (M - max_peak R) 0 R.

Open Scope Q_scope.

(* Equal requests (s, o): the memory is kept, and the total is within 2 - g of OPT at the memory
   M - m; every prompt is at least q times its output (q = 0: 5/3). *)
Definition pacing_arrivals : Prop := forall M R s o q, valid M R -> eps M R < 1 ->
  (forall r, In r R -> prompt r = s /\ output r = o) ->
  StronglySorted (fun a b => (arrival a <= arrival b)%nat) R ->
  0 <= q -> q * o <= s ->
  let g := (3 * q + 1) / (3 * (2 * q + 1)) in
  feasible M R (spaced M R) /\ within (2 - g) (M - max_peak R) R (spaced M R).

(* ---- How bad pacing can be *)

(* k equal requests with long prompts that could all start at 0, at eps = 1/k: no constant below 3/2. *)
Definition paced_svf_waves : Prop := forall (k : nat) (c : Q), (2 <= k)%nat -> c < 3 / 2 ->
  exists s o, let R := repeat (Request 0 s o) k in let M := (k * (s + o))%nat in
    let at_once := map (fun r => (r, 0%nat)) R in
    valid M R /\ eps M R == 1 / k /\ feasible M R at_once /\
    c * total_latency at_once < total_latency (paced 1 1 M R).
