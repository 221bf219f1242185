"""Sorting of long non-negative int64 columns by radix: linear, where NumPy's own sort is not.

At ten million entries it takes a fifth of the time. Short columns, and those whose values are
too large to be packed, go through NumPy; both give the same.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import CHUNK, Column

_SHORT = 1 << 14
_DIGIT = 11


def sort_values(values: Column) -> Column:
    """Return the values in ascending order."""
    if len(values) < _SHORT or values.min() < 0:
        return np.sort(values)
    ascending: Column = _radix(values.copy(), 0, int(values.max()).bit_length())
    return ascending


def stable_order(key: Column) -> Column:
    """Return ``np.argsort(key, kind="stable")``."""
    bits = len(key).bit_length()
    if len(key) < _SHORT or key.min() < 0 or int(key.max()).bit_length() + bits > 63:
        return np.argsort(key, kind="stable")
    # the index rides along in the low bits and is in order already
    packed = key << bits
    for begin in range(0, len(key), CHUNK):
        packed[begin : begin + CHUNK] |= np.arange(begin, min(begin + CHUNK, len(key)))
    order: Column = _radix(packed, bits, bits + int(key.max()).bit_length())
    order &= (1 << bits) - 1
    return order


def count_pairs(major: Column, minor: Column) -> tuple[Column, Column, Column]:
    """Return the distinct pairs in ascending order, and how often each occurs."""
    bits = int(minor.max()).bit_length()
    if major.min() < 0 or minor.min() < 0 or int(major.max()).bit_length() + bits > 63:
        pairs, count = np.unique(np.stack((major, minor)), axis=1, return_counts=True)
        return pairs[0], pairs[1], count
    packed = major << bits
    packed |= minor
    packed = sort_values(packed)
    first = np.flatnonzero(np.concatenate(([True], packed[1:] != packed[:-1])))
    count = np.diff(first, append=len(packed))
    distinct = packed[first]
    return distinct >> bits, distinct & ((1 << bits) - 1), count


@njit
def _radix(values, low, high):  # type: ignore[no-untyped-def]
    """Sort by the bits low..high-1, stably, a digit at a time; `values` is overwritten."""
    source, target = values, np.empty_like(values)
    size = 1 << _DIGIT
    while low < high:
        place = np.zeros(size + 1, np.int64)
        for value in source:
            place[((value >> low) & (size - 1)) + 1] += 1
        for digit in range(size):
            place[digit + 1] += place[digit]
        for value in source:
            digit = (value >> low) & (size - 1)
            target[place[digit]] = value
            place[digit] += 1
        source, target = target, source
        low += _DIGIT
    return source
