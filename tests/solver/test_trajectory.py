"""The relaxation by tables of paths: against plain versions, the checker's, and one by one."""

import random

import numpy as np
import pytest

from kvproof.certificates.checker.core.starts import Kind
from kvproof.certificates.checker.fast.trajectory import HUGE, Vector, make_field
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp import ascent, trajectory
from kvproof.solver.dp.multipliers import NO_START, make_vector
from kvproof.solver.dp.paths import Paths, follow
from kvproof.solver.dp.sweep import ANY, NEVER, _end_any, _start_any, sweep
from kvproof.solver.dp.trajectory import SCALE, grid_of
from kvproof.solver.model import model_of
from kvproof.solver.windows import fix_windows
from tests.solver.common import draw, make


@pytest.mark.parametrize("most", [900, 300_000])
@pytest.mark.parametrize("seed", range(25))
def test_tables_equal_the_checkers(seed, most):
    rng = random.Random(seed)
    model = model_of(draw(rng))
    steps = int(model.arrival.max() + (model.output * model.count).sum())
    target = int(model.total(np.full(model.requests, steps)))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), min(target, 60))
    if windows.empty:
        return
    grid = grid_of(model, windows)
    draws = np.random.default_rng(seed)
    shape = windows.allowed.shape
    alpha = draws.integers(-most, most, shape).astype(np.int32)
    beta = draws.integers(-most, most, shape).astype(np.int32)
    since = rng.randint(0, 3)
    fast = make_vector(grid, alpha, beta, since)
    kinds = [
        Kind(*(int(x) for x in row), np.flatnonzero(allowed).tolist())
        for *row, allowed in zip(
            model.arrival, model.prompt, model.output, model.count, windows.allowed, strict=True
        )
    ]
    field = make_field(kinds, model.memory, SCALE, Meter(DEFAULT))
    chosen = [
        [{p: int(part[c, p]) for p in kind.starts} for c, kind in enumerate(kinds)]
        for part in (alpha, beta)
    ]
    plain = Vector(field, since, *chosen, Meter(DEFAULT))
    for t in range(since, windows.horizon + 2):
        expected = np.array(plain.table[t], dtype=object)
        real = expected < HUGE // 2
        assert (fast.table[t][real] == expected[real]).all()
        # the kernel's stand-in for "no path" only ever makes a bound smaller
        assert (fast.table[t][~real] >= NEVER // 2).all()
        assert (fast.table[t][~real] <= NEVER).all()
    rest = [min(row[since], int(NO_START)) for row in plain.rest]
    assert rest == fast.rest[:, since].tolist()


@pytest.mark.parametrize("worth", [2**27, 2**24])
def test_multipliers_beyond_32_bits_are_refused(worth):
    # too much in one step, or over the steps: each start earns this
    model = model_of(make(12, [(0, 0, 1)] * 9))
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 90))
    alpha = np.full(grid.windows.allowed.shape, worth, dtype=np.int32)
    none = np.zeros_like(alpha)
    assert make_vector(grid, alpha // 2**10, none, 0).table[0, 0, 0] < 0
    with pytest.raises(LimitError, match="beyond 32 bits; use kvproof improve, "):
        make_vector(grid, alpha, none, 0)


def test_a_path_stays_within_the_memory_where_there_is_none():
    """As it may be where multipliers climb beyond 32 bits; it wrote beyond its arrays."""
    model = model_of(make(5, [(0, 1, 1)] * 4 + [(1, 4, 1)] * 3))
    grid = grid_of(model, fix_windows(model, np.zeros(0, np.int64), 90))
    running, tokens = grid.layout.least.size - 1, model.memory
    paths = Paths(np.array([running]), np.array([tokens]), np.ones(1))
    scratch = ascent.make_scratch(grid)
    for _ in range(2):
        follow(grid.layout, 0, paths, scratch.taken, np.zeros((2, model.classes, 90)))
        assert paths.running[0] == running
        assert paths.tokens[0] == model.memory


def test_tables_are_no_larger_than_they_may_be(monkeypatch):
    model = model_of(make(12, [(0, 0, 1)] * 9))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), 90)
    cells = int(np.prod(grid_of(model, windows).shape))
    monkeypatch.setattr(trajectory, "MAX_CELLS", cells)
    grid_of(model, windows)
    trajectory.refuse_size(model)
    monkeypatch.setattr(trajectory, "MAX_CELLS", cells - 1)
    with pytest.raises(LimitError, match="is too large a table; use kvproof improve, "):
        grid_of(model, windows)
    monkeypatch.setattr(trajectory, "MAX_CELLS", 3 * 10 * 13 - 1)  # all nine in one step
    with pytest.raises(LimitError, match="1 steps x 10 running x 12 tokens is too large"):
        trajectory.refuse_size(model)


def repeated(seed):
    """Return a backlog of a few classes of equal requests."""
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(1, 3)):
        rows += [(0, rng.randint(0, 3), rng.randint(1, 4))] * rng.randint(3, 9)
    return model_of(make(rng.randint(18, 40), rows))


