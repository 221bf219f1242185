"""Left shift: the fast one against the plain one; nobody is delayed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.scheduling import compact as module
from kvproof.scheduling.compact import compact, compact_reference
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate


@st.composite
def runs(draw: st.DrawFn) -> Schedule:
    memory = draw(st.sampled_from([12, 60, 300]))
    longest = draw(st.sampled_from([3, 20, 160]))
    late = draw(st.sampled_from([0, 0, 50]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 40))
    output = rng.integers(1, min(longest, memory) + 1, n)
    prompt = rng.integers(0, memory - output + 1)
    arrival = rng.integers(0, late + 1, n)
    if draw(st.booleans()):  # equal requests
        prompt, output = prompt[rng.integers(0, n, n)], output
        prompt = np.minimum(prompt, memory - output)
    instance = Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)
    policy = draw(st.sampled_from(["svf", "sjf", "fcfs", "sorted-f"]))
    return simulate(instance, find_policy(policy), skip=draw(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(runs())
def test_as_the_plain_one(schedule: Schedule) -> None:
    shifted = compact(schedule)
    check_schedule(shifted)
    assert shifted.starts.tolist() == compact_reference(schedule)
    assert (shifted.starts <= schedule.starts).all()


def test_long_outputs_need_every_level() -> None:
    rng = np.random.default_rng(5)
    output = rng.choice([1, 15, 16, 127, 128, 600, 1023, 1024, 1500], 30)
    instance = Instance(
        memory=4000, arrival=rng.choice([0, 300], 30), prompt=rng.integers(0, 2000, 30),
        output=output,
    )  # fmt: skip
    for backlog in (False, True):
        schedule = simulate(instance.backlog() if backlog else instance, find_policy("fcfs"))
        shifted = compact(schedule)
        assert shifted.starts.tolist() == compact_reference(schedule)
        assert shifted.total_latency < schedule.total_latency


@pytest.mark.parametrize("seed", range(20))
def test_backlogs_as_if_requests_had_come_later(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for n in rng.integers(6, 25, 100).tolist():
        memory = int(rng.integers(8, 13))
        output, prompt = rng.choice([1, 2, 5], n), rng.choice([0, 1, 3], n)
        late = Instance(
            memory=memory, arrival=rng.integers(0, 2 * n, n), prompt=prompt, output=output
        )
        starts = simulate(late, find_policy("fcfs"), skip=True).starts
        schedule = Schedule(instance=late.backlog(), starts=starts)
        assert compact(schedule).starts.tolist() == compact_reference(schedule)


def test_what_is_shifted_already_stays() -> None:
    late = Instance(memory=10, arrival=[2**40, 2**40 + 3], prompt=[2, 2], output=[3, 8])
    schedule = Schedule(instance=late, starts=[2**40 + 5, 2**40 + 9])
    assert (compact(schedule).starts - 2**40).tolist() == [0, 3]
    assert compact(compact(schedule)).starts.tolist() == compact(schedule).starts.tolist()


def test_too_many_steps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 5)
    instance = Instance(memory=10, arrival=[0], prompt=[2], output=[8])
    with pytest.raises(LimitError, match="takes 10 steps; at most 5"):
        compact(Schedule(instance=instance, starts=[0]))
