(* Runs of an engine: each request compared with a start such that it ends when it does. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Statements Bounds Engine.
From kvproof.proofs Require Import Sums Memory Centroid Opt Rational Below Volume Discrete Stronger.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- the steps of one request *)
Lemma last_later u l : StronglySorted lt (u :: l) -> u + length l <= last (u :: l) 0.
Proof.
  revert u. induction l as [|w l IH]; intros u H; [simpl; lia|]. inversion_clear H as [|? ? Hs Hf].
  specialize (IH w Hs). inversion_clear Hf. cbn [length]. change (last (u :: w :: l) 0) with (last (w :: l) 0). lia.
Qed.
Lemma last_cons u l : l <> [] -> last (u :: l) 0 = last l 0.
Proof. now destruct l. Qed.
(* each step is no later than without a break before the last *)
Lemma steps_early l : forall a C, StronglySorted lt (a :: l) -> (l <> [] -> last l 0 = C) ->
  Forall2 le l (seq (C - length l + 1) (length l)).
Proof.
  induction l as [|u l IH]; intros a C H HC; [constructor|]. inversion_clear H as [|? ? Hs Hf].
  pose proof (last_later u l Hs) as HL. rewrite HC in HL by discriminate.
  inversion_clear Hf as [|? ? Hu _]. cbn [length seq]. constructor; [lia|].
  replace (S (C - S (length l) + 1)) with (C - length l + 1) by lia. apply (IH u C Hs).
  intros Hl. rewrite <- (HC ltac:(discriminate)). symmetry. now apply last_cons.
