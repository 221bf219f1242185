(* From below: waves. No constant below 2, however small eps. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational.
Open Scope nat_scope.
Set Default Timeout 100.

Section Waves.
Variables k d : nat.
Hypothesis Hk : 1 <= k.
Hypothesis Hd : 1 <= d.
Definition L := (2 * k - 1) * d - 1.
Hypothesis HL : 1 <= L.
Definition M := k * L.
Definition r := Request 0 0 L.

Lemma L_eq : L + 1 + d = 2 * k * d.
Proof. unfold L in *. rewrite Nat.mul_sub_distr_r in *. nia. Qed.

(* the starts of n requests, where j of wave w have started *)
Fixpoint ws (n j w : nat) : list nat :=
  match n with
  | 0 => []
  | S n' => if j <? k then w * L :: ws n' (S j) w else S w * L :: ws n' 1 (S w)
  end.
Definition at_starts (ps : list nat) : schedule := map (pair r) ps.

Lemma used_repeat x j t : used (repeat x j) t = j * held (fst x) (snd x) t.
Proof. unfold used. induction j; simpl; lia. Qed.
Lemma used_old l t u : Forall (fun x => fin x <= t) l -> t < u -> used l u = 0.
Proof.
  intros H Hu. unfold used. induction H as [|[q p] l Hq _ IH]; simpl; [easy|].
  unfold fin in Hq; simpl in Hq. rewrite held_after by lia. exact IH.
Qed.
Lemma wave_strict n : forall j w old, j <= k -> Forall (fun x => fin x <= w * L) old ->
  strict M (repeat (r, w * L) j ++ old) (w * L) (at_starts (ws n j w)).
Proof.
  induction n as [|n IH]; intros j w old Hj Hold; cbn [ws at_starts map]; [constructor|].
  destruct (Nat.ltb_spec j k); cbn [map].
  - constructor; [lia| |intros; lia|].
    + intros e He. simpl in *. rewrite used_app, used_repeat, (used_old _ _ _ Hold) by lia.
      cbn [fst snd]. rewrite held_in by (simpl; lia). simpl. unfold M. nia.
    + exact (IH (S j) w old ltac:(lia) Hold).
  - assert (j = k) by lia. subst j.
    assert (HF : Forall (fun x => fin x <= S w * L) (repeat (r, w * L) k ++ old)).
    { apply Forall_app. split.
      - apply Forall_forall. intros x Hx. apply repeat_spec in Hx. subst. unfold fin; simpl. lia.
      - eapply Forall_impl; [|exact Hold]. simpl; lia. }
    constructor; [simpl; lia| | |].
    + apply adm_idle; auto. unfold peak. simpl. unfold M. nia.
    + intros t Ht Ha. specialize (Ha (w * L + L - t)). simpl in *.
      replace (t + (w * L + L - t)) with (w * L + L) in Ha by lia.
      rewrite used_app, used_repeat in Ha. cbn [fst snd] in Ha. rewrite held_in in Ha by (simpl; lia).
      specialize (Ha ltac:(lia)). unfold M in Ha. simpl in Ha. lia.
    + exact (IH 1 (S w) _ Hk HF).
Qed.

Notation plain := (sum (fun x => x)).
Lemma ws_in_wave i : i <= k -> forall n w, plain (ws (i + n) (k - i) w) = i * (w * L) + plain (ws n k w).
Proof.
  induction i as [|i IH]; intros Hi n w; [rewrite Nat.sub_0_r; reflexivity|].
  cbn [Nat.add ws]. destruct (Nat.ltb_spec (k - S i) k); [|lia].
  replace (S (k - S i)) with (k - i) by lia. cbn [sum]. rewrite IH by lia. lia.
Qed.
Lemma ws_next n w : ws n k w = ws n 0 (S w).
Proof. destruct n; auto. cbn [ws]. rewrite Nat.ltb_irrefl. destruct (Nat.ltb_spec 0 k); [auto|lia]. Qed.
Lemma ws_sum N : forall w, 2 * plain (ws (k * N) 0 w) + k * L * N = k * L * (2 * w * N + N * N).
Proof.
  induction N as [|N IH]; intros w; [rewrite !Nat.mul_0_r; reflexivity|].
  replace (k * S N) with (k + k * N) by lia.
  pose proof (ws_in_wave k (le_n k) (k * N) w) as E. rewrite Nat.sub_diag, ws_next in E. rewrite E.
  specialize (IH (S w)). nia.
Qed.

(* one every d steps *)
Definition stagger (n : nat) : list nat := map (fun i => (i - 1) * d) (seq 1 n).
Lemma tsum_rev f n : tsum f n = tsum (fun i => f (S n - i)) n.
Proof.
  induction n as [|n IH]; [reflexivity|].
  pose proof (tsum_split (fun i => f (S (S n) - i)) 1 n) as E. cbn [tsum Nat.add] in *. rewrite E, IH.
  rewrite Nat.add_comm. reflexivity.
Qed.
Lemma tsum_stop f a b : (forall j, b < j -> f j = 0) -> tsum f a <= tsum f b.
Proof.
  intros H. destruct (le_lt_dec a b); [now apply tsum_mono|].
  replace a with (b + (a - b)) by lia. rewrite tsum_split.
  rewrite (tsum_ext _ (fun _ => 0) (a - b)) by (intros; apply H; lia). rewrite tsum_const. lia.
Qed.
Lemma arith a q : 2 * tsum (fun j => a + (j - 1) * d) q + q * d = q * (2 * a + q * d).
Proof. induction q; cbn [tsum]; [reflexivity|]. replace (S q - 1) with q by lia. nia. Qed.
(* ages a, a + d, ... up to L *)
Lemma ages a m : 1 <= a <= d ->
  tsum (fun j => if a + (j - 1) * d <=? L then a + (j - 1) * d else 0) m <= M.
Proof.
  intros Ha. pose proof L_eq as HE.
  set (q := if a =? d then 2 * k - 2 else 2 * k - 1).
  etransitivity; [apply (tsum_stop _ m q)|].
  - intros j Hj. destruct (Nat.leb_spec (a + (j - 1) * d) L); auto. exfalso.
    assert (Ej : (j - 1) * d + d = j * d) by (destruct j; [lia|simpl; rewrite Nat.sub_0_r; lia]).
    unfold q in Hj. destruct (Nat.eqb_spec a d).
    + assert (2 * k * d <= (j + 1) * d) by (apply Nat.mul_le_mono_r; lia). lia.
    + assert (2 * k * d <= j * d) by (apply Nat.mul_le_mono_r; lia). lia.
  - etransitivity; [apply (tsum_le _ (fun j => a + (j - 1) * d))|].
    + intros j _. cbv beta. destruct (Nat.leb_spec (a + (j - 1) * d) L); lia.
    + pose proof (arith a q). unfold M. unfold q in *. clear q.
      destruct (Nat.eqb_spec a d).
      * subst a. set (T := tsum _ _) in *. destruct k as [|k']; [lia|].
        replace (2 * S k' - 2) with (2 * k') in * by lia. nia.
      * set (T := tsum _ _) in *. destruct k as [|k']; [lia|].
        replace (2 * S k' - 1) with (2 * k' + 1) in * by lia. nia.
Qed.
Lemma used_at ps t : used (at_starts ps) t = sum (fun p => held r p t) ps.
Proof. unfold used, at_starts. now rewrite sum_map. Qed.
Lemma fst_at ps : map fst (at_starts ps) = repeat r (length ps).
Proof. induction ps; simpl; congruence. Qed.
Lemma stagger_used n t : used (at_starts (stagger n)) t <= M.
Proof.
  rewrite used_at. unfold stagger. rewrite sum_map, sum_seq.
  destruct t as [|t].
  - rewrite (tsum_ext _ (fun _ => 0)) by (intros; apply held_before, Nat.le_0_l). rewrite tsum_const. lia.
  - set (e := t / d). assert (He : e * d <= t < e * d + d).
    { unfold e. pose proof (Nat.div_mod t d ltac:(lia)). pose proof (Nat.mod_upper_bound t d ltac:(lia)). nia. }
    transitivity (tsum (fun i => held r ((i - 1) * d) (S t)) (S e)).
    + apply tsum_stop. intros j Hj. apply held_before. nia.
    + rewrite tsum_rev. etransitivity; [|apply (ages (S t - e * d) (S e)); lia].
      apply tsum_le. intros j Hj. unfold held. cbn [prompt output r].
      replace (S (S e) - j - 1) with (e - (j - 1)) by lia.
      assert (E : (e - (j - 1)) * d + (j - 1) * d = e * d) by nia.
      set (X := (e - (j - 1)) * d) in *. set (Y := (j - 1) * d) in *. set (W := e * d) in *.
      clearbody X Y W. destruct (Nat.ltb_spec X (S t)), (Nat.leb_spec (S t) (X + L)),
        (Nat.leb_spec (S t - W + Y) L); cbn [andb]; lia.
Qed.

Lemma waves_backlog n : backlog (repeat r n).
Proof. apply Forall_forall. intros x Hx. apply repeat_spec in Hx. now subst. Qed.
Lemma stagger_feasible n : feasible M (repeat r n) (at_starts (stagger n)).
Proof.
  split; [|split; [|apply stagger_used]].
  - rewrite fst_at. unfold stagger. now rewrite map_length, seq_length.
  - apply Forall_forall. intros x Hx. apply in_map_iff in Hx as (p & <- & _). simpl. lia.
Qed.
Lemma waves_valid n : valid M (repeat r n).
Proof.
  apply Forall_forall. intros x Hx. apply repeat_spec in Hx. subst. unfold peak, M. simpl. nia.
Qed.
Lemma waves_by_volume n : by_volume (repeat r n).
Proof.
  induction n; simpl; constructor; auto. apply Forall_forall. intros x Hx. apply repeat_spec in Hx.
  now subst.
Qed.
Lemma peak_repeat n : 1 <= n -> max_peak (repeat r n) = L.
Proof.
  induction n as [|n IH]; [lia|]. intros _. cbn [repeat max_peak fold_right].
  fold (max_peak (repeat r n)). unfold peak at 1. cbn [prompt output r].
  destruct n; [simpl; lia|]. rewrite IH by lia. lia.
Qed.
Lemma ws_length n : forall j w, length (ws n j w) = n.
Proof. induction n; intros; cbn [ws]; [reflexivity|]. destruct (_ <? _); simpl; now rewrite IHn. Qed.
Lemma latency_at ps : total_latency (at_starts ps) = sum (fun x => x) ps + length ps * L.
Proof.
  unfold total_latency, at_starts. rewrite sum_map. unfold latency. cbn [fst snd arrival output r].
  induction ps as [|p ps IH]; cbn [sum length]; lia.
Qed.

Theorem waves N : let R := repeat r (k * N) in 1 <= N -> exists s staggered,
  strict_svf M R s /\ max_peak R = L /\ feasible M R staggered /\
  2 * total_latency s = k * L * N * (N + 1) /\
  2 * total_latency staggered = d * (k * N) * (k * N - 1) + 2 * (k * N) * L.
Proof.
  intros R HN. exists (rev (at_starts (ws (k * N) 0 0))), (at_starts (stagger (k * N))).
  assert (Hw : valid M R) by apply waves_valid. assert (Hb : backlog R) by apply waves_backlog.
  split; [|split; [|split; [|split]]].
  - do 2 (split; [assumption|]). split; [apply waves_by_volume|]. apply strict_simulate; auto.
    + exact (wave_strict (k * N) 0 0 [] ltac:(lia) (Forall_nil _)).
    + now rewrite fst_at, ws_length.
  - apply peak_repeat. nia.
  - apply stagger_feasible.
  - unfold total_latency. rewrite <- (sum_perm _ _ _ (Permutation_rev _)).
    change (2 * total_latency (at_starts (ws (k * N) 0 0)) = k * L * N * (N + 1)).
    rewrite latency_at, ws_length. pose proof (ws_sum N 0). nia.
  - rewrite latency_at. unfold stagger. rewrite map_length, seq_length, sum_map, sum_seq.
    pose proof (arith 0 (k * N)) as HA. cbn [Nat.add] in HA. set (T := tsum _ _) in *.
    set (n := k * N) in *. assert (1 <= n) by (unfold n; nia). nia.
Qed.
End Waves.

Lemma arith1 b K l : l + 1 + (S b + 1) = 2 * (S b + 1 + K) * (S b + 1) ->
  (2 * b + 1) * ((S b + 1) * (S b + 1 + K)) + 1 <= S b * l.
Proof. intros H. apply (f_equal (Nat.mul (S b))) in H. nia. Qed.
Lemma arith2 B b d k l N n : n = k * N -> 1 <= n -> B = 2 * b + 1 ->
  B * (d * k) + 1 <= S b * l -> 4 * S b * l <= N ->
  B * (d * (n - 1) + 2 * l) < S b * l * (N + 1).
Proof.
  intros Hn H1 HB Hl HN.
  assert (E1 : B * (d * (n - 1)) <= B * (d * k) * N).
  { rewrite <- !Nat.mul_assoc. apply Nat.mul_le_mono_l, Nat.mul_le_mono_l. lia. }
  assert (E2 : (B * (d * k) + 1) * N <= S b * l * N) by (apply Nat.mul_le_mono_r; exact Hl).
  assert (E3 : B * (2 * l) <= N) by nia.
  assert (E4 : 1 <= S b * l) by lia.
  rewrite Nat.mul_add_distr_r in E2. rewrite !Nat.mul_add_distr_l. lia.
Qed.
(* for every ratio a / b below 2 and every K there is a backlog with eps <= 1/K and SVF > a/b OPT *)
Lemma no_constant_below_2 a b K : a < 2 * b -> exists M R s better,
  K * max_peak R <= M /\ 1 <= M /\ strict_svf M R s /\ feasible M R better /\
  a * total_latency better < b * total_latency s.
Proof.
  intros Hab. destruct b as [|b]; [lia|]. set (k := S b + 1 + K). set (d := S b + 1).
  assert (HL : 1 <= L k d) by (unfold L, k, d; nia).
  set (N := 4 * S b * L k d). assert (HN : 1 <= N) by (unfold N; nia).
  destruct (waves k d ltac:(lia) ltac:(lia) HL N HN) as (s & better & Hs & Hp & HF & HS & HO).
  exists (M k d), (repeat (r k d) (k * N)), s, better. split.
  { rewrite Hp. apply Nat.mul_le_mono_r. unfold k. lia. }
  split; [unfold M; apply (Nat.mul_le_mono 1 k 1 (L k d)); [unfold k; lia|exact HL]|]. do 2 (split; [assumption|]).
  set (A := total_latency s) in *. set (O := total_latency better) in *. clearbody A O. clear Hs Hp HF.
  pose proof (L_eq k d ltac:(lia) ltac:(lia) HL) as HE.
  assert (Hn : 1 <= k * N) by (apply (Nat.mul_le_mono 1 k 1 N); unfold k; lia).
  pose proof (arith2 (2 * b + 1) b d k (L k d) N (k * N) eq_refl Hn eq_refl
    (arith1 b K _ HE) (le_n _)) as H2.
  assert (H8 : S b * (2 * A) = k * N * (S b * L k d * (N + 1))) by (rewrite HS; ring).
  assert (H3 : a * (2 * O) <= (2 * b + 1) * (2 * O)) by (apply Nat.mul_le_mono_r; lia).
  assert (H4 : 2 * O <= k * N * (d * (k * N - 1) + 2 * L k d))
    by (rewrite HO; apply Nat.eq_le_incl; ring).
  apply (Nat.mul_le_mono_l _ _ (2 * b + 1)) in H4.
  apply (Nat.mul_lt_mono_pos_l (k * N)) in H2; [|lia].
  set (X := d * (k * N - 1) + 2 * L k d) in *. set (n := k * N) in *.
  assert (E : (2 * b + 1) * (n * X) = n * ((2 * b + 1) * X)) by ring.
  set (P := n * (S b * L k d * (N + 1))) in *. rewrite E in H4. clearbody P.
  set (Q := n * ((2 * b + 1) * X)) in *. clearbody Q. clear - H2 H3 H4 H8.
  assert (a * (2 * O) < S b * (2 * A)) by lia. nia.
Qed.

Open Scope Q_scope.
(* from natural numbers to rationals: c = a / b, 1 / e <= K *)
Lemma exceeds_from_nat c0 :
  (forall a b K : nat, (1 <= a)%nat -> (1 <= b)%nat -> (a : Q) < c0 * b -> (1 <= K)%nat ->
    exists M R s better, (K * max_peak R <= M)%nat /\ (1 <= M)%nat /\ strict_svf M R s /\
      feasible M R better /\ (a * total_latency better < b * total_latency s)%nat) ->
  forall c e, 0 < c -> c < c0 -> 0 < e -> strict_svf_exceeds c e.
Proof.
  intros H c e Hc Hc0 He. destruct (q_quotient c Hc) as (a & b & Ha & Hb & Ec).
  destruct (q_quotient e He) as (x & K & Hx & HK & Ee).
  assert (Hbq : 0 < b) by now apply q_pos. assert (HKq : 0 < K) by now apply q_pos.
  destruct (H a b K Ha Hb) as (M & R & s & better & H1 & HM & H2 & H3 & H4); auto.
  { rewrite Ec in Hc0. apply (Qmult_lt_r _ _ b) in Hc0; auto.
    setoid_replace (a / b * b) with (a : Q) in Hc0 by (field; intros E; lra). exact Hc0. }
  exists M, R, s, better. repeat split; try apply H2; try apply H3.
  - unfold eps. rewrite Ee. apply q_pos in HM. to_Q H1. apply Qle_div_l; auto.
    apply (q_le 1) in Hx. rewrite q_1 in Hx.
    setoid_replace (x / K * M) with (x * M / K) by (field; intros E; lra).
    apply Qle_div_r; auto. apply Qle_trans with M; [lra|].
    assert (0 <= (x - 1) * M) by (apply Qmult_le_0_compat; lra). lra.
  - rewrite Ec. apply q_lt in H4. rewrite !q_mul in H4.
    setoid_replace (a / b * total_latency better) with (a * total_latency better / b) by (field; intros E; lra).
    apply Qlt_shift_div_r; auto. lra.
Qed.
(* larger factors are harder *)
Lemma exceeds_mono c c' e : c <= c' -> strict_svf_exceeds c' e -> strict_svf_exceeds c e.
Proof.
  intros Hc (M & R & s & better & H1 & H2 & H3 & H4). exists M, R, s, better.
  do 3 (split; [assumption|]). pose proof (q_nonneg (total_latency better)).
  assert (0 <= (c' - c) * total_latency better) by (apply Qmult_le_0_compat; lra). lra.
Qed.

Lemma svf_waves : Statements.svf_waves.
Proof.
  split.
  - intros k d N L R Hk Hd HL HN. exact (waves k d Hk Hd HL N HN).
  - intros c e Hc He. destruct (Qlt_le_dec 0 c).
    + apply (exceeds_from_nat 2); auto. intros a b K _ _ Hab _. apply no_constant_below_2.
      apply q_lt_inv. rewrite q_mul, q_2. exact Hab.
    + apply (exceeds_mono c 1); [lra|]. apply (exceeds_from_nat 2); auto; try lra.
      intros a b K _ _ Hab _. apply no_constant_below_2.
      apply q_lt_inv. rewrite q_mul, q_2. exact Hab.
Qed.
