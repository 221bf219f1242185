from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.exact import as_pq, decimal, exact_dot, exact_sum

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT64))
def test_sum_does_not_overflow(values):
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@given(st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1))))
def test_dot_does_not_overflow(pairs):
    values, weights = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    assert exact_dot(values, weights) == sum(v * w for v, w in pairs)


@pytest.mark.parametrize(
    ("value", "places", "up", "shown"),
    [
        (Fraction(1045, 1000), 2, True, "1.05"),
        (Fraction(1045, 1000), 2, False, "1.04"),
        (Fraction(1), 4, True, "1.0000"),  # what is exact is not rounded up
        (Fraction(100001, 100000), 4, True, "1.0001"),
        (Fraction(-1, 3), 2, True, "-0.33"),
        (Fraction(-1, 3), 2, False, "-0.34"),
        (Fraction(-1, 3), 0, False, "-1"),
        (7, 0, True, "7"),
    ],
)
def test_decimals_are_rounded_to_the_named_side(value, places, up, shown):
    assert decimal(value, places, up=up) == shown


def test_decimal_with_commas():
    assert decimal(Fraction(12345678, 10), 2, up=False, commas=True) == "1,234,567.80"


def test_rationals_are_written_in_lowest_terms():
    assert as_pq(Fraction(6, 4)) == "3/2"
    assert as_pq(3) == "3/1"
