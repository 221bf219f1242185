import os
import signal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from kvproof.certificates.checker import check
from kvproof.certificates.prices import best_prices
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.solver import headroom
from kvproof.solver.headroom import find_headroom
from kvproof.solver.stages import solve


@pytest.mark.parametrize("seed", range(6))
def test_opt_lies_between_the_halves(seed):
    rng = np.random.default_rng(seed)
    instance = Instance(
        memory=14,
        arrival=np.sort(rng.integers(0, 4, 6)),
        prompt=rng.integers(0, 6, 6),
        output=rng.integers(1, 7, 6),
    )
    found = find_headroom(instance, FCFS(), trials=2_000)
    opt = solve(instance).total_latency
    assert found.lower_bound.value <= opt <= found.best.total_latency
    assert found.best.total_latency <= found.schedule.total_latency
    assert all(check(c.to_bytes()).verdict == "verified" for c in found.certificates().values())


def test_prices_are_searched_for_unless_they_are_not_asked_for():
    rng = np.random.default_rng(5)
    instance = Instance(
        memory=60, arrival=[0] * 40, prompt=rng.integers(0, 9, 40), output=rng.integers(1, 30, 40)
    )
    plain = find_headroom(instance, SVF(), trials=0, evaluations=0)
    priced = find_headroom(instance, SVF(), trials=0)
    assert plain.lower_bound.kind == "discrete-centroid"
    assert priced.lower_bound.kind == "price"
    assert plain.lower_bound.instance is priced.lower_bound.instance is instance
    assert priced.lower_bound.value > plain.lower_bound.value
    again = find_headroom(instance, SVF(), trials=0)
    assert again.best.starts.tolist() == priced.best.starts.tolist()


def test_nothing_is_searched_for_where_nothing_can_be_better():
    roomy = Instance(memory=100, arrival=[0, 1], prompt=[5, 2], output=[5, 3])
    said = []
    found = find_headroom(roomy, FCFS(), report=said.append)
    assert said == ["fcfs", "lower bound on OPT"]
    assert found.found_by == "fcfs"


def test_a_single_step_is_searched_for():
    """The policy's total is 8 and the bound 25/4: only 7 may be better, and is."""
    instance = Instance(memory=6, arrival=[0] * 3, prompt=[3, 2, 1], output=[1, 1, 4])
    found = find_headroom(instance, SVF(), trials=0, evaluations=0)
    assert (found.schedule.total_latency, found.best.total_latency) == (8, 7)
    assert found.lower_bound.value == Fraction(25, 4)


def test_time_and_ctrl_c_end_the_search_for_prices(monkeypatch):
    instance = Instance(memory=10, arrival=[0] * 3, prompt=[5, 9, 5], output=[2, 1, 3])
    now, told = [100.0], []

    def priced(instance, *, stop, **_):
        told.append(stop())
        now[0] += 10.0
        told.append(stop())
        os.kill(os.getpid(), signal.SIGINT)
        return best_prices(instance)

    for name in ("rehearse", "rehearse_improve"):
        monkeypatch.setattr(headroom, name, lambda *_, **__: None)
    monkeypatch.setattr(headroom, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(headroom, "best_prices", priced)
    found = find_headroom(instance, FCFS(), trials=0, time_limit=10.0)
    assert told == [False, True]
    assert found.interrupted


@pytest.mark.parametrize("when", ["local search", "prices"])
def test_what_was_found_before_ctrl_c_is_kept(when):
    rng = np.random.default_rng(5)
    instance = Instance(
        memory=60, arrival=[0] * 40, prompt=rng.integers(0, 9, 40), output=rng.integers(1, 30, 40)
    )

    def press(stage):
        said.append(stage)
        if stage.startswith(when):
            raise KeyboardInterrupt

    said: list[str] = []
    found = find_headroom(instance, FCFS(), trials=50, report=press)
    assert found.interrupted
    assert found.cut.at_least > 0
    assert found.lower_bound.kind == "discrete-centroid"
    assert not find_headroom(instance, FCFS(), trials=50).interrupted


def test_what_reaches_the_bound_within_a_stage_is_found_by_it():
    instance = Instance(memory=12, arrival=[0], prompt=[0], output=[6], count=[7])
    found = find_headroom(instance, FCFS(), trials=20)
    assert (found.best.total_latency, found.found_by) == (84, "guided")


def test_what_ctrl_c_left_is_found_by_the_stage_that_found_it():
    def press(stage):
        if stage.startswith("guided"):
            raise KeyboardInterrupt

    instance = Instance(memory=12, arrival=[0], prompt=[0], output=[6], count=[7])
    found = find_headroom(instance, FCFS(), trials=20, report=press)
    assert found.interrupted
    assert found.found_by == "guided"
