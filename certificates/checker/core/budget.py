"""What a check costs, as the core sees it: it tells a budget what it spends.

A budget need not be believed (:mod:`..limits`): it can only end a check, which is then neither
verified nor rejected. One that never does so leaves the core as right, and slower.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

MOST_STEPS = 100_000  # of a search or a tree
LONG = 1024  # turns for which the clock is looked at

T = TypeVar("T")


class Budget(Protocol):
    """Time and memory that are left, and the most `requests` and `digits` of a number.

    Of memory `free` bytes are left. Where there is too little its methods raise `OverLimit`.
    """

    requests: int
    digits: int
    free: int

    def tick(self, turns: int = 1) -> None:
        """Count a turn of a loop, or as many as a statement is worth."""

    def check(self) -> None:
        """Look at the clock now."""

    def take(self, size: int) -> None:
        """Charge so many bytes, before they are taken: an estimate from above."""

    def give(self, size: int) -> None:
        """Give back what is no longer held."""

    def each(self, items: Iterable[T], turns: int = 1) -> Iterator[T]:
        """Go through all the items, and tick for each of them."""
        for item in items:
            self.tick(turns)
            yield item
