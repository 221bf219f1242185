"""A lower bound on OPT from requests that cannot all complete together: staggered completions.

When some request completes, those that complete next are under way. One of peak at least ``h`` and
output at least ``o`` that completes ``g`` steps later holds at least ``h (1 - g/o)`` at that step
if it has started; if it has not, this is not positive. So if ``C_1 <= C_2 <= ...`` are the
completions of such requests, in any feasible schedule and for all k and m,

    ``(C_{k+1} - C_k) + ... + (C_{k+m-1} - C_k) >= o (m - M/h)``.

A linear programme in the gaps between completions bounds their sum, and its dual is solved from
left to right. It sees what a time-indexed programme does not: requests are whole, so after each
completion some memory lies idle until the others have grown into it, eps/2 of all memory in waves
of equal requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from kvproof.certificates.opt.cuts import SAMPLE, Sample, estimate, terms, thinned
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance

Rows = npt.NDArray[np.bool_]

#: Multipliers are multiples of one over this.
UNIT = 2**32
#: Quantiles of peaks and of outputs from which groups are made, where there are many requests.
QUANTILES = 8
#: Requests up to which every number of them is tried as m.
_FEW = 64
#: What is promised in floats is off by less than this share.
_ALMOST = 1 - 1e-9
#: Groups that are bounded exactly: the most promising ones, and one where there are many requests.
TRIED = 2


@dataclass(frozen=True, kw_only=True)
class Group:
    """Requests of at least this peak and output, m of whose completions are taken together.

    Parameters
    ----------
    peak, output
        Least peak h and least output, ``output <= peak``.
    together
        How many, m >= 1.
    """

    peak: int
    output: int
    together: int


def staggered_bound(instance: Instance, group: Group) -> Fraction:
    """Return the bound of a group's staggered completions, and of the others apart.

    Dropping requests from a schedule leaves a feasible one, so OPT is at least OPT of the group
    plus OPT of the others.

    Raises
    ------
    InputError
        The group has fewer requests than are taken together.
    """
    requests = instance.expanded()
    peak, output, m = group.peak, group.output, group.together
    chosen = _as_large(requests, group)
    arrival = requests.arrival[chosen]
    n = len(arrival)
    if n < m:
        raise InputError(f"staggered: {n} requests are as large as these {m}")
    value = Fraction(n * (int(arrival.min()) + output) - exact_sum(arrival))
    apart = output * (m - Fraction(instance.memory, peak))
    if apart > 0:
        value += apart * Fraction(_multipliers(n, m), UNIT)
    value = max(value, Fraction(exact_sum(requests.output[chosen])))
    if n < requests.rows:
        others = Instance(
            memory=instance.memory, arrival=requests.arrival[~chosen],
            prompt=requests.prompt[~chosen], output=requests.output[~chosen],
        )  # fmt: skip
        value += max(discrete_centroid_bound(others), Fraction(exact_sum(others.output)))
    return value


def _as_large(requests: Instance | Sample, group: Group) -> Rows:
    """Say which requests are of a group."""
    peak = requests.prompt + requests.output
    return (peak >= group.peak) & (requests.output >= group.output)


def choose_group(instance: Instance) -> tuple[Group, Fraction]:
    """Return a good group, and its bound."""
    tried = promising_groups(instance, hopeless=True)
    bounded = [(group, staggered_bound(instance, group)) for group in tried]
    return max(bounded, key=lambda one: one[1])


def promising_groups(instance: Instance, *, hopeless: bool) -> list[Group]:
    """Return the groups that promise the most.

    Of many requests it is one; none, unless `hopeless` groups count, where the centroid of all
    promises more on the same sample.
    """
    requests = instance.expanded()
    sample = thinned(requests)
    scale = requests.rows / len(sample.output)
    tried = TRIED if requests.rows <= SAMPLE else 1
    found = _most_promising(requests.memory, sample, scale, tried, hopeless)
    if requests.rows <= SAMPLE:
        return found
    # a sample knows about how many
    return [
        replace(group, together=min(group.together, int(_as_large(requests, group).sum())))
        for group in found
    ]


def _most_promising(
    memory: int, sample: Sample, scale: float, tried: int, hopeless: bool
) -> list[Group]:
    """Return so many groups at most, of `scale` times as many requests as a sample has."""
    apart, outputs = terms(sample, np.zeros_like(sample.output)), sample.output
    # each with what it promises at most: the others are served no later where it is missing
    found = []
    for head, group, inside in _groups(memory, sample, scale):
        most = head + scale * max(apart[~inside].sum(), outputs[~inside].sum())
        found.append((most, head, group, inside))
    found.sort(key=lambda one: -one[0])
    least = -np.inf if hopeless else scale * max(apart.sum(), outputs.sum())
    kept: list[tuple[float, Group]] = []
    for most, head, group, inside in found:
        if most <= least * _ALMOST or (len(kept) == tried and most <= kept[-1][0] * _ALMOST):
            break
        promise = head if inside.all() else head + scale * _promise(sample.some(~inside))
        if promise > least * _ALMOST:
            kept = sorted([*kept, (promise, group)], key=lambda one: -one[0])[:tried]
    return [group for _, group in kept]


def _groups(memory: int, sample: Sample, scale: float) -> Iterator[tuple[float, Group, Rows]]:
    """Yield different groups, each after about what it costs at least, and which are of it."""
    peaks, outputs = sample.prompt + sample.output, sample.output
    high = [peaks >= level for level in _levels(peaks).tolist()]
    long = [outputs >= level for level in _levels(outputs).tolist()]
    seen = set()
    for inside in (tall & lasting for tall in high for lasting in long):
        arrival = sample.arrival[inside]
        if not len(arrival):
            continue
        # the most that can be said of all of them
        least = peak, output = int(peaks[inside].min()), int(outputs[inside].min())
        if least in seen:
            continue
        seen.add(least)
        n = round(scale * len(arrival))
        together, spread = _together(n, memory / peak)
        cost = n * (int(arrival.min()) + output) - scale * float(arrival.sum()) + output * spread
        cost = max(cost, scale * float(outputs[inside].sum()))
        yield cost, Group(peak=peak, output=output, together=together), inside


def _promise(sample: Sample) -> float:
    """Return about what the requests of a sample cost at least."""
    return max(estimate(sample, np.zeros_like(sample.output)), float(sample.output.sum()))


def _levels(values: Column) -> Column:
    """Return the values from which on a request may be of a group: all, or some quantiles."""
    levels: Column = np.unique(values)
    if len(levels) > QUANTILES:
        levels = np.quantile(values, np.linspace(0, 1, QUANTILES), method="lower").astype(np.int64)
    return np.unique(levels)


def _together(n: int, share: float) -> tuple[int, float]:
    """Return the best m for n requests of which `share` fill the memory, and about its gain.

    The gain is in outputs. In the long run completions are ``2 o (m - share)/(m (m - 1))`` apart.
    """
    if n == 1:
        return 1, 0.0
    if n <= _FEW:
        m, gain = _best_of_few(n, share)
        return int(m), float(gain)
    best = share + np.sqrt(share * max(0.0, share - 1))
    m = int(min(n, max(2, round(best))))
    return m, max(0.0, (m - share) * n * n / (m * (m - 1)))


def _multipliers(n: int, m: int) -> int:
    """Return the sum of the multipliers, times `UNIT`.

    Raises
    ------
    ArithmeticError
        One is negative, which would prove nothing; it cannot be (:func:`multipliers_reference`).
    """
    high, low = _filled(n, m)  # no number in it exceeds UNIT times n
    if high < 0:
        raise ArithmeticError(f"staggered: of {n} completions, {m} together, a multiplier below 0")
    return (int(high) << 32) + int(low)


@njit
def _best_of_few(n, share):  # type: ignore[no-untyped-def]
    """Try every m; return the first with the largest gain, and that gain."""
    best, most = 2, 0.0
    for m in range(2, n + 1):
        high, low = _filled(n, m)
        gain = (m - share) * (np.float64(high) + np.float64(low) / UNIT)
        if gain > most:
            best, most = m, gain
    return best, most


@njit
def _filled(n, m):  # type: ignore[no-untyped-def]
    """Do what the reference does, in int64; return the sum as multiples of 2^32 and the rest.

    -1 where a multiplier is negative.
    """
    unit = np.int64(UNIT)
    last = n - m + 1
    x = np.empty(last, np.int64)
    charged = window = high = low = np.int64(0)
    for k in range(1, last + 1):
        x[k - 1] = (unit * (n - k) - charged) // (m - 1)
        if x[k - 1] < 0:
            return np.int64(-1), np.int64(0)
        if k >= m:
            window -= x[k - m]
        window += x[k - 1]
        charged += (m - 1) * x[k - 1] - window
        high += x[k - 1] >> 32
        low += x[k - 1] & (unit - 1)
    return high, low


def multipliers_reference(n: int, m: int) -> int:
    """Fill the gaps between n completions from left to right; return the sum times `UNIT`.

    The k-th inequality, taken ``x_k >= 0`` times, charges the gap before completion i, for
    ``k < i < k + m``, ``(m - i + k) x_k``; a gap may be charged no more than the n - i + 1
    completions that it delays. x_k is as large as the first gap of the k-th lets it be, down to a
    multiple of 1/UNIT. All these inequalities and gaps are then tight but for the rounding, and
    the gaps after the last of them delay in vain: this is the programme's optimum.

    No x_k is negative. With what the rounding leaves, ``0 <= r < m - 1``, the first gap of the
    k-th is charged ``(m - 1) x_k + (m - 2) x_{k-1} + ... + x_{k-m+2} = UNIT (n - k) - r``. If none
    is negative up to k, the sum of these x is at least ``(UNIT (n - k) - r)/(m - 1)``, and for
    ``k < n - m + 1`` at least ``UNIT - r + UNIT/(m - 1)``; the room that is left in the next gap is
    that sum less ``UNIT - r``.
    """
    x: list[int] = []
    charged = window = 0
    for k in range(1, n - m + 2):
        x.append((UNIT * (n - k) - charged) // (m - 1))
        if x[-1] < 0:
            raise ArithmeticError(f"staggered: the multiplier of completion {k} is below 0")
        if k >= m:
            window -= x[k - m]
        window += x[-1]
        charged += (m - 1) * x[-1] - window
    return sum(x)
