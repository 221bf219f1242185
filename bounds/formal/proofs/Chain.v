(* Strict list scheduling on a backlog, the block lemma, the chain. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Lower.

(* r may be started at t beside those already started *)
Definition adm (M : nat) (prev : schedule) (r : request) (t : nat) : Prop :=
  forall d, 1 <= d <= output r -> used prev (t + d) + (prompt r + d) <= M.

(* strict M prev t0 l: the requests of l, in this order, beside those already placed: each starts at
   the first step, not before the start before it (t0 at first), at which it is admissible *)
Inductive strict (M : nat) : schedule -> nat -> schedule -> Prop :=
| strict_nil prev t0 : strict M prev t0 []
| strict_cons prev t0 r p l :
    t0 <= p -> adm M prev r p ->
    (forall t, t0 <= t < p -> ~ adm M prev r t) ->
    strict M ((r, p) :: prev) p l ->
    strict M prev t0 ((r, p) :: l).

Lemma strict_inv M prev t0 r p l : strict M prev t0 ((r, p) :: l) ->
  t0 <= p /\ adm M prev r p /\ strict M ((r, p) :: prev) p l.
Proof. inversion 1; subst; auto. Qed.

Lemma admissible_adm M prev r t : admissible M prev r t = true <-> adm M prev r t.
Proof.
  unfold admissible, adm. rewrite forallb_forall. split; intros H d Hd.
  - apply Nat.leb_le, H, in_seq. lia.
  - apply in_seq in Hd. apply Nat.leb_le, H. lia.
Qed.
Lemma admissible_false M prev r t : admissible M prev r t = false -> ~ adm M prev r t.
Proof. intros H Ha. apply admissible_adm in Ha. congruence. Qed.

(* a request that is admissible may be added *)
Lemma adm_used M prev r p : adm M prev r p -> (forall t, used prev t <= M) ->
  forall t, used ((r, p) :: prev) t <= M.
Proof.
  intros Ha H t. rewrite used_cons.
  destruct (le_lt_dec t p); [rewrite held_before by lia; apply H|].
  destruct (le_lt_dec t (p + output r)); [|rewrite held_after by lia; apply H].
  replace t with (p + (t - p)) by lia. rewrite held_in by lia.
  specialize (Ha (t - p) ltac:(lia)). lia.
Qed.
(* a request fits once all others have ended *)
Lemma adm_idle M prev r t : peak r <= M -> Forall (fun x => fin x <= t) prev -> adm M prev r t.
Proof.
  intros Hr H d Hd. assert (used prev (t + d) = 0); [|unfold peak in Hr; lia].
  unfold used. induction H as [|[q p] l Hq _ IH]; simpl; [easy|].
  unfold fin in Hq; simpl in Hq. rewrite held_after by lia. exact IH.
Qed.

(* ---- block lemma *)
Lemma not_adm M prev r t : ~ adm M prev r t ->
  exists d, 1 <= d <= output r /\ M < used prev (t + d) + (prompt r + d).
Proof.
  unfold adm. induction (output r) as [|o IH]; intros H.
  - exfalso. apply H. intros; lia.
  - destruct (le_lt_dec (used prev (t + S o) + (prompt r + S o)) M) as [Hle|Hlt].
    + destruct IH as (d & Hd & Hu).
      * intros Hall. apply H. intros d Hd. destruct (Nat.eq_dec d (S o)) as [->|]; [lia|].
        apply Hall; lia.
      * exists d. split; [lia|exact Hu].
    + exists (S o). split; [lia|exact Hlt].
Qed.

(* one that started by t and holds held >= 1 at t + d has held, since t, (held + 1) d / 2 *)
Lemma block_one r p t d : p <= t -> 1 <= held r p (t + d) ->
  d * (held r p (t + d) + 1) <= 2 * tsum (fun w => held r p (t + w)) d.
Proof.
  intros Hp Hd. destruct (le_lt_dec (t + d) (p + output r)) as [Hin|Hout];
    [|rewrite held_after in Hd by lia; lia].
  destruct (Nat.eq_dec d 0) as [->|]; [lia|].
  assert (E : forall w, 1 <= w <= d -> held r p (t + w) = (prompt r + (t - p)) + w).
  { intros w Hw. replace (t + w) with (p + (t - p + w)) by lia. rewrite held_in by lia. lia. }
  rewrite (tsum_ext _ (fun w => (prompt r + (t - p)) + w)) by exact E.
  rewrite E by lia. generalize (prompt r + (t - p)) as a. intros a. clear.
  assert (2 * tsum (fun w => a + w) d = d * (2 * a + d + 1)); [|nia].
  induction d; simpl in *; nia.
Qed.
Lemma block_sum l t d : Forall (fun x => snd x <= t) l ->
  d * (used l (t + d) + Nat.min 1 (used l (t + d))) <= 2 * tsum (fun w => used l (t + w)) d.
Proof.
  induction 1 as [|[r p] l Hp Hl IH]; [unfold used; simpl; lia|].
  rewrite (tsum_ext _ (fun w => held r p (t + w) + used l (t + w))) by reflexivity.
  rewrite tsum_plus, used_cons. pose proof (block_one r p t d Hp).
  destruct (held r p (t + d)); nia.
Qed.
Lemma block M m prev r t :
  peak r <= m -> m <= M -> Forall (fun x => snd x <= t) prev -> ~ adm M prev r t ->
  exists d, 1 <= d /\ (M - m + 2) * d <= 2 * tsum (fun w => used prev (t + w)) d.
Proof.
  intros Hm HM Hp Ha. destruct (not_adm _ _ _ _ Ha) as (d & Hd & Hu).
  exists d. split; [lia|]. pose proof (block_sum prev t d Hp). unfold peak in Hm. nia.
Qed.

(* with eta = a / b, mean over peak: one that holds held has held, since t, eta held d *)
Definition eta_ok (a b : nat) (r : request) : Prop := a * (2 * (prompt r + output r)) <= b * (2 * prompt r + output r + 1).
Lemma block_one_eta a b r p t d : a <= b -> eta_ok a b r -> p <= t ->
  a * (d * held r p (t + d)) <= b * tsum (fun w => held r p (t + w)) d.
Proof.
  intros Hab He Hp. destruct (le_lt_dec (t + d) (p + output r)) as [Hin|Hout];
    [|rewrite held_after by lia; nia].
  destruct (Nat.eq_dec d 0) as [->|]; [nia|].
  assert (E : forall w, 1 <= w <= d -> held r p (t + w) = (prompt r + (t - p)) + w).
  { intros w Hw. replace (t + w) with (p + (t - p + w)) by lia. rewrite held_in by lia. lia. }
  rewrite (tsum_ext _ (fun w => (prompt r + (t - p)) + w)) by exact E.
  rewrite E by lia. unfold eta_ok in He.
  assert (T : 2 * tsum (fun w => prompt r + (t - p) + w) d = d * (2 * (prompt r + (t - p)) + d + 1)).
  { generalize (prompt r + (t - p)). intros x. clear. induction d; simpl in *; nia. }
  (* with j = age at u = t - p + d <= o, the mean so far is at least s + (j + 1)/2, and
     (s + (j + 1)/2)/(s + j) >= (s + (o + 1)/2)/(s + o) *)
  assert (J : a * (2 * (prompt r + (t - p) + d)) <= b * (2 * (prompt r + (t - p)) + d + 1)).
  { set (g := output r - (t - p + d)).
    replace (output r) with (t - p + d + g) in He by lia. set (e := t - p) in *.
    nia. }
  nia.
Qed.
Lemma block_sum_eta a b l t d : a <= b -> Forall (fun x => eta_ok a b (fst x)) l ->
  Forall (fun x => snd x <= t) l ->
  a * (d * used l (t + d)) <= b * tsum (fun w => used l (t + w)) d.
Proof.
  intros Hab He Hp. unfold used.
  rewrite (tsum_sum (fun x w => held (fst x) (snd x) (t + w))).
  rewrite <- !sum_scale. apply sum_le. intros x Hx.
  rewrite Forall_forall in *. apply block_one_eta; auto.
Qed.

(* ---- chain: blocks that leave from every step before p reach p *)
Definition dense (c b : nat) (l : schedule) (t : nat) : Prop :=
  exists d, 1 <= d /\ c * d <= b * tsum (fun w => used l (t + w)) d.
Definition blocked (c b : nat) (l : schedule) (p : nat) : Prop := forall t, t < p -> dense c b l t.

Lemma chain_reach c b l p : blocked c b l p -> forall k,
  exists T, (p <= T \/ k <= T) /\ c * T <= b * tsum (used l) T.
Proof.
  intros H. induction k as [|k (T & HT & HC)].
  - exists 0. simpl. lia.
  - destruct (le_lt_dec p T) as [|Hlt]; [exists T; lia|].
    destruct (H T Hlt) as (d & Hd & HD). exists (T + d). split; [lia|].
    rewrite tsum_split. lia.
Qed.
Lemma chain c b l p : blocked c b l p -> c * p <= b * sum (fun x => volume (fst x)) l.
Proof.
  intros H. destruct (chain_reach _ _ _ _ H p) as (T & HT & HC).
  pose proof (used_sum_le l T). nia.
Qed.
Lemma dense_cons c b l x t : dense c b l t -> dense c b (x :: l) t.
Proof.
  intros (d & Hd & HE). exists d. split; [easy|]. etransitivity; [exact HE|].
  apply Nat.mul_le_mono_l, tsum_le. intros. unfold used; simpl. lia.
Qed.

(* every start: c * S_k <= b * (volume before k); V is the volume of those placed before *)
Fixpoint starts_ok (c b V : nat) (l : schedule) : Prop :=
  match l with
  | (r, p) :: l' => c * p <= b * V /\ starts_ok c b (V + volume r) l'
  | [] => True
  end.

Lemma strict_starts M c b (Q : request -> Prop) prev t0 l :
  (forall prev r t, Q r -> Forall (fun x => Q (fst x)) prev -> Forall (fun x => snd x <= t) prev ->
     ~ adm M prev r t -> dense c b prev t) ->
  strict M prev t0 l -> Forall Q (map fst l) -> Forall (fun x => Q (fst x)) prev ->
  Forall (fun x => snd x <= t0) prev -> blocked c b prev t0 ->
  starts_ok c b (sum (fun x => volume (fst x)) prev) l.
Proof.
  intros Hblock.
  induction 1 as [|prev t0 r p l Hle Ha Hn Hs IH]; intros HI HP Hprev Hb; simpl; [easy|].
  inversion HI; subst.
  assert (Hb' : blocked c b prev p).
  { intros t Ht. destruct (le_lt_dec t0 t); [|apply Hb; lia]. apply Hblock with r; auto.
    eapply Forall_impl; [|exact Hprev]. simpl; lia. }
  split; [now apply chain|].
  rewrite (Nat.add_comm _ (volume r)). apply IH; auto.
  - constructor; [simpl; lia|]. eapply Forall_impl; [|exact Hprev]. simpl; lia.
  - intros t Ht. apply dense_cons, Hb', Ht.
Qed.

Theorem svf_starts M R l : valid M R -> map fst l = R -> strict M [] 0 l ->
  starts_ok (M - max_peak R + 2) 2 0 l.
Proof.
  intros Hw HR Hs.
  apply (strict_starts M _ 2 (fun r => peak r <= max_peak R) [] 0); auto.
  - intros. eapply block; eauto. now apply peak_valid.
  - rewrite HR. apply Forall_forall. intros r. apply peak_le.
  - intros t Ht. lia.
Qed.
(* with any eta = a / b at most the least mean over peak *)
Theorem svf_starts_eta M a b R l : valid M R -> map fst l = R -> strict M [] 0 l ->
  a <= b -> Forall (eta_ok a b) R ->
  starts_ok (a * (M - max_peak R + 1)) b 0 l.
Proof.
  intros Hw HR Hs Hab He. pose proof (peak_valid _ _ Hw) as HM.
  apply (strict_starts M _ b (fun r => peak r <= max_peak R /\ eta_ok a b r) [] 0); auto.
  - intros prev r t [Hr _] HP Ht Ha. destruct (not_adm _ _ _ _ Ha) as (d & Hd & Hu).
    exists d. split; [lia|].
    pose proof (block_sum_eta a b prev t d Hab ltac:(eapply Forall_impl; [|exact HP]; simpl; tauto) Ht).
    etransitivity; [|exact H]. rewrite <- Nat.mul_assoc. apply Nat.mul_le_mono_l. unfold peak in Hr. nia.
  - rewrite HR. rewrite Forall_forall in *. intros r Hr. split; auto. now apply peak_le.
  - intros t Ht. lia.
Qed.

(* the starts summed: c * total <= c * outputs + b * (volume before each) *)
Lemma starts_sum c b V l : starts_ok c b V l ->
  c * sum fin l <= c * sum output (map fst l) + b * sum_before V (map fst l).
Proof.
  revert V; induction l as [|[r p] l IH]; simpl; intros V H; [lia|].
  destruct H as [H1 H2]. specialize (IH _ H2). unfold fin at 1. simpl. lia.
Qed.
(* one start: what stands before it in l, and V *)
Lemma starts_split c b l1 r p l2 : forall V, starts_ok c b V (l1 ++ (r, p) :: l2) ->
  c * p <= b * (V + sum (fun x => volume (fst x)) l1).
Proof.
  induction l1 as [|[q w] l1 IH]; simpl; intros V [H1 H2]; [lia|]. specialize (IH _ H2). lia.
Qed.
