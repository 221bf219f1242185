(* The order in which a policy goes through the requests, and what its schedule costs. *)
From Coq Require Import List Arith ZArith.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort Centroid.
Open Scope nat_scope.

Inductive policy := SVF | SJF | FCFS.
Definition key (p : policy) (r : request) : nat :=
  match p with SVF => tokens (prompt r) 0 (output r) | SJF => output r | FCFS => arrival r end.
(* key first, then arrival, then place, in one number *)
Definition rank (p : policy) (n latest : nat) (x : request * nat) : Z :=
  ((Z.of_nat (key p (fst x)) * (Z.of_nat latest + 1) + Z.of_nat (arrival (fst x))) * Z.of_nat n
   + Z.of_nat (snd x))%Z.
Definition listed (p : policy) (R : list request) : list request :=
  map fst (sort (rank p (length R) (last_arrival R)) (combine R (seq 0 (length R)))).
Definition policy_total (how : rule) (p : policy) (M : nat) (R : list request) : option nat :=
  match simulate how M (listed p R) with None => None | Some s => Some (total_latency s) end.
