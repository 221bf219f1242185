(* The problem: requests, memory, schedules, OPT, and the policies.

   This file and Statements.v say what the main theorems are; the other files of spec/ what else is
   proved. The other folders are checked by Coq's kernel and need not be read. Steps and tokens are
   natural numbers (nat), bounds exact rationals (Q). [f x] applies f to x; [fst x] and [snd x] are
   the parts of a pair. *)
From Coq Require Import List Arith Permutation Sorted QArith.
Import ListNotations.
Open Scope nat_scope.

(* A number of steps or tokens stands for a rational wherever one is expected. *)
Definition rational (n : nat) : Q := inject_Z (Z.of_nat n).
Coercion rational : nat >-> Q.

(* The sum of f x over the x of a list; [seq 1 n] is the list 1, 2, ..., n. *)
Fixpoint sum {A} (f : A -> nat) (l : list A) : nat :=
  match l with [] => 0 | x :: l' => f x + sum f l' end.
Fixpoint Qsum {A} (f : A -> Q) (l : list A) : Q :=
  match l with [] => 0%Q | x :: l' => (f x + Qsum f l')%Q end.

(* ---- Requests *)

(* Step of arrival, tokens of the prompt, tokens of the output. *)
Record request := Request { arrival : nat; prompt : nat; output : nat }.

(* The tokens held in the last step, and the token-steps held in all. *)
Definition peak (r : request) : nat := prompt r + output r.
Definition volume (r : request) : nat := sum (fun j => prompt r + j) (seq 1 (output r)).

(* M: memory in tokens. Every request has an output and fits the memory alone. *)
Definition valid (M : nat) (R : list request) : Prop :=
  Forall (fun r => 1 <= output r /\ peak r <= M) R.
Definition backlog (R : list request) : Prop := Forall (fun r => arrival r = 0) R.
Definition max_peak (R : list request) : nat := fold_right (fun r m => Nat.max (peak r) m) 0 R.
Definition eps (M : nat) (R : list request) : Q := (max_peak R / M)%Q.

(* ---- Schedules: a list of requests, each with the step after which it starts *)

Notation schedule := (list (request * nat)).

(* Tokens held in step t, that is in (t - 1, t], by r started at p. *)
Definition held (r : request) (p t : nat) : nat :=
  if (p <? t) && (t <=? p + output r) then prompt r + (t - p) else 0.
Definition used (s : schedule) (t : nat) : nat := sum (fun x => held (fst x) (snd x) t) s.

(* The requests of R, in any order, each started once it has arrived, the memory kept. *)
Definition feasible (M : nat) (R : list request) (s : schedule) : Prop :=
  Permutation (map fst s) R /\ Forall (fun x => arrival (fst x) <= snd x) s /\
  forall t, used s t <= M.

(* Latency is completion less arrival. *)
Definition latency (x : request * nat) : nat := snd x + output (fst x) - arrival (fst x).
Definition total_latency (s : schedule) : nat := sum latency s.

(* OPT, the least total latency of a feasible schedule, is at least z. *)
Definition opt_at_least (M : nat) (R : list request) (z : Q) : Prop :=
  forall s, feasible M R s -> (z <= total_latency s)%Q.
(* The schedule s is within a factor c of OPT. *)
Definition within (c : Q) (M : nat) (R : list request) (s : schedule) : Prop :=
  forall best, feasible M R best -> (total_latency s <= c * total_latency best)%Q.

(* ---- Policies *)

(* r may start at t beside the schedule so far: in no step of its stay would the memory overflow. *)
Definition admissible (M : nat) (s : schedule) (r : request) (t : nat) : bool :=
  forallb (fun j => used s (t + j) + (prompt r + j) <=? M) (seq 1 (output r)).

(* What a policy does when a request that has arrived does not fit: stop, or try those behind it. *)
Inductive rule := Strict | Skip.

(* Step t: go through the waiting requests, in the policy's order; [fits s r t] says whether r may
   start at t beside the schedule so far. Returns the schedule, the last started first, and those
   that wait on. *)
Fixpoint step (how : rule) (fits : schedule -> request -> nat -> bool) (t : nat) (s : schedule)
  (waiting : list request) : schedule * list request :=
  match waiting with
  | [] => (s, [])
  | r :: behind =>
      let pass := let (s', rest) := step how fits t s behind in (s', r :: rest) in
      if t <? arrival r then pass
      else if fits s r t then step how fits t ((r, t) :: s) behind
      else match how with Strict => (s, waiting) | Skip => pass end
  end.
(* Steps t, t + 1, ... until nobody waits; None if that takes more than [more] further steps. *)
Fixpoint run (more : nat) (how : rule) (fits : schedule -> request -> nat -> bool) (t : nat)
  (s : schedule) (waiting : list request) : option schedule :=
  match step how fits t s waiting, more with
  | (s', []), _ => Some s'
  | (s', rest), S more' => run more' how fits (S t) s' rest
  | _, 0 => None
  end.
Definition last_arrival (R : list request) : nat :=
  fold_right (fun r a => Nat.max (arrival r) a) 0 R.
(* The schedule of the policy in whose order R is listed. *)
Definition simulate (how : rule) (M : nat) (R : list request) : option schedule :=
  run (last_arrival R + sum output R) how (admissible M) 0 [] R.

(* Smallest volume first; R is listed in that order, equal volumes as one likes. *)
Definition by_volume (R : list request) : Prop :=
  StronglySorted (fun a b => volume a <= volume b) R.
(* s is the schedule of strict SVF for the backlog R. *)
Definition strict_svf (M : nat) (R : list request) (s : schedule) : Prop :=
  valid M R /\ backlog R /\ by_volume R /\ simulate Strict M R = Some s.
(* At some backlog whose eps is at most e, strict SVF costs more than c times OPT. *)
Definition strict_svf_exceeds (c e : Q) : Prop :=
  exists M R s better, (eps M R <= e)%Q /\ strict_svf M R s /\ feasible M R better /\
                       (c * total_latency better < total_latency s)%Q.

(* ---- Quantities of the bounds *)

(* The sum over k of W_k = v_1 + ... + v_(k-1), volumes in the order of R; W is what stands before. *)
Fixpoint sum_before (W : nat) (R : list request) : nat :=
  match R with [] => 0 | r :: R' => W + sum_before (W + volume r) R' end.
(* P_k = W_k / M summed over k. *)
Definition sum_P (M : nat) (R : list request) : Q := (sum_before 0 R / M)%Q.
(* From the mean time of a request's tokens to its end. *)
Definition shape (r : request) : Q :=
  (1 / 2 + output r - (output r + 1) * (3 * prompt r + 2 * output r + 1)
                      / (3 * (2 * prompt r + output r + 1)))%Q.
