(* OPT from below: sum of outputs, volume. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory.

(* by the completion of x, everything complete has been held: at most M per step *)
Lemma held_by M l T : (forall t, used l t <= M) ->
  sum (fun y => if fin y <=? T then pvolume y else 0) l <= M * T.
Proof.
  intros H. transitivity (tsum (used l) T).
  - unfold used. rewrite (tsum_sum (fun x => held (fst x) (snd x))). apply sum_le.
    intros y _. destruct (Nat.leb_spec (fin y) T); [|lia].
    unfold fin in *. rewrite held_total by lia. unfold pvolume. lia.
  - rewrite <- (tsum_const M T). apply tsum_le. auto.
Qed.

Theorem volume_placed M l : (forall t, used l t <= M) ->
  pairmin (map pvolume l) <= M * sum fin l.
Proof.
  intros H. rewrite <- sum_scale.
  transitivity (dsum (fun x y => if fin y <=? fin x then pvolume y else 0) l).
  - apply dsum_pairmin; intros.
    + rewrite Nat.leb_refl. lia.
    + destruct (Nat.leb_spec (fin j) (fin i)), (Nat.leb_spec (fin i) (fin j)); lia.
  - unfold dsum. apply sum_le. intros x _. apply held_by. exact H.
Qed.

Lemma output_bound M R s : feasible M R s -> sum output R <= total_latency s.
Proof.
  intros H. rewrite <- (feasible_sum output M R s H). destruct H as (_ & H & _).
  apply sum_le. intros x Hx. rewrite Forall_forall in H. specialize (H x Hx). unfold latency. lia.
Qed.
Lemma volume_bound M R s : backlog R -> feasible M R s ->
  pairmin (map volume R) <= M * total_latency s.
Proof.
  intros HB H. rewrite (latency_backlog M R s HB H), <- (pairmin_perm _ _ (feasible_volumes M R s H)).
  apply volume_placed, H.
Qed.
Lemma by_volume_sorted R : by_volume R -> StronglySorted le (map volume R).
Proof. induction 1; simpl; constructor; auto. now apply Forall_map. Qed.
(* sum_before counts what stands before each request: the prefix sums less the volumes *)
Lemma sum_before_prefixes R : forall W, sum_before W R + sum volume R = prefixes W (map volume R).
Proof. induction R as [|r R IH]; intros W; simpl; [reflexivity|]. rewrite <- IH. lia. Qed.
Lemma pairmin_before R : by_volume R -> pairmin (map volume R) = sum_before 0 R + sum volume R.
Proof.
  intros H. rewrite sum_before_prefixes. symmetry. apply prefixes_sorted, by_volume_sorted, H.
Qed.
