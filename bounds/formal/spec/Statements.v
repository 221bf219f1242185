(* What is proved. Each definition of a Prop, here and in the other files, is one statement; a theorem
   of its name in proofs/Theorems.v says that it holds, for every memory M, instance R and schedule. *)
From Coq Require Import List Arith QArith Qminmax.
Import ListNotations.
From kvproof.spec Require Import Model.
Open Scope Q_scope.

(* ---- The model makes sense *)

(* Some schedule attains OPT. *)
Definition backlog_known : Prop := forall M R, valid M R ->
  exists s, feasible M R s /\ opt_at_least M R (total_latency s).

(* The simulation of any policy ends, and its schedule is feasible. *)
Definition simulation_feasible : Prop := forall how M R, valid M R ->
  exists s, simulate how M R = Some s /\ feasible M R s.

(* ---- OPT from below *)

(* The sum of the outputs. *)
Definition opt_outputs : Prop := forall M R, opt_at_least M R (sum output R).

(* On a backlog: (v_1 + (v_1 + v_2) + ...)/M, the smallest volumes first. *)
Definition opt_volume_backlog : Prop := forall M R, valid M R -> backlog R -> by_volume R ->
  opt_at_least M R (sum_P M R + sum volume R / M).

(* What the shape of a request adds to its mean busy time. *)
Definition opt_shape : Prop := forall r, (1 <= output r)%nat ->
  output r / 3 + 1 / 6 <= shape r /\ shape r <= output r / 2.

(* On a backlog: the mean busy times P_k + v_k/(2 M), and the shapes. *)
Definition opt_centroid : Prop := forall M R, valid M R -> backlog R -> by_volume R ->
  opt_at_least M R (sum_P M R + sum volume R / (2 * M) + Qsum shape R).

(* [least r] is at most what r pays, for latency and for tokens at prices y, wherever it starts. *)
Definition cheapest (y : nat -> Q) (R : list request) (least : request -> Q) : Prop :=
  forall r p, In r R -> (arrival r <= p)%nat ->
    least r <= p + output r - arrival r
               + Qsum (fun j => y (p + j)%nat * (prompt r + j)) (seq 1 (output r)).

(* Any prices y_t >= 0 of a token, 0 after step T. *)
Definition opt_price : Prop := forall M R T y least,
  (forall t, 0 <= y t) -> (forall t, (T < t)%nat -> y t == 0) -> cheapest y R least ->
  opt_at_least M R (Qsum least R - M * Qsum y (seq 1 T)).

(* ---- Strict SVF from above: the blocking chain *)

(* While r is blocked at t by requests started at or before t, these hold more than
   (1 - eps) M (u - t)/2 token-steps in (t, u], for some step u of the stay that r would have. *)
Definition block : Prop := forall M R s r t,
  valid M R -> Forall (fun x => In (fst x) R /\ (snd x <= t)%nat) s -> In r R ->
  admissible M s r t = false ->
  exists d, (1 <= d <= output r)%nat /\
    (1 - eps M R) * M * d / 2 < sum (fun j => used s (t + j)) (seq 1 d).

(* The schedule lists the last started first, so the requests before r in SVF order are [earlier];
   P is their volume over M. *)
Definition P (M : nat) (earlier : schedule) : Q := sum (fun x => volume (fst x)) earlier / M.
Definition starts_by (bound : schedule -> Q) (R : list request) (s : schedule) : Prop :=
  map fst (rev s) = R /\
  forall later r p earlier, s = later ++ (r, p) :: earlier -> p <= bound earlier.

(* S_k <= 2 P_k/(1 - eps), and the sum over the requests. *)
Definition svf_backlog : Prop := forall M R s, strict_svf M R s -> eps M R < 1 ->
  starts_by (fun earlier => 2 * P M earlier / (1 - eps M R)) R s /\
  total_latency s <= 2 / (1 - eps M R) * sum_P M R + sum output R.

(* S_k <= P_k/(eta (1 - eps)) for any eta that is at most mean over peak of every request. *)
Definition svf_backlog_eta : Prop := forall M R s eta, strict_svf M R s -> eps M R < 1 ->
  0 < eta -> (forall r, In r R -> eta * peak r <= prompt r + (output r + 1) / 2) ->
  starts_by (fun earlier => P M earlier / (eta * (1 - eps M R))) R s /\
  total_latency s <= sum_P M R / (eta * (1 - eps M R)) + sum output R.

