"""The PuLP side of :mod:`.pulp`: question on stdin, answer on stdout, both JSON.

Run as a file of its own, so that building the programme and a library that hears no Ctrl-C end
when this process is ended. The columns are those of :mod:`kvproof.solver.backends.pulp`.
"""

import json
import math
import os
import sys
import time
import warnings
from typing import Any

import pulp

# PuLP's status codes; version 4 does not export their names.
_OPTIMAL, _INFEASIBLE = 1, -1


def main() -> None:
    """Answer the question on stdin."""
    begun = time.monotonic()
    answers = os.dup(1)
    os.dup2(2, 1)  # some libraries greet on stdout
    data = json.load(sys.stdin)
    answer = solve(data, begun)
    with os.fdopen(answers, "w") as stream:
        json.dump(answer, stream)


def solve(data: dict[str, Any], begun: float) -> dict[str, Any]:
    """Build the programme and solve it in what the time limit leaves."""
    problem, columns = build(data)
    limit = data["time_limit"]
    if limit is not None:
        limit -= time.monotonic() - begun
        if limit <= 0:
            return {"starts": None, "finished": False, "bound": None}
    solving = time.monotonic()
    try:
        # PuLP 3: a status; PuLP 4: an object that has one
        answer: Any = problem.solve(make_solver(data["solver"], limit))
    except pulp.PulpSolverError as error:
        return {"error": str(error)}
    spent = time.monotonic() - solving
    status = int(getattr(answer, "status", answer))
    starts = None
    if status != _INFEASIBLE:  # else the columns keep whatever the solver left in them
        starts = find_starts(data, {key: column.varValue for key, column in columns.items()})
    # PuLP calls a run "optimal" that ran into its time limit with a solution: believe it only
    # where the backend had time left, and never without a solution.
    in_time = limit is None or spent < limit
    infeasible = status == _INFEASIBLE and in_time  # nothing is below the target
    solved = status == _OPTIMAL and starts is not None and in_time
    solved = solved and getattr(problem, "sol_status", 1) == 1
    return {
        "starts": starts,
        "finished": bool(solved or infeasible),
        "bound": claimed_bound(problem, answer),
    }


def make_solver(name: str, time_limit: Any) -> Any:
    """Return a PuLP solver without output and with a relative gap of 0."""
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


def build(data: dict[str, Any]) -> tuple[Any, dict[tuple[int, int], Any]]:
    """Return the programme and its columns ``done[c, p]``."""
    problem = pulp.LpProblem("opt", pulp.LpMinimize)
    columns: dict[tuple[int, int], Any] = {}
    held: dict[int, list[tuple[Any, int]]] = {}
    fixed: dict[int, int] = {}  # tokens of what has surely started by then
    cost: list[tuple[Any, int]] = []
    constant = 0
    for c, allowed in enumerate(data["starts"]):
        count, s, o = (data[name][c] for name in ("count", "prompt", "output"))
        first, last, may = allowed[0], allowed[-1], set(allowed)
        constant += count * (last + o - data["arrival"][c])
        for p in range(first, last):
            columns[c, p] = _variable(problem, f"done_{c}_{p}", count)
            cost.append((columns[c, p], -1))
            if p > first:
                step = [(columns[c, p], 1), (columns[c, p - 1], -1)]
                sense = ">=" if p in may else "=="
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
        _row(problem, terms, "<=", data["memory"] - fixed.get(t, 0), f"memory_{t}")
    return problem, columns


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


def find_starts(data: dict[str, Any], values: dict[tuple[int, int], Any]) -> Any:
    """Return starts listed class by class, or None unless the values are a whole schedule."""
    listed: list[int] = []
    for c, allowed in enumerate(data["starts"]):
        first, last = allowed[0], allowed[-1]
        before = 0
        for p in range(first, last + 1):
            value = values[c, p] if p < last else float(data["count"][c])
            # at a time limit some backends hand back a fractional point
            if value is None or round(value) < before or abs(value - round(value)) > 1e-4:
                return None
            listed.extend([p] * (round(value) - before))
            before = round(value)
    return listed


def claimed_bound(problem: Any, answer: Any) -> Any:
    """Return the dual bound where it is at hand (PuLP 4, or the HiGHS object), else None."""
    bound = getattr(answer, "best_bound", None)
    native = getattr(problem, "solverModel", None)
    if bound is None and native is not None and hasattr(native, "getInfo"):
        bound = native.getInfo().mip_dual_bound
    return float(bound) if bound is not None and math.isfinite(bound) else None


if __name__ == "__main__":
    main()
