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
from typing import NamedTuple

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
    costs, table
        As of :class:`Walks`.
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


class Walks(NamedTuple):
    """The cheapest walks over profiles, for what each start costs.

    Parameters
    ----------
    costs
        Of the ways to start at each step, shape (steps, ways).
    table
        ``table[t, x]``: the least that a walk from profile x before the starts at step t still
        costs. The last row is 0, and so would be those after it.
    taken
        The way that one from the empty profile takes at each step.
    """

    costs: Table
    table: Table
    taken: Places


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
    walks = cheapest(space, single, buffer, deadline)
    if walks is None:
        return None
    return Bound(
        prices=prices,
        value=int(walks.table[0, 0]) + int((prices * model.count).sum()),
        slope=model.count - space.ways[walks.taken].sum(axis=0),
        costs=walks.costs,
        table=walks.table,
    )


def cheapest(
    space: Space, single: Column, buffer: Table, deadline: float | None = None
) -> Walks | None:
    """Return the cheapest walks where a start costs so much, or None where time is up before.

    Parameters
    ----------
    single
        Of each step and class, shape (steps, classes); what costs 0 or more is not taken.
    buffer
        Overwritten by the table; of more rows than there are steps.
    deadline
        On the clock of :func:`time.monotonic`.

    Raises
    ------
    LimitError
        Walks could earn more than 32 bits hold.
    """
    costs = _of_ways(space, single)
    table = buffer[: len(costs) + 1]
    arcs = space.first, space.to, space.way
    last = ((single < 0) * np.arange(single.shape[1])).max(axis=1)
    if space.profiles < _MANY:
        done = aside(lambda flag: bool(_rows(*arcs, space.top, last, costs, table, flag)), deadline)
    else:
        done = _rows_side_by_side(space, last, costs, table, deadline)
    if not done:
        return None
    taken = np.zeros(len(costs), np.int32)
    _walk(*arcs, costs, table, taken)
    return Walks(costs, table, taken)


def _rows_side_by_side(
    space: Space, last: Column, costs: Table, table: Table, deadline: float | None
) -> bool:
    flag = new_flag()
    table[len(costs)] = 0
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
    table[len(costs)] = 0
    for t in range(len(costs) - 1, -1, -1):
        if flag[0]:
            return False
        np.minimum.reduceat(costs[t][way] + table[t + 1][to], first[:-1], out=table[t])
    return True


@njit(nogil=True, error_model="numpy", plain=_plain_rows)
def _rows(first, to, way, top, last, costs, table, flag):  # type: ignore[no-untyped-def]
    """Write all rows of a table; return whether no set `flag` has ended it before."""
    steps = costs.shape[0]
    for x in range(table.shape[1]):
        table[steps, x] = 0
    for t in range(steps - 1, -1, -1):
        if flag[0]:
            return False
        _row(first, to, way, top, last[t], costs[t], table[t + 1], 0, first.size - 1, table[t])
    return True


@njit(nogil=True, error_model="numpy")
def _walk(first, to, way, costs, table, taken):  # type: ignore[no-untyped-def]
    """Write to `taken` the way that a cheapest walk takes at each step."""
    x = 0
    for t in range(costs.shape[0]):
        for e in range(first[x], first[x + 1]):
            if costs[t, way[e]] + table[t + 1, to[e]] == table[t, x]:
                taken[t] = way[e]
                x = to[e]
                break
