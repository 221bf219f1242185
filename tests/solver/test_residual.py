"""The bound that sees residual profiles: against paths one by one, the tables and OPT."""

import random
from functools import cache

import numpy as np
import pytest

from kvproof import solver
from kvproof.solver.dp.multipliers import make_vector
from kvproof.solver.dp.residual import ahead_of, see
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.sweep import NEVER
from kvproof.solver.dp.trajectory import SCALE, grid_of
from kvproof.solver.model import model_of
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import fix_windows
from tests.solver.common import draw, make


def equal_ones(rng):
    """A backlog or arrivals of a few classes of equal requests."""
    rows = []
    for _ in range(rng.randint(1, 3)):
        one = rng.randint(0, 4), rng.randint(0, 3), rng.randint(1, 4)
        rows += [one] * rng.randint(2, 5)
    return make(rng.randint(9, 18), rows)


def begun(model, starts, now):
    """Return the one state before the starts at step `now` of a schedule, listed class by class."""
    packing = packing_of(model)
    owner = np.repeat(np.arange(model.classes), model.count)
    state = States.root(packing, model.requests)
    lanes = 64 // packing.bits
    for r in np.flatnonzero(starts < now).tolist():
        c, p = int(owner[r]), int(starts[r])
        state.key[0] += packing.radix[c]
        state.latency[0] += p + model.output[c] - model.arrival[c]
        state.starts[0, r] = p
        for step in range(now + 1, p + int(model.output[c]) + 1):
            word, lane = divmod(step - now - 1, lanes)
            held = int(model.prompt[c]) + step - p
            state.profile[0, word] += np.uint64(held << (packing.bits * lane))
    return state


def one_by_one(grid, vector, state, now, steps):
    """Return the bound by a recursion over single events, or None where no path is left."""
    model, layout = grid.model, grid.layout
    owner = np.repeat(np.arange(model.classes), model.count).tolist()
    runs = [(c, p) for c, p in zip(owner, state.starts[0].tolist(), strict=True) if p >= 0]
    room = [int(n) - sum(c == d for d, _ in runs) for c, n in enumerate(model.count)]
    ends = [p + int(model.output[c]) for c, p in runs]
    last = min(max(ends, default=now - 1) + 1 - now, steps, grid.horizon + 1 - now)

    def held(step):
        return sum(int(model.prompt[c]) + step - p for (c, p), e in zip(runs, ends, strict=True)
                   if e >= step)  # fmt: skip

    left = [(c, p) for (c, p), e in zip(runs, ends, strict=True) if e >= now + last]

    def fits(step, k, u):
        inside = 0 <= k < len(layout.least) - len(left) and u <= model.memory - held(step)
        return inside and layout.least[k] <= u <= layout.most[k]

    def after(step, k, u):
        """From what stands in a step after its ends: each holds a token more in the next."""
        return started(step, model.classes - 1, None, k, u + k)

    @cache
    def started(step, c, most, k, u):
        # of the classes up to c, of c itself at most so many more
        if not fits(step + 1, k, u):
            return NEVER
        if c < 0:
            return stands(step + 1, k, u)
        most = room[c] if most is None else most
        best = started(step, c - 1, None, k, u)
        if most > 0 and grid.windows.allowed[c, step]:
            more = started(step, c, most - 1, k + 1, u + int(model.prompt[c]) + 1)
            best = min(best, more - int(vector.alpha[c, step]))
        return best

    @cache
    def stands(step, k, u):
        if step == now + last:
            return int(vector.table[step, k + len(left), u + held(step)])
        return ended(step, model.classes - 1, None, k, u)

    @cache
    def ended(step, c, most, k, u):
        if not fits(step, k, u):
            return NEVER
        if c < 0:
            return after(step, k, u)
        most = room[c] if most is None else most
        best = ended(step, c - 1, None, k, u)
        p = step - int(model.output[c])
        if most > 0 and p >= now and grid.windows.allowed[c, p]:
            fewer = ended(step, c, most - 1, k - 1, u - int(model.prompt[c] + model.output[c]))
            best = min(best, fewer - int(vector.beta[c, p]))
        return best

    value = int(state.latency[0]) * SCALE
    value += sum(n * int(vector.rest[c, now]) for c, n in enumerate(room))
    value += sum(int(vector.beta[c, p]) for c, p in left)
    return value + after(now, 0, 0) if last > 0 else None


