"""The short search before all else: what it closes is proved, and what it leaves is as it was."""

import random
import time
from dataclasses import replace

import pytest

from kvproof import solver
from kvproof.solver.dp import quick as module
from kvproof.solver.dp.quick import quick_search
from kvproof.solver.heuristics import best_policy
from kvproof.solver.interval import known
from kvproof.solver.model import model_of
from kvproof.solver.reference import brute_force
from kvproof.solver.stages import _result
from tests.solver.common import certificate, claim_more, draw, make, verdict


def state_of(instance):
    model = model_of(instance)
    return model, known(model, *best_policy(instance, model), groups=False)


@pytest.mark.parametrize("seed", range(60))
def test_what_it_closes_is_proved_and_nothing_more(seed):
    instance = draw(random.Random(seed), most=6)
    model, state = state_of(instance)
    if state.closed():
        return
    quick_search(model, state, None)
    opt = brute_force(instance)[0]
    assert state.lower == state.upper == opt
    made = certificate(_result(instance, model, state, None, [], 0.0))
    # prices alone are enough where no start is left that would be cheaper
    assert made["proof"]["lower_bound"]["kind"] == ("price" if seed == 27 else "search")
    assert verdict(made).verdict == "verified"
    assert verdict(claim_more(made, opt)).verdict == "rejected"


def open_one():
    """An instance of which bounds without search, and prices in closed form, leave some."""
    rng = random.Random(8)
    return make(20, [(rng.randint(0, 20), rng.randint(0, 5), rng.randint(1, 8)) for _ in range(10)])


def test_a_schedule_that_it_finds_is_kept():
    instance = open_one()
    model, state = state_of(instance)
    before = state.upper
    quick_search(model, state, None)
    assert state.closed()
    assert state.upper < before
    assert state.states > 0
    assert model.total(state.starts) == state.upper == solver.solve(instance).total_latency


@pytest.mark.parametrize(("name", "value"), [("_STATES", 0), ("_MOST", 1), ("_WORK", 0)])
def test_what_would_take_long_is_left_as_it_is(name, value, monkeypatch):
    monkeypatch.setattr(module, name, value)
    model, state = state_of(open_one())
    before = state.lower, state.upper, state.starts.tolist(), state.proof
    quick_search(model, state, None)
    assert (state.lower, state.upper, state.starts.tolist(), state.proof) == before
    assert not state.closed()


def test_a_backlog_with_a_wide_gap_is_left(monkeypatch):
    rng = random.Random(8)
    rows = [(3, rng.randint(0, 4), rng.randint(1, 6)) for _ in range(10)]
    model, state = state_of(make(10, rows))
    monkeypatch.setattr(module, "_FEW", 9)
    quick_search(model, state, None)
    assert not state.closed()
    monkeypatch.undo()  # of so few there are not that many states
    quick_search(model, state, None)
    assert state.closed()


def test_time_that_is_up_ends_it():
    model, state = state_of(open_one())
    quick_search(model, state, time.monotonic() - 1)
    assert not state.closed()


def test_what_is_too_large_for_a_search_is_left():
    model, state = state_of(make(40_000, [(0, 9_000, 15_000), (0, 8_000, 14_000), (7, 1, 30_000)]))
    quick_search(model, state, None)
    assert not state.closed()


def test_ctrl_c_meanwhile_leaves_an_interval(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kvproof.solver.dp.quick.quick_search", interrupted)
    result = solver.solve(open_one())
    assert (result.status, result.limit) == ("feasible", "interrupt")


def test_groups_count_where_it_is_left(monkeypatch):
    instance = make(20, [(0, 1, 6)] * 9 + [(0, 0, 4)] * 3)
    model, state = state_of(instance)
    grouped = known(model, state.upper, state.starts)
    assert grouped.lower > state.lower
    monkeypatch.setattr("kvproof.solver.stages.in_turns", lambda *_: [])
    found = solver.solve(instance, engine="dp")
    assert (found.lower_bound, found.engine) == (grouped.lower, "staggered")


@pytest.mark.parametrize("engine", ["auto", "dp"])
def test_a_solve_begins_with_it(engine, quick):
    found = solver.solve(open_one(), engine=engine)
    assert found.status == "optimal"
    assert (found.detail["turns"] == []) == (quick == "quick")
    assert verdict(certificate(found)).verdict == "verified"
    # nor does it matter when time begins
    later = replace(open_one(), arrival=open_one().arrival + 9)
    again = solver.solve(later, engine=engine)
    assert again.total_latency == found.total_latency
    assert verdict(certificate(again)).verdict == "verified"
