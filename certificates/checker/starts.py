"""Which starts a schedule below the target can have: by prices, then by a multiplier vector.

Both bounds are a sum of one minimum per request, over its starts. Where a start's own term exceeds
its minimum by more than the room between the bound and the target, no schedule below the target
has it.
"""

from dataclasses import replace
from typing import Optional

from .limits import MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, price_bound
from .trajectory import HUGE, WHERE, Field, Kind, Vector
from .verdict import OverLimit

MOST_KINDS = 1_000
STEP, START = 150, 50  # bytes of a start with its cost, and of a start


def by_price(
    instance: Instance, prices: Prices, target: int, budget: Budget
) -> Optional[list[Kind]]:
    """Return the classes with the starts that the price bound allows.

    None if no schedule is below the target.
    """
    origin = min(instance.arrival)
    moved = replace(instance, arrival=[a - origin for a in instance.arrival])
    bound = price_bound(prices, moved, budget)
    unit = prices.denominator
    room = (target - 1) * unit - int(bound * unit)
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
            y_0, z_0 = prices.until(p)
            y_1, z_1 = prices.until(p + o)
            cost = unit * (p + o - a) + (s - p) * (y_1 - y_0) + z_1 - z_0
            least = cost if least is None else min(least, cost)
            budget.take(STEP)
            costs.append((p, cost))
            p += 1
            if len(costs) > MOST_STEPS:
                raise OverLimit(f"{WHERE}: starts over more than {MOST_STEPS:,} steps")
        starts = [p for p, cost in costs if cost <= least + room]
        budget.give(STEP * len(costs) - START * len(starts))
        kinds.append(Kind(a, s, o, count, starts))
    return kinds


def by_vector(field: Field, vector: Vector, target: int) -> Optional[list[Kind]]:
    """Return the classes of `field` with the starts that the trajectory bound leaves of theirs.

    None if no schedule is below the target. `vector` is one from step 0.
    """
    bound = vector.table[0][0][0]
    if bound == HUGE:  # no path from an empty memory to an empty memory
        return None
    bound += sum(kind.count * rest[0] for kind, rest in zip(field.kinds, vector.rest))
    room = (target - 1) * field.scale - bound
    if room < 0:
        return None
    return [
        replace(
            kind,
            starts=[p for p in kind.starts if vector.cost(c, p) <= vector.rest[c][0] + room],
        )
        for c, kind in enumerate(field.kinds)
    ]
