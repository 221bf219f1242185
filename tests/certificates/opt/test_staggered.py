"""Staggered completions against OPT, an LP solver, the checker and the plain version."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from kvproof.certificates.build import lower_bound_certificate
from kvproof.certificates.checker import check
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.opt import staggered
from kvproof.certificates.opt.staggered import (
    Group,
    choose_group,
    multipliers_reference,
    promising_groups,
    staggered_bound,
)
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.certificates.proofs import BoundKind, StaggeredProof
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.solver.reference import brute_force
from tests.strategies import instances


def equal(memory, prompt, output, number):
    return Instance(memory=memory, arrival=[0], prompt=[prompt], output=[output], count=[number])


@settings(max_examples=150, deadline=None)
@given(
    instances(max_requests=4, max_memory=9, max_arrival=5),
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4),
)  # fmt: skip
def test_any_group_is_below_opt_and_checked(instance, peak, output, together):
    peak = min(peak, instance.memory)
    group = Group(peak=peak, output=min(output, peak), together=together)
    large = (instance.prompt + instance.output >= peak) & (instance.output >= group.output)
    if large.sum() < together:
        with pytest.raises(InputError, match="as large"):
            staggered_bound(instance, group)
        return
    bound = staggered_bound(instance, group)
    assert bound <= brute_force(instance)[0]
    for value, verdict in ((bound, "verified"), (bound + Fraction(1, 10**9), "rejected")):
        if value >= 0:
            claimed = LowerBound(value=value, proof=StaggeredProof(group=group))
            made = lower_bound_certificate(instance, claimed)
            assert check(made.to_bytes()).verdict == verdict


@given(instances(max_requests=12, max_arrival=30, counts=True))
def test_the_group_that_is_chosen_can_be_checked(instance):
    group, value = choose_group(instance)
    assert value == staggered_bound(instance, group)
    claimed = LowerBound(value=value, proof=StaggeredProof(group=group))
    assert check(lower_bound_certificate(instance, claimed).to_bytes()).verdict == "verified"


@settings(max_examples=60, deadline=None)
@given(instances(max_requests=8, max_arrival=12, counts=True))
def test_nothing_is_lost_by_leaving_groups_out(instance):
    # of so few requests every peak and output is tried, and every m
    requests = instance.expanded()
    peaks = requests.prompt + requests.output
    values = []
    for peak in set(peaks.tolist()):
        for output in set(requests.output.tolist()):
            n = int(((peaks >= peak) & (requests.output >= output)).sum())
            group = partial(Group, peak=peak, output=min(peak, output))
            values += [staggered_bound(instance, group(together=m)) for m in range(1, n + 1)]
    best = max(values)
    assert choose_group(instance)[1] == best
    others = max(discrete_centroid_bound(instance), instance.total(instance.output))
    promising = promising_groups(instance, hopeless=False)
    found = max((staggered_bound(instance, group) for group in promising), default=others)
    assert max(found, others) == max(best, others)


def test_many_different_requests():
    rng = np.random.default_rng(3)
    output, prompt = rng.integers(1, 300, 20_000), rng.integers(0, 900, 20_000)
    arrival = np.sort(rng.integers(0, 10_000, 20_000))
    instance = Instance(memory=20_000, arrival=arrival, prompt=prompt, output=output)
    bound = find_bound(instance, BoundKind.STAGGERED)
    assert check(lower_bound_certificate(instance, bound).to_bytes()).verdict == "verified"


def test_no_more_are_taken_together_than_there_are():
    # a sample of every fifth has one of the three long ones, which then counts for five
    output = np.ones(20_480, np.int64)
    output[:3] = 1_000
    instance = Instance(memory=3_000, arrival=0 * output, prompt=0 * output, output=output)
    (group,) = promising_groups(instance, hopeless=True)
    assert group == Group(peak=1_000, output=1_000, together=3)
    assert choose_group(instance)[1] >= instance.total(output)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (5, 2), (7, 4), (9, 9), (40, 7), (90, 31)])
def test_the_multipliers_are_the_programmes_optimum(n, m):
    rows = [[m - (i - k) if k < i < k + m else 0 for i in range(2, n + 1)]
            for k in range(1, n - m + 2)]  # fmt: skip
    best = linprog(
        np.arange(n - 1, 0, -1), A_ub=-np.array(rows), b_ub=-np.ones(len(rows)), method="highs"
    ).fun
    assert staggered._multipliers(n, m) / staggered.UNIT == pytest.approx(best, rel=1e-6)


@given(st.integers(2, 400), st.data())
def test_the_kernel_fills_as_the_reference_does(n, data):
    m = data.draw(st.integers(2, n))
    assert staggered._multipliers(n, m) == multipliers_reference(n, m)


def test_no_multiplier_is_negative():
    # the reference looks at each
    for n in range(2, 70):
        for m in range(2, n + 1):
            assert multipliers_reference(n, m) > 0


def test_a_negative_multiplier_proves_nothing(monkeypatch):
    # there is none: the kernel is told that a gap has less room than it has
    monkeypatch.setattr(staggered, "UNIT", -1)
    with pytest.raises(ArithmeticError, match="below 0"):
        multipliers_reference(5, 3)
    monkeypatch.setattr(staggered, "_filled", lambda n, m: (-1, 0))
    with pytest.raises(ArithmeticError, match="of 5 completions, 3 together, a multiplier below 0"):
        staggered_bound(equal(10, 0, 9, 5), Group(peak=9, output=9, together=3))


def test_the_kernel_at_a_million():
    assert staggered._multipliers(10**6, 3) == multipliers_reference(10**6, 3)


def test_by_hand():
    # memory 3, three requests (0, 2): of two, the second completes a step later at least, and so
    # on: 2, 3, 4 is feasible and 2 + 3 + 4 is what the inequalities leave
    instance = equal(3, 0, 2, 3)
    assert choose_group(instance)[1] == 9 == brute_force(instance.expanded())[0]


def test_one_request_is_its_output():
    instance = equal(9, 2, 5, 1)
    assert choose_group(instance)[1] == 5
