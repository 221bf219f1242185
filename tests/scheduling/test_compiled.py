"""Kernels that nobody has compiled yet are interpreted first, and compute the same."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from kvproof import solver
from kvproof.scheduling import compiled
from kvproof.scheduling.compiled import njit, plain_first
from tests.conftest import ROOT
from tests.solver.common import make

BACKLOG = [(0, 3, 4), (0, 2, 5), (0, 1, 7), (0, 4, 2), (0, 3, 3), (0, 5, 6), (0, 2, 2)]
ARRIVALS = [(0, 3, 4), (1, 0, 5), (2, 6, 3), (2, 6, 3), (4, 1, 6), (5, 2, 2)]
REPEATS = [(0, 1, 4)] * 7 + [(0, 2, 3)] * 6

PROGRAM = """
import json, sys
from numba.core import event
from kvproof import solver
from kvproof.scheduling import compiled
from tests.solver.common import make

number = []
class Count(event.Listener):
    def on_start(self, event): number.append(event)
    def on_end(self, event): pass
event.register("numba:compile", Count())
compiled._Patience.left = 600.0
results = [solver.solve(make(14, rows)) for rows in json.load(sys.stdin)]
print(json.dumps([len(number), *(r.certificate().to_json() for r in results)]))
"""


def test_interpreted_from_the_schedule_to_the_proof(tmp_path, monkeypatch):
    cases = [BACKLOG, ARRIVALS, REPEATS]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(cases), capture_output=True, text=True,
        cwd=ROOT, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}, check=True,
    )  # fmt: skip
    compilations, *certificates = json.loads(done.stdout)
    monkeypatch.setattr(compiled._Patience, "left", 0.0)
    assert compilations == 0
    for rows, found in zip(cases, certificates, strict=True):
        assert found["claim"]["kind"] == "optimal"
        assert found == solver.solve(make(14, rows)).certificate().to_json()


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
