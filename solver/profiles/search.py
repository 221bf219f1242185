"""A search over profiles and how many have started, with what the bound says of the rest.

Step by step each state takes the arcs for which enough requests wait. What remains costs no less
than its prices and the walk on from its profile. Of states that have started as many of each class
and hold the same, the cheapest is kept.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import late
from kvproof.solver.dp.states import Words, packing_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.bound import Bound
from kvproof.solver.profiles.space import Places, Space
from kvproof.solver.result import Limit
from kvproof.solver.threads import Flag, aside

# Bytes that a state takes while its layer is made, and for good.
_BYTES, _KEPT_BYTES = 72, 8
_ROOM = 1 << 16

Numbers = npt.NDArray[np.int64]


class Columns(NamedTuple):
    """Children: what has started, what it holds and costs, a bound, and where each comes from."""

    key: Words
    place: Places
    latency: Numbers
    low: Numbers
    parent: Places
    way: Places


class Search:
    """Finds the best schedule below a target, or proves that there is none.

    Parameters
    ----------
    model, space, bound
        The instance, its profiles, and prices for them.
    target
        Total latency; only what is below is looked for.
    memory_bytes
        What it may hold.
    width
        Keep only so many states a layer: a beam, which proves nothing where it has dropped any.
    deadline
        On the clock of :func:`time.monotonic`.
    """

    def __init__(
        self,
        model: Model,
        space: Space,
        bound: Bound,
        target: int,
        memory_bytes: int,
        width: int | None = None,
        deadline: float | None = None,
    ) -> None:
        self.model, self.space, self.bound = model, space, bound
        self.width, self.memory_bytes = width, memory_bytes
        self.deadline = deadline
        self.best = target
        self.starts: Column | None = None
        self.proved = False
        self.states = 0
        self.limit: Limit | None = None
        # by layer, where each state comes from and how
        self._history: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []

    def hear(self, upper: int) -> None:
        """Look only for what is below a total that others found."""
        if upper < self.best:
            self.best, self.starts = upper, None

    def layers(self) -> Generator[None, None, None]:
        """Go on; yield after each step."""
        model, space = self.model, self.space
        radix = packing_of(model).radix
        way_key = space.ways.astype(np.uint64) @ radix
        whole = model.count.astype(np.uint64) @ radix
        key = np.zeros(1, np.uint64)
        place = np.zeros(1, np.int32)
        latency = np.zeros(1, np.int64)
        dropped = False
        t = 0
        while len(key):
            single = t + model.output - model.arrival
            rest = np.maximum(self.bound.prices, SCALE * (single + 1))
            way_latency = space.ways @ np.where(t < model.arrival, 0, single)
            early = (space.ways[:, t < model.arrival] > 0).any(axis=1)
            way_latency[early] = -1
            way_rest = space.ways @ rest
            found = aside(
                partial(
                    self._children, (key, place, latency), (way_key, way_latency, way_rest), rest,
                    self.bound.table[min(t + 1, len(self.bound.table) - 1)],
                ),
                self.deadline,
            )  # fmt: skip
            if found is None:
                self.limit = Limit.TIME if self._late() else Limit.MEMORY
                return
            key, place, latency, low, parent, way = found
            ends = key == whole
            if ends.any():
                least = int(np.flatnonzero(ends)[latency[ends].argmin()])
                if latency[least] < self.best:
                    self.best = int(latency[least])
                    self.starts = self._retraced(t, int(parent[least]), int(way[least]))
            order = np.lexsort((latency, place, key))
            order = order[~ends[order] & (low[order] <= SCALE * (self.best - 1))]
            first = np.ones(len(order), bool)
            first[1:] = key[order[1:]] != key[order[:-1]]
            first[1:] |= place[order[1:]] != place[order[:-1]]
            order = order[first]
            if self.width is not None and len(order) > self.width:
                dropped = True
                order = order[np.argpartition(low[order], self.width)[: self.width]]
            key, place, latency = key[order], place[order], latency[order]
            self._history.append((parent[order], way[order]))
            self.states += len(key)
            t += 1
            yield
        self.proved = not dropped

    def _late(self) -> bool:
        return late(self.deadline)

    def _children(
        self,
        states: tuple[Words, Places, Numbers],
        ways: tuple[Words, Numbers, Numbers],
        rest: Numbers,
        table: Places,
        flag: Flag,
    ) -> Columns | None:
        """Return the columns of the children, or None where they take too much memory or time."""
        packing = packing_of(self.model)
        most = max(1, (self.memory_bytes - _KEPT_BYTES * self.states) // _BYTES)
        rows = min(most, max(_ROOM, 2 * len(states[0])))
        kinds = self.model.kinds
        begin = filled = 0
        out = _columns(rows)
        while True:
            begin, filled = _expand(
                self.space.first, self.space.to, self.space.way, self.space.ways, *ways,
                packing.radix, kinds.copies, rest, table, SCALE * (self.best - 1),
                *states, begin, out, filled, flag,
            )  # fmt: skip
            if begin == len(states[0]):
                return _first(out, filled)
            if flag[0] or rows >= most:
                return None
            rows = min(most, 2 * rows)
            larger = _columns(rows)
            for name, column in _first(out, filled)._asdict().items():
                getattr(larger, name)[:filled] = column
            out = larger

    def _retraced(self, t: int, parent: int, way: int) -> Column:
        """Return the starts of a complete schedule, class by class, from its last arc."""
        model, ways = self.model, self.space.ways
        starts: list[list[int]] = [[] for _ in range(model.classes)]
        while True:
            for c, number in enumerate(ways[way].tolist()):
                starts[c].extend([t] * number)
            t -= 1
            if t < 0:
                break
            parents, taken = self._history[t]
            parent, way = int(parents[parent]), int(taken[parent])
        return np.array([p for own in starts for p in sorted(own)], dtype=np.int64)


def _first(columns: Columns, rows: int) -> Columns:
    key, place, latency, low, parent, way = columns
    return Columns(key[:rows], place[:rows], latency[:rows], low[:rows], parent[:rows], way[:rows])


def _columns(rows: int) -> Columns:
    return Columns(
        np.empty(rows, np.uint64), np.empty(rows, np.int32), np.empty(rows, np.int64),
        np.empty(rows, np.int64), np.empty(rows, np.int32), np.empty(rows, np.int32),
    )  # fmt: skip


@njit(nogil=True, error_model="numpy")
def _expand(  # type: ignore[no-untyped-def]
    first, to, way, ways, way_key, way_latency, way_rest, radix, copies, rest, table, cutoff,
    key, place, latency, begin, out, filled, flag,
):  # fmt: skip
    """Write the children of states from `begin` on; return the first whose children found no room.

    Ways with a latency of -1 start what has not arrived.
    """
    out_key, out_place, out_latency, out_low, out_parent, out_way = out
    classes = copies.size
    room = np.empty(classes, np.int64)
    for i in range(begin, key.size):
        if flag[0]:
            return i, filled
        base = SCALE * latency[i]
        for c in range(classes):
            room[c] = copies[c] - np.int64((key[i] // radix[c]) % np.uint64(copies[c] + 1))
            base += room[c] * rest[c]
        mark = filled
        for e in range(first[place[i]], first[place[i] + 1]):
            w = way[e]
            if way_latency[w] < 0:
                continue
            low = base + SCALE * way_latency[w] - way_rest[w] + table[to[e]]
            if low > cutoff:
                continue
            fits = True
            for c in range(classes):
                if ways[w, c] > room[c]:
                    fits = False
                    break
            if not fits:
                continue
            if filled == out_key.size:
                return i, mark
            out_key[filled] = key[i] + way_key[w]
            out_place[filled] = to[e]
            out_latency[filled] = latency[i] + way_latency[w]
            out_low[filled] = low
            out_parent[filled] = i
            out_way[filled] = w
            filled += 1
    return key.size, filled
