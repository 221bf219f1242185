(* The centroid bounds: when served work lies on average, and what the shapes of requests add. *)
From Coq Require Import List Arith ZArith QArith.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort Service.
Open Scope Z_scope.

(* ---- Sums of many fractions, each (denominator, numerator) *)
Notation fraction := (Z * Z)%type.
Fixpoint gather (l : list fraction) : list fraction :=
  match l with
  | [] => []
  | (d, n) :: l' =>
      match gather l' with
      | (d', n') :: rest => if d =? d' then (d, n + n') :: rest else (d, n) :: (d', n') :: rest
      | [] => [(d, n)]
      end
  end.
Definition grid : Z := 10 ^ 12.
(* exact up to 256 denominators; beyond, each rounded down to a multiple of 10^-12 *)
Definition total (l : list fraction) : Q :=
  let g := gather (sort fst l) in
  if (length g <=? 256)%nat
  then fold_right (fun x q => Qplus (Qmake (snd x) (Z.to_pos (fst x))) q) (inject_Z 0) g
  else Qmake (fold_right (fun x z => snd x * grid / fst x + z) 0 g) (Z.to_pos grid).

Open Scope nat_scope.
(* s (j - c) + ((c + 1) + ... + j), closed *)
Definition tokens (s c j : nat) : nat := s * (j - c) + Nat.div (j * (j + 1) - c * (c + 1)) 2.
Definition half_mean (x : nat * nat) : fraction := (2 * Z.of_nat (fst x), Z.of_nat (snd x))%Z.
Definition served (M : nat) (jobs : list (nat * nat)) : option (list fraction) :=
  match serve_all M jobs with
  | None => None
  | Some (_, done) =>
      if forallb (fun x => 1 <=? fst x) done
      then Some (map half_mean done) else None
  end.

Open Scope Z_scope.
(* the sum of (2 i - 1) (s + i) over i = 1, ..., j *)
Definition moment_to (s j : Z) : Z := s * (j * j) + j * (j + 1) * (4 * j - 1) / 6.
Definition tail_terms (x : request * nat) : list fraction :=
  let (r, c) := x in
  let s := Z.of_nat (prompt r) in let o := Z.of_nat (output r) in
  [(1, o - Z.of_nat (arrival r));
   (2 * Z.of_nat (tokens (prompt r) c (output r)), moment_to s (Z.of_nat c) - moment_to s o)].
(* C: the requests, each with the number of its first tokens that are left out *)
Definition tail_centroid (M : nat) (C : list (request * nat)) : option Q :=
  if forallb (fun x => (snd x <? output (fst x))%nat) C then
    match served M (map (fun x => (arrival (fst x) + snd x,
                                   tokens (prompt (fst x)) (snd x) (output (fst x)))%nat) C) with
    | None => None
    | Some l => Some (total (l ++ flat_map tail_terms C))
    end
  else None.

Definition shape_terms (r : request) : list fraction :=
  let a := Z.of_nat (arrival r) in
  let s := Z.of_nat (prompt r) in let o := Z.of_nat (output r) in
  [(2, 1 + 2 * o - 2 * a); (3 * (2 * s + o + 1), - ((o + 1) * (3 * s + 2 * o + 1)))].
Definition discrete_centroid (M : nat) (R : list request) : option Q :=
  if forallb (fun r => (1 <=? output r)%nat) R then
    match served M (map (fun r => (arrival r, tokens (prompt r) 0 (output r))) R) with
    | None => None
    | Some l => Some (total (l ++ flat_map shape_terms R))
    end
  else None.
