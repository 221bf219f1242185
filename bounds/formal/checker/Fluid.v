(* The volume bound: the latency of the fluid schedule that serves the least remaining volume first,
   many steps at once where nothing arrives or completes. *)
From Coq Require Import List Arith ZArith QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Heap Centroid.
Open Scope nat_scope.

(* Of those that wait, each (arrival, volume) and in this order, those that arrive at t join the n
   that are left, which rank by what is left of them. *)
Fixpoint enter (t n : nat) (left : heap unit) (waiting : list (nat * nat))
  : nat * heap unit * list (nat * nat) :=
  match waiting with
  | (a, v) :: rest => if a =? t then enter t (S n) (add v tt left) rest else (n, left, waiting)
  | [] => (n, left, [])
  end.
(* One step, z of its M token-steps to come: M times its latency, added to [sum]; who is left. None
   where [fuel] does not suffice. *)
Fixpoint spend (fuel M z n : nat) (left : heap unit) (sum : nat) : option (nat * nat * heap unit) :=
  match fuel, left with
  | _, Leaf => Some (sum, n, Leaf)
  | 0, _ => None
  | S fuel', Node _ v _ a b =>
      if v <=? z then spend fuel' M (z - v) (n - 1) (join a b) (sum + (M - (z - v)))
      else Some (sum + M * n, n, add (v - z) tt (join a b))
  end.
(* M times the latency from step t on, added to [sum] *)
Fixpoint fluid (fuel M t n : nat) (left : heap unit) (waiting : list (nat * nat)) (sum : nat)
  : option nat :=
  match fuel with
  | 0 => None
  | S fuel' =>
      match enter t n left waiting with
      | (_, Leaf, []) => Some sum
      | (n', Leaf, (a, v) :: rest) =>
          if t <? a then fluid fuel' M a n' Leaf ((a, v) :: rest) sum else None
      | (n', Node _ v _ a b as left', rest) =>
          let k := match rest with
                   | [] => (v - 1) / M
                   | (next, _) :: _ => Nat.min ((v - 1) / M) (next - t)
                   end in
          if k =? 0
          then match spend fuel M M n' left' sum with
               | None => None
               | Some (sum', n'', left'') => fluid fuel' M (S t) n'' left'' rest sum'
               end
          else fluid fuel' M (t + k) n' (add (v - k * M) tt (join a b)) rest (sum + k * (M * n'))
      end
  end.
Definition per_step (M n : nat) : Q := Qmake (Z.of_nat n) (Z.to_pos (Z.of_nat M)).
Definition volume_bound (M : nat) (R : list request) : option Q :=
  if (1 <=? M) && forallb (fun r => (1 <=? output r) && (prompt r + output r <=? M)) R then
    let jobs := sort (fun x => Z.of_nat (fst x))
                     (map (fun r => (arrival r, tokens (prompt r) 0 (output r))) R) in
    match fluid (4 * length R + 4) M 0 0 Leaf jobs 0 with
    | None => None
    | Some n => Some (per_step M n)
    end
  else None.
