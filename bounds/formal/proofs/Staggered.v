(* Staggered completions: in the step in which one of a group completes, each of the others holds
   much, or completes late. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.proofs Require Import Sums Memory Centroid Opt Rational.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma one_late h o r p c : 1 <= o <= h -> h <= peak r -> o <= output r -> c <= fin (r, p) ->
  o * h <= h * (fin (r, p) - c) + o * held r p c.
Proof.
  unfold fin, peak. cbn [fst snd]. intros Ho Hh Hr Hc. destruct (le_lt_dec c p).
  - assert (o * h <= h * (p + output r - c)) by nia. lia.
  - replace c with (p + (c - p)) at 2 by lia. rewrite held_in by lia.
    set (x := p + output r - c). assert (o * (h - x) <= o * (prompt r + (c - p))) by (apply Nat.mul_le_mono_l; lia).
    assert (o * x <= h * x) by (apply Nat.mul_le_mono_r; lia). nia.
Qed.
Lemma group_late M h o s group others c : 1 <= o <= h -> (forall t, used s t <= M) ->
  Permutation s (group ++ others) ->
  (forall x, In x group -> h <= peak (fst x) /\ o <= output (fst x) /\ c <= fin x) ->
  o * h * length group <= h * sum (fun x => fin x - c) group + o * M.
Proof.
  intros Ho HU HP H. specialize (HU c). rewrite (used_perm _ _ c HP), used_app in HU.
  transitivity (h * sum (fun x => fin x - c) group + o * used group c); [|nia].
  unfold used. rewrite <- !sum_scale, <- sum_plus, <- sum_const. apply sum_le. intros [r p] Hx.
  destruct (H _ Hx) as (H1 & H2 & H3). now apply one_late.
Qed.
Lemma staggered : Bounds.staggered.
Proof.
  intros M R s group others c h o (_ & _ & HU) HP Ho H.
  pose proof (group_late M h o s group others c Ho HU HP H) as HL. to_Q HL.
  assert (E : (Qsum (fun x : request * nat => snd x + output (fst x) - c) group == sum (fun x => fin x - c)%nat group)%Q).
  { rewrite qsum_sum. apply qsum_ext. intros x Hx. destruct (H x Hx) as (_ & _ & Hc). unfold fin.
    now rewrite q_sub, q_add by exact Hc. }
  rewrite E. set (X := rational (sum _ group)) in *. assert (Hh : (0 < h)%Q) by (apply q_pos; lia).
  apply (Qmult_le_l _ _ h Hh).
  setoid_replace (h * (o * (length group - M / h)))%Q with (o * h * length group - o * M)%Q
    by (field; intros E'; lra). lra.
Qed.

(* ---- gaps between completions C_1 <= C_2 <= ... <= C_n *)
Section Gaps.
Variables (C : nat -> nat) (n : nat).
Hypothesis rise : forall i, 1 <= i < n -> C i <= C (S i).
Definition gap (i : nat) : nat := C i - C (i - 1).
(* how often the inequality k takes the gap i *)
Definition takes (m k i : nat) : nat := if k <? i then m - (i - k) else 0.

Lemma telescope k d : 1 <= k -> k + d <= n -> C k + sum gap (seq (k + 1) d) = C (k + d).
Proof.
  intros Hk. induction d as [|d IH]; intros Hd; [cbn [seq sum]; now rewrite !Nat.add_0_r|].
  rewrite seq_S, sum_app. cbn [sum]. specialize (IH ltac:(lia)). pose proof (rise (k + d) ltac:(lia)).
  unfold gap at 2. replace (k + 1 + d - 1) with (k + d) by lia.
  replace (k + 1 + d) with (S (k + d)) by lia. replace (k + S d) with (S (k + d)) by lia. lia.
Qed.
Lemma rises k d : 1 <= k -> k + d <= n -> C k <= C (k + d).
Proof. intros. pose proof (telescope k d). lia. Qed.
Lemma gaps_taken k m : 1 <= k -> k + m <= n + 1 ->
  sum (fun j => C (k + j) - C k) (seq 0 m) = sum (fun i => gap i * takes m k i) (seq 2 (n - 1)).
Proof.
  intros Hk. induction m as [|m IH]; intros Hm.
  - rewrite (sum_ext _ (fun _ => 0) (seq 2 _)); [now rewrite sum_const|]. intros i _. unfold takes.
    destruct (_ <? _); lia.
  - rewrite seq_S, sum_app, IH by lia. cbn [sum Nat.add]. rewrite Nat.add_0_r.
    rewrite (sum_ext (fun i => gap i * takes (S m) k i)
      (fun i => gap i * takes m k i + (if (k <? i) && (i <=? k + m) then gap i else 0))).
    2:{ intros i Hi. unfold takes. destruct (Nat.ltb_spec k i), (Nat.leb_spec i (k + m)); cbn [andb]; [| |lia|lia].
        - replace (S m - (i - k)) with (S (m - (i - k))) by lia. lia.
        - replace (S m - (i - k)) with 0 by lia. replace (m - (i - k)) with 0 by lia. lia. }
    rewrite sum_plus. f_equal.
    replace (n - 1) with ((k - 1) + (m + (n - k - m))) by lia. rewrite !seq_app, !sum_app.
    replace (2 + (k - 1)) with (k + 1) by lia.
    rewrite (sum_ext _ (fun _ => 0) (seq 2 (k - 1))).
    2:{ intros i Hi. apply in_seq in Hi. destruct (Nat.ltb_spec k i); [lia|reflexivity]. }
    rewrite (sum_ext _ (fun _ => 0) (seq (k + 1 + m) _)).
    2:{ intros i Hi. apply in_seq in Hi. destruct (Nat.leb_spec i (k + m)); [lia|now rewrite andb_false_r]. }
    rewrite (sum_ext _ gap (seq (k + 1) m)).
    2:{ intros i Hi. apply in_seq in Hi. destruct (Nat.ltb_spec k i), (Nat.leb_spec i (k + m)); cbn [andb]; [reflexivity|lia..]. }
    rewrite !sum_const. pose proof (telescope k m ltac:(lia) ltac:(lia)). lia.
Qed.

Open Scope Q_scope.
Lemma staggered_sum m (y : nat -> Q) (z : Q) : (1 <= m)%nat -> (forall k, 0 <= y k) ->
  (forall k, (1 <= k)%nat -> (k + m <= n + 1)%nat -> z <= sum (fun j => C (k + j) - C k)%nat (seq 0 m)) ->
  let last := (n + 1 - m)%nat in
  (forall i, (2 <= i <= n)%nat ->
     Qsum (fun k => y k * (m - (i - k))%nat) (seq 1 (Nat.min (i - 1) last)) <= n + 1 - i) ->
  n * C 1%nat + z * Qsum y (seq 1 last) <= sum C (seq 1 n).
Proof.
  intros Hm Hy Hz last HC.
  (* what the inequalities take *)
  assert (H1 : z * Qsum y (seq 1 last) <=
    Qsum (fun k => y k * Qsum (fun i => gap i * takes m k i) (seq 2 (n - 1))) (seq 1 last)).
  { rewrite <- qsum_scale. apply qsum_le. intros k Hk. apply in_seq in Hk. unfold last in Hk.
    specialize (Hz k ltac:(lia) ltac:(lia)). rewrite gaps_taken in Hz by lia.
    rewrite qsum_sum in Hz. rewrite (qsum_ext (fun i => gap i * takes m k i) (fun i => rational (gap i * takes m k i)))
      by (intros; now rewrite q_mul).
    rewrite Qmult_comm. specialize (Hy k). rewrite !(Qmult_comm (y k)). now apply Qmult_le_compat_r. }
  (* each gap at most as often as it delays *)
  assert (H2 : Qsum (fun k => y k * Qsum (fun i => gap i * takes m k i) (seq 2 (n - 1))) (seq 1 last) <=
    Qsum (fun i => gap i * (n + 1 - i)) (seq 2 (n - 1))).
  { rewrite (qsum_ext _ (fun k => Qsum (fun i => gap i * (y k * takes m k i)) (seq 2 (n - 1)))).
    2:{ intros k _. rewrite <- qsum_scale. apply qsum_ext. intros. ring. }
    rewrite qsum_swap. apply qsum_le. intros i Hi. apply in_seq in Hi. rewrite qsum_scale.
    rewrite !(Qmult_comm (gap i)). apply Qmult_le_compat_r; [|apply q_nonneg].
    eapply Qle_trans; [|apply HC; lia].
    replace last with (Nat.min (i - 1) last + (last - (i - 1)))%nat at 1 by lia.
    rewrite seq_app, qsum_app.
    rewrite (qsum_ext (fun k => y k * takes m k i) (fun k => y k * (m - (i - k))%nat)).
    2:{ intros k Hk. apply in_seq in Hk. unfold takes. destruct (Nat.ltb_spec k i); [reflexivity|lia]. }
    rewrite (qsum_zero (fun k => y k * takes m k i)); [lra|]. intros k Hk. apply in_seq in Hk.
    unfold takes. destruct (Nat.ltb_spec k i); [lia|]. rewrite q_0. ring. }
  destruct (Nat.eq_dec n 0) as [Hn|Hn].
  { assert (E : last = 0%nat) by (unfold last; lia). rewrite E, Hn. cbn [seq Qsum sum]. rewrite q_0. lra. }
  (* the completions from the gaps *)
  pose proof (gaps_taken 1 n ltac:(lia) ltac:(lia)) as H3.
  assert (H4 : (sum C (seq 1 n) = n * C 1 + sum (fun j => C (1 + j) - C 1) (seq 0 n))%nat).
  { rewrite <- seq_shift, sum_map.
    replace n with (length (seq 0 n)) at 2 by apply seq_length.
    rewrite (Nat.mul_comm (length _)), <- (sum_const (seq 0 n)), <- sum_plus. apply sum_ext.
    intros j Hj. apply in_seq in Hj. pose proof (rises 1 j). cbn [Nat.add] in *. lia. }
  rewrite H4, q_add, q_mul, H3, qsum_sum.
  rewrite (qsum_ext (fun x => rational (gap x * takes n 1 x)) (fun i => gap i * (n + 1 - i))); [lra|].
  intros i Hi. apply in_seq in Hi. rewrite q_mul. unfold takes. destruct (Nat.ltb_spec 1 i); [|lia].
  replace (n - (i - 1))%nat with (n + 1 - i)%nat by lia. rewrite q_sub, q_add by lia. reflexivity.
Qed.
End Gaps.

(* ---- completions of a group, in rising order *)
Lemma sum_nth {A} (f : A -> nat) d l : sum f l = sum (fun i => f (nth (i - 1) l d)) (seq 1 (length l)).
Proof.
  rewrite <- seq_shift, sum_map. induction l as [|x l IH]; [reflexivity|].
  cbn [length seq sum]. rewrite <- seq_shift, sum_map, IH. f_equal. apply sum_ext. intros i _.
  cbn [Nat.sub nth]. now rewrite Nat.sub_0_r.
Qed.
Lemma sorted_nth {A} (f : A -> nat) d l : StronglySorted (fun x y => f x <= f y) l ->
  forall i, S i < length l -> f (nth i l d) <= f (nth (S i) l d).
Proof.
  induction 1 as [|x l Hs IH Hf]; intros i Hi; simpl in Hi; [lia|].
  destruct i as [|i]; [|apply IH; lia]. simpl. rewrite Forall_forall in Hf. apply Hf, nth_In. lia.
Qed.
Lemma part_nth {A} (d : A) l : forall k m, k + m <= length l ->
  firstn m (skipn k l) = map (fun j => nth (k + j) l d) (seq 0 m).
Proof.
  induction l as [|x l IH]; intros k m H; simpl in H.
  - now replace m with 0 by lia; replace k with 0 by lia.
  - destruct k as [|k]; [|cbn [skipn Nat.add nth]; apply IH; lia]. destruct m as [|m]; [reflexivity|].
    cbn [skipn firstn seq map Nat.add nth]. f_equal. rewrite <- seq_shift, map_map.
    specialize (IH 0 m ltac:(lia)). exact IH.
Qed.

Lemma opt_staggered : Bounds.opt_staggered.
Proof.
  intros M group others a h o m y z n last Ho Hm HG Hy HC Hz s0 HF0.
  destruct (arrange M _ s0 HF0) as (s & HF & <- & HR). clear s0 HF0.
  apply map_eq_app in HR as (sg & so & -> & HRg & HRo). destruct HF as (_ & HA & HU).
  apply Forall_app in HA as [HAg HAo].
  assert (Ho' : (z <= total_latency so)%Q).
  { apply Hz. split; [now rewrite HRo|]. split; [exact HAo|]. intros t. specialize (HU t). rewrite used_app in HU. lia. }
  assert (Hin : forall x, In x sg -> h <= peak (fst x) /\ o <= output (fst x) /\ a + o <= fin x).
  { intros x Hx. destruct (HG (fst x)) as (H1 & H2 & H3); [rewrite <- HRg; now apply in_map|].
    rewrite Forall_forall in HAg. specialize (HAg x Hx). unfold fin. lia. }
  assert (Hlat : total_latency sg + sum arrival group = sum fin sg).
  { rewrite <- HRg, sum_map. unfold total_latency. rewrite <- sum_plus. apply sum_ext. intros x Hx.
    rewrite Forall_forall in HAg. specialize (HAg x Hx). unfold latency, fin. lia. }
  pose proof (isort_perm fin sg) as HP. pose proof (isort_sorted fin sg) as HS.
  set (l := isort fin sg) in *.
  assert (Hn : length l = n) by (rewrite <- (Permutation_length HP); unfold n; rewrite <- HRg; now rewrite map_length).
  set (d := (Request 0 0 0, 0)). set (C := fun i => fin (nth (i - 1) l d)).
  assert (Hl : sum fin sg = sum C (seq 1 n)) by (rewrite (sum_perm _ _ _ HP), <- Hn; apply sum_nth).
  assert (Hrise : forall i, 1 <= i < n -> C i <= C (S i)).
  { intros i Hi. unfold C. replace (S i - 1) with (S (i - 1)) by lia. apply (sorted_nth fin d l HS). lia. }
  assert (Hinl : forall x, In x l -> In x sg) by (intros x; apply Permutation_in; now symmetry).
  assert (Hh : (0 < h)%Q) by (apply q_pos; lia).
  assert (Hk : forall k, 1 <= k -> k + m <= n + 1 ->
    (o * (m - M / h) <= sum (fun j => (C (k + j) - C k)%nat) (seq 0 m))%Q).
  { intros k Hk1 Hk2. set (part := firstn m (skipn (k - 1) l)).
    assert (Hp : part = map (fun j => nth (k - 1 + j) l d) (seq 0 m)) by (apply part_nth; lia).
    assert (HL : o * h * length part <= h * sum (fun x => fin x - C k) part + o * M).
    { apply (group_late M h o (sg ++ so) part (firstn (k - 1) l ++ skipn m (skipn (k - 1) l) ++ so) (C k) Ho HU).
      - rewrite HP. rewrite <- (firstn_skipn (k - 1) l) at 1. rewrite <- (firstn_skipn m (skipn (k - 1) l)) at 1.
        fold part. rewrite !app_assoc. apply Permutation_app_tail, Permutation_app_tail, Permutation_app_comm.
      - intros x Hx. rewrite Hp in Hx. apply in_map_iff in Hx as (j & <- & Hj). apply in_seq in Hj.
        destruct (Hin (nth (k - 1 + j) l d)) as (H1 & H2 & _); [apply Hinl, nth_In; lia|]. repeat split; auto.
        pose proof (rises C n Hrise k j Hk1 ltac:(lia)). unfold C in H at 2.
        now replace (k + j - 1) with (k - 1 + j) in H by lia. }
    rewrite Hp, map_length, seq_length, sum_map in HL.
    rewrite (sum_ext _ (fun j => C (k + j) - C k)) in HL.
    2:{ intros j _. unfold C at 2. now replace (k + j - 1) with (k - 1 + j) by lia. }
    to_Q HL. set (X := rational (sum _ _)) in *. apply (Qmult_le_l _ _ h Hh).
    setoid_replace (h * (o * (m - M / h)))%Q with (o * h * m - o * M)%Q by (field; intros E'; lra). lra. }
  pose proof (staggered_sum C n Hrise m y _ Hm Hy Hk HC) as H. fold last in H.
  rewrite <- Hl in H. apply q_eq in Hlat. rewrite q_add in Hlat.
  assert (H1 : (n * (a + o) <= n * C 1%nat)%Q).
  { destruct n as [|n'] eqn:En; [rewrite !Qmult_0_l; apply Qle_refl|].
    rewrite <- q_add, <- !q_mul. apply q_le, Nat.mul_le_mono_l. unfold C. apply Hin, Hinl, nth_In. lia. }
  unfold total_latency in *. rewrite sum_app, q_add. lra.
Qed.
