"""Profiles of some classes, and the least that walks over them cost.

A profile is what the requests that have started hold in each step from the next one on, before
anything is started in that one. In each step a walk starts what fits beside it, which is a *way*,
then lets the step pass, which leads to the next profile.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from math import isqrt
from operator import mul
from typing import NamedTuple, Optional

from .budget import Budget

KEPT = 2**26  # bytes up to which all rows of a table are kept
# bytes of a way, an arc, what a profile becomes, and how one is found
_WAY, _ARC, _NEXT, _FOUND = 500, 9, 5, 140

Class = tuple[int, int, int, int]  # arrival, prompt, output, count
Way = tuple[int, ...]  # how many of each class start


class Profiles(NamedTuple):
    """The profiles that can come about, numbered as they are found; the first one holds nothing.

    Parameters
    ----------
    ways
        What can start in one step, and its number; nothing is the first.
    larger
        By way, those with one more, of the last class that it starts or a later one.
    after
        By profile, what it becomes where nothing starts.
    fits, becomes
        By way but the first, the profiles, ascending, beside which it fits; and what each becomes.
    """

    ways: dict[Way, int]
    larger: list[list[int]]
    after: "array[int]"
    fits: list["array[int]"]
    becomes: list["array[int]"]

    def next(self, x: int, way: int) -> int:
        """Return what a profile becomes when a way is started in a step.

        Where that does not fit it is a number that no profile has, so that nothing can go on.
        """
        if not way:
            return self.after[x]
        fits = self.fits[way]
        k = bisect_left(fits, x)
        return self.becomes[way][k] if k < len(fits) and fits[k] == x else len(self.after)


class Found(NamedTuple):
    """How profiles have been found.

    Parameters
    ----------
    number
        By packed profile, its number, in order.
    before, way
        By profile, what it was found from, and by which way; of the first these are 0.
    size
        Bytes of one.
    """

    number: dict[int, int]
    before: "array[int]"
    way: "array[int]"
    size: int

    def give(self, budget: Budget) -> None:
        """Say that all of it is no longer held."""
        budget.give(self.size * len(self.number))


def profiles_of(classes: list[Class], memory: int, budget: Budget) -> tuple[Profiles, Found]:
    """Go on from the empty one. Packed: an integer has a lane for each step, the next one lowest.

    The top bit of a lane is free, as in none the sum of two profiles exceeds twice the memory.
    """
    width, longest = memory.bit_length() + 1, max(o for _, _, o, _ in classes)
    size = 40 + width * longest // 7  # bytes of a packed profile
    turns = 1 + size // 256
    budget.take((10 + len(classes)) * size)
    shapes = []
    for _, s, o, _ in classes:
        shape = 0
        for tokens in budget.each(range(s + o, s, -1), turns):
            shape = shape << width | tokens
        shapes.append(shape)
    ones = ((1 << width * longest) - 1) // ((1 << width) - 1)
    bias, guard = ones * ((1 << (width - 1)) - 1 - memory), ones << (width - 1)

    ways, larger = _ways_of(shapes, bias, guard, budget)
    size += _FOUND
    number, found = {0: 0}, [0]
    before, by, after = array("i", [0]), array("i", [0]), array("i")
    fits, becomes = [array("i") for _ in ways], [array("i") for _ in ways]
    for x, h in enumerate(budget.each(found)):  # which grows
        together = [(0, h)]
        while together:
            budget.tick(turns * len(together))
            budget.take(_ARC * len(together))
            for w, held in together:
                new = held >> width
                if new not in number:
                    budget.take(_NEXT + size)
                    number[new] = len(found)
                    found.append(new)
                    before.append(x)
                    by.append(w)
                if w:
                    fits[w].append(x)
                    becomes[w].append(number[new])
                else:
                    after.append(number[new])
            together = [
                (more, held + shape)
                for w, held in together
                for more, shape in larger[w]
                if not (held + shape + bias) & guard
            ]
    numbers = [[more for more, _ in some] for some in larger]
    profiles = Profiles(ways, numbers, after, fits, becomes)
    return profiles, Found(number, before, by, size)


def _ways_of(
    shapes: list[int], bias: int, guard: int, budget: Budget
) -> tuple[dict[Way, int], list[list[tuple[int, int]]]]:
    """Return what can start in one step; and by way those with one more, and what that one holds.

    Of the last class that it starts or a later one, so that there is one order to each.
    """
    size = guard.bit_length() // 7
    found: list[tuple[int, int, Way]] = [(0, 0, (0,) * len(shapes))]
    larger: list[list[tuple[int, int]]] = []
    for held, last, way in budget.each(found, len(shapes) * (1 + size // 256)):  # which grows
        larger.append([])
        for c in range(last, len(shapes)):
            new = held + shapes[c]
            if not (new + bias) & guard:
                budget.take(size + _WAY + 16 * len(shapes))
                larger[-1].append((len(found), shapes[c]))
                found.append((new, c, (*way[:c], way[c] + 1, *way[c + 1 :])))
    return {way: w for w, (_, _, way) in enumerate(found)}, larger


class Table:
    """V by step: V(t, h) is the least sum of what starts at step t or later cost.

    Of any that fit beside the profile h. A start of each class at step t costs ``costs(t)``; what
    costs 0 or more makes it no less. V is given as the last row for the step after these.

    Of a large table each so-manieth row is kept; those between are worked out again as they are
    asked for, which is quick in ascending order.
    """

    def __init__(
        self,
        profiles: Profiles,
        costs: Callable[[int], list[int]],
        steps: range,
        last: "array[int]",
        budget: Budget,
    ) -> None:
        self.profiles, self.costs, self.budget = profiles, costs, budget
        lowest = min(last)
        for t in steps:
            lowest += min(self._costs(t))
        self.code = "i" if lowest >= -(2**31) else "q"
        self.size = 200 + (4 if self.code == "i" else 8) * len(last)
        budget.take(4 * self.size)  # of the last row and those in work
        every = 1 if len(steps) * self.size <= KEPT else isqrt(len(steps))
        row = array(self.code, last)
        self.kept = {steps.stop: row}
        self.between: dict[int, array[int]] = {}
        for t in reversed(steps):
            row = self._before(t, row)
            if (t - steps.start) % every == 0:
                budget.take(self.size)
                self.kept[t] = row

    def row(self, t: int) -> "array[int]":
        """Return V of a step."""
        if t not in self.kept and t not in self.between:
            self.budget.give(self.size * len(self.between))
            self.between = {}
            after = min(s for s in self.kept if s > t)
            row = self.kept[after]
            for s in range(after - 1, t - 1, -1):
                self.budget.take(self.size)
                row = self.between[s] = self._before(s, row)
        return self.kept[t] if t in self.kept else self.between[t]

    def _costs(self, t: int) -> list[int]:
        """Return what each way costs."""
        own = self.costs(t)
        self.budget.tick(len(self.profiles.ways))
        return [sum(map(mul, way, own)) for way in self.profiles.ways]

    def _before(self, t: int, row: "array[int]") -> "array[int]":
        """Return V of a step from that of the next one."""
        _, _, after, fits, becomes = self.profiles
        self.budget.tick(len(after))
        out = array(self.code, map(row.__getitem__, after))
        for cost, some, next_ones in zip(self._costs(t), fits, becomes):
            if cost < 0:
                self.budget.tick(len(some))
                for x, y in zip(some, next_ones):
                    v = row[y] + cost
                    if v < out[x]:
                        out[x] = v
        return out


def links_of(
    some: tuple[Profiles, Found],
    others: tuple[Profiles, Found],
    kept: list[Optional[int]],
    budget: Budget,
) -> "array[int]":
    """Return which of the others each profile becomes: what holds the same, or no more.

    Where none holds the same it is one way to make the profile, without the requests of classes
    that have no place among the others, as `kept` has it for each class.
    """
    (own, (number, before, by, _)), (later, found) = some, others
    places = range(len(next(iter(later.ways))))
    left = []  # of each way
    for way in budget.each(own.ways, len(places)):
        counts = [sum(n for n, c in zip(way, kept) if c == place) for place in places]
        left.append(later.ways[tuple(counts)])
    budget.take(_NEXT * len(number))
    link = array("i")
    for h, x, w in zip(budget.each(number), before, by):
        same = found.number.get(h, -1)
        link.append(same if same >= 0 else later.next(link[x], left[w]))
    return link
