"""Those profiles of each step that cheap walks pass, with the arcs between them.

On them alone the relaxation is solved a hundred times as fast as on all. Of prices far from those
that chose them it says too much; what it says is tried on all profiles, which adds the cheap walks
at these prices, until both agree.
"""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.adam import Adam
from kvproof.solver.profiles.bound import Bound, costs_of
from kvproof.solver.profiles.space import Places, Space, arcs_of
from kvproof.solver.threads import Flag

# Profiles of a step that are chosen at once, and by how much walks over them may miss the cheapest
# one, in units of latency.
_MOST, _REACH = 1_000, 400
# Rounds of the ascent; what a price moves in the first one, as a part of the largest price, and the
# part of that in the last one; and its damping.
_ROUNDS = 60
_STRIDE, _LAST, _DAMPING = 0.05, 0.003, 0.3


class Excerpt:
    """The profiles chosen so far, step by step."""

    def __init__(self, model: Model, space: Space) -> None:
        self.model, self.space = model, space
        self._steps: list[Places] = []
        self._least = np.full(space.profiles, -1, np.int32)
        self._found = np.empty(space.profiles, np.int32)
        self._place = np.full(space.profiles, -1, np.int32)

    def add(self, bound: Bound, flag: Flag) -> bool:
        """Choose those that the cheapest walks at these prices pass; False once `flag` is set."""
        space = self.space
        chosen = np.zeros(1, np.int32)
        missed = np.zeros(1, np.int32)
        for t in range(len(bound.table)):
            if t == len(self._steps):
                self._steps.append(chosen)
            else:
                self._steps[t] = np.union1d(self._steps[t], chosen)
            if t == len(bound.costs):
                break
            if flag[0]:
                return False
            number = _spread(
                space.first, space.to, space.way, bound.costs[t], bound.table[t],
                bound.table[t + 1], chosen, missed, _REACH * SCALE, self._least, self._found,
            )  # fmt: skip
            chosen = np.sort(self._found[:number])
            missed = self._least[chosen]
            self._least[chosen] = -1
            if number > _MOST:
                best = np.argpartition(missed, _MOST)[:_MOST]
                chosen, missed = chosen[best], missed[best]
        self._lay_out()
        return True

    def _lay_out(self) -> None:
        space = self.space
        self._begin = np.concatenate(([0], np.cumsum([len(own) for own in self._steps])))
        nodes = np.concatenate(self._steps)
        self._first = np.empty(len(nodes) + 1, np.int64)
        none = np.empty(0, np.int32)
        arcs = space.first, space.to, space.way
        number = _between(*arcs, self._begin, nodes, self._place, self._first, none, none)
        self._to, self._way = np.empty(number, np.int32), np.empty(number, np.int32)
        _between(*arcs, self._begin, nodes, self._place, self._first, self._to, self._way)
        self._value = np.empty(len(nodes), np.int32)

    def climb(self, prices: Column, most: Column, flag: Flag) -> tuple[Column, int]:
        """Return the best prices for the chosen profiles, up to `most`, and the bound there.

        The best so far, once `flag` is set.
        """
        best, highest = prices, -(1 << 62)
        at = prices.astype(float)
        steps = Adam(_STRIDE * float(at.max()), _LAST, _ROUNDS, _DAMPING)
        for _ in range(_ROUNDS):
            whole = np.rint(at).astype(np.int64)
            value, slope = self._evaluate(whole)
            if value > highest:
                best, highest = whole, value
            if not slope.any() or flag[0]:  # nothing is better, or no time is left
                break
            at = np.clip(at + steps.move(slope), 0, most)
        return best, highest

    def _evaluate(self, prices: Column) -> tuple[int, Column]:
        """Return the bound over the chosen profiles, and its slope."""
        model, ways = self.model, self.space.ways
        costs = costs_of(model, self.space, prices, len(self._steps))
        taken = np.zeros(len(ways), np.int64)
        least = _solved(
            self._begin, self._first, self._to, self._way, costs, self._value, taken
        )  # fmt: skip
        return int(least) + int((prices * model.count).sum()), model.count - taken @ ways


