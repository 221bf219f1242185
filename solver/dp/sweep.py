"""One table of the trajectory relaxation, backwards step by step: the hot loop of every bound.

A step's cells lie flat at ``tokens * lane + running``, so that an event is one shift of the whole
array. The last place of a lane holds no path: it keeps the lanes apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kvproof.scheduling.compiled import njit

#: No path: any larger table value means the same.
NEVER = np.int32(1 << 29)
#: Size of an event that may be taken again and again.
ANY = 0

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


def _plain_take(there: Any, out: Any, flag: Any) -> None:
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

    A `taken` of one row is overwritten by every event (nothing is noted).

    Parameters
    ----------
    layout
        A :class:`~kvproof.solver.dp.trajectory.Layout`.
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
