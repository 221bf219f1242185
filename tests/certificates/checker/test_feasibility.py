"""The feasibility test against a walk over every token."""

import random

import checker_samples
import checker_truth as truth
import pytest
from checker_truth import Tiny

from kvproof.certificates.checker.core.feasibility import total_latency
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.core.verdict import Rejected
from kvproof.certificates.checker.limits import DEFAULT, Meter

BUDGET = Meter(DEFAULT)


def cost(tiny: Tiny, starts: list[int]) -> int | None:
    try:
        return total_latency(starts, "s", read_instance(tiny.json(), "i", BUDGET), BUDGET)
    except Rejected:
        return None


def test_against_the_walk() -> None:
    rng = random.Random(3)
    feasible = 0
    for _ in range(4000):
        tiny = checker_samples.random_tiny(rng, memory=12, requests=5)
        latest = rng.choice((3, 10, 20))
        starts = [a + rng.randint(-1 if a else 0, latest) for a, _, _ in tiny.requests]
        plain = truth.cost(tiny, starts)
        assert cost(tiny, starts) == plain
        feasible += plain is not None
    assert 500 < feasible < 3500


def test_messages() -> None:
    instance = read_instance(Tiny(4, ((0, 1, 3), (2, 0, 2))).json(), "i", BUDGET)
    with pytest.raises(Rejected, match="s: request 1 starts at 1, before its arrival at 2"):
        total_latency([0, 1], "s", instance, BUDGET)
    with pytest.raises(Rejected, match="s: step 3 holds 5 tokens of 4"):
        total_latency([0, 2], "s", instance, BUDGET)
    assert total_latency([0, 3], "s", instance, BUDGET) == 6


def test_far_starts_cost_no_time() -> None:
    assert cost(Tiny(4, ((2**48, 1, 3),)), [2**62]) == 2**62 - 2**48 + 3
