(* The statements of the spec, each proved. [make prove] compiles this file and asks Coq for the
   assumptions of every theorem in it: none. *)
From Coq Require Import QArith.
From kvproof.spec Require Import Model Statements Bounds Pacing Unbounded Engine Checker.
From kvproof.rules Require Import Judgement Search.
From kvproof.proofs Require Rational Simulate Opt Below Volume Above Prefix Waves Separators Stronger Staggered.
From kvproof.proofs Require Pacing AnyOrder Spaced Equal Adversary Unbounded OneBits Shortest Tokens Engine Schedules Cases Beginnings Accepts.

Theorem backlog_known : Statements.backlog_known.
Proof.
  intros M R Hw. destruct (Opt.opt_attained M R Hw) as (s & Hs & H).
  exists s. split; [exact Hs|]. intros s' Hs'. now apply Rational.q_le, H.
Qed.
Theorem simulation_feasible : Statements.simulation_feasible.
Proof. exact Simulate.simulate_feasible. Qed.
Theorem opt_outputs : Statements.opt_outputs.
Proof. exact Below.opt_outputs. Qed.
Theorem opt_volume_backlog : Statements.opt_volume_backlog.
Proof. exact Below.opt_volume_backlog. Qed.
Theorem opt_shape : Statements.opt_shape.
Proof. exact Below.opt_shape. Qed.
Theorem opt_centroid : Statements.opt_centroid.
Proof. exact Below.opt_centroid. Qed.
Theorem opt_price : Statements.opt_price.
Proof. exact Below.opt_price. Qed.
Theorem block : Statements.block.
Proof. exact Above.block. Qed.
Theorem svf_backlog : Statements.svf_backlog.
Proof. exact Above.svf_backlog. Qed.
Theorem svf_backlog_eta : Statements.svf_backlog_eta.
Proof. exact Above.svf_backlog_eta. Qed.
Theorem svf_backlog_integral : Statements.svf_backlog_integral.
Proof. exact Above.svf_backlog_integral. Qed.
Theorem svf_backlog_prefix : Statements.svf_backlog_prefix.
Proof. exact Prefix.svf_backlog_prefix. Qed.
Theorem two_bounds : Statements.two_bounds.
Proof. intros a g P O opt total H1 _ _ _ H2 H3 H4 H5. apply (Above.constant a g P O); auto using Qlt_le_weak. Qed.
Theorem svf_ratio_paper : Statements.svf_ratio_paper.
Proof. exact Above.svf_ratio_paper. Qed.
Theorem svf_ratio : Statements.svf_ratio.
Proof. exact Above.svf_ratio. Qed.
Theorem svf_ratio_prompts : Statements.svf_ratio_prompts.
Proof. exact Above.svf_ratio_prompts. Qed.
Theorem svf_equal_volumes : Statements.svf_equal_volumes.
Proof. exact Equal.svf_equal_volumes. Qed.
Theorem svf_waves : Statements.svf_waves.
Proof. exact Waves.svf_waves. Qed.
Theorem svf_separators : Statements.svf_separators.
Proof. exact Separators.svf_separators. Qed.

(* ---- spec/Bounds.v *)
Theorem opt_volume : Bounds.opt_volume.
Proof. exact Volume.opt_volume. Qed.
Theorem opt_centroid_discrete : Bounds.opt_centroid_discrete.
Proof. exact Stronger.opt_centroid_discrete. Qed.
Theorem centroid_discrete_above : Bounds.centroid_discrete_above.
Proof. exact Stronger.centroid_discrete_above. Qed.
Theorem opt_tail_centroid : Bounds.opt_tail_centroid.
Proof. exact Stronger.opt_tail_centroid. Qed.
Theorem staggered : Bounds.staggered.
Proof. exact Staggered.staggered. Qed.
Theorem opt_staggered : Bounds.opt_staggered.
Proof. exact Staggered.opt_staggered. Qed.
Theorem opt_closed_prices : Bounds.opt_closed_prices.
Proof. exact Stronger.opt_closed_prices. Qed.

