"""Prices that need no solver: what a token-step is worth to the fluid schedule.

The fluid schedule serves volume at rate M, smallest original volume first, preempting at
arrivals; it is the optimum under the centroid bound. Its own prices, of the linear programme
"each request's volume is spread over time, a token-step at t costs t/v", are: while request i of
volume v is served, a token-step at t is worth ``w_i + (C_i - t)/v``, with C_i the completion of i
and w_i the worth at C_i (that of the request served next, or 0 before an idle time). For a backlog
this is ``(n - G(M t))/M``, with G(z) the fractional number of requests that z token-steps complete.
"""

from heapq import heappop, heappush

import numpy as np
from numba import njit

from kvproof.certificates.prices.grid import Floats, busy_grid, fitting_denominator
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance


class FluidPrices:
    """The fluid schedule's prices as a function of continuous time, piecewise linear.

    Attributes
    ----------
    start, stop
        Segments of service in order of time, shape (S,), in steps.
    first, last
        Price at each segment's start and end.
    middle
        Mean time of each row's service, in steps, shape (rows,).
    """

    def __init__(self, instance: Instance) -> None:
        order = np.argsort(instance.arrival, kind="stable")
        volume = instance.volume[order]
        count = np.ones_like(volume) if instance.count is None else instance.count[order]
        # A class counts as one request: what is left of it has the same price slope 1/v.
        work = volume.astype(np.float64) * count / instance.memory
        release = instance.arrival[order].astype(np.float64)
        self.start, self.stop, self.first, self.last, job = _segments(
            release, volume, volume.astype(np.float64), work
        )
        moments = (self.stop - self.start) * (self.stop + self.start) / 2
        self.middle = np.empty(len(work))
        self.middle[order] = np.bincount(job, weights=moments, minlength=len(work)) / work

    def on(self, ends: Column) -> Floats:
        """Return prices for the buckets ``(ends[r], ends[r + 1]]``, shape (R,).

        THEORY prices a step at its end; wider buckets get their mean.
        """
        length = self.stop - self.start
        area = np.append(0.0, np.cumsum(length * (self.first + self.last) / 2))
        slope = np.zeros_like(length)
        np.divide(self.last - self.first, length, out=slope, where=length > 0)
        at = np.clip(np.searchsorted(self.start, ends) - 1, 0, None)
        within = np.clip(ends - self.start[at], 0.0, length[at])
        upto = area[at] + within * (self.first[at] + slope[at] * within / 2)
        means = np.diff(upto) / np.diff(ends)
        served = (ends >= self.start[at]) & (ends <= self.stop[at])
        point = np.where(served, self.first[at] + slope[at] * within, 0.0)[1:]
        prices: Floats = np.maximum(np.where(np.diff(ends) == 1, point, means), 0.0)
        return prices


def closed_form_prices(instance: Instance, *, max_runs: int = 4096) -> Prices:
    """Return the fluid schedule's prices, averaged over at most about `max_runs` buckets."""
    fluid = FluidPrices(instance)
    ends = busy_grid(fluid.start, fluid.stop, tail=0, max_runs=max_runs)
    values = fluid.on(ends)
    denominator = fitting_denominator(instance, int(ends[-1]), float(values.max(initial=0.0)))
    return Prices.rounded(denominator, ends, values)


@njit(cache=True)
def _segments(release, volume, size, work):  # type: ignore[no-untyped-def]
    """Serve the fluid schedule; return the segments' start, end, prices at both, and rows."""
    n = len(release)
    start = np.empty(2 * n)
    stop = np.empty(2 * n)
    job = np.empty(2 * n, np.int64)
    done = np.zeros(2 * n, np.bool_)
    left = work.copy()
    ready = [(np.int64(0), np.int64(0)) for _ in range(0)]
    now = 0.0
    arrived = 0
    k = 0
    while arrived < n or len(ready) > 0:
        if len(ready) == 0:
            now = max(now, release[arrived])
        while arrived < n and release[arrived] <= now:
            heappush(ready, (volume[arrived], np.int64(arrived)))
            arrived += 1
        i = ready[0][1]
        start[k], job[k] = now, i
        if arrived == n or now + left[i] <= release[arrived]:
            now += left[i]
            done[k] = True
            heappop(ready)
        else:
            left[i] -= release[arrived] - now
            now = release[arrived]
        stop[k] = now
        k += 1
    first = np.empty(k)
    last = np.empty(k)
    end = np.zeros(n)
    worth = np.zeros(n)
    for j in range(k - 1, -1, -1):
        i = job[j]
        if done[j]:
            end[i] = stop[j]
            if j + 1 < k and start[j + 1] == stop[j]:
                worth[i] = first[j + 1]
        first[j] = worth[i] + (end[i] - start[j]) / size[i]
        last[j] = worth[i] + (end[i] - stop[j]) / size[i]
    return start[:k], stop[:k], first, last, job[:k]
