(* The volume bound: the latency of the fluid schedule that serves the least remaining volume first,
   many steps at once where nothing arrives or completes. *)
From Coq Require Import List Arith ZArith QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Centroid.
Open Scope nat_scope.

(* Of those that wait, each (arrival, volume) and in this order, those that arrive at t join. *)
Fixpoint enter (t : nat) (left : list nat) (waiting : list (nat * nat)) : list nat * list (nat * nat) :=
  match waiting with
  | (a, v) :: rest => if a =? t then enter t (insert v left) rest else (left, waiting)
  | [] => (left, [])
  end.
(* M times the latency from step t on, added to [sum] *)
Fixpoint fluid (fuel M t : nat) (left : list nat) (waiting : list (nat * nat)) (sum : nat) : option nat :=
  match fuel with
  | 0 => None
  | S fuel' =>
      match enter t left waiting with
      | ([], []) => Some sum
      | ([], (a, v) :: rest) => if t <? a then fluid fuel' M a [] ((a, v) :: rest) sum else None
      | (v :: left', rest) =>
          let n := match rest with
                   | [] => (v - 1) / M
                   | (a, _) :: _ => Nat.min ((v - 1) / M) (a - t)
                   end in
          if n =? 0
          then fluid fuel' M (S t) (serve M (v :: left')) rest (sum + spent M M (v :: left'))
          else fluid fuel' M (t + n) (v - n * M :: left') rest (sum + n * (M * length (v :: left')))
      end
  end.
Definition per_step (M n : nat) : Q := Qmake (Z.of_nat n) (Z.to_pos (Z.of_nat M)).
Definition volume_bound (M : nat) (R : list request) : option Q :=
  if (1 <=? M) && forallb (fun r => (1 <=? output r) && (prompt r + output r <=? M)) R then
    (* of those that arrive together the largest first: each joins at the front *)
    let jobs := sort (fun x => Z.of_nat (fst x)) (sort (fun x => - Z.of_nat (snd x))%Z
                  (map (fun r => (arrival r, tokens (prompt r) 0 (output r))) R)) in
    match fluid (4 * length R + 4) M 0 [] jobs 0 with None => None | Some n => Some (per_step M n) end
  else None.
