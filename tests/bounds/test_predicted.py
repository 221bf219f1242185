from fractions import Fraction

import numpy as np
import pytest

from kvproof.bounds.predicted import verify_predicted
from kvproof.certificates.headroom import Cut
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.simulate import simulate


def some(seed: int) -> tuple[Instance, np.ndarray]:
    rng = np.random.default_rng(seed)
    instance = Instance(
        memory=60,
        arrival=np.sort(rng.integers(0, 80, 40)),
        prompt=rng.integers(0, 10, 40),
        output=rng.integers(1, 25, 40),
    )
    return instance, rng.integers(1, 25, 40)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_those_that_hold_for_the_runs(seed):
    instance, predicted = some(seed)
    found = verify_predicted(instance, [SVF(), FCFS()], predicted)
    assert sum(int(v.run.preemptions.sum()) for v in found)
    assert len({v.bound.value for v in found}) == 1
    assert found[0].bound.kind != BoundKind.STAGGERED  # nobody may be stopped there
    best = min(v.known_total for v in found)
    assert best < min(v.run.total_latency for v in found)
    for v, policy in zip(found, (SVF(), FCFS()), strict=True):
        assert v.factor >= 1
        assert v.known_total == simulate(instance, policy).total_latency
        assert v.price == Fraction(v.run.total_latency, v.known_total)
        assert v.cut == Cut(total=v.run.total_latency, best=best, bound=v.bound.value)
        assert 0 <= v.cut.at_least <= v.cut.at_most < 1
    with pytest.raises(InputError, match="preempt"):
        verify_predicted(instance, [SVF()], predicted, bound=BoundKind.STAGGERED)


def test_where_nobody_is_stopped_every_bound_holds():
    instance, predicted = some(0)
    found = verify_predicted(instance, [SVF()], predicted, avoid=True, bound=BoundKind.STAGGERED)
    assert found[0].bound.kind == BoundKind.STAGGERED
    assert not found[0].run.preemptions.any()
    assert "with true lengths" in repr(found[0])


def test_a_factor_says_what_it_is_about():
    # a run that preempts needs 94 or 95 here, less than the bound by prices that rise
    instance = Instance(memory=78, arrival=[0] * 3, prompt=[1, 33, 14], output=[24, 38, 21])
    (rising,) = verify_predicted(instance, [SVF()], instance.output, bound=BoundKind.PRICE)
    assert rising.bound.unpreempted
    assert rising.run.total_latency > 95 * rising.factor
    assert "of the least without preemption" in repr(rising)
    (always,) = verify_predicted(instance, [SVF()], instance.output, bound=BoundKind.VOLUME)
    assert "without preemption" not in repr(always)


def test_true_predictions_cost_nothing():
    instance, _ = some(1)
    for v in verify_predicted(instance, [SVF(), FCFS()], instance.output):
        assert v.price == 1
