"""The improver: its kernels against plain versions, its schedules against OPT and policies."""

import itertools
import random
from types import SimpleNamespace

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
from kvproof.solver.improve import improve
from kvproof.solver.improve.annealing import ROUNDS, Annealing
from kvproof.solver.improve.guide import guide_of
from kvproof.solver.improve.rollouts import Rollouts, worth_of
from kvproof.solver.improve.search import search
from kvproof.solver.improve.ways import MOST_STARTS, Sight, left_empty, roll
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


def overloaded(seed):
    rng = np.random.default_rng(seed)
    n = 600
    return Instance(
        memory=4_000,
        arrival=np.sort(rng.integers(0, 1_500, n)),
        prompt=rng.integers(20, 300, n),
        output=rng.integers(10, 90, n),
    )


def rolled(instance, number, *, moments):
    """Make a whole schedule, so many moments at a time."""
    steps = 2 * instance.total_volume // instance.memory + 5_000
    made = Rollouts(requests_of(instance), worth_of(instance, steps), queue_of(instance), number)
    while made.advance(moments):
        pass
    return Schedule(instance=instance, starts=made.starts)


def plain_way(sight, usage, waits, plan, *, looks, noise, pause, draws):
    """Follow a way by its definition; return its starts and what it loses."""
    used, waiting = [int(x) for x in usage], [x for x, there in enumerate(waits) if there]
    made, ahead, small = [], sight.gains.shape[1], min(sight.prompt[waiting])

    def fits(x, step):
        return all(
            used[step + j] + sight.prompt[x] + j <= sight.memory
            for j in range(1, sight.output[x] + 1)
        )

    def start(x, step):
        waiting.remove(x)
        for j in range(1, sight.output[x] + 1):
            used[step + j] += int(sight.prompt[x]) + j
        made.append((x, step))

    for step in range(ahead):
        while plan and plan[0][1] <= step:
            x, _ = plan.pop(0)
            if x in waiting and fits(x, step):
                start(x, step)
        while not plan and used[step + 1] + small < sight.memory:
            if pause and next(draws) < pause:
                break
            there = [x for x in waiting if sight.since[x] <= step][:looks]
            tall = {x: sight.prompt[x] * (1 - noise * next(draws)) for x in there}
            there = [x for x in there if fits(x, step)]
            if not there:
                break
            start(max(there, key=tall.get), step)
    free = [sight.memory - held for held in used[: len(sight.price)]]
    lost = sum(sight.price[step] * free[step] for step in range(1, ahead + 1))
    for step in range(ahead + 1, len(sight.price)):
        lost += sight.price[step] * (free[step] - max(0, min(free[step:]) - 200))
    return made, lost - sum(sight.gains[x, step] for x, step in made)


@pytest.mark.parametrize("seed", range(12))
def test_a_way_by_definition(seed):
    rng = np.random.default_rng(seed)
    m, ahead, beyond, memory = 40, 30, 20, 1_000
    sight = Sight(
        memory=memory,
        price=rng.random(ahead + beyond),
        prompt=rng.integers(0, 200, m),
        output=rng.integers(1, 60, m),
        since=rng.integers(-20, 20, m),
        gains=rng.random((m, ahead)),
        marks=np.zeros((m, 5), np.int64),
    )
    usage = np.maximum(0, np.linspace(memory, -300, 120)).astype(np.int32)
    waits = rng.random(m) < 0.8
    # some of these wait no longer, or do not fit
    who, when = rng.permutation(m)[:6], np.sort(rng.integers(0, 20, 6))
    plan = list(zip(who.tolist(), when.tolist(), strict=True))
    packed = np.zeros((2, MOST_STARTS), np.int64)
    packed[:, :6] = np.transpose(plan)
    draws = rng.random(2**16)
    for looks, noise, pause, kept in ((12, 0.0, 0.0, 0), (24, 0.7, 0.0, 6), (5, 0.3, 0.4, 3)):
        tried, held = np.empty((2, MOST_STARTS), np.int64), usage.copy()
        gain, made = roll(
            sight, held, waits, packed, kept, looks, noise, pause, draws, 99, tried,
            np.empty(m + 1, np.int64),
        )  # fmt: skip
        starts, lost = plain_way(
            sight, usage, waits, plan[:kept],
            looks=looks, noise=noise, pause=pause, draws=iter(draws[100:]),
        )  # fmt: skip
        assert tried[:, :made].T.tolist() == [list(start) for start in starts]
        assert made > 1
        assert left_empty(sight, held) - gain == pytest.approx(lost)


