(* Requests of one volume: how many run at once, and what the blocks of the chain leave over. *)
From Coq Require Import List Arith Lia Permutation QArith Qminmax Lqa.
Import ListNotations.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Rational Below.
Open Scope nat_scope.
Set Default Timeout 100.

(* one that holds h at t holds h + y at t + y, up to y = L - h at least *)
Lemma one_runs r p t L : 1 <= output r -> L * (L + 1) <= 2 * volume r -> 1 <= held r p t ->
  (L + 1) * (L - held r p t) <= 2 * tsum (fun y => held r p (t + (y - 1))) (L + 1).
Proof.
  intros Ho HL Hh. set (h := held r p t) in *.
  destruct (le_lt_dec L h) as [|Hl]; [replace (L - h) with 0 by lia; lia|].
  assert (Hin : p < t <= p + output r).
  { unfold h, held in Hh. destruct (Nat.ltb_spec p t), (Nat.leb_spec t (p + output r)); cbn [andb] in Hh; lia. }
  assert (Eh : h = prompt r + (t - p)).
  { unfold h. replace t with (p + (t - p)) at 1 by lia. now rewrite held_in by lia. }
  assert (Hpk : L <= prompt r + output r).
  { destruct (le_lt_dec L (prompt r + output r)) as [|Hc]; auto. exfalso. rewrite volume_closed in HL.
    assert (output r * (2 * prompt r + output r + 1) <= (prompt r + output r) * (prompt r + output r + 1)) by nia.
    assert ((prompt r + output r) * (prompt r + output r + 1) < L * (L + 1)) by nia. lia. }
  set (y0 := L - h). assert (E : forall y, 1 <= y <= y0 + 1 -> held r p (t + (y - 1)) = h + (y - 1)).
  { intros y Hy. replace (t + (y - 1)) with (p + (t - p + (y - 1))) by lia. rewrite held_in by lia. lia. }
  replace (L + 1) with ((y0 + 1) + h) at 2 by lia. rewrite tsum_split.
  rewrite (tsum_ext _ (fun y => h + (y - 1)) (y0 + 1)) by exact E.
  assert (S : 2 * tsum (fun y => h + (y - 1)) (y0 + 1) = (y0 + 1) * (2 * h + y0)).
  { generalize y0. clear. intros y. rewrite Nat.add_1_r. induction y as [|y IH]; [simpl; lia|].
    cbn [tsum] in *. replace (S (S y) - 1) with (S y) by lia. nia. }
  rewrite Nat.mul_add_distr_l, S. replace L with (h + y0) by lia. nia.
Qed.
Lemma crowd M L R : (forall r, In r R -> 1 <= output r /\ L * (L + 1) <= 2 * volume r) ->
  forall s group others t, feasible M R s -> Permutation s (group ++ others) ->
  (forall x, In x group -> 1 <= held (fst x) (snd x) t) -> L * length group <= 3 * M.
Proof.
  intros HR s group others t (HP & _ & HU) HG Hh.
  assert (HUg : forall u, used group u <= M).
  { intros u. specialize (HU u). rewrite (used_perm _ _ u HG), used_app in HU. lia. }
  assert (Hin : forall x, In x group -> In (fst x) R).
  { intros x Hx. eapply Permutation_in; [exact HP|]. apply in_map. eapply Permutation_in; [symmetry; exact HG|].
    apply in_or_app. now left. }
  assert (H1 : (L + 1) * sum (fun x => L - held (fst x) (snd x) t) group <= 2 * ((L + 1) * M)).
  { transitivity (2 * tsum (fun y => used group (t + (y - 1))) (L + 1)).
    - unfold used. rewrite (tsum_sum (fun x y => held (fst x) (snd x) (t + (y - 1)))).
      rewrite <- !sum_scale. apply sum_le. intros x Hx. destruct (HR _ (Hin x Hx)).
      apply one_runs; auto.
    - apply Nat.mul_le_mono_l. rewrite (Nat.mul_comm (L + 1)), <- tsum_const. apply tsum_le. auto. }
  assert (H2 : sum (fun x => L - held (fst x) (snd x) t) group <= 2 * M) by nia.
  specialize (HUg t). unfold used in HUg.
  assert (H3 : L * length group <= sum (fun x => L - held (fst x) (snd x) t) group + sum (fun x => held (fst x) (snd x) t) group).
  { rewrite <- sum_const, <- sum_plus. apply sum_le. intros. lia. }
  lia.
