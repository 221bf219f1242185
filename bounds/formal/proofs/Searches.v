(* What a search finds is a lower bound on OPT. *)
From Coq Require Import List Arith ZArith Lia Permutation Bool FMapPositive.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Program Search.
From kvproof.checker Require Runs.
From kvproof.proofs Require Import Sums Memory Rational Beginnings Ways Views Allowed States.
Open Scope nat_scope.
Set Default Timeout 100.

Lemma wait_spec (g : nat -> option Z) : forall l b,
  match wait l (map g (seq b (length l))) with
  | None => exists c, b <= c < b + length l /\ nth (c - b) l 0 <> 0 /\ g c = None
  | Some w => (forall c, b <= c < b + length l -> nth (c - b) l 0 <> 0 -> g c <> None) /\
      w = Zsum (fun c => Z.of_nat (nth (c - b) l 0%nat) * match g c with Some x => x | None => 0 end)%Z (seq b (length l))
  end.
Proof.
  induction l as [|n l IH]; intros b; cbn [length seq map wait].
  - split; [intros; lia|reflexivity].
  - specialize (IH (S b)).
    assert (HN : forall c, S b <= c -> nth (c - b) (n :: l) 0 = nth (c - S b) l 0).
    { intros c Hc. replace (c - b) with (S (c - S b)) by lia. reflexivity. }
    assert (HZ : forall f : nat -> nat -> Z, Zsum (fun c => f (nth (c - b) (n :: l) 0%nat) c) (b :: seq (S b) (length l)) =
      (f n b + Zsum (fun c => f (nth (c - S b) l 0%nat) c) (seq (S b) (length l)))%Z).
    { intros f. rewrite Zsum_cons, Nat.sub_diag. change (nth 0 (n :: l) 0) with n. f_equal. apply Zsum_ext. intros c Hc. apply in_seq in Hc. now rewrite HN by lia. }
    set (r := wait l (map g (seq (S b) (length l)))) in *.
    assert (E : wait (n :: l) (g b :: map g (seq (S b) (length l))) =
      if n =? 0 then r else match g b with None => None | Some x => match r with Some y => Some (Z.of_nat n * x + y)%Z | None => None end end).
    { destruct n as [|n]; [reflexivity|]. cbn [Nat.eqb wait]. fold r. destruct (g b); reflexivity. }
    change (match wait (n :: l) (g b :: map g (seq (S b) (length l))) with
      | Some w => (forall c, b <= c < b + S (length l) -> nth (c - b) (n :: l) 0 <> 0 -> g c <> None) /\
          w = Zsum (fun c => Z.of_nat (nth (c - b) (n :: l) 0%nat) * match g c with Some x => x | None => 0 end)%Z (b :: seq (S b) (length l))
      | None => exists c, b <= c < b + S (length l) /\ nth (c - b) (n :: l) 0 <> 0 /\ g c = None end).
    rewrite E, (HZ (fun m c => Z.of_nat m * match g c with Some x => x | None => 0 end)%Z). clear E HZ.
    destruct (Nat.eqb_spec n 0) as [->|Hn].
    + destruct r as [w|].
      * destruct IH as [H1 H2]. split; [|lia]. intros c Hc Hc0. destruct (Nat.eq_dec c b) as [->|]; [rewrite Nat.sub_diag in Hc0; now cbn in Hc0|].
        rewrite HN in Hc0 by lia. apply H1; auto. lia.
      * destruct IH as (c & H1 & H2 & H3). exists c. rewrite HN by lia. repeat split; auto; lia.
    + destruct (g b) as [x|] eqn:Eg.
      * destruct r as [w|].
        -- destruct IH as [H1 H2]. split; [|lia]. intros c Hc Hc0. destruct (Nat.eq_dec c b) as [->|]; [congruence|].
           rewrite HN in Hc0 by lia. apply H1; auto. lia.
        -- destruct IH as (c & H1 & H2 & H3). exists c. rewrite HN by lia. repeat split; auto; lia.
      * exists b. rewrite Nat.sub_diag. cbn [nth]. repeat split; auto; lia.
Qed.
Lemma all_some_in {A} (l : list (option A)) : forall m, all_some l = Some m -> forall x, In x m -> In (Some x) l.
Proof.
  induction l as [|[a|] l IH]; intros m E x Hx; cbn [all_some] in E; [now injection E as <-| |discriminate].
  destruct (all_some l) as [m'|]; [|discriminate]. injection E as <-. destruct Hx as [->|Hx]; [now left|right; now apply (IH m')].
