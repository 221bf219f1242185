"""Sums of very many rationals: exact while few denominators differ, else on a grid from below."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.sorting import stable_order

# A sum over more denominators than this is taken on a grid: their common denominator would have
# as many digits as there are requests.
EXACT_GROUPS = 256
_HALF = 10**6
GRID = _HALF**2


def grouped_sum(groups: Mapping[int, int]) -> Fraction:
    """Add ``numerator / denominator`` over {denominator: numerator}, never above the true sum.

    Exact up to 256 denominators; beyond that each term is rounded down to a multiple of 10^-12.
    """
    if len(groups) <= EXACT_GROUPS:
        return sum((Fraction(n, d) for d, n in groups.items()), Fraction(0))
    return Fraction(sum(n * GRID // d for d, n in groups.items()), GRID)


def grouped_columns(denominator: Column, numerator: Column) -> Fraction:
    """Do what :func:`grouped_sum` does, equal denominators of the two columns being one term.

    Parameters
    ----------
    denominator, numerator
        Of equal shape; int64, or Python integers in an array of objects where they do not fit.
    """
    fits = denominator.dtype == numerator.dtype == np.int64
    if not fits or int(denominator.max()) >= 2**63 // _HALF:
        return grouped_sum(_grouped(denominator, numerator))
    order = stable_order(denominator)
    denominator, numerator = denominator[order], numerator[order]
    first = np.flatnonzero(np.concatenate(([True], denominator[1:] != denominator[:-1])))
    size = np.add.reduceat(np.abs(numerator).astype(np.float64), first)
    denominator = denominator[first]
    if len(first) <= EXACT_GROUPS or size.max() >= 2.0**62:
        low = np.add.reduceat(numerator & 0xFFFFFFFF, first).tolist()
        high = np.add.reduceat(numerator >> 32, first).tolist()
        columns = zip(denominator.tolist(), high, low, strict=True)
        return grouped_sum({d: (hi << 32) + lo for d, hi, lo in columns})
    whole, rest = np.divmod(np.add.reduceat(numerator, first), denominator)
    upper, rest = np.divmod(rest * _HALF, denominator)  # a digit to the base 10^6, and the next
    lower = rest * _HALF // denominator
    return Fraction(exact_sum(whole) * GRID + exact_sum(upper) * _HALF + exact_sum(lower), GRID)


def _grouped(denominator: Column, numerator: Column) -> dict[int, int]:
    groups: defaultdict[int, int] = defaultdict(int)
    for d, n in zip(denominator.tolist(), numerator.tolist(), strict=True):
        groups[d] += n
    return groups
