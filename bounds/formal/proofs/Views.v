(* Schedules by class: a schedule of the instance as items, which say class and start. *)
From Coq Require Import List Arith ZArith Lia Permutation Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Search.
From kvproof.checker Require Import Program Search.
From kvproof.proofs Require Import Sums Memory Beginnings Ways.
From kvproof.proofs Require Cases.
Open Scope nat_scope.
Set Default Timeout 100.

Notation listed_all K := (flat_map (fun x => repeat (snd x) (fst x)) K).
Lemma classes_listed R : listed_all (classes R) = R.
Proof.
  induction R as [|r R IH]; [reflexivity|]. cbn [classes]. destruct (classes R) as [|[k q] K].
  - cbn in *. now rewrite <- IH.
  - destruct (Program.alike r q) eqn:E.
    + apply Cases.alike_eq in E. subst q. cbn [flat_map fst snd repeat app] in *. now rewrite <- IH.
    + cbn [flat_map fst snd repeat app] in *. now rewrite <- IH.
Qed.

Fixpoint index (K : list class) (r : request) : nat :=
  match K with
  | [] => 0
  | (_, q) :: K' => if Program.alike r q then 0 else S (index K' r)
  end.
Lemma alike_refl r : Program.alike r r = true.
Proof. unfold Program.alike. now rewrite !Nat.eqb_refl. Qed.
Lemma kind_index K r : In r (listed_all K) -> index K r < length K /\ kind K (index K r) = r.
Proof.
  unfold kind. induction K as [|[k q] K IH]; [easy|]. cbn [flat_map fst snd index]. intros H. apply in_app_or in H.
  destruct (Program.alike r q) eqn:E.
  - apply Cases.alike_eq in E. subst. cbn. split; [lia|reflexivity].
  - destruct H as [H|H]; [apply repeat_spec in H; subst; rewrite alike_refl in E; discriminate|].
    specialize (IH H). cbn [length nth]. split; [lia|apply IH].
Qed.
Lemma differ_later k q K r n : all_differ ((k, q) :: K) = true -> In (n, r) K -> Program.alike r q = false.
Proof.
  cbn [all_differ]. intros H Hr. apply andb_prop in H as [H _]. rewrite forallb_forall in H. specialize (H _ Hr). cbn in H.
  destruct (Program.alike r q) eqn:E; auto. apply Cases.alike_eq in E. subst. rewrite alike_refl in H. discriminate.
