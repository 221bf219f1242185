(* The price bound from runs is below OPT. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted QArith Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Judgement.
From kvproof.checker Require Import Program Sort Runs.
From kvproof.proofs Require Import Sums Memory Opt Rational Sorts Prices.
Open Scope Z_scope.
Set Default Timeout 100.

Lemma skipn_all_nil {A} n (l : list A) : (length l <= n)%nat -> skipn n l = [].
Proof. apply skipn_all2. Qed.
Lemma skipn_repeat {A} (y : A) n k l : (n <= k)%nat -> skipn n (repeat y k ++ l) = repeat y (k - n) ++ l.
Proof.
  revert k. induction n as [|n IH]; intros [|k] H; cbn [skipn repeat app Nat.sub]; try lia; auto.
  apply IH. lia.
Qed.
Lemma skipn_past {A} (y : A) n k l : (k <= n)%nat -> skipn n (repeat y k ++ l) = skipn (n - k) l.
Proof.
  revert n. induction k as [|k IH]; intros n H; cbn [repeat app]; [now rewrite Nat.sub_0_r|].
  destruct n; [lia|]. cbn [skipn Nat.sub]. apply IH. lia.
Qed.
Lemma drop_by_step n runs : by_step (drop n runs) = skipn n (by_step runs).
Proof.
  revert n. induction runs as [|[k y] runs IH]; intros n; cbn [drop]; [now rewrite skipn_nil|].
  unfold by_step in *. cbn [flat_map fst snd]. destruct (Nat.leb_spec k n) as [H|H].
  - rewrite IH. now rewrite skipn_past.
  - cbn [flat_map fst snd]. rewrite skipn_repeat by lia. reflexivity.
Qed.
Lemma zsum_app l l' : zsum (l ++ l') = zsum l + zsum l'.
Proof. unfold zsum. induction l; cbn [app fold_right]; lia. Qed.
Lemma zsum_repeat y k : zsum (repeat y k) = y * Z.of_nat k.
Proof. unfold zsum. induction k; cbn [repeat fold_right]; lia. Qed.
Lemma dot_repeat y k l : forall o s, 2 * dot o s (repeat y k ++ l) =
  y * (Z.of_nat (Nat.min k o) * (2 * s + Z.of_nat (Nat.min k o) + 1)) + 2 * dot (o - Nat.min k o) (s + Z.of_nat (Nat.min k o)) l.
Proof.
  induction k as [|k IH]; intros o s.
  - cbn [repeat app Nat.min]. change (Z.of_nat 0) with 0. rewrite Nat.sub_0_r, !Z.add_0_r. lia.
  - destruct o as [|o]; cbn [repeat app dot Nat.min]; [cbn; lia|].
    specialize (IH o (s + 1)). set (m := Nat.min k o) in *. cbn [Nat.sub]. rewrite Nat2Z.inj_succ.
    replace (s + Z.succ (Z.of_nat m)) with (s + 1 + Z.of_nat m) by lia. nia.
Qed.
Lemma front_spec runs : forall o s, front o s runs = (zsum (firstn o (by_step runs)), 2 * dot o s (by_step runs)).
Proof.
  induction runs as [|[k y] runs IH]; intros o s; cbn [front].
  - unfold by_step. cbn [flat_map]. rewrite firstn_nil, dot_nil. reflexivity.
  - destruct (Nat.eqb_spec o 0) as [->|]; [reflexivity|]. rewrite IH. unfold by_step. cbn [flat_map fst snd].
    rewrite dot_repeat, firstn_app, zsum_app, repeat_length. f_equal.
    assert (E : firstn o (repeat y k) = repeat y (Nat.min k o)).
    { clear. revert o. induction k as [|k IH]; intros [|o]; cbn [repeat firstn Nat.min]; auto. now rewrite IH. }
    rewrite E, zsum_repeat. destruct (Nat.min_spec k o) as [[H ->]|[H ->]]; [reflexivity|].
    now replace (o - k)%nat with (o - o)%nat by lia.
Qed.

