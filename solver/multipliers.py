"""Multiplier vectors for the trajectory bound: where they come from and how they are improved.

Untrusted on purpose: any integers give a valid bound, so the ascent may use floats and samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from scheduling.exact import Column
from solver.states import States
from solver.trajectory import NEVER, SCALE, Grid, Multiplier, Table, follow, sweep, tables
from solver.windows import PRICE_SCALE

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
        Shape (classes, horizon + 1), over :data:`~solver.trajectory.SCALE`.
    table
        See :mod:`solver.trajectory`.
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
    start = np.arange(grid.horizon + 1)[None, :]
    cost = (start + (model.output - model.arrival)[:, None]) * SCALE
    terms = np.where(grid.windows.allowed, cost + alpha + beta, NO_START)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
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


def ascend(
    grid: Grid,
    alpha: npt.NDArray[Any],
    beta: npt.NDArray[Any],
    sample: Sample,
    *,
    target: int,
    rounds: int,
    pace: float = 0.5,
    patience: int = 6,
    scratch: tuple[Table, npt.NDArray[np.bool_]] | None = None,
) -> tuple[Multiplier, Multiplier, float]:
    """Raise the mean bound over a sample of states; return the best integers and that mean.

    Subgradient with momentum 0.8, Polyak steps toward `target` (total latency).
    """
    model = grid.model
    if scratch is None:
        scratch = make_scratch(grid)
    best_alpha, best_beta, best = _ascend(
        sample.step, model.memory, model.arrival, model.prompt, model.output,
        grid.windows.allowed, grid.start_first, grid.start_class, grid.end_first, grid.end_class,
        grid.least, grid.most, alpha.astype(np.float64), beta.astype(np.float64),
        sample.latency, sample.tokens, sample.running, sample.unstarted, sample.run_class,
        sample.run_start, float(target * SCALE), rounds, pace, patience, *scratch,
    )  # fmt: skip
    return best_alpha, best_beta, best / SCALE


def make_scratch(grid: Grid) -> tuple[Table, npt.NDArray[np.bool_]]:
    """Return the buffers that :func:`ascend` overwrites."""
    table = np.full(grid.shape, NEVER, dtype=np.int32)
    return table, np.zeros((grid.events, *grid.shape[1:]), dtype=np.bool_)


@njit(cache=True, error_model="numpy")
def _ascend(  # type: ignore[no-untyped-def]
    since, memory, arrival, prompt, output, allowed, start_first, start_class, end_first,
    end_class, least, most, alpha, beta, latency, tokens, running, unstarted, run_class,
    run_start, target, rounds, pace, patience, table, taken,
):  # fmt: skip
    states = latency.size
    classes, starts = allowed.shape
    weight = 1.0 / states
    open_ = np.zeros(classes)
    for q in range(states):
        for c in range(classes):
            open_[c] += unstarted[q, c] * weight
    slope = np.zeros((2, classes, starts))
    move = np.zeros((2, classes, starts))
    whole = np.zeros((2, classes, starts), np.int32)
    best_whole = np.zeros((2, classes, starts), np.int32)
    best = -1e300
    stalled = 0
    for _ in range(rounds):
        slope[:] = 0.0
        for c in range(classes):
            for p in range(starts):
                whole[0, c, p] = np.int32(np.rint(alpha[c, p]))
                whole[1, c, p] = np.int32(np.rint(beta[c, p]))
        sweep(
            since, memory, prompt, output, start_first, start_class, end_first, end_class,
            least, most, whole[0], whole[1], table, taken, True,
        )  # fmt: skip
        mean = 0.0
        for q in range(states):
            mean += weight * (latency[q] * 256.0 + table[since, running[q], tokens[q]])
            for r in range(running[q]):
                c = run_class[q, r]
                mean += weight * whole[1, c, run_start[q, r]]
                slope[1, c, run_start[q, r]] += weight
            follow(
                since, running[q], tokens[q], weight, prompt, output, start_first, start_class,
                end_first, end_class, taken, memory, slope[0], slope[1],
            )  # fmt: skip
        for c in range(classes):
            if open_[c] <= 0.0:
                continue
            least_cost = np.int64(1) << 50
            where = -1
            for p in range(max(since, arrival[c]), starts):
                if allowed[c, p]:
                    cost = (p + output[c] - arrival[c]) * 256 + whole[0, c, p] + whole[1, c, p]
                    if cost < least_cost:
                        least_cost = cost
                        where = p
            if where >= 0:
                mean += open_[c] * least_cost
                slope[0, c, where] += open_[c]
                slope[1, c, where] += open_[c]
        if mean > best:
            stalled = 0 if mean > best + 4.0 else stalled + 1
            best = mean
            best_whole[:] = whole
        else:
            stalled += 1
        if stalled >= patience:
            pace *= 0.65
            stalled = 0
            move[:] = 0.0
            for c in range(classes):
                for p in range(starts):
                    alpha[c, p] = best_whole[0, c, p]
                    beta[c, p] = best_whole[1, c, p]
            if pace < 0.004:
                break
            continue
        norm = 0.0
        for c in range(classes):
            for p in range(starts):
                for x in range(2):
                    move[x, c, p] = slope[x, c, p] + 0.8 * move[x, c, p]
                    norm += move[x, c, p] * move[x, c, p]
        if norm < 1e-9:
            break
        stride = pace * max(target - mean, 64.0) / norm
        for c in range(classes):
            for p in range(starts):
                alpha[c, p] += stride * move[0, c, p]
                beta[c, p] += stride * move[1, c, p]
    return best_whole[0], best_whole[1], best
