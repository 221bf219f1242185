(* Work that is released over time and done at a rate of at most M: the least sum of mean busy
   times, by comparing each prefix of the order with the most that can be done of it. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.proofs Require Import Sums Memory Centroid Rational.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- the most that can be done *)
Definition arrived {A} (release size : A -> nat) (l : list A) (t : nat) : nat :=
  sum (fun x => if release x <=? t then size x else 0) l.
Lemma arrived_mono {A} (release size : A -> nat) l t :
  arrived release size l t <= arrived release size l (S t).
Proof.
  apply sum_le. intros x _.
  destruct (Nat.leb_spec (release x) t), (Nat.leb_spec (release x) (S t)); lia.
Qed.
Lemma arrived_all {A} (release size : A -> nat) l t : arrived release size l t <= sum size l.
Proof. apply sum_le. intros x _. destruct (_ <=? _); lia. Qed.
Lemma most_done_S {A} M (release size : A -> nat) l t : most_done M release size l (S t) =
  Nat.min (most_done M release size l t + M) (arrived release size l t).
Proof. reflexivity. Qed.
Lemma most_done_mono {A} M (release size : A -> nat) l t :
  most_done M release size l t <= most_done M release size l (S t).
Proof.
  rewrite most_done_S. apply Nat.min_glb; [lia|]. destruct t; [simpl; lia|].
  rewrite most_done_S. etransitivity; [apply Nat.le_min_r|apply arrived_mono].
Qed.
Lemma most_done_all {A} M (release size : A -> nat) l t : most_done M release size l t <= sum size l.
Proof.
  destruct t; [simpl; lia|]. rewrite most_done_S.
  etransitivity; [apply Nat.le_min_r|apply arrived_all].
Qed.
Lemma most_done_perm {A} M (release size : A -> nat) l l' t : Permutation l l' ->
  most_done M release size l t = most_done M release size l' t.
Proof.
  intros H. induction t; simpl; [auto|]. rewrite IHt. f_equal. now apply sum_perm.
Qed.
Lemma most_done_map {A B} M (release size : B -> nat) (f : A -> B) l t :
  most_done M release size (map f l) t = most_done M (fun x => release (f x)) (fun x => size (f x)) l t.
Proof. induction t; simpl; [auto|]. now rewrite IHt, sum_map. Qed.
(* where all can be done by T, so can each part *)
Lemma most_done_part {A} M (release size : A -> nat) p q t :
  most_done M release size (p ++ q) t <= most_done M release size p t + sum size q.
Proof.
  induction t as [|t IH]; [simpl; lia|]. rewrite !most_done_S. unfold arrived at 1.
  rewrite sum_app. fold (arrived release size p t) (arrived release size q t).
  pose proof (arrived_all release size q t). lia.
Qed.
Lemma most_done_stays {A} M (release size : A -> nat) l T T' : T <= T' ->
  most_done M release size l T = sum size l -> most_done M release size l T' = sum size l.
Proof.
  intros HT H. induction HT as [|T' _ IH]; auto. pose proof (most_done_mono M release size l T').
  pose proof (most_done_all M release size l (S T')). lia.
Qed.

(* ---- moments *)
Definition moment (f : nat -> nat) (T : nat) : nat := tsum (fun t => (2 * t - 1) * (f t - f (t - 1))) T.
Lemma least_moment_moment {A} M (release size : A -> nat) T l :
  least_moment M release size T l = moment (most_done M release size l) T.
Proof. apply sum_seq. Qed.
Lemma moment_parts f T : f 0 = 0 -> (forall t, f t <= f (S t)) ->
  moment f T + 2 * tsum f T = (2 * T + 1) * f T.
Proof.
  intros H0 H. unfold moment. induction T as [|T IH]; [simpl; lia|]. cbn [tsum].
  replace (2 * S T - 1) with (2 * T + 1) by lia. replace (S T - 1) with T by lia.
  pose proof (H T) as HT. set (a := f T) in *. set (b := f (S T)) in *.
  assert (E : (2 * T + 1) * (b - a) + (2 * T + 1) * a = (2 * T + 1) * b)
    by (rewrite <- Nat.mul_add_distr_l; f_equal; lia).
  lia.
Qed.
Lemma moment_stays f T T' : T <= T' -> (forall t, T <= t -> f t = f T) -> moment f T' = moment f T.
Proof.
  intros HT H. replace T' with (T + (T' - T)) by lia. unfold moment. rewrite tsum_split.
  rewrite (tsum_ext (fun d => (2 * (T + d) - 1) * (f (T + d) - f (T + d - 1))) (fun _ => 0)).
  - rewrite tsum_const. lia.
  - intros d Hd. rewrite (H (T + d)), (H (T + d - 1)) by lia. lia.
