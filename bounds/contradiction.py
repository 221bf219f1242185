"""Hold theorems against one instance: what the policy cost, and what OPT is at most."""

from collections.abc import Iterator
from dataclasses import dataclass

from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.bounds.theorems import THEOREMS
from kvproof.scheduling.instance import Instance

#: Statements that a single instance can contradict, and that are held to be true.
STANDING = (Status.PROVED, Status.HAND, Status.ASSERTED, Status.CLAIMED, Status.CONJECTURE)


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
        Which to try; refuted ones are passed over.
    """
    for theorem in theorems:
        if theorem.status not in STANDING:
            continue
        found: Contradiction | None = None
        if theorem.kind is Kind.OPT_AT_LEAST and theorem.applies(instance):
            if theorem.total is not None:
                found = _above(theorem, feasible_total, theorem.total(instance), reverse=True)
        elif not theorem.applies(instance, policy, rule):
            continue
        elif theorem.kind is Kind.TOTAL_AT_MOST and theorem.total is not None:
            found = _above(theorem, policy_total, theorem.total(instance))
        elif theorem.kind is Kind.RATIO_AT_MOST and theorem.ratio is not None:
            allowed = theorem.ratio(instance) * feasible_total
            found = _above(theorem, policy_total, allowed)
        if found is not None:
            yield found


def _above(
    theorem: Theorem, value: Bound, bound: Bound, *, reverse: bool = False
) -> Contradiction | None:
    broken = value < bound if reverse else value > bound
    return Contradiction(theorem=theorem.name, bound=bound, value=value) if broken else None
