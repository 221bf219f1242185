(* The pacing lemma, and the constants of paced SVF.

   In a step t take those that run, from the first to the last. With u counting token-steps times
   the rate, age u is the age at t of a request that started at u. What request k holds, prompt and
   age, is prompt and the age of the next one, which its own volume pays for, and a difference of
   ages; the differences sum to at most the age of the first. *)
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
(* what a run of requests holds, all of them running; W the volume before *)
Fixpoint hold (W : nat) (R : list request) : nat :=
  match R with [] => 0 | r :: R' => prompt r + age (rate * W) + hold (W + volume r) R' end.
(* the volume of each request pays, at the prices g / E of an age *)
Fixpoint pays (g : nat -> nat) (E W : nat) (R : list request) : Prop :=
  match R with
  | [] => True
  | r :: R' => (forall u, rate * W <= u < rate * (W + volume r) ->
                  (prompt r + age u) * E <= g (age u) * volume r) /\ pays g E (W + volume r) R'
  end.
Lemma hold_bound g E z R : Forall (fun r => 1 <= volume r) R -> forall W, pays g E W (R ++ [z]) ->
  rate * E * hold W (R ++ [z]) <=
  rate * E * (age (rate * W) + prompt z) + sum (fun u => g (age u)) (seq (rate * W) (rate * sum volume R)).
Proof.
  induction 1 as [|r R Hr _ IH]; intros W H; cbn [app hold pays sum] in *; [rewrite Nat.mul_0_r; simpl; lia|].
  destruct H as [H1 H2]. specialize (IH _ H2).
  rewrite (Nat.mul_add_distr_l rate (volume r)), seq_app, sum_app.
  replace (rate * W + rate * volume r) with (rate * (W + volume r)) by lia.
  set (v := volume r) in *. set (a := age (rate * (W + v))) in *.
  assert (HB : rate * ((prompt r + a) * E) <= sum (fun u => g (age u)) (seq (rate * W) (rate * v))).
  { apply (Nat.mul_le_mono_pos_l _ _ v); [lia|].
    replace (v * (rate * ((prompt r + a) * E))) with ((prompt r + a) * E * length (seq (rate * W) (rate * v)))
      by (rewrite seq_length; ring).
    rewrite <- (sum_const (seq (rate * W) (rate * v))), <- sum_scale. apply sum_le. intros u Hu.
    apply in_seq in Hu. rewrite (Nat.mul_comm v). etransitivity; [|apply H1; lia].
    apply Nat.mul_le_mono_r. assert (a <= age u) by (apply age_mono; lia). lia. }
  set (X := sum _ (seq (rate * W) _)) in *. set (Y := sum _ (seq (rate * (W + v)) _)) in *.
  rewrite !Nat.mul_add_distr_l in *. rewrite <- Nat.mul_assoc in *. lia.
Qed.

(* the run of requests, in all: R then z, T the age of the first, x / y the sum of the prices *)
Lemma run_fits g E x y D m R z W : room = y * D -> rate = x -> 1 <= x -> 1 <= E ->
  Forall (fun r => 1 <= volume r) R -> pays g E W (R ++ [z]) ->
  let T := age (rate * W) in rate * (W + sum volume R) < t * room ->
  y * sum g (seq 1 T) <= x * E -> T + prompt z <= m -> hold W (R ++ [z]) <= D + m.
