"""Turns of the engines, on a clock that only they move."""

import random
from collections.abc import Callable, Iterator

import pytest

from kvproof import solver
from kvproof.solver.model import model_of
from kvproof.solver.portfolio import Engine, Work, repeats, shares_of, take_turns
from kvproof.solver.reference import brute_force
from tests.solver.common import certificate, draw, make, verdict

#: OPT of the two classes below, by the integer programme of HiGHS.
TWO_CLASSES = 131


class World:
    """A clock, an interval, and the number of steps until all is over."""

    def __init__(self, steps: int) -> None:
        self.now = 0.0
        self.lower, self.upper = 0, 1_000
        self.left = steps
        self.closed: list[str] = []

    def engine(self, name: str, share: int, steps: int, gain: int = 0, takes: float = 0.1):
        def work() -> Iterator[None]:
            try:
                for _ in range(steps):
                    self.now += takes
                    self.lower += gain
                    yield
            finally:
                self.closed.append(name)

        return Engine(name=name, share=share, work=work())

    def over(self) -> bool:
        self.left -= 1
        return self.left < 0

    def run(self, *engines: Engine) -> None:
        take_turns(
            list(engines),
            position=lambda: (self.lower, self.upper),
            over=self.over,
            clock=lambda: self.now,
        )


def test_time_goes_by_share_where_nothing_moves():
    world = World(20_000)
    one, two = world.engine("one", 3, 10**6), world.engine("two", 1, 10**6)
    world.run(one, two)
    assert one.seconds == pytest.approx(3 * two.seconds, rel=0.15)
    assert one.moved == two.moved == 0
    assert sorted(world.closed) == ["one", "two"]


@pytest.mark.parametrize("different", [True, False])
def test_no_engine_that_gains_nothing_has_two_thirds(different):
    model = model_of(
        make(20, [(0, 1, k + 1) for k in range(14)] if different else [(0, 1, 5)] * 14)
    )
    assert repeats(model) is not different
    shares = shares_of(model)
    names = ["beams", "search", "annealing"] + ([] if different else ["branch"])
    for name in names:
        world = World(20_000)
        # every engine but one gains in each turn, and is charged little; that one gains nothing
        engines = [world.engine(n, shares[n], 10**6, gain=0 if n == name else 1) for n in names]
        world.run(*engines)
        idle = next(one for one in engines if one.name == name)
        assert idle.seconds < 2 / 3 * world.now
        # nor where none of them gains anything
        world = World(20_000)
        engines = [world.engine(n, shares[n], 10**6) for n in names]
        world.run(*engines)
        assert max(one.seconds for one in engines) < 2 / 3 * world.now


def test_more_time_for_the_one_that_moves_the_interval():
    world = World(20_000)
    moving, idle = world.engine("moving", 1, 10**6, gain=1), world.engine("idle", 1, 10**6)
    world.run(moving, idle)
    assert moving.seconds > 3 * idle.seconds
    assert moving.moved == moving.turns


def test_the_rest_goes_to_those_that_are_not_done():
    world = World(10**6)
    short, long = world.engine("short", 3, 10), world.engine("long", 1, 1_000)
    world.run(short, long)
    assert (short.seconds, long.seconds) == (pytest.approx(1.0), pytest.approx(100.0))


def test_an_error_closes_all_and_counts_its_time():
    world = World(10**6)

    def failing() -> Work:
        world.now += 7.0
        raise KeyboardInterrupt
        yield

    other = world.engine("other", 1, 10**6)
    bad = Engine(name="bad", share=1, work=failing())
    with pytest.raises(KeyboardInterrupt):
        world.run(other, bad)
    assert bad.seconds == 7.0
    assert world.closed == ["other"]


def _first(works: list[str]) -> Callable[[object], dict[str, int]]:
    """Shares that give nearly all turns to some engines."""
    names = ("profiles", "beams", "search", "annealing", "branch")
    return lambda _: {name: 1000 if name in works else 1 for name in names}


@pytest.mark.parametrize("engine", ["dp", "branch", "auto"])
@pytest.mark.parametrize("first", [["profiles"], ["search"], ["annealing", "branch"], ["beams"]])
def test_whatever_comes_first_proves_the_optimum(monkeypatch, engine, first):
    monkeypatch.setattr("kvproof.solver.turns.shares_of", _first(first))
    if first != ["profiles"]:  # which would be over before the others begin
        monkeypatch.setattr("kvproof.solver.turns.few_profiles", lambda *_: None)
    # as short as can be, so that engines hear of each other's schedules in the middle of theirs
    monkeypatch.setattr("kvproof.solver.portfolio._FIRST", 0.0)
    monkeypatch.setattr("kvproof.solver.portfolio._PART", 0.0)
    for seed in range(9):
        instance = draw(random.Random(4_000 + seed), most=6)
        found = solver.solve(instance, engine=engine)
        assert (found.status, found.total_latency) == ("optimal", brute_force(instance)[0])
        assert verdict(certificate(found)).verdict == "verified"
    # two classes of seven: both the search and branching run, and prove the same
    found = solver.solve(make(12, [(0, 1, 4)] * 7 + [(3, 2, 3)] * 7), engine=engine)
    assert (found.status, found.total_latency) == ("optimal", TWO_CLASSES)
    assert verdict(certificate(found)).verdict == "verified"


def test_what_ran_is_told(monkeypatch):
    monkeypatch.setattr("kvproof.solver.turns.few_profiles", lambda *_: None)
    rng = random.Random(5)
    rows = [(0, rng.randint(1, 10), rng.randint(1, 12)) for _ in range(14)]
    turns = solver.solve(make(30, rows)).to_json()["turns"]
    assert {one["engine"] for one in turns} == {"beams", "search", "annealing"}
    search = next(one for one in turns if one["engine"] == "search")
    assert search["turns"] >= search["moved"] >= 1
    assert all(one["seconds"] >= 0 and 0 <= one["moved"] <= one["turns"] for one in turns)


def test_profiles_go_ahead_where_a_checker_needs_little_memory(monkeypatch):
    rows = [(0, 2, 5)] * 6 + [(0, 1, 8)] * 6 + [(0, 4, 3)] * 6
    turns = solver.solve(make(24, rows)).detail["turns"]
    assert turns[0]["engine"] == "profiles"
    assert all(one["turns"] == 0 for one in turns[1:])
    monkeypatch.setattr("kvproof.solver.portfolio._CHECKED", 1)
    turns = solver.solve(make(24, rows)).detail["turns"]
    assert turns[0]["turns"] == 0 < turns[1]["turns"]