def table_bound(grid, vector, state, now):
    """Return what the tables alone say of a state."""
    model = grid.model
    owner = np.repeat(np.arange(model.classes), model.count)
    waits = state.starts[0] < 0
    runs = ~waits & (state.starts[0] + model.output[owner] >= now)
    tokens = int((model.prompt[owner] + now - state.starts[0])[runs].sum())
    value = int(state.latency[0]) * SCALE + int(vector.rest[owner[waits], now].sum())
    value += int(vector.beta[owner[runs], state.starts[0][runs]].sum())
    return value + int(vector.table[now, runs.sum(), tokens])


@pytest.mark.parametrize("repeat", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_bound_equals_paths_one_by_one_and_lies_between_tables_and_opt(seed, repeat):
    rng = random.Random(seed)
    instance = equal_ones(rng) if repeat else draw(rng, 6)
    model = model_of(instance)
    found = solver.solve(instance)
    opt = found.total_latency
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), opt + 3)
    grid = grid_of(model, windows)
    draws = np.random.default_rng(seed)
    shape = windows.allowed.shape
    alpha, beta = (draws.integers(-900, 900, shape).astype(np.int32) for _ in range(2))
    vector = make_vector(grid, alpha, beta, 0)
    own = np.array(found.schedule.starts) - model.origin
    starts = np.concatenate([np.sort(own[list(members)]) for members in model.members])
    compared = 0
    for now in range(1, int(starts.max()) + 1):
        state = begun(model, starts, now)
        low = table_bound(grid, vector, state, now)
        for steps in (1, 2, 3, 9):
            state.low[0] = -(2**60)
            see(grid.layout, packing_of(model), ahead_of(grid, [vector], now, steps),
                state.columns, 0, 1, new_flag())  # fmt: skip
            expected = one_by_one(grid, vector, state, now, steps)
            if expected is None:
                assert state.low[0] == -(2**60)
                continue
            compared += 1
            assert state.low[0] == expected
            assert low <= expected <= opt * SCALE
    assert compared or starts.max() == 0


@pytest.mark.parametrize("seed", range(20))
def test_of_many_states_each_is_seen_by_its_own_vector(seed):
    rng, draws = random.Random(seed), np.random.default_rng(seed)
    model = model_of(equal_ones(rng))
    grid = grid_of(model, fix_windows(model, np.zeros(0, dtype=np.int64), 250))
    multipliers = draws.integers(-900, 900, (3, 2, *grid.windows.allowed.shape)).astype(np.int32)
    vectors = [make_vector(grid, *both, 0) for both in multipliers]
    owner, now = np.repeat(np.arange(model.classes), model.count), rng.randint(1, 3)
    states = []
    while len(states) < 8:  # of those that start before `now` so that they fit
        starts = np.sort(draws.integers(0, 2 * now, model.requests) + 9 * now * owner) % (9 * now)
        held = np.zeros(99, np.int64)
        for c, p in zip(owner.tolist(), starts.tolist(), strict=True):
            span = np.arange(1, model.output[c] + 1)
            held[p + span] += (model.prompt[c] + span) * (p < now)
        if held.max() <= model.memory and (starts >= np.minimum(now, model.arrival[owner])).all():
            states.append(begun(model, starts, now))
            states[-1].vector[0] = len(states) % 4  # there may be fewer vectors by then
    expected = [
        one_by_one(grid, vectors[min(int(state.vector[0]), 2)], state, now, 2) for state in states
    ]
    none = -(2**60)
    expected = [none if bound is None else int(bound) for bound in expected]
    ahead, packing = ahead_of(grid, vectors, now, 2), packing_of(model)
    joined = States.joined(states)
    for begin, stop, low, flag in (
        (0, 8, none, False), (3, 5, none, False), (0, 8, 2**60, False), (0, 8, none, True)
    ):  # fmt: skip
        joined.low[:] = low
        see(grid.layout, packing, ahead, joined.columns, begin, stop, np.array([flag]))
        seen = slice(begin, 0 if flag else stop)
        raised = [low] * 8
        raised[seen] = [max(low, bound) for bound in expected[seen]]
        assert joined.low.tolist() == raised
