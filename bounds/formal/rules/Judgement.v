(* Proofs by cases that OPT is at least T: one judgement and its rules. *)
From Coq Require Import List Arith ZArith QArith.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Program.
Open Scope nat_scope.

(* Each request with a window: the first and the last start that are left to it. *)
Notation windows := (list (request * (nat * nat))).
Definition inside (e : request * (nat * nat)) (x : request * nat) : Prop :=
  fst e = fst x /\ fst (snd e) <= snd x <= snd (snd e).

(* Equal neighbours start in the order in which they are listed. *)
Fixpoint ordered (s : schedule) : Prop :=
  match s with
  | x :: (y :: _) as s' => (fst x = fst y -> snd x <= snd y) /\ ordered s'
  | _ => True
  end.

(* The judgement: no ordered schedule with starts in the windows W has a total below T. *)
Definition none_below (M T : nat) (W : windows) : Prop := forall s,
  (forall t, used s t <= M) -> Forall2 inside W s -> ordered s -> T <= total_latency s.

(* The root: below T nobody can wait longer than if all others had no wait. *)
Definition rule_root : Prop := forall M T R,
  none_below M T (map (fun r => (r, (arrival r, arrival r + (T - 1 - sum output R)))) R) ->
  opt_at_least M R T.
Definition rule_empty : Prop := forall M T W1 r a b W2, b < a -> none_below M T (W1 ++ (r, (a, b)) :: W2).
Definition rule_split : Prop := forall M T W1 r a b W2 c,
  none_below M T (W1 ++ (r, (a, Nat.min b c)) :: W2) ->
  none_below M T (W1 ++ (r, (Nat.max a (S c), b)) :: W2) ->
  none_below M T (W1 ++ (r, (a, b)) :: W2).
Definition rule_order : Prop := forall M T W1 r a b a' b' W2,
  none_below M T (W1 ++ (r, (a, Nat.min b b')) :: (r, (Nat.max a a', b')) :: W2) ->
  none_below M T (W1 ++ (r, (a, b)) :: (r, (a', b')) :: W2).

Open Scope Z_scope.
(* What r pays if it starts at p: D times its latency, and its tokens at the prices ys of steps
   1, 2, ... *)
Definition term (D : Z) (ys : list Z) (r : request) (p : nat) : Z :=
  D * (Z.of_nat (p + output r) - Z.of_nat (arrival r))
  + Program.dot (output r) (Z.of_nat (prompt r)) (skipn p ys).
(* m: for each request of W a value that its terms in the window do not fall below. *)
Definition least_terms (D : Z) (ys : list Z) (W : windows) (m : list Z) : Prop :=
  Forall2 (fun e v => forall p, (fst (snd e) <= p <= snd (snd e))%nat -> v <= term D ys (fst e) p) W m.
Definition bound (M : nat) (ys m : list Z) : Z := Program.zsum m - Z.of_nat M * Program.zsum ys.

(* Prices close a case ... *)
Definition rule_close : Prop := forall M T W D ys m, 0 <= D -> Forall (Z.le 0) ys ->
  least_terms D ys W m -> D * (Z.of_nat T - 1) < bound M ys m -> none_below M T W.
(* ... or shrink its windows to W', where the starts left out are too dear. *)
Definition rule_shrink : Prop := forall M T W W' D ys m, 0 <= D -> Forall (Z.le 0) ys ->
  least_terms D ys W m ->
  Forall2 (fun (x : request * (nat * nat) * Z) e' => let (e, v) := x in fst e = fst e' /\
     forall p, (fst (snd e) <= p <= snd (snd e))%nat ->
       D * (Z.of_nat T - 1) < bound M ys m - v + term D ys (fst e) p \/
       (fst (snd e') <= p <= snd (snd e'))%nat) (combine W m) W' ->
  none_below M T W' -> none_below M T W.
