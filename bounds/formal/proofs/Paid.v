(* Requests of one volume, one at a time: what each has held, what it has paid for its own latency,
   and what is left of it when all have started. *)
From Coq Require Import List Arith Lia Bool.
From kvproof.spec Require Import Model.
From kvproof.proofs Require Import Sums Memory Centroid.
Open Scope nat_scope.
Set Default Timeout 100.

(* ---- one request: what it has held by the age w, and twice the integral of that *)
Definition part (r : request) (w : nat) : nat := tsum (fun j => prompt r + j) w.
Definition twice (r : request) (w : nat) : nat := tsum (fun j => part r (j - 1) + part r j) w.
Lemma part_closed r w : 2 * part r w = w * (2 * prompt r + w + 1).
Proof. unfold part. induction w as [|w IH]; [reflexivity|]. cbn [tsum]. nia. Qed.
Lemma twice_closed r w : 6 * twice r w = 6 * (prompt r * (w * w)) + w * (w + 1) * (2 * w + 1).
Proof.
  unfold twice. induction w as [|w IH]; [simpl; lia|]. cbn [tsum]. replace (S w - 1) with w by lia.
  pose proof (part_closed r w). pose proof (part_closed r (S w)). nia.
Qed.
Lemma part_volume r : part r (output r) = volume r.
Proof. symmetry. apply volume_tsum. Qed.
Lemma twice_moment r : twice r (output r) + 2 * mom r = volume r + 2 * volume r * output r.
Proof. pose proof (twice_closed r (output r)). pose proof (volume_closed r). pose proof (mom_closed r). nia. Qed.

(* a request x of volume v, started at snd x: what it has held by t, and what it has paid: a token-step
   for each step after its end, and twice what it has held for each before *)
Definition grown (x : request * nat) (t : nat) : nat := Nat.min (t - snd x) (output (fst x)).
Definition done (t : nat) (x : request * nat) : nat := part (fst x) (grown x t).
Definition paid (v t : nat) (x : request * nat) : nat :=
  v * (t - snd x - output (fst x)) + twice (fst x) (grown x t).
Definition rem (v t : nat) (x : request * nat) : nat := v - done t x.
Lemma done_mono t t' x : t <= t' -> done t x <= done t' x.
Proof. intros H. unfold done, part. apply tsum_mono. unfold grown. lia. Qed.
Lemma done_most t x : done t x <= volume (fst x).
Proof. unfold done. rewrite <- part_volume. unfold part. apply tsum_mono. unfold grown. lia. Qed.
Lemma paid_step v t x : volume (fst x) = v -> paid v t x + done t x <= paid v (S t) x.
Proof.
  intros Hv. unfold paid, done, grown. destruct x as [r p]. cbn [fst snd] in *.
  destruct (le_lt_dec (p + output r) t) as [H|H].
  - rewrite !Nat.min_r by lia. rewrite part_volume, Hv. replace (S t - p - output r) with (S (t - p - output r)) by lia. lia.
  - replace (t - p - output r) with 0 by lia. replace (S t - p - output r) with 0 by lia. rewrite !Nat.min_l by lia.
    destruct (le_lt_dec p t) as [Hp|Hp].
    + replace (S t - p) with (S (t - p)) by lia. unfold twice. cbn [tsum]. replace (S (t - p) - 1) with (t - p) by lia. lia.
    + replace (S t - p) with 0 by lia. replace (t - p) with 0 by lia. unfold part. cbn [tsum]. lia.
Qed.
Lemma paid_block v t d x : volume (fst x) = v -> paid v t x + d * done t x <= paid v (t + d) x.
Proof.
  intros Hv. induction d as [|d IH]; [replace (t + 0) with t by lia; lia|]. pose proof (paid_step v (t + d) x Hv).
  pose proof (done_mono t (t + d) x ltac:(lia)). rewrite Nat.add_succ_r. lia.
Qed.
(* one that runs from t to t + d *)
Definition runs (t d : nat) (x : request * nat) : bool :=
  (snd x <=? t) && (t + d <=? snd x + output (fst x)).
Definition holds (t : nat) (x : request * nat) : nat := held (fst x) (snd x) t.
Lemma runs_holds t d x : runs t d x = true -> 1 <= d ->
  snd x <= t /\ t + d <= snd x + output (fst x) /\ holds (t + d) x = prompt (fst x) + (t - snd x) + d.