Proof.
  intros Hroom Hrate Hx HE HV Hp T Hlast Hsum Hm.
  pose proof (hold_bound g E z R HV W Hp) as H. fold T in H.
  assert (Hroom0 : 1 <= room) by nia.
  assert (HS : sum (fun u => g (age u)) (seq (rate * W) (rate * sum volume R)) <= room * sum g (seq 1 T)).
  { assert (HT : T <= t) by (unfold T, age; lia).
    rewrite <- (sum_ages g t T HT), <- (sum_blocks (fun i => g (t - i)) room T).
    apply sum_seq_part; [|nia]. unfold T, age.
    pose proof (Nat.div_mod (rate * W) room ltac:(lia)). pose proof (Nat.mod_upper_bound (rate * W) room ltac:(lia)).
    assert (rate * W < t * room) by nia.
    assert (rate * W / room <= t) by (apply Nat.div_le_upper_bound; lia).
    replace (t - (t - rate * W / room)) with (rate * W / room) by lia. lia. }
  assert (HD : room * sum g (seq 1 T) <= rate * E * D).
  { rewrite Hroom, Hrate. apply (Nat.mul_le_mono_l _ _ D) in Hsum.
    replace (y * D * sum g (seq 1 T)) with (D * (y * sum g (seq 1 T))) by ring.
    replace (x * E * D) with (D * (x * E)) by ring. exact Hsum. }
  apply (Nat.mul_le_mono_pos_l _ _ (rate * E)); [rewrite Hrate; nia|].
  etransitivity; [exact H|]. rewrite (Nat.mul_add_distr_l (rate * E) D).
  assert (rate * E * (T + prompt z) <= rate * E * m) by (apply Nat.mul_le_mono_l; exact Hm). lia.
Qed.
End Step.

(* ---- who runs in a step: a run of requests *)
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
(* from a running request on: those that have started run, up to the last of them *)
Lemma run_from rate room t R : forall W r, outputs_rise (r :: R) ->
  start rate room W < t <= start rate room W + output r ->
  exists R1 z R2, r :: R = R1 ++ z :: R2 /\ start rate room (W + sum volume R1) < t /\
    used (paced_from rate room W (r :: R)) t = hold rate room t W (R1 ++ [z]) /\ output r <= output z.