Qed.
Lemma steps_from a l : StronglySorted lt (a :: l) -> forall u, In u l -> a < u.
Proof. intros H u Hu. inversion_clear H as [|? ? _ Hf]. rewrite Forall_forall in Hf. auto. Qed.
Lemma steps_until a l : StronglySorted lt (a :: l) -> forall u, In u l -> u <= last l 0.
Proof.
  revert a. induction l as [|w l IH]; intros a H u; [easy|]. inversion_clear H as [|? ? Hs _].
  pose proof (last_later w l Hs). intros [->|Hu]; [lia|].
  destruct l as [|w' l]; [easy|]. change (last (w :: w' :: l) 0) with (last (w' :: l) 0). eapply IH; eauto.
Qed.

Lemma given_early k l t : (forall u, In u l -> t < u) -> given k l t = 0.
Proof.
  revert k. induction l as [|u l IH]; intros k H; cbn [given]; [reflexivity|].
  pose proof (H u (or_introl eq_refl)). destruct (Nat.eqb_spec u t); [lia|]. rewrite IH; auto.
  intros w Hw. apply H. now right.
Qed.
(* a sum over steps of what is given there *)
Open Scope Q_scope.
Fixpoint paid (g : nat -> Q) (k : nat) (l : list nat) : Q :=
  match l with [] => 0 | u :: l' => g u * (k + 1)%nat + paid g (k + 1)%nat l' end.
Lemma qsum_one g u (c : nat) T : (1 <= u <= T)%nat ->
  Qsum (fun t => g t * rational (if u =? t then c else 0)) (seq 1 T) == g u * c.
Proof.
  intros Hu. induction T as [|T IH]; [lia|]. rewrite seq_S, qsum_app. cbn [Qsum Nat.add].
  destruct (Nat.eqb_spec u (S T)) as [->|].
  - rewrite qsum_zero; [ring|]. intros d Hd. apply in_seq in Hd. destruct (Nat.eqb_spec (S T) d); [lia|].
    rewrite q_0. ring.
  - rewrite IH by lia. rewrite q_0. ring.
Qed.
Lemma qsum_paid g l T : (forall u, In u l -> (1 <= u <= T)%nat) -> forall k,
  Qsum (fun t => g t * given k l t) (seq 1 T) == paid g k l.
Proof.
  induction l as [|u l IH]; intros H k; cbn [given paid].
  - apply qsum_zero. intros. rewrite q_0. ring.
  - transitivity (Qsum (fun t => g t * rational (if u =? t then k + 1 else 0) + g t * given (k + 1) l t) (seq 1 T)).
    { apply qsum_ext. intros t _. rewrite q_add. ring. }
    rewrite qsum_plus, qsum_one by (apply H; now left). rewrite IH; [reflexivity|]. intros w Hw. apply H. now right.
Qed.
Lemma paid_le g l l' : Forall2 le l l' -> (forall a b, (a <= b)%nat -> g b <= g a) -> forall k,
  paid g k l' <= paid g k l.
Proof.
  intros H Hg. induction H as [|u w l l' Hu _ IH]; intros k; cbn [paid]; [apply Qle_refl|]. specialize (IH (k + 1)%nat).
  pose proof (Hg u w Hu) as H1. apply (Qmult_le_compat_r _ _ (rational (k + 1))) in H1; [lra|apply q_nonneg].
Qed.
Lemma paid_seq g p k n : forall j, paid g (k + j) (seq (p + j + 1) n) ==
  Qsum (fun d => g (p + d)%nat * (k + d)) (seq (j + 1) n).
Proof.
  induction n as [|n IH]; intros j; cbn [seq paid Qsum]; [reflexivity|].
  replace (S (p + j + 1)) with (p + (j + 1) + 1)%nat by lia. replace (k + j + 1)%nat with (k + (j + 1))%nat by lia.
  rewrite IH. replace (S (j + 1)) with (j + 1 + 1)%nat by lia. rewrite q_add.
  replace (p + j + 1)%nat with (p + (j + 1))%nat by lia. reflexivity.
Qed.
Lemma paid_one l : forall k, paid (fun _ => 1) k l == tsum (fun j => (k + j)%nat) (length l).
Proof.
  induction l as [|u l IH]; intros k; [reflexivity|]. cbn [paid length]. rewrite IH.
  replace (S (length l)) with (1 + length l)%nat by lia. rewrite tsum_split. cbn [tsum Nat.add].
  rewrite Qmult_1_l, <- q_add. apply q_eq. f_equal. apply tsum_ext. intros; lia.
Qed.
Open Scope nat_scope.

(* ---- the whole run *)
Section Run.
Variables (M : nat) (R : list request) (e : run_steps).
Hypothesis Hw : valid M R.
Hypothesis He : engine_run M R e.
Definition ends (x : request * list nat) : nat := last (snd x) 0.
Lemma run_in x : In x e -> In (fst x) R /\ 1 <= output (fst x) /\ length (snd x) = output (fst x) /\
  StronglySorted lt (arrival (fst x) :: snd x) /\ arrival (fst x) + output (fst x) <= ends x.
Proof.
  intros Hx. destruct He as (HP & HF & _). rewrite Forall_forall in HF. destruct (HF x Hx) as [H1 H2].
  assert (Hr : In (fst x) R) by (eapply Permutation_in; [exact HP|]; now apply in_map).
  unfold valid in Hw. rewrite Forall_forall in Hw. destruct (Hw _ Hr) as [Ho _].
  repeat split; auto. pose proof (last_later _ _ H2) as HL. unfold ends.
  rewrite last_cons in HL by (intros E; rewrite E in H1; simpl in H1; lia). lia.
Qed.
Lemma run_range x u : In x e -> In u (snd x) -> arrival (fst x) < u <= ends x.
Proof.
  intros Hx Hu. destruct (run_in x Hx) as (_ & _ & _ & H & _). split.
  - eapply steps_from; eauto.
  - eapply steps_until; eauto.
Qed.
Lemma run_late x t : In x e -> t <= arrival (fst x) -> counted x t = 0.
Proof. intros Hx Ht. apply given_early. intros u Hu. pose proof (run_range x u Hx Hu). lia. Qed.
(* as if the request had started so that it ends when it does *)
Definition as_start (x : request * list nat) : request * nat := (fst x, ends x - output (fst x)).
Lemma as_start_fin x : In x e -> fin (as_start x) = ends x.
Proof. intros Hx. destruct (run_in x Hx) as (_ & _ & _ & _ & H). unfold fin, as_start. cbn [fst snd]. lia. Qed.
Lemma run_paid x (g : nat -> Q) T : In x e -> (forall a b, a <= b -> (g b <= g a)%Q) -> ends x <= T ->
  (Qsum (fun t => g t * held (fst x) (ends x - output (fst x)) t) (seq 1 T) <=
   Qsum (fun t => g t * counted x t) (seq 1 T))%Q.
Proof.
  intros Hx Hg HT. destruct (run_in x Hx) as (_ & Ho & Hl & Hs & HE). set (r := fst x) in *. set (p := ends x - output r).
  unfold counted. fold r. rewrite qsum_paid.
  2:{ intros u Hu. pose proof (run_range x u Hx Hu). lia. }
  pose proof (steps_early (snd x) (arrival r) (ends x) Hs ltac:(reflexivity)) as HF. rewrite Hl in HF. fold p in HF.
  eapply Qle_trans; [|apply (paid_le g _ _ HF Hg)].
  pose proof (paid_seq g p (prompt r) (output r) 0) as E. rewrite !Nat.add_0_r in E. rewrite E.
  rewrite Below.paid by (unfold p; lia). apply Qle_refl.
Qed.
Lemma run_volume x T : In x e -> ends x <= T -> tsum (counted x) T = volume (fst x).
Proof.
  intros Hx HT. apply Nat.le_antisymm; apply q_le_inv; rewrite <- sum_seq, qsum_sum;
    rewrite (qsum_ext (fun t => rational (counted x t)) (fun t => 1 * counted x t)%Q) by (intros; ring);
    unfold counted; rewrite (qsum_paid (fun _ => 1%Q))
      by (intros u Hu; pose proof (run_range x u Hx Hu); lia);
    destruct (run_in x Hx) as (_ & _ & Hl & _); rewrite paid_one, Hl, <- volume_tsum; apply Qle_refl.
Qed.
Lemma run_part x t : In x e -> tsum (counted x) t <= volume (fst x).
Proof. intros Hx. rewrite <- (run_volume x (t + ends x)) by (auto; lia). apply tsum_mono. lia. Qed.
Lemma run_busy x T : In x e -> ends x <= T ->
  busy_sum counted T x <= busy (fst x, ends x - output (fst x)).
Proof.
  intros Hx HT. destruct (run_in x Hx) as (_ & _ & _ & _ & HE).
  rewrite <- (busy_one _ _ T) by lia. unfold busy_sum. apply q_le_inv. rewrite <- !sum_seq, !qsum_sum.
  assert (Hg : forall a b, a <= b -> (- rational (2 * b - 1) <= - rational (2 * a - 1))%Q).
  { intros a b Hab. apply Qopp_le_compat, q_le. lia. }
  pose proof (run_paid x (fun t => - rational (2 * t - 1))%Q T Hx Hg HT) as H.
  rewrite (qsum_ext (fun t => rational ((2 * t - 1) * counted x t)) (fun t => - (1) * (- rational (2 * t - 1) * counted x t))%Q)
    by (intros; rewrite q_mul; ring).
  rewrite (qsum_ext (fun t => rational ((2 * t - 1) * held _ _ t))
    (fun t => - (1) * (- rational (2 * t - 1) * held (fst x) (ends x - output (fst x)) t))%Q)
    by (intros; rewrite q_mul; ring).
  rewrite !qsum_scale. cbv beta in H. lra.
Qed.
Lemma run_total : run_latency e = sum (fun x => ends x - arrival (fst x)) e.
Proof. reflexivity. Qed.
Lemma run_fst (f : request -> nat) : sum f R = sum (fun x => f (fst x)) e.
Proof. destruct He as (HP & _). now rewrite <- (sum_perm f _ _ HP), sum_map. Qed.
Lemma run_outputs : sum output R <= run_latency e.
Proof.
  rewrite run_fst. apply sum_le. intros x Hx. destruct (run_in x Hx) as (_ & _ & _ & _ & H). unfold ends in H. lia.
Qed.
End Run.

(* the requests of a run in the order of R *)
Lemma arrange_run M R e : engine_run M R e ->
  exists e', engine_run M R e' /\ run_latency e' = run_latency e /\ map fst e' = R.
Proof.
  intros (HP & HF & HU). apply Permutation_sym, Permutation_map_inv in HP as (e' & -> & HP).
  exists e'. split; [split; [reflexivity|split]|split; [|reflexivity]].
  - now rewrite <- HP.
  - intros t. rewrite <- (sum_perm _ _ _ HP). apply HU.
  - symmetry. now apply sum_perm.
Qed.

(* ---- without a break *)
Lemma given_seq k n : forall p t, given k (seq (p + 1) n) t = if (p <? t) && (t <=? p + n) then k + (t - p) else 0.
Proof.
  revert k. induction n as [|n IH]; intros k p t; cbn [seq given].
  - destruct (Nat.ltb_spec p t), (Nat.leb_spec t (p + 0)); cbn [andb]; lia.
  - replace (S (p + 1)) with (S p + 1) by lia. rewrite IH.
    destruct (Nat.eqb_spec (p + 1) t), (Nat.ltb_spec (S p) t), (Nat.ltb_spec p t), (Nat.leb_spec t (S p + n)),
      (Nat.leb_spec t (p + S n)); cbn [andb]; lia.
Qed.
Lemma engine_no_preemption : Engine.engine_no_preemption.
Proof.
  intros M R e Hw He Hseq. exists (map as_start e).
  assert (Hin : forall x, In x e -> exists p, snd x = seq (p + 1) (output (fst x)) /\ as_start x = (fst x, p)).
  { intros x Hx. destruct (Hseq x Hx) as (p & Hp). exists p. split; [exact Hp|]. unfold as_start, ends. f_equal.
    destruct (run_in M R e Hw He x Hx) as (_ & Ho & _). rewrite Hp. destruct (output (fst x)) as [|o]; [lia|].
    rewrite seq_S, last_last. lia. }
  destruct He as (HP & HF & HU) eqn:Ee. clear Ee. split; [split; [|split]|].
  - now rewrite map_map.
  - apply Forall_map, Forall_forall. intros x Hx. unfold as_start. cbn [fst snd].
    destruct (run_in M R e Hw (conj HP (conj HF HU)) x Hx) as (_ & _ & _ & _ & H). lia.
  - intros t. unfold used. rewrite sum_map. etransitivity; [|exact (HU t)]. apply Nat.eq_le_incl, sum_ext.
    intros x Hx. destruct (Hin x Hx) as (p & Hp & ->). unfold counted. rewrite Hp, given_seq. reflexivity.
  - unfold total_latency, run_latency. rewrite sum_map. apply sum_ext. intros x Hx. unfold latency, as_start, ends.
    cbn [fst snd]. destruct (run_in M R e Hw (conj HP (conj HF HU)) x Hx) as (_ & _ & _ & _ & H). unfold ends in H. lia.
Qed.

(* ---- with breaks *)
Lemma ends_le e (x : request * list nat) : In x e -> ends x <= sum ends e.
Proof. induction e; simpl; [easy|]. intros [->|H]; [|specialize (IHe H)]; lia. Qed.
Open Scope Q_scope.
Lemma engine_any_run : Engine.engine_any_run.
Proof.
  intros M R e0 Hw He0. destruct (arrange_run M R e0 He0) as (e & He & <- & HR). clear e0 He0.
  pose proof (run_in M R e Hw He) as Hin. destruct He as (HP & HF & HU) eqn:Ee. clear Ee.
  set (He' := conj HP (conj HF HU) : engine_run M R e) in *.
  split; [apply q_le, (run_outputs M R e Hw He')|]. split; [|split].
  - intros T. apply fluid_quotient; auto.
    { intros ->. destruct e; [reflexivity|discriminate]. }
    change (run_latency e) with (sum (fun x => ends x - arrival (fst x))%nat e).
    apply (fluid_least M R counted ends); auto.
    + apply Forall_forall. intros x Hx t Ht. now apply (run_late M R e Hw He').
    + intros x t Hx Ht. rewrite (run_volume M R e Hw He'); auto.
  - intros T Hv HT. set (H := sum ends e).
    assert (Hl : loaded M (fun x => arrival (fst x)) (fun x => volume (fst x)) counted H e).
    { split; [exact HU|]. intros x Hx. split; [intros t Ht; now apply (run_late M R e Hw He')|]. split.
      - intros t. now apply (run_part M R e Hw He').
      - apply (run_volume M R e Hw He'); auto. now apply ends_le. }
    assert (Hpos : Forall (fun x : request * list nat => (1 <= volume (fst x))%nat) e).
    { apply Forall_forall. intros x Hx. apply volume_pos, Hin, Hx. }
    assert (Hs : StronglySorted (fun x y : request * list nat => (volume (fst x) <= volume (fst y))%nat) e).
    { rewrite <- HR in Hv. clear - Hv. unfold by_volume in Hv. induction e as [|x e IH]; [constructor|].
      simpl in Hv. inversion_clear Hv. constructor; auto. now rewrite Forall_map in H0. }
    rewrite <- HR in HT |- *. rewrite most_done_map, sum_map in HT.
    pose proof (busy_times_least M _ _ _ _ T e Hl Hpos Hs HT) as HB.
    change (@nil request) with (map (@fst request (list nat)) []). rewrite busy_times_map, qsum_map.
    unfold run_latency. rewrite qsum_sum.
    apply Qle_trans with (Qsum (fun x => busy_sum counted H x / (2 * volume (fst x))) e
      + Qsum (fun x => shape (fst x) - arrival (fst x)) e); [apply Qplus_le_compat; [exact HB|apply Qle_refl]|].
    rewrite <- qsum_plus. apply qsum_le. intros x Hx. cbv beta.
    destruct (Hin x Hx) as (_ & Ho & _ & _ & HE).
    pose proof (run_busy M R e Hw He' x H Hx (ends_le e x Hx)) as HB1. apply q_le in HB1.
    change (last (snd x) 0%nat) with (ends x). set (E := ends x) in *. set (r := fst x) in *.
    rewrite q_sub by lia. pose proof (volume_le_mom r) as Hvm.
    assert (Eb : (busy (r, E - output r) + volume r = 2 * (E - output r) * volume r + 2 * mom r)%nat)
      by (unfold busy; cbn [fst snd]; lia).
    apply q_eq in Eb. repeat (rewrite ?q_add, ?q_mul in Eb). rewrite q_sub, q_2, mom_mean in Eb by lia.
    assert (Hvq : 0 < volume r) by (apply q_pos, volume_pos, Ho). rewrite shape_mean.
    set (b := rational (busy _)) in *. set (v := rational (volume r)) in *.
    assert (HQ : busy_sum counted H x / (2 * v) <= E - output r + mean r - (1 # 2)).
    { apply Qle_div_l; [lra|]. eapply Qle_trans; [exact HB1|].
      setoid_replace b with (2 * (E - output r) * v + 2 * (v * mean r) - v) by lra. lra. }
    lra.
  - intros T y least Hy Hfall HT Hleast. set (T' := (T + sum ends e)%nat).
    assert (Hanti : forall a b, (a <= b)%nat -> y b <= y a).
    { intros a b Hab. induction Hab as [|b _ IH]; [apply Qle_refl|]. specialize (Hfall b). lra. }
    assert (E2 : Qsum y (seq 1 T') == Qsum y (seq 1 T)).
    { unfold T'. rewrite seq_app, qsum_app, (qsum_zero y (seq (1 + T) _)); [ring|].
      intros t Ht. apply in_seq in Ht. apply HT. lia. }
    assert (E3 : Qsum (fun x => Qsum (fun t => y t * counted x t) (seq 1 T')) e <= M * Qsum y (seq 1 T)).
    { rewrite <- E2, <- qsum_scale, qsum_swap. apply qsum_le. intros t _. rewrite qsum_scale.
      rewrite <- (qsum_sum (fun x => counted x t)). specialize (Hy t). pose proof (q_le _ _ (HU t)).
      rewrite (Qmult_comm M). rewrite !(Qmult_comm (y t)). now apply Qmult_le_compat_r. }
    assert (E4 : Qsum least R <= run_latency e + Qsum (fun x => Qsum (fun t => y t * counted x t) (seq 1 T')) e).
    { unfold run_latency. rewrite qsum_sum, <- qsum_plus. rewrite <- HR, qsum_map. apply qsum_le. intros x Hx.
      destruct (Hin x Hx) as (Hr & Ho & _ & _ & HE). change (last (snd x) 0%nat) with (ends x).
      pose proof (run_paid M R e Hw He' x y T' Hx Hanti ltac:(unfold T'; pose proof (ends_le e x Hx); lia)) as HP1.
      rewrite Below.paid in HP1 by (unfold T'; pose proof (ends_le e x Hx); lia).
      specialize (Hleast (fst x) (ends x - output (fst x))%nat Hr ltac:(lia)).
      rewrite q_sub by lia. rewrite q_sub in Hleast by lia. lra. }
    lra.
Qed.