Qed.

Section Search.
Context (M : nat) (K : list class) (starts : list (list nat)) (scale : Z) (target : nat).
Context (longest size : nat) (vectors : list vector).
Notation R := (listed_all K).
Notation T := (horizon K starts).
Notation kind := (kind K).
Notation real := (real K).
Notation began := (began K).
Hypothesis HD : all_differ K = true.
Hypothesis Hv : valid M R.
Hypothesis Hscale : (0 <= scale)%Z.
Hypothesis HO : only M K target starts.
Notation limit := (scale * (Z.of_nat target - 1))%Z.
Notation table v n t := (tables M K starts (ones K) (peaks K) v n t).

(* what is looked up is of a vector, and its tables of the next step *)
Definition sound_prospect (t : nat) (pr : prospect) : Prop := exists v,
  ending pr = beta v /\ waiting pr = map (rest K starts scale v (S t)) (numbers K) /\
  (going_on pr = None \/ exists n, S t + n = S T /\ going_on pr = Some (by_place M (hd [] (table v n (S t))))).
Definition sound_memo (t : nat) (m : memo) : Prop :=
  from_now m = [] \/ exists n, S t + n = S T /\ from_now m = table (of_vector m) n (S t).
Lemma table_cons v n t : exists l, table v n t = hd [] (table v n t) :: l.
Proof. destruct n; cbn [tables hd]; eauto. Qed.
Lemma look_sound t m : sound_memo t m -> sound_prospect t (look M K starts scale t m).
Proof.
  intros H. exists (of_vector m). split; [reflexivity|]. split; [reflexivity|]. cbn [look going_on].
  destruct H as [->|(n & Hn & E)]; [now left|]. right. exists n. split; [exact Hn|].
  destruct (table_cons (of_vector m) n (S t)) as (l & El). rewrite E, El. reflexivity.
Qed.
Lemma name_sound t named i m : Forall (sound_memo t) named ->
  name M K starts (ones K) (peaks K) T vectors t named i = Some m -> sound_memo t m.
