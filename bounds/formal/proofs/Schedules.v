(* A schedule's cost: the obvious program is right, and the fast one gives the same. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort Schedule.
From kvproof.proofs Require Import Sums Memory Opt Sorts.
Open Scope nat_scope.
Set Default Timeout 100.

(* the tokens of a step are at most those of the next end of one that runs *)
Lemma fullest (s : schedule) t : 1 <= used s t -> exists x, In x s /\ used s t <= used s (snd x + output (fst x)).
Proof.
  intros Ht. set (runs := fun x : request * nat => (snd x <? t) && (t <=? fin x)).
  assert (Hrun : exists x, In x (filter runs s)).
  { destruct (filter runs s) as [|x l] eqn:E; [|exists x; left; auto]. exfalso.
    assert (used s t = 0); [|lia]. unfold used. rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_const; lia|].
    intros x Hx. destruct (runs x) eqn:Er.
    - assert (Hin : In x (filter runs s)) by (apply filter_In; auto). rewrite E in Hin. easy.
    - unfold runs, fin in Er. unfold held. now rewrite Er. }
  destruct Hrun as (x0 & H0). destruct (Opt.least fin (filter runs s) x0 H0) as (x & Hx & Hleast).
  apply filter_In in Hx as [Hx Hr]. exists x. split; auto. change (used s t <= used s (fin x)).
  apply sum_le. intros y Hy. destruct (runs y) eqn:Ey.
  - specialize (Hleast y ltac:(apply filter_In; auto)). unfold runs in Ey, Hr.
    apply andb_prop in Ey as [E1 E2]. apply andb_prop in Hr as [E3 E4].
    apply Nat.ltb_lt in E1, E3. apply Nat.leb_le in E2, E4. unfold held. unfold fin in *.
    destruct (Nat.ltb_spec (snd y) t), (Nat.leb_spec t (snd y + output (fst y))),
      (Nat.ltb_spec (snd y) (snd x + output (fst x))), (Nat.leb_spec (snd x + output (fst x)) (snd y + output (fst y)));
      simpl; lia.
  - unfold runs, fin in Ey. unfold held at 1. rewrite Ey. lia.
Qed.
Lemma ends_enough M s : (forall x, In x s -> used s (snd x + output (fst x)) <= M) -> forall t, used s t <= M.
Proof.
  intros H t. destruct (le_lt_dec (used s t) 0); [lia|]. destruct (fullest s t ltac:(lia)) as (x & Hx & Ht).
  specialize (H x Hx). lia.
Qed.
Lemma cost_sound M s U : cost M s = Some U -> feasible M (map fst s) s /\ total_latency s = U.
Proof.
  intros H. unfold cost in H. destruct (forallb _ s && forallb _ s) eqn:E; [|discriminate].
  inversion H; subst. apply andb_prop in E as [E1 E2]. rewrite forallb_forall in E1, E2.
  split; [|reflexivity]. split; [reflexivity|]. split.
  - apply Forall_forall. intros x Hx. apply Nat.leb_le. auto.
  - apply ends_enough. intros x Hx. apply Nat.leb_le. exact (E2 x Hx).
Qed.

(* ---- the fast one *)
Open Scope Z_scope.
(* what events before t make of step t *)
Definition level (l : list event) (t : Z) : Z :=
  fold_right (fun e z => (if time e <? t then more e * t + tokens e else 0) + z) 0 l.
