"""CP-SAT as a further engine, in a process of its own (its libraries clash with HiGHS's)."""

from __future__ import annotations

from importlib.util import find_spec

from kvproof.scheduling.errors import InputError
from kvproof.solver.backends.process import Claim, ask
from kvproof.solver.model import Model
from kvproof.solver.windows import Windows


class CpSat:
    """CP-SAT's own time-indexed model.

    Raises
    ------
    InputError
        ``ortools`` is not installed.
    """

    name = "cpsat"

    def __init__(self) -> None:
        if find_spec("ortools") is None:
            raise InputError("backend cpsat: the package ortools is not installed")

    def solve(
        self, model: Model, windows: Windows, *, target: int, time_limit: float | None = None
    ) -> Claim:
        """Look for the cheapest schedule below `target`; as the protocol says."""
        more = {"target": target}
        return ask("cpsat_process.py", self.name, model, windows, more, time_limit=time_limit)
