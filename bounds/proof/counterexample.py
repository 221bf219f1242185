"""The search for a point where a claim is false. Whatever it finds is verified exactly."""

import random
from collections.abc import Iterator
from typing import Any

import sympy as sp

from kvproof.bounds.proof.ranges import Range

POINTS = 3000
_VALUES = [sp.Rational(*pq) for pq in ((0, 1), (1, 1), (1, 2), (2, 1), (3, 1), (1, 10), (10, 1))]
_FAR = [sp.Rational(*pq) for pq in ((1, 3), (3, 2), (1, 100), (99, 100), (5, 1), (100, 1), (9, 10))]


def find(
    difference: Any, ranges: list[Range], integers: set[Any], *, strict: bool
) -> dict[Any, Any] | None:
    """Return a point of the domain where ``difference >= 0`` (or ``> 0``) is false, or None."""
    for point in _points(ranges, integers):
        if not all(one.holds(point) for one in ranges):
            continue
        value = difference.subs(point)
        if value.is_finite is not True:
            continue
        if value.is_negative or (strict and value.is_zero):
            return point
    return None


def _points(ranges: list[Range], integers: set[Any]) -> Iterator[dict[Any, Any]]:
    rng = random.Random(0)  # the same points every time
    # how far into its range each symbol lies: first simple values, then any
    for count in range(POINTS):
        pool = _VALUES if count < POINTS // 2 else _VALUES + _FAR
        point: dict[Any, Any] = {}
        for one in ranges:
            y = rng.choice(pool)
            low = one.low.subs(point)
            if one.high is None:
                x = low + y
            else:
                high = one.high.subs(point)
                x = rng.choice((high, low, (low + high * y) / (1 + y)))
            point[one.symbol] = sp.floor(x) if one.symbol in integers else x
        yield point
