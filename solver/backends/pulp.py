"""The time-indexed integer programme in PuLP, one integer column per class and step.

``done[c, p]`` counts the requests of class c that start at p or before: the cumulative form of
``x[c, p] = done[c, p] - done[c, p - 1]``. Its LP bound is that of the plain form, but a branch
decides "how many by then" rather than "one just there"; on repeated requests HiGHS is several
times faster with it. In each step the tokens held, telescoped, are at most M. Starts are those
that exact price fixing leaves below `target` (:mod:`kvproof.solver.windows`), so no horizon is
assumed; that nothing is found then proves the incumbent, as far as one trusts the backend. Works
with PuLP 3 (Python 3.11) and the rewritten PuLP 4 (Python 3.12 and later). Built and solved in a
process of its own (``pulp_process.py``), which ends at the deadline and on Ctrl-C.
"""

from __future__ import annotations

import pulp

from kvproof.scheduling.errors import InputError, LimitError
from kvproof.solver.backends import available_backends
from kvproof.solver.backends.process import Claim, ask
from kvproof.solver.model import INSTEAD, Model
from kvproof.solver.windows import Windows

#: Most columns that are handed to a backend.
MAX_COLUMNS = 400_000
#: Most non-zero coefficients.
MAX_ENTRIES = 5_000_000

#: Names on the command line and the PuLP solvers that may stand behind them, best first.
BACKENDS = {
    "highs": ("HiGHS", "HiGHS_CMD"),
    "cbc": ("COIN_CMD", "PULP_CBC_CMD"),
    "scip": ("SCIP_PY", "SCIP_CMD"),
    "gurobi": ("GUROBI", "GUROBI_CMD"),
    "cplex": ("CPLEX_PY", "CPLEX_CMD"),
}


def pulp_backends() -> list[str]:
    """Return the backends that PuLP finds here, by their names in :data:`BACKENDS`."""
    found = set(pulp.listSolvers(onlyAvailable=True))
    return [name for name, solvers in BACKENDS.items() if found.intersection(solvers)]


class Pulp:
    """A solver that PuLP knows.

    Parameters
    ----------
    name
        A key of :data:`BACKENDS`, or PuLP's own name of it.

    Raises
    ------
    InputError
        It is not installed.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.solver = _find_solver(name)

    def solve(
        self, model: Model, windows: Windows, *, target: int, time_limit: float | None = None
    ) -> Claim:
        """Look for the cheapest schedule; see :class:`kvproof.solver.backends.Backend`.

        The windows were fixed below `target`, which is not asked for again.
        """
        guard(model, windows)
        more = {"solver": self.solver}
        return ask("pulp_process.py", self.name, model, windows, more, time_limit=time_limit)


def guard(model: Model, windows: Windows, *, slack: int = 1) -> None:
    """Refuse a programme that is more than `slack` times too large to build.

    Raises
    ------
    LimitError
        It is.
    """
    columns = int(windows.allowed.sum())
    entries = int((windows.allowed.sum(axis=1) * model.output).sum())
    if columns > slack * MAX_COLUMNS or entries > slack * MAX_ENTRIES:
        raise LimitError(
            f"milp: {columns:,} columns with {entries:,} coefficients are too many to build "
            f"(limits {MAX_COLUMNS:,} and {MAX_ENTRIES:,}); {INSTEAD}"
        )


def _find_solver(backend: str) -> str:
    """Return PuLP's name of the solver behind a backend.

    Raises
    ------
    InputError
        There is none of this name here.
    """
    found = set(pulp.listSolvers(onlyAvailable=True))
    names = BACKENDS.get(backend, (backend,))
    name = next((name for name in names if name in found), None)
    if name is None:
        known = ", ".join(available_backends()) or "none"
        raise InputError(f"milp backend {backend!r} is not installed; available here: {known}")
    return name
