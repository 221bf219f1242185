"""Which states another one, with the same requests started, is as good as.

Few states are compared in pairs, by their profiles. Where there are many, each is compared by its
raised profile (:mod:`.raising`), and with all that cost no more at once: of every step it is known
which of them hold no more than so many tokens there, a bit for each, and those that do so in all
steps are as good. They need not be kept themselves: what drops one of them is as good, too.
"""

from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate
from operator import or_

from ..core.budget import Budget
from .raising import Column, Reach, columns_of, raised
from .trajectory import Field

FEW = 16  # fewer states than these are compared in pairs
TOGETHER = 1024  # and no more than these are looked at together

#: The tokens that some of the states hold in a step, ascending; and which of the states hold less
#: than the first of these, than the second, ..., and which hold any.
Below = tuple[list[int], list[int]]


def below(column: Column) -> Below:
    """Say which of the states hold at most so many tokens in one step."""
    where: dict[int, int] = defaultdict(int)
    for i, tokens in enumerate(column):
        where[tokens] |= 1 << i
    tokens_held = sorted(where)
    return tokens_held, list(accumulate([where[x] for x in tokens_held], or_, initial=0))


def some_below(steps: list[Below], profile: Column, states: int) -> bool:
    """Whether some of the `states`, a bit for each, hold no more than the profile in any step."""
    for (held, which), tokens in zip(steps, profile):
        states &= which[bisect_right(held, tokens)]
        if not states:
            return False
    return True


class Dominance:
    """What dominates what among the states before the starts at step t.

    Parameters
    ----------
    bits, guard
        Of a lane of a profile, and its top bit in all lanes.
    """

    def __init__(self, field: Field, t: int, bits: int, guard: int, budget: Budget) -> None:
        self._field, self._t, self._bits, self._guard = field, t, bits, guard
        self._budget = budget
        self._reach: list[Reach] = []  # made where there are many states

    def leave(self) -> None:
        """Give back the memory of all that was made here."""
        for reach in self._reach:
            reach.leave()

    def undominated(self, profiles: list[int], left: list[int]) -> list[int]:
        """Return the places of the states that no other one is as good as.

        Parameters
        ----------
        profiles
            Of states in an order in which costs do not fall.
        left
            By kind: how many requests have not started.
        """
        steps = -(-max(profiles).bit_length() // self._bits)
        if len(profiles) < FEW or not steps:
            return self._in_pairs(profiles)
        if not self._reach:
            lanes = -(-self._guard.bit_length() // self._bits)
            self._reach.append(Reach(self._field, self._t, lanes, self._budget))
        # few of the many requests that can run together: numbers of all of them stay short
        many = max(FEW, min(TOGETHER, 16 * TOGETHER // min(len(self._field.least), sum(left))))
        size = steps * (400 + min(many, self._field.memory + 1) * (40 + many // 7))
        kept: list[int] = []
        before: list[list[Below]] = []
        taken = 0
        for first in range(0, len(profiles), many):
            self._budget.take(size)
            taken += size
            held = columns_of(profiles[first : first + many], steps, self._bits)
            self._budget.tick(steps * len(held[0]) // 8)
            own = [below(column) for column in held]
            above = raised(held, left, self._reach[0], self._field, self._bits, self._budget)
            for i, profile in enumerate(zip(*above)):
                self._budget.tick(1 + len(before) * steps // 8)
                if some_below(own, profile, (1 << i) - 1):
                    continue
                if not any(some_below(other, profile, -1) for other in before):
                    kept.append(first + i)
            before.append(own)
        self._budget.give(taken)
        return kept

    def _in_pairs(self, profiles: list[int]) -> list[int]:
        guard, pace = self._guard, 1 + self._guard.bit_length() // 8192
        kept: list[int] = []
        places: list[int] = []
        for i, profile in enumerate(profiles):
            self._budget.tick(1 + len(kept) * pace // 8)
            upper = profile | guard
            for other in kept:
                if (upper - other) & guard == guard:
                    break
            else:
                kept.append(profile)
                places.append(i)
        return places
