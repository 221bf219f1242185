"""The kernels against plain versions, refusals, and the checker's handling of bad proofs."""

import copy
import random
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.build import lower_bound_certificate
from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.lower_bounds import LowerBound
from kvproof.certificates.prices import Prices, price_bound
from kvproof.scheduling.errors import InputError, LimitError, RejectedError
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.backends.process import ask
from kvproof.solver.backends.pulp import Pulp
from kvproof.solver.dp import ascent
from kvproof.solver.dp.size import refuse
from kvproof.solver.dp.states import packing_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.interval import Interval, known
from kvproof.solver.model import model_of
from kvproof.solver.windows import PRICE_SCALE, fix_windows, good_prices, price_terms
from tests.solver.common import certificate, draw, make, verdict


@pytest.mark.parametrize("seed", range(10))
def test_plain_arithmetic_of_the_ascent(seed):
    draws = np.random.default_rng(seed)
    values, move, slope = draws.normal(size=(3, 2, 5, 17)) * 1000
    whole = np.zeros(values.shape, np.int32)
    for kernel, arguments in (
        (ascent._round, (values, whole)),
        (ascent._copy, (values, slope)),
        (ascent._clear, (slope,)),
        (ascent._move, (values, move, move**2, slope, 7.25, 0.75)),
        (ascent._move, (values, 0 * move, 0 * move, 0 * slope, 7.25, 0.01)),
    ):
        ours, plain = copy.deepcopy(arguments), copy.deepcopy(arguments)
        assert kernel(*ours) == kernel.plain(*plain)
        assert all(np.array_equal(a, b) for a, b in zip(ours, plain, strict=True))


def test_price_terms_by_definition():
    model = model_of(make(9, [(0, 4, 2), (2, 0, 3), (2, 0, 3)]))
    prices = np.array([5000, 300, 0, 70, 9], dtype=np.int64)
    terms = price_terms(model, prices, 8, PRICE_SCALE)
    price = dict(enumerate(prices.tolist(), start=1))
    for c in range(model.classes):
        a, s, o = (int(x[c]) for x in (model.arrival, model.prompt, model.output))
        for p in range(a, 9):
            tokens = sum(price.get(p + j, 0) * (s + j) for j in range(1, o + 1))
            assert terms[c, p] == (p + o - a) * PRICE_SCALE + tokens


def test_windows_are_just_those_of_a_cheaper_schedule():
    none = np.zeros(0, dtype=np.int64)
    model = model_of(make(9, [(0, 0, 1), (3, 4, 2)]))
    windows = fix_windows(model, none, 7)  # so that the two may wait three steps
    allowed = {
        (int(s), int(o)): np.flatnonzero(row).tolist()
        for s, o, row in zip(model.prompt, model.output, windows.allowed, strict=True)
    }
    assert allowed == {(0, 1): [0, 1, 2, 3], (4, 2): [3, 4, 5, 6]}
    assert (windows.horizon, windows.bound) == (8, 3 * PRICE_SCALE)
    assert fix_windows(model, none, 3).empty


def test_a_start_beyond_all_prices_is_among_the_cheapest():
    instance = make(5, [(0, 1, 1)])
    prices = np.full(20, 100 * PRICE_SCALE)
    windows = fix_windows(model_of(instance), prices, 40)
    exact = price_bound(instance, Prices(denominator=1, runs=((20, 100),)))
    assert windows.bound == exact * PRICE_SCALE == (21 - 5 * 20 * 100) * PRICE_SCALE


def test_prices_and_windows_that_are_too_large_are_refused():
    model = model_of(make(9, [(0, 4, 2)]))
    with pytest.raises(LimitError, match="prices beyond 64 bits"):
        price_terms(model, np.full(2, 2**58), 8, PRICE_SCALE)
    with pytest.raises(LimitError, match=r"100,000 steps are too many .*; use kvproof improve, "):
        fix_windows(model, np.zeros(0, dtype=np.int64), 100_003)


@pytest.mark.parametrize(("memory", "bits"), [(127, 8), (128, 16), (32_767, 16), (32_768, 32)])
def test_the_top_bit_of_a_lane_is_a_guard(memory, bits):
    packing = packing_of(model_of(make(memory, [(0, 1, 1)])))
    assert packing.bits == bits
    assert packing.full & packing.guard == 0


