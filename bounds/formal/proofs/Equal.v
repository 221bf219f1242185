(* Requests of one volume: strict SVF is within (2 + 2 eps/9)/(1 - eps) of OPT.

   The blocks of the chain reach a step by which all have started. In each block, what runs pays for
   its own latency by what it holds (Paid.v); what the blocks leave over pays for those that still
   run at the end (Budget.v), save the long ones of which less than a quarter is done: OPT is bounded
   by their outputs. *)
From Coq Require Import List Arith Lia Permutation Bool QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Lower Centroid Chain Simulate Rational Below Budget Paid.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- one block, over all requests *)
Definition group (t d : nat) (l : schedule) : schedule := filter (runs t d) l.
Lemma group_split {A} (f : A -> bool) l : Permutation l (filter f l ++ filter (fun x => negb (f x)) l).
Proof.
  induction l as [|x l IH]; [constructor|]. cbn [filter]. destruct (f x); cbn [negb app].
  - now constructor.
  - etransitivity; [constructor; exact IH|]. apply Permutation_middle.
Qed.
Lemma block_sums v t d l : 1 <= d -> Forall (fun x => volume (fst x) = v) l ->
  6 * (sum (paid v t) l + d * sum (done t) l) + 3 * (d * d) * sum (holds (t + d)) (group t d l) <=
  6 * sum (paid v (t + d)) l + d * d * d * length (group t d l) /\
  2 * sum (done t) l + 2 * d * sum (holds (t + d)) (group t d l) <=
  2 * sum (done (t + d)) l + d * d * length (group t d l) /\
  d * length (group t d l) <= sum (holds (t + d)) (group t d l).
Proof.
  intros Hd. induction 1 as [|x l Hv _ [IH1 [IH2 IH3]]]; [unfold group; simpl; lia|].
  unfold group in *. cbn [filter sum]. destruct (runs t d x) eqn:E; cbn [sum length].
  - pose proof (paid_runs v t d x E Hd). pose proof (done_runs t d x E Hd).
    destruct (runs_holds t d x E Hd) as (_ & _ & Hh). set (h := holds (t + d) x) in *. repeat split; nia.
  - pose proof (paid_block v t d x Hv). pose proof (done_mono t (t + d) x ltac:(lia)). repeat split; lia.
Qed.

(* while one waits, the requests before it block it *)
Lemma waiting M prev t0 l : strict M prev t0 l -> forall t, t0 <= t -> (exists x, In x l /\ t < snd x) ->
  exists l1 r p l2, l = l1 ++ (r, p) :: l2 /\ Forall (fun x => snd x <= t) l1 /\ ~ adm M (rev l1 ++ prev) r t.
Proof.
  induction 1 as [|prev t0 r p l H0 Ha Hn Hs IH]; intros t Ht (x & Hx & Hlt); [easy|].
  destruct (le_lt_dec p t) as [Hp|Hp].
  - destruct Hx as [<-|Hx]; [simpl in Hlt; lia|]. destruct (IH t Hp) as (l1 & r' & p' & l2 & E & H1 & H2); [now exists x|].
    exists ((r, p) :: l1), r', p', l2. split; [simpl; now f_equal|]. split; [constructor; auto|].
    cbn [rev]. rewrite <- app_assoc. exact H2.
  - exists [], r, p, l. repeat split; auto.
Qed.
Lemma block_group M R l t : valid M R -> map fst l = R -> strict M [] 0 l -> (exists x, In x l /\ t < snd x) ->
  exists d, 1 <= d /\ M - max_peak R <= sum (holds (t + d)) (group t d l).
Proof.
  intros Hw HR Hs Hx. destruct (waiting M [] 0 l Hs t ltac:(lia) Hx) as (l1 & r & p & l2 & E & H1 & H2).
  rewrite app_nil_r in H2. destruct (not_adm _ _ _ _ H2) as (d & Hd & Hu). exists d. split; [lia|].
  rewrite (used_perm _ _ _ (Permutation_sym (Permutation_rev l1))) in Hu.
  assert (Hp : peak r <= max_peak R).
  { apply peak_le. rewrite <- HR, E, map_app. apply in_or_app. right. now left. }
  assert (HG : used l1 (t + d) <= sum (holds (t + d)) (group t d l)).
  { rewrite E. unfold group. rewrite filter_app, sum_app. transitivity (sum (holds (t + d)) (filter (runs t d) l1)); [|lia].
    clear - H1. unfold used. induction H1 as [|x l1 Hx _ IH]; [reflexivity|]. cbn [filter sum].
    destruct (runs t d x) eqn:Er; cbn [sum]; [unfold holds at 1; lia|]. pose proof (runs_not t d x Er Hx) as H0. unfold holds in H0. lia. }
  unfold peak in Hp. lia.
