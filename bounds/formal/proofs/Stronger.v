(* Stronger lower bounds on OPT, as the spec states them: centroids in whole steps, also with
   arrivals and of tails alone; closed-form prices. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements Bounds.
From kvproof.proofs Require Import Sums Memory Lower Centroid Opt Rational Below Discrete.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma sum_seq_from f c n : sum f (seq (c + 1) n) = tsum (fun d => f (c + d)) n.
Proof.
  induction n as [|n IH]; [reflexivity|]. rewrite seq_S, sum_app, IH. cbn [sum tsum].
  replace (c + 1 + n) with (c + S n) by lia. lia.
Qed.

(* ---- the tail of a request, as a load; x is a request with its cut, and a start *)
Definition tail_load (x : request * nat * nat) (t : nat) : nat :=
  let '(r, c, p) := x in if p + c <? t then held r p t else 0.
Lemma tail_load_le x t : tail_load x t <= held (fst (fst x)) (snd x) t.
Proof. destruct x as [[r c] p]. unfold tail_load. cbn [fst snd]. destruct (_ <? _); lia. Qed.
(* the sum over steps, with any weights *)
Lemma tail_load_sum g r c p T : c <= output r -> p + output r <= T ->
  tsum (fun t => g t * tail_load (r, c, p) t) T =
  tsum (fun d => g (p + c + d) * (prompt r + (c + d))) (output r - c).
Proof.
  intros Hc HT. remember (p + c) as q eqn:Eq.
  replace T with (q + ((output r - c) + (T - p - output r))) by lia.
  rewrite !tsum_split. unfold tail_load. rewrite <- Eq.
  rewrite (tsum_ext _ (fun _ => 0) q).
  2:{ intros t Ht. destruct (Nat.ltb_spec q t); lia. }
  rewrite (tsum_ext _ (fun _ => 0) (T - p - output r)).
  2:{ intros d Hd. rewrite held_after by lia. destruct (_ <? _); lia. }
  rewrite !tsum_const, Nat.add_0_r. cbn [Nat.add Nat.mul]. apply tsum_ext. intros d Hd.
  destruct (Nat.ltb_spec q (q + d)); [|lia].
  replace (q + d) with (p + (c + d)) by lia. now rewrite held_in by lia.
Qed.
Lemma tail_load_size r c p T : c <= output r -> p + output r <= T ->
  tsum (tail_load (r, c, p)) T = tail c r.
Proof.
  intros Hc HT. rewrite (tsum_ext _ (fun t => 1 * tail_load (r, c, p) t)) by (intros; lia).
  rewrite (tail_load_sum (fun _ => 1)) by auto. unfold tail. rewrite sum_seq_from.
  apply tsum_ext. intros. lia.
Qed.
Lemma tail_busy r c p T : c <= output r -> p + output r <= T ->
  busy_sum tail_load T (r, c, p) + tail c r = 2 * p * tail c r + 2 * tail_moment c r.
Proof.
  intros Hc HT. unfold busy_sum. rewrite (tail_load_sum (fun t => 2 * t - 1)) by auto.
  unfold tail, tail_moment. rewrite !sum_seq_from. generalize (output r - c) as n.
  induction n as [|n IH]; [simpl; lia|]. cbn [tsum].
  replace (2 * (p + c + S n) - 1) with (2 * p + 2 * (c + n) + 1) by lia. nia.
Qed.
Lemma tail_pos r c : c < output r -> 1 <= tail c r.
Proof.
  intros H. unfold tail. rewrite sum_seq_from. destruct (output r - c) eqn:E; [lia|]. simpl. lia.
Qed.

(* x without its cut *)
Definition placed (x : request * nat * nat) : request * nat := (fst (fst x), snd x).
Lemma tail_loaded M l :
  (forall r c p, In (r, c, p) l -> c < output r /\ arrival r <= p) ->
  (forall t, used (map placed l) t <= M) ->
  loaded M (fun x => tail_release (fst x)) (fun x => tail_size (fst x)) tail_load (sum fin (map placed l)) l.
Proof.
  intros Hc HU. split.
  - intros t. etransitivity; [|exact (HU t)]. unfold used. rewrite sum_map. apply sum_le.
    intros x _. apply tail_load_le.
  - intros [[r c] p] Hx. unfold tail_release, tail_size. cbn [fst snd]. destruct (Hc _ _ _ Hx) as [Hr Hp].
    split; [|split].
    + intros t Ht. unfold tail_load. destruct (Nat.ltb_spec (p + c) t); lia.
    + intros t. rewrite <- (tail_load_size r c p (t + (p + output r))) by lia. apply tsum_mono. lia.
    + apply tail_load_size; [lia|]. exact (fin_le_sum (map placed l) (r, p) (in_map placed _ _ Hx)).
Qed.

Open Scope Q_scope.
Lemma opt_tail_centroid : Bounds.opt_tail_centroid.
Proof.
  intros M C T Hc Hs HT s0 HF0.
  destruct (arrange M (map fst C) s0 HF0) as (s & HF & <- & HR). clear s0 HF0.
  (* the cuts beside the starts *)
  set (l := combine C (map snd s)).
  assert (EC : map fst l = C).
  { unfold l. clear - HR. revert s HR. induction C as [|x C IH]; intros [|y s] H; try discriminate; auto.
    inversion H. cbn [map combine]. cbn [fst]. f_equal. auto. }
  assert (ES : map placed l = s).
  { unfold l. clear - HR. revert s HR. induction C as [|x C IH]; intros [|[q p] s] H; try discriminate; auto.
    inversion H. cbn [map combine snd]. rewrite (IH s) by auto. unfold placed. cbn [fst snd]. congruence. }
  clearbody l. clear HR. subst C s. destruct HF as (_ & HA & HU).
  rewrite Forall_map, Forall_forall in HA.
  assert (Hin : forall r c p, In (r, c, p) l -> (c < output r /\ arrival r <= p)%nat).
  { intros r c p Hx. split; [exact (Hc _ (in_map fst _ _ Hx))|exact (HA _ Hx)]. }
  pose proof (tail_loaded M l Hin HU) as Hl.
  assert (Hp : Forall (fun x => (1 <= tail_size (fst x))%nat) l)
    by (apply Forall_forall; intros [[r c] p] Hx; apply (tail_pos r c), (Hin r c p Hx)).
  assert (Hs' : StronglySorted (fun x y => (tail_size (fst x) <= tail_size (fst y))%nat) l).
  { clear - Hs. induction l as [|x l IH]; [constructor|]. inversion_clear Hs. constructor; auto.
    now rewrite Forall_map in H0. }
  rewrite most_done_map, sum_map in HT.
  pose proof (busy_times_least M _ _ _ _ T l Hl Hp Hs' HT) as H.
  change (@nil (request * nat)) with (map (@fst (request * nat) nat) []). rewrite busy_times_map, qsum_map.
  unfold total_latency. rewrite qsum_sum, qsum_map.
  eapply Qle_trans; [apply Qplus_le_compat; [exact H|apply Qle_refl]|].
  rewrite <- qsum_plus. apply qsum_le. intros [[r c] p] Hx. unfold tail_size. cbn [fst snd placed].
  destruct (Hin r c p Hx) as [Hr Ha]. rewrite q_latency by exact Ha. unfold placed. cbn [fst snd].
  pose proof (tail_pos r c Hr) as Hv.
  pose proof (tail_busy r c p (sum fin (map placed l)) ltac:(lia) (fin_le_sum (map placed l) (r, p) (in_map placed _ _ Hx))) as E.
  apply q_eq in E. repeat (rewrite ?q_add, ?q_mul in E). rewrite ?q_2 in E.
  apply q_pos in Hv. unfold tail_shape. change (1 / 2) with (1 # 2).
  set (b := rational (busy_sum _ _ _)) in *. set (v := rational (tail _ _)) in *.
  set (m := rational (tail_moment _ _)) in *.
  assert (Eb : b == 2 * p * v + 2 * m - v) by lra. rewrite Eb.
  setoid_replace ((2 * p * v + 2 * m - v) / (2 * v)) with (p + m / v - (1 # 2)) by (field; intros E'; lra).
  lra.
Qed.

(* ---- whole requests: nothing cut *)
Lemma tail_0 r : tail 0 r = volume r.
Proof. unfold tail, volume. now rewrite Nat.sub_0_r. Qed.
Lemma tail_shape_0 r : (1 <= output r)%nat -> tail_shape 0 r == shape r.
Proof.
  intros H. unfold tail_shape. rewrite tail_0, shape_mean.
  assert (E : tail_moment 0 r = mom r).
  { unfold tail_moment. rewrite Nat.sub_0_r. apply sum_seq. }
  rewrite E, mom_mean. apply volume_pos, q_pos in H. change (1 / 2) with (1 # 2).
  setoid_replace (volume r * mean r / volume r) with (mean r) by (field; intros E'; lra). lra.
Qed.
Lemma most_done_ext {A} M (release release' size size' : A -> nat) l t :
  (forall x, release x = release' x) -> (forall x, size x = size' x) ->
  most_done M release size l t = most_done M release' size' l t.
Proof.
  intros H1 H2. induction t as [|t IH]; [reflexivity|]. rewrite !most_done_S, IH. f_equal.
  apply sum_ext. intros x _. now rewrite H1, H2.
Qed.
Lemma busy_times_ext {A} M (release release' size size' : A -> nat) T l :
  (forall x, release x = release' x) -> (forall x, size x = size' x) -> forall prev,
  busy_times M release size T prev l == busy_times M release' size' T prev l.
Proof.
  intros H1 H2. induction l as [|x l IH]; intros prev; cbn [busy_times]; [reflexivity|].
  rewrite IH, H2. assert (E : forall p, least_moment M release size T p = least_moment M release' size' T p).
  { intros p. rewrite !least_moment_moment. apply tsum_ext. intros t _.
    now rewrite !(most_done_ext M release release' size size'). }
  now rewrite !E.
Qed.
Lemma opt_centroid_whole M R T : (forall r, In r R -> (1 <= output r)%nat) -> by_volume R ->
  most_done M arrival volume R T = sum volume R ->
  opt_at_least M R (busy_times M arrival volume T [] R + Qsum (fun r => shape r - arrival r) R).
Proof.
  intros Hw Hv HT s HF. set (f := fun r : request => (r, 0%nat)).
  assert (E1 : forall r, (tail_release (f r) = arrival r)%nat) by (intros; unfold tail_release; simpl; lia).
  assert (E2 : forall r, tail_size (f r) = volume r) by (intros; unfold tail_size; apply tail_0).
  assert (HS : StronglySorted (fun x y => (tail_size x <= tail_size y)%nat) (map f R)).
  { clear - Hv E2. induction Hv as [|a R Hv IH Ha]; cbn [map]; constructor; auto. apply Forall_map.
    eapply Forall_impl; [|exact Ha]. simpl. intros b. now rewrite !E2. }
  assert (HT' : most_done M tail_release tail_size (map f R) T = sum tail_size (map f R)).
  { rewrite most_done_map, sum_map, (most_done_ext M _ arrival _ volume R T E1 E2), HT.
    apply sum_ext. intros. now rewrite E2. }
  assert (HR : map fst (map f R) = R) by (rewrite map_map; apply map_id).
  pose proof (opt_tail_centroid M (map f R) T) as H. rewrite HR in H. specialize (fun h => H h HS HT' s HF).
  change (@nil (request * nat)) with (map f []) in H.
  rewrite busy_times_map, qsum_map, (busy_times_ext M _ arrival _ volume T R E1 E2 []) in H.
  rewrite (qsum_ext _ (fun r => shape r - arrival r)) in H; [apply H|].
  - intros x Hx. apply in_map_iff in Hx as (r & <- & Hr). now apply Hw.
  - intros r Hr. unfold f. cbn [fst snd]. rewrite tail_shape_0; [reflexivity|]. now apply Hw.
Qed.
Lemma opt_centroid_discrete : Bounds.opt_centroid_discrete.
Proof.
  intros M R T Hw. unfold valid in Hw. rewrite Forall_forall in Hw. apply opt_centroid_whole.
  intros r Hr. now apply Hw.
Qed.

(* ---- on a backlog: at least the fluid form *)
Lemma least_moment_square {A} M (release size : A -> nat) T l :
  most_done M release size l T = sum size l ->
  (sum size l * sum size l <= M * least_moment M release size T l)%nat.
Proof.
  intros HT. rewrite least_moment_moment. unfold moment. set (f := most_done M release size l) in *.
  assert (E : forall t, tsum (fun t => f t - f (t - 1))%nat t = f t).
  { induction t as [|t IH]; [reflexivity|]. cbn [tsum]. rewrite IH. replace (S t - 1)%nat with t by lia.
    pose proof (most_done_mono M release size l t). fold f in H. lia. }
  rewrite <- HT, <- (E T). apply capacity_moment. intros [|t]; [simpl; lia|].
  replace (S t - 1)%nat with t by lia. unfold f. rewrite most_done_S. lia.
Qed.
Lemma centroid_discrete_above : Bounds.centroid_discrete_above.
Proof.
  intros M R T Hw Hb Hv HT. destruct (valid_memory M R Hw) as [->|HM].
  { unfold sum_P, Qdiv. cbn [sum_before sum busy_times]. rewrite !Qmult_0_l. lra. }
  assert (Hp : Forall (fun r => (1 <= volume r)%nat) R)
    by (eapply Forall_impl; [|exact Hw]; simpl; intros r [H _]; now apply volume_pos).
  apply q_pos in HM. rewrite busy_times_parts.
  set (w := fun r => 1 / (2 * volume r)). set (G := fun p => sum volume p * sum volume p / M).
  assert (E : forall l prev, Forall (fun r => (1 <= volume r)%nat) l ->
    parts w G prev l == sum_before (sum volume prev) l / M + sum volume l / (2 * M)).
  { induction l as [|r l IH]; intros prev Hl; cbn [parts sum_before sum].
    - unfold Qdiv. rewrite !Qmult_0_l. reflexivity.
    - inversion_clear Hl as [|? ? Hr Hl']. rewrite IH by auto. unfold w, G. cbn [sum].
      rewrite !q_add, (Nat.add_comm (volume r)). apply q_pos in Hr. field. repeat split; intros E; lra. }
  pose proof (E R [] Hp) as ER. cbn [sum] in ER. unfold sum_P. rewrite <- ER.
  pose proof (parts_mono w G (fun p => rational (least_moment M arrival volume T p)) R [] 1
    (weights_sorted volume R Hp Hv)) as H.
  assert (HW : Forall (fun x => w x <= 1) R).
  { eapply Forall_impl; [|exact Hp]. simpl. intros x Hx. apply (q_le 1) in Hx. rewrite q_1 in Hx.
    apply Qle_div_l; lra. }
  assert (Hpos : Forall (fun x => 0 <= w x) R).
  { eapply Forall_impl; [|exact Hp]. simpl. intros x Hx. apply q_pos in Hx. apply Qdiv_nonneg; lra. }
  assert (HZ : rational (least_moment M arrival volume T []) == 0).
  { rewrite least_moment_moment. unfold moment. rewrite (tsum_ext _ (fun _ => 0%nat)).
    - now rewrite tsum_const.
    - intros t _. assert (Et : forall t, most_done M arrival volume [] t = 0%nat)
        by (intros []; simpl; lia). rewrite !Et. lia. }
  specialize (H HW ltac:(lra) Hpos). rewrite HZ in H.
  assert (HG : forall l1 l2, R = l1 ++ l2 -> G (rev l1 ++ []) <= rational (least_moment M arrival volume T (rev l1 ++ []))).
  { intros l1 l2 ER'. rewrite app_nil_r. unfold G. apply Qle_div_l; auto.
    assert (HT1 : most_done M arrival volume (rev l1) T = sum volume (rev l1)).
    { rewrite <- (most_done_perm M arrival volume _ _ T (Permutation_rev l1)).
      rewrite <- (sum_perm volume _ _ (Permutation_rev l1)). rewrite ER', sum_app in HT.
      pose proof (most_done_part M arrival volume l1 l2 T). pose proof (most_done_all M arrival volume l1 T). lia. }
    pose proof (least_moment_square M arrival volume T (rev l1) HT1) as HQ. to_Q HQ. lra. }
  specialize (H HG). assert (G0 : G [] == 0) by (unfold G, Qdiv; cbn [sum]; rewrite q_0; ring). cbv beta in H. rewrite G0 in H. lra.
Qed.

(* ---- closed-form prices *)
Lemma completed_bounds z R : forall W, 0 <= completed z W R /\ completed z W R <= length R.
Proof.
  induction R as [|r R IH]; intros W; cbn [completed length]; [split; apply Qle_refl|].
  destruct (IH (W + volume r)%nat) as [H1 H2]. rewrite <- Nat.add_1_r, q_add, q_1.
  pose proof (Q.le_min_l 1 (Qmax 0 ((z - W) / volume r))).
  assert (0 <= Qmin 1 (Qmax 0 ((z - W) / volume r))) by (apply Q.min_glb; [lra|apply Q.le_max_l]). lra.
Qed.
Lemma completed_all z R : Forall (fun r => (1 <= volume r)%nat) R -> forall W : nat,
  W + sum volume R <= z -> completed z W R == length R.
Proof.
  induction 1 as [|r R Hr _ IH]; intros W HW; cbn [completed length sum] in *; [reflexivity|].
  rewrite q_add in HW. pose proof (q_nonneg (sum volume R)). apply q_pos in Hr.
  rewrite IH by (rewrite q_add; lra). rewrite <- (Nat.add_1_r (length R)), q_add, q_1.
  assert (H1 : 1 <= (z - W) / volume r) by (apply Qle_div_r; auto; lra).
  rewrite (Q.max_r 0) by lra. rewrite Q.min_l by auto. ring.
Qed.
Lemma opt_closed_prices : Bounds.opt_closed_prices.
Proof.
  intros M R T least Hw HT y Hleast.
  assert (Hp : Forall (fun r => (1 <= volume r)%nat) R)
    by (eapply Forall_impl; [|exact Hw]; simpl; intros r [H _]; now apply volume_pos).
  destruct (valid_memory M R Hw) as [->|HM].
  { intros s HF. apply feasible_nil in HF. subst. cbn [Qsum]. unfold total_latency. simpl sum.
    rewrite (qsum_zero y); [rewrite q_0; lra|]. intros t _. unfold y. cbn. reflexivity. }
  apply q_pos in HM. apply opt_price; auto.
  - intros t. unfold y. destruct (completed_bounds (M * t) R 0). apply Qdiv_nonneg; auto. lra.
  - intros t Ht. unfold y. rewrite completed_all; auto.
    + unfold Qdiv. ring.
    + rewrite q_0, Qplus_0_l. apply q_le in HT. rewrite q_mul in HT. apply q_lt in Ht.
      apply Qle_trans with (M * T); auto. apply Qmult_le_l; auto. lra.
Qed.
