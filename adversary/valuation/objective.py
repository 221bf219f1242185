"""The objective of a search: a policy, a rule and a space, evaluated in batches."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kvproof.adversary.genomes.space import COUNT, REPEATS, Floats, Genome, Genomes, Space
from kvproof.adversary.valuation.class_kernels import plan_total
from kvproof.adversary.valuation.ratio_kernels import CODES, Evaluations, Search, evaluate
from kvproof.adversary.valuation.tiny_opt import is_tiny, sharpen
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SJF, SVF, Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Values and estimates of a batch, shape (genomes,).

    Parameters
    ----------
    values
        Policy over plan; 0 where the genome was dropped unseen.
    estimates
        Policy over a lower bound on OPT, infinite where none was computed.
    """

    values: Floats
    estimates: Floats


@dataclass(frozen=True, kw_only=True)
class Objective:
    """How bad a policy is on a genome's instance.

    Parameters
    ----------
    space
        Where the genomes live.
    policy, skip
        Who schedules, and whether it backfills. SVF, SJF and FCFS run in kernels.
    """

    space: Space
    policy: Policy = field(default_factory=SVF)
    skip: bool = False

    @cached_property
    def code(self) -> int | None:
        """The kernels' number for the policy, or None where they do not know it."""
        # exactly these: a subclass may have another key
        known = type(self.policy) in (SVF, SJF, FCFS)
        return CODES[self.policy.name] if known else None

    def scores(self, genomes: Genomes, at_least: Floats | None = None) -> Scores:
        """Evaluate a batch; a genome that provably stays below its `at_least` may be dropped."""
        values = np.zeros(len(genomes))
        estimates = np.full(len(genomes), np.inf)
        if self.code is None:
            for i, genome in enumerate(genomes):
                cost = simulate(self.space.instance(genome), self.policy, skip=self.skip)
                plan = plan_schedule(self.space, genome)
                values[i] = cost.total_latency / plan.total_latency
        else:
            if at_least is None:
                at_least = np.zeros(len(genomes))
            batch = Evaluations(genomes, at_least, values, estimates)
            search = Search(self.space.limits, self.code, self.skip)
            evaluate(batch, search)
            if is_tiny(self.space):
                sharpen(batch, search)
        return Scores(values=values, estimates=estimates)

    def policy_schedule(self, instance: Instance) -> Schedule:
        """Run the policy on an instance."""
        return simulate(instance, self.policy, skip=self.skip)

    def pair(self, genome: Genome) -> tuple[Schedule, Schedule]:
        """Return the policy's schedule and the plan's, or an optimal one, of the same instance."""
        plan = plan_schedule(self.space, genome)
        if self.code is not None and is_tiny(self.space):
            from kvproof.solver.stages import solve  # it brings a lot along

            plan = solve(plan.instance, engine="dp", incumbent=plan).schedule
        return self.policy_schedule(plan.instance), plan


def plan_schedule(space: Space, genome: Genome) -> Schedule:
    """Return the plan that the kernels cost; nobody need trust it: schedules are checked.

    Requests of a class are equal, so their starts are dealt out in the order of the instance.
    """
    instance = space.instance(genome)
    runs = np.zeros((instance.requests, 3), dtype=np.int64)
    profile = np.empty((64, 3), dtype=np.int64)
    runs = runs[: plan_total(genome, space.memory, profile, runs)[2]]
    used = np.flatnonzero(genome[1:, COUNT] > 0) + 1
    owner = np.tile(np.repeat(used, genome[used, COUNT]), int(genome[0, REPEATS]))
    starts = np.empty(instance.requests, dtype=np.int64)
    for row in used:
        mine = runs[runs[:, 0] == row]
        starts[owner == row] = np.repeat(mine[:, 1], mine[:, 2])
    return Schedule(instance=instance, starts=starts)
