"""The children of a layer of states: blocks of parents, one thread each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.solver.dp.dominance import undominated
from kvproof.solver.dp.kernels import Bounds, Found, Step, expand
from kvproof.solver.dp.look_ahead import look_ahead
from kvproof.solver.dp.multipliers import Vector
from kvproof.solver.dp.states import Packing, States
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.profiles.followed import Ahead, raise_low
from kvproof.solver.result import Limit
from kvproof.solver.threads import Flag

Ints = npt.NDArray[np.int64]

#: Parents between two looks at the clock.
_CHUNK = 4096
#: Cells of :func:`look_ahead`, eight bytes each, beyond which a step does without.
_MOST_AHEAD = 8_000_000


class Exhausted(Exception):
    """Time or memory is used up."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


def bounds_of(vectors: list[Vector], now: int) -> Bounds:
    """Gather what vectors say of states before the starts at step `now`."""
    return Bounds(
        np.stack([v.rest[:, now] for v in vectors]),
        np.stack([v.beta for v in vectors]),
        np.stack([v.table[now] for v in vectors]),
    )


def step_of(grid: Grid, packing: Packing, vectors: list[Vector], t: int) -> Step:
    """Gather what step t needs of the vectors in use."""
    model = grid.model
    start = min(t, grid.horizon)
    bounds = bounds_of(vectors, t + 1)
    may_start = (model.arrival <= t) & grid.windows.allowed[:, start]
    begun = np.stack(
        [SCALE * (t + model.output - model.arrival) + v.beta[:, start] for v in vectors]
    )
    ahead = np.empty((model.classes + 1, *bounds.table.shape[1:], len(vectors)), dtype=np.int64)
    if ahead.size > _MOST_AHEAD:
        ahead = ahead[:0]
    else:
        look_ahead(model.kinds, may_start, begun, bounds, ahead)
    return Step(
        t=t,
        kinds=model.kinds,
        packing=packing,
        may_start=may_start,
        begun=begun,
        bounds=bounds,
        hope=bounds.table.min(axis=(1, 2)).astype(np.int64),
        ahead=ahead,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Children:
    """The children that no bound prunes, and the best complete schedule among the others."""

    states: States
    best: int
    best_starts: Ints


class Room:
    """Rows that the children of a layer may take, whoever makes them."""

    def __init__(self, rows: int) -> None:
        self._left = rows
        self._lock = Lock()

    def take(self, wanted: int) -> int:
        """Return how many rows one more maker gets, at most those wanted.

        Raises
        ------
        Exhausted
            There are none.
        """
        with self._lock:
            rows = min(wanted, self._left)
            self._left -= rows
        if rows <= 0:
            raise Exhausted(Limit.MEMORY)
        return rows

    def give_back(self, rows: int) -> None:
        """Have so many more."""
        with self._lock:
            self._left += rows


class Block(NamedTuple):
    """What one thread does: some states, and of their decisions one share of so many."""

    begin: int
    end: int
    share: tuple[int, int] = (0, 1)


def children(
    states: States,
    step: Step,
    cutoff: int,
    best: int,
    block: Block,
    room: Room,
    flag: Flag,
    late: Callable[[], bool],
    ahead: Ahead | None = None,
) -> Children:
    """Return the children of the states of `block` whose bounds are within the scaled cutoff.

    None of them dominates another; they are in the order of their keys. Complete ones count if
    they are below `best`. Where classes are followed, `ahead` says what that bounds children by.

    Raises
    ------
    Exhausted
        Once `late` says so, or with more states than there is room for.
    """
    done, end, share = block
    requests = states.starts.shape[1]
    out = States.empty(room.take(max(_CHUNK, 2 * (end - done))), step.packing, requests)
    found = Found(
        best=np.array([best], dtype=np.int64),
        starts=np.full((1, requests), -1, dtype=np.int16),
        leaves=np.zeros(1, dtype=np.int64),
    )
    filled = 0
    while done < end:
        stop = min(end, done + _CHUNK)
        done, filled = expand(
            step, cutoff, states.columns, done, stop, share, out.columns, filled, found, flag
        )
        if late():
            raise Exhausted(Limit.TIME)
        if done < stop:
            out = out.grown(len(out) + room.take(len(out)), step.packing)
    taken = len(out)
    out = out.take(slice(0, filled))
    if ahead is not None:
        raise_low(step.kinds, ahead, out.columns, 0, filled)
        out = out.take(out.low <= cutoff)
    keep = np.zeros(len(out), np.bool_)
    order = out.order()
    undominated(order, out.key, out.starts, out.profile, out.profile, step.packing, keep, flag)
    if late():  # then some were not looked at
        raise Exhausted(Limit.TIME)
    out = out.take(order[keep[order]])
    room.give_back(taken - len(out))
    return Children(
        states=out,
        best=int(found.best[0]),
        best_starts=found.starts[0].astype(np.int64),
    )
