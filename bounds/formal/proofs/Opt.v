(* OPT is attained: the starts of a good schedule are bounded, so finitely many have to be compared. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Simulate.

(* all lists of n numbers up to U *)
Fixpoint lists (n U : nat) : list (list nat) :=
  match n with
  | 0 => [[]]
  | S n' => flat_map (fun p => map (cons p) (lists n' U)) (seq 0 (S U))
  end.
Lemma lists_in U ps : Forall (fun p => p <= U) ps -> In ps (lists (length ps) U).
Proof.
  induction 1 as [|p ps Hp _ IH]; simpl length; cbn [lists]; [left; reflexivity|].
  apply in_flat_map. exists p. split; [apply in_seq; lia|]. now apply in_map.
Qed.

Definition feasibleb (M : nat) (s : schedule) : bool :=
  forallb (fun x => arrival (fst x) <=? snd x) s &&
  forallb (fun t => used s t <=? M) (seq 0 (S (sum fin s))).
Lemma used_late l t : sum fin l < t -> used l t = 0.
Proof.
  induction l as [|[r p] l IH]; intros H; [reflexivity|]. rewrite used_cons.
  simpl in H. unfold fin in H at 1; simpl in H. rewrite held_after, IH by lia. reflexivity.
Qed.
Lemma feasibleb_spec M R s : map fst s = R -> feasibleb M s = true <-> feasible M R s.
Proof.
  intros HR. unfold feasibleb, feasible. rewrite andb_true_iff, !forallb_forall, Forall_forall. split.
  - intros [HA HU]. split; [now rewrite HR|]. split.
    + intros x Hx. apply Nat.leb_le. auto.
    + intros t. destruct (le_lt_dec t (sum fin s)).
      * apply Nat.leb_le, HU, in_seq. lia.
      * rewrite used_late; lia.
  - intros (_ & HA & HU). split; intros x Hx; apply Nat.leb_le; auto.
Qed.

(* the same schedule, its requests in the order of R *)
Lemma arrange M R s : feasible M R s ->
  exists s', feasible M R s' /\ total_latency s' = total_latency s /\ map fst s' = R.
Proof.
  intros (HP & HA & HU). apply Permutation_sym, Permutation_map_inv in HP as (s' & -> & HP).
  exists s'. split; [split; [reflexivity|split]|split; [|reflexivity]].
  - now rewrite <- HP.
  - intros t. now rewrite <- (used_perm _ _ t HP).
  - symmetry. now apply sum_perm.
Qed.
Lemma combine_fst_snd (s : schedule) : combine (map fst s) (map snd s) = s.
Proof. induction s as [|[r p] s IH]; simpl; congruence. Qed.
Lemma start_le s x : In x s -> Forall (fun x => arrival (fst x) <= snd x) s ->
  snd x <= total_latency s + sum (fun x => arrival (fst x)) s.
Proof.
  intros Hx HA. revert Hx. unfold total_latency. induction HA as [|y s Hy _ IH]; simpl; [easy|]. unfold latency at 1.
  intros [->|H]; [|specialize (IH H)]; lia.
Qed.
Lemma least {A} (f : A -> nat) l a : In a l -> exists b, In b l /\ forall c, In c l -> f b <= f c.
Proof.
  revert a. induction l as [|x l IH]; intros a; [easy|]. intros _.
  destruct l as [|y l]; [exists x; simpl; intuition; now subst|].
  destruct (IH y (or_introl eq_refl)) as (b & Hb & H).
  destruct (le_lt_dec (f x) (f b)).
  - exists x. split; [left; auto|]. intros c [<-|Hc]; [auto|]. specialize (H c Hc). lia.
  - exists b. split; [right; auto|]. intros c [<-|Hc]; [lia|auto].
Qed.

Lemma opt_attained M R : valid M R ->
  exists s, feasible M R s /\ forall s', feasible M R s' -> total_latency s <= total_latency s'.
Proof.
  intros Hw. destruct (simulate_feasible Strict M R Hw) as (s0 & _ & H0).
  destruct (arrange M R s0 H0) as (s1 & H1 & _ & E1). clear s0 H0.
  set (U := total_latency s1 + sum arrival R).
  set (all := filter (feasibleb M) (map (combine R) (lists (length R) U))).
  assert (Hin : forall s, feasible M R s -> map fst s = R -> total_latency s <= total_latency s1 -> In s all).
  { intros s HF HR Hs. apply filter_In. split; [|now apply (feasibleb_spec M R)].
    replace s with (combine R (map snd s)) by (rewrite <- HR; apply combine_fst_snd). apply in_map.
    replace (length R) with (length (map snd s)) by (rewrite <- HR, !map_length; reflexivity).
    apply lists_in, Forall_map, Forall_forall. intros x Hx.
    pose proof (start_le s x Hx (proj1 (proj2 HF))). rewrite (feasible_sum arrival M R s HF) in H.
    unfold U. lia. }
  assert (Hout : forall s, In s all -> feasible M R s).
  { intros s Hs. apply filter_In in Hs as [Hs Hb]. apply in_map_iff in Hs as (ps & <- & Hps).
    apply feasibleb_spec; auto.
    assert (Hl : length ps = length R).
    { clear - Hps. revert ps Hps. generalize (length R) as n.
      induction n as [|n IH]; cbn [lists]; intros ps H; [destruct H as [<-|[]]; auto|].
      apply in_flat_map in H as (p & _ & H). apply in_map_iff in H as (qs & <- & H). simpl. auto. }
    clear - Hl. revert ps Hl. induction R; destruct ps; simpl; intros; try discriminate; auto.
    f_equal. auto. }
  destruct (least total_latency all s1 (Hin s1 H1 E1 (le_n _))) as (b & Hb & H).
  exists b. split; auto. intros s' HF. destruct (arrange M R s' HF) as (s2 & H2 & E2 & E3).
  rewrite <- E2. destruct (le_lt_dec (total_latency s2) (total_latency s1)); auto.
  specialize (H s1 (Hin s1 H1 E1 (le_n _))). lia.
Qed.
