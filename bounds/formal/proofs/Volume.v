(* The volume certificate with arrivals: serving the least remaining volume first leaves, apart from
   the j largest, no more than any schedule leaves apart from any j (Schrage 1968). *)
From Coq Require Import List Arith Lia Permutation Sorted QArith Lqa Bool.
Import ListNotations.
From kvproof.spec Require Import Model Bounds.
From kvproof.proofs Require Import Sums Memory Opt Rational.
Open Scope nat_scope.
Set Default Timeout 100.

(* the c least of a rising list *)
Definition least (c : nat) (l : list nat) : nat := sum (fun v => v) (firstn c l).
(* all but the j largest *)
Definition rest (j : nat) (l : list nat) : nat := least (length l - j) l.

Lemma least_next v c l : Forall (le v) l -> S c <= length l -> v + least c l <= least (S c) l.
Proof.
  unfold least. revert c. induction l as [|w l IH]; intros c H Hc; [simpl in Hc; lia|]. inversion_clear H.
  destruct c as [|c]; [simpl; lia|]. simpl in Hc. specialize (IH c H1 ltac:(lia)). simpl in *. lia.
Qed.
Lemma insert_length v l : length (insert v l) = S (length l).
Proof. induction l as [|w l IH]; simpl; [auto|]. destruct (_ <=? _); simpl; auto. Qed.
Lemma insert_in v l x : In x (insert v l) -> x = v \/ In x l.
Proof.
  induction l as [|w l IH]; simpl; [intuition|]. destruct (_ <=? _); simpl; intuition.
Qed.
Lemma insert_sorted v l : StronglySorted le l -> StronglySorted le (insert v l).
Proof.
  induction 1 as [|w l Hs IH Hf]; simpl; [repeat constructor|]. destruct (Nat.leb_spec v w).
  - constructor; [constructor; auto|]. constructor; auto. eapply Forall_impl; [|exact Hf]. simpl; lia.
  - constructor; auto. rewrite Forall_forall in *. intros x Hx. apply insert_in in Hx as [->|Hx]; [lia|auto].
Qed.
Lemma least_insert v l c : StronglySorted le l -> c <= length l -> least c (insert v l) <= least c l.
Proof.
  intros Hs. revert c. induction Hs as [|w l Hs IH Hf]; intros c Hc; simpl in Hc.
  - replace c with 0 by lia. reflexivity.
  - destruct c as [|c]; [unfold least; simpl; lia|]. simpl insert. destruct (Nat.leb_spec v w).
    + change (v + least c (w :: l) <= least (S c) (w :: l)). apply least_next; [|simpl; lia].
      constructor; [lia|]. eapply Forall_impl; [|exact Hf]. simpl; lia.
    + specialize (IH c ltac:(lia)). unfold least in *. simpl. lia.
Qed.
Lemma least_insert_more v l c : least (S c) (insert v l) <= v + least c l.
Proof.
  revert c. induction l as [|w l IH]; intros c; [destruct c; unfold least; simpl; lia|].
  simpl insert. destruct (Nat.leb_spec v w); [unfold least; simpl; lia|].
  destruct c as [|c]; [unfold least; simpl; lia|]. specialize (IH c). unfold least in *. simpl in *. lia.
Qed.
(* a volume that joins: among the j, or not *)
Lemma rest_insert_among v l j : StronglySorted le l -> rest (S j) (insert v l) <= rest j l.
Proof. intros H. unfold rest. rewrite insert_length. simpl. apply least_insert; auto. lia. Qed.
Lemma rest_insert v l j : rest j (insert v l) <= v + rest j l.
Proof.
  unfold rest. rewrite insert_length. destruct (le_lt_dec j (length l)).
  - replace (S (length l) - j) with (S (length l - j)) by lia. apply least_insert_more.
  - replace (S (length l) - j) with 0 by lia. apply Nat.le_0_l.
Qed.

Lemma serve_shorter z l : length (serve z l) <= length l.
Proof. revert z. induction l as [|v l IH]; intros z; simpl; [lia|]. destruct (_ <=? _); simpl; [|lia]. specialize (IH (z - v)). lia. Qed.
Lemma serve_sorted z l : StronglySorted le l -> StronglySorted le (serve z l).
Proof.
  intros H. revert z. induction H as [|v l Hs IH Hf]; intros z; simpl; [constructor|].
  destruct (_ <=? _); auto. constructor; auto. eapply Forall_impl; [|exact Hf]. simpl; lia.
