"""Paced SVF: what the pacing lemma promises, and what is refused."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.bounds.catalogue import find
from kvproof.bounds.families import ending_together
from kvproof.bounds.policy_bound import policy_bound
from kvproof.bounds.verify import verify
from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import PacedSVF, Shape, pace_of, releases, svf_shape
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.reference import simulate_reference
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from tests.strategies import instances


@st.composite
def backlogs(draw: st.DrawFn) -> Instance:
    """Backlogs of every shape: equal prompts, prompts of outputs, anything."""
    memory = draw(st.integers(2, 80))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 40))
    output = np.sort(rng.integers(1, draw(st.integers(1, memory)) + 1, n))
    most = memory - int(output.max())
    match draw(st.sampled_from(["equal", "fall", "rise", "any"])):
        case "equal":
            prompt = np.full(n, rng.integers(0, most + 1))
        case "fall":
            prompt = np.sort(rng.integers(0, most + 1, n))[::-1]
        case "rise":
            prompt = np.sort(rng.integers(0, most + 1, n))
        case _:
            prompt = rng.integers(0, memory - output + 1)
    return Instance(memory=memory, arrival=np.zeros(n, int), prompt=prompt, output=output)


@settings(max_examples=300, deadline=None)
@given(backlogs())
def test_where_the_lemma_speaks_nothing_waits_for_memory(instance: Instance) -> None:
    policy = PacedSVF()
    schedule = simulate(instance, policy)
    check_schedule(schedule)
    assert schedule.starts.tolist() == simulate_reference(instance, policy).tolist()
    released = policy.release(instance)
    assert (schedule.starts >= released).all()
    pace = pace_of(instance)
    verdict = verify(instance, policy)
    if pace.proved:
        assert schedule.starts.tolist() == released.tolist()
        assert verdict.theorem_bound is not None
        assert verdict.theorem_bound.total == schedule.total_latency
        assert instance.eps < 1
    else:
        assert verdict.theorem_bound is None
    for name in ("paced-svf-outputs", "paced-svf-shapes"):
        theorem = find(name)
        if theorem.applies(instance, "svf-paced"):
            assert theorem.ratio is not None
            assert verdict.factor <= theorem.ratio(instance)
    assert verdict.remark == policy.remark(instance)


@settings(max_examples=300, deadline=None)
@given(backlogs())
def test_releases_are_feasible_as_they_are(instance: Instance) -> None:
    """The lemma itself: the starts alone, without any admission."""
    if instance.eps == 1:
        return
    shape = svf_shape(instance)
    if shape is not Shape.ANY:
        check_schedule(Schedule(instance=instance, starts=releases(instance, Fraction(5, 4))))
    if shape not in (Shape.ANY, Shape.OUTPUTS_RISE):
        check_schedule(Schedule(instance=instance, starts=releases(instance, Fraction(1))))


def _in_order(instance: Instance, rate: Fraction) -> Schedule:
    """The starts floor(rate W_k/(M - max o - max s)), in the order of the rows."""
    ahead = np.cumsum([0, *instance.volume.tolist()[:-1]]).tolist()
    free = instance.memory - int(instance.output.max()) - int(instance.prompt.max())
    starts = [(rate * Fraction(volume, free)).__floor__() for volume in ahead]
    return Schedule(instance=instance, starts=np.array(starts))


def _above_ln(ratio: Fraction) -> Fraction:
    """The least l = k/64 with (1 + l/16)^16 >= ratio: above the logarithm, by at most 1/10."""
    return next(Fraction(k, 64) for k in range(2**20) if (1 + Fraction(k, 1024)) ** 16 >= ratio)


@settings(max_examples=200, deadline=None)
@given(backlogs(), st.integers(1, 30), st.randoms(use_true_random=False))
def test_in_any_order_a_logarithm_is_enough(instance: Instance, free: int, order: Random) -> None:
    rows = list(zip(instance.prompt.tolist(), instance.output.tolist(), strict=True))
    order.shuffle(rows)
    prompt, output = (list(column) for column in zip(*rows, strict=True))
    mixed = Instance(
        memory=max(output) + max(prompt) + free, arrival=[0] * len(rows), prompt=prompt,
        output=output,
    )  # fmt: skip
    most = np.maximum.accumulate(mixed.output).tolist()
    ratio = max(Fraction(before, o) for before, o in zip(most, output, strict=True))
    check_schedule(_in_order(mixed, Fraction(5, 4) + 2 * _above_ln(ratio)))


def test_in_any_order_a_logarithm_is_needed() -> None:
    instance = ending_together(length=64, least=1, each=20).expanded()
    with pytest.raises(RejectedError):
        check_schedule(_in_order(instance, Fraction(5, 4)))
    check_schedule(_in_order(instance, Fraction(5, 4) + 2 * _above_ln(Fraction(64))))


@settings(max_examples=100, deadline=None)
@given(backlogs())
def test_releases_are_what_they_say(instance: Instance) -> None:
    if instance.eps == 1:
        return
    rows = sorted(range(instance.rows), key=lambda i: (instance.volume[i], instance.output[i], i))
    ahead = 0
    for constant in (Fraction(1), Fraction(5, 4)):
        ahead = 0
        found = releases(instance, constant)
        for i in rows:
            free = instance.memory - instance.max_peak
            assert found[i] == (constant * ahead / free).__floor__()
            ahead += int(instance.volume[i])


def test_shapes() -> None:
    def shape(prompt: list[int], output: list[int]) -> Shape:
        return svf_shape(
            Instance(memory=99, arrival=[0] * len(prompt), prompt=prompt, output=output)
        )

    assert shape([5, 5, 5], [3, 1, 2]) is Shape.PROMPTS_FALL
    assert shape([0, 3, 5], [3, 4, 5]) is Shape.OUTPUTS_RISE
    assert shape([0, 9], [5, 1]) is Shape.PROMPTS_FALL  # SVF order puts (9, 1) first
    assert shape([0, 60], [9, 1]) is Shape.ANY
    assert shape([6, 0], [2, 5]) is Shape.VOLUMES_EQUAL
    assert shape([5, 5, 5], [3, 3, 3]) is Shape.ALL_EQUAL


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 9), st.integers(1, 9),
       st.integers(1, 40))  # fmt: skip
def test_equal_requests_may_arrive(arrival: list[int], prompt: int, output: int, room: int) -> None:
    number = len(arrival)
    instance = Instance(
        memory=prompt + output + room, arrival=arrival, prompt=[prompt] * number,
        output=[output] * number,
    )  # fmt: skip
    schedule = simulate(instance, PacedSVF())
    at = Fraction(0)
    gap = Fraction(int(instance.volume[0]), room)
    for i in sorted(range(number), key=lambda i: (arrival[i], i)):
        at = max(at, Fraction(arrival[i]))
        assert schedule.starts[i] == at.__floor__()  # nothing waits for memory
        at += gap
    theorem = find("pacing-arrivals")
    assert theorem.applies(instance, "svf-paced")
    assert theorem.total is not None
    assert schedule.total_latency == theorem.total(instance)
    said = verify(instance, PacedSVF()).theorem_bound
    assert said is not None
    assert said.total == schedule.total_latency
    # 5/3 of OPT at the memory that the largest peak leaves
    if room >= prompt + output:
        less = Instance(
            memory=room, arrival=arrival, prompt=instance.prompt, output=instance.output
        )
        best = simulate(less, SVF()).total_latency
        assert 3 * schedule.total_latency <= 5 * best


def test_unequal_requests_may_arrive() -> None:
    # volumes 6, 6, 9, 21, 1 at M = 14: x = 0, 6/14, then 1, 1 + 9/14, 3 + 2/14
    instance = Instance(
        memory=14, arrival=[0, 0, 1, 1, 2], prompt=[0, 0, 3, 0, 0], output=[3, 3, 2, 6, 1]
    )
    assert simulate(instance, PacedSVF()).starts.tolist() == [0, 0, 1, 1, 3]
    remark = PacedSVF().remark(instance)
    assert remark == "v/M for each start (no proof for unequal requests that arrive over time)"
    assert verify(instance, PacedSVF()).theorem_bound is None


@settings(max_examples=300, deadline=None)
@given(instances(max_requests=14, max_memory=30))
def test_as_the_plain_simulator(instance: Instance) -> None:
    policy = PacedSVF()
    schedule = simulate(instance, policy)
    check_schedule(schedule)
    assert schedule.starts.tolist() == simulate_reference(instance, policy).tolist()
    full = instance.expanded()
    if full.is_backlog or full.eps == 1:
        return
    # no start before the one ahead of it has had the time of its volume
    rank = policy.key(full)
    equal = svf_shape(full) is Shape.ALL_EQUAL
    rate = full.memory - full.max_peak if equal else full.memory
    order = sorted(range(full.rows), key=lambda i: (schedule.starts[i], rank[i]))
    at = Fraction(0)
    for i in order:
        start = int(schedule.starts[i])
        assert start >= at.__floor__()
        at = max(at, Fraction(start)) + Fraction(int(full.volume[i]), rate)


def test_waves_are_paced_below_strict_svf() -> None:
    waves = Instance(memory=24 * 24, arrival=[0], prompt=[0], output=[24], count=[1440])
    paced, strict = (simulate(waves, policy) for policy in (PacedSVF(), SVF()))
    assert paced.total_latency < strict.total_latency
    assert find_policy("svf-paced").name == "svf-paced"


def test_beyond_int64() -> None:
    large = 2**31 - 1
    volume = (large - 1) * large // 2

    def huge(count: int) -> Instance:
        instance = Instance(
            memory=large, arrival=[0], prompt=[0], output=[large - 1], count=[count]
        )
        return instance.expanded()

    assert releases(huge(2), Fraction(5, 4)).tolist() == [0, 5 * volume // 4]
    with pytest.raises(InputError, match="request 3 would not start before"):
        releases(huge(4), Fraction(5, 4))


def test_no_start_is_beyond_those_of_schedules() -> None:
    # three times the volume is more than 2^62, and less than 2^63
    four = Instance(memory=2**31 - 1, arrival=[0] * 4, prompt=[2**30] * 4, output=[2**30 - 2] * 4)
    with pytest.raises(InputError, match="request 3 would not start before"):
        releases(four, Fraction(1))
    output = 2**31 - 1 - 2**29 - 1
    late = Instance(
        memory=2**31 - 1, arrival=[0, 0, 0, 0, 0, 1], prompt=[2**29] * 6, output=[output] * 6
    )
    with pytest.raises(InputError, match="would not start before"):
        policy_bound(late, "svf-paced")


def test_what_is_refused() -> None:
    late = Instance(memory=9, arrival=[0, 2], prompt=[0, 1], output=[2, 3])
    for instance in (late, late.backlog()):
        with pytest.raises(InputError, match="leave out --skip"):
            simulate(instance, PacedSVF(), skip=True)
    far = Instance(memory=2**31 - 1, arrival=[2**48, 0], prompt=[0, 0], output=[5, 6])
    with pytest.raises(InputError, match="svf-paced: costs over 2147483647 are beyond 62 bits"):
        simulate(far, PacedSVF())
    whole = Instance(memory=5, arrival=[0, 0], prompt=[2, 0], output=[3, 1])
    assert simulate(whole, PacedSVF()).starts.tolist() == simulate(whole, SVF()).starts.tolist()
    assert PacedSVF().remark(whole) == "not paced: a request fills the memory"


@pytest.mark.parametrize("answer", [[0], [-1, 0], ["x", "y"], [2**62 + 1, 0]])
def test_a_release_must_be_a_step(answer: list[object]) -> None:
    class Wrong(SVF):
        name = "wrong"

        def release(self, instance: Instance) -> object:
            return answer

    two = Instance(memory=9, arrival=[0, 0], prompt=[0, 1], output=[2, 3])
    with pytest.raises(InputError, match="policy wrong: release"):
        simulate(two, Wrong())


def test_any_key_policy_may_release_late() -> None:
    class Late(SVF):
        name = "late"

        def release(self, instance: Instance) -> object:
            return instance.arrival + 4

    two = Instance(memory=9, arrival=[0, 3], prompt=[0, 1], output=[2, 3])
    assert simulate(two, Late()).starts.tolist() == [4, 7]
    assert simulate_reference(two, Late()).tolist() == [4, 7]
