"""Profiles: all of them are found, the bound never exceeds OPT, the search finds it."""

import random
import time

import numpy as np
import pytest

from kvproof import solver
from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.heuristics import best_policy
from kvproof.solver.interval import known
from kvproof.solver.model import model_of
from kvproof.solver.profiles import bound as bounds
from kvproof.solver.profiles import excerpt as excerpts
from kvproof.solver.profiles import search as searches
from kvproof.solver.profiles import space as spaces
from kvproof.solver.profiles.ascent import ascend
from kvproof.solver.profiles.bound import costs_of, evaluate
from kvproof.solver.profiles.search import Search
from kvproof.solver.profiles.space import space_of
from kvproof.solver.profiles.stage import few_profiles, profiles
from kvproof.solver.reference import brute_force
from kvproof.solver.stages import _result
from kvproof.solver.threads import aside, blocks, new_flag
from kvproof.solver.windows import quick_prices
from tests.solver.common import certificate, claim_more, draw, make, verdict

ROOM = 2**22
KERNELS = [
    (spaces, "_closed"), (spaces, "_sort"), (bounds, "_rows"), (bounds, "_walk"),
    (excerpts, "_spread"), (excerpts, "_between"), (excerpts, "_solved"), (searches, "_expand"),
]  # fmt: skip


def small(seed):
    return model_of(draw(random.Random(seed), most=5))


def solved(seed):
    """Draws to go on with, a small model, its profiles and its optimum."""
    model = small(seed)
    space = space_of(model, ROOM, new_flag())
    return random.Random(seed), model, space, brute_force(model.instance())[0]


def repeated(seed):
    """Two or three classes of some equal requests, with and without arrivals."""
    rng = random.Random(seed)
    memory = rng.randint(8, 14)
    rows = []
    for _ in range(rng.randint(2, 3)):
        output = rng.randint(1, 5)
        kind = (rng.choice([0, rng.randint(0, 6)]), rng.randint(0, memory - output), output)
        rows += [kind] * rng.randint(2, 8)
    return make(memory, rows)


def bound_of(model, space, rng):
    prices = np.array([rng.randint(0, 30 * SCALE) for _ in range(model.classes)])
    return evaluate(model, space, prices, np.empty((200, space.profiles), np.int32))


def plainly(monkeypatch):
    for module, name in KERNELS:
        monkeypatch.setattr(module, name, getattr(module, name).plain)


@pytest.mark.parametrize("seed", range(20))
def test_profiles_are_those_that_fit_beside_each_other(seed):
    model = small(seed)
    space = space_of(model, ROOM, new_flag())
    shapes = [
        [p + j for j in range(1, o + 1)]
        for p, o in zip(model.prompt.tolist(), model.output.tolist(), strict=True)
    ]

    def with_one(held, shape):
        longest = max(len(held), len(shape))
        pad = [list(x) + [0] * (longest - len(x)) for x in (held, shape)]
        total = tuple(a + b for a, b in zip(*pad, strict=True))
        return total if max(total, default=0) <= model.memory else None

    found, arcs, queue = {()}, set(), [()]
    for profile in queue:
        ways = [(profile, (0,) * model.classes, 0)]
        for held, started, least in ways:
            after = held[1:]
            while after and after[-1] == 0:
                after = after[:-1]
            arcs.add((profile, after, started))
            if after not in found:
                found.add(after)
                queue.append(after)
            for c in range(least, model.classes):
                more = with_one(held, shapes[c])
                if more is not None:
                    ways.append((more, (*started[:c], started[c] + 1, *started[c + 1 :]), c))
    assert space.profiles == len(found)
    assert space.arcs == len(arcs)
    owner = np.repeat(np.arange(space.profiles), np.diff(space.first))
    known_as = {0: ()}
    for x, way, y in zip(owner.tolist(), space.way.tolist(), space.to.tolist(), strict=True):
        leads = [a for a in arcs if a[0] == known_as[x] and a[2] == tuple(space.ways[way])]
        assert len(leads) == 1
        assert known_as.setdefault(y, leads[0][1]) == leads[0][1]


@pytest.mark.parametrize("plain", [False, True])
def test_too_many_arcs_are_seen_from_the_first_profiles(plain):
    model = model_of(make(60, [(0, 0, 9)] * 40 + [(0, 1, 5)] * 20))
    packing, most, arcs = packing_of(model), 50_000, 200_000
    first = np.full(most + 1, -1)
    closed = spaces._closed.plain if plain else spaces._closed
    found = closed(
        packing, model.memory, np.empty((most, packing.words), np.uint64), first,
        np.empty(arcs, np.int32), np.empty(arcs, np.int32),
        np.zeros((1000, model.classes), np.int64), np.full(1 << 17, -1, np.int32),
        np.full((1000, model.classes), -1, np.int32), new_flag(),
    )  # fmt: skip
    assert found[0] == -1
    looked_at = int((first >= 0).sum())
    assert spaces._TOLD < looked_at < spaces._TOLD + 100
    assert first[looked_at - 1] < arcs / 2  # there was room left