Qed.
Lemma least_moment_perm {A} M (release size : A -> nat) T l l' : Permutation l l' ->
  least_moment M release size T l = least_moment M release size T l'.
Proof.
  intros H. rewrite !least_moment_moment. apply tsum_ext. intros t _.
  now rewrite !(most_done_perm M release size l l' _ H).
Qed.

(* A load of each item: nothing until its release, its size in all by H, all together M a step. *)
Section Loads.
Context {A : Type} (M : nat) (release size : A -> nat) (load : A -> nat -> nat) (H : nat).
Definition loaded (l : list A) : Prop :=
  (forall t, sum (fun x => load x t) l <= M) /\
  forall x, In x l -> (forall t, t <= release x -> load x t = 0) /\
    (forall t, tsum (load x) t <= size x) /\ tsum (load x) H = size x.
Definition busy_sum (x : A) : nat := tsum (fun t => (2 * t - 1) * load x t) H.

Definition work (l : list A) (t : nat) : nat := tsum (fun t => sum (fun x => load x t) l) t.
Lemma work_done l : loaded l -> forall t, work l t <= most_done M release size l t.
Proof.
  intros [HM Hl]. induction t as [|t IH]; [apply Nat.le_0_l|]. rewrite most_done_S.
  apply Nat.min_glb; [unfold work in *; cbn [tsum]; specialize (HM (S t)); cbv beta in *; lia|].
  unfold work, arrived. rewrite (tsum_sum load). apply sum_le. intros x Hx.
  destruct (Hl x Hx) as (H1 & H2 & _). destruct (Nat.leb_spec (release x) t); [apply H2|].
  rewrite (tsum_ext _ (fun _ => 0)) by (intros; apply H1; lia). rewrite tsum_const. lia.
Qed.
(* the least moment of a set is below its busy times *)
Lemma set_moment l T : loaded l -> most_done M release size l T = sum size l ->
  least_moment M release size T l <= sum busy_sum l.
Proof.
  intros Hl HT. rewrite least_moment_moment. set (f := most_done M release size l).
  assert (Hdone : work l H = sum size l).
  { unfold work. rewrite (tsum_sum load). apply sum_ext. intros x Hx. now apply (proj2 Hl). }
  assert (HH : f H = sum size l).
  { pose proof (work_done l Hl H). pose proof (most_done_all M release size l H). unfold f. lia. }
  assert (E : moment f T = moment f H).
  { assert (S1 : forall t, T <= t -> f t = f T)
      by (intros; unfold f; rewrite HT; now apply (most_done_stays M release size l T)).
    assert (S2 : forall t, H <= t -> f t = f H)
      by (intros; rewrite HH; now apply (most_done_stays M release size l H)).
    destruct (le_ge_dec T H); [symmetry|]; now apply moment_stays. }
  rewrite E.
  assert (Eb : sum busy_sum l = moment (work l) H).
  { unfold busy_sum, moment. rewrite <- (tsum_sum (fun x t => (2 * t - 1) * load x t)). apply tsum_ext.
    intros t Ht. rewrite sum_scale. f_equal. unfold work. destruct t; [lia|].
    replace (S t - 1) with t by lia. cbn [tsum]. lia. }
  rewrite Eb.
  pose proof (moment_parts (work l) H eq_refl ltac:(intros; unfold work; simpl; lia)) as P1.
  pose proof (moment_parts f H eq_refl (most_done_mono M release size l)) as P2.
  assert (tsum (work l) H <= tsum f H) by (apply tsum_le; intros; now apply work_done).
  rewrite Hdone in P1. rewrite HH in P2. lia.
Qed.
End Loads.

(* ---- Smith's rule by summation by parts *)
Open Scope Q_scope.
Fixpoint parts {A} (w : A -> Q) (G : list A -> Q) (prev l : list A) : Q :=
  match l with [] => 0 | x :: l' => w x * (G (x :: prev) - G prev) + parts w G (x :: prev) l' end.
Lemma parts_mono {A} (w : A -> Q) (G G' : list A -> Q) l : forall prev W,
  StronglySorted (fun x y => w y <= w x) l -> Forall (fun x => w x <= W) l -> 0 <= W ->
  Forall (fun x => 0 <= w x) l ->
  (forall l1 l2, l = l1 ++ l2 -> G (rev l1 ++ prev) <= G' (rev l1 ++ prev)) ->
  parts w G prev l + W * G prev <= parts w G' prev l + W * G' prev.
Proof.
  induction l as [|x l IH]; intros prev W Hs Hw HW Hpos HG; cbn [parts].
  - specialize (HG [] [] eq_refl). simpl in HG. apply (Qmult_le_compat_r _ _ W) in HG; auto. lra.
  - inversion_clear Hs as [|? ? Hs' Hall]. inversion_clear Hw as [|? ? Hx Hw'].
    inversion_clear Hpos as [|? ? Hx0 Hpos'].
    specialize (IH (x :: prev) (w x) Hs' Hall Hx0 Hpos').
    assert (HG0 : G prev <= G' prev) by exact (HG [] (x :: l) eq_refl).
    assert (HI : parts w G (x :: prev) l + w x * G (x :: prev) <= parts w G' (x :: prev) l + w x * G' (x :: prev)).
    { apply IH. intros l1 l2 E. specialize (HG (x :: l1) l2). cbn [rev app] in HG.
      rewrite <- app_assoc in HG. apply HG. now rewrite E. }
    assert (0 <= (W - w x) * (G' prev - G prev)) by (apply Qmult_le_0_compat; lra). lra.
Qed.
Lemma parts_sum {A} (w B : A -> Q) l : forall prev,
  parts w (Qsum B) prev l == Qsum (fun x => w x * B x) l.
Proof. induction l; intros; cbn [parts Qsum]; [reflexivity|]. rewrite IHl. ring. Qed.
Lemma busy_times_parts {A} M (release size : A -> nat) T l : forall prev,
  busy_times M release size T prev l ==
  parts (fun x => 1 / (2 * size x)) (fun p => rational (least_moment M release size T p)) prev l.
Proof.
  induction l; intros; cbn [busy_times parts]; [reflexivity|]. rewrite IHl. unfold Qdiv. ring.
Qed.
Lemma busy_times_map {A B} M (release size : B -> nat) T (f : A -> B) l : forall prev,
  busy_times M release size T (map f prev) (map f l) ==
  busy_times M (fun x => release (f x)) (fun x => size (f x)) T prev l.
Proof.
  assert (E : forall p, least_moment M release size T (map f p) =
    least_moment M (fun x => release (f x)) (fun x => size (f x)) T p).
  { intros. rewrite !least_moment_moment. apply tsum_ext. intros. now rewrite !most_done_map. }
  induction l as [|x l IH]; intros; cbn [busy_times map]; [reflexivity|].
  rewrite <- IH. cbn [map]. rewrite <- !E. reflexivity.
Qed.

(* weights fall as sizes rise *)
Lemma weights_sorted {A} (size : A -> nat) l : Forall (fun x => (1 <= size x)%nat) l ->
  StronglySorted (fun x y => (size x <= size y)%nat) l ->
  StronglySorted (fun x y => 1 / (2 * size y) <= 1 / (2 * size x)) l.
Proof.
  intros Hp Hs. induction Hs as [|x l Hs IH Hf]; [constructor|]. inversion_clear Hp as [|? ? Hx Hl].
  constructor; auto. rewrite Forall_forall in *. intros y Hy. specialize (Hl y Hy). specialize (Hf y Hy).
  apply q_pos in Hx. apply q_pos in Hl. apply q_le in Hf.
  apply Qle_div_l; [lra|]. setoid_replace (1 / (2 * size x) * (2 * size y)) with (size y / size x)
    by (field; intros E; lra).
  apply Qle_div_r; lra.
Qed.
Theorem busy_times_least {A} M (release size : A -> nat) load H T (l : list A) :
  loaded M release size load H l -> Forall (fun x => (1 <= size x)%nat) l ->
  StronglySorted (fun x y => (size x <= size y)%nat) l ->
  most_done M release size l T = sum size l ->
  busy_times M release size T [] l <= Qsum (fun x => busy_sum load H x / (2 * size x)) l.
Proof.
  intros Hl Hp Hs HT. rewrite busy_times_parts.
  assert (Hpos : Forall (fun x => 0 <= 1 / (2 * size x)) l).
  { eapply Forall_impl; [|exact Hp]. simpl. intros x Hx. apply q_pos in Hx.
    apply Qdiv_nonneg; lra. }
  pose proof (parts_mono (fun x => 1 / (2 * size x)) (fun p => rational (least_moment M release size T p))
    (Qsum (fun x => rational (busy_sum load H x))) l [] 1 (weights_sorted size l Hp Hs)) as HM.
  rewrite parts_sum in HM. cbn [Qsum] in HM.
  assert (HZ : rational (least_moment M release size T []) == 0).
  { rewrite least_moment_moment. unfold moment. rewrite (tsum_ext _ (fun _ => 0%nat)).
    - now rewrite tsum_const.
    - intros t _. assert (E : forall t, most_done M release size [] t = 0%nat)
        by (intros []; simpl; lia). rewrite !E. lia. }
  rewrite HZ in HM.
  rewrite (qsum_ext (fun x => busy_sum load H x / (2 * size x))
    (fun x => 1 / (2 * size x) * busy_sum load H x)) by (intros; unfold Qdiv; ring).
  assert (HW : Forall (fun x => 1 / (2 * size x) <= 1) l).
  { eapply Forall_impl; [|exact Hp]. simpl. intros x Hx. apply (q_le 1) in Hx. rewrite q_1 in Hx.
    apply Qle_div_l; lra. }
  specialize (HM HW ltac:(lra) Hpos).
  assert (HG : forall l1 l2, l = l1 ++ l2 -> rational (least_moment M release size T (rev l1 ++ [])) <=
    Qsum (fun x => rational (busy_sum load H x)) (rev l1 ++ [])).
  { intros l1 l2 E. rewrite app_nil_r, <- qsum_sum. apply q_le, set_moment.
    - destruct Hl as [H1 H2]. split.
      + intros t. specialize (H1 t). rewrite E, sum_app in H1.
        rewrite <- (sum_perm _ _ _ (Permutation_rev l1)). lia.
      + intros x Hx. apply H2. rewrite E. apply in_or_app. left. now apply in_rev.
    - rewrite <- (most_done_perm M release size _ _ T (Permutation_rev l1)).
      rewrite <- (sum_perm _ _ _ (Permutation_rev l1)). rewrite E, sum_app in HT.
      pose proof (most_done_part M release size l1 l2 T). pose proof (most_done_all M release size l1 T). lia. }
  specialize (HM HG). lra.
Qed.