def test_one_way_is_the_tallest_of_twelve_and_many_are_better(monkeypatch):
    instance = overloaded(1)
    tallest = np.empty(instance.rows, np.int64)
    steps = np.zeros(2 * instance.total_volume // instance.memory + 5_000, np.int32)
    assert tallest_first(steps, requests_of(instance), queue_of(instance), 12, tallest)
    one = rolled(instance, 1, moments=7)
    assert one.starts.tolist() == tallest.tolist()
    many = rolled(instance, 128, moments=10**6)
    check_schedule(many)
    assert many.total_latency < one.total_latency
    monkeypatch.setattr("kvproof.solver.improve.rollouts._WORKERS", 3)
    assert many.starts.tolist() == rolled(instance, 128, moments=5).starts.tolist()


def test_rollouts_pass_over_what_nobody_waits_in():
    later = overloaded(4)
    instance = Instance(
        memory=later.memory,
        arrival=np.concatenate((later.arrival, later.arrival + 100_000)),
        prompt=np.tile(later.prompt, 2),
        output=np.tile(later.output, 2),
    )
    steps = 110_000
    made = Rollouts(requests_of(instance), worth_of(instance, steps), queue_of(instance), 16)
    assert not made.advance(3_000)
    check_schedule(Schedule(instance=instance, starts=made.starts))


def test_rollouts_take_as_many_ways_as_the_time_allows(monkeypatch):
    instance = overloaded(3)
    found = []
    for _ in range(2):
        ticks = itertools.count()
        clock = SimpleNamespace(monotonic=lambda ticks=ticks: next(ticks) / 1_000)
        monkeypatch.setattr("kvproof.solver.improve.run.time", clock)
        found.append(improve(instance, time_limit=0.9))
    assert found[0].schedule.starts.tolist() == found[1].schedule.starts.tolist()
    check_schedule(found[0].schedule)
    totals = {stage.name: stage.total_latency for stage in found[0].stages}
    assert totals["rollouts"] < rolled(instance, 8, moments=1).total_latency
    assert totals["rollouts"] < totals["guided"]


def test_rollouts_that_run_out_of_steps_say_so():
    instance = overloaded(2)
    steps = instance.total_volume // (2 * instance.memory)
    made = Rollouts(requests_of(instance), worth_of(instance, steps + 500), queue_of(instance), 2)
    while made.advance(64):
        pass
    assert (made.starts < 0).any()


def test_rollouts_are_a_stage_of_their_own_where_there_are_many_requests():
    instance = overloaded(3)
    found = improve(instance, trials=0)
    names = [stage.name for stage in found.stages]
    assert names == ["policies", "windows", "left shift", "guided", "rollouts", "local search"]
    check_schedule(found.schedule)


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


def test_a_first_schedule_is_kept_unless_it_is_beaten():
    instance = make(9, [(0, 4, 4), (0, 4, 5), (0, 0, 7)])
    best = improve(instance, trials=1_000).schedule
    assert improve(instance, trials=0, first=best).schedule.total_latency == best.total_latency
    with pytest.raises(RejectedError):
        improve(instance, first=Schedule(instance=instance, starts=np.zeros(3, np.int64)))


def test_enough_ends_it():
    instance = make(9, [(0, 1, 2)] * 3)
    found = improve(instance, trials=10**12, enough=6)
    assert found.schedule.total_latency == 6
    assert found.trials == 0


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
