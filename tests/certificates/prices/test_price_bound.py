"""The exact bound: kernel, reference, naive sum and brute force agree; the checker too."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from price_oracles import brute_force_opt, instances, naive_bound, price_vectors

from kvproof.certificates.checker import limits
from kvproof.certificates.checker.core import model
from kvproof.certificates.checker.core import prices as checker
from kvproof.certificates.prices import Prices, price_bound, price_bound_reference
from kvproof.certificates.prices.evaluate import MAX_COST, Dual, fits_kernel
from kvproof.certificates.prices.kernel import BLOCK
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance


@given(instances(), price_vectors())
@settings(max_examples=300, deadline=None)
def test_kernel_reference_and_naive_sum_agree(instance: Instance, prices: Prices) -> None:
    naive = naive_bound(instance, prices)
    assert price_bound(instance, prices) == naive
    assert price_bound_reference(instance, prices) == naive


@given(
    instances(rows=12, longest=60, tallest=200, latest=400),
    price_vectors(runs=150, length=9, highest=10**6, denominator=10**6),
)
@settings(max_examples=100, deadline=None)
def test_kernel_agrees_with_reference_over_many_blocks(instance: Instance, prices: Prices) -> None:
    assert fits_kernel(instance, prices.denominator, prices.horizon, prices.highest)
    assert price_bound(instance, prices) == price_bound_reference(instance, prices)


@given(
    instances(rows=3, longest=3, tallest=4, latest=3, counts=False),
    price_vectors(runs=6, length=3, highest=12, denominator=30),
)
@settings(max_examples=120, deadline=None)
def test_no_prices_prove_more_than_opt(instance: Instance, prices: Prices) -> None:
    assert price_bound(instance, prices) <= brute_force_opt(instance)


@given(instances(rows=5), price_vectors(), st.lists(st.integers(0, 40), min_size=5, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_hint_never_changes_the_outcome(
    instance: Instance, prices: Prices, hints: list[int]
) -> None:
    fresh, hinted = Dual(instance), Dual(instance)
    hinted._starts = np.array(hints[: len(hinted.count)], dtype=np.int64)
    arguments = prices.denominator, prices.ends, prices.numerators
    one, other = fresh.evaluate(*arguments), hinted.evaluate(*arguments)
    assert one.value == other.value
    assert one.starts.tolist() == other.starts.tolist()


@given(instances(rows=5), price_vectors())
@settings(max_examples=100, deadline=None)
def test_excess_is_what_the_cheapest_starts_hold_beyond_memory(
    instance: Instance, prices: Prices
) -> None:
    dual = Dual(instance)
    ends = prices.ends
    found = dual.evaluate(prices.denominator, ends, prices.numerators)
    held = np.zeros(int(ends[-1]) + 40, dtype=np.int64)
    columns = (dual.prompt, dual.output, dual.count, found.starts)
    for s, o, c, p in zip(*(column.tolist() for column in columns), strict=True):
        for j in range(1, o + 1):
            if p + j < len(held):
                held[p + j] += c * (s + j)
    expected = [
        held[lo + 1 : hi + 1].sum() - instance.memory * (hi - lo)
        for lo, hi in pairwise(ends.tolist())
    ]
    assert dual.excess(ends, found.starts).tolist() == expected


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("seed", range(20))
def test_starts_are_the_first_cheapest_ones_where_blocks_are_skipped(seed: int, steps: int) -> None:
    # whole blocks are dear or cheap, and requests arrive and were started last about their ends
    rng = np.random.default_rng(seed)
    runs = BLOCK * int(rng.integers(1, 5)) - int(rng.choice([0, 3]))
    ends = np.append(0, np.cumsum(rng.integers(1, steps + 1, runs)))
    prices = 10 * np.repeat(rng.integers(0, 9, 4), BLOCK)[:runs] + rng.integers(0, steps, runs)
    arrival = np.maximum(0, rng.choice(ends[::BLOCK], 120) + rng.integers(-5, 3, 120))
    prompt, output = rng.integers(0, 4, 120), rng.integers(1, 6, 120)
    dual = Dual(Instance(memory=9, arrival=arrival, prompt=prompt, output=output))
    dual._starts = dual.arrival + rng.integers(-1, 5, len(dual.arrival))
    unit = int(rng.choice([1, 5, 100]))
    found = dual.evaluate(unit, ends, prices)
    price = np.zeros(int(ends[-1]) + 20, np.int64)
    price[1 : ends[-1] + 1] = np.repeat(prices, np.diff(ends))
    value = -9 * int(price.sum())
    columns = (dual.arrival, dual.prompt, dual.output, dual.count, found.starts)
    for a, s, o, count, start in zip(*(column.tolist() for column in columns), strict=True):
        starts = np.arange(a, max(a, int(ends[-1])) + 1)
        costs = unit * (starts + o - a)
        costs += sum(price[starts + j] * (s + j) for j in range(1, o + 1))
        assert start == starts[costs.argmin()]
        value += count * int(costs.min())
    assert found.value == value


def test_zero_prices_prove_the_sum_of_outputs() -> None:
    instance = Instance(memory=9, arrival=[0, 4], prompt=[3, 5], output=[3, 4], count=[2, 5])
    assert price_bound(instance, Prices(denominator=1, runs=())) == 26


def test_classes_count() -> None:
    prices = Prices(denominator=7, runs=((3, 2), (4, 1)))
    classes = Instance(memory=9, arrival=[0, 2], prompt=[3, 5], output=[3, 4], count=[3, 2])
    assert price_bound(classes, prices) == price_bound(classes.expanded(), prices)


@pytest.mark.parametrize(
    "prices",
    [
        Prices(denominator=2**70, runs=((3, 2**68), (2, 2**60))),  # D beyond int64
        Prices(denominator=3, runs=((2**40, 1),)),  # steps beyond int32
        Prices(denominator=1, runs=((2, MAX_COST), (2, 1))),  # prices near the edge of int64
    ],
)
def test_beyond_int64_the_plain_integers_take_over(prices: Prices) -> None:
    instance = Instance(memory=9, arrival=[0, 4], prompt=[3, 5], output=[3, 4])
    assert not fits_kernel(instance, prices.denominator, prices.horizon, prices.highest)
    assert price_bound(instance, prices) == price_bound_reference(instance, prices)


def test_just_within_the_guard_nothing_overflows() -> None:
    instance = Instance(
        memory=60_000, arrival=[0, 7, 90], prompt=[59_000, 3, 800], output=[900] * 3
    )
    highest = 10**9
    while fits_kernel(instance, 2**20, 4_000, 2 * highest):
        highest *= 2
    runs = tuple((50, highest if r % 3 else highest // 7) for r in range(80))
    prices = Prices(denominator=2**20, runs=runs)
    assert fits_kernel(instance, 2**20, prices.horizon, highest)
    assert price_bound(instance, prices) == price_bound_reference(instance, prices)


@given(instances(counts=False), price_vectors())
@settings(max_examples=60, deadline=None)
def test_the_independent_checker_reproduces_it(instance: Instance, prices: Prices) -> None:
    budget = limits.Meter(limits.DEFAULT)
    theirs = model.Instance(
        memory=instance.memory,
        arrival=instance.arrival.tolist(),
        prompt=instance.prompt.tolist(),
        output=instance.output.tolist(),
        digest=instance.digest,
    )
    read = checker.read_prices(prices.denominator, prices.to_json(), "proof", budget)
    assert checker.price_bound(read, theirs, budget) == price_bound(instance, prices)


def test_merge_joins_equal_neighbours_and_drops_zeros_at_the_end() -> None:
    merged = Prices.merge(5, [(2, 3), (1, 3), (4, 0), (2, 1), (3, 0), (1, 0)])
    assert merged.runs == ((3, 3), (4, 0), (2, 1))
    assert merged.to_json() == [[3, 3], [4, 0], [2, 1]]
    assert (merged.horizon, merged.total, merged.highest) == (9, 11, 3)


def test_rounding_keeps_prices_above_zero() -> None:
    values = np.array([0.26, -1.0, np.nan, 0.5])
    rounded = Prices.rounded(4, np.array([0, 1, 2, 3, 5]), values)
    assert rounded.runs == ((1, 1), (2, 0), (2, 2))


@pytest.mark.parametrize(
    ("denominator", "runs", "message"),
    [
        (0, (), "denominator must be >= 1"),
        (True, (), "denominator must be >= 1"),
        (1, ((0, 1),), "run 0: length must be >= 1"),
        (1, ((1, 1), (1, -1)), "run 1: numerator must be >= 0"),
        (1, ((1, 0.5),), "run 0: numerator must be >= 0"),
    ],
)
def test_malformed_prices_are_refused(denominator: int, runs: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Prices(denominator=denominator, runs=runs)


def test_bound_is_a_fraction() -> None:
    instance = Instance(memory=8, arrival=[0, 0], prompt=[5, 5], output=[3, 3])
    prices = Prices(denominator=8 * 21, runs=((1, 34), (1, 26), (1, 18), (1, 10), (1, 2)))
    bound = price_bound(instance, prices)
    assert isinstance(bound, Fraction)
    assert round(float(bound), 2) == 8.02