Section Walk.
Variables (D : Z) (ys : list Z) (r : request).
Hypothesis HD : 0 <= D.
Hypothesis Hys : Forall (Z.le 0) ys.
Let o := output r. Let s := Z.of_nat (prompt r).
Let F (p : nat) := term D ys r p.
Let W (p : nat) := zsum (firstn o (skipn p ys)).
Lemma skipn_hd {A} (d : A) p l : hd d (skipn p l) = nth p l d.
Proof. revert l. induction p; intros [|x l]; cbn; auto. Qed.
Lemma next p : F (S p) = F p + (D - s * nth p ys 0 + (s + Z.of_nat o) * nth (p + o) ys 0 - W p) /\
  W (S p) = W p - nth p ys 0 + nth (p + o) ys 0.
Proof.
  unfold F, W, term. fold o s.
  assert (E : skipn (S p) ys = tl (skipn p ys)) by (rewrite skipn_tl; now destruct ys; cbn; rewrite ?skipn_nil).
  assert (En : nth (p + o) ys 0 = hd 0 (skipn o (skipn p ys))) by (rewrite <- skipn_plus, skipn_hd; reflexivity).
  assert (Eh : nth p ys 0 = hd 0 (skipn p ys)) by (now rewrite skipn_hd).
  rewrite E, En, Eh. destruct (skipn p ys) as [|y l]; cbn [tl hd].
  - rewrite skipn_nil, firstn_nil, dot_nil. cbn [hd]. unfold zsum. cbn [fold_right]. lia.
  - rewrite (dot_step o s y l), (window_step o y l). lia.
Qed.
(* n steps while the price y leaves and e enters *)
Lemma stretch p n y e : (forall i, (i < n)%nat -> nth (p + i) ys 0 = y /\ nth (p + i + o) ys 0 = e) ->
  forall i, (i <= n)%nat -> let change := D - s * y + (s + Z.of_nat o) * e - W p in let bend := y - e in
    2 * F (p + i) = 2 * F p + 2 * Z.of_nat i * change + bend * (Z.of_nat i * (Z.of_nat i - 1)) /\
    W (p + i) = W p - Z.of_nat i * bend.
Proof.
  intros H. induction i as [|i IH]; intros Hi; cbn zeta in *; [rewrite Nat.add_0_r; lia|].
  destruct (IH ltac:(lia)) as [I1 I2]. destruct (H i ltac:(lia)) as [E1 E2]. rewrite Nat.add_succ_r.
  destruct (next (p + i)) as [N1 N2]. rewrite E1, E2 in *. rewrite N1, N2, I2. split; [nia|lia].
Qed.
(* a parabola is least at an end, or where its change turns from negative *)
Lemma parabola c d b m i : 0 <= i <= m ->
  let at_ j := c + 2 * j * d + b * (j * (j - 1)) in
  let turn := if (0 <? b) && (d <? 0) then Z.min m (- (d / b)) else m in
  Z.min c (Z.min (at_ turn) (at_ m)) <= at_ i.
Proof.
  intros Hi at_ turn. unfold turn, at_. destruct (Z.ltb_spec 0 b) as [Hb|Hb]; cbn [andb].
  - destruct (Z.ltb_spec d 0) as [Hd|Hd].
    + pose proof (Z.mul_div_le d b Hb) as H1. pose proof (Z.mul_succ_div_gt d b Hb) as H2.
      set (t := - (d / b)) in *. replace (d / b) with (- t) in * by lia.
      (* d + b (t - 1) < 0 <= d + b t *)
      destruct (Z.min_spec m t) as [[Hm ->]|[Hm ->]].
      * enough (c + 2 * m * d + b * (m * (m - 1)) <= c + 2 * i * d + b * (i * (i - 1))) by lia.
        assert (0 <= (m - i) * (- (2 * d + b * (m + i - 1)))); [|nia].
        apply Z.mul_nonneg_nonneg; [lia|]. nia.
      * enough (c + 2 * t * d + b * (t * (t - 1)) <= c + 2 * i * d + b * (i * (i - 1))) by lia.
        destruct (Z_le_gt_dec i t).
        -- destruct (Z.eq_dec i t) as [->|]; [lia|]. assert (0 <= (t - i) * (- (2 * d + b * (t + i - 1)))); [|nia].
           apply Z.mul_nonneg_nonneg; [lia|]. nia.
        -- assert (0 <= (i - t) * (2 * d + b * (t + i - 1))); [|nia]. apply Z.mul_nonneg_nonneg; [lia|]. nia.
    + enough (c <= c + 2 * i * d + b * (i * (i - 1))) by lia. 
      destruct (Z.eq_dec i 0) as [->|]; [lia|]. assert (0 <= i * (i - 1)) by nia. nia.
  - destruct (Z_le_gt_dec 0 (2 * d + b * (i - 1))).
    + enough (c <= c + 2 * i * d + b * (i * (i - 1))) by lia. nia.
    + enough (c + 2 * m * d + b * (m * (m - 1)) <= c + 2 * i * d + b * (i * (i - 1))) by lia.
      assert (0 <= (m - i) * (- (2 * d + b * (m + i - 1)))); [|nia]. apply Z.mul_nonneg_nonneg; [lia|]. nia.
