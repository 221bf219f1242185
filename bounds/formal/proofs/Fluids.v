(* Many steps of the fluid schedule at once are what the spec's steps come to. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Heap Centroid Fluid.
From kvproof.proofs Require Import Sums Memory Rational Volume Sorts Heaps Centroids.
Open Scope nat_scope.
Set Default Timeout 100.

(* The heap holds what the rising list holds. *)
Definition shows (h : heap unit) (left : list nat) : Prop :=
  heaped h /\ StronglySorted le left /\ Permutation (map fst (inside_heap h)) left.
Lemma shows_leaf left : shows Leaf left -> left = [].
Proof. intros (_ & _ & H). now apply Permutation_nil in H. Qed.
Lemma shows_node d v x a b left : shows (Node d v x a b) left ->
  exists left', left = v :: left' /\ shows (join a b) left'.
Proof.
  intros ((Hv & Ha & Hb) & Hs & HP). cbn [inside_heap map fst] in HP.
  assert (H1 : Forall (le v) left).
  { apply (Forall_perm _ _ _ HP). constructor; [lia|]. apply Forall_map. exact Hv. }
  destruct Hs as [|w left Hs Hw]; [apply Permutation_sym, Permutation_nil in HP; discriminate|].
  assert (E : v = w).
  { assert (Hin : In v (w :: left)) by (apply (Permutation_in _ HP); now left). inversion_clear H1.
    destruct Hin as [->|Hin]; [reflexivity|]. rewrite Forall_forall in Hw. specialize (Hw v Hin). lia. }
  subst w. exists left. split; [reflexivity|]. split; [now apply join_heaped|]. split; [exact Hs|].
  rewrite (Permutation_map fst (join_perm a b)). now apply Permutation_cons_inv in HP.
Qed.
Lemma shows_front v h left : shows h left -> Forall (le v) left -> shows (add v tt h) (v :: left).
Proof.
  intros (Hh & Hs & HP) Hv. split; [now apply add_heaped|]. split; [now constructor|].
  rewrite (Permutation_map fst (add_perm v tt h)). cbn [map fst]. now apply perm_skip.
Qed.
Lemma insert_perm v l : Permutation (insert v l) (v :: l).
Proof.
  induction l as [|w l IH]; cbn [insert]; [reflexivity|]. destruct (v <=? w); [reflexivity|]. rewrite IH. apply perm_swap.
Qed.
Lemma shows_insert v h left : shows h left -> shows (add v tt h) (insert v left).
Proof.
  intros (Hh & Hs & HP). split; [now apply add_heaped|]. split; [now apply insert_sorted|].
  rewrite (Permutation_map fst (add_perm v tt h)), insert_perm. cbn [map fst]. now apply perm_skip.
Qed.
Lemma shows_less z v h left : shows h left -> StronglySorted le (v :: left) -> shows (add (v - z) tt h) (v - z :: left).
Proof.
  intros Hh Hs. apply shows_front; auto. inversion_clear Hs. eapply Forall_impl; [|eassumption]. simpl. lia.
Qed.
Lemma spend_spec M fuel : forall z n h sum left sum' n' h', shows h left -> n = length left ->
  spend fuel M z n h sum = Some (sum', n', h') ->
  shows h' (serve z left) /\ n' = length (serve z left) /\ sum' = sum + spent M z left.
Proof.
  induction fuel as [|fuel IH]; intros z n [|d v [] a b] sum left sum' n' h' Hh Hn E; cbn [spend] in E; try discriminate.
  1, 2: apply shows_leaf in Hh as ->; injection E as <- <- <-; cbn [serve spent]; repeat split; auto; constructor.
  pose proof Hh as (_ & Hs & _). destruct (shows_node _ _ _ _ _ _ Hh) as (left' & -> & Hj). cbn [serve spent].
  destruct (v <=? z).
  - apply (IH _ _ _ _ _ _ _ _ Hj) in E; [|cbn in Hn; lia]. destruct E as (E1 & E2 & E3). split; [exact E1|]. split; [exact E2|]. lia.
  - injection E as <- <- <-. split; [now apply shows_less|]. cbn [length] in *. split; [auto|]. subst n. lia.
Qed.

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
Lemma enter_spec t : forall waiting n h left, rising (fun x => Z.of_nat (fst x)) waiting ->
  Forall (fun x => t <= fst x) waiting -> shows h left -> n = length left ->
  let '(n', h', rest) := enter t n h waiting in
  let left' := fold_right insert left (at_step t waiting) in
  shows h' left' /\ n' = length left' /\
  rising (fun x => Z.of_nat (fst x)) rest /\ Forall (fun x => t < fst x) rest /\
  forall u, t < u -> at_step u rest = at_step u waiting.
Proof.
  induction waiting as [|[a v] waiting IH]; intros n h left Hs Hl Hh Hn; cbn [enter]; [repeat split; auto; apply Hh|].
  inversion Hs as [|? ? Hs' Ha]; subst. inversion_clear Hl as [|? ? Ht Hl']. cbn [fst] in *.
  destruct (Nat.eqb_spec a t) as [->|Hat].
  - specialize (IH (S (length left)) (add v tt h) (insert v left) Hs' Hl' (shows_insert _ _ _ Hh)).
    rewrite insert_length in IH. specialize (IH eq_refl). destruct (enter _ _ _ _) as [[n' h'] rest].
    assert (E : at_step t ((t, v) :: waiting) = v :: at_step t waiting).
    { unfold at_step. cbn [filter fst]. rewrite Nat.eqb_refl. reflexivity. }
    assert (EI : fold_right insert left (v :: at_step t waiting) = fold_right insert (insert v left) (at_step t waiting)).
    { generalize (at_step t waiting). clear. induction l as [|w l IH]; cbn [fold_right] in *; [reflexivity|].
      now rewrite insert_comm, IH. }
    rewrite E, EI. destruct IH as (H1 & H2 & H3 & H4 & H5). split; [exact H1|]. repeat split; auto.
    intros u Hu. rewrite (H5 u Hu). unfold at_step. cbn [filter fst].
    destruct (Nat.eqb_spec t u); [lia|reflexivity].
  - assert (HL : Forall (fun x : nat * nat => t < fst x) ((a, v) :: waiting)).
    { constructor; [cbn; lia|]. eapply Forall_impl; [|exact Ha]. simpl. lia. }
    rewrite none_at by exact HL. cbn [fold_right]. auto 6.
Qed.

Section Fluid.
Variables (M : nat) (R : list request).
Definition prev (t : nat) : list nat := match t with 0 => [] | S t' => serve M (present M R t') end.
Lemma present_prev t : present M R t = Bounds.join R t (prev t).
Proof. destruct t; reflexivity. Qed.
Definition so_far (t n : nat) (h : heap unit) (waiting : list (nat * nat)) (sum : nat) : Prop :=
  shows h (prev t) /\ n = length (prev t) /\ rising (fun x => Z.of_nat (fst x)) waiting /\ Forall (fun x => t <= fst x) waiting /\
  (forall u, t <= u -> Permutation (at_step u waiting) (map volume (filter (fun r => arrival r =? u) R))) /\
  sum = fluid_latency M R t.
Lemma latency_S t : fluid_latency M R (S t) = fluid_latency M R t + spent M M (present M R t).
Proof. unfold fluid_latency. rewrite seq_S, sum_app, Nat.add_0_l. cbn [sum]. lia. Qed.
Lemma join_none t left : map volume (filter (fun r => arrival r =? t) R) = [] -> Bounds.join R t left = left.
Proof. unfold Bounds.join. now intros ->. Qed.
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
Lemma fluid_spec fuel : forall t n h waiting sum result, so_far t n h waiting sum ->
  fluid fuel M t n h waiting sum = Some result -> exists T, result = fluid_latency M R T.
Proof.
  induction fuel as [|fuel IH]; intros t n h waiting sum result (HL & Hn & Hs & Hw & HA & Hsum) E; cbn [fluid] in E; [discriminate|].
  pose proof (enter_spec t waiting n h _ Hs Hw HL Hn) as HE. destruct (enter t n h waiting) as [[n' h'] rest].
  cbn zeta in HE. destruct HE as (Hh & Hn' & Hs' & Hw' & HA').
  assert (EP : fold_right insert (prev t) (at_step t waiting) = present M R t).
  { rewrite present_prev. unfold Bounds.join. apply insert_all_perm, HA. lia. }
  rewrite EP in Hh, Hn'. clear EP.
  assert (HR : forall u, t < u -> Permutation (at_step u rest) (map volume (filter (fun r => arrival r =? u) R))).
  { intros u Hu. rewrite (HA' u Hu). apply HA. lia. }
  assert (HN : forall next u, Forall (fun x => next <= fst x) rest -> t < u < next ->
    map volume (filter (fun r => arrival r =? u) R) = []).
  { intros next u Hf Hu. apply Permutation_nil. rewrite <- (HR u) by lia. rewrite none_at; [reflexivity|].
    eapply Forall_impl; [|exact Hf]. simpl. lia. }
  assert (Hnext : forall a v r, rest = (a, v) :: r -> t < a /\ Forall (fun x => a <= fst x) rest).
  { intros a v r ->. inversion_clear Hs' as [|? ? _ Ha]. inversion_clear Hw'. split; auto. constructor; auto.
    eapply Forall_impl; [|exact Ha]. simpl. lia. }
  destruct h' as [|d v x a b].
  - apply shows_leaf in Hh. destruct rest as [|[next v] rest]; [injection E as <-; now exists t|].
    destruct (Nat.ltb_spec t next) as [Hta|]; [|discriminate]. destruct (Hnext next v rest eq_refl) as [_ Hf].
    destruct (idle t (next - t) Hh) as [I1 I2]; [intros u Hu; apply (HN next); auto; lia|lia|].
    replace (t + (next - t)) with next in I1, I2 by lia. refine (IH _ _ _ _ _ _ _ E). rewrite Hh in Hn'.
    split; [rewrite I1; repeat constructor|]. split; [now rewrite I1|]. split; auto. split; [exact Hf|].
    split; [|congruence]. intros u Hu. apply HR. lia.
  - destruct (shows_node _ _ _ _ _ _ Hh) as (left' & EP & Hj).
    set (k := match rest with [] => (v - 1) / M | (next, _) :: _ => Nat.min ((v - 1) / M) (next - t) end) in E.
    destruct (Nat.eqb_spec k 0) as [Hk|Hk].
    + destruct (spend _ _ _ _ _ _) as [[[sum' n''] h'']|] eqn:ES; [|discriminate].
      destruct (spend_spec _ _ _ _ _ _ _ _ _ _ Hh Hn' ES) as (S1 & S2 & S3). refine (IH _ _ _ _ _ _ _ E).
      split; [exact S1|]. split; [exact S2|]. split; auto. split; [exact Hw'|].
      split; [|now rewrite latency_S, S3, Hsum]. intros u Hu. apply HR. lia.
    + refine (IH _ _ _ _ _ _ _ E). rewrite EP in Hn'. pose proof Hh as (_ & Hsort & _). rewrite EP in Hsort.
      assert (Hv : k * M < v).
      { assert (HD : (v - 1) / M * M <= v - 1) by (destruct M; [simpl; lia|rewrite Nat.mul_comm; apply Nat.mul_div_le; lia]).
        assert (HD0 : k <= (v - 1) / M) by (unfold k; destruct rest as [|[next ?] ?]; lia).
        destruct v; [|nia]. assert ((0 - 1) / M = 0) by (destruct M; [reflexivity|apply Nat.div_small; lia]). lia. }
      assert (Hin : forall u, t < u < t + k -> map volume (filter (fun r => arrival r =? u) R) = []).
      { intros u Hu. unfold k in Hu. destruct rest as [|[next w] rest].
        - apply Permutation_nil. rewrite <- (HR u) by lia. reflexivity.
        - destruct (Hnext next w rest eq_refl) as [_ Hf]. apply (HN next); auto. lia. }
      destruct (stretch t v left' k EP Hv Hin ltac:(lia)) as [S1 S2].
      split; [rewrite S1; now apply shows_less|]. split; [now rewrite S1|]. split; auto. split.
      * destruct rest as [|[next w] rest]; [constructor|]. destruct (Hnext next w rest eq_refl) as [Hta Hf].
        eapply Forall_impl; [|exact Hf]. simpl. unfold k. lia.
      * split; [intros u Hu; apply HR; lia|congruence].
Qed.
End Fluid.

Lemma volume_bound_value M R q : volume_bound M R = Some q -> valid M R /\ exists T, (q == fluid_latency M R T / M)%Q.
Proof.
  unfold volume_bound. destruct (Nat.leb_spec 1 M) as [HM|]; cbn [andb]; [|discriminate].
  destruct (forallb _ R) eqn:EV; [|discriminate]. rewrite forallb_forall in EV.
  assert (Hv : valid M R).
  { apply Forall_forall. intros r Hr. specialize (EV r Hr). apply andb_prop in EV as [H1 H2].
    apply Nat.leb_le in H1, H2. split; auto. }
  destruct (fluid _ _ _ _ _ _ _) as [n|] eqn:E; [|discriminate]. intros Eq. injection Eq as <-.
  apply (fluid_spec M R) in E as [T ->].
  - split; [exact Hv|]. exists T. unfold per_step.
    rewrite Qmake_Qdiv, Z2Pos.id by lia. reflexivity.
  - split; [repeat constructor|]. split; [reflexivity|]. split; [apply sort_rising|].
    split; [apply Forall_forall; intros; lia|]. split; [|reflexivity].
    intros u _. unfold at_step. set (jobs := map _ R).
    rewrite (Permutation_map snd (filter_perm (fun x : nat * nat => fst x =? u) _ _ (sort_perm _ _))).
    unfold jobs. rewrite filter_map, map_map. cbn [fst snd]. erewrite map_ext; [reflexivity|].
    intros r. apply tokens_volume.
Qed.
Lemma volume_bound_sound M R q : volume_bound M R = Some q -> opt_at_least M R q.
Proof.
  intros E. destruct (volume_bound_value _ _ _ E) as (Hv & T & HT). intros s Hs. rewrite HT. now apply opt_volume.
Qed.
