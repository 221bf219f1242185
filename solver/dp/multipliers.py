"""Multiplier vectors for the trajectory bound, and samples of states to improve them on.

Untrusted on purpose: any integers give a valid bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.exact import Column
from kvproof.solver.dp.states import States
from kvproof.solver.dp.trajectory import SCALE, Grid, Multiplier, Table, tables
from kvproof.solver.windows import PRICE_SCALE, Windows

#: Stands for "no start left" in the minima.
NO_START = np.int64(2**50)


@dataclass(frozen=True, kw_only=True, eq=False)
class Vector:
    """One integer multiplier vector and what the bound needs of it.

    Parameters
    ----------
    since
        First step whose table is filled: states before it cannot use this vector.
    alpha, beta
        Shape (classes, horizon + 1), over :data:`~kvproof.solver.dp.trajectory.SCALE`.
    table
        See :mod:`kvproof.solver.dp.trajectory`.
    rest
        ``rest[c, t]``: least scaled cost of a request of class c that starts at t or later.
    """

    since: int
    alpha: Multiplier
    beta: Multiplier
    table: Table
    rest: npt.NDArray[np.int64]


def make_vector(grid: Grid, alpha: Multiplier, beta: Multiplier, since: int) -> Vector:
    """Compute the exact table and minima of a multiplier vector."""
    model = grid.model
    terms = _terms(grid, alpha, beta)
    rest = np.minimum.accumulate(terms[:, ::-1], axis=1)[:, ::-1]
    # one column more: nothing can start after the horizon
    rest = np.concatenate((rest, np.full((model.classes, 1), NO_START)), axis=1)
    return Vector(
        since=since,
        alpha=alpha,
        beta=beta,
        table=tables(grid, alpha, beta, since),
        rest=np.ascontiguousarray(rest),
    )


def root_bound(grid: Grid, vector: Vector) -> int:
    """Return the scaled bound on OPT of a vector that reaches back to step 0."""
    return int((vector.rest[:, 0] * grid.model.count).sum()) + int(vector.table[0, 0, 0])


def thinned(grid: Grid, vector: Vector, target: int) -> Windows:
    """Return the starts of `grid` that a schedule with total latency below `target` can use.

    By a vector from step 0: as :func:`kvproof.solver.windows.fix_windows`, with the stronger bound.
    """
    model = grid.model
    room = (target - 1) * SCALE - root_bound(grid, vector)
    allowed = grid.windows.allowed & (
        _terms(grid, vector.alpha, vector.beta) <= vector.rest[:, :1] + room
    )
    ends = np.where(allowed, np.arange(grid.horizon + 1)[None, :] + model.output[:, None], 0)
    horizon = int(ends.max())
    # in one piece: kernels are compiled for that alone
    allowed = np.ascontiguousarray(allowed[:, : horizon + 1])
    return Windows(allowed=allowed, horizon=horizon, bound=grid.windows.bound)


def _terms(grid: Grid, alpha: Multiplier, beta: Multiplier) -> npt.NDArray[np.int64]:
    model = grid.model
    latency = np.arange(grid.horizon + 1)[None, :] + (model.output - model.arrival)[:, None]
    return np.where(grid.windows.allowed, latency * SCALE + alpha + beta, NO_START)


def from_prices(grid: Grid, prices: Column) -> tuple[npt.NDArray[np.float64], ...]:
    """Return (alpha, beta) that make the trajectory bound at least the price bound, roughly.

    ``alpha[i, p]`` charges the request as if it ran from p for ever, beta gives the part after
    its end back; the path then pays for the tokens that it really holds.
    """
    model = grid.model
    steps = grid.horizon
    price = np.zeros(steps + 1)
    kept = min(len(prices), steps)
    price[1 : kept + 1] = prices[:kept] * (SCALE / PRICE_SCALE)
    total = np.cumsum(price)
    moment = np.cumsum(price * np.arange(steps + 1))
    start = np.arange(steps + 1)[None, :]
    end = np.minimum(start + model.output[:, None], steps)
    held = model.prompt[:, None] - start
    alpha = moment[-1] - moment[start] + held * (total[-1] - total[start])
    beta = -(moment[-1] - moment[end] + held * (total[-1] - total[end]))
    return alpha, beta


class Sample(NamedTuple):
    """States at one step, as the ascent needs them.

    Parameters
    ----------
    step
        The step that has just been decided: tokens and running refer to it.
    latency, tokens, running
        One entry per state.
    unstarted
        Shape (states, classes).
    run_class, run_start
        Shape (states, n); the first `running` entries of a row are used.
    """

    step: int
    latency: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    running: npt.NDArray[np.int64]
    unstarted: npt.NDArray[np.int64]
    run_class: npt.NDArray[np.int64]
    run_start: npt.NDArray[np.int64]


def sample_of(grid: Grid, states: States, rows: npt.NDArray[np.int64], step: int) -> Sample:
    """Unpack the selected states of the layer before the starts at `step`."""
    model = grid.model
    starts = states.starts[rows].astype(np.int64)
    owner = np.repeat(np.arange(model.classes), model.count)
    begun = starts >= 0
    active = begun & (starts + model.output[owner] >= step)
    tokens = np.where(active, model.prompt[owner] + step - starts, 0).sum(axis=1)
    unstarted = np.stack(
        [
            (~begun[:, o : o + c]).sum(axis=1)
            for o, c in zip(model.offset.tolist(), model.count.tolist(), strict=True)
        ],
        axis=1,
    )
    order = np.argsort(~active, axis=1, kind="stable")
    return Sample(
        step=step, latency=states.latency[rows], tokens=tokens,
        running=active.sum(axis=1), unstarted=unstarted.astype(np.int64),
        run_class=owner[order], run_start=np.take_along_axis(starts, order, axis=1),
    )  # fmt: skip
