(* Many steps of the fluid schedule at once are what the spec's steps come to. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Centroid Fluid.
From kvproof.proofs Require Import Sums Memory Rational Volume Sorts Centroids.
Open Scope nat_scope.
Set Default Timeout 20.

Lemma insert_comm v w l : insert v (insert w l) = insert w (insert v l).
Proof.
  induction l as [|x l IH]; cbn [insert].
  - destruct (Nat.leb_spec v w), (Nat.leb_spec w v); auto; try lia. now replace v with w by lia.
  - destruct (Nat.leb_spec w x) as [H1|H1], (Nat.leb_spec v x) as [H2|H2]; cbn [insert];
      destruct (Nat.leb_spec v w), (Nat.leb_spec w v); try lia;
      repeat (match goal with |- context [?a <=? ?b] => destruct (Nat.leb_spec a b); try lia end);
      try (replace v with w by lia); auto; now rewrite IH.
Qed.
Lemma insert_all_perm l l' left : Permutation l l' -> fold_right insert left l = fold_right insert left l'.
Proof.
  induction 1; cbn [fold_right]; auto; [now rewrite IHPermutation| |congruence]. apply insert_comm.
Qed.
Definition at_step (t : nat) (waiting : list (nat * nat)) : list nat :=
  map snd (filter (fun x => fst x =? t) waiting).
Lemma none_at t waiting : Forall (fun x => t < fst x) waiting -> at_step t waiting = [].
Proof.
  unfold at_step. induction 1 as [|x l Hx _ IH]; [reflexivity|]. cbn [filter].
  destruct (Nat.eqb_spec (fst x) t); [lia|exact IH].
Qed.
Lemma enter_spec t : forall waiting left, rising (fun x => Z.of_nat (fst x)) waiting ->
  Forall (fun x => t <= fst x) waiting ->
  let (left', rest) := enter t left waiting in
  left' = fold_right insert left (at_step t waiting) /\
  rising (fun x => Z.of_nat (fst x)) rest /\ Forall (fun x => t < fst x) rest /\
  forall u, t < u -> at_step u rest = at_step u waiting.
Proof.
  induction waiting as [|[a v] waiting IH]; intros left Hs Hl; cbn [enter]; [repeat split; auto|].
  inversion Hs as [|? ? Hs' Ha]; subst. inversion_clear Hl as [|? ? Ht Hl']. cbn [fst] in *.
  destruct (Nat.eqb_spec a t) as [->|Hat].
  - specialize (IH (insert v left) Hs' Hl'). destruct (enter _ _ _) as [left' rest].
    destruct IH as (-> & H2 & H3 & H4). repeat split; auto.
    + unfold at_step. cbn [filter fst]. rewrite Nat.eqb_refl. cbn [map fold_right snd].
      generalize (map snd (filter (fun x => fst x =? t) waiting)). intros l. clear.
      induction l as [|w l IH]; cbn [fold_right]; [reflexivity|]. now rewrite IH, insert_comm.
    + intros u Hu. rewrite (H4 u Hu). unfold at_step. cbn [filter fst].
      destruct (Nat.eqb_spec t u); [lia|reflexivity].
  - assert (HL : Forall (fun x : nat * nat => t < fst x) ((a, v) :: waiting)).
    { constructor; [cbn; lia|]. eapply Forall_impl; [|exact Ha]. simpl. lia. }
    split; [|split; [|split]]; auto. now rewrite none_at by exact HL.
Qed.

Section Fluid.
Variables (M : nat) (R : list request).
Definition prev (t : nat) : list nat := match t with 0 => [] | S t' => serve M (present M R t') end.
Lemma present_prev t : present M R t = join R t (prev t).
Proof. destruct t; reflexivity. Qed.
Definition so_far (t : nat) (left : list nat) (waiting : list (nat * nat)) (n : nat) : Prop :=
  left = prev t /\ rising (fun x => Z.of_nat (fst x)) waiting /\ Forall (fun x => t <= fst x) waiting /\
  (forall u, t <= u -> Permutation (at_step u waiting) (map volume (filter (fun r => arrival r =? u) R))) /\
  n = fluid_latency M R t.
Lemma latency_S t : fluid_latency M R (S t) = fluid_latency M R t + spent M M (present M R t).
Proof. unfold fluid_latency. rewrite seq_S, sum_app, Nat.add_0_l. cbn [sum]. lia. Qed.
Lemma join_none t left : map volume (filter (fun r => arrival r =? t) R) = [] -> join R t left = left.
Proof. unfold join. now intros ->. Qed.
(* n steps at the head's cost, none of which is its last *)
Lemma stretch t v left n : present M R t = v :: left -> n * M < v ->
  (forall u, t < u < t + n -> map volume (filter (fun r => arrival r =? u) R) = []) -> 1 <= n ->
  prev (t + n) = v - n * M :: left /\ fluid_latency M R (t + n) = fluid_latency M R t + n * (M * length (v :: left)).
Proof.
  intros HP Hv HN. induction n as [|n IH]; intros H1; [lia|].
  assert (E : present M R (t + n) = v - n * M :: left /\
              fluid_latency M R (t + n) = fluid_latency M R t + n * (M * length (v :: left))).
  { destruct n as [|n].
    - rewrite Nat.add_0_r, HP. split; [f_equal; lia|lia].
    - destruct IH as [I1 I2]; [lia|intros; apply HN; lia|lia|]. split; [|exact I2].
      rewrite present_prev, join_none by (apply HN; lia). exact I1. }
  destruct E as [E1 E2]. rewrite Nat.add_succ_r. rewrite latency_S. cbn [prev]. rewrite E1, E2. cbn [serve spent].
  destruct (Nat.leb_spec (v - n * M) M); [lia|]. split; [f_equal; lia|]. cbn [length]. lia.
Qed.
Lemma idle t n : present M R t = [] ->
  (forall u, t < u < t + n -> map volume (filter (fun r => arrival r =? u) R) = []) -> 1 <= n ->
  prev (t + n) = [] /\ fluid_latency M R (t + n) = fluid_latency M R t.
Proof.
  intros HP HN. induction n as [|n IH]; intros H1; [lia|].
  assert (E : present M R (t + n) = [] /\ fluid_latency M R (t + n) = fluid_latency M R t).
  { destruct n as [|n]; [now rewrite Nat.add_0_r|]. destruct IH as [I1 I2]; [intros; apply HN; lia|lia|].
    split; [|exact I2]. rewrite present_prev, join_none by (apply HN; lia). exact I1. }
  destruct E as [E1 E2]. rewrite Nat.add_succ_r. rewrite latency_S. cbn [prev]. rewrite E1, E2. split; [reflexivity|cbn; lia].
Qed.
Lemma fluid_spec fuel : forall t left waiting n result, so_far t left waiting n ->
  fluid fuel M t left waiting n = Some result -> exists T, result = fluid_latency M R T.
Proof.
  induction fuel as [|fuel IH]; intros t left waiting n result (HL & Hs & Hw & HA & Hn) E; cbn [fluid] in E; [discriminate|].
  pose proof (enter_spec t waiting left Hs Hw) as HE. destruct (enter t left waiting) as [left' rest].
  destruct HE as (E1 & Hs' & Hw' & HA').
  assert (EP : present M R t = left').
  { rewrite present_prev, E1, HL. unfold join. symmetry. apply insert_all_perm, HA. lia. }
  assert (HR : forall u, t < u -> Permutation (at_step u rest) (map volume (filter (fun r => arrival r =? u) R))).
  { intros u Hu. rewrite (HA' u Hu). apply HA. lia. }
  assert (HN : forall next u, Forall (fun x => next <= fst x) rest -> t < u < next ->
    map volume (filter (fun r => arrival r =? u) R) = []).
  { intros next u Hf Hu. apply Permutation_nil. rewrite <- (HR u) by lia. rewrite none_at; [reflexivity|].
    eapply Forall_impl; [|exact Hf]. simpl. lia. }
  assert (Hnext : forall a v r, rest = (a, v) :: r -> t < a /\ Forall (fun x => a <= fst x) rest).
  { intros a v r ->. inversion_clear Hs' as [|? ? _ Ha]. inversion_clear Hw'. split; auto. constructor; auto.
    eapply Forall_impl; [|exact Ha]. simpl. lia. }
  destruct left' as [|v left'].
  - destruct rest as [|[a v] rest]; [injection E as <-; now exists t|].
    destruct (Nat.ltb_spec t a) as [Hta|]; [|discriminate]. destruct (Hnext a v rest eq_refl) as [_ Hf].
    destruct (idle t (a - t) EP) as [I1 I2]; [intros u Hu; apply (HN a); auto; lia|lia|].
    replace (t + (a - t)) with a in I1, I2 by lia. refine (IH _ _ _ _ _ _ E).
    split; [auto|]. split; auto. split; [exact Hf|]. split; [|congruence]. intros u Hu. apply HR. lia.
  - set (k := match rest with [] => (v - 1) / M | (a, _) :: _ => Nat.min ((v - 1) / M) (a - t) end) in E.
    destruct (Nat.eqb_spec k 0) as [Hk|Hk]; refine (IH _ _ _ _ _ _ E).
    + split; [cbn [prev]; now rewrite EP|]. split; auto. split; [exact Hw'|]. split; [|now rewrite latency_S, EP, Hn].
      intros u Hu. apply HR. lia.
    + assert (Hv : k * M < v).
      { assert (HD : (v - 1) / M * M <= v - 1) by (destruct M; [simpl; lia|rewrite Nat.mul_comm; apply Nat.mul_div_le; lia]).
        assert (HD0 : k <= (v - 1) / M) by (unfold k; destruct rest as [|[a ?] ?]; lia).
        destruct v; [|nia]. assert ((0 - 1) / M = 0) by (destruct M; [reflexivity|apply Nat.div_small; lia]). lia. }
      assert (Hin : forall u, t < u < t + k -> map volume (filter (fun r => arrival r =? u) R) = []).
      { intros u Hu. unfold k in Hu. destruct rest as [|[a w] rest].
        - apply Permutation_nil. rewrite <- (HR u) by lia. reflexivity.
        - destruct (Hnext a w rest eq_refl) as [_ Hf]. apply (HN a); auto. lia. }
      destruct (stretch t v left' k EP Hv Hin ltac:(lia)) as [S1 S2].
      split; [auto|]. split; auto. split.
      * destruct rest as [|[a w] rest]; [constructor|]. destruct (Hnext a w rest eq_refl) as [Hta Hf].
        eapply Forall_impl; [|exact Hf]. simpl. unfold k. lia.
      * split; [intros u Hu; apply HR; lia|congruence].
Qed.
End Fluid.

Lemma volume_bound_sound M R q : volume_bound M R = Some q -> opt_at_least M R q.
Proof.
  unfold volume_bound. destruct (Nat.leb_spec 1 M) as [HM|]; cbn [andb]; [|discriminate].
  destruct (forallb _ R) eqn:EV; [|discriminate]. rewrite forallb_forall in EV.
  assert (Hv : valid M R).
  { apply Forall_forall. intros r Hr. specialize (EV r Hr). apply andb_prop in EV as [H1 H2].
    apply Nat.leb_le in H1, H2. split; auto. }
  destruct (fluid _ _ _ _ _ _) as [n|] eqn:E; [|discriminate]. intros Eq. injection Eq as <-.
  apply (fluid_spec M R) in E as [T ->].
  - eapply opt_at_least_le; [|exact (opt_volume M R T Hv)]. apply Qle_lteq. right. unfold per_step.
    rewrite Qmake_Qdiv, Z2Pos.id by lia. reflexivity.
  - split; [reflexivity|]. split; [apply sort_rising|]. split; [apply Forall_forall; intros; lia|]. split; [|reflexivity].
    intros u _. unfold at_step. set (jobs := map _ R).
    rewrite (Permutation_map snd (filter_perm (fun x : nat * nat => fst x =? u) _ _ (sort_perm _ _))).
    rewrite (Permutation_map snd (filter_perm (fun x : nat * nat => fst x =? u) _ _ (sort_perm _ _))).
    unfold jobs. rewrite filter_map, map_map. cbn [fst snd]. erewrite map_ext; [reflexivity|].
    intros r. apply tokens_volume.
Qed.
