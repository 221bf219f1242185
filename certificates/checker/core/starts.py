"""What a ``search`` proof holds, and which starts a schedule below its target can have.

By prices, then by a vector of multipliers: both bounds are a sum of one least term per request,
over its starts. Where a start's own term exceeds the least by more than the room between the bound
and the target, no schedule below the target has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

from .limits import MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, price_bound
from .verdict import OverLimit, Rejected

WHERE = "proof.lower_bound"
MOST_KINDS = 1_000
STEP, START, EVENT = 150, 50, 150  # bytes of a start with its cost, of a start, of a multiplier

#: Of the starts, and of the ends of a request: [class]: multiplier by start.
Multipliers = tuple[list[dict[int, int]], list[dict[int, int]]]


@dataclass(frozen=True)
class Kind:
    """A class of equal requests, and its allowed starts, ascending.

    Times count from the earliest arrival of the instance.
    """

    arrival: int
    prompt: int
    output: int
    count: int
    starts: list[int]


class Listed(NamedTuple):
    """A vector as it is listed: its first step, and its multipliers over some classes."""

    since: int
    over: Callable[[list[Kind]], Multipliers]


@dataclass(frozen=True)
class SearchProof:
    """A proof as it is read: `layers` has the places of the vectors of each step."""

    target: int
    scale: int
    prices: Prices
    vectors: list[Listed]
    layers: list[list[int]]

    def of_step(self, t: int) -> list[int]:
        """Return the places of the vectors of step t."""
        if t >= len(self.layers):
            raise Rejected(f"{WHERE}: states are left, and step {t} has no vectors")
        for place in self.layers[t]:
            since = self.vectors[place].since
            if since > t:
                where = f"{WHERE}.vectors[{place}].since"
                raise Rejected(f"{where}: {since}, but it is used from step {t}")
        return self.layers[t]


def size_of(multipliers: Multipliers) -> int:
    """Return the bytes that were charged for the multipliers of a vector."""
    return EVENT * sum(len(own) for part in multipliers for own in part)


def horizon(kinds: list[Kind]) -> int:
    """Return T, the last step in which an allowed start holds memory; not too many steps."""
    last = max(kind.starts[-1] + kind.output for kind in kinds)
    if last + 2 > MOST_STEPS:
        raise OverLimit(f"{WHERE}: {last + 2:,} steps; the limit is {MOST_STEPS:,}")
    return last


def by_price(proof: SearchProof, instance: Instance, budget: Budget) -> Optional[list[Kind]]:
    """Return the classes with the starts that the prices allow.

    None if no schedule is below the target.
    """
    if proof.scale < 1:
        raise Rejected(f"{WHERE}.scale: {proof.scale}")
    prices, unit, origin = proof.prices, proof.prices.denominator, min(instance.arrival)
    moved = replace(instance, arrival=[a - origin for a in instance.arrival])
    bound = price_bound(prices, moved, budget)
    room = (proof.target - 1) * unit - int(bound * unit)
    if room < 0:
        return None
    classes = instance.classes(budget)
    if len(classes) > MOST_KINDS:
        raise OverLimit(f"{WHERE}: {len(classes):,} classes; the limit is {MOST_KINDS:,}")
    kinds = []
    for a, s, o, count in classes:
        costs: list[tuple[int, int]] = []
        least: Optional[int] = None
        p = a
        while least is None or unit * (p + o - a) <= least + room:
            budget.tick()
            budget.take(STEP)
            cost = prices.term(a, s, o, p)
            least = cost if least is None else min(least, cost)
            costs.append((p, cost))
            p += 1
            if len(costs) > MOST_STEPS:
                raise OverLimit(f"{WHERE}: starts over more than {MOST_STEPS:,} steps")
        starts = [p for p, cost in costs if cost <= least + room]
        budget.give(STEP * len(costs) - START * len(starts))
        kinds.append(Kind(a, s, o, count, starts))
    return kinds


def by_vector(
    proof: SearchProof,
    kinds: list[Kind],
    least: list[int],
    whole: Optional[int],
    cost: Callable[[int, int], int],
) -> Optional[list[Kind]]:
    """Return the classes with the starts that the bound of a vector leaves of theirs.

    None if no schedule is below the target. `cost` is what a start of a class costs, `least` the
    least of these by class, `whole` the cheapest path, None where there is none.
    """
    if whole is None:
        return None
    bound = whole + sum(kind.count * cheapest for kind, cheapest in zip(kinds, least))
    room = (proof.target - 1) * proof.scale - bound
    if room < 0:
        return None
    return [
        replace(kind, starts=[p for p in kind.starts if cost(c, p) <= least[c] + room])
        for c, kind in enumerate(kinds)
    ]
