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

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import LimitError
from kvproof.solver.model import Kinds, Model
from kvproof.solver.windows import Windows

#: Multipliers and bounds are integers over this denominator.
SCALE = 256
#: No path: any larger table value means the same.
NEVER = np.int32(1 << 29)
#: Size of an event that may be taken again and again.
ANY = 0
#: Most cells of one table; beyond, the search refuses the instance.
MAX_CELLS = 60_000_000
_BEYOND = "exact search: multipliers beyond 32 bits; use --engine milp"

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
            "is too large a table; use --engine milp or certified bounds"
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
    starts: list[list[tuple[int, int]]] = [[] for _ in range(windows.horizon + 1)]
    ends: list[list[tuple[int, int]]] = [[] for _ in range(windows.horizon + 1)]
    for c in range(model.classes):
        for p in np.flatnonzero(windows.allowed[c]).tolist():
            starts[p].extend((c, size) for size in begin[c])
            ends[p + int(model.output[c])].extend((c, size) for size in end[c])
    layout = Layout(model.kinds, windows.allowed, *_flat(starts), *_flat(ends), least, most)
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


def _flat(lists: list[list[tuple[int, int]]]) -> tuple[Ints, Ints, Ints]:
    """Return where the events of each step begin, their classes and their sizes."""
    first = np.concatenate(([0], np.cumsum([len(x) for x in lists]))).astype(np.int64)
    flat = np.array([x for one in lists for x in one], dtype=np.int64).reshape(-1, 2)
    return first, flat[:, 0].copy(), flat[:, 1].copy()


# An event is one pass without branches over whole rows, from one into another; indices without a
# sign cannot count from the end, so that it compiles to vector instructions. One of any size reads
# what it has written: a stretch of as many cells as it jumps over at a time.


