(* Proofs by search that OPT is at least a target: all beginnings of schedules are gone through, step
   by step. checker/Accept.v tries them. That nothing false is accepted is proved (spec/Checker.v),
   so this need not be read; docs/certificates.md says what such a proof is. *)
From Coq Require Import List Arith ZArith Bool FMapPositive.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Sort.
From kvproof.checker Require Program Runs.
Open Scope nat_scope.

(* Equal requests form a class: how many, and of which kind. They are numbered from 0. *)
Notation class := (nat * request)%type.
(* A request that has started: its class, and the step after which it starts. *)
Notation item := (nat * nat)%type.
(* A vector of multipliers, by class and start, from step [since] on. *)
Record vector := Vector { since : nat; alpha : nat -> nat -> Z; beta : nat -> nat -> Z }.
(* What a path over places costs at least: requests that run, tokens that they hold. *)
Notation cell := (nat * nat * Z)%type.

Fixpoint classes (R : list request) : list class :=
  match R with
  | [] => []
  | r :: R' =>
      match classes R' with
      | (k, q) :: K => if Program.alike r q then (S k, q) :: K else (1, r) :: (k, q) :: K
      | [] => [(1, r)]
      end
  end.
Fixpoint all_differ (K : list class) : bool :=
  match K with
  | [] => true
  | (_, r) :: K' => forallb (fun x => negb (Program.alike r (snd x))) K' && all_differ K'
  end.

