"""Exact sums over int64 columns, and decimals that are rounded to a named side."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]
#: Of a smaller type, maybe; whoever computes with one takes it as int64 first.
Integers = npt.NDArray[np.integer[Any]]

_LOW = np.int64((1 << 32) - 1)
CHUNK = 1 << 18  # what is made on the way stays in the cache


def smallest(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return integers of at least 0 in the smallest of uint8, uint16, uint32 that holds them.

    Others are returned as they are. Never uint64: beside int64 NumPy would make floats of it.
    """
    if column.dtype == object or not len(column) or column.min() < 0:
        return column
    most = int(column.max())
    for kind in (np.uint8, np.uint16, np.uint32):
        if most <= np.iinfo(kind).max:
            return column.astype(kind, copy=False)
    return column.astype(np.int64, copy=False)


def exact_sum(values: Column) -> int:
    """Sum an int64 array of up to 2^31 entries without overflow.

    Each half of 32 bits is summed on its own, so no partial sum leaves int64.
    """
    total = 0
    for begin in range(0, len(values), CHUNK):
        part = values[begin : begin + CHUNK]
        total += (int((part >> 32).sum()) << 32) + int((part & _LOW).sum())
    return total


def by_parts(function: Callable[..., Column], *columns: Integers) -> Column:
    """Return ``function(*columns)``, of each entry by itself, with little memory on the way."""
    made = np.empty(len(columns[0]), np.int64)
    for begin in range(0, len(made), CHUNK):
        some = slice(begin, begin + CHUNK)
        made[some] = function(*(column[some] for column in columns))
    return made


def as_pq(value: Fraction | int) -> str:
    """Write a rational as ``"p/q"`` in lowest terms; an integer is ``"p/1"``."""
    value = Fraction(value)
    return f"{value.numerator}/{value.denominator}"


def decimal(value: Fraction | int, places: int, *, up: bool, commas: bool = False) -> str:
    """Write a rational with `places` decimals, rounded up or down, never to nearest.

    A lower bound is shown rounded down and a factor rounded up, so that what is shown is
    still true.

    >>> decimal(Fraction(2, 3), 2, up=False), decimal(Fraction(2, 3), 2, up=True)
    ('0.66', '0.67')
    """
    scaled = Fraction(value) * 10**places
    units = -((-scaled.numerator) // scaled.denominator) if up else scaled.__floor__()
    whole, below = divmod(abs(units), 10**places)
    sign = "-" if units < 0 else ""
    shown = f"{whole:,}" if commas else str(whole)
    return f"{sign}{shown}.{below:0{places}}" if places else sign + shown


def in_full(value: Fraction) -> str:
    """Write a rational as it is: with decimals where these end, else as ``p/q``.

    >>> in_full(Fraction(21, 20)), in_full(Fraction(3)), in_full(Fraction(1, 3))
    ('1.05', '3', '1/3')
    """
    for places in range(20):
        if 10**places % value.denominator == 0:
            return decimal(value, places, up=False)
    return as_pq(value)


def exact_dot(values: Column, weights: Column) -> int:
    """Sum ``values * weights`` exactly, for 0 <= values < 2^63 and 0 <= weights < 2^31."""
    total = 0
    for begin in range(0, len(values), CHUNK):
        part, weight = values[begin : begin + CHUNK], weights[begin : begin + CHUNK]
        total += (exact_sum((part >> 32) * weight) << 32) + exact_sum((part & _LOW) * weight)
    return total
