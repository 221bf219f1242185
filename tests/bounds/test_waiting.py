from fractions import Fraction

import numpy as np
import pytest

from kvproof.bounds.waiting import memory_without_waiting, onset
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.simulate import simulate


def some(seed: int, memory: int = 200) -> Instance:
    rng = np.random.default_rng(seed)
    return Instance(
        memory=memory,
        arrival=np.sort(rng.integers(0, 60, 12)),
        prompt=rng.integers(0, 8, 12),
        output=rng.integers(1, 12, 12),
    )


def waits(instance: Instance, policy: str, *, skip: bool = False) -> bool:
    return bool(simulate(instance, find_policy(policy), skip=skip).waiting.any())


@pytest.mark.parametrize("seed", range(8))
def test_in_enough_memory_nobody_waits_and_with_a_token_less_somebody_does(seed):
    roomy = some(seed)
    enough = memory_without_waiting(roomy)
    assert enough >= roomy.max_peak
    for policy in BUILTIN:
        for skip in (False, True):
            assert not waits(some(seed, enough), policy, skip=skip)
            if enough > roomy.max_peak:
                assert waits(some(seed, enough - 1), policy, skip=skip)


def test_counts_are_expanded():
    one = Instance(memory=99, arrival=[3], prompt=[4], output=[5])
    many = Instance(memory=99, arrival=[3], prompt=[4], output=[5], count=[3])
    assert memory_without_waiting(many) == 3 * memory_without_waiting(one) == 27


@pytest.mark.parametrize("seed", range(8))
def test_the_onset_is_what_the_two_rates_do(seed):
    instance = some(seed, 60)
    found = onset(instance, instance.at_rate)
    if found is None:
        assert waits(instance, "fcfs")
        return
    assert not waits(instance.at_rate(found.free), "svf")
    assert found.waits is not None  # 60 tokens are too few for all at once
    assert waits(instance.at_rate(found.waits), "svf")
    assert found.free < found.waits <= Fraction(101, 100) * found.free


def test_each_rate_that_is_tried_is_counted():
    instance, asked = some(1, 60), []

    def at_rate(rate):
        asked.append(rate)
        return instance.at_rate(rate)

    assert onset(instance, at_rate).tried == 1 + len(asked) > 5


def test_where_all_just_fit_at_once_no_rate_is_too_high():
    enough = memory_without_waiting(some(1).backlog())
    assert onset(some(1, enough), some(1, enough).at_rate).backlog_fits
    assert not onset(some(1, enough - 1), some(1, enough - 1).at_rate).backlog_fits


def test_where_all_fit_at_once_no_rate_is_too_high():
    found = onset(some(1, 10_000), some(1, 10_000).at_rate)
    assert (found.free, found.waits, found.backlog_fits) == (1, None, True)


def test_arrivals_at_another_rate():
    instance = Instance(
        memory=9, arrival=[0, 3, 10], prompt=[1] * 3, output=[1] * 3, count=[1, 2, 1]
    )
    assert instance.at_rate(Fraction(3, 2)).arrival.tolist() == [0, 2, 6]
    assert instance.at_rate(Fraction(1, 2)).arrival.tolist() == [0, 6, 20]
    for half in (0.5, "1/2"):
        assert instance.at_rate(half).arrival.tolist() == [0, 6, 20]
    assert instance.at_rate(Fraction(3, 2)).requests == 4
    for scale in (Fraction(0), Fraction(-1)):
        with pytest.raises(InputError, match="a rate must be above 0"):
            instance.at_rate(scale)


def test_far_apart_nobody_waits_at_any_rate_that_is_tried_but_the_backlog_does():
    two = np.array([5, 5])
    apart = Instance(memory=10, arrival=np.array([0, 2**30]), prompt=two, output=two - 2)
    found = onset(apart, apart.at_rate)
    assert found is not None
    assert found.waits is None
    assert not found.backlog_fits
    assert memory_without_waiting(apart.backlog()) > 10
