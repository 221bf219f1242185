"""Windows of starts, one for each request, and what integer prices prove about them.

Requests are listed class by class; within a class ends of windows never decrease. Prices are
integers over :data:`UNIT`, one for each step from step 1, and no prices can make a wrong proof.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column

#: Denominator of the prices in a tree: fine enough for its bounds, short in a certificate.
UNIT = 256


def whole(prices: npt.NDArray[np.float64]) -> Column:
    """Round prices to integers over :data:`UNIT`."""
    scaled: Column = np.rint(np.maximum(prices, 0.0) * UNIT).astype(np.int64)
    return scaled


def counts_between(first: Column, last: Column, count: Column, steps: int) -> tuple[Column, Column]:
    """Return the fewest and most requests of each class that windows let start by 0..steps - 1."""
    low = np.empty((len(count), steps), dtype=np.int64)
    high = np.empty_like(low)
    step = np.arange(steps)
    begin = 0
    for c, number in enumerate(count.tolist()):
        low[c] = np.searchsorted(last[begin : begin + number], step, side="right")
        high[c] = np.searchsorted(first[begin : begin + number], step, side="right")
        begin += number
    return low, high


@njit
def weigh(terms, totals, which, cutoff, owner, first, last):  # type: ignore[no-untyped-def]
    """Return the first vector of `which` whose bound exceeds the cutoff, else the best."""
    best = which[0]
    best_bound = np.int64(-(2**62))
    for v in which:
        bound = -totals[v]
        for i in range(owner.size):
            row = terms[v, owner[i]]
            least = row[first[i]]
            for p in range(first[i] + 1, last[i] + 1):
                least = min(least, row[p])
            bound += least
        if bound > best_bound:
            best_bound = bound
            best = v
            if bound > cutoff:
                break
    return best


@njit
def tighten(terms, total, cutoff, owner, first, last):  # type: ignore[no-untyped-def]
    """Shorten the windows to what a vector allows below the cutoff; empty ones if none is.

    A start whose term exceeds its request's least by more than cutoff - bound costs too much.
    """
    least = np.empty(owner.size, np.int64)
    bound = -np.int64(total)
    for i in range(owner.size):
        row = terms[owner[i]]
        least[i] = row[first[i]]
        for p in range(first[i] + 1, last[i] + 1):
            least[i] = min(least[i], row[p])
        bound += least[i]
    room = cutoff - bound
    if room < 0:
        last[0] = first[0] - 1
        return
    for i in range(owner.size):
        row = terms[owner[i]]
        while row[first[i]] > least[i] + room:
            first[i] += 1
        while row[last[i]] > least[i] + room:
            last[i] -= 1
    for i in range(1, owner.size):
        if owner[i] == owner[i - 1]:
            first[i] = max(first[i], first[i - 1])
    for i in range(owner.size - 1, 0, -1):
        if owner[i] == owner[i - 1]:
            last[i - 1] = min(last[i - 1], last[i])


@njit
def in_order(order, wish, owner, memory, prompt, output, horizon):  # type: ignore[no-untyped-def]
    """Start each request, in this order, as early after its wish as those before leave room."""
    held = np.zeros(horizon + 2, np.int64)
    starts = np.zeros(owner.size, np.int64)
    for i in order:
        c = owner[i]
        p = wish[i]
        j = 1
        while j <= output[c]:
            if held[p + j] + prompt[c] + j > memory:
                p += 1
                j = 1
            else:
                j += 1
        starts[i] = p
        for j in range(1, output[c] + 1):
            held[p + j] += prompt[c] + j
    return starts
