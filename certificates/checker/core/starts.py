"""What a ``search`` proof says, and which starts a schedule below its target can have.

By prices, then by a vector of multipliers: both bounds are a sum of one least term per request,
over its starts. Where a start's own term exceeds the least by more than the room between the bound
and the target, no schedule below the target has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional, Protocol

from .limits import MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, price_bound, read_priced
from .reader import entries, fields, integer, integers
from .verdict import Malformed, OverLimit, Rejected

WHERE = "proof.lower_bound"
MOST_KINDS = 1_000
MOST_VECTORS = 64  # in one step
MOST_SCALE = 1 << 31
STEP, START, EVENT = 150, 50, 150  # bytes of a start with its cost, of a start, of a multiplier

Parts = list[dict[int, int]]  # [class]: multiplier by start


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


@dataclass(frozen=True)
class Listed:
    """A vector as it is listed: the step that it begins at, its unit, and two lists of codes."""

    since: int
    unit: int
    start: list[int]
    end: list[int]


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

    def parts(self, place: int, kinds: list[Kind], budget: Budget) -> tuple[Parts, Parts]:
        """Return the multipliers of the starts and of the ends of a vector, listed over `kinds`."""
        where, listed = f"{WHERE}.vectors[{place}]", self.vectors[place]
        last = horizon(kinds)
        if listed.since > last:
            raise Malformed(f"{where}.since: {listed.since}, and the last step is {last}")
        start = _decoded(listed.start, f"{where}.start", listed, kinds, False, budget)
        return start, _decoded(listed.end, f"{where}.end", listed, kinds, True, budget)


def size_of(parts: tuple[Parts, Parts]) -> int:
    """Return the bytes that were charged for the multipliers of a vector."""
    return EVENT * sum(len(own) for part in parts for own in part)


def horizon(kinds: list[Kind]) -> int:
    """Return T, the last step in which an allowed start holds memory; not too many steps."""
    last = max(kind.starts[-1] + kind.output for kind in kinds)
    if last + 2 > MOST_STEPS:
        raise OverLimit(f"{WHERE}: {last + 2:,} steps; the limit is {MOST_STEPS:,}")
    return last


def read_search(value: object, budget: Budget) -> SearchProof:
    """Read a ``search`` proof, all but the codes of its vectors, which its starts explain."""
    found = fields(value, WHERE, "kind target scale denominator prices vectors layers")
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, MOST_SCALE)
    prices = read_priced(found, WHERE, budget)
    vectors = []
    for place, entry in enumerate(entries(found["vectors"], f"{WHERE}.vectors")):
        budget.tick()
        where = f"{WHERE}.vectors[{place}]"
        vector = fields(entry, where, "since unit start end")
        since = integer(vector["since"], f"{where}.since", 0, MOST_STEPS if place else 0)
        unit = integer(vector["unit"], f"{where}.unit", 1)
        codes = (integers(vector[name], f"{where}.{name}") for name in ("start", "end"))
        vectors.append(Listed(since, unit, *codes))
    if not vectors:
        raise Malformed(f"{WHERE}.vectors: expected one at least")
    layers: list[list[int]] = []
    for r, entry in enumerate(entries(found["layers"], f"{WHERE}.layers")):
        where = f"{WHERE}.layers[{r}]"
        run = fields(entry, where, "length vectors")
        length = integer(run["length"], f"{where}.length", 1, MOST_STEPS)
        places = integers(run["vectors"], f"{where}.vectors", 0, len(vectors) - 1)
        if not places or len(set(places)) < len(places):
            raise Malformed(f"{where}.vectors: expected different vectors")
        if len(places) > MOST_VECTORS:
            raise OverLimit(f"{where}: {len(places):,} vectors; the limit is {MOST_VECTORS}")
        budget.tick(1 + length // 64)
        budget.take(9 * length)
        if len(layers) + length > MOST_STEPS:
            raise OverLimit(f"{WHERE}.layers: more than {MOST_STEPS:,} steps")
        layers += [places] * length
    return SearchProof(target, scale, prices, vectors, layers)


def _decoded(
    codes: list[int], where: str, listed: Listed, kinds: list[Kind], ends: bool, budget: Budget
) -> Parts:
    """Undo differences and zigzag: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2."""
    left, now = iter(codes), 0
    found: Parts = []
    for kind in kinds:
        own = {}
        for p in kind.starts:
            budget.tick()
            if p + (kind.output if ends else 0) >= listed.since:
                code = next(left, None)
                if code is None:
                    raise Malformed(f"{where}: too short")
                budget.take(EVENT)
                now += -(code + 1) // 2 if code % 2 else code // 2
                own[p] = now * listed.unit
        found.append(own)
    if next(left, None) is not None:
        raise Malformed(f"{where}: too long")
    return found


def by_price(proof: SearchProof, instance: Instance, budget: Budget) -> Optional[list[Kind]]:
    """Return the classes with the starts that the prices allow.

    None if no schedule is below the target.
    """
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


class Bounding(Protocol):
    """A vector from step 0 on, worked out: `rest` is by class and step, None for no start.

    `whole` is the cheapest path from an empty memory to an empty one, None where there is none.
    """

    @property
    def rest(self) -> Sequence[Sequence[Optional[int]]]: ...  # noqa: D102
    @property
    def whole(self) -> Optional[int]: ...  # noqa: D102
    def cost(self, c: int, p: int) -> int: ...  # noqa: D102


def by_vector(proof: SearchProof, kinds: list[Kind], vector: Bounding) -> Optional[list[Kind]]:
    """Return the classes with the starts that the bound of a vector leaves of theirs.

    None if no schedule is below the target.
    """
    least = [rest[0] or 0 for rest in vector.rest]  # each class has a start
    if vector.whole is None:
        return None
    bound = vector.whole + sum(kind.count * rest for kind, rest in zip(kinds, least))
    room = (proof.target - 1) * proof.scale - bound
    if room < 0:
        return None
    left = []
    for c, kind in enumerate(kinds):
        starts = [p for p in kind.starts if vector.cost(c, p) <= least[c] + room]
        left.append(replace(kind, starts=starts))
    return left
