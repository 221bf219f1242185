"""The children of a layer of states: blocks of parents, one thread each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kvproof.solver.dp.kernels import expand
from kvproof.solver.dp.multipliers import Vector
from kvproof.solver.dp.states import Packing, States
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.model import Model
from kvproof.solver.result import Limit

Ints = npt.NDArray[np.int64]

#: Parents between two looks at the clock.
_CHUNK = 4096


class Exhausted(Exception):
    """Time or memory is used up."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What all states of one step have in common; first axis of the arrays: vectors in use.

    Parameters
    ----------
    begun, rest
        Scaled cost of a request of each class that starts now, and at least if it starts later.
    beta
        End multipliers.
    table, hope
        The relaxation's table for the next step, and the least of each.
    may_start
        Which classes may start now.
    """

    t: int
    model: Model
    packing: Packing
    begun: Ints
    rest: Ints
    beta: npt.NDArray[np.int32]
    table: Ints
    hope: Ints
    may_start: npt.NDArray[np.bool_]


def step_of(grid: Grid, packing: Packing, vectors: list[Vector], t: int) -> Step:
    """Gather what step t needs of the vectors in use."""
    model = grid.model
    start = min(t, grid.horizon)
    table = np.stack([v.table[t + 1] for v in vectors]).astype(np.int64)
    return Step(
        t=t,
        model=model,
        packing=packing,
        begun=np.stack(
            [SCALE * (t + model.output - model.arrival) + v.beta[:, start] for v in vectors]
        ),
        rest=np.stack([v.rest[:, t + 1] for v in vectors]),
        beta=np.stack([v.beta for v in vectors]),
        table=table,
        hope=table.min(axis=(1, 2)),
        may_start=(model.arrival <= t) & grid.windows.allowed[:, start],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Children:
    """The children that no bound prunes, and the best complete schedule among the others."""

    states: States
    best: int
    best_starts: Ints
    leaves: int


def children(
    states: States,
    step: Step,
    target: int,
    block: tuple[int, int],
    most_rows: int,
    late: Callable[[], bool],
) -> Children:
    """Return the children of the states of `block`, which may lead below the target.

    Raises
    ------
    Exhausted
        Once `late` says so, or with more than `most_rows` states.
    """
    model, packing = step.model, step.packing
    done, end = block
    out = States.empty(min(max(_CHUNK, 2 * (end - done)), most_rows), packing, model.requests)
    counters = np.zeros(4, dtype=np.int64)
    best = np.array([target], dtype=np.int64)
    best_starts = np.full(model.requests, -1, dtype=np.int64)
    filled = 0
    while done < end:
        stop = min(end, done + _CHUNK)
        done, filled = expand(
            done, stop, step.t, (target - 1) * SCALE, SCALE, model.memory, model.arrival,
            model.prompt, model.output, model.count, model.offset, step.may_start, packing.bits,
            packing.radix, packing.shape, packing.guard, packing.full,
            states.key, states.latency, states.profile, states.starts, states.low,
            states.vector, step.rest, step.begun, step.beta, step.table, step.hope,
            out.key, out.latency, out.profile, out.starts, out.low, out.vector, filled,
            best, best_starts, counters,
        )  # fmt: skip
        if late():
            raise Exhausted(Limit.TIME)
        if done < stop:
            if len(out) >= most_rows:
                raise Exhausted(Limit.MEMORY)
            out = out.grown(min(2 * len(out), most_rows), packing)
    return Children(
        states=out.take(slice(0, filled)),
        best=int(best[0]),
        best_starts=best_starts,
        leaves=int(counters[0]),
    )
