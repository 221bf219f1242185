"""Whatever is built, the independent checker verifies; and it refuses one unit more."""

import copy
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kvproof.certificates import build
from kvproof.certificates.chain import blocking_chain, chain_graph
from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.sorted_f import SortedF
from tests.strategies import backlogs, instances


def verdict(certificate, **changed_claim):
    data = copy.deepcopy(certificate.to_json())
    data["claim"].update(changed_claim)
    return check(json.dumps(data).encode()).verdict


@pytest.mark.parametrize("kind", list(BoundKind))
@settings(max_examples=60)
@given(instance=instances(counts=True))
def test_lower_bounds(kind, instance):
    bound = find_bound(instance, kind)
    assume(bound.value >= 0)
    certificate = build.lower_bound_certificate(instance, bound)
    assert verdict(certificate) is Verdict.VERIFIED
    # the centroid in continuous time is written as the discrete one
    proved = BoundKind.DISCRETE_CENTROID if kind is BoundKind.CENTROID else kind
    more = find_bound(instance, proved).value + Fraction(1, 10**15)
    more_claimed = f"{more.numerator}/{more.denominator}"
    assert verdict(certificate, bound=more_claimed) is Verdict.REJECTED


@settings(max_examples=60)
@given(instance=instances(counts=True))
def test_schedule_and_factor(instance):
    schedule = simulate(instance, SVF())
    total = schedule.total_latency
    certificate = build.schedule_certificate(schedule)
    assert verdict(certificate) is Verdict.VERIFIED
    assert verdict(certificate, total_latency=total - 1) is Verdict.REJECTED
    bound = find_bound(instance)
    certificate = build.within_factor_certificate(schedule, bound)
    assert verdict(certificate) is Verdict.VERIFIED
    less = total / bound.value - Fraction(1, 10**15)
    less_claimed = f"{less.numerator}/{less.denominator}"
    assert verdict(certificate, factor=less_claimed) is Verdict.REJECTED


def test_optimal():
    instance = Instance(memory=10, arrival=[0, 0], prompt=[1, 1], output=[3, 3])
    schedule = simulate(instance, SVF())
    outputs = find_bound(instance, BoundKind.OUTPUTS)
    assert verdict(build.optimal_certificate(schedule, outputs)) is Verdict.VERIFIED
    volume = find_bound(instance, BoundKind.VOLUME)
    with pytest.raises(InputError, match="does not prove a total latency of 6 optimal"):
        build.optimal_certificate(schedule, volume)


def test_a_bound_that_leaves_room_for_one_step_proves_nothing_optimal():
    instance = Instance(memory=10, arrival=[0, 0], prompt=[1, 1], output=[3, 3])
    schedule = simulate(instance, SVF())
    proof = find_bound(instance, BoundKind.OUTPUTS).proof
    less = schedule.total_latency - 1
    with pytest.raises(InputError, match="does not prove a total latency of 6 optimal"):
        build.optimal_certificate(schedule, LowerBound(value=Fraction(less), proof=proof))
    above = LowerBound(value=less + Fraction(1, 10**9), proof=proof)
    assert build.optimal_certificate(schedule, above).claim["total_latency"] == 6


@pytest.mark.parametrize("skip", [False, True], ids=["strict", "skip"])
@pytest.mark.parametrize(
    "policy",
    [SVF(), SJF(), FCFS(), OneBitSVF(), OneBitSVF(theta=3, admission="reserve"), SortedF()],
    ids=lambda p: f"{p.name}-{vars(p).get('admission')}",
)
@settings(max_examples=40)
@given(instance=instances(counts=True))
def test_ratio(policy, skip, instance):
    try:
        schedule = simulate(instance, policy, skip=skip)
    except InputError:
        assume(False)
    witness = simulate(instance, SVF(), skip=True)
    certificate = build.ratio_certificate(policy, schedule, witness, skip=skip)
    assert verdict(certificate) is Verdict.VERIFIED
    assert (certificate.claim["policy"] is None) == isinstance(policy, SortedF)
    a = schedule.total_latency + 1
    ratio = Fraction(a, witness.total_latency)
    lie = {"policy_total": a, "ratio": f"{ratio.numerator}/{ratio.denominator}"}
    assert verdict(certificate, **lie) is Verdict.REJECTED


class LongSVF(SVF):
    """A subclass with another key is another policy, whatever it is called."""

    def key(self, instance):
        return -instance.volume


def test_a_subclass_is_not_the_policy_that_the_checker_knows():
    instance = Instance(memory=9, arrival=[0, 0], prompt=[0, 0], output=[5, 6])
    assert build.policy_json(LongSVF(), instance, skip=False) is None


