(* Tokens at the prices of the steps, in integers: what all requests pay is at most what the memory
   costs. And the program's way to work out all terms of a window. *)
From Coq Require Import List Arith ZArith Lia Bool.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.rules Require Import Judgement.
From kvproof.checker Require Import Program.
From kvproof.proofs Require Import Sums Memory.
Open Scope Z_scope.
Set Default Timeout 100.

(* the sum of y_t f t over the steps after k *)
Fixpoint weigh (ys : list Z) (f : nat -> nat) (k : nat) : Z :=
  match ys with [] => 0 | y :: ys' => y * Z.of_nat (f (S k)) + weigh ys' f (S k) end.
Lemma weigh_skip ys f p : (forall t, (t <= p)%nat -> f t = 0%nat) -> forall k, (k <= p)%nat ->
  weigh ys f k = weigh (skipn (p - k) ys) f p.
Proof.
  intros Hf. induction ys as [|y ys IH]; intros k Hk; [now rewrite skipn_nil|].
  destruct (Nat.eq_dec k p) as [->|]; [now rewrite Nat.sub_diag|].
  replace (p - k)%nat with (S (p - S k)) by lia. simpl. rewrite Hf by lia. rewrite IH by lia. lia.
Qed.
Lemma weigh_after ys f p : (forall t, (p < t)%nat -> f t = 0%nat) -> weigh ys f p = 0.
Proof.
  revert p. induction ys as [|y ys IH]; intros p H; simpl; [easy|].
  rewrite H by lia. rewrite IH; [lia|]. intros; apply H; lia.
Qed.
Lemma weigh_dot r p o : forall ys j, (j + o = output r)%nat ->
  weigh ys (held r p) (p + j) = dot o (Z.of_nat (prompt r + j)) ys.
Proof.
  induction o as [|o IH]; intros ys j Hj.
  - cbn [dot]. apply weigh_after. intros. apply held_after. lia.
  - destruct ys as [|y ys]; [reflexivity|]. cbn [weigh dot].
    replace (S (p + j)) with (p + S j)%nat by lia. rewrite held_in by lia. rewrite IH by lia.
    f_equal; [f_equal|f_equal]; lia.
Qed.
Lemma weigh_held ys r p : weigh ys (held r p) 0 = dot (output r) (Z.of_nat (prompt r)) (skipn p ys).
Proof.
  rewrite (weigh_skip ys (held r p) p) by (try lia; intros; apply held_before; lia).
  rewrite Nat.sub_0_r. pose proof (weigh_dot r p (output r) (skipn p ys) 0 ltac:(lia)) as H.
  rewrite !Nat.add_0_r in H. exact H.
Qed.
Lemma weigh_plus ys f g : forall k, weigh ys (fun t => (f t + g t)%nat) k = weigh ys f k + weigh ys g k.
Proof. induction ys; intros; simpl; [easy|]. rewrite IHys. lia. Qed.
Lemma weigh_used ys s : weigh ys (used s) 0 =
  zsum (map (fun x => dot (output (fst x)) (Z.of_nat (prompt (fst x))) (skipn (snd x) ys)) s).
Proof.
  induction s as [|[r p] s IH]; simpl.
  - apply weigh_after. reflexivity.
  - rewrite <- IH, <- weigh_held, <- weigh_plus. reflexivity.
Qed.
Lemma weigh_le ys f M : Forall (Z.le 0) ys -> (forall t, (f t <= M)%nat) ->
  forall k, weigh ys f k <= Z.of_nat M * zsum ys.
Proof.
  intros H Hf. induction H as [|y ys Hy _ IH]; intros k; simpl; [lia|].
  specialize (Hf (S k)). specialize (IH (S k)). unfold zsum in *. nia.
Qed.

(* all terms, at least D times the latencies and what the memory costs *)
Definition terms_of (D : Z) (ys : list Z) (s : schedule) : list Z := map (fun x => term D ys (fst x) (snd x)) s.
Lemma terms_total M D ys s : 0 <= D -> Forall (Z.le 0) ys -> (forall t, (used s t <= M)%nat) ->
  zsum (terms_of D ys s) - Z.of_nat M * zsum ys <= D * Z.of_nat (total_latency s).
Proof.
  intros HD Hy HU. pose proof (weigh_le ys (used s) M Hy HU 0%nat) as H. rewrite weigh_used in H.
  enough (zsum (terms_of D ys s) <= D * Z.of_nat (total_latency s) +
    zsum (map (fun x => dot (output (fst x)) (Z.of_nat (prompt (fst x))) (skipn (snd x) ys)) s)) by lia.
  clear H HU. unfold total_latency, terms_of.
  induction s as [|[r p] s IH]; cbn [map sum zsum fold_right] in *; [lia|].
  unfold zsum in *. unfold term at 1. unfold latency at 1. cbn [fst snd].
  assert (D * (Z.of_nat (p + output r) - Z.of_nat (arrival r)) <= D * Z.of_nat (p + output r - arrival r))
    by (apply Z.mul_le_mono_nonneg_l; lia).
  rewrite Nat2Z.inj_add. lia.
Qed.

(* ---- the row of terms *)
Lemma dot_nil o s : dot o s [] = 0. Proof. now destruct o. Qed.
Lemma dot_step o : forall s y l, dot o s l = dot o s (y :: l) - zsum (firstn o (y :: l)) - s * y
  + (s + Z.of_nat o) * hd 0 (skipn o (y :: l)).
Proof.
  induction o as [|o IH]; intros s y l; [simpl; lia|]. destruct l as [|z l].
  - cbn [dot firstn skipn]. rewrite dot_nil, firstn_nil, skipn_nil. cbn [zsum fold_right hd]. lia.
  - cbn [dot firstn skipn]. specialize (IH (s + 1) z l). cbn [zsum fold_right].
    rewrite Nat2Z.inj_succ. lia.
Qed.
Lemma window_step o : forall y l, zsum (firstn o l) = zsum (firstn o (y :: l)) - y + hd 0 (skipn o (y :: l)).
Proof.
  induction o as [|o IH]; intros y l; [simpl; lia|]. destruct l as [|z l].
  - cbn [firstn skipn]. rewrite firstn_nil, skipn_nil. cbn. lia.
  - cbn [firstn skipn zsum fold_right]. specialize (IH z l). lia.
Qed.
Lemma skipn_tl {A} n (l : list A) : tl (skipn n l) = skipn n (tl l).
Proof. revert l. induction n; intros [|x l]; simpl; auto. rewrite IHn. destruct l; simpl; auto. now rewrite skipn_nil. Qed.
Lemma row_nil D o s i : forall n base, (i < n)%nat -> nth i (row n D s o base 0 0 [] []) 0 = base + Z.of_nat i * D.
Proof.
  induction i as [|i IH]; intros [|n] base Hi; try lia; cbn [row nth hd tl]; [lia|].
  replace (0 - 0 - s * 0 + (s + o) * 0) with 0 by lia. replace (0 - 0 + 0) with 0 by lia.
  rewrite IH by lia. lia.
Qed.
Lemma row_nth D o s n : forall base l i, (i < n)%nat ->
  nth i (row n D s (Z.of_nat o) base (dot o s l) (zsum (firstn o l)) l (skipn o l)) 0 =
  base + Z.of_nat i * D + dot o s (skipn i l).
Proof.
  induction n as [|n IH]; intros base l i Hi; [lia|]. cbn [row nth].
  destruct i as [|i]; [cbn [skipn]; lia|]. destruct l as [|y l].
  - rewrite !skipn_nil, !dot_nil, firstn_nil. cbn [hd tl zsum fold_right].
    replace (0 - 0 - s * 0 + (s + Z.of_nat o) * 0) with 0 by lia. replace (0 - 0 + 0) with 0 by lia.
    rewrite row_nil by lia. lia.
  - cbn [hd tl]. rewrite <- dot_step, <- window_step, skipn_tl. cbn [tl]. rewrite IH by lia. cbn [skipn]. lia.
Qed.
Lemma row_length D s o n : forall base h w l l', length (row n D s o base h w l l') = n.
Proof. induction n; intros; cbn [row length]; auto. Qed.
Lemma skipn_plus {A} a b : forall l : list A, skipn (a + b) l = skipn b (skipn a l).
Proof. induction a; intros [|x l]; simpl; auto. now rewrite skipn_nil. Qed.
Lemma terms_length D ys r a b : length (terms D ys r a b) = (S b - a)%nat.
Proof. apply row_length. Qed.
Lemma terms_nth D ys r a b i : (i < S b - a)%nat -> nth i (terms D ys r a b) 0 = term D ys r (a + i).
Proof.
  intros Hi. unfold terms. rewrite row_nth by exact Hi. unfold term. rewrite skipn_plus, !Nat2Z.inj_add. lia.
