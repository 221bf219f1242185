"""Section 7: the derived formulas against closed forms and runs."""

from math import exp, sqrt

import numpy as np
import pytest

from kvproof.bounds.queueing.crosscheck import fluid_queue, real_backlog
from kvproof.bounds.queueing.derivation import waits
from kvproof.bounds.queueing.single_server import _waits


@pytest.mark.parametrize("load", [0.3, 0.7, 0.95])
def test_waits_are_the_closed_forms(load: float) -> None:
    bit = sqrt(2)
    found = waits(load, 10.0, 1000.0, bit)
    work = 3 * load * 100 / 1000
    share = exp(-bit)
    below = load * (1 - share * (1 + bit + bit * bit / 2))
    assert found["fcfs"] == pytest.approx(work / (1 - load))
    assert found["svf-1bit"] == pytest.approx(
        (1 - share) * work / (1 - below) + share * work / ((1 - below) * (1 - load))
    )
    x = np.linspace(0, 60, 600_001)
    load_x = load * (1 - np.exp(-x) * (1 + x + x * x / 2))
    assert found["svf"] == pytest.approx(
        np.trapezoid(np.exp(-x) * work / (1 - load_x) ** 2, x), rel=1e-4
    )
    assert found["svf"] < found["svf-1bit"] < found["fcfs"]


def test_fluid_queue_serves_in_order() -> None:
    arrival, service = np.array([0.0, 1.0, 1.5, 9.0]), np.array([4.0, 3.0, 1.0, 1.0])
    assert _waits(arrival, service, arrival).tolist() == [0, 3, 5.5, 0]
    assert _waits(arrival, service, service).tolist() == [0, 4, 2.5, 0]


def test_runs_agree_where_theory_says_so() -> None:
    for check in (*fluid_queue(seed=3, runs=6, requests=20_000), *real_backlog(seed=3, runs=3)):
        assert check.agrees == check.expected, check
