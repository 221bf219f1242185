(* What the checker accepts as a blocking chain is one. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Qround Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Blocks Claims.
From kvproof.checker Require Import Sort Heap Policies.
From kvproof.checker Require Blocks.
From kvproof.proofs Require Import Sums Memory Rational Sorts Heaps Centroids Listed.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- the order *)
Lemma zip_fst (s : schedule) : forall k, map (fun x => (fst (fst x), snd x)) (combine s (seq k (length s))) =
  combine (map fst s) (seq k (length (map fst s))).
Proof. induction s as [|x s IH]; intros k; [reflexivity|]. cbn. f_equal. apply IH. Qed.
Lemma zip_map (s : schedule) : forall k, map fst (combine s (seq k (length s))) = s.
Proof. induction s as [|x s IH]; intros k; [reflexivity|]. cbn. f_equal. apply IH. Qed.
Lemma svf_order_perm s : Permutation (Blocks.in_svf_order s) s.
Proof. unfold Blocks.in_svf_order. rewrite (Permutation_map fst (sort_perm _ _)). now rewrite zip_map. Qed.
Lemma rising_map {A B} (f : A -> B) (key : B -> Z) l : rising (fun x => key (f x)) l -> rising key (map f l).
Proof. induction 1 as [|x l _ IH Hx]; [constructor|]. cbn [map]. constructor; [exact IH|]. now apply Forall_map. Qed.
Lemma backlog_last R : backlog R -> last_arrival R = 0.
Proof. induction 1 as [|r R Hr _ IH]; [reflexivity|]. cbn [last_arrival fold_right]. unfold last_arrival in IH. lia. Qed.
Lemma svf_order_in_order s : backlog (map fst s) -> in_order SVF (map fst s) (map fst (Blocks.in_svf_order s)).
Proof.
  intros Hb. unfold Blocks.in_svf_order. set (l := sort _ _).
  rewrite map_map. replace (map (fun x => fst (fst x)) l) with (map fst (map (fun x => (fst (fst x), snd x)) l))
    by (rewrite map_map; reflexivity).
  apply rising_in_order.
  - unfold l. rewrite (Permutation_map _ (sort_perm _ _)). now rewrite zip_fst.
  - rewrite backlog_last by exact Hb. rewrite map_length.
    apply (rising_map (fun x : request * nat * nat => (fst (fst x), snd x))). exact (sort_rising _ _).
Qed.
Lemma never_earlier_sorted s : Blocks.never_earlier s = true -> StronglySorted (fun x y => snd x <= snd y) s.
Proof.
  intros H. apply Sorted_StronglySorted; [intros x y z; lia|]. induction s as [|x s IH]; [constructor|].
  destruct s as [|y s]; [repeat constructor|]. cbn [Blocks.never_earlier] in H. apply andb_prop in H as [H1 H2].
  constructor; [now apply IH|]. constructor. now apply Nat.leb_le.
Qed.

(* ---- what holders hold *)
Open Scope Z_scope.
Definition offsets (L : schedule) : Z := fold_right (fun x z => Blocks.offset_of x + z) 0 L.
Lemma offsets_perm L L' : Permutation L L' -> offsets L = offsets L'.
Proof. unfold offsets. induction 1; cbn [fold_right]; lia. Qed.
Lemma used_running L w : Forall (fun x => (snd x < w <= fin x)%nat) L ->
  Z.of_nat (used L w) = Z.of_nat (length L) * Z.of_nat w + offsets L.
Proof.
  induction 1 as [|[r p] L Hx _ IH]; [reflexivity|]. rewrite used_cons. unfold offsets, fin in *. cbn [length fold_right fst snd] in *.
  unfold held. destruct (Nat.ltb_spec p w), (Nat.leb_spec w (p + output r)); cbn [andb]; try lia.
  change (Blocks.offset_of (r, p)) with (Z.of_nat (prompt r) - Z.of_nat p).
  rewrite Nat2Z.inj_add, IH, Nat2Z.inj_succ, Z.mul_succ_l. lia.
