"""Both engines find OPT, prove it, and prove no more than it."""

import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.checker import Verdict, check
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.backends.process import Claim
from kvproof.solver.reference import brute_force
from kvproof.solver.windows import quick_prices
from tests.solver.common import (
    certificate,
    claim_more,
    draw,
    make,
    plain_search,
    verdict,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "small.json").read_text())


@pytest.mark.parametrize("part", range(6))
def test_known_optima(part, quick):
    for entry in VECTORS["instances"][part::6]:
        rows = list(zip(entry["arrival"], entry["prompt"], entry["output"], strict=True))
        result = solver.solve(make(entry["memory"], rows), engine="dp")
        assert (result.status, result.total_latency) == ("optimal", entry["opt"])
        assert result.certified


@pytest.mark.parametrize("seed", range(60))
def test_certificates_hold_and_do_not_stretch(seed, quick):
    instance = draw(random.Random(seed))
    opt, starts = brute_force(instance)
    result = solver.solve(instance, engine="dp")
    assert result.total_latency == result.lower_bound == opt
    data = certificate(result)
    assert verdict(data).verdict == "verified"
    assert verdict(claim_more(data, opt)).verdict == "rejected"
    # a higher target also allows more starts, for which the proof has no multipliers
    assert verdict(claim_more(data, opt, stretch=True)).verdict in ("rejected", "malformed")
    if opt < 40:
        assert verdict(plain_search(instance, opt)).verdict == "verified"
        assert verdict(plain_search(instance, opt + 1)).verdict == "rejected"
    # an incumbent of OPT, of OPT + 1 where there is one, and far off change nothing
    late = int(instance.arrival.max())
    far, clock = [], late
    for output in instance.output.tolist():
        far.append(clock)
        clock += output
    near = [p + (i == len(starts) - 1) for i, p in enumerate(starts)]
    for known in (starts, near, far):
        incumbent = Schedule(instance=instance, starts=known)
        try:
            check_schedule(incumbent)
        except RejectedError:
            continue
        again = solver.solve(instance, engine="dp", incumbent=incumbent)
        assert (again.status, again.total_latency) == ("optimal", opt)
        assert verdict(certificate(again)).verdict == "verified"


def test_every_tiny_backlog(quick):
    # a subset of the box of benchmarks/exact.py (every instance, n <= 4, M <= 6)
    memory = 4
    shapes = [(s, o) for o in range(1, 4) for s in range(memory - o + 1)]
    for rows in itertools.combinations_with_replacement(shapes, 3):
        instance = make(memory, [(0, s, o) for s, o in rows])
        result = solver.solve(instance, engine="dp")
        assert result.status == "optimal"
        assert result.total_latency == brute_force(instance)[0]


def test_the_benchmark_says_which_families_it_knows(tmp_path):
    script = Path(__file__).parents[2] / "benchmarks" / "exact.py"
    done = subprocess.run(
        [sys.executable, script, "--family", "n99"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stderr == "--family n99: not one of stream, n15, n20, n20a, n25, repeat\n"


@pytest.mark.parametrize("seed", range(100, 130))
def test_search_against_programme(seed):
    instance = draw(random.Random(seed), most=8)
    search = solver.solve(instance, engine="dp")
    programme = solver.solve(instance, engine="milp")
    assert search.status == programme.status == "optimal"
    assert search.total_latency == programme.total_latency


@pytest.mark.parametrize("backend", ["cbc", "cpsat"])
def test_other_backends(backend):
    pytest.importorskip("ortools" if backend == "cpsat" else "pulp")
    for seed in range(3):
        instance = draw(random.Random(1000 + seed), most=7)
        search = solver.solve(instance, engine="dp")
        other = solver.solve(instance, engine="milp", backend=backend)
        assert (other.status, other.total_latency) == ("optimal", search.total_latency)


def test_that_nothing_is_cheaper_is_no_schedule():
    # HiGHS says infeasible, and leaves values in its columns
    instance = make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)])
    result = solver.solve(instance, engine="milp")
    assert (result.status, result.total_latency) == ("optimal", brute_force(instance)[0])
    assert (result.certified, result.limit) == (False, None)


def test_time_limit_returns_an_honest_interval():
    rng = random.Random(1)
    rows = [(0, rng.randint(1, 20), rng.randint(1, 20)) for _ in range(30)]
    result = solver.solve(make(100, rows), time_limit=3.0)
    assert result.status == "feasible"
    assert result.limit == "time"
    assert result.lower_bound < result.total_latency
    assert result.runtime_s < 20


