(* The simulator: it ends, its schedule is feasible, and strict on a backlog it is [strict]. *)
From Coq Require Import List Arith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Lower Chain.

(* ---- one step *)
Definition started_at (t : nat) (x : request * nat) : Prop := arrival (fst x) <= t /\ snd x = t.

Lemma step_spec how M t w : forall s s' w', step how (admissible M) t s w = (s', w') ->
  exists new, s' = new ++ s /\ Permutation (map fst new ++ w') w /\ Forall (started_at t) new /\
    ((forall u, used s u <= M) -> forall u, used s' u <= M).
Proof.
  induction w as [|r w IH]; simpl; intros s s' w' E.
  - inversion E; subst. exists []. simpl. auto.
  - assert (pass : forall s1 w1, step how (admissible M) t s w = (s1, w1) -> (s1, r :: w1) = (s', w') ->
      exists new, s' = new ++ s /\ Permutation (map fst new ++ w') (r :: w) /\
        Forall (started_at t) new /\ ((forall u, used s u <= M) -> forall u, used s' u <= M)).
    { intros s1 w1 E1 E2. inversion E2; subst. destruct (IH _ _ _ E1) as (new & A & B & C & D).
      exists new. split; [exact A|]. split; [|auto]. rewrite <- B. symmetry. apply Permutation_middle. }
    destruct (step how (admissible M) t s w) as [s1 w1] eqn:E1. destruct (Nat.ltb_spec t (arrival r)); [eauto|].
    destruct (admissible M s r t) eqn:Ea; [|destruct how; [|eauto]].
    + clear pass E1 s1 w1. destruct (IH _ _ _ E) as (new & A & B & C & D).
      exists (new ++ [(r, t)]). split; [now rewrite <- app_assoc|]. split; [|split].
      * rewrite map_app, <- app_assoc. simpl. rewrite <- B. symmetry. apply Permutation_middle.
      * apply Forall_app. split; auto. constructor; [split; auto|constructor].
      * intros Hs. apply D, adm_used; auto. now apply admissible_adm.
    + inversion E; subst. exists []. simpl. auto.
Qed.

(* K: by then all placed requests end and all others have arrived. If somebody waits on, the step
   was before K'; the outputs waiting, after K', never grow. *)
Definition fits_idle (fits : schedule -> request -> nat -> bool) (r : request) : Prop :=
  forall s t, Forall (fun x => fin x <= t) s -> fits s r t = true.
Lemma step_progress how fits t w : forall s s' w' K,
  step how fits t s w = (s', w') -> Forall (fits_idle fits) w -> Forall (fun r => arrival r <= K) w ->
  Forall (fun x => fin x <= K) s -> t <= K ->
  exists K', K <= K' /\ Forall (fun x => fin x <= K') s' /\ K' + sum output w' <= K + sum output w /\
    (w' <> [] -> t < K').
Proof.
  induction w as [|r w IH]; simpl; intros s s' w' K E Hw HA HK Ht.
  - inversion E; subst. exists K. simpl. intuition.
  - inversion_clear Hw as [|? ? Hr Hw']. inversion_clear HA as [|? ? Har HA'].
    assert (pass : forall s1 w1, step how fits t s w = (s1, w1) -> (s1, r :: w1) = (s', w') -> t < K ->
      exists K', K <= K' /\ Forall (fun x => fin x <= K') s' /\
        K' + sum output w' <= K + (output r + sum output w) /\ (w' <> [] -> t < K')).
    { intros s1 w1 E1 E2 HtK. inversion E2; subst.
      destruct (IH _ _ _ _ E1 Hw' HA' HK Ht) as (K' & A & B & C & _).
      exists K'. simpl. repeat split; auto; lia. }
    destruct (step how fits t s w) as [s1 w1] eqn:E1.
    destruct (Nat.ltb_spec t (arrival r)); [eapply pass; eauto; lia|].
    destruct (fits s r t) eqn:Ea.
    + clear pass E1 s1 w1. destruct (IH _ _ _ (K + output r) E Hw') as (K' & A & B & C & D).
      * eapply Forall_impl; [|exact HA']. simpl; lia.
      * constructor; [unfold fin; simpl; lia|]. eapply Forall_impl; [|exact HK]. simpl; lia.
      * lia.
      * exists K'. repeat split; auto; lia.
    + assert (HtK : t < K).
      { destruct (le_lt_dec K t); auto. exfalso. rewrite (Hr s t) in Ea; [discriminate|].
        eapply Forall_impl; [|exact HK]. simpl; lia. }
      destruct how; [|eapply pass; eauto].
      inversion E; subst. exists K. simpl. repeat split; auto.
Qed.

Lemma step_waits how fits t w : forall s s' w', step how fits t s w = (s', w') -> forall r, In r w' -> In r w.
Proof.
  induction w as [|r w IH]; simpl; intros s s' w' E q Hq; [inversion E; subst; easy|].
  destruct (step how fits t s w) as [s1 w1] eqn:E1.
  assert (pass : (s1, r :: w1) = (s', w') -> r = q \/ In q w).
  { intros E2. inversion E2; subst. destruct Hq as [->|Hq]; eauto. }
  destruct (t <? arrival r); [auto|]. destruct (fits s r t); [right; eauto|]. destruct how; [|auto].
  inversion E; subst. exact Hq.
Qed.

(* ---- the whole run *)
Lemma run_spec how M more : forall t s w s', run more how (admissible M) t s w = Some s' ->
  exists new, s' = new ++ s /\ Permutation (map fst new) w /\
    Forall (fun x => arrival (fst x) <= snd x) new /\
    ((forall u, used s u <= M) -> forall u, used s' u <= M).
Proof.
  assert (weaken : forall t new, Forall (started_at t) new ->
    Forall (fun x => arrival (fst x) <= snd x) new).
  { intros t new H. eapply Forall_impl; [|exact H]. unfold started_at. simpl. intros x []. lia. }
  induction more as [|more IH]; simpl; intros t s w s' H;
    destruct (step how (admissible M) t s w) as [s1 [|r w1]] eqn:E; try discriminate;
    destruct (step_spec _ _ _ _ _ _ _ E) as (new & A & B & C & D).
  1, 2: inversion H; subst; exists new; rewrite app_nil_r in B; eauto.
  destruct (IH _ _ _ _ H) as (more' & A' & B' & C' & D').
  exists (more' ++ new). subst. split; [now rewrite app_assoc|]. split; [|split].
  - rewrite map_app, B', Permutation_app_comm. exact B.
  - apply Forall_app. split; eauto.
  - auto.
Qed.
Lemma run_ends how fits more : forall t s w K, Forall (fits_idle fits) w -> Forall (fun r => arrival r <= K) w ->
  Forall (fun x => fin x <= K) s -> t <= K -> K + sum output w <= t + more ->
  exists s', run more how fits t s w = Some s'.
Proof.
  induction more as [|more IH]; intros t s w K Hw HA HK Ht Hf; simpl;
    destruct (step how fits t s w) as [s1 [|r w1]] eqn:E; eauto;
    destruct (step_progress _ _ _ _ _ _ _ _ E Hw HA HK Ht) as (K' & A & B & C & D);
    assert (HD : t < K') by (apply D; discriminate); [lia|].
  assert (sub : forall r', In r' (r :: w1) -> In r' w).
  { intros r' Hr'. apply (step_waits _ _ _ _ _ _ _ E). exact Hr'. }
  rewrite Forall_forall in Hw, HA.
  apply (IH _ _ _ K'); auto; try lia.
  - apply Forall_forall. auto.
  - apply Forall_forall. intros r' Hr'. specialize (HA r' (sub r' Hr')). lia.
Qed.
Lemma last_arrival_le R : Forall (fun r => arrival r <= last_arrival R) R.
Proof.
  induction R as [|r R IH]; simpl; constructor; [lia|]. eapply Forall_impl; [|exact IH]. simpl; lia.
Qed.
Lemma simulate_feasible how M R : valid M R ->
  exists s, simulate how M R = Some s /\ feasible M R s.
Proof.
  intros Hw. unfold simulate.
  destruct (run_ends how (admissible M) (last_arrival R + sum output R) 0 [] R (last_arrival R)) as (s & E);
    auto using last_arrival_le; try lia.
  { eapply Forall_impl; [|exact Hw]. intros r [_ Hr] s t Hs. apply admissible_adm. now apply adm_idle. }
  exists s. split; auto. destruct (run_spec _ _ _ _ _ _ _ E) as (new & A & B & C & D).
  rewrite app_nil_r in A. subst. repeat split; auto. apply D. intros. unfold used. simpl. lia.
Qed.

(* ---- strict, on a backlog *)
Lemma strict_earlier M prev t r p l : ~ adm M prev r t ->
  strict M prev (S t) ((r, p) :: l) -> strict M prev t ((r, p) :: l).
Proof.
  intros Hn H. inversion H; subst. constructor; auto; [lia|].
  intros u Hu. destruct (Nat.eq_dec u t) as [->|]; auto.
  match goal with h : forall t, _ -> ~ adm _ _ _ _ |- _ => apply h end. lia.
Qed.
Lemma step_strict M t w : backlog w -> forall s s' w' l',
  step Strict (admissible M) t s w = (s', w') -> strict M s' (S t) l' -> map fst l' = w' ->
  exists l, strict M s t l /\ map fst l = w /\ rev l ++ s = rev l' ++ s'.
Proof.
  induction 1 as [|r w Hr _ IH]; simpl; intros s s' w' l' E H Hm.
  - inversion E; subst. exists []. destruct l'; [|discriminate]. simpl. repeat split. constructor.
  - rewrite Hr in E. simpl in E. destruct (admissible M s r t) eqn:Ea.
    + destruct (IH _ _ _ _ E H Hm) as (l & Hs & Hl & Hrev). exists ((r, t) :: l). split; [|split].
      * constructor; auto; [now apply admissible_adm|]. intros; lia.
      * simpl. now rewrite Hl.
      * simpl. rewrite <- app_assoc. exact Hrev.
    + inversion E; subst. exists l'. split; [|auto]. destruct l' as [|[q p] l']; [discriminate|].
      simpl in *. inversion E; subst. apply strict_earlier; auto. now apply admissible_false.
Qed.
Lemma run_strict M more : forall t s w s', backlog w -> run more Strict (admissible M) t s w = Some s' ->
  exists l, strict M s t l /\ map fst l = w /\ s' = rev l ++ s.
Proof.
  induction more as [|more IH]; intros t s w s' Hb H; simpl in H;
    destruct (step Strict (admissible M) t s w) as [s1 [|r w1]] eqn:E; try discriminate.
  1, 2: inversion H; subst;
    destruct (step_strict M t w Hb _ _ _ [] E) as (l & Hs & Hl & Hr); auto; [constructor|];
    exists l; auto.
  destruct (step_spec _ _ _ _ _ _ _ E) as (new & _ & HP & _).
  assert (Hb1 : backlog (r :: w1)).
  { unfold backlog in *. rewrite Forall_forall in *. intros q Hq. apply Hb.
    eapply Permutation_in; [exact HP|]. apply in_or_app; auto. }
  destruct (IH _ _ _ _ Hb1 H) as (l1 & Hs1 & Hl1 & ->).
  destruct (step_strict M t w Hb _ _ _ l1 E Hs1 Hl1) as (l & Hs & Hl & Hr). exists l. auto.
Qed.
Lemma simulate_strict M R s : backlog R -> simulate Strict M R = Some s ->
  exists l, strict M [] 0 l /\ map fst l = R /\ s = rev l.
Proof.
  intros Hb H. destruct (run_strict _ _ _ _ _ _ Hb H) as (l & A & B & C).
  rewrite app_nil_r in C. eauto.
Qed.
(* there is only one *)
Lemma strict_unique M prev t0 l : strict M prev t0 l ->
  forall l', strict M prev t0 l' -> map fst l = map fst l' -> l = l'.
Proof.
  induction 1 as [|prev t0 r p l Hle Ha Hn Hs IH]; intros l' H' E.
  - destruct l'; [auto|discriminate].
  - destruct H' as [|prev t0 r' p' l' Hle' Ha' Hn' Hs']; [discriminate|].
    simpl in E. inversion E; subst.
    assert (p = p').
    { destruct (lt_eq_lt_dec p p') as [[Hlt|]|Hlt]; auto; exfalso.
      - apply (Hn' p); auto; lia.
      - apply (Hn p'); auto; lia. }
    subst. f_equal. auto.
Qed.
Lemma strict_simulate M R l : valid M R -> backlog R -> strict M [] 0 l -> map fst l = R ->
  simulate Strict M R = Some (rev l).
Proof.
  intros Hw Hb Hl E. destruct (simulate_feasible Strict M R Hw) as (s & Es & _).
  destruct (simulate_strict M R s Hb Es) as (l' & A & B & ->). rewrite Es. f_equal. f_equal.
  eapply strict_unique; eauto. congruence.
Qed.

(* ---- total latency of strict SVF from above *)
Lemma svf_run M R s : strict_svf M R s -> valid M R /\ backlog R /\ by_volume R /\ feasible M R s /\
  exists l, strict M [] 0 l /\ map fst l = R /\ s = rev l.
Proof.
  intros (Hw & Hb & Hv & E). destruct (simulate_feasible Strict M R Hw) as (s' & E' & HF).
  rewrite E in E'. inversion E'; subst s'. repeat (split; auto). now apply (simulate_strict M R s).
Qed.
Lemma above c b M R s : strict_svf M R s ->
  (forall l, strict M [] 0 l -> map fst l = R -> starts_ok c b 0 l) ->
  c * total_latency s <= c * sum output R + b * sum_before 0 R.
Proof.
  intros Hs H. destruct (svf_run M R s Hs) as (Hw & Hb & Hv & HF & l & Hl & HR & ->).
  rewrite (latency_backlog M R _ Hb HF), <- (sum_perm fin _ _ (Permutation_rev l)).
  pose proof (starts_sum c b 0 l (H l Hl HR)) as HS. rewrite HR in HS. exact HS.
Qed.
Lemma svf_above M R s : strict_svf M R s ->
  (M - max_peak R + 2) * total_latency s <=
  (M - max_peak R + 2) * sum output R + 2 * sum_before 0 R.
Proof. intros Hs. apply (above _ _ M); auto. intros l Hl HR. apply svf_starts; auto. apply Hs. Qed.
Lemma svf_above_eta M R s a b : strict_svf M R s -> a <= b -> Forall (eta_ok a b) R ->
  a * (M - max_peak R + 1) * total_latency s <=
  a * (M - max_peak R + 1) * sum output R + b * sum_before 0 R.
Proof. intros Hs Hab He. apply (above _ _ M); auto. intros l Hl HR. apply svf_starts_eta; auto. apply Hs. Qed.
