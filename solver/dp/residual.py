"""A bound that sees the residual profile: for a few steps, running requests end when they end.

The trajectory bound knows of a state how many tokens are held and how many requests run; when these
end is only priced. Here, for the next steps, their tokens are taken off the memory, and paths are
those of the waiting requests alone; from then on the tables say what is to come. That is never
less, as each such path is one of theirs with the true ends, and takes a small sweep for each state.

It ranks the states of a beam. A search would have to say in its proof where it was used, and every
checker to repeat it; of the time of a search it takes as much as it saves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.multipliers import Vector
from kvproof.solver.dp.sweep import NEVER
from kvproof.solver.dp.trajectory import SCALE, Grid


class Ahead(NamedTuple):
    """What vectors say of the next steps; first axis: vectors.

    Parameters
    ----------
    now
        The step before whose starts the states are.
    rest
        Least scaled cost of a request of each class that starts from then on.
    alpha, beta
        Multipliers, shape (vectors, classes, starts).
    table
        Their tables in steps now, now + 1, ..., shape (vectors, steps, tokens, running).
    """

    now: int
    rest: npt.NDArray[np.int64]
    alpha: npt.NDArray[np.int32]
    beta: npt.NDArray[np.int32]
    table: npt.NDArray[np.int32]


def ahead_of(grid: Grid, vectors: list[Vector], now: int, steps: int) -> Ahead:
    """Gather what :func:`see` needs of the vectors in use to look so many steps ahead."""
    end = min(now + steps, grid.horizon + 1)
    table = np.stack([v.table[now : end + 1] for v in vectors])
    return Ahead(
        now=now,
        rest=np.stack([v.rest[:, now] for v in vectors]),
        alpha=np.stack([v.alpha for v in vectors]),
        beta=np.stack([v.beta for v in vectors]),
        table=np.ascontiguousarray(table.transpose(0, 1, 3, 2)),
    )


@njit(nogil=True, error_model="numpy")
def see(layout, packing, ahead, states, begin, stop, flag):  # type: ignore[no-untyped-def]
    """Raise `low` of states begin..stop-1 by the vector that each was bounded with.

    A set `flag` ends it.
    """
    now, rest, alpha, beta, table = ahead
    kinds, allowed, _, _, _, _, _, _, least, highest = layout
    memory, _, prompt, output, count, offset = kinds
    _, latency, profile, starts, low, vector = states
    bits = np.uint64(packing.bits)
    lane_mask = np.uint64((1 << packing.bits) - 1)
    lanes = 64 // packing.bits
    steps, most = table.shape[1], table.shape[3] - 1
    room = np.empty(count.size, np.int64)
    free = np.empty(steps + 1, np.int64)  # tokens that the running ones leave in each step
    work = np.empty(0, np.int32)
    spare = np.empty(0, np.int32)
    floor = np.empty(0, np.int32)
    lane = 0  # places for each number of tokens; the last holds no path
    for i in range(begin, stop):
        if flag[0]:
            return
        v = min(np.int64(vector[i]), rest.shape[0] - 1)
        bound = latency[i] * SCALE
        last = 0
        for c in range(count.size):
            room[c] = count[c]
            for r in range(offset[c], offset[c] + count[c]):
                if starts[i, r] < 0:
                    break
                room[c] -= 1
                last = max(last, starts[i, r] + output[c] + 1 - now)
            bound += room[c] * rest[v, c]
        last = min(last, steps - 1)
        if last <= 0:
            continue
        # the running ones that are left when the tables go on
        left = 0
        for c in range(count.size):
            for r in range(offset[c], offset[c] + count[c] - room[c]):
                if starts[i, r] + output[c] >= now + last:
                    left += 1
                    bound += beta[v, c, starts[i, r]]
        widest = 0
        for j in range(1, last + 1):
            free[j] = memory
            if j <= profile.shape[1] * lanes:
                place = np.uint64((j - 1) % lanes)
                held = np.int64((profile[i, (j - 1) // lanes] >> (bits * place)) & lane_mask)
                free[j] = memory - held
            widest = max(widest, free[j])
        running = 0
        while running + left < most and least[running + 1] <= widest:
            running += 1
        if running + 2 != lane:
            lane = running + 2
            floor = np.full((memory + 1) * lane, NEVER, np.int32)
            for k in range(running + 1):
                for u in range(least[k], highest[k] + 1):
                    floor[u * lane + k] = -NEVER
        cells = (widest + 1) * lane
        if work.size < cells:
            work = np.empty(cells, np.int32)
            spare = np.empty(cells, np.int32)
        held = memory - free[last]
        for u in range(free[last] + 1):
            for k in range(lane - 1):
                work[u * lane + k] = table[v, last, held + u, left + k]
            work[u * lane + lane - 1] = NEVER
        for j in range(last - 1, -1, -1):
            t = now + j
            cells = (free[j + 1] + 1) * lane
            for c in range(count.size):
                tokens = prompt[c] + 1
                if room[c] == 0 or tokens > free[j + 1] or not allowed[c, t]:
                    continue
                jump = tokens * lane + 1
                price = np.int32(-alpha[v, c, t])
                # any number, if so many wait as find room
                if room[c] * tokens > free[j + 1]:
                    _start_any(work, cells, jump, price, floor, spare)
                    work, spare = spare, work
                else:
                    for _ in range(room[c]):
                        _start(work, cells, jump, price, floor, spare)
                        work, spare = spare, work
            _grow(work, free[j + 1], free[j] if j > 0 else 0, lane, floor, spare)
            work, spare = spare, work
            if j == 0:
                break
            cells = (free[j] + 1) * lane
            for c in range(count.size):
                p = t - output[c]
                tokens = prompt[c] + output[c]
                if p < now or room[c] == 0 or tokens > free[j] or not allowed[c, p]:
                    continue
                jump = tokens * lane + 1
                price = np.int32(-beta[v, c, p])
                if room[c] * tokens > free[j]:
                    _end_any(work, cells, jump, price, floor, spare)
                    work, spare = spare, work
                else:
                    for _ in range(room[c]):
                        _end(work, cells, jump, price, floor, spare)
                        work, spare = spare, work
        bound += work[0]
        low[i] = max(low[i], bound)


# The events of `sweep` over some cells alone, without a note of what is taken, and with what no
# path can be at left out by its floor.


@njit(nogil=True, error_model="numpy")
def _start(work, cells, jump, price, floor, out):  # type: ignore[no-untyped-def]
    cells, jump = np.uint64(cells), np.uint64(jump)
    for x in range(cells - jump):
        out[x] = max(min(work[x], np.int32(work[x + jump] + price)), floor[x])
    for x in range(cells - jump, cells):
        out[x] = work[x]


@njit(nogil=True, error_model="numpy")
def _end(work, cells, jump, price, floor, out):  # type: ignore[no-untyped-def]
    cells, jump = np.uint64(cells), np.uint64(jump)
    for x in range(jump):
        out[x] = work[x]
    for x in range(cells - jump):
        y = x + jump
        out[y] = max(min(work[y], np.int32(work[x] + price)), floor[y])


@njit(nogil=True, error_model="numpy")
def _start_any(work, cells, jump, price, floor, out):  # type: ignore[no-untyped-def]
    cells, jump = np.uint64(cells), np.uint64(jump)
    for x in range(cells - jump, cells):
        out[x] = work[x]
    end = cells - jump
    while end > np.uint64(0):
        begin = end - min(jump, end)
        for x in range(begin, end):
            out[x] = max(min(work[x], np.int32(out[x + jump] + price)), floor[x])
        end = begin


@njit(nogil=True, error_model="numpy")
def _end_any(work, cells, jump, price, floor, out):  # type: ignore[no-untyped-def]
    cells, jump = np.uint64(cells), np.uint64(jump)
    for x in range(jump):
        out[x] = work[x]
    begin = jump
    while begin < cells:
        end = min(begin + jump, cells)
        for x in range(begin, end):
            out[x] = max(min(work[x], np.int32(out[x - jump] + price)), floor[x])
        begin = end


@njit(nogil=True, error_model="numpy")
def _grow(work, held, free, lane, floor, out):  # type: ignore[no-untyped-def]
    """Go back over a step: each of the k running requests then held a token less."""
    for u in range(free + 1):
        inside = min(lane - 1, max(0, held + 1 - u))
        row = np.uint64(u * lane)
        for k in range(np.uint64(inside)):
            out[row + k] = max(work[row + k * np.uint64(lane + 1)], floor[row + k])
        for k in range(inside, lane):
            out[row + np.uint64(k)] = NEVER