Qed.
Open Scope Q_scope.
(* one block: d (1/4 - e/6) + (L/6) (1 - e) >= c L/36 for c = 1 - E *)
Lemma one_block c d e L L0 : 0 < c -> c <= 1 -> 0 < L -> L <= L0 -> 0 <= d -> e <= 1 ->
  e <= 3 * d / (c * L0) -> c * L * (1 # 36) <= d * ((1 # 4) - e * (1 # 6)) + L * (1 # 6) * (1 - e).
Proof.
  intros Hc Hc1 HL HL0 Hd He Het.
  assert (Hcl : 0 < c * L) by nra. assert (Hcl0 : 0 < c * L0) by nra.
  assert (Het' : e * (c * L) <= 3 * d).
  { assert (H : e * (c * L0) <= 3 * d).
    { apply (Qmult_le_r _ _ (c * L0) Hcl0) in Het.
      setoid_replace (3 * d / (c * L0) * (c * L0)) with (3 * d) in Het by (field; split; intros E'; lra). exact Het. }
    destruct (Qlt_le_dec e 0) as [Hn|Hp]; [nra|]. assert (e * (c * L) <= e * (c * L0)) by (apply Qmul_le; nra). lra. }
  destruct (Qlt_le_dec (3 * d) (c * L)) as [Hs|Hl].
  - (* t = 3 d/(c L) < 1, and the left side falls in e *)
    set (t := 3 * d / (c * L)). assert (Ht : d == t * (c * L) * (1 # 3)) by (unfold t; field; split; intros E'; lra).
    assert (Ht0 : 0 <= t) by (unfold t; apply Qdiv_nonneg; lra).
    assert (Ht1 : t <= 1) by (unfold t; apply Qle_div_l; lra).
    assert (Het2 : e <= t) by (apply (Qmult_le_r _ _ (c * L) Hcl); lra).
    clearbody t. clear Het Het' He Hs.
    apply Qle_trans with (d * ((1 # 4) - t * (1 # 6)) + L * (1 # 6) * (1 - t));
      [|assert (0 <= (t - e) * (d + L)) by (apply Qmult_le_0_compat; lra); lra].
    rewrite Ht.
    assert (H1 : 0 <= c * L * ((1 - t) * (5 + 2 * t))) by (apply Qmult_le_0_compat; [lra|apply Qmult_le_0_compat; lra]).
    assert (H2 : 0 <= L * ((1 - c) * (1 - t))) by (apply Qmult_le_0_compat; [lra|apply Qmult_le_0_compat; lra]).
    lra.
  - assert (0 <= d * (1 - e)) by (apply Qmult_le_0_compat; lra).
    assert (0 <= L * (1 - e)) by (apply Qmult_le_0_compat; lra). lra.
Qed.
Lemma square (y : Q) : 0 <= y * y.
Proof. destruct (Qlt_le_dec y 0); nra. Qed.
(* The blocks of the chain, of length d each, e = min(1, N d/w) for the N that run at its end and were
   running at its beginning. What they leave over pays for those that still run when all have
   started, of at most L steps, which have rho left. *)
Lemma budget (blocks : list (Q * Q)) (E w L L0 rho x : Q) :
  0 <= E -> E < 1 -> 0 < w -> 0 < L -> L <= L0 ->
  (forall d e, In (d, e) blocks -> 0 <= d /\ e <= 1 /\ e <= 3 * d / ((1 - E) * L0)) ->
  w * Qsum (fun b => fst b / 2 * (1 - snd b)) blocks <= x ->
  w * (L / 36) * ((1 - E) * Qsum fst blocks - L) <=
  Qsum (fun b => fst b * fst b * w * (1 / 4 - snd b / 6)) blocks + (rho + x) * (rho + x) / w - L / 3 * rho.
Proof.
  intros HE HE1 Hw HL HL0 Hb Hx.
  set (X := Qsum (fun b => fst b / 2 * (1 - snd b)) blocks) in *.
  assert (HB : w * (L * (1 # 36) * (1 - E)) * Qsum fst blocks <=
    Qsum (fun b => fst b * fst b * w * (1 / 4 - snd b / 6)) blocks + w * (L * (1 # 3)) * X).
  { unfold X. rewrite <- !qsum_scale, <- qsum_plus. apply qsum_le. intros [d e] Hin. cbn [fst snd].
    destruct (Hb d e Hin) as (H1 & H2 & H3).
    pose proof (one_block (1 - E) d e L L0 ltac:(lra) ltac:(lra) HL HL0 H1 H2 H3) as H.
    apply (Qmult_le_l _ _ w Hw) in H. apply (Qmult_le_compat_r _ _ d) in H; [|exact H1].
    setoid_replace (d * d * w * (1 / 4 - e / 6) + w * (L * (1 # 3)) * (d / 2 * (1 - e)))
      with (w * (d * ((1 # 4) - e * (1 # 6)) + L * (1 # 6) * (1 - e)) * d) by field. lra. }
  setoid_replace ((rho + x) * (rho + x) / w) with (w * ((rho + x) / w * ((rho + x) / w)))
    by (field; intros E'; lra).
  set (z := (rho + x) / w). assert (Hz : rho == w * z - x) by (unfold z; field; intros E'; lra).
  rewrite Hz. clearbody z.
  assert (HS : 0 <= w * ((z - L * (1 # 6)) * (z - L * (1 # 6)))) by (apply Qmult_le_0_compat; [lra|apply square]).
  assert (HX : w * (L * (1 # 3)) * X <= L * (1 # 3) * x) by nra.
  setoid_replace (w * (L / 36) * ((1 - E) * Qsum fst blocks - L))
    with (w * (L * (1 # 36) * (1 - E)) * Qsum fst blocks - w * (L * L * (1 # 36))) by field.
  setoid_replace (L / 3 * (w * z - x)) with (L * (1 # 3) * (w * z - x)) by field.
  lra.
Qed.
