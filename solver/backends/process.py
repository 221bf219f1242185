"""Third-party solvers, each in a process of its own: question on stdin, answer on stdout, in JSON.

Such libraries clash with each other, print what they like and hear no Ctrl-C; a process can be
ended whatever it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.solver.model import Model
from kvproof.solver.windows import Windows

# Seconds after its limit in which a backend may still hand over what it has.
_GRACE = 0.6


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a backend says. Nothing in it is trusted but `starts`, once tested.

    Parameters
    ----------
    starts
        Listed class by class, or None.
    finished
        Whether the backend says that it closed the problem (optimal, or infeasible).
    bound
        Lower bound that it claims, or None where it names none.
    backend
        PuLP's name of the solver.
    """

    starts: Column | None
    finished: bool
    bound: float | None
    backend: str


def ask(
    script: str,
    backend: str,
    model: Model,
    windows: Windows,
    more: dict[str, Any],
    *,
    time_limit: float | None = None,
) -> Claim:
    """Return what a backend says about the cheapest schedule within windows.

    Parameters
    ----------
    script
        File of this folder that answers.
    backend
        Its name in the claim and in messages.
    model, windows
        The instance, and the starts that may be used.
    more
        What else the script is asked.
    time_limit
        Seconds, or None. The process is ended soon after them, whatever it has.

    Raises
    ------
    InputError
        The process failed.
    """
    question = {
        "memory": model.memory,
        "arrival": model.arrival.tolist(),
        "prompt": model.prompt.tolist(),
        "output": model.output.tolist(),
        "count": model.count.tolist(),
        "starts": [np.flatnonzero(row).tolist() for row in windows.allowed],
        "time_limit": time_limit,
        **more,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name(script))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a solver may have started processes too
    )
    left = None if time_limit is None else time_limit + _GRACE
    try:
        said, complaint = process.communicate(json.dumps(question), timeout=left)
    except subprocess.TimeoutExpired:
        return Claim(starts=None, finished=False, bound=None, backend=backend)
    finally:
        _end(process)
    answer: dict[str, Any] = {"error": _last(complaint)} if process.returncode else json.loads(said)
    if "error" in answer:
        raise InputError(f"milp backend {backend}: {answer['error']}")
    starts = answer["starts"]
    return Claim(
        starts=None if starts is None else np.array(starts, dtype=np.int64),
        finished=answer["finished"],
        bound=answer["bound"],
        backend=backend,
    )


def _end(process: subprocess.Popen[str]) -> None:
    """End a process that still runs, and all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
