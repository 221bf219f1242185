from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.histogram import Histogram

COLUMNS = st.lists(st.integers(0, 30) | st.integers(0, 2**40), min_size=1, max_size=50)


def counted(histogram):
    values, counts = histogram.values.tolist(), histogram.counts.tolist()
    assert values == sorted(set(values))
    return dict(zip(values, counts, strict=True))


@given(st.lists(COLUMNS, min_size=1, max_size=4), st.integers(0, 300))
def test_columns_are_counted_each_and_together(columns, more):
    histograms = [Histogram.of(np.array(column)) for column in columns]
    for column, histogram in zip(columns, histograms, strict=True):
        assert counted(histogram) == Counter(column)
    together = Histogram.together(histograms)
    values = [value for column in columns for value in column]
    assert counted(together) == Counter(values)
    assert counted(together + more) == Counter(value + more for value in values)


def test_where_there_is_nothing_nothing_is_counted():
    with pytest.raises(InputError, match="no value to count"):
        Histogram.of(np.array([], dtype=np.int64))


def test_small_numbers_are_kept_small():
    found = Histogram.of(np.array([7, 7, 7, 300] * 100))
    assert (found.values.dtype, found.counts.dtype) == (np.uint16, np.uint16)
