(* Jobs that are released over time are served in whole steps, M units of work a step, least work
   first: what the centroid bounds compare OPT with. *)
From Coq Require Import List Arith ZArith.
Import ListNotations.
From kvproof.checker Require Import Sort Heap.
Open Scope nat_scope.

(* Jobs rank by their work; the heap holds what is left of each. One that waits for its release is
   (release, work); those released by [step] join the heap. *)
Fixpoint arrive (step : nat) (h : heap nat) (waiting : list (nat * nat)) : heap nat * list (nat * nat) :=
  match waiting with
  | (a, w) :: rest => if a <=? step then arrive step (add w w h) rest else (h, waiting)
  | [] => (h, [])
  end.
(* The log: the work of a job, and units of it, each weighed by 2 t - 1 for its step t. *)
Notation log := (list (nat * nat)).
(* [free] units of the step after [step]; None where [fuel] does not suffice *)
Fixpoint fill (fuel free step : nat) (h : heap nat) (done : log) : option (heap nat * log) :=
  match fuel, h with
  | _, Leaf => Some (Leaf, done)
  | 0, _ => None
  | S fuel', Node _ k w a b =>
      if free <=? w then Some (add k (w - free) (join a b), (k, (2 * step + 1) * free) :: done)
      else fill fuel' (free - w) step (join a b) ((k, (2 * step + 1) * w) :: done)
  end.
(* All jobs, from the end of [step] on: the step by which all is done, and the log. *)
Fixpoint serve (fuel M step : nat) (h : heap nat) (waiting : list (nat * nat)) (done : log)
  : option (nat * log) :=
  match fuel with
  | 0 => None
  | S fuel' =>
      match arrive step h waiting with
      | (Leaf, []) => Some (step, done)
      | (Leaf, (a, w) :: rest) => serve fuel' M a Leaf ((a, w) :: rest) done
      | (Node _ k w a b as h', rest) =>
          if M <=? w then                              (* whole steps, until another comes *)
            let whole := match rest with
                         | [] => w / M
                         | (next, _) :: _ => Nat.min (w / M) (next - step)
                         end in
            serve fuel' M (step + whole) (add k (w - whole * M) (join a b)) rest
                  ((k, M * (whole * (2 * step + whole))) :: done)
          else match fill fuel M step h' done with
               | None => None
               | Some (h'', done') => serve fuel' M (S step) h'' rest done'
               end
      end
  end.
Definition serve_all (M : nat) (jobs : list (nat * nat)) : option (nat * log) :=
  serve (5 * length jobs + 5) M 0 Leaf (sort (fun x => Z.of_nat (fst x)) jobs) [].
