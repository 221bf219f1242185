"""The simulated rules against a step-by-step, token-by-token simulation, and known totals."""

import json
import random
from pathlib import Path
from typing import Any

import checker_samples
import checker_truth as truth
import pytest
from checker_truth import Tiny

from kvproof.certificates.checker.core.feasibility import total_latency
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.core.verdict import Malformed, OverLimit, Rejected
from kvproof.certificates.checker.limits import DEFAULT, Limits, Meter
from kvproof.certificates.checker.policies.rules import Policy, read_policy, simulate

BUDGET = Meter(DEFAULT)
VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "small.json").read_text(encoding="utf-8")
)["instances"]


def run(tiny: Tiny, policy: dict[str, Any]) -> list[int] | None:
    instance = read_instance(tiny.json(), "i", BUDGET)
    try:
        return simulate(read_policy(policy, "p", BUDGET), instance, BUDGET)
    except Rejected:
        return None


def test_known_totals() -> None:
    for vector in VECTORS:
        tiny = Tiny.of(vector)
        instance = read_instance(tiny.json(), "i", BUDGET)
        assert run(tiny, {"name": "svf", "rule": "strict"}) == vector["svf_starts"]
        for name, total in vector["total_latency"].items():
            starts = simulate(Policy(name.removesuffix("-skip"), "skip" in name), instance, BUDGET)
            assert total_latency(starts, "s", instance, BUDGET) == total


@pytest.mark.parametrize("policy", checker_samples.POLICIES, ids=lambda p: "-".join(p.values()))
def test_against_the_plain_rule(policy: dict[str, Any]) -> None:
    rng = random.Random(11)
    refused = 0
    for _ in range(150):
        tiny = checker_samples.random_tiny(rng, memory=20, requests=9)
        plain = truth.policy_starts(tiny, policy)
        assert run(tiny, policy) == plain, tiny
        refused += plain is None
    assert refused < 120


def test_denser_arrivals() -> None:
    """Many small requests beside each other, so that several run and several wait."""
    rng = random.Random(12)
    for _ in range(150):
        m = rng.randint(15, 40)
        rows = []
        for _ in range(rng.randint(8, 16)):
            o = rng.randint(1, 8)
            rows.append((rng.randint(0, 12), rng.randint(0, min(6, m - o)), o))
        tiny = Tiny(m, tuple(rows))
        for policy in checker_samples.POLICIES:
            assert run(tiny, policy) == truth.policy_starts(tiny, policy), (tiny, policy)


def test_skip_starves_and_strict_does_not() -> None:
    """Skipping a blocked head has no constant (svf-skip-unbounded; 256 fats, 16 triangles)."""
    d, fats, triangles = 64, 256, 16
    low, f = 4 * d, 5 * d + 3
    height = 5 * d + 4
    rows = [(0, height // 2 - 1, 1)] * 2 + [(0, f - 1, 1)] * fats
    rows += [(0, 3 * d, d), (0, 2 * d, 2 * d), (0, d, 3 * d)] + [(0, 0, low)] * triangles
    instance = read_instance(Tiny(10 * d + 6, tuple(rows)).json(), "i", BUDGET)
    totals = [
        total_latency(simulate(Policy("svf", skip), instance, BUDGET), "s", instance, BUDGET)
        for skip in (True, False)
    ]
    assert totals == [324_329, 31_357]


def test_large_arrivals_cost_no_time() -> None:
    tiny = Tiny(5, ((2**48, 0, 5), (7, 2, 3), (2**47, 0, 5), (2**47, 0, 5)))
    for policy in checker_samples.POLICIES[:6]:
        assert run(tiny, policy) == [2**48, 7, 2**47, 2**47 + 5]


def test_the_time_limit_holds() -> None:
    tiny = Tiny(60, tuple((0, 0, 20) for _ in range(2000)))
    instance = read_instance(tiny.json(), "i", BUDGET)
    budget = Meter(Limits(seconds=0))
    budget.start()
    with pytest.raises(OverLimit):
        simulate(Policy("svf", True), instance, budget)


@pytest.mark.parametrize(
    "policy",
    [
        {"name": "svf"},
        {"name": "svf", "rule": "lazy"},
        {"name": "mc-sf", "rule": "strict"},
        {"name": ["svf"], "rule": "strict"},
        {"name": "svf", "rule": "strict", "theta": "1/1", "admission": "true"},
        {"name": "svf-1bit", "rule": "strict"},
        {"name": "svf-1bit", "rule": "strict", "theta": 1, "admission": "true"},
        {"name": "svf-1bit", "rule": "strict", "theta": "2/2", "admission": "true"},
        {"name": "svf-1bit", "rule": "strict", "theta": "1/1", "admission": True},
        "svf",
        [],
    ],
)
def test_malformed_policies(policy: object) -> None:
    with pytest.raises(Malformed):
        read_policy(policy, "p", BUDGET)
