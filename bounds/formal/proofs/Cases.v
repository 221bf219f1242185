(* The rules of the judgement, and that the program which applies them accepts nothing false. *)
From Coq Require Import List Arith ZArith Lia Bool Permutation QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Judgement.
From kvproof.checker Require Import Program.
From kvproof.proofs Require Import Sums Memory Lower Rational Prices.
From kvproof.proofs Require Opt.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- any schedule can be listed in the order of the instance, equal neighbours by their starts *)
Lemma first_of (r : request) (s : schedule) : In r (map fst s) ->
  exists s1 p s2, s = s1 ++ (r, p) :: s2 /\ forall q, In (r, q) s -> p <= q.
Proof.
  assert (dec : forall a b : request, {a = b} + {a <> b}) by (repeat decide equality).
  induction s as [|[r' p'] s IH]; [easy|]. intros H.
  destruct (in_dec dec r (map fst s)) as [Hin|Hout].
  - destruct (IH Hin) as (s1 & p & s2 & -> & Hp). destruct (dec r' r) as [->|Hne].
    + destruct (le_lt_dec p' p).
      * exists [], p', (s1 ++ (r, p) :: s2). split; [reflexivity|]. intros q [E|Hq]; [inversion E; lia|].
        specialize (Hp q Hq). lia.
      * exists ((r, p') :: s1), p, s2. split; [reflexivity|]. intros q [E|Hq]; [inversion E; lia|auto].
    + exists ((r', p') :: s1), p, s2. split; [reflexivity|]. intros q [E|Hq]; [congruence|auto].
  - destruct H as [E|]; [simpl in E; subst r'|contradiction]. exists [], p', s. split; [reflexivity|].
    intros q [E|Hq]; [inversion E; lia|]. exfalso. apply Hout. exact (in_map fst _ _ Hq).
Qed.
Lemma arrange_ordered R : forall s, Permutation (map fst s) R ->
  exists s', Permutation s s' /\ map fst s' = R /\ ordered s'.
Proof.
  induction R as [|r R IH]; intros s HP.
  - apply Permutation_sym, Permutation_nil in HP. destruct s; [|discriminate]. exists []. simpl. auto.
  - destruct (first_of r s) as (s1 & p & s2 & -> & Hp).
    { eapply Permutation_in; [symmetry; exact HP|]. left; auto. }
    rewrite map_app in HP. simpl in HP. apply Permutation_sym, Permutation_cons_app_inv, Permutation_sym in HP.
    destruct (IH (s1 ++ s2)) as (s' & H1 & H2 & H3); [now rewrite map_app|].
    exists ((r, p) :: s'). split; [|split].
    + rewrite <- Permutation_middle. now constructor.
    + simpl. now rewrite H2.
    + destruct s' as [|[r' q] s']; simpl; auto. split; [|exact H3]. simpl. intros <-. apply Hp.
      assert (Hq : In (r, q) (s1 ++ s2)) by (eapply Permutation_in; [symmetry; exact H1|left; auto]).
      apply in_app_or in Hq. apply in_or_app. simpl. tauto.
Qed.

Lemma rule_root : Judgement.rule_root.
Proof.
  intros M T R H s0 (HP & HA & HU). destruct (arrange_ordered R s0 HP) as (s & H1 & H2 & H3).
  apply q_le. assert (E : total_latency s0 = total_latency s) by (now apply sum_perm). rewrite E.
  destruct (le_lt_dec T (total_latency s)) as [|Hlt]; auto. apply H; auto.
  - intros t. rewrite <- (used_perm _ _ t H1). apply HU.
  - assert (HA' : Forall (fun x => arrival (fst x) <= snd x) s) by now rewrite <- H1.
    (* whoever waits w steps adds w to the sum of the outputs *)
    assert (HW : forall x, In x s -> snd x - arrival (fst x) + sum output (map fst s) <= total_latency s).
    { clear - HA'. unfold total_latency. induction HA' as [|y s Hy HA IH]; intros x Hx; [easy|]. simpl in Hx.
      cbn [sum map]. unfold latency at 1. destruct Hx as [->|Hx].
      - assert (sum output (map fst s) <= sum latency s); [|lia]. rewrite sum_map. apply sum_le.
        intros z Hz. rewrite Forall_forall in HA. specialize (HA z Hz). unfold latency. lia.
      - specialize (IH x Hx). lia. }
    rewrite <- H2. clear - HA' HW Hlt. rewrite map_map.
    remember (sum output (map fst s)) as O eqn:EO. clear EO. remember (total_latency s) as C eqn:EC. clear EC.
    induction HA' as [|x s Hx HA IH]; simpl; constructor.
    + unfold inside. simpl. specialize (HW x (or_introl eq_refl)). split; [auto|lia].
    + apply IH. intros y Hy. apply HW. now right.
Qed.

(* ---- the rules about windows *)
Lemma inside_app W1 e W2 s : Forall2 inside (W1 ++ e :: W2) s ->
  exists s1 x s2, s = s1 ++ x :: s2 /\ Forall2 inside W1 s1 /\ inside e x /\ Forall2 inside W2 s2.
Proof.
  intros H. apply Forall2_app_inv_l in H as (s1 & s2 & H1 & H2 & ->). inversion H2; subst. eauto 8.
Qed.
Lemma rule_empty : Judgement.rule_empty.
Proof.
  intros M T W1 r a b W2 Hab s HU HW _. apply inside_app in HW as (s1 & x & s2 & _ & _ & [_ H] & _).
  simpl in H. lia.
Qed.
Lemma rule_split : Judgement.rule_split.
Proof.
  intros M T W1 r a b W2 c HA HB s HU HW HO. apply inside_app in HW as (s1 & x & s2 & -> & H1 & [H2 H3] & H4).
  simpl in H2, H3. destruct (le_lt_dec (snd x) c).
  - apply HA; auto. apply Forall2_app; auto. constructor; auto. split; simpl; auto. lia.
  - apply HB; auto. apply Forall2_app; auto. constructor; auto. split; simpl; auto. lia.
Qed.
Lemma ordered_app s1 : forall s2, ordered (s1 ++ s2) -> ordered s2.
Proof. induction s1 as [|x s1 IH]; intros s2 H; [exact H|]. apply IH.
  change (ordered (x :: (s1 ++ s2))) in H. destruct (s1 ++ s2); [exact I|apply H].
Qed.
Lemma rule_order : Judgement.rule_order.
Proof.
  intros M T W1 r a b a' b' W2 H s HU HW HO. apply inside_app in HW as (s1 & x & s' & -> & H1 & [H2 H3] & H4).
  inversion H4 as [|e y W2' s2 [H5 H6] H7]; subst. apply H; auto. simpl in *.
  pose proof (ordered_app _ _ HO) as HO'. simpl in HO'. destruct HO' as [Hxy _].
  specialize (Hxy ltac:(congruence)). apply Forall2_app; auto. constructor; [|constructor]; auto.
  - split; simpl; auto. lia.
  - split; simpl; auto. lia.
Qed.

(* ---- the rules of prices *)
Lemma Forall2_impl {A B} (P Q : A -> B -> Prop) l l' : (forall a b, P a b -> Q a b) ->
  Forall2 P l l' -> Forall2 Q l l'.
Proof. induction 2; constructor; auto. Qed.
Open Scope Z_scope.
Lemma least_below D ys W m : least_terms D ys W m -> forall s, Forall2 inside W s ->
  zsum m <= zsum (terms_of D ys s).
Proof.
  induction 1 as [|[r [a b]] v W m Hv _ IH]; intros s Hs; inversion Hs as [|? x ? s' [H1 H2] H3]; subst; [reflexivity|].
  specialize (IH _ H3). specialize (Hv (snd x) H2). simpl in H1, Hv. subst r. unfold terms_of, zsum in *. simpl. lia.
Qed.
(* each term is above its least value by no more than all of them together *)
Lemma least_one D ys W m : least_terms D ys W m -> forall s, Forall2 inside W s ->
  Forall2 (fun v x => zsum m - v + term D ys (fst x) (snd x) <= zsum (terms_of D ys s)) m s.
Proof.
  induction 1 as [|[r [a b]] v W m Hv Hm IH]; intros s Hs; inversion Hs as [|? x ? s' [H1 H2] H3]; subst; [constructor|].
  specialize (Hv (snd x) H2). simpl in H1, Hv. subst r. pose proof (least_below _ _ _ _ Hm _ H3) as HB.
  specialize (IH _ H3). unfold terms_of, zsum in *. cbn [map fold_right]. constructor; [lia|].
  eapply Forall2_impl; [|exact IH]. simpl. intros. lia.
Qed.
Lemma rule_close : Judgement.rule_close.
Proof.
  intros M T W D ys m HD Hy Hm HL s HU HW _. pose proof (least_below _ _ _ _ Hm _ HW) as HB.
  pose proof (terms_total M D ys s HD Hy HU) as HT. unfold bound in HL. nia.
Qed.
Lemma rule_shrink : Judgement.rule_shrink.
Proof.
  intros M T W W' D ys m HD Hy Hm HS H s HU HW HO.
  destruct (le_lt_dec T (total_latency s)) as [|Hlt]; auto. exfalso.
  enough (T <= total_latency s)%nat by lia. apply H; auto.
  pose proof (least_one _ _ _ _ Hm _ HW) as H1. pose proof (terms_total M D ys s HD Hy HU) as HT.
  assert (HC : zsum (terms_of D ys s) - Z.of_nat M * zsum ys <= D * (Z.of_nat T - 1)).
  { etransitivity; [exact HT|]. apply Z.mul_le_mono_nonneg_l; lia. }
  unfold bound in HS. remember (zsum m - Z.of_nat M * zsum ys) as L eqn:EL.
  assert (H2 : Forall2 (fun v x => L - v + term D ys (fst x) (snd x) <= D * (Z.of_nat T - 1)) m s).
  { eapply Forall2_impl; [|exact H1]. simpl. intros. lia. }
  clear - HS HW H2. revert m W' HS H2. induction HW as [|[r [a b]] x W s [E Hin] _ IH]; intros m W' HS H2.
  - inversion HS. constructor.
  - inversion H2 as [|v ? m' ? Hv Hm']; subst. cbn [combine] in HS. inversion HS as [|? e' ? W'' He HS']; subst.
    destruct He as [He Hp]. constructor; [|now apply (IH m')]. simpl in *. subst. destruct e' as [r' [a' b']]. simpl in *.
    split; simpl; [congruence|]. destruct (Hp (snd x) Hin); [lia|auto].
Qed.

(* ---- the program *)
Open Scope nat_scope.
Lemma alike_eq r r' : alike r r' = true -> r = r'.
Proof.
  destruct r, r'. unfold alike. simpl. rewrite !andb_true_iff, !Nat.eqb_eq. intros [[-> ->] ->]. reflexivity.
Qed.
Lemma raise_sound W : forall before s, Forall2 inside W s -> ordered s ->
  match before, s with Some (q, f), x :: _ => q = fst x -> f <= snd x | _, _ => True end ->
  Forall2 inside (raise before W) s.
Proof.
  induction W as [|[r [a b]] W IH]; intros before s Hs HO Hb; inversion Hs as [|? x ? s' [E Hin] Hs']; subst; [constructor|].
  cbn [raise fst snd] in *. subst r.
  set (a' := match before with Some (q, f) => if alike q (fst x) then Nat.max f a else a | None => a end).
  assert (Ha : a' <= snd x).
  { unfold a'. destruct before as [[q f]|]; [|lia]. destruct (alike q (fst x)) eqn:Eq; [|lia].
    apply alike_eq in Eq. specialize (Hb Eq). lia. }
  constructor; [split; simpl; auto; lia|]. apply IH; auto.
  - destruct s'; [exact I|apply HO].
  - destruct s' as [|y s']; auto. intros E. destruct HO as [HO _]. specialize (HO E). lia.
Qed.
Lemma lower_sound W : forall s, Forall2 inside W s -> ordered s -> Forall2 inside (lower W) s.
Proof.
  induction W as [|[r [a b]] W IH]; intros s Hs HO; inversion Hs as [|? x ? s' [E Hin] Hs']; subst; [constructor|].
  cbn [lower fst snd] in *. subst r.
  assert (H : Forall2 inside (lower W) s') by (apply IH; auto; destruct s'; [exact I|apply HO]).
  constructor; [|exact H]. destruct (lower W) as [|[q [f g]] V]; [split; auto|].
  inversion H as [|? y ? s'' [Eq Hy] _]; subst. simpl in Eq, Hy. subst q.
  split; simpl; auto. destruct (alike (fst x) (fst y)) eqn:Ea; [|lia]. apply alike_eq in Ea.
  destruct HO as [HO _]. specialize (HO Ea). lia.
Qed.
Lemma tighten_sound W s : Forall2 inside W s -> ordered s -> Forall2 inside (tighten W) s.
Proof. intros. apply lower_sound; auto. now apply raise_sound. Qed.
Lemma empty_sound W s : empty W = true -> ~ Forall2 inside W s.
Proof.
  intros H HW. apply existsb_exists in H as ([r [a b]] & Hin & H). simpl in H. apply Nat.ltb_lt in H.
  induction HW as [|e x W s [E Hx] _ IH]; [easy|]. destruct Hin as [->|Hin]; [simpl in Hx; lia|auto].
Qed.
Lemma values_map D ys W : values D ys W = map (fun e => let l := terms D ys (fst e) (fst (snd e)) (snd (snd e)) in (least l, l)) W.
Proof. unfold values. now apply map_runs_map. Qed.
Lemma values_least D ys W : least_terms D ys W (map fst (values D ys W)).
Proof.
  rewrite values_map, map_map. simpl. induction W as [|[r [a b]] W IH]; simpl; constructor; auto.
  intros p Hp. simpl in *. now apply least_terms_le.
Qed.
Lemma tighten_none M T W : none_below M T (tighten W) -> none_below M T W.
Proof. intros H s HU HW HO. apply H; auto. now apply tighten_sound. Qed.
Open Scope Z_scope.
Lemma apply_sound M T D ys W : 0 <= D -> Forall (Z.le 0) ys ->
  match apply M D (D * (Z.of_nat T - 1)) ys W with None => True | Some W' => none_below M T W' end ->
  none_below M T W.
Proof.
  intros HD Hy. unfold apply. set (L := zsum (map fst (values D ys W)) - Z.of_nat M * zsum ys).
  destruct (Z.ltb_spec (D * (Z.of_nat T - 1)) L) as [HL|HL]; intros H.
  - apply (rule_close M T W D ys (map fst (values D ys W))); auto. apply values_least.
  - apply tighten_none in H. eapply rule_shrink; [exact HD|exact Hy|apply values_least| |exact H].
    unfold bound. fold L. rewrite values_map, map_map. clearbody L. clear H HL. cbn [fst].
    induction W as [|[r [a b]] W IH]; cbn [map combine]; constructor; auto. cbn [fst snd shrink].
    split; [reflexivity|]. intros p Hp. set (l := terms D ys r a b). set (c := least l + (D * (Z.of_nat T - 1) - L)).
    pose proof (terms_length D ys r a b) as Hlen. fold l in Hlen.
    pose proof (terms_nth D ys r a b (p - a) ltac:(lia)) as Hn. fold l in Hn.
    replace (a + (p - a))%nat with p in Hn by lia.
    destruct (le_lt_dec (a + above c l) p) as [H1|H1].
    + destruct (le_lt_dec p (b - above c (rev l))) as [H2|H2]; [right; lia|left].
      pose proof (above_back c l (p - a) ltac:(lia) ltac:(lia)) as HB. rewrite Hn in HB. unfold c in HB. lia.
    + left. pose proof (above_front c l (p - a) ltac:(lia)) as HB. rewrite Hn in HB. unfold c in HB. lia.
Qed.
Open Scope nat_scope.
Lemma change_none M T k c : forall W1 W, none_below M T (W1 ++ change k (fun w => (fst w, Nat.min (snd w) c)) W) ->
  none_below M T (W1 ++ change k (fun w => (Nat.max (fst w) (S c), snd w)) W) -> none_below M T (W1 ++ W).
Proof.
  induction k as [|k IH]; intros W1 [|[r [a b]] W] HA HB; cbn [change fst snd] in *; auto.
  - now apply (rule_split M T W1 r a b W c).
  - specialize (IH (W1 ++ [(r, (a, b))]) W). rewrite <- !app_assoc in IH. auto.
Qed.
Lemma check_sound M T D t : (0 <= D)%Z -> forall W,
  check M D (D * (Z.of_nat T - 1)) W t = true -> none_below M T W.
Proof.
  intros HD. induction t as [|ys t IH|k c A IHA B IHB]; intros W H; cbn [check] in H;
    apply orb_prop in H as [H|H]; try (intros s _ HW _; exfalso; exact (empty_sound _ _ H HW)); [discriminate| |].
  - apply andb_prop in H as [Hy H]. apply (apply_sound M T D ys); auto.
    + apply Forall_forall. intros y Hin. rewrite forallb_forall in Hy. apply Z.leb_le. auto.
    + destruct (apply _ _ _ _ _); auto.
  - apply andb_prop in H as [HA HB]. apply (change_none M T k c []); simpl; apply tighten_none; auto.
Qed.
Lemma branch_sound M T D R t : branch M T D R t = true -> opt_at_least M R T.
Proof.
  intros H. unfold branch in H. apply andb_prop in H as [HD H]. apply Z.leb_le in HD.
  apply orb_prop in H as [H|H].
  - apply Nat.leb_le in H. intros s HF. apply q_le. pose proof (output_bound M R s HF). lia.
  - apply rule_root. now apply (check_sound M T D t).
Qed.
