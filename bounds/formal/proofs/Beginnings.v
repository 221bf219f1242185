(* The rules of the judgement about searches (rules/Search.v). *)
From Coq Require Import List Arith ZArith Lia Permutation Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Program.
From kvproof.proofs Require Import Sums Memory Opt Rational.
From kvproof.proofs Require Wholes.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma feasible_perm M R s s' : Permutation s s' -> feasible M R s -> feasible M R s'.
Proof.
  intros H (HP & HA & HU). split; [|split].
  - now rewrite <- H.
  - now rewrite <- H.
  - intros t. rewrite <- (used_perm _ _ t H). apply HU.
Qed.
Lemma total_perm s s' : Permutation s s' -> total_latency s = total_latency s'.
Proof. apply sum_perm. Qed.
Lemma best_perm M R s s' : Permutation s s' -> best M R s -> best M R s'.
Proof.
  intros H [HF HB]. split; [now apply (feasible_perm M R s)|]. intros b Hb. rewrite <- (total_perm _ _ H). auto.
Qed.

Lemma search_begin : Search.search_begin.
Proof.
  intros M R V Hv _. destruct (opt_attained M R Hv) as (s & HF & HB). exists [], s.
  split; [now left|]. split; [|now split]. apply Forall_forall. intros; lia.
Qed.
Lemma search_end : Search.search_end.
Proof.
  intros M R V t H s HF. apply q_le. destruct (le_lt_dec V (total_latency s)) as [|Hlt]; auto.
  destruct H as (b & l & [] & _). eauto.
