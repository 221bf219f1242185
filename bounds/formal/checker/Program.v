(* Proofs by cases that OPT is at least a target: checker/Accept.v tries them. That nothing false is
   accepted is proved (spec/Checker.v), so this need not be read. *)
From Coq Require Import List Arith ZArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope Z_scope.

(* A request with its window: the first and the last start that are left. *)
Notation entry := (request * (nat * nat))%type.

(* Prices are integers over a common denominator D; step t has the t-th. *)
Definition price (ys : list Z) (t : nat) : Z := nth (t - 1) ys 0.
Definition zsum : list Z -> Z := fold_right Z.add 0.

Inductive tree :=
| Open                                         (* nothing closes this case *)
| Prices (ys : list Z) (next : tree)           (* apply a vector of prices *)
| Split (k c : nat) (lower upper : tree).      (* does the k-th request start by c, or later? *)

(* The terms D (p + o - a) + sum_j y_(p+j) (s + j) of n starts from p on; [base] is the first part,
   [held] the second, [window] the sum of the o prices, l and l' the prices from p + 1 and from
   p + o + 1 on. *)
Fixpoint row (n : nat) (D s o base held window : Z) (l l' : list Z) : list Z :=
  match n with
  | O => []
  | S n' =>
      let y := hd 0 l in let y' := hd 0 l' in
      base + held :: row n' D s o (base + D) (held - window - s * y + (s + o) * y') (window - y + y')
                         (tl l) (tl l')
  end.
Fixpoint dot (o : nat) (s : Z) (l : list Z) : Z :=
  match o, l with S o', y :: l' => y * (s + 1) + dot o' (s + 1) l' | _, _ => 0 end.
Definition terms (D : Z) (ys : list Z) (r : request) (first last : nat) : list Z :=
  let l := skipn first ys in
  row (S last - first) D (Z.of_nat (prompt r)) (Z.of_nat (output r))
      (D * (Z.of_nat (first + output r) - Z.of_nat (arrival r)))
      (dot (output r) (Z.of_nat (prompt r)) l) (zsum (firstn (output r) l)) l (skipn (output r) l).

Definition least (l : list Z) : Z :=
  match l with [] => 0 | x :: l' => fold_left Z.min l' x end.
(* how many at the front are above b *)
Fixpoint above (b : Z) (l : list Z) : nat :=
  match l with [] => O | x :: l' => if b <? x then S (above b l') else O end.

(* map, reusing the value of the element before where they are equal *)
Definition same (e e' : entry) : bool :=
  let '(r, (a, b)) := e in let '(r', (a', b')) := e' in
  (arrival r =? arrival r')%nat && (prompt r =? prompt r')%nat && (output r =? output r')%nat &&
  (a =? a')%nat && (b =? b')%nat.
Fixpoint map_runs {A} (f : entry -> A) (last : option (entry * A)) (l : list entry) : list A :=
  match l with
  | [] => []
  | e :: l' =>
      let v := match last with
               | Some (e', v') => if same e e' then v' else f e
               | None => f e
               end in
      v :: map_runs f (Some (e, v)) l'
  end.

Definition empty (W : list entry) : bool :=
  existsb (fun e => (snd (snd e) <? fst (snd e))%nat) W.

(* Equal neighbours start in their order: raise first starts, then lower last ones. *)
Definition alike (r r' : request) : bool :=
  (arrival r =? arrival r')%nat && (prompt r =? prompt r')%nat && (output r =? output r')%nat.
Fixpoint raise (before : option (request * nat)) (W : list entry) : list entry :=
  match W with
  | [] => []
  | (r, (a, b)) :: W' =>
      let a' := match before with
                | Some (q, f) => if alike q r then Nat.max f a else a
                | None => a
                end in
      (r, (a', b)) :: raise (Some (r, a')) W'
  end.
Fixpoint lower (W : list entry) : list entry :=
  match W with
  | [] => []
  | (r, (a, b)) :: W' =>
      let V := lower W' in
      let b' := match V with (q, (_, f)) :: _ => if alike r q then Nat.min b f else b | [] => b end in
      (r, (a, b')) :: V
  end.
Definition tighten (W : list entry) : list entry := lower (raise None W).

(* A vector of prices: None if it closes the case, else what it leaves of the windows; [limit] is
   D (target - 1). *)
Definition shrink (room : Z) (e : entry) (v : Z * list Z) : entry :=
  let '(r, (a, b)) := e in let '(m, l) := v in
  (r, ((a + above (m + room) l)%nat, (b - above (m + room) (rev l))%nat)).
Definition values (D : Z) (ys : list Z) (W : list entry) : list (Z * list Z) :=
  map_runs (fun e => let l := terms D ys (fst e) (fst (snd e)) (snd (snd e)) in (least l, l)) None W.
Definition apply (M : nat) (D limit : Z) (ys : list Z) (W : list entry) : option (list entry) :=
  let vs := values D ys W in
  let bound := zsum (map fst vs) - Z.of_nat M * zsum ys in
  if limit <? bound then None
  else Some (tighten (map (fun x => shrink (limit - bound) (fst x) (snd x)) (combine W vs))).

Fixpoint change (k : nat) (f : nat * nat -> nat * nat) (W : list entry) : list entry :=
  match W, k with
  | [], _ => []
  | (r, w) :: W', O => (r, f w) :: W'
  | e :: W', S k' => e :: change k' f W'
  end.
Fixpoint check (M : nat) (D limit : Z) (W : list entry) (t : tree) : bool :=
  empty W ||
  match t with
  | Open => false
  | Prices ys next =>
      forallb (Z.leb 0) ys &&
      match apply M D limit ys W with None => true | Some W' => check M D limit W' next end
  | Split k c lower upper =>
      check M D limit (tighten (change k (fun w => (fst w, Nat.min (snd w) c)) W)) lower &&
      check M D limit (tighten (change k (fun w => (Nat.max (fst w) (S c), snd w)) W)) upper
  end.
(* OPT of R in memory M is at least T. *)
Definition branch (M T : nat) (D : Z) (R : list request) (t : tree) : bool :=
  (0 <=? D) &&
  ((T <=? sum output R)%nat ||
   check M D (D * (Z.of_nat T - 1))
         (map (fun r => (r, (arrival r, arrival r + (T - 1 - sum output R))%nat)) R) t).