@pytest.mark.parametrize(
    ("engine", "memory", "rows"),
    [
        ("dp", 3, [(2**40, 0, 3), (2**40, 0, 1), (2**40, 1, 2), (4, 0, 3), (5, 1, 1)]),
        ("auto", 2**31 - 1, [(0, 0, 2**31 - 1), (0, 80_670_000, 1_565_879_081)] * 2),
    ],
)
def test_a_long_time_axis_leaves_the_interval(engine, memory, rows):
    result = solver.solve(make(memory, rows), engine=engine, time_limit=3.0)
    assert result.limit == "size"
    assert 0 < result.lower_bound <= result.total_latency


@pytest.mark.parametrize(("engine", "seconds"), [("dp", 1e300), ("auto", 1e12), ("milp", 1e7)])
def test_a_limit_of_ages_is_none(engine, seconds):
    instance = make(12, [(0, 1, 4), (0, 3, 5), (1, 2, 2), (2, 0, 7), (2, 4, 4)])
    result = solver.solve(instance, engine=engine, time_limit=seconds)
    assert (result.status, result.total_latency) == ("optimal", brute_force(instance)[0])


def test_a_limit_that_strikes_before_the_programme_is_named(monkeypatch):
    def slow(instance, model, upper, starts, limit):
        time.sleep(limit)
        return upper, starts, False

    monkeypatch.setattr("kvproof.solver.stages._improved", slow)
    instance = make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)])
    result = solver.solve(instance, engine="milp", time_limit=0.001)
    assert (result.status, result.limit) == ("feasible", "time")


@pytest.mark.parametrize("bound", [None, 1.0])
def test_a_backend_that_raises_no_bound_is_not_named_for_it(bound, monkeypatch):
    claim = Claim(starts=None, finished=False, bound=bound, backend="HiGHS")
    monkeypatch.setattr(
        "kvproof.solver.programme.find_backend",
        lambda _: SimpleNamespace(solve=lambda *_, **__: claim),
    )
    instance = make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)])
    result = solver.solve(instance, engine="milp")
    assert (result.status, result.limit, result.certified) == ("feasible", "time", True)
    assert result.engine == result.proof.kind


def _backend(monkeypatch, solve):
    """Have this done instead of running a backend."""
    monkeypatch.setattr(
        "kvproof.solver.programme.find_backend", lambda _: SimpleNamespace(solve=solve)
    )


@pytest.mark.parametrize("noise", [1e-9, -1e-9])
def test_noise_in_a_bound_of_a_backend_makes_no_step(noise, monkeypatch):
    claim = Claim(starts=None, finished=False, bound=9 + noise, backend="HiGHS")
    _backend(monkeypatch, lambda *_, **__: claim)
    result = solver.solve(make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)]), engine="milp")
    assert (result.lower_bound, result.total_latency, result.limit) == (9, 10, "time")


def test_what_a_backend_closes_at_its_limit_is_not_said_to_be_left_open(monkeypatch):
    claim = Claim(starts=None, finished=False, bound=12.0, backend="HiGHS")
    _backend(monkeypatch, lambda *_, **__: claim)
    result = solver.solve(make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)]), engine="milp")
    assert (result.lower_bound, result.total_latency, result.limit) == (10, 10, None)
    assert not result.certified
    made = result.certificate()  # by the highest bound that has a proof
    assert made.claim["kind"] == "within-factor"
    assert check(made.to_bytes()).verdict is Verdict.VERIFIED


def test_a_worse_schedule_of_a_backend_is_not_taken(monkeypatch):
    claim = Claim(starts=np.array([0, 1, 4, 7]), finished=False, bound=None, backend="HiGHS")
    _backend(monkeypatch, lambda *_, **__: claim)
    result = solver.solve(make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)]), engine="milp")
    assert (result.lower_bound, result.total_latency, result.limit) == (9, 10, "time")


def test_no_backend_is_begun_where_prices_take_all_the_time(monkeypatch):
    now = [0.0]

    def slow(model, *_):
        now[0] = 9.0
        return quick_prices(model)

    for module in ("stages", "programme"):
        clock = SimpleNamespace(monotonic=lambda: now[0])
        monkeypatch.setattr(f"kvproof.solver.{module}.time", clock)
    monkeypatch.setattr("kvproof.solver.stages._improved", lambda *a: (a[2], a[3], False))
    monkeypatch.setattr("kvproof.solver.programme.good_prices", slow)
    _backend(monkeypatch, lambda *_, **__: pytest.fail("a backend is begun"))
    instance = make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)])
    result = solver.solve(instance, engine="milp", time_limit=9.0)
    assert (result.status, result.limit, result.certified) == ("feasible", "time", True)


def test_a_backend_with_a_schedule_that_is_not_feasible_is_not_believed(monkeypatch):
    claim = Claim(starts=np.array([0, 0, 1, 0]), finished=True, bound=None, backend="HiGHS")
    _backend(monkeypatch, lambda *_, **__: claim)
    result = solver.solve(make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)]), engine="milp")
    assert (result.lower_bound, result.total_latency, result.certified) == (9, 10, True)
    assert result.limit == "backend"
    assert result.detail["message"] == "the backend highs returned an infeasible schedule"


