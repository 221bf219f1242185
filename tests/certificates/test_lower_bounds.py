from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.certificates.build import lower_bound_certificate
from kvproof.certificates.checker import check
from kvproof.certificates.fluid import serve, serve_reference
from kvproof.certificates.lower_bounds import (
    LowerBound,
    best_bound,
    centroid_bound,
    find_bound,
    outputs_bound,
    sum_of_prefix_sums,
    volume_bound,
)
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.certificates.prices import best_prices
from kvproof.certificates.prices.highs import highs_is_usable
from kvproof.certificates.proofs import BoundKind, FormulaProof
from kvproof.scheduling.instance import Instance
from kvproof.solver.reference import brute_force
from tests.strategies import backlogs, instances


def instance_of(vector):
    return Instance(**{k: vector[k] for k in ("memory", "arrival", "prompt", "output")})


def test_known_bounds(vector):
    instance = instance_of(vector)
    assert centroid_bound(instance) == Fraction(vector["centroid_bound"])
    if "volume_bound" in vector:  # known for backlogs
        assert volume_bound(instance) == Fraction(vector["volume_bound"])
    for bound in (centroid_bound, volume_bound, outputs_bound):
        assert bound(instance) <= vector["opt"]


@given(backlogs(max_requests=20))
def test_backlog_form_is_the_formula_of_the_theory(instance):
    rows = sorted(
        (s * o + o * (o + 1) // 2, s, o)
        for s, o in zip(instance.prompt.tolist(), instance.output.tolist(), strict=True)
    )
    before = 0
    total = Fraction(0)
    for v, s, o in rows:
        mean_busy_time = Fraction(2 * before + v, 2 * instance.memory)
        shape = Fraction((o + 1) * (3 * s + 2 * o + 1), 3 * (2 * s + o + 1))
        total += mean_busy_time + Fraction(1, 2) + o - shape
        before += v
    assert centroid_bound(instance) == total


@pytest.mark.parametrize("by_remaining", [False, True])
@given(instance=instances(max_requests=20, max_arrival=60))
def test_fluid_kernel_does_what_the_reference_does(by_remaining, instance):
    assert serve(instance, by_remaining=by_remaining) == serve_reference(
        instance, by_remaining=by_remaining
    )


@given(instance=instances(max_requests=20, max_arrival=60), rate=st.integers(1, 40))
def test_fluid_kernel_serves_other_work_as_the_reference_does(instance, rate):
    named = {"by_remaining": True, "work": instance.output, "rate": rate}
    assert serve(instance, **named) == serve_reference(instance, **named)


@given(instances())
def test_arrivals_at_zero_are_a_backlog(instance):
    # the fluid schedule with every arrival at 0 is the closed form
    fluid = serve(instance.backlog(), by_remaining=False)
    assert fluid.finish == sum_of_prefix_sums(instance) + instance.total_volume
    assert not fluid.waits


@given(instances(counts=True))
def test_counts_are_requests(instance):
    assert best_bound(instance) == best_bound(instance.expanded())


def test_bounds_beyond_int64():
    late = 2**48
    instance = Instance(
        memory=2**31 - 1, arrival=[0, late], prompt=[0, 0], output=[2**31 - 1, 2**31 - 1]
    )
    assert volume_bound(instance) == 2 * Fraction(2**31, 2)
    assert best_bound(instance).value == 2 * (2**31 - 1)


def test_best_bound_names_its_kind():
    assert best_bound(Instance(memory=9, arrival=[0], prompt=[1], output=[5])).kind == "outputs"
    crowd = Instance(memory=10, arrival=[0], prompt=[5], output=[5], count=[50])
    assert best_bound(crowd).kind is BoundKind.STAGGERED
    crowd = Instance(memory=20, arrival=[0, 0], prompt=[1, 9], output=[4, 2], count=[50, 50])
    assert best_bound(crowd).kind is BoundKind.DISCRETE_CENTROID
    few = Instance(memory=586, arrival=[0] * 40, prompt=[0] * 40, output=range(5, 165, 4))
    assert best_bound(few).kind is BoundKind.TAIL_CENTROID


def test_known_bounds_of_the_conversation_trace(conversation_trace):
    from kvproof.scheduling.traces import read_trace

    instance, _ = read_trace(conversation_trace).to_instance(memory=60_000, backlog=True)
    bound = best_bound(instance)
    assert bound.kind is BoundKind.DISCRETE_CENTROID
    fluid = centroid_bound(instance)
    assert fluid < bound.value
    assert np.floor(float(fluid) * 100) / 100 == 402_541_489.89


def discrete_centroid_plain(instance: Instance) -> Fraction:
    """Section by section as docs/theory.md says it, with every step and every prefix."""
    rows = sorted(
        zip(instance.volume.tolist(), instance.arrival.tolist(), instance.output.tolist(),
            instance.prompt.tolist(), strict=True)
    )  # fmt: skip
    last = int(instance.arrival.max()) + 1 + instance.total(instance.output)
    total = Fraction(0)
    before = 0
    for k, (volume, arrival, output, prompt) in enumerate(rows, start=1):
        done = weighted = 0
        for t in range(1, last + 1):
            there = sum(v for v, a, _, _ in rows[:k] if a < t)
            now = min(done + instance.memory, there)
            weighted += (2 * t - 1) * (now - done)
            done = now
        total += Fraction(weighted - before, 2 * volume)
        before = weighted
        moment = sum(j * (prompt + j) for j in range(1, output + 1))
        total += Fraction(1, 2) + output - arrival - Fraction(moment, volume)
    return total


@settings(max_examples=200, deadline=None)
@given(instances(max_requests=4, max_memory=9, max_arrival=5))
def test_discrete_centroid_is_what_it_says(instance: Instance):
    requests = instance.expanded()
    bound = discrete_centroid_bound(instance)
    assert bound == discrete_centroid_plain(requests)
    assert bound >= centroid_bound(instance)
    assert bound <= brute_force(requests)[0]
    for value, verdict in ((bound, "verified"), (bound + Fraction(1, 10**9), "rejected")):
        claimed = LowerBound(value=value, proof=FormulaProof(kind=BoundKind.DISCRETE_CENTROID))
        assert check(lower_bound_certificate(instance, claimed).to_bytes()).verdict == verdict


@given(instances(max_requests=8))
@settings(max_examples=60, deadline=None)
def test_tails_never_say_more_than_the_linear_programme(instance):
    if not highs_is_usable():
        pytest.skip("HiGHS is not here, or OR-tools has been loaded before it")
    tails = find_bound(instance, BoundKind.TAIL_CENTROID).value
    assert ceil(best_prices(instance).bound) >= ceil(tails)
    without = best_bound(instance, tails=False)
    assert without.kind is not BoundKind.TAIL_CENTROID
    assert max(without.value, tails) >= best_bound(instance).value
