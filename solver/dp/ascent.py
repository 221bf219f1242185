"""Better multipliers: ascent along subgradients of the trajectory bound, for groups of states.

Untrusted on purpose: any integers give a valid bound, so the ascent may use floats and samples.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.multipliers import Sample
from kvproof.solver.dp.paths import Paths, follow
from kvproof.solver.dp.sweep import NEVER, sweep
from kvproof.solver.dp.trajectory import SCALE, Grid, Multiplier, Table
from kvproof.solver.threads import Flag, new_flag

#: Multipliers of refined layers are multiples of this, over SCALE.
UNIT = 8

# What a multiplier moves in the last round, over SCALE.
_LAST = 1.0
# How much of the mean slope, and of its mean square, a round keeps.
_KEPT, _KEPT_SQUARE = 0.8, 0.99
# Added to the root of the mean square: what matters to few paths moves less. Without it the bound
# of the sample gets better, and that of other states so much worse that more of them are left.
_DAMPING = 0.3


class Scratch(NamedTuple):
    """Buffers that :func:`ascend` overwrites: a table, and which events its paths take."""

    table: Table
    taken: npt.NDArray[np.bool_]


def ascend(
    grid: Grid,
    alpha: npt.NDArray[Any],
    beta: npt.NDArray[Any],
    sample: Sample,
    *,
    target: int,
    rounds: int,
    stride: float,
    scratch: Scratch | None = None,
    flag: Flag | None = None,
) -> tuple[Multiplier, Multiplier, float]:
    """Raise the mean bound over a sample of states; return the best integers and that mean.

    Each multiplier moves by its mean slope over the root of the mean square (Adam, Kingma and Ba
    2015), in steps that shrink over the `rounds` from `stride`, over SCALE. Polyak steps along the
    slope take twice as many.
    A bound above `target` - 1 (total latency), or a set `flag`, ends it after the round it is in.
    """
    best_whole, best = _ascend(
        grid.layout, sample, np.stack((alpha, beta)).astype(np.float64),
        float(target * SCALE), rounds, stride,
        make_scratch(grid) if scratch is None else scratch,
        new_flag() if flag is None else flag,
    )  # fmt: skip
    return best_whole[0], best_whole[1], best / SCALE


def scratch_bytes(grid: Grid) -> int:
    """Return the size of what :func:`make_scratch` returns."""
    return 4 * math.prod(grid.shape) + max(2, grid.events) * grid.cells


def make_scratch(grid: Grid) -> Scratch:
    """Return buffers for the tables of `grid`."""
    table = np.full(grid.shape, NEVER, dtype=np.int32)
    return Scratch(table, np.zeros((max(2, grid.events), grid.cells), dtype=np.bool_))


@njit(nogil=True, error_model="numpy")
def _ascend(layout, sample, values, target, rounds, first, scratch, flag):  # type: ignore[no-untyped-def]
    """Climb from `values` of shape (2, classes, steps), which are overwritten; see `ascend`."""
    slope = np.zeros(values.shape)
    mean_slope = np.zeros(values.shape)
    mean_square = np.zeros(values.shape)
    whole = np.zeros(values.shape, np.int32)
    best_whole = np.zeros(values.shape, np.int32)
    best = -1e300
    kept = kept_square = 1.0
    for done in range(rounds):
        _round(values, whole)
        sweep(layout, sample.step, whole[0], whole[1], scratch.table, scratch.taken)
        mean = _slopes(layout, sample, whole, scratch, slope)
        if mean > best:
            best = mean
            _copy(whole, best_whole)
        if flag[0] or best > target - SCALE:  # enough: nothing is below the target
            break
        # means begin at 0, and so are too small by these factors
        kept *= _KEPT
        kept_square *= _KEPT_SQUARE
        stride = first * (_LAST / first) ** (done / rounds) / (1.0 - kept)
        _move(values, mean_slope, mean_square, slope, stride, 1.0 - kept_square)
    return best_whole, best


@njit(nogil=True, error_model="numpy")
def _slopes(layout, sample, whole, scratch, slope):  # type: ignore[no-untyped-def]
    """Return the mean bound of the integers that `scratch` was filled by; set its slopes."""
    _clear(slope)
    states = sample.latency.size
    paths = Paths(np.empty(states, np.int64), np.empty(states, np.int64), np.empty(states))
    weight = 1.0 / states
    mean = 0.0
    for q in range(states):
        paths.running[q] = sample.running[q]
        paths.tokens[q] = sample.tokens[q]
        paths.weight[q] = weight
        least = scratch.table[sample.step, sample.running[q], sample.tokens[q]]
        mean += weight * (sample.latency[q] * SCALE + least)
        for r in range(sample.running[q]):
            c, p = sample.run_class[q, r], sample.run_start[q, r]
            mean += weight * whole[1, c, p]
            slope[1, c, p] += weight
    follow(layout, sample.step, paths, scratch.taken, slope)
    return _unstarted(layout, sample, whole, slope, mean)


@njit(nogil=True, error_model="numpy")
def _unstarted(layout, sample, whole, slope, mean):  # type: ignore[no-untyped-def]
    """Return the mean with what requests that wait add to it; add to the slopes too."""
    kinds, allowed = layout.kinds, layout.allowed
    weight = 1.0 / sample.latency.size
    for c in range(allowed.shape[0]):
        waiting = 0.0
        for q in range(sample.latency.size):
            waiting += sample.unstarted[q, c] * weight
        if waiting <= 0.0:
            continue
        least = np.int64(1) << 50
        where = -1
        for p in range(max(sample.step, kinds.arrival[c]), allowed.shape[1]):
            if allowed[c, p]:
                latency = p + kinds.output[c] - kinds.arrival[c]
                cost = latency * SCALE + whole[0, c, p] + whole[1, c, p]
                if cost < least:
                    least = cost
                    where = p
        if where >= 0:
            mean += waiting * least
            slope[0, c, where] += waiting
            slope[1, c, where] += waiting
    return mean


def _plain_move(values, mean, square, slope, stride, seen):  # type: ignore[no-untyped-def]
    mean *= _KEPT
    mean += (1.0 - _KEPT) * slope
    square *= _KEPT_SQUARE
    square += (1.0 - _KEPT_SQUARE) * (slope * slope)
    values += stride * mean / (np.sqrt(square / seen) + _DAMPING)


@njit(nogil=True, error_model="numpy", plain=_plain_move)
def _move(values, mean, square, slope, stride, seen):  # type: ignore[no-untyped-def]
    """Go `stride` along the mean slopes, over the roots of their mean squares; update both."""
    _, classes, starts = values.shape
    for x in range(2):
        for c in range(classes):
            for p in range(starts):
                now = slope[x, c, p]
                first = mean[x, c, p] * _KEPT + (1.0 - _KEPT) * now
                second = square[x, c, p] * _KEPT_SQUARE + (1.0 - _KEPT_SQUARE) * (now * now)
                mean[x, c, p] = first
                square[x, c, p] = second
                values[x, c, p] += stride * first / (np.sqrt(second / seen) + _DAMPING)


# Loops rather than assignments to slices, which take Numba seconds to compile.


def _plain_round(values, whole):  # type: ignore[no-untyped-def]
    whole[:] = np.rint(values)


@njit(nogil=True, error_model="numpy", plain=_plain_round)
def _round(values, whole):  # type: ignore[no-untyped-def]
    for place in np.ndindex(values.shape):
        whole[place] = np.int32(np.rint(values[place]))


def _plain_copy(source, target):  # type: ignore[no-untyped-def]
    target[:] = source


@njit(nogil=True, error_model="numpy", plain=_plain_copy)
def _copy(source, target):  # type: ignore[no-untyped-def]
    for place in np.ndindex(source.shape):
        target[place] = source[place]


def _plain_clear(values):  # type: ignore[no-untyped-def]
    values[:] = 0


@njit(nogil=True, error_model="numpy", plain=_plain_clear)
def _clear(values):  # type: ignore[no-untyped-def]
    for place in np.ndindex(values.shape):
        values[place] = 0.0


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
