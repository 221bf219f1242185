"""Lower bounds for engine runs, held against the cheapest run that the theorem allows."""

from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.engine import (
    EngineRules,
    _by_prices,
    engine_bound,
    falling,
    run_certificate,
)
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.prices import Prices, best_prices, closed_form_prices, price_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate
from tests.strategies import instances

# The smallest run known that beats a price bound: preempted requests, computed again.
PREEMPTED = Instance(memory=78, arrival=[0, 0, 0], prompt=[1, 33, 14], output=[24, 38, 21])


def cheapest_run(instance, *, seats=None):
    """Least total latency where a request may take its tokens in any distinct steps.

    In the step of token j it holds prompt + j tokens; no step holds more than the memory.
    """
    requests = list(
        zip(
            *(c.tolist() for c in (instance.arrival, instance.prompt, instance.output)), strict=True
        )
    )
    costs = {tuple([0] * len(requests)): 0}  # tokens made so far: latency so far
    done = tuple(output for _, _, output in requests)
    best = None
    step = 0
    while costs:
        after = {}
        for made, cost in costs.items():
            if made == done:
                best = cost if best is None else min(best, cost)
                continue
            here = [i for i, (a, _, o) in enumerate(requests) if a <= step and made[i] < o]
            spent = cost + len(here)
            if best is not None and spent >= best:
                continue
            for chosen in chain.from_iterable(
                combinations(here, k) for k in range(min(len(here), seats or len(here)) + 1)
            ):
                if not chosen and len(here) == sum(m < o for m, o in zip(made, done, strict=True)):
                    continue  # all have arrived: an idle step only costs
                if sum(requests[i][1] + made[i] + 1 for i in chosen) > instance.memory:
                    continue
                state = tuple(m + (i in chosen) for i, m in enumerate(made))
                after[state] = min(after.get(state, spent), spent)
        costs = after
        step += 1
    return best


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**63, 10**24])
@pytest.mark.parametrize("name", ["seats", "budget"])
def test_rules_are_refused_out_of_their_range(name, value):
    with pytest.raises(InputError, match=f"engine: {name} must be 1 to 2,147,483,647, got"):
        EngineRules(**{name: value})
    most = EngineRules(**{name: 2**31 - 1})
    assert engine_bound(PREEMPTED, most).value >= 24 + 38 + 21


def test_a_budget_bounds_what_is_computed_and_no_more():
    """A user's prompt of 4 tokens, 2 in a step: the only output token comes with the last two."""
    one = Instance(memory=9, arrival=[0], prompt=[3], output=[1])
    assert engine_bound(one, EngineRules(budget=2)).value == 2
    two = Instance(memory=9, arrival=[0, 0], prompt=[3, 3], output=[1, 1])
    assert engine_bound(two, EngineRules(budget=2)).value == 2 + 4


@pytest.mark.parametrize("kind", [BoundKind.VOLUME, BoundKind.TAIL_CENTROID, BoundKind.STAGGERED])
def test_a_bound_on_runs_that_preempt_nobody_is_said_to_be_one(kind):
    calm = engine_bound(PREEMPTED, EngineRules(preempts=False), kind)
    assert calm.unpreempted == (kind is BoundKind.STAGGERED)
    if not calm.unpreempted:
        assert not engine_bound(PREEMPTED, EngineRules(), kind).unpreempted


tiny = instances(max_requests=4, max_memory=9, max_arrival=4)


@settings(max_examples=60)
@given(tiny, st.sampled_from([1, 2, None]))
def test_no_run_that_preempts_beats_what_is_claimed_of_it(instance, seats):
    cheapest = cheapest_run(instance, seats=seats)
    rules = EngineRules(seats=seats, preempts=True)
    for kind in (None, *set(BoundKind) - {BoundKind.STAGGERED}):
        assert engine_bound(instance, rules, kind).value <= cheapest


@settings(max_examples=60)
@given(tiny)
def test_with_a_seat_a_step_the_bound_is_shortest_remaining_first(instance):
    alone = Instance(
        memory=instance.memory, arrival=[0] * instance.rows, prompt=instance.prompt,
        output=instance.output,
    )  # fmt: skip
    bound = engine_bound(alone, EngineRules(seats=1))
    finish = total = 0
    for output in sorted(alone.output.tolist()):
        finish += output
        total += finish
    assert bound.value >= total == cheapest_run(alone, seats=1)


