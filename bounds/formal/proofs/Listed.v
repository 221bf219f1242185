(* The checker simulates the policy that it names. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model OneBit Claims.
From kvproof.checker Require Import Sort Events Policies.
From kvproof.proofs Require Import Sums Memory Rational Simulate Sorts Centroids Room Events.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma combine_seq (R : list request) : forall k x, In x (combine R (seq k (length R))) -> In (fst x) R /\ k <= snd x < k + List.length R.
Proof.
  induction R as [|r R IH]; intros k x; [easy|]. cbn [length seq combine]. intros [<-|Hx].
  - cbn. split; [auto|lia].
  - destruct (IH (S k) x Hx). split; [now right|lia].
Qed.
(* ---- 1-bit SVF: each class by one pass *)
Lemma class_filter theta R r : OneBit.class theta R r =
  if is_long theta r then filter (is_long theta) R else filter (fun q => negb (is_long theta q)) R.
Proof.
  unfold OneBit.class, alike, is_long. destruct (Qle_bool (output r) theta); cbn [negb]; apply filter_ext; intros q;
    destruct (Qle_bool (output q) theta); reflexivity.
Qed.
Lemma class_not_empty theta R r : In r R -> 1 <= length (OneBit.class theta R r).
Proof.
  intros Hr. assert (H : In r (OneBit.class theta R r)).
  { apply filter_In. split; [exact Hr|]. unfold alike. apply eqb_reflx. }
  destruct (OneBit.class theta R r); [easy|cbn; lia].
Qed.
Lemma most_longest theta reserve R r : most (its (classes_of (OneBit theta reserve) R) theta r) = longest theta R r.
Proof.
  unfold longest. rewrite class_filter. unfold its, classes_of, class_of. cbn zeta.
  destruct (is_long theta r); cbn [long short most];
    (match goal with |- fold_right _ _ ?l = _ => induction l as [|? ? IH]; cbn [fold_right map]; congruence end).
Qed.
Lemma longest_perm theta R R' r : Permutation R R' -> longest theta R r = longest theta R' r.
Proof.
  intros H. unfold longest, OneBit.class. apply (filter_perm (alike theta r)) in H.
  induction H; cbn [map fold_right]; lia.
Qed.
Open Scope Q_scope.
Lemma one_bit_size theta reserve R r : In r R -> let c := classes_of (OneBit theta reserve) R in
  rational (key (OneBit theta reserve) c r) == 2 * common c * common c * guessed_volume theta R r.
Proof.
  intros Hr c. pose proof (class_not_empty theta R r Hr) as HL. unfold guessed_volume, mean_output.
  rewrite class_filter in *. subst c. cbn [key]. unfold its, classes_of, class_of. cbn zeta.
  set (n := Nat.max 1 (length (filter (fun q => negb (is_long theta q)) R))).
  set (n' := Nat.max 1 (length (filter (is_long theta) R))). cbn [common short long].
  assert (Hn : 0 < rational n) by (apply q_lt with (a := 0%nat); lia).
  assert (Hn' : 0 < rational n') by (apply q_lt with (a := 0%nat); lia).
  destruct (is_long theta r); cbn [mean].
  - replace (length (filter (is_long theta) R)) with n' by lia.
    rewrite !q_mul, !q_add, !q_mul. change (rational 2) with 2. field. lra.
  - replace (length (filter (fun q => negb (is_long theta q)) R)) with n by lia.
    rewrite !q_mul, !q_add, !q_mul. change (rational 2) with 2. field. lra.
Qed.
Lemma key_size p R : exists u, 0 < u /\ forall r, In r R -> rational (key p (classes_of p R) r) == u * size p R r.
Proof.
  destruct p as [| | |theta reserve].
  1, 2, 3: exists 1; split; [lra|]; intros r _; cbn [key size]; rewrite ?tokens_volume; ring.
  exists (2 * common (classes_of (OneBit theta reserve) R) * common (classes_of (OneBit theta reserve) R)). split.
  - assert (H : (1 <= common (classes_of (OneBit theta reserve) R))%nat) by (cbn [classes_of common]; nia).
    apply q_le in H. change (rational 1) with 1 in H. nra.
  - intros r Hr. now apply one_bit_size.
Qed.
Open Scope nat_scope.
Lemma rising_in_order p R l : Permutation l (combine R (seq 0 (length R))) ->
  rising (rank p (classes_of p R) (length R) (last_arrival R)) l -> in_order p R (map fst l).
Proof.
  intros HP HS. exists l. split; [exact HP|]. split; [|reflexivity].
  destruct (key_size p R) as (u & Hu & HK). set (c := classes_of p R) in *. clearbody c.
  assert (Hin : forall x, In x l -> In (fst x) R /\ arrival (fst x) <= last_arrival R /\ snd x < length R).
  { intros x Hx. apply (Permutation_in _ HP) in Hx. destruct (combine_seq R 0 x Hx) as [H1 H2]. split; [auto|]. split; [|lia].
    pose proof (last_arrival_le R) as HL. rewrite Forall_forall in HL. auto. }
  clear HP. induction HS as [|x l HS IH Hx]; constructor.
  - apply IH. intros y Hy. apply Hin. now right.
  - rewrite Forall_forall in *. intros y Hy. specialize (Hx y Hy).
    destruct (Hin x (or_introl eq_refl)) as (X0 & X1 & X2). destruct (Hin y (or_intror Hy)) as (Y0 & Y1 & Y2).
    unfold rank in Hx. unfold before. pose proof (HK _ X0) as KX. pose proof (HK _ Y0) as KY.
    set (n := length R) in *. set (m := last_arrival R) in *. set (kx := key p c (fst x)) in *.
    set (ky := key p c (fst y)) in *. set (sx := size p R (fst x)) in *. set (sy := size p R (fst y)) in *.
    clearbody n m kx ky sx sy. clear - Hx X1 X2 Y1 Y2 KX KY Hu.
    assert (H1 : (Z.of_nat kx * (Z.of_nat m + 1) + Z.of_nat (arrival (fst x)) <=
                  Z.of_nat ky * (Z.of_nat m + 1) + Z.of_nat (arrival (fst y)))%Z) by nia.
    assert (H2 : kx <= ky) by nia.
    destruct (Nat.eq_dec kx ky) as [E|E]; [right; split|left].
    + subst ky. rewrite KX in KY. apply Qmult_inj_l in KY; [exact KY|lra].
    + subst ky. destruct (Nat.eq_dec (arrival (fst x)) (arrival (fst y))) as [E|]; [right|left; lia].
      split; auto. rewrite E in Hx. nia.
    + assert (H3 : kx < ky) by lia. apply q_lt in H3. rewrite KX, KY in H3. now apply Qmult_lt_l in H3.
Qed.
Lemma listed_in_order p R : in_order p R (listed p (classes_of p R) R).
Proof. apply rising_in_order; [apply sort_perm|apply sort_rising]. Qed.
Lemma listed_perm p c R : Permutation (listed p c R) R.
Proof.
  unfold listed. rewrite (Permutation_map fst (sort_perm _ _)).
  assert (G : forall k, map fst (combine R (seq k (length R))) = R); [|now rewrite G].
  induction R as [|r R IH]; intros k; [reflexivity|]. cbn. f_equal. apply IH.
Qed.
(* ---- the same test, the same run *)
Lemma step_ext how fits fits' t w : (forall s r, fits s r t = fits' s r t) ->
  forall s, step how fits t s w = step how fits' t s w.
Proof.
  intros H. induction w as [|r w IH]; intros s; cbn [step]; [reflexivity|]. now rewrite H, !IH.
Qed.
Lemma run_ext how fits fits' : (forall s r t, fits s r t = fits' s r t) ->
  forall more t s w, run more how fits t s w = run more how fits' t s w.
