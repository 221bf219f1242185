"""Numba kernels of the price bound: each request's cheapest start, and what it holds where.

All quantities are integers over the prices' common denominator D. Prefix sums may wrap modulo
2**64: addition and multiplication stay exact modulo 2**64, and every value that is compared is a
true cost, which the caller's guard keeps below 2**62.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit

Ints = npt.NDArray[np.int64]

#: Runs per block; a block is skipped when its cheapest price already rules it out.
BLOCK = 16


@njit(nogil=True)
def cost_at(
    a: int,
    s: int,
    o: int,
    p: int,
    ends: Ints,
    numerators: Ints,
    first_sums: Ints,
    moment_sums: Ints,
    denominator: int,
) -> np.int64:
    """Return D times the priced latency of a request (a, s, o) that starts at p."""
    t = p + o
    r = np.searchsorted(ends, p, side="right") - 1
    q = np.searchsorted(ends, t, side="right") - 1
    window = first_sums[q] + (t - ends[q]) * numerators[q]
    window -= first_sums[r] + (p - ends[r]) * numerators[r]
    moment = moment_sums[q] - moment_sums[r]
    moment += numerators[q] * ((t * (t + 1) - ends[q] * (ends[q] + 1)) // 2)
    moment -= numerators[r] * ((p * (p + 1) - ends[r] * (ends[r] + 1)) // 2)
    cost: np.int64 = (t - a) * denominator + (s - p) * window + moment
    return cost


@njit(nogil=True)
def cheapest_starts(
    arrival: Ints,
    prompt: Ints,
    output: Ints,
    ends: Ints,
    numerators: Ints,
    first_sums: Ints,
    moment_sums: Ints,
    block_minima: Ints,
    denominator: int,
    starts: Ints,
    costs: Ints,
) -> None:
    """Write each request's cheapest start and its cost times D (the earliest start on a tie).

    Parameters
    ----------
    arrival, prompt, output
        Request columns, shape (n,).
    ends
        Shape (R + 1,): run r covers the steps ``ends[r] + 1 .. ends[r + 1]``; ``ends[0] = 0``.
    numerators
        Shape (R + 1,): the price of each run times D; the last entry is the 0 beyond.
    first_sums, moment_sums
        Shape (R + 1,): sums of ``y_t`` and of ``t * y_t`` (times D) over t <= ``ends[r]``, modulo
        2**64.
    block_minima
        Least numerator in each block of `BLOCK` runs (the run beyond the last included).
    denominator
        D.
    starts, costs
        Outputs, shape (n,).
    """
    last = len(ends) - 1
    for i in range(len(arrival)):
        a, s, o = arrival[i], prompt[i], output[i]
        volume = s * o + o * (o + 1) // 2
        p = a
        r = np.searchsorted(ends, p, side="right") - 1
        q = np.searchsorted(ends, p + o, side="right") - 1
        fresh = True
        check = True
        window = cost = np.int64(0)
        best = np.int64(2**62)
        start = a
        if starts[i] > a:
            # One above the hint's cost, so that the scan still finds the start by itself.
            best = np.int64(1) + cost_at(
                a, s, o, starts[i], ends, numerators, first_sums, moment_sums, denominator
            )
        while True:
            if check:
                # Skip whole blocks: (p + o - a) D + volume * (least price in reach) is a floor.
                check = False
                while r < last:
                    block = r // BLOCK
                    leave = min((block + 1) * BLOCK, last)
                    reach = ends[leave] - 1 + o
                    least = block_minima[block]
                    b = block + 1
                    while b * BLOCK <= last and ends[b * BLOCK] < reach and least > 0:
                        least = min(least, block_minima[b])
                        b += 1
                    if (p + o - a) * denominator + volume * least < best:
                        break
                    r = leave
                    p = ends[r]
                    fresh = True
                if fresh:
                    q = np.searchsorted(ends, p + o, side="right") - 1
            if fresh:
                fresh = False
                window = first_sums[q] + (p + o - ends[q]) * numerators[q]
                window -= first_sums[r] + (p - ends[r]) * numerators[r]
                cost = cost_at(a, s, o, p, ends, numerators, first_sums, moment_sums, denominator)
                if cost < best:
                    best, start = cost, p
            if r == last or (p + o - a) * denominator >= best:
                break
            # Both ends of the request's stay lie in one run each: the cost is quadratic in p.
            length = ends[r + 1] - p
            if q < last:
                length = min(length, ends[q + 1] - p - o)
            slope = denominator + numerators[q] * (s + o) - numerators[r] * s - window
            bend = numerators[r] - numerators[q]
            if bend > 0 and slope < 0:
                k = (-slope + bend - 1) // bend
                if k < length:
                    inner = cost + k * slope + (k * (k - 1) // 2) * bend
                    if inner < best:
                        best, start = inner, p + k
            cost += length * slope + (length * (length - 1) // 2) * bend
            window -= length * bend
            p += length
            if cost < best:
                best, start = cost, p
            if q < last and p + o == ends[q + 1]:
                q += 1
            if p == ends[r + 1]:
                r += 1
                check = r % BLOCK == 0
        starts[i] = start
        costs[i] = best


@njit(nogil=True)
def add_usage(
    prompt: Ints, output: Ints, count: Ints, starts: Ints, ends: Ints, usage: Ints
) -> None:
    """Add the token-steps that requests at these starts hold in each run to `usage`, shape (R,)."""
    runs = len(ends) - 1
    for i in range(len(starts)):
        s, o, p = prompt[i], output[i], starts[i]
        r = np.searchsorted(ends, p, side="right") - 1
        held = np.int64(0)
        while r < runs:
            u = min(o, ends[r + 1] - p)
            upto = s * u + u * (u + 1) // 2
            usage[r] += (upto - held) * count[i]
            held = upto
            if u == o:
                break
            r += 1
