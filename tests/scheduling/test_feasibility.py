import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling import feasibility
from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.feasibility import check_schedule, memory_at_completions, most_held
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule
from tests.strategies import instances


def held_at(schedule, step):
    """Tokens held in a step, by the definition."""
    requests = schedule.instance.expanded()
    rows = zip(
        schedule.starts.tolist(), requests.prompt.tolist(), requests.output.tolist(), strict=True
    )
    return sum(s + (step - p) for p, s, o in rows if p < step <= p + o)


@st.composite
def schedules(draw):
    instance = draw(instances(counts=True))
    n = instance.requests
    starts = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))
    return Schedule(instance=instance, starts=np.array(starts))


@given(schedules())
def test_test_agrees_with_walking_every_step(schedule):
    requests = schedule.instance.expanded()
    feasible = all(
        held_at(schedule, u) <= requests.memory for u in range(schedule.makespan + 1)
    ) and bool((schedule.starts >= requests.arrival).all())
    try:
        check_schedule(schedule)
        accepted = True
    except RejectedError:
        accepted = False
    assert accepted == feasible


@given(schedules(), st.booleans())
def test_memory_at_completions_is_the_definition(schedule, packed):
    # times too large to be packed with the tokens take the other way of sorting
    shift = 0 if packed else 2**60
    moved = Schedule(instance=schedule.instance, starts=schedule.starts + shift)
    steps, held = memory_at_completions(moved)
    assert steps.tolist() == sorted(set(moved.completion.tolist()))
    assert held.tolist() == [held_at(schedule, u) for u in (steps - shift).tolist()]


def test_messages_name_the_request_and_the_step():
    instance = Instance(memory=5, arrival=[0, 3], prompt=[1, 1], output=[2, 2])
    with pytest.raises(RejectedError, match="request 1 starts at step 2, before its arrival at 3"):
        check_schedule(Schedule(instance=instance, starts=[0, 2]))
    with pytest.raises(RejectedError, match="step 5 needs 6 tokens, more than memory 5"):
        check_schedule(Schedule(instance=instance, starts=[3, 3]))
    check_schedule(Schedule(instance=instance, starts=[0, 3]))


def test_wrong_number_of_starts():
    instance = Instance(memory=5, arrival=[0], prompt=[1], output=[2], count=[3])
    with pytest.raises(InputError, match="1 starts for 3 requests"):
        Schedule(instance=instance, starts=[0])
    with pytest.raises(InputError, match="a flat list"):
        Schedule(instance=instance, starts=0)


@pytest.mark.parametrize(
    "starts",
    [
        [0.9, 5.7],
        ["0", "1"],
        [True, False],
        [-1, 0],
        [2**62 + 1, 0],
        [[0], [0, 1]],
        [[0], [1]],
        None,
    ],
)
def test_starts_that_are_no_steps(starts):
    instance = Instance(memory=5, arrival=[0, 0], prompt=[1, 1], output=[2, 2])
    with pytest.raises(InputError, match="starts must be"):
        Schedule(instance=instance, starts=starts)


def test_costs():
    instance = Instance(memory=10, arrival=[2, 4], prompt=[1, 0], output=[2, 3])
    schedule = Schedule(instance=instance, starts=[3, 4])
    assert schedule.completion.tolist() == [5, 7]
    assert schedule.latency.tolist() == [3, 3]
    assert schedule.total_latency == 6
    assert schedule.mean_latency == 3
    assert schedule.makespan == 7
    assert str(schedule.memory_utilisation) == "11/50"  # from the first arrival on


def test_shares_no_code_with_the_simulator():
    used = {
        value.__module__ for value in vars(feasibility).values() if hasattr(value, "__module__")
    }
    assert not {m for m in used if "simul" in m or "kernel" in m or "sorting" in m}


@given(schedules(), st.integers(1, 40), st.integers(1, 4), st.booleans(), st.integers(0, 80))
def test_counting_in_windows_agrees_with_sorting(schedule, passes, chunk, idle, memory):
    moved = schedule
    if idle:  # a long time without any request
        late = np.where(np.arange(len(schedule.starts)) % 2, 10**6, 0)
        moved = Schedule(instance=schedule.instance, starts=schedule.starts + late)
    steps, held = memory_at_completions(moved)
    over = np.flatnonzero(held > memory)
    requests = moved.instance.expanded()
    assert most_held(moved.instance, moved.starts) == held.max()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feasibility, "_MANY", 0)
        patch.setattr(feasibility, "_PASSES", passes)
        patch.setattr(feasibility, "_CHUNK", chunk)
        found = feasibility._most(requests, moved.starts, memory)
        assert most_held(moved.instance, moved.starts) == held.max()
    if len(over):
        assert found[1:] == (steps[over[0]], held[over[0]])
    else:
        assert found == (held.max(), 0, 0)


def test_many_requests_in_few_steps():
    rng = np.random.default_rng(3)
    n = 1 << 14
    instance = Instance(
        memory=50, arrival=np.zeros(n, np.int64), prompt=rng.integers(0, 9, n),
        output=rng.integers(1, 9, n),
    )  # fmt: skip
    schedule = Schedule(instance=instance, starts=rng.integers(0, 2 * n, n))
    steps, held = memory_at_completions(schedule)
    first = int((held > 50).argmax())
    with pytest.raises(RejectedError, match=f"step {steps[first]} needs {held[first]} tokens"):
        check_schedule(schedule)
    assert most_held(instance, schedule.starts) == held.max()
