(* Requests of one volume: two steps of the proof that strict SVF is within (2 + 2 eps/9)/(1 - eps)
   of OPT there. The theorem itself is not proved in Coq. As in Statements.v, each definition of a
   Prop is proved under its name in proofs/Theorems.v. *)
From Coq Require Import List Arith Permutation QArith Qminmax.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope nat_scope.

(* Where L (L + 1) is at most twice every volume, at most 3 M/L requests run in a step. (This and the
   next are steps of the proof of svf-equal-volumes, which is not proved in Coq as a whole.) *)
Definition equal_crowd : Prop := forall M L R s group others t, valid M R ->
  (forall r, In r R -> L * (L + 1) <= 2 * volume r) ->
  feasible M R s -> Permutation s (group ++ others) ->
  (forall x, In x group -> 1 <= held (fst x) (snd x) t) -> L * length group <= 3 * M.

Open Scope Q_scope.

(* The blocks of the chain, of length d each, e = min(1, N d/M') for the N that run at its end and
   were running or started at its beginning; E stands for eps, M' = (1 - E) M, L0 as L above. What
   they leave over pays for those that still run when all have started, of at most L steps and rho
   volumes together. *)
Definition equal_budget : Prop := forall (blocks : list (Q * Q)) (E M' v L L0 rho x : Q),
  0 <= E -> E < 1 -> 0 < M' -> 0 < v -> 0 < L -> L <= L0 ->
  (forall d e, In (d, e) blocks -> 0 <= d /\ e <= 1 /\ e <= 3 * d / ((1 - E) * L0)) ->
  M' / v * Qsum (fun b => fst b / 2 * (1 - snd b)) blocks <= x ->
  M' / v * (L / 36) * ((1 - E) * Qsum fst blocks - L) <=
  Qsum (fun b => fst b * fst b * (M' / v) * (1 / 4 - snd b / 6)) blocks
    + v / M' * ((rho + x) * (rho + x)) - L / 3 * rho.
