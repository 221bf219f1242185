"""Better multipliers: subgradient ascent on the trajectory bound, for groups of states.

Untrusted on purpose: any integers give a valid bound, so the ascent may use floats and samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.multipliers import Sample
from kvproof.solver.dp.trajectory import NEVER, SCALE, Grid, Multiplier, Table, follow, sweep
from kvproof.solver.threads import Flag, new_flag

#: Multipliers of refined layers are multiples of this, over SCALE.
UNIT = 8

#: Buffers that :func:`ascend` overwrites: a table, and which events its paths take.
Scratch = tuple[Table, npt.NDArray[np.bool_]]


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
    scratch: Scratch | None = None,
    flag: Flag | None = None,
) -> tuple[Multiplier, Multiplier, float]:
    """Raise the mean bound over a sample of states; return the best integers and that mean.

    Subgradient with momentum 0.8, Polyak steps toward `target` (total latency). A set `flag` ends
    it after the round that it is in.
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
        new_flag() if flag is None else flag,
    )  # fmt: skip
    return best_alpha, best_beta, best / SCALE


def make_scratch(grid: Grid) -> Scratch:
    """Return buffers for the tables of `grid`."""
    table = np.full(grid.shape, NEVER, dtype=np.int32)
    return table, np.zeros((max(2, grid.events), grid.cells), dtype=np.bool_)


@njit(nogil=True, error_model="numpy")
def _ascend(  # type: ignore[no-untyped-def]
    since, memory, arrival, prompt, output, allowed, start_first, start_class, end_first,
    end_class, least, most, alpha, beta, latency, tokens, running, unstarted, run_class,
    run_start, target, rounds, pace, patience, table, taken, flag,
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
    place_k = np.empty(states, np.int64)
    place_u = np.empty(states, np.int64)
    share = np.empty(states)
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
            least, most, whole[0], whole[1], table, taken,
        )  # fmt: skip
        mean = 0.0
        for q in range(states):
            mean += weight * (latency[q] * 256.0 + table[since, running[q], tokens[q]])
            for r in range(running[q]):
                c = run_class[q, r]
                mean += weight * whole[1, c, run_start[q, r]]
                slope[1, c, run_start[q, r]] += weight
        place_k[:] = running
        place_u[:] = tokens
        share[:] = weight
        follow(
            since, place_k, place_u, share, prompt, output, start_first, start_class,
            end_first, end_class, taken, memory, least.size - 1, slope[0], slope[1],
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
            if best > target - 256.0:  # enough: nothing is below the target
                break
        else:
            stalled += 1
        if flag[0]:
            break
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


def coarse(values: Multiplier) -> Multiplier:
    """Round multipliers to multiples of :data:`UNIT`."""
    return (np.rint(values / UNIT) * UNIT).astype(np.int32)


def clusters(
    points: npt.NDArray[Any], number: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Group rows by a few rounds of k-means; labels are 0..number-1, some may be empty."""
    centres = points[rng.choice(len(points), min(number, len(points)), replace=False)].astype(float)
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(4):
        distance = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        labels = distance.argmin(axis=1)
        for label in range(len(centres)):
            if (labels == label).any():
                centres[label] = points[labels == label].mean(axis=0)
    return labels
