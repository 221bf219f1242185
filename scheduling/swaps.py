"""Local search for Sorted-F's batches: add a request, remove one, or swap one in for one out.

The swap variant of 2508.06133 as its abstract names it, in our own terms.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.sorted_f import SortedF


class SortedFSwap(SortedF):
    """Sorted-F whose batch is improved until no single move lowers ``sum output / |X|^2``.

    It runs the same batches as Sorted-F where at most 12 requests wait: those are the best.
    """

    name = "sorted-f-swap"

    def many(self, memory: int, peak: Column, output: Column, volume: Column) -> Column:
        """Return the positions of Sorted-F's batch, improved."""
        batch = super().many(memory, peak, output, volume)
        better: Column = improved(memory, peak, output, batch)
        return better


@njit
def improved(memory, peak, output, batch):  # type: ignore[no-untyped-def]
    """Return the positions of a batch in which no single move lowers sum output / size^2.

    With as many requests the sum alone counts, so the best swap is the one that saves the most
    output: for each request outside, the longest output inside whose peak makes room. Then come
    additions (shortest output first), then removals (longest first). Ties: what leaves the most
    memory free, then the lowest position. One pass over all requests finds a move.
    """
    inside = np.zeros(len(peak), np.bool_)
    inside[batch] = True
    size = np.int64(len(batch))
    total = output[batch].sum()
    free = memory - peak[batch].sum()
    while True:
        into, out = _swap(peak, output, inside, free)
        if into < 0:
            # (total + o) / (size + 1)^2 < total / size^2 and (total - o) / (size - 1)^2 < the same,
            # both solved for o; total and size are below 2^31, so nothing overflows
            into, out = _shortest(peak, output, inside, free), _longest(peak, output, inside)
            if into >= 0 and output[into] > (total * (2 * size + 1) - 1) // size**2:
                into = -1
            if into >= 0 or output[out] <= total * (2 * size - 1) // size**2:
                out = -1
        if into < 0 and out < 0:
            return np.flatnonzero(inside)
        if into >= 0:
            inside[into] = True
            size, total, free = size + 1, total + output[into], free - peak[into]
        if out >= 0:
            inside[out] = False
            size, total, free = size - 1, total - output[out], free + peak[out]


@njit
def _swap(peak, output, inside, free):  # type: ignore[no-untyped-def]
    """Return the request to take in and the one to take out that save the most output, or -1."""
    members = np.flatnonzero(inside)
    members = members[np.argsort(-peak[members], kind="mergesort")]
    room = -(peak[members] + free)  # ascending
    longest = np.empty_like(members)  # the longest output among those with as much room or more
    for k in range(len(members)):
        i = members[k]
        longest[k] = i
        if k and _leaves_first(output, peak, longest[k - 1], i):
            longest[k] = longest[k - 1]
    most = output[longest[-1]]
    into, out, gain, freed = -1, -1, np.int64(0), np.int64(0)
    for j in range(len(peak)):
        if inside[j] or output[j] > most - max(gain, 1):
            continue
        k = np.searchsorted(room, -peak[j], side="right") - 1
        if k < 0:
            continue
        i = longest[k]
        saved = output[i] - output[j]
        if saved > gain or (saved == gain and into >= 0 and peak[i] - peak[j] > freed):
            into, out, gain, freed = j, i, saved, peak[i] - peak[j]
    return into, out


@njit
def _leaves_first(output, peak, i, j):  # type: ignore[no-untyped-def]
    """Whether i is taken out before j: by output, then peak, longest first, then by position."""
    if output[i] != output[j]:
        return output[i] > output[j]
    return peak[i] > peak[j] or (peak[i] == peak[j] and i < j)


@njit
def _longest(peak, output, inside):  # type: ignore[no-untyped-def]
    """Return the request inside that is taken out first."""
    found = -1
    for i in range(len(peak)):
        if inside[i] and (found < 0 or _leaves_first(output, peak, i, found)):
            found = i
    return found


@njit
def _shortest(peak, output, inside, free):  # type: ignore[no-untyped-def]
    """Return the request of the shortest output outside that fits the free memory, or -1."""
    found = -1
    for j in range(len(peak)):
        if (
            not inside[j]
            and peak[j] <= free
            and (
                found < 0
                or output[j] < output[found]
                or (output[j] == output[found] and peak[j] < peak[found])
            )
        ):
            found = j
    return found
