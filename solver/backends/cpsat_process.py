"""The CP-SAT side of :mod:`.cpsat`: question on stdin, answer on stdout, both JSON.

Run as a file of its own, so that nothing of the package (and so no HiGHS) is loaded beside it.
"""

import json
import sys
import time
from typing import Any

from ortools.sat.python import cp_model


def main() -> None:
    """Answer the question on stdin."""
    begun = time.monotonic()
    data = json.load(sys.stdin)
    model = cp_model.CpModel()
    held: dict[int, list[tuple[Any, int]]] = {}
    columns = []
    cost = []
    for c, starts in enumerate(data["starts"]):
        own = []
        for p in starts:
            x = model.new_int_var(0, data["count"][c], f"x_{c}_{p}")
            own.append(x)
            columns.append((c, p, x))
            cost.append((p + data["output"][c] - data["arrival"][c]) * x)
            for j in range(1, data["output"][c] + 1):
                held.setdefault(p + j, []).append((x, data["prompt"][c] + j))
        model.add(sum(own) == data["count"][c])
    for terms in held.values():
        model.add(sum(x * tokens for x, tokens in terms) <= data["memory"])
    model.add(sum(cost) <= data["target"] - 1)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    if data["time_limit"] is not None:
        solver.parameters.max_time_in_seconds = max(
            0.01, data["time_limit"] - (time.monotonic() - begun)
        )
    status = solver.solve(model)
    starts = None
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        starts = []
        for c in range(len(data["count"])):
            for k, p, x in columns:
                if k == c:
                    starts.extend([p] * int(solver.value(x)))
    json.dump(
        {
            "starts": starts,
            "finished": status in (cp_model.OPTIMAL, cp_model.INFEASIBLE),
            "bound": solver.best_objective_bound if starts is not None else None,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
