(* Which starts a schedule below the target can have: by prices, and by a vector. *)
From Coq Require Import List Arith ZArith Lia Permutation Bool FMapPositive.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Program Search.
From kvproof.proofs Require Import Sums Memory Prices Beginnings Ways Views.
From kvproof.checker Require Runs.
From kvproof.proofs Require Runs.
From kvproof.rules Require Judgement.
Open Scope nat_scope.
Set Default Timeout 100.

(* every schedule below T has its starts among these *)
Definition only (M : nat) (K : list class) (T : nat) (starts : list (list nat)) : Prop :=
  forall s, proper M K s -> total_latency (map (real K) s) < T ->
  forall x, In x s -> allowed starts (fst x) (snd x) = true.
Lemma allowed_in starts c p : allowed starts c p = true <-> In p (nth c starts []).
Proof.
  unfold allowed. rewrite existsb_exists. split.
  - intros (q & Hq & E). apply Nat.eqb_eq in E. now subst.
  - intros H. exists p. split; auto. apply Nat.eqb_refl.
Qed.
Lemma horizon_le K starts c p : c < length K -> In p (nth c starts []) -> p + output (kind K c) <= horizon K starts.
Proof.
  unfold horizon, numbers. intros Hc Hp.
  set (one := fun c m => fold_right (fun p m => Nat.max (p + output (kind K c)) m) m (nth c starts [])).
  assert (G1 : forall l m, m <= fold_right (fun p m => Nat.max (p + output (kind K c)) m) m l /\
    forall p, In p l -> p + output (kind K c) <= fold_right (fun p m => Nat.max (p + output (kind K c)) m) m l).
  { clear. induction l as [|q l IH]; intros m; cbn [fold_right]; [split; [lia|easy]|].
    destruct (IH m) as [H1 H2]. split; [lia|]. intros p [->|Hp]; [lia|]. specialize (H2 p Hp). lia. }
  assert (G2 : forall c m, m <= one c m).
  { intros c' m. unfold one. clear. induction (nth c' starts []); cbn [fold_right]; lia. }
  assert (Hin : In c (seq 0 (length K))) by (apply in_seq; lia). revert Hin. generalize (seq 0 (length K)).
  induction l as [|d l IH]; [easy|]. cbn [fold_right]. fold (one d (fold_right one 0 l)). intros [->|Hin].
  - unfold one at 1. apply G1. exact Hp.
  - etransitivity; [apply IH, Hin|]. apply G2.
Qed.

Open Scope Z_scope.
Lemma least_terms_spec fuel D runs : 0 <= D -> Forall (Z.le 0) (Runs.by_step runs) -> forall K least,
  least_terms fuel D runs K = Some least -> length least = length K /\
  forall c p, (c < length K)%nat -> (arrival (kind K c) <= p)%nat ->
    nth c least 0 <= 2 * Judgement.term D (Runs.by_step runs) (kind K c) p.
Proof.
  intros HD Hy. induction K as [|[k r] K IH]; intros least E; cbn [least_terms] in E.
  - injection E as <-. split; [reflexivity|]. intros c p Hc. cbn in Hc. lia.
  - destruct (Runs.cheapest fuel D (Runs.drop (arrival r) runs) r) as [w|] eqn:EC; [|discriminate].
    destruct (least_terms fuel D runs K) as [l|]; [|discriminate]. injection E as <-.
    destruct (IH l eq_refl) as [H1 H2]. split; [cbn; lia|]. intros [|c] p Hc Hp.
    + unfold kind in *. cbn [nth snd] in *. revert p Hp.
      apply (kvproof.proofs.Runs.cheapest_spec D (Runs.by_step runs) r HD Hy fuel (Runs.drop (arrival r) runs)); auto.
      apply kvproof.proofs.Runs.drop_by_step.
    + cbn [nth]. apply (H2 c p); [cbn in Hc; lia|exact Hp].
Qed.
Lemma runs_zsum runs : fold_right (fun x z => snd x * Z.of_nat (fst x) + z) 0 runs = zsum (Runs.by_step runs).
Proof.
  unfold Runs.by_step. induction runs as [|[k y] runs IH]; [reflexivity|]. cbn [fold_right flat_map fst snd].
  rewrite zsum_app, IH. f_equal. clear. induction k as [|k IH]; [cbn; lia|]. cbn [repeat]. rewrite zsum_cons, <- IH. lia.
Qed.
Lemma near_in D ys r most p : 0 < D -> Forall (Z.le 0) ys -> (arrival r <= p)%nat -> (1 <= output r)%nat ->
  2 * Judgement.term D ys r p <= most -> In p (near D ys r most).
