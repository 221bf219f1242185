(* Serving least work first does, of the jobs up to any size, the most that can be done. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Heap Service.
From kvproof.proofs Require Import Sums Memory Rational Discrete Sorts Heaps.
Open Scope nat_scope.
Set Default Timeout 100.

(* the sum of the second parts where the first is at most v *)
Definition upto (v : nat) (l : list (nat * nat)) : nat := sum (fun x => if fst x <=? v then snd x else 0) l.
Lemma upto_cons v k w l : upto v ((k, w) :: l) = (if k <=? v then w else 0) + upto v l.
Proof. reflexivity. Qed.
Lemma upto_perm v l l' : Permutation l l' -> upto v l = upto v l'.
Proof. apply sum_perm. Qed.

(* where the top ranks above v nothing ranks up to v *)
Lemma top_above v k l : Forall (fun x => k <= fst x) l -> v < k -> upto v l = 0.
Proof.
  intros H Hv. unfold upto. rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_const; lia|].
  rewrite Forall_forall in H. intros x Hx. specialize (H x Hx). cbv beta in H.
  destruct (Nat.leb_spec (fst x) v); lia.
Qed.
Lemma upto_app v l l' : upto v (l ++ l') = upto v l + upto v l'.
Proof. apply sum_app. Qed.

(* ---- one step *)
Lemma fill_spec step fuel : forall free h done h' done', heaped h ->
  fill fuel free step h done = Some (h', done') ->
  heaped h' /\ forall v, let H := upto v (inside_heap h) in
    upto v (inside_heap h') + Nat.min free H = H /\
    upto v done' = upto v done + (2 * step + 1) * Nat.min free H.
Proof.
  induction fuel as [|fuel IH]; intros free [|d k w a b] done h' done' Hh E; cbn [fill] in E; try discriminate.
  1, 2: inversion E; subst; split; [exact I|]; intros v; cbn; rewrite Nat.min_0_r; lia.
  destruct Hh as (Hk & Ha & Hb).
  assert (HP : Permutation (inside_heap (join a b)) (inside_heap a ++ inside_heap b)) by apply join_perm.
  destruct (Nat.leb_spec free w) as [Hw|Hw].
  - inversion E; subst. split; [now apply add_heaped, join_heaped|]. intros v.
    rewrite (upto_perm v _ _ (add_perm _ _ _)), upto_cons, (upto_perm v _ _ HP). cbn [inside_heap].
    rewrite !upto_cons. cbn zeta. destruct (Nat.leb_spec k v) as [Hkv|Hkv].
    + rewrite Nat.min_l by lia. lia.
    + rewrite (top_above v k _ Hk Hkv). lia.
  - apply IH in E as [H1 H2]; [|now apply join_heaped]. split; auto. intros v.
    specialize (H2 v). cbn zeta in *. rewrite (upto_perm v _ _ HP) in H2. rewrite upto_cons in H2.
    cbn [inside_heap]. rewrite upto_cons. destruct (Nat.leb_spec k v) as [Hkv|Hkv]; [nia|].
    rewrite (top_above v k _ Hk Hkv) in H2 |- *. nia.
Qed.

(* ---- the invariant: f v, the most that can be done of the jobs up to v, is what has been done *)
Section Serve.
Variables (M : nat) (jobs : list (nat * nat)).
Definition small (v : nat) : list (nat * nat) := filter (fun x => snd x <=? v) jobs.
Definition f (v t : nat) : nat := most_done M fst snd (small v) t.
Definition due (v t : nat) (l : list (nat * nat)) : nat :=
  sum (fun x => if (fst x <=? t) && (snd x <=? v) then snd x else 0) l.
Lemma arrived_due v t : arrived fst snd (small v) t = due v t jobs.
Proof.
  unfold arrived, due, small. induction jobs as [|x l IH]; [reflexivity|]. cbn [filter sum].
  destruct (snd x <=? v); cbn [sum]; rewrite IH; destruct (fst x <=? t); reflexivity.
Qed.
Lemma f_S v t : f v (S t) = Nat.min (f v t + M) (due v t jobs).
Proof. unfold f. now rewrite most_done_S, arrived_due. Qed.

Definition done_so_far (step : nat) (h : heap nat) (waiting : list (nat * nat)) (done : log) : Prop :=
  heaped h /\ rising (fun x => Z.of_nat (fst x)) waiting /\ forall v,
    (forall t, step <= t -> due v t jobs = f v step + upto v (inside_heap h) + due v t waiting) /\
    upto v done = moment (f v) step.

Lemma due_later v t next l : Forall (fun x => next <= fst x) l -> t < next -> due v t l = 0.
Proof.
  intros H Ht. unfold due. rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_const; lia|].
  rewrite Forall_forall in H. intros x Hx. specialize (H x Hx). cbv beta in H.
  destruct (Nat.leb_spec (fst x) t); cbn [andb]; lia.