Proof.
  unfold runs, holds. intros H Hd. apply andb_true_iff in H as [H1 H2]. apply Nat.leb_le in H1, H2.
  repeat split; auto. replace (t + d) with (snd x + (t + d - snd x)) at 1 by lia. rewrite held_in by lia. lia.
Qed.
Lemma runs_not t d x : runs t d x = false -> snd x <= t -> holds (t + d) x = 0.
Proof.
  unfold runs, holds. intros H H1. apply Nat.leb_le in H1. rewrite H1 in H. apply Nat.leb_gt in H. now apply held_after.
Qed.
Lemma paid_runs v t d x : runs t d x = true -> 1 <= d ->
  6 * (paid v t x + d * done t x) + 3 * (d * d) * holds (t + d) x <= 6 * paid v (t + d) x + d * d * d.
Proof.
  intros H Hd. destruct (runs_holds t d x H Hd) as (H1 & H2 & ->). unfold paid, done, grown. destruct x as [r p]. cbn [fst snd] in *.
  replace (t - p - output r) with 0 by lia. replace (t + d - p - output r) with 0 by lia. rewrite !Nat.min_l by lia.
  replace (t + d - p) with (t - p + d) by lia. set (w := t - p). pose proof (twice_closed r w). pose proof (twice_closed r (w + d)).
  pose proof (part_closed r w) as H1'. rewrite !Nat.mul_0_r, !Nat.add_0_l. set (A := twice r w) in *. set (B := twice r (w + d)) in *.
  set (P := part r w) in *. clearbody A B P w.
  set (s := prompt r) in *. clearbody s.
  assert (E : 6 * (d * P) = 3 * d * (w * (2 * s + w + 1))) by (rewrite <- H1'; ring).
  assert (E' : 6 * B + d * d * d = 6 * (A + d * P) + 3 * (d * d) * (s + w + d)
    + (6 * (s * w * d) + 3 * (s * d * d) + 3 * (w * w * d) + 3 * (w * d * d) + 3 * (w * d) + 3 * (d * d) + d)) by lia.
  rewrite E'. apply Nat.le_add_r.
Qed.
Lemma done_runs t d x : runs t d x = true -> 1 <= d ->
  2 * done t x + 2 * d * holds (t + d) x <= 2 * done (t + d) x + d * d.
Proof.
  intros H Hd. destruct (runs_holds t d x H Hd) as (H1 & H2 & ->). unfold done, grown. destruct x as [r p]. cbn [fst snd] in *.
  rewrite !Nat.min_l by lia. replace (t + d - p) with (t - p + d) by lia. set (w := t - p).
  pose proof (part_closed r w). pose proof (part_closed r (w + d)). set (P := part r w) in *. set (V := part r (w + d)) in *.
  clearbody P V w. lia.
Qed.

(* ---- at the end, when all have started *)
(* what is left, for its completion, of one that has not ended *)
Lemma loss r w : w <= output r ->
  6 * volume r * (output r - w) + 6 * twice r w + 8 * (output r - w) * part r w <=
  6 * twice r (output r) + 2 * (output r - w) * volume r.
Proof.
  intros Hw. rewrite <- part_volume. set (g := output r - w). replace (output r) with (w + g) by lia.
  pose proof (part_closed r w). pose proof (part_closed r (w + g)). pose proof (twice_closed r w). pose proof (twice_closed r (w + g)).
  set (A := twice r w) in *. set (B := twice r (w + g)) in *. set (P := part r w) in *. set (V := part r (w + g)) in *.
  clearbody A B P V g.
  set (s := prompt r) in *. clearbody s.
  assert (E : 8 * (g * P) = 4 * g * (w * (2 * s + w + 1))) by (rewrite <- H; ring).
  assert (E1 : 4 * (g * V) = 2 * g * ((w + g) * (2 * s + (w + g) + 1))) by (rewrite <- H0; ring).
  assert (E' : 6 * B + 2 * g * V = 6 * V * g + 6 * A + 8 * g * P
    + (2 * (s * g * g) + 2 * (w * g * g) + g * g + g)) by lia.
  rewrite E'. apply Nat.le_add_r.
Qed.
Lemma twice_most r w : twice r w <= w * part r w.
Proof. pose proof (part_closed r w). pose proof (twice_closed r w). nia. Qed.
Lemma part_share r w : w <= output r -> output r * part r w <= w * volume r.
Proof. intros Hw. rewrite <- part_volume. pose proof (part_closed r w). pose proof (part_closed r (output r)). nia. Qed.

Section End.
Variables v t : nat.
Variable x : request * nat.
Hypothesis Hv : volume (fst x) = v.
Hypothesis Ht : snd x <= t.
(* v times the completion, and what is paid, against v t, and the loss after t *)
Lemma balance : let w := grown x t in let r := fst x in
  v * fin x + paid v t x + twice r (output r) = v * t + v * (output r - w) + twice r w + twice r (output r).
Proof.
  cbv zeta. unfold paid, fin, grown. destruct x as [r p]. cbn [fst snd] in *.
  destruct (le_lt_dec (t - p) (output r)) as [H|H].
  - rewrite Nat.min_l by exact H. replace (t - p - output r) with 0 by lia.
    assert (v * t = v * p + v * (t - p)) by (rewrite <- Nat.mul_add_distr_l; f_equal; lia).
    assert (v * output r = v * (t - p) + v * (output r - (t - p))) by (rewrite <- Nat.mul_add_distr_l; f_equal; lia). lia.
  - rewrite Nat.min_r by lia. rewrite Nat.sub_diag.
    assert (v * t = v * p + v * output r + v * (t - p - output r)) by (rewrite <- !Nat.mul_add_distr_l; f_equal; lia). lia.
Qed.
(* in whole: what is left pays, a third of its steps each; and nothing where a quarter is done *)
Lemma loss_third L : (output (fst x) <= L \/ v <= 4 * done t x) ->
  3 * v * fin x + 3 * paid v t x <=
  3 * v * t + 3 * twice (fst x) (output (fst x)) + L * (if output (fst x) <=? L then rem v t x else 0).
Proof.
  intros HL. pose proof balance as HB. cbv zeta in HB. unfold rem. pose proof (done_most t x) as HD. rewrite Hv in HD.
  unfold done in *. set (w := grown x t) in *. assert (Hw : w <= output (fst x)) by (unfold w, grown; lia).
  pose proof (loss (fst x) w Hw) as HS. rewrite Hv in HS. set (g := output (fst x) - w) in *.
  set (P := part (fst x) w) in *. set (A := twice (fst x) w) in *. set (B := twice (fst x) (output (fst x))) in *.
  set (C := paid v t x) in *. set (f := fin x) in *.
  assert (Hg : g <= output (fst x)) by (unfold g; lia). set (o := output (fst x)) in *. clearbody P A B C f g o w.
  destruct (le_lt_dec v (4 * P)) as [Hq|Hq].
  - assert (3 * (v * g) + 3 * A <= 3 * B) by nia.
    destruct (Nat.leb_spec o L); nia.
  - destruct HL as [HL|HL]; [|lia]. destruct (Nat.leb_spec o L); [|lia].
    assert (3 * (v * g) + 3 * A + 4 * (g * P) <= 3 * B + g * v) by nia.
    assert (g * v <= 4 * (g * P) + L * (v - P)) by nia. nia.
Qed.
(* a long one of which less than a quarter is done, by twice its output *)
Lemma loss_long L : L <= t -> t <= output (fst x) -> 4 * done t x <= v ->
  4 * v * fin x + 4 * paid v t x + 3 * L * done t x <= 8 * v * output (fst x).
Proof.
  intros HL Ho H4. pose proof balance as HB. cbv zeta in HB. unfold done in *. set (w := grown x t) in *.
  assert (Hw : w <= output (fst x)) by (unfold w, grown; lia).
  pose proof (twice_most (fst x) w) as HT. pose proof (part_share (fst x) w Hw) as HS. rewrite Hv in HS.
  set (P := part (fst x) w) in *. set (A := twice (fst x) w) in *. set (B := twice (fst x) (output (fst x))) in *.
  set (C := paid v t x) in *. set (f := fin x) in *. set (o := output (fst x)) in *. clearbody P A B C f o w.
  assert (H1 : v * f + C = v * t + v * (o - w) + A) by lia.
  assert (H2 : v * (o - w) + v * w = v * o) by nia.
  assert (H3 : L * P <= w * v) by nia. assert (H5 : 4 * (w * P) <= w * v) by nia.
  assert (H6 : v * t <= v * o) by nia. nia.
Qed.
End End.