Lemma level_app l l' t : level (l ++ l') t = level l t + level l' t.
Proof. induction l; cbn [app level fold_right]; [reflexivity|]. fold (level (l ++ l') t) (level l t). lia. Qed.
Lemma level_perm l l' t : Permutation l l' -> level l t = level l' t.
Proof. induction 1; cbn [level fold_right] in *; unfold level in *; lia. Qed.
Lemma level_used s t : level (events s) (Z.of_nat t) = Z.of_nat (used s t).
Proof.
  induction s as [|[r p] s IH]; [reflexivity|]. unfold events in *. cbn [flat_map]. rewrite level_app, IH, used_cons.
  rewrite Nat2Z.inj_add. f_equal. unfold events_of, held. cbn [fst snd level fold_right time more tokens].
  destruct (Z.ltb_spec (Z.of_nat p) (Z.of_nat t)), (Nat.ltb_spec p t); try lia;
    destruct (Z.ltb_spec (Z.of_nat p + Z.of_nat (output r)) (Z.of_nat t)), (Nat.leb_spec t (p + output r));
    cbn [andb]; lia.
Qed.
Lemma level_before l t : Forall (fun e => time e < t) l ->
  level l t = fold_right (fun e z => more e + z) 0 l * t + fold_right (fun e z => tokens e + z) 0 l.
Proof.
  induction 1 as [|e l H _ IH]; cbn [level fold_right]; [reflexivity|]. fold (level l t).
  destruct (Z.ltb_spec (time e) t); lia.
Qed.
Lemma level_after l t : Forall (fun e => t <= time e) l -> level l t = 0.
Proof.
  induction 1 as [|e l H _ IH]; cbn [level fold_right]; [reflexivity|]. fold (level l t).
  destruct (Z.ltb_spec (time e) t); lia.
Qed.
Lemma fold_snoc (f : event -> Z) done e :
  fold_right (fun e z => f e + z) 0 (done ++ [e]) = fold_right (fun e z => f e + z) 0 done + f e.
Proof. induction done; cbn [app fold_right]; lia. Qed.
(* [done] has been swept: all its times are at most [last], and all later ones at least *)
Lemma sweep_spec M l : forall done last,
  rising time (done ++ l) -> Forall (fun e => time e <= last) done -> Forall (fun e => last <= time e) l ->
  (level (done ++ l) last <= M) ->
  (sweep M last (fold_right (fun e z => more e + z) 0 done) (fold_right (fun e z => tokens e + z) 0 done) l = true
   <-> forall e, In e l -> level (done ++ l) (time e) <= M).
Proof.
  induction l as [|e l IH]; intros done last Hs Hd Hl HM; cbn [sweep]; [split; [intros _ e []|auto]|].
  inversion Hl as [|? ? He Hl']; subst.
  assert (Hin : Forall (fun f => time e <= time f) l).
  { clear - Hs. induction done as [|d done IH]; cbn [app] in Hs; inversion Hs; subst; auto. }
  assert (E : done ++ e :: l = (done ++ [e]) ++ l) by now rewrite <- app_assoc.
  assert (Hd' : Forall (fun f => time f <= time e) (done ++ [e])).
  { apply Forall_app. split; [|repeat constructor; lia]. eapply Forall_impl; [|exact Hd]. simpl. lia. }
  specialize (IH (done ++ [e]) (time e)). rewrite <- E, !fold_snoc in IH. specialize (IH Hs Hd' Hin).
  rewrite andb_true_iff, orb_true_iff, Z.eqb_eq, Z.leb_le.
  assert (HL : time e = last \/ level (done ++ e :: l) (time e) =
    fold_right (fun e z => more e + z) 0 done * time e + fold_right (fun e z => tokens e + z) 0 done).
  { destruct (Z.eq_dec (time e) last); [auto|right]. rewrite level_app, level_before, level_after; [lia| |].
    - constructor; [lia|auto].
    - eapply Forall_impl; [|exact Hd]. simpl. lia. }
  split.
  - intros [H1 H2]. assert (HM' : level (done ++ e :: l) (time e) <= M).
    { destruct HL as [HL|HL]; [now rewrite HL|]. destruct H1 as [H1|H1]; [now rewrite H1|lia]. }
    intros f [<-|Hf]; auto. apply (proj1 (IH HM')); auto.
  - intros H. pose proof (H e (or_introl eq_refl)) as HM'. split.
    + destruct HL as [HL|HL]; [auto|right; lia].
    + apply (IH HM'). intros f Hf. apply H. now right.
Qed.
Lemma fast_cost_same M s : fast_cost M s = cost M s.
Proof.
  unfold fast_cost, cost. destruct (forallb _ s) eqn:EA; [|reflexivity]. cbn [andb].
  set (all := sort time (events s)).
  assert (HP : Permutation all (events s)) by apply sort_perm.
  assert (H0 : forall e, In e all -> exists t, time e = Z.of_nat t).
  { intros e He. apply (Permutation_in _ HP) in He. apply in_flat_map in He as ([r p] & _ & [<-|[<-|[]]]); cbn [time fst snd].
    - eauto.
    - exists (p + output r)%nat. lia. }
  assert (HF : Forall (fun e => -1 <= time e) all).
  { apply Forall_forall. intros e He. destruct (H0 e He) as (t & ->). lia. }
  pose proof (sweep_spec (Z.of_nat M) all [] (-1) (sort_rising time _) (Forall_nil _) HF) as HS.
  cbn [app fold_right] in HS. rewrite level_after in HS by auto. specialize (HS ltac:(lia)).
  assert (E : sweep (Z.of_nat M) (-1) 0 0 all = forallb (fun x => (used s (snd x + output (fst x)) <=? M)%nat) s).
  { apply eq_true_iff_eq. rewrite HS, forallb_forall. split.
    - intros H x Hx. apply Nat.leb_le. set (e := Event (Z.of_nat (snd x) + Z.of_nat (output (fst x))) (-1) (Z.of_nat (snd x) - Z.of_nat (prompt (fst x)))).
      assert (He : In e all).
      { apply (Permutation_in _ (Permutation_sym HP)), in_flat_map. exists x. split; auto. right. now left. }
      specialize (H e He). rewrite (level_perm _ _ _ HP) in H. subst e. cbn [time] in H.
      rewrite <- Nat2Z.inj_add, level_used in H. lia.
    - intros H e He. destruct (H0 e He) as (t & ->). rewrite (level_perm _ _ _ HP), level_used.
      enough (used s t <= M)%nat by lia. apply ends_enough. intros x Hx. apply Nat.leb_le. auto. }
  now rewrite E.
Qed.
