from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kvproof.scheduling.bucket import BucketSVF
from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF, toll_of
from kvproof.scheduling.predicted import (
    PredictedRun,
    believed_instance,
    check_run,
    predicted_order,
    predicted_run,
    promised_outputs,
    promised_run,
)
from kvproof.scheduling.reference import promised_run_reference
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.simulate import simulate

POLICIES = (
    SVF(), SJF(), FCFS(), OneBitSVF(), BucketSVF(), BucketSVF(constant=Fraction(5, 2), cap=3),
    BucketSVF(constant=Fraction(2**31 - 1, 2**30)),
)  # fmt: skip


@st.composite
def cases(draw):
    memory = draw(st.integers(2, 40))
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 12), st.integers(0, memory - 1), st.integers(1, 40),
                st.integers(1, 60),
            ),
            min_size=1, max_size=14,
        )
    )  # fmt: skip
    arrival, prompt, output, predicted = (np.array(column) for column in zip(*rows, strict=True))
    if draw(st.booleans()):
        arrival = arrival * 0
    instance = Instance(
        memory=memory,
        arrival=arrival,
        prompt=prompt,
        output=np.minimum(output, memory - prompt),
    )
    return instance, draw(st.sampled_from(POLICIES)), predicted


def stays(run: PredictedRun) -> list[tuple[int, ...]]:
    columns = (run.request, run.begin, run.tokens, run.length)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@given(cases(), st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(1, 3)]))
@settings(max_examples=300)
def test_the_kernel_is_the_plain_rule_and_its_runs_are_feasible(case, margin):
    instance, policy, predicted = case
    run = promised_run(instance, policy, predicted, margin=margin)
    check_run(run)
    rank = predicted_order(instance, policy, predicted)
    promised = promised_outputs(instance, policy, predicted, margin)
    toll = toll_of(believed_instance(instance, predicted), policy, instance.arrival)
    assert stays(run) == promised_run_reference(instance, rank, promised, toll)
    assert run.preemptions.sum() == len(run.request) - instance.rows
    assert run.statistics.latency.mean == run.mean_latency


@pytest.mark.parametrize("seed", range(10))
def test_where_many_run_and_some_are_stopped_the_kernel_is_the_plain_rule(seed):
    rng = np.random.default_rng(seed)
    n = 30
    output = rng.integers(1, 16, n)
    instance = Instance(memory=60, arrival=np.sort(rng.integers(0, 30, n)),
                        prompt=rng.integers(0, 6, n), output=output)  # fmt: skip
    predicted = np.maximum(1, output - rng.integers(0, 8, n))
    run = promised_run(instance, SVF(), predicted)
    rank = predicted_order(instance, SVF(), predicted)
    promised = promised_outputs(instance, SVF(), predicted, Fraction(1))
    assert stays(run) == promised_run_reference(instance, rank, promised)


def test_many_stays_are_noted():
    n = 20
    instance = Instance(memory=20, arrival=[0] * n, prompt=[0] * n, output=[19] * n)
    run = promised_run(instance, FCFS(), np.ones(n, dtype=np.int64))
    assert len(run.request) > 4 * n  # more than there is room for at first
    assert stays(run) == promised_run_reference(instance, np.arange(n), np.ones(n, dtype=np.int64))


@given(cases(), st.sampled_from([1, 7, 1_000]))
@example(
    (
        Instance(memory=40, arrival=[0, 1, 12, 12], prompt=[9, 0, 5, 0], output=[9, 30, 20, 40]),
        POLICIES[-1],
        np.array([12, 9, 40, 40]),
    ),
    2**48 - 12,
)
def test_where_time_0_lies_changes_nothing(case, later):
    instance, policy, predicted = case
    moved = Instance(memory=instance.memory, arrival=instance.arrival + later,
                     prompt=instance.prompt, output=instance.output)  # fmt: skip
    run = promised_run(moved, policy, predicted)
    shifted = [(i, begin - later, *rest) for i, begin, *rest in stays(run)]
    assert shifted == stays(promised_run(instance, policy, predicted))


@given(cases())
def test_with_exact_predictions_it_is_the_policy_itself(case):
    instance, policy, _ = case
    run = promised_run(instance, policy, instance.output)
    assert not run.preemptions.any()
    assert (run.first - 1).tolist() == simulate(instance, policy).starts.tolist()
    assert run.recomputed == 0


@given(cases())
def test_where_admission_knows_the_truth_predictions_only_order(case):
    instance, policy, predicted = case
    run = predicted_run(instance, policy, predicted, avoid=True)
    assert not run.preemptions.any()
    if isinstance(policy, FCFS):  # whose order asks no length
        assert (run.first - 1).tolist() == simulate(instance, policy).starts.tolist()


