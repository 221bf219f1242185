(* Things with ranks, the least rank at the top: a leftist heap, for the programs beside it. *)
From Coq Require Import Arith.
Open Scope nat_scope.

Section Heap.
Context {A : Type}.
Inductive heap :=
| Leaf
| Node (depth rank : nat) (thing : A) (below beside : heap).
Definition depth (h : heap) : nat := match h with Leaf => 0 | Node d _ _ _ _ => d end.
Definition node (k : nat) (x : A) (h h' : heap) : heap :=
  if depth h <? depth h' then Node (S (depth h)) k x h' h else Node (S (depth h')) k x h h'.
Fixpoint join (h : heap) : heap -> heap :=
  match h with
  | Leaf => fun h' => h'
  | Node _ k x a b =>
      fix into (h' : heap) : heap :=
        match h' with
        | Leaf => h
        | Node _ k' x' a' b' => if k <=? k' then node k x a (join b h') else node k' x' a' (into b')
        end
  end.
Definition add (k : nat) (x : A) (h : heap) : heap := join (Node 1 k x Leaf Leaf) h.
End Heap.
Arguments heap : clear implicits.
