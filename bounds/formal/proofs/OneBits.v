(* Strict 1-bit SVF has no constant: requests of one prompt, of which k run at a time; k longs go
   before the shorts, as the bit does not tell them apart. Pads of one token keep the mean low. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qround Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model OneBit Unbounded.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational Unbounded.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- n waves of k equal requests, d steps apart *)
Fixpoint waves (r : request) (k d n from : nat) : schedule :=
  match n with 0 => [] | S n => repeat (r, from) k ++ waves r k d n (from + d) end.
Lemma waves_fst r k d n : forall from, map fst (waves r k d n from) = repeat r (k * n).
Proof.
  induction n as [|n IH]; intros from; [now rewrite Nat.mul_0_r|]. cbn [waves].
  rewrite map_app, map_repeat, IH. cbn [fst]. rewrite <- repeat_app. f_equal. lia.
Qed.
Lemma waves_used M r k d n : output r <= d -> k * peak r <= M -> forall from t,
  used (waves r k d n from) t <= M /\ (t <= from \/ from + n * d < t -> used (waves r k d n from) t = 0).
Proof.
  intros Hd HM. induction n as [|n IH]; intros from t; [split; [apply Nat.le_0_l|reflexivity]|].
  cbn [waves]. rewrite used_app. unfold used at 1 3. rewrite sum_repeat. cbn [fst snd].
  destruct (IH (from + d) t) as [H1 H2]. split.
  - pose proof (held_peak r from t) as Hp. destruct (le_lt_dec t (from + d)) as [H|H].
    + rewrite H2 by lia. nia.
    + rewrite held_after by lia. lia.
  - intros Ht. rewrite H2 by lia. destruct Ht as [Ht|Ht]; [rewrite held_before by lia|rewrite held_after by lia]; lia.
Qed.
Lemma waves_total r k d n : arrival r = 0 -> forall from,
  2 * total_latency (waves r k d n from) = k * n * (2 * (from + output r) + (n - 1) * d).
Proof.
  intros Ha. induction n as [|n IH]; intros from; [replace (k * 0) with 0 by lia; reflexivity|]. cbn [waves].
  unfold total_latency in *. rewrite sum_app, sum_repeat, Nat.mul_add_distr_l, IH. unfold latency. cbn [fst snd].
  rewrite Ha, Nat.sub_0_r. destruct n as [|n]; [simpl; lia|]. replace (S (S n) - 1) with (S n) by lia.
  replace (S n - 1) with n by lia. ring.
Qed.

Lemma in_repeat {A} (x : A) n : 1 <= n -> In x (repeat x n).
Proof. destruct n; [lia|now left]. Qed.

Section Family.
Variables k N m : nat.
Hypothesis Hk : 1 <= k.
Hypothesis HN : 1 <= N.
Hypothesis Hm : N * N <= m.
Hypothesis Hm2 : 2 <= m.
Let h := k * (m * m) + 1.
Let M := k * (h + m * m).
Definition of (o : nat) : request := Request 0 h o.
Let pads := repeat (of 1) (k * (2 * m)).
Let longs := repeat (of (m * m)) (k * 1).
Let shorts := repeat (of m) (k * N).
Definition requests : list request := pads ++ longs ++ shorts.
Lemma which r : In r requests -> exists o, r = of o /\ (o = 1 \/ o = m * m \/ o = m).
Proof.
  unfold requests. rewrite !in_app_iff. intros [H|[H|H]]; apply repeat_spec in H as ->; eauto.
Qed.
Lemma fits o : o <= m * m -> k * peak (of o) <= M.
Proof. intros H. unfold peak, M. cbn [of prompt output]. nia. Qed.
Lemma requests_valid : valid M requests /\ backlog requests.
Proof.
  split; apply Forall_forall; intros r Hr; destruct (which r Hr) as (o & -> & Ho); [|reflexivity].
  assert (H1 : 1 <= o <= m * m) by nia. pose proof (fits o (proj2 H1)). cbn [of output] in *. nia.