def test_ctrl_c_in_a_backend_or_in_local_search_leaves_the_interval(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    _backend(monkeypatch, interrupted)
    instance = make(7, [(0, 0, 1), (0, 0, 3), (0, 6, 1), (1, 0, 3)])
    result = solver.solve(instance, engine="milp")
    assert (result.lower_bound, result.total_latency, result.limit) == (9, 10, "interrupt")
    with monkeypatch.context() as patch:  # while its prices are made
        patch.setattr("kvproof.solver.programme.quick_prices", interrupted)
        result = solver.solve(instance, engine="milp")
        assert (result.lower_bound, result.total_latency, result.limit) == (9, 10, "interrupt")
    monkeypatch.setattr("kvproof.solver.stages.programmed", None)  # does not come to that
    monkeypatch.setattr("kvproof.solver.stages._improved", lambda *a: (a[2], a[3], True))
    result = solver.solve(instance, engine="milp")
    assert (result.status, result.limit) == ("feasible", "interrupt")


@pytest.mark.parametrize("engine", ["dp", "auto"])
def test_what_is_closed_in_time_is_proved_too(engine, monkeypatch):
    instance = make(15, [(0, 9, 6), (1, 10, 5), (0, 14, 1)])
    seen = set()
    for ticks in range(1, 80):
        clock = itertools.count()
        with monkeypatch.context() as patched:
            patched.setattr(time, "monotonic", lambda clock=clock: next(clock) / 1000)
            result = solver.solve(instance, engine=engine, time_limit=ticks / 1000)
        seen.add(result.status)
        if result.gap == 0:
            assert verdict(certificate(result)).verdict == "verified"
    assert seen == {"feasible", "optimal"}


def test_what_the_root_closes_before_all_engines_is_proved_too(monkeypatch):
    monkeypatch.setattr("kvproof.solver.annealed.NEAR", 0)
    result = solver.solve(make(6, [(0, 3, 3), (5, 0, 4), (1, 0, 5)]), engine="dp")
    assert (result.status, result.engine) == ("optimal", "dp")
    assert verdict(certificate(result)).verdict == "verified"


def test_a_few_classes_are_proved_by_their_profiles():
    for rows in ([(0, 2, 5)] * 6 + [(0, 1, 8)] * 6 + [(0, 4, 3)] * 6, [(0, 2, 5)] * 14):
        result = solver.solve(make(24, rows))
        assert (result.status, result.engine) == ("optimal", "profiles")
        assert verdict(certificate(result)).verdict == "verified"


def test_without_profiles_they_are_searched_before_they_are_branched_on(monkeypatch):
    monkeypatch.setattr("kvproof.solver.turns.few_profiles", lambda *_: None)
    result = solver.solve(make(24, [(0, 2, 5)] * 6 + [(0, 1, 8)] * 6 + [(0, 4, 3)] * 6))
    assert (result.status, result.engine) == ("optimal", "dp")
    assert verdict(certificate(result)).verdict == "verified"
    one = solver.solve(make(24, [(0, 2, 5)] * 14))
    assert (one.status, one.engine) == ("optimal", "branch")


def test_progress_narrows():
    seen = []
    rng = random.Random(102)
    rows = [(0, rng.randint(1, 10), rng.randint(1, 12)) for _ in range(12)]
    solver.solve(make(30, rows), progress=lambda upper, lower: seen.append((upper, lower)))
    uppers = [upper for upper, _ in seen if upper is not None]
    lowers = [lower for _, lower in seen if lower is not None]
    assert uppers == sorted(uppers, reverse=True)
    assert lowers == sorted(lowers)
    assert uppers[-1] == lowers[-1]


def test_late_first_arrival():
    rows = [(1000, 3, 4), (1001, 3, 4), (1002, 3, 4)]
    result = solver.solve(make(10, rows), engine="dp")
    assert result.total_latency == brute_force(make(10, rows))[0]
    assert verdict(certificate(result)).verdict == "verified"


def test_with_little_memory_the_search_aims_nearer():
    rng = random.Random(7)
    instance = make(40, [(0, 0, rng.randint(1, 20)) for _ in range(20)])
    # of a search straight to the best schedule, 258, no layer fits
    assert solver.solve(instance, engine="dp", memory_bytes=2**23).lower_bound > 256


def test_a_memory_limit_ends_a_search_and_is_named():
    rng = random.Random(7)
    instance = make(40, [(0, 0, rng.randint(1, 20)) for _ in range(20)])
    # not one layer of a search to the next step fits
    result = solver.solve(instance, engine="dp", memory_bytes=2**16)
    assert (result.status, result.limit, result.certified) == ("feasible", "memory", True)
