"""Vectors found for layers of many states: what they prove, and the room that they take."""

import random
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from kvproof import solver
from kvproof.solver.dp import ascent, kernels, layered, refining, sweep
from kvproof.solver.dp.ascent import ascend
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.multipliers import sample_of
from kvproof.solver.dp.refining import Vectors, rebound
from kvproof.solver.dp.stage import solve_certified
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.model import model_of
from kvproof.solver.windows import fix_windows
from tests.solver.common import certificate, make, verdict


def _twelve(seed):
    """Twelve requests, their model and the best policy's schedule."""
    rng = random.Random(seed)
    instance = make(40, [(0, rng.randint(1, 8), rng.randint(1, 12)) for _ in range(12)])
    model = model_of(instance)
    return instance, model, best_policy(instance, model)


@pytest.mark.parametrize("seed", range(3))
def test_vectors_for_layers_prove_what_one_vector_proves(seed):
    instance, model, policy = _twelve(seed)
    one = solve_certified(model, *policy, effort=Effort(refine_at=2**60))
    many = solve_certified(model, *policy, effort=Effort(refine_at=20, per_cluster=20))
    assert many.lower == many.upper == one.lower == one.upper
    assert len(many.proof.to_json()["vectors"]) > 2
    proof = certificate(replace(solver.solve(instance), proof=many.proof))
    assert verdict(proof).verdict == "verified"


@pytest.mark.parametrize("seed", range(3))
def test_vectors_found_on_some_children_prove_the_same(seed, monkeypatch):
    monkeypatch.setattr("kvproof.solver.dp.layered._FIRST", 10)
    trained = []
    refine = Vectors.refine

    def noted(self, states, t, worth, *rest):
        trained.append((len(states), worth))
        return refine(self, states, t, worth, *rest)

    monkeypatch.setattr(Vectors, "refine", noted)
    instance, model, policy = _twelve(seed)
    one = solve_certified(model, *policy, effort=Effort(refine_at=2**60))
    few = solve_certified(model, *policy, effort=Effort(refine_at=20, per_cluster=20))
    assert any(worth > 2 * size for size, worth in trained)
    assert few.lower == few.upper == one.upper
    proof = certificate(replace(solver.solve(instance), proof=few.proof))
    assert verdict(proof).verdict == "verified"


@pytest.mark.parametrize("seed", range(3))
def test_layers_whose_vectors_are_found_again_prove_the_same(seed, monkeypatch):
    held, refine = [], Vectors.refine

    def noted(self, *rest):
        left = refine(self, *rest)
        held.append({i for i, vector in enumerate(self.all) if vector.table.size})
        assert held[-1] == {0, *self.active}
        return left

    monkeypatch.setattr(Vectors, "refine", noted)
    instance, model, policy = _twelve(seed)
    one = solve_certified(model, *policy, effort=Effort(refine_at=2**60))
    often = Effort(refine_at=20, per_cluster=20, again_at=20, vectors=2)
    again = solve_certified(model, *policy, effort=often)
    assert again.lower == again.upper == one.upper
    assert len(set.union(*held)) > max(map(len, held))  # tables of some were left
    # both what children were made with and what was found for them
    assert max(len(used) for _, used in again.proof.to_json()["layers"]) > 2
    proof = certificate(replace(solver.solve(instance), proof=again.proof))
    assert verdict(proof).verdict == "verified"


@pytest.mark.parametrize(("share", "number"), [(3, 1), (40, 2)])
def test_ascents_side_by_side_have_room_for_their_buffers(share, number, monkeypatch):
    sizes, side_by_side, running = [], set(), []
    plain = refining.ascend

    def noted(grid, *arguments, scratch, **options):
        size = scratch.table.nbytes + scratch.taken.nbytes
        assert size == refining.scratch_bytes(grid)
        sizes.append(size)
        running.append(1)
        time.sleep(0.01)  # until another one has begun that may
        side_by_side.add(len(running))
        found = plain(grid, *arguments, scratch=scratch, **options)
        running.pop()
        return found

    monkeypatch.setattr(refining, "ascend", noted)
    monkeypatch.setattr(refining, "cores", lambda: 2)
    monkeypatch.setattr(layered, "cores", lambda: 2)
    _, model, policy = _twelve(1)
    effort = Effort(refine_at=20, per_cluster=20, rounds=10)
    solve_certified(model, *policy, effort=effort)
    side_by_side.clear()
    solve_certified(model, *policy, effort=replace(effort, memory_bytes=share * max(sizes)))
    assert max(side_by_side) == number


def test_kernels_are_compiled_for_one_kind_of_array():
    _, model, policy = _twelve(5)
    solve_certified(model, *policy, effort=Effort(refine_at=20))
    for kernel in (ascent._ascend, sweep.sweep, kernels.expand, rebound):
        assert len(kernel.signatures) == 1


def test_the_flag_ends_an_ascent_after_one_round():
    model = model_of(make(30, [(0, 1 + i % 5, 3 + i) for i in range(8)]))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), 120)
    grid = grid_of(model, windows)
    alpha = beta = np.zeros(windows.allowed.shape)
    sample = sample_of(grid, States.root(packing_of(model), model.requests), np.array([0]), 0)
    flag = np.ones(1, dtype=np.bool_)
    climb = partial(ascend, grid, alpha, beta, sample, target=120, stride=100.0)
    stopped = climb(rounds=400, flag=flag)
    once = climb(rounds=1)
    longer = climb(rounds=400)
    assert stopped[2] == once[2] < longer[2]
