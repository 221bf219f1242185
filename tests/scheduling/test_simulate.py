from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.scheduling.bucket import BucketSVF
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.paced import PacedSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF, Toll
from kvproof.scheduling.reference import simulate_reference
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.sorted_f import SortedF
from tests.strategies import backlogs, instances

KEYED = {"svf": SVF(), "sjf": SJF(), "fcfs": FCFS()}


class LongestFirst:
    name = "longest-first"

    def key(self, instance):
        return -instance.output


class Pairs:
    """Two requests at a time, by prompt."""

    name = "pairs"

    def next_batch(self, instance, waiting):
        return waiting[np.argsort(instance.prompt[waiting], kind="stable")][:2]


POLICIES = [
    *KEYED.values(),
    OneBitSVF(),
    OneBitSVF(theta=3),
    OneBitSVF(theta=3, admission="reserve"),
    SortedF(),
    LongestFirst(),
    Pairs(),
]


def test_known_totals_and_starts(vector):
    instance = Instance(**{k: vector[k] for k in ("memory", "arrival", "prompt", "output")})
    for name, total in vector["total_latency"].items():
        policy, _, skip = name.partition("-")
        schedule = simulate(instance, KEYED[policy], skip=skip == "skip")
        check_schedule(schedule)
        assert schedule.total_latency == total
    assert simulate(instance, SVF()).starts.tolist() == vector["svf_starts"]


@pytest.mark.parametrize("skip", [False, True], ids=["strict", "skip"])
@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: f"{p.name}-{vars(p).get('admission')}")
@settings(max_examples=200)
@given(instance=st.one_of(instances(max_requests=14, counts=True), backlogs(max_requests=20)))
def test_kernel_does_what_the_reference_does(policy, skip, instance):
    try:
        expected = simulate_reference(instance, policy, skip=skip)
    except InputError:  # a reservation that cannot fit
        with pytest.raises(InputError):
            simulate(instance, policy, skip=skip)
        return
    schedule = simulate(instance, policy, skip=skip)
    assert schedule.starts.tolist() == expected.tolist()
    check_schedule(schedule)


SPACED = [BucketSVF(), BucketSVF(constant=Fraction(3), cap=2), PacedSVF()]


@pytest.mark.parametrize("policy", [*POLICIES, *SPACED], ids=lambda p: p.name)
@settings(max_examples=100)
@given(instance=st.one_of(instances(max_requests=12), backlogs(max_requests=12)),
       later=st.sampled_from([1, 2, 7, 1_000, 2**40]))  # fmt: skip
def test_where_time_0_lies_changes_nothing(policy, instance, later):
    moved = Instance(memory=instance.memory, arrival=instance.arrival + later,
                     prompt=instance.prompt, output=instance.output)  # fmt: skip
    try:
        starts = simulate(instance, policy).starts
    except InputError:  # a reservation that cannot fit
        return
    assert (simulate(moved, policy).starts - later).tolist() == starts.tolist()
    assert (simulate_reference(moved, policy) - later).tolist() == starts.tolist()


def test_credit_is_counted_from_the_first_arrival():
    # each start costs 3 * 10/20 = 1.5 steps, but for those that are there first
    instance = Instance(memory=20, arrival=[5, 6, 6, 6], prompt=[0] * 4, output=[4] * 4)
    bucket = BucketSVF(constant=Fraction(3), cap=2)
    # at step 5 nothing is saved, at 6 one step: 1, then -1/2 and none until 7, then 8
    assert simulate(instance, bucket).starts.tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("skip", [False, True], ids=["strict", "skip"])
