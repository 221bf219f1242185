"""What a time limit needs is compiled before its clock starts."""

import ast
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kvproof.scheduling import compiled
from kvproof.scheduling.compiled import plain_first
from kvproof.scheduling.instance import Instance
from kvproof.solver import rehearsal, stages, whole
from kvproof.solver.improve import improve, run
from tests.conftest import ROOT

# signatures are added when code is compiled, and when it is loaded from the cache
PROGRAM = """
import numpy as np
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS
from kvproof.solver import headroom
from kvproof.warming import kernels

def known():
    return {{(k.py_func.__qualname__, str(s)) for k in kernels() for s in k.signatures}}

before = []
plain = headroom.improve
def improve(*args, **options):
    before.append(known())
    return plain(*args, **options)
headroom.improve = improve

n = {requests}
rng = np.random.default_rng(1)
instance = Instance(
    memory=400, arrival=rng.integers(0, 1 + {span}, n), prompt=rng.integers(0, 90, n),
    output=rng.integers(1, 50, n),
)
found = headroom.find_headroom(instance, FCFS(), time_limit=2)
print(sorted(known() - before[0]))
"""


@pytest.mark.parametrize(("requests", "span"), [(60, 0), (60, 300), (700, 0), (700, 3_000)])
def test_nothing_is_left_to_compile_within_the_limit(requests, span):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(requests=requests, span=span)],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


SOLVE = """
import numpy as np
from kvproof.scheduling.instance import Instance
from kvproof.solver import stages
from kvproof.warming import kernels

def unknown():
    own = [k for k in kernels() if k.py_func.__module__.split(".")[-2] in {parts}]
    return {{k.py_func.__qualname__ for k in own if not k.signatures}}

before = []
plain = stages._solve
def solve(*arguments, **options):
    before.append(unknown())
    return plain(*arguments, **options)
stages._solve = solve

rng = np.random.default_rng(4)
prompt, output = rng.integers(0, 8, {classes}), rng.integers(1, 12, {classes})
count = np.full({classes}, {copies})
arrival = rng.integers(0, 1 + {span}, {classes})
instance = Instance(memory=60, arrival=arrival, prompt=prompt, output=output, count=count)
stages.solve(instance, time_limit=2)
print(sorted(before[0] - unknown()))
print(sorted(before[0]))
"""


def left(classes, copies, span, parts):
    """Return the kernels that are compiled within the limit, and those that were not before it."""
    program = SOLVE.format(classes=classes, copies=copies, span=span, parts=parts)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    within, before = map(ast.literal_eval, done.stdout.splitlines())
    return within, before


@pytest.mark.parametrize(("classes", "copies"), [(40, 1), (3, 20)])
@pytest.mark.parametrize("span", [0, 30])
def test_nothing_of_a_large_search_is_left(classes, copies, span):
    within, _ = left(classes, copies, span, ["dp"])
    assert within == []


@pytest.mark.parametrize("span", [0, 12])
def test_a_large_search_is_rehearsed_by_a_search(monkeypatch, rehearsed, span):
    states = []
    plain = whole.solve_certified

    def noted(*arguments, **options):
        found = plain(*arguments, **options)
        states.append(found.states)
        return found

    monkeypatch.setattr(whole, "solve_certified", noted)
    monkeypatch.setattr(stages, "_solve", lambda *_: None)
    arrival = np.linspace(0, span, 26).astype(np.int64)
    stages.solve(replace(one(26), arrival=arrival), time_limit=1)
    assert states[0] > 0


@pytest.mark.parametrize("span", [0, 30])
def test_nothing_of_repeated_requests_is_left(span):
    within, before = left(3, 20, span, ["profiles", "branch"])
    assert within == []
    # what others call is loaded with them, and rows alone are for many profiles
    assert set(before) <= {"look_up", "places", "_same", "_row"}


@pytest.mark.parametrize(
    ("requests", "limit", "works"),
    [
        (25, 1, []),
        (26, 1, [stages.search_whole, stages.repeated_whole]),
        (26, None, []),
    ],
)
def test_a_small_search_is_not_rehearsed(monkeypatch, requests, limit, works):
    asked = []
    monkeypatch.setattr(stages, "rehearse", lambda work, *_, **__: asked.append(work))
    monkeypatch.setattr(stages, "rehearse_improve", lambda _: None)
    monkeypatch.setattr(stages, "_solve", lambda *_: None)
    stages.solve(one(requests), time_limit=limit)
    assert asked == works


@pytest.fixture
def rehearsed(monkeypatch):
    """What is rehearsed, and when the clock is read, in order; nothing is known before."""
    events = []
    rehearsal.rehearse.cache_clear()
    plain = improve

    def noted(little, **options):
        events.append(little.requests)
        return plain(little, trials=0)

    clock = SimpleNamespace(monotonic=lambda: events.append("clock") or time.monotonic())
    monkeypatch.setattr(run, "improve", noted)
    monkeypatch.setattr(run, "time", clock)
    yield events
    rehearsal.rehearse.cache_clear()


def one(requests):
    ones = np.ones(requests, np.int64)
    return Instance(memory=9, arrival=0 * ones, prompt=ones, output=2 * ones)


@pytest.mark.parametrize(("requests", "little"), [(3, 30), (499, 30), (500, 500)])
def test_a_clock_starts_after_one_rehearsal_in_a_process(rehearsed, requests, little):
    for _ in range(2):
        improve(one(requests), time_limit=0.01)
    assert rehearsed[0] == little
    assert [event for event in rehearsed if event != "clock"] == [little]


def test_what_is_interpreted_is_not_rehearsed(rehearsed, monkeypatch):
    monkeypatch.setattr(compiled._Patience, "left", 60.0)
    with plain_first():
        improve(one(3), time_limit=0.01)
    assert set(rehearsed) == {"clock"}


def test_without_a_limit_there_is_none(rehearsed):
    improve(one(3), trials=10)
    assert set(rehearsed) == {"clock"}


def test_an_interrupt_ends_more_than_the_rehearsal(monkeypatch, rehearsed):
    monkeypatch.setattr(run, "improve", lambda *_, **__: SimpleNamespace(interrupted=True))
    with pytest.raises(KeyboardInterrupt):
        improve(one(3), time_limit=1)


def test_nothing_is_rehearsed_where_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(compiled._config, "DISABLE_JIT", 1)
    rehearsal.rehearse(lambda _: pytest.fail("a rehearsal"), 3, backlog=True)


def test_nothing_is_rehearsed_for_what_bounds_close(monkeypatch):
    monkeypatch.setattr(stages, "_rehearse", lambda *_: pytest.fail("a rehearsal"))
    instance = Instance(memory=10**6, arrival=np.zeros(40, int), prompt=np.ones(40, int),
                        output=np.arange(1, 41))  # fmt: skip
    result = stages.solve(instance, time_limit=60)
    assert (result.gap, result.engine) == (0, "outputs")