Qed.

Lemma dot_nonneg n : forall t l, 0 <= t -> Forall (Z.le 0) l -> 0 <= dot n t l.
Proof.
  induction n as [|n IH]; intros t [|y l] Ht Hl; cbn [dot]; try lia. inversion_clear Hl.
  specialize (IH (t + 1) l ltac:(lia) H0). nia.
Qed.
Lemma Forall_skipn {A} (P : A -> Prop) n l : Forall P l -> Forall P (skipn n l).
Proof. revert l. induction n; intros l H; [exact H|]. destruct H; cbn [skipn]; auto. Qed.
Lemma F_late p q : (p <= q)%nat -> 2 * D * (Z.of_nat (p + o) - Z.of_nat (arrival r)) <= 2 * F q.
Proof.
  intros H. unfold F, term. fold o s.
  pose proof (dot_nonneg o s (skipn q ys) ltac:(lia) (Forall_skipn _ q ys Hys)). nia.
Qed.
Lemma walk_spec fuel : forall p best heads tails b,
  by_step heads = skipn p ys -> by_step tails = skipn (p + o) ys -> best <= 2 * F p ->
  walk fuel D s (Z.of_nat o) best (2 * D * (Z.of_nat (p + o) - Z.of_nat (arrival r))) (2 * F p) (W p) heads tails = Some b ->
  b <= best /\ forall q, (p <= q)%nat -> b <= 2 * F q.
