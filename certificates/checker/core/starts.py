"""What a ``search`` proof says, and which starts a schedule below its target can have.

By prices, then by a vector of multipliers: both bounds are a sum of one least term per request,
over its starts. Where a start's own term exceeds the least by more than the room between the bound
and the target, no schedule below the target has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Optional

from .budget import Budget
from .followed import Followed
from .model import Instance
from .prices import Prices, read_priced
from .reader import WHERE, integer

ByStart = dict[int, int]
#: Of the starts, and of the ends of a request: [class]: multiplier by start.
Multipliers = tuple[list[ByStart], list[ByStart]]


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


#: What need not be believed of a proof: its vectors, and the places of those of a step. Any numbers
#: are right for the multipliers, and no choice of vectors is wrong.
Hints = tuple[list[Listed], Callable[[int], list[int]]]
ReadHints = Callable[[dict[str, Any], Budget], Hints]


@dataclass(frozen=True)
class SearchProof:
    """A proof as it is read: `of_step` returns the places of the vectors of a step."""

    target: int
    scale: int
    prices: Prices
    followed: Optional[Followed]
    vectors: list[Listed]
    of_step: Callable[[int], list[int]]


def read_search(
    found: dict[str, Any], hints: ReadHints, instance: Instance, budget: Budget
) -> SearchProof:
    """Read a proof; its `hints` elsewhere, as the core takes any."""
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, 2**31)
    prices = read_priced(found, WHERE, budget)
    followed = None
    if "followed" in found:
        followed = Followed(found["followed"], target, instance, budget)
    return SearchProof(target, scale, prices, followed, *hints(found, budget))


def horizon(kinds: list[Kind]) -> int:
    """Return T, the last step in which an allowed start holds memory."""
    return max(kind.starts[-1] + kind.output for kind in kinds)


def by_price(proof: SearchProof, instance: Instance, budget: Budget) -> Optional[list[Kind]]:
    """Return the classes with the starts that the prices allow.

    None if no schedule is below the target.
    """
    prices, unit, classes = proof.prices, proof.prices.denominator, instance.classes(budget)
    least = [prices.least(a, s, o, budget) for a, s, o, _ in classes]
    bound = sum(row[3] * low for row, low in zip(classes, least))
    room = (proof.target - 1) * unit + instance.memory * prices.sums[-1] - bound
    if room < 0:
        return None
    kinds = []
    for (a, s, o, count), low in zip(classes, least):
        last = a - o + (low + room) // unit  # from here on the latency alone costs too much
        budget.take(50 * (last + 1 - a))
        steps = budget.each(range(a, last + 1))
        starts = [p for p in steps if prices.term(a, s, o, p) <= low + room]
        kinds.append(Kind(a, s, o, count, starts))
    return kinds


def costs_of(proof: SearchProof, pair: Multipliers, since: int, c: int, kind: Kind) -> ByStart:
    """Return what a start of class c costs, scaled, with the multipliers of it and of its end.

    Of each start from `since` on: where a multiplier is missing the check fails.
    """
    alpha, beta = pair[0][c], pair[1][c]
    fixed = kind.output - kind.arrival
    return {p: proof.scale * (p + fixed) + alpha[p] + beta[p] for p in kind.starts if p >= since}


def by_vector(
    proof: SearchProof, kinds: list[Kind], multipliers: Multipliers, whole: Optional[int]
) -> Optional[list[Kind]]:
    """Return the classes with the starts that the bound of a vector leaves of theirs.

    None if no schedule is below the target. `whole` is the cheapest path, None where there is none.
    """
    if whole is None:
        return None
    costs = [costs_of(proof, multipliers, 0, c, kind) for c, kind in enumerate(kinds)]
    least = [min(own.values()) for own in costs]
    bound = whole + sum(kind.count * low for kind, low in zip(kinds, least))
    room = (proof.target - 1) * proof.scale - bound
    if room < 0:
        return None
    return [
        replace(kind, starts=[p for p, cost in own.items() if cost <= low + room])
        for kind, own, low in zip(kinds, costs, least)
    ]
