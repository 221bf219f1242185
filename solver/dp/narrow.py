"""Layers of few states one after the other, in one call.

To gather what a step needs, and to wait for a thread, takes longer than a few states do. What
:mod:`kvproof.solver.dp.layered` does layer by layer is done here where a layer gets no further
vectors, nor is raised.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.dominance import undominated
from kvproof.solver.dp.kernels import Bounds, Found, Step, expand
from kvproof.solver.dp.look_ahead import look_ahead
from kvproof.solver.dp.multipliers import Vector
from kvproof.solver.dp.states import Packing, States
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.threads import Flag

Ints = npt.NDArray[np.int64]

# Rows that the children of a layer may take before it is seen which of them are dominated, for each
# state that a layer may have.
_ROWS = 8
#: Rows that a call takes, for each of these.
AT_MOST = _ROWS + 1
# Cells of look-aheads that one call fills, eight bytes each; a step that has more is left.
_CELLS = 8_000_000


class Layers(NamedTuple):
    """Layers that were made.

    Parameters
    ----------
    sizes
        How many states each has.
    states
        Those of the last one; where there is none, those from which it began.
    best, starts
        As of :class:`~kvproof.solver.dp.kernels.Found`.
    """

    sizes: Ints
    states: States
    best: int
    starts: Ints


def layers_of_few(
    grid: Grid,
    vector: Vector,
    packing: Packing,
    states: States,
    t: int,
    cutoff: int,
    best: int,
    most: int,
    total: int,
    flag: Flag,
) -> Layers:
    """Return the layers after steps t, t + 1, ... as far as none has more than `most` states.

    And until all have more than `total`.

    Parameters
    ----------
    vector
        Of the root, which bounds all states.
    states
        At most so many, before the starts at step t.
    cutoff
        No bound of those that are kept is higher, scaled.
    best
        A complete schedule counts if its total latency is less.
    flag
        Once it is set, no further layer is made.
    """
    shape = (grid.model.classes + 1, *grid.shape[1:], 1)
    end = min(grid.horizon + 1, t + _CELLS // int(np.prod(shape)))
    # the children are sorted out from one into the other
    kept = states.grown(most, packing)
    made = States.empty(_ROWS * most, packing, states.starts.shape[1])
    found = Found(
        best=np.array([best], dtype=np.int64),
        starts=np.full((1, states.starts.shape[1]), -1, dtype=np.int16),
        leaves=np.zeros(1, dtype=np.int64),
    )
    sizes = np.zeros(end - t, np.int64)
    done, number = _layers(
        grid.layout.kinds, packing, grid.layout.allowed, vector.rest, vector.beta[None],
        vector.table, np.empty(shape, np.int64), t, cutoff, len(states), kept.columns,
        made.columns, found, sizes, total, flag,
    )  # fmt: skip
    return Layers(
        sizes=sizes[: done - t],
        states=kept.take(slice(0, number)),
        best=int(found.best[0]),
        starts=found.starts[0].astype(np.int64),
    )


@njit(nogil=True, error_model="numpy")
def _layers(  # type: ignore[no-untyped-def]
    kinds, packing, allowed, rest, beta, table, ahead, t, cutoff, number, kept, made, found, sizes,
    total, flag,
):  # fmt: skip
    """Make layers in `kept`, of which the first `number` rows are states, until one is empty.

    Write how many states each has; return the step before which the last one is, and its size. A
    layer with more children than `made` holds, or states than `kept` does, is left undone.
    """
    classes = kinds.copies.size
    may_start = np.zeros(classes, np.bool_)
    begun = np.zeros((1, classes), np.int64)
    later = np.zeros((1, classes), np.int64)
    hope = np.zeros(1, np.int64)  # of use where nothing looks ahead alone
    survives = np.zeros(made.key.size, np.bool_)
    # not literals, for which kernels would be compiled once more
    none = np.int64(0)
    whole = none, np.int64(1)
    for layer in range(sizes.size):
        if flag[0] or number == 0 or total < 0:
            break
        for c in range(classes):
            may_start[c] = kinds.arrival[c] <= t and allowed[c, t]
            begun[0, c] = SCALE * (t + kinds.output[c] - kinds.arrival[c]) + beta[0, c, t]
            later[0, c] = rest[c, t + 1]
        bounds = Bounds(later, beta, table[t + 1 : t + 2])
        look_ahead(kinds, may_start, begun, bounds, ahead)
        step = Step(t, kinds, packing, may_start, begun, bounds, hope, ahead)
        done, filled = expand(step, cutoff, kept, none, number, whole, made, none, found, flag)
        if done < number:
            break
        order = _order(made, filled)
        for i in range(filled):
            survives[i] = False
        undominated(
            order, made.key, made.starts, made.profile, made.profile, packing, survives, flag
        )
        left = 0
        for i in range(filled):
            left += survives[i]
        if left > kept.key.size or flag[0]:
            break
        number = 0
        for i in order:
            if survives[i]:
                _copy(made, i, kept, number)
                number += 1
        t += 1
        sizes[layer] = number
        total -= number
    return t, number


@njit(nogil=True, error_model="numpy")
def _order(states, number):  # type: ignore[no-untyped-def]
    """Return rows by key, those of one key the cheapest first, as :meth:`States.order`."""
    sorted_by = np.empty(number, np.int64)
    for i in range(number):
        sorted_by[i] = states.latency[i]
    cheapest = np.argsort(sorted_by, kind="mergesort")
    for i in range(number):
        sorted_by[i] = np.int64(states.key[cheapest[i]])
    order = np.argsort(sorted_by, kind="mergesort")
    for i in range(number):
        order[i] = cheapest[order[i]]
    return order


@njit(nogil=True, error_model="numpy")
def _copy(source, i, target, j):  # type: ignore[no-untyped-def]
    target.key[j] = source.key[i]
    target.latency[j] = source.latency[i]
    target.low[j] = source.low[i]
    target.vector[j] = source.vector[i]
    for w in range(source.profile.shape[1]):
        target.profile[j, w] = source.profile[i, w]
    for r in range(source.starts.shape[1]):
        target.starts[j, r] = source.starts[i, r]