Qed.
Lemma arrive_spec step done : forall waiting h h' rest, arrive step h waiting = (h', rest) ->
  done_so_far step h waiting done ->
  done_so_far step h' rest done /\ Forall (fun x => step < fst x) rest.
Proof.
  induction waiting as [|[a w] waiting IH]; intros h h' rest E HI; cbn [arrive] in E.
  - inversion E; subst. auto.
  - destruct HI as (Hh & Hs & HI). inversion Hs as [|? ? Hs' Ha]; subst.
    destruct (Nat.leb_spec a step) as [Has|Has].
    + apply (IH _ _ _ E). split; [now apply add_heaped|]. split; auto. intros v.
      destruct (HI v) as [H1 H2]. split; auto. intros t Ht. rewrite (H1 t Ht).
      rewrite (upto_perm v _ _ (add_perm _ _ _)), upto_cons. unfold due. cbn [sum fst snd].
      destruct (Nat.leb_spec a t); cbn [andb]; lia.
    + inversion E; subst. split; [split; auto|]. constructor; auto. eapply Forall_impl; [|exact Ha]. simpl. lia.
Qed.
(* several steps at once *)
Lemma f_stays v step n : (forall t, step <= t < step + n -> due v t jobs = f v step) ->
  f v (step + n) = f v step /\ moment (f v) (step + n) = moment (f v) step.
Proof.
  intros H. induction n as [|n IH]; [now rewrite Nat.add_0_r|].
  destruct IH as [I1 I2]; [intros; apply H; lia|]. rewrite Nat.add_succ_r.
  assert (E : f v (S (step + n)) = f v step) by (rewrite f_S, (H (step + n)), I1 by lia; lia).
  split; auto. unfold moment in *. cbn [tsum]. rewrite I2. replace (S (step + n) - 1) with (step + n) by lia.
  rewrite E, I1, Nat.sub_diag. lia.
Qed.
Lemma f_full v step n H : n * M <= H -> (forall t, step <= t < step + n -> due v t jobs = f v step + H) ->
  f v (step + n) = f v step + n * M /\
  moment (f v) (step + n) = moment (f v) step + M * (n * (2 * step + n)).
Proof.
  intros HM HH. induction n as [|n IH]; [rewrite Nat.add_0_r; lia|].
  destruct IH as [I1 I2]; [lia|intros; apply HH; lia|]. rewrite Nat.add_succ_r.
  assert (E : f v (S (step + n)) = f v step + S n * M) by (rewrite f_S, (HH (step + n)), I1 by lia; lia).
  split; auto. unfold moment in *. cbn [tsum]. rewrite I2. replace (S (step + n) - 1) with (step + n) by lia.
  rewrite E, I1. replace (f v step + S n * M - (f v step + n * M)) with M by lia. nia.
Qed.
Lemma rest_later step next w rest : rising (fun x : nat * nat => Z.of_nat (fst x)) ((next, w) :: rest) ->
  Forall (fun x => step < fst x) ((next, w) :: rest) -> step < next /\ Forall (fun x => next <= fst x) ((next, w) :: rest).
Proof.
  intros Hs Hl. inversion_clear Hs as [|? ? _ Ha]. inversion_clear Hl. split; auto. constructor; auto.
  eapply Forall_impl; [|exact Ha]. simpl. lia.
Qed.
Lemma whole_spec step n d k w a b rest done : done_so_far step (Node d k w a b) rest done ->
  n * M <= w -> (forall v t, step <= t < step + n -> due v t rest = 0) ->
  done_so_far (step + n) (add k (w - n * M) (join a b)) rest ((k, M * (n * (2 * step + n))) :: done).
Proof.
  intros ((Hk & Ha & Hb) & Hs & HI) Hw Hrest. split; [now apply add_heaped, join_heaped|]. split; auto.
  intros v. destruct (HI v) as [H1 H2].
  rewrite (upto_perm v _ _ (add_perm _ _ _)), !upto_cons, (upto_perm v _ _ (join_perm a b)).
  cbn [inside_heap] in H1. rewrite upto_cons in H1. destruct (Nat.leb_spec k v) as [Hkv|Hkv].
  - destruct (f_full v step n (w + upto v (inside_heap a ++ inside_heap b)) ltac:(lia)) as [F1 F2].
    { intros t Ht. rewrite (H1 t ltac:(lia)), (Hrest v t Ht). lia. }
    split; [|lia]. intros t Ht. rewrite (H1 t ltac:(lia)), F1. lia.
  - assert (H0 : upto v (inside_heap a ++ inside_heap b) = 0) by now apply (top_above v k).
    rewrite H0. setoid_rewrite H0 in H1. destruct (f_stays v step n) as [F1 F2].
    { intros t Ht. rewrite (H1 t ltac:(lia)), (Hrest v t Ht). lia. }
    split; [|lia]. intros t Ht. rewrite (H1 t ltac:(lia)), F1. lia.
Qed.
Lemma serve_spec fuel : forall step h waiting done T log, done_so_far step h waiting done ->
  serve fuel M step h waiting done = Some (T, log) ->
  forall v, f v T = sum snd (small v) /\ upto v log = moment (f v) T.
Proof.
  induction fuel as [|fuel IH]; intros step h waiting done T log HI E; cbn [serve] in E; [discriminate|].
  destruct (arrive step h waiting) as [h' rest] eqn:EA. destruct (arrive_spec _ _ _ _ _ _ EA HI) as [HI' Hl].
  clear EA HI h waiting. destruct h' as [|d k w a b].
  - destruct rest as [|[next w] rest].
    + inversion E; subst. intros v. destruct HI' as (_ & _ & HI). destruct (HI v) as [H1 H2]. split; auto.
      (* late enough, all are due *)
      specialize (H1 (T + sum fst jobs) ltac:(lia)). cbn in H1. rewrite !Nat.add_0_r in H1. rewrite <- H1.
      unfold due, small. clear. assert (G : forall l, sum fst l <= sum fst jobs ->
        sum (fun x => if (fst x <=? T + sum fst jobs) && (snd x <=? v) then snd x else 0) l =
        sum snd (filter (fun x => snd x <=? v) l)); [|now apply G].
      induction l as [|x l IH]; intros Hx; [reflexivity|]. cbn [sum filter] in *. rewrite IH by lia.
      destruct (Nat.leb_spec (fst x) (T + sum fst jobs)); [|lia]. cbn [andb]. destruct (snd x <=? v); reflexivity.
    + refine (IH _ _ _ _ _ _ _ E). destruct HI' as (_ & Hs & HI). destruct (rest_later _ _ _ _ Hs Hl) as [Hn Hr].
      split; [exact I|]. split; auto. intros v. destruct (HI v) as [H1 H2].
      destruct (f_stays v step (next - step)) as [F1 F2].
      { intros t Ht. rewrite (H1 t ltac:(lia)), (due_later v t next) by (auto; lia). change (upto v (inside_heap Leaf)) with 0. lia. }
      replace (step + (next - step)) with next in F1, F2 by lia. rewrite F1, F2. split; auto.
      intros t Ht. apply H1. lia.
  - destruct (M <=? w).
    + refine (IH _ _ _ _ _ _ _ E). apply (whole_spec _ _ d); auto.
      * assert (HW : w / M * M <= w) by (destruct M; [simpl; lia|rewrite Nat.mul_comm; apply Nat.mul_div_le; lia]).
        destruct rest as [|[next w'] rest]; [exact HW|]. etransitivity; [|exact HW]. apply Nat.mul_le_mono_r. lia.
      * intros v t Ht. destruct rest as [|[next w'] rest]; [reflexivity|]. destruct HI' as (_ & Hs & _).
        destruct (rest_later _ _ _ _ Hs Hl) as [Hn Hr]. apply (due_later v t next); auto. lia.
    + destruct (fill _ _ _ _ _) as [[h' done']|] eqn:EF; [|discriminate].
      refine (IH _ _ _ _ _ _ _ E). destruct HI' as (Hh & Hs & HI).
      destruct (fill_spec _ _ _ _ _ _ _ Hh EF) as [Hh' HF]. split; auto. split; auto. intros v.
      destruct (HI v) as [H1 H2]. destruct (HF v) as [F1 F2]. cbn zeta in *.
      set (H := upto v (inside_heap (Node d k w a b))) in *.
      assert (H0 : due v step rest = 0) by (apply (due_later v step (S step)); auto).
      pose proof (H1 step ltac:(lia)) as HS.
      assert (EF' : f v (S step) = f v step + Nat.min M H) by (rewrite f_S; lia). split.
      * intros t Ht. rewrite (H1 t ltac:(lia)), EF'. lia.
      * rewrite F2, H2. unfold moment. cbn [tsum]. replace (S step - 1) with step by lia. rewrite EF'.
        replace (f v step + Nat.min M H - f v step) with (Nat.min M H) by lia.
        replace (2 * S step - 1) with (2 * step + 1) by lia. lia.
Qed.
Lemma serve_all_spec T log : serve_all M jobs = Some (T, log) -> forall v,
  most_done M fst snd (small v) T = sum snd (small v) /\
  upto v log = least_moment M fst snd T (small v).
Proof.
  intros E v. unfold serve_all in E. rewrite least_moment_moment. refine (serve_spec _ _ _ _ _ _ _ _ E v).
  split; [exact I|]. split; [apply sort_rising|]. clear. intros v. split; [|reflexivity].
  intros t _. cbn. symmetry. apply sum_perm, sort_perm.
Qed.
End Serve.

(* ---- weighed by what the work of each is *)
Open Scope Q_scope.
Definition weighed (w : nat -> Q) (l : list (nat * nat)) : Q := Qsum (fun x : nat * nat => w (fst x) * snd x) l.
(* lists with the same sums up to each v *)
Definition below (k : nat) (l : list (nat * nat)) : nat := match k with O => O | S k' => upto k' l end.
Lemma weighed_by_rank w K l : Forall (fun x => (fst x <= K)%nat) l ->
  weighed w l == Qsum (fun k => w k * (upto k l - below k l)) (seq 0 (S K)).
Proof.
  induction 1 as [|[k c] l Hk _ IH]; unfold weighed in *.
  - symmetry. apply qsum_zero. intros [|k] _; unfold below; change (rational (upto _ [])) with (rational 0); rewrite ?q_0; ring.
  - cbn [Qsum]. rewrite IH. cbn [fst snd] in *.
    rewrite (qsum_ext (fun j => w j * (upto j ((k, c) :: l) - below j ((k, c) :: l)))
      (fun j => (if Nat.eqb j k then w k * c else 0) + w j * (upto j l - below j l))).
    + rewrite qsum_plus. apply Qplus_comp; [|reflexivity].
      assert (G : forall n a, Qsum (fun j => if Nat.eqb j k then w k * c else 0) (seq a n) ==
        if (Nat.leb a k && Nat.ltb k (a + n))%bool then w k * c else 0).
      { induction n as [|n IHn]; intros a; cbn [seq Qsum].
        - destruct (Nat.leb_spec a k), (Nat.ltb_spec k (a + 0)); cbn [andb]; try lia; reflexivity.
        - rewrite IHn. destruct (Nat.eqb_spec a k), (Nat.leb_spec (S a) k), (Nat.ltb_spec k (S a + n)), (Nat.leb_spec a k),
            (Nat.ltb_spec k (a + S n)); cbn [andb]; try lia; ring. }
      rewrite G. destruct (Nat.leb_spec 0 k), (Nat.ltb_spec k (0 + S K)); cbn [andb]; try lia. reflexivity.
    + intros j _. unfold below. destruct j as [|j]; rewrite ?upto_cons, ?q_add.
      * destruct (Nat.leb_spec k 0), (Nat.eqb_spec 0 k); try lia; [subst|]; rewrite ?q_0; ring.
      * destruct (Nat.leb_spec k (S j)), (Nat.leb_spec k j), (Nat.eqb_spec (S j) k); try lia; subst; rewrite ?q_0; ring.
Qed.
Lemma weighed_same w l l' : (forall v, upto v l = upto v l') -> weighed w l == weighed w l'.
Proof.
  intros H. set (K := sum fst (l ++ l')).
  assert (G : forall m : list (nat * nat), Forall (fun x => (fst x <= sum fst m)%nat) m).
  { induction m as [|x m IH]; constructor; cbn [sum]; [lia|]. eapply Forall_impl; [|exact IH]. simpl. lia. }
  pose proof (G (l ++ l')) as HG. apply Forall_app in HG as [H1 H2].
  rewrite (weighed_by_rank w K l H1), (weighed_by_rank w K l' H2). apply qsum_ext. intros k _.
  unfold below. rewrite (H k). destruct k; [reflexivity|]. now rewrite (H k).
Qed.

(* the mean busy times, as a log *)
Fixpoint increments {A} (M : nat) (release size : A -> nat) (T : nat) (before l : list A) : list (nat * nat) :=
  match l with
  | [] => []
  | x :: l' => (size x, (least_moment M release size T (x :: before) - least_moment M release size T before)%nat)
               :: increments M release size T (x :: before) l'
  end.
Lemma moment_grows {A} M (release size : A -> nat) T x l :
  most_done M release size (x :: l) T = sum size (x :: l) ->
  (least_moment M release size T l <= least_moment M release size T (x :: l))%nat.
Proof.
  intros H. rewrite !least_moment_moment.
  assert (HT : most_done M release size l T = sum size l).
  { pose proof (most_done_part M release size [x] l T). pose proof (most_done_all M release size [x] T).
    pose proof (most_done_part M release size l [x] T) as HP. pose proof (most_done_all M release size l T).
    rewrite <- (most_done_perm M release size _ _ T (Permutation_cons_append l x)) in HP. cbn [sum] in *. lia. }
  set (g := most_done M release size l) in *. set (g' := most_done M release size (x :: l)) in *.
  pose proof (moment_parts g T eq_refl (most_done_mono M release size l)) as P1.
  pose proof (moment_parts g' T eq_refl (most_done_mono M release size (x :: l))) as P2.
  rewrite HT in P1. rewrite H in P2. cbn [sum] in P2.
  (* of x at most its size is done, in each step *)
  assert (HD : forall t, (g' t <= g t + size x)%nat).
  { intros t. pose proof (most_done_part M release size l [x] t) as HP.
    rewrite <- (most_done_perm M release size _ _ t (Permutation_cons_append l x)) in HP. cbn [sum] in HP. unfold g, g'. lia. }
  assert (HS : (tsum g' T <= tsum g T + T * size x)%nat).
  { clear - HD. induction T as [|T IH]; cbn [tsum]; [lia|]. specialize (HD (S T)). lia. }
  nia.
Qed.
Lemma busy_increments {A} M (release size : A -> nat) T l : forall before,
  most_done M release size (rev l ++ before) T = sum size (rev l ++ before) ->
  busy_times M release size T before l == weighed (fun k => 1 / (2 * k)) (increments M release size T before l).
Proof.
  unfold weighed. induction l as [|x l IH]; intros before HT; cbn [busy_times increments Qsum]; [reflexivity|].
  cbn [rev] in HT. rewrite <- app_assoc in HT. cbn [app] in HT. rewrite IH by exact HT.
  assert (HT' : most_done M release size (x :: before) T = sum size (x :: before)).
  { pose proof (most_done_part M release size (x :: before) (rev l) T) as HP.
    rewrite (most_done_perm M release size _ _ T (Permutation_app_comm _ _)), HT, sum_app in HP.
    pose proof (most_done_all M release size (x :: before) T). lia. }
  cbn [fst snd]. rewrite q_sub by (now apply moment_grows). unfold Qdiv. ring.
Qed.
Lemma increments_upto {A} M (release size : A -> nat) T l : StronglySorted (fun x y => (size x <= size y)%nat) l ->
  forall before v, most_done M release size (rev l ++ before) T = sum size (rev l ++ before) ->
  (upto v (increments M release size T before l) + least_moment M release size T before =
   least_moment M release size T (rev (filter (fun x => Nat.leb (size x) v) l) ++ before))%nat.
Proof.
  induction 1 as [|x l Hs IH Hx]; intros before v HT; cbn [increments filter]; [reflexivity|].
  rewrite upto_cons. cbn [rev] in HT. rewrite <- app_assoc in HT. cbn [app] in HT.
  destruct (Nat.leb_spec (size x) v) as [Hxv|Hxv].
  - cbn [rev]. rewrite <- app_assoc. cbn [app]. rewrite <- IH by exact HT.
    assert (HT' : most_done M release size (x :: before) T = sum size (x :: before)).
    { pose proof (most_done_part M release size (x :: before) (rev l) T) as HP.
      rewrite (most_done_perm M release size _ _ T (Permutation_app_comm _ _)), HT, sum_app in HP.
      pose proof (most_done_all M release size (x :: before) T). lia. }
    pose proof (moment_grows M release size T x before HT'). lia.
  - assert (E : filter (fun x => Nat.leb (size x) v) l = []).
    { clear - Hx Hxv. induction Hx as [|y l Hy _ IH]; [reflexivity|]. cbn [filter].
      destruct (Nat.leb_spec (size y) v); [lia|auto]. }
    rewrite E. cbn [rev app]. rewrite (top_above v (size x)); auto.
    generalize (x :: before). clear - Hx. induction Hx as [|y l Hy _ IH]; intros before; cbn [increments]; constructor; auto.
Qed.
