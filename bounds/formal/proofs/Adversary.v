(* Whatever a policy does with a long request alone, shorts arrive just after its start, or never. *)
From Coq Require Import List Arith Lia Permutation Bool.
Import ListNotations.
From kvproof.spec Require Import Model Unbounded.
From kvproof.proofs Require Import Sums Memory.
Open Scope nat_scope.
Set Default Timeout 100.

Section Adversary.
Variables k : nat.
Hypothesis Hk : 1 <= k.
Let n := k * k.
Let M := n * (n + 1).
Definition long := Request 0 (M - n) n.
Definition short (p : nat) := Request (p + 1) n 1.
Definition instance (p : nat) : list request := long :: repeat (short p) n.

Lemma n_pos : 1 <= n. Proof. unfold n. nia. Qed.
Lemma peaks : peak long = M /\ forall p, peak (short p) = n + 1 /\ n + 1 <= M.
Proof. pose proof n_pos. unfold peak, M. cbn [long short prompt output]. unfold M. split; [nia|intros; nia]. Qed.
Lemma instance_valid p : valid M (instance p).
Proof.
  destruct peaks as [H1 H2]. pose proof n_pos. constructor.
  - rewrite H1. cbn [long output]. lia.
  - apply Forall_forall. intros r Hr. apply repeat_spec in Hr as ->. destruct (H2 p) as [-> H3]. cbn [short output]. lia.
Qed.
Lemma long_valid : valid M [long].
Proof. pose proof (instance_valid 0) as H. inversion_clear H. now constructor. Qed.

(* the shorts first, then the long one *)
Definition patient (p : nat) : schedule := (long, p + 2) :: map (fun r => (r, p + 1)) (repeat (short p) n).
Lemma patient_feasible p : feasible M (instance p) (patient p).
Proof.
  destruct peaks as [H1 H2]. split; [|split].
  - unfold patient, instance. cbn [map fst]. now rewrite map_map, map_id.
  - constructor; [cbn; lia|]. apply Forall_forall. intros x Hx. apply in_map_iff in Hx as (r & <- & Hr).
    apply repeat_spec in Hr as ->. cbn [fst snd short arrival]. lia.
  - intros t. unfold patient. rewrite used_cons. unfold used. rewrite sum_map, sum_repeat. cbn [fst snd].
    destruct (le_lt_dec t (p + 2)).
    + rewrite (held_before long) by lia. unfold M. cbn [Nat.add]. apply Nat.mul_le_mono_l.
      pose proof (held_peak (short p) (p + 1) t). destruct (H2 p). lia.
    + rewrite (held_after (short p)) by (cbn [short output]; lia). rewrite Nat.mul_0_r, Nat.add_0_r, <- H1.
      apply held_peak.
Qed.
Lemma patient_total p : total_latency (patient p) = p + 2 + 2 * n.
Proof.
  unfold patient, total_latency. cbn [sum]. rewrite sum_map, sum_repeat. unfold latency.
  cbn [fst snd long short output arrival]. nia.
Qed.

(* while the long one runs no short one fits *)
Lemma short_waits p q s : (forall t, used ((long, p) :: s) t <= M) -> In (short p, q) s -> p + 1 <= q -> p + n <= q.
Proof.
  intros HU Hin Hq. destruct (le_lt_dec (p + n) q) as [|H]; auto. exfalso. specialize (HU (q + 1)).
  apply in_split in Hin as (s1 & s2 & ->). rewrite used_cons, used_app, used_cons in HU.
  replace (q + 1) with (p + (q + 1 - p)) in HU at 1 by lia. pose proof n_pos.
  rewrite (held_in long) in HU by (cbn [long output]; lia).
  rewrite (held_in (short p)) in HU by (cbn [short output]; lia). cbn [long short prompt] in HU. unfold M in HU. nia.
