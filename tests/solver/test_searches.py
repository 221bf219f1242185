"""Searches to rising targets: what others find while one runs. Beams, ever wider ones."""

import random
import signal
import time
from contextlib import suppress

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.proofs import SearchProof
from kvproof.solver.dp import layered, stage
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.multipliers import make_vector
from kvproof.solver.dp.root import climb, root_of
from kvproof.solver.dp.stage import beams, searches
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.heuristics import listed
from kvproof.solver.interval import known
from kvproof.solver.model import model_of
from kvproof.solver.stages import _result
from kvproof.solver.threads import listening
from kvproof.solver.windows import fix_windows
from tests.solver.common import certificate, make, verdict


def one_by_one(model):
    """The schedule in which no two requests run together, after the last arrival: total, starts."""
    starts = np.arange(model.requests) * int(model.output.max()) + int(model.arrival.max())
    return model.total(starts), starts


@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_target_that_is_lowered_on_the_way_is_proved(after, monkeypatch):
    monkeypatch.setattr(layered, "_FEW", 0)  # a turn for each layer
    instance = make(20, [(0, 0, o) for o in (2, 3, 5, 7, 8, 9, 11, 12, 14)])
    best = solver.solve(instance)
    assert best.gap == 0
    model = model_of(instance)
    state = known(model, *one_by_one(model))
    prices = climb(model, state, None, lambda: None)
    rooted = root_of(model, prices, state, 2**30, None, lambda: None)
    turns = 0
    for _ in searches(rooted, state, Effort(), None, lambda: None):
        turns += 1
        if turns == after:
            assert best.total_latency < state.upper
            state.upper = best.total_latency
            state.starts = listed(model, best.schedule.starts)
    assert turns > after
    assert state.lower == state.upper == best.total_latency
    assert isinstance(state.proof, SearchProof)
    assert state.proof.target == best.total_latency
    result = _result(instance, model, state, None, [], 0.0)
    assert verdict(certificate(result)).verdict == "verified"


def search_of_three(effort):
    """A search below 40 that no prices guide."""
    model = model_of(make(9, [(0, 4, 4), (0, 4, 5), (0, 0, 7)]))
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 40))
    none = np.zeros_like(grid.windows.allowed, dtype=np.int32)
    return stage.Search(grid, make_vector(grid, none, none, 0), 40, effort)


def test_a_beam_proves_nothing_be_it_as_wide_as_can_be():
    for width in (1, 10_000):
        beam = search_of_three(Effort(width=width)).run()
        assert beam.limit is None
        assert not beam.proved
    whole = search_of_three(Effort()).run()
    assert whole.proved
    assert whole.best == whole.floor


@pytest.mark.parametrize("target", [1, 20])
def test_a_beam_whose_target_falls_proves_nothing(target):
    beam = search_of_three(Effort(width=10_000))
    for _ in beam.layers():
        beam.lower(target)
    assert not beam.outcome.proved


def test_a_lost_ctrl_c_ends_a_search():
    search = search_of_three(Effort())
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with listening():
            with suppress(KeyboardInterrupt):  # as a finaliser does
                signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                search.run()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("seconds", "widths"), [(None, [4, 8, 10**9]), (60, [4, 8])])
def test_a_beam_that_would_not_end_in_time_is_not_begun(monkeypatch, seconds, widths):
    rng = random.Random(3)
    model = model_of(make(30, [(0, rng.randint(1, 8), rng.randint(1, 10)) for _ in range(10)]))
    state = known(model, *one_by_one(model))
    prices = climb(model, state, None, lambda: None)
    rooted = root_of(model, prices, state, 2**30, None, lambda: None)
    begun = []

    class Noted(stage.Search):
        def __init__(self, grid, root, target, effort, *more):
            begun.append(effort.width)
            super().__init__(grid, root, target, effort, *more)

    monkeypatch.setattr(stage, "Search", Noted)
    monkeypatch.setattr(stage, "_WIDTHS", (4, 8, 10**9))
    deadline = None if seconds is None else time.monotonic() + seconds
    before = state.upper
    for _ in beams(rooted.grid, rooted.root, state, deadline, Effort()):
        pass
    assert begun == widths
    assert state.upper < before
