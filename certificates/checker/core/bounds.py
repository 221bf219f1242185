"""Serving work least first, at most M token-steps a step: the volume bound."""

from collections.abc import Iterator
from fractions import Fraction
from heapq import heappop, heappush, heapreplace

from .budget import Budget
from .model import Instance

#: Of one job: its work, the units served in the steps ``begin + 1, ..., end``, begin and end of
#: these, and what is left of it.
Piece = tuple[int, int, int, int, int]


def served(
    release: list[int], work: list[int], memory: int, by_rest: bool, budget: Budget
) -> Iterator[Piece]:
    """Serve jobs in steps after their release, at most M units in each, least work first.

    The least is that of the whole job, or of what is left of it, `by_rest`. A piece is served
    without a break: in one step, or M units in each of several.
    """
    budget.take(130 * len(work))  # the order, and the heap
    order = sorted(range(len(work)), key=release.__getitem__)
    ready: list[tuple[int, int, int]] = []  # heap of (key, what is left, work)
    begin = arrived = 0  # steps that are over, jobs that are released
    free = memory  # what is left of the next step
    while arrived < len(order) or ready:
        budget.tick()
        if not ready and release[order[arrived]] > begin:
            begin, free = release[order[arrived]], memory
        while arrived < len(order) and release[order[arrived]] <= begin:
            job = work[order[arrived]]
            heappush(ready, (job, job, job))
            arrived += 1
        _, left, job = ready[0]
        end, units = begin + 1, min(left, free)
        if free == memory <= left:  # whole steps, until it is done or another job comes
            end = begin + left // memory
            if arrived < len(order):
                end = min(end, release[order[arrived]])
            units = (end - begin) * memory
        left -= units
        if left:
            heapreplace(ready, (left if by_rest else job, left, job))
        else:
            heappop(ready)
        yield job, units, begin, end, left
        free += (end - begin - 1) * memory - units
        if not free:
            begin, free = end, memory


def volume_bound(instance: Instance, budget: Budget) -> Fraction:
    """Total latency of the fluid schedule that serves M token-steps a step, least left first.

    Least remaining work first minimises total completion on one preemptive machine with release
    dates, and a feasible schedule completes no request before that machine could. Time runs in
    units of 1/M step here, so a request of volume v takes v units.
    """
    budget.take(40 * instance.size)
    release = [a * instance.memory for a in instance.arrival]
    pieces = served(release, instance.volume, 1, True, budget)
    finish = sum(end for *_, end, left in pieces if not left)
    return Fraction(finish, instance.memory) - sum(instance.arrival)
