(* The states of a search: what they say of what has started, and that no way to go on is forgotten. *)
From Coq Require Import List Arith ZArith Lia Permutation Bool FMapPositive.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Sort Search.
From kvproof.proofs Require Import Sums Memory Sorts Beginnings Ways Views.
From kvproof.proofs Require Wholes.
Open Scope nat_scope.
Set Default Timeout 100.

Section States.
Context (M : nat) (K : list class).
Notation kind := (kind K).
Notation real := (real K).
Notation count s c := (count_occ Nat.eq_dec (map fst s) c).
Definition began (st : state) : schedule := map real (items st).

(* a state at step t, which counts starts at t: the steps to come are those after t *)
Record shows (t : nat) (st : state) : Prop := Shows {
  of_class : forall x, In x (items st) -> fst x < length K;
  left_length : length (left st) = length K;
  left_of : forall c, c < length K -> nth c (left st) 0 + count (items st) c = number K c;
  costs_so : cost st = total_latency (began st);
  to_hold : forall i, nth i (future st) 0 = used (began st) (S t + i);
  did_hold : forall i, nth i (past st) 0 = used (began st) (t - i);
  came : Forall (fun x => arrival (fst x) <= snd x) (began st);
  fit : forall u, used (began st) u <= M;
  until : Forall (fun x => snd x <= t) (items st) }.

Lemma hd_nth (l : list nat) : hd 0 l = nth 0 l 0.
Proof. now destruct l. Qed.
Lemma tl_nth (l : list nat) i : nth i (tl l) 0 = nth (S i) l 0.
Proof. destruct l; [now destruct i|reflexivity]. Qed.
Lemma shows_over t st : shows t st -> shows (S t) (over st).
Proof.
  intros H. constructor; try (unfold over, began; cbn [left items cost]; apply H).
  - intros i. cbn [over future]. rewrite tl_nth, (to_hold _ _ H). f_equal. lia.
  - intros [|i]; cbn [over past nth].
    + rewrite hd_nth, (to_hold _ _ H). f_equal. lia.
    + rewrite (did_hold _ _ H). f_equal.
  - eapply Forall_impl; [|apply (until _ _ H)]. cbn. lia.
Qed.

(* ---- one more starts *)
Lemma room_nth o : forall h l, room M o h l = true -> forall i, i < o -> nth i l 0 + (h + i) <= M.
Proof.
  induction o as [|o IH]; intros h l H i Hi; [lia|]. cbn [room] in H. apply andb_prop in H as [H1 H2]. apply Nat.leb_le in H1.
  destruct i as [|i]; [rewrite <- hd_nth; lia|]. specialize (IH _ _ H2 i ltac:(lia)). rewrite tl_nth in IH. lia.
Qed.
Lemma nth_room o : forall h l, (forall i, i < o -> nth i l 0 + (h + i) <= M) -> room M o h l = true.
Proof.
  induction o as [|o IH]; intros h l H; [reflexivity|]. cbn [room]. apply andb_true_intro. split.
  - apply Nat.leb_le. specialize (H 0 ltac:(lia)). rewrite hd_nth. lia.
  - apply IH. intros i Hi. rewrite tl_nth. specialize (H (S i) ltac:(lia)). lia.
Qed.
Lemma occupy_nth o : forall h l i, nth i (occupy o h l) 0 = nth i l 0 + (if i <? o then h + i else 0).
Proof.
  induction o as [|o IH]; intros h l i; cbn [occupy]; [destruct (Nat.ltb_spec i 0); lia|].
  destruct i as [|i]; cbn [nth]; [rewrite hd_nth; cbn; lia|]. rewrite IH, tl_nth.
  destruct (Nat.ltb_spec i o), (Nat.ltb_spec (S i) (S o)); lia.
Qed.
Lemma take_one_length c : forall l, length (take_one c l) = length l.
Proof. induction c; intros [|k l]; cbn [take_one length]; auto. Qed.
Lemma take_one_nth c : forall l d, nth d (take_one c l) 0 = if d =? c then nth d l 0 - 1 else nth d l 0.
Proof.
  induction c as [|c IH]; intros [|k l] [|d]; cbn [take_one nth]; try reflexivity.
  - cbn. now destruct (d =? c).
  - rewrite IH. reflexivity.
Qed.
Lemma shows_start t c st : shows t st -> c < length K -> 1 <= nth c (left st) 0 -> arrival (kind c) <= t ->
  room M (output (kind c)) (S (prompt (kind c))) (future st) = true -> shows t (start K t c st).
