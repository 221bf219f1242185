(* Proofs by search that OPT is at least V: one judgement and its rules. A search goes through
   beginnings of schedules, step by step, and leaves out what no best schedule below V begins with. *)
From Coq Require Import List Arith ZArith Permutation QArith.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Program.
Open Scope nat_scope.

(* A schedule as good as any. *)
Definition best (M : nat) (R : list request) (s : schedule) : Prop :=
  feasible M R s /\ forall s', feasible M R s' -> total_latency s <= total_latency s'.
(* All starts are at t or later. *)
Definition from (t : nat) (s : schedule) : Prop := Forall (fun x => t <= snd x) s.

(* The judgement, for a list L of beginnings, what has started before step t: if some schedule costs
   less than V, then one of them can be completed, by starts at t or later, to a best schedule. *)
Definition covers (M : nat) (R : list request) (V t : nat) (L : list schedule) : Prop :=
  (exists s, feasible M R s /\ total_latency s < V) ->
  exists begun later, In begun L /\ from t later /\ best M R (begun ++ later).

(* At first nothing has started. *)
Definition search_begin : Prop := forall M R V, valid M R -> covers M R V 0 [[]].
(* When no beginning is left, no schedule costs less than V. *)
Definition search_end : Prop := forall M R V t, covers M R V t [] -> opt_at_least M R V.

(* From step t to the next: L' has, for each beginning and each way to complete it to a best schedule,
   the beginning with the starts at t, in some order. *)
Definition search_step : Prop := forall M R V t L L', covers M R V t L ->
  (forall begun now later, In begun L -> Forall (fun x => snd x = t) now -> from (S t) later ->
     best M R (begun ++ now ++ later) ->
     exists begun', In begun' L' /\ Permutation begun' (begun ++ now)) ->
  covers M R V (S t) L'.

(* Too dear: whatever completes a beginning at t or later costs V or more. *)
Definition too_dear (M : nat) (R : list request) (V t : nat) (begun : schedule) : Prop :=
  forall later, from t later -> feasible M R (begun ++ later) -> V <= total_latency (begun ++ later).
(* Wasteful: a request r that waits could have run to its end by t, from p on, in memory that was free. *)
Definition wasteful (M : nat) (R : list request) (t : nat) (begun : schedule) : Prop :=
  exists r p, arrival r <= p /\ p + output r <= t /\
    (forall u, u <= t -> used begun u + held r p u <= M) /\
    forall later, feasible M R (begun ++ later) -> In r (map fst later).
(* Beaten: another one has the same requests, costs no more, and from then on holds no more. *)
Definition beaten (M t : nat) (L : list schedule) (begun : schedule) : Prop :=
  exists other, In other L /\ Permutation (map fst other) (map fst begun) /\
    Forall (fun x => arrival (fst x) <= snd x) other /\ (forall u, used other u <= M) /\
    total_latency other <= total_latency begun /\ forall u, t < u -> used other u <= used begun u.
(* A beginning may be left out of L for each of these reasons, if those that beat others stay. *)
Definition search_drop : Prop := forall M R V t L L', valid M R -> covers M R V t L ->
  (forall begun, In begun L ->
     In begun L' \/ too_dear M R V t begun \/ wasteful M R t begun \/ beaten M t L' begun) ->
  covers M R V t L'.

(* ---- Multipliers: alpha prices the start of a request and beta its end, by its start; any numbers *)
Open Scope Z_scope.
Definition Zsum {A} (f : A -> Z) (l : list A) : Z := Program.zsum (map f l).
(* What a request costs with both. *)
Definition priced (scale : Z) (alpha beta : request -> nat -> Z) (x : request * nat) : Z :=
  scale * Z.of_nat (latency x) + alpha (fst x) (snd x) + beta (fst x) (snd x).
Definition starts_from (t : nat) (x : request * nat) : bool := (t <=? snd x)%nat.
Definition ends_from (t : nat) (x : request * nat) : bool := (t <=? snd x + output (fst x))%nat.
(* The prices of all starts at t or later, and of all ends in step t or later. *)
Definition events_from (t : nat) (alpha beta : request -> nat -> Z) (s : schedule) : Z :=
  Zsum (fun x => alpha (fst x) (snd x)) (filter (starts_from t) s)
  + Zsum (fun x => beta (fst x) (snd x)) (filter (ends_from t) s).
(* What completes a beginning is bounded: scale times the total is what the beginning costs, with the
   ends of those that run on, and what the later ones cost with starts and ends, which is at least the
   least for each; less the prices of the events to come. Of these a search knows only which requests
   and tokens they add and take away: it takes the cheapest sequence of events that fits. *)
Definition search_multipliers : Prop := forall scale alpha beta t begun later,
  Forall (fun x => snd x < t)%nat begun -> from t later ->
  scale * Z.of_nat (total_latency (begun ++ later)) =
    scale * Z.of_nat (total_latency begun)
    + Zsum (fun x => beta (fst x) (snd x)) (filter (ends_from t) begun)
    + Zsum (priced scale alpha beta) later
    - events_from t alpha beta (begun ++ later).
