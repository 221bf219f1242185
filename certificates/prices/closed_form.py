"""Prices that need no solver: what a token-step is worth to the fluid schedule.

The fluid schedule serves volume at rate M, smallest original volume first, preempting at
arrivals; it is the optimum under the centroid bound. Its own prices, of the linear programme
"each request's volume is spread over time, a token-step at t costs t/v", are: while request i of
volume v is served, a token-step at t is worth ``w_i + (C_i - t)/v``, with C_i the completion of i
and w_i the worth at C_i (that of the request served next, or 0 before an idle time). For a backlog
this is ``(n - G(M t))/M``, with G(z) the fractional number of requests that z token-steps complete.
"""

import numpy as np

from kvproof.certificates.fluid import fluid_pieces
from kvproof.certificates.prices.grid import Floats, busy_grid, fitting_denominator
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.compiled import njit
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
        memory = instance.memory
        fits = int(instance.arrival.max()) * memory + instance.total_volume < 2**62
        kind = np.int64 if fits else np.float64
        work = volume.astype(kind) * count
        release = instance.arrival[order].astype(kind) * memory
        start, stop, job = fluid_pieces(release, volume.astype(kind), work.copy(), False)
        work = work / memory
        self.start, self.stop = start / memory, stop / memory
        self.first, self.last = _worth(self.start, self.stop, job, volume.astype(np.float64))
        moments = (self.stop - self.start) * (self.stop + self.start) / 2
        self.middle = np.empty(len(work))
        self.middle[order] = np.bincount(job, weights=moments, minlength=len(work)) / work

    def on(self, ends: Column) -> Floats:
        """Return prices for the buckets ``(ends[r], ends[r + 1]]``, shape (R,).

        docs/theory.md prices a step at its end; wider buckets get their mean.
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


@njit
def _worth(start, stop, job, size):  # type: ignore[no-untyped-def]
    """Return the price at the start and the end of each piece of the fluid schedule."""
    first = np.empty(len(job))
    last = np.empty(len(job))
    end = np.full(len(size), -1.0)
    worth = np.zeros(len(size))
    for k in range(len(job) - 1, -1, -1):
        i = job[k]
        if end[i] < 0:  # its last piece
            end[i] = stop[k]
            if k + 1 < len(job) and start[k + 1] == stop[k]:
                worth[i] = first[k + 1]
        first[k] = worth[i] + (end[i] - start[k]) / size[i]
        last[k] = worth[i] + (end[i] - stop[k]) / size[i]
    return first, last
