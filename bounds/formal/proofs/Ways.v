(* The tables of a search: a schedule's own way over places costs no less than the table says. *)
From Coq Require Import List Arith ZArith Lia Permutation Sorted Bool FMapPositive.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Program Sort Search.
From kvproof.proofs Require Import Sums Memory Sorts Beginnings.
From kvproof.proofs Require Wholes.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- the k least of many numbers *)
Open Scope Z_scope.
Lemma zsum_app l l' : zsum (l ++ l') = zsum l + zsum l'.
Proof. unfold zsum. induction l; cbn [app fold_right]; lia. Qed.
Lemma zsum_perm l l' : Permutation l l' -> zsum l = zsum l'.
Proof. unfold zsum. induction 1; cbn [fold_right]; lia. Qed.
Lemma zsum_cons x l : zsum (x :: l) = x + zsum l.
Proof. reflexivity. Qed.
Lemma shift_le l : forall a k, (k < S (length l))%nat -> StronglySorted Z.le (a :: l) -> (1 <= k)%nat ->
  zsum (firstn k (a :: l)) <= zsum (firstn k l) \/ (length l < k)%nat.
Proof.
  induction l as [|b l IH]; intros a k Hk HS H1; cbn [length] in *; [right; lia|].
  destruct k as [|k]; [lia|]. inversion_clear HS as [|? ? HS' Ha]. inversion_clear Ha as [|? ? Hab _].
  destruct k as [|k]; [left; cbn [firstn]; rewrite !zsum_cons; cbn; lia|].
  destruct (IH b (S k)) as [H|H]; [lia|exact HS'|lia| |right; lia].
  left. cbn [firstn] in *. rewrite !zsum_cons in *. lia.
Qed.
Lemma least_sum l : StronglySorted Z.le l -> forall x y, Permutation l (x ++ y) -> zsum (firstn (length x) l) <= zsum x.
Proof.
  induction l as [|a l IH]; intros HS x y HP.
  - apply Permutation_nil in HP. apply app_eq_nil in HP as [-> ->]. cbn. lia.
  - assert (HS' : StronglySorted Z.le l) by now inversion_clear HS.
    assert (Hin : In a (x ++ y)) by (apply (Permutation_in _ HP); now left). apply in_app_or in Hin as [Hin|Hin].
    + apply in_split in Hin as (x1 & x2 & ->). rewrite <- app_assoc in HP. cbn [app] in HP. apply Permutation_cons_app_inv in HP.
      rewrite app_assoc in HP. specialize (IH HS' _ _ HP). rewrite !app_length in *. cbn [length].
      rewrite Nat.add_succ_r. cbn [firstn]. rewrite zsum_cons, zsum_app, zsum_cons. rewrite zsum_app in IH. lia.
    + apply in_split in Hin as (y1 & y2 & ->). rewrite app_assoc in HP. apply Permutation_cons_app_inv in HP.
      rewrite <- app_assoc in HP. specialize (IH HS' _ _ HP).
      assert (HL : (length x <= length l)%nat) by (rewrite (Permutation_length HP), app_length; lia).
      destruct (length x) as [|k] eqn:Ek; [exact IH|]. destruct (shift_le l a (S k)) as [H|H]; [lia|exact HS|lia|lia|lia].
Qed.
Lemma firstn_mono l : Forall (Z.le 0) l -> forall i k, (i <= k)%nat -> zsum (firstn i l) <= zsum (firstn k l).
Proof.
  induction 1 as [|x l Hx Hl IH]; intros i k Hik; [now rewrite !firstn_nil|].
  destruct k as [|k]; [replace i with 0%nat by lia; cbn; lia|].
  assert (0 <= zsum (firstn k l)) by (specialize (IH 0%nat k ltac:(lia)); cbn in IH; exact IH).
  destruct i as [|i]; cbn [firstn]; [rewrite zsum_cons; cbn; lia|]. specialize (IH i k ltac:(lia)). rewrite !zsum_cons. lia.
Qed.
Lemma sums_nth l : forall z k, (k <= length l)%nat -> nth_error (sums z l) k = Some (z + zsum (firstn k l)).
Proof.
  induction l as [|x l IH]; intros z k Hk; destruct k as [|k]; cbn [sums nth_error firstn length] in *.
  - cbn. f_equal. lia.
  - lia.
  - cbn. f_equal. lia.
  - rewrite IH by lia. f_equal. rewrite zsum_cons. lia.
Qed.
Lemma below_sums l x y z i : StronglySorted Z.le l -> Permutation l (x ++ y) -> (i = length x)%nat -> zsum x <= z ->
  below (sums 0 l) i z = true.
Proof.
  intros HS HP -> Hz. unfold below. rewrite sums_nth.
  - pose proof (least_sum l HS x y HP). apply Z.leb_le. lia.
  - rewrite (Permutation_length HP), app_length. lia.
Qed.

(* ---- cells *)
Definition has (l : list cell) (k u : nat) (X : Z) : Prop := exists x, In (k, u, x) l /\ x <= X.
Lemma merge_has l : forall l' k u X, has l k u X \/ has l' k u X -> has (merge_cells l l') k u X.
Proof.
  induction l as [|[[a b] x] m IH]; intros l'.
  - intros k u X [(y & [] & _)|H]; exact H.
  - induction l' as [|[[a' b'] x'] m' IH']; intros k u X H.
    + destruct H as [H|(y & [] & _)]; exact H.
    + cbn [merge_cells].
      destruct ((a =? a')%nat && (b =? b')%nat) eqn:E.
      * apply andb_prop in E as [E1 E2]. apply Nat.eqb_eq in E1, E2. subst a' b'.
        destruct H as [(y & [E|Hy] & Hle)|(y & [E|Hy] & Hle)].
        -- injection E as -> -> ->. exists (Z.min y x'). split; [now left|lia].
        -- destruct (IH m' k u X) as (z & Hz & Hz'); [left; now exists y|]. exists z. split; [now right|auto].
        -- injection E as -> -> ->. exists (Z.min x y). split; [now left|lia].
        -- destruct (IH m' k u X) as (z & Hz & Hz'); [right; now exists y|]. exists z. split; [now right|auto].
      * destruct ((a <? a')%nat || (a =? a')%nat && (b <? b')%nat).
        -- destruct H as [(y & [E'|Hy] & Hle)|H].
           ++ exists y. split; [left; exact E'|exact Hle].
           ++ destruct (IH ((a', b', x') :: m') k u X) as (z & Hz & Hz'); [left; now exists y|]. exists z. split; [now right|auto].
           ++ destruct (IH ((a', b', x') :: m') k u X) as (z & Hz & Hz'); [now right|]. exists z. split; [now right|auto].
        -- change (has ((a', b', x') :: merge_cells ((a, b, x) :: m) m') k u X).
           destruct H as [H|(y & [E'|Hy] & Hle)].
           ++ destruct (IH' k u X) as (z & Hz & Hz'); [now left|]. exists z. split; [now right|auto].
           ++ exists y. split; [left; exact E'|exact Hle].
           ++ destruct (IH' k u X) as (z & Hz & Hz'); [right; now exists y|]. exists z. split; [now right|auto].
Qed.
Lemma move_has f price l k u X k' u' : has l k u X -> f k u = Some (k', u') -> has (move f price l) k' u' (X - price).
Proof.
  intros (x & Hx & Hle) E. exists (x - price). split; [|lia]. unfold move. apply in_flat_map. exists (k, u, x). split; auto.
  rewrite E. now left.
Qed.
(* f, j times *)
Fixpoint again (j : nat) (f : nat -> nat -> option (nat * nat)) (k u : nat) : option (nat * nat) :=
  match j with
  | O => Some (k, u)
  | S j' => match f k u with Some (k', u') => again j' f k' u' | None => None end
  end.
Lemma times_has f price : forall n j l k u X k' u',
  again j f k u = Some (k', u') ->
  (j <= n)%nat -> has l k u X -> has (times n f price l) k' u' (X - Z.of_nat j * price).
Proof.
  induction n as [|n IH]; intros j l k u X k' u' E Hj H.
  - replace j with 0%nat in * by lia. cbn in E. injection E as <- <-. cbn [times]. replace (X - Z.of_nat 0 * price) with X by lia. exact H.
  - cbn [times]. destruct j as [|j].
    + cbn in E. injection E as <- <-. replace (X - Z.of_nat 0 * price) with X by lia.
      destruct (move f price l); [exact H|]. apply merge_has. now left.
    + cbn [again] in E. destruct (f k u) as [[k1 u1]|] eqn:Ef; [|discriminate].
      pose proof (move_has f price l k u X k1 u1 H Ef) as HM.
      assert (HH : has (times n f price (move f price l)) k' u' (X - Z.of_nat (S j) * price)).
      { replace (X - Z.of_nat (S j) * price) with (X - price - Z.of_nat j * price) by lia. apply (IH j _ k1 u1); auto. lia. }
      destruct (move f price l) as [|a m]; [destruct HM as (? & [] & _)|]. apply merge_has. now right.
Qed.
Lemma again_unjoin h j : forall k u, again j (unjoin h) (k + j) (u + j * h) = Some (k, u).
Proof.
  induction j as [|j IH]; intros k u; [cbn; f_equal; f_equal; lia|].
  cbn [again]. unfold unjoin at 1.
  destruct (Nat.leb_spec 1 (k + S j)) as [_|]; [|lia]. destruct (Nat.leb_spec h (u + S j * h)) as [_|]; [|lia]. cbn [andb].
  replace (k + S j - 1)%nat with (k + j)%nat by lia. replace (u + S j * h - h)%nat with (u + j * h)%nat by lia. apply IH.
Qed.
Lemma again_unleave M few h j : forall k u, (forall i, (i <= k + j)%nat -> below few i (Z.of_nat M) = true) -> (u + j * h <= M)%nat ->
  again j (unleave M few h) k u = Some (k + j, u + j * h)%nat.
Proof.
  induction j as [|j IH]; intros k u HB HU; [cbn; f_equal; f_equal; lia|].
  cbn [again]. unfold unleave at 1. rewrite HB by lia.
  destruct (Nat.leb_spec (u + h) M) as [_|]; [|lia]. cbn [andb].
  rewrite IH; [f_equal; f_equal; lia|intros; apply HB; lia|lia].
Qed.

(* the table to look up in *)
Lemma by_place_has M l k u X : has l k u X -> exists x, PositiveMap.find (place M k u) (by_place M l) = Some x /\ x <= X.
Proof.
  unfold by_place. set (put := fun m c => _). set (p := place M k u).
  assert (G : forall l m, (exists x, PositiveMap.find p m = Some x /\ x <= X) \/ has l k u X ->
    exists x, PositiveMap.find p (fold_left put l m) = Some x /\ x <= X).
  { clear l. induction l as [|[[a b] y] l IH]; intros m H; cbn [fold_left].
    - destruct H as [H|(x & [] & _)]; exact H.
    - apply IH. destruct H as [(x & Hx & Hle)|(x & [E|Hx] & Hle)]; [| |right; now exists x].
      + left. unfold put. destruct (PositiveMap.find (place M a b) m) as [z|] eqn:Ez.
        * destruct (Z.leb_spec z y); [now exists x|]. destruct (Pos.eq_dec (place M a b) p) as [Ep|Ep].
          -- rewrite Ep, PositiveMap.gss. exists y. split; auto. rewrite Ep in Ez. assert (z = x) by congruence. lia.
          -- rewrite PositiveMap.gso by auto. now exists x.
        * destruct (Pos.eq_dec (place M a b) p) as [Ep|Ep]; [rewrite Ep in Ez; congruence|].
          rewrite PositiveMap.gso by auto. now exists x.
      + injection E as -> -> ->. left. unfold put. fold p. destruct (PositiveMap.find p m) as [z|] eqn:Ez.
        * destruct (Z.leb_spec z x); [exists z; split; [exact Ez|lia]|]. rewrite PositiveMap.gss. now exists x.
        * rewrite PositiveMap.gss. now exists x. }
  intros H. apply G. now right.
Qed.

(* ---- sums over items, by class *)
Lemma Zsum_one n c0 (a : nat -> Z) : forall b, (b <= c0 < b + n)%nat -> Zsum (fun c => if (c0 =? c)%nat then a c else 0) (seq b n) = a c0.
Proof.
  induction n as [|n IH]; intros b Hb; [lia|]. cbn [seq]. rewrite Zsum_cons. destruct (Nat.eqb_spec c0 b) as [->|Hne].
  - assert (H0 : Zsum (fun c => if (b =? c)%nat then a c else 0) (seq (S b) n) = 0); [|lia].
    transitivity (Zsum (fun _ : nat => 0) (seq (S b) n)).
    + apply Zsum_ext. intros c Hc. apply in_seq in Hc. destruct (Nat.eqb_spec b c); [lia|reflexivity].
    + clear. unfold Zsum, zsum. induction (seq (S b) n); cbn [map fold_right]; lia.
  - rewrite IH by lia. lia.
Qed.
Definition many (P : item -> bool) (s : list item) (c : nat) : nat := length (filter (fun x => (fst x =? c)%nat && P x) s).
Lemma Zsum_plus {A} (f g : A -> Z) l : Zsum (fun x => f x + g x) l = Zsum f l + Zsum g l.
Proof. unfold Zsum, zsum. induction l; cbn [map fold_right]; lia. Qed.
Lemma Zsum_zero {A} (l : list A) : Zsum (fun _ => 0) l = 0.
Proof. unfold Zsum, zsum. induction l; cbn [map fold_right]; lia. Qed.
Lemma by_class n (P : item -> bool) (a : nat -> Z) s : (forall x, In x s -> (fst x < n)%nat) ->
  Zsum (fun c => Z.of_nat (many P s c) * a c) (seq 0 n) = Zsum (fun x => if P x then a (fst x) else 0) s.
Proof.
  induction s as [|x s IH]; intros Hs.
  - unfold many. cbn [filter length]. apply Zsum_zero.
  - rewrite Zsum_cons, <- IH by (intros; apply Hs; now right). clear IH.
    assert (HX : (if P x then a (fst x) else 0) = Zsum (fun c => if (fst x =? c)%nat then (if P x then a c else 0) else 0) (seq 0 n)).
    { rewrite (Zsum_one n (fst x) (fun c => if P x then a c else 0)); [reflexivity|]. specialize (Hs x (or_introl eq_refl)). lia. }
    rewrite HX, <- Zsum_plus. apply Zsum_ext. intros c _. unfold many. cbn [filter].
    destruct (fst x =? c)%nat; cbn [andb]; [|lia]. destruct (P x); cbn [length]; lia.
Qed.
Lemma many_count P s c : (many P s c <= count_occ Nat.eq_dec (map fst s) c)%nat.
Proof.
  unfold many. induction s as [|x s IH]; cbn [filter map count_occ length]; [lia|].
  destruct (Nat.eq_dec (fst x) c) as [->|Hne].
  - rewrite Nat.eqb_refl. destruct (P x); cbn [andb length]; lia.
  - destruct (Nat.eqb_spec (fst x) c); [contradiction|]. exact IH.
Qed.
Lemma many_some P s c : (many P s c <> 0)%nat -> exists x, In x s /\ fst x = c /\ P x = true.
Proof.
  unfold many. intros H. destruct (filter _ s) as [|x l] eqn:E; [now cbn in H|].
  assert (Hx : In x (filter (fun x => (fst x =? c)%nat && P x) s)) by (rewrite E; now left).
  apply filter_In in Hx as [Hx HP]. apply andb_prop in HP as [H1 H2]. apply Nat.eqb_eq in H1. eauto.
Qed.
Lemma Zsum_filter {A} (P : A -> bool) (f : A -> Z) l : Zsum f (filter P l) = Zsum (fun x => if P x then f x else 0) l.
Proof. induction l as [|x l IH]; [reflexivity|]. cbn [filter]. rewrite Zsum_cons, <- IH. destruct (P x); [apply Zsum_cons|lia]. Qed.
Lemma sum_Zsum {A} (f : A -> nat) l : Z.of_nat (sum f l) = Zsum (fun x => Z.of_nat (f x)) l.
Proof. induction l as [|x l IH]; [reflexivity|]. cbn [sum]. rewrite Zsum_cons, Nat2Z.inj_add, IH. reflexivity. Qed.

(* ---- one schedule, as items: what it does in step t, and the tables *)
Section Way.
Context (M : nat) (K : list class) (starts : list (list nat)) (v : vector) (T : nat) (s : list item).
Notation kind := (kind K).
Notation real := (real K).
Notation ends := (ends K).
Hypothesis in_class : forall x, In x s -> (fst x < length K)%nat.
Hypothesis number_of : forall c, (c < length K)%nat -> (count_occ Nat.eq_dec (map fst s) c <= number K c)%nat.
Hypothesis all_allowed : forall x, In x s -> allowed starts (fst x) (snd x) = true.
Hypothesis some_output : forall x, In x s -> (1 <= output (kind (fst x)))%nat.
Hypothesis all_there : Permutation (map fst (map real s)) (flat_map (fun x => repeat (snd x) (fst x)) K).
Hypothesis in_memory : forall t, (used (map real s) t <= M)%nat.
Hypothesis by_T : forall x, In x s -> (ends x <= T)%nat.

Definition runs (t : nat) (x : item) : bool := (snd x <? t)%nat && (t <=? ends x)%nat.
Definition running (t : nat) : nat := length (filter (runs t) s).
Definition tokens (t : nat) : nat := used (map real s) t.
Definition stays (t : nat) (x : item) : bool := runs t x && runs (S t) x.
Definition joins (t : nat) (x : item) : bool := (snd x =? t)%nat.
Definition leaves (t : nat) (x : item) : bool := (ends x =? t)%nat.
Definition to_come (t : nat) : Z :=
  - (Zsum (fun x => alpha v (fst x) (snd x)) (filter (fun x => (t <=? snd x)%nat) s)
     + Zsum (fun x => beta v (fst x) (snd x)) (filter (fun x => (t <=? ends x)%nat) s)).

Lemma length_Zsum {A} (P : A -> bool) l : Z.of_nat (length (filter P l)) = Zsum (fun x => if P x then 1 else 0) l.
Proof. induction l as [|x l IH]; [reflexivity|]. cbn [filter]. rewrite Zsum_cons, <- IH. destruct (P x); cbn [length]; lia. Qed.
Lemma tokens_Zsum t : Z.of_nat (tokens t) = Zsum (fun x => Z.of_nat (held (kind (fst x)) (snd x) t)) s.
Proof. unfold tokens, used. rewrite sum_map, sum_Zsum. reflexivity. Qed.
Definition of_class {A} (f : nat -> A) (x : item) : A := f (fst x).

(* what a step changes, item by item *)
Lemma cases t x : In x s ->
  (runs t x = stays t x || leaves t x) /\ (stays t x && leaves t x = false) /\
  (runs (S t) x = stays t x || joins t x) /\ (stays t x && joins t x = false) /\
  (leaves t x = true -> held (kind (fst x)) (snd x) t = peak (kind (fst x))) /\
  (joins t x = true -> held (kind (fst x)) (snd x) (S t) = S (prompt (kind (fst x)))) /\
  (stays t x = true -> held (kind (fst x)) (snd x) (S t) = S (held (kind (fst x)) (snd x) t)) /\
  (runs t x = false -> held (kind (fst x)) (snd x) t = 0)%nat /\
  (runs (S t) x = false -> held (kind (fst x)) (snd x) (S t) = 0)%nat.
Proof.
  intros Hx. pose proof (some_output x Hx) as Ho. unfold stays, runs, leaves, joins, ends, held, peak. unfold Search.ends.
  destruct (Nat.ltb_spec (snd x) t), (Nat.leb_spec t (snd x + output (kind (fst x)))),
    (Nat.ltb_spec (snd x) (S t)), (Nat.leb_spec (S t) (snd x + output (kind (fst x)))),
    (Nat.eqb_spec (snd x + output (kind (fst x))) t), (Nat.eqb_spec (snd x) t); cbn [andb orb];
    repeat split; intros; try reflexivity; try lia; try discriminate.
Qed.

Definition stay (t : nat) : nat := length (filter (stays t) s).
Definition stay_tokens (t : nat) : nat := sum (fun x => if stays t x then held (kind (fst x)) (snd x) t else 0%nat) s.
Notation numbers := (numbers K).
Definition weigh (P : item -> bool) (f : nat -> nat) : nat := sum (fun c => many P s c * f c)%nat numbers.
Lemma weigh_Zsum P f : Z.of_nat (weigh P f) = Zsum (fun x => if P x then Z.of_nat (f (fst x)) else 0) s.
Proof.
  unfold weigh. rewrite sum_Zsum. unfold Search.numbers. rewrite <- (by_class (length K) P (fun c => Z.of_nat (f c)) s in_class).
  apply Zsum_ext. intros c _. lia.
Qed.
Lemma Zsum_eq {A} (f g h : A -> Z) l : (forall x, In x l -> f x = g x + h x) -> Zsum f l = Zsum g l + Zsum h l.
Proof. intros H. rewrite <- Zsum_plus. now apply Zsum_ext. Qed.
Lemma running_now t : running t = (stay t + weigh (leaves t) (fun _ => 1))%nat.
Proof.
  apply Nat2Z.inj. rewrite Nat2Z.inj_add, weigh_Zsum. unfold running, stay. rewrite !length_Zsum.
  apply Zsum_eq. intros x Hx. destruct (cases t x Hx) as (-> & H & _). destruct (stays t x), (leaves t x); cbn in *; try lia; discriminate.
Qed.
Lemma running_next t : running (S t) = (stay t + weigh (joins t) (fun _ => 1))%nat.
Proof.
  apply Nat2Z.inj. rewrite Nat2Z.inj_add, weigh_Zsum. unfold running, stay. rewrite !length_Zsum.
  apply Zsum_eq. intros x Hx. destruct (cases t x Hx) as (_ & _ & -> & H & _). destruct (stays t x), (joins t x); cbn in *; try lia; discriminate.
Qed.
Lemma tokens_now t : tokens t = (stay_tokens t + weigh (leaves t) (fun c => peak (kind c)))%nat.
Proof.
  apply Nat2Z.inj. rewrite Nat2Z.inj_add, weigh_Zsum, tokens_Zsum. unfold stay_tokens. rewrite sum_Zsum.
  apply Zsum_eq. intros x Hx. destruct (cases t x Hx) as (H1 & H2 & _ & _ & H3 & _ & _ & H4 & _).
  destruct (stays t x), (leaves t x); cbn in H1, H2; try discriminate; [lia|rewrite H3 by reflexivity; lia|rewrite H4 by exact H1; lia].
Qed.
Lemma tokens_next t : tokens (S t) = (stay_tokens t + stay t + weigh (joins t) (fun c => S (prompt (kind c))))%nat.
Proof.
  apply Nat2Z.inj. rewrite !Nat2Z.inj_add, weigh_Zsum, tokens_Zsum. unfold stay_tokens, stay. rewrite sum_Zsum, length_Zsum, <- Zsum_plus.
  apply Zsum_eq. intros x Hx. destruct (cases t x Hx) as (_ & _ & H1 & H2 & _ & H3 & H4 & _ & H5).
  destruct (stays t x), (joins t x); cbn in H1, H2; try discriminate;
    [rewrite H4 by reflexivity; lia|rewrite H3 by reflexivity; lia|rewrite H5 by exact H1; lia].
Qed.
Definition paid (P : item -> bool) (a : nat -> Z) : Z := Zsum (fun c => Z.of_nat (many P s c) * a c) numbers.
Lemma to_come_next t : to_come t = to_come (S t)
  - paid (joins t) (fun c => alpha v c t) - paid (leaves t) (fun c => beta v c (t - output (kind c))%nat).
Proof.
  unfold to_come, paid, Search.numbers. rewrite !(by_class _ _ _ _ in_class), !Zsum_filter.
  assert (HA : Zsum (fun x => if (t <=? snd x)%nat then alpha v (fst x) (snd x) else 0) s =
    Zsum (fun x => if (S t <=? snd x)%nat then alpha v (fst x) (snd x) else 0) s
    + Zsum (fun x => if joins t x then alpha v (fst x) t else 0) s).
  { apply Zsum_eq. intros x _. unfold joins. destruct (Nat.leb_spec t (snd x)), (Nat.leb_spec (S t) (snd x)), (Nat.eqb_spec (snd x) t); subst; try lia. }
  assert (HB : Zsum (fun x => if (t <=? ends x)%nat then beta v (fst x) (snd x) else 0) s =
    Zsum (fun x => if (S t <=? ends x)%nat then beta v (fst x) (snd x) else 0) s
    + Zsum (fun x => if leaves t x then beta v (fst x) (t - output (kind (fst x)))%nat else 0) s).
  { apply Zsum_eq. intros x _. unfold leaves. destruct (Nat.leb_spec t (ends x)), (Nat.leb_spec (S t) (ends x)), (Nat.eqb_spec (ends x) t) as [E|]; try lia.
    replace (t - output (kind (fst x)))%nat with (snd x) by (unfold Search.ends in E; lia). lia. }
  rewrite HA, HB. lia.
Qed.

(* the fewest and the most tokens *)
Lemma all_of_sorted f : StronglySorted Z.le (all_of K f).
Proof. exact (sort_rising (fun z => z) _). Qed.
Lemma all_of_split f (P : item -> bool) :
  Permutation (all_of K f) (map (fun x => f (kind (fst x))) (filter P s) ++ map (fun x => f (kind (fst x))) (filter (fun x => negb (P x)) s)).
Proof.
  unfold all_of. rewrite sort_perm, <- map_app, (Wholes.filter_both P s).
  transitivity (map f (map fst (map real s))); [|rewrite !map_map; reflexivity].
  rewrite all_there. clear. induction K as [|[n r] L IH]; [reflexivity|]. cbn [flat_map map fst snd]. rewrite map_app, IH.
  apply Permutation_app_tail. clear. induction n; [reflexivity|]. cbn. now apply perm_skip.
Qed.
Lemma runs_held t x : In x s -> runs t x = true ->
  Z.of_nat (S (prompt (kind (fst x)))) <= Z.of_nat (held (kind (fst x)) (snd x) t) <= Z.of_nat (prompt (kind (fst x)) + output (kind (fst x))).
Proof.
  intros Hx H. unfold runs in H. unfold held. unfold Search.ends in H. rewrite H. apply andb_prop in H as [H1 H2].
  apply Nat.ltb_lt in H1. apply Nat.leb_le in H2. lia.
Qed.
Lemma zsum_map {A} (f : A -> Z) l : zsum (map f l) = Zsum f l.
Proof. reflexivity. Qed.
Lemma tokens_running t : Z.of_nat (tokens t) = Zsum (fun x => Z.of_nat (held (kind (fst x)) (snd x) t)) (filter (runs t) s).
Proof.
  rewrite tokens_Zsum, Zsum_filter. apply Zsum_ext. intros x Hx. destruct (cases t x Hx) as (_ & _ & _ & _ & _ & _ & _ & H & _).
  destruct (runs t x); [reflexivity|]. rewrite H by reflexivity. reflexivity.
Qed.
Lemma few_below t : below (ones K) (running t) (Z.of_nat (tokens t)) = true.
Proof.
  eapply below_sums; [apply all_of_sorted|apply (all_of_split _ (runs t))|now rewrite map_length|].
  rewrite zsum_map, tokens_running. apply Zsum_le. intros x Hx. apply filter_In in Hx as [Hx H]. apply (runs_held t x Hx H).
Qed.
Lemma most_below t : below (peaks K) (running t) (- Z.of_nat (tokens t)) = true.
Proof.
  eapply below_sums; [apply all_of_sorted|apply (all_of_split _ (runs t))|now rewrite map_length|].
  rewrite zsum_map, tokens_running.
  assert (H : Zsum (fun x => Z.of_nat (held (kind (fst x)) (snd x) t)) (filter (runs t) s) <=
    - Zsum (fun x => - Z.of_nat (prompt (kind (fst x)) + output (kind (fst x)))) (filter (runs t) s)); [|lia].
  assert (HN : forall (f : item -> Z) l, - Zsum (fun x => - f x) l = Zsum f l).
  { clear. intros f l. unfold Zsum, zsum. induction l; cbn [map fold_right]; lia. }
  rewrite (HN (fun x => Z.of_nat (prompt (kind (fst x)) + output (kind (fst x))))). apply Zsum_le. intros x Hx.
  apply filter_In in Hx as [Hx H]. apply (runs_held t x Hx H).
Qed.
Lemma few_memory t i : (i <= running t)%nat -> below (ones K) i (Z.of_nat M) = true.
Proof.
  intros Hi. pose proof (few_below t) as H. unfold below, ones in *.
  set (l := all_of K (fun r => Z.of_nat (S (prompt r)))) in *.
  assert (HL : (running t <= length l)%nat).
  { unfold l. rewrite (Permutation_length (all_of_split _ (runs t))), app_length, map_length. unfold running. lia. }
  rewrite sums_nth in * by lia. apply Z.leb_le in H. apply Z.leb_le.
  assert (HN : Forall (Z.le 0) l).
  { unfold l, all_of. apply Forall_forall. intros z Hz. apply (Permutation_in _ (sort_perm _ _)) in Hz.
    apply in_flat_map in Hz as (y & _ & Hz). apply repeat_spec in Hz. subst z. lia. }
  pose proof (firstn_mono l HN i (running t) Hi). specialize (in_memory t). unfold tokens in H. lia.
Qed.

(* ---- all events of a step, class by class *)
Definition sub (cs : list nat) (P : item -> bool) (f : nat -> nat) : nat := sum (fun c => many P s c * f c)%nat cs.
Definition subpaid (cs : list nat) (P : item -> bool) (a : nat -> Z) : Z := Zsum (fun c => Z.of_nat (many P s c) * a c) cs.
Lemma unjoin_all_has t cs : (forall c, In c cs -> c < length K)%nat -> forall l (k u : nat) X,
  has l (k + sub cs (joins t) (fun _ => 1%nat)) (u + sub cs (joins t) (fun c => S (prompt (kind c)))) X ->
  has (unjoin_all K starts v t cs l) k u (X - subpaid cs (joins t) (fun c => alpha v c t)).
Proof.
  induction cs as [|c cs IH]; intros Hcs l k u X H; cbn [unjoin_all].
  - unfold sub, subpaid in *. cbn [sum] in H. rewrite !Nat.add_0_r in H. replace (X - Zsum _ []) with X by (cbn; lia). exact H.
  - unfold subpaid, sub in *. cbn [sum] in H. rewrite Zsum_cons, Z.sub_add_distr. apply IH; [intros; apply Hcs; now right|].
    set (j := many (joins t) s c) in *.
    assert (Hj : (j <= number K c)%nat).
    { unfold j. pose proof (many_count (joins t) s c). specialize (number_of c (Hcs c (or_introl eq_refl))). lia. }
    destruct (allowed starts c t) eqn:EA.
    + eapply times_has; [|exact Hj|exact H]. rewrite Nat.mul_1_r.
      replace (k + (j + sum _ cs))%nat with (k + sum (fun c => many (joins t) s c * 1)%nat cs + j)%nat by lia.
      match goal with |- again _ _ _ ?a = Some (_, ?b) => replace a with (b + j * S (prompt (kind c)))%nat by lia end.
      apply again_unjoin.
    + assert (E0 : j = 0%nat).
      { destruct (Nat.eq_dec j 0) as [|Hne]; auto. apply many_some in Hne as (x & Hx & <- & HJ). specialize (all_allowed x Hx).
        unfold joins in HJ. apply Nat.eqb_eq in HJ. rewrite HJ in all_allowed. congruence. }
      rewrite E0 in *. cbn [Nat.mul Nat.add] in H. replace (X - Z.of_nat 0 * alpha v c t) with X by lia. exact H.
Qed.
Lemma unleave_all_has t cs : (forall c, In c cs -> c < length K)%nat -> forall l (k u : nat) X,
  (k + sub cs (leaves t) (fun _ => 1%nat) <= running t)%nat -> (u + sub cs (leaves t) (fun c => peak (kind c)) <= M)%nat ->
  has l k u X ->
  has (unleave_all M K starts (ones K) v t cs l) (k + sub cs (leaves t) (fun _ => 1%nat)) (u + sub cs (leaves t) (fun c => peak (kind c)))
      (X - subpaid cs (leaves t) (fun c => beta v c (t - output (kind c))%nat)).
Proof.
  induction cs as [|c cs IH]; intros Hcs l k u X Hk Hu H; cbn [unleave_all].
  - unfold sub, subpaid in *. cbn [sum] in *. rewrite !Nat.add_0_r. replace (X - Zsum _ []) with X by (cbn; lia). exact H.
  - unfold subpaid, sub in *. cbn [sum] in *. rewrite Zsum_cons, Z.sub_add_distr, !Nat.add_assoc.
    set (j := many (leaves t) s c) in *.
    assert (Hj : (j <= number K c)%nat).
    { unfold j. pose proof (many_count (leaves t) s c). specialize (number_of c (Hcs c (or_introl eq_refl))). lia. }
    apply IH; [intros; apply Hcs; now right|lia|lia|].
    set (o := output (kind c)) in *.
    destruct ((o <=? t)%nat && allowed starts c (t - o)) eqn:EA.
    + eapply times_has; [|exact Hj|exact H]. rewrite Nat.mul_1_r. apply again_unleave.
      * intros i Hi. apply (few_memory t). lia.
      * change (prompt (kind c) + o)%nat with (peak (kind c)). lia.
    + assert (E0 : j = 0%nat).
      { destruct (Nat.eq_dec j 0) as [|Hne]; auto. exfalso. apply many_some in Hne as (x & Hx & E & HJ). specialize (all_allowed x Hx).
        unfold leaves, Search.ends in HJ. rewrite E in HJ, all_allowed. fold o in HJ. apply Nat.eqb_eq in HJ.
        replace (t - o)%nat with (snd x) in EA by lia. rewrite all_allowed, andb_true_r in EA. apply Nat.leb_gt in EA. lia. }
      rewrite E0 in *. cbn [Nat.mul]. rewrite !Nat.add_0_r. replace (X - Z.of_nat 0 * _) with X by lia. exact H.
Qed.
Lemma ungrow_has l k u X : has l k (u + k) X -> has (ungrow l) k u X.
Proof.
  intros (x & Hx & Hle). exists x. split; auto. unfold ungrow. apply in_flat_map. exists (k, (u + k)%nat, x). split; auto.
  destruct (Nat.leb_spec k (u + k)); [|lia]. left. f_equal. f_equal. lia.
Qed.
Lemma before_has t after : has after (running (S t)) (tokens (S t)) (to_come (S t)) ->
  has (before M K starts (ones K) (peaks K) v t after) (running t) (tokens t) (to_come t).
Proof.
  intros H. assert (Hn : forall c, In c numbers -> (c < length K)%nat) by (intros c Hc; apply in_seq in Hc; lia).
  rewrite running_next, tokens_next in H. pose proof (unjoin_all_has t numbers Hn _ _ _ _ H) as H1.
  apply ungrow_has in H1.
  pose proof (running_now t) as ER. pose proof (tokens_now t) as ET.
  assert (H2 := unleave_all_has t numbers Hn (ungrow (unjoin_all K starts v t numbers after)) (stay t) (stay_tokens t) _ ltac:(unfold sub, weigh in *; lia)
    ltac:(specialize (in_memory t); unfold sub, weigh, tokens in *; lia) H1).
  unfold before. destruct H2 as (x & Hx & Hle). exists x. split.
  - apply filter_In. change (sub numbers (leaves t) (fun _ : nat => 1%nat)) with (weigh (leaves t) (fun _ => 1%nat)) in Hx.
    change (sub numbers (leaves t) (fun c : nat => peak (kind c))) with (weigh (leaves t) (fun c => peak (kind c))) in Hx.
    rewrite <- ER, <- ET in Hx. split; [exact Hx|]. rewrite few_below, most_below. reflexivity.
  - rewrite to_come_next. unfold paid, subpaid in *. lia.
Qed.
Lemma tables_has n : forall t, (t + n = S T)%nat ->
  has (hd [] (tables M K starts (ones K) (peaks K) v n t)) (running t) (tokens t) (to_come t).
Proof.
  induction n as [|n IH]; intros t Ht; cbn [tables hd].
  - assert (t = S T) as -> by lia. exists 0.
    assert (H1 : running (S T) = 0%nat).
    { unfold running. rewrite filter_none; [reflexivity|]. intros x Hx. unfold runs. specialize (by_T x Hx). destruct (Nat.leb_spec (S T) (ends x)); [lia|apply andb_false_r]. }
    assert (H2 : tokens (S T) = 0%nat).
    { apply Nat2Z.inj. rewrite tokens_running. unfold running in H1. apply length_zero_iff_nil in H1. rewrite H1. reflexivity. }
    rewrite H1, H2. split; [now left|]. unfold to_come. rewrite !filter_none; [cbn; lia| |].
    + intros x Hx. specialize (by_T x Hx). apply Nat.leb_gt. lia.
    + intros x Hx. specialize (by_T x Hx). unfold Search.ends in by_T. apply Nat.leb_gt. lia.
  - apply before_has, IH. lia.
Qed.
End Way.
