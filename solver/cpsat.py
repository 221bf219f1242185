"""CP-SAT as a further engine, in a process of its own (its libraries clash with HiGHS's)."""

from __future__ import annotations

from importlib.util import find_spec

from kvproof.scheduling.errors import InputError
from kvproof.solver.backend import Claim, ask
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
    more = {"target": target}
    return ask("cpsat_process.py", "cpsat", model, windows, more, time_limit=time_limit)