Proof.
  intros H Hc Hn Ha HR.
  assert (HB : began (start K t c st) = (kind c, t) :: began st) by reflexivity.
  assert (HF : forall i, held (kind c) t (S t + i) = if i <? output (kind c) then S (prompt (kind c)) + i else 0).
  { intros i. unfold held. destruct (Nat.ltb_spec t (S t + i)); [|lia].
    destruct (Nat.leb_spec (S t + i) (t + output (kind c))), (Nat.ltb_spec i (output (kind c))); cbn [andb]; lia. }
  constructor; rewrite ?HB.
  - intros x [<-|Hx]; [exact Hc|]. now apply (of_class _ _ H).
  - cbn [start left]. rewrite take_one_length. apply H.
  - intros d Hd. cbn [start left items map count_occ fst]. rewrite take_one_nth. pose proof (left_of _ _ H d Hd) as HL.
    destruct (Nat.eq_dec c d) as [->|Hne]; [rewrite Nat.eqb_refl; lia|]. destruct (Nat.eqb_spec d c); [congruence|]. exact HL.
  - cbn [start cost]. rewrite (costs_so _ _ H). unfold total_latency. cbn [sum]. unfold latency at 2, latency_of. cbn [fst snd]. lia.
  - intros i. cbn [start future]. rewrite occupy_nth, (to_hold _ _ H), used_cons, HF. lia.
  - intros i. cbn [start past]. rewrite (did_hold _ _ H), used_cons, held_before by lia. lia.
  - constructor; [exact Ha|apply H].
  - intros u. rewrite used_cons. destruct (le_lt_dec u t) as [Hu|Hu].
    + rewrite held_before by lia. pose proof (fit _ _ H u). lia.
    + replace u with (S t + (u - S t)) by lia. rewrite HF, <- (to_hold _ _ H). destruct (Nat.ltb_spec (u - S t) (output (kind c))).
      * pose proof (room_nth _ _ _ HR (u - S t) ltac:(lia)). lia.
      * rewrite (to_hold _ _ H). pose proof (fit _ _ H (S t + (u - S t))). lia.
  - cbn [start items]. constructor; [cbn; lia|apply H].
Qed.
Lemma some_start_shows t c : c < length K -> arrival (kind c) <= t -> forall n st, shows t st -> n <= nth c (left st) 0 ->
  Forall (shows t) (some_start M K n t c st).
Proof.
  intros Hc Ha. induction n as [|n IH]; intros st H Hn; cbn [some_start]; constructor; auto.
  destruct (room _ _ _ _) eqn:ER; [|constructor]. apply IH; [apply shows_start; auto; lia|].
  cbn [start left]. rewrite take_one_nth, Nat.eqb_refl. lia.
Qed.
Lemma ways_shows t cs : (forall c, In c cs -> c < length K /\ arrival (kind c) <= t) -> forall st, shows t st ->
  Forall (shows t) (ways M K t cs st).
Proof.
  induction cs as [|c cs IH]; intros Hcs st H; cbn [ways]; [constructor; [exact H|constructor]|].
  apply Forall_forall. intros st' Hin. apply in_flat_map in Hin as (st1 & H1 & H2).
  destruct (Hcs c (or_introl eq_refl)) as [Hc Ha].
  pose proof (some_start_shows t c Hc Ha (nth c (left st) 0) st H (le_n _)) as HS. rewrite Forall_forall in HS.
  assert (HW : Forall (shows t) (ways M K t cs st1)) by (apply IH; auto; intros; apply Hcs; now right).
  rewrite Forall_forall in HW. auto.
Qed.

(* ---- no way is forgotten *)
Lemma repeat_shift {A} (a : A) n l : repeat a n ++ a :: l = a :: repeat a n ++ l.
Proof. induction n; cbn [repeat app]; congruence. Qed.
Lemma used_part a b u : used (map real b) u <= used (map real (a ++ b)) u.
Proof. rewrite map_app, used_app. lia. Qed.
Lemma some_start_all t c : c < length K -> arrival (kind c) <= t -> forall N n st, shows t st -> N <= n -> N <= nth c (left st) 0 ->
  (forall u, used (map real (repeat (c, t) N ++ items st)) u <= M) ->
  exists st', In st' (some_start M K n t c st) /\ shows t st' /\ items st' = repeat (c, t) N ++ items st.
