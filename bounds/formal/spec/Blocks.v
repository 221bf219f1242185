(* A blocking chain over a backlog: what the claim svf-blocking-chain says of a schedule s, which is
   listed in SVF order. Definitions only; Checker.v uses them. *)
From Coq Require Import List Arith ZArith Sorted QArith Qround.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope nat_scope.

(* Those that have started by t and still run in step u. *)
Definition holders (s : schedule) (t u : nat) : schedule :=
  filter (fun x => (snd x <=? t) && (u <=? snd x + output (fst x))) s.
(* A block: the first to start after t would overflow the memory in step u beside the holders, had it
   started at t; and these hold more than (M - m)(u - t)/c token-steps in (t, u]. *)
Definition block (c : Q) (M : nat) (s : schedule) (t u : nat) : Prop :=
  exists before r p after, s = before ++ (r, p) :: after /\
    Forall (fun x => snd x <= t) before /\ t < p /\ t < u <= t + output r /\
    M < used (holders s t u) u + (prompt r + (u - t)) /\
    ((M - max_peak (map fst s))%nat * (u - t)%nat < c * sum (used (holders s t u)) (seq (t + 1) (u - t)))%Q.
(* Blocks one after the other, from t on until all have started. *)
Inductive chain (c : Q) (M : nat) (s : schedule) : nat -> Prop :=
| chain_end t : Forall (fun x => snd x <= t) s -> chain c M s t
| chain_block t u : block c M s t u -> chain c M s u -> chain c M s t.

(* With the constant c: the chain, S_k (M - m) <= c W_k for each start, and the bound on the total. *)
Definition chained (c : Q) (M : nat) (s : schedule) (B : Z) : Prop :=
  let R := map fst s in
  chain c M s 0 /\
  (forall before r p after, s = before ++ (r, p) :: after ->
     (p * (M - max_peak R)%nat <= c * sum (fun x => volume (fst x)) before)%Q) /\
  B = (Qfloor (c * sum_before 0 R / (M - max_peak R)%nat) + Z.of_nat (sum output R))%Z /\
  (Z.of_nat (total_latency s) <= B)%Z.
(* c is the largest peak over mean, the inverse of eta. *)
Definition largest_peak_over_mean (R : list request) (c : Q) : Prop :=
  let ratio r := (peak r / (prompt r + (output r + 1) / 2))%Q in
  (forall r, In r R -> (ratio r <= c)%Q) /\ exists r, In r R /\ (ratio r == c)%Q.
