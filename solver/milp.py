"""The time-indexed integer programme in PuLP, one integer column per class and step.

``done[c, p]`` counts the requests of class c that start at p or before: the cumulative form of
``x[c, p] = done[c, p] - done[c, p - 1]``. Its LP bound is that of the plain form, but a branch
decides "how many by then" rather than "one just there"; on repeated requests HiGHS is several
times faster with it. In each step the tokens held, telescoped, are at most M. Starts are those
that exact price fixing leaves below `target` (:mod:`kvproof.solver.windows`), so no horizon is
assumed; that nothing is found then proves the incumbent, as far as one trusts the backend. Works
with PuLP 3 (Python 3.11) and the rewritten PuLP 4 (Python 3.12 and later).
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp

from kvproof.scheduling.errors import InputError, LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.model import Model
from kvproof.solver.windows import Windows

# PuLP's status codes; version 4 does not export their names.
_OPTIMAL, _INFEASIBLE = 1, -1

#: Most columns that are handed to a backend.
MAX_COLUMNS = 400_000
#: Most non-zero coefficients.
MAX_ENTRIES = 20_000_000

#: Names on the command line and the PuLP solvers that may stand behind them, best first.
BACKENDS = {
    "highs": ("HiGHS", "HiGHS_CMD"),
    "cbc": ("COIN_CMD", "PULP_CBC_CMD"),
    "scip": ("SCIP_PY", "SCIP_CMD"),
    "gurobi": ("GUROBI", "GUROBI_CMD"),
    "cplex": ("CPLEX_PY", "CPLEX_CMD"),
}


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


def available_backends() -> list[str]:
    """Return the backends that PuLP finds here, by their names in :data:`BACKENDS`."""
    found = set(pulp.listSolvers(onlyAvailable=True))
    return [name for name, solvers in BACKENDS.items() if found.intersection(solvers)]


def solve_milp(
    model: Model,
    windows: Windows,
    *,
    backend: str = "highs",
    time_limit: float | None = None,
) -> Claim:
    """Look for the cheapest schedule below `target` with a third-party solver.

    Parameters
    ----------
    model, windows
        The instance, and the starts that may be used.
    backend
        A key of :data:`BACKENDS`, or any solver name that PuLP knows.
    time_limit
        Seconds, or None.

    Raises
    ------
    LimitError
        The model would be too large to build.
    InputError
        The backend is not installed.
    """
    _guard(model, windows)
    solver = _solver(backend, time_limit)
    problem, columns = _build(model, windows)
    begun = time.monotonic()
    try:
        answer = problem.solve(solver)  # PuLP 3: a status; PuLP 4: an object that has one
    except pulp.PulpSolverError as error:
        raise InputError(f"milp backend {backend}: {error}") from error
    spent = time.monotonic() - begun
    status = int(getattr(answer, "status", answer))
    values = {key: column.varValue for key, column in columns.items()}
    starts = _starts(model, windows, values)
    # PuLP calls a run "optimal" that ran into its time limit with a solution: believe it only
    # where the backend had time left, and never without a solution.
    in_time = time_limit is None or spent < time_limit
    infeasible = status == _INFEASIBLE and in_time  # nothing is below the target
    solved = status == _OPTIMAL and starts is not None and in_time
    solved = solved and getattr(problem, "sol_status", 1) == 1
    bound = _claimed_bound(problem, answer)
    return Claim(
        starts=starts,
        finished=bool(solved or infeasible),
        bound=bound,
        backend=str(getattr(solver, "name", backend)),
    )


def _guard(model: Model, windows: Windows) -> None:
    columns = int(windows.allowed.sum())
    entries = int((windows.allowed.sum(axis=1) * model.output).sum())
    if columns > MAX_COLUMNS or entries > MAX_ENTRIES:
        raise LimitError(
            f"milp: {columns} columns with {entries} coefficients are too many to build "
            f"(limits {MAX_COLUMNS} and {MAX_ENTRIES}); use certified bounds instead"
        )


def find_solver(backend: str) -> str:
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


def _solver(backend: str, time_limit: float | None) -> Any:
    name = find_solver(backend)
    options: dict[str, Any] = {"msg": False, "timeLimit": time_limit}
    if name not in {"SCIP_PY", "SCIP_CMD", "GUROBI", "CPLEX_PY"}:
        # the default relative gap (1e-4) would call 10,001 optimal where 10,000 is
        options["gapRel"] = 0.0
        options["gapAbs"] = 0.0
    for dropped in ((), ("gapAbs",), ("gapAbs", "gapRel")):
        try:
            kept = {key: value for key, value in options.items() if key not in dropped}
            with warnings.catch_warnings():
                # PuLP 3 deprecates the CBC that it bundles, and has no other by default
                warnings.simplefilter("ignore", DeprecationWarning)
                return pulp.getSolver(name, **kept)
        except TypeError:  # this wrapper does not take all of them
            continue
    return pulp.getSolver(name)


def _build(model: Model, windows: Windows) -> tuple[Any, dict[tuple[int, int], Any]]:
    """Return the programme and its columns ``done[c, p]`` (see the module's docstring)."""
    problem = pulp.LpProblem("opt", pulp.LpMinimize)
    columns: dict[tuple[int, int], Any] = {}
    held: dict[int, list[tuple[Any, int]]] = {}
    fixed: dict[int, int] = {}  # tokens of what has surely started by then
    cost: list[tuple[Any, int]] = []
    constant = 0
    for c in range(model.classes):
        count, s, o = int(model.count[c]), int(model.prompt[c]), int(model.output[c])
        first, last = _span(windows, c)
        constant += count * (last + o - int(model.arrival[c]))
        for p in range(first, last):
            columns[c, p] = _variable(problem, f"done_{c}_{p}", count)
            cost.append((columns[c, p], -1))
            if p > first:
                step = [(columns[c, p], 1), (columns[c, p - 1], -1)]
                sense = ">=" if windows.allowed[c, p] else "=="
                _row(problem, step, sense, 0, f"order_{c}_{p}")
        for t in range(first + 1, last + o + 1):
            for j in range(1, o + 2):
                p = t - j
                # telescoped: s + 1 at the last start before t, 1 for each earlier step of
                # decoding, and all of it off again once the request has ended
                weight = s + 1 if j == 1 else -(s + o) if j == o + 1 else 1
                if p >= last:
                    fixed[t] = fixed.get(t, 0) + weight * count
                elif p >= first:
                    held.setdefault(t, []).append((columns[c, p], weight))
    problem.setObjective(_sum(cost) + constant)
    for t, terms in held.items():
        _row(problem, terms, "<=", model.memory - fixed.get(t, 0), f"memory_{t}")
    return problem, columns


def _span(windows: Windows, c: int) -> tuple[int, int]:
    allowed = np.flatnonzero(windows.allowed[c])
    return int(allowed[0]), int(allowed[-1])


def _row(problem: Any, terms: list[tuple[Any, int]], sense: str, right: int, name: str) -> None:
    left = _sum(terms)
    row = left <= right if sense == "<=" else left >= right if sense == ">=" else left == right
    problem += row, name


def _sum(terms: list[tuple[Any, int]]) -> Any:
    """Return the linear expression, by whichever constructor this PuLP has."""
    make = getattr(pulp.LpAffineExpression, "from_list", None) or pulp.LpAffineExpression
    return make(terms)


def _variable(problem: Any, name: str, count: int) -> Any:
    if hasattr(problem, "add_variable"):  # PuLP 4: variables belong to a problem
        return problem.add_variable(name, lowBound=0, upBound=count, cat=pulp.LpInteger)
    return pulp.LpVariable(name, lowBound=0, upBound=count, cat=pulp.LpInteger)


def _starts(
    model: Model, windows: Windows, values: dict[tuple[int, int], float | None]
) -> Column | None:
    """Return starts listed class by class, or None unless the values are a whole schedule."""
    listed: list[int] = []
    for c in range(model.classes):
        first, last = _span(windows, c)
        before = 0
        for p in range(first, last + 1):
            value = values[c, p] if p < last else float(model.count[c])
            # at a time limit some backends hand back a fractional point
            if value is None or round(value) < before or abs(value - round(value)) > 1e-4:
                return None
            listed.extend([p] * (round(value) - before))
            before = round(value)
    return np.array(listed, dtype=np.int64)


def _claimed_bound(problem: Any, answer: Any) -> float | None:
    """Return the dual bound where it is at hand (PuLP 4, or the HiGHS object), else None."""
    bound = getattr(answer, "best_bound", None)
    native = getattr(problem, "solverModel", None)
    if bound is None and native is not None and hasattr(native, "getInfo"):
        bound = native.getInfo().mip_dual_bound
    return float(bound) if bound is not None and np.isfinite(bound) else None