Proof.
  intros Hc Ha. induction N as [|N IH]; intros n st H Hn HL HU.
  - exists st. destruct n; cbn [some_start]; (split; [now left|split; [exact H|reflexivity]]).
  - destruct n as [|n]; [lia|]. cbn [some_start].
    assert (HR : room M (output (kind c)) (S (prompt (kind c))) (future st) = true).
    { apply nth_room. intros i Hi. rewrite (to_hold _ _ H). specialize (HU (S t + i)).
      cbn [repeat app] in HU. rewrite <- repeat_shift in HU. pose proof (used_part (repeat (c, t) N) ((c, t) :: items st) (S t + i)) as HP.
      cbn [map] in HP. change (real (c, t)) with (kind c, t) in HP. rewrite used_cons in HP.
      replace (S t + i) with (t + S i) in HP at 1 by lia. rewrite held_in in HP by lia. unfold began. lia. }
    rewrite HR. destruct (IH n (start K t c st)) as (st' & H1 & H2 & H3).
    + apply shows_start; auto. lia.
    + lia.
    + cbn [start left]. rewrite take_one_nth, Nat.eqb_refl. lia.
    + intros u. cbn [start items]. rewrite repeat_shift. apply HU.
    + exists st'. split; [now right|]. split; [exact H2|]. rewrite H3. cbn [start items]. now rewrite repeat_shift.
Qed.
Lemma all_equal {A} (a : A) l : (forall x, In x l -> x = a) -> l = repeat a (length l).
Proof.
  induction l as [|x l IH]; intros H; [reflexivity|]. cbn [length repeat]. f_equal; [apply H; now left|]. apply IH. intros; apply H; now right.
Qed.
Lemma count_app (a b : list item) c : count (a ++ b) c = count a c + count b c.
Proof. now rewrite map_app, count_occ_app. Qed.
Lemma count_perm (a b : list item) c : Permutation a b -> count a c = count b c.
Proof. intros H. now apply Permutation_count_occ, Permutation_map. Qed.
Lemma ways_all t cs : (forall c, In c cs -> c < length K /\ arrival (kind c) <= t) -> forall st now_, shows t st ->
  (forall x, In x now_ -> snd x = t /\ In (fst x) cs) -> (forall u, used (map real (now_ ++ items st)) u <= M) ->
  (forall c, c < length K -> count now_ c <= nth c (left st) 0) ->
  exists st', In st' (ways M K t cs st) /\ shows t st' /\ Permutation (items st') (now_ ++ items st).
