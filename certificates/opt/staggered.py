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

from kvproof.certificates.opt.cuts import SAMPLE, Sample, estimate, thinned
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance

#: Multipliers are multiples of one over this.
UNIT = 2**32
#: Quantiles of peaks and of outputs from which groups are made, where there are many requests.
QUANTILES = 8
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


def _as_large(requests: Instance | Sample, group: Group) -> npt.NDArray[np.bool_]:
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
    promising = sorted(_groups(requests, sample), key=lambda one: -one[0])
    if requests.rows <= SAMPLE:
        return [group for _, group in promising[:TRIED]]
    promise, group = promising[0]
    if not hopeless and promise <= _promise(sample, requests.rows / len(sample.output)):
        return []
    there = int(_as_large(requests, group).sum())  # a sample knows about how many
    return [replace(group, together=min(group.together, there))]


def _promise(sample: Sample, scale: float) -> float:
    """Return about what the requests that a sample stands for cost at least, taken together."""
    apart = estimate(sample, np.zeros_like(sample.output))
    return scale * max(apart, float(sample.output.sum()))


def _groups(requests: Instance, sample: Sample) -> Iterator[tuple[float, Group]]:
    """Return groups, each with about what it promises."""
    peaks, outputs = sample.prompt + sample.output, sample.output
    high, long = _levels(peaks), _levels(outputs)
    scale = requests.rows / len(outputs)
    for peak in high.tolist():
        for output in long.tolist():
            inside = (peaks >= peak) & (outputs >= output)
            n = round(scale * int(inside.sum()))
            if not n or output > peak:
                continue
            together, spread = _together(n, requests.memory / peak)
            arrival = sample.arrival[inside]
            waited = scale * float(arrival.sum())
            promise = n * (int(arrival.min()) + output) - waited + output * spread
            if not inside.all():
                rest = Sample(
                    memory=sample.memory, arrival=sample.arrival[~inside],
                    prompt=sample.prompt[~inside], output=outputs[~inside],
                )  # fmt: skip
                promise += _promise(rest, scale)
            yield promise, Group(peak=peak, output=output, together=together)


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
    if n <= 64:
        gains = [(m - share) * _multipliers(n, m) / UNIT for m in range(2, n + 1)]
        m = int(np.argmax(gains)) + 2
        return m, max(0.0, gains[m - 2])
    best = share + np.sqrt(share * max(0.0, share - 1))
    m = int(min(n, max(2, round(best))))
    return m, max(0.0, (m - share) * n * n / (m * (m - 1)))


def _multipliers(n: int, m: int) -> int:
    """Return the sum of the multipliers, times `UNIT`."""
    high, low = _filled(n, m)  # no number in it exceeds UNIT times n
    return (int(high) << 32) + int(low)


@njit
def _filled(n, m):  # type: ignore[no-untyped-def]
    """Do what the reference does, in int64; return the sum as multiples of 2^32 and the rest."""
    unit = np.int64(UNIT)
    last = n - m + 1
    x = np.empty(last, np.int64)
    charged = window = high = low = np.int64(0)
    for k in range(1, last + 1):
        x[k - 1] = (unit * (n - k) - charged) // (m - 1)
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
    """
    x: list[int] = []
    charged = window = 0
    for k in range(1, n - m + 2):
        x.append((UNIT * (n - k) - charged) // (m - 1))
        if k >= m:
            window -= x[k - m]
        window += x[-1]
        charged += (m - 1) * x[-1] - window
    return sum(x)
