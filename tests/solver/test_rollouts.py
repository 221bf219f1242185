"""Rollouts against one way by definition, and what they come to."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import first_fit, hold, requests_of
from kvproof.solver.improve import improve
from kvproof.solver.improve.rollouts import Rollouts, worth_of
from kvproof.solver.improve.ways import (
    DRAWS,
    MOST_STARTS,
    Sight,
    States,
    follow,
    follow_all,
    left_empty,
    roll,
)
from kvproof.solver.improve.windows import queue_of, tallest_first


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
    if seed % 2:  # fuller later
        usage[rng.integers(0, 70, 4)] = memory - rng.integers(0, 400, 4)
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


def ways(seed):
    """Return what is in sight, two states with plans, ways of each, and random numbers."""
    rng = np.random.default_rng(seed)
    m, ahead, kept, span = 40, 30, 5, 120
    sight = Sight(
        memory=1_000,
        price=rng.random(ahead + 20),
        prompt=rng.integers(0, 200, m),
        output=rng.integers(1, 60, m),
        since=rng.integers(-20, 20, m),
        gains=rng.random((m, ahead)),
        marks=rng.integers(2**40, size=(m, kept)),
    )
    planned = rng.integers(2, 8, 2)
    plan = np.zeros((2, 2, MOST_STARTS), np.int64)
    for state in range(2):
        plan[state, 0, : planned[state]] = rng.permutation(m)[: planned[state]]
        plan[state, 1, : planned[state]] = np.sort(rng.integers(0, 12, planned[state]))
    usage = np.maximum(0, np.linspace((900, 700), -300, span).T).astype(np.int32)
    states = States(
        usage=usage, waits=rng.random((2, m)) < 0.8, value=rng.random(2), plan=plan, planned=planned
    )
    return sight, states, 20, rng.random(DRAWS)


@pytest.mark.parametrize("seed", range(6))
def test_ways_lose_and_lead_to_what_their_starts_say(seed):
    sight, states, each, draws = ways(seed)
    number, (m, kept), span = 2 * each, sight.marks.shape, states.usage.shape[1]
    losses, alike = np.full(number, np.nan), np.empty(number, np.int64)
    for part in ((0, 13), (13, number)):
        follow_all(sight, states, each, 77, draws, *part, losses, alike)
    chosen = np.random.default_rng(seed).permutation(number)
    new = States(
        usage=np.full((number, span), -1, np.int32),
        waits=np.empty((number, 0), np.bool_),
        value=np.empty(number),
        plan=np.zeros((number, 2, MOST_STARTS), np.int64),
        planned=np.empty(number, np.int64),
    )
    begun = np.full((number, m), -1, np.int64)
    follow(sight, states, each, 77, draws, chosen, new, begun)
    for row, way in enumerate(chosen.tolist()):
        state = way // each
        held, value = states.usage[state].copy(), states.value[state]
        began = [(x, int(begun[row, x])) for x in np.flatnonzero(begun[row] >= 0).tolist()]
        later = new.plan[row, :, : new.planned[row]].T.tolist()
        assert all(step < kept for _, step in began)
        assert all(step >= kept for _, step in later)
        assert alike[way] == state * 2**52 + sum(int(sight.marks[start]) for start in began)
        for x, step in began:
            hold(held, sight.prompt[x], sight.output[x], step, 1)
            value -= sight.gains[x, step]
        empty = sight.memory - held[1 : kept + 1]
        assert new.value[row] == pytest.approx(value + (sight.price[1 : kept + 1] * empty).sum())
        assert new.usage[row].tolist() == held[kept:].tolist() + [0] * kept
        for x, step in later:
            hold(held, sight.prompt[x], sight.output[x], step, 1)
            value -= sight.gains[x, step]
        assert losses[way] == pytest.approx(value + left_empty(sight, held))
    assert len(set(losses.tolist())) > 25


def test_a_way_makes_no_more_starts_than_there_is_room_to_note():
    m = MOST_STARTS + 20
    sight = Sight(
        memory=10**6,
        price=np.ones(3),
        prompt=np.zeros(m, np.int64),
        output=np.ones(m, np.int64),
        since=np.zeros(m, np.int64),
        gains=np.ones((m, 2)),
        marks=np.zeros((m, 1), np.int64),
    )
    tried = np.full((2, MOST_STARTS), -1, np.int64)
    _, made = roll(
        sight, np.zeros(9, np.int32), np.ones(m, np.bool_), tried.copy(), 0, 12, 0.0, 0.0,
        np.zeros(DRAWS), 0, tried, np.empty(m + 1, np.int64),
    )  # fmt: skip
    assert made == MOST_STARTS
    assert tried[0].tolist() == list(range(MOST_STARTS))


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


@pytest.mark.parametrize(
    ("trials", "ways"), [(0, []), (31_999, []), (32_000, [8]), (64_000, [16]), (10**9, [64])]
)
def test_without_a_time_limit_the_trials_bound_the_ways(monkeypatch, trials, ways):
    """Where nothing else did, a witness of an adversary's waited for them for minutes."""
    made = []

    def noted(requests, worth, queue, number):
        made.append(number)
        return Rollouts(requests, worth, queue, 1)

    monkeypatch.setattr("kvproof.solver.improve.run.Rollouts", noted)
    monkeypatch.setattr("kvproof.solver.improve.run._local", lambda *_: None)
    improve(overloaded(3), trials=trials)
    assert made == ways


def test_rollouts_are_a_stage_of_their_own_where_there_are_many_requests():
    instance = overloaded(3)
    found = improve(instance, trials=60_000)
    names = [stage.name for stage in found.stages]
    assert names == ["policies", "windows", "left shift", "guided", "rollouts", "local search"]
    check_schedule(found.schedule)


def test_nothing_fits_beyond_the_last_step():
    usage = np.zeros(8, np.int32)
    assert first_fit(usage[:4], 5, 0, 2, 1) == 1
    assert first_fit(usage[:4], 5, 0, 2, 2) == -1
