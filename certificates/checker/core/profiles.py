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
from operator import mul, sub
from typing import Any

from .budget import MOST_STEPS, Budget
from .model import Instance
from .reader import TOP, WHERE, entries, integer, integers
from .verdict import OverLimit
from .walks import Table, profiles_of

Stand = tuple[tuple[int, ...], int]  # how many of each class are left, and the profile
Layer = dict[Stand, int]  # the least latency of what has started


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
        self.profiles, found = profiles_of(self.classes, instance.memory, budget)
        found.give(budget)
        del found
        #: Of each way the last class, in which alone it starts more than the way that it adds to.
        ways = budget.each(self.profiles.ways, len(prices))
        self.added = [max([c for c, n in enumerate(way) if n], default=0) for way in ways]
        self.size = 500 + 16 * len(prices)  # bytes of a state
        nothing = array("q", [0]) * len(self.profiles.after)  # no class is worth its price then
        self.table = Table(self.profiles, self._costs, range(self.last + 1), nothing, budget)

    def _costs(self, t: int) -> list[int]:
        """Return what a start of each class costs a walk at step t."""
        rows = zip(self.classes, self.prices)
        return [self.scale * (t + o - a) - price if t >= a else 0 for (a, _, o, _), price in rows]

    def run(self) -> int:
        """Go on until no state is left, and return the value of the proof."""
        counts = tuple([count for *_, count in self.classes])
        self.budget.take(self.size)
        layer: Layer = {(counts, 0): 0}
        t = 0
        while layer:
            children: Layer = {}
            self._start(t, layer, children)
            self.budget.give(self.size * len(layer))
            layer, t = children, t + 1
        return self.best

    def _start(self, t: int, layer: Layer, children: Layer) -> None:
        """Add what states become by starts at step t, in every way, when it has passed."""
        row = self.table.row(min(t + 1, self.last + 1))
        rows = list(zip(self.classes, self.prices))
        # what one of each class costs that starts now; and later, or its price
        now = [t + o - a for (a, _, o, _), _ in rows]
        least = [max(price, self.scale * (t + 1 + o - a)) for (a, _, o, _), price in rows]
        ways = []  # what each one starts, the latency of that, and how much the bound changes
        for counts, c in zip(self.budget.each(self.profiles.ways, len(rows)), self.added):
            more = sum(map(mul, counts, now))
            ways.append((counts, c, more, self.scale * more - sum(map(mul, counts, least))))
        arrived, none = [t >= a for a, *_ in self.classes], len(row)
        for (left, x), latency in layer.items():
            bound = self.scale * latency + sum(map(mul, left, least))
            free = list(map(mul, left, arrived))
            found = [0]
            for w in self.budget.each(found):  # which grows
                counts, c, more, change = ways[w]
                y = none if counts[c] > free[c] else self.profiles.next(x, w)
                if y < none:
                    found += self.profiles.larger[w]
                    if bound + change + row[y] <= self.cutoff:
                        self._keep(children, (tuple(map(sub, left, counts)), y), latency + more)

    def _keep(self, states: Layer, state: Stand, latency: int) -> None:
        """Keep a state, unless it is there for as little; a schedule is done."""
        if not any(state[0]):
            self.best = min(self.best, latency)
        elif latency < states.get(state, latency + 1):
            if state not in states:
                self.budget.take(self.size)
            states[state] = latency


def profiles_bound(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``profiles`` proof, or the target."""
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, 2**31)
    prices = integers(found["prices"], f"{WHERE}.prices")
    entries(prices, f"{WHERE}.prices", len(instance.kinds(budget)))
    return Fraction(ProfileSearch(target, scale, prices, instance, budget).run())