Qed.
Lemma requests_peak : max_peak requests = h + m * m.
Proof.
  assert (Hin : In (of (m * m)) requests) by (unfold requests; rewrite !in_app_iff; right; left; apply in_repeat; lia).
  apply Nat.le_antisymm; [|exact (peak_le _ _ Hin)].
  assert (H : forall l, (forall r, In r l -> peak r <= h + m * m) -> max_peak l <= h + m * m).
  { induction l as [|r l IH]; simpl; intros H; [lia|]. pose proof (H r (or_introl eq_refl)).
    specialize (IH (fun q h => H q (or_intror h))). lia. }
  apply H. intros r Hr. destruct (which r Hr) as (o & -> & Ho). unfold peak. cbn [of prompt output]. nia.
Qed.
(* pads, shorts, longs *)
Definition kinder : schedule :=
  waves (of 1) k 1 (2 * m) 0 ++ waves (of (m * m)) k (m * m) 1 (2 * m + N * m) ++ waves (of m) k m N (2 * m).
Lemma kinder_feasible : feasible M requests kinder.
Proof.
  split; [|split].
  - unfold kinder. rewrite !map_app, !waves_fst. reflexivity.
  - apply Forall_forall. intros [r p] Hx. cbn [fst snd]. apply (in_map fst) in Hx. cbn [fst] in Hx.
    unfold kinder in Hx. rewrite !map_app, !waves_fst in Hx. destruct (which r Hx) as (o & -> & _). cbn [of arrival]. lia.
  - intros t. unfold kinder. rewrite !used_app.
    destruct (waves_used M (of 1) k 1 (2 * m) (le_n _) (fits 1 ltac:(nia)) 0 t) as [A1 A2].
    destruct (waves_used M (of (m * m)) k (m * m) 1 (le_n _) (fits (m * m) (le_n _)) (2 * m + N * m) t) as [B1 B2].
    destruct (waves_used M (of m) k m N (le_n _) (fits m ltac:(nia)) (2 * m) t) as [C1 C2].
    destruct (le_lt_dec t (2 * m)); [rewrite B2, C2 by lia; lia|]. rewrite A2 by lia.
    destruct (le_lt_dec t (2 * m + N * m)); [rewrite B2 by lia; lia|]. rewrite C2 by lia. lia.
Qed.
Lemma kinder_total : total_latency kinder <= 10 * (k * (m * m)).
Proof.
  unfold kinder, total_latency. rewrite !sum_app. fold (total_latency (waves (of 1) k 1 (2 * m) 0)).
  fold (total_latency (waves (of (m * m)) k (m * m) 1 (2 * m + N * m))). fold (total_latency (waves (of m) k m N (2 * m))).
  pose proof (waves_total (of 1) k 1 (2 * m) eq_refl 0) as H1.
  pose proof (waves_total (of (m * m)) k (m * m) 1 eq_refl (2 * m + N * m)) as H2.
  pose proof (waves_total (of m) k m N eq_refl (2 * m)) as H3.
  cbn [of output] in *. set (T1 := total_latency (waves _ _ _ (2 * m) 0)) in *.
  set (T2 := total_latency (waves _ _ _ 1 _)) in *. set (T3 := total_latency (waves _ _ _ N _)) in *. clearbody T1 T2 T3.
  assert (Hq : exists q, N * (N - 1) = 2 * q).
  { apply Nat.even_spec. destruct N as [|j]; [reflexivity|]. replace (S j - 1) with j by lia.
    rewrite Nat.even_mul, Nat.even_succ, <- Nat.negb_even. now destruct (Nat.even j). }
  destruct Hq as [q Hq].
  assert (E1 : T1 = k * (m * (2 * m + 1))).
  { apply (Nat.mul_cancel_l _ _ 2); [lia|]. rewrite H1. replace (2 * (0 + 1) + (2 * m - 1) * 1) with (2 * m + 1) by lia. ring. }
  assert (E2 : T2 = k * (2 * m + N * m + m * m)).
  { apply (Nat.mul_cancel_l _ _ 2); [lia|]. rewrite H2, Nat.sub_diag. ring. }
  assert (E3 : T3 = k * (3 * (N * m) + m * q)).
  { apply (Nat.mul_cancel_l _ _ 2); [lia|]. rewrite H3.
    transitivity (6 * (k * (N * m)) + k * m * (N * (N - 1))); [ring|]. rewrite Hq. ring. }
  rewrite E1, E2, E3, <- !Nat.mul_add_distr_l, (Nat.mul_comm 10), <- Nat.mul_assoc. apply Nat.mul_le_mono_l.
  assert (A1 : 2 * m <= m * m) by (apply Nat.mul_le_mono_r; exact Hm2).
  assert (A0 : N * 1 <= N * N) by (apply Nat.mul_le_mono_l; exact HN).
  assert (A2 : N * m <= m * m) by (apply Nat.mul_le_mono_r; lia).
  assert (A3 : N * (N - 1) <= N * N) by (apply Nat.mul_le_mono_l; lia).
  assert (A4 : 2 * (m * q) <= m * m) by (replace (2 * (m * q)) with (m * (2 * q)) by ring; apply Nat.mul_le_mono_l; lia).
  lia.
