"""The children of a layer: decisions looked ahead, shared, in the room there is, ended in time."""

import random

import numpy as np
import pytest

from kvproof.solver.dp import kernels
from kvproof.solver.dp.expansion import Block, Exhausted, Room, children, step_of
from kvproof.solver.dp.look_ahead import look_ahead
from kvproof.solver.dp.multipliers import make_vector
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.model import model_of
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import fix_windows
from tests.solver.common import draw, make


def _first_step(model):
    """The first step of a search that a vector without prices bounds, and the packing of states."""
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 10**4))
    packing = packing_of(model)
    none = np.zeros_like(grid.windows.allowed, dtype=np.int32)
    return packing, step_of(grid, packing, [make_vector(grid, none, none, 0)], 0)


def test_shares_of_the_decisions_of_a_state_are_all_of_them():
    rng = random.Random(4)
    model = model_of(make(60, [(0, rng.randint(0, 8), rng.randint(1, 9)) for _ in range(9)]))
    packing, step = _first_step(model)
    root, flag = States.root(packing, 9), new_flag()

    def keys(share: tuple[int, int]) -> list[int]:
        made = children(
            root, step, 10**6, 10**4, Block(0, 1, share), Room(10**4), flag, lambda: False
        )
        return made.states.key.tolist()

    whole = keys((0, 1))
    parts = [keys((part, 3)) for part in range(3)]
    assert len(whole) > 100
    assert all(len(part) > 20 for part in parts)
    assert sorted(key for part in parts for key in part) == whole


def test_time_that_ends_while_children_are_compared_loses_none_of_them():
    model = model_of(make(20, [(0, 1, 3), (0, 2, 4)]))
    packing, step = _first_step(model)
    late = iter((False, True))  # not when they are made, but after a set flag has ended the kernel
    with pytest.raises(Exhausted):
        children(
            States.root(packing, 2), step, 10**6, 10**4, Block(0, 1), Room(10**4), new_flag(),
            lambda: next(late),
        )  # fmt: skip


def test_states_of_one_key_are_in_order_of_cost():
    packing = packing_of(model_of(make(20, [(0, 1, 3), (0, 2, 4)])))
    states = States.empty(4, packing, 2)
    states.key[:], states.latency[:] = [7, 3, 7, 3], [5, 9, 4, 1]
    assert states.order().tolist() == [3, 1, 2, 0]


def test_children_take_the_room_that_they_need_and_no_more():
    model = model_of(make(20, [(0, 1, 3), (0, 2, 4)]))
    packing, step = _first_step(model)
    room = Room(10_000)
    made = children(
        States.root(packing, 2), step, 10**6, 10**4, Block(0, 1), room, new_flag(), lambda: False
    )
    assert len(made.states) > 0
    assert room.take(20_000) == 10_000 - len(made.states)


def test_room_is_for_all_that_make_children():
    room = Room(10)
    assert room.take(7) == 7
    assert room.take(7) == 3
    with pytest.raises(Exhausted):
        room.take(1)
    room.give_back(2)
    assert room.take(5) == 2


@pytest.mark.parametrize("seed", range(20))
def test_look_ahead_is_the_least_over_all_decisions(seed):
    rng = random.Random(seed)
    model = model_of(draw(rng))
    ks, us = rng.randint(2, 4), model.memory + 1
    draws = np.random.default_rng(seed)
    bounds = kernels.Bounds(
        draws.integers(-50, 50, (2, model.classes)),
        np.zeros((2, model.classes, 1), np.int32),
        draws.integers(-50, 50, (2, ks, us)).astype(np.int32),
    )
    begun = draws.integers(-50, 50, (2, model.classes))
    may_start = draws.integers(0, 2, model.classes).astype(np.bool_)
    found = np.empty((model.classes + 1, ks, us, 2), np.int64)
    look_ahead(model.kinds, may_start, begun, bounds, found)

    def plain(v: int, c: int, k: int, u: int) -> int:
        if k >= ks or u >= us:
            return 2**40
        if c == model.classes:
            return int(bounds.table[v, k, u])
        gain, held = begun[v, c] - bounds.rest[v, c], model.prompt[c] + 1
        return min(
            x * gain + plain(v, c + 1, k + x, u + x * held)
            for x in range(model.count[c] + 1 if may_start[c] else 1)
        )

    expected = [
        [[[plain(v, c, k, u) for v in range(2)] for u in range(us)] for k in range(ks)]
        for c in range(model.classes + 1)
    ]
    assert found.tolist() == expected


def test_the_flag_ends_one_expansion_of_many_decisions():
    # 18 different requests that all fit: 2^18 decisions for the first state alone
    kinds = [(0, 0, k) for k in range(1, 13)] + [(0, 1, k) for k in range(1, 7)]
    model = model_of(make(120, kinds))
    packing, step = _first_step(model)
    root, out = States.root(packing, 18), States.empty(2**18, packing, 18)
    for flag, leaves in ((new_flag(), 2**18), (np.ones(1, dtype=np.bool_), 2**16)):
        found = kernels.Found(
            best=np.array([10**4]),
            starts=np.full((1, 18), -1, np.int16),
            leaves=np.zeros(1, np.int64),
        )
        kernels.expand(step, 10**6, root.columns, 0, 1, (0, 1), out.columns, 0, found, flag)
        assert found.leaves[0] == leaves
