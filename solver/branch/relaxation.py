"""The LP over counts: ``done[c, p]``, how many requests of class c have started by p.

Its memory rows, telescoped, have small coefficients, and its duals are prices: the best for the
bounds at hand (docs/theory.md, opt-price). HiGHS keeps the last basis, so that a node of a tree
costs a few pivots. Untrusted: the prices prove what is computed from them in integers, whatever
they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kvproof.certificates.prices.highs import quiet_model
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.model import Model

#: Most columns and non-zero coefficients of the LP.
MAX_COLUMNS = 20_000
MAX_ENTRIES = 2_000_000
#: What a token above the memory costs: such a point is never feasible, but its duals are prices.
_EXCESS = 1000.0
# Enough to solve any of them.
_PIVOTS = 10**6
# Pivots between two looks at the clock.
_SLICE = 500

Floats = npt.NDArray[np.float64]


class Late(Exception):
    """Time was up within an LP."""


def never() -> bool:
    """Say that there is time."""
    return False


class Relaxation:
    """The LP, solved again and again under other bounds.

    Parameters
    ----------
    model
        The instance.
    steps
        Starts are 0..steps; by the last all have started.
    late
        Asked between pivots, and while the LP is built, whether to end.

    Raises
    ------
    LimitError
        The LP would be too large.
    Late
        `late` said so.
    """

    def __init__(self, model: Model, steps: int, late: Callable[[], bool] = never) -> None:
        self._solver, infinity = quiet_model("prices for repeated requests need")
        from highspy import ObjSense

        self.model, self.steps, self._late = model, steps, late
        self.value = 0.0  # of the last solve: a latency that no schedule within its bounds beats
        self._all_last = float((model.count * (steps + model.output - model.arrival)).sum())
        self.columns = model.classes * steps
        entries = steps * int((model.output + 1).sum())
        if self.columns > MAX_COLUMNS or entries > MAX_ENTRIES:
            raise LimitError(
                f"prices: an LP with {self.columns:,} columns and {entries:,} coefficients is too "
                "large"
            )
        last = steps + int(model.output.max())
        self._solver.setOptionValue("presolve", "off")
        for c in range(model.classes):
            for _ in range(steps):
                self._solver.addVar(0.0, float(model.count[c]))
        for _ in range(last):
            self._solver.addVar(0.0, infinity)
        self._ids = np.arange(self.columns, dtype=np.int32)
        for column in range(self.columns):
            self._solver.changeColCost(column, 1.0)
        for t in range(last):
            self._solver.changeColCost(self.columns + t, -_EXCESS)
        self._solver.changeObjectiveSense(ObjSense.kMaximize)
        for c in range(model.classes):
            for p in range(1, steps):
                pair = np.array([c * steps + p - 1, c * steps + p], dtype=np.int32)
                self._solver.addRow(-infinity, 0.0, 2, pair, np.array([1.0, -1.0]))
        self._first = self._solver.getNumRow()
        for t in range(1, last + 1):
            if late():
                raise Late
            place, weight, room = self._memory_row(t)
            self._solver.addRow(-infinity, float(room), len(place), place, weight)

    def _memory_row(self, t: int) -> tuple[npt.NDArray[np.int32], Floats, int]:
        """Return places and weights of the tokens held in step t, and the memory left for them."""
        model, steps = self.model, self.steps
        place = [self.columns + t - 1]
        weight = [-1.0]
        room = model.memory
        for c in range(model.classes):
            s, o = int(model.prompt[c]), int(model.output[c])
            for j in range(1, o + 2):
                # s + 1 at the last start before t, 1 more for each step before, and all of it
                # off again once the request has ended
                tokens = s + 1 if j == 1 else -(s + o) if j == o + 1 else 1
                if t - j >= steps:
                    room -= tokens * int(model.count[c])
                elif t - j >= 0:
                    place.append(c * steps + t - j)
                    weight.append(float(tokens))
        return np.array(place, dtype=np.int32), np.array(weight), room

    def worth(self, low: Column, high: Column, pivots: int = _PIVOTS) -> float:
        """Return the least latency between bounds, or where so many pivots have come; a guide."""
        from highspy import HighsModelStatus

        self._solver.changeColsBounds(
            self.columns, self._ids, low.ravel().astype(float), high.ravel().astype(float)
        )
        # HiGHS hears no Ctrl-C and ends on no clock of ours: it is asked in between
        while pivots > 0:
            self._solver.setOptionValue("simplex_iteration_limit", min(pivots, _SLICE))
            self._solver.run()
            pivots -= _SLICE
            if self._solver.getModelStatus() != HighsModelStatus.kIterationLimit:
                break
            if self._late():
                raise Late
        return self._all_last - float(self._solver.getInfo().objective_function_value)

    def solve(self, low: Column, high: Column) -> tuple[Floats, Floats]:
        """Return the best counts, shape (classes, steps), between bounds, and prices of all steps.

        Raises
        ------
        LimitError
            HiGHS does not solve it.
        Late
            Time is up.
        """
        from highspy import HighsModelStatus

        self.value = self.worth(low, high)
        if self._solver.getModelStatus() != HighsModelStatus.kOptimal:
            # from the basis before, thousands of tokens can make it seem infeasible; it never is
            self._solver.clearSolver()
            self.value = self.worth(low, high)
        if self._solver.getModelStatus() != HighsModelStatus.kOptimal:
            raise LimitError(f"prices: the LP ended as {self._solver.getModelStatus()}")
        found = self._solver.getSolution()
        counts = np.array(found.col_value[: self.columns]).reshape(self.model.classes, self.steps)
        return counts, np.abs(np.array(found.row_dual[self._first :]))
