(* Lists in the order of a key, equal keys as they came: merge sort, for the programs beside it. *)
From Coq Require Import List ZArith.
Import ListNotations.
Open Scope Z_scope.

Section Sort.
Context {A : Type} (key : A -> Z).

(* two sorted lists in one; of equal keys those of the first come first *)
Fixpoint merge (l : list A) : list A -> list A :=
  match l with
  | [] => fun l' => l'
  | x :: k =>
      fix into (l' : list A) : list A :=
        match l' with
        | [] => l
        | y :: k' => if key x <=? key y then x :: merge k l' else y :: into k'
        end
  end.
(* sorted lists, the i-th of 2^i elements or none; those behind came before *)
Fixpoint push (l : list A) (stack : list (list A)) : list (list A) :=
  match stack with
  | [] => [l]
  | [] :: rest => l :: rest
  | before :: rest => [] :: push (merge before l) rest
  end.
Definition sort (l : list A) : list A :=
  fold_left (fun after before => merge before after)
            (fold_left (fun stack x => push [x] stack) l []) [].
End Sort.
