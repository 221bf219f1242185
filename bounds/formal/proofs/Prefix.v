(* Strict SVF from above, each start by what precedes it alone. *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model Statements.
From kvproof.proofs Require Import Sums Memory Lower Chain Simulate Rational Above.
Open Scope nat_scope.
Set Default Timeout 100.

(* blocks leave from every step before the start of (r, p); heads satisfy QH, those before it QB *)
Lemma strict_blocked M c b (QH QB : request -> Prop) r p l2 :
  (forall prev h t, QH h -> Forall (fun x => QB (fst x)) prev -> Forall (fun x => snd x <= t) prev ->
     ~ adm M prev h t -> dense c b prev t) ->
  forall l1 prev t0, strict M prev t0 (l1 ++ (r, p) :: l2) -> QH r ->
  Forall (fun x => QH (fst x) /\ QB (fst x)) l1 -> Forall (fun x => QB (fst x)) prev ->
  Forall (fun x => snd x <= t0) prev -> blocked c b prev t0 -> blocked c b (rev l1 ++ prev) p.
Proof.
  intros Hblock. induction l1 as [|[q w] l1 IH]; intros prev t0 Hs Hr Hl Hp Ht Hb.
  - cbn [app rev] in *. inversion Hs; subst. intros t Htp. destruct (le_lt_dec t0 t); [|apply Hb; lia].
    apply Hblock with r; auto. eapply Forall_impl; [|exact Ht]. simpl; lia.
  - cbn [app rev] in *. inversion_clear Hl as [|? ? [H1 H2] Hl']. inversion Hs; subst. cbn [fst] in *.
    rewrite <- app_assoc. cbn [app]. apply (IH ((q, w) :: prev) w); auto.
    + constructor; [cbn; lia|]. eapply Forall_impl; [|exact Ht]. simpl; lia.
    + intros t Htw. apply dense_cons. destruct (le_lt_dec t0 t); [|apply Hb; lia].
      apply Hblock with q; auto. eapply Forall_impl; [|exact Ht]. simpl; lia.
Qed.
(* all before have ended by e: then r fits *)
Lemma strict_ended M e r p l2 : peak r <= M -> forall l1 prev t0, strict M prev t0 (l1 ++ (r, p) :: l2) ->
  t0 <= e -> Forall (fun x => fin x <= e) l1 -> Forall (fun x => fin x <= e) prev -> p <= e.
Proof.
  intros Hr. induction l1 as [|[q w] l1 IH]; intros prev t0 Hs Ht Hl Hp; cbn [app] in Hs.
  - inversion Hs; subst. destruct (le_lt_dec p e) as [|He]; auto. exfalso.
    match goal with h : forall t, _ -> ~ adm _ _ _ _ |- _ => apply (h e) end; [lia|]. now apply adm_idle.
  - inversion_clear Hl as [|? ? H1 Hl']. inversion Hs; subst. unfold fin in H1. cbn [fst snd] in H1. apply (IH ((q, w) :: prev) w); auto; lia.
Qed.

Open Scope Q_scope.
Lemma svf_backlog_prefix : Statements.svf_backlog_prefix.
Proof.
  intros M R s Hs. destruct (svf_run M R s Hs) as (Hw & _ & _ & _ & l & Hl & HR & ->).
  split; [now rewrite rev_involutive|]. intros later r p earlier E m W.
  assert (El : l = rev earlier ++ (r, p) :: rev later).
  { rewrite <- (rev_involutive l), E, rev_app_distr. cbn [rev]. now rewrite <- app_assoc. }
  clear E. rewrite El in Hl, HR. rewrite map_app in HR. cbn [map fst] in HR.
  assert (Hin : forall q, In q (r :: map fst earlier) -> In q R).
  { intros q [<-|Hq]; rewrite <- HR; [apply in_elt|]. apply in_or_app. left. rewrite map_rev. now apply in_rev in Hq. }
  unfold valid in Hw. rewrite Forall_forall in Hw.
  assert (HmM : (m <= M)%nat).
  { apply peak_valid, Forall_forall. intros q Hq. now apply Hw, Hin. }
  assert (HW : (sum (fun x : request * nat => volume (fst x)) (rev (rev earlier) ++ []) = W)%nat).
  { now rewrite app_nil_r, rev_involutive. }
  assert (Hpk : Forall (fun x : request * nat => (peak (fst x) <= m)%nat) (rev earlier)).
  { apply Forall_forall. intros x Hx. apply in_rev in Hx. apply peak_le. right. now apply in_map. }
  assert (Hend : forall e : nat, (forall x, In x earlier -> snd x + output (fst x) <= e)%nat -> (p <= e)%nat).
  { intros e He. apply (strict_ended M e r p (rev later)) with (l1 := rev earlier) (prev := []) (t0 := 0%nat); auto; try lia.
    - apply Hw, Hin. now left.
    - apply Forall_forall. intros x Hx. apply in_rev in Hx. now apply He. }
  split; [|split]; [| |exact Hend].
  - assert (HB : blocked (M - m + 2) 2 (rev (rev earlier) ++ []) p).
    { refine (strict_blocked M _ 2 (fun q => peak q <= m)%nat (fun _ => True) r p (rev later) _ (rev earlier) [] 0%nat Hl _ _ _ _ _);
        [| | |constructor|constructor|].
      - intros prev h t Hh _ Ht Ha. now apply (Chain.block M m prev h t).
      - apply peak_le. now left.
      - eapply Forall_impl; [|exact Hpk]. simpl; auto.
      - intros t Ht. lia. }
    apply chain in HB. rewrite HW in HB. to_Q HB. rewrite q_sub in HB by exact HmM.
    pose proof (q_le _ _ HmM). apply Qle_div_r; lra.
  - intros eta Hm Heta Hok. destruct (q_quotient eta Heta) as (a & b & Ha & Hb & Eab).
    assert (Hden : 0 < eta * (M - m)) by (apply q_lt in Hm; nra).
    destruct earlier as [|x0 earlier'] eqn:Ee; [|rewrite <- Ee in *].
    { specialize (Hend 0%nat ltac:(easy)). assert (p = 0%nat) by lia. subst p. rewrite q_0.
      apply Qdiv_nonneg; [apply q_nonneg|exact Hden]. }
    assert (Hnat : forall x, In x earlier -> eta_ok a b (fst x) /\ (a <= b)%nat).
    { intros x Hx. apply (eta_natural eta); auto. apply Hw, Hin. right. now apply in_map. }
    assert (Hab : (a <= b)%nat) by (apply (Hnat x0); rewrite Ee; now left).
    assert (HB : blocked (a * (M - m)) b (rev (rev earlier) ++ []) p).
    { refine (strict_blocked M _ b (fun q => peak q <= m)%nat (eta_ok a b) r p (rev later) _ (rev earlier) [] 0%nat Hl _ _ _ _ _);
        [| | |constructor|constructor|].
      - intros prev h t Hh HP Ht Hna. destruct (not_adm _ _ _ _ Hna) as (d & Hd & Hu). exists d. split; [lia|].
        pose proof (block_sum_eta a b prev t d Hab HP Ht) as H1. etransitivity; [|exact H1].
        rewrite <- Nat.mul_assoc. apply Nat.mul_le_mono_l. unfold peak in Hh. nia.
      - apply peak_le. now left.
      - apply Forall_forall. intros x Hx. split; [rewrite Forall_forall in Hpk; now apply Hpk|].
        apply in_rev in Hx. now apply Hnat.
      - intros t Ht. lia. }
    apply chain in HB. rewrite HW in HB. to_Q HB. rewrite q_sub in HB by exact HmM.
    apply q_pos in Ha. apply q_pos in Hb. apply Qle_div_r; [exact Hden|]. rewrite Eab.
    apply (Qmult_le_l _ _ b Hb).
    setoid_replace (b * (p * (a / b * (M - m)))) with (a * (M - m) * p) by (field; intros E'; lra). exact HB.
Qed.
