"""What of a state's profile matters: only what the requests that wait could still use.

A profile says what a state holds in the steps to come. Let w be at least what the requests that
have not started hold in one of them in any way to complete the state. Each of these ways fits as
well if the profile is raised to M - w in that step. So what completes a state also completes any
other one with the same requests started that holds no more than the *raised* profile, in no step.
If that one costs no more, it is as good. Raised profiles are only compared: what starts later is
held against the profile itself, and bounds are taken at what is held.

w is the largest of bounds on what k of those requests hold together, k = 1, 2, ..., which are
worked out from the last step back. Of k that run in a step

- some end with it, each with at most the largest ``prompt + output`` that can end then;
- the others run in the next step, too, hold one token more each, and are bounded there;
- all together hold at most what is free, and nothing where that is too little for any;
- and each at most what it holds if it has started as early as it may.

Starts are the allowed ones from now on, as a schedule below the target has no others. All the rest
is sums and minima, taken for many states side by side.
"""

import struct
from array import array
from bisect import bisect_left

from ..core.budget import Budget
from .trajectory import Field

#: Bits of a lane, and what `struct` calls such a number.
WIDTHS = {8: "B", 16: "H", 32: "I", 64: "Q"}
Column = tuple[int, ...]  # the tokens that each of some states holds in one step


def width_of(memory: int) -> int:
    """Return bits for a lane of up to `memory` tokens: sums of two stay below its top bit."""
    return next(bits for bits in WIDTHS if memory.bit_length() + 2 <= bits)


def columns_of(profiles: list[int], steps: int, bits: int) -> list[Column]:
    """Return what the states hold in each of so many steps."""
    data = b"".join([profile.to_bytes(steps * bits // 8, "little") for profile in profiles])
    held = struct.unpack(f"<{steps * len(profiles)}{WIDTHS[bits]}", data)
    return [held[j::steps] for j in range(steps)]


class Reach:
    """What one request can hold in the steps t + 1, t + 2, ... if it starts at step t or later.

    Parameters
    ----------
    most, fewest
        By kind, then step: if it starts as early or as late as it may; 0, and more than there is
        memory, where it cannot run.
    last
        And if it ends with the step; 0 where it cannot.
    """

    def __init__(self, field: Field, t: int, steps: int, budget: Budget) -> None:
        self.most: list[array[int]] = []
        self.fewest: list[array[int]] = []
        self.last: list[array[int]] = []
        self._budget, self._bytes = budget, len(field.kinds) * (24 * steps + 300)
        budget.take(self._bytes)
        for kind in field.kinds:
            most, last = array("q", [0]) * steps, array("q", [0]) * steps
            fewest = array("q", [field.memory + 1]) * steps
            for j in range(steps):
                budget.tick()
                step = t + 1 + j
                first = bisect_left(kind.starts, max(t, step - kind.output))
                after = bisect_left(kind.starts, step)
                if first < after:
                    most[j] = kind.prompt + step - kind.starts[first]
                    fewest[j] = kind.prompt + step - kind.starts[after - 1]
                    if kind.starts[first] == step - kind.output:
                        last[j] = kind.prompt + kind.output
            self.most.append(most)
            self.fewest.append(fewest)
            self.last.append(last)

    def leave(self) -> None:
        """Give back the memory of the tables."""
        self._budget.give(self._bytes)


class Numbers:
    """Numbers with a lane of `bits` for each of `states`, in rows k = 1, 2, ... of k requests each.

    Top bits are clear but for what is compared.
    """

    def __init__(self, states: int, rows: int, bits: int) -> None:
        self.states, self.rows, self.bits = states, rows, bits
        self.row = states * bits
        self.whole = (1 << (self.row * rows)) - 1
        self.ones = self.whole // ((1 << bits) - 1)
        self.tops = self.ones << (bits - 1)
        self.each = self.of(list(range(1, rows + 1)))

    def of(self, values: list[int]) -> int:
        """Return rows of equal lanes."""
        parts = [value.to_bytes(self.bits // 8, "little") * self.states for value in values]
        return int.from_bytes(b"".join(parts), "little")

    def least(self, a: int, b: int) -> int:
        """Return the lesser of each pair of lanes."""
        above = ((a | self.tops) - b) & self.tops
        return a ^ ((a ^ b) & self._spread(above))

    def largest(self, a: int, b: int) -> int:
        """Return the larger of each pair of lanes."""
        above = ((a | self.tops) - b) & self.tops
        return b ^ ((a ^ b) & self._spread(above))

    def _spread(self, tops: int) -> int:
        """Return lanes of ones, but for the top bit, where the top bit is set."""
        return tops - (tops >> (self.bits - 1))

    def room(self, held: Column, memory: int, fewest: int) -> int:
        """Return what is free, in all rows; nothing where that is less than `fewest`."""
        free = [memory - tokens for tokens in held]
        if fewest > 1:
            free = [room if room >= fewest else 0 for room in free]
        data = struct.pack(f"<{self.states}{WIDTHS[self.bits]}", *free)
        return int.from_bytes(data * self.rows, "little")

    def less_each(self, bound: int) -> int:
        """Return k less in row k, and nothing where there is less."""
        rest = (bound | self.tops) - self.each
        return rest & self._spread(rest & self.tops)

    def moved(self, bound: int, rows: int, tokens: int) -> int:
        """Return each row moved up by so many, and so many tokens more; row 0 is empty."""
        more = tokens * (self.ones << (self.row * (rows - 1)))
        return ((bound << (self.row * rows)) + more) & self.whole

    def most(self, bound: int) -> Column:
        """Return for each state the largest of its rows."""
        rows = self.rows
        while rows > 1:
            half = (rows + 1) // 2
            upper = bound >> (self.row * half)
            bound = self.largest(bound & (self.whole >> (self.row * (self.rows - half))), upper)
            rows = half
        return struct.unpack(
            f"<{self.states}{WIDTHS[self.bits]}", bound.to_bytes(self.row // 8, "little")
        )


def raised(
    held: list[Column], left: list[int], reach: Reach, field: Field, bits: int, budget: Budget
) -> list[Column]:
    """Return the raised profiles of states, by step; of each kind so many are `left` to start."""
    memory, states = field.memory, len(held[0])
    waiting = [c for c, number in enumerate(left) if number]
    most = min(len(field.least) - 1, sum(left))  # so many run together
    rows = Numbers(states, most, bits)
    size = len(held) * (100 + 40 * states) + 20 * (60 + most * states * bits // 7)
    budget.take(size)
    bound, found = rows.of([memory] * most), []
    for j in range(len(held) - 1, -1, -1):
        budget.tick(1 + most * states * bits // 512)
        room = rows.room(held[j], memory, min([reach.fewest[c][j] for c in waiting]))
        bound = rows.least(rows.less_each(bound), room)
        last = max([reach.last[c][j] for c in waiting])
        ends = sum([left[c] for c in waiting if reach.last[c][j]])
        some = 1
        while some <= min(ends, most):  # up to so many more
            tokens = min(some * last, memory)
            bound = rows.largest(bound, rows.least(rows.moved(bound, some, tokens), room))
            some *= 2
        one = max([reach.most[c][j] for c in waiting])
        bound = rows.least(bound, rows.of([min(k * one, memory) for k in range(1, most + 1)]))
        found.append(tuple([memory - tokens for tokens in rows.most(bound)]))
    budget.give(size)
    return found[::-1]
