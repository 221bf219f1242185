"""CP-SAT as a further engine, in a process of its own (its libraries clash with HiGHS's)."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.solver.milp import Claim
from kvproof.solver.model import Model
from kvproof.solver.windows import Windows


def require_ortools() -> None:
    """Raise if the backend cannot run.

    Raises
    ------
    InputError
        ``ortools`` is not installed.
    """
    if find_spec("ortools") is None:
        raise InputError("backend cpsat: the package ortools is not installed")


def solve_cpsat(
    model: Model, windows: Windows, *, target: int, time_limit: float | None = None
) -> Claim:
    """Look for the cheapest schedule below `target` with CP-SAT's time-indexed model.

    Raises
    ------
    InputError
        ``ortools`` is not installed, or its process failed.
    """
    require_ortools()
    question = {
        "memory": model.memory,
        "arrival": model.arrival.tolist(),
        "prompt": model.prompt.tolist(),
        "output": model.output.tolist(),
        "count": model.count.tolist(),
        "starts": [np.flatnonzero(row).tolist() for row in windows.allowed],
        "target": target,
        "time_limit": time_limit,
    }
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("cpsat_process.py"))],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"engine cpsat: the solver process failed: {last[0]}")
    answer = json.loads(done.stdout)
    starts = answer["starts"]
    return Claim(
        starts=None if starts is None else np.array(starts, dtype=np.int64),
        finished=answer["finished"],
        bound=answer["bound"],
        backend="cpsat",
    )