Proof.
  intros HN E. unfold name in E. destruct (known i named) as [m'|] eqn:Ek.
  - injection E as <-. apply find_some in Ek as [Hin _]. rewrite Forall_forall in HN. auto.
  - destruct (nth_error vectors i) as [v|]; [|discriminate]. destruct (since v <=? t); [|discriminate]. injection E as <-.
    unfold sound_memo. cbn [from_now of_vector]. destruct (Nat.leb_spec t T); [right|now left]. exists (T - t). split; [lia|reflexivity].
Qed.
Lemma next_sound t m : sound_memo t m -> sound_memo (S t) (Memo (at_place m) (of_vector m) (tl (from_now m))).
Proof.
  unfold sound_memo. cbn [from_now of_vector]. intros [->|(n & Hn & ->)]; [now left|].
  destruct n as [|n]; cbn [tables tl]; [now left|]. right. exists n. split; [lia|reflexivity].
Qed.

(* ---- bounds *)
Lemma proper_allowed s : proper M K s -> total_latency (map real s) < target -> forall x, In x s -> In (snd x) (nth (fst x) starts []).
Proof. intros HS Hlt x Hx. apply allowed_in. now apply (HO s HS Hlt). Qed.
Lemma later_unused t (l : list item) u : Forall (fun x => t <= snd x) l -> u <= t -> used (map real l) u = 0.
Proof. intros H Hu. apply (from_unused t); auto. unfold from. now apply Forall_map. Qed.
Lemma exceeds_dear V t st pr : V <= target -> shows M K t st -> sound_prospect t pr ->
  exceeds M scale limit (filter (fun x => S t <=? ends K x) (items st)) st pr = true -> too_dear M R V (S t) (began st).
Proof.
  intros HV H (v & E1 & E2 & E3) HE later Hf HF.
  destruct (view_from M K (items st) later HD (of_class _ _ _ _ H) HF) as (l & -> & HS).
  unfold States.began in *. rewrite <- map_app in *.
  destruct (le_lt_dec V (total_latency (map real (items st ++ l)))) as [|Hlt]; auto. exfalso.
  assert (HA := proper_allowed _ HS ltac:(lia)).
  assert (Hl : Forall (fun x => S t <= snd x) l) by (unfold from in Hf; rewrite Forall_map in Hf; exact Hf).
  assert (Hb : Forall (fun x => snd x < S t) (items st)) by (eapply Forall_impl; [|apply (until _ _ _ _ H)]; cbn; lia).
  assert (Hcount : forall c, c < length K -> count_occ Nat.eq_dec (map fst l) c = nth c (left st) 0).
  { intros c Hc. pose proof (numbers_of _ _ _ HS c Hc) as HN. rewrite count_app in HN. pose proof (left_of _ _ _ _ H c Hc). lia. }
  set (g := rest K starts scale v (S t)) in *.
  assert (Hg : forall x, In x l -> exists y, g (fst x) = Some y /\ (y <= costs K scale v (fst x) (snd x))%Z).
  { intros x Hx. unfold g, rest. apply least_of_le. apply in_map. apply filter_In. split.
    - apply HA. apply in_or_app. now right.
    - rewrite Forall_forall in Hl. apply Nat.leb_le. auto. }
  pose proof (wait_spec g (left st) 0) as HW. unfold exceeds in HE. rewrite E1, E2 in HE. unfold numbers in HE.
  rewrite (left_length _ _ _ _ H) in HW. destruct (wait (left st) (map g (seq 0 (length K)))) as [w|].
  2:{ destruct HW as (c & Hc & Hn & Eg). rewrite Nat.sub_0_r in Hn. destruct (count_in l c) as (p & Hp).
      - rewrite Hcount by lia. lia.
      - destruct (Hg _ Hp) as (y & Ey & _). cbn [fst] in Ey. congruence. }
  destruct HW as [_ HW].
  destruct E3 as [E3|(n & Hn & E3)]; rewrite E3 in HE; [discriminate|].
  set (s := items st ++ l) in *.
  assert (HR : running K s (S t) = length (filter (fun x => S t <=? ends K x) (items st))).
  { unfold running, s. rewrite filter_app, app_length. rewrite (filter_none (runs K (S t)) l).
    - cbn [length]. rewrite Nat.add_0_r. f_equal. apply filter_ext_in. intros x Hx. unfold runs. rewrite Forall_forall in Hb.
      destruct (Nat.ltb_spec (snd x) (S t)); [reflexivity|]. specialize (Hb x Hx). lia.
    - intros x Hx. unfold runs. rewrite Forall_forall in Hl. specialize (Hl x Hx). destruct (Nat.ltb_spec (snd x) (S t)); [lia|reflexivity]. }
  assert (HT : tokens K s (S t) = hd 0 (future st)).
  { unfold tokens, s. rewrite map_app, used_app, (later_unused (S t) l (S t) Hl) by lia.
    rewrite hd_nth, (to_hold _ _ _ _ H). unfold States.began. rewrite !Nat.add_0_r. reflexivity. }
  assert (Hnum : forall c, c < length K -> count_occ Nat.eq_dec (map fst s) c <= number K c).
  { intros c Hc. rewrite (numbers_of _ _ _ HS) by exact Hc. lia. }
  assert (He : forall x, In x s -> ends K x <= T).
  { intros x Hx. apply horizon_le; [apply (in_class _ _ _ HS x Hx)|]. auto. }
  assert (Hal : forall x, In x s -> allowed starts (fst x) (snd x) = true) by (intros x Hx; apply allowed_in; auto).
  pose proof (tables_has M K starts v T s (in_class _ _ _ HS) Hnum Hal (proper_output M K s Hv HS) (all_there _ _ _ HS)
    (in_memory _ _ _ HS) He n (S t) Hn) as HX.
  apply by_place_has with (M := M) in HX as (x & Ex & Hx). rewrite HR, HT in Ex. rewrite Ex in HE. apply Z.ltb_lt in HE.
  pose proof (multipliers_by_class K scale v (S t) (items st) l HD (in_class _ _ _ HS) Hb Hl) as HM. fold s in HM.
  rewrite (costs_so _ _ _ _ H) in HE. unfold States.began in HE.
  assert (HC : (w <= Zsum (fun x => costs K scale v (fst x) (snd x)) l)%Z).
  { rewrite HW. transitivity (Zsum (fun x => match g (fst x) with Some y => y | None => 0 end)%Z l).
    - rewrite <- (by_class_all K l (fun c => match g c with Some y => y | None => 0 end)%Z).
      + apply Z.eq_le_incl, Zsum_ext. intros c Hc. apply in_seq in Hc. rewrite Nat.sub_0_r, Hcount by lia. reflexivity.
      + intros y Hy. apply (in_class _ _ _ HS). apply in_or_app. now right.
    - apply Zsum_le. intros y Hy. destruct (Hg y Hy) as (z & -> & Hz). exact Hz. }
  assert (HZ : zsum_of (beta v) (filter (fun x => S t <=? ends K x) (items st)) =
    Zsum (fun x => beta v (fst x) (snd x)) (filter (fun x => S t <=? ends K x) (items st))) by reflexivity.
  rewrite HZ in HE. assert (scale * Z.of_nat (total_latency (map real s)) <= limit)%Z; [|lia].
  apply Z.mul_le_mono_nonneg_l; lia.
Qed.
Lemma left_out_reason V t looked st : V <= target -> shows M K t st -> Forall (sound_prospect t) looked ->
  left_out M K scale limit (S t) looked st = true ->
  too_dear M R V (S t) (began st) \/ wasteful M R (S t) (began st).
Proof.
  intros HV H HL E. unfold left_out in E. apply orb_prop in E as [E|E]; apply existsb_exists in E as (x & Hx & E).
  - left. rewrite Forall_forall in HL. apply (exceeds_dear V t st x HV H (HL x Hx) E).
  - right. apply in_seq in Hx. apply (could_have_run_wasteful M K t st x); auto. lia.
Qed.

(* ---- one layer *)
Lemma least_met l : forall b, let b' := fold_left (fun b st => if complete st then Nat.min b (cost st) else b) l b in
  b' <= b /\ forall st, In st l -> complete st = true -> b' <= cost st.
Proof.
  induction l as [|x l IH]; intros b; cbn [fold_left]; [split; [lia|easy]|].
  destruct (IH (if complete x then Nat.min b (cost x) else b)) as [H1 H2]. split.
  - etransitivity; [exact H1|]. destruct (complete x); lia.
  - intros st [<-|Hst] Hc; [|auto]. rewrite Hc in H1. cbn zeta. rewrite Hc. lia.
Qed.
Lemma spread_spec t looked cs l : forall found least found' least',
  spread M K scale limit t looked cs l found least = (found', least') ->
  least' <= least /\ (forall st, In st found -> In st found') /\
  (forall st, In st found' -> In st found \/ In st (flat_map (ways M K t cs) l)) /\
  forall st, In st (flat_map (ways M K t cs) l) ->
    complete st = true /\ least' <= cost st \/ left_out M K scale limit (S t) looked st = true \/ In st found'.
Proof.
  induction l as [|st l IH]; intros found least found' least' E; cbn [spread] in E.
  - injection E as <- <-. cbn [flat_map]. split; [lia|]. split; [auto|]. split; [auto|easy].
  - set (all := ways M K t cs st) in *. set (b := fold_left _ all least) in E. set (f := filter _ all) in E.
    destruct (IH _ _ _ _ E) as (H1 & H2 & H3 & H4). pose proof (least_met all least) as [L1 L2]. fold b in L1, L2. cbn [flat_map]. fold all.
    split; [lia|]. split; [intros x Hx; apply H2, in_or_app; now right|]. split.
    + intros x Hx. destruct (H3 x Hx) as [Hx'|Hx'].
      * apply in_app_or in Hx' as [Hx'|Hx']; [right; apply in_or_app; left; now apply filter_In in Hx'|now left].
      * right. apply in_or_app. now right.
    + intros x Hx. apply in_app_or in Hx as [Hx|Hx]; [|auto].
      destruct (complete x) eqn:Ec; [left; split; [reflexivity|specialize (L2 x Hx Ec); lia]|].
      destruct (left_out M K scale limit (S t) looked x) eqn:El; [right; now left|]. right. right. apply H2, in_or_app. left.
      apply filter_In. split; [exact Hx|]. rewrite Ec, El. reflexivity.