@given(instance=backlogs(max_requests=25, counts=True))
def test_every_strict_svf_schedule_has_a_chain(instance):
    assume(instance.max_peak < instance.memory)
    schedule = simulate(instance, SVF())
    certificate = build.chain_certificate(schedule)
    claim = certificate.claim
    assert verdict(certificate) is Verdict.VERIFIED
    for name in ("bound", "eta_bound"):
        assert schedule.total_latency <= claim[name]
        assert verdict(certificate, **{name: claim[name] - 1}) is Verdict.REJECTED
    assert claim["eta_bound"] <= claim["bound"]  # eta is at least 1/2


@settings(max_examples=300)
@given(instance=backlogs(max_requests=12), data=st.data())
def test_a_delayed_start_has_no_chain(instance, data):
    """Delay the requests from some rank on: the head could have started, and is named."""
    assume(instance.max_peak < instance.memory)
    schedule = simulate(instance, SVF())
    order = np.argsort(instance.volume, kind="stable")
    rank = data.draw(st.integers(0, instance.rows - 1))
    starts = schedule.starts.copy()
    starts[order[rank:]] += 1 + instance.output.max()
    with pytest.raises(InputError, match=f"request {order[rank]} could have started at step"):
        blocking_chain(Schedule(instance=instance, starts=starts))


def test_chain_refuses_what_it_is_not_for():
    late = Instance(memory=9, arrival=[0, 1], prompt=[0, 0], output=[5, 6])
    with pytest.raises(InputError, match="arrives after step 0"):
        build.chain_certificate(simulate(late, SVF()))
    full = Instance(memory=6, arrival=[0, 0], prompt=[0, 0], output=[5, 6])
    with pytest.raises(InputError, match="eps < 1"):
        build.chain_certificate(simulate(full, SVF()))
    disorder = Instance(memory=9, arrival=[0, 0], prompt=[0, 0], output=[5, 6])
    with pytest.raises(InputError, match="SVF order"):
        blocking_chain(Schedule(instance=disorder, starts=np.array([6, 0])))


@given(instance=backlogs(max_requests=15))
def test_chain_graph_is_a_path_of_blocks(instance):
    assume(instance.max_peak < instance.memory)
    schedule = simulate(instance, SVF())
    graph = chain_graph(schedule)
    assert max(graph.nodes) >= schedule.starts.max()
    assert graph.number_of_edges() == graph.number_of_nodes() - 1
    for t, u, block in graph.edges(data=True):
        head = block["head"]
        assert schedule.starts[head] > t
        assert t < u <= t + instance.output[head]
        held = sum(int(instance.prompt[i] + u - schedule.starts[i]) for i in block["blockers"])
        assert held == block["held"]
        assert held + instance.prompt[head] + (u - t) > instance.memory


def test_forms_of_one_certificate(tmp_path):
    instance = Instance(memory=9, arrival=[0], prompt=[1], output=[5], count=[400])
    certificate = build.schedule_certificate(simulate(instance, SVF()))
    data = certificate.to_json()
    assert data["instance"]["inline"]["count"] == [400]
    assert certificate.to_bytes(compress=True)[4:8] == bytes(4)  # no time of day
    (tmp_path / "i.json").write_text(json.dumps(build.instance_json(instance)))
    (tmp_path / "c.json").write_bytes(certificate.to_bytes(file="i.json"))
    (tmp_path / "c.json.gz").write_bytes(certificate.to_bytes(compress=True))
    for name in ("c.json", "c.json.gz"):
        assert check(tmp_path / name).verdict is Verdict.VERIFIED


def test_a_bound_with_too_many_digits_is_rounded_to_the_side_that_is_true():
    instance = Instance(memory=9, arrival=[0], prompt=[1], output=[5], count=[400])
    exact = find_bound(instance, BoundKind.CENTROID)
    long = exact.value - Fraction(1, 7**4000)
    bound = LowerBound(value=long, proof=exact.proof)
    for made in (build.lower_bound_certificate, build.preemptive_bound_certificate):
        certificate = made(instance, bound)
        claimed = Fraction(certificate.claim["bound"])
        assert long - Fraction(1, 10**12) < claimed <= long
        assert verdict(certificate) is Verdict.VERIFIED
    schedule = simulate(instance, SVF())
    factor = Fraction(build.within_factor_certificate(schedule, bound).claim["factor"])
    true = schedule.total_latency / long
    assert true <= factor < true + Fraction(1, 10**12)