def test_prices_do_not_bound_a_run_that_preempts():
    """The counterexample that keeps price bounds from runs with preemption."""
    found = best_prices(PREEMPTED)
    cheapest = cheapest_run(PREEMPTED)
    assert cheapest <= 95 < found.bound
    preempting, not_preempting = EngineRules(preempts=True), EngineRules(preempts=False)
    assert engine_bound(PREEMPTED, not_preempting, BoundKind.PRICE).value == found.bound
    assert engine_bound(PREEMPTED, preempting, BoundKind.PRICE).value <= cheapest
    assert engine_bound(PREEMPTED, preempting).value <= cheapest


def test_prices_for_runs_that_preempt_never_rise():
    """Those of the fluid schedule do where requests come after idle times."""
    instance = Instance(
        memory=9, arrival=[0, 20, 20, 20, 20], prompt=[1, 4, 4, 4, 4], output=[2, 5, 5, 5, 5]
    )
    assert (np.diff(closed_form_prices(instance).numerators) > 0).any()
    found = _by_prices(instance, EngineRules(), None, None)
    assert (np.diff(found.proof.proof.prices.numerators) <= 0).all()
    made = run_certificate(instance, instance.output, found, preempts=True)
    assert check(made.to_bytes()).verdict is Verdict.VERIFIED


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=8))
def test_falling_prices_never_rise_and_are_the_largest_such(runs):
    prices = Prices(denominator=7, runs=tuple(runs))

    def steps(found):
        return [n for length, n in found.runs for _ in range(length)]

    before, after = steps(prices), steps(falling(prices))
    expected = [min(before[: t + 1]) for t in range(len(before))]
    assert after + [0] * (len(before) - len(after)) == expected


@given(instances(max_requests=6), st.integers(1, 20))
def test_bounds_by_steps(instance, budget):
    rules = EngineRules(budget=budget)
    length = sum(
        -(-(s + 1) // budget) + o - 1
        for s, o in zip(instance.prompt.tolist(), instance.output.tolist(), strict=True)
    )
    bound = engine_bound(instance, rules)
    assert bound.value >= max(length, find_bound(instance, BoundKind.TAIL_CENTROID).value)
    work = sum((instance.prompt + instance.output).tolist())
    # the last of them completes no sooner than all has been computed
    assert bound.value >= Fraction(work, budget) - int(instance.arrival.max())


def test_shared_prefixes_leave_the_bounds_by_steps():
    instance = Instance(memory=100, arrival=[0, 0], prompt=[90, 90], output=[5, 5])
    rules = EngineRules(seats=8, budget=16, shares=True)
    assert engine_bound(instance, rules).value == 10
    assert engine_bound(instance, EngineRules(seats=8, budget=16)).value == 20
    for kind in set(BoundKind) - {BoundKind.OUTPUTS}:
        with pytest.raises(InputError, match="shared prefixes are held once"):
            engine_bound(instance, rules, kind)


def test_whole_requests_are_no_bound_where_they_are_stopped():
    instance = Instance(memory=20, arrival=[0] * 9, prompt=[0] * 9, output=[9] * 9)
    with pytest.raises(InputError, match="without preemption"):
        engine_bound(instance, EngineRules(), BoundKind.STAGGERED)
    whole = engine_bound(instance, EngineRules(preempts=False), BoundKind.STAGGERED)
    assert whole.value > engine_bound(instance, EngineRules()).value


@settings(max_examples=40)
@given(instances(max_requests=6), st.sampled_from([None, *set(BoundKind) - {BoundKind.STAGGERED}]))
def test_a_run_is_certified_as_a_schedule_or_by_a_bound_on_all_runs(instance, kind):
    schedule = simulate(instance, SVF())
    completion = schedule.starts + instance.output
    for preempts, claim in ((False, "within-factor"), (True, "preemptive-lower-bound")):
        bound = engine_bound(instance, EngineRules(seats=2, preempts=preempts), kind)
        made = run_certificate(instance, completion, bound, preempts=preempts)
        assert made.claim["kind"] == claim
        result = check(made.to_bytes())
        assert result.verdict is Verdict.VERIFIED, result.reason


def test_a_schedule_bound_is_no_certificate_for_runs_that_preempt():
    bound = engine_bound(PREEMPTED, EngineRules(preempts=False), BoundKind.PRICE)
    made = run_certificate(PREEMPTED, PREEMPTED.output, bound, preempts=True)
    result = check(made.to_bytes())
    assert result.verdict is Verdict.REJECTED
    assert "they rise" in result.reason


def test_a_price_bound_carries_its_prices():
    bound = engine_bound(PREEMPTED, EngineRules(preempts=False), BoundKind.PRICE)
    assert bound.proof is not None
    assert price_bound(PREEMPTED, bound.proof.proof.prices) == bound.value
