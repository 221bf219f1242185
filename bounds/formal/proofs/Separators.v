(* From below: separators. Stages of c slims, each followed in SVF order by a fat request that does
   not fit beside them: strict SVF runs one stage after the other. Packing the slims first, and the
   fats after them, is better by 1/(1 - eps) in the limit. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Chain Simulate Rational Waves.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma flat_map_app_perm {A B} (f g : A -> list B) l :
  Permutation (flat_map (fun a => f a ++ g a) l) (flat_map f l ++ flat_map g l).
Proof.
  induction l as [|a l IH]; simpl; [auto|]. rewrite IH, <- !app_assoc.
  apply Permutation_app_head. rewrite !app_assoc. apply Permutation_app_tail, Permutation_app_comm.
Qed.
(* a strict list, cut in two *)
Lemma strict_app M l1 : forall prev t0 l2, strict M prev t0 (l1 ++ l2) ->
  exists t1, t0 <= t1 /\ Forall (fun x => t0 <= snd x <= t1) l1 /\ strict M (rev l1 ++ prev) t1 l2.
Proof.
  induction l1 as [|[r p] l1 IH]; intros prev t0 l2 H; simpl in *; [exists t0; auto|].
  apply strict_inv in H as (Hp & _ & H). destruct (IH _ _ _ H) as (t1 & A & B & C). exists t1. split; [lia|]. split.
  - constructor; [simpl; lia|]. eapply Forall_impl; [|exact B]. simpl; lia.
  - now rewrite <- app_assoc.
Qed.

Section Family.
Variables c L s : nat.
Hypothesis Hc : 1 <= c.
Hypothesis HL : 1 <= L.
Definition slim (j : nat) := Request 0 (s + j) L.
Definition fat (j : nat) := Request 0 (volume (slim j)) 1.
Definition M := c * s + volume (slim 1).
Definition slims (j : nat) := repeat (slim j) c.
Definition stage (j : nat) := slims j ++ [fat j].
Definition stages (j J : nat) := flat_map stage (seq j J).

Lemma slim_volume j i : volume (slim (i + j)) = volume (slim j) + i * L.
Proof.
  unfold volume, slim. cbn [prompt output].
  rewrite (sum_ext (fun k => s + (i + j) + k) (fun k => i + (s + j + k))) by (intros; lia).
  rewrite sum_plus, sum_const, seq_length. apply Nat.add_comm.
Qed.
Lemma fat_volume j : volume (fat j) = volume (slim j) + 1.
Proof. unfold volume at 1, fat. cbn [prompt output seq sum]. lia. Qed.

(* ---- the order *)
Lemma stages_above J : forall j r, In r (stages j J) -> volume (slim j) <= volume r.
Proof.
  intros j r H. apply in_flat_map in H as (i & Hi & H). apply in_seq in Hi.
  replace i with ((i - j) + j) in H by lia. apply in_app_or in H as [H|[<-|[]]].
  - apply repeat_spec in H. subst. rewrite slim_volume. apply Nat.le_add_r.
  - rewrite fat_volume, slim_volume. pose proof (Nat.le_0_l ((i - j) * L)). lia.
Qed.
Lemma sorted_app {A} (R : A -> A -> Prop) l1 l2 : StronglySorted R l1 -> StronglySorted R l2 ->
  (forall x y, In x l1 -> In y l2 -> R x y) -> StronglySorted R (l1 ++ l2).
Proof.
  intros H1 H2 H. induction H1 as [|x l1 H1 IH HF]; simpl; [auto|]. constructor.
  - apply IH. intros. apply H; simpl; auto.
  - apply Forall_app. split; auto. apply Forall_forall. intros. apply H; simpl; auto.
Qed.
Lemma stages_sorted J : forall j, by_volume (stages j J).
Proof.
  induction J as [|J IH]; intros j; cbn [stages seq flat_map]; [constructor|].
  change (by_volume ((slims j ++ [fat j]) ++ stages (S j) J)). apply sorted_app.
  - apply sorted_app.
    + unfold slims. generalize c as n. induction n; simpl; constructor; auto.
      apply Forall_forall. intros x Hx. apply repeat_spec in Hx. now subst.
    + repeat constructor.
    + intros x y Hx [<-|[]]. apply repeat_spec in Hx. subst. rewrite fat_volume. lia.
  - apply IH.
  - intros x y Hx Hy. apply stages_above in Hy. pose proof (slim_volume j 1) as E. simpl in E.
    apply in_app_or in Hx as [Hx|[<-|[]]].
    + apply repeat_spec in Hx. subst. lia.
    + rewrite fat_volume. lia.
Qed.

(* ---- strict SVF: a stage takes L steps at least *)
Lemma fat_waits j prev l1 t0 p : 1 <= j -> map fst l1 = slims j ->
  Forall (fun x => t0 <= snd x <= p) l1 -> adm M (rev l1 ++ prev) (fat j) p -> t0 + L <= p.
Proof.
  intros Hj Hm Hl Ha. destruct (le_lt_dec (t0 + L) p) as [|Hp]; auto. exfalso.
  specialize (Ha 1). cbn [output fat prompt] in Ha. specialize (Ha ltac:(lia)).
  assert (HU : c * (s + j + 1) <= used l1 (p + 1)).
  { unfold used. rewrite <- (repeat_length (slim j) c). fold (slims j). rewrite <- Hm, map_length.
    rewrite (Nat.mul_comm (length l1)), <- (sum_const l1). apply sum_le. intros [r q] Hx. cbn [fst snd].
    assert (Hr : r = slim j).
    { apply (repeat_spec c). fold (slims j). rewrite <- Hm. exact (in_map fst _ _ Hx). }
    rewrite Forall_forall in Hl. specialize (Hl _ Hx). simpl in Hl. subst r.
    replace (p + 1) with (q + (p + 1 - q)) by lia. rewrite held_in by (cbn; lia). cbn. lia. }
  rewrite used_app in Ha. rewrite <- (used_perm _ _ _ (Permutation_rev l1)) in Ha.
  unfold M in Ha. assert (E : volume (slim 1) <= volume (slim j)).
  { replace j with ((j - 1) + 1) by lia. rewrite slim_volume. apply Nat.le_add_r. }
  nia.
Qed.
Lemma stages_late J : forall j prev t0 l t, 1 <= j -> strict M prev t0 l ->
  map fst l = stages j J -> t * L <= t0 -> c * L * (J * (2 * t + J + 1)) <= 2 * sum fin l.
Proof.
  induction J as [|J IH]; intros j prev t0 l t Hj Hs Hm Ht; [simpl; lia|].
  change (map fst l = (slims j ++ [fat j]) ++ stages (S j) J) in Hm.
  rewrite <- app_assoc in Hm. apply map_eq_app in Hm as (l1 & l2 & -> & Hm1 & Hm2).
  destruct l2 as [|[r p] l2]; [discriminate|]. simpl in Hm2. injection Hm2 as -> H1.
  destruct (strict_app _ _ _ _ _ Hs) as (t1 & Ht1 & Hl1 & Hs2).
  apply strict_inv in Hs2 as (Hp1 & Ha & Hs2).
  assert (Hp : t0 + L <= p).
  { apply (fat_waits j prev l1); auto. eapply Forall_impl; [|exact Hl1]. simpl; lia. }
  specialize (IH (S j) _ p l2 (S t) ltac:(lia) Hs2 H1 ltac:(simpl; lia)).
  rewrite sum_app. cbn [sum]. unfold fin at 2. cbn [fst snd].
  assert (H1' : c * (t * L + L) <= sum fin l1).
  { rewrite <- (repeat_length (slim j) c). fold (slims j). rewrite <- Hm1, map_length.
    rewrite (Nat.mul_comm (length l1)), <- (sum_const l1). apply sum_le. intros [r q] Hx. unfold fin. cbn [fst snd].
    assert (Hr : r = slim j).
    { apply (repeat_spec c). fold (slims j). rewrite <- Hm1. exact (in_map fst _ _ Hx). }
    rewrite Forall_forall in Hl1. specialize (Hl1 _ Hx). simpl in Hl1. subst r. cbn. lia. }
  nia.
Qed.

(* ---- slims in rounds of K, then the fats *)
Variables K rounds J : nat.
Hypothesis HJ : K * rounds = c * J.
Hypothesis Hfat : J * L + 1 <= c * s.
Hypothesis Hround : K * (s + J + L) <= M.
Definition round_starts := flat_map (fun i => repeat (i * L) K) (seq 0 rounds).
Definition all_slims := flat_map slims (seq 1 J).
Definition packed : schedule := combine all_slims round_starts.
Definition after : schedule := map (fun j => (fat j, rounds * L + (j - 1))) (seq 1 J).

Lemma stages_valid : valid M (stages 1 J).
Proof.
  apply Forall_forall. intros r H. apply in_flat_map in H as (j & Hj & H). apply in_seq in Hj.
  assert (E : volume (slim j) = volume (slim 1) + (j - 1) * L)
    by (replace j with ((j - 1) + 1) at 1 by lia; apply slim_volume).
  assert ((j - 1) * L <= J * L) by (apply Nat.mul_le_mono_r; lia).
  apply in_app_or in H as [H|[<-|[]]].
  - apply repeat_spec in H. subst. split; [exact HL|]. unfold peak. cbn [prompt output slim].
    unfold M. assert (s + j + L <= volume (slim j)).
    { unfold volume, slim. cbn [prompt output]. clear - HL. destruct L as [|n]; [lia|].
      rewrite seq_S, sum_app. cbn [sum]. lia. }
    lia.
  - split; [cbn; lia|]. unfold peak. cbn [prompt output fat]. unfold M. lia.
Qed.
Lemma stages_backlog : backlog (stages 1 J).
Proof.
  apply Forall_forall. intros r H. apply in_flat_map in H as (j & _ & H).
  apply in_app_or in H as [H|[<-|[]]]; [apply repeat_spec in H; now subst|reflexivity].
Qed.
Lemma slims_length : length all_slims = c * J.
Proof.
  unfold all_slims. generalize 1 as j. clear. induction J as [|n IH]; intros j; simpl; [lia|].
  rewrite app_length, IH. unfold slims. rewrite repeat_length. lia.
Qed.
Lemma round_length : length round_starts = c * J.
Proof.
  rewrite <- HJ. unfold round_starts. generalize 0 as i. clear HJ.
  induction rounds as [|n IH]; intros i; simpl; [lia|]. rewrite app_length, IH, repeat_length. lia.
Qed.
Lemma packed_fst : map fst packed = all_slims.
Proof.
  unfold packed. pose proof slims_length as E. rewrite <- round_length in E. revert E.
  generalize round_starts as ps. generalize all_slims as R. clear.
  induction R as [|r R IH]; intros [|p ps] E; simpl; try discriminate; auto. f_equal; auto.
Qed.
Lemma packed_in x : In x packed -> exists j, 1 <= j <= J /\ fst x = slim j.
Proof.
  intros H. apply (in_map fst) in H. rewrite packed_fst in H. apply in_flat_map in H as (j & Hj & H).
  apply in_seq in Hj. apply repeat_spec in H. exists j. split; [lia|auto].
Qed.
Lemma packed_sum f : sum (fun x => f (snd x)) packed = sum (fun i => K * f (i * L)) (seq 0 rounds).
Proof.
  rewrite <- (sum_map snd). assert (E : map snd packed = round_starts).
  { unfold packed. pose proof slims_length as E. rewrite <- round_length in E. revert E.
    generalize round_starts as ps. generalize all_slims as R. clear.
    induction R as [|r R IH]; intros [|p ps] E; simpl; try discriminate; auto. f_equal; auto. }
  rewrite E. unfold round_starts. rewrite sum_flat_map. apply sum_ext. intros i _. apply sum_repeat.
Qed.
(* at most one round, and at most one fat, in each step *)
Lemma one_round t B : forall n i, (t <= i * L -> sum (fun i => if (i * L <? t) && (t <=? i * L + L) then B else 0) (seq i n) = 0) /\
  sum (fun i => if (i * L <? t) && (t <=? i * L + L) then B else 0) (seq i n) <= B.
Proof.
  induction n as [|n IH]; intros i; cbn [seq sum]; [lia|]. destruct (IH (S i)) as [H1 H2].
  simpl in H1. destruct (Nat.ltb_spec (i * L) t), (Nat.leb_spec t (i * L + L)); cbn [andb]; split; intros;
    try lia; rewrite H1; lia.
Qed.
Lemma packed_used t : used packed t <= K * (s + J + L) /\ (rounds * L < t -> used packed t = 0).
Proof.
  set (B := s + J + L). set (run := fun p => if (p <? t) && (t <=? p + L) then B else 0).
  assert (H : used packed t <= sum (fun i => K * run (i * L)) (seq 0 rounds)).
  { rewrite <- (packed_sum run). apply sum_le. intros [r p] Hx. destruct (packed_in _ Hx) as (j & Hj & E).
    cbn [fst snd] in *. subst r. unfold run, held, B. cbn [output prompt slim].
    destruct (p <? t) eqn:E1; [|simpl; lia]. destruct (Nat.leb_spec t (p + L)); simpl; lia. }
  rewrite sum_scale in H. destruct (one_round t B rounds 0) as [_ H2]. fold run in H2. split.
  - etransitivity; [exact H|]. apply Nat.mul_le_mono_l. exact H2.
  - intros Ht. assert (E : sum (fun i => run (i * L)) (seq 0 rounds) = 0); [|lia].
    rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_const; lia|].
    intros i Hi. apply in_seq in Hi. unfold run. assert (i * L + L <= rounds * L) by nia.
    destruct (Nat.leb_spec t (i * L + L)); [lia|]. now rewrite Bool.andb_false_r.
Qed.
Lemma after_used t : used after t <= M /\ (t <= rounds * L -> used after t = 0).
Proof.
  unfold used, after. rewrite sum_map. cbn [fst snd].
  assert (H : forall n j, 1 <= j -> j + n <= J + 1 ->
    (t <= rounds * L + (j - 1) -> sum (fun j => held (fat j) (rounds * L + (j - 1)) t) (seq j n) = 0) /\
    sum (fun j => held (fat j) (rounds * L + (j - 1)) t) (seq j n) <= M).
  { induction n as [|n IH]; intros j Hj Hn; cbn [seq sum]; [lia|].
    destruct (IH (S j) ltac:(lia) ltac:(lia)) as [H1 H2].
    destruct (le_lt_dec t (rounds * L + (j - 1))).
    - rewrite held_before, H1 by lia. lia.
    - split; [lia|]. destruct (le_lt_dec t (rounds * L + (j - 1) + 1)).
      + rewrite H1 by lia. replace t with (rounds * L + (j - 1) + 1) by lia.
        rewrite held_in by (cbn; lia). pose proof stages_valid as Hv. unfold valid in Hv.
        rewrite Forall_forall in Hv. destruct (Hv (fat j)) as [_ Hp].
        { apply in_flat_map. exists j. split; [apply in_seq; lia|]. apply in_or_app. right. left. auto. }
        unfold peak in Hp. cbn [output prompt fat] in *. lia.
      + rewrite held_after by (cbn; lia). lia. }
  destruct (H J 1 ltac:(lia) ltac:(lia)) as [H1 H2]. rewrite Nat.add_0_r in H1. auto.
Qed.
Lemma packing_feasible : feasible M (stages 1 J) (packed ++ after).
Proof.
  split; [|split].
  - rewrite map_app, packed_fst. unfold after. rewrite map_map. cbn [fst].
    unfold stages, stage. rewrite flat_map_app_perm. apply Permutation_app_head.
    generalize (seq 1 J) as js. induction js; simpl; auto.
  - apply Forall_forall. intros x Hx. apply in_app_or in Hx as [Hx|Hx].
    + destruct (packed_in _ Hx) as (j & _ & E). rewrite E. simpl. lia.
    + apply in_map_iff in Hx as (j & <- & _). simpl. lia.
  - intros t. rewrite used_app. destruct (packed_used t), (after_used t).
    destruct (le_lt_dec t (rounds * L)); [rewrite H2 by auto|rewrite H0 by auto]; lia.
Qed.
Lemma packing_total : 2 * total_latency (packed ++ after) =
  K * L * (rounds * (rounds + 1)) + (2 * J * (rounds * L) + J * (J + 1)).
Proof.
  unfold total_latency. rewrite sum_app.
  assert (E1 : sum latency packed = sum (fun i => K * (i * L + L)) (seq 0 rounds)).
  { rewrite <- (packed_sum (fun p => p + L)). apply sum_ext. intros [r p] Hx.
    destruct (packed_in _ Hx) as (j & _ & E). cbn [fst snd] in *. subst r. unfold latency. cbn. lia. }
  assert (E2 : sum latency after = sum (fun j => rounds * L + j) (seq 1 J)).
  { unfold after. rewrite sum_map. apply sum_ext. intros j Hj. apply in_seq in Hj.
    unfold latency. cbn [fst snd arrival output fat]. lia. }
  rewrite E1, E2. clear. assert (H1 : 2 * sum (fun i => K * (i * L + L)) (seq 0 rounds) = K * L * (rounds * (rounds + 1))).
  { induction rounds as [|n IH]; [simpl; lia|]. rewrite seq_S, sum_app. cbn [sum Nat.add]. nia. }
  assert (H2 : forall b, 2 * sum (fun j => b + j) (seq 1 J) = 2 * J * b + J * (J + 1)).
  { intros b. induction J as [|n IH]; [simpl; lia|]. rewrite seq_S, sum_app. cbn [sum Nat.add]. nia. }
  specialize (H2 (rounds * L)). lia.
Qed.
Lemma stages_peak : max_peak (stages 1 J) <= volume (slim 1) + J * L + 1.
Proof.
  assert (H : forall R B, Forall (fun r => peak r <= B) R -> max_peak R <= B)
    by (induction 1; simpl; lia).
  apply H, Forall_forall. intros r Hr. apply in_flat_map in Hr as (j & Hj & Hr). apply in_seq in Hj.
  assert (E : volume (slim j) = volume (slim 1) + (j - 1) * L)
    by (replace j with ((j - 1) + 1) at 1 by lia; apply slim_volume).
  assert ((j - 1) * L <= J * L) by (apply Nat.mul_le_mono_r; lia).
  apply in_app_or in Hr as [Hr|[<-|[]]].
  - apply repeat_spec in Hr. subst. unfold peak. cbn [prompt output slim].
    assert (s + j + L <= volume (slim j)); [|lia].
    unfold volume, slim. cbn [prompt output]. clear - HL. destruct L as [|n]; [lia|].
    rewrite seq_S, sum_app. cbn [sum]. lia.
  - unfold peak. cbn [prompt output fat]. lia.
Qed.

Theorem separators : exists svf better,
  strict_svf M (stages 1 J) svf /\ feasible M (stages 1 J) better /\
  c * L * (J * (J + 1)) <= 2 * total_latency svf /\
  2 * total_latency better = K * L * (rounds * (rounds + 1)) + (2 * J * (rounds * L) + J * (J + 1)).
Proof.
  destruct (simulate_feasible Strict M (stages 1 J) stages_valid) as (svf & E & HF).
  assert (Hs : strict_svf M (stages 1 J) svf)
    by (repeat split; auto using stages_valid, stages_backlog, stages_sorted).
  exists svf, (packed ++ after). split; [exact Hs|]. split; [apply packing_feasible|].
  split; [|apply packing_total].
  destruct (simulate_strict M _ _ stages_backlog E) as (l & Hl & HR & ->).
  rewrite (latency_backlog M _ _ stages_backlog HF), <- (sum_perm fin _ _ (Permutation_rev l)).
  pose proof (stages_late J 1 [] 0 l 0 (le_n _) Hl HR ltac:(lia)). lia.
Qed.
End Family.

(* ---- the choice of the parameters: eps below x / y, the ratio above a / b < 1/(1 - x/y) *)
Lemma gap a b x z m c L K : 1 <= x -> a * z + 1 <= b * (x + z) -> m = 3 * a + a * (x + z) + 1 ->
  c = z * m + 1 -> L = x * m -> K = (x + z) * m ->
  a * (L * c * c + 2 * c * L + K) + 1 <= b * (c * L * K).
Proof.
  intros Hx Hab Hm Hc HL HK. set (q := c * x * m).
  assert (E1 : b * (c * L * K) = q * m * (b * (x + z))) by (unfold q; rewrite HL, HK; ring).
  assert (E2 : a * (L * c * c + 2 * c * L + K) = q * (a * z * m + 3 * a) + a * (x + z) * m).
  { unfold q. rewrite HL, HK. rewrite Hc at 2. ring. }
  assert (H1 : q * m * (a * z + 1) <= q * m * (b * (x + z))) by (apply Nat.mul_le_mono_l; exact Hab).
  assert (H2 : m <= q).
  { unfold q. rewrite <- (Nat.mul_1_l m) at 1. apply Nat.mul_le_mono_r.
    apply (Nat.mul_le_mono 1 c 1 x); lia. }
  assert (H3 : q * m = q * (3 * a) + q * (a * (x + z)) + q) by (rewrite Hm; ring).
  assert (H4 : m * (a * (x + z)) <= q * (a * (x + z))) by (apply Nat.mul_le_mono_r; exact H2).
  rewrite E1, E2. etransitivity; [|exact H1].
  replace (q * m * (a * z + 1)) with (q * (a * z * m) + q * m) by ring. rewrite H3.
  replace (a * (x + z) * m) with (m * (a * (x + z))) by ring. rewrite (Nat.mul_add_distr_l q).
  assert (1 <= m) by lia. lia.
Qed.
(* the eps of the family: s (x c + x L - y L) = s x outweighs the rest *)
Lemma small_eps x y c L s V J : 1 <= x -> x * c + x * L = y * L + x ->
  y * (L + L * L + J * L + 1) <= s -> V <= s * L + L + L * L -> s * L <= V ->
  y * (V + J * L + 1) <= x * (c * s + V).
Proof.
  intros Hx E Hs H1 H2.
  assert (E1 : x * (c * s) + x * (s * L) = y * (s * L) + s * x).
  { apply (f_equal (Nat.mul s)) in E. rewrite !Nat.mul_add_distr_l in E.
    replace (x * (c * s)) with (s * (x * c)) by ring. replace (x * (s * L)) with (s * (x * L)) by ring.
    replace (y * (s * L)) with (s * (y * L)) by ring. exact E. }
  assert (s * 1 <= s * x) by (apply Nat.mul_le_mono_l; exact Hx).
  assert (x * (s * L) <= x * V) by (apply Nat.mul_le_mono_l; exact H2).
  assert (y * V <= y * (s * L + L + L * L)) by (apply Nat.mul_le_mono_l; exact H1).
  rewrite !Nat.mul_add_distr_l in *. lia.
Qed.
Lemma slim_volume_bounds L s : 1 <= L -> s * L + L <= volume (slim L s 1) <= s * L + L + L * L.
Proof.
  intros HL. pose proof (volume_closed (slim L s 1)) as E. cbn [prompt output slim] in E.
  set (V := volume _) in *. clearbody V. replace (L * (2 * (s + 1) + L + 1)) with (2 * (s * L) + 3 * L + L * L) in E by ring.
  assert (L * 1 <= L * L) by (apply Nat.mul_le_mono_l; exact HL). lia.
Qed.
Lemma separators_exceed a b x y : 1 <= x -> x < y -> a * (y - x) < b * y -> exists M R s better,
  y * max_peak R <= x * M /\ 1 <= M /\ strict_svf M R s /\ feasible M R better /\
  a * total_latency better < b * total_latency s.
Proof.
  intros Hx Hy Hab. remember (y - x) as z eqn:Ez. assert (Ey : y = x + z) by lia. assert (Hz : 1 <= z) by lia.
  remember (3 * a + a * (x + z) + 1) as m eqn:Em. assert (Hm : 1 <= m) by lia.
  remember (z * m + 1) as c eqn:Ec. remember (x * m) as L eqn:EL. remember ((x + z) * m) as K eqn:EK.
  assert (HL : 1 <= L) by (rewrite EL; apply (Nat.mul_le_mono 1 x 1 m); auto). assert (Hc : 1 <= c) by lia.
  assert (EK' : K + 1 = c + L) by (rewrite EK, Ec, EL; ring).
  assert (Exy : x * c + x * L = y * L + x) by (rewrite Ec, EL, Ey; ring).
  pose proof (gap a b x z m c L K Hx ltac:(lia) Em Ec EL EK) as HD.
  remember (L * c * c + 2 * c * L + K) as D eqn:ED. clear Em Ec EL EK Ez m z Hz Hab Hm Ey.
  remember (a * (L * c + 1) + 1) as N eqn:EN. remember (K * N) as J eqn:EJ.
  remember (y * (L + L * L + J * L + 1) + K * (J + L) + J * L + 1) as s eqn:Es.
  pose proof (slim_volume_bounds L s HL) as HV.
  assert (Hfat : J * L + 1 <= c * s).
  { assert (1 * s <= c * s) by (apply Nat.mul_le_mono_r; exact Hc). lia. }
  assert (Hround : K * (s + J + L) <= M c L s).
  { unfold M. assert (E : K * s + s = c * s + L * s).
    { apply (f_equal (fun k => k * s)) in EK'. rewrite !Nat.mul_add_distr_r in EK'. lia. }
    replace (K * (s + J + L)) with (K * s + K * (J + L)) by ring. rewrite (Nat.mul_comm s L) in HV. lia. }
  assert (Hrounds : K * (c * N) = c * J) by (rewrite EJ; ring).
  destruct (separators c L s Hc HL K (c * N) J Hrounds Hfat Hround) as (svf & better & H1 & H2 & H3 & H4).
  exists (M c L s), (stages c L s 1 J), svf, better.
  pose proof (stages_peak c L s Hc HL K (c * N) J Hrounds Hfat Hround) as HP.
  split; [|split; [|split; [exact H1|split; [exact H2|]]]].
  - apply (Nat.mul_le_mono_l _ _ y) in HP. etransitivity; [exact HP|]. unfold M. apply small_eps; auto; lia.
  - unfold M. lia.
  - assert (HN : 1 <= N) by lia. assert (HK : 1 <= K) by lia.
    assert (HJ : 1 <= J) by (rewrite EJ; apply (Nat.mul_le_mono 1 K 1 N); auto).
    assert (E : 2 * total_latency better = J * (N * D + L * c + 1)) by (rewrite H4, ED, EJ; ring).
    assert (HG : a * (N * D + L * c + 1) < b * (c * L * (J + 1))).
    { assert (E3 : b * (c * L * (J + 1)) = N * (b * (c * L * K)) + b * (c * L)) by (rewrite EJ; ring).
      assert (E4 : N * (a * D + 1) <= N * (b * (c * L * K))) by (apply Nat.mul_le_mono_l; exact HD).
      rewrite E3. replace (a * (N * D + L * c + 1)) with (N * (a * D) + a * (L * c + 1)) by ring.
      rewrite Nat.mul_add_distr_l in E4. lia. }
    assert (E5 : a * (2 * total_latency better) < b * (2 * total_latency svf)); [|lia].
    rewrite E. apply (Nat.lt_le_trans _ (b * (c * L * (J * (J + 1))))).
    + replace (a * (J * (N * D + L * c + 1))) with (J * (a * (N * D + L * c + 1))) by ring.
      replace (b * (c * L * (J * (J + 1)))) with (J * (b * (c * L * (J + 1)))) by ring.
      apply Nat.mul_lt_mono_pos_l; auto.
    + apply Nat.mul_le_mono_l. exact H3.
Qed.

Open Scope Q_scope.
Lemma svf_separators : Statements.svf_separators.
Proof.
  intros c e He He1 Hc. destruct (Qlt_le_dec 0 c) as [Hc0|Hc0].
  2:{ apply (exceeds_mono c (1 # 2)); [lra|]. destruct (svf_waves) as [_ H]. apply H; auto. reflexivity. }
  destruct (q_quotient c Hc0) as (a & b & Ha & Hb & Ec). destruct (q_quotient e He) as (x & y & Hx & Hy & Ee).
  assert (Hbq : 0 < b) by now apply q_pos. assert (Hyq : 0 < y) by now apply q_pos.
  assert (Hxy : (x < y)%nat).
  { apply q_lt_inv. rewrite Ee in He1. apply (Qmult_lt_r _ _ y) in He1; auto.
    setoid_replace (x / y * y) with (x : Q) in He1 by (field; intros E; lra). lra. }
  destruct (separators_exceed a b x y Hx Hxy) as (M & R & s & better & H1 & HM & H2 & H3 & H4).
  { apply q_lt_inv. rewrite !q_mul, q_sub by lia. apply q_lt in Hxy.
    rewrite Ec, Ee in Hc. apply (Qmult_lt_r _ _ (b * (y - x))) in Hc.
    2:{ apply Qmult_lt_0_compat; lra. }
    setoid_replace (a / b * (b * (y - x))) with (a * (y - x)) in Hc by (field; intros E; lra).
    setoid_replace (1 / (1 - x / y) * (b * (y - x))) with (b * y) in Hc
      by (field; split; intros E; lra). exact Hc. }
  exists M, R, s, better. split; [|split; [exact H2|split; [exact H3|]]].
  - unfold eps. rewrite Ee. apply q_pos in HM. to_Q H1. apply Qle_div_l; auto.
    setoid_replace (x / y * M) with (x * M / y) by (field; intros E; lra). apply Qle_div_r; auto. lra.
  - rewrite Ec. apply q_lt in H4. rewrite !q_mul in H4.
    setoid_replace (a / b * total_latency better) with (a * total_latency better / b) by (field; intros E; lra).
    apply Qlt_shift_div_r; auto. lra.
Qed.
