"""Branching on counts against brute force, its kernels against the checker's, its proofs."""

import json
import random
from itertools import chain
from math import ceil

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.checker.core.branch import Branching as PlainBranching
from kvproof.certificates.checker.core.model import Instance as CheckedInstance
from kvproof.certificates.checker.core.prices import read_prices
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.certificates.prices import price_bound
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.branch.relaxation import Late, Relaxation
from kvproof.solver.branch.request_windows import UNIT, counts_between, tighten, weigh, whole
from kvproof.solver.branch.stage import _root_prices, branch
from kvproof.solver.branch.strong_branching import best_split
from kvproof.solver.branch.tree import Branching
from kvproof.solver.heuristics import best_policy
from kvproof.solver.interval import Interval, known
from kvproof.solver.model import model_of
from kvproof.solver.reference import brute_force
from kvproof.solver.windows import PRICE_SCALE, fix_windows, good_prices, price_terms
from tests.solver.common import certificate, claim_more, make, verdict


def repeats(rng: random.Random, most: int = 6):
    """One or two classes, each several times; arrivals or none, prompts or none."""
    memory = rng.randint(4, 14)
    rows = []
    for _ in range(rng.randint(1, 2)):
        output = rng.randint(1, min(memory, 6))
        prompt = rng.choice([0, rng.randint(0, memory - output)])
        row = (rng.choice([0, 0, rng.randint(0, 5)]), prompt, output)
        rows += [row] * rng.randint(1, most // 2)
    rng.shuffle(rows)
    return make(memory, rows)


@pytest.mark.parametrize("seed", range(60))
def test_optimal_and_proved(seed):
    rng = random.Random(seed)
    instance = repeats(rng)
    opt, starts = brute_force(instance)
    result = solver.solve(instance, engine="branch")
    assert (result.status, result.total_latency) == ("optimal", opt)
    assert result.certified
    proof = certificate(result)
    assert verdict(proof).verdict == "verified"
    for stretch in (False, True):
        assert verdict(claim_more(proof, opt, stretch=stretch)).verdict != "verified"
    again = solver.solve(
        instance, engine="branch", incumbent=Schedule(instance=instance, starts=starts)
    )
    assert (again.status, again.total_latency) == ("optimal", opt)


def test_branching_itself_is_what_proves():
    # the instances above close by prices in part; here the tree has to be walked
    kinds = set()
    for seed in range(12):
        rng = random.Random(seed)
        output, prompt = rng.randint(4, 7), rng.randint(0, 2)
        instance = make(rng.randint(18, 26), [(0, prompt, output)] * rng.randint(8, 10))
        opt = solver.solve(instance, engine="dp").total_latency
        result = solver.solve(instance, engine="branch")
        assert result.total_latency == result.lower_bound == opt
        proof = certificate(result)
        assert verdict(proof).verdict == "verified"
        assert verdict(claim_more(proof, opt, stretch=True)).verdict != "verified"
        kinds.add(result.proof.kind)
    assert "branch" in kinds


@pytest.mark.parametrize("seed", range(30))
def test_windows_shrink_as_in_the_checker(seed):
    rng = random.Random(seed)
    instance = repeats(rng, most=10)
    model = model_of(instance)
    full = instance.expanded()
    columns = [x.tolist() for x in (full.arrival - model.origin, full.prompt, full.output)]
    names = ("arrival", "prompt", "output")
    same = CheckedInstance(
        memory=instance.memory, digest="", **dict(zip(names, columns, strict=True))
    )
    drawn = [[rng.choice([0, 0, rng.randint(0, 2 * UNIT)]) for _ in range(30)] for _ in range(4)]
    budget = Meter(DEFAULT)
    vectors = [read_prices(UNIT, [[1, y] for y in prices], "p", budget) for prices in drawn]
    plain = PlainBranching(same, 60, vectors, budget)
    owner = np.repeat(np.arange(model.classes), model.count)
    assert [row[3] for row in plain.classes] == model.count.tolist()
    windows = plain.root()
    assert windows is not None
    fast = tuple(np.array(ends) for ends in zip(*chain(*windows), strict=True))
    cutoff = 59 * UNIT
    for v, prices in enumerate(map(np.array, drawn)):
        terms = price_terms(model, prices, 80, UNIT)
        total = model.memory * int(prices.sum())
        pool = terms[None], np.array([total])
        assert weigh(*pool, np.array([0]), cutoff, owner, *fast) == 0
        windows = plain.shortened(v, windows)
        tighten(terms, total, cutoff, owner, *fast)
        assert (windows is None) == (fast[0] > fast[1]).any()
        if windows is None:
            return
        assert list(zip(*(ends.tolist() for ends in fast), strict=True)) == [*chain(*windows)]


def test_the_first_vector_that_closes_is_named():
    terms = np.array([[[5, 6]], [[9, 7]], [[9, 9]]])
    windows = np.array([0, 0]), np.array([1, 1])
    owner, which = np.array([0, 0]), np.array([2, 1, 0])
    totals = np.array([0, 0, 0])
    assert weigh(terms, totals, which, 13, owner, *windows) == 2
    assert weigh(terms, np.array([0, 0, 5]), which, 13, owner, *windows) == 1
    assert weigh(terms, np.array([0, 1, 9]), which, 99, owner, *windows) == 1


def test_counts_between_by_definition():
    first, last = np.array([0, 1, 1, 0]), np.array([2, 2, 4, 0])
    low, high = counts_between(first, last, np.array([3, 1]), 5)
    assert low.tolist() == [[0, 0, 2, 2, 3], [1, 1, 1, 1, 1]]
    assert high.tolist() == [[1, 3, 3, 3, 3], [1, 1, 1, 1, 1]]


@pytest.mark.parametrize("seed", range(20))
def test_the_programmes_duals_are_its_value(seed):
    instance = repeats(random.Random(seed))
    model = model_of(instance)
    steps = 40
    first = np.repeat(model.arrival, model.count)
    bounds = counts_between(first, np.full_like(first, steps), model.count, steps)
    counts, dual = Relaxation(model, steps).solve(*bounds)
    number = model.count[:, None]
    waits = (number - counts).sum() - (model.arrival * model.count).sum()
    value = waits + (model.output * model.count).sum()
    prices = whole(dual)
    terms = price_terms(model, prices, 2 * steps, UNIT)
    least = [terms[c, a:].min() for c, a in enumerate(model.arrival.tolist())]
    bound = (np.array(least) * model.count).sum() - model.memory * prices.sum()
    assert bound / UNIT == pytest.approx(value, abs=0.5)
    assert bound <= brute_force(instance)[0] * UNIT


def test_a_family_that_the_search_does_not_close(monkeypatch):
    monkeypatch.setattr("kvproof.solver.turns.few_profiles", lambda *_: None)
    instance = make(60, [(0, 0, 12)] * 24)
    result = solver.solve(instance)
    assert (result.status, result.total_latency, result.engine) == ("optimal", 672, "branch")
    assert result.certified
    proof = certificate(result)
    assert verdict(proof).verdict == "verified"
    assert verdict(claim_more(proof, 672, stretch=True)).verdict == "rejected"
    # any vector that is blunted leaves a leaf open, any that is left out is missed
    spoiled = json.loads(json.dumps(proof))
    vectors = spoiled["proof"]["lower_bound"]["vectors"]
    vectors[:] = [[[length, 0] for length, _ in runs] for runs in vectors]
    assert verdict(spoiled).verdict == "rejected"
    del vectors[-1]
    assert verdict(spoiled).verdict != "verified"


def test_a_tree_cut_short_claims_no_more_than_its_root(monkeypatch):
    monkeypatch.setattr("kvproof.solver.branch.stage._FEW_NODES", 2)
    monkeypatch.setattr("kvproof.solver.branch.stage._MOST_NODES", 2)
    instance = make(60, [(0, 0, 12)] * 24)
    result = solver.solve(instance, engine="branch")
    assert (result.status, result.limit) == ("feasible", "nodes")
    model = model_of(instance)
    plain = fix_windows(model, good_prices(model, 60, 840), 840).bound / PRICE_SCALE
    assert plain < result.lower_bound <= 672 <= result.total_latency
    assert result.proof.kind == "price"
    assert result.lower_bound == ceil(price_bound(instance, result.proof.prices))


def test_the_roots_prices_are_said_to_prove_what_they_do():
    instance = make(60, [(0, 0, 12)] * 24)
    model = model_of(instance)
    upper, starts = best_policy(instance, model)
    state = Interval(lower=0, upper=upper, starts=starts)
    _root_prices(model, state, Branching(model, upper).tree.vectors[0])
    assert 600 < state.lower == ceil(price_bound(instance, state.proof.prices))


def test_the_programme_takes_over_and_is_only_believed(monkeypatch):
    monkeypatch.setattr("kvproof.solver.turns.few_profiles", lambda *_: None)
    monkeypatch.setattr("kvproof.solver.branch.stage._FEW_NODES", 1)
    monkeypatch.setattr("kvproof.solver.branch.stage._MOST_NODES", 1)
    result = solver.solve(make(60, [(0, 0, 12)] * 24))
    assert (result.status, result.total_latency) == ("optimal", 672)
    assert result.engine == "milp:highs"
    assert not result.certified
    assert result.proof is None
    assert result.detail["certified_lower_bound"] < 672


def test_too_many_columns_are_refused():
    model = model_of(make(40, [(0, 0, o) for o in range(1, 31)]))
    with pytest.raises(LimitError, match="too large"):
        Relaxation(model, 10_000)


def test_a_programme_of_too_many_entries_is_refused():
    model = model_of(make(400, [(0, 0, 200)]))
    with pytest.raises(LimitError, match="15,000 columns and 3,015,000 coefficients is too large"):
        Relaxation(model, 15_000)


def test_starts_over_too_many_steps_are_refused():
    model = model_of(make(24, [(0, 1, 6)] * 9))
    with pytest.raises(LimitError, match="starts over more than 20,000 steps"):
        Branching(model, 10**6)


def test_what_no_schedule_can_cost_needs_no_tree():
    tree = Branching(model_of(make(24, [(0, 1, 6)] * 9)), 54).run()
    assert (tree.proved, tree.nodes, tree.vectors, tree.stream) == (True, 0, [], [0])


@pytest.mark.parametrize("tried", [1, 8])
def test_trees_from_any_target(tried):
    model = model_of(make(24, [(0, 1, 6)] * 9))
    opt = solver.solve(make(24, [(0, 1, 6)] * 9), engine="dp").total_latency
    sizes = []
    for target in (opt, opt + 1, opt + 40):
        tree = Branching(model, target, tried=tried).run()
        assert tree.proved
        assert tree.target == opt
        assert (tree.starts is None) == (target == opt)
        sizes.append(tree.nodes)
    assert max(sizes) > 1


def test_limits_of_nodes_and_of_memory_are_kept(monkeypatch):
    model = model_of(make(60, [(0, 1, 10)] * 20 + [(0, 9, 3)] * 20))
    tree = Branching(model, 723).run(nodes=2)
    assert (tree.proved, tree.limit, tree.nodes) == (False, "nodes", 2)
    monkeypatch.setattr("kvproof.solver.branch.tree.MAX_TERMS", 1)
    tree = Branching(model, 723).run()
    assert (tree.proved, tree.limit, tree.nodes) == (False, "memory", 0)


def test_time_that_ends_within_a_programme_ends_the_tree(monkeypatch):
    model = model_of(make(60, [(0, 1, 10)] * 20 + [(0, 9, 3)] * 20))
    late = [False]
    branching = Branching(model, 723, late=lambda: late[0])
    steps = branching.steps(100)
    next(steps)
    monkeypatch.setattr("kvproof.solver.branch.relaxation._SLICE", 1)
    late[0] = True  # not before the node, but in its programme
    assert list(steps) == []
    assert (branching.tree.proved, branching.tree.limit) == (False, "time")
    with pytest.raises(Late):
        branching.programme.solve(
            *counts_between(branching.first, branching.last, model.count, branching.width - 1)
        )


def test_time_that_ends_before_a_tree_is_said(monkeypatch):
    def late(*_, **__):
        raise Late

    monkeypatch.setattr("kvproof.solver.branch.stage.Branching", late)
    instance = make(24, [(0, 1, 6)] * 9)
    model = model_of(instance)
    state = known(model, *best_policy(instance, model))
    before = state.lower, state.upper
    assert list(branch(model, state)) == []
    assert (state.limit, state.lower, state.upper) == ("time", *before)


def test_one_schedule_that_no_prices_close_is_an_error():
    model = model_of(make(24, [(0, 1, 6)] * 2))
    first = np.array([0, 3])
    programme = Relaxation(model, 8)
    counts, _ = programme.solve(*counts_between(first, first, model.count, 8))
    with pytest.raises(LimitError, match="do not close a single schedule"):
        best_split(programme, counts, first, first, 99.0, 8)
    assert best_split(programme, counts, first, np.array([0, 6]), 99.0, 8) == [0, 1, 4]


def test_a_programme_that_seems_infeasible_is_solved_afresh(monkeypatch):
    model = model_of(make(24, [(0, 1, 6)] * 3))
    bounds = counts_between(np.zeros(3, int), np.full(3, 8), model.count, 8)
    value = Relaxation(model, 8).worth(*bounds)
    calls, worth = [], Relaxation.worth

    def seems_infeasible(self, low, high):
        calls.append(low)
        if len(calls) == 1:
            self._solver.changeColBounds(0, 2.0, 1.0)
            self._solver.run()
            return 0.0
        return worth(self, low, high)

    monkeypatch.setattr(Relaxation, "worth", seems_infeasible)
    programme = Relaxation(model, 8)
    programme.solve(*bounds)
    assert len(calls) == 2
    assert programme.value == pytest.approx(value)


def test_a_time_limit_is_kept():
    model = model_of(make(60, [(0, 1, 10)] * 20 + [(0, 9, 3)] * 20))
    late = [False]
    branching = Branching(model, 723, late=lambda: late[0])
    late[0] = True
    tree = branching.run()
    assert not tree.proved
    assert tree.limit == "time"
    assert tree.nodes == 0
    with pytest.raises(Late):
        Branching(model, 723, late=lambda: True)
