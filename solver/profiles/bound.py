"""The bound: price each start, and forget how many of each class have started.

For any prices, one for each class, over :data:`SCALE`,

    sum over classes of count * price + least over walks of the sum of (SCALE * latency - price)

is at most SCALE * OPT, where a walk goes from the empty profile over arcs and starts what it likes
(a state-space relaxation: Christofides, Mingozzi and Toth 1981). As a function of the prices it is
concave, and a walk shows its slope: how many too few of each class it starts.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.space import Places, Space
from kvproof.solver.threads import aside, blocks, cores, gather, new_flag

Table = npt.NDArray[np.int32]

# What no walk pays: such an arc is not taken. No walk earns as much.
_NEVER = 1 << 29
# Profiles from which the rows of a table are cut into blocks, one thread each.
_MANY = 50_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Bound:
    """What prices prove.

    Parameters
    ----------
    prices
        Of each class, over :data:`SCALE`.
    value
        A lower bound on SCALE * OPT.
    slope
        Of the bound in each price.
    costs
        Of the ways to start at each step, shape (steps, ways).
    table
        ``table[t, x]``: the least that a walk from profile x before the starts at step t still
        costs. The last row is 0, and so would be those after it.
    """

    prices: Column
    value: int
    slope: Column
    costs: Table
    table: Table


def horizon_of(model: Model, prices: Column) -> int:
    """Return the first step from which on no start is worth its price."""
    last = -(-prices // SCALE) - model.output + model.arrival
    return max(0, int(last.max()))


def costs_of(model: Model, space: Space, prices: Column, steps: int) -> Table:
    """Return what the ways to start cost a walk at each step, shape (steps, ways).

    Raises
    ------
    LimitError
        Walks could earn more than 32 bits hold.
    """
    return _of_ways(space, _single(model, prices, steps))


def _single(model: Model, prices: Column, steps: int) -> Column:
    """Return what a start of each class costs at each step, shape (steps, classes)."""
    t = np.arange(steps)[:, None]
    single = SCALE * (t + model.output - model.arrival) - prices
    return np.where(t >= model.arrival, single, _NEVER)


def _of_ways(space: Space, single: Column) -> Table:
    # nobody takes what costs more than its price: to start nothing costs 0
    single = np.where(single < 0, single, _NEVER)
    # in floats, which hold these integers, as those are multiplied six times as fast
    costs = single.astype(np.float64) @ space.ways.T.astype(np.float64)
    if int(costs.min(axis=1, initial=0).sum()) <= -_NEVER:
        raise LimitError("exact search: prices of starts beyond 32 bits")
    return np.where(costs < 0, costs, np.where(costs == 0, 0, _NEVER)).astype(np.int32)


def evaluate(
    model: Model, space: Space, prices: Column, buffer: Table, deadline: float | None = None
) -> Bound | None:
    """Return the bound of these prices, or None where time is up before.

    Parameters
    ----------
    buffer
        Overwritten by the table; of more rows than the horizon.
    deadline
        On the clock of :func:`time.monotonic`.
    """
    single = _single(model, prices, horizon_of(model, prices))
    table = buffer[: len(single) + 1]
    table[-1] = 0
    costs = fill(space, single, table, deadline)
    if costs is None:
        return None
    taken, _ = walk(space, costs, table, 0)
    return Bound(
        prices=prices,
        value=int(table[0, 0]) + int((prices * model.count).sum()),
        slope=model.count - space.ways[taken].sum(axis=0),
        costs=costs,
        table=table,
    )


def fill(space: Space, single: Column, table: Table, deadline: float | None = None) -> Table | None:
    """Write what the cheapest walks cost to all rows but the last one, which says it for later.

    Parameters
    ----------
    single
        What a start costs, shape (steps, classes); what costs 0 or more is not taken.
    table
        Shape (steps + 1, profiles): of each step, what the cheapest walk from each profile before
        its starts on costs.
    deadline
        On the clock of :func:`time.monotonic`.

    Returns
    -------
    Table | None
        What each way to start costs at each step, or None where time is up before.

    Raises
    ------
    LimitError
        Walks could earn more than 32 bits hold.
    """
    costs = _of_ways(space, single)
    if int(costs.min(axis=1, initial=0).sum()) + int(table[-1].min()) <= -_NEVER:
        raise LimitError("exact search: prices of starts beyond 32 bits")
    arcs = space.first, space.to, space.way
    last = ((single < 0) * np.arange(single.shape[1])).max(axis=1)
    if space.profiles < _MANY:
        done = aside(lambda flag: bool(_rows(*arcs, space.top, last, costs, table, flag)), deadline)
    else:
        done = _rows_side_by_side(space, last, costs, table, deadline)
    return costs if done else None


def walk(space: Space, costs: Table, table: Table, x: int) -> tuple[Places, int]:
    """Return the way that a cheapest walk from a profile takes at each step, and where it ends."""
    taken = np.zeros(len(costs), np.int32)
    end = _walk(space.first, space.to, space.way, costs, table, x, taken)
    return taken, int(end)


def _rows_side_by_side(
    space: Space, last: Column, costs: Table, table: Table, deadline: float | None
) -> bool:
    flag = new_flag()
    with ThreadPoolExecutor(cores()) as pool:
        for t in range(len(costs) - 1, -1, -1):
            jobs = [
                pool.submit(
                    _row, space.first, space.to, space.way, space.top, last[t], costs[t],
                    table[t + 1], begin, end, table[t],
                )
                for begin, end in blocks(space.profiles, cores())
            ]  # fmt: skip
            gather(jobs, flag, deadline)
            if flag[0]:
                return False
    return True


@njit(nogil=True, error_model="numpy")
def _row(first, to, way, top, last, cost, after, begin, end, out):  # type: ignore[no-untyped-def]
    """Write the least costs from profiles begin..end-1 on, given those one step later.

    No class after the `last` one is worth a start.
    """
    for x in range(begin, end):
        least = np.int32(0)
        for e in range(first[x], first[x + 1]):
            w = way[e]
            if top[w] > last:
                break
            value = cost[w] + after[to[e]]
            if value < least:
                least = value
        out[x] = least


def _plain_rows(first, to, way, top, last, costs, table, flag):  # type: ignore[no-untyped-def]
    for t in range(len(costs) - 1, -1, -1):
        if flag[0]:
            return False
        np.minimum.reduceat(costs[t][way] + table[t + 1][to], first[:-1], out=table[t])
    return True


@njit(nogil=True, error_model="numpy", plain=_plain_rows)
def _rows(first, to, way, top, last, costs, table, flag):  # type: ignore[no-untyped-def]
    """Write all rows of a table but the last; return whether no set `flag` has ended it before."""
    for t in range(costs.shape[0] - 1, -1, -1):
        if flag[0]:
            return False
        _row(first, to, way, top, last[t], costs[t], table[t + 1], 0, first.size - 1, table[t])
    return True


@njit(nogil=True, error_model="numpy")
def _walk(first, to, way, costs, table, x, taken):  # type: ignore[no-untyped-def]
    """Write to `taken` the way that a cheapest walk takes at each step; return where it ends."""
    for t in range(costs.shape[0]):
        for e in range(first[x], first[x + 1]):
            if costs[t, way[e]] + table[t + 1, to[e]] == table[t, x]:
                taken[t] = way[e]
                x = to[e]
                break
    return x