Proof.
  intros HD Hy Ha Ho HM. unfold near. set (last := Z.to_nat _). set (a := arrival r) in *.
  assert (HDot : 0 <= dot (output r) (Z.of_nat (prompt r)) (skipn p ys)).
  { generalize (Nat2Z.is_nonneg (prompt r)). generalize (Z.of_nat (prompt r)) as h.
    assert (Hs : Forall (Z.le 0) (skipn p ys)).
    { rewrite Forall_forall in *. intros y Hin. apply Hy. rewrite <- (firstn_skipn p ys). apply in_or_app. now right. }
    revert Hs. generalize (skipn p ys). generalize (output r). clear. induction n as [|n IH]; intros l Hl h Hh; [now destruct l|].
    destruct l as [|y l]; [reflexivity|]. cbn [dot]. inversion_clear Hl. specialize (IH l H0 (h + 1) ltac:(lia)). nia. }
  assert (Hlast : (p <= last)%nat).
  { unfold last. fold a. unfold Judgement.term in HM. fold a in HM.
    assert (HQ : Z.of_nat (p + output r) - Z.of_nat a <= most / (2 * D)) by (apply Z.div_le_lower_bound; lia).
    lia. }
  apply in_map_iff. exists (Judgement.term D ys r p, p). split; [reflexivity|]. apply filter_In. split; [|apply Z.leb_le; exact HM].
  assert (HL : (p - a < S last - a)%nat) by lia.
  replace (Judgement.term D ys r p, p) with
    (nth (p - a) (combine (Program.terms D ys r a last) (seq a (S last - a))) (0, 0%nat)).
  - apply nth_In. rewrite combine_length, terms_length, seq_length. lia.
  - rewrite combine_nth by (now rewrite terms_length, seq_length). rewrite terms_nth by exact HL. rewrite seq_nth by exact HL.
    replace (a + (p - a))%nat with p by lia. reflexivity.
Qed.
Lemma by_price_only M K T D runs fuel least : 0 < D -> Forall (Z.le 0) (Runs.by_step runs) ->
  valid M (listed_all K) ->
  least_terms fuel D runs K = Some least ->
  let room := price_room M T D runs K least in
  (forall s, proper M K s -> (total_latency (map (real K) s) < T)%nat -> 0 <= room) /\
  only M K T (by_price D (Runs.by_step runs) K least room).
Proof.
  intros HD Hy Hv EL room. destruct (least_terms_spec fuel D runs ltac:(lia) Hy K least EL) as [HL HT].
  set (ys := Runs.by_step runs) in *.
  assert (G : forall s, proper M K s -> (total_latency (map (real K) s) < T)%nat ->
    0 <= room /\ forall x, In x s -> 2 * Judgement.term D ys (kind K (fst x)) (snd x) <= nth (fst x) least 0 + room).
  { intros s HS Hlt.
    apply (slack (fun x => 2 * Judgement.term D ys (kind K (fst x)) (snd x)) (fun x => nth (fst x) least 0) room s).
    - intros x Hx. apply HT; [apply (in_class _ _ _ HS x Hx)|apply (arrived _ _ _ HS x Hx)].
    - rewrite <- (weighted_sum M K least s HS HL).
      pose proof (terms_total M D ys (map (real K) s) ltac:(lia) Hy (in_memory _ _ _ HS)) as HP.
      unfold room, price_room. rewrite runs_zsum. fold ys.
      assert (E : Zsum (fun x => 2 * Judgement.term D ys (kind K (fst x)) (snd x)) s = 2 * zsum (terms_of D ys (map (real K) s))).
      { unfold terms_of. rewrite map_map. unfold Zsum, real, zsum. cbn [fst snd]. clear. induction s; cbn [map fold_right]; lia. }
      rewrite E. nia. }
  split; [intros s HS Hlt; apply (G s HS Hlt)|].
  intros s HS Hlt x Hx. destruct (G s HS Hlt) as [_ H]. specialize (H x Hx). apply allowed_in. unfold by_price.
  pose proof (in_class _ _ _ HS x Hx) as Hc.
  assert (EN : nth (fst x) (map (fun y => near D ys (snd (fst y)) (snd y + room)) (combine K least)) [] =
    near D ys (kind K (fst x)) (nth (fst x) least 0 + room)).
  { set (f := fun y : class * Z => near D ys (snd (fst y)) (snd y + room)).
    rewrite (nth_indep (map f (combine K least)) [] (f ((0%nat, Request 0 0 0), 0))) by (rewrite map_length, combine_length; lia).
    rewrite map_nth. rewrite combine_nth by (symmetry; exact HL). reflexivity. }
  rewrite EN. apply near_in; auto; [apply (arrived _ _ _ HS x Hx)|exact (proper_output M K s Hv HS x Hx)].
Qed.

(* ---- by a vector *)
Lemma least_of_le l x : In x l -> exists y, least_of l = Some y /\ y <= x.
Proof.
  intros H. pose proof (least_le l x H) as HL. destruct l as [|y l]; [easy|]. cbn [least_of least] in *. eauto.
