"""Classes that are followed: any numbers bound OPT, and the checker bounds states alike."""

import json
import random
import time

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.checker import check
from kvproof.certificates.checker.core.followed import Followed as Checked
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp import root
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import model_of
from kvproof.solver.profiles import followed as bounds
from kvproof.solver.profiles.followed import Followed, follow, raise_low
from kvproof.solver.profiles.phases import Tables, phases_of
from kvproof.solver.proofs import _of_followed
from kvproof.solver.reference import brute_force
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import PRICE_SCALE, quick_prices
from tests.solver.common import certificate, claim_more, draw, make, verdict


def drawn(seed):
    """Draws to go on with, a small model, and a bound by any numbers."""
    rng = random.Random(seed)
    model = model_of(draw(rng, most=5))
    classes = np.array(sorted(rng.sample(range(model.classes), rng.randint(1, model.classes))))
    prices = np.array([rng.randint(0, PRICE_SCALE // 4) for _ in range(rng.randint(0, 12))])
    worth = np.array([rng.randint(0, 25 * PRICE_SCALE) for _ in classes])
    most = np.zeros(model.classes, np.int64)
    most[classes] = np.maximum(1, -(-worth // PRICE_SCALE))
    early = [rng.choice((0, 0, rng.randrange(output))) for output in model.output[classes].tolist()]
    late = [rng.choice((0, 0, 3)) for _ in classes]
    until = model.arrival[classes] + np.maximum(1, most[classes] - early) + late
    climb = bounds._Climb(model, phases_of(model, classes, until, 2**25, new_flag()), most)
    value, *_ = climb.value(prices, worth)
    made = Followed(
        model=model, classes=classes, prices=prices, worth=worth, value=value, tables=climb.tables
    )
    return rng, model, made, climb


def any_way(model, rng):
    """A feasible schedule, request after request at any step that has room."""
    starts = []
    held = [0] * 400
    for c in range(model.classes):
        p = int(model.arrival[c])
        for _ in range(model.count[c]):
            p += rng.choice((0, 0, 1, 3))
            own = range(1, int(model.output[c]) + 1)
            while any(held[p + j] + model.prompt[c] + j > model.memory for j in own):
                p += 1
            for j in own:
                held[p + j] += int(model.prompt[c]) + j
            starts.append(p)
    return np.array(starts)


def states_of(model, starts, t):
    """The state before the starts at step t of this schedule, alone."""
    packing = packing_of(model)
    states = States.root(packing, model.requests)
    begun = starts < t
    states.starts[0] = np.where(begun, starts, -1)
    owner = np.repeat(np.arange(model.classes), model.count)
    states.key[0] = sum(int(packing.radix[c]) for c in owner[begun])
    states.latency[0] = int((starts + model.output[owner] - model.arrival[owner])[begun].sum())
    return states


@pytest.mark.parametrize("seed", range(60))
def test_any_numbers_bound_every_schedule(seed):
    _, model, made, _ = drawn(seed)
    opt = brute_force(model.instance())[0]
    assert made.value <= PRICE_SCALE * opt
    root = states_of(model, np.full(model.requests, 10**4), 0)
    raise_low(model.kinds, made.before(0), root.columns, 0, 1)
    # more where a worth is below all that its class can cost
    assert -(-made.value * SCALE // PRICE_SCALE) <= root.low[0] <= SCALE * opt


@pytest.mark.parametrize("seed", range(60))
def test_states_are_bounded_as_by_the_checker(seed):
    rng, model, made, _ = drawn(seed)
    starts = any_way(model, rng)
    total = model.total(starts)
    instance = model.instance().expanded()
    read = read_instance(instance.to_json(), "i", Meter(DEFAULT))
    given = _of_followed(made).to_json()
    checked = Checked(given, total, read, Meter(DEFAULT))
    owner = np.repeat(np.arange(model.classes), model.count).tolist()
    for t in range(int(starts.max()) + 12):
        states = states_of(model, starts, t)
        raise_low(model.kinds, made.before(t), states.columns, 0, 1)
        low = int(states.low[0])
        assert low <= SCALE * total  # it can be completed so
        plain = states_of(model, starts, t)
        raise_low.plain(model.kinds, made.before(t), plain.columns, 0, 1)
        assert plain.low[0] == low
        checked.begin(t)
        pairs = list(zip(owner, starts.tolist(), strict=True))
        running = [(c, p) for c, p in pairs if p < t <= p + int(model.output[c])]
        left = [sum(c == d and p >= t for d, p in pairs) for c in range(model.classes)]
        for higher in (0, 1):
            checked.cutoff = (low - higher) * PRICE_SCALE // SCALE
            assert checked.exceeds(left, int(states.latency[0]), running) == bool(higher)


@pytest.mark.parametrize("seed", range(10))
def test_slopes_are_those_of_the_bound(seed):
    """The bound is concave: no other numbers are above the tangent."""
    rng, _, made, climb = drawn(seed)
    value, slope, more = climb.value(made.prices, made.worth)
    for _ in range(20):
        prices = np.maximum(0, made.prices + [rng.randint(-200, 200) for _ in made.prices])
        worth = made.worth + [rng.randint(-9000, 9000) for _ in made.worth]
        worth = np.clip(worth, 0, climb.most)
        above = slope @ (prices - made.prices) + more @ (worth - made.worth)
        assert climb.value(prices, worth)[0] <= value + above


# The first class leaves so much room that others do not fill; the second needs many states.
LARGE = [(0, 7, 5)] * 7 + [(4, 0, 3)] * 8 + [(9, 1, 2)] * 6
MEMORY = 27


def test_a_search_that_follows_is_proved(monkeypatch):
    monkeypatch.setattr(root, "_FOLLOWED", 0)
    monkeypatch.setattr(root, "follow_all", lambda *_: None)
    monkeypatch.setattr(bounds, "_WORK", 5_000)
    instance = make(MEMORY, LARGE)
    found = solver.solve(instance, engine="dp")
    made = certificate(found)
    assert made["proof"]["lower_bound"]["followed"]["classes"] == [0]
    assert verdict(made).verdict == "verified"
    assert check(json.dumps(made).encode(), plain=True).verdict == "verified"
    more = verdict(claim_more(made, found.total_latency, stretch=True))
    assert more.verdict in ("rejected", "malformed")
    monkeypatch.setattr(root, "_FOLLOWED", 10**6)
    without = solver.solve(instance, engine="dp")
    assert without.total_latency == found.total_latency
    assert "followed" not in certificate(without)["proof"]["lower_bound"]
    assert found.detail["states"] < without.detail["states"]


def test_the_classes_with_the_highest_peaks_are_followed():
    model = model_of(make(MEMORY, LARGE))
    steps = 2 * model.steps
    made = follow(model, quick_prices(model), steps, 0, None)
    peaks = model.prompt + model.output
    assert peaks[made.classes].min() > np.delete(peaks, made.classes).max(initial=0)
    assert len(made.prices) == steps
    opt = solver.solve(model.instance()).total_latency
    assert 0.9 * opt < made.value / PRICE_SCALE <= opt
    assert follow(model, quick_prices(model), steps, opt, None) is None
    assert follow(model, quick_prices(model), steps, 0, time.monotonic()) is None


def test_nothing_is_followed_that_has_too_many_profiles(monkeypatch):
    model = model_of(make(MEMORY, LARGE))
    monkeypatch.setattr(bounds, "_WORK", 20)
    assert follow(model, quick_prices(model), 2 * model.steps, 0, None) is None


def test_numbers_beyond_32_bits_are_not_followed(monkeypatch):
    model = model_of(make(MEMORY, LARGE))
    numbers = quick_prices(model), 2 * model.steps, 0, None
    plain = Tables.write
    rounds = []

    def refused(*given):
        rounds.append(1)
        if len(rounds) == most:
            raise LimitError("beyond 32 bits")
        return plain(*given)

    monkeypatch.setattr(Tables, "write", refused)
    most = 1
    assert follow(model, *numbers) is None
    rounds.clear()
    most = 60
    before = follow(model, *numbers)  # what was best before
    rounds.clear()
    most = 10**6
    assert 0 < before.value < follow(model, *numbers).value


def test_the_best_bound_is_kept_where_time_is_up(monkeypatch):
    model = model_of(make(MEMORY, LARGE))
    numbers = quick_prices(model), 2 * model.steps, 0
    turns = iter([False] * 50 + [True] * 9)
    monkeypatch.setattr(bounds, "late", lambda *_: next(turns))
    early = follow(model, *numbers, None)
    monkeypatch.undo()
    whole = follow(model, *numbers, None)
    assert 0.9 * whole.value < early.value < whole.value
