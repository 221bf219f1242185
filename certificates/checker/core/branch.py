"""Lower bound by branching: a tree of splits "does the i-th of its class start by p?".

A node stands for the judgement that no schedule with a total latency below the target has its
starts in the node's windows. Equal requests may be taken in the order of their starts, so the ends
of windows never decrease within a class. What proves the judgement:

- prices (see `prices`): such a schedule costs at least the sum of each request's least term within
  its window, less the memory's price. If that exceeds target - 1 the node is closed; else a start
  whose term exceeds its request's least by more than what is left to target - 1 occurs in none of
  them, so windows shrink from both ends;
- a split: the requests up to the i-th start by p, or those from the i-th on start later. Where both
  children are closed, so is the node.

When the root is closed, OPT >= target.
"""

from fractions import Fraction
from itertools import accumulate
from typing import Any, Optional

from .budget import LONG, MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, read_prices
from .reader import TOP, WHERE, entries, integer, integers
from .verdict import Malformed, OverLimit, Rejected

#: By class, then request: first and last start. None is a node that is closed.
Windows = list[list[tuple[int, int]]]


class Branching:
    """The rules that close nodes, for one instance and target."""

    def __init__(
        self, instance: Instance, target: int, vectors: list[Prices], budget: Budget
    ) -> None:
        self.classes = instance.classes(budget)
        self._memory, self._vectors, self._budget = instance.memory, vectors, budget
        self._target = target
        self._rows: dict[tuple[int, int], list[int]] = {}
        self.size = 250 + 100 * instance.size  # bytes of a node's windows
        budget.take(2 * self.size)  # of the root, and of what a vector makes of a node

    def root(self) -> Optional[Windows]:
        """Return the windows of all schedules below the target."""
        outputs = sum(o * count for _, _, o, count in self.classes)
        slack = self._target - 1 - outputs  # one request can only wait as long as this
        if slack + max(a for a, *_ in self.classes) > MOST_STEPS:
            raise OverLimit(f"{WHERE}: starts over more than {MOST_STEPS:,} steps")
        if slack < 0:
            return None
        return [[(a, a + slack)] * count for a, _, _, count in self.classes]

    def shortened(self, v: int, windows: Windows) -> Optional[Windows]:
        """Apply a vector to a node."""
        prices, budget = self._vectors[v], self._budget
        rows = []
        bound = -self._memory * prices.sums[-1]
        for c, own in enumerate(windows):
            row = self._row(v, c, own[-1][1])
            low = {ends: min(row[ends[0] : ends[1] + 1]) for ends in budget.each({*own}, LONG)}
            bound += sum(low[window] for window in budget.each(own))
            rows.append((row, low))
        room = (self._target - 1) * prices.denominator - bound
        if room < 0:
            return None
        left = []
        for own, (row, low) in zip(windows, rows):
            ends = {}
            for (first, last), least in budget.each(low.items(), LONG):
                some = range(first, last + 1)
                ends[first, last] = (
                    next(p for p in some if row[p] <= least + room),
                    next(p for p in reversed(some) if row[p] <= least + room),
                )
            budget.tick(2 * len(own))
            firsts = accumulate((ends[window][0] for window in own), max)
            lasts = accumulate((ends[window][1] for window in reversed(own)), min)
            left.append(list(zip(firsts, reversed(list(lasts)))))
        return None if any(first > last for own in left for first, last in own) else left

    def _row(self, v: int, c: int, last: int) -> list[int]:
        """Return the terms of the starts 0..last, at least, of a class by a vector."""
        row = self._rows.setdefault((v, c), [])
        if last >= len(row):
            a, s, o, _ = self.classes[c]
            prices = self._vectors[v]
            term = 60 + prices.moments[-1].bit_length() // 7  # bytes
            self._budget.take(300 + term * (last + 1 - len(row)))
            starts = self._budget.each(range(len(row), last + 1))
            row += [prices.term(a, s, o, p) for p in starts]
        return row

    def split(self, windows: Windows, c: int, i: int, p: int) -> list[Optional[Windows]]:
        """Return the child that starts request i of class c after p, and the one that does by p."""
        own = windows[c]
        self._budget.tick(len(own))
        self._budget.take(2 * self.size)
        later = own[:i] + [(max(first, p + 1), last) for first, last in own[i:]]
        sooner = [(first, min(last, p)) for first, last in own[: i + 1]] + own[i + 1 :]
        return [
            [*windows[:c], new, *windows[c + 1 :]] if new[i][0] <= new[i][1] else None
            for new in (later, sooner)
        ]


def branch_bound(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    """Return the target of a ``branch`` proof, each of whose leaves is closed."""
    target = integer(found["target"], f"{WHERE}.target", 1)
    unit = integer(found["denominator"], f"{WHERE}.denominator", 1, None)
    vectors = []
    for v, runs in enumerate(entries(found["vectors"], f"{WHERE}.vectors")):
        budget.take(1000)
        vectors.append(read_prices(unit, runs, f"{WHERE}.vectors[{v}]", budget))
    tree = integers(found["tree"], f"{WHERE}.tree")
    numbers = enumerate(tree)

    def read(most: int) -> int:
        place, number = next(numbers, (len(tree), "its end"))
        return integer(number, f"{WHERE}.tree[{place}]", 0, most)

    branching = Branching(instance, target, vectors, budget)
    waiting = [branching.root()]
    while waiting:
        budget.check()
        windows = waiting.pop()
        if windows:
            budget.give(branching.size)
        number, has_children = divmod(read(TOP), 2)
        for _ in budget.each(range(number)):
            v = read(len(vectors) - 1)
            windows = branching.shortened(v, windows) if windows else None
        if has_children:
            c = read(len(branching.classes) - 1)
            i = read(branching.classes[c][3] - 1)
            p = read(TOP)
            waiting += branching.split(windows, c, i, p) if windows else [None, None]
        elif windows:
            raise Rejected(f"{WHERE}.tree: a leaf that no vector closes")
    if next(numbers, None):
        raise Malformed(f"{WHERE}.tree: goes on after its last node")
    return Fraction(target)
