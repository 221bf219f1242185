"""Lower bound by profiles: search through all schedules below a target, by a relaxed table.

A profile is what the requests that have started hold in each step from the next one on. Of a
schedule's rest, a table forgets how many of each class are left: any number of each may start, at
the price of its class. So V(t, h), the least sum of ``scale * latency - price`` over collections
of starts at step t or later that fit beside the profile h, depends on t and h alone, and bounds
what completes a state from below. As V is of any collection that fits, nothing started too, it is
at most 0; and from some step on no class is worth its price, so that V is 0.

Forward in time, a state is: how many of each class are left, and the profile; of equal ones the
cheapest is kept. Each state starts its waiting requests in every way that fits. A child is left out
where its latency, the least that each request left costs or its price, and V exceed the target less
1 together: so does, then, all that completes it.
"""

from array import array
from fractions import Fraction
from operator import mul
from typing import Any, NamedTuple

from .budget import MOST_STEPS, Budget
from .model import Instance
from .reader import TOP, WHERE, entries, integer, integers
from .verdict import OverLimit

EDGE = 120  # bytes of a place in a dictionary of small integers

Class = tuple[int, int, int, int]  # arrival, prompt, output, count
Stand = tuple[tuple[int, ...], int]  # how many of each class are left, and the profile
Layer = dict[Stand, int]  # the least latency of what has started
Bounds = tuple[list[int], "array[int]"]  # what each class costs from a step on, and V


class Profiles(NamedTuple):
    """The profiles that can come about, numbered: what is started on one leads to an earlier one.

    Parameters
    ----------
    empty
        The one that holds nothing.
    after
        By profile, what is left of it a step later.
    plus
        By class, then by profile that has room for one of it, the profile with that one.
    """

    empty: int
    after: list[int]
    plus: list[dict[int, int]]


def profiles_of(classes: list[Class], memory: int, budget: Budget) -> Profiles:
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
    number, found = {0: 0}, [0]
    for h in budget.each(found, turns * (1 + len(classes))):  # which grows
        for new in (h >> width, *[h + shape for shape in shapes]):
            if new not in number and not (new + bias) & guard:
                budget.take(size + 300)
                number[new] = 0
                found.append(new)
    found.sort(key=lambda h: h & ((1 << width) - 1), reverse=True)  # a start adds tokens at once
    number.update(zip(found, budget.each(range(len(found)))))
    after = [number[h >> width] for h in budget.each(found, turns)]
    plus = []
    for shape in shapes:
        budget.take(EDGE * len(found))
        fit = ((x, h + shape) for x, h in enumerate(budget.each(found, turns)))
        plus.append({x: number[new] for x, new in fit if new in number})
        budget.give(EDGE * (len(found) - len(plus[-1])))
    return Profiles(number[0], after, plus)


class ProfileSearch:
    """The search for schedules below the target, and the table that bounds its states."""

    def __init__(
        self, target: int, scale: int, prices: list[int], instance: Instance, budget: Budget
    ) -> None:
        self.best = target  # the least total met, or the target
        self.cutoff = scale * (target - 1)
        self.scale, self.prices, self.budget = scale, prices, budget
        self.classes = instance.classes(budget)
        rows = zip(self.classes, prices)
        last = [a - o + (price - 1) // scale for (a, _, o, _), price in rows if price > scale * o]
        self.last = max(last, default=-1)  # step in which a class is worth its price
        slack = target - 1 - sum(instance.output)  # one request can only wait as long as this
        if max(self.last, max(a for a, *_ in self.classes) + max(0, slack)) > MOST_STEPS:
            raise OverLimit(f"{WHERE}: starts over more than {MOST_STEPS:,} steps")
        if (self.last + 1) * instance.memory * max(prices) >= TOP:
            raise OverLimit(f"{WHERE}.prices: too large for so many steps and so much memory")
        self.profiles = profiles_of(self.classes, instance.memory, budget)
        self.size = 500 + 16 * len(prices)  # bytes of a state
        self.table = self._table()

    def _table(self) -> list["array[int]"]:
        """Return V by step, up to the first one from which on it is 0."""
        _, after, plus = self.profiles
        self.budget.take(80 * len(after))  # of the row in work and the one before, as lists
        row, table = [0] * len(after), []
        for t in range(self.last + 1, -1, -1):
            self.budget.tick(len(after))
            row = [row[x] for x in after]
            for (a, _, o, _), price, fit in zip(self.classes, self.prices, plus):
                cost = self.scale * (t + o - a) - price
                if t >= a and cost < 0:
                    self.budget.tick(len(fit))
                    for x, y in fit.items():  # y is an earlier one, and done with the class
                        if row[y] + cost < row[x]:
                            row[x] = row[y] + cost
            self.budget.take(100 + 8 * len(row))
            table.append(array("q", row))
        return table[::-1]

    def run(self) -> int:
        """Go on until no state is left, and return the value of the proof."""
        counts = tuple([count for *_, count in self.classes])
        self.budget.take(self.size)
        layer: Layer = {(counts, self.profiles.empty): 0}
        t = 0
        while layer:
            children: Layer = {}
            bounds = self._bounds(t + 1)
            for (left, x), latency in self.budget.each(self._started(t, layer).items()):
                if any(left):
                    self._keep(children, (left, self.profiles.after[x]), latency, bounds)
                else:
                    self.best = min(self.best, latency)
            self.budget.give(self.size * len(layer))
            layer, t = children, t + 1
        return self.best

    def _started(self, t: int, states: Layer) -> Layer:
        """Add what states become by starts at step t, in every way, one class after the other."""
        bounds = self._bounds(t)
        for c, ((a, _, o, _), fit) in enumerate(zip(self.classes, self.profiles.plus)):
            ways = list(states.items()) if t >= a else []
            for (left, x), latency in self.budget.each(ways):  # which grow
                if left[c] and x in fit:
                    state = (*left[:c], left[c] - 1, *left[c + 1 :]), fit[x]
                    if self._keep(states, state, latency + t + o - a, bounds):
                        ways.append((state, latency + t + o - a))
        return states

    def _bounds(self, t: int) -> Bounds:
        """Return what a start of each class at step t or later costs, or its price; and V."""
        rows = zip(self.classes, self.prices)
        least = [max(price, self.scale * (t + o - a)) for (a, _, o, _), price in rows]
        return least, self.table[min(t, self.last + 1)]

    def _keep(self, states: Layer, state: Stand, latency: int, bounds: Bounds) -> bool:
        """Keep a state, unless it is there for as little or cannot lead below the target."""
        (left, x), (least, table) = state, bounds
        bound = self.scale * latency + sum(map(mul, left, least)) + table[x]
        if bound > self.cutoff or latency >= states.get(state, latency + 1):
            return False
        if state not in states:
            self.budget.take(self.size)
        states[state] = latency
        return True


def profiles_bound(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``profiles`` proof, or the target."""
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, 2**31)
    prices = integers(found["prices"], f"{WHERE}.prices")
    entries(prices, f"{WHERE}.prices", len(instance.kinds(budget)))
    return Fraction(ProfileSearch(target, scale, prices, instance, budget).run())
