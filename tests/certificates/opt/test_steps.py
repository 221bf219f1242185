"""Centroids in whole steps, with and without cuts, against definitions, OPT and the checker."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.certificates.build import lower_bound_certificate
from kvproof.certificates.checker import check
from kvproof.certificates.fluid import mean_steps, mean_steps_reference
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.opt import cuts as cutting
from kvproof.certificates.opt.cuts import (
    Sample,
    candidate_cuts,
    estimate,
    terms,
    terms_reference,
    thinned,
)
from kvproof.certificates.opt.steps import discrete_centroid_bound, tail_centroid_bound
from kvproof.certificates.proofs import BoundKind, TailProof
from kvproof.scheduling.instance import Instance
from kvproof.solver.reference import brute_force
from tests.strategies import instances


@st.composite
def with_cuts(draw, **options):
    instance = draw(instances(**options)).expanded()
    cuts = [draw(st.integers(0, o - 1)) for o in instance.output.tolist()]
    return instance, np.array(cuts)


def tail_centroid_plain(instance, cuts):
    """As docs/theory.md says it, with every step and every token."""
    rows = list(zip(instance.arrival.tolist(), instance.prompt.tolist(), instance.output.tolist(),
                    cuts.tolist(), strict=True))  # fmt: skip
    tails = [[s + j for j in range(c + 1, o + 1)] for _, s, o, c in rows]
    left = [sum(tail) for tail in tails]
    total = Fraction(0)
    for (a, _, o, c), tail in zip(rows, tails, strict=True):
        mean = sum(Fraction((2 * j - 1) * held, 2 * sum(tail))
                   for j, held in enumerate(tail, start=c + 1))  # fmt: skip
        total += o - a - mean
    t = 0
    while any(left):
        t += 1
        room = instance.memory
        for i in sorted(range(len(rows)), key=lambda i: sum(tails[i])):
            if rows[i][0] + rows[i][3] < t:
                served = min(room, left[i])
                left[i] -= served
                room -= served
                total += Fraction((2 * t - 1) * served, 2 * sum(tails[i]))
    return total


@settings(max_examples=200, deadline=None)
@given(with_cuts(max_requests=4, max_memory=9, max_arrival=5))
def test_a_tail_centroid_is_what_it_says_and_below_opt(case):
    instance, cuts = case
    bound = tail_centroid_bound(instance, cuts)
    assert bound == tail_centroid_plain(instance, cuts)
    assert bound <= brute_force(instance)[0]
    assert tail_centroid_bound(instance, np.zeros_like(cuts)) == discrete_centroid_bound(instance)
    last = tail_centroid_bound(instance, instance.output - 1)
    assert last >= instance.total(instance.output) - Fraction(instance.requests, 2)
    for value, verdict in ((bound, "verified"), (bound + Fraction(1, 10**9), "rejected")):
        claimed = LowerBound(value=value, proof=TailProof(cuts=cuts))
        if value >= 0:
            made = lower_bound_certificate(instance, claimed)
            assert check(made.to_bytes()).verdict == verdict


@given(with_cuts(max_requests=20, max_arrival=40), st.integers(1, 40))
def test_the_kernel_serves_as_the_reference_does(case, memory):
    instance, cuts = case
    release, work = instance.arrival + cuts, instance.volume
    served = mean_steps(release, work.copy(), memory)
    assert served.tolist() == mean_steps_reference(release, work, memory).tolist()


def test_beyond_int64():
    late = 2**48
    instance = Instance(
        memory=2**31 - 1, arrival=[0, late, late], prompt=[0, 0, 7],
        output=[2**31 - 1, 2**31 - 1, 2**20],
    )  # fmt: skip
    for cuts in (np.zeros(3, np.int64), instance.output // 2):
        bound = LowerBound(value=tail_centroid_bound(instance, cuts), proof=TailProof(cuts=cuts))
        assert check(lower_bound_certificate(instance, bound).to_bytes()).verdict == "verified"


@pytest.mark.parametrize("output", [2**19, 2**20, 2**21, 2**22])
def test_moments_at_the_edge_of_int64(output):
    instance = Instance(
        memory=2**31 - 1, arrival=[0, 3, 9], prompt=[0, 0, 7],
        output=[output, output - 5, output // 4],
    )  # fmt: skip
    for cuts in (np.zeros(3, np.int64), instance.output // 2):
        bound = LowerBound(value=tail_centroid_bound(instance, cuts), proof=TailProof(cuts=cuts))
        assert check(lower_bound_certificate(instance, bound).to_bytes()).verdict == "verified"


def triangles(number, memory, output, span=0):
    rng = np.random.default_rng(0)
    arrival = np.sort(rng.integers(0, span + 1, number))
    rows = np.full(number, output)
    return Instance(memory=memory, arrival=arrival, prompt=0 * rows, output=rows)


def test_cuts_add_a_fifth_where_requests_grow_from_nothing():
    # P/O = 2/3, where outputs and centroid are alike
    instance = triangles(2_000, 38_000, 51)
    weak = max(discrete_centroid_bound(instance), instance.total(instance.output))
    assert find_bound(instance, BoundKind.TAIL_CENTROID).value > weak * Fraction(120, 100)


def test_without_waiting_the_last_tokens_are_almost_all():
    # arrivals so sparse that a sample without them in their order would be a crowd
    instance = triangles(20_000, 3_000, 40, span=10**6)
    outputs = instance.total(instance.output)
    assert discrete_centroid_bound(instance) < outputs * Fraction(7, 10)
    bound = find_bound(instance, BoundKind.TAIL_CENTROID).value
    assert bound >= outputs - Fraction(instance.requests, 2)


@given(instances(max_requests=20, max_arrival=60, counts=True))
def test_cuts_are_cuts_and_never_in_vain(instance):
    for cuts in candidate_cuts(instance):
        assert len(cuts) == instance.requests
        assert (cuts >= 0).all()
        assert (cuts < instance.expanded().output).all()
        assert cuts.any()
    tail = find_bound(instance, BoundKind.TAIL_CENTROID).value
    assert tail >= discrete_centroid_bound(instance)


@given(with_cuts(max_requests=20, max_arrival=60))
def test_the_estimate_is_the_bound(case):
    instance, cuts = case
    exact = float(tail_centroid_bound(instance, cuts))
    assert estimate(thinned(instance), cuts[np.argsort(instance.volume, kind="stable")]) == (
        pytest.approx(exact, abs=1e-6)
    )


@given(with_cuts(max_requests=20, max_arrival=60))
def test_the_kernel_adds_what_the_reference_does(case):
    instance, cuts = case
    columns = (instance.arrival, instance.prompt, instance.output)
    sample = Sample(
        memory=instance.memory, arrival=columns[0], prompt=columns[1], output=columns[2]
    )
    for some in (cuts, 0 * cuts):
        assert terms(sample, some) == pytest.approx(terms_reference(sample, some), rel=1e-12)


def test_terms_beyond_int64():
    column = np.array([2**47, 2**30, 2**30])
    sample = Sample(memory=2**31 - 1, arrival=column, prompt=column // 2, output=column // 4)
    assert sample.is_wide
    none = np.zeros(3, np.int64)
    assert terms(sample, none).tolist() == terms_reference(sample, none).tolist()


def test_a_sample_is_about_the_whole(monkeypatch):
    rng = np.random.default_rng(1)
    output, prompt = rng.integers(1, 200, 4_000), rng.integers(0, 900, 4_000)
    instance = Instance(memory=20_000, arrival=0 * output, prompt=prompt, output=output)
    whole = estimate(thinned(instance), np.zeros(4_000, np.int64)) / 4_000
    monkeypatch.setattr(cutting, "SAMPLE", 500)
    sample = thinned(instance)
    assert len(sample.output) == 500
    none = np.zeros(500, np.int64)
    assert estimate(sample, none) / 500 == pytest.approx(whole, rel=0.02)
