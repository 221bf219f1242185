(* The tail-centroid bound holds for the runs of an engine too: what comes after the cut of a request
   is itself a run, of a request that arrives that much later with a longer prompt. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Bounds Engine.
From kvproof.checker Require Import Centroid.
From kvproof.proofs Require Import Sums Memory Rational Discrete Stronger Centroids.
From kvproof.proofs Require Engine.
Open Scope nat_scope.
Set Default Timeout 100.

Definition after_cut (x : request * nat) : request :=
  Request (arrival (fst x) + snd x) (prompt (fst x) + snd x) (output (fst x) - snd x).

(* ---- one request *)
Lemma later_steps c : forall a st, StronglySorted lt (a :: st) -> c <= length st -> StronglySorted lt (a + c :: skipn c st).
Proof.
  induction c as [|c IH]; intros a st H Hc; [now rewrite Nat.add_0_r|]. destruct st as [|u st]; [cbn in Hc; lia|].
  inversion_clear H as [|? ? H1 H2]. inversion_clear H2 as [|? ? Hau _]. cbn [skipn length] in *.
  specialize (IH u st H1 ltac:(lia)). inversion_clear IH as [|? ? I1 I2]. constructor; [exact I1|].
  eapply Forall_impl; [|exact I2]. cbn. lia.
Qed.
Lemma given_later c : forall k st t, given (k + c) (skipn c st) t <= given k st t.
Proof.
  induction c as [|c IH]; intros k st t; [now rewrite Nat.add_0_r|]. destruct st as [|u st]; cbn [skipn given]; [lia|].
  specialize (IH (k + 1) st t). replace (k + 1 + c) with (k + S c) in IH by lia. lia.
Qed.
Lemma last_later c : forall st : list nat, c < length st -> last (skipn c st) 0 = last st 0.
Proof.
  induction c as [|c IH]; intros st Hc; [reflexivity|]. destruct st as [|u st]; [cbn in Hc; lia|]. cbn [skipn length] in *.
  rewrite IH by lia. destruct st; [cbn in Hc; lia|reflexivity].
Qed.
Lemma last_after a st : StronglySorted lt (a :: st) -> st <> [] -> a < last st 0.
Proof.
  intros H Hst. inversion_clear H as [|? ? _ HF]. rewrite Forall_forall in HF. apply HF.
  destruct (exists_last Hst) as (l & u & ->). rewrite last_last. apply in_or_app. right. now left.
Qed.

(* ---- the run of what comes after the cuts *)
Lemma cut_run M C : (forall x, In x C -> snd x < output (fst x)) -> forall e, map fst e = map fst C ->
  Forall (fun x => length (snd x) = output (fst x) /\ StronglySorted lt (arrival (fst x) :: snd x)) e ->
  (forall t, sum (fun x => counted x t) e <= M) ->
  exists e', map fst e' = map after_cut C /\
    Forall (fun x => length (snd x) = output (fst x) /\ StronglySorted lt (arrival (fst x) :: snd x)) e' /\
    (forall t, sum (fun x => counted x t) e' <= sum (fun x => counted x t) e) /\
    run_latency e = run_latency e' + sum snd C.