@pytest.mark.parametrize("seed", range(40))
def test_any_prices_bound_every_schedule(seed):
    rng, model, space, opt = solved(seed)
    for _ in range(5):
        assert bound_of(model, space, rng).value <= SCALE * opt


@pytest.mark.parametrize("seed", range(6))
def test_rows_in_blocks_are_what_they_are_in_one(seed, monkeypatch):
    model = small(seed)
    space = space_of(model, ROOM, new_flag())
    whole = bound_of(model, space, random.Random(seed))
    monkeypatch.setattr(bounds, "_MANY", 0)
    monkeypatch.setattr(bounds, "blocks", lambda rows, parts: blocks(rows, 3, 1))
    parts = bound_of(model, space, random.Random(seed))
    assert parts.value == whole.value
    assert (parts.table == whole.table).all()
    monkeypatch.setattr(bounds, "gather", lambda jobs, flag, deadline: flag.fill(True))
    assert bound_of(model, space, random.Random(seed)) is None


@pytest.mark.parametrize("seed", range(40))
def test_the_search_finds_the_best_schedule_by_any_prices(seed):
    rng, model, space, opt = solved(seed)
    for target in (opt, opt + 1, opt + 5):
        search = Search(model, space, bound_of(model, space, rng), target, 2**28)
        for _ in search.layers():
            pass
        assert search.proved
        assert search.best == opt
        if target > opt:
            assert model.total(search.starts) == opt


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_proves_only_where_it_has_dropped_nothing(seed):
    rng, model, space, opt = solved(seed)
    bound = bound_of(model, space, rng)
    kept = []
    for width in (10_000, 1):
        search = Search(model, space, bound, opt + 3, 2**28, width)
        kept.append([search.states for _ in search.layers()])
        assert search.proved == (width > 1 or kept[1] == kept[0])
        assert search.best == opt if search.proved else search.best >= opt


@pytest.mark.parametrize("seed", range(8))
def test_interpreted_kernels_do_the_same(seed, monkeypatch):
    def all_of_it():
        model = model_of(repeated(seed))
        space = space_of(model, ROOM, new_flag())
        heard = []

        def hear(bound):
            heard.append(bound.value)
            return False

        prices = np.full(model.classes, 20 * SCALE)
        climbing = ascend(model, space, prices, 2 * model.steps, hear)
        try:
            while True:
                next(climbing)
        except StopIteration as end:
            bound = end.value
        search = Search(model, space, bound, best_policy(model.instance(), model)[0] + 1, 2**28)
        for _ in search.layers():
            pass
        return space.profiles, space.arcs, bound.value, search.best, search.proved

    compiled = all_of_it()
    plainly(monkeypatch)
    assert all_of_it() == compiled


@pytest.mark.parametrize("seed", range(12))
def test_equal_requests_are_solved_by_it_and_checked(seed):
    instance = repeated(seed)
    model = model_of(instance)
    state = known(model, *best_policy(instance, model))
    space = few_profiles(model, 2**30, None)
    for _ in profiles(model, space, quick_prices(model), state, 2**30, None, lambda: None):
        pass
    other = solver.solve(instance, engine="dp")
    assert state.lower == state.upper == other.total_latency == other.lower_bound
    assert model.total(state.starts) == state.upper
    if state.engine == "profiles":
        data = certificate(_result(instance, model, state, None, [], 0.0))
        assert data["proof"]["lower_bound"]["kind"] == "profiles"
        assert verdict(data).verdict == "verified"
        assert verdict(claim_more(data, state.upper, stretch=True)).verdict == "rejected"


def test_a_search_hears_of_better_schedules_and_keeps_to_its_memory():
    model = model_of(repeated(3))
    space = space_of(model, ROOM, new_flag())
    opt = solver.solve(model.instance()).total_latency
    bound = bound_of(model, space, random.Random(0))
    search = Search(model, space, bound, opt + 9, 2**28)
    for t, _ in enumerate(search.layers()):
        if t == 1:
            search.hear(opt)
    assert search.proved
    assert search.best == opt
    assert search.starts is None
    small_memory = Search(model, space, bound, opt + 9, 100)
    for _ in small_memory.layers():
        pass
    assert not small_memory.proved
    assert small_memory.limit == "memory"