Qed.
Lemma search_step : Search.search_step.
Proof.
  intros M R V t L L' H HS Hex. destruct (H Hex) as (begun & later & Hin & Hfrom & Hb).
  set (now_ := filter (fun x => snd x =? t) later). set (rest := filter (fun x => negb (snd x =? t)) later).
  assert (HP : Permutation later (now_ ++ rest)) by (symmetry; apply Wholes.filter_both).
  assert (Hb' : best M R (begun ++ now_ ++ rest)) by (apply (best_perm _ _ _ _ (Permutation_app_head begun HP)), Hb).
  assert (Hrest : from (S t) rest).
  { apply Forall_forall. intros x Hx. apply filter_In in Hx as [Hx Hn]. unfold from in Hfrom. rewrite Forall_forall in Hfrom.
    specialize (Hfrom x Hx). destruct (Nat.eqb_spec (snd x) t); [discriminate|lia]. }
  destruct (HS begun now_ rest Hin) as (begun' & Hin' & HP'); auto.
  { apply Forall_forall. intros x Hx. apply filter_In in Hx as [_ Hx]. now apply Nat.eqb_eq. }
  exists begun', rest. split; [auto|]. split; [auto|]. apply (best_perm _ _ (begun ++ now_ ++ rest)); auto.
  rewrite app_assoc. now apply Permutation_app_tail, Permutation_sym.
Qed.

Lemma from_unused t later u : from t later -> u <= t -> used later u = 0.
Proof.
  unfold from. induction 1 as [|[r p] later Hx _ IH]; intros Hu; [reflexivity|].
  rewrite used_cons, IH, held_before by (cbn in Hx; lia). reflexivity.
Qed.
(* a best schedule wastes nothing *)
Lemma no_waste M R t begun later : valid M R -> from t later -> best M R (begun ++ later) -> ~ wasteful M R t begun.
Proof.
  intros Hv Hf [HF HB] (r & p & Ha & He & Hroom & Hr). specialize (Hr later HF).
  apply in_map_iff in Hr as ([r' q] & E & Hq). cbn [fst] in E. subst r'.
  apply in_split in Hq as (l1 & l2 & ->).
  assert (Hr : In r R).
  { destruct HF as (HP & _). apply (Permutation_in _ HP). rewrite !map_app. cbn. rewrite !in_app_iff. cbn. tauto. }
  unfold valid in Hv. rewrite Forall_forall in Hv. destruct (Hv r Hr) as [Ho _].
  assert (Hq : t <= q).
  { unfold from in Hf. rewrite Forall_app in Hf. destruct Hf as [_ Hf]. inversion_clear Hf. assumption. }
  assert (HP : Permutation (begun ++ l1 ++ (r, q) :: l2) ((r, q) :: begun ++ l1 ++ l2)).
  { rewrite !app_assoc. symmetry. apply Permutation_middle. }
  apply (feasible_perm _ _ _ _ HP) in HF.
  assert (HF' : feasible M R ((r, p) :: begun ++ l1 ++ l2)).
  { destruct HF as (H1 & H2 & H3). split; [exact H1|]. split.
    - inversion_clear H2. constructor; assumption.
    - intros u. specialize (H3 u). rewrite used_cons, used_app in *. destruct (le_lt_dec u t) as [Hu|Hu].
      + rewrite (from_unused t (l1 ++ l2)) by (auto; unfold from in *; rewrite !Forall_app in *; destruct Hf as [F1 F2]; inversion_clear F2; auto).
        specialize (Hroom u Hu). lia.
      + rewrite (held_after r p u) by lia. lia. }
  specialize (HB _ HF'). rewrite (total_perm _ _ HP) in HB. unfold total_latency in HB. cbn [sum] in HB.
  unfold latency at 1 3 in HB. cbn [fst snd] in HB.
  assert (Ha' : arrival r <= q) by (destruct HF as (_ & H2 & _); inversion_clear H2; assumption). lia.
Qed.
Lemma beaten_too M R t L begun later : from t later -> best M R (begun ++ later) -> beaten M t L begun ->
  exists other, In other L /\ best M R (other ++ later).
Proof.
  intros Hf [HF HB] (other & Hin & HP & HA & HU & HT & Hlater). exists other. split; auto.
  assert (HF' : feasible M R (other ++ later)).
  { destruct HF as (H1 & H2 & H3). split; [|split].
    - rewrite map_app in *. now rewrite HP.
    - rewrite Forall_app in *. tauto.
    - intros u. specialize (H3 u). rewrite used_app in *. destruct (le_lt_dec u t) as [Hu|Hu].
      + rewrite (from_unused t later) by auto. specialize (HU u). lia.
      + specialize (Hlater u Hu). lia. }
  split; auto. intros s Hs. specialize (HB s Hs). unfold total_latency in *. rewrite sum_app in *. lia.
Qed.
Lemma search_drop : Search.search_drop.
Proof.
  intros M R V t L L' Hv H HD Hex. destruct (H Hex) as (begun & later & Hin & Hf & Hb).
  destruct (HD begun Hin) as [Hin'|[Hd|[Hw|Hb']]].
  - exists begun, later. auto.
  - exfalso. destruct Hex as (s & Hs & Hlt). destruct Hb as [HF HB]. specialize (Hd later Hf HF). specialize (HB s Hs). lia.
  - exfalso. exact (no_waste M R t begun later Hv Hf Hb Hw).
  - destruct (beaten_too M R t L' begun later Hf Hb Hb') as (other & Ho & Hb2). exists other, later. auto.
Qed.

(* ---- multipliers *)
Open Scope Z_scope.
Lemma Zsum_app {A} (f : A -> Z) l l' : Zsum f (l ++ l') = Zsum f l + Zsum f l'.
Proof. unfold Zsum, zsum. induction l as [|x l IH]; cbn [app map fold_right]; [lia|]. rewrite IH. lia. Qed.
Lemma Zsum_cons {A} (f : A -> Z) x l : Zsum f (x :: l) = f x + Zsum f l.
Proof. reflexivity. Qed.
Lemma Zsum_map {A B} (g : A -> B) (f : B -> Z) l : Zsum f (map g l) = Zsum (fun x => f (g x)) l.
Proof. unfold Zsum. now rewrite map_map. Qed.
Lemma Zsum_ext {A} (f g : A -> Z) l : (forall x, In x l -> f x = g x) -> Zsum f l = Zsum g l.
Proof. intros H. unfold Zsum. f_equal. now apply map_ext_in. Qed.
Lemma Zsum_le {A} (f g : A -> Z) l : (forall x, In x l -> f x <= g x) -> Zsum f l <= Zsum g l.
Proof.
  unfold Zsum, zsum. induction l as [|x l IH]; cbn [map fold_right]; intros H; [lia|].
  pose proof (H x (or_introl eq_refl)). specialize (IH (fun y Hy => H y (or_intror Hy))). lia.
Qed.
Lemma Zsum_perm {A} (f : A -> Z) l l' : Permutation l l' -> Zsum f l = Zsum f l'.
Proof. unfold Zsum, zsum. induction 1; cbn [map fold_right] in *; lia. Qed.
Lemma filter_all {A} (f : A -> bool) l : (forall x, In x l -> f x = true) -> filter f l = l.
Proof.
  induction l as [|x l IH]; intros H; [reflexivity|]. cbn [filter]. rewrite (H x) by now left. f_equal. apply IH. intros; apply H; now right.
Qed.
Lemma filter_none {A} (f : A -> bool) l : (forall x, In x l -> f x = false) -> filter f l = [].
Proof.
  induction l as [|x l IH]; intros H; [reflexivity|]. cbn [filter]. rewrite (H x) by now left. apply IH. intros; apply H; now right.
Qed.
Lemma search_multipliers : Search.search_multipliers.
Proof.
  intros scale alpha beta t begun later Hb Hf. unfold events_from. rewrite !filter_app, !Zsum_app.
  unfold from in Hf. rewrite Forall_forall in Hb, Hf.
  rewrite (filter_none (starts_from t) begun) by (intros x Hx; apply Nat.leb_gt; auto).
  rewrite (filter_all (starts_from t) later) by (intros x Hx; apply Nat.leb_le; auto).
  rewrite (filter_all (ends_from t) later) by (intros x Hx; apply Nat.leb_le; specialize (Hf x Hx); lia).
  unfold total_latency. rewrite sum_app, Nat2Z.inj_add.
  assert (HD : Zsum (priced scale alpha beta) later = scale * Z.of_nat (sum latency later)
    + Zsum (fun x => alpha (fst x) (snd x)) later + Zsum (fun x => beta (fst x) (snd x)) later).
  { clear. unfold Zsum, zsum. induction later as [|x later IH]; cbn [map fold_right sum]; [lia|]. rewrite IH.
    unfold priced at 1. rewrite Nat2Z.inj_add. lia. }
  rewrite HD. assert (H0 : forall f : request * nat -> Z, Zsum f [] = 0) by reflexivity. rewrite H0. lia.
Qed.
