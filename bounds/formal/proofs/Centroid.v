(* The centroid certificate on a backlog: mean busy times by Smith's rule, and the shapes. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Lower.

(* first moment of the shape: sum_j j (s + j); the mean of j is mom r / volume r *)
Definition mom (r : request) : nat := tsum (fun j => j * (prompt r + j)) (output r).
(* sum_t (2 t - 1) held: twice the volume times the mean busy time *)
Definition busy (x : request * nat) : nat :=
  2 * snd x * volume (fst x) + (2 * mom (fst x) - volume (fst x)).

Lemma mom_closed r : 6 * mom r = output r * (output r + 1) * (3 * prompt r + 2 * output r + 1).
Proof. unfold mom. induction (output r); simpl in *; nia. Qed.
Lemma volume_le_mom r : volume r <= mom r.
Proof. rewrite volume_tsum. unfold mom. apply tsum_le. intros. nia. Qed.
(* 1/2 + o - mom/v >= o/3, times 6 v *)
Lemma shape_third r : 6 * mom r + 2 * output r * volume r <= 3 * volume r + 6 * output r * volume r.
Proof. pose proof (mom_closed r). pose proof (volume_closed r). nia. Qed.

Lemma busy_one r p T : p + output r <= T ->
  tsum (fun t => (2 * t - 1) * held r p t) T = busy (r, p).
Proof.
  intros. replace T with (p + (output r + (T - p - output r))) by lia.
  rewrite !tsum_split.
  rewrite (tsum_ext _ (fun _ => 0) p) by (intros; rewrite held_before by lia; lia).
  rewrite (tsum_ext (fun d => (2 * (p + (output r + d)) - 1) * held r p (p + (output r + d))) (fun _ => 0))
    by (intros; rewrite held_after by lia; lia).
  rewrite (tsum_ext (fun d => (2 * (p + d) - 1) * held r p (p + d)) (fun d => (2 * (p + d) - 1) * (prompt r + d)))
    by (intros; rewrite held_in by lia; reflexivity).
  rewrite !tsum_const. pose proof (volume_le_mom r). unfold busy; simpl fst; simpl snd.
  assert (tsum (fun d => (2 * (p + d) - 1) * (prompt r + d)) (output r) + volume r
          = 2 * p * volume r + 2 * mom r); [|lia].
  rewrite volume_tsum. unfold mom. clear. induction (output r) as [|o IH]; [simpl; lia|].
  cbn [tsum]. replace (2 * (p + S o) - 1) with (2 * p + 2 * o + 1) by lia. nia.
Qed.

(* work V done at rate at most M has moment at least V^2 / M *)
Lemma capacity_moment M x T : (forall t, x t <= M) ->
  tsum x T * tsum x T <= M * tsum (fun t => (2 * t - 1) * x t) T.
Proof.
  intros H. induction T as [|T IH]; [simpl; lia|]. cbn [tsum].
  assert (tsum x T <= M * T) by (rewrite <- (tsum_const M T); apply tsum_le; auto).
  specialize (H (S T)). replace (2 * S T - 1) with (2 * T + 1) by lia. nia.
Qed.

Lemma horizon (l : schedule) : exists T, Forall (fun x => fin x <= T) l.
Proof.
  induction l as [|x l (T & HT)]; [exists 0; constructor|].
  exists (Nat.max (fin x) T). constructor; [lia|]. eapply Forall_impl; [|exact HT]. simpl; lia.
Qed.
Lemma capacity_list M l : (forall t, used l t <= M) ->
  sum pvolume l * sum pvolume l <= M * sum busy l.
Proof.
  intros H. destruct (horizon l) as (T & HT). rewrite Forall_forall in HT.
  assert (E1 : tsum (used l) T = sum pvolume l).
  { unfold used. rewrite (tsum_sum (fun x => held (fst x) (snd x))). apply sum_ext.
    intros x Hx. apply held_total. exact (HT x Hx). }
  assert (E2 : tsum (fun t => (2 * t - 1) * used l t) T = sum busy l).
  { rewrite (tsum_ext _ (fun t => sum (fun x => (2 * t - 1) * held (fst x) (snd x) t) l))
      by (intros; unfold used; rewrite sum_scale; reflexivity).
    rewrite (tsum_sum (fun x t => (2 * t - 1) * held (fst x) (snd x) t)). apply sum_ext.
    intros [r p] Hx. apply busy_one. exact (HT _ Hx). }
  rewrite <- E1, <- E2. now apply capacity_moment.
Qed.

(* Smith's rule by summation by parts; weights w with w v = D, so nonincreasing *)
Lemma smith M D (w : request -> nat) l : forall prev W,
  StronglySorted (fun x y => pvolume x <= pvolume y) l ->
  Forall (fun x => 1 <= pvolume x /\ w (fst x) * pvolume x = D /\ w (fst x) <= W) l ->
  (forall t, used (l ++ prev) t <= M) ->
  2 * D * prefixes (sum pvolume prev) (map pvolume l) + W * (sum pvolume prev * sum pvolume prev)
  <= M * sum (fun x => w (fst x) * busy x) l + W * (M * sum busy prev) + D * sum pvolume l.
Proof.
  induction l as [|x l IH]; intros prev W Hs Hw Hu; simpl.
  - pose proof (capacity_list M prev Hu). nia.
  - inversion_clear Hs as [|? ? Hs' Hall]. inversion_clear Hw as [|? ? (Hv & HD & HW) Hw'].
    specialize (IH (x :: prev) (w (fst x)) Hs').
    assert (Hu' : forall t, used (l ++ x :: prev) t <= M).
    { intros t. specialize (Hu t). unfold used in *. simpl in Hu.
      rewrite sum_app in *. simpl. lia. }
    assert (Hprev : forall t, used prev t <= M).
    { intros t. specialize (Hu t). unfold used in *. simpl in Hu. rewrite sum_app in *. lia. }
    assert (HF : Forall (fun y => 1 <= pvolume y /\ w (fst y) * pvolume y = D /\ w (fst y) <= w (fst x)) l).
    { rewrite Forall_forall in *. intros y Hy. destruct (Hw' y Hy) as (A & B & _).
      specialize (Hall y Hy). repeat split; auto. nia. }
    specialize (IH HF Hu'). pose proof (capacity_list M prev Hprev) as HC.
    cbn [sum] in IH. rewrite (Nat.add_comm (pvolume x)) in IH.
    set (V := sum pvolume prev) in *. set (Y := sum busy prev) in *.
    set (R := prefixes (V + pvolume x) (map pvolume l)) in *.
    set (L := sum (fun x => w (fst x) * busy x) l) in *.
    set (a := w (fst x)) in *. set (v := pvolume x) in *. set (b := busy x) in *.
    set (U := sum pvolume l) in *.
    assert (a * ((V + v) * (V + v)) = a * (V * V) + 2 * (D * V) + D * v) by (rewrite <- HD; ring).
    assert ((W - a) * (V * V) <= (W - a) * (M * Y)) by (apply Nat.mul_le_mono_l; exact HC).
    assert (W * (V * V) = (W - a) * (V * V) + a * (V * V)) by (rewrite <- Nat.mul_add_distr_r; f_equal; lia).
    assert (W * (M * Y) = (W - a) * (M * Y) + a * (M * Y)) by (rewrite <- Nat.mul_add_distr_r; f_equal; lia).
    nia.
Qed.

(* a sorted copy exists *)
Fixpoint insert {A} (key : A -> nat) (a : A) (l : list A) : list A :=
  match l with
  | [] => [a]
  | b :: l' => if key a <=? key b then a :: l else b :: insert key a l'
  end.
Fixpoint isort {A} (key : A -> nat) (l : list A) : list A :=
  match l with [] => [] | a :: l' => insert key a (isort key l') end.
Lemma insert_perm {A} key (a : A) l : Permutation (a :: l) (insert key a l).
Proof.
  induction l; simpl; [auto|]. destruct (_ <=? _); auto.
  rewrite perm_swap. now constructor.
Qed.
Lemma isort_perm {A} key (l : list A) : Permutation l (isort key l).
Proof. induction l; simpl; auto. rewrite <- insert_perm. now constructor. Qed.
Lemma insert_sorted {A} key (a : A) l :
  StronglySorted (fun x y => key x <= key y) l ->
  StronglySorted (fun x y => key x <= key y) (insert key a l).
Proof.
  induction 1 as [|b l Hs IH Hf]; simpl; [repeat constructor|].
  destruct (Nat.leb_spec (key a) (key b)).
  - constructor; [constructor; auto|]. constructor; auto.
    eapply Forall_impl; [|exact Hf]. simpl; lia.
  - constructor; auto. rewrite <- insert_perm. constructor; [lia|auto].
Qed.
Lemma isort_sorted {A} key (l : list A) :
  StronglySorted (fun x y => key x <= key y) (isort key l).
Proof. induction l; simpl; [constructor|]. now apply insert_sorted. Qed.

(* a common multiple of the volumes *)
Lemma weights M I : valid M I -> exists D (w : request -> nat),
  1 <= D /\ forall r, In r I -> w r * volume r = D /\ 1 <= volume r.
Proof.
  intros Hw.
  assert (E : exists D, 1 <= D /\ forall r, In r I -> Nat.divide (volume r) D /\ 1 <= volume r).
  { induction Hw as [|r I [Hr _] _ (D & HD & H)]; [exists 1; simpl; intuition|].
    pose proof (volume_closed r). assert (1 <= volume r) by nia.
    exists (volume r * D). split; [nia|]. intros q [<-|Hq].
    - split; auto. apply Nat.divide_factor_l.
    - destruct (H q Hq). split; auto. now apply Nat.divide_mul_r. }
  destruct E as (D & HD & H). exists D, (fun r => D / volume r). split; auto.
  intros r Hr. destruct (H r Hr) as [[z ->] Hv]. split; auto.
  rewrite Nat.div_mul by lia. reflexivity.
Qed.

(* The centroid certificate, exactly, times 2 M D; D is any common multiple of the volumes:
   OPT >= sum_k (P_k + v_k / (2 M)) + sum_k (1/2 + o_k - mom_k / v_k) *)
Theorem centroid_bound M R s D (w : request -> nat) :
  (forall r, In r R -> w r * volume r = D /\ 1 <= volume r) -> backlog R -> feasible M R s ->
  D * (2 * pairmin (map volume R)) + M * sum (fun r => D + 2 * D * output r) R
  <= M * (2 * D * total_latency s) + D * sum volume R + M * sum (fun r => 2 * w r * mom r) R.
Proof.
  intros Hw Hb HF. pose proof (isort_perm pvolume s) as HP.
  pose proof (isort_sorted pvolume s) as HS. set (l := isort pvolume s) in *.
  assert (Hin : forall x, In x s -> In (fst x) R).
  { intros x Hx. eapply Permutation_in; [apply HF|]. now apply in_map. }
  assert (HW : Forall (fun x => 1 <= pvolume x /\ w (fst x) * pvolume x = D /\ w (fst x) <= D) l).
  { rewrite <- HP. apply Forall_forall. intros x Hx. destruct (Hw _ (Hin x Hx)).
    unfold pvolume. repeat split; auto. nia. }
  assert (Hu : forall t, used (l ++ []) t <= M).
  { intros t. rewrite app_nil_r, <- (used_perm _ _ t HP). apply HF. }
  pose proof (smith M D w l [] D HS HW Hu) as H. simpl in H.
  rewrite prefixes_sorted in H by (clear - HS; induction HS; simpl; constructor; auto; now apply Forall_map).
  rewrite <- (pairmin_perm _ _ (Permutation_map pvolume HP)), <- !(sum_perm _ _ _ HP) in H.
  rewrite (pairmin_perm _ _ (feasible_volumes M R s HF)) in H.
  unfold pvolume in H. rewrite (feasible_sum volume M R s HF) in H.
  rewrite (latency_backlog M R s Hb HF).
  (* per request: 2 D C + 2 w mom = w busy + D + 2 D o *)
  assert (E : 2 * D * sum fin s + sum (fun r => 2 * w r * mom r) R
              = sum (fun x => w (fst x) * busy x) s + sum (fun r => D + 2 * D * output r) R).
  { rewrite <- (feasible_sum (fun r => 2 * w r * mom r) M R s HF).
    rewrite <- (feasible_sum (fun r => D + 2 * D * output r) M R s HF).
    rewrite <- sum_scale, <- !sum_plus. apply sum_ext. intros [r p] Hx.
    destruct (Hw _ (Hin _ Hx)) as [HD _]. simpl in HD |- *.
    pose proof (volume_le_mom r). unfold busy, fin. cbn [fst snd].
    assert (w r * (2 * p * volume r + (2 * mom r - volume r)) + D = 2 * p * D + 2 * w r * mom r)
      by (rewrite <- HD; nia).
    nia. }
  apply (f_equal (Nat.mul M)) in E. rewrite !Nat.mul_add_distr_l in E.
  rewrite ?Nat.mul_0_r in H. lia.
Qed.
