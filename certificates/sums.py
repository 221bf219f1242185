"""Sums of very many rationals: exact while few denominators differ, else on a grid from below."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import CHUNK, Column, exact_sum

# A sum over more denominators than this is taken on a grid: their common denominator would have
# as many digits as there are requests.
EXACT_GROUPS = 256
_HALF = 10**6
GRID = _HALF**2
# Terms that are added in Python: compiling for them would take longer.
_FEW = 1 << 10
# Slots of a table of denominators, at first and at most (of 24 bytes each); half of them are used.
_SLOTS, MOST_SLOTS = 1 << 12, 1 << 22


def grouped_sum(groups: Mapping[int, int]) -> Fraction:
    """Add ``numerator / denominator`` over {denominator: numerator}, never above the true sum.

    Exact up to 256 denominators; beyond that each term is rounded down to a multiple of 10^-12.
    """
    if len(groups) <= EXACT_GROUPS:
        return _exact(list(groups.items()))
    return Fraction(sum(n * GRID // d for d, n in groups.items()), GRID)


def _exact(terms: list[tuple[int, int]]) -> Fraction:
    """Add (denominator, numerator) in pairs, and pairs of sums: most numbers stay small."""
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        rest = terms[len(terms) - len(terms) % 2 :]
        terms = [(d * e, n * e + m * d) for (d, n), (e, m) in pairs] + rest
    return sum((Fraction(n, d) for d, n in terms), Fraction(0))


def grouped_columns(denominator: Column, numerator: Column) -> Fraction:
    """Do what :func:`grouped_sum` does, equal denominators of the two columns being one term.

    Parameters
    ----------
    denominator, numerator
        Of equal shape; int64, or Python integers in an array of objects where they do not fit.
    """
    chunks = range(0, len(denominator), CHUNK)
    return grouped_chunks(
        lambda: ((denominator[i : i + CHUNK], numerator[i : i + CHUNK]) for i in chunks),
        len(denominator),
    )


def grouped_chunks(chunks: Callable[[], Iterator[tuple[Column, Column]]], terms: int) -> Fraction:
    """Do what :func:`grouped_columns` does with columns that come in parts, made when needed.

    Parameters
    ----------
    chunks
        Gives the parts: of int64, or each column of Python integers.
    terms
        How many terms there are in all.
    """
    first = next(chunks())
    if terms <= _FEW or not first[0].dtype == first[1].dtype == np.int64:
        groups: defaultdict[int, int] = defaultdict(int)
        for columns in chunks():
            for d, n in zip(*(column.tolist() for column in columns), strict=True):
                groups[d] += n
        return grouped_sum(groups)
    passes = 1
    while True:
        on_grid = 0
        for part in range(passes):
            table = _gathered(chunks(), part, passes)
            if table is None:
                break
            if passes == 1 and len(table[0]) <= EXACT_GROUPS:
                return grouped_sum(dict(zip(table[0].tolist(), _whole(table), strict=True)))
            on_grid += _on_grid(*table)
        else:
            return Fraction(on_grid, GRID)
        passes *= 4  # too many denominators at a time: a share of them in each pass


def _gathered(
    chunks: Iterator[tuple[Column, Column]], part: int, passes: int
) -> tuple[Column, Column, Column] | None:
    """Return each denominator of a share of them, and the two halves of its numerators' sum.

    None where there are more than are taken at a time.
    """
    keys = np.zeros(_SLOTS, np.int64)
    sums = np.zeros((_SLOTS, 2), np.int64)
    filled = 0
    for denominator, numerator in chunks:
        begin = 0
        while True:
            begin, filled = _gather(keys, sums, filled, denominator, numerator, begin, part, passes)
            if begin == len(denominator):
                break
            if len(keys) == MOST_SLOTS:
                return None
            keys, sums = _grown(keys, sums)
    there = np.flatnonzero(keys)
    return keys[there], sums[there, 0], sums[there, 1]


def _whole(table: tuple[Column, Column, Column]) -> list[int]:
    _, high, low = table
    return [(hi << 32) + lo for hi, lo in zip(high.tolist(), low.tolist(), strict=True)]


def _on_grid(denominator: Column, high: Column, low: Column) -> int:
    """Sum the terms in units of the grid, each rounded down."""
    size = np.abs(high.astype(np.float64) * 2.0**32 + low)
    fits = (size < 2.0**62) & (denominator < 2**63 // _HALF)
    d, numerator = denominator[fits], (high[fits] << 32) + low[fits]
    whole, rest = np.divmod(numerator, d)
    upper, rest = np.divmod(rest * _HALF, d)  # a digit to the base 10^6, and the next
    lower = rest * _HALF // d
    total = exact_sum(whole) * GRID + exact_sum(upper) * _HALF + exact_sum(lower)
    wide = (denominator[~fits], high[~fits], low[~fits])
    columns = zip(wide[0].tolist(), _whole(wide), strict=True)
    beyond: int = sum(n * GRID // d for d, n in columns)
    return total + beyond


@njit(nogil=True)
def _gather(keys, sums, filled, denominator, numerator, begin, part, passes):  # type: ignore[no-untyped-def]
    """Add terms from `begin` on to a table with open addressing, until it is half full.

    Returns
    -------
    The first term that was not looked at, and how many denominators there are.
    """
    slots = np.uint64(len(keys))
    for i in range(begin, len(denominator)):
        key = denominator[i]
        mixed = _mixed(key)
        if (mixed >> np.uint64(8)) % np.uint64(passes) != np.uint64(part):
            continue
        slot = np.int64((mixed >> np.uint64(24)) & (slots - np.uint64(1)))
        while keys[slot] != key:
            if keys[slot] == 0:
                if 2 * filled >= len(keys):
                    return i, filled
                keys[slot] = key
                filled += 1
                break
            slot = (slot + 1) % len(keys)
        sums[slot, 0] += numerator[i] >> 32
        sums[slot, 1] += numerator[i] & 0xFFFFFFFF
    return len(denominator), filled


@njit(nogil=True)
def _grown(keys, sums):  # type: ignore[no-untyped-def]
    """Return the table with four times the room."""
    size = 4 * len(keys)
    more, added = np.zeros(size, np.int64), np.zeros((size, 2), np.int64)
    for old in range(len(keys)):
        if keys[old] != 0:
            slot = np.int64((_mixed(keys[old]) >> np.uint64(24)) & np.uint64(size - 1))
            while more[slot] != 0:
                slot = (slot + 1) % size
            more[slot] = keys[old]
            added[slot] = sums[old]
    return more, added


@njit(nogil=True)
def _mixed(key):  # type: ignore[no-untyped-def]
    """Spread a key over 64 bits, each of which depends on all of its own."""
    key = np.uint64(key)
    key = (key ^ (key >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return key ^ (key >> np.uint64(32))
