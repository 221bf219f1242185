(* Pacing of equal requests that arrive over time; and how bad pacing can be. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements Pacing.
From kvproof.proofs Require Import Sums Memory Lower Centroid Opt Rational Below Above Pacing.
Open Scope nat_scope.
Set Default Timeout 100.

Definition alike (s o : nat) (r : request) : Prop := prompt r = s /\ output r = o.
Lemma alike_volume s o r : alike s o r -> volume r = volume (Request 0 s o).
Proof. intros [H1 H2]. unfold volume. now rewrite H1, H2. Qed.
Lemma alike_held s o r p t : alike s o r -> held r p t = held (Request 0 s o) p t.
Proof. intros [H1 H2]. unfold held. now rewrite H1, H2. Qed.

(* ---- the memory is kept *)
Section Kept.
Variables s o room t : nat.
Hypothesis room_pos : 1 <= room.
Let one := Request 0 s o.
(* what one holds that is due at u, in units of 1/room *)
Definition holds (u : nat) : nat := held one (u / room) t.

Lemma holds_sum : sum holds (seq 0 (t * room)) <= room * volume one.
Proof.
  unfold holds. pose proof (sum_blocks (fun p => held one p t) room t 0) as E. cbn [Nat.mul] in E.
  rewrite E. apply Nat.mul_le_mono_l.
  pose proof (sum_ages (fun a => if a <=? o then s + a else 0) t t (le_n t)) as EA.
  rewrite Nat.sub_diag in EA.
  rewrite (sum_ext _ (fun i => if t - i <=? o then s + (t - i) else 0)).
  2:{ intros p Hp. apply in_seq in Hp. unfold held. cbn [prompt output one].
      destruct (Nat.ltb_spec p t), (Nat.leb_spec t (p + o)), (Nat.leb_spec (t - p) o); cbn [andb]; lia. }
  rewrite EA, sum_seq, volume_tsum. cbn [prompt output one].
  destruct (le_ge_dec t o) as [H|H].
  - rewrite (tsum_ext _ (fun j => s + j)); [now apply tsum_mono|].
    intros d Hd. destruct (Nat.leb_spec d o); lia.
  - replace t with (o + (t - o)) by lia. rewrite tsum_split.
    rewrite (tsum_ext _ (fun j => s + j)).
    2:{ intros d Hd. destruct (Nat.leb_spec d o); lia. }
    rewrite (tsum_ext _ (fun _ => 0) (t - o)); [rewrite tsum_const; lia|].
    intros d Hd. destruct (Nat.leb_spec (o + d) o); lia.
Qed.
(* while it has not ended, one that is due later holds less *)
Lemma holds_falls u u' : u <= u' -> t <= u / room + o -> holds u' <= holds u.
Proof.
  intros Hu Ht. pose proof (Nat.div_le_mono u u' room ltac:(lia) Hu). unfold holds, held. cbn [prompt output one].
  destruct (Nat.ltb_spec (u / room) t), (Nat.leb_spec t (u / room + o)),
    (Nat.ltb_spec (u' / room) t), (Nat.leb_spec t (u' / room + o)); cbn [andb]; lia.
Qed.
Lemma holds_late u : t * room <= u -> holds u = 0.
Proof. intros H. apply held_before. apply Nat.div_le_lower_bound; lia. Qed.
Lemma holds_peak u : holds u <= s + o.
Proof.
  unfold holds, held. cbn [prompt output one].
  destruct (Nat.ltb_spec (u / room) t), (Nat.leb_spec t (u / room + o)); cbn [andb]; lia.
Qed.

Lemma after_one R : Forall (alike s o) R -> forall x0 x, t <= x0 / room + o -> x0 + volume one <= x ->
  volume one * used (spaced_from room x R) t <= sum holds (seq x0 (t * room - x0)).
Proof.
  induction 1 as [|r R Hr _ IH]; intros x0 x H0 Hx; cbn [spaced_from]; [unfold used; simpl; lia|].
  set (x' := Nat.max (room * arrival r) x). rewrite used_cons, (alike_held s o) by auto. fold one.
  change (held one (x' / room) t) with (holds x'). assert (Hx' : x0 + volume one <= x') by (unfold x'; lia).
  pose proof (Nat.div_le_mono x0 x' room ltac:(lia) ltac:(lia)) as Hd.
  specialize (IH x' (x' + volume r) ltac:(lia)). rewrite (alike_volume s o r Hr) in IH |- *. fold one in IH |- *.
  specialize (IH ltac:(lia)). set (U := used _ t) in *. rewrite Nat.mul_add_distr_l.
  destruct (le_lt_dec (t * room) x') as [Hl|Hl].
  - rewrite (holds_late x' Hl), Nat.mul_0_r. replace (t * room - x') with 0 in IH by lia. simpl in IH. lia.
  - replace (t * room - x0) with (volume one + (t * room - x0 - volume one)) by lia.
    rewrite seq_app, sum_app.
    assert (H1 : volume one * holds x' <= sum holds (seq x0 (volume one))).
    { rewrite Nat.mul_comm. rewrite <- (seq_length (volume one) x0) at 1. rewrite <- sum_const. apply sum_le.
      intros u Hu. apply in_seq in Hu. apply holds_falls; [lia|].
      pose proof (Nat.div_le_mono x0 u room ltac:(lia) ltac:(lia)). lia. }
    pose proof (sum_seq_part holds (x0 + volume one) (t * room - x0 - volume one) x' (t * room - x') ltac:(lia) ltac:(lia)).
    lia.
Qed.
Lemma spaced_used R : Forall (alike s o) R -> 1 <= volume one -> forall x,
  used (spaced_from room x R) t <= room + (s + o).
Proof.
  intros H Hv. induction H as [|r R Hr HR IH]; intros x; cbn [spaced_from]; [apply Nat.le_0_l|].
  set (x' := Nat.max (room * arrival r) x). rewrite used_cons, (alike_held s o) by auto. fold one.
  destruct (le_lt_dec t (x' / room + o)) as [Ht|Ht].
  - pose proof (after_one R HR x' (x' + volume r) Ht) as HA. rewrite (alike_volume s o r Hr) in HA. fold one in HA.
    specialize (HA (le_n _)). pose proof (sum_seq_part holds 0 (t * room) x' (t * room - x')) as HP.
    destruct (le_lt_dec x' (t * room)) as [Hl|Hl].
    + specialize (HP ltac:(lia) ltac:(lia)). pose proof holds_sum. pose proof (holds_peak x').
      change (held one (x' / room) t) with (holds x').
      assert (used (spaced_from room (x' + volume one) R) t <= room); [|rewrite (alike_volume s o r Hr); fold one; lia].
      apply (Nat.mul_le_mono_pos_l _ _ (volume one)); lia.
    + replace (t * room - x') with 0 in HA by lia. cbn [seq sum] in HA.
      change (held one (x' / room) t) with (holds x'). rewrite holds_late by lia.
      assert (used (spaced_from room (x' + volume one) R) t <= 0); [|rewrite (alike_volume s o r Hr); fold one; lia].
      apply (Nat.mul_le_mono_pos_l _ _ (volume one)); lia.
  - rewrite held_after by exact Ht. apply IH.
Qed.
End Kept.

Lemma spaced_fst room R : forall x, map fst (spaced_from room x R) = R.
Proof. induction R; intros; cbn [spaced_from map]; [reflexivity|]. now rewrite IHR. Qed.
Lemma spaced_arrived room R : 1 <= room -> forall x, Forall (fun q => arrival (fst q) <= snd q) (spaced_from room x R).
Proof.
  intros Hr. induction R as [|r R IH]; intros x; cbn [spaced_from]; constructor; [|apply IH].
  cbn [fst snd]. apply Nat.div_le_lower_bound; lia.
Qed.
Lemma spaced_feasible M R s o : valid M R -> max_peak R < M -> Forall (alike s o) R -> feasible M R (spaced M R).
Proof.
  intros Hw Hm HR. unfold spaced. split; [now rewrite spaced_fst|]. split; [apply spaced_arrived; lia|].
  intros t. destruct R as [|r R]; [apply Nat.le_0_l|].
  assert (Hr : alike s o r) by now inversion HR.
  pose proof (peak_le (r :: R) r (or_introl eq_refl)) as Hp. unfold peak in Hp. destruct Hr as [H1 H2].
  assert (Ho : 1 <= output r) by (inversion_clear Hw; tauto).
  pose proof (spaced_used s o (M - max_peak (r :: R)) t ltac:(lia) (r :: R) HR) as HU.
  etransitivity; [apply HU|lia]. apply volume_pos. cbn [output]. lia.
Qed.

(* ---- the total *)
(* the sum of the x_k *)
Fixpoint dues (room x : nat) (R : list request) : nat :=
  match R with
  | [] => 0
  | r :: R' => let x' := Nat.max (room * arrival r) x in x' + dues room (x' + volume r) R'
  end.
Lemma spaced_total room R : 1 <= room -> forall x,
  room * (total_latency (spaced_from room x R) + sum arrival R) <= dues room x R + room * sum output R.
Proof.
  intros Hr. induction R as [|r R IH]; intros x; [cbn [spaced_from dues sum total_latency]; rewrite !Nat.mul_0_r; apply Nat.le_refl|].
  cbn [spaced_from dues sum]. unfold total_latency in *. cbn [sum]. set (x' := Nat.max (room * arrival r) x).
  specialize (IH (x' + volume r)). unfold latency at 1. cbn [fst snd].
  assert (room * (x' / room) <= x') by (apply Nat.mul_div_le; lia).
  assert (arrival r <= x' / room) by (apply Nat.div_le_lower_bound; lia).
  set (L := sum latency _) in *. set (p := x' / room) in *.
  replace (p + output r - arrival r + L + (arrival r + sum arrival R)) with (p + output r + (L + sum arrival R)) by lia.
  rewrite !Nat.mul_add_distr_l in *. lia.
Qed.

(* ---- OPT from below, a busy period of the fluid schedule at a time *)
Lemma held_shift r p a t : a <= p -> held r (p - a) t = held r p (t + a).
Proof.
  intros H. unfold held.
  destruct (Nat.ltb_spec (p - a) t), (Nat.ltb_spec p (t + a)), (Nat.leb_spec t (p - a + output r)),
    (Nat.leb_spec (t + a) (p + output r)); cbn [andb]; lia.
Qed.
Lemma capacity_after D a l : Forall (fun x => a <= snd x) l -> (forall t, used l t <= D) ->
  2 * D * a * sum pvolume l + sum pvolume l * sum pvolume l <= D * sum busy l.
Proof.
  intros Ha HU. set (shift := fun x : request * nat => (fst x, snd x - a)). rewrite Forall_forall in Ha.
  assert (HS : forall t, used (map shift l) t <= D).
  { intros t. specialize (HU (t + a)). unfold used in *. rewrite sum_map. etransitivity; [|exact HU].
    apply sum_le. intros x Hx. cbn [shift fst snd]. rewrite held_shift; [lia|auto]. }
  pose proof (capacity_list D _ HS) as HC. rewrite !sum_map in HC.
  change (sum (fun x => pvolume (shift x)) l) with (sum pvolume l) in HC.
  assert (E : sum busy l = sum (fun x => busy (shift x)) l + 2 * a * sum pvolume l).
  { rewrite <- sum_scale, <- sum_plus. apply sum_ext. intros x Hx. specialize (Ha x Hx).
    unfold busy, shift, pvolume. cbn [fst snd]. set (v := volume (fst x)).
    replace (2 * snd x * v) with (2 * (snd x - a) * v + 2 * a * v) by nia. lia. }
  rewrite E. set (P := sum pvolume l) in *. replace (D * (sum (fun x => busy (shift x)) l + 2 * a * P))
    with (D * sum (fun x => busy (shift x)) l + 2 * D * a * P) by ring. lia.
Qed.
Lemma busy_periods D v l : Forall (fun x => pvolume x = v /\ arrival (fst x) <= snd x) l ->
  StronglySorted (fun x y => arrival (fst x) <= arrival (fst y)) l ->
  forall B a, Forall (fun x => pvolume x = v /\ a <= snd x) B ->
  Forall (fun x => a <= arrival (fst x)) l -> (forall t, used (B ++ l) t <= D) ->
  2 * D * a * (length B * v) + (length B * v) * (length B * v)
    + v * (2 * dues D (D * a + length B * v) (map fst l) + length l * v) <= D * sum busy (B ++ l).
Proof.
  assert (Hsum : forall B a, Forall (fun x => pvolume x = v /\ a <= snd x) B -> sum pvolume B = length B * v).
  { intros B a H. induction H as [|x B [Hx _] _ IH]; simpl; lia. }
  assert (Hlast : forall B a, Forall (fun x => pvolume x = v /\ a <= snd x) B -> Forall (fun x => a <= snd x) B).
  { intros B a H. eapply Forall_impl; [|exact H]. simpl. tauto. }
  induction l as [|[r p] l IH]; intros Hl Hs B a HB Ha HU.
  - rewrite app_nil_r in *. cbn [map dues length]. rewrite !Nat.mul_0_r, Nat.add_0_r.
    pose proof (capacity_after D a B (Hlast B a HB) HU) as H. rewrite (Hsum B a HB) in H. lia.
  - inversion_clear Hl as [|? ? [Hv Hp] Hl']. inversion_clear Hs as [|? ? Hs' Hf]. inversion_clear Ha as [|? ? Har Ha'].
    cbn [fst snd] in *. unfold pvolume in Hv. cbn [fst] in Hv.
    cbn [map fst dues length]. set (b := length B) in *. rewrite Hv.
    destruct (le_lt_dec (D * arrival r) (D * a + b * v)) as [H|H].
    + rewrite Nat.max_r by exact H.
      specialize (IH Hl' Hs' (B ++ [(r, p)]) a).
      rewrite app_length in IH. cbn [length] in IH. fold b in IH. rewrite <- app_assoc in IH. cbn [app] in IH.
      replace (D * a + (b + 1) * v) with (D * a + b * v + v) in IH by lia.
      assert (HB' : Forall (fun x => pvolume x = v /\ a <= snd x) (B ++ [(r, p)])).
      { apply Forall_app. split; [exact HB|]. constructor; [|constructor]. unfold pvolume. cbn [fst snd]. split; [exact Hv|lia]. }
      specialize (IH HB' Ha' HU). etransitivity; [|exact IH]. clear.
      set (X := dues _ _ _). set (n := length l). apply Nat.eq_le_incl. ring.
    + rewrite Nat.max_l by lia.
      specialize (IH Hl' Hs' [(r, p)] (arrival r)). cbn [length app] in IH. rewrite Nat.mul_1_l in IH.
      assert (HB' : Forall (fun x => pvolume x = v /\ arrival r <= snd x) [(r, p)])
        by (constructor; [split; [exact Hv|exact Hp]|constructor]).
      assert (HU1 : forall t, used B t <= D) by (intros t; specialize (HU t); rewrite used_app in HU; lia).
      assert (HU2 : forall t, used ((r, p) :: l) t <= D) by (intros t; specialize (HU t); rewrite used_app in HU; lia).
      specialize (IH HB' Hf HU2). pose proof (capacity_after D a B (Hlast B a HB) HU1) as H1.
      rewrite (Hsum B a HB) in H1. fold b in H1. rewrite sum_app, (Nat.mul_add_distr_l D (sum busy B)).
      set (X := dues _ _ _) in *. set (n := length l) in *.
      set (S1 := D * sum busy B) in *. set (S2 := D * sum busy ((r, p) :: l)) in *. clearbody S1 S2 X n b.
      assert (E : v * (2 * (D * arrival r + X) + S n * v) = 2 * D * arrival r * v + v * v + v * (2 * X + n * v)) by ring.
      lia.
Qed.

Open Scope Q_scope.
Lemma pacing_arrivals : Pacing.pacing_arrivals.
Proof.
  intros M R s o q Hw He Heq Hs Hq Hqs g. set (D := (M - max_peak R)%nat).
  assert (HR : Forall (alike s o) R) by now apply Forall_forall.
  destruct (eps_below_1 M R Hw He) as [->|Hm].
  { split; [apply feasible_empty|]. intros best HF. apply feasible_nil in HF as ->.
    unfold spaced. cbn [spaced_from]. unfold total_latency. cbn [sum]. rewrite q_0. lra. }
  split; [now apply (spaced_feasible M R s o)|]. intros best0 HF0.
  destruct (arrange D R best0 HF0) as (best & HF & <- & HBR). clear best0 HF0.
  assert (HR0 : R = [] \/ exists r0, In r0 R) by (destruct R as [|r0 R0]; [now left|right; exists r0; now left]).
  destruct HR0 as [->|[r0 Hin0]].
  { apply feasible_nil in HF as ->. unfold spaced. cbn [spaced_from]. unfold total_latency. cbn [sum]. rewrite q_0. lra. }
  assert (Ho : (1 <= o)%nat).
  { destruct (Heq r0 Hin0) as [_ <-]. unfold valid in Hw. rewrite Forall_forall in Hw. now apply Hw. }
  clear r0 Hin0.
  set (one := Request 0 s o). set (v := volume one).
  assert (Hv : (1 <= v)%nat) by (now apply volume_pos).
  assert (HD : (1 <= D)%nat) by (unfold D; lia).
  set (n := length R). set (X := dues D 0 R).
  (* the paced total *)
  pose proof (spaced_total D R HD 0) as HA. fold X in HA. change (spaced_from D 0 R) with (spaced M R) in HA.
  assert (HO : (sum output R = n * o)%nat).
  { unfold n. rewrite <- (Nat.mul_comm o), <- (sum_const R o). apply sum_ext. intros r Hr. now apply Heq. }
  (* OPT from below *)
  destruct HF as (HP & HAr & HU). rewrite Forall_forall in HAr.
  assert (Hvol : forall x, In x best -> pvolume x = v /\ (arrival (fst x) <= snd x)%nat).
  { intros x Hx. split; [|now apply HAr]. unfold pvolume, v, one. apply alike_volume, Heq. rewrite <- HBR. now apply in_map. }
  assert (Hsort : StronglySorted (fun x y => (arrival (fst x) <= arrival (fst y))%nat) best).
  { rewrite <- HBR in Hs. clear - Hs. induction best as [|x best IH]; [constructor|]. simpl in Hs.
    inversion_clear Hs. constructor; auto. now rewrite Forall_map in H0. }
  pose proof (busy_periods D v best (proj2 (Forall_forall _ _) Hvol) Hsort [] 0%nat ltac:(constructor)
    ltac:(apply Forall_forall; intros; lia) HU) as HB.
  cbn [app length] in HB. rewrite !Nat.mul_0_r, !Nat.mul_0_l, !Nat.add_0_l, HBR in HB. fold X in HB.
  assert (Hn : length best = n) by (unfold n; rewrite <- HBR; now rewrite map_length). rewrite Hn in HB.
  assert (HE : (sum busy best + n * v + 2 * v * sum output R
                = 2 * v * (total_latency best + sum arrival R) + 2 * n * mom one)%nat).
  { assert (E : (sum (fun x => busy x + (v + 2 * v * output (fst x))) best =
                 sum (fun x => 2 * v * (latency x + arrival (fst x)) + 2 * mom one) best)%nat).
    { apply sum_ext. intros x Hx. destruct (Hvol x Hx) as [H1 H2]. unfold busy, latency. unfold pvolume in H1.
      rewrite H1. assert (Ha : alike s o (fst x)) by (apply Heq; rewrite <- HBR; now apply in_map).
      assert (Em : mom (fst x) = mom one) by (unfold mom; destruct Ha as [-> ->]; reflexivity).
      rewrite Em. pose proof (volume_le_mom one) as Hvm. fold v in Hvm.
      replace (snd x + output (fst x) - arrival (fst x) + arrival (fst x))%nat with (snd x + output (fst x))%nat by lia.
      rewrite Nat.mul_add_distr_l. replace (2 * v * snd x)%nat with (2 * snd x * v)%nat by ring. lia. }
    rewrite !sum_plus, !sum_scale, !sum_plus, !sum_const, Hn in E.
    rewrite <- HBR, !sum_map. unfold total_latency. nia. }
  rewrite HO in HA, HE.
  pose proof (output_bound D R best (conj HP (conj (proj2 (Forall_forall _ _) HAr) HU))) as HL. rewrite HO in HL.
  to_Q HA. to_Q HB. to_Q HL. apply q_eq in HE. repeat (rewrite ?q_mul, ?q_add in HE). rewrite ?q_2 in HE.
  rewrite (mom_mean one) in HE. fold v in HE.
  pose proof (shape_at_least one q Ho Hq Hqs) as Hg. fold g in Hg. cbn [output one] in Hg.
  rewrite shape_mean in Hg. cbn [output one] in Hg.
  apply q_pos in HD. apply q_pos in Hv. pose proof (q_nonneg n) as Hn0. pose proof (q_nonneg o) as Ho0.
  set (A := rational (total_latency (spaced M R))) in *. set (T := rational (total_latency best)) in *.
  set (a := rational (sum arrival R)) in *. set (x := rational X) in *. set (d := rational D) in *.
  set (b := rational (sum busy best)) in *. set (mu := mean one) in *.
  set (nq := rational n) in *. set (oq := rational o) in *. set (vq := rational v) in *.
  assert (H1 : A <= 1 * (x / d - a) + nq * oq).
  { apply (Qmult_le_l _ _ d HD). setoid_replace (d * (1 * (x / d - a) + nq * oq)) with (x - d * a + d * (nq * oq))
      by (field; intros E; lra). lra. }
  assert (H2 : (x / d - a) + g * (nq * oq) <= T).
  { assert (H3 : x / d <= b / (2 * vq)).
    { apply Qle_div_l; auto. apply (Qmult_le_l _ _ (2 * vq)); [lra|].
      setoid_replace (2 * vq * (b / (2 * vq) * d)) with (d * b) by (field; intros E; lra).
      assert (0 <= vq * (nq * vq)) by (repeat apply Qmult_le_0_compat; lra). lra. }
    setoid_replace b with (2 * vq * (T + a) + 2 * nq * (vq * mu) - nq * vq - 2 * vq * (nq * oq)) in H3 by lra.
    setoid_replace ((2 * vq * (T + a) + 2 * nq * (vq * mu) - nq * vq - 2 * vq * (nq * oq)) / (2 * vq))
      with (T + a + nq * (mu - (1 # 2) - oq)) in H3 by (field; intros E; lra).
    assert (H4 : nq * (g * oq) <= nq * ((1 # 2) + oq - mu)) by (rewrite !(Qmult_comm nq); now apply Qmult_le_compat_r).
    lra. }
  assert (Hg1 : g <= 1).
  { unfold g. apply Qle_div_l; lra. }
  pose proof (constant 1 g (x / d - a) (nq * oq) T A ltac:(lra) ltac:(apply Qmult_le_0_compat; auto) HL H2 H1) as HC.
  rewrite Q.max_l in HC by lra. setoid_replace (2 - g) with (1 + 1 * (1 - g)) by ring. exact HC.
Qed.

(* ---- how bad pacing can be *)
Open Scope nat_scope.
Lemma paced_wave s o k room i : 1 <= room -> let v := volume (Request 0 s o) in
  v * (2 * i * k + k * (k - 1)) <=
  2 * room * (sum snd (paced_from 1 room (i * v) (repeat (Request 0 s o) k)) + k).
Proof.
  intros Hr v. revert i. induction k as [|k IH]; intros i; [simpl; lia|]. cbn [repeat paced_from sum snd].
  fold v. specialize (IH (S i)). replace (S i * v) with (i * v + v) in IH by lia.
  set (Y := sum snd _) in *. pose proof (Nat.div_mod (1 * (i * v)) room ltac:(lia)) as E.
  pose proof (Nat.mod_upper_bound (1 * (i * v)) room ltac:(lia)) as H. set (p := 1 * (i * v) / room) in *.
  rewrite Nat.mul_1_l in *. set (u := (i * v) mod room) in *.
  assert (H1 : v * (2 * i) <= 2 * room * (p + 1)) by nia.
  replace (2 * room * (p + Y + S k)) with (2 * room * (p + 1) + 2 * room * (Y + k)) by ring.
  assert (E2 : 2 * i * S k + S k * (S k - 1) = 2 * i + (2 * S i * k + k * (k - 1))).
  { destruct k; simpl; nia. }
  rewrite E2, Nat.mul_add_distr_l. lia.
Qed.
Lemma total_paced room R : backlog R -> forall W, total_latency (paced_from 1 room W R) =
  sum snd (paced_from 1 room W R) + sum output R.
Proof.
  induction 1 as [|r R Hr _ IH]; intros W; [reflexivity|]. cbn [paced_from sum]. unfold total_latency in *.
  cbn [sum snd]. rewrite IH. unfold latency. cbn [fst snd]. lia.
Qed.
Lemma max_peak_repeat r k : 1 <= k -> max_peak (repeat r k) = peak r.
Proof.
  destruct k as [|k]; [lia|]. intros _. induction k as [|k IH]; [simpl; lia|].
  cbn [repeat max_peak fold_right] in *. lia.
Qed.
Lemma wave_arithmetic k o F v : 2 <= k -> 1 <= o -> 2 * v = o * (2 * (o * o) + o + 1) ->
  v * (2 * 0 * k + k * (k - 1)) <= 2 * ((k - 1) * (o * o + o)) * (F + k) -> k * o <= 2 * F + 3 * k.
Proof.
  intros Hk Ho Hv H. set (j := k - 1) in *. assert (Hj : 0 < j) by (unfold j; lia). clearbody j.
  assert (H1 : o * (2 * (o * o) + o + 1) * k <= 4 * (o * o + o) * (F + k)).
  { rewrite <- Hv. apply (Nat.mul_le_mono_pos_r _ _ j Hj).
    replace (2 * v * k * j) with (2 * (v * (2 * 0 * k + k * j))) by ring.
    replace (4 * (o * o + o) * (F + k) * j) with (2 * (2 * (j * (o * o + o)) * (F + k))) by ring. lia. }
  set (Z := 2 * (F + k)) in *.
  assert (H2 : o * o * k <= (o + 1) * Z).
  { apply (Nat.mul_le_mono_pos_l _ _ (2 * o)); [lia|].
    replace (2 * o * ((o + 1) * Z)) with (4 * (o * o + o) * (F + k)) by (unfold Z; ring).
    replace (2 * o * (o * o * k)) with (o * (2 * (o * o)) * k) by ring.
    etransitivity; [|exact H1]. apply Nat.mul_le_mono_r, Nat.mul_le_mono_l. lia. }
  destruct (le_lt_dec (o * k) (Z + k)) as [|H3]; [unfold Z in *; lia|exfalso].
  apply (Nat.mul_le_mono_l _ _ (o + 1)) in H3.
  replace ((o + 1) * S (Z + k)) with ((o + 1) * Z + o * k + k + o + 1) in H3 by ring.
  replace ((o + 1) * (o * k)) with (o * o * k + o * k) in H3 by ring. lia.
Qed.
Open Scope Q_scope.
Lemma paced_svf_waves : Pacing.paced_svf_waves.
Proof.
  intros k c Hk Hc. destruct (q_quotient (3 / 2 - c)) as (a & b & Ha & Hb & E); [lra|].
  set (o := (2 * b)%nat). set (s := (o * o)%nat). exists s, o. set (R := repeat (Request 0 s o) k).
  cbv zeta. set (M := (k * (s + o))%nat).
  assert (Ho : (2 <= o)%nat) by (unfold o; lia).
  assert (Hw : valid M R).
  { apply Forall_forall. intros r Hr. apply repeat_spec in Hr as ->. unfold peak, M. cbn [output prompt]. nia. }
  assert (Hb0 : backlog R) by (apply Forall_forall; intros r Hr; now apply repeat_spec in Hr as ->).
  assert (Hm : max_peak R = (s + o)%nat) by (unfold R; rewrite max_peak_repeat by lia; reflexivity).
  split; [exact Hw|]. split.
  { unfold eps. rewrite Hm. unfold M. rewrite q_mul. assert (0 < rational (s + o)) by (apply q_pos; lia).
    assert (0 < rational k) by (apply q_pos; lia). field. split; intros E'; lra. }
  split.
  { split; [now rewrite map_map, map_id|]. split.
    - apply Forall_forall. intros x Hx. apply in_map_iff in Hx as (r & <- & Hr). apply repeat_spec in Hr as ->. simpl. lia.
    - intros t. unfold used. rewrite sum_map. unfold R. rewrite sum_repeat. cbn [fst snd]. unfold M.
      apply Nat.mul_le_mono_l. unfold held. destruct (_ && _) eqn:Eh; [|lia].
      apply andb_prop in Eh as [_ Eh]. apply Nat.leb_le in Eh. cbn [prompt output] in *. lia. }
  assert (E1 : total_latency (map (fun r => (r, 0%nat)) R) = (k * o)%nat).
  { unfold total_latency. rewrite sum_map. unfold R. rewrite sum_repeat. unfold latency. cbn [fst snd output arrival]. lia. }
  rewrite E1. unfold paced. rewrite total_paced by auto. rewrite Hm, Nat.mul_1_l.
  set (room := (M - (s + o))%nat).
  assert (Eo : sum output R = (k * o)%nat) by (unfold R; now rewrite sum_repeat). rewrite Eo.
  assert (Hroom : room = ((k - 1) * (s + o))%nat).
  { unfold room, M. rewrite Nat.mul_sub_distr_r, Nat.mul_1_l. reflexivity. }
  assert (Hroom1 : (1 <= room)%nat) by (rewrite Hroom; apply (Nat.mul_le_mono 1 (k - 1) 1); lia).
  pose proof (paced_wave s o k room 0 Hroom1) as H. cbv zeta in H. fold R in H. rewrite Nat.mul_0_l in H.
  set (F := sum snd _) in *.
  assert (HF : (k * o <= 2 * F + 3 * k)%nat).
  { apply (wave_arithmetic k o F (volume (Request 0 s o))); [exact Hk|lia|apply (volume_closed (Request 0 s o))|].
    rewrite Hroom in H. exact H. }
  to_Q HF. rewrite q_mul, q_add, q_mul.
  assert (Eo2 : rational o == 2 * b) by (unfold o; now rewrite q_mul).
  assert (Hkq : 0 < rational k) by (apply q_pos; lia). apply q_pos in Hb. apply (q_le 1) in Ha. rewrite q_1 in Ha.
  assert (Ec : c == 3 / 2 - a / b) by lra.
  rewrite Ec, Eo2 in *. setoid_replace ((3 / 2 - a / b) * (k * (2 * b))) with (3 * (k * b) - 2 * (k * a))
    by (field; intros E'; lra).
  assert (k * 1 <= k * a) by (rewrite !(Qmult_comm k); apply Qmult_le_compat_r; lra). lra.
Qed.