Proof.
  induction fuel as [|fuel IH]; intros p best heads tails b HH HT HB E; cbn [walk] in E; [discriminate|].
  destruct (Z.leb_spec best (2 * D * (Z.of_nat (p + o) - Z.of_nat (arrival r)))) as [HE|HE].
  { injection E as <-. split; [lia|]. intros q Hq. pose proof (F_late p q Hq). lia. }
  destruct heads as [|[k y] heads'].
  { injection E as <-. split; [lia|]. intros q Hq. etransitivity; [exact HB|]. unfold F, term. fold o s.
    cbn in HH. assert (HQ : skipn q ys = []).
    { replace q with (p + (q - p))%nat by lia. rewrite skipn_plus, <- HH. apply skipn_nil. }
    rewrite <- HH, HQ, !dot_nil. nia. }
  set (ne := match tails with [] => (k, 0) | (k', e) :: _ => (Nat.min k k', e) end) in E.
  destruct ne as [n e] eqn:Ene. cbn zeta in E.
  assert (HN : forall i, (i < n)%nat -> nth (p + i) ys 0 = y /\ nth (p + i + o) ys 0 = e).
  { intros i Hi. unfold ne in Ene. rewrite <- !skipn_hd. rewrite skipn_plus, <- HH.
    replace (p + i + o)%nat with (p + o + i)%nat by lia. rewrite (skipn_plus (p + o)), <- HT.
    unfold by_step. cbn [flat_map fst snd].
    assert (Hik : (i < k)%nat /\ (forall k' e' t, tails = (k', e') :: t -> (i < k')%nat /\ e' = e) /\ (tails = [] -> e = 0)).
    { destruct tails as [|[k' e'] t]; injection Ene as <- <-; (split; [lia|split]); try discriminate; auto.
      intros ? ? ? Et. injection Et as <- <- <-. split; [lia|auto]. }
    destruct Hik as (Hk & Ht & He). split.
    - rewrite skipn_repeat by lia. destruct (k - i)%nat eqn:Ek; [lia|reflexivity].
    - destruct tails as [|[k' e'] t]; [cbn; rewrite skipn_nil; symmetry; auto|].
      destruct (Ht _ _ _ eq_refl) as [H1 ->]. cbn [flat_map fst snd]. rewrite skipn_repeat by lia.
      destruct (k' - i)%nat eqn:Ek; [lia|reflexivity]. }
  pose proof (stretch p n y e HN) as HS. cbn zeta in HS.
  set (change := D - s * y + (s + Z.of_nat o) * e - W p) in *. set (bend := y - e) in *.
  destruct (HS n (le_n _)) as [S1 S2].
  set (turn := if (0 <? bend) && (change <? 0) then Z.min (Z.of_nat n) (- (change / bend)) else Z.of_nat n) in *.
  rewrite <- S1, <- S2 in E.
  replace (2 * D * (Z.of_nat (p + o) - Z.of_nat (arrival r)) + 2 * D * Z.of_nat n)
    with (2 * D * (Z.of_nat (p + n + o) - Z.of_nat (arrival r))) in E by lia.
  apply IH in E.
  - destruct E as [E1 E2]. split; [lia|]. intros q Hq. destruct (le_lt_dec (p + n) q) as [Hn|Hn]; [auto|].
    destruct (HS (q - p)%nat ltac:(lia)) as [Q1 _]. replace (p + (q - p))%nat with q in Q1 by lia.
    pose proof (parabola (2 * F p) change bend (Z.of_nat n) (Z.of_nat (q - p)) ltac:(lia)) as HP. cbv beta zeta in HP.
    fold turn in HP. rewrite <- S1, <- Q1 in HP. lia.
  - rewrite drop_by_step, HH. now rewrite <- skipn_plus.
  - rewrite drop_by_step, HT, <- skipn_plus. f_equal. lia.
  - lia.
Qed.
Lemma cheapest_spec fuel heads v : by_step heads = skipn (arrival r) ys ->
  cheapest fuel D heads r = Some v -> forall p, (arrival r <= p)%nat -> v <= 2 * F p.
Proof.
  intros HH E. unfold cheapest in E. rewrite front_spec, HH in E. fold o s in E.
  assert (EF : 2 * D * Z.of_nat o + 2 * dot o s (skipn (arrival r) ys) = 2 * F (arrival r)).
  { unfold F, term. fold o s. lia. }
  rewrite EF in E. change (zsum (firstn o (skipn (arrival r) ys))) with (W (arrival r)) in E.
  replace (2 * D * Z.of_nat o) with (2 * D * (Z.of_nat (arrival r + o) - Z.of_nat (arrival r))) in E by lia.
  apply (walk_spec fuel (arrival r)) in E; [apply E|exact HH| |lia].
  rewrite drop_by_step, HH. symmetry. apply skipn_plus.
Qed.
End Walk.

Lemma alike_eq r r' : alike r r' = true -> r = r'.
Proof.
  destruct r, r'. unfold alike. simpl. rewrite !andb_true_iff, !Nat.eqb_eq. intros [[-> ->] ->]. reflexivity.
Qed.
Lemma all_cheapest_spec fuel D ys : 0 <= D -> Forall (Z.le 0) ys -> forall R now heads last total v,
  by_step heads = skipn now ys ->
  match last with Some (q, w) => forall p, (arrival q <= p)%nat -> w <= 2 * term D ys q p | None => True end ->
  all_cheapest fuel D now heads last R total = Some v ->
  exists vs, v = total + zsum vs /\ Forall2 (fun r w => forall p, (arrival r <= p)%nat -> w <= 2 * term D ys r p) R vs.
Proof.
  intros HD Hy. induction R as [|r R IH]; intros now heads last total v HH HL E; cbn [all_cheapest] in E.
  - injection E as <-. exists []. split; [cbn; lia|constructor].
  - destruct (Nat.ltb_spec (arrival r) now) as [|Ha]; [discriminate|].
    set (heads' := drop (arrival r - now) heads) in *.
    assert (HH' : by_step heads' = skipn (arrival r) ys).
    { unfold heads'. rewrite drop_by_step, HH, <- skipn_plus. f_equal. lia. }
    set (w := match last with Some (q, w) => if alike q r then Some w else cheapest fuel D heads' r | None => cheapest fuel D heads' r end) in E.
    assert (HW : forall x, w = Some x -> forall p, (arrival r <= p)%nat -> x <= 2 * term D ys r p).
    { intros x Ex. destruct last as [[q z]|]; unfold w in Ex.
      - destruct (alike q r) eqn:Eq; [|now apply (cheapest_spec D ys r HD Hy fuel heads')].
        apply alike_eq in Eq. subst. now injection Ex as <-.
      - now apply (cheapest_spec D ys r HD Hy fuel heads'). }
    destruct w as [x|]; [|discriminate]. specialize (HW x eq_refl).
    destruct (IH _ _ (Some (r, x)) _ _ HH' HW E) as (vs & -> & HV). exists (x :: vs). split; [unfold zsum; cbn; lia|].
    now constructor.
Qed.

Lemma some_inj {A} (x y : A) : Some x = Some y -> x = y.
Proof. congruence. Qed.
Lemma half_le D z n : 0 < D -> z <= 2 * (D * Z.of_nat n) -> (half D z <= rational n)%Q.
Proof.
  intros HD H. unfold half, Qle, rational. cbn [Qnum Qden inject_Z]. rewrite Z2Pos.id; lia.
Qed.
(* the prices, and for each request what it pays at least *)
Lemma price_bound_value M D runs R q : price_bound M D runs R = Some q ->
  0 < D /\ Forall (Z.le 0) (by_step runs) /\ exists R' vs, Permutation R' R /\
  Forall2 (fun r w => forall p, (arrival r <= p)%nat -> w <= 2 * term D (by_step runs) r p) R' vs /\
  q = half D (zsum vs - 2 * Z.of_nat M * zsum (by_step runs)).
Proof.
  unfold price_bound. destruct (Z.ltb_spec 0 D) as [HD|]; cbn [andb]; [|discriminate].
  destruct (forallb _ runs) eqn:ER; [|discriminate]. rewrite forallb_forall in ER.
  assert (Hy : Forall (Z.le 0) (by_step runs)).
  { apply Forall_forall. intros y Hin. apply in_flat_map in Hin as (x & Hx & Hin). apply repeat_spec in Hin.
    subst. apply Z.leb_le. auto. }
  set (R' := sort _ _). assert (HR : Permutation R' R) by (unfold R'; now rewrite !sort_perm). clearbody R'.
  destruct (all_cheapest _ _ _ _ _ _ _) as [v|] eqn:E; [|discriminate]. intros Eq. apply some_inj in Eq. subst q.
  apply (all_cheapest_spec _ D (by_step runs)) in E as (vs & Ev & HV); [|lia|exact Hy|reflexivity|exact I].
  assert (HS : fold_right (fun x z => snd x * Z.of_nat (fst x) + z) 0 runs = zsum (by_step runs)).
  { clear. unfold by_step. induction runs as [|[k y] runs IH]; [reflexivity|]. cbn [fold_right flat_map fst snd].
    rewrite zsum_app, zsum_repeat, IH. reflexivity. }
  rewrite HS. split; [exact HD|]. split; [exact Hy|]. exists R', vs. split; [exact HR|]. split; [exact HV|].
  rewrite Ev. f_equal.
Qed.
Lemma price_bound_sound M D runs R q : price_bound M D runs R = Some q -> opt_at_least M R q.
Proof.
  intros E. apply price_bound_value in E as (HD & Hy & R' & vs & HR & HV & ->).
  intros s HF. destruct (Opt.arrange M R' s) as (s' & HF' & ET & ES).
  { destruct HF as (H1 & H2 & H3). split; [|split]; auto. now rewrite HR. }
  rewrite <- ET. destruct HF' as (_ & HA & HU). pose proof (terms_total M D (by_step runs) s' ltac:(lia) Hy HU) as HT.
  assert (HB : zsum vs <= 2 * zsum (terms_of D (by_step runs) s')).
  { subst R'. clear - HV HA. revert vs HV. induction HA as [|x s Hx _ IH]; intros vs HV; inversion_clear HV; [cbn; lia|].
    specialize (IH _ H0). specialize (H (snd x) Hx). unfold terms_of, zsum in *. cbn [map fold_right]. lia. }
  apply half_le; [exact HD|]. lia.
Qed.