Qed.
(* the shorts start after the longs have ended *)
Lemma strict_rise M' prev t0 l : strict M' prev t0 l -> StronglySorted (fun x y => snd x <= snd y) l /\ Forall (fun x => t0 <= snd x) l.
Proof.
  induction 1 as [|prev t0 r p l H0 _ _ _ [IH1 IH2]]; [split; constructor|]. split; constructor; auto.
  eapply Forall_impl; [|exact IH2]. simpl. lia.
Qed.
Lemma requests_total s : simulate Strict M requests = Some s -> k * N * (m * m) <= total_latency s.
Proof.
  intros Es. destruct requests_valid as [Hw Hb]. destruct (simulate_feasible Strict M requests Hw) as (s' & Es' & HF).
  rewrite Es in Es'. injection Es' as <-. destruct (simulate_strict M requests s Hb Es) as (l & Hl & HR & ->).
  destruct (strict_rise M [] 0 l Hl) as [Hrise _]. rewrite (latency_backlog M requests _ Hb HF), <- (sum_perm fin _ _ (Permutation_rev l)).
  destruct HF as (_ & _ & HU). unfold requests in HR. apply map_eq_app in HR as (l1 & l' & -> & _ & HR).
  apply map_eq_app in HR as (l2 & l3 & -> & E2 & E3).
  assert (Hrise2 : forall x y, In x l2 -> In y l3 -> snd x <= snd y).
  { clear - Hrise. induction l1 as [|z l1 IH]; [|inversion Hrise; auto]. cbn [app] in Hrise.
    induction l2 as [|z l2 IH]; [easy|]. cbn [app] in Hrise. inversion_clear Hrise as [|? ? Hs Hf]. intros x y [<-|Hx] Hy; [|now apply IH].
    rewrite Forall_forall in Hf. apply Hf, in_or_app. now right. }
  assert (Hlate : forall y, In y l3 -> m * m <= snd y).
  { intros y Hy. destruct (le_lt_dec (m * m) (snd y)) as [|Hlt]; auto. exfalso.
    specialize (HU (snd y + 1)). rewrite <- (used_perm _ _ _ (Permutation_rev _)), !used_app in HU.
    assert (H2 : k * (h + 1) <= used l2 (snd y + 1)).
    { replace (k * (h + 1)) with ((h + 1) * length l2) by (rewrite <- (map_length fst), E2; unfold longs; rewrite repeat_length; ring).
      rewrite <- sum_const. apply sum_le. intros x Hx. pose proof (Hrise2 x y Hx Hy) as Hxy.
      assert (Ex : fst x = of (m * m)) by (apply (repeat_spec (k * 1)); fold longs; rewrite <- E2; now apply in_map).
      replace (snd y + 1) with (snd x + (snd y + 1 - snd x)) by lia. rewrite held_in by (rewrite Ex; cbn [of output]; lia).
      rewrite Ex. cbn [of prompt]. lia. }
    assert (H3 : h + 1 <= used l3 (snd y + 1)).
    { apply in_split in Hy as (a & b & ->). rewrite used_app. destruct y as [r q]. rewrite used_cons.
      assert (Er : r = of m).
      { apply (repeat_spec (k * N)). fold shorts. rewrite <- E3, map_app. apply in_or_app. right. now left. }
      subst r. cbn [snd]. rewrite held_in by (cbn [of output]; lia). cbn [of prompt]. lia. }
    unfold M, h in *. nia. }
  rewrite !sum_app. assert (k * N * (m * m) <= sum fin l3); [|lia].
  replace (k * N * (m * m)) with (m * m * length l3) by (rewrite <- (map_length fst), E3; unfold shorts; rewrite repeat_length; ring).
  rewrite <- sum_const. apply sum_le. intros y Hy. specialize (Hlate y Hy). unfold fin. lia.
Qed.

(* ---- the order: pads, then longs and shorts, which are one class *)
Open Scope Q_scope.
Lemma mean_below : mean requests < m.
Proof.
  assert (E1 : (sum output requests = k * (2 * m) + (k * (m * m) + k * N * m))%nat).
  { unfold requests, pads, longs, shorts. rewrite !sum_app, !sum_repeat. cbn [of output]. ring. }
  assert (E2 : (length requests = k * (2 * m) + (k + k * N))%nat).
  { unfold requests, pads, longs, shorts. rewrite !app_length, !repeat_length. ring. }
  assert (H : (sum output requests < m * length requests)%nat) by (rewrite E1, E2; nia).
  apply q_lt in H. rewrite q_mul in H. unfold mean. assert (HL : (1 <= length requests)%nat) by (rewrite E2; nia).
  apply q_pos in HL. apply Qlt_shift_div_r; [exact HL|exact H].
Qed.
Lemma long_class theta r : theta < m -> In r requests -> (m <= output r)%nat -> class theta requests r = class theta requests (of m).
Proof.
  intros Ht Hr Ho. unfold class, alike. assert (H : forall o : nat, (m <= o)%nat -> Qle_bool o theta = false).
  { intros o H. apply not_true_iff_false. intros E. apply Qle_bool_iff in E. apply q_le in H. lra. }
  rewrite H by exact Ho. cbn [of output]. now rewrite H.
Qed.
Lemma guess_rise theta : theta < m -> guessed_volume theta requests (of 1) <= guessed_volume theta requests (of m) /\
  guessed_volume theta requests (of (m * m)) = guessed_volume theta requests (of m).
Proof.
  intros Ht. assert (I1 : In (of 1) requests).
  { unfold requests. rewrite in_app_iff. left. apply in_repeat. nia. }
  assert (I2 : In (of m) requests).
  { unfold requests. rewrite !in_app_iff. right. right. apply in_repeat. nia. }
  assert (I3 : In (of (m * m)) requests).
  { unfold requests. rewrite !in_app_iff. right. left. apply in_repeat. lia. }
  split.
  - unfold guessed_volume. set (a := mean_output theta requests (of 1)). set (b := mean_output theta requests (of m)).
    assert (Hab : 0 <= a /\ a <= b).
    { unfold a, b, mean_output. destruct (Qlt_le_dec theta 1) as [H1|H1].
      - assert (E : class theta requests (of 1) = class theta requests (of m)).
        { assert (Q : forall o : nat, (1 <= o)%nat -> Qle_bool (output (of o)) theta = false).
          { intros o Ho. apply not_true_iff_false. intros Eo. apply Qle_bool_iff in Eo. apply q_le in Ho.
            rewrite q_1 in Ho. cbn [of output] in Eo. lra. }
          unfold class, alike. rewrite (Q 1%nat), (Q m) by lia. reflexivity. }
        rewrite E. split; [|lra]. apply Qdiv_nonneg; [apply q_nonneg|]. apply q_pos.
        destruct (class theta requests (of m)) as [|z l] eqn:EC; [|simpl; lia]. exfalso.
        assert (Hin : In (of m) (class theta requests (of m))) by (apply filter_In; split; [exact I2|unfold alike; apply eqb_reflx]).
        rewrite EC in Hin. easy.
      - assert (L : forall r, In r requests -> let C := class theta requests r in (1 <= length C)%nat /\ (length C <= sum output C)%nat).
        { intros r Hr C. split.
          - assert (Hin : In r C) by (apply filter_In; split; [exact Hr|unfold alike; apply eqb_reflx]).
            destruct C; [easy|simpl; lia].
          - replace (length C) with (1 * length C)%nat by lia. rewrite <- sum_const. apply sum_le. intros x Hx.
            apply filter_In in Hx as [Hx _]. destruct (which x Hx) as (o & -> & Ho). cbn [of output]. nia. }
        assert (E1 : (sum output (class theta requests (of 1)) <= length (class theta requests (of 1)))%nat).
        { replace (length (class theta requests (of 1))) with (1 * length (class theta requests (of 1)))%nat by lia.
          rewrite <- sum_const. apply sum_le. intros x Hx. apply filter_In in Hx as [Hx Ha].
          destruct (which x Hx) as (o & -> & Ho). unfold alike in Ha. cbn [of output] in *.
          assert (Q1 : Qle_bool 1%nat theta = true) by (apply Qle_bool_iff; rewrite q_1; exact H1).
          rewrite Q1 in Ha. apply eqb_prop in Ha. symmetry in Ha. apply Qle_bool_iff in Ha.
          destruct Ho as [->|Ho]; [lia|]. exfalso. assert (Hmo : (m <= o)%nat) by nia. apply q_le in Hmo. lra. }
        destruct (L (of 1) I1) as [L1 L2]. destruct (L (of m) I2) as [L3 L4].
        apply q_pos in L1, L3. to_Q E1. to_Q L2. to_Q L4. split; [apply Qdiv_nonneg; [apply q_nonneg|exact L1]|].
        apply Qle_trans with 1; [apply Qle_div_l; lra|apply Qle_div_r; lra]. }
    destruct Hab as [Ha Hab]. cbn [of prompt]. pose proof (q_nonneg h).
    assert (h * a <= h * b) by (apply Qmul_le; lra). assert (a * (a + 1) <= b * (b + 1)) by (apply Qmul_le; lra).
    setoid_replace (a * (a + 1) / 2) with ((1 # 2) * (a * (a + 1))) by field.
    setoid_replace (b * (b + 1) / 2) with ((1 # 2) * (b * (b + 1))) by field. lra.
  - unfold guessed_volume, mean_output. rewrite (long_class theta (of (m * m)) Ht I3) by (cbn [of output]; nia). reflexivity.
Qed.
Lemma requests_sorted theta : theta < m ->
  StronglySorted (fun a b => guessed_volume theta requests a <= guessed_volume theta requests b) requests.
Proof.
  intros Ht. destruct (guess_rise theta Ht) as [H1 H2]. set (g := guessed_volume theta requests) in *. clearbody g.
  assert (H : forall r n l, StronglySorted (fun a b => g a <= g b) l -> (forall x, In x l -> g r <= g x) ->
    StronglySorted (fun a b => g a <= g b) (repeat r n ++ l)).
  { intros r n l Hl Hr. induction n as [|n IH]; [exact Hl|]. cbn [repeat app]. constructor; [exact IH|]. apply Forall_forall.
    intros x Hx. apply in_app_or in Hx as [Hx|Hx]; [apply repeat_spec in Hx as ->; lra|auto]. }
  unfold requests, pads, longs, shorts. apply H; [apply H|].
  - rewrite <- (app_nil_r (repeat (of m) (k * N))). apply H; [constructor|easy].
  - intros x Hx. apply repeat_spec in Hx as ->. rewrite H2. lra.
  - intros x Hx. apply in_app_or in Hx as [Hx|Hx]; apply repeat_spec in Hx as ->; [rewrite H2|]; lra.
Qed.
Lemma requests_eps : eps M requests == 1 / k.
Proof.
  unfold eps. rewrite requests_peak. unfold M. rewrite q_mul.
  assert (0 < rational (h + m * m)) by (apply q_pos; unfold h; lia). assert (0 < rational k) by (apply q_pos; lia).
  field. split; intros E; lra.
Qed.
End Family.

Open Scope Q_scope.
Lemma one_bit_unbounded : Unbounded.one_bit_unbounded.
Proof.
  intros theta k c Htheta Hk. destruct (beyond (5 * c)) as (N & HN & Hc).
  assert (Hm : exists m, (N * N <= m)%nat /\ (2 <= m)%nat /\ theta (requests k N m) < m).
  { destruct Htheta as [[q Hq]|Hmean].
    - destruct (beyond q) as (b & _ & Hb). exists (N * N + 2 + b)%nat. split; [lia|]. split; [lia|]. rewrite Hq.
      assert (Hle : (b <= N * N + 2 + b)%nat) by lia. apply q_le in Hle. pose proof (q_lt 0 (N * N + 2 + b) ltac:(lia)) as H0.
      rewrite q_0 in H0. destruct (Qlt_le_dec q 0); lra.
    - exists (N * N + 2)%nat. split; [lia|]. split; [lia|]. rewrite Hmean. apply mean_below; auto; lia. }
  destruct Hm as (m & Hm & Hm2 & Ht).
  set (R := requests k N m). set (M := (k * (k * (m * m) + 1 + m * m))%nat).
  destruct (requests_valid k N m Hk HN Hm Hm2) as [Hw Hb]. fold R M in Hw, Hb.
  destruct (simulate_feasible Strict M R Hw) as (s & Es & _). exists M, R, s.
  split; [exact Hw|]. split; [exact Hb|]. split; [now apply requests_sorted|]. split; [now apply requests_eps|]. split; [exact Es|].
  exists (kinder k N m). split; [now apply kinder_feasible|].
  pose proof (requests_total k N m Hk HN Hm Hm2 s Es) as H1. pose proof (kinder_total k N m Hk HN Hm Hm2) as H2.
  to_Q H1. to_Q H2. change (rational 10) with 10 in H2. assert (Hkm : (1 <= k * (m * m))%nat) by nia.
  apply q_pos in Hkm. rewrite !q_mul in Hkm. set (T := rational (total_latency s)) in *. pose proof (q_nonneg (total_latency (kinder k N m))) as HK.
  set (K := rational (total_latency (kinder k N m))) in *. set (x := k * (m * m)) in *.
  assert (HT : N * x <= T) by (unfold x; lra). destruct (Qlt_le_dec c 0) as [Hneg|Hpos].
  - assert (0 < N * x) by (apply Qmult_lt_0_compat; [now apply q_pos|exact Hkm]). assert (0 <= - c * K) by (apply Qmult_le_0_compat; lra). lra.
  - assert (c * K <= c * (10 * x)) by (rewrite !(Qmult_comm c); apply Qmult_le_compat_r; lra).
    assert (10 * c * x < N * x) by (apply Qmult_lt_r; [exact Hkm|lra]). lra.
Qed.
