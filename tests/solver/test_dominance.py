"""Dominance: what survives, few states or many, against comparing all pairs."""

import numpy as np
import pytest

from kvproof.solver.dp.dominance import undominated
from kvproof.solver.dp.states import packing_of
from kvproof.solver.model import model_of
from kvproof.solver.threads import new_flag
from tests.solver.common import make


@pytest.mark.parametrize("seed", range(10))
def test_undominated_equals_pairwise_comparison(seed):
    rng = np.random.default_rng(seed)
    model = model_of(make(20, [(0, 1, 10), (0, 2, 3)]))
    packing = packing_of(model)
    lanes = rng.integers(0, 6, (40, 10))
    profile = np.zeros((40, packing.words), dtype=np.uint64)
    for j in range(10):
        shift = np.uint64(packing.bits * (j % (64 // packing.bits)))
        profile[:, j // (64 // packing.bits)] |= lanes[:, j].astype(np.uint64) << shift
    lanes[:, 4:] = lanes[:, 4:] // 3 * 3
    key = rng.integers(0, 3, 40).astype(np.uint64)
    latency = rng.integers(0, 4, 40)
    order = np.lexsort((latency, key))
    keep = np.zeros(40, dtype=bool)
    shape = packing.shape[1]
    more = rng.integers(0, 3, (40, 1)).astype(np.uint64)
    raised = profile + more * shape
    starts = np.zeros((len(key), 1), np.int16)
    undominated(order, key, starts, profile, raised, packing, keep, new_flag())
    low, high = (
        [[int(w) >> (packing.bits * j) & ((1 << packing.bits) - 1) for w in row
          for j in range(64 // packing.bits)] for row in rows]
        for rows in (profile, raised)
    )  # fmt: skip

    def beats(a, b):
        return (
            key[a] == key[b]
            and latency[a] <= latency[b]
            and all(x <= y for x, y in zip(low[a], high[b], strict=True))
        )

    # of states that cost the same the first in `order` wins, so order decides who beats whom
    kept = []
    for i in order.tolist():
        if not any(beats(e, i) for e in kept):
            kept.append(i)
    assert sorted(kept) == np.flatnonzero(keep).tolist()


def lanes_of(packing, rows):
    """The tokens of each later step in packed profiles, shape (states, lanes)."""
    number, mask = 64 // packing.bits, np.uint64((1 << packing.bits) - 1)
    shifts = np.arange(number, dtype=np.uint64) * np.uint64(packing.bits)
    return (rows[:, :, None] >> shifts & mask).reshape(len(rows), -1).astype(np.int64)


@pytest.mark.parametrize(("memory", "spread"), [(20, 1), (300, 1), (300, 40), (60, 0)])
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_of_many_the_same_survive(seed, memory, spread, exact):
    # most survive: what is held now is the less the more is held later
    rng = np.random.default_rng(seed)
    model = model_of(make(memory, [(0, 1, 10), (0, 2, 3)]))
    packing, rows, steps = packing_of(model), 5_000, 10
    lanes = rng.integers(0, memory // 2 + 1, (rows, steps))
    lanes[:, -1] = np.maximum(0, memory - lanes[:, :-1].sum(axis=1) // (steps - 1))
    profile = np.zeros((rows, packing.words), np.uint64)
    raised = profile.copy()
    higher = np.minimum(lanes + rng.integers(0, spread + 1, lanes.shape), memory)
    for j in range(steps):
        word, shift = divmod(j, 64 // packing.bits)
        for out, tokens in ((profile, lanes), (raised, higher)):
            out[:, word] |= tokens[:, j].astype(np.uint64) << np.uint64(packing.bits * shift)
    key = rng.choice([7, 9], rows, p=[0.1, 0.9]).astype(np.uint64)
    order = np.lexsort((rng.integers(0, 9, rows), key))
    keep = np.zeros(rows, np.bool_)
    starts = np.where(key == 7, 0, -1).astype(np.int16)[:, None]
    packing = packing._replace(exact=exact)
    shared = key if exact else np.zeros(rows, np.uint64)
    undominated(order, shared, starts, profile, raised, packing, keep, new_flag())
    low, high = lanes_of(packing, profile), lanes_of(packing, raised)
    for group in (7, 9):
        kept = np.empty((0, low.shape[1]), np.int64)
        for i in order[key[order] == group].tolist():
            survives = not (kept <= high[i]).all(axis=1).any()
            assert keep[i] == survives
            if survives:
                kept = np.vstack((kept, low[i]))
    assert spread == 40 or (keep & (key == 9)).sum() > 1_024


@pytest.mark.parametrize("memory", [20, 31, 60, 300])
def test_of_many_each_drops_its_equal(memory):
    # all hold as much in all, so that none is below another but its equal, which comes later
    rng = np.random.default_rng(memory)
    packing = packing_of(model_of(make(memory, [(0, 1, 10)])))
    lanes = rng.multinomial(memory, rng.dirichlet([0.3] * 6, 3_000))
    lanes = rng.permutation(np.unique(lanes, axis=0))
    rows, profile = len(lanes), np.zeros((len(lanes), packing.words), np.uint64)
    for j in range(6):
        word, shift = divmod(j, 64 // packing.bits)
        profile[:, word] |= lanes[:, j].astype(np.uint64) << np.uint64(packing.bits * shift)
    profile, key = np.tile(profile, (2, 1)), np.zeros(2 * rows, np.uint64)
    keep = np.zeros(2 * rows, np.bool_)
    starts = np.zeros((2 * rows, 1), np.int16)
    undominated(np.arange(2 * rows), key, starts, profile, profile, packing, keep, new_flag())
    assert rows > 1_024
    assert keep.tolist() == [True] * rows + [False] * rows


def test_the_flag_ends_dominance():
    model = model_of(make(20, [(0, 1, 10), (0, 2, 3)]))
    packing, keep = packing_of(model), np.zeros(2, np.bool_)
    key, profile = np.zeros(2, np.uint64), np.zeros((2, 3), np.uint64)
    flag, starts = np.ones(1, np.bool_), np.zeros((2, 1), np.int16)
    undominated(np.arange(2), key, starts, profile, profile, packing, keep, flag)
    assert not keep.any()
    undominated(np.arange(2), key, starts, profile, profile, packing, keep, new_flag())
    assert keep.tolist() == [True, False]