Qed.
Lemma used_steps L t d : Forall (fun x => (snd x <= t /\ t + d <= fin x)%nat) L ->
  2 * Z.of_nat (sum (used L) (seq (t + 1) d)) =
  Z.of_nat (length L) * (Z.of_nat d * (2 * Z.of_nat t + Z.of_nat d + 1)) + 2 * Z.of_nat d * offsets L.
Proof.
  intros H. induction d as [|d IH]; [cbn; lia|].
  assert (H' : Forall (fun x => (snd x <= t /\ t + d <= fin x)%nat) L) by (eapply Forall_impl; [|exact H]; cbn; lia).
  specialize (IH H'). rewrite seq_S, sum_app, Nat2Z.inj_add. cbn [sum]. rewrite Nat.add_0_r.
  rewrite (used_running L (t + 1 + d)) by (eapply Forall_impl; [|exact H]; cbn; lia). nia.
Qed.

(* ---- the walk: at step t the heap holds those of [done] that end later *)
Definition items (h : heap (request * nat)) : schedule := map snd (inside_heap h).
Definition ends_from (u : nat) (x : request * nat) : bool := (u <=? snd x + output (fst x))%nat.
Definition holds (t : nat) (done : schedule) (h : Blocks.holding) : Prop :=
  heaped (Blocks.by_end h) /\ Forall (fun y => fst y = fin (snd y)) (inside_heap (Blocks.by_end h)) /\
  Blocks.many h = Z.of_nat (length (items (Blocks.by_end h))) /\ Blocks.offset h = offsets (items (Blocks.by_end h)) /\
  forall u, (t < u)%nat -> Permutation (filter (ends_from u) (items (Blocks.by_end h))) (filter (ends_from u) done).
Lemma items_add e x h : Permutation (items (add e x h)) (x :: items h).
Proof. unfold items. rewrite (Permutation_map snd (add_perm e x h)). reflexivity. Qed.
Lemma items_join a b : Permutation (items (join a b)) (items a ++ items b).
Proof. unfold items. rewrite (Permutation_map snd (join_perm a b)). now rewrite map_app. Qed.
Lemma begin_by_spec t s : forall h h' s' done, Blocks.begin_by t h s = (h', s') -> holds t done h ->
  exists moved, s = moved ++ s' /\ Forall (fun x => (snd x <= t)%nat) moved /\ holds t (done ++ moved) h' /\
    match s' with [] => True | x :: _ => (t < snd x)%nat end.
Proof.
  induction s as [|x s IH]; intros h h' s' done E H; cbn [Blocks.begin_by] in E.
  - injection E as <- <-. exists []. rewrite (app_nil_r done). auto.
  - destruct (Nat.leb_spec (snd x) t).
    + apply (IH _ _ _ (done ++ [x])) in E as (moved & -> & E1 & E2 & E3).
      * exists (x :: moved). rewrite <- app_assoc in E2. auto.
      * destruct H as (H1 & H2 & H3 & H4 & H5). unfold holds. cbn [Blocks.by_end Blocks.many Blocks.offset].
        split; [now apply add_heaped|]. split; [|split; [|split]].
        -- apply (Forall_perm _ _ _ (Permutation_sym (add_perm _ _ _))). constructor; [reflexivity|exact H2].
        -- rewrite (Permutation_length (items_add _ _ _)). cbn [length]. lia.
        -- rewrite (offsets_perm _ _ (items_add _ _ _)). unfold offsets in *. cbn [fold_right]. lia.
        -- intros u Hu. rewrite (filter_perm (ends_from u) _ _ (items_add _ _ _)), filter_app. cbn [filter].
           destruct (ends_from u x); rewrite ?app_nil_r; [|auto]. rewrite (H5 u Hu). apply Permutation_cons_append.
    + injection E as <- <-. exists []. rewrite (app_nil_r done). auto.
Qed.
Lemma filter_all {A} (f : A -> bool) l : Forall (fun x => f x = true) l -> filter f l = l.
Proof. induction 1 as [|x l Hx _ IH]; [reflexivity|]. cbn [filter]. now rewrite Hx, IH. Qed.
Lemma holds_later t t' done h : (t <= t')%nat -> holds t done h -> holds t' done h.
Proof. intros Ht (H1 & H2 & H3 & H4 & H5). repeat (split; [assumption|]). intros u Hu. apply H5. lia. Qed.
Lemma retire_spec t u done fuel : u = S t -> forall h h', Blocks.retire fuel u h = Some h' -> holds t done h ->
  holds u done h' /\ Permutation (items (Blocks.by_end h')) (filter (ends_from u) done).
