"""A witness: an instance, what the policy costs on it, and a feasible schedule that costs less.

It is written as a ``ratio-at-least`` certificate (docs/certificates.md), and counts once the
independent checker has accepted the file in a process of its own.
"""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from kvproof.adversary.genomes.space import Genome
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.valuation.tiny_opt import is_tiny
from kvproof.adversary.witnesses.improve import better_plan, shifted
from kvproof.adversary.witnesses.rounding import rounded_schedule
from kvproof.certificates.build import ratio_certificate
from kvproof.certificates.prices.highs import highs_is_usable
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.improve import improve

#: Exchanges of local search for each request of a witness, and at most.
_TRIALS_EACH, _MOST_TRIALS = 50, 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """The policy's schedule and a feasible one, of the same instance.

    Parameters
    ----------
    policy, skip
        Who made the first schedule.
    scheduled, feasible
        Both schedules.
    """

    policy: Policy
    skip: bool
    scheduled: Schedule
    feasible: Schedule

    @property
    def instance(self) -> Instance:
        """The requests."""
        return self.feasible.instance

    @cached_property
    def ratio(self) -> Fraction:
        """The policy's total over the feasible total, policy / OPT is at least this."""
        return Fraction(self.scheduled.total_latency, self.feasible.total_latency)

    @cached_property
    def data(self) -> bytes:
        """The certificate; equal witnesses give equal bytes."""
        return ratio_certificate(
            self.policy, self.scheduled, self.feasible, skip=self.skip
        ).to_bytes()


def make_witness(objective: Objective, genome: Genome, *, seed: int | None) -> Witness:
    """Return the witness of a genome.

    Parameters
    ----------
    objective, genome
        What is searched, and what was found.
    seed
        Of the climb that betters the plan, which is then held against a rounded schedule; None:
        there is no time for either.

    Raises
    ------
    RejectedError
        A schedule is not feasible, which is a fault of this package.
    """
    if seed is not None:
        rng = np.random.Generator(np.random.PCG64([seed, 7]))
        genome = better_plan(objective, genome, rng)
    scheduled, feasible = objective.pair(genome)
    plans = [shifted(feasible)]
    if (
        seed is not None and not is_tiny(objective.space) and highs_is_usable()
    ):  # a tiny plan is optimal
        rounded = rounded_schedule(feasible.instance)
        plans += [] if rounded is None else [shifted(rounded)]
    best = min(plans, key=lambda plan: plan.total_latency)
    if seed is not None and not is_tiny(objective.space):
        # local search from there; of a schedule that is too long for it the plan stays
        with suppress(LimitError):
            trials = min(_TRIALS_EACH * best.instance.requests, _MOST_TRIALS)
            improvement = improve(best.instance, first=best, trials=trials)
            if improvement.interrupted:
                raise KeyboardInterrupt
            best = improvement.schedule
    return measured(objective.policy, objective.skip, scheduled, best)


def measured(policy: Policy, skip: bool, scheduled: Schedule, feasible: Schedule) -> Witness:
    """Return a witness both of whose schedules have been tested.

    Raises
    ------
    RejectedError
        One of them is not feasible.
    """
    check_schedule(scheduled)
    check_schedule(feasible)
    return Witness(policy=policy, skip=skip, scheduled=scheduled, feasible=feasible)
