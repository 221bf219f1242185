import doctest
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling import latency
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.histogram import Histogram
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.latency import LatencyStatistics, Spread, percentile
from kvproof.scheduling.schedule import Schedule


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values, percent):
    found = percentile(np.array(values), percent)
    assert found in values
    assert sum(v <= found for v in values) * 100 >= percent * len(values)
    assert sum(v < found for v in values) * 100 < percent * len(values)


def test_doctests():
    assert doctest.testmod(latency).attempted
    assert not doctest.testmod(latency).failed


@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=300))
def test_a_spread_is_read_off_the_sorted_values(values):
    spread = Spread.of(np.array(values))
    ordered = sorted(values)
    assert spread.mean == Fraction(sum(values), len(values))
    for name, percent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
        rank = next(r for r in range(1, len(values) + 1) if 100 * r >= percent * len(values))
        assert getattr(spread, name) == ordered[rank - 1]
    assert spread.max == ordered[-1]
    assert list(spread.values()) == ["mean", "p50", "p90", "p95", "p99", "max"]


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=300))
def test_a_spread_of_counts_is_that_of_the_column(values):
    column = np.array(values)
    assert Spread.of_histogram(Histogram.of(column)) == Spread.of(column)


def test_nothing_has_no_spread():
    with pytest.raises(InputError):
        Spread.of(np.zeros(0, dtype=np.int64))


def test_what_users_of_a_schedule_feel():
    instance = Instance(memory=20, arrival=[0, 3], prompt=[4, 2], output=[3, 2], count=[1, 2])
    found = LatencyStatistics.of(Schedule(instance=instance, starts=[0, 3, 7]))
    assert found.latency == Spread(mean=Fraction(11, 3), p50=3, p90=6, p95=6, p99=6, max=6)
    assert (found.waiting.mean, found.waiting.max) == (Fraction(4, 3), 4)
    assert (found.first_token.mean, found.first_token.p50) == (Fraction(7, 3), 1)
    assert found.queueing_share == Fraction(4, 11)
    assert "p99 6" in repr(found)


def test_a_schedule_as_columns():
    instance = Instance(memory=20, arrival=[0, 3], prompt=[4, 2], output=[3, 2])
    schedule = Schedule(instance=instance, starts=[1, 7])
    columns = {name: values.tolist() for name, values in schedule.columns().items()}
    assert columns == {
        "row": [0, 1], "arrival": [0, 3], "prompt": [4, 2], "output": [3, 2], "start": [1, 7],
        "completion": [4, 9], "waiting": [1, 4], "latency": [4, 6],
    }  # fmt: skip
    assert schedule.columns(np.array([5, 2]))["row"].tolist() == [5, 2]
