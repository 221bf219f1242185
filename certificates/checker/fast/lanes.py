"""Bounds by many vectors at once: one integer holds a number per vector, each in a lane of bits.

Packed numbers are sums of ``value << (width * lane)`` and may be negative in any lane; adding and
subtracting them does so lane by lane. `exceeds` then moves every lane up so far that its top bit is
set just where the value is above the cutoff. The width is chosen so that no lane overflows.
"""

from bisect import bisect_left
from collections.abc import Iterable

from ..core.budget import Budget
from .trajectory import HUGE, Field, Vector


class Lanes:
    """What bounds the states that stand at `step`, by each of `vectors`, packed.

    A state's bound is ``latency * unit``, plus ``rest`` of each kind that has not started, plus
    ``end`` of each event that runs, plus ``table[running][tokens]``; it is pruned where `exceeds`.

    Parameters
    ----------
    unit
        `scale` in every lane.
    rest
        By kind: what one that starts at `step` or later costs at least.
    end
        By event (``kind * (horizon + 1) + start``): the end multipliers of what may be running.
    table
        By requests running, then tokens held: the cheapest path on.
    hope
        The least of `table` in each lane.
    """

    def __init__(
        self, field: Field, vectors: list[Vector], step: int, cutoff: int, budget: Budget
    ) -> None:
        requests = sum(kind.count for kind in field.kinds)
        # of a bound's parts, each is at most so large in any lane where it is finite
        size = field.scale * (field.horizon + 1) + max(v.size for v in vectors)
        largest = (4 * requests + 4) * size
        self._cap = abs(cutoff) + largest + 1  # stands for what is infinite
        width = ((2 * requests + 8) * self._cap).bit_length() + 2
        self._width = width
        self._shifts = [width * lane for lane in range(len(vectors))]
        ones = sum(1 << shift for shift in self._shifts)
        self.unit = field.scale * ones
        self.over = ones * ((1 << (width - 1)) - 1 - cutoff)
        self.guard = ones << (width - 1)
        self._vectors = vectors
        self._step = step
        self._budget = budget
        self.bytes = 40 + width * len(vectors) // 7  # of one packed number
        cells = len(field.least) * (field.memory + 1)
        self._held = 0
        self._take((cells + len(field.kinds)) * (self.bytes + 10))
        self.rest = []
        for c in range(len(field.kinds)):
            budget.tick(len(vectors))
            self.rest.append(self._packed(v.rest[c][step] for v in vectors))
        self.end = {}
        for c, kind in enumerate(field.kinds):
            first = bisect_left(kind.starts, step - kind.output)
            for p in kind.starts[first : bisect_left(kind.starts, step)]:
                budget.tick(len(vectors))
                self._take(self.bytes + 150)
                event = c * (field.horizon + 1) + p
                self.end[event] = self._packed(v.beta[c][p] for v in vectors)
        self.table = []
        for k in range(len(field.least)):
            budget.tick(1 + len(vectors) * field.memory // 8)
            rows = zip(*(v.table[step][k] for v in vectors))
            self.table.append(list(map(self._packed, rows)))
        self.hope = self._packed(min(map(min, v.table[step])) for v in vectors)

    def _take(self, size: int) -> None:
        self._budget.take(size)
        self._held += size

    def leave(self) -> None:
        """Give back the memory of the tables."""
        self._budget.give(self._held)

    def _packed(self, values: Iterable[int]) -> int:
        cap = self._cap
        return sum((x if x < HUGE else cap) << shift for x, shift in zip(values, self._shifts))

    def gains(self, field: Field, c: int) -> tuple[int, int]:
        """Return what a start of kind c in the step before adds to a bound.

        And the same with what is above 0 in a lane taken as 0.
        """
        p = self._step - 1
        kind = field.kinds[c]
        cost = field.scale * (p + kind.output - kind.arrival)
        cap = self._cap
        gains = []
        for v in self._vectors:
            rest = v.rest[c][self._step]
            gains.append(cost + v.beta[c][p] - (rest if rest < HUGE else cap))
        return self._packed(gains), self._packed(min(0, gain) for gain in gains)

    def least(self, one: int, other: int) -> int:
        """Return the lesser in each lane, of two to which `over` has been added."""
        if len(self._shifts) == 1:
            return min(one, other)
        above = (one - other + self.guard) & self.guard  # the top bit where it is the other
        return one ^ (one ^ other) & ((above << 1) - (above >> (self._width - 1)))

    def exceeds(self, bound: int) -> bool:
        """Whether a packed bound is above the cutoff in any lane."""
        return bool((bound + self.over) & self.guard)
