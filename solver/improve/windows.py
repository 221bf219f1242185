"""Starts that fill the memory: of the smallest that wait, the tallest request that fits.

Strict orders leave memory empty where the head does not fit, and skipping fills it with what is
small; taking the tallest of a few keeps the small ones for the rest.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.usage import first_fit, hold

#: How many of the waiting requests are looked at, smallest volume first.
WINDOWS = (4, 8, 12, 16, 24, 40)


class Queue(NamedTuple):
    """Orders of the requests.

    Parameters
    ----------
    rank
        Place of each request by volume, shape (n,).
    by_volume, coming
        The requests by volume, and by arrival, shape (n,) each.
    """

    rank: Column
    by_volume: Column
    coming: Column


def queue_of(instance: Instance) -> Queue:
    """Return the orders of the expanded instance."""
    by_volume = np.lexsort((instance.arrival, instance.volume))
    rank = np.empty_like(by_volume)
    rank[by_volume] = np.arange(len(by_volume))
    return Queue(rank=rank, by_volume=by_volume, coming=np.argsort(instance.arrival, kind="stable"))


@njit
def tallest_first(usage, requests, queue, window, starts):  # type: ignore[no-untyped-def]
    """Start, of the `window` waiting requests of least rank, the largest prompt that fits.

    Parameters
    ----------
    usage
        Steps, overwritten.
    requests
        The requests.
    queue
        Their orders.
    window
        How many are looked at.
    starts
        What is found, shape (n,).

    Returns
    -------
    Whether all found a place within the steps.
    """
    usage[:] = 0
    n = len(starts)
    waiting = [np.int64(0) for _ in range(0)]  # heap of ranks beyond the window
    near = np.empty(window, np.int64)  # ranks in the window, ascending
    earliest = requests.arrival.copy()  # no start before it fits
    size = arrived = 0
    t = 0
    while arrived < n or size > 0:
        if size == 0 and len(waiting) == 0:
            t = max(t, requests.arrival[queue.coming[arrived]])
        if t + 1 >= len(usage):
            return False
        while arrived < n and requests.arrival[queue.coming[arrived]] <= t:
            heappush(waiting, queue.rank[queue.coming[arrived]])
            arrived += 1
        while True:
            size = fill(near, size, window, waiting)
            chosen = _tallest(usage, requests, queue.by_volume, near, size, t, earliest)
            if chosen < 0:
                break
            i = queue.by_volume[near[chosen]]
            if t + requests.output[i] >= len(usage):
                return False
            starts[i] = t
            hold(usage, requests.prompt[i], requests.output[i], t, 1)
            size = remove(near, size, chosen)
        if size > 0:  # nothing happens until one of these may fit, or another one comes
            t = len(usage)
            for k in range(size):
                t = min(t, earliest[queue.by_volume[near[k]]])
            if arrived < n:
                t = min(t, requests.arrival[queue.coming[arrived]])
    return True


@njit
def fill(near, size, window, waiting):  # type: ignore[no-untyped-def]
    """Keep the least ranks in the window; return how many there are."""
    while len(waiting) > 0 and (size < window or waiting[0] < near[size - 1]):
        if size == window:
            size -= 1
            heappush(waiting, near[size])
        size = insert(near, size, heappop(waiting))
    return size


@njit
def insert(near, size, new):  # type: ignore[no-untyped-def]
    """Put a rank into the window, which has room for it; return how many there are."""
    k = size
    while k > 0 and near[k - 1] > new:
        near[k] = near[k - 1]
        k -= 1
    near[k] = new
    return size + 1


@njit
def remove(near, size, k):  # type: ignore[no-untyped-def]
    """Take the k-th rank out of the window; return how many there are."""
    for x in range(k, size - 1):
        near[x] = near[x + 1]
    return size - 1


@njit
def _tallest(usage, requests, by_volume, near, size, t, earliest):  # type: ignore[no-untyped-def]
    """Return the place in the window of the largest prompt that fits now; -1: none does.

    When those that do not fit would is noted: what starts before only takes room from them.
    """
    chosen = -1
    tallest = np.int64(-1)
    for k in range(size):
        i = by_volume[near[k]]
        prompt, output = requests.prompt[i], requests.output[i]
        if prompt <= tallest or earliest[i] > t:
            continue
        if usage[t + 1] + prompt >= requests.memory:  # most have no room at once
            earliest[i] = t + 1
            continue
        earliest[i] = first_fit(usage, requests.memory, prompt, output, t)
        if earliest[i] < 0:
            earliest[i] = len(usage)
        if earliest[i] == t:
            chosen, tallest = k, prompt
    return chosen