Qed.
Lemma serve_positive z l : Forall (le 1) l -> Forall (le 1) (serve z l).
Proof.
  intros H. revert z. induction H as [|v l Hv Hf IH]; intros z; simpl; [constructor|].
  destruct (Nat.leb_spec v z); auto. constructor; auto. lia.
Qed.
Lemma rest_serve z l j : rest j (serve z l) <= rest j l - z.
Proof.
  unfold rest. revert z. induction l as [|v l IH]; intros z; [simpl; unfold least; simpl; lia|].
  cbn [serve]. destruct (Nat.leb_spec v z) as [H|H].
  - specialize (IH (z - v)). cbn [length].
    destruct (le_lt_dec j (length l)) as [Hj|Hj].
    + replace (S (length l) - j) with (S (length l - j)) by lia.
      change (least (S (length l - j)) (v :: l)) with (v + least (length l - j) l). lia.
    + pose proof (serve_shorter (z - v) l). replace (length (serve (z - v) l) - j) with 0 by lia.
      unfold least; simpl; lia.
  - cbn [length]. destruct (S (length l) - j) as [|c]; unfold least; simpl; lia.
Qed.

Lemma join_sorted R t l : StronglySorted le l -> StronglySorted le (join R t l).
Proof. intros H. unfold join. induction (map _ _); simpl; auto. now apply insert_sorted. Qed.
Lemma present_sorted M R t : StronglySorted le (present M R t).
Proof. induction t; simpl; apply join_sorted; [constructor|]. now apply serve_sorted. Qed.
Lemma present_positive M R t : valid M R -> Forall (le 1) (present M R t).
Proof.
  intros Hw. assert (H : forall l t, Forall (le 1) l -> Forall (le 1) (join R t l)).
  { intros l u Hl. unfold join.
    assert (HV : Forall (le 1) (map volume (filter (fun r => arrival r =? u) R))).
    { apply Forall_map, Forall_forall. intros r Hr. apply filter_In in Hr as [Hr _].
      unfold valid in Hw. rewrite Forall_forall in Hw. now apply volume_pos, Hw. }
    induction HV; simpl; auto. rewrite Forall_forall in *. intros y Hy.
    apply insert_in in Hy as [->|Hy]; auto. }
  induction t; simpl; apply H; [constructor|]. now apply serve_positive.
Qed.

(* ---- beside any loads, of at most M together, of items after their arrivals: what they leave of
   those that have arrived, apart from those of e *)
Section Beside.
Context {A : Type} (M : nat) (load : request * A -> nat -> nat) (e : request * A -> bool).
Definition count (p : request * A -> bool) (s : list (request * A)) : nat := sum (fun x => if p x then 1 else 0) s.
Definition lacks (t : nat) (x : request * A) : nat := volume (fst x) - tsum (load x) t.
Definition lack (p : request * A -> bool) (t : nat) (s : list (request * A)) : nat :=
  sum (fun x => if p x then lacks t x else 0) s.
Definition joins (t : nat) (x : request * A) : bool := arrival (fst x) =? t.
Definition arrived (t : nat) (x : request * A) : bool := arrival (fst x) <=? t.
Definition both (p : request * A -> bool) (b : bool) (x : request * A) : bool := p x && eqb (e x) b.
(* nothing before the arrival *)
Definition late (x : request * A) : Prop := forall t, t <= arrival (fst x) -> load x t = 0.

Lemma rest_join t s l : StronglySorted le l -> Forall late s -> forall j,
  rest (j + count (both (joins t) true) s) (join (map fst s) t l) <=
  rest j l + lack (both (joins t) false) t s.
