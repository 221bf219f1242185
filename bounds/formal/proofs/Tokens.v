(* SVF with arrivals of one token each: they wait for longs that leave them little room. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Unbounded.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational Unbounded.
Open Scope nat_scope.
Set Default Timeout 100.

Section Family.
Variables m k : nat.
Hypothesis Hm : 1 <= m.
Hypothesis Hk : 1 <= k.
Let M := m * (k * k).
Let N := m * (k * k).
Definition wide := Request 0 (k * k - k) k.
Definition token := Request 1 0 1.
Definition tokens : list request := repeat token (m * (k * k)) ++ repeat wide m.
Lemma wide_peak : peak wide = k * k. Proof. unfold peak. cbn [wide prompt output]. nia. Qed.
Lemma tokens_are r : In r tokens -> r = token \/ r = wide.
Proof. intros Hr. apply in_app_or in Hr as [Hr|Hr]; apply repeat_spec in Hr; auto. Qed.
Lemma tokens_valid : valid M tokens.
Proof.
  apply Forall_forall. intros r Hr. destruct (tokens_are r Hr) as [->| ->].
  - split; [cbn; lia|]. unfold peak, M. cbn [token prompt output]. nia.
  - split; [cbn [wide output]; lia|]. rewrite wide_peak. unfold M. nia.
Qed.
(* how much sooner than k the early ones end *)
Lemma early s' : (forall x, In x s' -> fst x = token /\ 1 <= snd x) ->
  sum (fun x => k - snd x) s' = tsum (fun d => (k - d) * used s' (1 + d)) (k - 1).
