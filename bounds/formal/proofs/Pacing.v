(* The pacing lemma, and the constants of paced SVF.

   With u counting token-steps times the rate, age u is the age at t of a request that started at u.
   What a running request holds, prompt and age, is prompt and the age of the next request, which its
   own volume pays for, and a difference of ages; the differences, over all that have started, sum to
   at most the age of the first that runs. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements Pacing.
From kvproof.proofs Require Import Sums Memory Rational Below Above.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- sums over token-steps, by age *)
Lemma sum_blocks h D m : forall i, sum (fun u => h (u / D)) (seq (i * D) (m * D)) = D * sum h (seq i m).
Proof.
  destruct (Nat.eq_dec D 0) as [->|HD].
  - intros i. rewrite !Nat.mul_0_r. reflexivity.
  - induction m as [|m IH]; intros i; [simpl; lia|]. cbn [Nat.mul seq sum].
    rewrite seq_app, sum_app. replace (i * D + D) with (S i * D) by lia. rewrite IH.
    rewrite (sum_ext _ (fun _ => h i) (seq (i * D) D)); [rewrite sum_const, seq_length; lia|].
    intros u Hu. apply in_seq in Hu. f_equal. symmetry. apply Nat.div_unique with (u - i * D); lia.
Qed.
Lemma sum_ages g t T : T <= t -> sum (fun i => g (t - i)) (seq (t - T) T) = sum g (seq 1 T).
Proof.
  induction T as [|T IH]; [reflexivity|]. intros H. rewrite (seq_S T 1), sum_app, <- IH by lia.
  cbn [seq sum]. replace (S (t - S T)) with (t - T) by lia.
  replace (t - (t - S T)) with (1 + T) by lia. lia.
Qed.
Lemma sum_seq_part h a b a' b' : a <= a' -> a' + b' <= a + b ->
  sum h (seq a' b') <= sum h (seq a b).
