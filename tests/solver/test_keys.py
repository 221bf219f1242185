"""Keys of started requests: exact while they fit, then hashes that sets may share."""

import random

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.proofs import SearchProof
from kvproof.solver.dp import states
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.stage import solve_certified
from kvproof.solver.dp.states import packing_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.model import model_of
from kvproof.solver.reference import brute_force
from tests.solver.common import certificate, draw, make, verdict


def test_a_key_of_more_than_62_requests_is_a_hash():
    exact = packing_of(model_of(make(90, [(0, k, 1) for k in range(62)])))
    assert exact.exact
    assert exact.radix.tolist() == [1 << c for c in range(62)]
    for n in (63, 80):
        hashed = packing_of(model_of(make(90, [(0, k, 1) for k in range(n)])))
        assert not hashed.exact
        assert len(set(hashed.radix.tolist())) == n
        assert (hashed.radix >> np.uint64(30) > 0).all()


@pytest.mark.parametrize("raised", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_sets_that_share_a_key_are_told_apart(seed, raised, monkeypatch):
    monkeypatch.setattr(states, "_BITS", 1)
    instance = draw(random.Random(seed))
    model = model_of(instance)
    assert not packing_of(model).exact
    effort = Effort(raise_at=0 if raised else 8_000)
    found = solve_certified(model, *best_policy(instance, model), effort=effort)
    assert found.lower == found.upper == brute_force(instance)[0]


def test_seventy_different_requests_are_searched():
    rng = random.Random(1)
    rows = [(rng.randint(0, 400), rng.randint(1, 10), rng.randint(1, 15)) for _ in range(70)]
    result = solver.solve(make(40, rows), engine="dp")
    assert len(set(rows)) > 62
    assert result.gap == 0
    assert isinstance(result.proof, SearchProof)
    assert verdict(certificate(result)).verdict == "verified"
