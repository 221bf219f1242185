(* The order in which a policy goes through the requests, and what its schedule costs. *)
From Coq Require Import List Arith ZArith QArith.
Import ListNotations.
From kvproof.spec Require Import Model Claims.
From kvproof.checker Require Import Sort Centroid Events.
Open Scope nat_scope.

(* Of the short requests, and of the long ones: the mean output over a common unit, the longest. *)
Record class := Class { mean : nat; most : nat }.
Record classes := Classes { common : nat; short : class; long : class }.
Definition is_long (theta : Q) (r : request) : bool := negb (Qle_bool (output r) theta).
Definition class_of (n : nat) (C : list request) : class :=
  Class (sum output C * n) (fold_right (fun r m => Nat.max (output r) m) 0 C).
Definition classes_of (p : policy) (R : list request) : classes :=
  match p with
  | OneBit theta _ =>
      let shorts := filter (fun r => negb (is_long theta r)) R in
      let longs := filter (is_long theta) R in
      let n := Nat.max 1 (length shorts) in let n' := Nat.max 1 (length longs) in
      Classes (n * n') (class_of n' shorts) (class_of n longs)
  | _ => Classes 1 (Class 0 0) (Class 0 0)
  end.
Definition its (c : classes) (theta : Q) (r : request) : class :=
  if is_long theta r then long c else short c.
Definition key (p : policy) (c : classes) (r : request) : nat :=
  match p with
  | SVF => tokens (prompt r) 0 (output r)
  | SJF => output r
  | FCFS => arrival r
  | OneBit theta _ => let m := mean (its c theta r) in m * (2 * prompt r * common c + m + common c)
  end.
(* key first, then arrival, then place, in one number *)
Definition rank (p : policy) (c : classes) (n latest : nat) (x : request * nat) : Z :=
  ((Z.of_nat (key p c (fst x)) * (Z.of_nat latest + 1) + Z.of_nat (arrival (fst x))) * Z.of_nat n
   + Z.of_nat (snd x))%Z.
Definition listed (p : policy) (c : classes) (R : list request) : list request :=
  map fst (sort (rank p c (length R) (last_arrival R)) (combine R (seq 0 (length R)))).
Definition policy_total (how : rule) (p : policy) (M : nat) (R : list request) : option Z :=
  let c := classes_of p R in
  match p with
  | OneBit theta true => events_total how M false (fun r => most (its c theta r)) (listed p c R)
  | _ => events_total how M true output (listed p c R)
  end.