Proof.
  induction R as [|r' R IH]; intros W r HR Ht.
  - exists [], r, []. cbn [sum app hold paced_from]. rewrite Nat.add_0_r. repeat split; auto; try lia.
    rewrite used_cons. unfold held, age. change (rate * W / room) with (start rate room W).
    destruct (Nat.ltb_spec (start rate room W) t); [|lia].
    destruct (Nat.leb_spec t (start rate room W + output r)); [|lia]. cbn [andb used sum]. lia.
  - inversion HR as [|? ? HR' HF]; subst.
    assert (Hh : held r (start rate room W) t = prompt r + age room t (rate * W)).
    { unfold held, age. change (rate * W / room) with (start rate room W).
      destruct (Nat.ltb_spec (start rate room W) t); [|lia].
      destruct (Nat.leb_spec t (start rate room W + output r)); [|lia]. reflexivity. }
    assert (Hr' : output r <= output r') by now inversion HF.
    destruct (le_lt_dec t (start rate room (W + volume r))) as [H|H].
    + exists [], r, (r' :: R). cbn [sum app hold]. rewrite Nat.add_0_r. repeat split; auto; try lia.
      cbn [paced_from]. rewrite used_cons. change (rate * W / room) with (start rate room W). rewrite Hh.
      change (((r', rate * (W + volume r) / room)) :: paced_from rate room (W + volume r + volume r') R)
        with (paced_from rate room (W + volume r) (r' :: R)). rewrite not_started by auto. lia.
    + pose proof (start_mono rate room W (W + volume r) ltac:(lia)).
      destruct (IH (W + volume r) r' HR' ltac:(lia)) as (R1 & z & R2 & E & Hz & HU & Ho).
      exists (r :: R1), z, R2. cbn [app sum hold]. rewrite E, Nat.add_assoc. repeat split; auto; try lia.
      rewrite <- HU, <- E. cbn [paced_from]. rewrite used_cons. change (rate * W / room) with (start rate room W).
      rewrite Hh. reflexivity.
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
Lemma started_last rate room t W : 1 <= room -> start rate room W < t -> rate * W < t * room.
Proof.
  unfold start. intros Hr H. pose proof (Nat.div_mod (rate * W) room ltac:(lia)).
  pose proof (Nat.mod_upper_bound (rate * W) room ltac:(lia)). nia.
Qed.
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
Lemma pays_outputs rate room t T R : Forall (fun r => T <= output r) R -> forall W,
  pays rate room t (fun a => Nat.max (T + 1) (2 * a)) (T * (T + 1)) W R.
Proof.
  induction 1 as [|r R Hr _ IH]; intros W; cbn [pays]; [auto|]. split; [|apply IH].
  intros u _. set (a := age room t u). pose proof (volume_at_least r T Hr) as HV.
  set (v := volume r) in *. clearbody a v.
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

(* ---- the step, for both rates *)
Definition good (m : nat) (R : list request) : Prop :=
  outputs_rise R /\ Forall (fun r => 1 <= output r /\ peak r <= m) R.
Lemma good_prefix m R1 z R2 : good m (R1 ++ z :: R2) -> good m (R1 ++ [z]) /\ 1 <= output z /\ peak z <= m.
Proof.
  intros [H1 H2]. split; [split|].
  - clear H2. induction R1 as [|r R1 IH]; [repeat constructor|]. simpl in *. inversion_clear H1 as [|? ? Hs HF].
    constructor; [now apply IH|]. rewrite Forall_forall in *. intros x Hx. apply HF. apply in_app_or in Hx.
    apply in_or_app. simpl in *. tauto.
  - rewrite Forall_forall in *. intros x Hx. apply H2. apply in_app_or in Hx. apply in_or_app. simpl in *. tauto.
  - rewrite Forall_forall in H2. apply H2. apply in_elt.
Qed.
Lemma rise_from r R m : good m (r :: R) -> Forall (fun x => output r <= output x) (r :: R).
Proof. intros [H _]. inversion_clear H. constructor; auto. Qed.

Lemma paced_used x y D m (Q : nat -> list request -> Prop) t R : 1 <= x -> 1 <= y -> 1 <= D ->
  (forall W r R', Q W (r :: R') -> Q (W + volume r) R') ->
  (* where the first of a run has age T, prices that pay for the run and are small enough *)
  (forall W r R1 z R2, Q W (R1 ++ z :: R2) -> good m (R1 ++ z :: R2) -> hd_error (R1 ++ [z]) = Some r ->
     let T := age (y * D) t (x * W) in 1 <= T <= output r ->
     exists g E, pays x (y * D) t g E W (R1 ++ [z]) /\ 1 <= E /\ y * sum g (seq 1 T) <= x * E) ->
  forall W, Q W R -> good m R -> used (paced_from x (y * D) W R) t <= D + m.
Proof.
  intros Hx Hy HD HQ HT.
  cut (forall W, Q W R /\ good m R -> used (paced_from x (y * D) W R) t <= D + m); [auto|].
  apply (used_paced x (y * D) t (fun W R => Q W R /\ good m R)).
  { intros W r R' [H1 [H2 H3]]. split; [eapply HQ; eauto|]. inversion_clear H2. inversion_clear H3. split; auto. }
  intros W r R' [HQ' HG] Ht.
  destruct (run_from x (y * D) t R' W r (proj1 HG) Ht) as (R1 & z & R2 & ER & Hz & HU & Ho). rewrite HU.
  rewrite ER in HQ', HG. destruct (good_prefix _ _ _ _ HG) as (HG1 & Hz1 & Hz2).
  assert (Hd : hd_error (R1 ++ [z]) = Some r).
  { destruct R1; simpl in *; inversion ER; auto. }
  set (T := age (y * D) t (x * W)).
  assert (HT1 : 1 <= T <= output r) by (unfold T, age; unfold start in Ht; lia).
  destruct (HT W r R1 z R2 HQ' HG Hd HT1) as (g & E & Hp & HE & Hs).
  apply (run_fits x (y * D) t g E x y D m R1 z W); auto.
  - destruct HG1 as [_ HF]. apply Forall_app in HF as [HF _]. eapply Forall_impl; [|exact HF].
    simpl. intros q [Hq _]. now apply volume_pos.
  - apply started_last; [nia|exact Hz].
  - unfold peak in Hz2. fold T. lia.
Qed.

Lemma paced_backlog x y M R : backlog R -> (forall t, used (paced x y M R) t <= M) ->
  feasible M R (paced x y M R).
Proof.
  intros Hb HU. split; [unfold paced; now rewrite paced_fst|]. split; [|exact HU].
  apply Forall_forall. intros q Hq. apply (in_map fst) in Hq. unfold paced in Hq. rewrite paced_fst in Hq.
  unfold backlog in Hb. rewrite Forall_forall in Hb. rewrite (Hb _ Hq). lia.
Qed.
Lemma good_valid M R : valid M R -> outputs_rise R -> good (max_peak R) R.
Proof.
  intros Hw HR. split; auto. unfold valid in Hw. rewrite Forall_forall in *. intros r Hr.
  split; [now apply Hw|]. now apply peak_le.
Qed.
Lemma feasible_empty M : feasible M [] [].
Proof. split; [constructor|]. split; [constructor|]. intros. apply Nat.le_0_l. Qed.
Lemma pacing_outputs : Pacing.pacing_outputs.
Proof.
  intros M R Hw Hb He HR. destruct (eps_below_1 M R Hw He) as [->|Hm]; [apply feasible_empty|].
  apply paced_backlog; auto. intros t. set (m := max_peak R) in *.
  replace M with ((M - m) + m) at 2 by lia.
  apply (paced_used 5 4 (M - m) m (fun _ _ => True)); auto; try lia; [|now apply good_valid with M].
  intros W r R1 z R2 _ HG Hd T HT. exists (fun a => Nat.max (T + 1) (2 * a)), (T * (T + 1)).
  split; [|split; [nia|apply price_sum]].
  apply pays_outputs. destruct (good_prefix _ _ _ _ HG) as [HG1 _].
  destruct (R1 ++ [z]) as [|r' R'] eqn:ER; [discriminate|]. inversion Hd; subst r'.
  pose proof (rise_from _ _ _ HG1) as HF. eapply Forall_impl; [|exact HF]. simpl; lia.
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
  destruct Hb as [Hb Hb']. split; [|now apply IH]. intros u Hu. destruct (Hb u Hu) as [H1 H2].
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
Lemma falls_prefix R1 z R2 : prompts_fall (R1 ++ z :: R2) -> prompts_fall (R1 ++ [z]).
Proof.
  intros H. induction R1 as [|r R1 IH]; [repeat constructor|]. simpl in *. inversion_clear H as [|? ? Hs HF].
  constructor; [now apply IH|]. rewrite Forall_forall in *. intros x Hx. apply HF. apply in_app_or in Hx.
  apply in_or_app. simpl in *. tauto.
Qed.
Lemma pacing_shapes : Pacing.pacing_shapes.
Proof.
  intros M R Hw Hb He HR HF. destruct (eps_below_1 M R Hw He) as [->|Hm]; [apply feasible_empty|].
  apply paced_backlog; auto. intros t. set (m := max_peak R) in *.
  replace M with ((M - m) + m) at 2 by lia.
  apply (paced_used 1 1 (M - m) m (fun _ R => prompts_fall R)); auto; try lia; [| |now apply good_valid with M].
  - intros W r R' H. now inversion H.
  - intros W r R1 z R2 Hfall HG Hd T HT. destruct (good_prefix _ _ _ _ HG) as [HG1 _].
    assert (HV : Forall (fun r => 1 <= volume r) (R1 ++ [z])).
    { destruct HG1 as [_ H1]. eapply Forall_impl; [|exact H1]. simpl. intros x [Hx _]. now apply volume_pos. }
    destruct (between_exists 1 (1 * (M - m)) t T (le_n _) (R1 ++ [z]) HV (falls_prefix _ _ _ Hfall) W) as (q & Hq).
    exists (fun a => 2 * (q + a)), (T * (2 * q + T + 1)). rewrite shape_prices. split; [|split; [nia|lia]].
    apply pays_shapes; auto.
    destruct (R1 ++ [z]) as [|r' R'] eqn:ER; [discriminate|]. inversion Hd; subst r'.
    pose proof (rise_from _ _ _ HG1) as H1. eapply Forall_impl; [|exact H1]. simpl; lia.
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
