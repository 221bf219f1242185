"""The box of instances: its kinds of request, its multisets by number, and their count."""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

MOST_MEMORY, MOST_REQUESTS, MOST_MULTISETS = 64, 12, 10**9


@dataclass(frozen=True, kw_only=True)
class Box:
    """All backlogs of exactly `requests` requests of at most `peak` tokens each.

    Parameters
    ----------
    memory
        KV-cache capacity M, up to 64.
    requests
        Up to 12.
    peak
        Largest prompt + output.

    Raises
    ------
    InputError
        A value is out of its range, or there are too many multisets.
    """

    memory: int
    requests: int
    peak: int

    def __post_init__(self) -> None:
        for name, value, high in (
            ("memory", self.memory, MOST_MEMORY),
            ("requests", self.requests, MOST_REQUESTS),
            ("largest request", self.peak, self.memory),
        ):
            if not 1 <= value <= high:
                raise InputError(f"exhaust: {name} must be 1 to {high}, got {value}")
        if self.multisets > MOST_MULTISETS:
            raise InputError(
                f"exhaust: {self.multisets:,} multisets are too many; narrow the box by "
                "--max-request or --max-eps"
            )

    @cached_property
    def kinds(self) -> Column:
        """Rows (prompt, output) with prompt + output <= peak: peak (peak + 1) / 2 of them."""
        rows = [(s, o) for o in range(1, self.peak + 1) for s in range(self.peak - o + 1)]
        return np.array(rows, dtype=np.int64)

    @property
    def multisets(self) -> int:
        """How many: kinds + requests - 1 choose requests."""
        kinds = self.peak * (self.peak + 1) // 2
        return comb(kinds + self.requests - 1, self.requests)

    def multiset(self, number: int) -> Column:
        """Return multiset `number` (from 0) as non-decreasing kinds, in order of the tuples."""
        kinds = len(self.kinds)
        chosen = []
        lowest = 0
        for place in range(self.requests):
            left = self.requests - place - 1
            # those that have `lowest` here are all the tuples of what is left, from it on
            while number >= (many := comb(kinds - lowest + left - 1, left)):
                number -= many
                lowest += 1
            chosen.append(lowest)
        return np.array(chosen, dtype=np.int64)

    def instance(self, kinds: Column) -> Instance:
        """Return the backlog of these kinds, in this order."""
        rows = self.kinds[kinds]
        return Instance(
            memory=self.memory, arrival=np.zeros_like(kinds), prompt=rows[:, 0], output=rows[:, 1]
        )
