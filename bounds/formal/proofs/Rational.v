(* From natural numbers to rationals, and sums of rationals. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory.
Open Scope Q_scope.
Set Default Timeout 100.

Lemma q_le (a b : nat) : (a <= b)%nat -> (a : Q) <= b.
Proof. intros. unfold rational. rewrite <- Zle_Qle. lia. Qed.
Lemma q_lt (a b : nat) : (a < b)%nat -> (a : Q) < b.
Proof. intros. unfold rational. rewrite <- Zlt_Qlt. lia. Qed.
Lemma q_lt_inv (a b : nat) : (a : Q) < b -> (a < b)%nat.
Proof. unfold rational. rewrite <- Zlt_Qlt. lia. Qed.
Lemma q_le_inv (a b : nat) : (a : Q) <= b -> (a <= b)%nat.
Proof. unfold rational. rewrite <- Zle_Qle. lia. Qed.
Lemma q_mul (a b : nat) : rational (a * b) == a * b.
Proof. unfold rational. rewrite Nat2Z.inj_mul, inject_Z_mult. reflexivity. Qed.
Lemma q_add (a b : nat) : rational (a + b) == a + b.
Proof. unfold rational. rewrite Nat2Z.inj_add, inject_Z_plus. reflexivity. Qed.
Lemma q_sub (a b : nat) : (b <= a)%nat -> rational (a - b) == a - b.
Proof.
  intros. unfold rational. rewrite Nat2Z.inj_sub by lia. unfold Zminus.
  rewrite inject_Z_plus, inject_Z_opp. reflexivity.
Qed.
Lemma q_eq (a b : nat) : a = b -> (a : Q) == b.
Proof. now intros ->. Qed.
Lemma q_nonneg (n : nat) : 0 <= n.
Proof. apply (q_le 0). lia. Qed.
Lemma q_pos (n : nat) : (1 <= n)%nat -> 0 < n.
Proof. intros. apply (q_lt 0). lia. Qed.
Lemma q_0 : rational 0 == 0. Proof. reflexivity. Qed.
Lemma q_1 : rational 1 == 1. Proof. reflexivity. Qed.
Lemma q_2 : rational 2 == 2. Proof. reflexivity. Qed.
Lemma q_3 : rational 3 == 3. Proof. reflexivity. Qed.
Lemma q_6 : rational 6 == 6. Proof. reflexivity. Qed.
(* an inequality of naturals, as one of rationals *)
Ltac to_Q H := apply q_le in H; repeat (rewrite ?q_mul, ?q_add in H);
  rewrite ?q_0, ?q_1, ?q_2, ?q_3, ?q_6 in H.

Lemma Qle_div_r a b c : 0 < c -> a * c <= b -> a <= b / c.
Proof. intros. now apply Qle_shift_div_l. Qed.
Lemma Qle_div_l a b c : 0 < c -> b <= a * c -> b / c <= a.
Proof. intros. now apply Qle_shift_div_r. Qed.
Lemma Qdiv_pos a b : 0 < a -> 0 < b -> 0 < a / b.
Proof. intros. apply Qlt_shift_div_l; [auto|]. now rewrite Qmult_0_l. Qed.
Lemma Qdiv_nonneg a b : 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros. apply Qle_div_r; [auto|]. now rewrite Qmult_0_l. Qed.
Lemma Qmul_le a b c d : 0 <= a -> a <= b -> 0 <= c -> c <= d -> a * c <= b * d.
Proof. intros. nra. Qed.

(* a positive rational as a quotient of naturals *)
Lemma q_quotient e : 0 < e -> exists a b : nat, (1 <= a)%nat /\ (1 <= b)%nat /\ e == a / b.
Proof.
  intros H. exists (Z.to_nat (Qnum e)), (Pos.to_nat (Qden e)). destruct e as [n d].
  unfold Qlt in H. simpl in *. assert (0 < n)%Z by lia. repeat split; try lia.
  unfold rational. rewrite Z2Nat.id, positive_nat_Z by lia. now rewrite <- Qmake_Qdiv.
Qed.

(* ---- sums *)
Lemma qsum_sum {A} (f : A -> nat) l : rational (sum f l) == Qsum (fun x => rational (f x)) l.
Proof. induction l; simpl; [reflexivity|]. rewrite q_add, IHl. reflexivity. Qed.
Lemma qsum_ext {A} (f g : A -> Q) l : (forall x, In x l -> f x == g x) -> Qsum f l == Qsum g l.
Proof. induction l; simpl; intros H; [reflexivity|]. rewrite (H a), IHl; auto. reflexivity. Qed.
Lemma qsum_le {A} (f g : A -> Q) l : (forall x, In x l -> f x <= g x) -> Qsum f l <= Qsum g l.
Proof.
  induction l; simpl; intros H; [lra|]. pose proof (H a (or_introl eq_refl)).
  pose proof (IHl (fun x h => H x (or_intror h))). lra.
Qed.
Lemma qsum_plus {A} (f g : A -> Q) l : Qsum (fun x => f x + g x) l == Qsum f l + Qsum g l.
Proof. induction l; simpl; [reflexivity|]. rewrite IHl. ring. Qed.
Lemma qsum_scale {A} c (f : A -> Q) l : Qsum (fun x => c * f x) l == c * Qsum f l.
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma qsum_app {A} (f : A -> Q) l l' : Qsum f (l ++ l') == Qsum f l + Qsum f l'.
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma qsum_map {A B} (g : A -> B) (f : B -> Q) l : Qsum f (map g l) == Qsum (fun x => f (g x)) l.
Proof. induction l; simpl; [reflexivity|]. rewrite IHl. reflexivity. Qed.
Lemma qsum_perm {A} (f : A -> Q) l l' : Permutation l l' -> Qsum f l == Qsum f l'.
Proof. induction 1; simpl; try lra. Qed.
Lemma qsum_zero {A} (f : A -> Q) l : (forall x, In x l -> f x == 0) -> Qsum f l == 0.
Proof. induction l; simpl; intros H; [reflexivity|]. rewrite (H a), IHl; auto. reflexivity. Qed.
Lemma qsum_nonneg {A} (f : A -> Q) l : (forall x, In x l -> 0 <= f x) -> 0 <= Qsum f l.
Proof.
  induction l; simpl; intros H; [lra|]. pose proof (H a (or_introl eq_refl)).
  pose proof (IHl (fun x h => H x (or_intror h))). lra.