(* S_k <= 2 W_k/(M - m + 2), m the largest peak: also where one request fills the memory. *)
Definition svf_backlog_integral : Prop := forall M R s, strict_svf M R s ->
  starts_by (fun earlier => 2 * (sum (fun x => volume (fst x)) earlier) / (M - max_peak R + 2)) R s.

(* Each start by what precedes it alone: m over the requests up to it, eta over those before it, and
   the latest end e before it. *)
Definition svf_backlog_prefix : Prop := forall M R s, strict_svf M R s ->
  map fst (rev s) = R /\
  forall later r p earlier, s = later ++ (r, p) :: earlier ->
    let m := max_peak (r :: map fst earlier) in let W := sum (fun x => volume (fst x)) earlier in
    p <= 2 * W / (M - m + 2) /\
    (forall eta, (m < M)%nat -> 0 < eta ->
       (forall x, In x earlier -> eta * peak (fst x) <= prompt (fst x) + (output (fst x) + 1) / 2) ->
       p <= W / (eta * (M - m))) /\
    (forall e : nat, (forall x, In x earlier -> snd x + output (fst x) <= e)%nat -> (p <= e)%nat).

(* ---- Constants for strict SVF on backlogs *)

(* Where a total is at most a P + O, and OPT is at least P + g O and O. *)
Definition two_bounds : Prop := forall a g P O opt total : Q, 0 < a -> 0 < g -> g < 1 -> 0 <= P ->
  0 < O -> P + g * O <= opt -> O <= opt -> total <= a * P + O ->
  total <= Qmax (1 + a * (1 - g)) a * opt.

(* 3 as eps -> 0. *)
Definition svf_ratio_paper : Prop := forall M R s, strict_svf M R s -> eps M R < 1 ->
  within (1 + 2 / (1 - eps M R)) M R s.

(* 7/3 as eps -> 0. *)
Definition svf_ratio : Prop := forall M R s, strict_svf M R s -> eps M R < 1 ->
  within (Qmax (1 + 4 / (3 * (1 - eps M R))) (2 / (1 - eps M R))) M R s.

(* Every prompt is at least q times its output: 7/3 as eps -> 0 for q = 0, 3/2 as q grows. *)
Definition svf_ratio_prompts : Prop := forall M R s q, strict_svf M R s -> eps M R < 1 ->
  0 <= q -> (forall r, In r R -> q * output r <= prompt r) ->
  let a := 2 * (q + 1) / ((2 * q + 1) * (1 - eps M R)) in
  let g := (3 * q + 1) / (3 * (2 * q + 1)) in
  within (Qmax (1 + a * (1 - g)) a) M R s.

(* Requests of one volume: 2 as eps -> 0. *)
Definition svf_equal_volumes : Prop := forall M R s v, strict_svf M R s -> eps M R < 1 ->
  (forall r, In r R -> volume r = v) -> within ((2 + 2 * eps M R / 9) / (1 - eps M R)) M R s.

(* ---- How bad strict SVF can be *)

(* N waves of k identical requests (0, L) against one start every d steps: both totals. Hence no
   constant below 2, however small eps. *)
Definition svf_waves : Prop :=
  (forall k d N : nat, let L := ((2 * k - 1) * d - 1)%nat in let R := repeat (Request 0 0 L) (k * N) in
     (1 <= k -> 1 <= d -> 1 <= L -> 1 <= N -> exists s staggered,
        strict_svf (k * L) R s /\ max_peak R = L /\ feasible (k * L) R staggered /\
        2 * total_latency s = k * L * N * (N + 1) /\
        2 * total_latency staggered = d * (k * N) * (k * N - 1) + 2 * (k * N) * L)%nat) /\
  forall c e : Q, c < 2 -> 0 < e -> strict_svf_exceeds c e.

(* No constant below 1/(1 - e) for eps at most e, for every rational e below 1. *)
Definition svf_separators : Prop := forall c e : Q, 0 < e -> e < 1 -> c < 1 / (1 - e) ->
  strict_svf_exceeds c e.
