(* The checker's staggered bound is below OPT. *)
From Coq Require Import List Arith ZArith Lia Permutation QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Centroid Whole.
From kvproof.proofs Require Import Sums Memory Opt Lower Rational Centroids.
From kvproof.proofs Require Below Staggered.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma filter_both {A} (t : A -> bool) l : Permutation (filter t l ++ filter (fun x => negb (t x)) l) l.
Proof.
  induction l as [|x l IH]; [reflexivity|]. cbn [filter]. destruct (t x); cbn [negb app]; [now apply perm_skip|].
  rewrite <- Permutation_middle. now apply perm_skip.
Qed.
Lemma first_arrival_least R r : In r R -> first_arrival R <= arrival r.
Proof.
  destruct R as [|q R]; [easy|]. cbn [first_arrival].
  assert (G : forall l m, fold_left (fun a r => Nat.min a (arrival r)) l m <= m /\
    forall r, In r l -> fold_left (fun a r => Nat.min a (arrival r)) l m <= arrival r).
  { clear. induction l as [|x l IH]; intros m; cbn [fold_left]; [split; [lia|easy]|].
    destruct (IH (Nat.min m (arrival x))) as [H1 H2]. split; [lia|]. intros r [->|Hr]; [lia|auto]. }
  destruct (G R (arrival q)) as [H1 H2]. intros [->|Hr]; auto.
Qed.
Open Scope Q_scope.
Lemma larger_least M R a b : opt_at_least M R a -> opt_at_least M R b -> opt_at_least M R (larger a b).
Proof. unfold larger. destruct (Qle_bool a b); auto. Qed.
Lemma larger_both (P : Q -> Prop) a b : P a -> P b -> P (larger a b).
Proof. unfold larger. destruct (Qle_bool a b); auto. Qed.
(* a schedule without some of its requests is feasible *)
Lemma both_parts M R1 R2 a b : opt_at_least M R1 a -> opt_at_least M R2 b -> opt_at_least M (R1 ++ R2) (a + b).
Proof.
  intros H1 H2 s0 HF0. destruct (arrange M _ s0 HF0) as (s & (HP & HA & HU) & <- & HR). clear s0 HF0.
  apply map_eq_app in HR as (s1 & s2 & -> & <- & <-). apply Forall_app in HA as [HA1 HA2].
  assert (F1 : feasible M (map fst s1) s1).
  { split; [reflexivity|]. split; auto. intros t. specialize (HU t). rewrite used_app in HU. lia. }
  assert (F2 : feasible M (map fst s2) s2).
  { split; [reflexivity|]. split; auto. intros t. specialize (HU t). rewrite used_app in HU. lia. }
  specialize (H1 s1 F1). specialize (H2 s2 F2). unfold total_latency in *. rewrite sum_app, q_add. lra.
Qed.
Lemma outputs_and_others M group others z : opt_at_least M others z ->
  opt_at_least M (group ++ others) (sum output group + z).
Proof. apply both_parts. intros s Hs. apply q_le. now apply (output_bound M). Qed.
Lemma taken_sum (u : Q) (m i : nat) xs : 0 < u -> forall k,
  Qsum (fun j => nth (j - k) xs 0%nat / u * (m - (i - j))%nat) (seq k (Nat.min (i - k) (length xs))) == taken m i k xs / u.
Proof.
  intros Hu. induction xs as [|x xs IH]; intros k; cbn [taken length].
  - rewrite Nat.min_0_r. cbn [seq Qsum]. unfold Qdiv. rewrite q_0. ring.
  - destruct (Nat.leb_spec i k).
    + replace (i - k)%nat with 0%nat by lia. cbn [Nat.min seq Qsum]. unfold Qdiv. rewrite q_0. ring.
    + replace (Nat.min (i - k) (S (length xs))) with (S (Nat.min (i - S k) (length xs))) by lia.
      cbn [seq Qsum]. rewrite Nat.sub_diag. cbn [nth].
      rewrite (qsum_ext _ (fun j => nth (j - S k) xs 0%nat / u * (m - (i - j))%nat)).
      * rewrite IH, q_add, q_mul. field. lra.
      * intros j Hj. apply in_seq in Hj. replace (j - k)%nat with (S (j - S k)) by lia. reflexivity.
Qed.
Lemma nth_sum (u : Q) xs : forall k, 0 < u ->
  Qsum (fun j => nth (j - k) xs 0%nat / u) (seq k (length xs)) == sum (fun x => x) xs / u.
Proof.
  induction xs as [|x xs IH]; intros k Hu; cbn [length seq Qsum sum].
  - unfold Qdiv. rewrite q_0. ring.
  - rewrite Nat.sub_diag. cbn [nth]. rewrite (qsum_ext _ (fun j => nth (j - S k) xs 0%nat / u)).
    + rewrite IH, q_add by auto. field. lra.
    + intros j Hj. apply in_seq in Hj. replace (j - k)%nat with (S (j - S k)) by lia. reflexivity.
Qed.
Lemma unit_pos : 0 < unit.
Proof. unfold unit, rational. rewrite Z2Nat.id by (cbn; lia). reflexivity. Qed.
Lemma multipliers_spec m n xs : multipliers m n = Some xs -> (length xs = n + 1 - m)%nat /\
  forall i, (2 <= i <= n)%nat -> (taken m i 1 xs <= unit * (n + 1 - i))%nat.
Proof.
  unfold multipliers. set (l := greedy _ _ _ _). destruct (Nat.eqb_spec (length l) (n + 1 - m)); cbn [andb]; [|discriminate].
  destruct (forallb _ _) eqn:E; [|discriminate]. intros H. injection H as <-. split; auto.
  intros i Hi. rewrite forallb_forall in E. apply Nat.leb_le, E, in_seq. lia.
Qed.
Lemma of_others_sound M R z : of_others M R = Some z -> opt_at_least M R z.
Proof.
  unfold of_others. destruct R as [|r R]; [intros E; injection E as <-; intros s _; apply q_nonneg|].
  destruct (discrete_centroid M (r :: R)) as [q|] eqn:ED; [|discriminate]. intros E. injection E as <-.
  apply larger_least; [now apply discrete_centroid_sound|apply Below.opt_outputs].
Qed.
Lemma staggered_bound_sound M h o m R q : staggered_bound M h o m R = Some q -> opt_at_least M R q.
Proof.
  unfold staggered_bound. set (group := filter (in_group h o) R). set (others := filter _ R).
  destruct ((1 <=? o) && (o <=? h) && (1 <=? m) && (m <=? length group))%nat eqn:EC; [|discriminate].
  apply andb_prop in EC as [EC H4]. apply andb_prop in EC as [EC H3]. apply andb_prop in EC as [H1 H2].
  apply Nat.leb_le in H1, H2, H3, H4.
  set (apart := if (m * h <=? M)%nat then _ else _). destruct apart as [a|] eqn:EA; [|discriminate].
  destruct (of_others M others) as [z|] eqn:EO; [|discriminate]. apply of_others_sound in EO.
  intros E. assert (Eq : q = larger (length group * (first_arrival group + o) - sum arrival group + a) (sum output group) + z) by congruence.
  subst q. clear E.
  apply (opt_at_least_perm M (group ++ others)); [apply filter_both|].
  assert (Hg : forall r, In r group -> (h <= peak r /\ o <= output r /\ first_arrival group <= arrival r)%nat).
  { intros r Hr. pose proof (first_arrival_least _ _ Hr). apply filter_In in Hr as [_ Hr]. unfold in_group in Hr.
    apply andb_prop in Hr as [G1 G2]. apply Nat.leb_le in G1, G2. unfold peak. auto. }
  apply (larger_both (fun b => opt_at_least M (group ++ others) (b + z))); [|now apply outputs_and_others].
  unfold apart in EA. destruct (m * h <=? M)%nat.
  - injection EA as <-. pose proof (Staggered.opt_staggered M group others (first_arrival group) h o m (fun _ => 0) z) as H.
    cbv zeta in H. eapply opt_at_least_le; [|apply H; auto].
    + rewrite (qsum_zero (fun _ => 0)) by (intros; reflexivity). rewrite q_0. lra.
    + intros; lra.
    + intros i Hi. rewrite (qsum_zero (fun k => 0 * (m - (i - k))%nat)) by (intros; ring).
      destruct Hi as [_ Hi]. apply q_le in Hi. pose proof q_1. lra.
  - destruct (multipliers m (length group)) as [xs|] eqn:EM; [|discriminate]. injection EA as <-.
    destruct (multipliers_spec _ _ _ EM) as [EL HT].
    pose proof (Staggered.opt_staggered M group others (first_arrival group) h o m
      (fun k => nth (k - 1) xs 0%nat / unit) z) as H.
    cbv zeta in H. eapply opt_at_least_le; [|apply H; auto].
    + rewrite <- EL, (nth_sum unit xs 1 unit_pos). lra.
    + intros k. apply Qdiv_nonneg; [apply q_nonneg|exact unit_pos].
    + intros i Hi. rewrite <- EL, (taken_sum unit m i xs unit_pos 1).
      apply Qle_div_l; [exact unit_pos|]. specialize (HT i Hi). apply q_le in HT. rewrite q_mul in HT.
      rewrite (q_sub (length group + 1) i), q_add, q_1 in HT by lia. lra.
Qed.