def _plain_spread(  # type: ignore[no-untyped-def]
    first, to, way, cost, before, after, chosen, missed, limit, least, found
):  # fmt: skip
    owner, arcs = arcs_of(first, chosen)
    now = missed[owner] - before[chosen[owner]] + cost[way[arcs]] + after[to[arcs]]
    kept = now <= limit
    there = np.unique(to[arcs[kept]])
    least[there] = limit
    np.minimum.at(least, to[arcs[kept]], now[kept])
    found[: len(there)] = there
    return len(there)


@njit(nogil=True, error_model="numpy", plain=_plain_spread)
def _spread(  # type: ignore[no-untyped-def]
    first, to, way, cost, before, after, chosen, missed, limit, least, found
):  # fmt: skip
    """Write to `found` where arcs lead within the limit, and return how many these are.

    `least` becomes, of each, by how much the best walk over it that is known misses the cheapest.
    """
    number = 0
    for i in range(chosen.size):
        x = chosen[i]
        base = missed[i] - before[x]
        for e in range(first[x], first[x + 1]):
            now = base + cost[way[e]] + after[to[e]]
            if now <= limit:
                y = to[e]
                if least[y] == -1:
                    found[number] = y
                    number += 1
                    least[y] = now
                elif now < least[y]:
                    least[y] = now
    return number


def _plain_between(first, to, way, begin, nodes, place, out_first, out_to, out_way):  # type: ignore[no-untyped-def]
    number = 0
    out_first[:] = 0
    for t in range(len(begin) - 2):
        after = nodes[begin[t + 1] : begin[t + 2]]
        place[after] = np.arange(begin[t + 1], begin[t + 2])
        owner, arcs = arcs_of(first, nodes[begin[t] : begin[t + 1]])
        kept = place[to[arcs]] >= 0
        out_first[begin[t] + 1 : begin[t + 1] + 1] = np.bincount(
            owner[kept], minlength=begin[t + 1] - begin[t]
        )
        arcs = arcs[kept]
        if len(out_to):
            out_to[number : number + len(arcs)] = place[to[arcs]]
            out_way[number : number + len(arcs)] = way[arcs]
        number += len(arcs)
        place[after] = -1
    np.cumsum(out_first, out=out_first)
    return number


@njit(nogil=True, error_model="numpy", plain=_plain_between)
def _between(first, to, way, begin, nodes, place, out_first, out_to, out_way):  # type: ignore[no-untyped-def]
    """Write the arcs between the nodes of a step and those of the next, if there is room for any.

    `begin` tells where the nodes of each step begin; `place` is -1 everywhere, before and after.
    Returns their number.
    """
    number = 0
    steps = begin.size - 1
    for t in range(steps):
        last = t + 1 == steps
        if not last:
            for i in range(begin[t + 1], begin[t + 2]):
                place[nodes[i]] = i
        for i in range(begin[t], begin[t + 1]):
            out_first[i] = number
            x = nodes[i]
            for e in range(first[x], first[x + 1]):
                if last or place[to[e]] < 0:
                    continue
                if out_to.size:
                    out_to[number] = place[to[e]]
                    out_way[number] = way[e]
                number += 1
        if not last:
            for i in range(begin[t + 1], begin[t + 2]):
                place[nodes[i]] = -1
    out_first[nodes.size] = number
    return number


@njit(nogil=True, error_model="numpy")
def _solved(begin, first, to, way, costs, value, taken):  # type: ignore[no-untyped-def]
    """Return the least cost of a walk, and add up in `taken` how often it takes each way."""
    steps = begin.size - 1
    for t in range(steps - 1, -1, -1):
        for i in range(begin[t], begin[t + 1]):
            least = np.int32(0)
            for e in range(first[i], first[i + 1]):
                now = costs[t, way[e]] + value[to[e]]
                if now < least:
                    least = now
            value[i] = least
    i = 0
    for t in range(steps):
        if value[i] == 0:
            break
        for e in range(first[i], first[i + 1]):
            if costs[t, way[e]] + value[to[e]] == value[i]:
                taken[way[e]] += 1
                i = to[e]
                break
    return value[0]