def test_a_memory_is_refused_that_no_lane_holds():
    with pytest.raises(LimitError, match="a memory of 2,147,483,648 tokens is too large"):
        packing_of(replace(model_of(make(9, [(0, 4, 2)])), memory=2**31))


def test_windows_lose_no_optimum():
    for seed in range(20):
        instance = draw(random.Random(seed))
        model = model_of(instance)
        result = solver.solve(instance, engine="dp")
        opt = result.total_latency
        prices = good_prices(model, opt + 1)
        windows = fix_windows(model, prices, opt + 1)
        for c, members in enumerate(model.members):
            for i in members:
                assert windows.allowed[c, result.schedule.starts[i] - model.origin]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "magic"}, "engine must be one of"),
        ({"time_limit": 0}, "time limit must be above 0"),
        ({"memory_bytes": 0}, "memory_bytes must be at least 1, got 0"),
        ({"memory_bytes": 1e9}, "memory_bytes must be an integer, got 1000000000.0"),
        ({"memory_bytes": "x"}, "memory_bytes must be an integer, got 'x'"),
        ({"engine": "milp", "backend": "nosuch"}, "not installed"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        solver.solve(make(9, [(0, 4, 4), (0, 4, 5), (0, 0, 7)]), **arguments)
    assert "\n" not in str(caught.value)


def test_what_is_refused_as_too_long_is_named():
    rows = [(0, 0, 2**30), (0, 0, 2**30 + 5), (0, 5, 2**29), (0, 7, 2**30 - 9), (0, 9, 3)]
    result = solver.solve(make(2**31 - 1, rows), engine="milp")
    assert re.search("an output of 1,073,741,829 tokens .* is too long", result.detail["message"])


def test_request_larger_than_memory_and_empty_instance():
    with pytest.raises(InputError, match="more than memory"):
        make(5, [(0, 3, 3)])
    with pytest.raises(InputError, match="no request"):
        solver.solve(make(5, [(0, 1, 1)]).__class__(memory=5, arrival=[], prompt=[], output=[]))


def test_infeasible_incumbent_is_refused():
    instance = make(5, [(0, 2, 2), (0, 2, 2)])
    with pytest.raises(RejectedError, match="memory"):
        solver.solve(instance, incumbent=Schedule(instance=instance, starts=[0, 0]))


def test_an_incumbent_of_other_requests_is_refused():
    there = make(5, [(0, 2, 2), (0, 2, 2)])
    late = make(5, [(0, 2, 2), (2, 2, 2)])
    with pytest.raises(InputError, match="incumbent is a schedule of another instance"):
        solver.solve(there, incumbent=Schedule(instance=late, starts=[0, 2]))
    equal = make(5, [(0, 2, 2), (0, 2, 2)])
    known = Schedule(instance=equal, starts=[0, 2])
    assert solver.solve(there, incumbent=known).total_latency == known.total_latency


def test_too_large_for_tables_falls_back_with_a_message():
    rows = [(0, 1000 * i, 400) for i in range(1, 9)]
    result = solver.solve(make(40_000, rows), engine="dp")
    assert result.status in ("feasible", "optimal")
    if result.status == "feasible":
        assert result.limit == "size"
        assert "too large" in result.detail["message"]


def test_programme_that_cannot_be_built_says_so(monkeypatch):
    monkeypatch.setattr("kvproof.solver.backends.pulp.MAX_COLUMNS", 3)
    model = model_of(make(9, [(0, 4, 4), (0, 4, 5)]))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), 40)
    with pytest.raises(LimitError, match="too many to build"):
        Pulp("highs").solve(model, windows, target=40)


def test_a_time_limit_without_a_schedule_claims_nothing():
    rng = random.Random(1)
    rows = [(0, rng.randint(1, 20), rng.randint(1, 20)) for _ in range(40)]
    model = model_of(make(60, rows))
    prices = good_prices(model, 5000)
    windows = fix_windows(model, prices, 1800)
    claim = Pulp("highs").solve(model, windows, target=1800, time_limit=0.01)
    assert not claim.finished


@pytest.fixture(scope="module")
def search_certificate():
    rng = random.Random(1)
    first = [(rng.randint(1, 6), rng.randint(1, 8)) for _ in range(6)]
    assert len(first) == 6  # the stream's first instance
    rows = [(0, rng.randint(1, 8), rng.randint(1, 10)) for _ in range(10)]
    instance = make(30, rows)
    result = solver.solve(instance, engine="dp")
    assert result.proof.kind == "search"
    return certificate(result)


