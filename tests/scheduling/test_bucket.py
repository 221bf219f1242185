"""SVF with a triangle bucket: against the plain simulator, and what is refused."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.scheduling.bucket import BucketSVF
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF, Toll
from kvproof.scheduling.reference import simulate_reference
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.simulate import simulate
from tests.strategies import instances


@settings(max_examples=300, deadline=None)
@given(
    instances(max_requests=12, max_memory=20),
    st.fractions(0, 3, max_denominator=8),
    st.one_of(st.none(), st.integers(0, 6)),
)
def test_as_the_plain_simulator(instance: Instance, constant: Fraction, cap: int | None) -> None:
    policy = BucketSVF(constant=constant, cap=cap)
    schedule = simulate(instance, policy)
    check_schedule(schedule)
    assert schedule.starts.tolist() == simulate_reference(instance, policy).tolist()
    if constant == 0:
        assert schedule.starts.tolist() == simulate(instance, SVF()).starts.tolist()


@settings(max_examples=100, deadline=None)
@given(instances(max_requests=12, max_memory=20), st.integers(0, 3 * 2**30), st.integers(0, 6))
def test_costs_finely_divided_count_from_the_first_arrival(
    instance: Instance, numerator: int, cap: int
) -> None:
    policy = BucketSVF(constant=Fraction(2 * numerator + 1, 2**31), cap=cap)
    late = Instance(
        memory=instance.memory, prompt=instance.prompt, output=instance.output,
        count=instance.count, arrival=instance.arrival + (2**48 - int(instance.arrival.max())),
    )  # fmt: skip
    starts = simulate(late, policy).starts
    assert starts.tolist() == simulate_reference(late, policy).tolist()
    moved = int(late.arrival[0] - instance.arrival[0])
    assert (starts - moved).tolist() == simulate(instance, policy).starts.tolist()


def test_credit_is_spent_saved_and_capped() -> None:
    # each start costs 3 * 10/20 = 1.5 steps, but for the first, which is there alone
    instance = Instance(memory=20, arrival=[0, 1, 1, 1, 10, 10], prompt=[0] * 6, output=[4] * 6)
    bucket = BucketSVF(constant=Fraction(3), cap=0)
    assert simulate(instance, bucket).starts.tolist() == [0, 1, 3, 5, 10, 12]
    saved = BucketSVF(constant=Fraction(3), cap=2)
    assert simulate(instance, saved).starts.tolist() == [0, 1, 2, 3, 10, 10]


@pytest.mark.parametrize("number", [100, 1_000, 2_000])
def test_a_stock_that_is_soon_over_is_not_spread(number: int) -> None:
    rng = np.random.default_rng(1)
    output = np.maximum(1, rng.exponential(100, number).astype(int))
    zero = np.zeros(number, int)
    instance = Instance(memory=30_000, arrival=zero, prompt=zero, output=output)
    bucket = simulate(instance, find_policy("svf-bucket"))
    assert bucket.starts.tolist() == simulate(instance, SVF()).starts.tolist()


def test_it_spreads_what_svf_lets_end_together() -> None:
    rng = np.random.default_rng(1)
    output = np.maximum(1, rng.exponential(100, 10_000).astype(int))
    zero = np.zeros(10_000, int)
    instance = Instance(memory=30_000, arrival=zero, prompt=zero, output=output)
    bucket = simulate(instance, find_policy("svf-bucket")).total_latency
    assert bucket < Fraction(4, 5) * simulate(instance, SVF()).total_latency


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"constant": Fraction(-1)}, "c must be at least 0, got -1"),
        ({"constant": float("nan")}, "c must be a number, .* got nan"),
        ({"constant": float("inf")}, "c must be a number, .* got inf"),
        ({"constant": "x"}, "c must be a number, .* got 'x'"),
        ({"constant": None}, "c must be a number, .* got None"),
        ({"cap": -1}, "cap must be at least 0, got -1"),
        ({"cap": 1.5}, "cap must be an integer, got 1.5"),
    ],
)
def test_parameters_that_cannot_be(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"^svf-bucket: {said}$"):
        BucketSVF(**parameters)


def test_what_is_refused() -> None:
    two = Instance(memory=9, arrival=[0, 0], prompt=[0, 1], output=[2, 3])
    with pytest.raises(InputError, match="leave out --skip"):
        simulate(two, BucketSVF(), skip=True)
    far = Instance(memory=2**31 - 1, arrival=[0, 2**48], prompt=[0, 0], output=[5, 5])
    with pytest.raises(InputError, match="beyond 62 bits"):
        simulate(far, BucketSVF())
    with pytest.raises(InputError, match="beyond 63 bits"):
        simulate(far, BucketSVF(constant=Fraction(2**60 + 1, 2**60)))


@pytest.mark.parametrize(
    "toll",
    [7, Toll(cost=np.array([1]), unit=1, cap=0), Toll(cost=np.array([1, -1]), unit=1, cap=0),
     Toll(cost=np.array([1, 1]), unit=0, cap=0), Toll(cost=np.array([0.5, 1]), unit=1, cap=0)],
)  # fmt: skip
def test_a_toll_must_be_one(toll: object) -> None:
    class Wrong(SVF):
        name = "wrong"

        def toll(self, instance: Instance) -> object:
            return toll

    two = Instance(memory=9, arrival=[0, 0], prompt=[0, 1], output=[2, 3])
    with pytest.raises(InputError, match="policy wrong: toll"):
        simulate(two, Wrong())