@pytest.mark.parametrize("seed", range(4))
def test_a_search_without_room_raises_no_bound(seed, monkeypatch):
    class Narrow(Search):
        def __init__(self, model, space, bound, target, memory_bytes, width, deadline):
            super().__init__(model, space, bound, target, 100, width, deadline)

    monkeypatch.setattr("kvproof.solver.profiles.stage.Search", Narrow)
    model = model_of(repeated(seed))
    opt = solver.solve(model.instance(), engine="dp").total_latency
    starts = np.arange(model.requests) * int(model.output.max()) + int(model.arrival.max())
    state = known(model, model.total(starts), starts)
    space = few_profiles(model, 2**30, None)
    for _ in profiles(model, space, quick_prices(model), state, 2**30, None, lambda: None):
        pass
    assert state.lower <= opt < state.upper


def test_too_many_profiles_are_given_up():
    model = model_of(make(60, [(0, c % 7, 3 + c % 11) for c in range(20)]))
    assert space_of(model, 2**16, new_flag()) is None
    stopped = new_flag()
    stopped[0] = True
    assert space_of(model, ROOM, stopped) is None
    assert few_profiles(model, 2**30, None) is None


@pytest.mark.parametrize("room", [0, 100, 300])
def test_no_profile_fits_into_too_little_memory(room):
    assert space_of(small(0), room, new_flag()) is None


@pytest.mark.parametrize("room", [10_000, 10**6, 10**7])
def test_profiles_keep_to_their_memory(room, monkeypatch):
    taken = []

    def look(packing, memory, words, first, to, way, ways, slots, way_slots, flag):
        taken.append(sum(x.nbytes for x in (words, first, to, way, slots)))
        taken.append(ways.nbytes + way_slots.nbytes)
        return -1, 0, 0

    monkeypatch.setattr(spaces, "_closed", look)
    assert space_of(small(0), room, new_flag()) is None
    assert room / 2 < taken[0] <= room + 8
    assert 0 < taken[1] <= room


def test_no_walk_earns_what_an_arc_costs_that_is_not_taken():
    model = model_of(make(9, [(0, 0, 1)] * 3))
    space = space_of(model, ROOM, new_flag())
    refused = 0
    for power in range(18, 36):
        try:
            costs = costs_of(model, space, np.array([2**power]), 5)
        except LimitError:
            refused += 1
            continue
        assert not refused
        assert int(costs.min(axis=1).sum()) > -bounds._NEVER
    assert 0 < refused < 18


def test_prices_beyond_32_bits_are_refused():
    model = model_of(make(9, [(0, 0, 1)] * 3))
    space = space_of(model, ROOM, new_flag())
    with pytest.raises(LimitError, match="32 bits"):
        costs_of(model, space, np.array([2**40]), 5)


@pytest.mark.parametrize("seed", range(3))
def test_time_ends_what_is_done_with_an_excerpt(seed):
    rng, model, space, _ = solved(seed)
    bound = bound_of(model, space, rng)
    most = np.full(model.classes, 2**20)
    ended, excerpt = np.ones(1, np.bool_), excerpts.Excerpt(model, space)
    assert not excerpt.add(bound, ended)
    assert excerpt.add(bound, new_flag())
    # one round, which says what the prices that it begins with are worth
    prices, value = excerpt.climb(bound.prices, most, ended)
    assert (prices == bound.prices).all()
    assert value >= bound.value
    assert excerpt.climb(bound.prices, most, new_flag())[1] >= value


def test_an_excerpt_has_a_part_of_the_time_alone(monkeypatch):
    model = model_of(repeated(1))
    space = few_profiles(model, 2**30, None)
    ends = []

    def watched(call, deadline=None):
        ends.append((call.func.__name__, deadline))
        return aside(call, deadline)

    monkeypatch.setattr("kvproof.solver.profiles.ascent.aside", watched)
    end = time.monotonic() + 1000
    for _ in ascend(model, space, np.full(model.classes, SCALE), 50, lambda _: False, end):
        pass
    assert ends[0] == ("add", end)
    assert ends[1][0] == "climb"
    assert 800 < end - ends[1][1] < 950  # it begins a moment later


def test_time_ends_an_ascent():
    model = model_of(repeated(1))
    space = space_of(model, ROOM, new_flag())
    prices = np.full(model.classes, 20 * SCALE)
    assert list(ascend(model, space, prices, 50, lambda _: True, deadline=None)) == []
    buffer = np.empty((100, space.profiles), np.int32)
    flag = new_flag()
    flag[0] = True
    costs = costs_of(model, space, prices, 3)
    last = np.zeros(3, np.int64)
    assert not bounds._rows(
        space.first, space.to, space.way, space.top, last, costs, buffer[:4], flag
    )
