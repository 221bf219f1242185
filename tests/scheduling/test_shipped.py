"""Compiled kernels that come with a wheel: taken where they fit, passed over where they do not."""

import os
import subprocess
import sys
import textwrap

import llvmlite.binding as llvm
import pytest

from kvproof.scheduling import shipped
from kvproof.scheduling.errors import InputError
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    not all(llvm.get_host_cpu_features().get(name, False) for name in shipped.FEATURES),
    reason=f"this processor is no {shipped.PROCESSOR}",
)
BUILD = {"NUMBA_CPU_NAME": shipped.PROCESSOR, "NUMBA_CPU_FEATURES": ""}
USE = """
    from pathlib import Path
    from numba.core import event
    from kvproof.scheduling import shipped
    shipped.FOLDER = Path({folder!r})
    {change}
    import numpy as np
    from kvproof.scheduling.sorting import sort_values
    with event.install_recorder("numba:compile") as compiled:
        ascending = sort_values(np.arange(20_000, dtype=np.int64)[::-1] // 3)
    assert (ascending == np.arange(20_000) // 3).all()
"""


def run(program, folder, cache, change="", environment=()):
    lines = textwrap.dedent(program.format(folder=str(folder), change=change))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**kept, "NUMBA_CACHE_DIR": str(cache), **dict(environment)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """The folder of a wheel that carries one kernel."""
    folder = tmp_path_factory.mktemp("wheel") / "_compiled"
    made = USE + "    from kvproof.warming import kernels; print(shipped.carry(kernels()))\n"
    assert run(made, folder, folder.parent / "cache", environment=BUILD) == ["1"]
    return folder


ANOTHER_SOURCE = """import hashlib, types
    shipped.hashlib = types.SimpleNamespace(sha256=lambda text: hashlib.sha256(text + b" "))"""
PRINT = "    print(len(compiled.buffer) > 0, shipped.usable())\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", ["False", "True"]),  # nothing is compiled
        (ANOTHER_SOURCE, ["True", "True"]),
        ("shipped.PROCESSOR = 'another'", ["True", "True"]),
        ("shipped.FEATURES = ('unheard-of',)", ["True", "False"]),
        ("shipped.FOLDER = shipped.FOLDER / 'nowhere'", ["True", "False"]),
    ],
)
def test_what_is_carried_is_taken_where_it_fits(carried, tmp_path, change, said):
    assert run(USE + PRINT, carried, tmp_path, change) == said


def test_what_is_carried_is_not_interpreted_first(carried, tmp_path):
    said = "print(c._is_kept(sorting._radix), any(Path({cache!r}).rglob('*.nbi')))"
    program = USE + f"    from kvproof.scheduling import compiled as c, sorting; {said}\n"
    made = program.replace("{cache!r}", repr(str(tmp_path)))
    assert run(made, carried, tmp_path) == ["True", "False"]


def test_only_what_is_compiled_for_it_is_carried():
    with pytest.raises(InputError, match="NUMBA_CPU_NAME"):
        shipped.carry([])
