(* Prices that never rise bound the runs of an engine too. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements Engine.
From kvproof.rules Require Import Judgement.
From kvproof.checker Require Import Program Runs.
From kvproof.proofs Require Import Sums Rational.
From kvproof.proofs Require Engine Runs.
Open Scope Z_scope.
Set Default Timeout 100.

Lemma never_rise_sorted runs : never_rise runs = true -> StronglySorted (fun x y => snd y <= snd x) runs.
Proof.
  intros H. apply Sorted_StronglySorted; [intros x y z; lia|]. induction runs as [|x runs IH]; [constructor|].
  destruct runs as [|y runs]; [repeat constructor|]. cbn [never_rise] in H. apply andb_prop in H as [H1 H2].
  constructor; [now apply IH|]. constructor. now apply Z.leb_le.
Qed.
Lemma falling_steps runs : StronglySorted (fun x y => snd y <= snd x) runs -> StronglySorted (fun a b => b <= a) (by_step runs).
Proof.
  unfold by_step. induction 1 as [|[k y] runs _ IH Hy]; cbn [flat_map fst snd]; [constructor|].
  assert (HL : Forall (fun z => z <= y) (flat_map (fun x => repeat (snd x) (fst x)) runs)).
  { apply Forall_forall. intros z Hz. apply in_flat_map in Hz as (x & Hx & Hz). apply repeat_spec in Hz. subst z.
    rewrite Forall_forall in Hy. now apply (Hy x). }
  clear Hy. induction k as [|k IHk]; cbn [repeat app]; [exact IH|]. constructor; [exact IHk|]. apply Forall_app. split; [|exact HL].
  apply Forall_forall. intros z Hz. apply repeat_spec in Hz. lia.
Qed.
Lemma nth_falls l : StronglySorted (fun a b => b <= a) l -> Forall (Z.le 0) l -> forall i, nth (S i) l 0 <= nth i l 0.
Proof.
  induction 1 as [|y l Hl IH Hy]; intros H0 i; [destruct i; cbn; lia|]. inversion_clear H0 as [|? ? H1 H2].
  destruct i as [|i]; [|exact (IH H2 i)]. cbn [nth]. destruct l as [|z l]; [exact H1|]. inversion_clear Hy. assumption.
Qed.
Lemma nth_pays l : Forall (Z.le 0) l -> forall i, 0 <= nth i l 0.
Proof.
  intros H i. destruct (le_lt_dec (length l) i) as [Hi|Hi]; [now rewrite nth_overflow|].
  rewrite Forall_forall in H. apply H, nth_In, Hi.
Qed.
Lemma zsum_nth l : forall k, (Qsum (fun t => inject_Z (nth (t - k)%nat l 0%Z)) (seq k (length l)) == inject_Z (zsum l))%Q.
Proof.
  induction l as [|y l IH]; intros k; cbn [length seq Qsum zsum fold_right]; [reflexivity|].
  rewrite Nat.sub_diag. cbn [nth]. fold (zsum l). rewrite inject_Z_plus, <- (IH (S k)).
  apply Qplus_comp; [reflexivity|]. apply qsum_ext. intros t Ht. apply in_seq in Ht.
  replace (t - k)%nat with (S (t - S k)) by lia. reflexivity.
Qed.
Lemma dot_nth l o : forall p s,
  (Qsum (fun j => inject_Z (nth (p + j - 1)%nat l 0%Z) * rational (s + j)%nat) (seq 1 o) == inject_Z (dot o (Z.of_nat s) (skipn p l)))%Q.
Proof.
  induction o as [|o IH]; intros p s; [reflexivity|]. cbn [seq Qsum]. rewrite <- seq_shift, qsum_map.
  rewrite (qsum_ext _ (fun j => inject_Z (nth (S p + j - 1)%nat l 0%Z) * rational (S s + j)%nat)%Q).
  2:{ intros j _. replace (p + S j - 1)%nat with (S p + j - 1)%nat by lia. replace (s + S j)%nat with (S s + j)%nat by lia. reflexivity. }
  rewrite IH. replace (p + 1 - 1)%nat with p by lia.
  assert (HS : skipn (S p) l = tl (skipn p l)).
  { clear. revert l. induction p as [|p IHp]; intros l; [destruct l; reflexivity|]. destruct l as [|y l]; [reflexivity|]. exact (IHp l). }
  assert (HN : nth p l 0 = hd 0 (skipn p l)).
  { clear. revert l. induction p as [|p IHp]; intros l; destruct l as [|y l]; try reflexivity. exact (IHp l). }
  rewrite HS, HN. destruct (skipn p l) as [|y l']; cbn [hd tl dot].
  - assert (E : dot o (Z.of_nat (S s)) [] = 0) by now destruct o. rewrite E. change (inject_Z 0) with 0%Q. ring.
  - rewrite inject_Z_plus, inject_Z_mult. unfold rational. replace (Z.of_nat (s + 1)) with (Z.of_nat s + 1) by lia.
    replace (Z.of_nat (S s)) with (Z.of_nat s + 1) by lia. reflexivity.
Qed.
(* a value for each request, where a list gives one for each place *)
Lemma same_or_not (r q : request) : {r = q} + {r <> q}.
Proof. repeat decide equality. Qed.
Lemma zsum_le (f g : request -> Z) R : (forall r, In r R -> f r <= g r) -> zsum (map f R) <= zsum (map g R).
Proof.
  unfold zsum. induction R as [|r R IH]; intros H; cbn [map fold_right]; [lia|]. pose proof (H r (or_introl eq_refl)).
  specialize (IH (fun q Hq => H q (or_intror Hq))). lia.
Qed.
Lemma choose (P : request -> Z -> Prop) R vs : Forall2 P R vs ->
  exists f, (forall r, In r R -> P r (f r)) /\ zsum vs <= zsum (map f R).
Proof.
  induction 1 as [|r v R vs Hv _ (f & Hf & HS)]; [exists (fun _ => 0); split; [easy|cbn; lia]|].
  set (w := if in_dec same_or_not r R then Z.max v (f r) else v). assert (Hw : P r w /\ v <= w).
  { unfold w. destruct (in_dec same_or_not r R) as [Hr|]; [|split; [exact Hv|lia]].
    destruct (Z.max_spec v (f r)) as [[HX ->]|[HX ->]]; split; auto; lia. }
  exists (fun q => if same_or_not q r then w else f q). split.
  - intros q [<-|Hq]; [destruct (same_or_not r r); [apply Hw|easy]|]. destruct (same_or_not q r) as [->|]; [apply Hw|auto].
  - unfold zsum in *. cbn [fold_right map]. destruct (same_or_not r r) as [_|]; [|easy].
    enough (zsum (map f R) <= zsum (map (fun q => if same_or_not q r then w else f q) R)) by (unfold zsum in *; lia).
    apply zsum_le. intros q Hq. destruct (same_or_not q r) as [->|]; [|lia]. unfold w.
    destruct (in_dec same_or_not r R); [lia|easy].
Qed.
Lemma qsum_zsum (f : request -> Z) D R : 0 < D -> (Qsum (fun r => inject_Z (f r) / inject_Z D) R == inject_Z (zsum (map f R)) / inject_Z D)%Q.
Proof.
  intros HD. unfold Qdiv. induction R as [|r R IH]; cbn [Qsum map zsum fold_right]; [change (inject_Z 0) with 0%Q; ring|].
  fold (zsum (map f R)). rewrite inject_Z_plus, IH. ring.
Qed.
Lemma falling_price_bound M D runs R q : valid M R -> StronglySorted (fun x y => snd y <= snd x) runs ->
  price_bound M D runs R = Some q -> runs_at_least M R q.
Proof.
  intros Hv HF E. apply kvproof.proofs.Runs.price_bound_value in E as (HD & Hy & R' & vs & HP & HV & ->).
  apply falling_steps in HF. set (ys := by_step runs) in *. clearbody ys.
  destruct (choose _ _ _ HV) as (f & Hf & HS).
  set (y := fun t : nat => (inject_Z (nth (t - 1)%nat ys 0%Z) / inject_Z D)%Q).
  set (least := fun r => (inject_Z (f r) / inject_Z (2 * D))%Q).
  assert (HDQ : (0 < inject_Z D)%Q) by (change 0%Q with (inject_Z 0); now rewrite <- Zlt_Qlt).
  assert (HDi : (0 < / inject_Z D)%Q) by now apply Qinv_lt_0_compat.
  intros e He.
  assert (Hv' : valid M R') by (unfold valid; now rewrite HP).
  assert (He' : engine_run M R' e) by (destruct He as (H1 & H2); split; [now rewrite HP|exact H2]).
  destruct (kvproof.proofs.Engine.engine_any_run M R' e Hv' He') as (_ & _ & _ & H).
  eapply Qle_trans; [|apply (H (length ys) y least)].
  - assert (EY : (Qsum y (seq 1 (length ys)) == inject_Z (zsum ys) / inject_Z D)%Q).
    { unfold y, Qdiv. rewrite (qsum_ext _ (fun t => / inject_Z D * inject_Z (nth (t - 1)%nat ys 0%Z))%Q) by (intros; ring).
      rewrite qsum_scale, zsum_nth. ring. }
    rewrite EY. unfold least. rewrite qsum_zsum by lia. unfold half. rewrite Qmake_Qdiv, Z2Pos.id by lia.
    rewrite Zle_Qle in HS. unfold rational. unfold Zminus. rewrite inject_Z_plus, inject_Z_opp, !inject_Z_mult.
    change (inject_Z 2) with 2%Q. set (V := inject_Z (zsum vs)) in *. set (F := inject_Z (zsum (map f R'))) in *.
    set (m := inject_Z (Z.of_nat M)). set (Y := inject_Z (zsum ys)). set (d := inject_Z D) in *.
    setoid_replace ((V + - (2 * m * Y)) / (2 * d))%Q with (V / (2 * d) - m * (Y / d))%Q by (field; intros HX; lra).
    assert (V / (2 * d) <= F / (2 * d))%Q; [|lra]. unfold Qdiv. apply Qmult_le_compat_r; [exact HS|].
    apply Qlt_le_weak, Qinv_lt_0_compat. lra.
  - intros t. unfold y, Qdiv. apply Qmult_le_0_compat; [|lra]. change 0%Q with (inject_Z 0). rewrite <- Zle_Qle. now apply nth_pays.
  - intros t. unfold y, Qdiv. apply Qmult_le_compat_r; [|lra]. rewrite <- Zle_Qle. destruct t as [|t]; [cbn; lia|].
    replace (S (S t) - 1)%nat with (S (S t - 1)) by lia. now apply nth_falls.
  - intros t Ht. unfold y. rewrite nth_overflow by lia. change (inject_Z 0) with 0%Q. unfold Qdiv. ring.
  - intros r p Hr Hp. specialize (Hf r Hr p Hp). unfold term in Hf. pose proof (dot_nth ys (output r) p (prompt r)) as HN.
    rewrite (qsum_ext _ (fun j => / inject_Z D * (inject_Z (nth (p + j - 1)%nat ys 0%Z) * rational (prompt r + j)%nat))%Q)
      by (intros; rewrite q_add; unfold y; field; lra).
    rewrite qsum_scale, HN. unfold least. set (X := dot _ _ _) in *. clearbody X. clear HN.
    rewrite Zle_Qle, !inject_Z_mult, inject_Z_plus, inject_Z_mult in Hf. unfold Zminus in Hf.
    rewrite inject_Z_plus, inject_Z_opp, Nat2Z.inj_add, inject_Z_plus in Hf. unfold rational.
    change (inject_Z 2) with 2%Q in *. rewrite inject_Z_mult. change (inject_Z 2) with 2%Q.
    set (d := inject_Z D) in *. set (A := inject_Z (Z.of_nat p)) in *. set (B := inject_Z (Z.of_nat (output r))) in *. set (a := inject_Z (Z.of_nat (arrival r))) in *.
    apply Qle_shift_div_r; [lra|]. set (x := inject_Z X) in *.
    setoid_replace ((A + B - a + / d * x) * (2 * d))%Q with (2 * (d * (A + B + - a) + x))%Q by (field; intros HX; lra). exact Hf.
Qed.