Proof.
  intros Htu. induction fuel as [|fuel IH]; intros h h' E H; cbn [Blocks.retire] in E; pose proof H as H0;
    destruct H as (H1 & H2 & H3 & H4 & H5); destruct (Blocks.by_end h) as [|d e x a b] eqn:EB; try discriminate.
  1, 2: injection E as <-; split; [apply (holds_later t); [lia|exact H0]|];
    rewrite EB; exact (H5 u ltac:(lia)).
  cbn [inside_heap] in *. inversion_clear H2 as [|? ? He H2']. destruct H1 as (Hk & Ha & Hb). cbn [fst snd] in He.
  destruct (Nat.ltb_spec e u) as [Heu|Heu].
  - apply IH in E; [exact E|]. unfold holds. cbn [Blocks.by_end Blocks.many Blocks.offset].
    unfold items in H3, H4, H5. cbn [inside_heap map snd] in H3, H4, H5. rewrite map_app in H3, H4, H5.
    fold (items a) (items b) in H3, H4, H5.
    split; [now apply join_heaped|]. split; [|split; [|split]].
    + exact (Forall_perm _ _ _ (Permutation_sym (join_perm a b)) H2').
    + rewrite (Permutation_length (items_join a b)). cbn [length] in H3. lia.
    + rewrite (offsets_perm _ _ (items_join a b)). unfold offsets in *. cbn [fold_right] in H4. lia.
    + intros u' Hu'. rewrite (filter_perm (ends_from u') _ _ (items_join a b)), <- (H5 u' Hu'). cbn [filter].
      assert (E0 : ends_from u' x = false) by (apply Nat.leb_gt; unfold fin in He; lia). now rewrite E0.
  - injection E as <-. split; [apply (holds_later t); [lia|exact H0]|]. rewrite EB.
    rewrite <- (H5 u ltac:(lia)), filter_all; [reflexivity|]. unfold items. apply Forall_map. cbn [inside_heap].
    constructor; [apply Nat.leb_le; cbn [snd]; unfold fin in He; lia|].
    rewrite Forall_forall in *. intros y Hy. specialize (H2' y Hy). specialize (Hk y Hy). cbv beta in *.
    apply Nat.leb_le. unfold fin in H2'. lia.
Qed.

(* ---- constants *)
Section Constant.
Variables (M free : nat) (c : Q) (n d : Z).
Hypothesis Hd : 0 < d.
Hypothesis Hc : (c == inject_Z n / inject_Z d)%Q.
Lemma times_c a b : d * a < n * b -> (inject_Z a < c * inject_Z b)%Q.
Proof.
  intros H. rewrite Hc.
  assert (HQ : (0 < inject_Z d)%Q) by (change 0%Q with (inject_Z 0); now rewrite <- Zlt_Qlt).
  rewrite Zlt_Qlt, !inject_Z_mult in H. apply (Qmult_lt_l _ _ (inject_Z d)); [exact HQ|].
  setoid_replace (inject_Z d * (inject_Z n / inject_Z d * inject_Z b))%Q with (inject_Z n * inject_Z b)%Q; [exact H|].
  field. lra.
Qed.
Lemma times_c_le a b : d * a <= n * b -> (inject_Z a <= c * inject_Z b)%Q.
Proof.
  intros H. rewrite Hc.
  assert (HQ : (0 < inject_Z d)%Q) by (change 0%Q with (inject_Z 0); now rewrite <- Zlt_Qlt).
  rewrite Zle_Qle, !inject_Z_mult in H. apply (Qmult_le_l _ _ (inject_Z d)); [exact HQ|].
  setoid_replace (inject_Z d * (inject_Z n / inject_Z d * inject_Z b))%Q with (inject_Z n * inject_Z b)%Q; [exact H|].
  field. lra.
Qed.
End Constant.
Lemma max_peak_perm R R' : Permutation R R' -> max_peak R = max_peak R'.
Proof. unfold max_peak. induction 1; cbn [fold_right]; lia. Qed.

(* ---- the blocks *)
Section Follow.
Variables (M : nat) (s : schedule) (cs : list (Z * Z)).
Let m := max_peak (map fst s).
Hypothesis Hm : (m < M)%nat.
Hypothesis Hs : StronglySorted (fun x y => (snd x <= snd y)%nat) s.
Let free := Z.of_nat M - Z.of_nat m.
Lemma later_all t x (rest : schedule) : StronglySorted (fun x y => (snd x <= snd y)%nat) (x :: rest) -> (t < snd x)%nat ->
  Forall (fun y => (t < snd y)%nat) (x :: rest).
Proof.
  intros H Hx. inversion_clear H as [|? ? _ HF]. constructor; [exact Hx|]. eapply Forall_impl; [|exact HF]. cbn. lia.
Qed.
Lemma sorted_tail (l l' : schedule) : StronglySorted (fun x y => (snd x <= snd y)%nat) (l ++ l') -> StronglySorted (fun x y => (snd x <= snd y)%nat) l'.
Proof. induction l as [|x l IH]; [auto|]. cbn [app]. intros H. inversion_clear H. auto. Qed.
Lemma follow_spec fuel blocks : forall t h rest done, Blocks.follow fuel (Z.of_nat M) free cs t h rest blocks = true ->
  s = done ++ rest -> Forall (fun x => (snd x <= t)%nat) done -> holds t done h ->
  forall n d c, In (n, d) cs -> 0 < d -> (c == inject_Z n / inject_Z d)%Q -> chain c M s t.
Proof.
  induction blocks as [|[t' u] blocks IH]; intros t h rest done E Es Hdone Hh n d c Hin Hd Hc; cbn [Blocks.follow] in E.
  - apply chain_end. rewrite Es. apply Forall_app. split; [exact Hdone|]. apply Forall_forall. intros x Hx.
    rewrite forallb_forall in E. now apply Nat.leb_le, E.
  - destruct (Blocks.begin_by t h rest) as [h1 s1] eqn:EB.
    destruct (begin_by_spec _ _ _ _ _ done EB Hh) as (moved & -> & B1 & B2 & B3).
    destruct s1 as [|[r p] s1]; [discriminate|]. cbn [snd] in B3.
    apply andb_prop in E as [E E4]. apply andb_prop in E as [E E3]. apply andb_prop in E as [E1 E2].
    apply Nat.ltb_lt in E2. apply Nat.leb_le in E3.
    destruct (Blocks.retire fuel u h1) as [h2|] eqn:ER; [|discriminate].
    destruct (retire_spec (u - 1) u (done ++ moved) fuel ltac:(lia) h1 h2 ER) as [R1 R2]; [apply (holds_later t); [lia|exact B2]|].
    apply andb_prop in E4 as [E4 E7]. apply andb_prop in E4 as [E5 E6]. apply Z.ltb_lt in E5.
    rewrite forallb_forall in E6. specialize (E6 _ Hin). apply Z.ltb_lt in E6. cbn [fst snd] in E6.
    rewrite app_assoc in Es. set (begun := done ++ moved) in *.
    assert (Hbegun : Forall (fun x => (snd x <= t)%nat) begun) by (now apply Forall_app).
    assert (Hlater : Forall (fun x => (t < snd x)%nat) ((r, p) :: s1)).
    { apply later_all; [|exact B3]. apply (sorted_tail begun). now rewrite <- Es. }
    (* the holders are what the heap holds *)
    assert (HL : Permutation (items (Blocks.by_end h2)) (holders s t u)).
    { rewrite R2. unfold holders. rewrite Es, filter_app.
      assert (F2 : filter (fun x => (snd x <=? t)%nat && (u <=? snd x + output (fst x))%nat) ((r, p) :: s1) = []).
      { clear - Hlater. induction Hlater as [|x l Hx _ IHl]; [reflexivity|]. cbn [filter].
        destruct (Nat.leb_spec (snd x) t); [lia|]. exact IHl. }
      rewrite F2, app_nil_r. erewrite filter_ext_in; [reflexivity|]. intros x Hx. rewrite Forall_forall in Hbegun.
      specialize (Hbegun x Hx). cbv beta in Hbegun. unfold ends_from. destruct (Nat.leb_spec (snd x) t); [reflexivity|lia]. }
    pose proof R1 as (_ & _ & R1c & R1d & _). rewrite (Permutation_length HL) in R1c. rewrite (offsets_perm _ _ HL) in R1d.
    set (L := holders s t u) in *. set (steps := (u - t)%nat) in *.
    assert (HLt : Forall (fun x => (snd x <= t /\ t + steps <= fin x)%nat) L).
    { apply Forall_forall. intros x Hx. apply filter_In in Hx as [_ Hx]. apply andb_prop in Hx as [X1 X2].
      apply Nat.leb_le in X1, X2. unfold fin, steps. lia. }
    assert (HU : Z.of_nat (used L u) = Blocks.many h2 * Z.of_nat u + Blocks.offset h2).
    { rewrite R1c, R1d. apply used_running. eapply Forall_impl; [|exact HLt]. unfold steps. cbn. lia. }
    pose proof (used_steps L t steps HLt) as HT. rewrite <- R1c, <- R1d in HT.
    apply (chain_block _ _ _ _ u).
    + exists begun, r, p, s1. split; [exact Es|]. split; [exact Hbegun|]. split; [exact B3|]. split; [lia|].
      fold L steps. split; [lia|].
      unfold rational. rewrite <- inject_Z_mult. apply (times_c c n d Hd Hc).
      replace (Z.of_nat (M - max_peak (map fst s))%nat) with free by (fold m; unfold free; lia).
      set (T := Z.of_nat (sum (used L) (seq (t + 1) steps))) in *.
      assert (Ht : Z.of_nat u = Z.of_nat t + Z.of_nat steps) by (unfold steps; lia).
      rewrite Ht in E6. nia.
    + refine (IH u h2 ((r, p) :: s1) begun E7 Es _ _ n d c Hin Hd Hc).
      * eapply Forall_impl; [|exact Hbegun]. cbn. lia.
      * exact R1.
Qed.
End Follow.

(* ---- the starts and the bounds *)
Lemma bounded_spec free cs s : forall w, Blocks.bounded free cs (Z.of_nat w) s = true ->
  forall n d, In (n, d) cs -> forall before r p after, s = before ++ (r, p) :: after ->
  Z.of_nat p * free * d <= n * Z.of_nat (w + sum (fun x => volume (fst x)) before)%nat.
Proof.
  induction s as [|[r0 p0] s IH]; intros w E n d Hin before r p after Es; [now destruct before|].
  cbn [Blocks.bounded] in E. apply andb_prop in E as [E1 E2]. cbn [key] in E2. rewrite tokens_volume, <- Nat2Z.inj_add in E2.
  destruct before as [|x before]; cbn [app] in Es.
  - injection Es as -> -> ->. rewrite forallb_forall in E1. specialize (E1 _ Hin). apply Z.leb_le in E1.
    cbn [fst snd sum] in *. rewrite Nat.add_0_r. exact E1.
  - injection Es as <- ->. specialize (IH _ E2 n d Hin before r p after eq_refl). cbn [sum fst].
    now rewrite Nat.add_assoc.
Qed.
Lemma waiting_sum s : forall w, Blocks.waiting (Z.of_nat w) s = Z.of_nat (sum_before w (map fst s)).
Proof.
  induction s as [|[r p] s IH]; intros w; cbn [Blocks.waiting map sum_before]; [reflexivity|].
  cbn [key]. rewrite tokens_volume, <- Nat2Z.inj_add, IH. cbn [fst]. lia.
Qed.
Lemma peak_over_mean_spec R : forall best, 0 < snd best -> let (n, d) := Blocks.peak_over_mean R best in
  0 < d /\ fst best * d <= n * snd best /\
  (forall r, In r R -> 2 * (Z.of_nat (prompt r) + Z.of_nat (output r)) * d <= n * (2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1)) /\
  ((n, d) = best \/ exists r, In r R /\
     n = 2 * (Z.of_nat (prompt r) + Z.of_nat (output r)) /\ d = 2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1).
Proof.
  induction R as [|r R IH]; intros [a b] Hb; cbn [Blocks.peak_over_mean fst snd] in *.
  - split; [lia|]. split; [lia|]. split; [easy|now left].
  - set (n0 := 2 * (Z.of_nat (prompt r) + Z.of_nat (output r))). set (d0 := 2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1).
    assert (Hd0 : 0 < d0) by (unfold d0; lia). assert (Hn0 : 0 <= n0) by (unfold n0; lia).
    destruct (Z.ltb_spec (a * d0) (n0 * b)) as [Hlt|Hge].
    + specialize (IH (n0, d0) Hd0). destruct (Blocks.peak_over_mean R (n0, d0)) as [n d]. cbn [fst snd] in IH.
      destruct IH as (I1 & I2 & I3 & I4). split; [exact I1|]. split; [nia|]. split.
      * intros q [<-|Hq]; [exact I2|now apply I3].
      * right. destruct I4 as [I4|(q & Hq & I4)]; [injection I4 as -> ->; exists r; split; [now left|auto]|].
        exists q. split; [now right|exact I4].
    + specialize (IH (a, b) Hb). destruct (Blocks.peak_over_mean R (a, b)) as [n d]. cbn [fst snd] in IH.
      destruct IH as (I1 & I2 & I3 & I4). split; [exact I1|]. split; [exact I2|]. split.
      * intros q [<-|Hq]; [fold n0 d0; nia|now apply I3].
      * destruct I4 as [I4|(q & Hq & I4)]; [now left|right]. exists q. split; [now right|exact I4].
Qed.
Lemma ratio_over r : (peak r / (prompt r + (output r + 1) / 2) ==
  inject_Z (2 * (Z.of_nat (prompt r) + Z.of_nat (output r))) / inject_Z (2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1))%Q.
Proof.
  rewrite !inject_Z_plus, !inject_Z_mult, !inject_Z_plus. unfold peak. rewrite q_add.
  change (inject_Z (Z.of_nat (prompt r))) with (rational (prompt r)). change (inject_Z (Z.of_nat (output r))) with (rational (output r)).
  change (inject_Z 2) with 2%Q. change (inject_Z 1) with 1%Q.
  pose proof (q_nonneg (prompt r)). pose proof (q_nonneg (output r)). field. repeat split; intros HX; lra.
Qed.
Lemma largest_found R n d : 0 < n -> Blocks.peak_over_mean R (0, 1) = (n, d) ->
  0 < d /\ largest_peak_over_mean R (inject_Z n / inject_Z d).
Proof.
  intros Hn E. pose proof (peak_over_mean_spec R (0, 1) ltac:(cbn; lia)) as H. rewrite E in H. cbn [fst snd] in H.
  destruct H as (H1 & _ & H3 & H4). split; [exact H1|]. split; cbv zeta.
  - intros r Hr. rewrite ratio_over. specialize (H3 r Hr).
    set (n0 := 2 * (Z.of_nat (prompt r) + Z.of_nat (output r))) in *. set (d0 := 2 * Z.of_nat (prompt r) + Z.of_nat (output r) + 1) in *.
    assert (Hd0 : 0 < d0) by (unfold d0; lia). rewrite Zle_Qle, !inject_Z_mult in H3. rewrite Zlt_Qlt in H1, Hd0.
    apply Qle_shift_div_r; [exact Hd0|].
    setoid_replace (inject_Z n / inject_Z d * inject_Z d0)%Q with ((inject_Z n * inject_Z d0) / inject_Z d)%Q
      by (field; change (inject_Z 0) with 0%Q in *; lra).
    apply Qle_shift_div_l; [exact H1|exact H3].
  - destruct H4 as [H4|(r & Hr & -> & ->)]; [injection H4 as -> ->; lia|]. exists r. split; [exact Hr|apply ratio_over].
Qed.
Lemma chain_holds_sound M U B eta s blocks : Blocks.chain_holds M U B eta s blocks = true ->
  total_latency s = U -> exists s', Permutation s' s /\ in_order SVF (map fst s) (map fst s') /\
    backlog (map fst s) /\ (max_peak (map fst s) < M)%nat /\ StronglySorted (fun x y => (snd x <= snd y)%nat) s' /\
    chained 2 M s' B /\
    match eta with None => True | Some B' => exists c, largest_peak_over_mean (map fst s) c /\ chained c M s' B' end.
Proof.
  intros E HU. unfold Blocks.chain_holds in E. cbv zeta in E. set (s' := Blocks.in_svf_order s) in *.
  set (cs := (2, 1) :: _) in E. set (bounds := B :: _) in E.
  apply andb_prop in E as [E E7]. apply andb_prop in E as [E E6]. apply andb_prop in E as [E E5].
  apply andb_prop in E as [E E4]. apply andb_prop in E as [E E3]. apply andb_prop in E as [E1 E2].
  apply Z.ltb_lt in E1. rewrite forallb_forall in E2, E3, E7.
  assert (Hb : backlog (map fst s)) by (apply Forall_forall; intros r Hr; now apply Nat.eqb_eq, E3).
  assert (HP : Permutation s' s) by apply svf_order_perm.
  assert (HPf : Permutation (map fst s') (map fst s)) by now apply Permutation_map.
  assert (HS := never_earlier_sorted _ E4). pose proof (max_peak_perm _ _ HPf) as Hmp.
  assert (HN : forall n d c b, In (n, d) cs -> In ((n, d), b) (combine cs bounds) -> 0 < d ->
    (c == inject_Z n / inject_Z d)%Q -> chained c M s' b).
  { intros n d c b Hin Hinb Hd Hc. set (free := Z.of_nat M - Z.of_nat (max_peak (map fst s))) in *.
    assert (Hfree : free = Z.of_nat (M - max_peak (map fst s'))%nat) by (rewrite Hmp; unfold free; lia).
    split; [|split; [|split]].
    - refine (follow_spec M s' cs _ HS (length s) blocks 0%nat (Blocks.Holding 0 0 Leaf) s' [] _ eq_refl (Forall_nil _) _ n d c Hin Hd Hc).
      + rewrite Hmp. lia.
      + rewrite Hmp. exact E5.
      + repeat split; auto. constructor.
    - intros before r p after Es. pose proof (bounded_spec free cs s' 0%nat E6 n d Hin before r p after Es) as HB.
      rewrite Nat.add_0_l in HB. unfold rational. rewrite <- inject_Z_mult. apply (times_c_le c n d Hd Hc). rewrite <- Hfree. lia.
    - specialize (E7 _ Hinb). cbn beta iota in E7. apply andb_prop in E7 as [E7 _]. apply Z.eqb_eq in E7. rewrite E7.
      rewrite <- (sum_perm output _ _ HPf). f_equal. rewrite Zdiv_Qdiv. apply Qfloor_comp.
      rewrite Hc. change 0 with (Z.of_nat 0) at 1. rewrite waiting_sum, !inject_Z_mult, Hfree. unfold rational.
      rewrite Zlt_Qlt in Hd. rewrite Hfree, Zlt_Qlt in E1. change (inject_Z 0) with 0%Q in *. field. split; lra.
    - specialize (E7 _ Hinb). cbn beta iota in E7. apply andb_prop in E7 as [_ E7]. apply Z.leb_le in E7.
      unfold total_latency in *. rewrite (sum_perm latency _ _ HP), HU. exact E7. }
  exists s'. split; [exact HP|]. split; [now apply svf_order_in_order|]. split; [exact Hb|]. split; [lia|]. split; [exact HS|].
  split.
  - apply (HN 2 1); [now left|now left|lia|reflexivity].
  - destruct eta as [B'|]; [|exact I]. destruct (Blocks.peak_over_mean (map fst s) (0, 1)) as [n d] eqn:EP.
    assert (Hn : 0 < n) by (apply Z.ltb_lt; apply (E2 (n, d)); right; now left).
    destruct (largest_found _ _ _ Hn EP) as [Hd HL]. exists (inject_Z n / inject_Z d)%Q. split; [exact HL|].
    apply (HN n d); [right; now left|right; now left|exact Hd|reflexivity].
Qed.
