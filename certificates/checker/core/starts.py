"""What a ``search`` proof says, and which starts a schedule below its target can have.

By prices, then by a vector of multipliers: both bounds are a sum of one least term per request,
over its starts. Where a start's own term exceeds the least by more than the room between the bound
and the target, no schedule below the target has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Optional

from .budget import MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, least_terms, read_priced
from .reader import WHERE, integer
from .verdict import OverLimit, Rejected

MOST_KINDS = 1_000
MOST_SCALE = 2**31
START = 50  # bytes

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


#: What need not be believed of a proof: its vectors, and by step t the places of those of t.
Hints = tuple[list[Listed], list[list[int]]]


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
            if self.vectors[place].since > t:
                where = f"{WHERE}.vectors[{place}].since"
                raise Rejected(f"{where}: it begins later, but it is used from step {t}")
        return self.layers[t]


def read_search(
    found: dict[str, Any], hints: Callable[[dict[str, Any], Budget], Hints], budget: Budget
) -> SearchProof:
    """Read a proof; its `hints` elsewhere, as the core takes any."""
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, MOST_SCALE)
    prices = read_priced(found, WHERE, budget)
    return SearchProof(target, scale, prices, *hints(found, budget))


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
    prices, unit, classes = proof.prices, proof.prices.denominator, instance.classes(budget)
    least = least_terms(prices, (row[:3] for row in classes), budget)
    bound = sum(row[3] * low for row, low in zip(classes, least))
    room = (proof.target - 1) * unit + instance.memory * prices.sums[-1] - bound
    if room < 0:
        return None
    if len(classes) > MOST_KINDS:
        raise OverLimit(f"{WHERE}: {len(classes):,} classes; the limit is {MOST_KINDS:,}")
    kinds = []
    for (a, s, o, count), low in zip(classes, least):
        last = a - o + (low + room) // unit  # from here on the latency alone costs too much
        if last - a >= MOST_STEPS:
            raise OverLimit(f"{WHERE}: starts over more than {MOST_STEPS:,} steps")
        budget.take(START * (last + 1 - a))
        within = budget.each(range(a, last + 1))
        starts = [p for p in within if prices.term(a, s, o, p) <= low + room]
        kinds.append(Kind(a, s, o, count, starts))
    return kinds


def costs_of(
    proof: SearchProof, kinds: list[Kind], multipliers: Multipliers
) -> list[dict[int, int]]:
    """Return by class what each start costs, scaled, with the multipliers that a vector has."""
    return [
        {
            p: proof.scale * (p + k.output - k.arrival) + own[p] + end[p]
            for p in k.starts
            if p in own
        }
        for k, own, end in zip(kinds, *multipliers)
    ]


def by_vector(
    proof: SearchProof, kinds: list[Kind], multipliers: Multipliers, whole: Optional[int]
) -> Optional[list[Kind]]:
    """Return the classes with the starts that the bound of a vector leaves of theirs.

    None if no schedule is below the target. `whole` is the cheapest path, None where there is none.
    """
    if whole is None:
        return None
    costs = costs_of(proof, kinds, multipliers)
    least = [min(own.values()) for own in costs]
    bound = whole + sum(kind.count * low for kind, low in zip(kinds, least))
    room = (proof.target - 1) * proof.scale - bound
    if room < 0:
        return None
    return [
        replace(kind, starts=[p for p, cost in own.items() if cost <= low + room])
        for kind, own, low in zip(kinds, costs, least)
    ]
