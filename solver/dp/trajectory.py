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
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp.sweep import ANY, NEVER, sweep
from kvproof.solver.model import INSTEAD, Kinds, Model
from kvproof.solver.windows import Windows

#: Multipliers and bounds are integers over this denominator.
SCALE = 256
#: Most cells of one table; beyond, the search refuses the instance.
MAX_CELLS = 60_000_000
_BEYOND = f"exact search: multipliers beyond 32 bits; {INSTEAD}"

Ints = npt.NDArray[np.int64]
Multiplier = npt.NDArray[np.int32]
Table = npt.NDArray[np.int32]


class Layout(NamedTuple):
    """The events of each step, and which (k, u) a set of running requests can have.

    Parameters
    ----------
    kinds
        The classes of requests.
    allowed
        Which starts survive, shape (classes, horizon + 1).
    start_first, start_class, start_size
        CSR by step: the classes that may start at t, and how many of one start at once; parts of
        sizes 1, 2, 4, ... and a last one add up to any number that can start together. Where
        there are more than can run together it is one event of :data:`ANY` size.
    end_first, end_class, end_size
        The same for requests whose last step is t.
    least, most
        Fewest and most tokens that k running requests hold, for k = 0..len - 1.
    """

    kinds: Kinds
    allowed: npt.NDArray[np.bool_]
    start_first: Ints
    start_class: Ints
    start_size: Ints
    end_first: Ints
    end_class: Ints
    end_size: Ints
    least: Ints
    most: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """An instance, the starts that survive, and both as kernels take them."""

    model: Model
    windows: Windows
    layout: Layout

    @property
    def horizon(self) -> int:
        """Last step of any path."""
        return self.windows.horizon

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a table: steps, running, tokens."""
        return self.horizon + 2, len(self.layout.least), self.model.memory + 1

    @property
    def cells(self) -> int:
        """Cells of one step as :func:`sweep` lays them out."""
        return (self.model.memory + 1) * (len(self.layout.least) + 1)

    @property
    def events(self) -> int:
        """Number of events over all steps."""
        return len(self.layout.start_class) + len(self.layout.end_class)


def refuse_size(model: Model) -> None:
    """Refuse, before any work, what needs too large a table whatever windows prices leave.

    Raises
    ------
    LimitError
        Even over the fewest steps that the volume and the last request take.
    """
    work = int((model.volume * model.count).sum())
    steps = max(-(-work // model.memory), int((model.arrival + model.output).max()))
    _refuse_cells(model, steps, len(_ranges(model)[0]))


def _refuse_cells(model: Model, steps: int, running: int, work: int = 0) -> None:
    if max((steps + 2) * running * (model.memory + 1), work) > MAX_CELLS:
        raise LimitError(
            f"exact search: {steps:,} steps x {running:,} running x {model.memory:,} tokens "
            f"is too large a table; {INSTEAD}"
        )


def _ranges(model: Model) -> tuple[Ints, Ints]:
    """Return the fewest and most tokens that 0, 1, ... running requests can hold."""
    ones = np.repeat(model.prompt + 1, model.count)
    peaks = np.repeat(model.prompt + model.output, model.count)
    least = np.concatenate(([0], np.cumsum(np.sort(ones))))
    most = np.minimum(np.concatenate(([0], np.cumsum(np.sort(peaks)[::-1]))), model.memory)
    fits = least <= model.memory
    return least[fits], most[fits]


def grid_of(model: Model, windows: Windows) -> Grid:
    """Lay out the events of the surviving starts.

    Raises
    ------
    LimitError
        The tables would be too large for this memory and horizon.
    """
    least, most = _ranges(model)
    held = model.prompt + 1, model.prompt + model.output
    together = (np.minimum(len(least) - 1, model.memory // tokens) for tokens in held)
    begin, end = ([_sizes(*x) for x in zip(model.count, most, strict=True)] for most in together)
    parts = np.array([len(x) + len(y) for x, y in zip(begin, end, strict=True)])
    events = int((windows.allowed.sum(axis=1) * parts).sum())
    work = events * len(least) * (model.memory + 1) // 16
    _refuse_cells(model, windows.horizon, len(least), work)
    kind, step = np.nonzero(windows.allowed)
    starts = _events(step, kind, begin, windows.horizon)
    ends = _events(step + model.output[kind], kind, end, windows.horizon)
    layout = Layout(model.kinds, windows.allowed, *starts, *ends, least, most)
    return Grid(model=model, windows=windows, layout=layout)


def _sizes(count: int, most: int) -> list[int]:
    """Return parts whose sums are all of 0..count, or :data:`ANY` if only `most` fit together."""
    if 1 < most <= count:
        return [ANY]
    sizes: list[int] = []
    number = min(count, most)
    while number > 0:
        size = min(number, 2 ** len(sizes))
        sizes.append(size)
        number -= size
    return sizes


def _events(
    step: Ints, kind: Ints, sizes: list[list[int]], horizon: int
) -> tuple[Ints, Ints, Ints]:
    """Return where the events of each step begin, their classes and their sizes.

    `sizes` are those of each class, which has all of them in each of its steps.
    """
    parts = np.array([len(own) for own in sizes])
    listed = np.concatenate([np.array(own, dtype=np.int64) for own in sizes])
    order = np.argsort(step, kind="stable")  # classes are in order
    number = parts[kind[order]]
    step, kind = np.repeat(step[order], number), np.repeat(kind[order], number)
    first = np.zeros(horizon + 2, np.int64)
    first[1:] = np.cumsum(np.bincount(step, minlength=horizon + 1))
    # the place of each size: where those of its class begin, and which of them it is
    which = np.arange(len(kind)) - np.repeat(np.cumsum(number) - number, number)
    return first, kind, listed[(np.cumsum(parts) - parts)[kind] + which]


def tables(grid: Grid, alpha: Multiplier, beta: Multiplier, since: int = 0) -> Table:
    """Return the table from step `since` on (earlier steps are left at :data:`NEVER`).

    Raises
    ------
    LimitError
        The multipliers are so large that 32-bit sums could overflow.
    """
    # a path starts and ends at most so many requests in a step
    most = len(grid.layout.least) - 1
    if most * sum(int(np.abs(part, dtype=np.int64).max()) for part in (alpha, beta)) >= int(NEVER):
        raise LimitError(_BEYOND)
    table = np.full(grid.shape, NEVER, dtype=np.int32)
    none = np.empty((1, grid.cells), dtype=np.bool_)
    sweep(grid.layout, since, alpha, beta, table, none)
    # from a step within these limits no sum leaves 32 bits on the way to the one before
    if int(table.min()) < -2 * int(NEVER):
        raise LimitError(_BEYOND)
    return table
