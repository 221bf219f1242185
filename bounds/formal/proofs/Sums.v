(* Finite sums: over a list, over steps 1..n, over pairs; prefix sums. *)
From Coq Require Import List Arith Lia Permutation Sorted.
Import ListNotations.
From kvproof.spec Require Import Model.

(* The sum of f 1, ..., f n; sum f (seq 1 n) of the spec, in the form that induction likes. *)
Fixpoint tsum (f : nat -> nat) (n : nat) : nat :=
  match n with 0 => 0 | S n' => tsum f n' + f n end.

(* ---- over a list *)
Lemma sum_app {A} (f : A -> nat) l l' : sum f (l ++ l') = sum f l + sum f l'.
Proof. induction l; simpl; lia. Qed.
Lemma sum_ext {A} (f g : A -> nat) l :
  (forall x, In x l -> f x = g x) -> sum f l = sum g l.
Proof. induction l; simpl; intros H; [easy|]. rewrite H, IHl; auto. Qed.
Lemma sum_le {A} (f g : A -> nat) l :
  (forall x, In x l -> f x <= g x) -> sum f l <= sum g l.
Proof.
  induction l; simpl; intros H; [easy|].
  pose proof (H a (or_introl eq_refl)). pose proof (IHl (fun x h => H x (or_intror h))). lia.
Qed.
Lemma sum_plus {A} (f g : A -> nat) l :
  sum (fun x => f x + g x) l = sum f l + sum g l.
Proof. induction l; simpl; lia. Qed.
Lemma sum_scale {A} (c : nat) (f : A -> nat) l : sum (fun x => c * f x) l = c * sum f l.
Proof. induction l; simpl; nia. Qed.
Lemma sum_perm {A} (f : A -> nat) l l' : Permutation l l' -> sum f l = sum f l'.
Proof. induction 1; simpl; lia. Qed.
Lemma sum_map {A B} (g : A -> B) (f : B -> nat) l : sum f (map g l) = sum (fun x => f (g x)) l.
Proof. induction l; simpl; auto. Qed.
Lemma sum_repeat {A} (f : A -> nat) x n : sum f (repeat x n) = n * f x.
Proof. induction n; simpl; lia. Qed.
Lemma sum_flat_map {A B} (f : B -> nat) (g : A -> list B) l :
  sum f (flat_map g l) = sum (fun a => sum f (g a)) l.
Proof. induction l; simpl; [auto|]. now rewrite sum_app, IHl. Qed.
Lemma sum_const {A} (l : list A) c : sum (fun _ => c) l = c * length l.
Proof. induction l; simpl; lia. Qed.

(* ---- over steps *)
Lemma tsum_ext f g n : (forall d, 1 <= d <= n -> f d = g d) -> tsum f n = tsum g n.
Proof. induction n; simpl; intros H; [easy|]. rewrite IHn, (H (S n)); auto; [lia|]. intros; apply H; lia. Qed.
Lemma tsum_le f g n : (forall d, 1 <= d <= n -> f d <= g d) -> tsum f n <= tsum g n.
Proof.
  induction n; simpl; intros H; [easy|].
  pose proof (H (S n) ltac:(lia)). pose proof (IHn (fun d h => H d ltac:(lia))). lia.
Qed.
Lemma tsum_const c n : tsum (fun _ => c) n = c * n.
Proof. induction n; simpl; nia. Qed.
Lemma tsum_plus f g n : tsum (fun t => f t + g t) n = tsum f n + tsum g n.
Proof. induction n; simpl; lia. Qed.
Lemma tsum_split f a b : tsum f (a + b) = tsum f a + tsum (fun d => f (a + d)) b.
Proof.
  induction b; simpl; [rewrite Nat.add_0_r; lia|].
  rewrite Nat.add_succ_r. simpl. rewrite IHb. lia.
Qed.
Lemma tsum_mono f a b : a <= b -> tsum f a <= tsum f b.
Proof. intros. replace b with (a + (b - a)) by lia. rewrite tsum_split. lia. Qed.
Lemma tsum_sum {A} (f : A -> nat -> nat) l n :
  tsum (fun t => sum (fun x => f x t) l) n = sum (fun x => tsum (f x) n) l.
Proof.
  induction l; simpl; [rewrite tsum_const; lia|].
  rewrite tsum_plus, IHl. reflexivity.
Qed.

Lemma sum_seq f n : sum f (seq 1 n) = tsum f n.
Proof. induction n; [reflexivity|]. rewrite seq_S, sum_app. simpl. lia. Qed.

(* ---- over pairs, and prefix sums *)
(* sum_k (v_(1) + ... + v_(k)) without sorting: sum v + sum over pairs of min *)
Fixpoint pairmin (l : list nat) : nat :=
  match l with [] => 0 | v :: l' => v + sum (Nat.min v) l' + pairmin l' end.
(* sum of the prefix sums of a list, acc added to each *)
Fixpoint prefixes (acc : nat) (l : list nat) : nat :=
  match l with [] => 0 | v :: l' => (acc + v) + prefixes (acc + v) l' end.

Lemma pairmin_perm l l' : Permutation l l' -> pairmin l = pairmin l'.
Proof.
  induction 1; simpl; try lia.
  - rewrite IHPermutation, (sum_perm _ _ _ H). lia.
Qed.
Lemma prefixes_acc acc l : prefixes acc l = acc * length l + prefixes 0 l.
Proof.
  revert acc; induction l; simpl; intros; [lia|].
  rewrite (IHl (acc + a)), (IHl a). lia.
Qed.
Lemma prefixes_sorted l : StronglySorted le l -> prefixes 0 l = pairmin l.
Proof.
  induction 1 as [|v l Hs IH Hf]; simpl; [easy|].
  rewrite prefixes_acc, IH.
  rewrite (sum_ext (Nat.min v) (fun _ => v)).
  - assert (sum (fun _ : nat => v) l = v * length l); [|lia].
    clear; induction l; simpl; lia.
  - intros x Hx. rewrite Forall_forall in Hf. specialize (Hf x Hx). lia.
Qed.

(* double sums over a list *)
Definition dsum {A} (f : A -> A -> nat) (l : list A) : nat := sum (fun i => sum (f i) l) l.
Lemma dsum_cons {A} (f : A -> A -> nat) a l :
  dsum f (a :: l) = f a a + sum (fun j => f a j + f j a) l + dsum f l.
Proof.
  unfold dsum. simpl. rewrite !sum_plus. lia.
Qed.
Lemma dsum_pairmin {A} (v : A -> nat) (f : A -> A -> nat) l :
  (forall i, v i <= f i i) ->
  (forall i j, Nat.min (v i) (v j) <= f i j + f j i) ->
  pairmin (map v l) <= dsum f l.
Proof.
  intros H1 H2. induction l; simpl; [lia|]. rewrite dsum_cons, sum_map.
  pose proof (H1 a). assert (sum (fun x => Nat.min (v a) (v x)) l <= sum (fun j => f a j + f j a) l).
  { apply sum_le; intros; apply H2. } lia.
Qed.

