(* SJF: fat requests of one step fill the memory while many thin ones of two steps wait. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Unbounded.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational Unbounded.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma step_none how M t s w : Forall (fun r => arrival r <= t /\ admissible M s r t = false) w ->
  step how (admissible M) t s w = (s, w).
Proof.
  induction 1 as [|r w [Ha Hr] _ IH]; [reflexivity|]. cbn [step]. rewrite IH, Hr.
  destruct (Nat.ltb_spec t (arrival r)); [lia|]. now destruct how.
Qed.
Section Family.
Variables k n : nat.
Hypothesis Hk : 1 <= k.
Hypothesis Hn : 1 <= n.
Let h := 2 * n * n.
Let M := k * h.
Definition fat := Request 0 (2 * n * n - 1) 1.
Definition thin := Request 0 0 2.
Definition thins : list request := repeat thin (k * (n * n)).
Lemma h_pos : 2 <= h. Proof. unfold h. nia. Qed.
Lemma peaks : peak fat = h /\ peak thin = 2 /\ h <= M.
Proof. pose proof h_pos. unfold peak, M. cbn [fat thin prompt output]. fold h. nia. Qed.
Lemma fat_held t : held fat t (t + 1) = h.
Proof. pose proof h_pos. rewrite held_in by (cbn [fat output]; lia). cbn [fat prompt]. fold h. lia. Qed.

(* k fats start at t, beside schedules that have ended *)
Lemma start_fats how t s rest : (forall d, 1 <= d -> used s (t + d) = 0) -> forall j i, i + j <= k ->
  step how (admissible M) t (repeat (fat, t) i ++ s) (repeat fat j ++ rest) = step how (admissible M) t (repeat (fat, t) (i + j) ++ s) rest.
Proof.
  intros Hs. induction j as [|j IH]; intros i Hi; [now rewrite Nat.add_0_r|].
  cbn [repeat app step]. destruct (Nat.ltb_spec t (arrival fat)) as [H|_]; [cbn in H; lia|].
  assert (E : admissible M (repeat (fat, t) i ++ s) fat t = true).
  { apply admissible_adm. intros d Hd. rewrite used_app, Hs by lia. unfold used. rewrite sum_repeat. cbn [fst snd].
    cbn [fat output] in Hd. replace d with 1 by lia. rewrite fat_held. pose proof h_pos. unfold M.
    cbn [fat prompt]. fold h. nia. }
  rewrite E. change ((fat, t) :: repeat (fat, t) i ++ s) with (repeat (fat, t) (S i) ++ s).
  rewrite IH by lia. now replace (i + S j) with (S i + j) by lia.
Qed.
Lemma blocked_all t s r : (forall d, 1 <= d -> used s (t + d) = 0) -> r = fat \/ r = thin ->
  admissible M (repeat (fat, t) k ++ s) r t = false.
Proof.
  intros Hs Hr. destruct (admissible M _ r t) eqn:E; auto. exfalso. apply admissible_adm in E.
  assert (Ho : 1 <= 1 <= output r) by (destruct Hr as [->| ->]; cbn; lia). specialize (E 1 Ho).
  rewrite used_app, Hs in E by lia. unfold used in E. rewrite sum_repeat in E. cbn [fst snd] in E.
  rewrite fat_held in E. unfold M in E. lia.
Qed.
Lemma step_fats how t s j : (forall d, 1 <= d -> used s (t + d) = 0) ->
  step how (admissible M) t s (repeat fat (k + j) ++ thins) = (repeat (fat, t) k ++ s, repeat fat j ++ thins).
Proof.
  intros Hs. rewrite repeat_app, <- app_assoc.
  pose proof (start_fats how t s (repeat fat j ++ thins) Hs k 0 (le_n k)) as E. cbn [repeat app Nat.add] in E.
  rewrite E. apply step_none. apply Forall_forall. intros r Hr.
  assert (Hr' : r = fat \/ r = thin).
  { apply in_app_or in Hr as [Hr|Hr]; apply repeat_spec in Hr; auto. }
  split; [destruct Hr' as [->| ->]; cbn; lia|]. now apply blocked_all.
Qed.
(* so in each of n steps *)
Lemma run_fats how more : forall m t s s', (forall d, 1 <= d -> used s (t + d) = 0) ->
  run more how (admissible M) t s (repeat fat (m * k) ++ thins) = Some s' ->
  forall i, i < m -> exists l1 l2, s' = l1 ++ repeat (fat, t + i) k ++ l2.
Proof.
  induction more as [|more IH]; intros m t s s' Hs H i Hi; destruct m as [|m]; try lia;
    cbn [run Nat.mul] in H; rewrite (step_fats how t s (m * k) Hs) in H.
  - destruct (repeat fat (m * k) ++ thins) eqn:E; [|discriminate]. exfalso. apply app_eq_nil in E as [_ E].
    unfold thins in E. destruct (k * (n * n)) eqn:E0; [nia|discriminate].
  - destruct (repeat fat (m * k) ++ thins) as [|r w] eqn:E.
    { exfalso. apply app_eq_nil in E as [_ E]. unfold thins in E. destruct (k * (n * n)) eqn:E0; [nia|discriminate]. }
    rewrite <- E in H. destruct i as [|i].
    + destruct (run_spec _ _ _ _ _ _ _ H) as (new & -> & _). exists new, s. now rewrite Nat.add_0_r.
    + assert (Hs' : forall d, 1 <= d -> used (repeat (fat, t) k ++ s) (S t + d) = 0).
      { intros d Hd. rewrite used_app. replace (S t + d) with (t + (S d)) by lia. rewrite Hs by lia.
        unfold used. rewrite sum_repeat. cbn [fst snd]. rewrite held_after by (cbn [fat output]; lia). lia. }
      destruct (IH m (S t) _ _ Hs' H i ltac:(lia)) as (l1 & l2 & ->). exists l1, l2.
      now replace (t + S i) with (S t + i) by lia.
Qed.

Definition shorts_first : list request := repeat fat (n * k) ++ thins.
Lemma which r : In r shorts_first -> r = fat \/ r = thin.
Proof. intros Hr. apply in_app_or in Hr as [Hr|Hr]; apply repeat_spec in Hr; auto. Qed.
Lemma shorts_valid : valid M shorts_first.
Proof.
  destruct peaks as (H1 & H2 & H3). pose proof h_pos. apply Forall_forall. intros r Hr.
  destruct (which r Hr) as [->| ->]; split; cbn [fat thin output]; lia.
Qed.
Lemma shorts_total how s : simulate how M shorts_first = Some s -> feasible M shorts_first s ->
  k * (n * n) * (n + 2) <= total_latency s.
Proof.
  intros Hsim (HP & HA & HU). unfold simulate in Hsim.
  assert (Hruns : forall i, i < n -> exists l1 l2, s = l1 ++ repeat (fat, i) k ++ l2).
  { intros i Hi. exact (run_fats how _ n 0 [] s ltac:(reflexivity) Hsim i Hi). }
  (* a thin one does not run in steps 1..n *)
  assert (Hthin : forall q, In (thin, q) s -> n <= q).
  { intros q Hq. destruct (le_lt_dec n q) as [|Hlt]; auto. exfalso.
    destruct (Hruns q Hlt) as (l1 & l2 & ->). specialize (HU (q + 1)).
    assert (Hq' : In (thin, q) (l1 ++ l2)).
    { apply in_app_or in Hq as [Hq|Hq]; [apply in_or_app; auto|]. apply in_app_or in Hq as [Hq|Hq]; [|apply in_or_app; auto].
      apply repeat_spec in Hq. inversion Hq as [[H1 H2]]. }
    rewrite !used_app in HU. unfold used at 2 in HU. rewrite sum_repeat in HU. cbn [fst snd] in HU.
    rewrite fat_held in HU. unfold M in HU.
    assert (1 <= used (l1 ++ l2) (q + 1)); [|rewrite used_app in *; lia].
    apply in_split in Hq' as (a & b & ->). rewrite used_app, used_cons, held_in by (cbn [thin output]; lia). lia. }
  unfold total_latency.
  (* the thins alone *)
  transitivity (sum (fun x => if output (fst x) =? 2 then n + 2 else 0) s).
  - rewrite <- (sum_map fst (fun r => if output r =? 2 then n + 2 else 0)), (sum_perm _ _ _ HP).
    unfold shorts_first, thins. rewrite sum_app, !sum_repeat. cbn [fat thin output Nat.eqb]. lia.
  - apply sum_le. intros [r q] Hx. cbn [fst].
    assert (Hr : In r shorts_first) by (eapply Permutation_in; [exact HP|]; exact (in_map fst _ _ Hx)).
    destruct (which r Hr) as [->| ->]; cbn [fat thin output Nat.eqb]; [lia|].
    pose proof (Hthin q Hx). unfold latency. cbn [fst snd thin output arrival]. lia.
Qed.
(* the thins first, then the fats *)
Fixpoint fats_from (t m : nat) : schedule :=
  match m with 0 => [] | S m' => repeat (fat, t) k ++ fats_from (S t) m' end.
Definition thins_first : schedule := map (fun r => (r, 0)) thins ++ fats_from 2 n.
Lemma fats_fst m : forall t, map fst (fats_from t m) = repeat fat (m * k).
Proof.
  induction m as [|m IH]; intros t; [reflexivity|]. cbn [fats_from Nat.mul]. rewrite map_app, IH, map_repeat, repeat_app.
  reflexivity.
Qed.
Lemma fats_used m : forall t u, used (fats_from t m) u <= M /\ (u <= t -> used (fats_from t m) u = 0).
Proof.
  induction m as [|m IH]; intros t u; cbn [fats_from]; [split; [apply Nat.le_0_l|reflexivity]|].
  rewrite used_app. unfold used at 1 3. rewrite sum_repeat. cbn [fst snd]. destruct (IH (S t) u) as [H1 H2].
  split.
  - destruct (le_lt_dec u (S t)) as [H|H].
    + rewrite H2 by exact H. pose proof (held_peak fat t u). destruct peaks as (E & _). unfold M. nia.
    + rewrite held_after by (cbn [fat output]; lia). lia.
  - intros Hu. rewrite held_before by lia. rewrite H2 by lia. lia.
Qed.
Lemma fats_total m : forall t, total_latency (fats_from t m) <= m * k * (t + m).
Proof.
  induction m as [|m IH]; intros t; [apply Nat.le_0_l|]. cbn [fats_from]. unfold total_latency in *.
  rewrite sum_app, sum_repeat. unfold latency at 1. cbn [fst snd fat output arrival]. specialize (IH (S t)). nia.
Qed.
Lemma thins_feasible : feasible M shorts_first thins_first.
Proof.
  split; [|split].
  - unfold thins_first, shorts_first. rewrite map_app, map_map, map_id, fats_fst. apply Permutation_app_comm.
  - apply Forall_forall. intros x Hx. assert (Hr : In (fst x) shorts_first).
    { apply (in_map fst) in Hx. unfold thins_first in Hx. rewrite map_app, map_map, map_id, fats_fst in Hx.
      unfold shorts_first. apply in_app_or in Hx. apply in_or_app. tauto. }
    destruct (which _ Hr) as [->| ->]; cbn; lia.
  - intros u. unfold thins_first. rewrite used_app. unfold used at 1. rewrite sum_map. unfold thins. rewrite sum_repeat.
    cbn [fst snd]. destruct (fats_used n 2 u) as [H1 H2]. destruct (le_lt_dec u 2) as [H|H].
    + rewrite H2 by exact H. pose proof (held_peak thin 0 u). destruct peaks as (_ & E & _). unfold M, h. nia.
    + rewrite held_after by (cbn [thin output]; lia). lia.
Qed.
Lemma thins_total : total_latency thins_first <= k * (n * n) * 2 + n * k * (2 + n).
Proof.
  unfold thins_first, total_latency. rewrite sum_app, sum_map. unfold thins. rewrite sum_repeat.
  unfold latency at 1. cbn [fst snd thin output arrival]. pose proof (fats_total n 2) as H. unfold total_latency in H. lia.
Qed.
End Family.
Open Scope Q_scope.
Lemma sjf_unbounded : Unbounded.sjf_unbounded.
Proof.
  intros how k c Hk. destruct (beyond ((3 # 2) * c)) as (n & Hn & Hc).
  set (M := (k * (2 * n * n))%nat). pose proof (shorts_valid k n Hk Hn) as Hw. fold M in Hw.
  destruct (simulate_feasible how M _ Hw) as (s & Es & HF). exists M, (shorts_first k n), s.
  destruct (peaks k n Hk Hn) as (H1 & H2 & H3).
  split; [exact Hw|]. split.
  { apply Forall_forall. intros r Hr. destruct (which k n r Hr) as [->| ->]; reflexivity. }
  split.
  { assert (Hrep : forall r j, StronglySorted (fun a b => (output a <= output b)%nat) (repeat r j)).
    { intros r j. induction j as [|j IH]; simpl; constructor; auto. apply Forall_forall.
      intros q Hq. apply repeat_spec in Hq as ->. lia. }
    unfold shorts_first. generalize (n * k)%nat as i. induction i as [|j IH]; [apply Hrep|]. cbn [repeat app].
    constructor; auto. apply Forall_forall. intros q Hq. apply in_app_or in Hq as [Hq|Hq]; apply repeat_spec in Hq as ->; cbn; lia. }
  split.
  { assert (Hp : max_peak (shorts_first k n) = (2 * n * n)%nat).
    { apply Nat.le_antisymm.
      - assert (Hmax : forall l, (forall r, In r l -> peak r <= 2 * n * n)%nat -> (max_peak l <= 2 * n * n)%nat).
        { induction l as [|r l IH]; simpl; intros H; [lia|]. pose proof (H r (or_introl eq_refl)).
          specialize (IH (fun q h => H q (or_intror h))). lia. }
        apply Hmax. intros r Hr. destruct (which k n r Hr) as [->| ->]; [lia|]. rewrite H2. nia.
      - rewrite <- H1. apply peak_le. unfold shorts_first. apply in_or_app. left.
        destruct (n * k)%nat eqn:E; [nia|now left]. }
    unfold eps. rewrite Hp. unfold M. rewrite (q_mul k). assert (0 < rational (2 * n * n)) by (apply q_pos; nia).
    assert (0 < rational k) by (apply q_pos; lia). field. split; intros E; lra. }
  split; [exact Es|]. exists (thins_first k n). split; [now apply thins_feasible|].
  pose proof (shorts_total k n Hk Hn how s Es HF) as HA. pose proof (thins_total k n Hk Hn) as HB.
  assert (HC : (n * total_latency (thins_first k n) <= 3 * total_latency s)%nat).
  { etransitivity; [apply Nat.mul_le_mono_l; exact HB|]. etransitivity; [|apply Nat.mul_le_mono_l; exact HA]. nia. }
  assert (HA1 : (1 <= total_latency s)%nat) by nia.
  to_Q HC. apply q_pos in HA1. pose proof (q_nonneg (total_latency (thins_first k n))) as HT.
  set (A := rational (total_latency s)) in *. set (B := rational (total_latency (thins_first k n))) in *.
  assert (0 <= (n - 2 * ((3 # 2) * c)) * B) by (apply Qmult_le_0_compat; lra).
  destruct (Qlt_le_dec 0 B) as [HB0|HB0].
  - assert (2 * ((3 # 2) * c) * B < n * B) by (apply Qmult_lt_r; auto). lra.
  - assert (EB : B == 0) by lra. rewrite EB. lra.
Qed.
