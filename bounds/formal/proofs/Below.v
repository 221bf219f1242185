(* OPT from below, as the spec states it: outputs, volume, shape, centroid, prices. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Lower Centroid Rational.
Open Scope Q_scope.
Set Default Timeout 100.

Lemma opt_outputs : Statements.opt_outputs.
Proof. intros M R s H. now apply q_le, (output_bound M). Qed.

Lemma feasible_nil M s : feasible M [] s -> s = [].
Proof. intros [H _]. symmetry in H. apply Permutation_nil in H. now destruct s. Qed.

Lemma opt_volume_backlog : Statements.opt_volume_backlog.
Proof.
  intros M R Hw Hb Hv s H. destruct (valid_memory M R Hw) as [->|HM].
  - apply feasible_nil in H. subst. unfold sum_P, Qdiv. cbn [sum_before sum Qsum]. rewrite !Qmult_0_l. unfold total_latency. simpl. change (rational 0) with 0. lra.
  - pose proof (volume_bound M R s Hb H) as HB. rewrite (pairmin_before R Hv) in HB.
    to_Q HB. apply q_pos in HM. unfold sum_P.
    setoid_replace (sum_before 0 R / M + sum volume R / M)
      with ((sum_before 0 R + sum volume R) / M) by (field; intros E; lra).
    apply Qle_div_l; auto. lra.
Qed.

(* ---- shape *)
Lemma shape_closed r : (1 <= output r)%nat ->
  shape r == (1 # 2) + output r - (output r + 1) * (3 * prompt r + 2 * output r + 1)
                                  * (1 # 3) / (2 * prompt r + output r + 1).
Proof.
  intros H. unfold shape. change (1 / 2) with (1 # 2). apply q_pos in H.
  pose proof (q_nonneg (prompt r)). field; intros E; lra.
Qed.
(* below: with prompts at least q times the output (q = 0: any) *)
Lemma shape_at_least r q : (1 <= output r)%nat -> 0 <= q -> q * output r <= prompt r ->
  (3 * q + 1) / (3 * (2 * q + 1)) * output r <= shape r.
Proof.
  intros H Hq Hp. rewrite shape_closed by auto.
  assert (Ho : 1 <= output r) by (apply (q_le 1); auto). pose proof (q_nonneg (prompt r)) as Hs.
  set (s := rational (prompt r)) in *. set (o := rational (output r)) in *. clearbody s o.
  set (d := 2 * s + o + 1). assert (Hd : 0 < d) by (unfold d; lra).
  apply (Qmult_le_r _ _ (6 * (2 * q + 1) * d)); [nra|].
  setoid_replace ((3 * q + 1) / (3 * (2 * q + 1)) * o * (6 * (2 * q + 1) * d))
    with (2 * (3 * q + 1) * o * d) by (field; intros E; lra).
  setoid_replace (((1 # 2) + o - (o + 1) * (3 * s + 2 * o + 1) * (1 # 3) / d) * (6 * (2 * q + 1) * d))
    with ((2 * q + 1) * (3 * (1 + 2 * o) * d - 2 * (o + 1) * (3 * s + 2 * o + 1)))
    by (field; intros E; lra).
  (* the difference is 2 o (s - q o) + o + 2 q + 1 *)
  assert (0 <= o * (s - q * o)) by (apply Qmult_le_0_compat; lra). unfold d. lra.
Qed.
Lemma opt_shape : Statements.opt_shape.
Proof.
  intros r H. rewrite shape_closed by auto.
  assert (Ho : 1 <= output r) by (apply (q_le 1); auto). pose proof (q_nonneg (prompt r)) as Hs.
  set (s := rational (prompt r)) in *. set (o := rational (output r)) in *. clearbody s o.
  set (d := 2 * s + o + 1). assert (Hd : 0 < d) by (unfold d; lra).
  assert (E : (1 # 2) + o - (o + 1) * (3 * s + 2 * o + 1) * (1 # 3) / d ==
    (3 * (1 + 2 * o) * d - 2 * (o + 1) * (3 * s + 2 * o + 1)) * (1 # 6) / d) by (field; intros E; lra).
  rewrite E. assert (0 <= s * (o - 1)) by (apply Qmult_le_0_compat; lra).
  assert (0 <= (o - 1) * (o + 1)) by (apply Qmult_le_0_compat; lra). split.
  - apply Qle_div_r; auto. setoid_replace (o / 3 + 1 / 6) with ((1 # 3) * o + (1 # 6)) by field.
    unfold d. lra.
  - apply Qle_div_l; auto. setoid_replace (o / 2) with ((1 # 2) * o) by field. unfold d. lra.
Qed.

(* ---- centroid *)
(* the mean of j over the tokens of a request: mom / volume *)
Definition mean (r : request) : Q :=
  (output r + 1) * (3 * prompt r + 2 * output r + 1) / (3 * (2 * prompt r + output r + 1)).
Lemma mom_mean r : rational (mom r) == volume r * mean r.
Proof.
  assert (H1 : rational (6 * mom r) == rational (output r * (output r + 1) * (3 * prompt r + 2 * output r + 1)))
    by now rewrite mom_closed.
  assert (H2 : rational (2 * volume r) == rational (output r * (2 * prompt r + output r + 1)))
    by now rewrite volume_closed.
  repeat (rewrite ?q_mul, ?q_add in H1). repeat (rewrite ?q_mul, ?q_add in H2).
  rewrite ?q_1, ?q_2, ?q_3, ?q_6 in *. unfold mean.
  pose proof (q_nonneg (prompt r)). pose proof (q_nonneg (output r)).
  set (s := rational (prompt r)) in *. set (o := rational (output r)) in *.
  set (m := rational (mom r)) in *. set (v := rational (volume r)) in *.
  assert (E : v == (1 # 2) * (o * (2 * s + o + 1))) by lra. rewrite E.
  setoid_replace m with ((1 # 6) * (o * (o + 1) * (3 * s + 2 * o + 1))) by lra.
  field. intros E'. lra.
Qed.
Lemma shape_mean r : shape r == (1 # 2) + output r - mean r.
Proof. reflexivity. Qed.
Lemma opt_centroid : Statements.opt_centroid.
Proof.
  intros M R Hw Hb Hv s HF. destruct (valid_memory M R Hw) as [->|HM].
  { apply feasible_nil in HF. subst. unfold sum_P, Qdiv. cbn [sum_before sum Qsum]. rewrite !Qmult_0_l. unfold total_latency. simpl. change (rational 0) with 0. lra. }
  destruct (weights M R Hw) as (D & w & HD & HwD).
  pose proof (centroid_bound M R s D w HwD Hb HF) as H. rewrite (pairmin_before R Hv) in H.
  to_Q H. rewrite (qsum_sum (fun x => D + 2 * D * output x)%nat), (qsum_sum (fun x => 2 * w x * mom x)%nat) in H.
  rewrite (qsum_ext (fun x => rational (2 * w x * mom x)) (fun x => D * (2 * mean x))) in H.
  2:{ intros r Hr. destruct (HwD r Hr) as [<- _]. rewrite !q_mul, mom_mean, q_2. ring. }
  rewrite (qsum_ext (fun x => rational (D + 2 * D * output x)) (fun x => D * (1 + 2 * output x))) in H.
  2:{ intros r _. rewrite q_add, !q_mul, q_2. ring. }
  rewrite !qsum_scale in H. unfold sum_P.
  rewrite (qsum_ext shape (fun r => (1 # 2) * (1 + 2 * output r) + - (1) * mean r))
    by (intros; rewrite shape_mean; ring).
  rewrite qsum_plus, !qsum_scale.
  assert (HDq : 0 < D) by (apply q_pos; auto). apply q_pos in HM.
  set (S1 := Qsum (fun x => 1 + 2 * output x) R) in *. set (X := Qsum mean R) in *.
  set (B := rational (sum_before 0 R)) in *. set (V := rational (sum volume R)) in *.
  set (T := rational (total_latency s)) in *. set (d := rational D) in *. set (m := rational M) in *.
  clearbody S1 X B V T d m. clear - H HDq HM.
  assert (H1 : d * (2 * B + V + m * S1 - m * (2 * X)) <= d * (2 * m * T)) by lra.
  apply Qmult_le_l in H1; [|exact HDq].
  apply (Qmult_le_l _ _ (2 * m)); [lra|].
  setoid_replace (2 * m * (B / m + V / (2 * m) + ((1 # 2) * S1 + - (1) * X)))
    with (2 * B + V + m * S1 - m * (2 * X)) by (field; intros E; lra).
  lra.
Qed.

(* ---- prices *)
(* what r, started at p, pays for its tokens *)
Lemma paid (y : nat -> Q) r p T : (p + output r <= T)%nat ->
  Qsum (fun t => y t * held r p t) (seq 1 T) == Qsum (fun j => y (p + j)%nat * (prompt r + j)) (seq 1 (output r)).
Proof.
  intros H. replace T with (p + (output r + (T - p - output r)))%nat by lia.
  rewrite !seq_app, !qsum_app.
  rewrite (qsum_zero _ (seq 1 p)).
  2:{ intros t Ht. apply in_seq in Ht. rewrite held_before, q_0 by lia. ring. }
  rewrite (qsum_zero _ (seq (1 + p + output r) _)).
  2:{ intros t Ht. apply in_seq in Ht. rewrite held_after, q_0 by lia. ring. }
  replace (seq (1 + p) (output r)) with (map (fun j => p + j)%nat (seq 1 (output r))).
  2:{ clear. generalize 1%nat as a. induction (output r) as [|o IH]; intros a; [reflexivity|].
      simpl. rewrite IH. f_equal. lia. }
  rewrite qsum_map, Qplus_0_l, Qplus_0_r. apply qsum_ext. intros j Hj. apply in_seq in Hj.
  rewrite held_in, q_add by lia. reflexivity.
Qed.
Lemma q_latency x : (arrival (fst x) <= snd x)%nat ->
  rational (latency x) == snd x + output (fst x) - arrival (fst x).
Proof. intros. unfold latency. rewrite q_sub, q_add by lia. reflexivity. Qed.
Lemma fin_le_sum l x : In x l -> (fin x <= sum fin l)%nat.
Proof. induction l; simpl; [easy|]. intros [->|H]; [|specialize (IHl H)]; lia. Qed.

Lemma opt_price : Statements.opt_price.
Proof.
  intros M R T y least Hy HT Hleast s HF. destruct HF as (HP & HA & HU).
  set (T' := (T + sum fin s)%nat).
  assert (E1 : Qsum (fun t => y t * used s t) (seq 1 T') ==
    Qsum (fun x => Qsum (fun j => y (snd x + j)%nat * (prompt (fst x) + j)) (seq 1 (output (fst x)))) s).
  { rewrite (qsum_ext _ (fun t => Qsum (fun x => y t * held (fst x) (snd x) t) s)).
    2:{ intros t _. unfold used. now rewrite qsum_sum, qsum_scale. }
    rewrite qsum_swap. apply qsum_ext. intros x Hx. apply paid.
    pose proof (fin_le_sum s x Hx). unfold T'. change (snd x + output (fst x))%nat with (fin x). lia. }
  assert (E2 : Qsum y (seq 1 T') == Qsum y (seq 1 T)).
  { unfold T'. rewrite seq_app, qsum_app, (qsum_zero y (seq (1 + T) _)); [ring|].
    intros t Ht. apply in_seq in Ht. apply HT. lia. }
  assert (E3 : Qsum (fun t => y t * used s t) (seq 1 T') <= M * Qsum y (seq 1 T)).
  { rewrite <- E2, <- qsum_scale. apply qsum_le. intros t _. specialize (Hy t).
    pose proof (q_le _ _ (HU t)). rewrite (Qmult_comm M). apply (Qmult_le_compat_nonneg); split; try lra.
    - apply q_nonneg. }
  assert (E4 : Qsum least R <= total_latency s + Qsum (fun t => y t * used s t) (seq 1 T')).
  { rewrite E1. unfold total_latency. rewrite qsum_sum, <- qsum_plus.
    rewrite <- (qsum_perm least _ _ HP), qsum_map. apply qsum_le. intros x Hx.
    rewrite Forall_forall in HA. rewrite q_latency by auto. apply Hleast; auto.
    eapply Permutation_in; [exact HP|]. now apply in_map. }
  lra.
Qed.
