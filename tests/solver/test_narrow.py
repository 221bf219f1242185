"""Layers of few states: the same as one by one."""

import random

import numpy as np
import pytest

from kvproof.solver.dp import layered, narrow
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.layered import Search
from kvproof.solver.dp.multipliers import from_prices, make_vector
from kvproof.solver.dp.narrow import layers_of_few
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import SCALE, grid_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.model import model_of
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import fix_windows, quick_prices
from tests.solver.common import draw, make


def guided(instance, above=0):
    """A grid, the vector of prices in closed form, and a target near the best policy's total."""
    model = model_of(instance)
    target = best_policy(instance, model)[0] + above
    windows = fix_windows(model, quick_prices(model), target)
    if windows.empty:
        return None
    grid = grid_of(model, windows)
    alpha, beta = (np.rint(x).astype(np.int32) for x in from_prices(grid, quick_prices(model)))
    return grid, make_vector(grid, alpha, beta, 0), target


def outcome_of(begun, effort, few, at_once, monkeypatch):
    monkeypatch.setattr(layered, "_FEW", few)
    monkeypatch.setattr(layered, "_AT_ONCE", at_once)
    return Search(*begun, effort).run()


@pytest.mark.parametrize("seed", range(60))
def test_layers_at_once_are_those_one_by_one(seed, monkeypatch):
    rng = random.Random(seed)
    begun = guided(draw(rng, most=9), above=rng.randint(-1, 2))
    if begun is None:
        return
    width = rng.choice([None, None, 4, 40])
    effort = Effort(width=width, raise_at=width or 8_000)
    one, many = (
        outcome_of(begun, effort, few, at_once, monkeypatch)
        for few, at_once in ((0, 0), (rng.choice([1, 5, 2_000]), rng.choice([0, 10, 20_000])))
    )
    for name in ("proved", "best", "limit", "states", "used"):
        assert getattr(many, name) == getattr(one, name)
    if width is None:  # a beam may meet another schedule as good
        assert many.floor == one.floor
        assert np.array_equal(many.starts, one.starts)


def crowd():
    rng = random.Random(5)
    return make(10, [(0, rng.randint(0, 4), rng.randint(1, 6)) for _ in range(9)])


def layers(begun, *, most=2_000, total=20_000, flag=None):
    grid, vector, target = begun
    packing = packing_of(grid.model)
    root = States.root(packing, grid.model.requests)
    flag = new_flag() if flag is None else flag
    cutoff = (target - 1) * SCALE
    found = layers_of_few(grid, vector, packing, root, 0, cutoff, target, most, total, flag)
    return found.sizes.tolist(), found


def test_layers_end_where_they_are_told_to(monkeypatch):
    begun = guided(crowd())
    sizes, whole = layers(begun)
    assert sizes[-1] == len(whole.states) == 0
    largest = max(sizes)
    assert largest > 10
    # the first with which they are more than so many is the last
    some, found = layers(begun, total=sizes[0])
    assert some == sizes[:2]
    assert len(found.states) == sizes[1]
    # what is too large is left undone, and where it began is kept
    few, found = layers(begun, most=largest - 1)
    assert few == sizes[: sizes.index(largest)]
    assert len(found.states) == few[-1]
    keys = found.states.key
    assert (keys[1:] >= keys[:-1]).all()
    # no room for all children of a layer
    monkeypatch.setattr(narrow, "_ROWS", 0)
    assert layers(begun)[0] == []
    monkeypatch.undo()
    monkeypatch.setattr(narrow, "_CELLS", 0)
    none, found = layers(begun)
    assert none == []
    assert found.states.key.tolist() == [0]
    monkeypatch.undo()
    assert layers(begun, flag=np.ones(1, np.bool_))[0] == []
