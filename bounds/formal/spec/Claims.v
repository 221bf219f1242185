(* The claims of certificates about an instance, and what each means. Definitions only; Checker.v says
   that a checker accepts none that is false. *)
From Coq Require Import List Arith ZArith Permutation Sorted QArith.
Import ListNotations.
From kvproof.spec Require Import Model Engine OneBit Blocks.
Open Scope nat_scope.

(* 1-bit SVF with reservations, or with the true outputs in its test *)
Inductive policy := SVF | SJF | FCFS | OneBit (theta : Q) (reserve : bool).
Inductive claim :=
| Costs (U : nat)                       (* a feasible schedule has total latency U *)
| AtLeast (z : Q)                       (* no feasible schedule has less than z *)
| Optimal (U : nat)                     (* both, for U *)
| WithinFactor (U : nat) (c : Q)        (* a schedule costs U, at most c times OPT *)
| ScheduleRatio (A B : nat) (c : Q)     (* a schedule costs A, another B, and A is c B *)
| PolicyRatio (how : rule) (p : policy) (A B : nat) (c : Q)         (* the policy's costs A *)
| RunsAtLeast (z : Q)                   (* no run of an engine, preempting or not, has less than z *)
| Chain (U : nat) (B : Z) (eta : option Z).      (* one in SVF order costs U, at most these *)

(* The first of each pair says how often the second occurs. *)
Definition expand {A} (rows : list (nat * A)) : list A :=
  flat_map (fun x => repeat (snd x) (fst x)) rows.

Definition some_schedule_costs (M : nat) (R : list request) (U : nat) : Prop :=
  exists s, feasible M R s /\ total_latency s = U.

(* R' lists R in the order of a policy: ties by arrival, then by place in R. *)
Definition size (p : policy) (R : list request) (r : request) : Q :=
  match p with
  | SVF => volume r
  | SJF => output r
  | FCFS => arrival r
  | OneBit theta _ => guessed_volume theta R r
  end.
Definition before (p : policy) (R : list request) (x y : request * nat) : Prop :=
  (size p R (fst x) < size p R (fst y))%Q \/ (size p R (fst x) == size p R (fst y))%Q /\
  (arrival (fst x) < arrival (fst y) \/ arrival (fst x) = arrival (fst y) /\ snd x <= snd y).
Definition in_order (p : policy) (R R' : list request) : Prop :=
  exists l, Permutation l (combine R (seq 0 (length R))) /\ StronglySorted (before p R) l /\ R' = map fst l.
(* What the policy does: the rule of the model; with reservations another test of what fits. *)
Definition does (how : rule) (p : policy) (M : nat) (R' : list request) : option schedule :=
  match p with
  | OneBit theta true =>
      run (last_arrival R' + sum output R') how (reserved M (longest theta R')) 0 [] R'
  | _ => simulate how M R'
  end.

Definition meaning (M : nat) (R : list request) (c : claim) : Prop :=
  match c with
  | Costs U => some_schedule_costs M R U
  | AtLeast z => opt_at_least M R z
  | Optimal U => some_schedule_costs M R U /\ opt_at_least M R U
  | WithinFactor U c =>
      exists s, feasible M R s /\ total_latency s = U /\ within c M R s
  | ScheduleRatio A B c =>
      some_schedule_costs M R A /\ some_schedule_costs M R B /\ (c * B == A)%Q
  | PolicyRatio how p A B c =>
      (exists R' s, in_order p R R' /\ does how p M R' = Some s /\ total_latency s = A) /\
      some_schedule_costs M R B /\ (c * B == A)%Q
  | RunsAtLeast z => runs_at_least M R z
  | Chain U B eta =>
      exists s, in_order SVF R (map fst s) /\ feasible M R s /\ total_latency s = U /\
        backlog R /\ max_peak R < M /\ StronglySorted (fun x y => snd x <= snd y) s /\ chained 2 M s B /\
        match eta with
        | None => True
        | Some B' => exists c, largest_peak_over_mean R c /\ chained c M s B'
        end
  end.