Qed.

Lemma least_le l x : In x l -> least l <= x.
Proof.
  assert (H : forall l m, fold_left Z.min l m <= m /\ forall x, In x l -> fold_left Z.min l m <= x).
  { clear. induction l as [|y l IH]; intros m; simpl; [split; [lia|easy]|].
    destruct (IH (Z.min m y)) as [H1 H2]. split; [lia|]. intros x [->|Hx]; [lia|auto]. }
  destruct l as [|y l]; [easy|]. simpl. destruct (H l y) as [H1 H2]. intros [->|Hx]; auto.
Qed.
Lemma least_terms_le D ys r a b p : (a <= p <= b)%nat -> least (terms D ys r a b) <= term D ys r p.
Proof.
  intros Hp. replace p with (a + (p - a))%nat at 1 by lia. rewrite <- (terms_nth D ys r a b (p - a)) by lia.
  apply least_le, nth_In. rewrite terms_length. lia.
Qed.
(* what is cut off at the front, and at the back, is above *)
Lemma above_front b l : forall i, (i < above b l)%nat -> b < nth i l 0.
Proof.
  induction l as [|x l IH]; intros i Hi; simpl in *; [lia|]. destruct (Z.ltb_spec b x); [|lia].
  destruct i; [auto|]. apply IH. lia.
