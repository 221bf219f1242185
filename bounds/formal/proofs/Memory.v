(* What a request holds, what a schedule uses, and that a step holds at most M. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums.

Lemma held_in r p d : 1 <= d <= output r -> held r p (p + d) = prompt r + d.
Proof.
  intros. unfold held. destruct (Nat.ltb_spec p (p + d)), (Nat.leb_spec (p + d) (p + output r));
    simpl; lia.
Qed.
Lemma held_before r p t : t <= p -> held r p t = 0.
Proof. intros. unfold held. destruct (Nat.ltb_spec p t); simpl; lia. Qed.
Lemma held_after r p t : p + output r < t -> held r p t = 0.
Proof. intros. unfold held. destruct (Nat.leb_spec t (p + output r)); rewrite ?andb_false_r; lia. Qed.
Lemma held_peak r p t : held r p t <= peak r.
Proof.
  unfold held, peak. destruct (Nat.ltb_spec p t), (Nat.leb_spec t (p + output r)); cbn [andb]; lia.
Qed.

Lemma volume_tsum r : volume r = tsum (fun j => prompt r + j) (output r).
Proof. apply sum_seq. Qed.
Lemma volume_closed r : 2 * volume r = output r * (2 * prompt r + output r + 1).
Proof. rewrite volume_tsum. induction (output r); simpl in *; nia. Qed.
Lemma volume_pos r : 1 <= output r -> 1 <= volume r.
Proof. intros. pose proof (volume_closed r). nia. Qed.

(* a request that ends by T has held its whole volume by T *)
Lemma held_total r p T : p + output r <= T -> tsum (held r p) T = volume r.
Proof.
  intros. replace T with (p + (output r + (T - p - output r))) by lia.
  rewrite !tsum_split.
  rewrite (tsum_ext _ (fun _ => 0) p) by (intros; apply held_before; lia).
  rewrite (tsum_ext (fun d => held r p (p + d)) (fun j => prompt r + j)) by (intros; apply held_in; lia).
  rewrite (tsum_ext (fun d => held r p (p + (output r + d))) (fun _ => 0)) by (intros; apply held_after; lia).
  rewrite !tsum_const. rewrite volume_tsum. lia.
Qed.
Lemma held_sum_le r p T : tsum (held r p) T <= volume r.
Proof.
  rewrite <- (held_total r p (T + (p + output r))) by lia. apply tsum_mono. lia.
Qed.
Lemma used_sum_le l T : tsum (used l) T <= sum (fun x => volume (fst x)) l.
Proof.
  unfold used. rewrite (tsum_sum (fun x => held (fst x) (snd x))). apply sum_le.
  intros. apply held_sum_le.
Qed.

Lemma peak_le R r : In r R -> peak r <= max_peak R.
Proof. induction R; simpl; [easy|]. intros [->|H]; [|specialize (IHR H)]; lia. Qed.
Lemma peak_valid M R : valid M R -> max_peak R <= M.
Proof. induction 1; simpl; lia. Qed.
Lemma valid_perm M R R' : Permutation R R' -> valid M R -> valid M R'.
Proof. unfold valid. intros H. now rewrite H. Qed.

(* ---- schedules *)
Definition fin (x : request * nat) : nat := snd x + output (fst x).
Definition pvolume (x : request * nat) : nat := volume (fst x).

Lemma used_cons r p l t : used ((r, p) :: l) t = held r p t + used l t.
Proof. reflexivity. Qed.
Lemma used_app l l' t : used (l ++ l') t = used l t + used l' t.
Proof. apply sum_app. Qed.
Lemma used_perm l l' t : Permutation l l' -> used l t = used l' t.
Proof. apply sum_perm. Qed.
Lemma feasible_sum (f : request -> nat) M R s : feasible M R s -> sum (fun x => f (fst x)) s = sum f R.
Proof. intros [H _]. now rewrite <- (sum_perm f _ _ H), sum_map. Qed.
(* latency is completion less arrival, without rounding at 0 *)
Lemma latency_fin M R s : feasible M R s -> total_latency s + sum arrival R = sum fin s.
Proof.
  intros H. rewrite <- (feasible_sum arrival M R s H). destruct H as (_ & H & _).
  unfold total_latency. rewrite <- sum_plus. apply sum_ext. intros x Hx.
  rewrite Forall_forall in H. specialize (H x Hx). unfold latency, fin. lia.
Qed.
Lemma backlog_arrival R : backlog R -> sum arrival R = 0.
Proof. induction 1; simpl; lia. Qed.
Lemma latency_backlog M R s : backlog R -> feasible M R s -> total_latency s = sum fin s.
Proof. intros HB H. rewrite <- (latency_fin M R s H), backlog_arrival; auto; lia. Qed.
Lemma feasible_volumes M R s : feasible M R s -> Permutation (map pvolume s) (map volume R).
Proof.
  intros [H _]. unfold pvolume. rewrite <- (map_map fst volume). now apply Permutation_map.
Qed.

