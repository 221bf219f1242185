"""Lower bounds against their definitions, against known values and against brute-force OPT."""

import itertools
import json
import random
from fractions import Fraction
from pathlib import Path

import checker_bounds as defined
import checker_samples
import checker_truth as truth
import pytest
from checker_truth import Tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.checker.core import bounds, prices, staggered, steps
from kvproof.certificates.checker.core.model import Instance, read_instance
from kvproof.certificates.checker.core.verdict import Rejected
from kvproof.certificates.checker.limits import DEFAULT, Meter

BUDGET = Meter(DEFAULT)
VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "small.json").read_text(encoding="utf-8")
)["instances"]


def read(tiny: Tiny) -> Instance:
    return read_instance(tiny.json(), "i", BUDGET)


def price_value(tiny: Tiny, denominator: int, runs: list[list[int]]) -> Fraction:
    read_runs = prices.read_prices(denominator, runs, "p", BUDGET)
    return prices.price_bound(read_runs, read(tiny), BUDGET)


def test_known_values() -> None:
    for vector in VECTORS:
        instance = read(Tiny.of(vector))
        centroid = steps.discrete_centroid_bound(instance, BUDGET)
        assert Fraction(vector["centroid_bound"]) <= centroid <= vector["opt"]
        assert bounds.volume_bound(instance, BUDGET) <= vector["opt"]
        if "volume_bound" in vector:
            assert bounds.volume_bound(instance, BUDGET) == Fraction(vector["volume_bound"])


def test_against_the_definitions() -> None:
    rng = random.Random(4)
    for _ in range(300):
        tiny = checker_samples.random_tiny(rng, memory=10, requests=6)
        assert bounds.volume_bound(read(tiny), BUDGET) == defined.volume_bound(tiny)
        none = [0] * len(tiny.requests)
        whole = defined.tail_centroid_bound(tiny, none)
        assert steps.discrete_centroid_bound(read(tiny), BUDGET) == whole
        assert steps.tail_centroid_bound(none, "w", read(tiny), BUDGET) == whole
        cuts = [rng.randrange(o) for _, _, o in tiny.requests]
        tails = steps.tail_centroid_bound(cuts, "w", read(tiny), BUDGET)
        assert tails == defined.tail_centroid_bound(tiny, cuts)


def test_staggered_completions_are_the_definition() -> None:
    rng = random.Random(5)
    seen = 0
    for _ in range(400):
        tiny = checker_samples.random_tiny(rng, memory=10, requests=9)
        peak = rng.randint(1, tiny.memory)
        group = (peak, rng.randint(1, peak), rng.randint(1, 5))
        value = defined.staggered_bound(tiny, *group)
        if value is None:
            with pytest.raises(Rejected):
                staggered.staggered_bound(*group, read(tiny), BUDGET)
        else:
            assert staggered.staggered_bound(*group, read(tiny), BUDGET) == value
            seen += 1
    assert seen > 150


def test_a_gap_is_never_charged_too_much() -> None:
    for n in (*range(1, 60), 1000):
        for m in range(2, min(n, 200) + 1):
            assert staggered._gaps_taken(n, m, BUDGET) > 0


def test_interrupted_requests() -> None:
    """A long request that shorter ones interrupt, and that waits with nothing done."""
    tiny = Tiny(10, ((0, 0, 9), (1, 2, 2), (3, 2, 2), (3, 0, 9), (3, 0, 9), (9, 0, 1)))
    assert bounds.volume_bound(read(tiny), BUDGET) == defined.volume_bound(tiny)