(* ---- spec/Pacing.v *)
Theorem pacing_outputs : kvproof.spec.Pacing.pacing_outputs.
Proof. exact kvproof.proofs.Pacing.pacing_outputs. Qed.
Theorem pacing_shapes : kvproof.spec.Pacing.pacing_shapes.
Proof. exact kvproof.proofs.Pacing.pacing_shapes. Qed.
Theorem paced_svf_outputs : kvproof.spec.Pacing.paced_svf_outputs.
Proof. exact kvproof.proofs.Pacing.paced_svf_outputs. Qed.
Theorem paced_svf_shapes : kvproof.spec.Pacing.paced_svf_shapes.
Proof. exact kvproof.proofs.Pacing.paced_svf_shapes. Qed.
Theorem pacing_any : kvproof.spec.Pacing.pacing_any.
Proof. exact AnyOrder.pacing_any. Qed.
Theorem pacing_any_rate : kvproof.spec.Pacing.pacing_any_rate.
Proof. exact AnyOrder.pacing_any_rate. Qed.
Theorem pacing_arrivals : kvproof.spec.Pacing.pacing_arrivals.
Proof. exact Spaced.pacing_arrivals. Qed.
Theorem paced_svf_waves : kvproof.spec.Pacing.paced_svf_waves.
Proof. exact Spaced.paced_svf_waves. Qed.

(* ---- spec/Unbounded.v *)
Theorem online_any_policy : kvproof.spec.Unbounded.online_any_policy.
Proof. exact Adversary.online_any_policy. Qed.
Theorem fcfs_unbounded : kvproof.spec.Unbounded.fcfs_unbounded.
Proof. exact kvproof.proofs.Unbounded.fcfs_unbounded. Qed.
Theorem svf_online_prompts : kvproof.spec.Unbounded.svf_online_prompts.
Proof. exact kvproof.proofs.Unbounded.svf_online_prompts. Qed.

Theorem one_bit_unbounded : kvproof.spec.Unbounded.one_bit_unbounded.
Proof. exact OneBits.one_bit_unbounded. Qed.
Theorem svf_online_tokens : kvproof.spec.Unbounded.svf_online_tokens.
Proof. exact Tokens.svf_online_tokens. Qed.
Theorem sjf_unbounded : kvproof.spec.Unbounded.sjf_unbounded.
Proof. exact Shortest.sjf_unbounded. Qed.

(* ---- spec/Engine.v *)
Theorem engine_no_preemption : kvproof.spec.Engine.engine_no_preemption.
Proof. exact kvproof.proofs.Engine.engine_no_preemption. Qed.
Theorem engine_any_run : kvproof.spec.Engine.engine_any_run.
Proof. exact kvproof.proofs.Engine.engine_any_run. Qed.

(* ---- rules/Judgement.v *)
Theorem rule_root : Judgement.rule_root.
Proof. exact Cases.rule_root. Qed.
Theorem rule_empty : Judgement.rule_empty.
Proof. exact Cases.rule_empty. Qed.
Theorem rule_split : Judgement.rule_split.
Proof. exact Cases.rule_split. Qed.
Theorem rule_order : Judgement.rule_order.
Proof. exact Cases.rule_order. Qed.
Theorem rule_close : Judgement.rule_close.
Proof. exact Cases.rule_close. Qed.
Theorem rule_shrink : Judgement.rule_shrink.
Proof. exact Cases.rule_shrink. Qed.

(* ---- rules/Search.v *)
Theorem search_begin : Search.search_begin.
Proof. exact Beginnings.search_begin. Qed.
Theorem search_end : Search.search_end.
Proof. exact Beginnings.search_end. Qed.
Theorem search_step : Search.search_step.
Proof. exact Beginnings.search_step. Qed.
Theorem search_drop : Search.search_drop.
Proof. exact Beginnings.search_drop. Qed.
Theorem search_multipliers : Search.search_multipliers.
Proof. exact Beginnings.search_multipliers. Qed.

(* ---- spec/Checker.v *)
Theorem checker_sound : Checker.checker_sound.
Proof. exact Accepts.checker_sound. Qed.
Theorem checker_schedule_same : Checker.checker_schedule_same.
Proof. exact Schedules.fast_cost_same. Qed.