Qed.
Lemma may_start_in t c : In c (may_start K starts t) <-> (c < length K /\ arrival (kind c) <= t /\ allowed starts c t = true).
Proof.
  unfold may_start. rewrite filter_In. unfold numbers. rewrite in_seq, andb_true_iff, Nat.leb_le. intuition lia.
Qed.
Lemma layer_step V t l : V <= target -> Forall (shows M K t) l -> covers M R V t (map began l) ->
  covers M R V (S t) (map began (flat_map (ways M K t (may_start K starts t)) l)).
Proof.
  intros HV HS HC (w & Hw & Hlt). refine (search_step M R V t (map began l) _ HC _ (ex_intro _ w (conj Hw Hlt))).
  intros begun now_ later Hin Hnow Hlater Hb. apply in_map_iff in Hin as (st & <- & Hst). rewrite Forall_forall in HS. specialize (HS st Hst).
  destruct Hb as [HF HB]. unfold States.began in HF.
  destruct (view_from M K (items st) (now_ ++ later) HD (of_class _ _ _ _ HS) HF) as (l' & E & HP).
  symmetry in E. apply map_eq_app in E as (n & l2 & -> & <- & <-).
  assert (Hlow : total_latency (map real (items st ++ n ++ l2)) < target).
  { rewrite !map_app. specialize (HB w Hw). unfold States.began in HB. lia. }
  destruct (ways_all M K t (may_start K starts t)) with (st := st) (now_ := n) as (st' & H1 & H2 & H3); auto.
  - intros c Hc. apply may_start_in in Hc. tauto.
  - intros x Hx. rewrite Forall_map, Forall_forall in Hnow. specialize (Hnow x Hx). cbn in Hnow. split; [exact Hnow|].
    assert (Hx' : In x (items st ++ n ++ l2)) by (rewrite !in_app_iff; tauto).
    apply may_start_in. rewrite <- Hnow. split; [apply (in_class _ _ _ HP x Hx')|]. split; [apply (arrived _ _ _ HP x Hx')|]. now apply (HO _ HP Hlow).
  - intros u. etransitivity; [|apply (in_memory _ _ _ HP u)]. rewrite !map_app, !used_app. lia.
  - intros c Hc. pose proof (numbers_of _ _ _ HP c Hc) as HN. rewrite !count_app in HN. pose proof (left_of _ _ _ _ HS c Hc). lia.
  - exists (began st'). split; [apply in_map; apply in_flat_map; now exists st|]. unfold States.began. rewrite <- map_app.
    apply Permutation_map. rewrite H3. apply Permutation_app_comm.
Qed.
Lemma search_sound layers : forall t named l least v,
  search M K starts scale (ones K) (peaks K) T longest size vectors limit layers t named l least = Some v ->
  v <= least /\ (least <= target -> Forall (sound_memo t) named -> Forall (shows M K t) l -> covers M R v t (map began l) ->
    opt_at_least M R v).
Proof.
  induction layers as [|places layers IH]; intros t named l least v E; destruct l as [|st0 l0]; cbn [search] in E; try discriminate;
    try (injection E as <-; split; [lia|]; intros _ _ _ HC; exact (search_end _ _ _ _ HC)).
  set (l := st0 :: l0) in *. destruct (all_some _) as [named'|] eqn:EN; [|discriminate].
  destruct (spread _ _ _ _ _ _ _ _ _ _) as [found least'] eqn:ES.
  apply IH in E as [Hv' E]. destruct (spread_spec _ _ _ _ _ _ _ _ ES) as (H1 & _ & H3 & H4).
  split; [lia|]. intros Hle HN HS HC.
  assert (HN' : Forall (sound_memo t) named').
  { apply Forall_forall. intros m Hm. pose proof (all_some_in _ _ EN m Hm) as Hi. apply in_map_iff in Hi as (i & Ei & _). now apply (name_sound t named i). }
  set (children := flat_map (ways M K t (may_start K starts t)) l) in *.
  assert (HSC : Forall (shows M K t) children).
  { apply Forall_forall. intros x Hx. apply in_flat_map in Hx as (st & Hst & Hx). rewrite Forall_forall in HS.
    assert (HWS : Forall (shows M K t) (ways M K t (may_start K starts t) st)).
    { apply ways_shows; [|auto]. intros c Hc. apply may_start_in in Hc. tauto. }
    rewrite Forall_forall in HWS. auto. }
  assert (HSF : Forall (shows M K t) found).
  { apply Forall_forall. intros x Hx. destruct (H3 x Hx) as [[]|Hx']. rewrite Forall_forall in HSC. auto. }
  destruct (undominated_spec M K longest size (S t) found) as [U1 U2]. set (kept := undominated M K longest size (S t) found) in *.
  apply E.
  - lia.
  - apply Forall_map. eapply Forall_impl; [|exact HN']. intros m. apply next_sound.
  - apply Forall_map, Forall_forall. intros x Hx. apply shows_over. rewrite Forall_forall in HSF. auto.
  - rewrite map_map. change (covers M R v (S t) (map began kept)).
    apply (search_drop M R v (S t) (map began children)); [exact Hv|apply layer_step; auto; lia|].
    intros begun Hb. apply in_map_iff in Hb as (x & <- & Hx). rewrite Forall_forall in HSC. pose proof (HSC x Hx) as HX.
    destruct (H4 x Hx) as [[_ Hc]|[Hc|Hc]].
    + right. left. intros later _ _. unfold total_latency. rewrite sum_app. rewrite (costs_so _ _ _ _ HX) in Hc. unfold total_latency in Hc. lia.
    + destruct (left_out_reason v t (map (look M K starts scale t) named') x) as [Hd|Hw]; auto; [lia|].
      apply Forall_map. eapply Forall_impl; [|exact HN']. intros m. apply look_sound.
    + destruct (U2 x Hc) as [Hk|(o & Ho & Hg)]; [left; now apply in_map|]. right. right. right.
      rewrite Forall_forall in HSF. apply (as_good_beaten M K t x o); auto. now apply in_map.
Qed.
End Search.

(* ---- the whole of it *)
Lemma begin_shows M K : shows M K 0 (State (map fst K) [] 0 [] []).
Proof.
  constructor; cbn [left items cost future past began map].
  - intros x [].
  - apply map_length.
  - intros c Hc. cbn [count_occ]. unfold number. rewrite Nat.add_0_r. exact (map_nth fst K (0, Request 0 0 0) c).
  - reflexivity.
  - intros i. destruct i; reflexivity.
  - intros i. destruct i; reflexivity.
  - constructor.
  - intros u. cbn. lia.
  - constructor.
Qed.
Lemma none_below_target M K T : all_differ K = true ->
  (forall s, proper M K s -> T <= total_latency (map (real K) s)) -> opt_at_least M (listed_all K) T.
Proof.
  intros HD H s HF. destruct (view M K s HD HF) as (s' & -> & HP). apply q_le. auto.
Qed.
Lemma by_search_sound M R h v : by_search M R h = Some v -> opt_at_least M R v.
Proof.
  unfold by_search. set (K := classes R). destruct (_ && _) eqn:EC; [|discriminate].
  apply andb_prop in EC as [EC Hy]. apply andb_prop in EC as [EC Hs]. apply andb_prop in EC as [EC HDz]. apply andb_prop in EC as [Hval HD].
  apply Z.ltb_lt in HDz. apply Z.leb_le in Hs.
  assert (HR : listed_all K = R) by apply classes_listed. rewrite <- HR.
  assert (Hv : valid M (listed_all K)).
  { rewrite HR. apply Forall_forall. intros r Hr. rewrite forallb_forall in Hval. specialize (Hval r Hr).
    apply andb_prop in Hval as [V1 V2]. apply Nat.leb_le in V1, V2. split; auto. }
  assert (Hyb : Forall (Z.le 0) (Runs.by_step (prices h))).
  { apply Forall_forall. intros y Hin. apply in_flat_map in Hin as (x & Hx & Hin). apply repeat_spec in Hin. subst y.
    rewrite forallb_forall in Hy. apply Z.leb_le. now apply Hy. }
  destruct (least_terms _ _ _ K) as [least|] eqn:EL; [|discriminate].
  destruct (by_price_only M K (target h) (unit_price h) (prices h) _ least HDz Hyb Hv EL) as [P1 P2].
  set (spare := price_room M (target h) (unit_price h) (prices h) K least) in *.
  destruct (Z.ltb_spec spare 0) as [Hneg|_].
  { intros E. injection E as <-. apply none_below_target; auto. intros s HS.
    destruct (le_lt_dec (target h) (total_latency (map (real K) s))) as [|Hlt]; auto. specialize (P1 s HS Hlt). lia. }
  set (starts := by_price _ _ _ _ _) in *. destruct (listing h) as [|first others]; [discriminate|].
  destruct (read K starts first) as [vec|]; [|discriminate].
  pose proof (by_vector_only M K (target h) starts (scaling h) vec HD Hv Hs P2) as HV. cbv zeta in HV.
  destruct (PositiveMap.find _ _) as [whole|].
  2:{ intros E. injection E as <-. now apply none_below_target. }
  destruct HV as [V1 V2]. set (spare' := vector_room _ _ _ _ _ _) in *.
  destruct (Z.ltb_spec spare' 0) as [Hneg|_].
  { intros E. injection E as <-. apply none_below_target; auto. intros s HS.
    destruct (le_lt_dec (target h) (total_latency (map (real K) s))) as [|Hlt]; auto. specialize (V1 s HS Hlt). lia. }
  set (starts' := by_vector _ _ _ _ _) in *. destruct (all_some _) as [vs|]; [|discriminate].
  intros E. apply search_sound in E as [_ E]; auto. apply E; auto.
  - constructor; [apply begin_shows|constructor].
  - apply search_begin. exact Hv.
Qed.