Proof.
  induction cs as [|c cs IH]; intros Hcs st now_ H HN HU HC; cbn [ways].
  - destruct now_ as [|x l]; [|destruct (HN x (or_introl eq_refl)) as [_ []]]. exists st. split; [now left|]. now split.
  - destruct (Hcs c (or_introl eq_refl)) as [Hc Ha].
    set (mine := filter (fun x => fst x =? c) now_). set (others := filter (fun x => negb (fst x =? c)) now_).
    assert (HP : Permutation now_ (others ++ mine)).
    { rewrite (Permutation_app_comm others). symmetry. apply Wholes.filter_both. }
    assert (Em : mine = repeat (c, t) (length mine)).
    { apply all_equal. intros [d p] Hx. apply filter_In in Hx as [Hx E]. apply Nat.eqb_eq in E. destruct (HN _ Hx) as [E' _]. cbn in *. congruence. }
    assert (HU' : forall u, used (map real (others ++ mine ++ items st)) u <= M).
    { intros u. rewrite app_assoc. rewrite <- (used_perm (map real (now_ ++ items st))); [apply HU|].
      now apply Permutation_map, Permutation_app_tail. }
    assert (Hcount : forall d, count now_ d = count others d + count mine d) by (intros d; rewrite (count_perm _ _ d HP); apply count_app).
    assert (Hlen : length mine <= nth c (left st) 0).
    { specialize (HC c Hc). rewrite Hcount in HC. rewrite Em in HC at 1. assert (E : forall n, count (repeat (c, t) n) c = n).
      { clear. induction n as [|n IH]; [reflexivity|]. cbn [repeat map count_occ fst]. destruct (Nat.eq_dec c c); [now f_equal|congruence]. }
      rewrite E in HC. lia. }
    destruct (some_start_all t c Hc Ha (length mine) (nth c (left st) 0) st H Hlen Hlen) as (st1 & H1 & H2 & H3).
    { intros u. rewrite <- Em. etransitivity; [|apply (HU' u)]. apply used_part. }
    rewrite <- Em in H3.
    destruct (IH (fun d Hd => Hcs d (or_intror Hd)) st1 others H2) as (st2 & G1 & G2 & G3).
    + intros x Hx. apply filter_In in Hx as [Hx E]. destruct (HN x Hx) as [E1 [E2|E2]]; split; auto.
      rewrite E2, Nat.eqb_refl in E. discriminate.
    + intros u. rewrite H3. apply HU'.
    + intros d Hd. pose proof (left_of _ _ H d Hd) as L1. pose proof (left_of _ _ H2 d Hd) as L2. rewrite H3, count_app in L2.
      specialize (HC d Hd). rewrite Hcount in HC. lia.
    + exists st2. split; [apply in_flat_map; now exists st1|]. split; [exact G2|]. rewrite G3, H3, app_assoc.
      now apply Permutation_app_tail, Permutation_sym.
Qed.

(* ---- a request that waits and could have run *)
Lemma room_back_nth o : forall h l, room_back M o h l = true -> forall i, i < o -> nth i l 0 + (h - i) <= M.
Proof.
  induction o as [|o IH]; intros h l H i Hi; [lia|]. cbn [room_back] in H. apply andb_prop in H as [H1 H2]. apply Nat.leb_le in H1.
  destruct i as [|i]; [rewrite <- hd_nth; lia|]. specialize (IH _ _ H2 i ltac:(lia)). rewrite tl_nth in IH. lia.
Qed.
Lemma count_in (l : list item) c : 1 <= count l c -> exists p, In (c, p) l.
Proof.
  intros H. assert (Hin : In c (map fst l)) by (apply (count_occ_In Nat.eq_dec); lia).
  apply in_map_iff in Hin as ([d p] & E & Hx). cbn in E. subst. eauto.
Qed.
Lemma could_have_run_wasteful t st c : all_differ K = true -> shows t st -> c < length K ->
  could_have_run M K (S t) st c = true -> wasteful M (listed_all K) (S t) (began st).
Proof.
  intros HD H Hc E. unfold could_have_run in E. apply andb_prop in E as [E HR]. apply andb_prop in E as [E1 E2].
  apply Nat.leb_le in E1, E2. set (r := kind c) in *. exists r, (S t - output r). split; [lia|]. split; [lia|]. split.
  - intros u Hu. destruct (le_lt_dec u (S t - output r)) as [Hu'|Hu'].
    + rewrite held_before by lia. pose proof (fit _ _ H u). lia.
    + pose proof (room_back_nth _ _ _ HR (S t - u) ltac:(lia)) as HN.
      replace u with ((S t - output r) + (u - (S t - output r))) at 2 by lia. rewrite held_in by lia.
      assert (EN : nth (S t - u) (hd 0 (future st) :: past st) 0 = used (began st) u).
      { destruct (S t - u) as [|i] eqn:Ei; cbn [nth].
        - rewrite hd_nth, (to_hold _ _ H). f_equal. lia.
        - rewrite (did_hold _ _ H). f_equal. lia. }
      rewrite EN in HN. lia.
  - intros later HF. unfold began in HF. destruct (view_from M K (items st) later HD (of_class _ _ H) HF) as (l & -> & HP).
    pose proof (numbers_of _ _ _ HP c Hc) as HN. rewrite count_app in HN. pose proof (left_of _ _ H c Hc).
    destruct (count_in l c ltac:(lia)) as (p & Hp). rewrite map_map. apply in_map_iff. exists (c, p). split; [reflexivity|exact Hp].
Qed.

(* ---- a state that another one is as good as *)
Lemma no_more_nth l : forall l', no_more l l' = true -> forall i, nth i l 0 <= nth i l' 0.
Proof.
  induction l as [|u l IH]; intros l' H i; [destruct i; cbn; lia|]. cbn [no_more] in H. apply andb_prop in H as [H1 H2]. apply Nat.leb_le in H1.
  destruct i as [|i]; cbn [nth]; [now rewrite <- hd_nth|]. rewrite <- tl_nth. now apply IH.
Qed.
Lemma equal_lists_eq l : forall l', equal_lists l l' = true -> l = l'.
Proof.
  induction l as [|a l IH]; intros [|b l'] H; try discriminate; [reflexivity|]. cbn [equal_lists] in H. apply andb_prop in H as [H1 H2].
  apply Nat.eqb_eq in H1. f_equal; auto.
Qed.
Lemma count_outside (l : list item) c : (forall x, In x l -> fst x < length K) -> length K <= c -> count l c = 0.
Proof.
  intros Hl Hc. apply count_occ_not_In. intros H. apply in_map_iff in H as (x & E & Hx). specialize (Hl x Hx). lia.
Qed.
Lemma as_good_beaten t st other L : shows t st -> shows t other -> as_good st other = true -> In (began other) L ->
  beaten M (S t) L (began st).
Proof.
  intros H H' E HL. unfold as_good in E. apply andb_prop in E as [E E3]. apply andb_prop in E as [E1 E2].
  apply Nat.leb_le in E1. apply equal_lists_eq in E3. exists (began other). split; [exact HL|]. split; [|split; [|split; [|split]]].
  - unfold began. rewrite !map_map. cbn [real fst]. rewrite <- !(map_map fst kind). apply Permutation_map.
    apply (Permutation_count_occ Nat.eq_dec). intros c. destruct (le_lt_dec (length K) c) as [Hc|Hc].
    + rewrite !count_outside; auto; [apply (of_class _ _ H)|apply (of_class _ _ H')].
    + pose proof (left_of _ _ H c Hc). pose proof (left_of _ _ H' c Hc). rewrite E3 in *. lia.
  - apply (came _ _ H').
  - apply (fit _ _ H').
  - rewrite <- (costs_so _ _ H), <- (costs_so _ _ H'). exact E1.
  - intros u Hu. pose proof (no_more_nth _ _ E2 (u - S (S t))) as HN. rewrite !tl_nth, (to_hold _ _ H), (to_hold _ _ H') in HN.
    replace (S t + S (u - S (S t))) with u in HN by lia. exact HN.
Qed.
Lemma choose_spec l : forall bins kept,
  (forall k b, PositiveMap.find k bins = Some b -> forall st, In st b -> In st kept) ->
  let r := choose l bins kept in
  (forall st, In st kept -> In st r) /\
  (forall st, In st r -> In st kept \/ In st (map whose l)) /\
  forall st, In st (map whose l) -> In st r \/ exists other, In other r /\ as_good st other = true.
Proof.
  induction l as [|x l IH]; intros bins kept HB; cbn [choose].
  - cbn zeta. split; [auto|]. split; [auto|]. intros st [].
  - set (bin := match PositiveMap.find (of_left x) bins with Some b => b | None => [] end).
    assert (Hbin : forall st, In st bin -> In st kept).
    { unfold bin. destruct (PositiveMap.find (of_left x) bins) as [b|] eqn:E; [|intros st []]. intros st. now apply (HB (of_left x)). }
    destruct (existsb (as_good (whose x)) bin) eqn:E.
    + destruct (IH bins kept HB) as (H1 & H2 & H3). split; [exact H1|]. split.
      * intros st Hst. destruct (H2 st Hst); [now left|right; now right].
      * intros st [<-|Hst]; [|now apply H3]. right. apply existsb_exists in E as (o & Ho & Hg). exists o. split; auto.
    + destruct (IH (PositiveMap.add (of_left x) (whose x :: bin) bins) (whose x :: kept)) as (H1 & H2 & H3).
      * intros k b Hk st Hst. destruct (Pos.eq_dec (of_left x) k) as [<-|Hne].
        -- rewrite PositiveMap.gss in Hk. injection Hk as <-. destruct Hst as [<-|Hst]; [now left|right; auto].
        -- rewrite PositiveMap.gso in Hk by auto. right. now apply (HB k b).
      * split; [intros st Hst; apply H1; now right|]. split.
        -- intros st Hst. destruct (H2 st Hst) as [[<-|Hk]|Hl]; [right; now left|now left|right; now right].
        -- intros st [<-|Hst]; [left; apply H1; now left|now apply H3].
Qed.
Lemma undominated_spec longest size t l :
  let r := undominated M K longest size t l in
  (forall st, In st r -> In st l) /\
  forall st, In st l -> In st r \/ exists other, In other r /\ as_good st other = true.
Proof.
  unfold undominated. set (ks := sort by_cost _).
  assert (HP : Permutation ks (map (keys M K longest size t) l)) by (unfold ks; now rewrite !sort_perm).
  assert (HW : forall st, In st (map whose ks) <-> In st l).
  { intros st. rewrite HP. rewrite map_map. cbn [keys whose]. now rewrite map_id. }
  destruct (choose_spec ks (PositiveMap.empty _) []) as (_ & H2 & H3).
  - intros k b Hk. rewrite PositiveMap.gempty in Hk. discriminate.
  - split.
    + intros st Hst. destruct (H2 st Hst) as [[]|H]. now apply HW.
    + intros st Hst. apply H3. now apply HW.
Qed.
End States.