Qed.

(* ---- the chain: its blocks so far, each with its length and e *)
Open Scope Q_scope.
Definition gained (D : Q) (blocks : list (Q * Q)) : Q := Qsum (fun b => fst b * fst b * D * (1 / 4 - snd b / 6)) blocks.
Definition over (blocks : list (Q * Q)) : Q := Qsum (fun b => fst b / 2 * (1 - snd b)) blocks.
Lemma room_part M R : (max_peak R < M)%nat -> let D := (M - max_peak R)%nat in let E := eps M R in
  0 < D /\ 0 < M /\ rational D == (1 - E) * M /\ 0 < 1 - E /\ 0 <= E.
Proof.
  intros Hm D E. destruct (one_minus_eps M R Hm) as (H1 & H2 & H3). unfold D, E. rewrite q_sub by lia.
  assert (H4 : (1 - eps M R) * M == M - max_peak R) by (rewrite H3; field; intros E'; lra).
  repeat split; try lra.
  - rewrite H3. apply Qdiv_pos; lra.
  - unfold eps. apply Qdiv_nonneg; [apply q_nonneg|lra].
Qed.
Section Chain.
Variables (M v L0 : nat) (R : list request) (l : schedule).
Hypothesis Hw : valid M R.
Hypothesis HR : map fst l = R.
Hypothesis Hs : strict M [] 0 l.
Hypothesis HF : feasible M R l.
Hypothesis Hm : (max_peak R < M)%nat.
Hypothesis Hv : Forall (fun x => volume (fst x) = v) l.
Hypothesis HL : (L0 * (L0 + 1) <= 2 * v)%nat.
Hypothesis HL0 : (1 <= L0)%nat.
Let D := (M - max_peak R)%nat.
Let E := eps M R.
Lemma room : 0 < D /\ 0 < M /\ rational D == (1 - E) * M /\ 0 < 1 - E /\ 0 <= E.
Proof. exact (room_part M R Hm). Qed.
(* e = min(1, N d/D) *)
Lemma share (d N H : nat) : (1 <= d)%nat -> (D <= H)%nat -> (d * N <= H)%nat -> (L0 * N <= 3 * M)%nat ->
  exists e, e <= 1 /\ e <= 3 * d / ((1 - E) * L0) /\
    forall a, 0 <= a -> a <= 1 -> D * (1 - a * e) <= H - a * (d * N).
Proof.
  intros Hd HH HN HM. destruct room as (HD & HMq & ED & HE & _).
  assert (Hle : N * d / D <= 3 * d / ((1 - E) * L0)).
  { to_Q HM. pose proof (q_pos L0 HL0) as HLq. assert (0 < (1 - E) * L0) by nra. pose proof (q_nonneg d).
    apply Qle_div_l; [exact HD|].
    setoid_replace (3 * d / ((1 - E) * L0) * D) with (d * (3 * M / L0)) by (rewrite ED; field; split; intros E'; lra).
    assert (rational N <= 3 * M / L0) by (apply Qle_div_r; lra). nra. }
  to_Q HN. to_Q HH.
  destruct (Qlt_le_dec D (d * N)) as [Hc|Hc].
  - exists 1. split; [lra|]. split.
    + eapply Qle_trans; [|exact Hle]. apply Qle_div_r; lra.
    + intros a Ha Ha1. assert (0 <= a * (H - d * N)) by (apply Qmult_le_0_compat; lra).
      assert (0 <= (1 - a) * (H - D)) by (apply Qmult_le_0_compat; lra). lra.
  - exists (N * d / D). split; [apply Qle_div_l; lra|]. split; [exact Hle|]. intros a Ha Ha1.
    setoid_replace (D * (1 - a * (N * d / D))) with (D - a * (d * N)) by (field; intros E'; lra). lra.
Qed.
Definition reached (t : nat) (blocks : list (Q * Q)) : Prop :=
  Qsum fst blocks == t /\
  (forall d e, In (d, e) blocks -> 0 <= d /\ e <= 1 /\ e <= 3 * d / ((1 - E) * L0)) /\
  gained D blocks + D * t * t / 4 <= sum (paid v t) l /\
  D * t / 2 + D * over blocks <= sum (done t) l.
Lemma over_nonneg blocks : (forall d e, In (d, e) blocks -> 0 <= d /\ e <= 1 /\ e <= 3 * d / ((1 - E) * L0)) ->
  0 <= over blocks /\ 0 <= gained D blocks.
Proof.
  intros H. destruct room as (HD & _). split; apply qsum_nonneg; intros [d e] Hin; destruct (H d e Hin) as (H1 & H2 & _); cbn [fst snd].
  - apply Qmult_le_0_compat; [apply Qdiv_nonneg; lra|lra].
  - apply Qmult_le_0_compat; [apply Qmult_le_0_compat; [apply Qmult_le_0_compat; lra|lra]|].
    change (1 / 4) with (1 # 4). setoid_replace (e / 6) with (e * (1 # 6)) by field. lra.
Qed.
Lemma next_block t blocks : reached t blocks -> (exists x, In x l /\ (t < snd x)%nat) ->
  exists d e, (1 <= d)%nat /\ reached (t + d) ((rational d, e) :: blocks).
Proof.
  intros (H1 & H2 & H3 & H4) Hx. destruct (block_group M R l t Hw HR Hs Hx) as (d & Hd & HH).
  destruct (block_sums v t d l Hd Hv) as (S1 & S2 & S3).
  assert (HN : (L0 * length (group t d l) <= 3 * M)%nat).
  { apply (crowd M L0 R) with (s := l) (others := filter (fun x => negb (runs t d x)) l) (t := (t + d)%nat); auto.
    - intros r Hr. rewrite <- HR in Hr. apply in_map_iff in Hr as (x & <- & Hin). rewrite Forall_forall in Hv. rewrite (Hv x Hin).
      split; [|exact HL]. unfold valid in Hw. rewrite Forall_forall in Hw. apply Hw. rewrite <- HR. now apply in_map.
    - apply group_split.
    - intros x Hin. apply filter_In in Hin as [_ Hr]. destruct (runs_holds t d x Hr Hd) as (_ & _ & Hh). unfold holds in Hh. lia. }
  set (N := length (group t d l)) in *. set (H := sum (holds (t + d)) (group t d l)) in *.
  destruct (share d N H Hd HH S3 HN) as (e & He1 & He2 & Hshare). exists d, e. split; [exact Hd|].
  destruct room as (HD & HMq & ED & HE & _). destruct (over_nonneg blocks H2) as [HO HG].
  pose proof (q_pos d Hd) as Hdq. to_Q S1. to_Q S2.
  pose proof (Hshare (1 # 3) ltac:(lra) ltac:(lra)) as B1. pose proof (Hshare (1 # 2) ltac:(lra) ltac:(lra)) as B2.
  unfold reached, gained, over in *. cbn [Qsum fst snd]. rewrite q_add.
  set (G := Qsum (fun b => fst b * fst b * D * (1 / 4 - snd b / 6)) blocks) in *.
  set (O := Qsum (fun b => fst b / 2 * (1 - snd b)) blocks) in *.
  set (P := rational (sum (paid v t) l)) in *. set (P' := rational (sum (paid v (t + d)) l)) in *.
  set (F := rational (sum (done t) l)) in *. set (F' := rational (sum (done (t + d)) l)) in *.
  change (rational 6) with 6 in *. change (rational 3) with 3 in *.
  set (q := rational d) in *. set (Nq := rational N) in *. set (Hq := rational H) in *. set (tq := rational t) in *. set (Dq := rational D) in *.
  clearbody q Nq Hq tq Dq P P' F F' G O. clear S3 HN HH.
  apply (Qmult_le_l _ _ (q * q)) in B1; [|nra]. apply (Qmult_le_l _ _ q) in B2; [|lra].
  assert (HDO : 0 <= Dq * O) by (apply Qmult_le_0_compat; lra).
  assert (HF' : q * (Dq * tq / 2) <= q * F) by (apply Qmult_le_l; [exact Hdq|lra]).
  split; [rewrite H1; ring|]. split; [|split].
  - intros d0 e0 [Hin|Hin]; [|now apply H2]. inversion Hin; subst. split; [lra|]. split; [exact He1|exact He2].
  - setoid_replace (q * q * Dq * (1 / 4 - e / 6) + G + Dq * (tq + q) * (tq + q) / 4)
      with (G + Dq * tq * tq / 4 + q * (Dq * tq / 2) + (1 # 2) * (q * q * (Dq * (1 - (1 # 3) * e)))) by field.
    lra.
  - setoid_replace (Dq * (tq + q) / 2 + Dq * (q / 2 * (1 - e) + O))
      with (Dq * tq / 2 + Dq * O + q * (Dq * (1 - (1 # 2) * e))) by field.
    lra.
Qed.
Lemma chain_end : exists t blocks, Forall (fun x => (snd x <= t)%nat) l /\ reached t blocks.
Proof.
  assert (H : forall k, exists t blocks, (Forall (fun x => (snd x <= t)%nat) l \/ (k <= t)%nat) /\ reached t blocks).
  { induction k as [|k (t & blocks & Hk & Ht)].
    - exists 0%nat, []. split; [right; lia|]. destruct room as (HD & _). unfold reached, gained, over. cbn [Qsum].
      rewrite q_0. repeat split; try (intros; easy).
      + setoid_replace (0 + D * 0 * 0 / 4) with 0 by field. apply q_nonneg.
      + setoid_replace (D * 0 / 2 + D * 0) with 0 by field. apply q_nonneg.
    - destruct Hk as [Hk|Hk]; [exists t, blocks; auto|].
      destruct (Forall_Exists_dec (fun x : request * nat => (snd x <= t)%nat) (fun x => le_dec (snd x) t) l) as [Ha|Hx].
      + exists t, blocks. auto.
      + apply Exists_exists in Hx as (x & Hin & Hx). destruct (next_block t blocks Ht) as (d & e & Hd & Hr); [exists x; split; [exact Hin|lia]|].
        exists (t + d)%nat, ((rational d, e) :: blocks). split; [right; lia|exact Hr]. }
  destruct (H (sum snd l)) as (t & blocks & [Ht|Ht] & Hr); exists t, blocks; split; auto.
  apply Forall_forall. intros x Hx. transitivity (sum snd l); [|exact Ht]. clear - Hx.
  induction l as [|y l' IH]; [easy|]. destruct Hx as [->|Hx]; simpl; [lia|]. specialize (IH Hx). lia.
Qed.
End Chain.

(* ---- OPT from below: some by their outputs, the others by their centroids *)
Open Scope nat_scope.
Lemma opt_parts M v R best (l1 l2 : schedule) : feasible M R best -> backlog R -> Permutation R (map fst l1 ++ map fst l2) ->
  Forall (fun x : request * nat => volume (fst x) = v) l2 -> 
  (length l2 * v) * (length l2 * v) + M * (2 * v * sum (fun x => output (fst x)) l1 + sum (fun x => twice (fst x) (output (fst x))) l2) <=
  M * (2 * v * total_latency best).
Proof.
  intros HF Hb HP Hv. rewrite (latency_backlog M R best Hb HF). destruct HF as (HPb & _ & HU).
  rewrite <- HPb in HP. apply Permutation_sym, Permutation_map_inv in HP as (best' & E & HP).
  apply eq_sym, map_eq_app in E as (b1 & b2 & -> & E1 & E2).
  rewrite (sum_perm fin _ _ HP), sum_app.
  assert (HU2 : forall t, used b2 t <= M) by (intros t; specialize (HU t); rewrite (used_perm _ _ t HP), used_app in HU; lia).
  pose proof (capacity_list M b2 HU2) as HC.
  assert (Hv2 : Forall (fun x => volume (fst x) = v) b2).
  { apply Forall_map with (f := fst) (P := fun r => volume r = v). rewrite E2. now apply Forall_map. }
  assert (HV : sum pvolume b2 = length l2 * v).
  { rewrite <- (map_length fst l2), <- E2, map_length. clear - Hv2. induction Hv2 as [|x b2 Hx _ IH]; [reflexivity|].
    cbn [sum length]. unfold pvolume at 1. lia. }
  assert (HB : sum busy b2 + sum (fun x => twice (fst x) (output (fst x))) b2 = 2 * v * sum fin b2).
  { rewrite <- sum_plus, <- sum_scale. apply sum_ext. intros x Hx. rewrite Forall_forall in Hv2. specialize (Hv2 x Hx).
    unfold busy, fin. pose proof (twice_moment (fst x)). pose proof (volume_le_mom (fst x)). rewrite Hv2 in *. lia. }
  assert (HO : sum (fun x => output (fst x)) l1 <= sum fin b1).
  { rewrite <- (sum_map fst output), <- E1, sum_map. apply sum_le. intros x _. unfold fin. lia. }
  assert (HT : sum (fun x => twice (fst x) (output (fst x))) l2 = sum (fun x => twice (fst x) (output (fst x))) b2).
  { now rewrite <- (sum_map fst (fun r => twice r (output r)) l2), <- E2, sum_map. }
  rewrite HV in HC. rewrite HT. set (n := length l2 * v) in *. set (B := sum busy b2) in *.
  set (A := sum (fun x => twice (fst x) (output (fst x))) b2) in *. set (O := sum (fun x => output (fst x)) l1) in *.
  set (f1 := sum fin b1) in *. set (f2 := sum fin b2) in *. clearbody n B A O f1 f2.
  transitivity (M * B + M * (2 * v * f1 + A)); [|nia].
  assert (M * (2 * v * O) <= M * (2 * v * f1)) by (apply Nat.mul_le_mono_l, Nat.mul_le_mono_l; exact HO). nia.
Qed.

(* ---- SVF from above *)
Open Scope Q_scope.
Section Above.
Variables (M v L0 t : nat) (R : list request) (l : schedule) (blocks : list (Q * Q)).
Hypothesis Hm : (max_peak R < M)%nat.
Hypothesis Hv : Forall (fun x => volume (fst x) = v) l.
Hypothesis HL : forall x, In x l -> (output (fst x) <= L0)%nat.
Hypothesis HL0 : (1 <= L0)%nat.
Hypothesis Ht : (1 <= t)%nat.
Hypothesis Hstart : Forall (fun x => (snd x <= t)%nat) l.
Hypothesis Hr : reached M v L0 R l t blocks.
Let D := (M - max_peak R)%nat.
Let E := eps M R.
Let long (x : request * nat) : bool := (t <=? output (fst x))%nat && (4 * done t x <? v)%nat.
Let l1 := filter long l.
Let l2 := filter (fun x => negb (long x)) l.
Let L := Nat.min t L0.
Lemma svf_parts : rational (v * sum fin l) <=
  2 * v * sum (fun x => output (fst x)) l1 + sum (fun x => twice (fst x) (output (fst x))) l2
    + (length l2 * v) * (length l2 * v) / D + D * (E / 36) * (t * t).
Proof.
  destruct (room_part M R Hm) as (HD & _ & _ & HE & HE0). fold D in HD. fold E in HE, HE0.
  destruct Hr as (R1 & R2 & R3 & R4). fold D in R3, R4. fold E in R2.
  destruct (over_nonneg M L0 R Hm blocks R2) as [HO HG]. fold D in HG.
  pose proof (group_split long l) as HP. fold l1 l2 in HP.
  assert (HL1 : (1 <= L)%nat) by (unfold L; lia).
  (* the long ones *)
  assert (F1 : (4 * (v * sum fin l1) + 4 * sum (paid v t) l1 + 3 * L * sum (done t) l1 <=
    8 * v * sum (fun x => output (fst x)) l1)%nat).
  { rewrite <- !sum_scale. rewrite <- !sum_plus. apply sum_le. intros x Hx. apply filter_In in Hx as [Hx Hl].
    apply andb_true_iff in Hl as [Hl1 Hl2]. apply Nat.leb_le in Hl1. apply Nat.ltb_lt in Hl2. rewrite Forall_forall in Hv, Hstart.
    pose proof (loss_long v t x (Hv x Hx) (Hstart x Hx) L ltac:(unfold L; lia) Hl1 ltac:(lia)). lia. }
  set (small := fun x : request * nat => if (output (fst x) <=? L)%nat then rem v t x else 0%nat).
  assert (F2 : (3 * (v * sum fin l2) + 3 * sum (paid v t) l2 <= 3 * v * t * length l2
    + 3 * sum (fun x => twice (fst x) (output (fst x))) l2 + L * sum small l2)%nat).
  { rewrite <- (sum_const l2). rewrite <- !sum_scale. rewrite <- !sum_plus. apply sum_le. intros x Hx. apply filter_In in Hx as [Hx Hl].
    rewrite Forall_forall in Hv, Hstart. pose proof (loss_third v t x (Hv x Hx) (Hstart x Hx) L) as H. fold (small x) in H.
    assert (Hq : (output (fst x) <= L \/ v <= 4 * done t x)%nat).
    { apply negb_true_iff, andb_false_iff in Hl as [Hl|Hl]; [left|right].
      - apply Nat.leb_gt in Hl. specialize (HL x Hx). unfold L. lia.
      - apply Nat.ltb_ge in Hl. lia. }
    specialize (H Hq). lia. }
  (* what is done and what is left of the others *)
  assert (F3 : (sum (done t) l2 + sum small l2 <= length l2 * v)%nat).
  { rewrite <- (Nat.mul_comm v), <- (sum_const l2), <- sum_plus. apply sum_le. intros x Hx. apply filter_In in Hx as [Hx _].
    rewrite Forall_forall in Hv. pose proof (done_most t x) as H. rewrite (Hv x Hx) in H. unfold small, rem.
    destruct (output (fst x) <=? L)%nat; lia. }
  rewrite (sum_perm fin _ _ HP), sum_app.
  rewrite (sum_perm (paid v t) _ _ HP), sum_app in R3. rewrite (sum_perm (done t) _ _ HP), sum_app in R4.
  pose proof (budget blocks E D L L0 (sum small l2 - sum (done t) l1) (D * over blocks) HE0 ltac:(lra) HD) as HB.
  specialize (HB (q_pos _ HL1) ltac:(apply q_le; unfold L; lia) R2 ltac:(apply Qle_refl)). rewrite R1 in HB.
  fold (gained D blocks) in HB.
  assert (HLt : L <= rational t) by (apply q_le; unfold L; lia). pose proof (q_pos _ HL1) as HLq. pose proof (q_pos _ Ht) as Htq.
  to_Q F1. to_Q F2. to_Q F3. rewrite !q_add in *. rewrite q_mul, q_add.
  change (rational 8) with 8 in *. change (rational 4) with 4 in *.
  set (n := rational (length l2)) in *. set (s := rational (sum small l2)) in *.
  pose proof (q_nonneg (sum (done t) l1)) as Hf. pose proof (q_nonneg (sum small l2)) as Hs. fold s in Hs.
  set (f := rational (sum (done t) l1)) in *. set (f' := rational (sum (done t) l2)) in *.
  set (p1 := rational (sum (paid v t) l1)) in *. set (p2 := rational (sum (paid v t) l2)) in *.
  set (c1 := rational (sum fin l1)) in *. set (c2 := rational (sum fin l2)) in *.
  set (o := rational (sum (fun x => output (fst x)) l1)) in *. set (w := rational (sum (fun x => twice (fst x) (output (fst x))) l2)) in *.
  set (d := rational D) in *. set (V := rational v) in *. set (T := rational t) in *. set (G := gained d blocks) in *.
  set (x := d * over blocks) in *. set (Lq := rational L) in *.
  assert (Hx : 0 <= x) by (apply Qmult_le_0_compat; lra).
  clearbody n s f f' p1 p2 c1 c2 o w d V T G x Lq. clear - HB F1 F2 F3 R3 R4 HD HE HE0 HG HLt HLq Htq Hf Hs Hx.
  set (q := n * V - d * T / 2).
  setoid_replace (n * V * (n * V) / d) with (q * q / d + n * V * T - d * T * T / 4) by (unfold q; field; intros E'; lra).
  assert (Hq : s - f + x <= q) by (unfold q; lra).
  assert (Hqq : 0 <= q * q / d) by (apply Qdiv_nonneg; [apply square|exact HD]).
  (* what has to be shown: q q/d + G + (3/4) L f - (L/3) s + d (E/36) T T >= 0 *)
  cut (0 <= q * q / d + G + (3 # 4) * (Lq * f) - (1 # 3) * (Lq * s) + d * (E * (1 # 36)) * (T * T)).
  { intros H. setoid_replace (E / 36) with (E * (1 # 36)) by field. lra. }
  assert (HLf : 0 <= Lq * f) by (apply Qmult_le_0_compat; lra).
  destruct (Qlt_le_dec s f) as [Hc|Hc].
  - assert (Lq * s <= Lq * f) by (apply Qmult_le_l; lra).
    assert (0 <= d * (E * (1 # 36)) * (T * T)) by (apply Qmult_le_0_compat; [apply Qmult_le_0_compat; lra|apply square]). lra.
  - assert (Hsq : (s - f + x) * (s - f + x) / d <= q * q / d).
    { apply Qle_div_l; [exact HD|]. setoid_replace (q * q / d * d) with (q * q) by (field; intros E'; lra). apply Qmul_le; lra. }
    assert (H1 : d * (E * (1 # 36)) * (Lq * T) <= d * (E * (1 # 36)) * (T * T)).
    { apply Qmul_le; try lra; [apply Qmult_le_0_compat; lra|apply Qmult_le_0_compat; lra|apply Qmult_le_compat_r; lra]. }
    assert (H2 : 0 <= d * (1 # 36) * (Lq * (T - Lq))) by (apply Qmult_le_0_compat; [lra|apply Qmult_le_0_compat; lra]).
    setoid_replace (d * (Lq / 36) * ((1 - E) * T - Lq))
      with (d * (1 # 36) * (Lq * (T - Lq)) - d * (E * (1 # 36)) * (Lq * T)) in HB by field.
    setoid_replace (Lq / 3 * (s - f)) with ((1 # 3) * (Lq * s) - (1 # 3) * (Lq * f)) in HB by field. lra.
Qed.
End Above.

(* ---- both together *)
Lemma longest v R : (1 <= v)%nat -> Forall (fun r => 1 <= output r /\ volume r = v)%nat R ->
  exists L0, (1 <= L0 /\ L0 * (L0 + 1) <= 2 * v /\ forall r, In r R -> output r <= L0)%nat.
Proof.
  intros Hv. induction 1 as [|r R [Ho Hr] _ (L0 & H1 & H2 & H3)]; [exists 1%nat; repeat split; try lia; easy|].
  exists (Nat.max (output r) L0). split; [lia|]. split.
  - pose proof (volume_closed r). destruct (Nat.max_spec (output r) L0) as [[_ ->]|[_ ->]]; nia.
  - intros x [<-|Hx]; [lia|]. specialize (H3 x Hx). lia.
Qed.
Lemma svf_total (E M d v T U n n2 t opt : Q) : 0 <= E -> 0 < 1 - E -> 0 < M -> d == (1 - E) * M -> 0 < v ->
  0 <= U -> 0 <= t -> d * t / 2 <= n -> n * n <= M * (2 * v * opt) -> n2 * n2 + M * U <= M * (2 * v * opt) ->
  v * T <= U + n2 * n2 / d + d * (E / 36) * (t * t) -> T <= (2 + 2 * E / 9) / (1 - E) * opt.
Proof.
  intros HE H1 HM Hd Hv HU Ht Hn Hn1 Hn2 HT. assert (HD : 0 < d) by (rewrite Hd; nra).
  assert (A1 : U + n2 * n2 / d <= 2 * v * opt / (1 - E)).
  { apply Qle_div_r; [exact H1|]. setoid_replace ((U + n2 * n2 / d) * (1 - E)) with (U * (1 - E) + n2 * n2 / M)
      by (rewrite Hd; field; split; intros E'; lra).
    assert (n2 * n2 / M <= 2 * v * opt - U) by (apply Qle_div_l; lra). nra. }
  assert (A2 : d * (t * t) <= 8 * v * opt / (1 - E)).
  { apply Qle_div_r; [exact H1|]. apply (Qmult_le_r _ _ M HM).
    setoid_replace (d * (t * t) * (1 - E) * M) with (d * t * (d * t)) by (rewrite Hd; ring).
    assert (0 <= d * t) by (apply Qmult_le_0_compat; lra). setoid_replace (d * t / 2) with ((1 # 2) * (d * t)) in Hn by field.
    assert (d * t * (d * t) <= (2 * n) * (2 * n)) by (apply Qmul_le; lra). lra. }
  apply (Qmult_le_l _ _ v Hv). eapply Qle_trans; [exact HT|].
  assert (A3 : d * (E / 36) * (t * t) <= E * (1 # 36) * (8 * v * opt / (1 - E))).
  { setoid_replace (d * (E / 36) * (t * t)) with (E * (1 # 36) * (d * (t * t))) by field.
    rewrite (Qmult_comm (E * (1 # 36))), (Qmult_comm (E * (1 # 36)) (8 * v * opt / (1 - E))). apply Qmult_le_compat_r; lra. }
  setoid_replace (v * ((2 + 2 * E / 9) / (1 - E) * opt))
    with (2 * v * opt / (1 - E) + E * (1 # 36) * (8 * v * opt / (1 - E))) by (field; intros E'; lra). lra.
Qed.
Lemma svf_equal_volumes : Statements.svf_equal_volumes.
Proof.
  intros M R s v Hs He Hv best HB. destruct (svf_run M R s Hs) as (Hw & Hb & _ & HF & l & Hl & HR & ->).
  rewrite (latency_backlog M R _ Hb HF), <- (sum_perm fin _ _ (Permutation_rev l)).
  destruct (eps_below_1 M R Hw He) as [->|Hm].
  { apply map_eq_nil in HR as ->. apply feasible_nil in HB as ->. cbn [sum]. unfold total_latency. cbn [sum]. rewrite q_0. lra. }
  destruct (room_part M R Hm) as (HD & HMq & ED & HE & HE0). set (E := eps M R) in *.
  assert (HFl : feasible M R l).
  { destruct HF as (P1 & P2 & P3). split; [|split].
    - now rewrite (Permutation_map fst (Permutation_rev l)).
    - apply Forall_rev in P2. now rewrite rev_involutive in P2.
    - intros t. rewrite (used_perm _ _ t (Permutation_rev l)). apply P3. }
  assert (HvR : Forall (fun r => 1 <= output r /\ volume r = v)%nat R).
  { apply Forall_forall. intros r Hr. split; [|now apply Hv]. unfold valid in Hw. rewrite Forall_forall in Hw. now apply Hw. }
  assert (Hvl : Forall (fun x => (volume (fst x) = v)%nat) l).
  { apply Forall_forall. intros x Hx. apply Hv. rewrite <- HR. now apply in_map. }
  destruct (Nat.eq_dec (length l) 0) as [H0|H0].
  { apply length_zero_iff_nil in H0 as ->. cbn [sum]. rewrite q_0. apply Qmult_le_0_compat; [apply Qdiv_nonneg; [|exact HE]|apply q_nonneg].
    setoid_replace (2 * E / 9) with ((2 # 9) * E) by field. lra. }
  assert (Hv1 : (1 <= v)%nat).
  { destruct l as [|x l']; [easy|]. rewrite Forall_forall in HvR. destruct (HvR (fst x)) as [Ho <-]; [rewrite <- HR; now left|]. now apply volume_pos. }
  destruct (longest v R Hv1 HvR) as (L0 & HL1 & HL2 & HL3).
  destruct (chain_end M v L0 R l Hw HR Hl HFl Hm Hvl HL2 HL1) as (t & blocks & Ht & Hr).
  destruct (Nat.eq_dec t 0) as [->|Ht0].
  - (* nothing waits *)
    assert (HT : (sum fin l <= total_latency best)%nat).
    { etransitivity; [|apply (q_le_inv _ _ (opt_outputs M R best HB))]. rewrite <- HR, sum_map. apply sum_le.
      intros x Hx. rewrite Forall_forall in Ht. specialize (Ht x Hx). unfold fin. lia. }
    apply q_le in HT. pose proof (q_nonneg (total_latency best)) as HN. eapply Qle_trans; [exact HT|].
    rewrite <- (Qmult_1_l (total_latency best)) at 1. apply Qmult_le_compat_r; [|exact HN].
    apply Qle_div_r; [exact HE|]. setoid_replace (2 * E / 9) with ((2 # 9) * E) by field. lra.
  - set (long := fun x : request * nat => (t <=? output (fst x))%nat && (4 * done t x <? v)%nat).
    pose proof (svf_parts M v L0 t R l blocks Hm Hvl) as HT. cbv zeta in HT. fold E in HT.
    specialize (HT ltac:(intros x Hx; apply HL3; rewrite <- HR; now apply in_map) HL1 ltac:(lia) Ht Hr).
    fold long in HT. set (l1 := filter long l) in *. set (l2 := filter (fun x => negb (long x)) l) in *.
    pose proof (group_split long l) as HP. fold l1 l2 in HP.
    assert (Hv2 : Forall (fun x => (volume (fst x) = v)%nat) l2) by (apply Forall_forall; intros x Hx; apply filter_In in Hx as [Hx _]; rewrite Forall_forall in Hvl; now apply Hvl).
    assert (HPR : Permutation R (map fst l1 ++ map fst l2)) by (rewrite <- map_app, <- HR; now apply Permutation_map).
    pose proof (opt_parts M v R best l1 l2 HB Hb HPR Hv2) as B2.
    pose proof (opt_parts M v R best [] l HB Hb ltac:(cbn [map app]; rewrite HR; reflexivity) Hvl) as B1.
    destruct Hr as (_ & R2 & _ & R4). fold E in R2, R4. destruct (over_nonneg M L0 R Hm blocks R2) as [HO _].
    assert (Hdone : (sum (done t) l <= length l * v)%nat).
    { rewrite Nat.mul_comm, <- (sum_const l). apply sum_le. intros x Hx. rewrite Forall_forall in Hvl. rewrite <- (Hvl x Hx). apply done_most. }
    cbn [sum] in B1. to_Q B1. to_Q B2. to_Q Hdone. rewrite q_mul in HT.
    apply (svf_total E M (M - max_peak R)%nat v (sum fin l)
      (2 * v * sum (fun x => output (fst x)) l1 + sum (fun x => twice (fst x) (output (fst x))) l2)
      (length l * v) (length l2 * v) t (total_latency best)); auto using q_pos, q_nonneg.
    + pose proof (q_nonneg (sum (fun x => output (fst x)) l1)). pose proof (q_nonneg (sum (fun x => twice (fst x) (output (fst x))) l2)).
      assert (0 <= v * sum (fun x => output (fst x)) l1) by (apply Qmult_le_0_compat; [apply q_nonneg|assumption]). lra.
    + assert (0 <= (M - max_peak R)%nat * over blocks) by (apply Qmult_le_0_compat; lra). lra.
    + pose proof (q_nonneg (sum (fun x => twice (fst x) (output (fst x))) l)) as H.
      assert (0 <= M * sum (fun x => twice (fst x) (output (fst x))) l) by (apply Qmult_le_0_compat; lra). lra.
Qed.