Qed.
Lemma index_kind K : all_differ K = true -> forall c, c < length K -> index K (kind K c) = c.
Proof.
  unfold kind. induction K as [|[k q] K IH]; intros HD c Hc; cbn [length] in Hc; [lia|]. destruct c as [|c]; cbn [nth snd index].
  - now rewrite alike_refl.
  - assert (HD' : all_differ K = true) by (cbn [all_differ] in HD; apply andb_prop in HD; apply HD).
    destruct (nth c K (0, Request 0 0 0)) as [n r] eqn:E. cbn [snd].
    assert (Hin : In (n, r) K) by (rewrite <- E; apply nth_In; lia).
    rewrite (differ_later k q K r n HD Hin). f_equal. specialize (IH HD' c ltac:(lia)). rewrite E in IH. exact IH.
Qed.
Lemma count_repeat n : count_occ Nat.eq_dec (repeat 0 n) 0 = n.
Proof. induction n; cbn; lia. Qed.
Lemma count_listed K : all_differ K = true -> forall c, c < length K ->
  count_occ Nat.eq_dec (map (index K) (listed_all K)) c = number K c.
Proof.
  unfold number. induction K as [|[k q] K IH]; intros HD c Hc; cbn [length] in Hc; [lia|].
  assert (HD' : all_differ K = true) by (cbn [all_differ] in HD; apply andb_prop in HD; apply HD).
  cbn [flat_map fst snd]. rewrite map_app, count_occ_app.
  assert (E1 : map (index ((k, q) :: K)) (repeat q k) = repeat 0 k).
  { clear. generalize k at 2 3. intros n. induction n as [|n IH]; [reflexivity|]. cbn [repeat map]. rewrite IH. cbn [index]. now rewrite alike_refl. }
  assert (E2 : map (index ((k, q) :: K)) (listed_all K) = map S (map (index K) (listed_all K))).
  { rewrite map_map. apply map_ext_in. intros r Hr. apply in_flat_map in Hr as ([n r'] & Hx & Hr). apply repeat_spec in Hr. cbn in Hr. subst r'.
    cbn [index]. now rewrite (differ_later k q K r n HD Hx). }
  rewrite E1, E2. assert (ES : forall l c, count_occ Nat.eq_dec (map S l) (S c) = count_occ Nat.eq_dec l c).
  { clear. induction l as [|a l IH]; intros c; [reflexivity|]. cbn [map count_occ]. rewrite IH.
    destruct (Nat.eq_dec (S a) (S c)), (Nat.eq_dec a c); lia. }
  assert (E0 : forall l, count_occ Nat.eq_dec (map S l) 0 = 0).
  { clear. induction l as [|a l IH]; [reflexivity|]. cbn [map count_occ]. now rewrite IH. }
  assert (ER : forall c, count_occ Nat.eq_dec (repeat 0 k) (S c) = 0).
  { clear. intros c. induction k; [reflexivity|]. cbn. exact IHk. }
  destruct c as [|c]; cbn [nth fst].
  - rewrite count_repeat, E0. lia.
  - rewrite ER, ES. apply IH; auto. lia.
Qed.

(* a schedule of the instance, by class *)
Record proper (M : nat) (K : list class) (s : list item) : Prop := Proper {
  in_class : forall x, In x s -> fst x < length K;
  numbers_of : forall c, c < length K -> count_occ Nat.eq_dec (map fst s) c = number K c;
  arrived : forall x, In x s -> arrival (kind K (fst x)) <= snd x;
  in_memory : forall t, used (map (real K) s) t <= M;
  all_there : Permutation (map fst (map (real K) s)) (listed_all K) }.
Lemma view M K s : all_differ K = true -> feasible M (listed_all K) s -> exists s', s = map (real K) s' /\ proper M K s'.
Proof.
  intros HD (HP & HA & HU). exists (map (fun x => (index K (fst x), snd x)) s).
  assert (Hk : forall x, In x s -> index K (fst x) < length K /\ kind K (index K (fst x)) = fst x).
  { intros x Hx. apply kind_index. apply (Permutation_in _ HP). now apply in_map. }
  assert (E : s = map (real K) (map (fun x => (index K (fst x), snd x)) s)).
  { rewrite map_map. rewrite <- (map_id s) at 1. apply map_ext_in. intros [r p] Hx. unfold real. cbn [fst snd].
    destruct (Hk _ Hx) as [_ E]. cbn [fst] in E. now rewrite E. }
  split; [exact E|]. constructor.
  - intros x Hx. apply in_map_iff in Hx as (y & <- & Hy). now apply Hk.
  - intros c Hc. rewrite map_map. cbn [fst]. rewrite <- (count_listed K HD c Hc).
    rewrite <- (map_map fst (index K)). now apply Permutation_count_occ, Permutation_map.
  - intros x Hx. apply in_map_iff in Hx as (y & <- & Hy). cbn [fst snd]. rewrite (proj2 (Hk _ Hy)). rewrite Forall_forall in HA. auto.
  - now rewrite <- E.
  - now rewrite <- E.
Qed.
Lemma real_inj K : all_differ K = true -> forall a b, (forall x, In x a -> fst x < length K) -> (forall x, In x b -> fst x < length K) ->
  map (real K) a = map (real K) b -> a = b.
Proof.
  intros HD. induction a as [|[c p] a IH]; intros [|[c' p'] b] Ha Hb E; try discriminate; [reflexivity|]. cbn [map] in E.
  injection E as E1 E2 E3. f_equal.
  - f_equal; [|exact E2]. rewrite <- (index_kind K HD c), <- (index_kind K HD c'); [congruence|apply (Hb (c', p')); now left|apply (Ha (c, p)); now left].
  - apply IH; auto; intros; [apply Ha|apply Hb]; now right.
Qed.
Lemma view_from M K b later : all_differ K = true -> (forall x, In x b -> fst x < length K) ->
  feasible M (listed_all K) (map (real K) b ++ later) -> exists l, later = map (real K) l /\ proper M K (b ++ l).
Proof.
  intros HD Hb HF. destruct (view M K _ HD HF) as (s & E & HS). symmetry in E. apply map_eq_app in E as (b' & l & -> & E & <-).
  exists l. split; auto. replace b with b'; [exact HS|]. apply (real_inj K HD); auto.
  intros x Hx. apply (in_class _ _ _ HS). apply in_or_app. now left.
Qed.
Lemma proper_output M K s : valid M (listed_all K) -> proper M K s -> forall x, In x s -> 1 <= output (kind K (fst x)).
Proof.
  intros Hv HS x Hx. unfold valid in Hv. rewrite Forall_forall in Hv. apply Hv.
  apply (Permutation_in _ (all_there _ _ _ HS)). rewrite map_map. apply in_map_iff. exists x. now split.
Qed.

(* ---- what a schedule costs by multipliers *)
Open Scope Z_scope.
Lemma latency_real K x : latency (real K x) = latency_of K (fst x) (snd x).
Proof. reflexivity. Qed.
Lemma Zsum_filter_map {A B} (g : A -> B) (P : B -> bool) (f : B -> Z) l :
  Zsum f (filter P (map g l)) = Zsum (fun x => f (g x)) (filter (fun x => P (g x)) l).
Proof. rewrite !Zsum_filter, Zsum_map. reflexivity. Qed.
Lemma multipliers_by_class K scale v t b l : all_differ K = true -> (forall x, In x (b ++ l) -> (fst x < length K)%nat) ->
  Forall (fun x => (snd x < t)%nat) b -> Forall (fun x => (t <= snd x)%nat) l ->
  scale * Z.of_nat (total_latency (map (real K) (b ++ l))) =
    scale * Z.of_nat (total_latency (map (real K) b)) + Zsum (fun x => beta v (fst x) (snd x)) (filter (fun x => (t <=? ends K x)%nat) b)
    + Zsum (fun x => costs K scale v (fst x) (snd x)) l + to_come K v (b ++ l) t.
Proof.
  intros HD Hc Hb Hl.
  set (al := fun r p => alpha v (index K r) p). set (be := fun r p => beta v (index K r) p).
  assert (HI : forall x, In x (b ++ l) -> index K (kind K (fst x)) = fst x) by (intros x Hx; apply index_kind; auto).
  rewrite map_app. rewrite (search_multipliers scale al be t).
  - rewrite <- map_app. unfold events_from, to_come. rewrite !Zsum_filter_map, Zsum_map.
    assert (HF : forall (P : item -> bool) (f g : item -> Z) m, (forall x, In x m -> In x (b ++ l)) -> (forall x, In x (b ++ l) -> f x = g x) -> Zsum f (filter P m) = Zsum g (filter P m)).
    { intros P f g m Hm Hfg. apply Zsum_ext. intros x Hx. apply filter_In in Hx. apply Hfg, Hm, Hx. }
    rewrite (HF _ (fun x => be (fst (real K x)) (snd (real K x))) (fun x => beta v (fst x) (snd x)) b);
      [|intros; apply in_or_app; now left|intros x Hx; unfold be, real; cbn [fst snd]; now rewrite HI].
    rewrite (HF _ (fun x => be (fst (real K x)) (snd (real K x))) (fun x => beta v (fst x) (snd x)) (b ++ l));
      [|auto|intros x Hx; unfold be, real; cbn [fst snd]; now rewrite HI].
    rewrite (HF _ (fun x => al (fst (real K x)) (snd (real K x))) (fun x => alpha v (fst x) (snd x)) (b ++ l));
      [|auto|intros x Hx; unfold al, real; cbn [fst snd]; now rewrite HI].
    rewrite (Zsum_ext (fun x => priced scale al be (real K x)) (fun x => costs K scale v (fst x) (snd x)) l).
    + unfold ends_from, starts_from, ends, real. cbn [fst snd]. lia.
    + intros x Hx. unfold priced, costs, al, be. rewrite latency_real. unfold real. cbn [fst snd]. rewrite HI; [reflexivity|]. apply in_or_app. now right.
  - apply Forall_map. exact Hb.
  - unfold from. apply Forall_map. exact Hl.
Qed.
(* ---- what each item pays, where all together pay little *)
Lemma slack {A} (f g : A -> Z) room s : (forall x, In x s -> g x <= f x) -> Zsum f s <= Zsum g s + room ->
  0 <= room /\ forall x, In x s -> f x <= g x + room.
Proof.
  revert room. induction s as [|x s IH]; intros room H HS.
  - cbn in HS. split; [lia|easy].
  - rewrite !Zsum_cons in HS. pose proof (H x (or_introl eq_refl)) as Hx.
    destruct (IH (room - (f x - g x)) (fun y Hy => H y (or_intror Hy)) ltac:(lia)) as [H1 H2].
    split; [lia|]. intros y [->|Hy]; [lia|]. specialize (H2 y Hy). lia.
Qed.
Lemma many_all s c : many (fun _ => true) s c = count_occ Nat.eq_dec (map fst s) c.
Proof.
  unfold many. induction s as [|x s IH]; [reflexivity|]. cbn [filter map count_occ]. rewrite andb_true_r in *.
  destruct (Nat.eq_dec (fst x) c) as [->|Hne]; [rewrite Nat.eqb_refl; cbn [length]; now rewrite IH|].
  destruct (Nat.eqb_spec (fst x) c); [contradiction|]. exact IH.
Qed.
Lemma by_class_all (K : list class) (s : list item) (a : nat -> Z) : (forall x, In x s -> (fst x < length K)%nat) ->
  Zsum (fun c => Z.of_nat (count_occ Nat.eq_dec (map fst s) c) * a c) (seq 0 (length K)) = Zsum (fun x => a (fst x)) s.
Proof.
  intros Hs. transitivity (Zsum (fun c => Z.of_nat (many (fun _ => true) s c) * a c) (seq 0 (length K))).
  - apply Zsum_ext. intros c _. now rewrite many_all.
  - rewrite (by_class (length K) (fun _ => true) a s Hs). reflexivity.
Qed.
Lemma weighted_sum M K l s : proper M K s -> length l = length K -> weighted K l = Zsum (fun x => nth (fst x) l 0) s.
Proof.
  intros HS HL. rewrite <- (by_class_all K s (fun c => nth c l 0) (in_class _ _ _ HS)). transitivity (Zsum (fun c => Z.of_nat (number K c) * nth c l 0) (seq 0 (length K))).
  - unfold weighted, number. clear s HS. revert l HL. induction K as [|[k r] K IH]; intros [|z l] HL; try discriminate; [reflexivity|].
    cbn [combine map length seq]. rewrite Zsum_cons, <- seq_shift, Zsum_map. cbn [nth fst snd]. rewrite zsum_cons, IH by (cbn in HL; lia). reflexivity.
  - apply Zsum_ext. intros c Hc. apply in_seq in Hc. rewrite (numbers_of _ _ _ HS) by lia. reflexivity.
Qed.
