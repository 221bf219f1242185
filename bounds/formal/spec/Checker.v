(* The checker that is extracted from Coq. *)
From Coq Require Import List.
From kvproof.spec Require Import Model Claims.
From kvproof.checker Require Accept Schedule.

(* Whatever it accepts, by whatever proof, is true; [rows] are requests with counts, as in the file. *)
Definition checker_sound : Prop := forall M rows claim proof,
  Accept.accepts M rows claim proof = true -> meaning M (expand rows) claim.

(* The sweep over sorted events accepts what adding up each step's tokens does, and nothing else. *)
Definition checker_schedule_same : Prop := forall M s, Schedule.fast_cost M s = Schedule.cost M s.
