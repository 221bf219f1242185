"""Sums over many denominators: from below, and the columns as the mapping."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.certificates import sums
from kvproof.certificates.sums import grouped_columns, grouped_sum


def test_many_denominators_are_added_on_a_grid_from_below():
    groups = dict.fromkeys(range(1, 301), -1)
    exact = sum(Fraction(n, d) for d, n in groups.items())
    on_grid = grouped_sum(groups)
    assert exact - Fraction(300, 10**12) < on_grid <= exact
    assert on_grid.denominator <= 10**12
    few = dict.fromkeys(range(1, 257), -1)
    assert grouped_sum(few) == sum(Fraction(n, d) for d, n in few.items())


terms = st.lists(
    st.tuples(st.integers(1, 2**44) | st.integers(1, 9), st.integers(-(2**62), 2**62)), min_size=1
)


@pytest.mark.parametrize("groups", [0, 256])
@given(terms=terms)
def test_columns_are_added_as_the_mapping_is(groups, terms):
    together: defaultdict[int, int] = defaultdict(int)
    for d, n in terms:
        together[d] += n
    denominator, numerator = (np.array(column) for column in zip(*terms, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "EXACT_GROUPS", groups)
        assert grouped_columns(denominator, numerator) == grouped_sum(together)
        patch.setattr(sums, "_FEW", 0)  # by the kernel
        assert grouped_columns(denominator, numerator) == grouped_sum(together)
        wide = (denominator.astype(object), numerator.astype(object))
        assert grouped_columns(*wide) == grouped_sum(together)


@pytest.mark.parametrize("most", [1 << 12, 1 << 14, 1 << 22])
def test_more_denominators_than_a_table_holds_are_added_in_passes(most, monkeypatch):
    monkeypatch.setattr(sums, "MOST_SLOTS", most)
    rng = np.random.default_rng(2)
    denominator = rng.integers(1, 20_000, 50_000) * rng.choice([1, 1, 2**40], 50_000)
    numerator = rng.integers(-(2**62), 2**62, 50_000)
    together: defaultdict[int, int] = defaultdict(int)
    for d, n in zip(denominator.tolist(), numerator.tolist(), strict=True):
        together[d] += n
    assert grouped_columns(denominator, numerator) == grouped_sum(together)