@pytest.mark.parametrize(
    ("where", "value", "expected"),
    [
        (("target",), 10**5, {"malformed"}),  # no multipliers of starts that only this allows
        (("scale",), 0, {"malformed"}),
        (("vectors",), [], {"malformed"}),
        (("layers",), [], {"rejected"}),
        (("layers", 0, "vectors"), [0, 0], {"malformed"}),
        (("vectors", 0, "since"), 10**9, {"malformed"}),
        (("vectors", 0, "start"), [0], {"malformed"}),
        (("vectors", 0, "unit"), 0, {"malformed"}),
        (("denominator",), 0, {"malformed"}),
    ],
)
def test_spoiled_proofs_are_refused(search_certificate, where, value, expected):
    data = copy.deepcopy(search_certificate)
    inner = data["proof"]["lower_bound"]
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    assert verdict(data).verdict in expected


def test_what_is_too_large_is_refused_before_prices_are_climbed(monkeypatch):
    def climbed(*_, **__):
        raise AssertionError("prices were climbed")

    monkeypatch.setattr("kvproof.solver.windows.best_prices", climbed)
    many = make(60_000, [(0, 100 + i % 1000, 50 + i % 321) for i in range(2000)])
    for engine in ("auto", "branch"):
        result = solver.solve(many, engine=engine)
        assert result.limit == "size"
        assert result.certified
        assert many.total(many.output) < result.lower_bound < result.total_latency


def test_prices_are_climbed_where_only_the_search_and_the_programme_are_too_large():
    wide = make(8_000, [(0, 700 + i, 200) for i in range(40)])
    model = model_of(wide)
    with pytest.raises(LimitError):
        refuse(model, search=True)
    refuse(model, search=False)
    result = solver.solve(wide, time_limit=3.0)
    assert (result.limit, result.engine) == ("size", "price")
    assert "too many to build" in result.detail["message"]
    assert known(model, *best_policy(wide, model)).lower < result.lower_bound
    assert {one["engine"] for one in result.detail["turns"]} == {"annealing", "beams", "branch"}
    # branching meets a programme that is too large, too, but the time is what ends it
    branched = solver.solve(wide, engine="branch", time_limit=1.0)
    assert (branched.limit, branched.detail["message"]) == ("time", None)


def test_a_backend_that_does_not_end_is_ended(tmp_path, monkeypatch):
    (tmp_path / "deaf.py").write_text("while True:\n    pass\n")
    monkeypatch.setattr("kvproof.solver.backends.process.__file__", str(tmp_path / "process.py"))
    model = model_of(make(9, [(0, 4, 4), (0, 4, 5)]))
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), 40)
    claim = ask("deaf.py", "deaf", model, windows, {}, time_limit=0.1)
    assert (claim.starts, claim.finished, claim.bound) == (None, False, None)
    (tmp_path / "bad.py").write_text("raise SystemExit('no licence')\n")
    with pytest.raises(InputError, match="milp backend bad: no licence"):
        ask("bad.py", "bad", model, windows, {})


def test_cuts_of_tails_are_listed_as_the_requests_are(monkeypatch):
    """As where the programme is too large to be solved: the model lists classes, not requests."""
    monkeypatch.setattr("kvproof.solver.interval.solves_programme", lambda *_: False)
    instance = make(2, [row for b in range(20) for row in ((5 * b + 1, 1, 1), (5 * b, 0, 2))])
    model = model_of(instance)
    found = known(model, *best_policy(instance, model))
    assert found.engine == "tail-centroid"
    bound = LowerBound(value=Fraction(found.lower), proof=found.proof)
    written = lower_bound_certificate(instance, bound)
    assert check(written.to_bytes()).verdict is Verdict.VERIFIED


def test_an_interrupt_leaves_no_bound_without_its_proof():
    class Struck(Interval):
        def __setattr__(self, name, value):
            if name == struck:
                raise KeyboardInterrupt
            super().__setattr__(name, value)

    struck = None
    for name in ("lower", "engine", "proof"):
        struck = None
        state = Struck(lower=3, upper=9, starts=np.zeros(1, np.int64))
        struck = name
        with pytest.raises(KeyboardInterrupt):
            state.raise_lower(7, None, "dp")
        assert state.lower == 3
