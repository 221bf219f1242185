"""Kernels that nobody has compiled yet are interpreted first, and compute the same."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kvproof.scheduling import compiled
from kvproof.scheduling.compiled import njit, plain_first
from tests.conftest import ROOT

BACKLOG = [(0, 3, 4), (0, 2, 5), (0, 1, 7), (0, 4, 2), (0, 3, 3), (0, 5, 6), (0, 2, 2)]
ARRIVALS = [(0, 3, 4), (1, 0, 5), (2, 6, 3), (2, 6, 3), (4, 1, 6), (5, 2, 2)]
REPEATS = [(0, 1, 4)] * 7 + [(0, 2, 3)] * 6

PROGRAM = """
import json, sys, time
time.process_time = lambda: 0.0  # else who has the next turn goes by it
from numba.core import event
from kvproof import solver
from kvproof.scheduling import compiled
from tests.solver.common import make

number = []
class Count(event.Listener):
    def on_start(self, event): number.append(event)
    def on_end(self, event): pass
event.register("numba:compile", Count())
compiled._Patience.left = float(sys.argv[1])
results = [solver.solve(make(14, rows)) for rows in json.load(sys.stdin)]
print(json.dumps([len(number), *(r.certificate().to_json() for r in results)]))
"""


def test_interpreted_from_the_schedule_to_the_proof(tmp_path):
    cases = json.dumps([BACKLOG, ARRIVALS, REPEATS])

    def run(patience, **variables):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(patience)], input=cases, capture_output=True,
            text=True, cwd=ROOT, env={**os.environ, **variables}, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    compilations, *certificates = run(600.0, NUMBA_CACHE_DIR=str(tmp_path))
    assert compilations == 0
    assert [one["claim"]["kind"] for one in certificates] == ["optimal"] * 3
    assert run(0.0)[1:] == certificates
    assert run(0.0, NUMBA_DISABLE_JIT="1") == [0, *certificates]


@njit
def draw(x):
    return np.random.random() + x


@njit
def seeded(x):
    np.random.seed(3)
    return draw(x)


@njit(plain=lambda x: ("plain", x))
def slow(x):
    return x


@njit
def quick(x):
    return slow(x)


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(compiled._Patience, "left", 60.0)
    monkeypatch.setattr(compiled, "_is_kept", lambda kernel: False)


def test_a_kernel_is_interpreted_only_first_and_only_within(patience):
    state = np.random.get_state()[1].tolist()
    with plain_first():
        within = seeded(1)
        assert not seeded.signatures
    assert np.random.get_state()[1].tolist() == state
    assert seeded(1) == within
    assert len(seeded.signatures) == 1
    compiled._Patience.left = -1.0
    with plain_first():
        seeded(1.0)
    assert len(seeded.signatures) == 2


def test_one_with_a_plain_version_of_its_own_decides_for_itself(patience):
    with plain_first():
        assert quick(1) == ("plain", 1)
    assert slow(1) == 1
    with plain_first():
        assert quick(1) == 1


@pytest.mark.parametrize("damaged", ["*.nbi", "*.nbc"])
def test_code_that_was_kept_and_is_damaged_is_compiled_again(tmp_path, damaged):
    """A file of the cache may be cut short, by a full disk say."""
    module = tmp_path / "doubling.py"
    module.write_text("def double(x):\n    return 2 * x\n")

    def run():
        spec = importlib.util.spec_from_file_location("doubling", module)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        kernel = njit(loaded.double)
        assert kernel(21) == 42
        return kernel

    kernel = run()
    assert sum(kernel.stats.cache_misses.values()) == 1
    assert sum(run().stats.cache_hits.values()) == 1
    (kept,) = Path(kernel.stats.cache_path).glob(f"doubling{damaged}")
    kept.write_bytes(kept.read_bytes()[:20])
    assert sum(run().stats.cache_hits.values()) == 0
    assert sum(run().stats.cache_hits.values()) == 1


CALLED = """
from kvproof.scheduling.compiled import njit
MORE = {more}

@njit
def f(x):
    return x + {added}
"""
CALLER = """
from called import MORE, f
from kvproof.scheduling.compiled import njit

@njit
def h(x):
    return g(x)

@njit
def g(x):
    return f(x) + MORE

print(h(1), sum(h.stats.cache_hits.values()))
"""


def test_what_is_kept_is_out_of_date_with_what_it_calls(tmp_path):
    def run(added, more):
        (tmp_path / "called.py").write_text(CALLED.format(added=added, more=more))
        done = subprocess.run(
            [sys.executable, "caller.py"], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}, check=True,
        )  # fmt: skip
        return done.stdout.split()

    (tmp_path / "caller.py").write_text(CALLER)
    assert run(10, 100) == ["111", "0"]
    assert run(10, 100) in (["111", "1"], ["111", "0"])  # the file was written again
    assert run(200, 100) == ["301", "0"]
    assert run(200, 3000) == ["3201", "0"]