def test_who_outgrows_the_memory_is_stopped_and_goes_on():
    # both are believed to end after one token; together they outgrow 10 tokens in step 4
    instance = Instance(memory=10, arrival=[0, 0], prompt=[2, 2], output=[4, 4])
    run = promised_run(instance, FCFS(), np.array([1, 1]))
    assert stays(run) == [(0, 0, 0, 4), (1, 0, 0, 3), (1, 4, 3, 1)]
    assert run.completion.tolist() == [4, 5]
    assert run.preemptions.tolist() == [0, 1]
    assert run.recomputed == 2 + 3
    assert run.first.tolist() == [1, 1]
    assert run.statistics.waiting.max == 1
    columns = run.columns(np.array([7, 3]), np.array([1, 1]))
    assert columns["row"].tolist() == [7, 3]
    assert columns["waiting"].tolist() == [0, 1]


def test_a_margin_sets_more_aside():
    instance = Instance(memory=10, arrival=[0, 0], prompt=[2, 2], output=[4, 4])
    run = promised_run(instance, FCFS(), np.array([1, 1]), margin=Fraction(4))
    assert stays(run) == [(0, 0, 0, 4), (1, 2, 0, 4)]
    promised = promised_outputs(instance, FCFS(), np.array([3, 30]), Fraction(3, 2))
    assert promised.tolist() == [5, 8]  # rounded up; no more than fits


def test_a_policy_that_reserves_does_so_by_predictions():
    instance = Instance(memory=30, arrival=[0] * 3, prompt=[0] * 3, output=[2, 3, 9])
    policy = OneBitSVF(theta=5, admission="reserve")
    promised = promised_outputs(instance, policy, np.array([7, 4, 9]))
    assert promised.tolist() == [9, 4, 9]


def test_costs_are_refused_where_the_true_outputs_leave_62_bits():
    """By predictions of 1 the clock would end early; it runs by what the outputs truly are."""
    n, policy = 24, BucketSVF(constant=Fraction(1, 10**6))
    columns = {"arrival": [0] * n, "prompt": [600_000] * n}
    long = Instance(memory=2**20, output=[440_000] * n, **columns)
    with pytest.raises(InputError, match=r"svf-bucket: costs over .* are beyond 62 bits"):
        promised_run(long, policy, np.ones(n, dtype=np.int64))
    short = Instance(memory=2**20, output=[4_000] * n, **columns)
    assert promised_run(short, policy, np.ones(n, dtype=np.int64)).completion.max() == n * 4_000


@pytest.mark.parametrize("name", ["svf-paced", "sorted-f", "sorted-f-swap"])
def test_policies_that_space_or_batch_are_refused(name):
    instance = Instance(memory=30, arrival=[0] * 3, prompt=[0] * 3, output=[2, 3, 9])
    for avoid in (False, True):
        with pytest.raises(InputError, match="predictions are for policies that order by a key"):
            predicted_run(instance, find_policy(name), np.array([1, 1, 1]), avoid=avoid)


@pytest.mark.parametrize("key", [[float("nan"), 1.0], ["a", "b"], [1j, 2], [1, 2, 3]])
def test_keys_are_tested_as_those_of_a_simulation(key):
    policy = SVF()
    policy.key = lambda instance: key
    instance = Instance(memory=30, arrival=[0] * 2, prompt=[0] * 2, output=[2, 3])
    with pytest.raises(InputError, match="policy svf: "):
        promised_run(instance, policy, np.array([1, 1]))


@pytest.mark.parametrize("predicted", [np.array([1]), np.array([1.5, 2.0])])
def test_predictions_of_the_wrong_shape_are_refused(predicted):
    instance = Instance(memory=30, arrival=[0] * 2, prompt=[0] * 2, output=[2, 3])
    with pytest.raises(InputError, match="expected 2 integers"):
        promised_run(instance, SVF(), predicted)


@pytest.mark.parametrize(
    "change",
    [
        {"begin": [0, 0, 2]},  # overlaps its own first stay
        {"tokens": [0, 0, 2]},  # loses a token
        {"length": [4, 3, 2]},  # more tokens than it asked for
        {"length": [4, 3, 0]},
        {"request": [0, 0, 0]},  # one never runs
        {"begin": [0, 1, 4]},  # twelve tokens in step 4
    ],
)
def test_a_wrong_run_is_rejected(change):
    instance = Instance(memory=10, arrival=[0, 0], prompt=[2, 2], output=[4, 4])
    good = {"request": [0, 1, 1], "begin": [0, 0, 4], "tokens": [0, 0, 3], "length": [4, 3, 1]}
    check_run(PredictedRun(instance=instance, **{k: np.array(v) for k, v in good.items()}))
    bad = {name: np.array(values) for name, values in (good | change).items()}
    with pytest.raises(RejectedError):
        check_run(PredictedRun(instance=instance, **bad))


def test_a_run_before_its_arrival_is_rejected():
    instance = Instance(memory=10, arrival=[1], prompt=[2], output=[4])
    one = {"request": [0], "begin": [0], "tokens": [0], "length": [4]}
    with pytest.raises(RejectedError):
        check_run(PredictedRun(instance=instance, **{k: np.array(v) for k, v in one.items()}))
