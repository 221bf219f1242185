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
from typing import Any

from .budget import MOST_STEPS, Budget
from .model import Instance
from .reader import TOP, WHERE, entries, integer, integers
from .verdict import OverLimit
from .walks import profiles_of, table_of

Stand = tuple[tuple[int, ...], int]  # how many of each class are left, and the profile
Layer = dict[Stand, int]  # the least latency of what has started
Bounds = tuple[list[int], "array[int]"]  # what each class costs from a step on, and V


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
        row = [0] * len(self.profiles.after)  # no class is worth its price any more
        self.table = table_of(self.profiles, self._costs, range(self.last + 1), row, budget)

    def _costs(self, t: int) -> list[int]:
        """Return what a start of each class costs a walk at step t."""
        rows = zip(self.classes, self.prices)
        return [self.scale * (t + o - a) - price if t >= a else 0 for (a, _, o, _), price in rows]

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