(* ---- cells, in the order of places, each with the least cost that is known *)
Fixpoint merge_cells (l : list cell) : list cell -> list cell :=
  match l with
  | [] => fun l' => l'
  | (k, u, x) :: m =>
      fix into (l' : list cell) : list cell :=
        match l' with
        | [] => l
        | (k', u', x') :: m' =>
            if (k =? k') && (u =? u') then (k, u, Z.min x x') :: merge_cells m m'
            else if (k <? k') || (k =? k') && (u <? u') then (k, u, x) :: merge_cells m l'
            else (k', u', x') :: into m'
        end
  end.
Definition move (f : nat -> nat -> option (nat * nat)) (price : Z) (l : list cell) : list cell :=
  flat_map (fun c => let '(k, u, x) := c in
    match f k u with Some (k', u') => [(k', u', x - price)%Z] | None => [] end) l.
(* an event happens up to n times *)
Fixpoint times (n : nat) (f : nat -> nat -> option (nat * nat)) (price : Z) (l : list cell) : list cell :=
  match n with
  | 0 => l
  | S n' => match move f price l with
            | [] => l
            | l' => merge_cells l (times n' f price l')
            end
  end.

Section Search.
Context (M : nat) (K : list class).
Definition kind (c : nat) : request := snd (nth c K (0, Request 0 0 0)).
Definition number (c : nat) : nat := fst (nth c K (0, Request 0 0 0)).
Definition real (x : item) : request * nat := (kind (fst x), snd x).
Definition ends (x : item) : nat := snd x + output (kind (fst x)).

(* The fewest and the most tokens that 0, 1, ... requests hold together. *)
Fixpoint sums (z : Z) (l : list Z) : list Z := z :: match l with [] => [] | x :: l' => sums (z + x)%Z l' end.
Definition all_of (f : request -> Z) : list Z := sort (fun z => z) (flat_map (fun x => repeat (f (snd x)) (fst x)) K).
Definition ones : list Z := sums 0 (all_of (fun r => Z.of_nat (S (prompt r)))).
Definition peaks : list Z := sums 0 (all_of (fun r => - Z.of_nat (prompt r + output r))%Z).
Definition below (l : list Z) (k : nat) (z : Z) : bool :=
  match nth_error l k with Some x => (x <=? z)%Z | None => false end.

(* ---- tables of a vector: the cheapest ways to go on from the end of step t *)
Context (starts : list (list nat)).    (* by class: the starts that are allowed *)
Definition allowed (c p : nat) : bool := existsb (Nat.eqb p) (nth c starts []).
Definition unjoin (h k u : nat) : option (nat * nat) :=
  if (1 <=? k) && (h <=? u) then Some (k - 1, u - h) else None.
Definition unleave (few : list Z) (h k u : nat) : option (nat * nat) :=
  if below few (S k) (Z.of_nat M) && (u + h <=? M) then Some (S k, u + h) else None.
Fixpoint unjoin_all (v : vector) (t : nat) (cs : list nat) (l : list cell) : list cell :=
  match cs with
  | [] => l
  | c :: cs' =>
      unjoin_all v t cs'
        (if allowed c t then times (number c) (unjoin (S (prompt (kind c)))) (alpha v c t) l else l)
  end.
Fixpoint unleave_all (few : list Z) (v : vector) (t : nat) (cs : list nat) (l : list cell) : list cell :=
  match cs with
  | [] => l
  | c :: cs' =>
      let o := output (kind c) in
      unleave_all few v t cs'
        (if (o <=? t) && allowed c (t - o)
         then times (number c) (unleave few (prompt (kind c) + o)) (beta v c (t - o)) l else l)
  end.
Definition ungrow (l : list cell) : list cell :=
  flat_map (fun c => let '(k, u, x) := c in if k <=? u then [(k, u - k, x)] else []) l.
Definition numbers : list nat := seq 0 (length K).
Definition before (few most : list Z) (v : vector) (t : nat) (after : list cell) : list cell :=
  filter (fun c => let '(k, u, _) := c in below few k (Z.of_nat u) && below most k (- Z.of_nat u))
    (unleave_all few v t numbers (ungrow (unjoin_all v t numbers after))).
(* of steps t, t + 1, ..., t + n; in the last one nothing runs *)
Fixpoint tables (few most : list Z) (v : vector) (n t : nat) : list (list cell) :=
  match n with
  | 0 => [[(0, 0, 0%Z)]]
  | S n' => let l := tables few most v n' (S t) in before few most v t (hd [] l) :: l
  end.
Definition place (k u : nat) : positive := Pos.of_succ_nat (k * S M + u).
Definition by_place (l : list cell) : PositiveMap.t Z :=
  fold_left (fun m c => let '(k, u, x) := c in
    match PositiveMap.find (place k u) m with
    | Some y => if (y <=? x)%Z then m else PositiveMap.add (place k u) x m
    | None => PositiveMap.add (place k u) x m
    end) l (PositiveMap.empty Z).
(* The last step in which an allowed start holds memory. *)
Definition horizon : nat :=
  fold_right (fun c m => fold_right (fun p m => Nat.max (p + output (kind c)) m) m (nth c starts [])) 0 numbers.

Context (scale : Z).
Definition latency_of (c p : nat) : nat := p + output (kind c) - arrival (kind c).
Definition costs (v : vector) (c p : nat) : Z :=
  (scale * Z.of_nat (latency_of c p) + alpha v c p + beta v c p)%Z.
Definition least_of (l : list Z) : option Z :=
  match l with [] => None | x :: l' => Some (fold_left Z.min l' x) end.
(* the least cost of a start at t or later *)
Definition rest (v : vector) (t c : nat) : option Z :=
  least_of (map (costs v c) (filter (Nat.leb t) (nth c starts []))).

(* ---- states: how many of each class have not started, what has, its latency, and the tokens that
   it holds in the steps to come, and in those that are over, from the last one back *)
Record state := State {
  left : list nat; items : list item; cost : nat; future : list nat; past : list nat }.
Fixpoint room (o h : nat) (l : list nat) : bool :=
  match o with 0 => true | S o' => (hd 0 l + h <=? M) && room o' (S h) (tl l) end.
Fixpoint occupy (o h : nat) (l : list nat) : list nat :=
  match o with 0 => l | S o' => (hd 0 l + h) :: occupy o' (S h) (tl l) end.
Fixpoint take_one (c : nat) (l : list nat) : list nat :=
  match l, c with
  | [], _ => []
  | k :: l', 0 => k - 1 :: l'
  | k :: l', S c' => k :: take_one c' l'
  end.
Definition start (t c : nat) (st : state) : state :=
  State (take_one c (left st)) ((c, t) :: items st) (cost st + latency_of c t)
        (occupy (output (kind c)) (S (prompt (kind c))) (future st)) (past st).
(* up to n of class c start at t *)
Fixpoint some_start (n t c : nat) (st : state) : list state :=
  st :: match n with
        | 0 => []
        | S n' => if room (output (kind c)) (S (prompt (kind c))) (future st)
                  then some_start n' t c (start t c st) else []
        end.
Fixpoint ways (t : nat) (cs : list nat) (st : state) : list state :=
  match cs with
  | [] => [st]
  | c :: cs' => flat_map (ways t cs') (some_start (nth c (left st) 0) t c st)
  end.
Definition may_start (t : nat) : list nat :=
  filter (fun c => (arrival (kind c) <=? t) && allowed c t) numbers.

(* ---- what is left out *)
Record prospect := Prospect {
  ending : nat -> nat -> Z; waiting : list (option Z); going_on : option (PositiveMap.t Z) }.
Fixpoint wait (left : list nat) (rests : list (option Z)) : option Z :=
  match left, rests with
  | 0 :: left', _ :: rests' => wait left' rests'
  | n :: left', Some x :: rests' =>
      match wait left' rests' with Some y => Some (Z.of_nat n * x + y)%Z | None => None end
  | _ :: _, None :: _ => None
  | _, _ => Some 0%Z
  end.
Definition zsum_of (f : nat -> nat -> Z) (l : list item) : Z := Program.zsum (map (fun x => f (fst x) (snd x)) l).
(* states at step t *)
Definition exceeds (limit : Z) (running : list item) (st : state) (pr : prospect) : bool :=
  match wait (left st) (waiting pr), going_on pr with
  | None, _ => true
  | Some w, Some m =>
      match PositiveMap.find (place (length running) (hd 0 (future st))) m with
      | None => true
      | Some x => (limit <? scale * Z.of_nat (cost st) + x + w + zsum_of (ending pr) running)%Z
      end
  | Some _, None => false
  end.
(* tokens h, h - 1, ... fit in the last steps *)
Fixpoint room_back (o h : nat) (l : list nat) : bool :=
  match o with 0 => true | S o' => (hd 0 l + h <=? M) && room_back o' (h - 1) (tl l) end.
Definition could_have_run (t : nat) (st : state) (c : nat) : bool :=
  let r := kind c in
  (1 <=? nth c (left st) 0) && (arrival r + output r <=? t) &&
  room_back (output r) (prompt r + output r) (hd 0 (future st) :: past st).
Definition left_out (limit : Z) (t : nat) (looked : list prospect) (st : state) : bool :=
  let running := filter (fun x => t <=? ends x) (items st) in
  existsb (exceeds limit running st) looked || existsb (could_have_run t st) numbers.

(* Of states with the same requests started, those that no other one is as good as. *)
Fixpoint no_more (l l' : list nat) : bool :=
  match l with
  | [] => true
  | u :: m => (u <=? hd 0 l') && no_more m (tl l')
  end.
Fixpoint equal_lists (l l' : list nat) : bool :=
  match l, l' with
  | [], [] => true
  | a :: m, b :: m' => (a =? b) && equal_lists m m'
  | _, _ => false
  end.
Definition as_good (st other : state) : bool :=
  (cost other <=? cost st) && no_more (tl (future other)) (tl (future st)) && equal_lists (left other) (left st).
(* tokens of steps as one number, the last of the list first *)
Definition digits (base : Z) (l : list nat) : Z := fold_right (fun u z => Z.of_nat u + base * z)%Z 0%Z l.
Fixpoint in_turn (n : nat) (base : Z) (l : list item) (z : Z) : Z :=
  match n with
  | 0 => z
  | S n' =>
      match l with
      | [] => in_turn n' base [] (z * base)
      | (c, p) :: l' => in_turn n' base l' (z * base + (1 + Z.of_nat c + Z.of_nat (length K) * Z.of_nat p))
      end
  end.
Record keyed := Keyed { by_cost : Z; by_later : Z; by_past : Z; by_running : Z; of_left : positive; whose : state }.
Definition keys (longest size t : nat) (st : state) : keyed :=
  let base := Z.of_nat (S M) in
  Keyed (Z.of_nat (cost st)) (digits base (tl (future st)))
        (digits base (hd 0 (future st) :: firstn longest (past st)))
        (in_turn size (1 + Z.of_nat (length K) * (2 + Z.of_nat t)) (rev (filter (fun x => t <=? ends x) (items st))) 0)
        (Pos.of_succ_nat (Z.to_nat (digits (Z.of_nat (S size)) (left st)))) st.
Fixpoint choose (l : list keyed) (bins : PositiveMap.t (list state)) (kept : list state) : list state :=
  match l with
  | [] => kept
  | x :: l' =>
      let bin := match PositiveMap.find (of_left x) bins with Some b => b | None => [] end in
      if existsb (as_good (whose x)) bin then choose l' bins kept
      else choose l' (PositiveMap.add (of_left x) (whose x :: bin) bins) (whose x :: kept)
  end.
Definition undominated (longest size t : nat) (l : list state) : list state :=
  choose (sort by_cost (sort by_later (sort by_past (sort by_running (map (keys longest size t) l)))))
         (PositiveMap.empty _) [].

(* ---- the search *)
Definition complete (st : state) : bool := forallb (Nat.eqb 0) (left st).
(* what a layer becomes: the states of the next step, and the least total met *)
Fixpoint spread (limit : Z) (t : nat) (looked : list prospect) (cs : list nat) (l : list state) (found : list state)
  (least : nat) : list state * nat :=
  match l with
  | [] => (found, least)
  | st :: l' =>
      let all := ways t cs st in
      let least' := fold_left (fun b st' => if complete st' then Nat.min b (cost st') else b) all least in
      spread limit t looked cs l'
        (filter (fun st' => negb (complete st' || left_out limit (S t) looked st')) all ++ found) least'
  end.
Definition over (st : state) : state :=
  State (left st) (items st) (cost st) (tl (future st)) (hd 0 (future st) :: past st).
(* a vector in use, by its place, with its tables of step t and later *)
Record memo := Memo { at_place : nat; of_vector : vector; from_now : list (list cell) }.
Definition known (i : nat) (named : list memo) : option memo := find (fun m => at_place m =? i) named.
Context (few most : list Z) (T longest size : nat) (vectors : list vector).
Definition name (t : nat) (named : list memo) (i : nat) : option memo :=
  match known i named with
  | Some m => Some m
  | None =>
      match nth_error vectors i with
      | Some v => if since v <=? t
                  then Some (Memo i v (if t <=? T then tables few most v (T - t) (S t) else []))
                  else None
      | None => None
      end
  end.
Fixpoint all_some {A} (l : list (option A)) : option (list A) :=
  match l with
  | [] => Some []
  | None :: _ => None
  | Some x :: l' => match all_some l' with Some m => Some (x :: m) | None => None end
  end.
Definition look (t : nat) (m : memo) : prospect :=
  Prospect (beta (of_vector m)) (map (rest (of_vector m) (S t)) numbers)
    (match from_now m with [] => None | l :: _ => Some (by_place l) end).
Fixpoint search (limit : Z) (layers : list (list nat)) (t : nat) (named : list memo) (l : list state) (least : nat)
  : option nat :=
  match l, layers with
  | [], _ => Some least
  | _, [] => None
  | _, places :: layers' =>
      match all_some (map (name t named) places) with
      | None => None
      | Some named' =>
          let (found, least') := spread limit t (map (look t) named') (may_start t) l [] least in
          search limit layers' (S t)
            (map (fun m => Memo (at_place m) (of_vector m) (tl (from_now m))) named')
            (map over (undominated longest size (S t) found)) least'
      end
  end.
End Search.

(* ---- which starts are allowed *)
Open Scope Z_scope.
Definition numbered (K : list class) : list (nat * class) := combine (seq 0 (length K)) K.
(* Twice the least terms of the classes, and the starts whose terms are near them; None if there is
   no schedule below the target T. *)
Fixpoint least_terms (fuel : nat) (D : Z) (runs : list (nat * Z)) (K : list class) : option (list Z) :=
  match K with
  | [] => Some []
  | (_, r) :: K' =>
      match Runs.cheapest fuel D (Runs.drop (arrival r) runs) r, least_terms fuel D runs K' with
      | Some v, Some l => Some (v :: l)
      | _, _ => None
      end
  end.
Definition weighted (K : list class) (l : list Z) : Z :=
  Program.zsum (map (fun x => Z.of_nat (fst (fst x)) * snd x) (combine K l)).
Definition near (D : Z) (ys : list Z) (r : request) (most : Z) : list nat :=
  let last := (Z.to_nat (Z.of_nat (arrival r) - Z.of_nat (output r) + most / (2 * D)))%nat in
  map snd (filter (fun x => 2 * fst x <=? most)
    (combine (Program.terms D ys r (arrival r) last) (seq (arrival r) (S last - arrival r)))).
(* by the room between the bound and the target, twice *)
Definition price_room (M T : nat) (D : Z) (runs : list (nat * Z)) (K : list class) (least : list Z) : Z :=
  2 * D * (Z.of_nat T - 1)
  + 2 * Z.of_nat M * fold_right (fun x z => snd x * Z.of_nat (fst x) + z) 0 runs - weighted K least.
Definition by_price (D : Z) (ys : list Z) (K : list class) (least : list Z) (room : Z) : list (list nat) :=
  map (fun x => near D ys (snd (fst x)) (snd x + room)) (combine K least).

(* by the bound of a vector *)
Definition least_cost (K : list class) (starts : list (list nat)) (scale : Z) (v : vector) (c : nat) : Z :=
  match least_of (map (costs K scale v c) (nth c starts [])) with Some x => x | None => 0 end.
Definition vector_room (T : nat) (K : list class) (starts : list (list nat)) (scale : Z) (v : vector) (whole : Z) : Z :=
  (Z.of_nat T - 1) * scale - whole
  - weighted K (map (least_cost K starts scale v) (seq 0 (length K))).
Definition by_vector (K : list class) (starts : list (list nat)) (scale : Z) (v : vector) (room : Z) : list (list nat) :=
  map (fun c => filter (fun p => costs K scale v c p <=? least_cost K starts scale v c + room) (nth c starts []))
      (seq 0 (length K)).

(* ---- vectors as they are listed: whatever is read, what is accepted is true *)
Record listed := Listed { first_step : nat; grain : Z; start_codes : list Z; end_codes : list Z }.
Definition zigzag (code : Z) : Z := if Z.even code then code / 2 else - ((code + 1) / 2).
Fixpoint decode_class (unit : Z) (since shift : nat) (starts : list nat) (now : Z) (codes : list Z)
  (found : PositiveMap.t Z) : option (Z * list Z * PositiveMap.t Z) :=
  match starts with
  | [] => Some (now, codes, found)
  | p :: starts' =>
      if (p + shift <? since)%nat then decode_class unit since shift starts' now codes found
      else match codes with
           | [] => None
           | code :: codes' =>
               let now' := now + zigzag code in
               decode_class unit since shift starts' now' codes'
                 (PositiveMap.add (Pos.of_succ_nat p) (now' * unit) found)
           end
  end.
Fixpoint decode (unit : Z) (since : nat) (ends : bool) (l : list (class * list nat)) (now : Z) (codes : list Z)
  : option (list (PositiveMap.t Z)) :=
  match l with
  | [] => match codes with [] => Some [] | _ => None end
  | (k, starts) :: l' =>
      match decode_class unit since (if ends then output (snd k) else 0%nat) starts now codes (PositiveMap.empty Z) with
      | None => None
      | Some (now', codes', m) =>
          match decode unit since ends l' now' codes' with Some ms => Some (m :: ms) | None => None end
      end
  end.
Definition entry (ms : list (PositiveMap.t Z)) (c p : nat) : Z :=
  match nth_error ms c with
  | None => 0
  | Some m => match PositiveMap.find (Pos.of_succ_nat p) m with Some z => z | None => 0 end
  end.
Definition read (K : list class) (starts : list (list nat)) (l : listed) : option vector :=
  let l' := combine K starts in
  match decode (grain l) (first_step l) false l' 0 (start_codes l), decode (grain l) (first_step l) true l' 0 (end_codes l) with
  | Some a, Some b => Some (Vector (first_step l) (entry a) (entry b))
  | _, _ => None
  end.

(* ---- the whole of it: a number that OPT is at least *)
Record hunt := Hunt {
  target : nat; scaling : Z; unit_price : Z; prices : list (nat * Z); listing : list listed;
  layering : list (nat * list nat) }.
Definition by_search (M : nat) (R : list request) (h : hunt) : option nat :=
  let K := classes R in
  let D := unit_price h in
  let T := target h in
  let runs := prices h in
  if forallb (fun r => (1 <=? output r) && (peak r <=? M))%nat R && all_differ K &&
     (0 <? D) && (0 <=? scaling h) && forallb (fun x => 0 <=? snd x) runs then
    match least_terms (2 * length runs + 2) D runs K with
    | None => None
    | Some least =>
        let spare := price_room M T D runs K least in
        if spare <? 0 then Some T else
        let starts := by_price D (Runs.by_step runs) K least spare in
        let few := ones K in let most := peaks K in
        match listing h with
        | [] => None
        | first :: others =>
            match read K starts first with
            | None => None
            | Some v =>
                let end_ := S (horizon K starts) in
                match PositiveMap.find (place M 0 0)
                        (by_place M (hd [] (tables M K starts few most v end_ 0))) with
                | None => Some T
                | Some whole =>
                    let spare := vector_room T K starts (scaling h) v whole in
                    if spare <? 0 then Some T else
                    let starts := by_vector K starts (scaling h) v spare in
                    match all_some (map (read K starts) others) with
                    | None => None
                    | Some vs =>
                        search M K starts (scaling h) few most (horizon K starts)
                          (fold_right (fun x m => Nat.max (output (snd x)) m) 0%nat K) (length R) (v :: vs)
                          (scaling h * (Z.of_nat T - 1))
                          (flat_map (fun x => repeat (snd x) (fst x)) (layering h)) 0 []
                          [State (map fst K) [] 0 [] []] T
                    end
                end
            end
        end
    end
  else None.
