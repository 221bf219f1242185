(* The first start that running requests leave to another is what the test of the model makes it. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model OneBit.
From kvproof.checker Require Import Sort Events.
From kvproof.proofs Require Import Sums Memory Chain Sorts.
Open Scope Z_scope.
Set Default Timeout 100.

(* ---- what running requests hold, and the first start that they leave *)
Definition offsets (l : list running) : Z := fold_right (fun e z => offset e + z) 0 l.
Definition hold (l : list running) (u : Z) : Z :=
  fold_right (fun e z => (if u <=? assumed e then u + offset e else 0) + z) 0 l.
Lemma hold_cons e l u : hold (e :: l) u = (if u <=? assumed e then u + offset e else 0) + hold l u.
Proof. reflexivity. Qed.
Lemma hold_all l u : Forall (fun e => u <= assumed e) l -> hold l u = Z.of_nat (length l) * u + offsets l.
Proof.
  induction 1 as [|e l He _ IH]; [reflexivity|]. rewrite hold_cons, IH. unfold offsets. cbn [length fold_right].
  destruct (Z.leb_spec u (assumed e)); lia.
Qed.
Lemma hold_perm l l' u : Permutation l l' -> hold l u = hold l' u.
Proof. induction 1; rewrite ?hold_cons; try lia; reflexivity. Qed.
Lemma climb_spec M s o now (H : Z -> Z) : 1 <= o -> s + o <= M -> forall l n tokens p L,
  rising assumed l -> n = Z.of_nat (length l) -> tokens = offsets l -> now <= p ->
  Forall (fun e => 0 <= now + offset e) l -> Forall (fun e => L <= assumed e) l ->
  (forall u, now < u -> hold l u <= H u) -> (forall u, now < u -> L < u -> H u = hold l u) ->
  (forall u, p < u <= L -> H u + s + u - p <= M) ->
  let p' := climb M s o n tokens p l in
  p <= p' /\ (forall q, p <= q < p' -> exists d, 1 <= d <= o /\ M < H (q + d) + s + d) /\
  (forall d, 1 <= d <= o -> H (p' + d) + s + d <= M).
Proof.
  intros Ho Hs. induction l as [|e l IH]; intros n tokens p L Hr Hn Ht Hp Hoff HL HB HE HI; cbn [climb].
  - split; [lia|]. split; [lia|]. intros d Hd. destruct (Z_le_gt_dec (p + d) L).
    + specialize (HI (p + d) ltac:(lia)). lia.
    + rewrite HE by lia. change (hold [] (p + d)) with 0. lia.
  - inversion Hr as [|? ? Hr' Hle]; subst n tokens. subst. inversion_clear Hoff as [|? ? Ho1 Hoff'].
    inversion_clear HL as [|? ? HL1 HL']. set (E := assumed e) in *.
    set (n := Z.of_nat (length (e :: l))). set (tokens := offsets (e :: l)).
    assert (HA : forall u, u <= E -> hold (e :: l) u = n * u + tokens).
    { intros u Hu. apply hold_all. constructor; [exact Hu|]. eapply Forall_impl; [|exact Hle]. fold E. simpl. lia. }
    assert (Hn0 : 0 <= n) by (unfold n; lia).
    destruct ((p + o <? E) && (n * (p + o) + tokens + s + o <=? M)) eqn:EB.
    + apply andb_prop in EB as [B1 B2]. apply Z.ltb_lt in B1. apply Z.leb_le in B2.
      split; [lia|]. split; [lia|]. intros d Hd. destruct (Z_le_gt_dec (p + d) L).
      * specialize (HI (p + d) ltac:(lia)). lia.
      * rewrite HE, HA by lia. nia.
    + set (X := n * E + tokens + s + E - M). set (p2 := Z.max p (Z.min X E)).
      destruct (IH (n - 1) (tokens - offset e) p2 E) as (I1 & I2 & I3); auto; try lia.
      * unfold n. cbn [length]. lia.
      * unfold tokens, offsets. cbn [fold_right]. lia.
      * intros u Hu. specialize (HB u Hu). rewrite hold_cons in HB. destruct (u <=? assumed e); lia.
      * intros u Hu HuE. rewrite HE by lia. rewrite hold_cons. fold E. destruct (Z.leb_spec u E); lia.
      * intros u Hu. destruct (Z_le_gt_dec u L).
        -- specialize (HI u ltac:(lia)). lia.
        -- rewrite HE, HA by lia. assert (X <= p2) by lia. unfold X in *. nia.
      * split; [lia|]. split; [|exact I3]. intros q Hq. destruct (Z_lt_ge_dec q p2) as [Hq2|]; [|apply I2; lia].
        assert (HqX : q < X /\ q < E) by lia. destruct (Z_le_gt_dec E (q + o)) as [HqE|HqE].
        -- exists (E - q). split; [lia|]. replace (q + (E - q)) with E by lia.
           specialize (HB E ltac:(lia)). rewrite HA in HB by lia. unfold X in HqX. lia.
        -- exists o. split; [lia|]. specialize (HB (q + o) ltac:(lia)). rewrite HA in HB by lia.
           assert (HG : M < n * (p + o) + tokens + s + o).
           { destruct (Z.ltb_spec (p + o) E); [|lia]. cbn [andb] in EB. apply Z.leb_gt in EB. lia. }
           nia.
Qed.

(* ---- the test of the model, by the running requests *)
Section Test.
Variables (M : nat) (exact : bool) (o : request -> nat).
Hypothesis is_exact : exact = true -> forall r, o r = output r.
Definition entry (x : request * nat) : running :=
  Running (Z.of_nat (snd x + o (fst x))) (Z.of_nat (prompt (fst x)) - Z.of_nat (snd x)) (Z.of_nat (fin x)).
Definition runs (t : nat) (s : schedule) : schedule := filter (fun x => (t <? fin x)%nat) s.
Definition as_taken (s : schedule) : schedule := map (fun x => (taken o (fst x), snd x)) s.
Lemma reserved_runs s r t : reserved M o s r t = admissible M (as_taken (runs t s)) (taken o r) t.
Proof. reflexivity. Qed.
Lemma hold_used t u s : Forall (fun x => (snd x <= t)%nat) s -> (t < u)%nat ->
  hold (map entry s) (Z.of_nat u) = Z.of_nat (used (as_taken s) u).
Proof.
  intros H Hu. induction H as [|[r p] s Hp _ IH]; [reflexivity|]. unfold as_taken in *. cbn [map].
  rewrite hold_cons, IH, used_cons. cbn [fst snd entry assumed offset] in *. unfold held, taken. cbn [prompt output].
  destruct (Z.leb_spec (Z.of_nat u) (Z.of_nat (p + o r))), (Nat.ltb_spec p u), (Nat.leb_spec u (p + o r)); cbn [andb]; lia.
Qed.
(* the list [l] holds those that ran at some step up to t *)
Definition tracks (l : list running) (s : schedule) (t : nat) : Prop :=
  Forall (fun x => (snd x <= t /\ output (fst x) <= o (fst x))%nat) s /\ rising assumed l /\
  exists t0, (t0 <= t)%nat /\ Permutation l (map entry (runs t0 s)).
Lemma filter_rising {A} (key : A -> Z) f l : rising key l -> rising key (filter f l).
Proof.
  induction 1 as [|x l _ IH Hx]; [constructor|]. cbn [filter]. destruct (f x); [|exact IH]. constructor; [exact IH|].
  rewrite Forall_forall in *. intros y Hy. apply filter_In in Hy. now apply Hx.
Qed.
Lemma filter_perm' {A} (f : A -> bool) l l' : Permutation l l' -> Permutation (filter f l) (filter f l').
Proof.
  induction 1; cbn [filter]; auto.
  - destruct (f x); auto.
  - destruct (f x), (f y); auto. apply perm_swap.
  - etransitivity; eauto.
Qed.
Lemma prune_runs l s t : tracks l s t -> rising assumed (prune (Z.of_nat t) l) /\
  Permutation (prune (Z.of_nat t) l) (map entry (runs t s)).
Proof.
  intros (_ & Hr & t0 & Ht & HP). split; [now apply filter_rising|]. unfold prune.
  rewrite (filter_perm' _ _ _ HP). clear l Hr HP. unfold runs.
  assert (E : filter (fun e => Z.of_nat t <? ends e) (map entry (filter (fun x => (t0 <? fin x)%nat) s)) =
              map entry (filter (fun x => (t <? fin x)%nat) s)); [|now rewrite E].
  induction s as [|x s IH]; [reflexivity|]. cbn [filter].
  destruct (Nat.ltb_spec t0 (fin x)), (Nat.ltb_spec t (fin x)); cbn [map filter]; rewrite ?IH; try lia; try reflexivity;
    change (ends (entry x)) with (Z.of_nat (fin x)); destruct (Z.ltb_spec (Z.of_nat t) (Z.of_nat (fin x))); try lia; reflexivity.
Qed.
Lemma place_perm e l : Permutation (place e l) (e :: l).
Proof.
  induction l as [|x l IH]; cbn [place]; [reflexivity|]. destruct (_ <=? _); [reflexivity|]. rewrite IH. apply perm_swap.
Qed.
Lemma place_rising e l : rising assumed l -> rising assumed (place e l).
Proof.
  induction 1 as [|x l Hl IH Hx]; cbn [place]; [repeat constructor|]. destruct (Z.leb_spec (assumed e) (assumed x)).
  - constructor; [now constructor|]. constructor; auto. eapply Forall_impl; [|exact Hx]. simpl. lia.
  - constructor; [exact IH|]. apply (Forall_perm _ _ _ (Permutation_sym (place_perm e l))). constructor; [lia|exact Hx].
Qed.
Lemma tracks_begun l s t r : tracks l s t -> (1 <= output r <= o r)%nat ->
  tracks (place (begun o (Z.of_nat t) r) (prune (Z.of_nat t) l)) ((r, t) :: s) t.
Proof.
  intros HT Ho. destruct (prune_runs _ _ _ HT) as [H1 H2]. destruct HT as (HS & _). split; [constructor; [cbn [fst snd]; lia|exact HS]|].
  split; [now apply place_rising|]. exists t. split; [lia|]. rewrite place_perm, H2.
  change (runs t ((r, t) :: s)) with (if (t <? t + output r)%nat then (r, t) :: runs t s else runs t s).
  destruct (Nat.ltb_spec t (t + output r)); [|lia]. cbn [map].
  assert (E : begun o (Z.of_nat t) r = entry (r, t)); [|rewrite E; apply perm_skip; reflexivity].
  unfold begun, entry, fin. cbn [fst snd]. f_equal; lia.
Qed.
Lemma tracks_later l s t t' : tracks l s t -> (t <= t')%nat -> tracks l s t'.
Proof.
  intros (H1 & H2 & t0 & H3 & H4) Ht. split; [eapply Forall_impl; [|exact H1]; simpl; lia|]. split; auto.
  exists t0. split; [lia|auto].
Qed.
Lemma tracks_pruned l s t : tracks l s t -> tracks (prune (Z.of_nat t) l) s t.
Proof.
  intros HT. destruct (prune_runs _ _ _ HT) as [H1 H2]. destruct HT as (HS & _). split; auto. split; auto. now exists t.
Qed.
(* what runs later holds the same, if requests are taken at their true outputs or none ends until then *)
Lemma same_later s t q u : (t <= q < u)%nat ->
  exact = true \/ (forall x, In x (runs t s) -> (q < fin x)%nat) ->
  used (as_taken (runs q s)) u = used (as_taken (runs t s)) u.
Proof.
  intros Hq Hor. unfold runs in *. induction s as [|[r p] s IH]; [reflexivity|]. cbn [filter] in *.
  destruct (Nat.ltb_spec t (fin (r, p))) as [Ht|Ht].
  - destruct (Nat.ltb_spec q (fin (r, p))) as [Hqf|Hqf].
    + unfold as_taken in *. cbn [map]. rewrite !used_cons, IH; [reflexivity|].
      destruct Hor as [Hor|Hor]; [now left|right]. intros x Hx. apply Hor. now right.
    + destruct Hor as [Hor|Hor]; [|specialize (Hor (r, p) (or_introl eq_refl)); lia].
      unfold as_taken in *. cbn [map]. rewrite used_cons, IH by auto. unfold taken, fin in *. cbn [fst snd] in *.
      rewrite held_after; [lia|]. cbn [output]. rewrite is_exact by exact Hor. lia.
  - destruct (Nat.ltb_spec q (fin (r, p))); [lia|]. apply IH. exact Hor.
Qed.
Lemma min_ends l z : let m := fold_right (fun e z => Z.min (ends e) z) z l in
  m <= z /\ (forall e, In e l -> m <= ends e) /\ (m = z \/ exists e, In e l /\ m = ends e).
Proof.
  induction l as [|e l IH]; cbn [fold_right]; [split; [lia|split; [easy|now left]]|]. cbn zeta in *.
  destruct IH as (I1 & I2 & I3). set (m := fold_right _ z l) in *. split; [lia|]. split.
  - intros f [<-|Hf]; [lia|]. specialize (I2 f Hf). lia.
  - destruct (Z_le_gt_dec (ends e) m).
    + right. exists e. split; [now left|lia].
    + destruct I3 as [I3|(f & Hf & I3)]; [left; lia|right]. exists f. split; [now right|lia].
Qed.
Lemma earliest_spec l s t r : tracks l s t -> fits_alone M o r = true ->
  let f := earliest (Z.of_nat M) exact o (Z.of_nat t) (prune (Z.of_nat t) l) r in
  Z.of_nat t <= f /\ (forall q, (t <= q)%nat -> Z.of_nat q < f -> reserved M o s r q = false) /\
  (f <= Z.of_nat t -> reserved M o s r t = true).
Proof.
  intros HT Hr. destruct (prune_runs _ _ _ HT) as [H1 H2]. destruct HT as (HS & _ & _).
  unfold fits_alone in Hr. apply andb_prop in Hr as [Hr Hr3]. apply andb_prop in Hr as [Hr1 Hr2].
  apply Nat.leb_le in Hr1, Hr2, Hr3. set (l' := prune (Z.of_nat t) l) in *. clearbody l'. clear l.
  assert (HSr : Forall (fun x => (snd x <= t)%nat) (runs t s)).
  { apply Forall_forall. intros x Hx. apply filter_In in Hx as [Hx _]. rewrite Forall_forall in HS. now apply HS. }
  set (H := hold l').
  assert (HH : forall u, (t < u)%nat -> H (Z.of_nat u) = Z.of_nat (used (as_taken (runs t s)) u)).
  { intros u Hu. unfold H. rewrite (hold_perm _ _ _ H2). now apply (hold_used t). }
  unfold earliest. cbn zeta. set (p := climb _ _ _ _ _ _ _).
  assert (HC : Z.of_nat t <= p /\
    (forall q, Z.of_nat t <= q < p -> exists d, 1 <= d <= Z.of_nat (o r) /\ Z.of_nat M < H (q + d) + Z.of_nat (prompt r) + d) /\
    (forall d, 1 <= d <= Z.of_nat (o r) -> H (p + d) + Z.of_nat (prompt r) + d <= Z.of_nat M)).
  { apply (climb_spec _ _ _ (Z.of_nat t) H) with (L := Z.of_nat t); try lia; auto; unfold H; try lia.
    - apply (Forall_perm _ _ _ (Permutation_sym H2)), Forall_map. eapply Forall_impl; [|exact HSr].
      intros x Hx. cbn beta in Hx. unfold entry. cbn [offset]. lia.
    - apply (Forall_perm _ _ _ (Permutation_sym H2)), Forall_map, Forall_forall. intros x Hx.
      apply filter_In in Hx as [Hx Hf]. apply Nat.ltb_lt in Hf. cbn [entry assumed]. unfold fin in Hf.
      rewrite Forall_forall in HS. specialize (HS x Hx). lia. }
  destruct HC as (C1 & C2 & C3).
  assert (HB : forall q, (t <= q)%nat -> Z.of_nat q < p ->
    exact = true \/ (forall x, In x (runs t s) -> (q < fin x)%nat) -> reserved M o s r q = false).
  { intros q Hq Hqp Hor. destruct (C2 (Z.of_nat q) ltac:(lia)) as (d & Hd & HM).
    destruct (reserved M o s r q) eqn:E; [|reflexivity]. exfalso. rewrite reserved_runs in E.
    apply admissible_adm in E. unfold taken in E. specialize (E (Z.to_nat d)). cbn [output prompt] in E.
    specialize (E ltac:(lia)). rewrite (same_later s t q) in E by (auto; lia).
    rewrite <- (Z2Nat.id d), <- Nat2Z.inj_add in HM by lia. rewrite HH in HM by lia. lia. }
  assert (HG : p = Z.of_nat t -> reserved M o s r t = true).
  { intros Ep. rewrite reserved_runs. apply admissible_adm. intros d Hd. unfold taken in Hd |- *. cbn [output prompt] in *.
    specialize (C3 (Z.of_nat d) ltac:(lia)). rewrite Ep, <- Nat2Z.inj_add, HH in C3 by lia. lia. }
  destruct exact eqn:EX; cbn [orb].
  - split; [lia|]. split; [|intros; apply HG; lia]. intros q Hq Hqp. apply HB; auto.
  - destruct (Z.leb_spec p (Z.of_nat t)) as [Hp|Hp].
    + split; [lia|]. split; [intros; lia|]. intros _. apply HG. lia.
    + destruct (min_ends l' p) as (N1 & N2 & N3). cbn zeta in *. set (m := fold_right _ p l') in *.
      assert (Hend : forall e, In e l' -> Z.of_nat t < ends e).
      { intros e He. apply (Permutation_in _ H2), in_map_iff in He as (x & <- & Hx). apply filter_In in Hx as [_ Hx].
        apply Nat.ltb_lt in Hx. cbn [entry ends]. lia. }
      assert (Hm : Z.of_nat t < m). { destruct N3 as [->|(e & He & ->)]; auto. }
      split; [lia|]. split; [|lia]. intros q Hq Hqm. apply HB; auto; [lia|]. right. intros x Hx.
      assert (He : In (entry x) l') by (apply (Permutation_in _ (Permutation_sym H2)), in_map, Hx).
      specialize (N2 _ He). cbn [entry ends] in N2. lia.
Qed.
End Test.
(* where requests are taken at their true outputs it is the test of the model *)
Lemma reserved_exact M s r t : reserved M output s r t = admissible M s r t.
Proof.
  rewrite reserved_runs. assert (E : forall r, taken output r = r) by (intros []; reflexivity). rewrite E.
  assert (EU : forall u, (t < u)%nat -> used (as_taken output (runs t s)) u = used s u).
  { intros u Hu. unfold as_taken, runs. induction s as [|[q p] s' IH]; [reflexivity|]. cbn [filter].
    destruct (Nat.ltb_spec t (fin (q, p))) as [H|H]; cbn [map]; rewrite ?used_cons, IH.
    - cbn [fst snd]. now rewrite E.
    - unfold fin in H. cbn [fst snd] in H. rewrite held_after; lia. }
  unfold admissible. apply eq_true_iff_eq. rewrite !forallb_forall. split; intros H d Hd; specialize (H d Hd);
    apply in_seq in Hd; rewrite EU in * by lia; exact H.
Qed.
