(* The checker's centroid bounds are below OPT. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.checker Require Import Sort Service Centroid.
From kvproof.proofs Require Import Sums Memory Rational Discrete Stronger Sorts Served.
Open Scope Z_scope.
Set Default Timeout 100.

(* ---- sums of fractions *)
Open Scope Q_scope.
Definition worth (x : fraction) : Q := inject_Z (snd x) / inject_Z (fst x).
Definition positive (l : list fraction) : Prop := Forall (fun x => (0 < fst x)%Z) l.
Lemma worth_pair d n : worth (d, n) = inject_Z n / inject_Z d.
Proof. reflexivity. Qed.
Lemma worth_make x : (0 < fst x)%Z -> worth x == Qmake (snd x) (Z.to_pos (fst x)).
Proof.
  intros H. unfold worth. rewrite (Qmake_Qdiv (snd x)). rewrite Z2Pos.id by auto. reflexivity.
Qed.
Lemma gather_worth l : positive l -> positive (gather l) /\ Qsum worth (gather l) == Qsum worth l.
Proof.
  induction 1 as [|[d n] l Hd _ [IH1 IH2]]; cbn [gather Qsum]; [split; [constructor|reflexivity]|].
  cbn [fst] in Hd. rewrite <- IH2. destruct (gather l) as [|[d' n'] g]; [split; [now constructor|reflexivity]|].
  destruct (Z.eqb_spec d d') as [<-|].
  - inversion_clear IH1. split; [now constructor|]. cbn [Qsum]. unfold worth. cbn [fst snd].
    rewrite inject_Z_plus. unfold Qdiv. ring.
  - split; [now constructor|reflexivity].
Qed.
Lemma total_below l : positive l -> total l <= Qsum worth l.
Proof.
  intros H. assert (HS : positive (sort fst l)) by (unfold positive; now rewrite (sort_perm fst l)).
  destruct (gather_worth _ HS) as [HP HE]. unfold total.
  rewrite <- (qsum_perm worth _ _ (sort_perm fst l)), <- HE. set (g := gather (sort fst l)) in *. clearbody g.
  destruct (length g <=? 256)%nat.
  - apply Qle_lteq. right. clear - HP. induction HP as [|x g Hx _ IH]; cbn [fold_right Qsum]; [reflexivity|].
    now rewrite IH, worth_make.
  - assert (HG : (0 < grid)%Z) by reflexivity.
    set (N := fold_right _ _ g). rewrite <- (worth_make (grid, N) HG : _ == Qmake N (Z.to_pos grid)).
    unfold worth at 1. cbn [fst snd]. subst N.
    assert (HG' : 0 < inject_Z grid) by (rewrite (Zlt_Qlt 0) in HG; exact HG). apply Qle_div_l; auto.
    clear - HP HG HG'. induction HP as [|x g Hx _ IH]; cbn [fold_right Qsum]; [rewrite Qmult_0_l; apply Qle_refl|].
    rewrite inject_Z_plus, Qmult_plus_distr_l. apply Qplus_le_compat; [|exact IH].
    unfold worth. rewrite (Zlt_Qlt 0) in Hx. change (inject_Z 0) with 0 in Hx.
    assert (HD : inject_Z (snd x * grid / fst x) * inject_Z (fst x) <= inject_Z (snd x) * inject_Z grid).
    { rewrite <- !inject_Z_mult, <- Zle_Qle. rewrite Z.mul_comm. apply Z.mul_div_le. rewrite Zlt_Qlt. exact Hx. }
    setoid_replace (inject_Z (snd x) / inject_Z (fst x) * inject_Z grid)
      with (inject_Z (snd x) * inject_Z grid / inject_Z (fst x)) by (unfold Qdiv; ring).
    now apply Qle_div_r.
Qed.

(* ---- what has been served *)
Lemma filter_map {A B} (g : A -> B) (t : B -> bool) l : filter t (map g l) = map g (filter (fun x => t (g x)) l).
Proof. induction l as [|x l IH]; [reflexivity|]. cbn [map filter]. destruct (t (g x)); cbn [map]; now rewrite IH. Qed.
Lemma filter_perm {A} (t : A -> bool) l l' : Permutation l l' -> Permutation (filter t l) (filter t l').
Proof.
  induction 1; cbn [filter]; auto.
  - destruct (t x); auto.
  - destruct (t x), (t y); auto. apply perm_swap.
  - etransitivity; eauto.
Qed.
Lemma least_moment_map {A B} M (release size : B -> nat) T (g : A -> B) l :
  least_moment M release size T (map g l) = least_moment M (fun x => release (g x)) (fun x => size (g x)) T l.
Proof. rewrite !least_moment_moment. apply tsum_ext. intros t _. now rewrite !most_done_map. Qed.
Lemma served_busy {A} M (release size : A -> nat) l fs :
  served M (map (fun x => (release x, size x)) l) = Some fs ->
  exists l' T, Permutation l' l /\ StronglySorted (fun x y => (size x <= size y)%nat) l' /\
    most_done M release size l' T = sum size l' /\ positive fs /\
    Qsum worth fs == busy_times M release size T [] l'.
Proof.
  intros E. unfold served in E. destruct (serve_all _ _) as [[T done]|] eqn:ES; [|discriminate].
  destruct (forallb _ done) eqn:ED; [|discriminate]. injection E as <-. set (jobs := map (fun x => (release x, size x)) l) in *.
  pose proof (serve_all_spec M jobs T done ES) as HS.
  set (l' := sort (fun x => Z.of_nat (size x)) l). exists l', T.
  assert (HP : Permutation l' l) by apply sort_perm.
  assert (HSort : StronglySorted (fun x y => (size x <= size y)%nat) l').
  { pose proof (sort_rising (fun x => Z.of_nat (size x)) l) as H. fold l' in H. clear - H.
    induction H as [|x m _ IH Hx]; constructor; auto. eapply Forall_impl; [|exact Hx]. simpl. lia. }
  (* all of it, up to a large enough size *)
  assert (Hall : most_done M release size l' T = sum size l').
  { destruct (HS (sum size l)) as [H _]. unfold small, jobs in H. rewrite filter_map in H.
    rewrite most_done_map, sum_map in H. cbn [fst snd] in H.
    rewrite (most_done_perm M release size _ _ T HP), (sum_perm size _ _ HP).
    assert (G : filter (fun x => (size x <=? sum size l)%nat) l = l).
    { assert (G : forall m, incl m l -> filter (fun x => (size x <=? sum size l)%nat) m = m); [|apply G, incl_refl].
      induction m as [|x m IH]; intros Hm; [reflexivity|]. cbn [filter].
      assert (size x <= sum size l)%nat.
      { assert (In x l) by (apply Hm; now left). clear - H0. induction l as [|y l IH]; [easy|].
        destruct H0 as [->|H0]; cbn [sum]; [lia|specialize (IH H0); lia]. }
      destruct (Nat.leb_spec (size x) (sum size l)); [|lia]. f_equal. apply IH. intros y Hy. apply Hm. now right. }
    now rewrite G in H. }
  assert (Hrev : most_done M release size (rev l' ++ []) T = sum size (rev l' ++ [])).
  { rewrite app_nil_r, <- (most_done_perm M release size _ _ T (Permutation_rev l')).
    now rewrite <- (sum_perm size _ _ (Permutation_rev l')). }
  assert (Hup : forall v, upto v done = upto v (increments M release size T [] l')).
  { intros v. destruct (HS v) as [_ ->]. pose proof (increments_upto M release size T l' HSort [] v Hrev) as H.
    assert (H0 : least_moment M release size T [] = 0%nat).
    { rewrite least_moment_moment. unfold moment. rewrite (tsum_ext _ (fun _ => 0%nat)).
      - now rewrite tsum_const.
      - intros t _. assert (Et : forall t, most_done M release size [] t = 0%nat) by (intros []; simpl; lia).
        rewrite !Et. lia. }
    rewrite H0, Nat.add_0_r, app_nil_r in H. rewrite H. unfold small, jobs. rewrite filter_map, least_moment_map.
    cbn [fst snd]. apply least_moment_perm. rewrite <- Permutation_rev. apply filter_perm. now symmetry. }
  repeat (split; [assumption|]).
  split.
  - apply Forall_map, Forall_forall. rewrite forallb_forall in ED. intros x Hx. specialize (ED x Hx).
    apply Nat.leb_le in ED. change (0 < 2 * Z.of_nat (fst x))%Z. lia.
  - rewrite busy_increments by exact Hrev. rewrite <- (weighed_same _ _ _ Hup). unfold weighed.
    rewrite qsum_map. apply qsum_ext. intros x _. unfold half_mean. rewrite worth_pair, inject_Z_mult.
    unfold rational, Qdiv. change (inject_Z 2) with 2. ring.
Qed.

(* ---- the two bounds *)
Lemma tokens_tail r c : (c <= output r)%nat -> tokens (prompt r) c (output r) = tail c r.
Proof.
  intros H. unfold tokens, tail. rewrite sum_seq_from.
  assert (G : forall n, (2 * tsum (fun d => prompt r + (c + d)) n = 2 * prompt r * n + n * (2 * c + n + 1))%nat)
    by (induction n as [|n IH]; cbn [tsum]; nia).
  specialize (G (output r - c)%nat). set (n := (output r - c)%nat) in *.
  replace (output r) with (c + n)%nat by (unfold n; lia).
  replace ((c + n) * (c + n + 1) - c * (c + 1))%nat with (n * (2 * c + n + 1))%nat by nia.
  assert (E : (n * (2 * c + n + 1) = (tsum (fun d => prompt r + (c + d)) n - prompt r * n) * 2)%nat) by nia.
  rewrite E, Nat.div_mul by lia. nia.
Qed.
Lemma tokens_volume r : tokens (prompt r) 0 (output r) = volume r.
Proof. rewrite tokens_tail by lia. apply tail_0. Qed.
Lemma moment_to_sum s j : moment_to (Z.of_nat s) (Z.of_nat j) = Z.of_nat (tsum (fun i => (2 * i - 1) * (s + i)) j)%nat.
Proof.
  assert (G : (6 * Z.of_nat (tsum (fun i => (2 * i - 1) * (s + i)) j)%nat =
    6 * (Z.of_nat s * (Z.of_nat j * Z.of_nat j)) + Z.of_nat j * (Z.of_nat j + 1) * (4 * Z.of_nat j - 1))%Z).
  { induction j as [|j IH]; [cbn [tsum]; lia|]. cbn [tsum]. rewrite Nat2Z.inj_add, Nat2Z.inj_mul.
    rewrite Nat2Z.inj_sub by lia. rewrite Nat2Z.inj_mul, Nat2Z.inj_add, !Nat2Z.inj_succ. cbn [Z.of_nat] in *. nia. }
  unfold moment_to. set (X := Z.of_nat (tsum _ j)) in *.
  replace (Z.of_nat j * (Z.of_nat j + 1) * (4 * Z.of_nat j - 1))%Z
    with ((X - Z.of_nat s * (Z.of_nat j * Z.of_nat j)) * 6)%Z by lia.
  rewrite Z.div_mul by lia. lia.
Qed.
Lemma moment_tail r c : (c <= output r)%nat ->
  (moment_to (Z.of_nat (prompt r)) (Z.of_nat (output r)) - moment_to (Z.of_nat (prompt r)) (Z.of_nat c) =
   2 * Z.of_nat (tail_moment c r) - Z.of_nat (tail c r))%Z.
Proof.
  intros H. rewrite !moment_to_sum. unfold tail_moment, tail. rewrite !sum_seq_from.
  set (n := (output r - c)%nat). replace (output r) with (c + n)%nat by (unfold n; lia). rewrite tsum_split.
  enough (Z.of_nat (tsum (fun d => (2 * (c + d) - 1) * (prompt r + (c + d))) n)%nat =
    2 * Z.of_nat (tsum (fun d => (c + d) * (prompt r + (c + d))) n)%nat -
    Z.of_nat (tsum (fun d => prompt r + (c + d)) n)%nat)%Z by lia.
  induction n as [|n IH]; [reflexivity|]. cbn [tsum]. rewrite !Nat2Z.inj_add, IH, !Nat2Z.inj_mul.
  rewrite (Nat2Z.inj_sub (2 * (c + S n))) by lia. rewrite !Nat2Z.inj_mul, !Nat2Z.inj_add. cbn [Z.of_nat Pos.of_succ_nat]. lia.
Qed.
Lemma opt_at_least_perm M R R' z : Permutation R R' -> opt_at_least M R z -> opt_at_least M R' z.
Proof. intros HP H s (H1 & H2 & H3). apply H. split; [|split]; auto. now rewrite HP. Qed.
Lemma opt_at_least_le M R z z' : z' <= z -> opt_at_least M R z -> opt_at_least M R z'.
Proof. intros HZ H s Hs. eapply Qle_trans; [exact HZ|auto]. Qed.
Lemma inject_rational n : inject_Z (Z.of_nat n) = rational n.
Proof. reflexivity. Qed.

Lemma positive_app l l' : positive l -> positive l' -> positive (l ++ l').
Proof. intros. apply Forall_app. auto. Qed.
Lemma positive_flat {A} (g : A -> list fraction) l : (forall x, In x l -> positive (g x)) -> positive (flat_map g l).
Proof. induction l as [|x l IH]; intros H; cbn [flat_map]; [constructor|]. apply positive_app; [apply H; now left|]. apply IH. intros; apply H; now right. Qed.
Lemma worth_flat {A} (g : A -> list fraction) (h : A -> Q) l : (forall x, In x l -> Qsum worth (g x) == h x) ->
  Qsum worth (flat_map g l) == Qsum h l.
Proof.
  induction l as [|x l IH]; intros H; cbn [flat_map Qsum]; [reflexivity|]. rewrite qsum_app, (H x) by now left.
  rewrite IH; [reflexivity|]. intros; apply H; now right.
Qed.
Lemma map_same {A B} (g g' : A -> B) l : (forall x, In x l -> g x = g' x) -> map g l = map g' l.
Proof. apply map_ext_in. Qed.

Lemma tail_centroid_value M C q : tail_centroid M C = Some q -> exists C' T,
  Permutation C' C /\ StronglySorted (fun x y => (tail_size x <= tail_size y)%nat) C' /\
  most_done M tail_release tail_size C' T = sum tail_size C' /\
  (forall x, In x C' -> (snd x < output (fst x))%nat) /\
  q <= busy_times M tail_release tail_size T [] C' + Qsum (fun x => tail_shape (snd x) (fst x) - arrival (fst x)) C'.
Proof.
  unfold tail_centroid. destruct (forallb _ C) eqn:EC; [|discriminate]. rewrite forallb_forall in EC.
  assert (HC : forall x, In x C -> (snd x < output (fst x))%nat) by (intros x Hx; apply Nat.ltb_lt; auto). clear EC.
  rewrite (map_same _ (fun x => (tail_release x, tail_size x))).
  2:{ intros x Hx. unfold tail_release, tail_size. rewrite tokens_tail; auto. specialize (HC x Hx). lia. }
  destruct (served _ _) as [fs|] eqn:ES; [|discriminate]. intros E. injection E as <-.
  destruct (served_busy _ _ _ _ _ ES) as (C' & T & HP & HS & HT & Hpos & HB).
  assert (HC' : forall x, In x C' -> (snd x < output (fst x))%nat)
    by (intros x Hx; apply HC; now apply (Permutation_in _ HP)).
  exists C', T. split; [exact HP|]. split; [exact HS|]. split; [exact HT|]. split; [exact HC'|].
  eapply Qle_trans; [apply total_below|].
  - apply positive_app; auto. apply positive_flat. intros [r c] Hx. specialize (HC _ Hx). cbn [fst snd] in HC.
    unfold tail_terms. rewrite tokens_tail by lia. pose proof (tail_pos r c HC).
    repeat constructor; cbn [fst]; lia.
  - rewrite qsum_app, HB. apply Qplus_le_compat; [apply Qle_refl|].
    rewrite (worth_flat tail_terms (fun x => tail_shape (snd x) (fst x) - arrival (fst x))).
    + apply Qle_lteq. right. now apply qsum_perm.
    + intros [r c] Hx. specialize (HC _ Hx). cbn [fst snd] in *. pose proof (tail_pos r c HC) as Hv.
      unfold tail_terms. rewrite tokens_tail by lia. cbn [Qsum]. rewrite !worth_pair.
      replace (moment_to (Z.of_nat (prompt r)) (Z.of_nat c) - moment_to (Z.of_nat (prompt r)) (Z.of_nat (output r)))%Z
        with (- (2 * Z.of_nat (tail_moment c r) - Z.of_nat (tail c r)))%Z by (rewrite <- moment_tail by lia; lia).
      rewrite inject_Z_opp. unfold Zminus. rewrite !inject_Z_plus, !inject_Z_opp, !inject_Z_mult, !inject_rational.
      apply q_pos in Hv. unfold tail_shape. change (inject_Z 2) with 2. change (inject_Z 1) with 1. field. intros E; lra.
Qed.
Lemma tail_centroid_sound M C q : tail_centroid M C = Some q -> opt_at_least M (map fst C) q.
Proof.
  intros E. destruct (tail_centroid_value _ _ _ E) as (C' & T & HP & HS & HT & HC & HQ).
  apply (opt_at_least_perm M (map fst C')); [now apply Permutation_map|].
  eapply opt_at_least_le; [exact HQ|]. now apply (opt_tail_centroid M C' T).
Qed.
Lemma discrete_centroid_value M R q : discrete_centroid M R = Some q -> exists R' T,
  Permutation R' R /\ by_volume R' /\ most_done M arrival volume R' T = sum volume R' /\
  (forall r, In r R' -> (1 <= output r)%nat) /\
  q <= busy_times M arrival volume T [] R' + Qsum (fun r => shape r - arrival r) R'.
Proof.
  unfold discrete_centroid. destruct (forallb _ R) eqn:EC; [|discriminate]. rewrite forallb_forall in EC.
  assert (HC : forall r, In r R -> (1 <= output r)%nat) by (intros x Hx; apply Nat.leb_le; auto). clear EC.
  rewrite (map_same _ (fun r => (arrival r, volume r))) by (intros x Hx; now rewrite tokens_volume).
  destruct (served _ _) as [fs|] eqn:ES; [|discriminate]. intros E. injection E as <-.
  destruct (served_busy _ _ _ _ _ ES) as (R' & T & HP & HS & HT & Hpos & HB).
  exists R', T. split; [exact HP|]. split; [exact HS|]. split; [exact HT|]. split.
  { intros r Hr. apply HC. now apply (Permutation_in _ HP). }
  - eapply Qle_trans; [apply total_below|].
    + apply positive_app; auto. apply positive_flat. intros r _. repeat constructor; cbn [fst]; lia.
    + rewrite qsum_app, HB. apply Qplus_le_compat; [apply Qle_refl|].
      rewrite (worth_flat shape_terms (fun r => shape r - arrival r)).
      * apply Qle_lteq. right. now apply qsum_perm.
      * intros r Hr. unfold shape_terms. cbn [Qsum]. rewrite !worth_pair. unfold shape.
        rewrite inject_Z_opp. unfold Zminus. repeat rewrite ?inject_Z_plus, ?inject_Z_opp, ?inject_Z_mult. rewrite !inject_rational.
        change (inject_Z 2) with 2. change (inject_Z 1) with 1. change (inject_Z 3) with 3.
        pose proof (q_nonneg (prompt r)). pose proof (q_nonneg (output r)). field. intros E; lra.
Qed.
Lemma discrete_centroid_sound M R q : discrete_centroid M R = Some q -> opt_at_least M R q.
Proof.
  intros E. destruct (discrete_centroid_value _ _ _ E) as (R' & T & HP & HS & HT & HC & HQ).
  apply (opt_at_least_perm M R'); [exact HP|].
  eapply opt_at_least_le; [exact HQ|]. now apply (opt_centroid_whole M R' T).
Qed.
