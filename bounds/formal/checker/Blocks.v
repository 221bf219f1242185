(* A blocking chain: blocks that follow each other from step 0 explain why the requests of a backlog
   start when they do in SVF order. That what is accepted is as spec/Blocks.v says is proved, so this
   need not be read. *)
From Coq Require Import List Arith ZArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model Claims.
From kvproof.checker Require Import Sort Heap Policies.
Open Scope Z_scope.

(* The schedule, of n requests, in SVF order. *)
Definition svf_rank (n : nat) (x : request * nat * nat) : Z :=
  rank SVF (classes_of SVF []) n 0 (fst (fst x), snd x).
Definition in_svf_order (s : schedule) : schedule :=
  map fst (sort (svf_rank (length s)) (combine s (seq 0 (length s)))).
Fixpoint never_earlier (s : schedule) : bool :=
  match s with
  | x :: (y :: _) as s' => (snd x <=? snd y)%nat && never_earlier s'
  | _ => true
  end.

(* Those that have started, by their ends: how many, and the sum of s - p for their starts p. *)
Record holding := Holding { many : Z; offset : Z; by_end : heap (request * nat) }.
Definition offset_of (x : request * nat) : Z := Z.of_nat (prompt (fst x)) - Z.of_nat (snd x).
(* Those started by t join; the others. *)
Fixpoint begin_by (t : nat) (h : holding) (s : schedule) : holding * schedule :=
  match s with
  | x :: s' =>
      if (snd x <=? t)%nat
      then begin_by t (Holding (many h + 1) (offset h + offset_of x)
                               (add (snd x + output (fst x)) x (by_end h))) s'
      else (h, s)
  | [] => (h, [])
  end.
(* Those that end before u leave. *)
Fixpoint retire (fuel u : nat) (h : holding) : option holding :=
  match fuel, by_end h with
  | S fuel', Node _ e x a b =>
      if (e <? u)%nat then retire fuel' u (Holding (many h - 1) (offset h - offset_of x) (join a b)) else Some h
  | O, Node _ _ _ _ _ => None
  | _, Leaf => Some h
  end.
(* Constants (p, q) stand for p/q. *)
Fixpoint follow (fuel : nat) (M free : Z) (cs : list (Z * Z)) (t : nat) (h : holding) (s : schedule)
  (blocks : list (nat * nat)) : bool :=
  match blocks with
  | [] => forallb (fun x => snd x <=? t)%nat s
  | (t', u) :: blocks' =>
      let (h', s') := begin_by t h s in
      match s' with
      | [] => false
      | (r, _) :: _ =>
          (t' =? t)%nat && (t <? u)%nat && (u <=? t + output r)%nat &&
          match retire fuel u h' with
          | None => false
          | Some h'' =>
              let d := Z.of_nat (u - t) in
              let held := many h'' * Z.of_nat u + offset h'' in
              let tokens := 2 * d * held - many h'' * (d * (d - 1)) in
              (M <? held + Z.of_nat (prompt r) + d) &&
              forallb (fun c => 2 * snd c * free * d <? fst c * tokens) cs &&
              follow fuel M free cs u h'' s' blocks'
          end
      end
  end.

(* Each start by the volumes before it; the sum of these volumes over the requests. *)
Fixpoint bounded (free : Z) (cs : list (Z * Z)) (before : Z) (s : schedule) : bool :=
  match s with
  | [] => true
  | (r, p) :: s' =>
      forallb (fun c => Z.of_nat p * free * snd c <=? fst c * before) cs &&
      bounded free cs (before + Z.of_nat (key SVF (classes_of SVF []) r)) s'
  end.
Fixpoint waiting (before : Z) (s : schedule) : Z :=
  match s with
  | [] => 0
  | (r, _) :: s' => before + waiting (before + Z.of_nat (key SVF (classes_of SVF []) r)) s'
  end.
(* the largest 2 (s + o) / (2 s + o + 1) *)
Fixpoint peak_over_mean (R : list request) (best : Z * Z) : Z * Z :=
  match R with
  | [] => best
  | r :: R' =>
      let n := 2 * (Z.of_nat (prompt r) + Z.of_nat (output r)) in
      let d := 2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1 in
      peak_over_mean R' (if fst best * d <? n * snd best then (n, d) else best)
  end.
(* s, feasible and of total U, is as claimed; B, and the other with 1/eta for 2. *)
Definition chain_holds (M U : nat) (B : Z) (eta : option Z) (s : schedule) (blocks : list (nat * nat)) : bool :=
  let R := map fst s in
  let free := Z.of_nat M - Z.of_nat (max_peak R) in
  let s' := in_svf_order s in
  let cs := (2, 1) :: match eta with None => [] | Some _ => [peak_over_mean R (0, 1)] end in
  let bounds := B :: match eta with None => [] | Some B' => [B'] end in
  let W := waiting 0 s' in
  let outputs := Z.of_nat (sum output R) in
  (0 <? free) && forallb (fun c => 0 <? fst c) cs && forallb (fun r => (arrival r =? 0)%nat) R && never_earlier s' &&
  follow (length s) (Z.of_nat M) free cs 0 (Holding 0 0 Leaf) s' blocks && bounded free cs 0 s' &&
  forallb (fun x => let '((n, d), b) := x in
             (b =? n * W / (d * free) + outputs) && (Z.of_nat U <=? b)) (combine cs bounds).
