"""Lower bounds on OPT from what whole steps can serve: discrete centroid and tail centroid.

A token that is held in step t lies at ``t - 1/2``. A request completes a distance after the mean
of its last tokens that only the shape of these decides, and the means are bounded by serving, in
each step, at most M token-steps of what can be held by then, least work first.
"""

from collections import defaultdict
from fractions import Fraction
from heapq import heappop, heappush

from .bounds import GROUP, add_shapes, grouped_sum
from .limits import Budget
from .model import Instance
from .verdict import Malformed


def discrete_centroid_bound(instance: Instance, budget: Budget) -> Fraction:
    """Add the mean steps in which all volume is served, and what shapes add."""
    groups = _served(instance.arrival, instance.volume, instance.memory, budget)
    groups[2] += 2 * (sum(instance.output) - sum(instance.arrival)) + instance.size
    add_shapes(groups, instance, budget)
    return grouped_sum(groups)


def tail_centroid_bound(
    cuts: list[int], where: str, instance: Instance, budget: Budget
) -> Fraction:
    """Do the same for each request's tokens after the first so many, its cut.

    They are not held before step ``a + cut + 1``. Over ``2 w``, w their volume, a request adds
    what its service weighs less the sum of ``(2 j - 1)(s + j)`` over its tokens j; and o - a.

    Raises
    ------
    Malformed
        A cut leaves a request no token.
    """
    budget.take(80 * instance.size)  # two columns
    release, work = [], []
    moments: defaultdict[int, int] = defaultdict(int)
    columns = zip(instance.arrival, instance.prompt, instance.output, cuts)
    for row, (a, s, o, cut) in enumerate(columns):
        budget.tick()
        if cut >= o:
            raise Malformed(f"{where}: request {row} has {o} tokens, and the cut {cut} leaves none")
        before = len(moments)
        w = s * (o - cut) + (o * (o + 1) - cut * (cut + 1)) // 2
        release.append(a + cut)
        work.append(w)
        moments[w] += _moment(s, o) - _moment(s, cut)
        budget.take(GROUP * (len(moments) - before))
    groups = _served(release, work, instance.memory, budget)
    for w, moment in moments.items():
        budget.tick()
        groups[2 * w] -= moment
    groups[1] = sum(instance.output) - sum(instance.arrival)
    return grouped_sum(groups)


def _moment(s: int, j: int) -> int:
    """Sum of ``(2 i - 1)(s + i)`` over the tokens i = 1, ..., j."""
    return s * j * j + j * (j + 1) * (4 * j - 1) // 6


def _served(
    release: list[int], work: list[int], memory: int, budget: Budget
) -> "defaultdict[int, int]":
    """Serve jobs in whole steps, least work first, at most M in each step.

    A job may be served in the steps after its release. A unit served in step t weighs
    ``2 t - 1``; returns {2 w: the weight of all that jobs of work w are served}.
    """
    groups: defaultdict[int, int] = defaultdict(int)
    budget.take(120 * len(work))  # the order, and the heap
    order = sorted(range(len(work)), key=release.__getitem__)
    ready: list[tuple[int, int]] = []  # heap of (work, what is left of it)
    step = arrived = 0  # steps that are over
    free = memory  # what is left of the next step
    while arrived < len(order) or ready:
        budget.tick()
        if not ready and release[order[arrived]] > step:
            step, free = release[order[arrived]], memory
        while arrived < len(order) and release[order[arrived]] <= step:
            whole_work = work[order[arrived]]
            heappush(ready, (whole_work, whole_work))
            arrived += 1
        key, left = ready[0]
        before = len(groups)
        if free == memory and left >= memory:  # whole steps, until it is done or another comes
            whole = left // memory
            if arrived < len(order):
                whole = min(whole, release[order[arrived]] - step)
            served = whole * memory
            groups[2 * key] += memory * ((step + whole) ** 2 - step**2)
            step += whole
        else:
            served = min(left, free)
            groups[2 * key] += (2 * step + 1) * served
            free -= served
            if free == 0:
                step, free = step + 1, memory
        budget.take(GROUP * (len(groups) - before))
        if served == left:
            heappop(ready)
        else:
            ready[0] = (key, left - served)  # its key stays: the heap stays a heap
    return groups
