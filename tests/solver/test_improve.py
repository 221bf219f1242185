"""The improver: its kernels against plain versions, its schedules against OPT and policies."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from kvproof import solver
from kvproof.scheduling.errors import InputError, LimitError, RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.usage import (
    Requests,
    first_fit,
    hold_all,
    place,
    requests_of,
    shift_left,
)
from kvproof.solver.improve import improve, run
from kvproof.solver.improve.annealing import ROUNDS, Annealing
from kvproof.solver.improve.guide import guide_of
from kvproof.solver.improve.search import search
from kvproof.solver.improve.windows import queue_of, tallest_first
from tests.solver.common import draw, make


def plain_usage(requests: Requests, starts: list[int], steps: int, leave: int = -1) -> list[int]:
    held = [0] * steps
    for i, start in enumerate(starts):
        if i != leave:
            for j in range(1, int(requests.output[i]) + 1):
                held[start + j] += int(requests.prompt[i]) + j
    return held


def plain_fits(requests: Requests, held: list[int], i: int, start: int) -> bool:
    return all(
        held[start + j] + int(requests.prompt[i]) + j <= requests.memory
        for j in range(1, int(requests.output[i]) + 1)
    )


def drawn(seed: int) -> tuple[Instance, Requests, list[int], int]:
    rng = random.Random(seed)
    instance = draw(rng, most=8)
    schedule = simulate(instance, find_policy("fcfs"))
    starts = [int(start) for start in schedule.starts]
    return instance, requests_of(instance), starts, schedule.makespan + 20


@pytest.mark.parametrize("seed", range(60))
def test_first_fit_and_left_shift_by_definition(seed):
    instance, requests, starts, steps = drawn(seed)
    usage = np.zeros(steps, np.int32)
    hold_all(usage, requests, np.array(starts))
    assert usage.tolist() == plain_usage(requests, starts, steps)
    for i, start in enumerate(starts):
        held = plain_usage(requests, starts, steps, leave=i)
        for begin in range(start + 1):
            first = begin
            while not plain_fits(requests, held, i, first):
                first += 1
            found = first_fit(
                np.array(held, np.int32),
                requests.memory, requests.prompt[i], requests.output[i], begin,
            )  # fmt: skip
            assert found == first
    moved = np.array(starts)
    order = np.argsort(moved, kind="stable")
    gained = shift_left(usage, requests, order, 10**6, moved)
    plain = list(starts)
    for i in order.tolist():
        held = plain_usage(requests, plain, steps, leave=i)
        plain[i] = next(
            p for p in range(int(requests.arrival[i]), steps) if plain_fits(requests, held, i, p)
        )
    assert moved.tolist() == plain
    assert gained == sum(starts) - sum(plain) >= 0
    assert usage.tolist() == plain_usage(requests, plain, steps)
    check_schedule(Schedule(instance=instance, starts=moved))


@pytest.mark.parametrize("in_turn", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_placing_by_definition(seed, in_turn):
    instance, requests, starts, steps = drawn(seed)
    rng = random.Random(seed)
    order = rng.sample(range(len(starts)), len(starts))
    due = [rng.randint(0, 9) for _ in starts]
    longer = steps + 10 + int(requests.output.sum())
    usage, found = np.zeros(longer, np.int32), np.zeros(len(starts), np.int64)
    assert place(usage, requests, np.array(order), np.array(due), in_turn, found)
    plain: dict[int, int] = {}
    last = 0
    for i in order:
        held = [0] * longer
        for k, start in plain.items():
            for j in range(1, int(requests.output[k]) + 1):
                held[start + j] += int(requests.prompt[k]) + j
        p = max(int(requests.arrival[i]), due[i], last if in_turn else 0)
        while not plain_fits(requests, held, i, p):
            p += 1
        plain[i] = last = p
    assert found.tolist() == [plain[i] for i in range(len(starts))]
    assert not place(np.zeros(3, np.int32), requests, np.array(order), np.array(due) + 5,
                     in_turn, found)  # fmt: skip
    check_schedule(Schedule(instance=instance, starts=np.array(list(plain.values()))[
        np.argsort(list(plain))]))  # fmt: skip


@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("seed", range(20))
def test_the_tallest_of_the_smallest_goes_first_by_definition(seed, window):
    instance, requests, starts, _ = drawn(seed)
    n, longer = len(starts), 10 + int(requests.arrival.max() + requests.output.sum())
    by_volume = np.lexsort((requests.arrival, instance.volume))
    queue = queue_of(instance)
    found = np.empty(n, np.int64)
    usage = np.zeros(longer, np.int32)
    assert tallest_first(usage, requests, queue, window, found)
    plain: dict[int, int] = {}
    t = 0
    while len(plain) < n:
        held = [0] * (2 * longer)
        for k, start in plain.items():
            for j in range(1, int(requests.output[k]) + 1):
                held[start + j] += int(requests.prompt[k]) + j
        there = [i for i in by_volume.tolist() if i not in plain and requests.arrival[i] <= t]
        fits = [i for i in there[:window] if plain_fits(requests, held, i, t)]
        if fits:
            plain[max(fits, key=lambda i: requests.prompt[i])] = t
        else:
            t += 1
    assert found.tolist() == [plain[i] for i in range(n)]
    assert usage.tolist() == plain_usage(requests, found.tolist(), longer)
    check_schedule(Schedule(instance=instance, starts=found))
    few = np.zeros(2, np.int32)
    assert not tallest_first(few, requests, queue, window, found)


@pytest.mark.parametrize("seed", range(20))
def test_local_search_keeps_its_books(seed):
    instance, requests, starts, steps = drawn(seed)
    usage, moved = np.zeros(steps, np.int32), np.array(starts)
    hold_all(usage, requests, moved)
    order = np.argsort(moved, kind="stable")
    gained = search(usage, requests, instance.volume, order, 200, seed, moved, 0.0, moved)
    assert gained == sum(starts) - moved.sum() >= 0
    assert usage.tolist() == plain_usage(requests, moved.tolist(), steps)
    check_schedule(Schedule(instance=instance, starts=moved))


@pytest.mark.parametrize("seed", range(20))
def test_a_warm_search_keeps_its_best(seed):
    instance, requests, starts, steps = drawn(seed)
    usage, moved, best = np.zeros(2 * steps, np.int32), np.array(starts), np.array(starts)
    hold_all(usage, requests, moved)
    order = np.argsort(moved, kind="stable")
    gained = search(usage, requests, instance.volume, order, 200, seed, moved, 5.0, best)
    assert gained == sum(starts) - moved.sum()
    assert usage.tolist() == plain_usage(requests, moved.tolist(), 2 * steps)
    assert best.sum() <= min(moved.sum(), sum(starts))
    for kept in (moved, best):
        check_schedule(Schedule(instance=instance, starts=kept))


def test_annealing_goes_on_from_what_others_find():
    instance, requests, starts, steps = drawn(3)
    found = Annealing(requests, instance.volume, np.array(starts), np.zeros(2 * steps, np.int32))
    totals = []
    for _ in range(3 * ROUNDS):
        found.advance(50)
        totals.append(int(found.best.sum()))
    assert totals == sorted(totals, reverse=True)
    assert found.trials <= 3 * ROUNDS * 50
    check_schedule(Schedule(instance=instance, starts=found.best))
    worse = Annealing(requests, instance.volume, np.array(starts), np.zeros(2 * steps, np.int32))
    worse.take(found.best)
    for _ in range(ROUNDS):
        worse.advance(50)
    assert worse.best.sum() <= found.best.sum()


def test_small_instances_are_all_but_solved():
    missed = 0
    for seed in range(40):
        instance = draw(random.Random(seed), most=9)
        opt = solver.solve(instance).total_latency
        found = improve(instance, trials=10_000).schedule.total_latency
        assert opt <= found <= opt + 1
        missed += found > opt
    assert missed <= 2


def test_it_beats_every_policy_and_is_reproducible():
    rng = np.random.default_rng(5)
    output = np.ceil(rng.exponential(40, 800)).astype(np.int64)
    for memory, arrival in (
        (4_000, np.zeros(800, np.int64)),
        (1_500, np.sort(rng.integers(7, 500, 800))),
    ):
        instance = Instance(memory=memory, arrival=arrival, prompt=output * 0, output=output)
        one, two = (improve(instance, trials=40_000) for _ in range(2))
        assert one.schedule.starts.tolist() == two.schedule.starts.tolist()
        check_schedule(one.schedule)
        for name in BUILTIN:
            for skip in (False, True):
                policy = simulate(instance, find_policy(name), skip=skip)
                assert one.schedule.total_latency < policy.total_latency
        totals = [stage.total_latency for stage in one.stages]
        assert totals == sorted(totals, reverse=True)
        assert totals[-1] == one.schedule.total_latency
        assert one.trials == 40_000


def test_counts_and_late_first_arrivals():
    rows = [(1_000, 2, 5), (1_003, 0, 4)]
    instance = Instance(
        memory=12, arrival=[a for a, _, _ in rows], prompt=[s for _, s, _ in rows],
        output=[o for _, _, o in rows], count=[4, 3],
    )  # fmt: skip
    found = improve(instance, trials=20_000).schedule
    assert found.instance is instance
    check_schedule(found)
    assert found.total_latency == solver.solve(instance).total_latency


@pytest.mark.parametrize("since", [0, 1_000])
def test_a_first_schedule_is_kept_unless_it_is_beaten(since):
    instance = make(9, [(since, 4, 4), (since, 4, 5), (since, 0, 7)])
    best = improve(instance, trials=1_000).schedule
    assert improve(instance, trials=0, first=best).schedule.total_latency == best.total_latency
    # better than the first policy's, so that nothing else is looked for
    better = make(6, [(since, 3, 1), (since, 2, 1), (since, 1, 4)])
    best = solver.solve(better).schedule
    assert best.total_latency < simulate(better, find_policy("svf")).total_latency
    found = []
    kept = improve(
        better, first=best, enough=best.total_latency, report=lambda *now: found.append(now)
    )
    assert kept.schedule.starts.tolist() == best.starts.tolist()
    assert found == []
    with pytest.raises(RejectedError):
        improve(instance, first=Schedule(instance=instance, starts=np.zeros(3, np.int64)))


def longer(each: int) -> tuple[Schedule, Schedule]:
    """Two schedules of one instance; the second costs less and lasts much longer."""
    memory, rows = 100, [(0, 0, 20)] * each + [(0, 70, 3)] * each
    early = make(memory, rows)
    late = max(simulate(early, find_policy(name)).makespan for name in ("svf", "sjf"))
    instance = make(memory, rows + [(late, 60, 20)] * 14 + [(late, 18, 2)] * 140)
    starts = simulate(early, find_policy("sjf")).starts.tolist()
    starts += [late + 20 * i for i in range(14)] + [late + 2 * i for i in range(140)]
    return Schedule(instance=instance, starts=starts), simulate(instance, find_policy("sjf"))


@pytest.mark.parametrize(("each", "trials"), [(150, 1_000), (180, 100_000)])
def test_a_better_schedule_may_last_much_longer(each, trials):
    # fewer requests than rollouts take, and more
    first, policy = longer(each)
    assert policy.total_latency < first.total_latency
    assert policy.makespan > first.makespan + 2 * int(first.instance.output.max()) + 2
    found = improve(first.instance, first=first, trials=trials)
    assert found.schedule.total_latency < policy.total_latency
    check_schedule(found.schedule)


def test_a_limit_of_ages_is_shared_out_too(monkeypatch):
    monkeypatch.setattr("kvproof.solver.improve.run._MOST_ROLLED", 8)
    monkeypatch.setattr("kvproof.solver.improve.run._NEAR", 1.0)  # all are worth many ways
    rng = np.random.default_rng(5)
    output = np.ceil(rng.exponential(9, 500)).astype(np.int64)
    instance = Instance(memory=300, arrival=output * 0, prompt=output * 0, output=output)
    found = improve(instance, time_limit=10**400, trials=1_000)
    assert [stage.name for stage in found.stages][-2:] == ["rollouts", "local search"]
    assert found.trials == 1_000


@pytest.mark.parametrize("beyond", [0, 1, 5])
def test_as_many_steps_are_kept_as_the_best_schedule_takes(beyond):
    requests = requests_of(make(10, [(0, 2, 8), (0, 2, 4), (0, 2, 4)]))
    state = run._State(
        requests=requests, starts=np.array([90, 90, 90]), begun=0.0, deadline=None, report=None,
        enough=None, steps=20,
    )  # fmt: skip
    better = np.array([12 + beyond, 0, 4])
    state.take(better, "policies")
    better[:] = 0  # whoever found it goes on with the array
    assert state.starts.tolist() == [12 + beyond, 0, 4]
    assert state.steps > 20 + beyond


def test_what_takes_more_steps_than_are_kept_is_passed_over(monkeypatch):
    first, policy = longer(150)
    monkeypatch.setattr("kvproof.solver.improve.run.MOST_STEPS", policy.makespan + 1)
    found = improve(first.instance, first=first, trials=0)
    assert found.stages[0].total_latency > policy.total_latency
    assert found.schedule.makespan < policy.makespan


def test_what_reaches_beyond_the_steps_known_is_not_shifted():
    instance = make(10, [(0, 2, 8), (0, 2, 8), (0, 0, 2)])
    requests, starts, usage = requests_of(instance), np.array([0, 8, 18]), np.zeros(12, np.int32)
    hold_all(usage, requests, starts)
    assert shift_left(usage, requests, np.arange(3), 8, starts) == 0
    assert starts.tolist() == [0, 8, 18]


@pytest.mark.parametrize("trials", [1, 7, 25_000])
def test_no_more_is_tried_than_may_be(trials):
    instance = make(30, [(0, i % 5, 1 + i % 7) for i in range(30)])
    assert improve(instance, trials=trials).trials == trials


def test_enough_ends_it():
    instance = make(9, [(0, 1, 2)] * 3)
    found = improve(instance, trials=10**12, enough=6)
    assert found.schedule.total_latency == 6
    assert found.trials == 0


def test_enough_ends_it_in_a_stage_which_is_named():
    instance = Instance(memory=12, arrival=[0], prompt=[0], output=[6], count=[7])
    reports: list[tuple[str, int]] = []
    found = improve(instance, trials=20, enough=84, report=lambda *now: reports.append(now))
    last = found.stages[-1]
    assert (last.name, last.total_latency) == reports[-1] == ("guided", 84)
    assert found.schedule.total_latency == 84
    assert found.trials == 0


def test_no_stage_begins_where_the_first_schedule_is_enough(monkeypatch):
    def begun(*_: object) -> Iterator[None]:
        pytest.fail("a stage begins")
        yield

    for stage in ("_policies", "_windows", "_guided", "_rollouts"):
        monkeypatch.setattr(f"kvproof.solver.improve.run.{stage}", begun)
    found = improve(make(9, [(0, 1, 2)] * 3), enough=6)
    assert [(stage.name, stage.total_latency) for stage in found.stages] == [("policies", 6)]


def test_the_guide_places_the_tokens_where_the_fluid_serves_them():
    instance = make(10, [(0, 0, 4), (0, 3, 2), (6, 0, 3)])
    guide = guide_of(instance)
    # volumes 10, 9, 6: the second is served first
    assert guide.middle.tolist() == pytest.approx([0.9 + 0.5, 0.45, 6.3])
    assert guide.age.tolist() == pytest.approx([30 / 10, 14 / 9, 14 / 6])
    assert guide.due(1.0, 1.0).tolist() == [0, 0, 3]


def test_bad_arguments(monkeypatch):
    instance = make(9, [(0, 1, 2)])
    with pytest.raises(InputError, match="time limit"):
        improve(instance, time_limit=0.0)
    with pytest.raises(InputError, match="trials"):
        improve(instance, trials=-1)
    other = Schedule(instance=make(9, [(1, 1, 2)]), starts=[1])
    with pytest.raises(InputError, match="another instance"):
        improve(instance, first=other)
    monkeypatch.setattr("kvproof.solver.improve.run.MOST_STEPS", 3)
    with pytest.raises(LimitError, match="at most 3"):
        improve(instance)


def test_an_interrupt_keeps_what_was_found(monkeypatch):
    instance = draw(random.Random(3), most=8)

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("kvproof.solver.improve.annealing.search", interrupted)
    found = improve(instance, trials=100)
    assert found.interrupted
    check_schedule(found.schedule)


def test_an_interrupt_names_the_stage_that_found_the_best():
    def press(stage: str, _: int) -> None:
        if stage == "guided":
            raise KeyboardInterrupt

    instance = Instance(memory=12, arrival=[0], prompt=[0], output=[6], count=[7])
    found = improve(instance, trials=20, report=press)
    assert found.interrupted
    names = [stage.name for stage in found.stages]
    assert names == ["policies", "windows", "left shift", "guided", "interrupted"]
    assert found.stages[-2].total_latency == found.schedule.total_latency
    assert found.stages[-2].total_latency < found.stages[-3].total_latency
