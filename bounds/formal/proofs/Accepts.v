(* What the checker accepts is true. *)
From Coq Require Import List Arith ZArith Lia Permutation QArith Qround Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Engine Claims Checker.
From kvproof.checker Require Import Sort Schedule Centroid Whole Accept.
From kvproof.checker Require Policies.
From kvproof.proofs Require Import Sums Memory Rational Engine Sorts Schedules Centroids.
From kvproof.proofs Require Runs Falling Tails Cases Listed Blocked Fluids Wholes Searches.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma combine_map {A B} (l : list A) : forall l' : list B, length l = length l' -> map fst (combine l l') = l.
Proof. induction l as [|x l IH]; intros [|y l'] H; try discriminate; auto. cbn. f_equal. auto. Qed.
Lemma beside_map R l C : beside R l = Some C -> map fst C = R.
Proof.
  unfold beside. destruct (Nat.eqb_spec (length R) (length (expand l))); [|discriminate].
  intros E. injection E as <-. now apply combine_map.
Qed.

(* ---- all arrivals earlier *)
Lemma opt_earlier M R a z : (forall r, In r R -> a <= arrival r) ->
  opt_at_least M (map (earlier a) R) z -> opt_at_least M R z.
Proof.
  intros Ha H s (HP & HA & HU).
  set (g := fun x : request * nat => (earlier a (fst x), snd x - a)).
  assert (Hin : forall x, In x s -> a <= arrival (fst x) /\ arrival (fst x) <= snd x).
  { intros x Hx. rewrite Forall_forall in HA. split; [|auto]. apply Ha.
    apply (Permutation_in _ HP). now apply in_map. }
  assert (EL : total_latency (map g s) = total_latency s).
  { unfold total_latency. rewrite sum_map. apply sum_ext. intros x Hx. destruct (Hin x Hx).
    unfold latency, g, earlier. cbn [fst snd arrival prompt output]. lia. }
  rewrite <- EL. apply H. split; [|split].
  - rewrite map_map. cbn [g fst]. rewrite <- (map_map fst (earlier a)). now apply Permutation_map.
  - apply Forall_map, Forall_forall. intros x Hx. destruct (Hin x Hx). unfold g, earlier. cbn [fst snd arrival]. lia.
  - intros t. etransitivity; [|apply (HU (t + a))]. unfold used. rewrite sum_map. apply sum_le. intros x Hx.
    destruct (Hin x Hx). unfold g, earlier, held. cbn [fst snd arrival prompt output].
    destruct (Nat.ltb_spec (snd x - a) t), (Nat.leb_spec t (snd x - a + output (fst x))); cbn [andb]; try lia.
    destruct (Nat.ltb_spec (snd x) (t + a)), (Nat.leb_spec (t + a) (snd x + output (fst x))); cbn [andb]; lia.
Qed.
Lemma by_class_perm R : Permutation (by_class R) R.
Proof. unfold by_class. now rewrite !sort_perm. Qed.
Lemma value_sound M R b q : value M R b = Some q -> opt_at_least M R q.
Proof.
  destruct b as [|h o m| |cuts|D runs|T D t|h]; cbn [value].
  - apply Fluids.volume_bound_sound.
  - apply Wholes.staggered_bound_sound.
  - apply discrete_centroid_sound.
  - destruct (beside R cuts) as [C|] eqn:E; [|discriminate]. rewrite <- (beside_map _ _ _ E). apply tail_centroid_sound.
  - apply Runs.price_bound_sound.
  - destruct (Program.branch _ _ _ _ _) eqn:E; [|discriminate]. intros Eq. injection Eq as <-.
    apply Cases.branch_sound in E. apply (opt_earlier M R (first_arrival R)); [apply Wholes.first_arrival_least|].
    refine (opt_at_least_perm M _ _ _ _ E). apply by_class_perm.
  - destruct (Search.by_search _ _ _) as [v|] eqn:E; [|discriminate]. intros Eq. injection Eq as <-.
    apply Searches.by_search_sound in E. apply (opt_earlier M R (first_arrival R)); [apply Wholes.first_arrival_least|].
    refine (opt_at_least_perm M _ _ _ _ E). apply by_class_perm.
Qed.
Lemma rounded_up_sound M R q : opt_at_least M R q -> opt_at_least M R (rounded_up q).
Proof.
  intros H s Hs. unfold rounded_up, rational. rewrite <- Zle_Qle, <- (Qceiling_Z (Z.of_nat (total_latency s))).
  apply Qceiling_resp_le. now apply H.
Qed.
Lemma by_parts_sound M last : forall l R q, by_parts M R l last = Some q -> opt_at_least M R q.
Proof.
  induction l as [|[t b] l IH]; intros R q; cbn [by_parts].
  - destruct (value M R last) as [v|] eqn:E; [|discriminate]. intros Eq. injection Eq as <-.
    apply rounded_up_sound. now apply (value_sound M R last).
  - destruct (value M _ b) as [v|] eqn:E; [|discriminate]. destruct (by_parts _ _ l last) as [v'|] eqn:E'; [|discriminate].
    intros Eq. injection Eq as <-. refine (opt_at_least_perm M _ _ _ (Wholes.filter_both (fun r => arrival r <? t) R) _).
    apply Wholes.both_parts; [apply rounded_up_sound; now apply (value_sound M _ b)|now apply IH].
Qed.
Lemma in_all_sound M R p b q : in_all M R p b = Some q -> opt_at_least M R q.
Proof. unfold in_all. destruct (parts p); [apply value_sound|apply by_parts_sound]. Qed.
Lemma schedule_costs_sound M R l U : schedule_costs M R l U = true -> some_schedule_costs M R U.
Proof.
  unfold schedule_costs. destruct (beside R l) as [s|] eqn:E; [|discriminate].
  destruct (fast_cost M s) as [U'|] eqn:EC; [|discriminate]. intros H. apply Nat.eqb_eq in H. subst U'.
  rewrite fast_cost_same in EC. destruct (cost_sound _ _ _ EC) as [HF HT]. exists s.
  now rewrite (beside_map _ _ _ E) in HF.
Qed.
Lemma proves_sound M R p enough : proves M R p enough = true -> exists q, opt_at_least M R q /\ enough q = true.
Proof.
  unfold proves. destruct (bound p) as [b|]; [|discriminate]. destruct (in_all M R p b) as [q|] eqn:E; [|discriminate].
  intros H. exists q. split; auto. now apply (in_all_sound M R p b).
Qed.
Lemma runs_value_sound M R b q : runs_value M R b = Some q -> runs_at_least M R q.
Proof.
  unfold runs_value. destruct (forallb _ R) eqn:EV; [|discriminate]. rewrite forallb_forall in EV.
  assert (Hv : valid M R).
  { apply Forall_forall. intros r Hr. specialize (EV r Hr). apply andb_prop in EV as [H1 H2].
    apply Nat.leb_le in H1, H2. split; auto. }
  destruct b as [[|h o m| |cuts|D runs|T D t|h]|]; try discriminate; intros E e He.
  - destruct (Fluids.volume_bound_value _ _ _ E) as (_ & T & HT). rewrite HT. now apply (engine_any_run M R e Hv He).
  - destruct (discrete_centroid_value _ _ _ E) as (R' & T & HP & HS & HT & _ & HQ).
    assert (Hv' : valid M R') by (unfold valid; now rewrite HP).
    assert (He' : engine_run M R' e) by (destruct He as (H1 & H2); split; [now rewrite HP|exact H2]).
    destruct (engine_any_run M R' e Hv' He') as (_ & _ & H & _). eapply Qle_trans; [exact HQ|]. now apply H.
  - destruct (beside R cuts) as [C|] eqn:EB; [|discriminate]. pose proof (beside_map _ _ _ EB) as HB.
    rewrite <- HB in Hv, He. exact (Tails.tail_centroid_runs M C q Hv E e He).
  - destruct (Runs.never_rise runs) eqn:EF; [|discriminate].
    now apply (Falling.falling_price_bound M D runs R q Hv (Falling.never_rise_sorted _ EF) E).
Qed.
Open Scope Q_scope.
Lemma checker_sound : Checker.checker_sound.
Proof.
  intros M rows c p H. unfold accepts in H. destruct c as [U|z|U|U c|A B c|how pol A B c|z|U B eta]; cbn [meaning].
  - now apply (schedule_costs_sound M _ (starts p)).
  - apply proves_sound in H as (q & Hq & H). apply Qle_bool_iff in H. now apply (opt_at_least_le M _ q).
  - apply andb_prop in H as [H1 H2]. split; [now apply (schedule_costs_sound M _ (starts p))|].
    apply proves_sound in H2 as (q & Hq & H). intros s Hs. specialize (Hq s Hs).
    destruct (Qle_bool q _) eqn:E; [discriminate|].
    assert (HL : ~ q <= inject_Z (Z.of_nat U - 1)) by (intros HL; apply Qle_bool_iff in HL; congruence).
    apply Qnot_le_lt in HL. pose proof (Qlt_le_trans _ _ _ HL Hq) as HX. unfold rational in *.
    rewrite <- Zlt_Qlt in HX. rewrite <- Zle_Qle. lia.
  - apply andb_prop in H as [H1 H2]. destruct (schedule_costs_sound _ _ _ _ H1) as (s & HF & HT).
    apply proves_sound in H2 as (q & Hq & H). apply andb_prop in H as [H3 H4].
    apply Qle_bool_iff in H3, H4. change (inject_Z 0) with 0 in H3. exists s. split; [exact HF|]. split; [exact HT|].
    intros best Hb. rewrite HT. unfold rational at 1. eapply Qle_trans; [exact H4|].
    rewrite !(Qmult_comm c). apply Qmult_le_compat_r; auto.
  - apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2]. apply Qeq_bool_iff in H3.
    split; [now apply (schedule_costs_sound M _ (costlier p))|].
    split; [now apply (schedule_costs_sound M _ (starts p))|exact H3].
  - apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2]. apply Qeq_bool_iff in H3.
    destruct (Policies.policy_total how pol M (expand rows)) as [A'|] eqn:E; [|discriminate]. apply Z.eqb_eq in H1. subst A'.
    split; [now apply Listed.policy_total_sound|].
    split; [now apply (schedule_costs_sound M _ (starts p))|exact H3].
  - destruct (runs_value M (expand rows) _) as [q|] eqn:E; [|discriminate]. apply Qle_bool_iff in H.
    intros e He. eapply Qle_trans; [exact H|]. now apply (runs_value_sound _ _ _ _ E).
  - apply andb_prop in H as [H1 H2]. unfold schedule_costs in H1.
    destruct (beside _ (starts p)) as [s|] eqn:E; [|discriminate].
    destruct (fast_cost M s) as [U'|] eqn:EC; [|discriminate]. apply Nat.eqb_eq in H1. subst U'.
    rewrite fast_cost_same in EC. destruct (cost_sound _ _ _ EC) as [HF HT]. rewrite (beside_map _ _ _ E) in HF.
    destruct (Blocked.chain_holds_sound _ _ _ _ _ _ H2 HT) as (s' & HP & HO & Hb & Hm & HS & HC & HE).
    rewrite (beside_map _ _ _ E) in HO, Hb, Hm, HE. exists s'. split; [exact HO|]. split.
    + destruct HF as (F1 & F2 & F3). split; [now rewrite HP|]. split; [now rewrite HP|].
      intros t. now rewrite (used_perm _ _ _ HP).
    + split; [|auto]. rewrite <- HT. unfold total_latency. now apply sum_perm.
Qed.