Proof.
  intros Hl Ha j. induction Ha as [|[r p] s Hx _ IH].
  - unfold count, lack. simpl. rewrite !Nat.add_0_r. apply Nat.le_refl.
  - unfold count, lack in *. cbn [map fst sum].
    set (c := sum _ s) in *. set (d := sum _ s) in *. unfold join in *. cbn [filter fst snd] in *.
    change (both (joins t) true (r, p)) with ((arrival r =? t) && eqb (e (r, p)) true).
    change (both (joins t) false (r, p)) with ((arrival r =? t) && eqb (e (r, p)) false).
    destruct (Nat.eqb_spec (arrival r) t) as [Ht|]; cbn [andb]; [|exact IH].
    cbn [map fold_right]. set (l' := fold_right insert l _) in *.
    assert (Hs : StronglySorted le l') by (apply (join_sorted (map fst s) t); exact Hl).
    destruct (e (r, p)); cbn [eqb].
    + rewrite Nat.add_assoc, (Nat.add_comm j 1). simpl Nat.add. pose proof (rest_insert_among (volume r) l' (j + c) Hs). lia.
    + pose proof (rest_insert (volume r) l' (j + c)).
      assert (E : lacks t (r, p) = volume r); [|simpl Nat.add; lia].
      unfold lacks. cbn [fst snd] in *. rewrite (tsum_ext _ (fun _ => 0)).
      * rewrite tsum_const. lia.
      * intros u Hu. apply Hx. cbn [fst]. lia.
Qed.
(* by t + 1: those that have arrived by t, and those that join *)
Lemma count_arrived t b s : count (both (arrived (S t)) b) s =
  count (both (arrived t) b) s + count (both (joins (S t)) b) s.
Proof.
  unfold count. rewrite <- sum_plus. apply sum_ext. intros x _. unfold both, arrived, joins.
  destruct (Nat.leb_spec (arrival (fst x)) (S t)), (Nat.leb_spec (arrival (fst x)) t),
    (Nat.eqb_spec (arrival (fst x)) (S t)), (eqb (e x) b); simpl; lia.
Qed.
Lemma lack_arrived t b s : (forall u, sum (fun x => load x u) s <= M) ->
  lack (both (arrived t) b) t s + lack (both (joins (S t)) b) (S t) s <= lack (both (arrived (S t)) b) (S t) s + M.
Proof.
  intros HU. specialize (HU (S t)).
  transitivity (lack (both (arrived (S t)) b) (S t) s + sum (fun x => load x (S t)) s); [|lia].
  unfold lack. rewrite <- !sum_plus. apply sum_le. intros x _. unfold both, arrived, joins, lacks.
  cbn [tsum].
  destruct (Nat.leb_spec (arrival (fst x)) (S t)), (Nat.leb_spec (arrival (fst x)) t),
    (Nat.eqb_spec (arrival (fst x)) (S t)), (eqb (e x) b); simpl; lia.
Qed.
Lemma lack_joins t b s : lack (both (joins (S t)) b) (S t) s <= lack (both (arrived (S t)) b) (S t) s.
Proof.
  apply sum_le. intros x _. unfold both, arrived, joins.
  destruct (Nat.leb_spec (arrival (fst x)) (S t)), (Nat.eqb_spec (arrival (fst x)) (S t)), (eqb (e x) b);
    simpl; lia.
Qed.
Lemma rest_present R s t : Forall late s -> (forall u, sum (fun x => load x u) s <= M) -> map fst s = R ->
  rest (count (both (arrived t) true) s) (present M R t) <= lack (both (arrived t) false) t s.
Proof.
  intros HA HU <-. induction t as [|t IH].
  - pose proof (rest_join 0 s [] ltac:(constructor) HA 0) as H. cbn [Nat.add] in H.
    change (rest 0 []) with 0 in H. cbn [present].
    assert (E : forall x, arrived 0 x = joins 0 x).
    { intros x. unfold arrived, joins. now destruct (arrival (fst x)). }
    assert (E1 : count (both (arrived 0) true) s = count (both (joins 0) true) s)
      by (apply sum_ext; intros x _; unfold both; now rewrite E).
    assert (E2 : lack (both (arrived 0) false) 0 s = lack (both (joins 0) false) 0 s)
      by (apply sum_ext; intros x _; unfold both; now rewrite E).
    rewrite E1, E2. exact H.
  - cbn [present]. rewrite count_arrived.
    pose proof (rest_join (S t) s (serve M (present M (map fst s) t)) (serve_sorted _ _ (present_sorted _ _ _)) HA
      (count (both (arrived t) true) s)) as H.
    pose proof (rest_serve M (present M (map fst s) t) (count (both (arrived t) true) s)).
    pose proof (lack_arrived t false s HU). pose proof (lack_joins t false s). lia.
Qed.
End Beside.

(* as many are present as are running or waiting, if each has its volume by its end *)
Lemma present_least {A} M R (load : request * A -> nat -> nat) (ends : request * A -> nat) s t : valid M R ->
  Forall (late load) s -> (forall u, sum (fun x => load x u) s <= M) -> map fst s = R ->
  (forall x, In x s -> ends x <= t -> volume (fst x) <= tsum (load x) t) ->
  length (present M R t) <= sum (fun x => if (arrival (fst x) <=? t) && (t <? ends x) then 1 else 0) s.
Proof.
  intros Hw HA HU HR Hends. set (e := fun x : request * A => t <? ends x).
  pose proof (rest_present M load e R s t HA HU HR) as H.
  assert (E : lack load (both e (arrived t) false) t s = 0).
  { unfold lack. rewrite (sum_ext _ (fun _ => 0)); [now rewrite sum_const|]. intros x Hx.
    unfold both, e. destruct (Nat.ltb_spec t (ends x)) as [|Hp]; [now rewrite andb_false_r|].
    unfold lacks. specialize (Hends x Hx Hp). destruct (arrived _ _ && _); lia. }
  rewrite E in H. assert (Ec : count (both e (arrived t) true) s =
    sum (fun x => if (arrival (fst x) <=? t) && (t <? ends x) then 1 else 0) s).
  { apply sum_ext. intros x _. unfold both, arrived, e. now destruct (_ <=? _), (_ <? _). }
  rewrite <- Ec. set (j := count _ _) in *. pose proof (present_positive M R t Hw) as Hp.
  destruct (le_lt_dec (length (present M R t)) j) as [|Hj]; auto. exfalso.
  unfold rest, least in H. destruct (length (present M R t) - j) as [|c] eqn:Ej; [lia|].
  destruct Hp as [|v l Hv Hl]; simpl in *; lia.
Qed.
Lemma spent_length M z l : z <= M -> spent M z l <= M * length l.
Proof.
  revert z. induction l as [|v l IH]; intros z Hz; simpl; [lia|]. destruct (Nat.leb_spec v z); [|lia].
  specialize (IH (z - v) ltac:(lia)). nia.
Qed.
Lemma fluid_least {A} M R (load : request * A -> nat -> nat) (ends : request * A -> nat) s T : valid M R ->
  Forall (late load) s -> (forall u, sum (fun x => load x u) s <= M) -> map fst s = R ->
  (forall x t, In x s -> ends x <= t -> volume (fst x) <= tsum (load x) t) ->
  fluid_latency M R T <= M * sum (fun x => ends x - arrival (fst x)) s.
Proof.
  intros Hw HA HU HR Hends. unfold fluid_latency. rewrite <- sum_scale.
  set (here := fun t x => if (arrival (fst x) <=? t) && (t <? ends x) then 1 else 0).
  transitivity (sum (fun t => M * sum (here t) s) (seq 0 T)).
  { apply sum_le. intros t _. etransitivity; [now apply spent_length|]. apply Nat.mul_le_mono_l.
    apply (present_least M R load ends); auto. }
  rewrite !sum_scale. apply Nat.mul_le_mono_l.
  assert (E : forall t, sum (fun t => sum (here t) s) (seq 0 t) = sum (fun x => sum (fun t => here t x) (seq 0 t)) s).
  { induction t as [|t IH]; [cbn [seq sum]; now rewrite sum_const|]. rewrite seq_S, sum_app, IH. cbn [sum].
    rewrite Nat.add_0_r, <- sum_plus. apply sum_ext. intros x _. rewrite sum_app. cbn [sum]. lia. }
  rewrite E. apply sum_le. intros x _.
  assert (H : sum (fun t => here t x) (seq 0 T) <= Nat.min T (ends x) - arrival (fst x)); [|lia].
  clear. induction T as [|T IH]; [simpl; lia|]. rewrite seq_S, sum_app. cbn [sum Nat.add].
  change (here T x) with (if (arrival (fst x) <=? T) && (T <? ends x) then 1 else 0).
  destruct (Nat.leb_spec (arrival (fst x)) T), (Nat.ltb_spec T (ends x)); cbn [andb]; lia.
Qed.
Open Scope Q_scope.
Lemma fluid_quotient M R T (total : nat) : valid M R -> (R = [] -> total = 0%nat) ->
  (fluid_latency M R T <= M * total)%nat -> fluid_latency M R T / M <= total.
Proof.
  intros Hw H0 H. destruct (valid_memory M R Hw) as [HR|HM].
  - rewrite (H0 HR) in *. assert (E : fluid_latency M R T = 0%nat) by lia. rewrite E. unfold Qdiv. rewrite q_0. lra.
  - apply q_pos in HM. to_Q H. apply Qle_div_l; auto. lra.
Qed.
Lemma opt_volume : Bounds.opt_volume.
Proof.
  intros M R T Hw s0 HF0. destruct (Opt.arrange M R s0 HF0) as (s & HF & <- & HR). clear s0 HF0.
  apply fluid_quotient; auto.
  { intros ->. destruct s; [reflexivity|discriminate]. }
  destruct HF as (_ & HA & HU). rewrite Forall_forall in HA.
  apply (fluid_least M R (fun x => held (fst x) (snd x)) fin); auto.
  - apply Forall_forall. intros x Hx t Ht. apply held_before. specialize (HA x Hx). lia.
  - intros [r p] t _ Ht. unfold fin in Ht. cbn [fst snd] in *. now rewrite held_total by exact Ht.
Qed.
