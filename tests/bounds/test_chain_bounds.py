"""The instance-wise bounds against slow, plain versions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.bounds.chain_bounds import (
    chain_total,
    eta,
    eta_total,
    integral_total,
    least_prompt_share,
    prefix_total,
)
from kvproof.bounds.svf import svf_backlog_bound
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
        assert svf_backlog_bound(instance) == chain_total(instance).__floor__()
    else:
        assert svf_backlog_bound(instance) is None


@settings(max_examples=200, deadline=None)
@given(backlogs())
def test_shares_are_exact(instance: Instance) -> None:
    pairs = list(zip(instance.prompt.tolist(), instance.output.tolist(), strict=True))
    assert eta(instance) == min((Fraction(o + 1, 2) + s) / (s + o) for s, o in pairs)
    assert least_prompt_share(instance) == min(Fraction(s, o) for s, o in pairs)


@settings(max_examples=200, deadline=None)
@given(backlogs())
def test_prefix_bound_is_what_it_says(instance: Instance) -> None:
    rows = sorted(
        zip(instance.volume.tolist(), instance.prompt.tolist(), instance.output.tolist(),
            strict=True),
        key=lambda row: row[0],
    )  # fmt: skip
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
    assert svf_backlog_bound(late) is None


def test_counts_are_expanded() -> None:
    counted = Instance(memory=40, arrival=[0, 0], prompt=[3, 0], output=[4, 9], count=[5, 7])
    for bound in (chain_total, eta_total, integral_total, prefix_total):
        assert bound(counted) == bound(counted.expanded())
