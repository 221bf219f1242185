"""Raised profiles lose no way to complete a state, and change no answer."""

import random
from dataclasses import replace

import numpy as np
import pytest

from kvproof import solver
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.raising import raise_profiles
from kvproof.solver.dp.stage import solve_certified
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.model import model_of
from kvproof.solver.reference import brute_force
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import fix_windows
from tests.solver.common import certificate, draw, make, verdict


def lanes_of(packing, row):
    """The tokens of each later step in one packed profile."""
    mask, number = (1 << packing.bits) - 1, 64 // packing.bits
    return [int(word) >> (packing.bits * j) & mask for word in row for j in range(number)]


def packed(packing, lanes):
    number, row = 64 // packing.bits, np.zeros((1, packing.words), np.uint64)
    for j, tokens in enumerate(lanes):
        row[0, j // number] |= np.uint64(tokens << (packing.bits * (j % number)))
    return row


def most_used(model, windows, t, left, room):
    """By going through all of them: the most tokens of each step in any way to complete a state."""
    waiting = [*np.repeat(np.arange(model.classes), left).tolist(), None]
    spans = [[p for p in np.flatnonzero(row).tolist() if p >= t] for row in windows.allowed]
    length = len(room) + windows.horizon + int(model.output.max()) + 1
    free = np.full(length, model.memory)
    free[: len(room)] = room
    used = np.zeros(length, np.int64)

    def place(i, left_free, since):
        c = waiting[i]
        if c is None:
            np.maximum(used, free - left_free, out=used)
            return
        held = model.prompt[c] + np.arange(1, model.output[c] + 1)
        for p in spans[c]:
            there = left_free[p - t : p - t + len(held)]
            if p >= since and (there >= held).all():
                there -= held
                place(i + 1, left_free, p if waiting[i + 1] == c else 0)
                there += held

    place(0, free.copy(), 0)
    return used[: len(room)].tolist()


def equal_ones(rng):
    """A backlog of equal requests, and perhaps another one."""
    one = (0, rng.randint(0, 2), rng.randint(1, 4))
    other = (0, rng.randint(0, 6), rng.randint(1, 4))
    return make(rng.randint(10, 12), [one] * rng.randint(2, 5) + [other] * rng.randint(0, 1))


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_every_completion_fits_below_the_raised_profile(seed, equal):
    rng = random.Random(seed)
    model = model_of(equal_ones(rng) if equal else draw(rng, most=4))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), rng.randint(8, 22 if equal else 30))
    if windows.empty:
        return
    grid, packing = grid_of(model, windows), packing_of(model)
    layout, longest = grid.layout, int(model.output.max())
    raised_some = 0
    for _ in range(20):
        t = rng.randint(0, min(4, grid.horizon))
        left = [rng.randint(0, count) for count in model.count.tolist()]
        begun = np.arange(int(model.count.max())) < (model.count - left)[:, None]
        some = np.arange(int(model.count.max())) < model.count[:, None]
        starts = np.where(begun[some], 0, -1).astype(np.int16)[None]
        lanes = [rng.randint(0, model.memory) for _ in range(rng.randint(0, longest))]
        lanes += [0] * (packing.words * (64 // packing.bits) - len(lanes))
        profile = packed(packing, lanes)
        out = np.empty_like(profile)
        most = len(layout.least) - 1
        arguments = layout.kinds, packing, layout.allowed, t, most, starts, profile, 0, 1, out
        raise_profiles(*arguments, new_flag())
        raised = lanes_of(packing, out[0])
        room = [model.memory - tokens for tokens in lanes]
        for low, high, used in zip(
            lanes, raised, most_used(model, windows, t, left, room), strict=True
        ):
            assert low <= high <= max(low, model.memory - used)
            raised_some += low < high
    assert raised_some or model.memory < 5


@pytest.mark.parametrize("seed", range(40))
def test_raised_profiles_change_no_answer(seed):
    instance = draw(random.Random(seed))
    model = model_of(instance)
    opt, _ = brute_force(instance)
    policy = best_policy(instance, model)
    found = solve_certified(model, *policy, effort=Effort(raise_at=0))
    assert found.lower == found.upper == opt


def test_fewer_states_and_the_proof_holds():
    rng = random.Random(3)
    instance = make(25, [(0, 0, rng.randint(3, 16)) for _ in range(13)])
    model = model_of(instance)
    policy = best_policy(instance, model)
    plain = solve_certified(model, *policy, effort=Effort(raise_at=2**60))
    found = solve_certified(model, *policy, effort=Effort(raise_at=0))
    assert found.lower == found.upper == plain.lower == plain.upper
    assert 0 < 2 * found.states < plain.states
    proof = certificate(replace(solver.solve(instance), proof=found.proof))
    assert verdict(proof).verdict == "verified"
