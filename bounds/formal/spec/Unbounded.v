(* Policies without a constant. *)
From Coq Require Import List Arith Permutation Sorted QArith.
Import ListNotations.
From kvproof.spec Require Import Model OneBit.
Open Scope nat_scope.

(* ---- Arrivals over time: every deterministic policy *)

(* A policy gives a schedule for a memory and an instance. It is online if what it has started by
   step t depends on nothing but what has arrived by t; lengths are known on arrival. *)
Notation policy := (nat -> list request -> schedule).
Definition known (t : nat) (R : list request) : list request := filter (fun r => arrival r <=? t) R.
Definition started (t : nat) (s : schedule) : schedule := filter (fun x => snd x <=? t) s.
Definition online (A : policy) : Prop := forall M R R' t,
  known t R = known t R' -> Permutation (started t (A M R)) (started t (A M R')).

(* At least k - 1 times OPT, on an instance of at most k^2 + 1 requests. *)
Definition online_any_policy : Prop := forall A : policy,
  (forall M R, valid M R -> feasible M R (A M R)) -> online A -> forall k,
  exists M R better, valid M R /\ length R <= k * k + 1 /\ R <> [] /\ feasible M R better /\
    (k - 1) * total_latency better <= total_latency (A M R).

(* ---- Policies of the model, strict or skipping, at any eps = 1/k *)

Open Scope Q_scope.

(* s costs more than c times some other schedule. *)
Definition exceeds (c : Q) (M : nat) (R : list request) (s : schedule) : Prop :=
  exists better, feasible M R better /\ c * total_latency better < total_latency s.

(* FCFS on a backlog, where any order of R may be that of the arrivals. *)
Definition fcfs_unbounded : Prop := forall how (k : nat) c, (1 <= k)%nat ->
  exists M R s, valid M R /\ backlog R /\ eps M R == 1 / k /\ simulate how M R = Some s /\
    exceeds c M R s.

(* SVF with arrivals. *)
Definition svf_online_prompts : Prop := forall how (k : nat) c, (1 <= k)%nat ->
  exists M R s, valid M R /\ by_volume R /\ eps M R == 1 / k /\ simulate how M R = Some s /\
    exceeds c M R s.

(* SJF on a backlog. *)
Definition sjf_unbounded : Prop := forall how (k : nat) c, (1 <= k)%nat ->
  exists M R s, valid M R /\ backlog R /\ StronglySorted (fun a b => (output a <= output b)%nat) R /\
    eps M R == 1 / k /\ simulate how M R = Some s /\ exceeds c M R s.

(* SVF with arrivals; all that comes after step 0 is one token each. *)
Definition svf_online_tokens : Prop := forall how (m : nat) c, (1 <= m)%nat ->
  exists M R s, valid M R /\ by_volume R /\ (forall r, In r R -> arrival r = 0%nat \/ r = Request 1 0 1) /\
    eps M R == 1 / m /\ simulate how M R = Some s /\ exceeds c M R s.

(* Strict 1-bit SVF on a backlog; the threshold is fixed, or the mean output of the requests. *)
Definition mean (R : list request) : Q := sum output R / length R.
Definition one_bit_unbounded : Prop := forall (theta : list request -> Q) (k : nat) c,
  (exists q, forall R, theta R = q) \/ (forall R, theta R = mean R) -> (1 <= k)%nat ->
  exists M R s, valid M R /\ backlog R /\
    StronglySorted (fun a b => guessed_volume (theta R) R a <= guessed_volume (theta R) R b) R /\
    eps M R == 1 / k /\ simulate Strict M R = Some s /\ exceeds c M R s.
