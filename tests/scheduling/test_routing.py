import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS
from kvproof.scheduling.routing import Router, least_loaded_reference, parts, route
from kvproof.scheduling.simulate import simulate
from tests.strategies import backlogs, instances

LEAST = Router.LEAST_LOADED


def test_round_robin_goes_by_arrival_then_index():
    instance = Instance(memory=9, arrival=[4, 0, 4, 2], prompt=[0] * 4, output=[1] * 4)
    assert route(instance, 3, Router.ROUND_ROBIN).tolist() == [2, 0, 0, 1]


@pytest.mark.parametrize("router", Router)
@pytest.mark.parametrize("replicas", [0, -1])
def test_there_must_be_a_replica(router, replicas):
    instance = Instance(memory=9, arrival=[0], prompt=[0], output=[1])
    with pytest.raises(InputError, match=f"at least 1 replica, got {replicas}"):
        route(instance, replicas, router)


def test_least_loaded_counts_prompts_and_outputs_until_completion():
    # 6 + 2 tokens complete at step 2, 1 + 4 at step 4
    instance = Instance(
        memory=20, arrival=[0, 0, 1, 2, 2], prompt=[6, 1, 1, 0, 0], output=[2, 4, 1, 1, 1]
    )
    # third: 8 against 5; fourth: 0 against 5, its two tokens having completed at step 2
    assert route(instance, 2, LEAST).tolist() == [0, 1, 1, 0, 0]


def test_who_waits_is_outstanding():
    # the first fills the replica to step 3; the second waits, and completes at step 6
    instance = Instance(memory=8, arrival=[0, 0, 0, 4], prompt=[5, 5, 5, 0], output=[3, 3, 3, 1])
    assert route(instance, 2, LEAST).tolist() == [0, 1, 0, 1]
    alone = parts(instance, route(instance, 2, LEAST), 2)[0]
    assert simulate(alone, FCFS()).completion.tolist() == [3, 6]


@given(st.one_of(instances(counts=True), backlogs()), st.integers(1, 4))
def test_the_kernel_chooses_as_the_reference_does(instance, replicas):
    assert route(instance, replicas, LEAST).tolist() == least_loaded_reference(instance, replicas)


@given(instances(max_requests=12), st.integers(1, 4), st.sampled_from(Router))
def test_nothing_that_comes_later_changes_a_choice(instance, replicas, router):
    whole = route(instance, replicas, router)
    until = int(np.median(instance.arrival))
    some = instance.arrival <= until
    before = Instance(
        memory=instance.memory,
        arrival=instance.arrival[some],
        prompt=instance.prompt[some],
        output=instance.output[some],
    )
    assert route(before, replicas, router).tolist() == whole[some].tolist()


@given(instances(counts=True), st.integers(1, 5), st.sampled_from(Router))
def test_parts_are_all_requests_in_their_order(instance, replicas, router):
    chosen = route(instance, replicas, router)
    made = parts(instance, chosen, replicas)
    every = instance.expanded()
    assert len(made) == replicas
    for replica, part in enumerate(made):
        rows = chosen == replica
        assert (part is None) == (not rows.any())
        if part is not None:
            assert part.memory == instance.memory
            for name in ("arrival", "prompt", "output"):
                assert getattr(part, name).tolist() == getattr(every, name)[rows].tolist()


@pytest.mark.parametrize("router", Router)
def test_one_replica_is_the_instance(router):
    instance = Instance(memory=9, arrival=[3, 0], prompt=[1, 2], output=[1, 2])
    (part,) = parts(instance, route(instance, 1, router), 1)
    assert part.digest == instance.digest


def test_where_a_profile_grows_and_moves():
    rng = np.random.default_rng(5)
    instance = Instance(
        memory=400,
        arrival=np.sort(rng.integers(0, 300, 600)),
        prompt=rng.integers(0, 4, 600),
        output=rng.integers(1, 60, 600),
    )
    chosen = route(instance, 3, LEAST)
    # the books are right: what is outstanding at each arrival, from each replica's own schedule
    made = parts(instance, chosen, 3)
    peak = instance.prompt + instance.output
    ends = np.empty(600, np.int64)
    for replica, part in enumerate(made):
        ends[chosen == replica] = simulate(part, FCFS()).completion
    for i in range(600):
        before = np.arange(600) < i
        outstanding = [
            int(peak[before & (chosen == r) & (ends > instance.arrival[i])].sum()) for r in range(3)
        ]
        assert chosen[i] == np.argmin(outstanding)
