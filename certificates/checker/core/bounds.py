"""The volume bound, and sums of many terms."""

from collections import defaultdict
from fractions import Fraction
from heapq import heappop, heappush

from .limits import Budget
from .model import Instance

EXACT_GROUPS = 256
GRID = 10**12
GROUP = 200  # bytes of a number by another one


def volume_bound(instance: Instance, budget: Budget) -> Fraction:
    """Total latency of the fluid schedule that serves M token-steps a step, least left first.

    Least remaining work first minimises total completion on one preemptive machine with release
    dates, and a feasible schedule completes no request before that machine could. Time runs in
    units of 1/M step here, so a request of volume v takes v units.
    """
    budget.take(120 * instance.size)  # these lists, and the heap
    order = sorted(range(instance.size), key=instance.arrival.__getitem__)
    budget.check()
    release = [instance.arrival[i] * instance.memory for i in order]
    ready: list[int] = []  # heap of what is left of each
    now = finish = arrived = 0
    while arrived < instance.size or ready:
        budget.tick()
        if not ready:
            now = max(now, release[arrived])
        while arrived < instance.size and release[arrived] <= now:
            heappush(ready, instance.volume[order[arrived]])
            arrived += 1
        left = heappop(ready)
        if arrived == instance.size or now + left <= release[arrived]:
            now += left
            finish += now
        else:
            budget.take(64)
            heappush(ready, left - (release[arrived] - now))
            now = release[arrived]
    return Fraction(finish, instance.memory) - sum(instance.arrival)


def add_shapes(groups: "defaultdict[int, int]", instance: Instance, budget: Budget) -> None:
    """Add what each request's shape fixes beside 1/2 + o: by denominator, ``3 (2 s + o + 1)``."""
    for s, o in zip(instance.prompt, instance.output):
        budget.tick()
        before = len(groups)
        groups[3 * (2 * s + o + 1)] -= (o + 1) * (3 * s + 2 * o + 1)
        budget.take(GROUP * (len(groups) - before))


def grouped_sum(groups: dict[int, int]) -> Fraction:
    """Add ``numerator / denominator`` over {denominator: numerator}, never above the true sum.

    Exact up to 256 denominators. Beyond that their common denominator would be gigantic, so
    each term is rounded down to a multiple of 10^-12.
    """
    if len(groups) <= EXACT_GROUPS:
        return sum((Fraction(n, d) for d, n in groups.items()), Fraction(0))
    return Fraction(sum(n * GRID // d for d, n in groups.items()), GRID)
