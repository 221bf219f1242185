(* The checker simulates the policy that it names. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted.
Import ListNotations.
From kvproof.spec Require Import Model Checker.
From kvproof.checker Require Import Sort Policies.
From kvproof.proofs Require Import Sums Simulate Sorts Centroids.
Open Scope nat_scope.
Set Default Timeout 20.

Lemma combine_seq (R : list request) : forall k x, In x (combine R (seq k (length R))) -> In (fst x) R /\ k <= snd x < k + List.length R.
Proof.
  induction R as [|r R IH]; intros k x; [easy|]. cbn [length seq combine]. intros [<-|Hx].
  - cbn. split; [auto|lia].
  - destruct (IH (S k) x Hx). split; [now right|lia].
Qed.
Lemma key_size p r : key p r = Checker.size p r.
Proof. destruct p; cbn; auto. apply tokens_volume. Qed.
Lemma listed_in_order p R : in_order p R (listed p R).
Proof.
  exists (sort (rank p (length R) (last_arrival R)) (combine R (seq 0 (length R)))).
  split; [apply sort_perm|]. split; [|reflexivity].
  set (l := sort _ _). assert (HP : Permutation l (combine R (seq 0 (length R)))) by apply sort_perm.
  assert (Hin : forall x, In x l -> arrival (fst x) <= last_arrival R /\ snd x < length R).
  { intros x Hx. apply (Permutation_in _ HP) in Hx. destruct (combine_seq R 0 x Hx) as [H1 H2]. split; [|lia].
    pose proof (last_arrival_le R) as HL. rewrite Forall_forall in HL. auto. }
  assert (HS : rising (rank p (length R) (last_arrival R)) l) by apply sort_rising.
  clearbody l. clear HP. induction HS as [|x l HS IH Hx]; constructor.
  - apply IH. intros y Hy. apply Hin. now right.
  - rewrite Forall_forall in *. intros y Hy. specialize (Hx y Hy).
    destruct (Hin x (or_introl eq_refl)) as [X1 X2]. destruct (Hin y (or_intror Hy)) as [Y1 Y2].
    unfold rank in Hx. unfold before. rewrite <- !key_size.
    set (n := length R) in *. set (m := last_arrival R) in *. set (kx := key p (fst x)) in *.
    set (ky := key p (fst y)) in *. clearbody n m kx ky. clear - Hx X1 X2 Y1 Y2.
    assert (H1 : (Z.of_nat kx * (Z.of_nat m + 1) + Z.of_nat (arrival (fst x)) <=
                  Z.of_nat ky * (Z.of_nat m + 1) + Z.of_nat (arrival (fst y)))%Z) by nia.
    assert (H2 : kx <= ky) by nia.
    destruct (Nat.eq_dec kx ky) as [E|]; [right; split; [auto|]|left; lia]. subst ky.
    destruct (Nat.eq_dec (arrival (fst x)) (arrival (fst y))) as [E|]; [right|left; lia].
    split; auto. rewrite E in Hx. nia.
Qed.
Lemma policy_total_sound how p M R A : policy_total how p M R = Some A ->
  exists R' s, in_order p R R' /\ simulate how M R' = Some s /\ total_latency s = A.
Proof.
  unfold policy_total. destruct (simulate how M (listed p R)) as [s|] eqn:E; [|discriminate].
  intros H. injection H as <-. exists (listed p R), s. split; [apply listed_in_order|auto].
Qed.
