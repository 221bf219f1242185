"""What a ``search`` proof says, read; nothing that it says makes the search verify what is false.

Any multipliers prove a bound, and any choice among them leaves only out what that bound rules out;
so the core takes them as they come, and fails where one that it needs is missing.
"""

from functools import partial
from typing import Any

from .core.budget import MOST_STEPS, Budget
from .core.reader import WHERE, entries, fields, integer, integers
from .core.starts import Hints, Kind, Listed, Multipliers, horizon
from .core.verdict import Malformed, OverLimit, Rejected

MOST_VECTORS = 64  # in one step
MOST_KINDS = 1_000
EVENT = 150  # bytes of a multiplier


def read_hints(found: dict[str, Any], budget: Budget) -> Hints:
    """Read ``vectors`` and ``layers``, all but the codes of vectors, which the starts explain."""
    vectors = []
    for place, entry in enumerate(entries(found["vectors"], f"{WHERE}.vectors")):
        budget.tick()
        where = f"{WHERE}.vectors[{place}]"
        vector = fields(entry, where, "since unit start end")
        since = integer(vector["since"], f"{where}.since", 0, MOST_STEPS if place else 0)
        unit = integer(vector["unit"], f"{where}.unit", 1)
        codes = [integers(vector[name], f"{where}.{name}") for name in ("start", "end")]
        vectors.append(Listed(since, partial(_multipliers, codes, where, since, unit, budget)))
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
    return vectors, partial(_of_step, vectors, layers)


def _of_step(vectors: list[Listed], layers: list[list[int]], t: int) -> list[int]:
    """Return the places of the vectors of step t."""
    if t >= len(layers):
        raise Rejected(f"{WHERE}: states are left, and step {t} has no vectors")
    for place in layers[t]:
        since = vectors[place].since
        if since > t:
            where = f"{WHERE}.vectors[{place}].since"
            raise Rejected(f"{where}: {since}, but it is used from step {t}")
    return layers[t]


def last_step(kinds: list[Kind]) -> int:
    """Return the horizon T, unless there are more classes or steps than are taken."""
    last = horizon(kinds)
    if len(kinds) > MOST_KINDS:
        raise OverLimit(f"{WHERE}: {len(kinds):,} classes; the limit is {MOST_KINDS:,}")
    if last + 2 > MOST_STEPS:
        raise OverLimit(f"{WHERE}: {last + 2:,} steps; the limit is {MOST_STEPS:,}")
    return last


def _multipliers(
    codes: list[list[int]], where: str, since: int, unit: int, budget: Budget, kinds: list[Kind]
) -> Multipliers:
    """Return the multipliers of the starts and of the ends of a vector, listed over `kinds`."""
    last = last_step(kinds)
    if since > last:
        raise Malformed(f"{where}.since: {since}, and the last step is {last}")
    alpha = _decoded(codes[0], f"{where}.start", since, unit, kinds, False, budget)
    return alpha, _decoded(codes[1], f"{where}.end", since, unit, kinds, True, budget)


def _decoded(
    codes: list[int], where: str, since: int, unit: int, kinds: list[Kind], ends: bool,
    budget: Budget,
) -> list[dict[int, int]]:  # fmt: skip
    """Undo differences and zigzag: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2."""
    left, now, found = iter(codes), 0, []
    for kind in kinds:
        own = {}
        for p in kind.starts:
            budget.tick()
            if p + (kind.output if ends else 0) >= since:
                code = next(left, None)
                if code is None:
                    raise Malformed(f"{where}: too short")
                budget.take(EVENT)
                now += -(code + 1) // 2 if code % 2 else code // 2
                own[p] = now * unit
        found.append(own)
    if next(left, None) is not None:
        raise Malformed(f"{where}: too long")
    return found
