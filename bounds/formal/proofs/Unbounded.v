(* Long requests that fill the memory start first, and short ones wait for their end. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qround Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Unbounded.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma map_repeat {A B} (f : A -> B) x n : map f (repeat x n) = repeat (f x) n.
Proof. induction n; simpl; congruence. Qed.
(* ---- what starts at step 0 *)
Lemma step_pass how M s early w : Forall (fun r => 0 < arrival r) early ->
  step how (admissible M) 0 s (early ++ w) = (fst (step how (admissible M) 0 s w), early ++ snd (step how (admissible M) 0 s w)).
Proof.
  induction 1 as [|r early Hr _ IH]; cbn [app]; [now destruct (step how (admissible M) 0 s w)|].
  cbn [step]. rewrite IH. destruct (Nat.ltb_spec 0 (arrival r)); [reflexivity|lia].
Qed.
Lemma step_first how M long k rest : arrival long = 0 -> forall i, (i + k) * peak long <= M ->
  step how (admissible M) 0 (repeat (long, 0) i) (repeat long k ++ rest) =
  step how (admissible M) 0 (repeat (long, 0) (i + k)) rest.
Proof.
  intros Ha. induction k as [|k IH]; intros i Hi; [now rewrite Nat.add_0_r|].
  cbn [repeat app step]. rewrite Ha. cbn [Nat.ltb Nat.leb].
  assert (E : admissible M (repeat (long, 0) i) long 0 = true).
  { apply admissible_adm. intros d Hd. unfold used. rewrite sum_repeat. cbn [fst snd].
    pose proof (held_peak long 0 (0 + d)). unfold peak in *. nia. }
  rewrite E. change ((long, 0) :: repeat (long, 0) i) with (repeat (long, 0) (S i)).
  rewrite IH by lia. now replace (i + S k) with (S i + k) by lia.
Qed.
Lemma simulate_first how M early long k rest s : Forall (fun r => 0 < arrival r) early ->
  arrival long = 0 -> k * peak long <= M -> simulate how M (early ++ repeat long k ++ rest) = Some s ->
  exists s', s = s' ++ repeat (long, 0) k.
Proof.
  intros He Ha Hk. unfold simulate. set (more := _ + _). clearbody more. intros H.
  assert (HS : exists new w, step how (admissible M) 0 [] (early ++ repeat long k ++ rest) = (new ++ repeat (long, 0) k, w)).
  { rewrite step_pass by auto. pose proof (step_first how M long k rest Ha 0 Hk) as E. cbn [repeat Nat.add] in E.
    rewrite E. destruct (step how (admissible M) 0 (repeat (long, 0) k) rest) as [s1 w1] eqn:E1.
    destruct (step_spec _ _ _ _ _ _ _ E1) as (new & -> & _). cbn [fst snd]. eauto. }
  destruct HS as (new & w & HS). destruct more as [|more]; cbn [run] in H; rewrite HS in H; destruct w as [|r w];
    try discriminate; try (inversion H; subst; now exists new).
  destruct (run_spec _ _ _ _ _ _ _ H) as (new' & -> & _). exists (new' ++ new). now rewrite app_assoc.
Qed.

(* ---- k longs at 0, k n shorts that arrive at a *)
Section Family.
Variables k n a : nat.
Hypothesis Hk : 1 <= k.
Hypothesis Hn : 1 <= n.
Hypothesis Ha : a <= 1.
Let M := k * n * (k * n + 1).
Definition tall := Request 0 (k * (n * n)) n.
Definition low := Request a (k * n) 1.
Lemma tall_peak : k * peak tall = M. Proof. unfold peak, M. cbn [tall prompt output]. ring. Qed.
Lemma low_peak : k * n * peak low = M. Proof. unfold peak, M. cbn [low prompt output]. ring. Qed.
Lemma peak_order : peak low <= peak tall.
Proof. unfold peak. cbn [tall low prompt output]. nia. Qed.
Lemma M_pos : 1 <= M /\ peak tall <= M /\ peak low <= M.
Proof.
  pose proof tall_peak. pose proof peak_order. assert (peak tall <= M) by nia.
  assert (1 <= peak tall) by (unfold peak; cbn [tall output]; lia). lia.
Qed.
Lemma all_or r R : Permutation R (repeat tall k ++ repeat low (k * n)) -> In r R -> r = tall \/ r = low.
Proof.
  intros HP Hr. eapply Permutation_in in Hr; [|exact HP].
  apply in_app_or in Hr as [Hr|Hr]; apply repeat_spec in Hr; auto.
Qed.
Lemma family_valid R : Permutation R (repeat tall k ++ repeat low (k * n)) -> valid M R.
Proof.
  intros HP. apply Forall_forall. intros r Hr. destruct M_pos as (_ & H1 & H2).
  destruct (all_or r R HP Hr) as [->| ->]; split; auto; cbn [tall low output]; lia.
Qed.
Lemma family_peak R : Permutation R (repeat tall k ++ repeat low (k * n)) -> max_peak R = peak tall.
Proof.
  intros HP. apply Nat.le_antisymm.
  - assert (H : forall l, (forall r, In r l -> peak r <= peak tall) -> max_peak l <= peak tall).
    { induction l as [|r l IH]; simpl; intros H; [lia|]. pose proof (H r (or_introl eq_refl)).
      specialize (IH (fun q h => H q (or_intror h))). lia. }
    apply H. intros r Hr. destruct (all_or r R HP Hr) as [->| ->]; [lia|apply peak_order].
  - apply peak_le. eapply Permutation_in; [symmetry; exact HP|]. apply in_or_app. left. destruct k; [lia|now left].
Qed.
(* the shorts at once, the longs after them *)
Definition kind : schedule := repeat (tall, a + 1) k ++ repeat (low, a) (k * n).
Lemma kind_feasible R : Permutation R (repeat tall k ++ repeat low (k * n)) -> feasible M R kind.
Proof.
  intros HP. split; [|split].
  - rewrite HP. unfold kind. rewrite map_app, !map_repeat. reflexivity.
  - apply Forall_app. split; apply Forall_forall; intros x Hx; apply repeat_spec in Hx as ->; cbn; lia.
  - intros t. unfold kind. rewrite used_app. unfold used. rewrite !sum_repeat. cbn [fst snd].
    destruct (le_lt_dec t (a + 1)).
    + rewrite (held_before tall) by lia. pose proof (held_peak low a t). rewrite <- low_peak. nia.
    + rewrite (held_after low) by (cbn [low output]; lia). pose proof (held_peak tall (a + 1) t). rewrite <- tall_peak. nia.
Qed.
Lemma kind_total : total_latency kind = k * (a + 1 + n) + k * n.
Proof.
  unfold kind, total_latency. rewrite sum_app, !sum_repeat. unfold latency. cbn [fst snd tall low output arrival]. nia.
Qed.
Lemma family_total R s s' : Permutation R (repeat tall k ++ repeat low (k * n)) -> feasible M R s ->
  s = s' ++ repeat (tall, 0) k -> k * n + k * n * (n + 1 - a) <= total_latency s.
Proof.
  intros HP (HS & HA & HU) ->. rewrite map_app, map_repeat in HS. cbn [fst] in HS. rewrite HP in HS.
  assert (HL : Permutation (map fst s') (repeat low (k * n))).
  { apply (Permutation_app_inv_l (repeat tall k)). rewrite <- HS. apply Permutation_app_comm. }
  apply Forall_app in HA as [HA _]. rewrite Forall_forall in HA.
  unfold total_latency. rewrite sum_app, sum_repeat. unfold latency at 2. cbn [fst snd tall output arrival].
  assert (Hlen : length s' = k * n) by (rewrite <- (map_length fst), (Permutation_length HL); apply repeat_length).
  assert ((n + 1 - a) * length s' <= sum latency s'); [|rewrite Hlen in *; nia].
  rewrite <- sum_const. apply sum_le. intros [r q] Hx.
  assert (Hr : r = low).
  { apply (repeat_spec (k * n)). eapply Permutation_in; [exact HL|]. exact (in_map fst _ _ Hx). }
  subst r. assert (Hq : n <= q).
  { destruct (le_lt_dec n q) as [|Hq]; auto. exfalso. specialize (HU (q + 1)). rewrite used_app in HU.
    apply in_split in Hx as (s1 & s2 & ->). rewrite used_app, used_cons in HU.
    unfold used at 3 in HU. rewrite sum_repeat in HU. cbn [fst snd] in HU.
    rewrite (held_in low) in HU by (cbn [low output]; lia).
    replace (q + 1) with (0 + (q + 1)) in HU at 3 by lia.
    rewrite (held_in tall) in HU by (cbn [tall output]; lia). cbn [low tall prompt] in HU. unfold M in HU. nia. }
  unfold latency. cbn [fst snd low output arrival]. lia.
Qed.
End Family.

Open Scope Q_scope.
Lemma exceeds_half k n a R s s' c : (1 <= k)%nat -> (1 <= n)%nat -> (a <= 1)%nat -> 2 * c < n ->
  Permutation R (repeat (tall k n) k ++ repeat (low k n a) (k * n)) ->
  feasible (k * n * (k * n + 1)) R s -> s = s' ++ repeat (tall k n, 0%nat) k ->
  exceeds c (k * n * (k * n + 1)) R s.
Proof.
  intros Hk Hn Ha Hc HP HF Hs. exists (kind k n a). split; [now apply kind_feasible|].
  pose proof (family_total k n a Hk Hn Ha R s s' HP HF Hs) as H. pose proof (kind_total k n a Hk Hn Ha) as E.
  assert (H2 : (n * total_latency (kind k n a) <= 2 * total_latency s)%nat).
  { rewrite E. etransitivity; [|apply Nat.mul_le_mono_l; exact H]. destruct a as [|[|]]; [| |lia].
    - replace (n + 1 - 0)%nat with (n + 1)%nat by lia. nia.
    - replace (n + 1 - 1)%nat with n by lia. nia. }
  assert (H3 : (1 <= total_latency (kind k n a))%nat) by (rewrite E; nia).
  to_Q H2. apply q_pos in H3.
  set (T := rational (total_latency s)) in *. set (B := rational (total_latency (kind k n a))) in *.
  assert (2 * c * B < n * B) by (apply Qmult_lt_r; auto). lra.
Qed.
Lemma beyond (c : Q) : exists n : nat, (1 <= n)%nat /\ 2 * c < n.
Proof.
  exists (S (Z.to_nat (Qceiling (2 * c)))). split; [lia|]. pose proof (Qle_ceiling (2 * c)).
  unfold rational. eapply Qle_lt_trans; [exact H|]. rewrite <- Zlt_Qlt. lia.
Qed.
Lemma family_eps k n R a : (1 <= k)%nat -> (1 <= n)%nat -> (a <= 1)%nat ->
  Permutation R (repeat (tall k n) k ++ repeat (low k n a) (k * n)) ->
  eps (k * n * (k * n + 1)) R == 1 / k.
Proof.
  intros Hk Hn Ha HP. unfold eps. rewrite (family_peak k n a Hk Hn Ha R HP), <- (tall_peak k n), q_mul.
  assert (0 < rational (peak (tall k n))) by (apply q_pos; unfold peak; cbn [tall output]; lia).
  assert (0 < rational k) by (apply q_pos; lia). field. split; intros E; lra.
Qed.
Lemma fcfs_unbounded : Unbounded.fcfs_unbounded.
Proof.
  intros how k c Hk. destruct (beyond c) as (n & Hn & Hc).
  set (R := repeat (tall k n) k ++ repeat (low k n 0) (k * n)). set (M := (k * n * (k * n + 1))%nat).
  assert (HP : Permutation R R) by reflexivity. pose proof (family_valid k n 0 Hk Hn ltac:(lia) R HP) as Hw. fold M in Hw.
  destruct (simulate_feasible how M R Hw) as (s & Es & HF). exists M, R, s.
  split; [exact Hw|]. split.
  { apply Forall_forall. intros r Hr. destruct (all_or k n 0 r R HP Hr) as [->| ->]; reflexivity. }
  split; [apply (family_eps k n R 0); auto|]. split; [exact Es|].
  destruct (simulate_first how M [] (tall k n) k (repeat (low k n 0) (k * n)) s ltac:(constructor) eq_refl) as (s' & E); auto.
  { rewrite tall_peak. apply Nat.le_refl. }
  apply (exceeds_half k n 0 R s s' c); auto.
Qed.
Lemma svf_online_prompts : Unbounded.svf_online_prompts.
Proof.
  intros how k c Hk. destruct (beyond c) as (n & Hn & Hc).
  set (R := repeat (low k n 1) (k * n) ++ repeat (tall k n) k). set (M := (k * n * (k * n + 1))%nat).
  assert (HP : Permutation R (repeat (tall k n) k ++ repeat (low k n 1) (k * n))) by apply Permutation_app_comm.
  pose proof (family_valid k n 1 Hk Hn ltac:(lia) R HP) as Hw. fold M in Hw.
  destruct (simulate_feasible how M R Hw) as (s & Es & HF). exists M, R, s.
  split; [exact Hw|]. split.
  { assert (Hv : (volume (low k n 1) <= volume (tall k n))%nat).
    { pose proof (volume_closed (low k n 1)). pose proof (volume_closed (tall k n)).
      cbn [low tall prompt output] in *. nia. }
    assert (Hrep : forall r j, StronglySorted (fun a b => (volume a <= volume b)%nat) (repeat r j)).
    { intros r j. induction j as [|j IH]; simpl; constructor; auto. apply Forall_forall.
      intros q Hq. apply repeat_spec in Hq as ->. lia. }
    unfold by_volume, R. generalize (k * n)%nat as i. induction i as [|j IH]; [apply Hrep|]. cbn [repeat app]. constructor; auto.
    apply Forall_forall. intros q Hq. apply in_app_or in Hq as [Hq|Hq]; apply repeat_spec in Hq as ->; lia. }
  split; [apply (family_eps k n R 1); auto|]. split; [exact Es|].
  destruct (simulate_first how M (repeat (low k n 1) (k * n)) (tall k n) k [] s) as (s' & E); auto.
  { apply Forall_forall. intros r Hr. apply repeat_spec in Hr as ->. cbn. lia. }
  { rewrite tall_peak. apply Nat.le_refl. }
  { rewrite app_nil_r. exact Es. }
  apply (exceeds_half k n 1 R s s' c); auto.
Qed.