@pytest.mark.parametrize("span", [0, 20_000])
def test_kernel_at_high_concurrency(skip, span):
    # hundreds of requests run at once, so that the profile grows and is compacted
    rng = np.random.default_rng(3)
    instance = Instance(
        memory=3_000,
        arrival=np.sort(rng.integers(0, span // 100 + 1, 1_500)),
        prompt=rng.integers(0, 5, 1_500),
        output=rng.integers(1, 80, 1_500),
    )
    for policy in (SVF(), OneBitSVF(admission="reserve"), SortedF()):
        schedule = simulate(instance, policy, skip=skip)
        assert np.array_equal(schedule.starts, simulate_reference(instance, policy, skip=skip))


def test_large_times_do_not_overflow():
    late = 2**48
    instance = Instance(
        memory=2**31 - 1, arrival=[late, late, late], prompt=[2**30] * 3, output=[2**30 - 1] * 3
    )
    schedule = simulate(instance, SVF())
    check_schedule(schedule)
    assert schedule.starts.tolist() == [late, late + 2**30 - 1, late + 2 * (2**30 - 1)]


def test_ties_go_by_arrival_then_index():
    # equal keys, one at a time: the earlier arrival first, then the smaller index
    instance = Instance(memory=2, arrival=[1, 0, 1, 0], prompt=[0] * 4, output=[2] * 4)
    assert simulate(instance, SJF()).starts.tolist() == [4, 0, 6, 2]


def test_blocked_head_starts_where_nothing_completes():
    # (0, 4) at M = 7: the second fits one step after the first, though nothing has completed
    instance = Instance(memory=7, arrival=[0, 0], prompt=[0, 0], output=[4, 4])
    assert simulate(instance, SVF()).starts.tolist() == [0, 1]


def test_skip_svf_starves_where_strict_does_not():
    """The family svf-skip-unbounded at d = 64: the figures are known."""
    d, fats, triangles = 64, 256, 16
    memory, fat = 10 * d + 6, 5 * d + 3
    half = (5 * d + 4) // 2
    classes = [
        *[(half - 1, 1)] * 2,
        *[(fat - 1, 1)] * fats,
        (3 * d, d),
        (2 * d, 2 * d),
        (d, 3 * d),
        *[(0, 4 * d)] * triangles,
    ]
    prompt, output = zip(*classes, strict=True)
    instance = Instance(memory=memory, arrival=[0] * len(prompt), prompt=prompt, output=output)
    assert simulate(instance, SVF(), skip=True).total_latency == 324_329
    assert simulate(instance, SVF()).total_latency == 31_357


@pytest.mark.parametrize(
    ("arrivals", "policy", "total"),
    [
        (False, SVF(), 420_681_783),
        (False, SJF(), 515_899_640),
        (False, FCFS(), 853_604_427),
        (True, SVF(), 69_559_792),
        (True, SJF(), 74_866_322),
        (True, FCFS(), 198_284_682),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_known_totals_of_the_conversation_trace(conversation_trace, arrivals, policy, total):
    from kvproof.scheduling.traces import read_trace

    instance, _ = read_trace(conversation_trace).to_instance(memory=60_000, backlog=not arrivals)
    schedule = simulate(instance, policy)
    check_schedule(schedule)
    assert schedule.total_latency == total


class Keyed:
    name = "mine"

    def __init__(self, key):
        self.key = lambda instance: key


THREE = Instance(memory=9, arrival=[0, 0, 0], prompt=[5, 5, 5], output=[3, 2, 1])


@pytest.mark.parametrize(
    "key",
    [
        [0.1, 0.3, 0.2],
        [Fraction(1, 3), Fraction(2, 3), Fraction(1, 2)],
        np.array([1, 2**64 - 1, 2], dtype=np.uint64),
        np.array([1, 3, 2], dtype=np.int8),
        [-3, 2**62, 5],
        np.longdouble(2) ** 55 + [1, 3, 2],  # equal as float64, where long doubles are longer
    ],
)
def test_keys_of_any_numbers(key):
    assert simulate(THREE, Keyed(np.array(key))).starts.tolist() == [0, 4, 3]
    assert simulate_reference(THREE, Keyed(np.array(key))).tolist() == [0, 4, 3]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Keyed([1, 2]), r"mine: key has shape \(2,\), expected \(3,\)"),
        (Keyed([1.0, float("nan"), 2.0]), "mine: the key of request 1 is NaN"),
        (Keyed([Fraction(1), float("nan"), Decimal(2)]), "mine: the key of request 1 is NaN"),
        (Keyed(["a", "b", "c"]), "mine: keys must be numbers"),
        (Keyed([1j, 2, 3]), "mine: keys must be numbers"),
        (Keyed([[1], [2, 3], 4]), "mine failed: ValueError"),
    ],
)
def test_bad_keys(policy, said):
    with pytest.raises(InputError, match=said):
        simulate(THREE, policy)


class Reserving(SVF):
    name = "mine"

    def __init__(self, reserved):
        self.reserved = lambda instance: reserved


@pytest.mark.parametrize(
    ("reserved", "said"),
    [
        (np.array([3.0, 2.0, 1.0]), "must return 3 integers, got float64"),
        (np.array([3, 2]), r"got int64 of shape \(2,\)"),
        ([3, 2, 9], "request 2 reserves 9, which must be from its output 1 to 4"),
        ([2, 2, 1], "request 0 reserves 2, which must be from its output 3 to 4"),
        ([[3], [2, 2], 1], "mine failed: ValueError"),
    ],
)
def test_bad_reservations(reserved, said):
    with pytest.raises(InputError, match=said):
        simulate(THREE, Reserving(reserved))


class Tolling(SVF):
    name = "mine"

    def __init__(self, **toll):
        self.toll = lambda instance: Toll(**{"cost": [1, 2, 3], "unit": 1, "cap": 0} | toll)


@pytest.mark.parametrize("cost", [[1, 2, 3], np.array([1, 2, 3], dtype=np.uint64)])
@pytest.mark.parametrize("unit", [1, np.int64(1)])
def test_costs_of_any_integers(cost, unit):
    expected = simulate_reference(THREE, Tolling(cost=np.array([1, 2, 3])))
    starts = simulate(THREE, Tolling(cost=cost, unit=unit, cap=np.int64(0))).starts
    assert starts.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("toll", "said"),
    [
        ({"unit": 1.5}, "a Toll of integers, unit >= 1"),
        ({"cap": "1"}, "a Toll of integers"),
        ({"unit": 0}, "unit >= 1"),
        ({"lent": -1}, "cap, lent >= 0"),
        ({"cost": [1.0, 2.0, 3.0]}, "needs 3 costs, at least 0"),
        ({"cost": [[1], [2, 3], 4]}, "mine failed: ValueError"),
        ({"cost": np.array([1, 2**63, 3], dtype=np.uint64)}, "costs over 1 are beyond 62 bits"),
        ({"unit": np.int64(2**61), "cap": np.int64(1)}, "are beyond 62 bits"),
    ],
)
def test_bad_tolls(toll, said):
    for run in (simulate, simulate_reference):
        with pytest.raises(InputError, match=said):
            run(THREE, Tolling(**toll))


