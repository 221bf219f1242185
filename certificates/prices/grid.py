"""Buckets of steps that share a price, and the denominator that prices are rounded to."""

import numpy as np
import numpy.typing as npt

from kvproof.certificates.prices.evaluate import MAX_COST
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

Floats = npt.NDArray[np.float64]

#: Rounding may cost at most about this share of the bound.
LOSS = 1e-8


def busy_grid(start: Floats, stop: Floats, *, tail: int, max_runs: int) -> Column:
    """Cut the busy times of a fluid schedule into buckets of one width, each idle time into one.

    Parameters
    ----------
    start, stop
        Segments of service in order of time.
    tail
        Steps after each busy time that get narrow buckets too: a real schedule lags behind.
    max_runs
        About how many buckets to make at most (short idle times are not cut out).

    Returns
    -------
    Bucket ends, shape (R + 1,), from 0.
    """
    begins, closes = [0], [0]
    fresh = np.append(True, start[1:] > stop[:-1] + tail)
    heads = np.floor(start[fresh]).astype(np.int64).tolist()
    tails = np.ceil(stop[np.append(np.flatnonzero(fresh)[1:] - 1, len(stop) - 1)]).astype(np.int64)
    width = max(1, -(-int((tails - heads + tail).sum()) // max_runs))
    for head, close in zip(heads, (tails + tail).tolist(), strict=True):
        if head <= closes[-1] + width:  # too short an idle time for a bucket of its own
            closes[-1] = max(close, closes[-1])
        else:
            begins.append(head)
            closes.append(close)
    parts = []
    for begin, close in zip(begins, closes, strict=True):
        count = max(1, -(-(close - begin) // width))
        parts.append(np.linspace(begin, close, count + 1).round().astype(np.int64))
    return np.unique(np.concatenate(([0], *parts)))


def fitting_denominator(instance: Instance, horizon: int, highest: float) -> int:
    """Return the power of two over which prices are rounded.

    Large enough that rounding loses at most about `LOSS` of the bound: a price that is off by
    1/(2D) in every step costs at most ``(V + M T)/(2 D)``, V the total volume. Small enough that
    prices up to 16 times `highest` stay within the int64 kernel's range.
    """
    wasted = instance.total_volume + instance.memory * horizon
    enough = wasted / (2 * LOSS * instance.total(instance.output))
    longest, heaviest = int(instance.output.max()), int(instance.volume.max())
    scale = horizon + longest + 1 + 32 * (highest + 1e-9) * (heaviest + instance.max_peak)
    most = MAX_COST / 2 / scale
    return 1 << int(np.log2(max(1.0, min(enough, most))))
