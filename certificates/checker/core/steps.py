"""Lower bounds on OPT from what whole steps can serve: discrete centroid and tail centroid.

A token that is held in step t lies at ``t - 1/2``. A request completes a distance after the mean
of its last tokens that only the shape of these decides, and the means are bounded by serving, in
each step, at most M token-steps of what can be held by then, least work first.
"""

from collections import Counter
from fractions import Fraction

from .bounds import served
from .budget import Budget
from .model import Instance
from .verdict import Malformed

EXACT_GROUPS = 256
GRID = 10**12
GROUP = 200  # bytes of a number by another one


def discrete_centroid_bound(instance: Instance, budget: Budget) -> Fraction:
    """Add the mean steps in which all volume is served, and what shapes add."""
    groups = _weighed(instance.arrival, instance.volume, instance.memory, budget)
    groups[2] += 2 * (sum(instance.output) - sum(instance.arrival)) + instance.size
    for s, o in budget.each(zip(instance.prompt, instance.output)):
        _add(groups, 3 * (2 * s + o + 1), -(o + 1) * (3 * s + 2 * o + 1), budget)
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
    moments: Counter[int] = Counter()
    columns = zip(instance.arrival, instance.prompt, instance.output, cuts)
    for row, (a, s, o, cut) in enumerate(budget.each(columns)):
        if cut >= o:
            raise Malformed(f"{where}: request {row} has {o} tokens, and the cut {cut} leaves none")
        release.append(a + cut)
        work.append(s * (o - cut) + (o * (o + 1) - cut * (cut + 1)) // 2)
        _add(moments, 2 * work[-1], _moment(s, o) - _moment(s, cut), budget)
    groups = _weighed(release, work, instance.memory, budget)
    groups.subtract(moments)
    groups[1] += sum(instance.output) - sum(instance.arrival)
    return grouped_sum(groups)


def _moment(s: int, j: int) -> int:
    """Sum of ``(2 i - 1)(s + i)`` over the tokens i = 1, ..., j."""
    return s * j * j + j * (j + 1) * (4 * j - 1) // 6


def _weighed(release: list[int], work: list[int], memory: int, budget: Budget) -> Counter[int]:
    """Serve the jobs; a unit served in step t weighs ``2 t - 1``.

    Returns {2 w: the weight of all that jobs of work w are served}.
    """
    groups: Counter[int] = Counter()
    for job, units, begin, end, _ in served(release, work, memory, False, budget):
        _add(groups, 2 * job, units * (begin + end), budget)  # the mean of 2 t - 1
    return groups


def _add(groups: Counter[int], denominator: int, numerator: int, budget: Budget) -> None:
    if denominator not in groups:
        budget.take(GROUP)
    groups[denominator] += numerator


def grouped_sum(groups: dict[int, int]) -> Fraction:
    """Add ``numerator / denominator`` over {denominator: numerator}, never above the true sum.

    Exact up to 256 denominators. Beyond that their common denominator would be gigantic, so
    each term is rounded down to a multiple of 10^-12.
    """
    if len(groups) <= EXACT_GROUPS:
        return sum((Fraction(n, d) for d, n in groups.items()), Fraction(0))
    return Fraction(sum(n * GRID // d for d, n in groups.items()), GRID)
