"""Walks phase by phase cost what they cost over all profiles, and profiles are counted right."""

import random

import numpy as np
import pytest

from kvproof import solver
from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp import root
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import model_of
from kvproof.solver.profiles import links as linking
from kvproof.solver.profiles.bound import evaluate
from kvproof.solver.profiles.count import has_more
from kvproof.solver.profiles.followed import follow_all
from kvproof.solver.profiles.phases import Tables, phases_of
from kvproof.solver.profiles.space import space_of
from kvproof.solver.threads import new_flag
from kvproof.solver.windows import PRICE_SCALE, price_terms, quick_prices
from tests.solver.common import certificate, make, verdict

ROOM = 2**26


def drawn(seed):
    """Two to four classes that come and go, and what a start of each is worth, in steps."""
    rng = random.Random(f"phases-{seed}")
    rows = []
    for _ in range(rng.randint(2, 4)):
        kind = (rng.randint(0, 12), rng.randint(0, 4), rng.randint(1, 6))
        rows += [kind] * rng.randint(2, 4)
    model = model_of(make(rng.randint(10, 16), rows))
    return rng, model, np.array([rng.randint(1, 14) for _ in range(model.classes)])


def phases(model, until):
    return phases_of(model, np.arange(model.classes), until, ROOM, new_flag())


def cheapest(model, worth, until):
    """What the cheapest walk costs, phase by phase."""
    made = phases(model, until)
    steps = max(made[-1].end, int(model.arrival.max()) + 1)
    costs = price_terms(model, np.zeros(0, np.int64), steps - 1, SCALE) - SCALE * worth[:, None]
    tables = Tables(made)
    starts = tables.write(costs)
    assert (starts * costs)[starts > 0].sum() == tables.least
    return tables.least


@pytest.mark.parametrize("seed", range(60))
def test_walks_cost_what_they_do_over_all_profiles(seed):
    rng, model, worth = drawn(seed)
    space = space_of(model, ROOM, new_flag())
    buffer = np.empty((100, space.profiles), np.int32)
    whole = evaluate(model, space, SCALE * worth, buffer).value - int(SCALE * model.count @ worth)
    assert cheapest(model, worth, model.arrival + worth) == whole
    # followed no longer than starts are worth it, they may only cost less
    short = np.maximum(1, worth - [rng.randrange(output) for output in model.output.tolist()])
    assert cheapest(model, worth, model.arrival + short) <= whole


@pytest.mark.parametrize("seed", range(40))
def test_interpreted_links_are_the_same(seed, monkeypatch):
    _, model, worth = drawn(seed)
    until = model.arrival + np.maximum(1, worth - model.output // 2)
    compiled = phases(model, until)
    for kernel in ("_link", "_leave"):
        monkeypatch.setattr(linking, kernel, getattr(linking, kernel).plain)
    for one, other in zip(compiled, phases(model, until), strict=True):
        assert (one.begin, one.end) == (other.begin, other.end)
        assert (one.link == other.link).all()


def test_what_all_phases_earn_is_within_32_bits():
    """Of waves that never meet, each earns less than that, all of them more."""
    model = model_of(make(1, [(400 * k, 0, 1) for k in range(8)]))
    until = model.arrival + 400
    tables = Tables(phases(model, until))
    steps = int(until.max()) + 1
    costs = price_terms(model, np.zeros(0, np.int64), steps - 1, PRICE_SCALE) - 400 * PRICE_SCALE
    with pytest.raises(LimitError):
        tables.write(costs)
    fewer = costs.copy()
    fewer[1:] = 0
    assert (tables.write(fewer)[1:] == 0).all()


def test_profiles_are_counted():
    counted = 0
    for seed in range(60):
        _, model, _ = drawn(seed)
        number = space_of(model, ROOM, new_flag()).profiles
        assert not has_more(model, number)
        counted += has_more(model, int(number / 1.3) - 1)
    assert counted == 60


def test_what_would_take_long_to_count_is_not_counted():
    model = model_of(make(100_000, [(0, 1, 200)] * 3))
    assert not has_more(model, 10)


def test_phases_that_find_no_room_are_not_made():
    _, model, worth = drawn(0)
    until = model.arrival + worth
    flag = new_flag()
    assert phases_of(model, np.arange(model.classes), until, 1_000, flag) is None
    flag[0] = True
    assert phases_of(model, np.arange(model.classes), until, ROOM, flag) is None


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kernel", ["_link", "_leave"])
def test_time_that_is_up_ends_linking(kernel, plain, monkeypatch):
    _, model, worth = drawn(0)
    until = model.arrival + np.maximum(1, worth - model.output // 2)
    flag, own, ran = new_flag(), getattr(linking, kernel), []
    own = own.plain if plain else own

    def late(*arguments):
        flag[0] = True
        written = arguments[-2].copy()
        own(*arguments)
        assert (arguments[-2] == written).all()
        ran.append(kernel)

    monkeypatch.setattr(linking, kernel, late)
    assert phases_of(model, np.arange(model.classes), until, ROOM, flag) is None
    assert ran == [kernel]


COMING = [(9, 5, 6)] * 7 + [(16, 1, 4)] * 6 + [(24, 6, 2)] * 7


def test_all_classes_are_followed_where_the_gap_is_wide(monkeypatch):
    monkeypatch.setattr(root, "_FOLLOWED", 0)
    monkeypatch.setattr(root, "follow", lambda *_: None)
    found = solver.solve(make(17, COMING), engine="dp")
    made = certificate(found)
    followed = made["proof"]["lower_bound"]["followed"]
    assert followed["classes"] == [0, 1, 2]
    assert verdict(made).verdict == "verified"
    monkeypatch.undo()
    assert solver.solve(make(17, COMING)).total_latency == found.total_latency


def test_a_class_is_left_as_another_one_arrives():
    left = 0
    for arrival in range(8, 20):
        model = model_of(make(17, [(0, 2, 3)] * 8 + [(arrival, 5, 6)] * 7))
        made = follow_all(model, quick_prices(model), 2**30, 0, None)
        opt = solver.solve(model.instance()).total_latency
        assert 0.9 * opt < made.value / PRICE_SCALE <= opt
        if made.until is not None:
            passed = model.arrival - (-made.worth // PRICE_SCALE)
            early = np.flatnonzero(made.until < passed)
            assert set(made.until[early].tolist()) <= set(model.arrival.tolist())
            left += len(early)
    assert left
    assert follow_all(model, quick_prices(model), 1_000, 0, None) is None
