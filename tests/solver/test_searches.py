"""Searches to rising targets: what others find while one runs."""

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.proofs import SearchProof
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.stage import climb, root_of, searches
from kvproof.solver.heuristics import listed
from kvproof.solver.interval import known
from kvproof.solver.model import model_of
from kvproof.solver.stages import _result
from tests.solver.common import certificate, make, verdict


@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_target_that_is_lowered_on_the_way_is_proved(after):
    instance = make(12, [(0, 1, 4)] * 5 + [(3, 2, 3)] * 9)
    best = solver.solve(instance)
    assert best.gap == 0
    model = model_of(instance)
    longest = int(model.output.max())
    one_by_one = np.arange(model.requests) * longest + int(model.arrival.max())
    state = known(model, model.total(one_by_one), one_by_one)
    prices = climb(model, state, None, lambda: None)
    rooted = root_of(model, prices, state, None, lambda: None)
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
