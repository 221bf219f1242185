(* What the extracted checker says: claims about an instance, and what each means. One theorem,
   [checker_sound], covers all: whatever is accepted, by whatever proof, is true. As in Statements.v,
   each definition of a Prop is proved under its name in proofs/Theorems.v. *)
From Coq Require Import List Arith ZArith Permutation Sorted QArith.
Import ListNotations.
From kvproof.spec Require Import Model OneBit Blocks Engine.
From kvproof.checker Require Policies Accept Schedule.
Open Scope nat_scope.

Definition some_schedule_costs (M : nat) (R : list request) (U : nat) : Prop :=
  exists s, feasible M R s /\ total_latency s = U.

(* R' lists R in the order of a policy: ties by arrival, then by place in R. *)
Definition size (p : Policies.policy) (R : list request) (r : request) : Q :=
  match p with
  | Policies.SVF => volume r
  | Policies.SJF => output r
  | Policies.FCFS => arrival r
  | Policies.OneBit theta _ => guessed_volume theta R r
  end.
Definition before (p : Policies.policy) (R : list request) (x y : request * nat) : Prop :=
  (size p R (fst x) < size p R (fst y))%Q \/ (size p R (fst x) == size p R (fst y))%Q /\
  (arrival (fst x) < arrival (fst y) \/ arrival (fst x) = arrival (fst y) /\ snd x <= snd y).
Definition in_order (p : Policies.policy) (R R' : list request) : Prop :=
  exists l, Permutation l (combine R (seq 0 (length R))) /\ StronglySorted (before p R) l /\ R' = map fst l.
(* What the policy does: the rule of the model; with reservations another test of what fits. *)
Definition does (how : rule) (p : Policies.policy) (M : nat) (R' : list request) : option schedule :=
  match p with
  | Policies.OneBit theta true =>
      run (last_arrival R' + sum output R') how (reserved M (longest theta R')) 0 [] R'
  | _ => simulate how M R'
  end.

Definition meaning (M : nat) (R : list request) (c : Accept.claim) : Prop :=
  match c with
  | Accept.Costs U => some_schedule_costs M R U
  | Accept.AtLeast z => opt_at_least M R z
  | Accept.Optimal U => some_schedule_costs M R U /\ opt_at_least M R U
  | Accept.WithinFactor U c =>
      exists s, feasible M R s /\ total_latency s = U /\ within c M R s
  | Accept.ScheduleRatio A B c =>
      some_schedule_costs M R A /\ some_schedule_costs M R B /\ (c * B == A)%Q
  | Accept.PolicyRatio how p A B c =>
      (exists R' s, in_order p R R' /\ does how p M R' = Some s /\ total_latency s = A) /\
      some_schedule_costs M R B /\ (c * B == A)%Q
  | Accept.RunsAtLeast z => runs_at_least M R z
  | Accept.Chain U B eta =>
      exists s, in_order Policies.SVF R (map fst s) /\ feasible M R s /\ total_latency s = U /\
        backlog R /\ max_peak R < M /\ StronglySorted (fun x y => snd x <= snd y) s /\ chained 2 M s B /\
        match eta with
        | None => True
        | Some B' => exists c, largest_peak_over_mean R c /\ chained c M s B'
        end
  end.

(* [rows] are requests with counts, as in the file. *)
Definition checker_sound : Prop := forall M rows claim proof,
  Accept.accepts M rows claim proof = true -> meaning M (Accept.expand rows) claim.

(* The sweep over sorted events accepts what adding up each step's tokens does, and nothing else. *)
Definition checker_schedule_same : Prop := forall M s, Schedule.fast_cost M s = Schedule.cost M s.