Qed.
Lemma qsum_swap {A B} (f : A -> B -> Q) l l' :
  Qsum (fun x => Qsum (f x) l') l == Qsum (fun y => Qsum (fun x => f x y) l) l'.
Proof.
  induction l as [|x l IH]; simpl.
  - symmetry. now apply qsum_zero.
  - rewrite IH, <- qsum_plus. reflexivity.
Qed.
Lemma feasible_qsum (f : request -> Q) M R s : feasible M R s -> Qsum (fun x => f (fst x)) s == Qsum f R.
Proof. intros [H _]. now rewrite <- (qsum_perm f _ _ H), qsum_map. Qed.

(* ---- eps *)
Lemma valid_memory M R : valid M R -> R = [] \/ (1 <= M)%nat.
Proof. destruct 1 as [|r R [H1 H2]]; [auto|]. unfold peak in H2. right. lia. Qed.
Lemma eps_below_1 M R : valid M R -> eps M R < 1 -> R = [] \/ (max_peak R < M)%nat.
Proof.
  intros Hw He. destruct (valid_memory M R Hw) as [|HM]; [auto|right].
  apply q_lt_inv. apply q_pos in HM. unfold eps in He.
  apply (Qmult_lt_r _ _ M HM) in He. 
  setoid_replace (max_peak R / M * M) with (rational (max_peak R)) in He by (field; intros E; lra). lra.
Qed.
Lemma one_minus_eps M R : (max_peak R < M)%nat ->
  0 < rational M - max_peak R /\ 0 < rational M /\ 1 - eps M R == (M - max_peak R) / M.
Proof.
  intros H. pose proof (q_lt _ _ H). pose proof (q_nonneg (max_peak R)).
  repeat split; try lra. unfold eps. field. intros E; lra.
Qed.
Lemma one_minus_eps_pos M R : valid M R -> eps M R < 1 -> 0 < 1 - eps M R.
Proof. intros _ H. lra. Qed.