@pytest.mark.parametrize("seed", range(12))
def test_equal_requests_in_parts_are_what_they_are_one_by_one(seed):
    model = repeated(seed)
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 250))
    single = grid.layout._asdict()
    for event, held in (("start", model.prompt + 1), ("end", model.prompt + model.output)):
        size = single[f"{event}_size"]
        assert (size != 1).any()
        together = np.minimum(len(grid.layout.least) - 1, model.memory // held)
        size = np.where(size == ANY, together[single[f"{event}_class"]], size)
        single[f"{event}_first"] = np.append(0, np.cumsum(size))[single[f"{event}_first"]]
        single[f"{event}_class"] = np.repeat(single[f"{event}_class"], size)
        single[f"{event}_size"] = np.ones(size.sum(), np.int64)
    draws = np.random.default_rng(seed)
    alpha, beta = draws.integers(-900, 900, (2, *grid.windows.allowed.shape)).astype(np.int32)
    found = []
    for layout in (grid.layout, trajectory.Layout(**single)):
        table = np.zeros(grid.shape, np.int32)
        sweep(layout, 0, alpha, beta, table, np.empty((1, grid.cells), np.bool_))
        found.append(table)
    assert (found[0] == found[1]).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_best_path_weighs_what_the_table_says(seed):
    model = repeated(seed)
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 250))
    draws = np.random.default_rng(seed)
    values = draws.integers(-900, 900, (2, *grid.windows.allowed.shape)).astype(np.int32)
    scratch = ascent.make_scratch(grid)
    sweep(grid.layout, 0, values[0], values[1], scratch.table, scratch.taken)
    slope = np.zeros(values.shape)
    paths = Paths(np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1))
    follow(grid.layout, 0, paths, scratch.taken, slope)
    assert (slope * values).sum() == scratch.table[0, 0, 0]
    assert (slope[0].sum(axis=1) <= 0).all()


@pytest.mark.parametrize("since", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_paths_followed_together_are_what_each_is_alone(seed, since):
    model = repeated(seed)
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 250))
    draws = np.random.default_rng(seed)
    values = draws.integers(-900, 900, (2, *grid.windows.allowed.shape)).astype(np.int32)
    scratch = ascent.make_scratch(grid)
    sweep(grid.layout, since, values[0], values[1], scratch.table, scratch.taken)
    begun = np.argwhere(scratch.table[since] < NEVER // 2)
    running, tokens = draws.permutation(begun)[:9].T
    weight = 2.0 ** -np.arange(len(running))
    slope, alone = np.zeros(values.shape), np.zeros(values.shape)
    for q in range(len(running)):
        one = np.zeros(values.shape)
        path = Paths(*(column[q : q + 1].copy() for column in (running, tokens)), np.ones(1))
        follow(grid.layout, since, path, scratch.taken, one)
        assert (one * values).sum() == scratch.table[since, running[q], tokens[q]]
        alone += weight[q] * one
    follow(grid.layout, since, Paths(running, tokens, weight), scratch.taken, slope)
    assert (slope == alone).all()
    assert len(running) > 1


@pytest.mark.parametrize("since", [0, 3])
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("equal", [False, True])
def test_plain_sweep(seed, since, equal):
    model = repeated(seed) if equal else model_of(draw(random.Random(seed), most=7))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), 250 if equal else 60)
    if windows.empty:
        return
    grid = grid_of(model, windows)
    draws = np.random.default_rng(seed)
    alpha, beta = draws.integers(-900, 900, (2, *windows.allowed.shape)).astype(np.int32)
    for notes in (ascent.make_scratch(grid).taken, np.zeros((1, grid.cells), np.bool_)):
        found = []
        for run in (sweep, sweep.plain):
            table, taken = np.zeros(grid.shape, np.int32), notes.copy()
            run(grid.layout, since, alpha, beta, table, taken)
            found.append((table, taken[: len(taken) if len(taken) > 1 else 0]))
        assert (found[0][0] == found[1][0]).all()
        assert (found[0][1] == found[1][1]).all()


@pytest.mark.parametrize("kernel", [_start_any, _end_any])
@pytest.mark.parametrize("seed", range(20))
def test_plain_events_of_any_size(seed, kernel):
    draws = np.random.default_rng(seed)
    lane, rows = draws.integers(2, 6), draws.integers(2, 9)
    work = draws.choice([-1, 0, 1, 2, NEVER], lane * rows).astype(np.int32)
    work[lane - 1 :: lane] = NEVER
    arguments = work, draws.integers(1, rows) * lane + 1, np.int32(draws.integers(-1, 2)), lane
    found = []
    for run in (kernel, kernel.plain):
        out, flag = np.zeros_like(work), np.ones(work.size, np.bool_)
        run(*arguments, out, flag)
        found.append((out.tolist(), flag.tolist()))
    assert found[0] == found[1]
