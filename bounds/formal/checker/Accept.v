(* The program that is extracted to OCaml: does a proof prove a claim about an instance? That it
   accepts nothing false is proved (spec/Checker.v), so it need not be read. *)
From Coq Require Import List Arith ZArith QArith Qround Bool.
Import ListNotations.
From kvproof.spec Require Import Model Claims.
From kvproof.checker Require Import Sort Schedule Centroid Policies Fluid Whole.
From kvproof.checker Require Runs Program Blocks Search.
Open Scope nat_scope.

Inductive lower_bound :=
| Volume
| Staggered (peak output together : nat)
| DiscreteCentroid
| TailCentroid (cuts : list (nat * nat))
| Price (D : Z) (runs : list (nat * Z))
| Branch (T : nat) (D : Z) (tree : Program.tree)
| Searched (hunt : Search.hunt).
(* Starts with counts, where the claim needs schedules; a lower bound or blocks, where it needs them.
   Before the lower bound may come others, of what arrives before a step each and after the one before. *)
Record proof := Proof {
  starts : list (nat * nat); costlier : list (nat * nat);
  parts : list (nat * lower_bound); bound : option lower_bound; blocks : list (nat * nat) }.

(* The requests with the k-th number of a list each, if there are as many. *)
Definition beside (R : list request) (l : list (nat * nat)) : option (list (request * nat)) :=
  let l' := expand l in if length R =? length l' then Some (combine R l') else None.
(* Largest volume first, then largest output, then earliest arrival, the earliest at step 0. *)
Definition by_class (R : list request) : list request :=
  sort (fun r => - Z.of_nat (tokens (prompt r) 0 (output r)))%Z
       (sort (fun r => - Z.of_nat (output r))%Z (sort (fun r => Z.of_nat (arrival r)) R)).
Definition earlier (a : nat) (r : request) : request := Request (arrival r - a) (prompt r) (output r).

(* what a lower bound proves; None if nothing *)
Definition value (M : nat) (R : list request) (b : lower_bound) : option Q :=
  match b with
  | Volume => volume_bound M R
  | Staggered h o m => staggered_bound M h o m R
  | DiscreteCentroid => discrete_centroid M R
  | TailCentroid cuts => match beside R cuts with None => None | Some C => tail_centroid M C end
  | Price D runs => Runs.price_bound M D runs R
  | Branch T D t =>
      if Program.branch M T D (by_class (map (earlier (first_arrival R)) R)) t
      then Some (inject_Z (Z.of_nat T)) else None
  | Searched h =>
      match Search.by_search M (by_class (map (earlier (first_arrival R)) R)) h with
      | Some v => Some (inject_Z (Z.of_nat v))
      | None => None
      end
  end.
(* the bounds of parts, each rounded up, the last of what is left *)
Definition rounded_up (q : Q) : Q := inject_Z (Qceiling q).
Fixpoint by_parts (M : nat) (R : list request) (l : list (nat * lower_bound)) (last : lower_bound) : option Q :=
  match l with
  | [] => option_map rounded_up (value M R last)
  | (t, b) :: l' =>
      match value M (filter (fun r => arrival r <? t) R) b,
            by_parts M (filter (fun r => negb (arrival r <? t)) R) l' last with
      | Some p, Some q => Some (Qplus (rounded_up p) q)
      | _, _ => None
      end
  end.
Definition in_all (M : nat) (R : list request) (p : proof) (b : lower_bound) : option Q :=
  match parts p with [] => value M R b | l => by_parts M R l b end.
Definition schedule_costs (M : nat) (R : list request) (starts : list (nat * nat)) (U : nat) : bool :=
  match beside R starts with
  | None => false
  | Some s => match fast_cost M s with None => false | Some U' => U =? U' end
  end.
Definition proves (M : nat) (R : list request) (p : proof) (enough : Q -> bool) : bool :=
  match bound p with
  | None => false
  | Some b => match in_all M R p b with None => false | Some q => enough q end
  end.
(* the same for every run of an engine *)
Definition runs_value (M : nat) (R : list request) (b : option lower_bound) : option Q :=
  if forallb (fun r => (1 <=? output r) && (prompt r + output r <=? M)) R then
    match b with
    | Some Volume => volume_bound M R
    | Some DiscreteCentroid => discrete_centroid M R
    | Some (TailCentroid cuts) => match beside R cuts with None => None | Some C => tail_centroid M C end
    | Some (Price D runs) => if Runs.never_rise runs then Runs.price_bound M D runs R else None
    | _ => None
    end
  else None.
Definition is_ratio (A B : nat) (c : Q) : bool :=
  Qeq_bool (Qmult c (inject_Z (Z.of_nat B))) (inject_Z (Z.of_nat A)).
Definition accepts (M : nat) (rows : list (nat * request)) (c : claim) (p : proof) : bool :=
  let R := expand rows in
  match c with
  | Costs U => schedule_costs M R (starts p) U
  | AtLeast z => proves M R p (Qle_bool z)
  | Optimal U =>
      schedule_costs M R (starts p) U &&
      proves M R p (fun q => negb (Qle_bool q (inject_Z (Z.of_nat U - 1))))
  | WithinFactor U c =>
      schedule_costs M R (starts p) U &&
      proves M R p (fun q => Qle_bool (inject_Z 0) c && Qle_bool (inject_Z (Z.of_nat U)) (Qmult c q))
  | ScheduleRatio A B c =>
      schedule_costs M R (costlier p) A && schedule_costs M R (starts p) B && is_ratio A B c
  | PolicyRatio how pol A B c =>
      match policy_total how pol M R with None => false | Some A' => Z.eqb (Z.of_nat A) A' end &&
      schedule_costs M R (starts p) B && is_ratio A B c
  | RunsAtLeast z =>
      match runs_value M R (match parts p with [] => bound p | _ => None end) with
      | None => false
      | Some q => Qle_bool z q
      end
  | Chain U B eta =>
      schedule_costs M R (starts p) U &&
      match beside R (starts p) with
      | None => false
      | Some s => Blocks.chain_holds M U B eta s (blocks p)
      end
  end.
