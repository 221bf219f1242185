(* The simulation from event to event gives what the one step by step does. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted Bool.
Import ListNotations.
From kvproof.spec Require Import Model OneBit.
From kvproof.checker Require Import Sort Heap Events.
From kvproof.proofs Require Import Sums Memory Chain Simulate Sorts Heaps Room.
Open Scope Z_scope.
Set Default Timeout 100.

(* ---- the steps of the model *)
(* whom a step passes by *)
Definition passed (how : rule) (fits : schedule -> request -> nat -> bool) (s : schedule) (t : nat) (r : request) : Prop :=
  (t < arrival r)%nat \/ how = Skip /\ fits s r t = false.
Definition started_more (fits : schedule -> request -> nat -> bool) : Prop :=
  forall s x r t, fits s r t = false -> fits (x :: s) r t = false.
Lemma step_passed how fits s t w1 w2 : Forall (passed how fits s t) w1 ->
  step how fits t s (w1 ++ w2) = (fst (step how fits t s w2), w1 ++ snd (step how fits t s w2)).
Proof.
  induction 1 as [|r w1 Hr _ IH]; cbn [app]; [now destruct (step how fits t s w2)|]. cbn [step]. rewrite IH.
  destruct (Nat.ltb_spec t (arrival r)) as [|Hr']; [reflexivity|]. destruct Hr as [|[-> ->]]; [lia|reflexivity].
Qed.
Lemma step_start how fits s t w1 r w2 : started_more fits -> Forall (passed how fits s t) w1 ->
  (arrival r <= t)%nat -> fits s r t = true ->
  step how fits t s (w1 ++ r :: w2) = step how fits t ((r, t) :: s) (w1 ++ w2).
Proof.
  intros HM H1 Ha Hf. rewrite step_passed by exact H1. rewrite (step_passed how fits ((r, t) :: s)).
  - cbn [step]. rewrite Hf. destruct (Nat.ltb_spec t (arrival r)); [lia|reflexivity].
  - eapply Forall_impl; [|exact H1]. intros x [Hx|[-> Hx]]; [now left|right; auto].
Qed.
Lemma step_waits_on how fits s t w1 w2 : Forall (passed how fits s t) w1 ->
  match w2 with [] => True | r :: _ => how = Strict /\ (arrival r <= t)%nat /\ fits s r t = false end ->
  step how fits t s (w1 ++ w2) = (s, w1 ++ w2).
Proof.
  intros H1 H2. rewrite step_passed by exact H1. destruct w2 as [|r w2]; [reflexivity|]. destruct H2 as (-> & Ha & Hf).
  cbn [step]. rewrite Hf. destruct (Nat.ltb_spec t (arrival r)); [lia|reflexivity].
Qed.
Lemma run_start how fits more s s2 t w w2 res : step how fits t s w = step how fits t s2 w2 ->
  run more how fits t s w = Some res -> run more how fits t s2 w2 = Some res.
Proof. intros E H. destruct more; cbn [run] in *; rewrite <- E; exact H. Qed.
Lemma run_waits how fits res j : forall more t s w, w <> [] ->
  (forall q, (t <= q < t + j)%nat -> step how fits q s w = (s, w)) ->
  run more how fits t s w = Some res -> exists more', run more' how fits (t + j) s w = Some res.
Proof.
  induction j as [|j IH]; intros more t s w Hw Hq H; [rewrite Nat.add_0_r; eauto|].
  destruct more as [|more]; cbn [run] in H; rewrite Hq in H by lia; (destruct w as [|r w]; [easy|]); [discriminate|].
  destruct (IH more (S t) s (r :: w)) as (more' & H'); auto; [intros; apply Hq; lia|].
  exists more'. now replace (t + S j)%nat with (S t + j)%nat by lia.
Qed.
Lemma run_done how fits more t s res : run more how fits t s [] = Some res -> res = s.
Proof. destruct more; cbn [run step]; congruence. Qed.
(* a list with distinct ranks, around one of its elements *)
Definition ranked : list (nat * request) -> Prop := StronglySorted (fun x y => (fst x < fst y)%nat).
Lemma ranked_split W x : ranked W -> In x W -> exists W1 W2, W = W1 ++ x :: W2 /\
  ranked (W1 ++ W2) /\ Forall (fun y => (fst y < fst x)%nat) W1.
Proof.
  induction 1 as [|y W HW IH Hy]; [easy|]. intros [->|Hx].
  - exists [], W. auto.
  - destruct (IH Hx) as (W1 & W2 & -> & H1 & H2). exists (y :: W1), W2. split; [reflexivity|]. cbn [app].
    rewrite Forall_forall in Hy. split.
    + constructor; [exact H1|]. apply Forall_forall. intros z Hz. apply Hy. apply in_app_or in Hz as [Hz|Hz];
        apply in_or_app; [now left|right; now right].
    + constructor; [|exact H2]. apply Hy. exact Hx.
Qed.

(* ---- the loops *)
Section Loops.
Variables (M : nat) (exact : bool) (o : request -> nat).
Hypothesis is_exact : exact = true -> forall r, o r = output r.
Notation test := (reserved M o).
Lemma test_more : started_more test.
Proof.
  intros s x r t H. rewrite reserved_runs in *. destruct (admissible M (as_taken o (runs t (x :: s))) _ t) eqn:E; [|reflexivity].
  rewrite <- H. symmetry. apply admissible_adm. apply admissible_adm in E. intros d Hd. specialize (E d Hd).
  unfold runs, as_taken in *. cbn [filter] in E. destruct (t <? fin x)%nat; [|exact E]. cbn [map] in E.
  unfold used in *. cbn [sum] in E. lia.
Qed.
Definition counted (total : Z) (s : schedule) : Prop := total = Z.of_nat (total_latency s).
Lemma counted_begun total s t r : counted total s -> (arrival r <= t)%nat ->
  counted (total + cost (Z.of_nat t) r) ((r, t) :: s).
Proof. unfold counted, cost, total_latency. cbn [sum latency fst snd]. unfold latency. cbn [fst snd]. lia. Qed.
Definition all_fit (W : list (nat * request)) : Prop := Forall (fun x => fits_alone M o (snd x) = true) W.
Lemma fits_output r : fits_alone M o r = true -> (1 <= output r <= o r)%nat.
Proof.
  unfold fits_alone. intros H. apply andb_prop in H as [H _]. apply andb_prop in H as [H1 H2].
  apply Nat.leb_le in H1, H2. lia.
Qed.

(* strict *)
Definition by_arrival : list (nat * request) -> Prop := rising (fun x => Z.of_nat (arrival (snd x))).
Lemma let_in_spec t : forall pending h h' rest, let_in (Z.of_nat t) h pending = (h', rest) -> heaped h -> by_arrival pending ->
  Forall (fun x => (arrival (snd x) <= t)%nat) (inside_heap h) ->
  heaped h' /\ by_arrival rest /\ Forall (fun x => (arrival (snd x) <= t)%nat) (inside_heap h') /\
  Forall (fun x => (t < arrival (snd x))%nat) rest /\ Permutation (inside_heap h' ++ rest) (inside_heap h ++ pending).
Proof.
  induction pending as [|[k r] pending IH]; intros h h' rest E Hh Hp Ha; cbn [let_in] in E.
  - injection E as <- <-. auto 6.
  - inversion Hp as [|? ? Hp' Hr]; subst. destruct (Z.leb_spec (Z.of_nat (arrival r)) (Z.of_nat t)).
    + apply IH in E; [|now apply add_heaped|exact Hp'|].
      * destruct E as (E1 & E2 & E3 & E4 & E5). split; auto. split; auto. split; auto. split; auto.
        rewrite E5, add_perm. cbn [app]. apply Permutation_middle.
      * apply (Forall_perm _ _ _ (Permutation_sym (add_perm k r h))). constructor; [cbn; lia|exact Ha].
    + injection E as <- <-. split; auto. split; auto. split; auto. split; auto.
      constructor; [cbn; lia|]. eapply Forall_impl; [|exact Hr]. cbn. lia.
Qed.
Lemma strict_spec fuel : forall t l h pending total result W s more res,
  strict_events (Z.of_nat M) exact o fuel (Z.of_nat t) l h pending total = Some result ->
  heaped h -> by_arrival pending -> Forall (fun x => (arrival (snd x) <= t)%nat) (inside_heap h) ->
  Permutation (inside_heap h ++ pending) W -> ranked W -> all_fit W -> tracks o l s t -> counted total s ->
  run more Strict test t s (map snd W) = Some res -> counted result res.
Proof.
  induction fuel as [|fuel IH]; intros t l h pending total result W s more res E Hh Hp Ha HP HW HF HT HC HR; [discriminate|].
  cbn [strict_events] in E. destruct (let_in (Z.of_nat t) h pending) as [h' rest] eqn:EA.
  destruct (let_in_spec t _ _ _ _ EA Hh Hp Ha) as (A1 & A2 & A3 & A4 & A5). rewrite <- A5 in HP.
  clear EA Hh Hp Ha A5 h pending. assert (Hin : forall x, In x (inside_heap h') \/ In x rest <-> In x W).
  { intros x. rewrite <- in_app_iff. split; apply Permutation_in; [exact HP|now symmetry]. }
  destruct h' as [|d k r a b].
  - destruct rest as [|[k r] rest].
    + injection E as <-. apply Permutation_nil in HP. subst W. apply run_done in HR. now subst.
    + assert (Hr : forall x, In x W -> (arrival r <= arrival (snd x))%nat).
      { intros x Hx. apply Hin in Hx as [[]|[<-|Hx]]; [cbn; lia|]. inversion_clear A2 as [|? ? _ Hle].
        rewrite Forall_forall in Hle. specialize (Hle x Hx). cbn in Hle. lia. }
      inversion_clear A4 as [|? ? Hk _]. cbn [snd] in Hk. set (j := (arrival r - t)%nat).
      apply (run_waits _ _ _ j) in HR as (more' & HR).
      * replace (t + j)%nat with (arrival r) in HR by (unfold j; lia).
        refine (IH (arrival r) _ _ _ _ _ _ _ _ _ E _ _ _ HP HW HF _ HC HR); [exact I|exact A2|constructor|].
        apply (tracks_later _ _ _ t); [exact HT|lia].
      * destruct W; [|discriminate]. apply Permutation_sym, Permutation_nil in HP. discriminate.
      * intros q Hq. rewrite <- (app_nil_r (map snd W)). apply step_waits_on; [|exact I].
        apply Forall_map, Forall_forall. intros x Hx. left. specialize (Hr x Hx). unfold j in Hq. lia.
  - set (l' := prune (Z.of_nat t) l) in *. set (free := earliest _ _ _ _ l' r) in *.
    assert (HrW : In (k, r) W) by (apply Hin; left; now left).
    assert (HFr : fits_alone M o r = true) by (unfold all_fit in HF; rewrite Forall_forall in HF; exact (HF _ HrW)).
    destruct (earliest_spec M exact o is_exact l s t r HT HFr) as (F1 & F2 & F3). fold l' free in F1, F2, F3.
    destruct (ranked_split W (k, r) HW HrW) as (W1 & W2 & -> & HW12 & Hk). cbn [inside_heap app] in HP.
    inversion_clear A3 as [|? ? Hra A3']. cbn [snd] in Hra.
    (* those before r in the order have not arrived *)
    assert (Hlate : forall x, In x W1 -> In x rest).
    { intros x Hx. rewrite Forall_forall in Hk. specialize (Hk x Hx). cbn [fst] in Hk.
      destruct (proj2 (Hin x)) as [Hin'|Hin']; auto; [apply in_or_app; now left|]. exfalso. cbn [inside_heap] in Hin'.
      destruct Hin' as [<-|Hin']; [cbn in Hk; lia|]. destruct A1 as (A1 & _). rewrite Forall_forall in A1.
      specialize (A1 x Hin'). cbn in A1. lia. }
    rewrite map_app in HR. cbn [map snd] in HR. destruct (Z.leb_spec free (Z.of_nat t)) as [Hf|Hf].
    + assert (HS := step_start Strict test s t (map snd W1) r (map snd W2) test_more).
      apply run_start with (1 := HS ltac:(apply Forall_map, Forall_forall; intros x Hx; left; rewrite Forall_forall in A4; now apply A4, Hlate) Hra (F3 Hf)) in HR.
      rewrite <- map_app in HR. destruct A1 as (_ & A1a & A1b).
      refine (IH t _ _ _ _ _ (W1 ++ W2) _ _ _ E _ A2 _ _ HW12 _ _ _ HR).
      * now apply join_heaped.
      * apply (Forall_perm _ _ _ (Permutation_sym (join_perm a b)) A3').
      * rewrite join_perm. rewrite <- Permutation_middle in HP. now apply Permutation_cons_inv in HP.
      * unfold all_fit in *. apply Forall_app in HF as [HF1 HF2]. inversion_clear HF2. now apply Forall_app.
      * apply tracks_begun; [exact HT|]. now apply fits_output.
      * now apply counted_begun.
    + set (next := match rest with [] => free | _ => _ end) in E.
      assert (HN : Z.of_nat t < next /\ next <= free /\ forall x, In x rest -> next <= Z.of_nat (arrival (snd x))).
      { unfold next. destruct rest as [|[k' r'] rest]; [split; [lia|split; [lia|easy]]|].
        inversion_clear A4 as [|? ? Hk' _]. inversion_clear A2 as [|? ? _ Hle]. cbn in Hk'. split; [lia|]. split; [lia|].
        intros x [<-|Hx]; [cbn; lia|]. rewrite Forall_forall in Hle. specialize (Hle x Hx). cbn in Hle. lia. }
      clearbody next. destruct HN as (N1 & N2 & N3). set (j := (Z.to_nat next - t)%nat).
      apply (run_waits _ _ _ j) in HR as (more' & HR).
      * assert (En : Z.of_nat (t + j) = next) by (unfold j; lia). rewrite <- En in E.
        refine (IH (t + j)%nat _ _ _ _ _ (W1 ++ (k, r) :: W2) _ _ _ E A1 A2 _ HP HW HF _ HC _).
        -- cbn [inside_heap]. constructor; [cbn; lia|]. eapply Forall_impl; [|exact A3']. simpl. lia.
        -- apply (tracks_later _ _ _ t); [|lia]. now apply tracks_pruned.
        -- rewrite map_app. exact HR.
      * intros Hnil. symmetry in Hnil. now apply app_cons_not_nil in Hnil.
      * intros q Hq. apply step_waits_on.
        -- apply Forall_map, Forall_forall. intros x Hx. left. specialize (N3 x (Hlate x Hx)). unfold j in Hq. lia.
        -- split; [reflexivity|]. split; [lia|]. apply F2; [lia|]. unfold j in Hq. lia.
Qed.

(* skip *)
Definition rest_of (h : heap (Z * (nat * request))) : list (nat * request) := map (fun x => snd (snd x)) (inside_heap h).
(* an item of the queue at step t: its key, the step before which it cannot start *)
Definition blocked (n : nat) (s : schedule) (t : nat) (x : nat * (Z * (nat * request))) : Prop :=
  let '(key, (b, (k, r))) := x in
  key = (Z.to_nat b * n + k)%nat /\ (k < n)%nat /\ Z.of_nat (arrival r) <= b /\ Z.of_nat t <= b /\
  forall q, (t <= q)%nat -> Z.of_nat q < b -> passed Skip test s q r.
Lemma rest_queue n step x h : Permutation (rest_of (queue n step x h)) (x :: rest_of h).
Proof. unfold rest_of, queue. rewrite (Permutation_map _ (add_perm _ _ _)). reflexivity. Qed.
Lemma rest_join a b : Permutation (rest_of (join a b)) (rest_of a ++ rest_of b).
Proof. unfold rest_of. rewrite (Permutation_map _ (join_perm a b)). now rewrite map_app. Qed.
Lemma blocked_later n s t t' x : blocked n s t x -> (t <= t')%nat -> Z.of_nat t' <= fst (snd x) -> blocked n s t' x.
Proof.
  destruct x as (key & b & k & r). intros (H1 & H2 & H3 & H4 & H5) Ht Hb. cbn in Hb. repeat split; auto.
  intros q Hq. apply H5. lia.
Qed.
Lemma blocked_more n s t x y : blocked n s t x -> blocked n (y :: s) t x.
Proof.
  destruct x as (key & b & k & r). intros (H1 & H2 & H3 & H4 & H5). repeat split; auto.
  intros q Hq Hb. destruct (H5 q Hq Hb) as [H|[_ H]]; [now left|right; split; auto]. now apply test_more.
Qed.
Lemma skip_spec n fuel : forall t l h total result W s more res,
  skip_events (Z.of_nat M) exact o fuel n l h total = Some result -> heaped h -> Forall (blocked n s t) (inside_heap h) ->
  Permutation (rest_of h) W -> ranked W -> all_fit W -> tracks o l s t -> counted total s ->
  run more Skip test t s (map snd W) = Some res -> counted result res.
Proof.
  induction fuel as [|fuel IH]; intros t l h total result W s more res E Hh Hb HP HW HF HT HC HR;
    destruct h as [|d key [now [k r]] a b]; cbn [skip_events snd] in E; try discriminate.
  1, 2: injection E as <-; apply Permutation_nil in HP; subst W; apply run_done in HR; now subst.
  destruct Hh as (Hle & Ha & Hb'). cbn [inside_heap] in Hb. inversion_clear Hb as [|? ? HB1 HB].
  destruct HB1 as (B1 & B2 & B3 & B4 & B5).
  unfold rest_of in HP. cbn [inside_heap map snd] in HP.
  (* no other goes before this one *)
  assert (Hleast : forall x, In x (inside_heap a ++ inside_heap b) ->
    now <= fst (snd x) /\ (now = fst (snd x) -> (k <= fst (snd (snd x)))%nat)).
  { intros (key' & b' & k' & r') Hx. rewrite Forall_forall in Hle, HB. specialize (Hle _ Hx). specialize (HB _ Hx).
    cbn [fst snd] in *. destruct HB as (-> & C2 & _ & C4 & _). subst key.
    assert (Z.to_nat now <= Z.to_nat b')%nat by nia. split; [lia|]. intros <-. nia. }
  set (t' := Z.to_nat now). assert (Et : Z.of_nat t' = now) by (unfold t'; lia). assert (Htt : (t <= t')%nat) by lia.
  assert (HB' : Forall (blocked n s t') (inside_heap a ++ inside_heap b)).
  { rewrite Forall_forall in *. intros x Hx. apply (blocked_later n s t); auto. rewrite Et. now apply Hleast. }
  assert (Hitem : forall x, In x W -> x = (k, r) \/ exists y, In y (inside_heap a ++ inside_heap b) /\ snd (snd y) = x).
  { intros x Hx. apply (Permutation_in _ (Permutation_sym HP)) in Hx as [Hx|Hx]; [now left|right].
    apply in_map_iff in Hx as (y & Hy1 & Hy2). eauto. }
  (* nothing starts before t' *)
  replace t' with (t + (t' - t))%nat in * by lia. set (j := (t' - t)%nat) in *.
  apply (run_waits _ _ _ j) in HR as (more' & HR).
  2: { destruct W; [|discriminate]. apply Permutation_sym, Permutation_nil in HP. discriminate. }
  2: { intros q Hq. rewrite <- (app_nil_r (map snd W)). apply step_waits_on; [|exact I].
       apply Forall_map, Forall_forall. intros x Hx. destruct (Hitem x Hx) as [->|((key' & b' & k' & r') & Hy & <-)].
       - apply B5; lia.
       - rewrite Forall_forall in HB. destruct (Hleast _ Hy) as [G _]. destruct (HB _ Hy) as (_ & _ & _ & _ & C5).
         cbn [fst snd] in *. apply C5; lia. }
  apply (tracks_later _ _ _ _ (t + j)) in HT; [|lia]. set (t2 := (t + j)%nat) in *. rewrite <- Et in E.
  set (l' := prune (Z.of_nat t2) l) in *. set (free := earliest _ _ _ _ l' r) in *.
  assert (HrW : In (k, r) W) by (apply (Permutation_in _ HP); now left).
  assert (HFr : fits_alone M o r = true) by (unfold all_fit in HF; rewrite Forall_forall in HF; exact (HF _ HrW)).
  destruct (earliest_spec M exact o is_exact l s t2 r HT HFr) as (F1 & F2 & F3). fold l' free in F1, F2, F3.
  destruct (ranked_split W (k, r) HW HrW) as (W1 & W2 & -> & HW12 & Hk).
  rewrite <- Permutation_middle in HP. pose proof (Permutation_cons_inv HP) as HP'.
  rewrite map_app in HP'. fold (rest_of a) (rest_of b) in HP'. rewrite <- rest_join in HP'.
  destruct (Z.leb_spec free (Z.of_nat t2)) as [Hf|Hf].
  - rewrite map_app in HR. cbn [map snd] in HR.
    apply (run_start _ _ _ _ ((r, t2) :: s) _ _ (map snd W1 ++ map snd W2)) in HR.
    + rewrite <- map_app in HR. refine (IH t2 _ _ _ _ (W1 ++ W2) _ _ _ E _ _ HP' HW12 _ _ _ HR).
      * now apply join_heaped.
      * apply (Forall_perm _ _ _ (Permutation_sym (join_perm a b))). eapply Forall_impl; [|exact HB'].
        intros x. apply blocked_more.
      * unfold all_fit in *. apply Forall_app in HF as [HF1 HF2]. inversion_clear HF2. now apply Forall_app.
      * apply tracks_begun; [exact HT|]. now apply fits_output.
      * apply counted_begun; [exact HC|lia].
    + apply step_start; [apply test_more| |lia|now apply F3].
      apply Forall_map, Forall_forall. intros x Hx. rewrite Forall_forall in Hk. specialize (Hk x Hx).
      destruct (Hitem x ltac:(apply in_or_app; now left)) as [->|((key' & b' & k' & r') & Hy & <-)]; [lia|].
      destruct (Hleast _ Hy) as [G1 G2]. rewrite Forall_forall in HB'. destruct (HB' _ Hy) as (_ & _ & _ & _ & C5).
      cbn [fst snd] in *. apply C5; lia.
  - refine (IH t2 _ _ _ _ (W1 ++ (k, r) :: W2) _ _ _ E _ _ _ HW HF _ HC HR).
    + apply add_heaped. now apply join_heaped.
    + apply (Forall_perm _ _ _ (Permutation_sym (add_perm _ _ _))). constructor.
      * cbn [fst snd]. repeat split; auto; try lia. intros q Hq Hqf. right. split; [reflexivity|]. now apply F2.
      * apply (Forall_perm _ _ _ (Permutation_sym (join_perm a b)) HB').
    + rewrite rest_queue, HP'. apply Permutation_middle.
    + now apply tracks_pruned.
Qed.

(* ---- from the beginning *)
Lemma fits_idle_test r : fits_alone M o r = true -> fits_idle test r.
Proof.
  intros H s t Hs. pose proof (fits_output r H). unfold fits_alone in H. apply andb_prop in H as [_ H]. apply Nat.leb_le in H.
  rewrite reserved_runs. apply admissible_adm. intros d Hd. unfold taken in *. cbn [output prompt] in *.
  assert (E : runs t s = []); [|rewrite E; cbn; lia].
  unfold runs. clear - Hs. induction Hs as [|x s Hx _ IH]; [reflexivity|]. cbn [filter].
  destruct (Nat.ltb_spec t (fin x)); [lia|exact IH].
Qed.
Lemma tracks_nothing t : tracks o [] [] t.
Proof. split; [constructor|]. split; [constructor|]. exists t. split; [lia|reflexivity]. Qed.
Lemma combine_ranked R : forall k, ranked (combine (seq k (length R)) R) /\ map snd (combine (seq k (length R)) R) = R /\
  Forall (fun x => (k <= fst x < k + length R)%nat) (combine (seq k (length R)) R).
Proof.
  induction R as [|r R IH]; intros k; cbn [length seq combine map]; [repeat split; constructor|].
  destruct (IH (S k)) as (I1 & I2 & I3). split; [|split].
  - constructor; [exact I1|]. eapply Forall_impl; [|exact I3]. cbn. lia.
  - cbn. now rewrite I2.
  - constructor; [cbn; lia|]. eapply Forall_impl; [|exact I3]. cbn. lia.
Qed.
Lemma events_total_spec how R T : events_total how M exact o R = Some T ->
  exists s, run (last_arrival R + sum output R) how test 0 [] R = Some s /\ T = Z.of_nat (total_latency s).
Proof.
  unfold events_total. destruct (forallb (fits_alone M o) R) eqn:EF; [|discriminate]. rewrite forallb_forall in EF.
  cbn zeta. destruct (combine_ranked R 0) as (C1 & C2 & C3). set (W := combine _ R) in *.
  assert (HF : all_fit W).
  { apply Forall_forall. intros x Hx. apply EF. rewrite <- C2. now apply in_map. }
  destruct (run_ends how test (last_arrival R + sum output R) 0 [] R (last_arrival R)) as (s & E);
    auto using last_arrival_le; try lia.
  { apply Forall_forall. intros r Hr. apply fits_idle_test. auto. }
  intros H. exists s. split; [exact E|]. destruct how.
  - rewrite <- C2 in E. refine (strict_spec _ 0 _ _ _ _ _ W _ _ _ H I (sort_rising _ _) (Forall_nil _) _ C1 HF (tracks_nothing 0) eq_refl E).
    cbn [inside_heap app]. apply sort_perm.
  - rewrite <- C2 in E. refine (skip_spec _ _ 0 _ _ _ _ W _ _ _ H _ _ _ C1 HF (tracks_nothing 0) eq_refl E).
    + clear. induction W as [|x W IH]; [exact I|]. now apply add_heaped.
    + clear - C3. induction C3 as [|[k r] W Hx _ IH]; [constructor|]. cbn [fold_right].
      apply (Forall_perm _ _ _ (Permutation_sym (add_perm _ _ _))). constructor; [|exact IH].
      cbn [fst snd] in *. repeat split; try lia. intros q _ Hq. left. lia.
    + clear. induction W as [|x W IH]; [reflexivity|]. cbn [fold_right]. rewrite rest_queue. now apply perm_skip.
Qed.
End Loops.
