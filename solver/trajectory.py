"""The trajectory relaxation: memory as a path over (tokens held, requests running).

Each request is split into a start event and an end event, priced alpha and beta per start step;
the events of a path need not belong together, the tokens and the number running do. For integers
alpha, beta (over :data:`SCALE`)

    sum over requests of min_p [SCALE * latency + alpha + beta] + min over paths of -(prices)

is at most SCALE * OPT. ``table[t, k, u]`` is the second term for a path that stands, after step t,
at k running requests that hold u tokens in step t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from scheduling.errors import LimitError
from solver.model import Model
from solver.windows import Windows

#: Multipliers and bounds are integers over this denominator.
SCALE = 256
#: No path: any larger table value means the same.
NEVER = np.int32(1 << 29)
#: Most cells of one table; beyond, the search refuses the instance.
MAX_CELLS = 60_000_000

Ints = npt.NDArray[np.int64]
Multiplier = npt.NDArray[np.int32]
Table = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The events of each step, and which (k, u) a set of running requests can have.

    Parameters
    ----------
    model, windows
        The instance and the starts that survive.
    start_first, start_class
        CSR by step: the classes (repeated by how many can start together) that may start at t.
    end_first, end_class
        The same for requests whose last step is t.
    least, most
        Fewest and most tokens that k running requests hold, for k = 0..len - 1.
    """

    model: Model
    windows: Windows
    start_first: Ints
    start_class: Ints
    end_first: Ints
    end_class: Ints
    least: Ints
    most: Ints

    @property
    def horizon(self) -> int:
        """Last step of any path."""
        return self.windows.horizon

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a table: steps, running, tokens."""
        return self.horizon + 2, len(self.least), self.model.memory + 1

    @property
    def events(self) -> int:
        """Number of events over all steps."""
        return len(self.start_class) + len(self.end_class)


def grid_of(model: Model, windows: Windows) -> Grid:
    """Lay out the events of the surviving starts.

    Raises
    ------
    LimitError
        The tables would be too large for this memory and horizon.
    """
    ones = np.repeat(model.prompt + 1, model.count)
    peaks = np.repeat(model.prompt + model.output, model.count)
    least = np.concatenate(([0], np.cumsum(np.sort(ones))))
    most = np.minimum(np.concatenate(([0], np.cumsum(np.sort(peaks)[::-1]))), model.memory)
    fits = least <= model.memory
    least, most = least[fits], most[fits]
    cells = (windows.horizon + 2) * len(least) * (model.memory + 1)
    copies = np.minimum(model.count, len(least) - 1)
    starts: list[list[int]] = [[] for _ in range(windows.horizon + 1)]
    ends: list[list[int]] = [[] for _ in range(windows.horizon + 1)]
    for c in range(model.classes):
        for p in np.flatnonzero(windows.allowed[c]).tolist():
            starts[p].extend([c] * int(copies[c]))
            ends[p + int(model.output[c])].extend([c] * int(copies[c]))
    events = sum(map(len, starts)) * 2
    if max(cells, events * len(least) * (model.memory + 1) // 16) > MAX_CELLS:
        raise LimitError(
            f"exact search: {windows.horizon} steps x {len(least)} running x {model.memory} tokens "
            "is too large a table; use --engine milp or certified bounds"
        )
    return Grid(
        model=model, windows=windows, least=least, most=most,
        start_first=_first(starts), start_class=_flat(starts),
        end_first=_first(ends), end_class=_flat(ends),
    )  # fmt: skip


def _first(lists: list[list[int]]) -> Ints:
    return np.concatenate(([0], np.cumsum([len(x) for x in lists]))).astype(np.int64)


def _flat(lists: list[list[int]]) -> Ints:
    return np.array([x for one in lists for x in one], dtype=np.int64)


@njit(cache=True, error_model="numpy")
def sweep(  # type: ignore[no-untyped-def]
    since, memory, prompt, output, start_first, start_class, end_first, end_class, least, most,
    alpha, beta, table, taken, record,
):  # fmt: skip
    """Fill table[since..] backwards; with `record`, note in `taken` which events a path takes."""
    running = least.size - 1
    last = start_first.size - 2
    work = np.empty((running + 1, memory + 1), np.int32)
    table[last + 1, :, :] = NEVER
    table[last + 1, 0, 0] = 0
    flags = np.empty(memory + 1, np.bool_)
    shift = start_class.size
    for t in range(last, since - 1, -1):
        work[:, :] = table[t + 1]
        for e in range(start_first[t], start_first[t + 1]):
            c = start_class[e]
            need = prompt[c] + 1
            price = np.int32(-alpha[c, t])
            room = memory + 1 - need
            for k in range(running):
                here = work[k]
                there = work[k + 1][need : need + room]
                if record:
                    flags = taken[e, k]
                for u in range(room):
                    other = np.int32(there[u] + price)
                    own = here[u]
                    flags[u] = other < own
                    here[u] = other if other < own else own
        for k in range(1, running + 1):
            for u in range(memory + 1 - k):
                work[k, u] = work[k, u + k]
            for u in range(memory + 1 - k, memory + 1):
                work[k, u] = NEVER
        for e in range(end_first[t], end_first[t + 1]):
            c = end_class[e]
            need = prompt[c] + output[c]
            price = np.int32(-beta[c, t - output[c]])
            room = memory + 1 - need
            for k in range(running, 0, -1):
                here = work[k][need : need + room]
                there = work[k - 1]
                if record:
                    flags = taken[shift + e, k]
                for u in range(room):
                    other = np.int32(there[u] + price)
                    own = here[u]
                    flags[u] = other < own
                    here[u] = other if other < own else own
        for k in range(running + 1):
            for u in range(memory + 1):
                value = work[k, u]
                inside = least[k] <= u and u <= most[k] and value < NEVER
                table[t, k, u] = value if inside else NEVER


@njit(cache=True, error_model="numpy")
def follow(  # type: ignore[no-untyped-def]
    since, k, u, weight, prompt, output, start_first, start_class, end_first, end_class,
    taken, memory, alpha_slope, beta_slope,
):  # fmt: skip
    """Walk the best path from (since, k, u), taking `weight` off the slope at its events."""
    shift = start_class.size
    for t in range(since, start_first.size - 1):
        for e in range(end_first[t + 1] - 1, end_first[t] - 1, -1):
            c = end_class[e]
            need = prompt[c] + output[c]
            # flags are stored from the first u at which the event is possible
            if k > 0 and u >= need and taken[shift + e, k, u - need]:
                beta_slope[c, t - output[c]] -= weight
                k -= 1
                u -= need
        u += k
        for e in range(start_first[t + 1] - 1, start_first[t] - 1, -1):
            c = start_class[e]
            need = prompt[c] + 1
            if k + 1 < taken.shape[1] and u + need <= memory and taken[e, k, u]:
                alpha_slope[c, t] -= weight
                k += 1
                u += need


def tables(grid: Grid, alpha: Multiplier, beta: Multiplier, since: int = 0) -> Table:
    """Return the table from step `since` on (earlier steps are left at :data:`NEVER`).

    Raises
    ------
    LimitError
        The multipliers are so large that 32-bit sums could overflow.
    """
    model = grid.model
    largest = max(int(np.abs(alpha).max()), int(np.abs(beta).max()))
    if largest * 2 * model.requests >= int(NEVER):
        raise LimitError("exact search: multipliers beyond 32 bits; use --engine milp")
    table = np.full(grid.shape, NEVER, dtype=np.int32)
    none = np.empty((1, 1, 1), dtype=np.bool_)
    sweep(
        since, model.memory, model.prompt, model.output, grid.start_first, grid.start_class,
        grid.end_first, grid.end_class, grid.least, grid.most, alpha, beta, table, none, False,
    )  # fmt: skip
    return table
