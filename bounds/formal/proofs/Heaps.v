(* What a heap holds, and that its top ranks least. *)
From Coq Require Import List Arith Lia Permutation.
Import ListNotations.
From kvproof.checker Require Import Heap.
From kvproof.proofs Require Import Sorts.
Open Scope nat_scope.
Set Default Timeout 100.

Fixpoint inside_heap {A} (h : heap A) : list (nat * A) :=
  match h with Leaf => [] | Node _ k w a b => (k, w) :: inside_heap a ++ inside_heap b end.
Fixpoint heaped {A} (h : heap A) : Prop :=
  match h with
  | Leaf => True
  | Node _ k _ a b => Forall (fun x => k <= fst x) (inside_heap a ++ inside_heap b) /\ heaped a /\ heaped b
  end.
Lemma node_perm {A} k (w : A) a b : Permutation (inside_heap (node k w a b)) ((k, w) :: inside_heap a ++ inside_heap b).
Proof. unfold node. destruct (_ <? _); cbn [inside_heap]; auto using perm_skip, Permutation_app_comm. Qed.
Lemma join_perm {A} (h : heap A) : forall h', Permutation (inside_heap (join h h')) (inside_heap h ++ inside_heap h').
Proof.
  induction h as [|d k w a IHa b IHb]; intros h'; [reflexivity|].
  induction h' as [|d' k' w' a' IHa' b' IHb']; cbn [join]; [now rewrite app_nil_r|].
  destruct (k <=? k').
  - rewrite node_perm, IHb. cbn [inside_heap app]. now rewrite app_assoc.
  - rewrite node_perm. fold (join (Node d k w a b)). change (Permutation ((k', w') :: inside_heap a' ++ inside_heap (join (Node d k w a b) b')) (inside_heap (Node d k w a b) ++ inside_heap (Node d' k' w' a' b'))).
    rewrite IHb'. cbn [inside_heap]. rewrite <- Permutation_middle. apply perm_skip.
    rewrite !app_assoc. apply Permutation_app_tail, Permutation_app_comm.
Qed.
Lemma node_heaped {A} k (w : A) a b : Forall (fun x => k <= fst x) (inside_heap a ++ inside_heap b) ->
  heaped a -> heaped b -> heaped (node k w a b).
Proof.
  intros H Ha Hb. unfold node. destruct (_ <? _); cbn [heaped]; auto. split; auto.
  now rewrite Permutation_app_comm.
Qed.
Lemma join_heaped {A} (h : heap A) : heaped h -> forall h', heaped h' -> heaped (join h h').
Proof.
  induction h as [|d k w a IHa b IHb]; intros Hh h'; [auto|].
  induction h' as [|d' k' w' a' IHa' b' IHb']; intros Hh'; [exact Hh|].
  destruct Hh as (H1 & H2 & H3). destruct Hh' as (H1' & H2' & H3').
  apply Forall_app in H1 as [H1a H1b]. apply Forall_app in H1' as [H1a' H1b']. cbn [join].
  destruct (Nat.leb_spec k k').
  - apply node_heaped; [|exact H2|].
    + apply Forall_app. split; auto. apply (Forall_perm _ _ _ (Permutation_sym (join_perm b _))).
      apply Forall_app. split; auto. cbn [inside_heap]. constructor; [auto|]. apply Forall_app.
      split; eapply Forall_impl; eauto; simpl; lia.
    + apply IHb; auto. cbn [heaped]. repeat split; auto. now apply Forall_app.
  - change (heaped (node k' w' a' (join (Node d k w a b) b'))). apply node_heaped; [|exact H2'|].
    + apply Forall_app. split; auto. apply (Forall_perm _ _ _ (Permutation_sym (join_perm _ b'))).
      apply Forall_app. split; auto. cbn [inside_heap]. constructor; [simpl; lia|]. apply Forall_app.
      split; eapply Forall_impl; eauto; simpl; lia.
    + apply IHb'; auto.
Qed.
Lemma add_perm {A} k (w : A) h : Permutation (inside_heap (add k w h)) ((k, w) :: inside_heap h).
Proof. unfold add. rewrite join_perm. reflexivity. Qed.
Lemma add_heaped {A} k (w : A) h : heaped h -> heaped (add k w h).
Proof. intros H. apply join_heaped; auto. cbn. auto. Qed.
