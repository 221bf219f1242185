"""Starts that fill the memory: of the smallest that wait, the tallest request that fits.

Strict orders leave memory empty where the head does not fit, and skipping fills it with what is
small; taking the tallest of a few keeps the small ones for the rest.
"""

from heapq import heappop, heappush

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.usage import hold

#: How many of the waiting requests are looked at, smallest volume first.
WINDOWS = (4, 8, 12, 16, 24, 40)


@njit
def tallest_first(usage, requests, coming, by_volume, window, starts):  # type: ignore[no-untyped-def]
    """Start, of the `window` waiting requests of least rank, the largest prompt that fits.

    Parameters
    ----------
    usage
        Steps, overwritten.
    requests
        The requests.
    coming, by_volume
        The requests in order of arrival, and of volume; shape (n,) each.
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
    rank = np.empty(n, np.int64)
    for k in range(n):
        rank[by_volume[k]] = k
    waiting = [np.int64(0) for _ in range(0)]  # heap of ranks beyond the window
    near = np.empty(window, np.int64)  # ranks in the window, ascending
    size = arrived = 0
    t = 0
    while arrived < n or size > 0:
        if size == 0 and len(waiting) == 0:
            t = max(t, requests.arrival[coming[arrived]])
        while arrived < n and requests.arrival[coming[arrived]] <= t:
            heappush(waiting, rank[coming[arrived]])
            arrived += 1
        while True:
            size = fill(near, size, window, waiting)
            chosen = _tallest(usage, requests, by_volume, near, size, t)
            if chosen < 0:
                break
            i = by_volume[near[chosen]]
            if t + requests.output[i] >= len(usage):
                return False
            starts[i] = t
            hold(usage, requests.prompt[i], requests.output[i], t, 1)
            size -= 1
            for k in range(chosen, size):
                near[k] = near[k + 1]
        t += 1
        if t >= len(usage):
            return False
    return True


@njit
def fill(near, size, window, waiting):  # type: ignore[no-untyped-def]
    """Keep the least ranks in the window; return how many there are."""
    while len(waiting) > 0 and (size < window or waiting[0] < near[size - 1]):
        if size == window:
            size -= 1
            heappush(waiting, near[size])
        new = heappop(waiting)
        k = size
        while k > 0 and near[k - 1] > new:
            near[k] = near[k - 1]
            k -= 1
        near[k] = new
        size += 1
    return size


@njit
def _tallest(usage, requests, by_volume, near, size, t):  # type: ignore[no-untyped-def]
    """Return the place in the window of the largest prompt that fits now; -1: none does."""
    chosen = -1
    tallest = np.int64(-1)
    for k in range(size):
        i = by_volume[near[k]]
        prompt, j = requests.prompt[i], requests.output[i]
        if prompt <= tallest or usage[t + 1] + prompt >= requests.memory or t + j >= len(usage):
            continue
        while j > 0 and usage[t + j] + prompt + j <= requests.memory:
            j -= 1
        if j == 0:
            chosen, tallest = k, prompt
    return chosen