Proof.
  intros H. induction more as [|more IH]; intros t s w; cbn [run]; rewrite (step_ext how fits fits') by auto; [reflexivity|].
  destruct (step how fits' t s w) as [s' [|r w']]; auto.
Qed.
Lemma reserved_ext M o o' s r t : (forall r, o r = o' r) -> reserved M o s r t = reserved M o' s r t.
Proof.
  intros H. unfold reserved. erewrite map_ext; [|intros x; unfold taken; rewrite H; reflexivity].
  unfold taken. now rewrite H.
Qed.
Lemma policy_total_sound how p M R A : policy_total how p M R = Some (Z.of_nat A) ->
  exists R' s, in_order p R R' /\ does how p M R' = Some s /\ total_latency s = A.
Proof.
  intros H. exists (listed p (classes_of p R) R). set (R' := listed _ _ R).
  assert (HP : Permutation R' R) by apply listed_perm.
  assert (G : exists s, does how p M R' = Some s /\ Z.of_nat A = Z.of_nat (total_latency s)).
  { assert (plain : events_total how M true output R' = Some (Z.of_nat A) ->
      exists s, simulate how M R' = Some s /\ Z.of_nat A = Z.of_nat (total_latency s)).
    { intros E. apply events_total_spec in E as (s & E1 & E2); [|reflexivity]. exists s. split; [|exact E2].
      unfold simulate. rewrite <- E1. apply run_ext. intros. symmetry. apply reserved_exact. }
    destruct p as [| | |theta []]; try (now apply plain). cbn [policy_total does] in *.
    apply events_total_spec in H as (s & E1 & E2); [|discriminate]. exists s. split; [|exact E2].
    rewrite <- E1. apply run_ext. intros s' r t. apply reserved_ext. intros q. rewrite most_longest.
    now apply longest_perm. }
  destruct G as (s & G1 & G2). exists s. split; [apply listed_in_order|]. split; [exact G1|lia].
Qed.
