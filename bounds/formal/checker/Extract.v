(* The program in OCaml, on Zarith's integers of any size. What this file says about OCaml is
   trusted: which of Zarith's functions stands for which of Coq's. *)
From Coq Require Import Extraction ExtrOcamlBasic List Arith ZArith.
From kvproof.spec Require Import Model.
From kvproof.checker Require Import Accept.

Extract Inductive nat => "Integer.t" [ "Integer.zero" "Integer.succ" ]
  "(fun zero next n -> if Integer.sign n <= 0 then zero () else next (Integer.pred n))".
Extract Inductive positive => "Integer.t"
  [ "(fun p -> Integer.succ (Integer.shift_left p 1))" "(fun p -> Integer.shift_left p 1)" "Integer.one" ]
  "(fun odd even one p -> if Integer.equal p Integer.one then one () else
      if Integer.is_even p then even (Integer.shift_right p 1) else odd (Integer.shift_right p 1))".
Extract Inductive Z => "Integer.t" [ "Integer.zero" "(fun p -> p)" "Integer.neg" ]
  "(fun zero above below z -> match Integer.sign z with
      0 -> zero () | 1 -> above z | _ -> below (Integer.neg z))".
Extract Constant Coq.Init.Nat.add => "Integer.add".
Extract Constant Coq.Init.Nat.sub => "(fun a b -> if Integer.lt a b then Integer.zero else Integer.sub a b)".
Extract Constant Coq.Init.Nat.mul => "Integer.mul".
Extract Constant Coq.Init.Nat.max => "Integer.max".
Extract Constant Coq.Init.Nat.min => "Integer.min".
Extract Constant Coq.Init.Nat.eqb => "Integer.equal".
Extract Constant Coq.Init.Nat.leb => "Integer.leq".
Extract Constant Coq.Init.Nat.ltb => "Integer.lt".
Extract Constant PeanoNat.Nat.eqb => "Integer.equal".
Extract Constant PeanoNat.Nat.leb => "Integer.leq".
Extract Constant PeanoNat.Nat.ltb => "Integer.lt".
Extract Constant PeanoNat.Nat.div => "(fun a b -> if Integer.sign b = 0 then Integer.zero else Integer.div a b)".
Extract Constant PeanoNat.Nat.max => "Integer.max".
Extract Constant PeanoNat.Nat.min => "Integer.min".
Extract Constant Z.add => "Integer.add".
Extract Constant Z.sub => "Integer.sub".
Extract Constant Z.mul => "Integer.mul".
Extract Constant Z.div => "(fun a b -> if Integer.sign b = 0 then Integer.zero else Integer.fdiv a b)".
Extract Constant Pos.mul => "Integer.mul".
Extract Constant Z.min => "Integer.min".
Extract Constant Z.opp => "Integer.neg".
Extract Constant Z.eqb => "Integer.equal".
Extract Constant Z.leb => "Integer.leq".
Extract Constant Z.ltb => "Integer.lt".
Extract Constant Z.of_nat => "(fun n -> n)".
Extract Constant Z.to_nat => "(fun z -> if Integer.sign z < 0 then Integer.zero else z)".
Extract Constant Pos.of_succ_nat => "Integer.succ".
Extract Constant Z.even => "Integer.is_even".

Extraction "verified.ml" accepts.
