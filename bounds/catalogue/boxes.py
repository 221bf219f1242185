"""The boxes of small backlogs in which the tests try every instance against exact OPT."""

from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, kw_only=True)
class Box:
    """All backlogs of exactly `requests` requests at this memory, up to order."""

    memory: int
    requests: int

    @property
    def multisets(self) -> int:
        """How many: multisets over the M (M + 1)/2 pairs (s, o) with s + o <= M."""
        kinds = self.memory * (self.memory + 1) // 2
        return comb(kinds + self.requests - 1, self.requests)

    def __str__(self) -> str:
        return f"{self.multisets:,} of {self.requests} requests at memory {self.memory}"


BOXES = (Box(memory=6, requests=3), Box(memory=5, requests=4), Box(memory=9, requests=2))