@njit(nogil=True, error_model="numpy")
def _start(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    """Let each path take a start, which adds `jump` to its cell, or not."""
    cells = np.uint64(work.size)
    jump = np.uint64(jump)
    for x in range(cells - jump):
        there = np.int32(work[x + jump] + price)
        flag[x] = there < work[x]
        out[x] = min(work[x], there)
    for x in range(cells - jump, cells):
        out[x] = work[x]
    _keep_apart(out, lane)


@njit(nogil=True, error_model="numpy")
def _end(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    """Let each path take an end, which takes `jump` off its cell, or not."""
    cells = np.uint64(work.size)
    jump = np.uint64(jump)
    for x in range(jump):
        out[x] = work[x]
    for x in range(cells - jump):
        there = np.int32(work[x] + price)
        flag[x + jump] = there < work[x + jump]
        out[x + jump] = min(work[x + jump], there)
    _keep_apart(out, lane)


def _plain_start_any(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    out[:], flag[:] = work, False
    for end in range(len(work) - jump, 0, -jump):
        begin = max(0, end - jump)
        _plain_take(out[begin + jump : end + jump] + price, out[begin:end], flag[begin:end])
        out[begin + lane - 1 - begin % lane : end : lane] = NEVER


def _plain_end_any(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    out[:], flag[:] = work, False
    for begin in range(jump, len(work), jump):
        end = min(begin + jump, len(work))
        _plain_take(out[begin - jump : end - jump] + price, out[begin:end], flag[begin:end])
        out[begin + lane - 1 - begin % lane : end : lane] = NEVER


def _plain_take(there, out, flag):  # type: ignore[no-untyped-def]
    np.less(there, out, out=flag)
    np.minimum(there, out, out=out)


@njit(nogil=True, error_model="numpy", plain=_plain_start_any)
def _start_any(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    """Let each path take a start as often as it likes."""
    cells, jump, lane = np.uint64(work.size), np.uint64(jump), np.uint64(lane)
    one = np.uint64(1)
    for x in range(cells - jump, cells):
        out[x] = work[x]
        flag[x] = False
    end = cells - jump
    while end > np.uint64(0):
        begin = end - min(jump, end)
        for x in range(begin, end):
            there = np.int32(out[x + jump] + price)
            flag[x] = there < work[x]
            out[x] = min(work[x], there)
        # the last places of lanes hold no path
        for x in range(begin + (lane - one - begin % lane), end, lane):
            out[x] = NEVER
        end = begin


@njit(nogil=True, error_model="numpy", plain=_plain_end_any)
def _end_any(work, jump, price, lane, out, flag):  # type: ignore[no-untyped-def]
    """Let each path take an end as often as it likes."""
    cells, jump, lane = np.uint64(work.size), np.uint64(jump), np.uint64(lane)
    one = np.uint64(1)
    for x in range(jump):
        out[x] = work[x]
        flag[x] = False
    begin = jump
    while begin < cells:
        end = min(begin + jump, cells)
        for x in range(begin, end):
            there = np.int32(out[x - jump] + price)
            flag[x] = there < work[x]
            out[x] = min(work[x], there)
        for x in range(begin + (lane - one - begin % lane), end, lane):
            out[x] = NEVER
        begin = end


@njit(nogil=True, error_model="numpy")
def _keep_apart(cells, lane):  # type: ignore[no-untyped-def]
    # the last place of a lane holds no path; as other loops here, it is one because Numba takes
    # seconds to compile an assignment of slices
    for x in range(np.uint64(lane - 1), np.uint64(cells.size), np.uint64(lane)):
        cells[x] = NEVER


@njit(nogil=True, error_model="numpy")
def _take_back(work, lane, begin, end, out, flag):  # type: ignore[no-untyped-def]
    """Undo an event for begin..end-1 running requests: it leads beyond the last of its lane."""
    for row in range(0, out.size, lane):
        for x in range(row + begin, row + end):
            out[x] = work[x]
            flag[x] = False


@njit(nogil=True, error_model="numpy")
def _decode(work, memory, lane, out):  # type: ignore[no-untyped-def]
    """Go back over a step: each of the k running requests then held a token less."""
    for u in range(memory + 1):
        inside = min(lane - 1, memory + 1 - u)
        for k in range(inside):
            out[u * lane + k] = work[(u + k) * lane + k]
        for k in range(inside, lane - 1):
            out[u * lane + k] = NEVER


@njit(nogil=True, error_model="numpy")
def _store(work, least, most, memory, lane, table):  # type: ignore[no-untyped-def]
    """Cut what no set of requests can hold, and write a step's cells to its table."""
    for k in range(lane - 1):
        for u in range(memory + 1):
            x = u * lane + k
            value = min(work[x], NEVER)
            if u < least[k] or u > most[k]:
                value = NEVER
            work[x] = value
            table[k, u] = value


def _plain_sweep(  # type: ignore[no-untyped-def]
    layout, since, alpha, beta, table, taken
):  # fmt: skip
    """Do what :func:`sweep` does, each shift in one NumPy operation."""
    (
        kinds, _, start_first, start_class, start_size, end_first, end_class, end_size, least, most,
    ) = layout  # fmt: skip
    memory, lane, shift = kinds.memory, least.size + 1, start_class.size
    steps = start_first.size - 1
    start_jump = (kinds.prompt + 1) * lane + 1
    end_jump = (start_jump + (kinds.output - 1) * lane).tolist()
    start_jump = start_jump.tolist()
    place = np.arange((memory + 1) * lane) % lane
    tokens = np.arange(memory + 1)[:, None]
    running = np.arange(lane - 1)[None, :]
    outside = tokens + running > memory
    before = np.where(outside, 0, (tokens + running) * lane + running)
    absurd = (tokens < least) | (tokens > most)
    table[steps, :, :] = NEVER
    table[steps, 0, 0] = 0
    work = np.full((memory + 1) * lane, NEVER, np.int32)
    spare = work.copy()
    work[0] = 0
    for t in range(steps - 1, since - 1, -1):
        for e in range(start_first[t], start_first[t + 1]):
            c, size = start_class[e], int(start_size[e])
            if size == ANY:
                flag = taken[e if len(taken) > 1 else 0]
                _start_any(work, start_jump[c], -alpha[c, t], lane, spare, flag)
                work, spare = spare, work
                continue
            jump = size * start_jump[c]
            there = work[jump:] - np.int32(size) * alpha[c, t]
            better = there < work[:-jump]
            better &= (place[:-jump] < lane - size) | (place[:-jump] == lane - 1)
            if len(taken) > 1:
                taken[e, :-jump] = better
            spare[:] = work
            np.copyto(spare[:-jump], there, where=better)
            spare[lane - 1 :: lane] = NEVER
            work, spare = spare, work
        cells = spare.reshape(memory + 1, lane)[:, :-1]
        cells[:] = np.where(outside, NEVER, work[before])
        work, spare = spare, work
        for e in range(end_first[t], end_first[t + 1]):
            c, size = end_class[e], int(end_size[e])
            if size == ANY:
                flag = taken[shift + e if len(taken) > 1 else 0]
                _end_any(work, end_jump[c], -beta[c, t - kinds.output[c]], lane, spare, flag)
                work, spare = spare, work
                continue
            jump = size * end_jump[c]
            there = work[:-jump] - np.int32(size) * beta[c, t - kinds.output[c]]
            better = there < work[jump:]
            better &= place[jump:] >= size - 1
            if len(taken) > 1:
                taken[shift + e, jump:] = better
            spare[:] = work
            np.copyto(spare[jump:], there, where=better)
            spare[lane - 1 :: lane] = NEVER
            work, spare = spare, work
        cells = work.reshape(memory + 1, lane)[:, :-1]
        cells[absurd | (cells > NEVER)] = NEVER
        table[t] = cells.T


@njit(nogil=True, error_model="numpy", plain=_plain_sweep)
def sweep(layout, since, alpha, beta, table, taken):  # type: ignore[no-untyped-def]
    """Fill table[since..] backwards; `taken` notes which events a path takes.

    A step's cells lie flat at ``tokens * lane + running``, so that an event is one shift of the
    whole array. The last place of a lane holds no path: it keeps the lanes apart. A `taken` of one
    row is overwritten by every event (nothing is noted).
    """
    (
        kinds, _, start_first, start_class, start_size, end_first, end_class, end_size, least, most,
    ) = layout  # fmt: skip
    memory, prompt, output = kinds.memory, kinds.prompt, kinds.output
    lane = least.size + 1
    last = start_first.size - 2
    work = np.full((memory + 1) * lane, NEVER, np.int32)
    spare = np.full((memory + 1) * lane, NEVER, np.int32)
    table[last + 1, :, :] = NEVER
    table[last + 1, 0, 0] = 0
    work[0] = 0
    shift = start_class.size
    noted = taken.shape[0] > 1
    for t in range(last, since - 1, -1):
        for e in range(start_first[t], start_first[t + 1]):
            c, size = start_class[e], start_size[e]
            jump = max(1, size) * ((prompt[c] + 1) * lane + 1)
            flag = taken[e if noted else 0]
            if size == ANY:
                _start_any(work, jump, np.int32(-alpha[c, t]), lane, spare, flag)
                work, spare = spare, work
                continue
            _start(work, jump, np.int32(-size * alpha[c, t]), lane, spare, flag)
            if size > 1:
                _take_back(work, lane, lane - size, lane - 1, spare, flag)
            work, spare = spare, work
        _decode(work, memory, lane, spare)
        work, spare = spare, work
        for e in range(end_first[t], end_first[t + 1]):
            c, size = end_class[e], end_size[e]
            jump = max(1, size) * ((prompt[c] + output[c]) * lane + 1)
            flag = taken[shift + e if noted else 0]
            if size == ANY:
                _end_any(work, jump, np.int32(-beta[c, t - output[c]]), lane, spare, flag)
                work, spare = spare, work
                continue
            _end(work, jump, np.int32(-size * beta[c, t - output[c]]), lane, spare, flag)
            if size > 1:
                _take_back(work, lane, 0, size - 1, spare, flag)
            work, spare = spare, work
        _store(work, least, most, memory, lane, table[t])


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
