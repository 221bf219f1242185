(* The pacing lemma in any order: harmonic sums, which stay below every rational above ln G; the
   prices of ages; and the starts at 5/4 + 2 ln G as starts at some rational rate. *)
From Coq Require Import List Arith Lia Sorted Factorial QArith Qpower Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Pacing.
From kvproof.proofs Require Import Sums Memory Rational Pacing.
Open Scope Q_scope.
Set Default Timeout 100.

(* ---- 1/(a + 1) + ... + 1/(a + n) *)
Definition harmonic (a n : nat) : Q := Qsum (fun u : nat => 1 / u) (seq (S a) n).
Lemma harmonic_split a m n : harmonic a (m + n) == harmonic a m + harmonic (a + m) n.
Proof. unfold harmonic. rewrite seq_app, qsum_app. reflexivity. Qed.
Lemma inverse_pos (u : nat) : (1 <= u)%nat -> 0 < 1 / u.
Proof. intros H. apply Qdiv_pos; [reflexivity|now apply q_pos]. Qed.
Lemma harmonic_nonneg a n : 0 <= harmonic a n.
Proof. apply qsum_nonneg. intros u Hu. apply in_seq in Hu. apply Qlt_le_weak, inverse_pos. lia. Qed.
Lemma harmonic_const a n c : (forall u : nat, (a < u <= a + n)%nat -> 1 / u <= c) -> harmonic a n <= n * c.
Proof.
  unfold harmonic. revert a. induction n as [|n IH]; intros a H; cbn [seq Qsum]; [rewrite q_0; lra|].
  specialize (IH (S a)). rewrite <- (Nat.add_1_r n), q_add, q_1. pose proof (H (S a) ltac:(lia)).
  assert (forall u : nat, (S a < u <= S a + n)%nat -> 1 / u <= c) as H' by (intros u Hu; apply H; lia).
  specialize (IH H'). lra.
Qed.
Lemma inverse_le (u w : nat) : (1 <= u <= w)%nat -> 1 / w <= 1 / u.
Proof.
  intros [H1 H2]. apply q_le in H2. apply q_pos in H1. apply Qle_div_l; [lra|].
  setoid_replace (1 / u * w) with (w / u) by (field; intros E; lra). apply Qle_div_r; lra.
Qed.
(* each age in k parts *)
Lemma harmonic_refine k a n : (1 <= k)%nat -> harmonic a n <= harmonic (a * k) (n * k).
Proof.
  intros Hk. induction n as [|n IH]; [apply Qle_refl|].
  rewrite <- (Nat.add_1_r n), harmonic_split, Nat.mul_add_distr_r, harmonic_split, Nat.mul_1_l.
  replace (a * k + n * k)%nat with ((a + n) * k)%nat by lia. apply Qplus_le_compat; [exact IH|].
  generalize (a + n)%nat. clear - Hk. intros b. unfold harmonic at 1. cbn [seq Qsum].
  assert (H : forall m, (m <= k)%nat -> m * (1 / (S b * k)%nat) <= harmonic (b * k) m).
  { induction m as [|m IH]; intros Hm; [rewrite q_0; unfold harmonic; simpl; lra|].
    rewrite <- (Nat.add_1_r m), harmonic_split, q_add, q_1. specialize (IH ltac:(lia)).
    pose proof (inverse_le (S (b * k + m)) (S b * k) ltac:(lia)). unfold harmonic at 2. cbn [seq Qsum]. lra. }
  specialize (H k (le_n k)). assert (Hb : (1 <= S b)%nat) by lia. apply q_pos in Hk, Hb.
  rewrite q_mul in H. setoid_replace (1 / S b + 0) with (k * (1 / (S b * k))) by (field; split; intros E; lra). exact H.
Qed.
Lemma harmonic_mono a m n : (m <= n)%nat -> harmonic a m <= harmonic a n.
Proof.
  intros H. replace n with (m + (n - m))%nat by lia. rewrite harmonic_split.
  pose proof (harmonic_nonneg (a + m) (n - m)). lra.
Qed.
Lemma leap q d x Y X : (d <= x -> Y <= X ->
  q * (x * X) - q * (d * Y) = q * Y * (x - d) + (q * x * X - q * x * Y))%nat.
Proof.
  intros H1 H2. replace x with (d + (x - d))%nat by lia. replace X with (Y + (X - Y))%nat by lia.
  generalize (x - d)%nat (X - Y)%nat. clear. intros e f. replace (d + e - d)%nat with e by lia.
  rewrite <- (Nat.mul_sub_distr_l _ _ (q * (d + e))). replace (Y + f - Y)%nat with f by lia.
  apply Nat.add_sub_eq_l. ring.
Qed.
(* from q d^n to q x^n in n leaps, each by a factor x/d *)
Lemma harmonic_leaps d x n : (1 <= d <= x)%nat -> forall q, (1 <= q)%nat ->
  harmonic (q * d ^ n) (q * x ^ n - q * d ^ n) <= n * ((x - d) / d).
Proof.
  intros Hd. induction n as [|n IH]; intros q Hq.
  { rewrite q_0, Nat.sub_diag. unfold harmonic. simpl. lra. }
  pose proof (Nat.pow_le_mono_l d x n ltac:(lia)) as Hp.
  assert (Hdn : (1 <= d ^ n)%nat) by (apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia).
  replace (q * x ^ S n - q * d ^ S n)%nat
    with (q * d ^ n * (x - d) + (q * x * x ^ n - q * x * d ^ n))%nat
    by (symmetry; apply leap; [lia|exact Hp]).
  rewrite harmonic_split. replace (q * d ^ S n + q * d ^ n * (x - d))%nat with (q * x * d ^ n)%nat.
  2:{ cbn [Nat.pow]. assert (x = d + (x - d))%nat as Ex by lia. set (e := (x - d)%nat) in *. rewrite Ex. ring. }
  specialize (IH (q * x)%nat ltac:(nia)).
  assert (H : harmonic (q * d ^ S n) (q * d ^ n * (x - d)) <= (x - d) / d).
  { eapply Qle_trans; [apply (harmonic_const _ _ (1 / (q * d ^ S n)%nat))|].
    - intros u Hu. apply inverse_le. cbn [Nat.pow] in *. nia.
    - cbn [Nat.pow]. assert (Hqd : (1 <= q * d ^ n)%nat) by nia. destruct Hd as [Hd1 Hd2].
      replace (q * (d * d ^ n))%nat with (q * d ^ n * d)%nat by lia. rewrite !q_mul, q_sub by exact Hd2.
      rewrite <- (q_mul q). apply q_pos in Hqd, Hd1.
      setoid_replace ((q * d ^ n)%nat * (x - d) * (1 / ((q * d ^ n)%nat * d))) with ((x - d) / d)
        by (field; split; intros E; lra). apply Qle_refl. }
  assert (En : rational (S n) == n + 1) by (rewrite <- (Nat.add_1_r n); apply q_add). rewrite En. lra.
Qed.
Lemma power_quotient (x d n : nat) r : (1 <= x)%nat -> (1 <= d)%nat -> r == x / d ->
  r ^ Z.of_nat n == (x ^ n)%nat / (d ^ n)%nat.
Proof.
  intros Hx Hd Hr. assert (H0 : ~ r == 0).
  { rewrite Hr. pose proof (Qdiv_pos x d (q_pos _ Hx) (q_pos _ Hd)). intros E. lra. }
  induction n as [|n IH]; [reflexivity|]. rewrite Nat2Z.inj_succ. unfold Z.succ. rewrite Qpower_plus by exact H0.
  assert (Hdn : (1 <= d ^ n)%nat) by (apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia).
  rewrite IH. cbn [Nat.pow]. rewrite !q_mul. apply q_pos in Hd, Hdn. change (r ^ 1) with r. rewrite Hr.
  field. split; intros E; lra.
Qed.
Lemma harmonic_ln G l q T : 1 <= G -> above_ln G l -> (1 <= q)%nat -> (q <= T)%nat -> T <= G * q ->
  harmonic q (T - q) <= l.
Proof.
  intros HG (Hl & n & Hn & HGn) Hq HqT HT. pose proof (q_pos n Hn) as Hn'.
  assert (H1 : 0 <= l / n) by (apply Qdiv_nonneg; lra).
  destruct (q_quotient (1 + l / n) ltac:(lra)) as (x & d & Hx & Hd & E).
  rewrite (power_quotient x d n _ Hx Hd E) in HGn.
  assert (Hdx : (d <= x)%nat).
  { apply q_le_inv. apply q_pos in Hd. assert (H : 1 * d <= x / d * d) by (apply Qmult_le_compat_r; lra).
    setoid_replace (x / d * d) with (rational x) in H by (field; intros E'; lra). lra. }
  assert (Hdn : (1 <= d ^ n)%nat) by (apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia).
  assert (HTd : (T * d ^ n <= q * x ^ n)%nat).
  { apply q_le_inv. rewrite !q_mul. apply q_pos in Hdn. pose proof (q_pos q Hq).
    assert (H2 : T <= (x ^ n)%nat / (d ^ n)%nat * q) by (eapply Qle_trans; [exact HT|apply Qmult_le_compat_r; lra]).
    apply (Qmult_le_compat_r _ _ (d ^ n)%nat) in H2; [|lra].
    setoid_replace ((x ^ n)%nat / (d ^ n)%nat * q * (d ^ n)%nat) with (q * (x ^ n)%nat) in H2 by (field; intros E'; lra).
    exact H2. }
  eapply Qle_trans; [apply (harmonic_refine (d ^ n)); exact Hdn|].
  eapply Qle_trans; [apply (harmonic_mono _ _ (q * x ^ n - q * d ^ n)); nia|].
  eapply Qle_trans; [apply harmonic_leaps; lia|]. apply q_pos in Hd.
  setoid_replace ((x - d) / d) with (x / d - 1) by (field; intros E'; lra). rewrite <- E.
  setoid_replace (n * (1 + l / n - 1)) with l by (field; intros E'; lra). apply Qle_refl.
Qed.

(* ---- the prices: up to the age q as where outputs rise, with q for T; 2/(a + 1) beyond *)
Section Prices.
Variables q T : nat.
Hypothesis Hq : (1 <= q <= T)%nat.
Let F := fact (S T).
Definition price (a : nat) : nat :=
  if (a <=? q)%nat then (Nat.max (q + 1) (2 * a) * F)%nat else (2 * (q * (q + 1)) * (F / (a + 1)))%nat.
Definition unit : nat := (q * (q + 1) * F)%nat.
Lemma fact_divides n a : (1 <= a <= n)%nat -> (fact n = fact n / a * a)%nat.
Proof.
  intros Ha. cut (exists k, fact n = (k * a)%nat).
  { intros [k E]. rewrite E, Nat.div_mul by lia. reflexivity. }
  induction n as [|n IH]; [lia|]. cbn [fact]. destruct (Nat.eq_dec a (S n)) as [->|Hn].
  - exists (fact n). lia.
  - destruct IH as [k E]; [lia|]. exists (S n * k)%nat. rewrite <- Nat.mul_assoc, <- E. cbn [Nat.mul]. lia.
Qed.
Lemma F_pos : (1 <= F)%nat. Proof. apply lt_O_fact. Qed.
(* what has not ended pays *)
Lemma price_pays r a : (q <= output r)%nat -> (a <= T)%nat -> (a <= output r)%nat ->
  ((prompt r + a) * unit <= price a * volume r)%nat.
Proof.
  intros Hr HaT Ha. unfold price, unit. destruct (Nat.leb_spec a q) as [H|H].
  - pose proof (outputs_price r a q Hr). nia.
  - pose proof (volume_at_least r a Ha) as HV. pose proof (fact_divides (S T) (a + 1) ltac:(lia)) as E.
    fold F in E. set (k := (F / (a + 1))%nat) in *. rewrite E.
    assert (HS : ((prompt r + a) * (a + 1) <= 2 * volume r)%nat) by nia.
    apply (Nat.mul_le_mono_l _ _ (q * (q + 1) * k)) in HS. nia.
Qed.
Lemma price_total : rational (sum price (seq 1 T)) <= unit * (5 / 4 + 2 * harmonic q (T - q)).
Proof.
  replace T with (q + (T - q))%nat at 1 by lia. rewrite seq_app, sum_app, q_add.
  rewrite (sum_ext price (fun a => F * Nat.max (q + 1) (2 * a))%nat (seq 1 q)).
  2:{ intros a Ha. apply in_seq in Ha. unfold price. destruct (Nat.leb_spec a q); lia. }
  rewrite sum_scale. pose proof (price_sum q) as H1. to_Q H1. change (rational 4) with 4 in H1.
  change (rational 5) with 5 in H1.
  assert (H2 : rational (sum price (seq (1 + q) (T - q))) <= unit * (2 * harmonic q (T - q))).
  { rewrite qsum_sum. unfold harmonic. rewrite <- !qsum_scale. apply qsum_le. intros a Ha. apply in_seq in Ha.
    unfold price. destruct (Nat.leb_spec a q); [lia|].
    pose proof (fact_divides (S T) (a + 1) ltac:(lia)) as E. fold F in E. set (k := (F / (a + 1))%nat) in *.
    assert (Hu : (2 * (q * (q + 1)) * k * a <= 2 * unit)%nat) by (unfold unit; rewrite E; nia).
    to_Q Hu. assert (Ha' : (1 <= a)%nat) by lia. apply q_pos in Ha'.
    setoid_replace (unit * (2 * (1 / a))) with (2 * unit / a) by (field; intros E'; lra).
    apply Qle_div_r; [exact Ha'|]. rewrite !q_mul, q_2, q_add, q_1. lra. }
  unfold unit in *. rewrite !q_mul, q_add, q_1 in *. set (S := rational (sum _ (seq 1 q))) in *.
  pose proof F_pos as HF. apply q_pos in HF.
  assert (F * S <= F * (5 * (q * (q + 1)) * (1 # 4))) by (apply Qmult_le_l; lra).
  change (5 / 4) with (5 # 4). lra.
Qed.
End Prices.
Lemma pays_any rate room t q T R : (1 <= q <= T)%nat -> Forall (fun r => q <= output r)%nat R ->
  forall W, (age room t (rate * W) <= T)%nat -> pays rate room t (price q T) (unit q T) W R.
Proof.
  intros Hq. induction 1 as [|r R Hr _ IH]; intros W HW; cbn [pays]; [exact I|]. split.
  - intros u Hu Hend. pose proof (age_mono room t (rate * W) u ltac:(lia)). apply price_pays; lia.
  - apply IH. pose proof (age_mono room t (rate * W) (rate * (W + volume r)) ltac:(nia)). lia.
Qed.

(* ---- any rational rate above 5/4 + 2 ln G *)
Lemma most_le f R r : In r R -> (f r <= most f R)%nat.
Proof. induction R; simpl; [easy|]. intros [->|H]; [|specialize (IHR H)]; lia. Qed.
(* the least q with T <= G q *)
Lemma least_output G T : 1 <= G -> (1 <= T)%nat -> exists q : nat, (1 <= q <= T)%nat /\ T <= G * q /\
  forall o : nat, T <= G * o -> (q <= o)%nat.
Proof.
  intros HG HT. destruct (q_quotient G ltac:(lra)) as (x & d & Hx & Hd & E).
  pose proof (q_pos x Hx) as Hxq. pose proof (q_pos d Hd) as Hdq.
  assert (H : forall o : nat, T <= G * o <-> (T * d <= x * o)%nat).
  { intros o. rewrite E. setoid_replace (x / d * o) with (x * o / d) by (field; intros E'; lra). split; intros H.
    - apply q_le_inv. rewrite !q_mul. apply (Qmult_le_compat_r _ _ d) in H; [|lra].
      setoid_replace (x * o / d * d) with (x * o) in H by (field; intros E'; lra). exact H.
    - apply Qle_div_r; [lra|]. to_Q H. exact H. }
  set (q := ((T * d + (x - 1)) / x)%nat).
  assert (Hq : (T * d <= x * q)%nat).
  { unfold q. pose proof (Nat.div_mod (T * d + (x - 1)) x ltac:(lia)).
    pose proof (Nat.mod_upper_bound (T * d + (x - 1)) x ltac:(lia)). lia. }
  assert (Hleast : forall o, (T * d <= x * o)%nat -> (q <= o)%nat).
  { intros o Ho. apply Nat.lt_succ_r. unfold q. apply Nat.div_lt_upper_bound; nia. }
  exists q. split; [|split; [now apply H|intros o Ho; now apply Hleast, H]]. split.
  - destruct q; [nia|lia].
  - apply Hleast, H. pose proof (q_nonneg T). setoid_replace (rational T) with (1 * T) at 1 by ring.
    apply Qmult_le_compat_r; lra.
Qed.
Lemma pacing_any_rate : Pacing.pacing_any_rate.
Proof.
  intros M x y R G l Hw Hb HG HR D HD Hl Hy Hxy. set (m := (most output R + most prompt R)%nat) in *.
  assert (Hx : (1 <= x)%nat).
  { destruct x; [|lia]. exfalso. destruct Hl as [Hl _]. rewrite q_0 in Hxy. change (5 / 4) with (5 # 4) in Hxy. unfold Qdiv in Hxy. lra. }
  apply paced_backlog; [exact Hb|]. intros t. replace M with (D + m)%nat by (unfold D, m in *; lia).
  apply (paced_used x y D m (fun _ R' => outputs_within G R' /\
    Forall (fun r => 1 <= output r /\ output r <= most output R /\ prompt r <= most prompt R)%nat R')); auto.
  - intros _ r R' [H1 H2]. inversion_clear H1. inversion_clear H2. now split.
  - intros W r R' [H1 H2] T HT. split.
    { rewrite Forall_forall in *. intros z Hz. pose proof (H2 r (or_introl eq_refl)). destruct (H2 z Hz) as (Ho & _ & Hp).
      split; [now apply volume_pos|unfold m; lia]. }
    destruct (least_output G T HG ltac:(lia)) as (q & Hq & HTq & Hleast).
    exists (price q T), (unit q T). split; [|split].
    + assert (Hall : Forall (fun z => q <= output z)%nat (r :: R')).
      { assert (Hr : T <= rational (output r)) by now apply q_le.
        inversion_clear H1 as [|? ? _ Hf]. constructor.
        - apply Hleast. pose proof (q_nonneg (output r)). assert (1 * output r <= G * output r) by (apply Qmult_le_compat_r; lra). lra.
        - eapply Forall_impl; [|exact Hf]. simpl. intros z Hz. apply Hleast. lra. }
      apply pays_any; [exact Hq|exact Hall|apply le_n].
    + unfold unit. pose proof (F_pos T). nia.
    + apply q_le_inv. rewrite !q_mul. pose proof (price_total q T Hq) as HP.
      pose proof (harmonic_ln G l q T HG Hl (proj1 Hq) (proj2 Hq) HTq) as HH. pose proof (harmonic_nonneg q (T - q)) as H0.
      pose proof (q_nonneg (unit q T)) as HU. change (5 / 4) with (5 # 4) in *.
      set (S := rational (sum _ _)) in *. set (U := rational (unit q T)) in *. apply q_pos in Hy.
      assert (H3 : S <= U * (x / y)) by (eapply Qle_trans; [exact HP|apply Qmul_le; lra]).
      apply (Qmult_le_compat_r _ _ y) in H3; [|lra].
      setoid_replace (U * (x / y) * y) with (x * U) in H3 by (field; intros E'; lra). lra.
  - split; [exact HR|]. apply Forall_forall. intros r Hr. unfold valid in Hw. rewrite Forall_forall in Hw.
    split; [now apply Hw|]. split; now apply most_le.
Qed.

(* ---- the whole parts at 5/4 + 2 ln G are those at a rational rate just above *)
Section Whole.
Variables (G : Q) (D : nat).
Hypothesis HD : (1 <= D)%nat.
Fixpoint wholes (W : nat) (s : schedule) : Prop :=
  match s with [] => True | (r, p) :: s' => whole_part p G (W / D) /\ wholes (W + volume r) s' end.
Fixpoint below (l : Q) (W : nat) (s : schedule) : Prop :=
  match s with
  | [] => True
  | (r, p) :: s' => (5 / 4 + 2 * l) * (W / D) < p + 1 /\ below l (W + volume r) s'
  end.
Lemma wholes_of after : forall before,
  (forall b r p a, before ++ after = b ++ (r, p) :: a -> whole_part p G (sum (fun x => volume (fst x)) b / D)) ->
  wholes (sum (fun x => volume (fst x)) before) after.
Proof.
  induction after as [|[r p] after IH]; intros before H; cbn [wholes]; [exact I|]. split; [now apply (H before r p after)|].
  specialize (IH (before ++ [(r, p)])). rewrite sum_app in IH. cbn [sum fst] in IH. rewrite Nat.add_0_r in IH.
  apply IH. intros b r' p' a E. apply (H b r' p' a). now rewrite <- E, <- app_assoc.
Qed.
Lemma below_mono l l' s : l' <= l -> forall W, below l W s -> below l' W s.
Proof.
  intros Hl. induction s as [|[r p] s IH]; intros W; cbn [below]; [auto|]. intros [H1 H2]. split; [|now apply IH].
  eapply Qle_lt_trans; [|exact H1]. apply Qmult_le_compat_r; [lra|]. apply Qdiv_nonneg; [apply q_nonneg|now apply q_pos].
Qed.
Lemma above_some : 1 <= G -> above_ln G G.
Proof.
  intros HG. split; [lra|]. exists 1%nat. split; [lia|]. change ((1 + G / 1%nat) ^ Z.of_nat 1) with (1 + G / 1%nat).
  rewrite q_1. setoid_replace (G / 1) with G by field. lra.
Qed.
Lemma wholes_below s : 1 <= G -> forall W, wholes W s -> exists l, above_ln G l /\ below l W s.
Proof.
  intros HG. induction s as [|[r p] s IH]; intros W; cbn [wholes below]; [exists G; split; auto using above_some|].
  intros [[_ (l & Hl & H)] Hs]. destruct (IH _ Hs) as (l' & Hl' & H').
  destruct (Qlt_le_dec l l') as [Hc|Hc].
  - exists l. split; [exact Hl|]. split; [exact H|]. apply (below_mono l'); auto. lra.
  - exists l'. split; [exact Hl'|]. split; [|exact H']. eapply Qle_lt_trans; [|exact H].
    apply Qmult_le_compat_r; [lra|]. apply Qdiv_nonneg; [apply q_nonneg|now apply q_pos].
Qed.
Lemma wholes_paced (x y : nat) l s : (1 <= y)%nat -> above_ln G l -> 5 / 4 + 2 * l == x / y ->
  forall W, wholes W s -> below l W s -> s = paced_from x (y * D) W (map fst s).
Proof.
  intros Hy Hl E. induction s as [|[r p] s IH]; intros W; cbn [wholes below map paced_from fst]; [auto|].
  intros [[H1 _] Hs] [H2 Hb]. specialize (H1 l Hl). rewrite <- (IH _ Hs Hb). do 2 f_equal.
  rewrite E in H1, H2. pose proof (q_pos y Hy) as Hyq. pose proof (q_pos D HD) as HDq.
  assert (Hyd : 0 < y * D) by nra.
  assert (H : x / y * (W / D) == x * W / (y * D)) by (field; split; intros E'; lra). rewrite H in H1, H2.
  assert (L1 : (p * (y * D) <= x * W)%nat).
  { apply q_le_inv. rewrite !q_mul. apply (Qmult_le_compat_r _ _ (y * D)) in H1; [|lra].
    setoid_replace (x * W / (y * D) * (y * D)) with (x * W) in H1 by (field; split; intros E'; lra). exact H1. }
  assert (L2 : (x * W < (p + 1) * (y * D))%nat).
  { apply q_lt_inv. rewrite !q_mul, q_add, q_1. apply (Qmult_lt_r _ _ (y * D) Hyd) in H2.
    setoid_replace (x * W / (y * D) * (y * D)) with (x * W) in H2 by (field; split; intros E'; lra). exact H2. }
  apply (Nat.div_unique _ _ p (x * W - p * (y * D))); nia.
Qed.
End Whole.
Lemma pacing_any : Pacing.pacing_any.
Proof.
  intros M R G s Hw Hb HG HR D HD Hs Hp.
  assert (Hws : wholes G D 0 s).
  { apply (wholes_of G D s []). intros b r p a E. exact (Hp b r p a E). }
  destruct (wholes_below G D HD s HG 0 Hws) as (l & Hl & Hbl).
  destruct (q_quotient (5 / 4 + 2 * l)) as (x & y & _ & Hy & E); [destruct Hl as [Hl _]; change (5 / 4) with (5 # 4); lra|].
  rewrite (wholes_paced G D HD x y l s Hy Hl E 0 Hws Hbl), Hs.
  apply (pacing_any_rate M x y R G l); auto. rewrite E. apply Qle_refl.
Qed.
