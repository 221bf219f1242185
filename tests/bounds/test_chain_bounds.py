"""The instance-wise bounds against slow, plain versions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.chain_bounds import (
    chain_total,
    eta,
    eta_total,
    integral_total,
    least_prompt_share,
    prefix_pass,
    prefix_total,
)
from kvproof.bounds.policy_bound import policy_bound
from kvproof.bounds.theorem import Kind, Status
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate


@st.composite
def backlogs(draw: st.DrawFn) -> Instance:
    memory = draw(st.integers(3, 60))
    rows = draw(
        st.lists(
            st.integers(1, memory).flatmap(
                lambda o: st.tuples(st.integers(0, memory - o), st.just(o))
            ),
            min_size=1,
            max_size=12,
        )
    )
    prompt, output = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Instance(
        memory=memory, arrival=np.zeros(len(rows), np.int64), prompt=prompt, output=output
    )


@settings(max_examples=300, deadline=None)
@given(backlogs())
def test_bounds_are_ordered_and_hold(instance: Instance) -> None:
    total = simulate(instance, SVF()).total_latency
    prefix = prefix_total(instance)
    assert total <= prefix <= integral_total(instance)
    if instance.eps < 1:
        assert prefix <= eta_total(instance) <= chain_total(instance)
        assert integral_total(instance) <= chain_total(instance)
    assert policy_bound(instance, "sjf") is policy_bound(instance, "svf", "skip") is None
    found = policy_bound(instance, "svf")
    assert found is not None
    assert found.total == prefix
    for theorem in THEOREMS:
        if theorem.kind is Kind.TOTAL_AT_MOST and theorem.applies(instance, "svf"):
            assert theorem.total is not None
            assert theorem.status is not Status.PROVED or found.total <= theorem.total(instance)


@settings(max_examples=200, deadline=None)
@given(backlogs())
def test_shares_are_exact(instance: Instance) -> None:
    pairs = list(zip(instance.prompt.tolist(), instance.output.tolist(), strict=True))
    assert eta(instance) == min((Fraction(o + 1, 2) + s) / (s + o) for s, o in pairs)
    assert least_prompt_share(instance) == min(Fraction(s, o) for s, o in pairs)


@settings(max_examples=200, deadline=None)
@given(backlogs())
def test_prefix_bound_is_what_it_says(instance: Instance) -> None:
    order = np.argsort(instance.volume, kind="stable")
    rows = [
        (int(instance.volume[i]), int(instance.prompt[i]), int(instance.output[i])) for i in order
    ]
    starts: list[int] = []
    for k, _ in enumerate(rows):
        before, upto = rows[:k], rows[: k + 1]
        work = sum(v for v, _, _ in before)
        peak = max(s + o for _, s, o in upto)
        bounds = [2 * work // (instance.memory - peak + 2)]
        if peak < instance.memory:
            least = min(
                (Fraction(2 * s + o + 1, 2 * (s + o)) for _, s, o in before), default=Fraction(1)
            )
            bounds.append((Fraction(work, instance.memory - peak) / least).__floor__())
        bounds.append(max((b + o for b, (_, _, o) in zip(starts, before, strict=True)), default=0))
        starts.append(min(bounds))
    assert prefix_total(instance) == sum(starts) + sum(o for _, _, o in rows)


def test_no_theorem_with_arrivals() -> None:
    late = Instance(memory=9, arrival=[0, 2], prompt=[0, 1], output=[2, 3])
    assert policy_bound(late, "svf") is None


def test_prefix_bound_beyond_int64() -> None:
    large = 2**31 - 1
    huge = Instance(
        memory=large, arrival=[0] * 3, prompt=[0, 5, 2**30], output=[large, large - 7, 2**20],
        count=[1000, 2000, 3000],
    )  # fmt: skip
    one_by_one = huge.expanded()
    order = np.argsort(one_by_one.volume, kind="stable")
    columns = (one_by_one.prompt, one_by_one.output)
    high, low = prefix_pass(large, *(column[order].astype(object) for column in columns))
    assert huge.total_volume * huge.max_peak > 2**63
    assert prefix_total(huge) == (high << 32) + low


def test_counts_are_expanded() -> None:
    counted = Instance(memory=40, arrival=[0, 0], prompt=[3, 0], output=[4, 9], count=[5, 7])
    for bound in (chain_total, eta_total, integral_total, prefix_total):
        assert bound(counted) == bound(counted.expanded())