Proof.
  intros H. unfold used.
  rewrite (tsum_ext _ (fun d => sum (fun x => (k - d) * held (fst x) (snd x) (1 + d)) s'))
    by (intros; now rewrite sum_scale).
  rewrite (tsum_sum (fun x d => (k - d) * held (fst x) (snd x) (1 + d))). apply sum_ext. intros [r q] Hx.
  destruct (H _ Hx) as [E Hq]. cbn [fst snd] in *. subst r.
  assert (E : forall n, tsum (fun d => (k - d) * held token q (1 + d)) n = if q <=? n then k - q else 0).
  { induction n as [|n IH]; [destruct (Nat.leb_spec q 0); [lia|reflexivity]|]. cbn [tsum]. rewrite IH.
    unfold held. cbn [token prompt output].
    destruct (Nat.leb_spec q n), (Nat.leb_spec q (S n)), (Nat.ltb_spec q (1 + S n)), (Nat.leb_spec (1 + S n) (q + 1)); cbn [andb]; try lia.
    replace q with (S n) by lia. replace (0 + (1 + S n - S n)) with 1 by lia. lia. }
  rewrite E. destruct (Nat.leb_spec q (k - 1)); lia.
Qed.
Lemma pyramid : forall n j, j = n + 1 -> 3 * tsum (fun d => (j - d) * (j - 1 - d)) n = (n + 1) * n * (n - 1).
Proof.
  induction n as [|n IH]; intros j Hj; [reflexivity|]. replace (S n) with (1 + n) at 1 by lia. rewrite tsum_split. cbn [tsum].
  rewrite (tsum_ext _ (fun d => (j - 1 - d) * (j - 1 - 1 - d))).
  2:{ intros d _. f_equal; lia. }
  pose proof (IH (j - 1) ltac:(lia)) as H. subst j. destruct n as [|n]; [simpl; lia|].
  replace (S (S n) + 1 - 1) with (S (S n)) in * by lia. replace (S (S n) - 1) with (S n) in * by lia.
  replace (S n - 1) with n in * by lia. nia.
Qed.
Lemma tokens_total s s' : feasible M tokens s -> s = s' ++ repeat (wide, 0) m ->
  k * total_latency s >= 0 /\ 3 * total_latency s + m * (k * (k - 1) * (k - 2)) >= 3 * (m * k) + 3 * (m * (k * (k * k))).
Proof.
  intros (HP & HA & HU) ->. rewrite map_app, map_repeat in HP. cbn [fst] in HP.
  assert (HL : Permutation (map fst s') (repeat token N)).
  { apply (Permutation_app_inv_r (repeat wide m)). exact HP. }
  apply Forall_app in HA as [HA _]. rewrite Forall_forall in HA.
  assert (Hin : forall x, In x s' -> fst x = token /\ 1 <= snd x).
  { intros x Hx. assert (Hr : fst x = token).
    { apply (repeat_spec N). eapply Permutation_in; [exact HL|]. now apply in_map. }
    split; [exact Hr|]. specialize (HA x Hx). rewrite Hr in HA. exact HA. }
  assert (Hlen : length s' = N) by (rewrite <- (map_length fst), (Permutation_length HL); apply repeat_length).
  split; [lia|]. unfold total_latency. rewrite sum_app, sum_repeat. unfold latency at 2. cbn [fst snd wide output arrival].
  assert (H1 : k * length s' <= sum latency s' + sum (fun x => k - snd x) s').
  { rewrite <- sum_const, <- sum_plus. apply sum_le. intros x Hx. destruct (Hin x Hx) as [E Hq].
    unfold latency. rewrite E. cbn [token output arrival]. lia. }
  rewrite (early s' Hin) in H1.
  assert (H2 : tsum (fun d => (k - d) * used s' (1 + d)) (k - 1) <= tsum (fun d => m * ((k - d) * (k - 1 - d))) (k - 1)).
  { apply tsum_le. intros d Hd. replace (m * ((k - d) * (k - 1 - d))) with ((k - d) * (m * (k - 1 - d))) by ring.
    apply Nat.mul_le_mono_l. specialize (HU (1 + d)). rewrite used_app in HU. unfold used at 2 in HU.
    rewrite sum_repeat in HU. cbn [fst snd] in HU. replace (1 + d) with (0 + (1 + d)) in HU at 2 by lia.
    rewrite held_in in HU by (cbn [wide output]; lia). cbn [wide prompt] in HU. unfold M in HU.
    assert (k * k - k + (1 + d) + (k - 1 - d) = k * k) by nia. nia. }
  assert (H3 : tsum (fun d => m * ((k - d) * (k - 1 - d))) (k - 1) = m * tsum (fun d => (k - d) * (k - 1 - d)) (k - 1)).
  { generalize (k - 1) at 2 4. intros n. induction n as [|n IH]; [simpl; lia|]. cbn [tsum]. rewrite IH. ring. }
  pose proof (pyramid (k - 1) k ltac:(lia)) as H4. rewrite Hlen in H1. unfold N in H1.
  replace (k - 1 + 1) with k in H4 by lia. replace (k - 1 - 1) with (k - 2) in H4 by lia.
  set (S1 := sum latency s') in *. set (T := tsum (fun d => (k - d) * (k - 1 - d)) (k - 1)) in *.
  replace (m * (k * (k - 1) * (k - 2))) with (3 * (m * T)) by (rewrite <- H4; ring).
  rewrite H3 in H2. replace (k * (m * (k * k))) with (m * (k * (k * k))) in H1 by ring.
  replace (0 + k - 0) with k by lia. lia.
Qed.
(* the tokens at once, the longs after them *)
Definition tokens_first : schedule := repeat (token, 1) (m * (k * k)) ++ repeat (wide, 2) m.
Lemma tokens_feasible : feasible M tokens tokens_first.
Proof.
  split; [|split].
  - unfold tokens_first, tokens. rewrite map_app, !map_repeat. reflexivity.
  - apply Forall_app. split; apply Forall_forall; intros x Hx; apply repeat_spec in Hx as ->; cbn; lia.
  - intros u. unfold tokens_first. rewrite used_app. unfold used. rewrite !sum_repeat. cbn [fst snd].
    destruct (le_lt_dec u 2).
    + rewrite (held_before wide) by lia. pose proof (held_peak token 1 u) as H. cbn in H. unfold M. nia.
    + rewrite (held_after token) by (cbn; lia). pose proof (held_peak wide 2 u). rewrite wide_peak in *. unfold M. nia.
Qed.
Lemma tokens_first_total : total_latency tokens_first = m * (k * k) + m * (k + 2).
Proof.
  unfold tokens_first, total_latency. rewrite sum_app, !sum_repeat. unfold latency. cbn [fst snd token wide output arrival]. nia.
Qed.
End Family.
Lemma tokens_half m k T : 1 <= m -> 1 <= k ->
  3 * T + m * (k * (k - 1) * (k - 2)) >= 3 * (m * k) + 3 * (m * (k * (k * k))) ->
  k * (m * (k * k) + m * (k + 2)) <= 2 * T.
Proof.
  intros Hm Hk H. destruct k as [|[|j]]; [lia|simpl in *; lia|].
  replace (S (S j) - 1) with (j + 1) in H by lia. replace (S (S j) - 2) with j in H by lia.
  replace (S (S j)) with (j + 2) in * by lia.
  assert (3 * ((j + 2) * (m * ((j + 2) * (j + 2)) + m * (j + 2 + 2))) + 2 * (m * ((j + 2) * (j + 1) * j)) <=
    6 * (m * (j + 2)) + 6 * (m * ((j + 2) * ((j + 2) * (j + 2))))).
  { assert (E : forall a b, a <= b -> m * a <= m * b) by (intros; now apply Nat.mul_le_mono_l).
    specialize (E (3 * ((j + 2) * ((j + 2) * (j + 2) + (j + 2 + 2))) + 2 * ((j + 2) * (j + 1) * j))
      (6 * (j + 2) + 6 * ((j + 2) * ((j + 2) * (j + 2)))) ltac:(nia)). nia. }
  lia.
Qed.
Open Scope Q_scope.
Lemma svf_online_tokens : Unbounded.svf_online_tokens.
Proof.
  intros how m c Hm. destruct (beyond c) as (k & Hk & Hc).
  set (M := (m * (k * k))%nat). pose proof (tokens_valid m k Hm Hk) as Hw. fold M in Hw.
  destruct (simulate_feasible how M _ Hw) as (s & Es & HF). exists M, (tokens m k), s.
  assert (Hp : peak (wide k) = (k * k)%nat) by (eapply wide_peak; eauto).
  split; [exact Hw|]. split.
  { assert (Hv : (volume token <= volume (wide k))%nat) by (pose proof (volume_pos (wide k) Hk); change (volume token) with 1%nat; lia).
    assert (Hrep : forall r j, StronglySorted (fun a b => (volume a <= volume b)%nat) (repeat r j)).
    { intros r j. induction j as [|j IH]; simpl; constructor; auto. apply Forall_forall.
      intros q Hq. apply repeat_spec in Hq as ->. lia. }
    unfold by_volume, tokens. generalize (m * (k * k))%nat as i. induction i as [|j IH]; [apply Hrep|]. cbn [repeat app].
    constructor; auto. apply Forall_forall. intros q Hq. apply in_app_or in Hq as [Hq|Hq]; apply repeat_spec in Hq as ->; lia. }
  split.
  { intros r Hr. destruct (tokens_are m k r Hr) as [->| ->]; [now right|now left]. }
  split.
  { assert (Hmax : max_peak (tokens m k) = (k * k)%nat).
    { apply Nat.le_antisymm.
      - assert (H : forall l, (forall r, In r l -> peak r <= k * k)%nat -> (max_peak l <= k * k)%nat).
        { induction l as [|r l IH]; simpl; intros H; [lia|]. pose proof (H r (or_introl eq_refl)).
          specialize (IH (fun q h => H q (or_intror h))). lia. }
        apply H. intros r Hr. destruct (tokens_are m k r Hr) as [->| ->]; [cbn; nia|lia].
      - rewrite <- Hp. apply peak_le. unfold tokens. apply in_or_app. right. destruct m; [lia|now left]. }
    unfold eps. rewrite Hmax. unfold M. rewrite (q_mul m). assert (0 < rational (k * k)) by (apply q_pos; nia).
    assert (0 < rational m) by (apply q_pos; lia). field. split; intros E; lra. }
  split; [exact Es|]. exists (tokens_first m k). split; [now apply tokens_feasible|].
  destruct (simulate_first how M (repeat token (m * (k * k))) (wide k) m [] s) as (s' & E); auto.
  { apply Forall_forall. intros r Hr. apply repeat_spec in Hr as ->. cbn. lia. }
  { rewrite Hp. apply Nat.le_refl. }
  { rewrite app_nil_r. exact Es. }
  destruct (tokens_total m k Hm Hk s s' HF E) as [_ H].
  pose proof (tokens_half m k _ Hm Hk H) as HH. rewrite <- (tokens_first_total m k) in HH by auto.
  assert (HB : (1 <= total_latency (tokens_first m k))%nat) by (rewrite (tokens_first_total m k) by auto; nia).
  to_Q HH. apply q_pos in HB.
  set (A := rational (total_latency s)) in *. set (B := rational (total_latency (tokens_first m k))) in *.
  assert (2 * c * B < k * B) by (apply Qmult_lt_r; auto). lra.
Qed.