def test_costs_beside_late_releases_do_not_overflow():
    policy = Tolling(cost=[2**50, 0, 0], unit=2**50)
    policy.release = lambda instance: np.array([0, 2**13, 2**13 + 5])
    with pytest.raises(InputError, match="are beyond 62 bits"):
        simulate(THREE, policy)


def test_releases_are_asked_for_once():
    asked = []
    policy = Tolling()
    policy.release = lambda instance: asked.append(1) or instance.arrival
    assert simulate(THREE, policy).starts.tolist() == simulate(THREE, Tolling()).starts.tolist()
    assert asked == [1]


def test_releases_up_to_the_last_step_that_there_is():
    policy = SVF()
    two = Instance(memory=5, arrival=[0, 0], prompt=[3, 1], output=[1, 4])
    policy.release = lambda instance: np.array([2**62 - 4, 2**62 - 4])
    assert simulate(two, policy).starts.tolist() == [2**62 - 4, 2**62 - 3]
    policy.release = lambda instance: np.array([2**62, 2**62])
    with pytest.raises(InputError, match=f"starts must be at most {2**62}"):
        simulate(two, policy)


class Failing:
    name = "mine"

    def __init__(self, error):
        self.error = error

    def key(self, instance):
        raise self.error


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(0), KeyError("y")])
def test_a_policy_that_fails_is_named(error):
    with pytest.raises(InputError, match=f"policy mine failed: {type(error).__name__}"):
        simulate(THREE, Failing(error))


class Batches:
    name = "mine"

    def __init__(self, batch):
        self.next_batch = lambda instance, waiting: np.array(batch, dtype=np.int64)


@pytest.mark.parametrize("batch", [[], [0, 0], [3], [-1], [0, 7], [1, 2, 0, 1]])
def test_bad_batches(batch):
    with pytest.raises(InputError, match="next_batch must return waiting requests"):
        simulate(THREE, Batches(batch))


@pytest.mark.parametrize("batch", [[[0], [1, 2]], None, ["0"], 0])
def test_batches_that_are_no_list(batch):
    policy = Batches([0])
    policy.next_batch = lambda instance, waiting: batch
    with pytest.raises(InputError, match="policy mine"):
        simulate(THREE, policy)


@pytest.mark.parametrize("method", ["reserved", "release", "toll"])
def test_what_only_policies_with_a_key_may_have(method):
    policy = Batches([0, 1, 2])
    setattr(policy, method, lambda instance: instance.output)
    for run in (simulate, simulate_reference):
        with pytest.raises(InputError, match=rf"mine: {method}\(\) is for policies with a key"):
            run(THREE, policy)


def test_progress_of_a_batch_policy():
    seen = []
    simulate(THREE, Pairs(), progress=lambda done, n: seen.append((done, n)))
    assert seen == [(2, 3), (3, 3)]