Qed.
Lemma by_vector_only M K T starts scale v : all_differ K = true ->
  valid M (listed_all K) -> 0 <= scale -> only M K T starts ->
  let table := hd [] (tables M K starts (ones K) (peaks K) v (S (horizon K starts)) 0) in
  match PositiveMap.find (place M 0 0) (by_place M table) with
  | None => forall s, proper M K s -> (T <= total_latency (map (real K) s))%nat
  | Some whole =>
      let room := vector_room T K starts scale v whole in
      (forall s, proper M K s -> (total_latency (map (real K) s) < T)%nat -> 0 <= room) /\
      only M K T (by_vector K starts scale v room)
  end.
Proof.
  intros HD Hv Hscale HO table.
  assert (G : forall s, proper M K s -> (total_latency (map (real K) s) < T)%nat ->
    exists whole, PositiveMap.find (place M 0 0) (by_place M table) = Some whole /\ whole <= to_come K v s 0).
  { intros s HS Hlt. specialize (HO s HS Hlt). apply by_place_has.
    assert (HR : running K s 0 = 0%nat).
    { unfold running. rewrite filter_none; [reflexivity|]. intros x _. reflexivity. }
    assert (HT : tokens K s 0 = 0%nat).
    { unfold tokens, used. clear. induction s as [|x s IH]; [reflexivity|]. cbn [map sum]. rewrite IH. rewrite held_before by lia. reflexivity. }
    assert (Hn : forall c, (c < length K)%nat -> (count_occ Nat.eq_dec (map fst s) c <= number K c)%nat).
    { intros c Hc. rewrite (numbers_of _ _ _ HS) by exact Hc. lia. }
    assert (He : forall x, In x s -> (ends K x <= horizon K starts)%nat).
    { intros x Hx. apply horizon_le; [apply (in_class _ _ _ HS x Hx)|]. apply allowed_in. auto. }
    pose proof (tables_has M K starts v (horizon K starts) s (in_class _ _ _ HS) Hn HO (proper_output M K s Hv HS) (all_there _ _ _ HS) (in_memory _ _ _ HS) He
      (S (horizon K starts)) 0%nat eq_refl) as HX.
    rewrite HR, HT in HX. exact HX. }
  destruct (PositiveMap.find (place M 0 0) (by_place M table)) as [whole|].
  2:{ intros s HS. destruct (le_lt_dec T (total_latency (map (real K) s))) as [|Hlt]; auto.
      destruct (G s HS Hlt) as (w & E & _). discriminate. }
  intros room.
  assert (G2 : forall s, proper M K s -> (total_latency (map (real K) s) < T)%nat ->
    0 <= room /\ forall x, In x s -> costs K scale v (fst x) (snd x) <= least_cost K starts scale v (fst x) + room).
  { intros s HS Hlt. destruct (G s HS Hlt) as (w & E & Hw). injection E as <-. specialize (HO s HS Hlt).
    set (least := map (least_cost K starts scale v) (seq 0 (length K))).
    assert (Hn : forall x, In x s -> nth (fst x) least 0 = least_cost K starts scale v (fst x)).
    { intros x Hx. pose proof (in_class _ _ _ HS x Hx). unfold least.
      rewrite (nth_indep _ 0 (least_cost K starts scale v 0%nat)) by (rewrite map_length, seq_length; lia).
      rewrite map_nth, seq_nth by lia. reflexivity. }
    apply (slack (fun x => costs K scale v (fst x) (snd x)) (fun x => least_cost K starts scale v (fst x)) room s).
    - intros x Hx. specialize (HO x Hx). apply allowed_in in HO. unfold least_cost.
      destruct (least_of_le _ _ (in_map (costs K scale v (fst x)) _ _ HO)) as (y & -> & Hy). exact Hy.
    - rewrite <- (Zsum_ext (fun x => nth (fst x) least 0) (fun x => least_cost K starts scale v (fst x)) s Hn).
      rewrite <- (weighted_sum M K least s HS) by (unfold least; now rewrite map_length, seq_length).
      pose proof (multipliers_by_class K scale v 0 [] s HD (in_class _ _ _ HS) (Forall_nil _)
        (proj2 (Forall_forall _ _) (fun x _ => Nat.le_0_l (snd x)))) as HM.
      cbn [app map filter] in HM. unfold room, vector_room. fold least.
      assert (E0 : Zsum (fun x : item => beta v (fst x) (snd x)) [] = 0) by reflexivity. rewrite E0 in HM.
      change (total_latency []) with 0%nat in HM. nia. }
  split; [intros s HS Hlt; apply (G2 s HS Hlt)|].
  intros s HS Hlt x Hx. destruct (G2 s HS Hlt) as [_ H]. specialize (H x Hx). specialize (HO s HS Hlt x Hx).
  apply allowed_in in HO. apply allowed_in. unfold by_vector. pose proof (in_class _ _ _ HS x Hx) as Hc.
  set (f := fun c => filter (fun p => costs K scale v c p <=? least_cost K starts scale v c + room) (nth c starts [])).
  rewrite (nth_indep (map f (seq 0 (length K))) [] (f 0%nat)) by (rewrite map_length, seq_length; lia).
  rewrite map_nth, seq_nth by lia. apply filter_In. split; [exact HO|]. apply Z.leb_le. exact H.
Qed.