Proof.
  intros Ha Hb. replace b with ((a' - a) + (b' + (a + b - a' - b'))) by lia.
  rewrite !seq_app, !sum_app. replace (a + (a' - a)) with a' by lia. lia.
Qed.

Section Step.
Variables rate room t : nat.
Definition age (u : nat) : nat := t - u / room.
Lemma age_mono u u' : u <= u' -> age u' <= age u.
Proof.
  intros H. unfold age. destruct (Nat.eq_dec room 0) as [->|]; [simpl; lia|].
  pose proof (Nat.div_le_mono u u' room ltac:(lia) H). lia.
Qed.
(* the volume of each request that has not ended pays, at the prices g / E of an age *)
Fixpoint pays (g : nat -> nat) (E W : nat) (R : list request) : Prop :=
  match R with
  | [] => True
  | r :: R' => (forall u, rate * W <= u < rate * (W + volume r) -> age (rate * W) <= output r ->
                  (prompt r + age u) * E <= g (age u) * volume r) /\ pays g E (W + volume r) R'
  end.
End Step.

Definition start (rate room W : nat) : nat := rate * W / room.
Lemma start_mono rate room W W' : W <= W' -> start rate room W <= start rate room W'.
Proof.
  intros H. unfold start. destruct (Nat.eq_dec room 0) as [->|]; [simpl; lia|].
  apply Nat.div_le_mono; [lia|]. now apply Nat.mul_le_mono_l.
Qed.
Lemma not_started rate room t R : forall W, t <= start rate room W -> used (paced_from rate room W R) t = 0.
Proof.
  induction R as [|r R IH]; intros W H; cbn [paced_from]; [reflexivity|].
  rewrite used_cons, held_before, IH; auto.
  etransitivity; [exact H|]. apply start_mono. lia.
Qed.
Lemma started_last rate room t W : 1 <= room -> start rate room W < t -> rate * W < t * room.
Proof.
  unfold start. intros Hr H. pose proof (Nat.div_mod (rate * W) room ltac:(lia)).
  pose proof (Nat.mod_upper_bound (rate * W) room ltac:(lia)). nia.
Qed.

(* T + prompt is at most m for every request; T will be the age of the first that runs *)
Lemma used_bound rate room t g E T m R : 1 <= room -> T <= m ->
  Forall (fun r => 1 <= volume r /\ T + prompt r <= m) R -> forall W, pays rate room t g E W R ->
  rate * E * (used (paced_from rate room W R) t + T) <= rate * E * (age room t (rate * W) + m) +
    sum (fun u => g (age room t u)) (seq (rate * W) (t * room - rate * W)).
Proof.
  intros Hroom HT. assert (HK : forall h B X, h + T <= B -> rate * E * (h + T) <= rate * E * B + X).
  { intros h B X H. apply (Nat.mul_le_mono_l _ _ (rate * E)) in H. lia. }
  induction 1 as [|r R [Hv Hm] _ IH]; intros W Hp; [apply HK; change (used _ t) with 0; lia|].
  destruct (le_lt_dec t (start rate room W)) as [H|H]; [rewrite not_started by exact H; apply HK; lia|].
  cbn [paced_from]. rewrite used_cons. destruct Hp as [H1 H2]. specialize (IH _ H2).
  change (rate * W / room) with (start rate room W) in *. set (v := volume r) in *.
  set (a := age room t (rate * W)) in *. set (b := age room t (rate * (W + v))) in *.
  assert (Hab : b <= a) by (apply age_mono; nia).
  assert (Hh : held r (start rate room W) t <= prompt r + a /\ (output r < a -> held r (start rate room W) t = 0)).
  { unfold held, a, age. change (rate * W / room) with (start rate room W).
    destruct (Nat.ltb_spec (start rate room W) t), (Nat.leb_spec t (start rate room W + output r));
      cbn [andb]; lia. }
  set (h := held r (start rate room W) t) in *.
  destruct (le_lt_dec t (start rate room (W + v))) as [Hl|Hl]; [rewrite not_started by exact Hl; apply HK; lia|].
  pose proof (started_last rate room t (W + v) Hroom Hl) as HW. set (U := used _ t) in *.
  replace (t * room - rate * W) with (rate * v + (t * room - rate * (W + v))) by lia.
  rewrite seq_app, sum_app. replace (rate * W + rate * v) with (rate * (W + v)) by lia.
  set (X := sum _ (seq (rate * W) (rate * v))). set (Y := sum _ (seq (rate * (W + v)) _)) in *.
  assert (HB : rate * E * h <= rate * E * (a - b) + X).
  { destruct (le_lt_dec a (output r)) as [Hr|Hr]; [|rewrite (proj2 Hh Hr); nia].
    assert (HX : rate * ((prompt r + b) * E) <= X).
    2:{ assert (h <= (prompt r + b) + (a - b)) as Hs by lia. apply (Nat.mul_le_mono_l _ _ (rate * E)) in Hs. lia. }
    apply (Nat.mul_le_mono_pos_l _ _ v); [lia|].
    replace (v * (rate * ((prompt r + b) * E))) with ((prompt r + b) * E * length (seq (rate * W) (rate * v)))
      by (rewrite seq_length; ring).
    unfold X. rewrite <- (sum_const (seq (rate * W) (rate * v))), <- sum_scale. apply sum_le. intros u Hu.
    apply in_seq in Hu. rewrite (Nat.mul_comm v). etransitivity; [|apply (H1 u ltac:(lia) Hr)].
    apply Nat.mul_le_mono_r. assert (b <= age room t u) by (apply age_mono; lia). lia. }
  assert (HA : rate * E * a = rate * E * (a - b) + rate * E * b)
    by (rewrite <- Nat.mul_add_distr_l; f_equal; lia).
  rewrite !Nat.mul_add_distr_l in *. lia.
Qed.

(* nothing, or the run that begins at the first running request *)
Lemma used_paced rate room t (P : nat -> list request -> Prop) B R :
  (forall W r R', P W (r :: R') -> P (W + volume r) R') ->
  (forall W r R', P W (r :: R') -> start rate room W < t <= start rate room W + output r ->
     used (paced_from rate room W (r :: R')) t <= B) ->
  forall W, P W R -> used (paced_from rate room W R) t <= B.
Proof.
  intros HP HB. induction R as [|r R IH]; intros W H; [apply Nat.le_0_l|].
  destruct (le_lt_dec t (start rate room W)) as [H1|H1]; [rewrite not_started by auto; lia|].
  destruct (le_lt_dec t (start rate room W + output r)) as [H2|H2]; [apply HB; auto|].
  cbn [paced_from]. rewrite used_cons, held_after by (unfold start in H2; lia). apply IH. now apply HP.
Qed.

Lemma paced_fst rate room R : forall W, map fst (paced_from rate room W R) = R.
Proof. induction R; intros; cbn [paced_from map]; [reflexivity|]. now rewrite IHR. Qed.
(* a request whose output is at least T has at least this volume *)
Lemma volume_at_least r T : T <= output r -> T * (2 * prompt r + T + 1) <= 2 * volume r.
Proof. intros. rewrite volume_closed. apply Nat.mul_le_mono; lia. Qed.

(* ---- (a) outputs rise: the prices max(T + 1, 2 a), over T (T + 1), sum to at most 5/4 *)
Lemma price_sum T : 4 * sum (fun a => Nat.max (T + 1) (2 * a)) (seq 1 T) <= 5 * (T * (T + 1)).
Proof.
  assert (H : forall T, 4 * sum (fun a => T + 1 - 2 * a) (seq 1 T) <= T * (T + 1) /\
                        4 * sum (fun a => S T + 1 - 2 * a) (seq 1 (S T)) <= S T * (S T + 1)).
  { clear T. induction T as [|T [IH1 IH2]]; [simpl; lia|]. split; [exact IH2|].
    change (seq 1 (S (S T))) with (1 :: seq 2 (S T)). rewrite <- seq_shift. cbn [sum]. rewrite sum_map, seq_S, sum_app.
    cbn [sum]. rewrite (sum_ext _ (fun a => T + 1 - 2 * a)) by (intros; lia). nia. }
  assert (E : sum (fun a => Nat.max (T + 1) (2 * a)) (seq 1 T) =
    sum (fun a => T + 1 - 2 * a) (seq 1 T) + sum (fun a => 2 * a) (seq 1 T)).
  { rewrite <- sum_plus. apply sum_ext. intros. lia. }
  assert (E2 : sum (fun a => 2 * a) (seq 1 T) = T * (T + 1)).
  { rewrite sum_seq. clear. induction T; cbn [tsum]; nia. }
  destruct (H T) as [H1 _]. lia.
Qed.
Lemma outputs_price r a T : T <= output r ->
  (prompt r + a) * (T * (T + 1)) <= Nat.max (T + 1) (2 * a) * volume r.
Proof.
  intros Hr. pose proof (volume_at_least r T Hr) as HV. set (v := volume r) in *. clearbody v.
  assert (H1 : T * prompt r * (T + 1) + (T * (T + 1)) * a <= Nat.max (T + 1) (2 * a) * v).
  { apply (Nat.mul_le_mono_pos_l _ _ 2); [lia|].
    replace (2 * (Nat.max (T + 1) (2 * a) * v)) with (Nat.max (T + 1) (2 * a) * (2 * v)) by ring.
    etransitivity; [|apply Nat.mul_le_mono_l; exact HV].
    replace (T * (2 * prompt r + T + 1)) with (2 * (T * prompt r) + T * (T + 1)) by ring.
    rewrite Nat.mul_add_distr_l.
    assert ((T + 1) * (2 * (T * prompt r)) <= Nat.max (T + 1) (2 * a) * (2 * (T * prompt r)))
      by (apply Nat.mul_le_mono_r; lia).
    assert (2 * a * (T * (T + 1)) <= Nat.max (T + 1) (2 * a) * (T * (T + 1)))
      by (apply Nat.mul_le_mono_r; lia). nia. }
  nia.
Qed.
Lemma pays_outputs rate room t T R : Forall (fun r => T <= output r) R -> forall W,
  pays rate room t (fun a => Nat.max (T + 1) (2 * a)) (T * (T + 1)) W R.
Proof.
  induction 1 as [|r R Hr _ IH]; intros W; cbn [pays]; [auto|]. split; [|apply IH].
  intros u _ _. now apply outputs_price.
Qed.

(* ---- the step, at any rate: where the first that runs has age T, prices that pay for what comes
   from there on, and are small enough *)
Lemma paced_used x y D m (Q : nat -> list request -> Prop) t R : 1 <= x -> 1 <= y -> 1 <= D ->
  (forall W r R', Q W (r :: R') -> Q (W + volume r) R') ->
  (forall W r R', Q W (r :: R') -> let T := age (y * D) t (x * W) in 1 <= T <= output r ->
     Forall (fun r => 1 <= volume r /\ T + prompt r <= m) (r :: R') /\
     exists g E, pays x (y * D) t g E W (r :: R') /\ 1 <= E /\ y * sum g (seq 1 T) <= x * E) ->
  forall W, Q W R -> used (paced_from x (y * D) W R) t <= D + m.
Proof.
  intros Hx Hy HD HQ HT. apply (used_paced x (y * D) t Q); [exact HQ|]. intros W r R' HW Ht.
  specialize (HT W r R' HW). set (T := age (y * D) t (x * W)) in *.
  destruct HT as (HF & g & E & Hp & HE & Hs); [unfold T, age; unfold start in Ht; lia|].
  assert (Hm : T <= m) by (inversion_clear HF; lia). set (room := y * D) in *.
  assert (Hroom : 1 <= room) by (unfold room; nia).
  pose proof (used_bound x room t g E T m (r :: R') Hroom Hm HF W Hp) as H. fold T in H.
  assert (HS : sum (fun u => g (age room t u)) (seq (x * W) (t * room - x * W)) <= room * sum g (seq 1 T)).
  { rewrite <- (sum_ages g t T) by (unfold T, age; lia). rewrite <- (sum_blocks (fun i => g (t - i)) room T).
    pose proof (Nat.div_mod (x * W) room ltac:(lia)). pose proof (Nat.mod_upper_bound (x * W) room ltac:(lia)).
    apply sum_seq_part; unfold T, age; unfold start in Ht; nia. }
  assert (HD' : room * sum g (seq 1 T) <= x * E * D).
  { unfold room. apply (Nat.mul_le_mono_l _ _ D) in Hs. lia. }
  apply (Nat.mul_le_mono_pos_l _ _ (x * E)); [nia|]. nia.
Qed.

Lemma paced_backlog rate room M R : backlog R -> (forall t, used (paced_from rate room 0 R) t <= M) ->
  feasible M R (paced_from rate room 0 R).
Proof.
  intros Hb HU. split; [now rewrite paced_fst|]. split; [|exact HU].
  apply Forall_forall. intros q Hq. apply (in_map fst) in Hq. rewrite paced_fst in Hq.
  unfold backlog in Hb. rewrite Forall_forall in Hb. rewrite (Hb _ Hq). lia.
Qed.
Definition good (m : nat) (R : list request) : Prop :=
  outputs_rise R /\ Forall (fun r => 1 <= output r /\ peak r <= m) R.
Lemma good_valid M R : valid M R -> outputs_rise R -> good (max_peak R) R.
Proof.
  intros Hw HR. split; auto. unfold valid in Hw. rewrite Forall_forall in *. intros r Hr.
  split; [now apply Hw|]. now apply peak_le.
Qed.
Lemma good_tail m r R : good m (r :: R) -> good m R.
Proof. intros [H1 H2]. inversion_clear H1. inversion_clear H2. now split. Qed.
Lemma good_run m r R T : good m (r :: R) -> T <= output r ->
  Forall (fun x => T <= output x) (r :: R) /\ Forall (fun x => 1 <= volume x /\ T + prompt x <= m) (r :: R).
Proof.
  intros [HR HF] HT. assert (H : Forall (fun x => T <= output x) (r :: R)).
  { inversion_clear HR as [|? ? _ Hf]. constructor; [exact HT|]. eapply Forall_impl; [|exact Hf]. simpl. lia. }
  split; [exact H|]. rewrite Forall_forall in *. intros x Hx. destruct (HF x Hx) as [H1 H2].
  specialize (H x Hx). unfold peak in H2. split; [now apply volume_pos|lia].
Qed.
Lemma feasible_empty M : feasible M [] [].
Proof. split; [constructor|]. split; [constructor|]. intros. apply Nat.le_0_l. Qed.
Lemma pacing_outputs : Pacing.pacing_outputs.
Proof.
  intros M R Hw Hb He HR. destruct (eps_below_1 M R Hw He) as [->|Hm]; [apply feasible_empty|].
  apply paced_backlog; auto. intros t. set (m := max_peak R) in *.
  replace M with ((M - m) + m) at 2 by lia.
  apply (paced_used 5 4 (M - m) m (fun _ R => good m R)); auto; try lia; [| |now apply good_valid with M].
  - intros _ r R'. apply good_tail.
  - intros W r R' HG T HT. destruct (good_run m r R' T HG ltac:(lia)) as [H1 H2]. split; [exact H2|].
    exists (fun a => Nat.max (T + 1) (2 * a)), (T * (T + 1)).
    split; [now apply pays_outputs|]. split; [nia|apply price_sum].
Qed.

(* ---- (b) outputs rise, prompts fall: the prices 2 (q + a) over T (2 q + T + 1), which sum to 1, for
   a prompt q between those of the requests at large ages and those at small ages *)
Section Shapes.
Variables rate room t T : nat.
Hypothesis Hrate : 1 <= rate.
Fixpoint between (q W : nat) (R : list request) : Prop :=
  match R with
  | [] => True
  | r :: R' => (forall u, rate * W <= u < rate * (W + volume r) ->
      (T + 1 <= 2 * age room t u -> q <= prompt r) /\ (2 * age room t u < T + 1 -> prompt r <= q)) /\
      between q (W + volume r) R'
  end.
Lemma small_ages q R : forall W, 2 * age room t (rate * W) < T + 1 ->
  Forall (fun r => prompt r <= q) R -> between q W R.
Proof.
  induction R as [|r R IH]; intros W HW H; cbn [between]; [auto|]. inversion_clear H as [|? ? Hr HR]. split.
  - intros u Hu. pose proof (age_mono room t (rate * W) u ltac:(lia)). split; intros; lia.
  - apply IH; auto. pose proof (age_mono room t (rate * W) (rate * (W + volume r)) ltac:(nia)). lia.
Qed.
Lemma between_exists R : Forall (fun r => 1 <= volume r) R -> prompts_fall R ->
  forall W, exists q, between q W R.
Proof.
  induction 1 as [|r R Hr HV IH]; intros HR W; cbn [between]; [exists 0; auto|].
  inversion_clear HR as [|? ? HR' HF].
  destruct (le_lt_dec (T + 1) (2 * age room t (rate * (W + volume r)))) as [Hl|Hs].
  - destruct (IH HR' (W + volume r)) as (q & Hq). destruct R as [|r' R].
    + exists (prompt r). simpl. auto.
    + exists q. split; [|exact Hq]. destruct Hq as [Hq _]. inversion_clear HV as [|? ? Hr' _].
      destruct (Hq (rate * (W + volume r)) ltac:(nia)) as [H1 _]. specialize (H1 Hl).
      inversion_clear HF as [|? ? Hp _]. intros u Hu.
      pose proof (age_mono room t u (rate * (W + volume r)) ltac:(lia)). split; intros; lia.
  - exists (prompt r). split; [intros; split; lia|]. now apply small_ages.
Qed.
Lemma pays_shapes q R : Forall (fun r => T <= output r) R -> forall W, between q W R ->
  pays rate room t (fun a => 2 * (q + a)) (T * (2 * q + T + 1)) W R.
Proof.
  induction 1 as [|r R Hr _ IH]; intros W Hb; cbn [pays between] in *; [auto|].
  destruct Hb as [Hb Hb']. split; [|now apply IH]. intros u Hu _. destruct (Hb u Hu) as [H1 H2].
  set (a := age room t u) in *. pose proof (volume_at_least r T Hr) as HV.
  set (p := prompt r) in *. clearbody a p.
  replace (2 * (q + a) * volume r) with ((q + a) * (2 * volume r)) by ring.
  etransitivity; [|apply Nat.mul_le_mono_l; exact HV].
  (* (p + a) (2 q + T + 1) <= (q + a) (2 p + T + 1): the difference is (p - q) (2 a - T - 1) *)
  assert (H : (p + a) * (2 * q + T + 1) <= (q + a) * (2 * p + T + 1)).
  { destruct (le_lt_dec (T + 1) (2 * a)) as [Ha|Ha]; [specialize (H1 Ha)|specialize (H2 Ha)]; nia. }
  apply (Nat.mul_le_mono_l _ _ T) in H. lia.
Qed.
End Shapes.
Lemma shape_prices q T : sum (fun a => 2 * (q + a)) (seq 1 T) = T * (2 * q + T + 1).
Proof. rewrite sum_seq. induction T; cbn [tsum]; nia. Qed.
Lemma pacing_shapes : Pacing.pacing_shapes.
Proof.
  intros M R Hw Hb He HR HF. destruct (eps_below_1 M R Hw He) as [->|Hm]; [apply feasible_empty|].
  apply paced_backlog; auto. intros t. set (m := max_peak R) in *.
  replace M with ((M - m) + m) at 2 by lia.
  apply (paced_used 1 1 (M - m) m (fun _ R => good m R /\ prompts_fall R)); auto; try lia;
    [| |split; [now apply good_valid with M|exact HF]].
  - intros _ r R' [H1 H2]. split; [now apply good_tail in H1|now inversion H2].
  - intros W r R' [HG Hf] T HT. destruct (good_run m r R' T HG ltac:(lia)) as [H1 H2]. split; [exact H2|].
    assert (HV : Forall (fun r => 1 <= volume r) (r :: R')) by (eapply Forall_impl; [|exact H2]; simpl; tauto).
    destruct (between_exists 1 (1 * (M - m)) t T (le_n _) (r :: R') HV Hf W) as (q & Hq).
    exists (fun a => 2 * (q + a)), (T * (2 * q + T + 1)). rewrite shape_prices.
    split; [now apply pays_shapes|]. split; [nia|lia].
Qed.

(* ---- the constants of paced SVF *)
Lemma paced_total rate room R : forall W, backlog R ->
  room * total_latency (paced_from rate room W R) <= room * sum output R + rate * sum_before W R.
Proof.
  induction R as [|r R IH]; intros W Hb; [unfold total_latency; simpl; lia|]. inversion_clear Hb as [|? ? Hr HR].
  specialize (IH (W + volume r) HR). cbn [paced_from sum_before sum]. unfold total_latency in *. cbn [sum].
  unfold latency at 1. cbn [fst snd]. rewrite Hr, Nat.sub_0_r.
  assert (room * (rate * W / room) <= rate * W).
  { destruct (Nat.eq_dec room 0) as [->|]; [simpl; lia|]. apply Nat.mul_div_le; auto. }
  lia.
Qed.
Open Scope Q_scope.
Lemma paced_above (x y M : nat) R : valid M R -> backlog R -> eps M R < 1 -> (1 <= y)%nat ->
  total_latency (paced x y M R) <= x / (y * (1 - eps M R)) * sum_P M R + sum output R.
Proof.
  intros Hw Hb He Hy. destruct (eps_below_1 M R Hw He) as [->|Hm].
  { unfold sum_P, Qdiv. cbn. change (rational 0) with 0. lra. }
  destruct (one_minus_eps M R Hm) as (H1 & HM & E). unfold paced. set (room := (y * (M - max_peak R))%nat).
  pose proof (paced_total x room R 0 Hb) as H. apply total_above in H; [|unfold room; nia].
  unfold room in H at 2. rewrite q_mul, q_sub in H by lia. rewrite E. unfold sum_P. apply q_pos in Hy.
  setoid_replace (x / (y * ((M - max_peak R) / M)) * (sum_before 0 R / M))
    with (x * sum_before 0 R / (y * (M - max_peak R))) by (field; repeat split; intros E'; lra).
  exact H.
Qed.
Lemma paced_svf_outputs : Pacing.paced_svf_outputs.
Proof.
  intros M R Hw Hb He HR Hv best HF.
  pose proof (paced_above 5 4 M R Hw Hb He ltac:(lia)) as HA. change (rational 5) with 5 in HA. change (rational 4) with 4 in HA.
  pose proof (opt_outputs M R best HF) as HO.
  pose proof (opt_P_g M R 0 Hw Hb Hv (Qle_refl 0)
    ltac:(intros; rewrite Qmult_0_l; apply q_nonneg) best HF) as HP.
  pose proof (one_minus_eps_pos M R Hw He) as H1.
  set (a := 5 / (4 * (1 - eps M R))) in *. assert (Ha : 0 <= a) by (apply Qdiv_nonneg; lra).
  setoid_replace (1 + 5 / (6 * (1 - eps M R))) with (1 + a * (1 - (3 * 0 + 1) / (3 * (2 * 0 + 1))))
    by (unfold a; field; intros E; lra).
  apply (constant a _ (sum_P M R) (sum output R)); auto. apply q_nonneg.
Qed.
Lemma paced_svf_shapes : Pacing.paced_svf_shapes.
Proof.
  intros M R q Hw Hb He HR Hfall Hv Hq Hr g best HF.
  pose proof (paced_above 1 1 M R Hw Hb He ltac:(lia)) as HA. rewrite q_1, Qmult_1_l in HA.
  pose proof (opt_outputs M R best HF) as HO.
  pose proof (opt_P_g M R q Hw Hb Hv Hq Hr best HF) as HP. fold g in HP.
  pose proof (one_minus_eps_pos M R Hw He) as H1.
  set (a := 1 / (1 - eps M R)) in *. assert (Ha : 0 <= a) by (apply Qdiv_nonneg; lra).
  setoid_replace (1 + (1 - g) / (1 - eps M R)) with (1 + a * (1 - g)) by (unfold a; field; intros E; lra).
  apply (constant a g (sum_P M R) (sum output R)); auto. apply q_nonneg.
Qed.