def test_brute_force_on_all_tiny_instances() -> None:
    """Every kind of bound, on every instance with memory <= 4, arrivals <= 1 and 3 requests."""
    seen = 0
    for memory in (1, 2, 3, 4):
        requests = [
            (a, s, o) for a in (0, 1) for o in range(1, memory + 1) for s in range(memory - o + 1)
        ]
        for n in (1, 2, 3):
            for rows in itertools.combinations_with_replacement(requests, n):
                tiny = Tiny(memory, rows)
                best, instance = truth.opt(tiny), read(tiny)
                assert bounds.volume_bound(instance, BUDGET) <= best
                assert steps.discrete_centroid_bound(instance, BUDGET) <= best
                for _, value in checker_samples.whole_steps(tiny, random.Random(seen)):
                    assert value <= best
                assert price_value(tiny, *checker_samples.closed_form_prices(tiny)) <= best
                assert price_value(tiny, 2, [[1, seen % 5], [2, seen % 3], [1, 1]]) <= best
                seen += 1
    assert seen == 2316


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_bounds_stay_below_opt(rng: random.Random) -> None:
    tiny = checker_samples.random_tiny(rng, memory=9, requests=4)
    best, instance = truth.opt(tiny), read(tiny)
    assert bounds.volume_bound(instance, BUDGET) <= best
    assert steps.discrete_centroid_bound(instance, BUDGET) <= best
    runs = [[rng.randint(1, 4), rng.randint(0, 5)] for _ in range(rng.randint(0, 6))]
    assert price_value(tiny, rng.randint(1, 30), runs) <= best


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_prices_in_runs_equal_prices_by_step(rng: random.Random) -> None:
    tiny = checker_samples.random_tiny(rng, memory=25, requests=4)
    denominator = rng.randint(1, 60)
    runs = [
        [rng.randint(1, 12), rng.choice((0, rng.randint(0, 9)))] for _ in range(rng.randint(0, 7))
    ]
    steps = [Fraction(y, denominator) for length, y in runs for _ in range(length)]
    assert price_value(tiny, denominator, runs) == defined.price_bound(tiny, steps)


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_many_runs_of_prices(rng: random.Random) -> None:
    """High and low, rising and falling."""
    tiny = checker_samples.random_tiny(rng, memory=25, requests=3)
    runs, level = [], rng.randint(0, 300)
    for _ in range(rng.randint(60, 250)):
        level = max(0, level + rng.randint(-4, rng.choice((3, 4))))
        runs.append([rng.choice((1, 1, 2)), 0 if rng.random() < 0.01 else level])
    denominator = rng.choice((1, 40, 400))
    steps = [Fraction(y, denominator) for length, y in runs for _ in range(length)]
    assert price_value(tiny, denominator, runs) == defined.price_bound(tiny, steps)


def test_prices_far_away_and_huge_cost_no_time() -> None:
    tiny = Tiny(5, ((2**48, 0, 5), (0, 1, 2)))
    assert price_value(tiny, 1, [[2**62, 0]]) == 7
    # its five tokens cost more than waiting for the free steps behind 2^40 dear ones, or less
    waits = price_value(tiny, 1, [[2**40, 10**12]])
    assert waits == 5 + 2**40 + 2 - 5 * 2**40 * 10**12
    pays = price_value(tiny, 1, [[2**40, 10**9]])
    assert pays == 5 + 5 * 10**9 + 2 - 5 * 2**40 * 10**9
    assert price_value(tiny, 10**3999, [[2**62, 10**3998], [2**62, 3]]) < 0


def test_many_denominators_are_rounded_down() -> None:
    groups = {d: -(d // 2) for d in range(3, 3 + 257)}
    exact = sum((Fraction(n, d) for d, n in groups.items()), Fraction(0))
    rounded = steps.grouped_sum(groups)
    assert exact - Fraction(257, 10**12) < rounded <= exact
    assert (rounded * 10**12).denominator == 1
    assert rounded == sum(Fraction((n * 10**12) // d, 10**12) for d, n in groups.items())
    del groups[3]
    assert steps.grouped_sum(groups) == exact + Fraction(1, 3)


def test_rounded_centroid_is_close_below_the_exact_one() -> None:
    rng = random.Random(1)
    rows = tuple((rng.randint(0, 3 * i), i, rng.randint(1, 60)) for i in range(700))
    instance = read(Tiny(1000, rows))
    rounded = steps.discrete_centroid_bound(instance, BUDGET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "EXACT_GROUPS", 10**9)
        exact = steps.discrete_centroid_bound(instance, BUDGET)
    assert 0 < exact - rounded < Fraction(1, 10**8)


@pytest.mark.parametrize("seed", range(150))
def test_a_search_finds_opt_whatever_its_gaps_taken(seed: int) -> None:
    rng = random.Random(seed)
    tiny = checker_samples.random_tiny(rng, memory=7)
    found = checker_samples.lower_bounds(tiny, rng)
    proof, value = next((p, v) for p, v in found if p["kind"] == "search")
    for bound, verdict in ((value, Verdict.VERIFIED), (value + 1, Verdict.REJECTED)):
        claim = {"kind": "opt-lower-bound", "bound": f"{bound}/1"}
        data = checker_samples.certificate(tiny, claim, {"lower_bound": proof})
        assert check(json.dumps(data).encode()).verdict is verdict
