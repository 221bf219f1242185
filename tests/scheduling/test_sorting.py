import numpy as np
import pytest

from kvproof.scheduling import sorting

# Long enough for the radix path, with many ties; then what it must hand to NumPy.
COLUMNS = {
    "ties": lambda rng: rng.integers(0, 50, 40_000),
    "wide": lambda rng: rng.integers(0, 2**40, 40_000),
    "constant": lambda rng: np.zeros(40_000, dtype=np.int64),
    "too wide to pack": lambda rng: rng.integers(0, 2**63 - 1, 40_000),
    "negative": lambda rng: rng.integers(-1000, 1000, 40_000),
    "short": lambda rng: rng.integers(0, 9, 100),
    "one": lambda rng: np.array([5]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_sorting_is_numpys(name):
    rng = np.random.default_rng(1)
    column = COLUMNS[name](rng)
    minor = rng.integers(0, 50, len(column))
    before = column.copy()
    order = np.argsort(column, kind="stable")
    assert np.array_equal(sorting.stable_order(column), order)
    assert np.array_equal(sorting.sort_values(column), column[order])
    few = column // (1 + abs(column).max() // 50)
    expected, count = np.unique(np.stack((few, minor)), axis=1, return_counts=True)
    assert np.array_equal(sorting.count_pairs(few, minor), [*expected, count])
    assert np.array_equal(column, before)
