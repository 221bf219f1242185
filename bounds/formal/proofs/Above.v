(* Strict SVF from above, as the spec states it: block, chain, constants. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Lower Chain Simulate Rational Below.
Open Scope Q_scope.
Set Default Timeout 100.

Lemma block : Statements.block.
Proof.
  intros M R s r t Hw Hs Hr Ha. pose proof (peak_le R r Hr) as Hp. pose proof (peak_valid M R Hw) as HM.
  destruct (not_adm _ _ _ _ (admissible_false _ _ _ _ Ha)) as (d & Hd & Hu).
  exists d. split; [exact Hd|].
  assert (HF : Forall (fun x => (snd x <= t)%nat) s) by (eapply Forall_impl; [|exact Hs]; simpl; tauto).
  pose proof (block_sum s t d HF) as HB. rewrite sum_seq.
  set (S := tsum (fun w => used s (t + w)%nat) d) in *.
  assert (H : (((M - max_peak R) * d < 2 * S)%nat)) by (unfold peak in Hp; nia).
  apply q_lt in H. rewrite !q_mul, q_sub, q_2 in H by auto.
  assert (1 <= M)%nat by (unfold valid in Hw; rewrite Forall_forall in Hw; destruct (Hw r Hr); unfold peak in *; lia).
  assert (HMq : 0 < M) by now apply q_pos. unfold eps.
  setoid_replace ((1 - max_peak R / M) * M * d / 2) with ((1 # 2) * ((M - max_peak R) * d))
    by (field; intros E; lra). lra.
Qed.

(* ---- starts *)
Lemma volume_nil s : map (@fst request nat) s = [] -> s = [].
Proof. now destruct s. Qed.
(* the starts of strict SVF, from those of the list l *)
Lemma starts_by_ok c b M R s (bound : schedule -> Q) : strict_svf M R s ->
  (forall l, strict M [] 0 l -> map fst l = R -> starts_ok c b 0 l) ->
  (forall (p : nat) earlier, (c * p <= b * sum (fun x => volume (fst x)) earlier)%nat -> p <= bound earlier) ->
  starts_by bound R s.
Proof.
  intros Hs H Hb. destruct (svf_run M R s Hs) as (_ & _ & _ & _ & l & Hl & HR & ->).
  split; [now rewrite rev_involutive|]. intros later r p earlier E. apply Hb.
  assert (El : l = rev earlier ++ (r, p) :: rev later).
  { rewrite <- (rev_involutive l), E, rev_app_distr. simpl. now rewrite <- app_assoc. }
  specialize (H l Hl HR). rewrite El in H. apply starts_split in H. simpl in H.
  now rewrite (sum_perm _ _ _ (Permutation_rev earlier)).
Qed.
Lemma svf_nil M s : strict_svf M [] s -> s = [].
Proof. intros H. destruct (svf_run _ _ _ H) as (_ & _ & _ & HF & _). eapply feasible_nil; eauto. Qed.

Lemma svf_backlog_integral : Statements.svf_backlog_integral.
Proof.
  intros M R s Hs. destruct (svf_run M R s Hs) as (Hw & _).
  apply (starts_by_ok (M - max_peak R + 2) 2 M); auto.
  - intros l Hl HR. now apply svf_starts.
  - intros p earlier H. to_Q H. rewrite q_sub in H by now apply peak_valid.
    pose proof (q_le _ _ (peak_valid M R Hw)). apply Qle_div_r; lra.
Qed.
(* total <= outputs + b / c (sum_before) *)
Lemma total_above (c b T O B : nat) : (1 <= c)%nat -> (c * T <= c * O + b * B)%nat ->
  rational T <= b * B / c + O.
Proof.
  intros Hc H. to_Q H. apply q_pos in Hc.
  setoid_replace (b * B / c + O) with ((c * O + b * B) / c) by (field; intros E; lra).
  apply Qle_div_r; auto. lra.
Qed.
Lemma starts_ok_le c c' b V l : (c' <= c)%nat -> starts_ok c b V l -> starts_ok c' b V l.
Proof.
  intros Hc. revert V. induction l as [|[r p] l IH]; simpl; intros V; [auto|]. intros [H1 H2].
  split; [nia|auto].
Qed.

Lemma sum_P_frac M R : (1 <= M)%nat -> sum_P M R * M == sum_before 0 R.
Proof. intros. unfold sum_P. apply q_pos in H. field. intros E; lra. Qed.

Lemma svf_backlog : Statements.svf_backlog.
Proof.
  intros M R s Hs He. destruct (svf_run M R s Hs) as (Hw & _).
  destruct (eps_below_1 M R Hw He) as [->|Hm].
  { apply svf_nil in Hs as ->. split.
    - split; [reflexivity|]. intros later r p earlier E. destruct later; discriminate.
    - unfold sum_P, Qdiv. cbn. change (rational 0) with 0. lra. }
  destruct (one_minus_eps M R Hm) as (H1 & HM & E). 
  assert (HS : forall l, strict M [] 0 l -> map fst l = R -> starts_ok (M - max_peak R) 2 0 l).
  { intros l Hl HR. apply (starts_ok_le (M - max_peak R + 2)); [lia|]. now apply svf_starts. }
  split.
  - apply (starts_by_ok (M - max_peak R) 2 M); auto. intros p earlier H. to_Q H.
    rewrite q_sub in H by lia. unfold P. rewrite E.
    set (W := rational (sum _ earlier)) in *.
    setoid_replace (2 * (W / M) / ((M - max_peak R) / M)) with (2 * W / (M - max_peak R))
      by (field; split; intros E'; lra).
    apply Qle_div_r; lra.
  - pose proof (above (M - max_peak R) 2 M R s Hs HS) as H.
    apply total_above in H; [|lia]. rewrite q_sub, q_2 in H by lia. rewrite E. unfold sum_P.
    setoid_replace (2 / ((M - max_peak R) / M) * (sum_before 0 R / M))
      with (2 * sum_before 0 R / (M - max_peak R)) by (field; split; intros E'; lra).
    exact H.
Qed.

(* a positive eta, as a quotient of naturals at most 1 *)
Lemma eta_natural eta (a b : nat) r : eta == a / b -> (1 <= b)%nat -> (1 <= output r)%nat ->
  eta * peak r <= prompt r + (output r + 1) / 2 -> eta_ok a b r /\ (a <= b)%nat.
Proof.
  intros Eab Hb Ho Hr. rewrite Eab in Hr. unfold peak in Hr. rewrite q_add in Hr. apply q_pos in Hb.
  apply (Qmult_le_l _ _ (2 * b)) in Hr; [|lra].
  setoid_replace (2 * b * (a / b * (prompt r + output r))) with (2 * a * (prompt r + output r)) in Hr
    by (field; intros E'; lra).
  setoid_replace (2 * b * (prompt r + (output r + 1) / 2)) with (b * (2 * prompt r + output r + 1)) in Hr
    by field.
  assert (Hok : eta_ok a b r).
  { unfold eta_ok. apply q_le_inv. repeat (rewrite ?q_mul, ?q_add). rewrite q_1, q_2. lra. }
  split; [exact Hok|]. unfold eta_ok in Hok. clear - Hok Ho. nia.
Qed.
Lemma svf_backlog_eta : Statements.svf_backlog_eta.
Proof.
  intros M R s eta Hs He Heta Hr. destruct (svf_run M R s Hs) as (Hw & _).
  destruct (eps_below_1 M R Hw He) as [->|Hm].
  { apply svf_nil in Hs as ->. split.
    - split; [reflexivity|]. intros later r p earlier E. destruct later; discriminate.
    - unfold sum_P, Qdiv. cbn. change (rational 0) with 0. lra. }
  destruct (one_minus_eps M R Hm) as (H1 & HM & E).
  destruct (q_quotient eta Heta) as (a & b & Ha & Hb & Eab).
  assert (Haq : 0 < a) by now apply q_pos. assert (Hbq : 0 < b) by now apply q_pos.
  assert (Hok : forall r, In r R -> eta_ok a b r /\ (a <= b)%nat).
  { intros r Hin. apply (eta_natural eta); auto. unfold valid in Hw. rewrite Forall_forall in Hw. now apply Hw. }
  destruct R as [|r0 R0] eqn:ER; [simpl in Hm|rewrite <- ER in *].
  { apply svf_nil in Hs as ->. split.
    - split; [reflexivity|]. intros later r p earlier E'. destruct later; discriminate.
    - unfold sum_P, Qdiv. cbn. change (rational 0) with 0. lra. }
  assert (Hab : (a <= b)%nat).
  { apply (Hok r0). rewrite ER. now left. }
  assert (HF : Forall (eta_ok a b) R) by (apply Forall_forall; intros r Hin; now apply Hok).
  assert (HS : forall l, strict M [] 0 l -> map fst l = R -> starts_ok (a * (M - max_peak R)) b 0 l).
  { intros l Hl HR. apply (starts_ok_le (a * (M - max_peak R + 1))); [nia|]. now apply (svf_starts_eta M a b R). }
  split.
  - apply (starts_by_ok (a * (M - max_peak R)) b M); auto. intros p earlier H. to_Q H.
    rewrite q_sub in H by lia. unfold P. rewrite E, Eab. set (W := rational (sum _ earlier)) in *.
    setoid_replace (W / M / (a / b * ((M - max_peak R) / M))) with (b * W / (a * (M - max_peak R)))
      by (field; repeat split; intros E'; lra).
    apply Qle_div_r; [nra|]. lra.
  - pose proof (above (a * (M - max_peak R)) b M R s Hs HS) as H.
    apply total_above in H; [|nia]. rewrite q_mul, q_sub in H by lia. rewrite E, Eab. unfold sum_P.
    setoid_replace (sum_before 0 R / M / (a / b * ((M - max_peak R) / M)))
      with (b * sum_before 0 R / (a * (M - max_peak R))) by (field; repeat split; intros E'; lra).
    exact H.
Qed.

(* ---- constants: SVF <= a P + O against OPT >= P + g O and OPT >= O *)
Lemma Qmul_le_l a b c : 0 <= c -> a <= b -> c * a <= c * b.
Proof. intros. rewrite !(Qmult_comm c). now apply Qmult_le_compat_r. Qed.
Lemma constant a g P O T A : 0 <= a -> 0 <= O -> O <= T -> P + g * O <= T -> A <= a * P + O ->
  A <= Qmax (1 + a * (1 - g)) a * T.
Proof.
  intros Ha HO H1 H2 HA.
  assert (H3 : a * (P + g * O) <= a * T) by now apply Qmul_le_l.
  destruct (Qlt_le_dec (a * g) 1) as [H|H].
  - apply Qle_trans with ((1 + a * (1 - g)) * T).
    + assert (0 <= (1 - a * g) * (T - O)) by (apply Qmult_le_0_compat; lra). lra.
    + apply Qmult_le_compat_r; [apply Q.le_max_l|lra].
  - apply Qle_trans with (a * T).
    + assert (0 <= (a * g - 1) * O) by (apply Qmult_le_0_compat; lra). lra.
    + apply Qmult_le_compat_r; [apply Q.le_max_r|lra].
Qed.
(* OPT >= P + g O, where prompts are at least q times the outputs *)
Lemma opt_P_g M R q : valid M R -> backlog R -> by_volume R -> 0 <= q ->
  (forall r, In r R -> q * output r <= prompt r) ->
  opt_at_least M R (sum_P M R + (3 * q + 1) / (3 * (2 * q + 1)) * sum output R).
Proof.
  intros Hw Hb Hv Hq Hr s HF. pose proof (opt_centroid M R Hw Hb Hv s HF) as H.
  assert (HS : (3 * q + 1) / (3 * (2 * q + 1)) * sum output R <= Qsum shape R).
  { rewrite qsum_sum, <- qsum_scale. apply qsum_le. intros r Hin. apply shape_at_least; auto.
    unfold valid in Hw. rewrite Forall_forall in Hw. now apply Hw. }
  assert (HV : 0 <= sum volume R / (2 * M)).
  { destruct (valid_memory M R Hw) as [->|HM].
    - cbn. change (rational 0) with 0. unfold Qdiv. rewrite Qmult_0_l. lra.
    - apply q_pos in HM. apply Qdiv_nonneg; [apply q_nonneg|lra]. }
  lra.
Qed.

Lemma svf_ratio_paper : Statements.svf_ratio_paper.
Proof.
  intros M R s Hs He best HF. destruct (svf_run M R s Hs) as (Hw & Hb & Hv & _).
  destruct (svf_backlog M R s Hs He) as [_ HA].
  pose proof (opt_outputs M R best HF) as HO. pose proof (opt_volume_backlog M R Hw Hb Hv best HF) as HP.
  pose proof (one_minus_eps_pos M R Hw He) as H1.
  assert (HV : 0 <= sum volume R / M).
  { destruct (valid_memory M R Hw) as [->|HM].
    - cbn. change (rational 0) with 0. unfold Qdiv. rewrite Qmult_0_l. lra.
    - apply q_pos in HM. apply Qdiv_nonneg; [apply q_nonneg|lra]. }
  set (a := 2 / (1 - eps M R)) in *. assert (Ha : 0 <= a) by (apply Qdiv_nonneg; lra).
  assert (a * sum_P M R <= a * total_latency best) by (apply Qmul_le_l; lra). lra.
Qed.

Lemma svf_ratio : Statements.svf_ratio.
Proof.
  intros M R s Hs He best HF. destruct (svf_run M R s Hs) as (Hw & Hb & Hv & _).
  destruct (svf_backlog M R s Hs He) as [_ HA].
  pose proof (opt_outputs M R best HF) as HO.
  pose proof (opt_P_g M R 0 Hw Hb Hv (Qle_refl 0)
    ltac:(intros; rewrite Qmult_0_l; apply q_nonneg) best HF) as HP.
  pose proof (one_minus_eps_pos M R Hw He) as H1.
  set (a := 2 / (1 - eps M R)) in *. assert (Ha : 0 <= a) by (apply Qdiv_nonneg; lra).
  setoid_replace (1 + 4 / (3 * (1 - eps M R))) with (1 + a * (1 - (3 * 0 + 1) / (3 * (2 * 0 + 1))))
    by (unfold a; field; intros E; lra).
  apply (constant a _ (sum_P M R) (sum output R)); auto. apply q_nonneg.
Qed.

Lemma svf_ratio_prompts : Statements.svf_ratio_prompts.
Proof.
  intros M R s q Hs He Hq Hr a g best HF. destruct (svf_run M R s Hs) as (Hw & Hb & Hv & _).
  pose proof (one_minus_eps_pos M R Hw He) as H1.
  set (eta := (2 * q + 1) / (2 * (q + 1))). assert (Heta : 0 < eta) by (apply Qdiv_pos; lra).
  destruct (svf_backlog_eta M R s eta Hs He Heta) as [_ HA].
  { intros r Hin. specialize (Hr r Hin). unfold valid in Hw. rewrite Forall_forall in Hw.
    destruct (Hw r Hin) as [Ho _]. apply (q_le 1) in Ho. rewrite q_1 in Ho.
    pose proof (q_nonneg (prompt r)). unfold peak. rewrite q_add.
    set (p := rational (prompt r)) in *. set (o := rational (output r)) in *. clearbody p o.
    unfold eta. apply (Qmult_le_r _ _ (2 * (q + 1))); [lra|].
    setoid_replace ((2 * q + 1) / (2 * (q + 1)) * (p + o) * (2 * (q + 1))) with ((2 * q + 1) * (p + o))
      by (field; intros E; lra).
    setoid_replace ((p + (o + 1) / 2) * (2 * (q + 1))) with ((2 * p + o + 1) * (q + 1)) by field.
    (* the difference is p - q o + q + 1 *)
    lra. }
  pose proof (opt_outputs M R best HF) as HO.
  pose proof (opt_P_g M R q Hw Hb Hv Hq Hr best HF) as HP. fold g in HP.
  assert (Ha : 0 <= a).
  { apply Qdiv_nonneg; [lra|]. apply (Qmult_lt_0_compat); lra. }
  apply (constant a g (sum_P M R) (sum output R)); auto; [apply q_nonneg|].
  setoid_replace (a * sum_P M R) with (sum_P M R / (eta * (1 - eps M R))); auto.
  unfold a, eta. field. repeat split; intros E; lra.
Qed.
