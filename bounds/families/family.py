"""A witness: an instance, the policy it is bad for, and a feasible schedule that is better."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate


@dataclass(frozen=True, kw_only=True)
class Witness:
    """An instance on which a policy is claimed to be bad.

    Parameters
    ----------
    family, parameters
        Which generator made it, and from what.
    policy, skip
        The policy, and whether it backfills.
    instance
        The requests.
    feasible
        A schedule of the same instance; :func:`measure` tests it.
    """

    family: str
    parameters: dict[str, int]
    policy: Policy
    skip: bool
    instance: Instance
    feasible: Schedule

    @property
    def label(self) -> str:
        """The call that makes the witness again."""
        arguments = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.family}({arguments})"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a witness proves: policy / OPT >= `ratio` on its instance."""

    policy_total: int
    feasible_total: int
    eps: Fraction
    requests: int

    @property
    def ratio(self) -> Fraction:
        """Policy's total over the feasible total."""
        return Fraction(self.policy_total, self.feasible_total)


def measure(witness: Witness) -> Measured:
    """Simulate the policy, test both schedules, and return the totals.

    Raises
    ------
    RejectedError
        The witness's schedule is not feasible.
    """
    scheduled = simulate(witness.instance, witness.policy, skip=witness.skip)
    check_schedule(scheduled)
    check_schedule(witness.feasible)
    return Measured(
        policy_total=scheduled.total_latency,
        feasible_total=witness.feasible.total_latency,
        eps=witness.instance.eps,
        requests=witness.instance.requests,
    )


def from_classes(
    memory: int, classes: Sequence[tuple[int, int, int]], arrival: Sequence[int] | None = None
) -> Instance:
    """Return the instance of classes (prompt, output, count), in this order."""
    prompt, output, count = zip(*classes, strict=True)
    return Instance(
        memory=memory,
        arrival=np.zeros(len(count), np.int64) if arrival is None else np.array(arrival, np.int64),
        prompt=np.array(prompt, np.int64),
        output=np.array(output, np.int64),
        count=np.array(count, np.int64),
    )


def schedule(instance: Instance, *starts: Sequence[int] | Column) -> Schedule:
    """Return the schedule whose starts are given class by class."""
    parts = [np.asarray(part, dtype=np.int64) for part in starts]
    return Schedule(instance=instance, starts=np.concatenate(parts))


class Ranked:
    """A policy that runs given ranks (one per request); used to build feasible schedules."""

    name = "ranked"

    def __init__(self, ranks: Column) -> None:
        self.ranks = ranks

    def key(self, instance: Instance) -> Column:
        """Return the ranks."""
        return self.ranks


def at_least(**given: tuple[int, int]) -> None:
    """Refuse a parameter (value, least) below its least value.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    for name, (value, least) in given.items():
        if value < least:
            raise InputError(f"family: {name} must be at least {least}, got {value}")
