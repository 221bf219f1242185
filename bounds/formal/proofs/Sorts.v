(* Merge sort sorts. *)
From Coq Require Import List ZArith Lia Permutation Sorted.
Import ListNotations.
From kvproof.checker Require Import Sort.
Open Scope Z_scope.
Set Default Timeout 100.

Section Sorts.
Context {A : Type} (key : A -> Z).
Definition rising : list A -> Prop := StronglySorted (fun x y => key x <= key y).

Lemma merge_perm l : forall l', Permutation (merge key l l') (l ++ l').
Proof.
  induction l as [|x l IH]; intros l'; [reflexivity|]. induction l' as [|y l' IH']; cbn [merge].
  - now rewrite app_nil_r.
  - destruct (key x <=? key y).
    + cbn [app]. apply perm_skip, IH.
    + change (Permutation (y :: merge key (x :: l) l') ((x :: l) ++ y :: l')).
      rewrite IH'. apply Permutation_middle.
Qed.
Lemma Forall_perm (P : A -> Prop) l l' : Permutation l l' -> Forall P l -> Forall P l'.
Proof. intros H. now rewrite H. Qed.
Lemma merge_rising l : rising l -> forall l', rising l' -> rising (merge key l l').
Proof.
  induction 1 as [|x l Hl IH Hx]; intros l'; [auto|]. induction 1 as [|y l' Hl' IH' Hy]; cbn [merge].
  - now constructor.
  - destruct (Z.leb_spec (key x) (key y)).
    + constructor; [apply IH; now constructor|].
      apply (Forall_perm _ (l ++ y :: l')); [symmetry; apply merge_perm|].
      apply Forall_app. split; auto. constructor; auto. eapply Forall_impl; [|exact Hy]. simpl. lia.
    + change (rising (y :: merge key (x :: l) l')). constructor; auto.
      apply (Forall_perm _ ((x :: l) ++ l')); [symmetry; apply merge_perm|].
      apply Forall_app. split; auto. constructor; [lia|]. eapply Forall_impl; [|exact Hx]. simpl. lia.
Qed.
Lemma push_perm st : forall l, Permutation (concat (push key l st)) (l ++ concat st).
Proof.
  induction st as [|b st IH]; intros l; cbn [push]; [reflexivity|].
  destruct b as [|x b]; [reflexivity|]. set (c := x :: b). cbn [concat app]. rewrite IH, merge_perm.
  rewrite (app_assoc l). apply Permutation_app_tail, Permutation_app_comm.
Qed.
Lemma push_rising st : forall l, rising l -> Forall rising st -> Forall rising (push key l st).
Proof.
  induction st as [|b st IH]; intros l Hl Hs; cbn [push]; [now repeat constructor|].
  inversion_clear Hs. destruct b as [|x b]; constructor; auto; [constructor|].
  apply IH; auto. now apply merge_rising.
Qed.
Lemma pushes l : forall st, Forall rising st ->
  let st' := fold_left (fun st x => push key [x] st) l st in
  Forall rising st' /\ Permutation (concat st') (l ++ concat st).
Proof.
  induction l as [|x l IH]; intros st Hs; cbn [fold_left]; [auto|].
  destruct (IH (push key [x] st)) as [H1 H2].
  { apply push_rising; auto. repeat constructor. }
  split; auto. rewrite H2, push_perm. symmetry. apply Permutation_middle.
Qed.
Lemma merges st : forall l, rising l -> Forall rising st ->
  let l' := fold_left (fun after before => merge key before after) st l in
  rising l' /\ Permutation l' (l ++ concat st).
Proof.
  induction st as [|b st IH]; intros l Hl Hs; cbn [fold_left concat]; [rewrite app_nil_r; auto|].
  inversion_clear Hs. destruct (IH (merge key b l)) as [H1 H2]; auto using merge_rising.
  split; auto. rewrite H2, merge_perm, app_assoc. apply Permutation_app_tail, Permutation_app_comm.
Qed.
Lemma sort_perm l : Permutation (sort key l) l.
Proof.
  destruct (pushes l [] (Forall_nil _)) as [H1 H2]. destruct (merges _ [] (SSorted_nil _) H1) as [_ H3].
  unfold sort. rewrite H3. cbn [app]. rewrite H2. cbn. now rewrite app_nil_r.
Qed.
Lemma sort_rising l : rising (sort key l).
Proof.
  destruct (pushes l [] (Forall_nil _)) as [H1 _]. exact (proj1 (merges _ [] (SSorted_nil _) H1)).
Qed.
End Sorts.