Qed.
Lemma forced p s : feasible M (instance p) s -> In (long, p) s -> p + n + n * n <= total_latency s.
Proof.
  intros (HP & HA & HU) Hin. apply in_split in Hin as (s1 & s2 & Es).
  assert (Hs : Permutation s ((long, p) :: s1 ++ s2)) by (rewrite Es; symmetry; apply Permutation_middle).
  clear Es. set (s' := s1 ++ s2) in *. clearbody s'. clear s1 s2.
  assert (HP' : Permutation (map fst s') (repeat (short p) n)).
  { apply (Permutation_cons_inv (a := long)). change (long :: map fst s') with (map fst ((long, p) :: s')).
    now rewrite <- Hs. }
  assert (HU' : forall t, used ((long, p) :: s') t <= M) by (intros t; now rewrite <- (used_perm _ _ t Hs)).
  unfold total_latency. rewrite (sum_perm latency _ _ Hs). cbn [sum]. unfold latency at 1.
  cbn [fst snd long output arrival].
  assert (Hl : length s' = n).
  { rewrite <- (map_length fst), (Permutation_length HP'), repeat_length. reflexivity. }
  assert (n * length s' <= sum latency s'); [|rewrite Hl in *; lia].
  rewrite <- sum_const. apply sum_le. intros [r q] Hx.
  assert (r = short p).
  { apply (repeat_spec n). eapply Permutation_in; [exact HP'|]. exact (in_map fst _ _ Hx). }
  subst r. rewrite Hs in HA. rewrite Forall_forall in HA.
  specialize (HA (short p, q) (or_intror Hx)). cbn [fst snd short arrival] in HA.
  pose proof (short_waits p q s' HU' Hx HA). unfold latency. cbn [fst snd short output arrival]. lia.
Qed.
Lemma counted p : p < k * k * k -> (k - 1) * (p + 2 + 2 * n) <= p + n + n * n.
Proof.
  intros Hp. unfold n. destruct k as [|[|j]]; [lia|simpl; lia|].
  replace (S (S j) - 1) with (j + 1) by lia. set (q := S (S j)) in *.
  assert (H : j * p <= j * (q * q * q)) by (apply Nat.mul_le_mono_l; lia). unfold q in *. clear - H. nia.
Qed.
End Adversary.

Lemma online_any_policy : Unbounded.online_any_policy.
Proof.
  intros A HF HA k. destruct k as [|k'].
  { exists 1, [Request 0 0 1], [(Request 0 0 1, 0)]. split; [repeat constructor|]. split; [simpl; lia|]. split; [discriminate|].
    split; [|simpl; lia]. split; [constructor; constructor|]. split; [repeat constructor|].
    intros t. unfold used. cbn [sum fst snd]. pose proof (held_peak (Request 0 0 1) 0 t). unfold peak in H. cbn in *. lia. }
  set (k := S k'). assert (Hk : 1 <= k) by (unfold k; lia). clearbody k. clear k'.
  set (n := k * k). set (M := n * (n + 1)). pose proof (long_valid k Hk) as Hw.
  pose proof (HF M [long k] Hw) as HFl. destruct HFl as (HP & HAl & _).
  apply Permutation_sym, Permutation_length_1_inv in HP.
  destruct (A M [long k]) as [|[r p] s'] eqn:EA; [discriminate|]. destruct s'; [|discriminate].
  cbn in HP. inversion HP; subst r.
  destruct (le_lt_dec (k * k * k) p) as [Hp|Hp].
  - exists M, [long k], [(long k, 0)]. split; [exact Hw|]. split; [simpl; lia|]. split; [discriminate|]. split.
    + split; [constructor; constructor|]. split; [repeat constructor|]. intros t. unfold used. cbn [sum fst snd].
      rewrite Nat.add_0_r. destruct (peaks k Hk) as [E _]. etransitivity; [apply held_peak|].
      rewrite E. apply Nat.le_refl.
    + rewrite EA. unfold total_latency, latency. cbn [sum fst snd long output arrival]. fold n. unfold n. nia.
  - exists M, (instance k p), (patient k p). split; [now apply instance_valid|]. split.
    { unfold instance. cbn [length]. rewrite repeat_length. lia. }
    split; [discriminate|]. split; [now apply patient_feasible|].
    rewrite patient_total by auto. etransitivity; [now apply counted|].
    apply forced; auto; [now apply HF, instance_valid|].
    assert (HK : known p (instance k p) = known p [long k]).
    { unfold known, instance. cbn [filter long arrival]. cbn [Nat.leb]. f_equal.
      generalize (k * k) as j. induction j as [|j IH]; [reflexivity|]. cbn [repeat filter short arrival].
      destruct (Nat.leb_spec (p + 1) p); [lia|exact IH]. }
    pose proof (HA M _ _ p HK) as HS. rewrite EA in HS. unfold started at 2 in HS. cbn [filter snd] in HS.
    rewrite Nat.leb_refl in HS. symmetry in HS.
    assert (Hin : In (long k, p) (started p (A M (instance k p)))) by (eapply Permutation_in; [exact HS|now left]).
    apply filter_In in Hin. apply Hin.
Qed.