Qed.
Lemma above_length b l : (above b l <= length l)%nat.
Proof. induction l; simpl; [lia|]. destruct (b <? a); lia. Qed.
Lemma above_back b l i : (i < length l)%nat -> (length l - above b (rev l) <= i)%nat -> b < nth i l 0.
Proof.
  intros Hi H. pose proof (above_front b (rev l) (length l - S i) ltac:(lia)) as HF.
  rewrite rev_nth in HF by lia. replace (length l - S (length l - S i))%nat with i in HF by lia. exact HF.
Qed.

(* map_runs is map *)
Lemma same_eq e e' : same e e' = true -> e = e'.
Proof.
  destruct e as [[a s o] [f g]], e' as [[a' s' o'] [f' g']]. simpl. rewrite !andb_true_iff, !Nat.eqb_eq.
  intros [[[[-> ->] ->] ->] ->]. reflexivity.
Qed.
Lemma map_runs_map {A} (f : entry -> A) l : forall last,
  match last with Some (e, v) => v = f e | None => True end -> map_runs f last l = map f l.
Proof.
  induction l as [|e l IH]; intros last Hl; [reflexivity|]. cbn [map_runs map].
  assert (E : match last with Some (e', v') => if same e e' then v' else f e | None => f e end = f e).
  { destruct last as [[e' v']|]; auto. destruct (same e e') eqn:Es; auto. apply same_eq in Es. now subst. }
  rewrite E. f_equal. now apply IH.
Qed.
