(* The staggered bound: requests of peak at least h and output at least o, which cannot complete
   together. *)
From Coq Require Import List Arith ZArith QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Centroid.
Open Scope nat_scope.

Definition larger (a b : Q) : Q := if Qle_bool a b then b else a.
(* multipliers are multiples of 1 over this *)
Definition unit : nat := Z.to_nat (2 ^ 32).
(* what multipliers x_k, x_(k+1), ... take of the gap before completion i *)
Fixpoint taken (m i k : nat) (xs : list nat) : nat :=
  match xs with
  | [] => 0
  | x :: xs' => if i <=? k then 0 else x * (m - (i - k)) + taken m i (S k) xs'
  end.
(* one after the other the largest that may be *)
Fixpoint greedy (more m n : nat) (xs : list nat) : list nat :=
  match more with
  | 0 => xs
  | S more' =>
      let k := S (length xs) in
      greedy more' m n (xs ++ [Nat.div (unit * (n - k) - taken m (S k) 1 xs) (m - 1)])
  end.
Definition multipliers (m n : nat) : option (list nat) :=
  let last := n + 1 - m in
  let xs := greedy last m n [] in
  if (length xs =? last) && forallb (fun i => taken m i 1 xs <=? unit * (n + 1 - i)) (seq 2 (n - 1))
  then Some xs else None.
Definition in_group (h o : nat) (r : request) : bool := (h <=? prompt r + output r) && (o <=? output r).
Definition first_arrival (R : list request) : nat :=
  match R with [] => 0 | r :: R' => fold_left (fun a r => Nat.min a (arrival r)) R' (arrival r) end.

Open Scope Q_scope.
Definition of_others (M : nat) (R : list request) : option Q :=
  match R with
  | [] => Some (rational 0)
  | _ => match discrete_centroid M R with None => None | Some q => Some (larger q (sum output R)) end
  end.
Definition staggered_bound (M h o m : nat) (R : list request) : option Q :=
  let group := filter (in_group h o) R in
  let others := filter (fun r => negb (in_group h o r)) R in
  let n := length group in
  if ((1 <=? o) && (o <=? h) && (1 <=? m) && (m <=? n))%nat then
    let late := n * (first_arrival group + o) - sum arrival group in
    let apart := if (m * h <=? M)%nat then Some (rational 0)
                 else match multipliers m n with
                      | None => None
                      | Some xs => Some (o * (m - M / h) * (sum (fun x => x) xs / unit))
                      end in
    match apart, of_others M others with
    | Some a, Some z => Some (larger (late + a) (sum output group) + z)
    | _, _ => None
    end
  else None.