Proof.
  intros HC e HR HF _. revert HC e HR HF. induction C as [|[r c] C IH]; intros HC [|[q st] e] HR HF; try discriminate.
  - exists []. repeat split; auto.
  - cbn [map fst] in HR. injection HR as -> HR. inversion_clear HF as [|? ? [F1 F2] HF']. cbn [fst snd] in F1, F2.
    pose proof (HC (r, c) (or_introl eq_refl)) as Hc. cbn [fst snd] in Hc.
    destruct (IH (fun x Hx => HC x (or_intror Hx)) e HR HF') as (e' & E1 & E2 & E3 & E4).
    assert (L1 := later_steps c (arrival r) st F2 ltac:(lia)).
    assert (Hne : skipn c st <> []) by (intros E; apply (f_equal (@length nat)) in E; rewrite skipn_length in E; cbn in E; lia).
    pose proof (last_after _ _ L1 Hne) as L2. rewrite last_later in L2 by lia.
    exists ((after_cut (r, c), skipn c st) :: e'). split; [cbn [map fst]; now rewrite E1|]. split; [|split].
    + constructor; [|exact E2]. cbn [fst snd after_cut output arrival]. rewrite skipn_length. split; [lia|exact L1].
    + intros t. cbn [sum]. specialize (E3 t). unfold counted at 1 3. cbn [fst snd after_cut prompt].
      pose proof (given_later c (prompt r) st t). lia.
    + unfold run_latency in *. cbn [sum fst snd after_cut arrival]. rewrite last_later by lia. lia.
Qed.
Lemma tail_volume x : volume (after_cut x) = tail_size x.
Proof.
  destruct x as [r c]. unfold volume, tail_size, tail. cbn [fst snd after_cut prompt output].
  rewrite sum_seq_from, <- sum_seq. apply sum_ext. intros j _. lia.
Qed.
Open Scope Q_scope.
Lemma shape_after x : (snd x < output (fst x))%nat ->
  shape (after_cut x) - arrival (after_cut x) + snd x == tail_shape (snd x) (fst x) - arrival (fst x).
Proof.
  destruct x as [r c]. cbn [fst snd]. intros H. rewrite <- (tail_shape_0 (after_cut (r, c))) by (cbn; lia).
  pose proof (tail_volume (r, c)) as HV. unfold tail_size in HV. cbn [fst snd] in HV. pose proof (tail_pos r c H) as Hp.
  unfold tail_shape. rewrite tail_0, HV.
  assert (HM : (tail_moment c r = tail_moment 0 (after_cut (r, c)) + c * tail c r)%nat).
  { rewrite <- HV. unfold tail_moment, volume. cbn [fst snd after_cut prompt output]. rewrite Nat.sub_0_r, sum_seq_from, !sum_seq.
    generalize (output r - c)%nat. intros n. induction n as [|n IH]; cbn [tsum]; [lia|]. nia. }
  rewrite HM. cbn [after_cut fst snd output arrival]. rewrite !q_add, q_mul, q_sub by lia. apply q_pos in Hp. field. intros E; lra.
Qed.
Lemma tail_centroid_runs M C q : valid M (map fst C) -> tail_centroid M C = Some q -> runs_at_least M (map fst C) q.
Proof.
  intros Hv E e0 He0. destruct (tail_centroid_value _ _ _ E) as (C' & T & HP & HS & HT & HC & HQ).
  assert (HPf : Permutation (map fst C') (map fst C)) by now apply Permutation_map.
  assert (He1 : engine_run M (map fst C') e0) by (destruct He0 as (H1 & H2); split; [now rewrite HPf|exact H2]).
  destruct (kvproof.proofs.Engine.arrange_run M _ e0 He1) as (e & (_ & HF & HU) & <- & HR). clear He0 He1 e0.
  destruct (cut_run M C' HC e HR HF HU) as (e' & E1 & E2 & E3 & E4).
  assert (He' : engine_run M (map after_cut C') e').
  { split; [now rewrite E1|]. split; [exact E2|]. intros t. etransitivity; [apply E3|apply HU]. }
  assert (Hv' : valid M (map after_cut C')).
  { unfold valid in *. rewrite <- HPf in Hv. rewrite Forall_forall in Hv. apply Forall_map, Forall_forall. intros x Hx.
    specialize (HC x Hx). destruct (Hv (fst x) (in_map fst _ _ Hx)) as [_ Hp]. unfold peak in *.
    cbn [after_cut output prompt]. lia. }
  destruct (kvproof.proofs.Engine.engine_any_run M _ e' Hv' He') as (_ & _ & H & _).
  assert (HS' : by_volume (map after_cut C')).
  { clear - HS HC. unfold by_volume. induction HS as [|x l _ IH Hx]; [constructor|]. cbn [map]. constructor.
    - apply IH. intros y Hy. apply HC. now right.
    - apply Forall_map, Forall_forall. intros y Hy. rewrite Forall_forall in Hx.
      rewrite !tail_volume. now apply Hx. }
  assert (HT' : most_done M arrival volume (map after_cut C') T = sum volume (map after_cut C')).
  { rewrite most_done_map, sum_map, (most_done_ext M (fun x => arrival (after_cut x)) tail_release _ tail_size C' T (fun x => eq_refl) tail_volume), HT.
    apply sum_ext. intros x _. symmetry. apply tail_volume. }
  specialize (H T HS' HT'). change (@nil request) with (map after_cut []) in H.
  rewrite busy_times_map, qsum_map, (busy_times_ext M (fun x => arrival (after_cut x)) tail_release _ tail_size T C' (fun x => eq_refl) tail_volume []) in H.
  eapply Qle_trans; [exact HQ|]. rewrite E4, q_add, qsum_sum.
  rewrite <- (qsum_ext _ _ C' (fun x Hx => shape_after x (HC x Hx))), qsum_plus. lra.
Qed.
