"""Hold theorems against one instance: what the policy cost, and what OPT is at most."""

from collections.abc import Iterator
from dataclasses import dataclass

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.scheduling.instance import Instance

#: Statements that a single instance can contradict, and that are held to be true.
STANDING = (Status.PROVED, Status.HAND, Status.CLAIMED, Status.CONJECTURE)


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """An instance on which a theorem is false.

    Parameters
    ----------
    theorem
        Its name.
    bound, value
        What it allows, and what was found, in steps or as a ratio.
    """

    theorem: str
    bound: Bound
    value: Bound


def is_testable(theorem: Theorem, instance: Instance, *, policy: str, rule: str) -> bool:
    """Whether a policy's total and a feasible total on this instance could contradict a theorem."""
    if theorem.status not in STANDING:
        return False
    if theorem.kind is Kind.OPT_AT_LEAST:
        return theorem.total is not None and theorem.applies(instance)
    bound = {Kind.TOTAL_AT_MOST: theorem.total, Kind.RATIO_AT_MOST: theorem.ratio}
    return bound.get(theorem.kind) is not None and theorem.applies(instance, policy, rule)


def contradictions(
    instance: Instance,
    *,
    policy: str,
    rule: str,
    policy_total: int,
    feasible_total: int,
    theorems: tuple[Theorem, ...] = THEOREMS,
) -> Iterator[Contradiction]:
    """Yield every theorem that these facts contradict.

    Parameters
    ----------
    instance
        The requests.
    policy, rule
        The policy's name and rule, ``"strict"`` or ``"skip"``.
    policy_total
        What the policy costs.
    feasible_total
        What some feasible schedule costs: OPT is at most this.
    theorems
        Which to try; those that are not :func:`is_testable` here are passed over.
    """
    for theorem in theorems:
        if not is_testable(theorem, instance, policy=policy, rule=rule):
            continue
        if theorem.ratio is not None and theorem.kind is Kind.RATIO_AT_MOST:
            bound = theorem.ratio(instance) * feasible_total
        else:
            assert theorem.total is not None  # or it would not be testable
            bound = theorem.total(instance)
        at_least = theorem.kind is Kind.OPT_AT_LEAST
        value = feasible_total if at_least else policy_total
        if value < bound if at_least else value > bound:
            yield Contradiction(theorem=theorem.name, bound=bound, value=value)
