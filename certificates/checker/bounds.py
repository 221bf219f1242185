"""Lower bounds on OPT that need no data of their own: outputs, volume, centroid."""

from collections import defaultdict
from fractions import Fraction
from heapq import heappop, heappush

from .limits import Budget
from .model import Instance

EXACT_GROUPS = 256
GRID = 10**12
GROUP = 200  # bytes of a number by another one


def outputs_bound(instance: Instance) -> Fraction:
    """OPT >= sum o: no latency is below its output length."""
    return Fraction(sum(instance.output))


def volume_bound(instance: Instance, budget: Budget) -> Fraction:
    """Total latency of the fluid schedule that serves M token-steps a step, least left first.

    Least remaining work first minimises total completion on one preemptive machine with
    release dates, and a feasible schedule completes no request before that machine could.
    """
    finish, _ = _fluid(instance, budget, by_remaining=True)
    return Fraction(finish, instance.memory) - sum(instance.arrival)


def centroid_bound(instance: Instance, budget: Budget) -> Fraction:
    """Mean busy times of the fluid schedule, smallest volume first, plus what shapes add.

    A completion is the mean time of its tokens plus a distance fixed by the shape; the mean
    times sum to at least the fluid schedule's mean busy times (plus 1/2 each, as a step's
    tokens are counted at its end). Terms are added by denominator, see `grouped_sum`.
    """
    memory = instance.memory
    finish, waits = _fluid(instance, budget, by_remaining=False)
    # Over 2M: finish - v/2 of each request, then its 1/2 + o - a.
    halves = 2 * (sum(instance.output) - sum(instance.arrival)) + instance.size
    groups: defaultdict[int, int] = defaultdict(int)
    groups[2 * memory] += 2 * finish - sum(instance.volume) + memory * halves
    add_shapes(groups, instance, budget)
    budget.take(GROUP * len(waits))
    for v, wait in waits.items():
        budget.tick()
        groups[memory * v] -= wait
    return grouped_sum(groups)


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


def _fluid(instance: Instance, budget: Budget, *, by_remaining: bool) -> tuple[int, dict[int, int]]:
    """Serve volume at rate M, smallest first, preempting at arrivals; ties by arrival, index.

    Time runs in units of 1/M step, so a request of volume v takes v units and everything is
    an integer. Returns the sum of finish times, and {v: sum over the interruptions of requests
    of volume v of (length of the interruption) x (work done before it)}: an interrupted request
    of volume v has mean busy time ``finish - v/2 - that sum / v``.
    """
    budget.take(190 * instance.size)  # these lists, and the heap
    order = sorted(range(instance.size), key=instance.arrival.__getitem__)
    budget.check()
    release = [instance.arrival[i] * instance.memory for i in order]
    volumes = [instance.volume[i] for i in order]
    left = volumes.copy()
    stopped = [0] * instance.size  # when a request begun was last interrupted
    waits: defaultdict[int, int] = defaultdict(int)
    ready: list[tuple[int, int]] = []
    now = finish = arrived = 0
    while arrived < instance.size or ready:
        budget.tick()
        if not ready:
            now = max(now, release[arrived])
        while arrived < instance.size and release[arrived] <= now:
            heappush(ready, (volumes[arrived], arrived))
            arrived += 1
        key, job = ready[0]
        work = left[job]
        if work < volumes[job] and now > stopped[job]:
            budget.take(0 if volumes[job] in waits else GROUP)
            waits[volumes[job]] += (now - stopped[job]) * (volumes[job] - work)
        if arrived == instance.size or now + work <= release[arrived]:
            heappop(ready)
            now += work
            finish += now
        else:
            budget.take(64)
            left[job] = work - (release[arrived] - now)
            stopped[job] = now = release[arrived]
            # its key can only fall, so it stays at the top and the heap stays a heap
            ready[0] = (left[job] if by_remaining else key, job)
    return finish, waits
