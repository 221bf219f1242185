"""How much a check may cost; every limit is here, and reaching one is never a success."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns
from typing import Optional

from .core.budget import LONG, Budget
from .core.verdict import OverLimit

MEBI = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds on one certificate and on the work of checking it.

    Parameters
    ----------
    file_bytes
        Bytes of a file, both as stored and decompressed.
    values, containers, depth
        Values, arrays and objects in its JSON, and how deep these may nest.
    digits
        Digits of one integer; above 4,300 the interpreter's own limit is the lower one.
    requests
        Requests of the instance, counts expanded.
    memory_bytes
        Memory for what is read and worked out, in a check of up to 1 MiB of files as they are
        stored; for more, so much for each MiB.
    seconds
        Time for one certificate.
    """

    file_bytes: int = 128 * MEBI
    values: int = 12_000_000
    containers: int = 3_000_000
    depth: int = 16
    digits: int = 4_000
    requests: int = 2_000_000
    memory_bytes: int = 512 * MEBI
    seconds: int = 300


DEFAULT = Limits()


class Meter(Budget):
    """The limits of one check, its clock and its memory: loops tick it, lists are charged to it.

    The clock stands until `start`. A tick is cheap, as it looks at the time once in 1,024. What is
    charged are estimates from above of what Python takes; the process is not measured.

    Parameters
    ----------
    most, free
        Bytes of memory that may be taken in all, and now.
    when_raised
        Called with `most` when a large file has raised it.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.requests, self.digits = limits.requests, limits.digits
        self.most = self.free = limits.memory_bytes
        self.when_raised: Callable[[int], None] = lambda most: None
        self._end: Optional[int] = None
        self._ticks = 0
        self._stored = 0

    def start(self) -> None:
        """Let the time run from now on."""
        self._end = monotonic_ns() + self.limits.seconds * 10**9

    def tick(self, turns: int = 1) -> None:
        """Count a turn of a loop, or as many as a statement is worth.

        Raises
        ------
        OverLimit
            The time is up.
        """
        self._ticks += turns
        if self._ticks >= LONG:
            self._ticks = 0
            self.check()

    def check(self) -> None:
        """Look at the time now; raises as `tick` does."""
        if self._end is not None and monotonic_ns() >= self._end:
            raise OverLimit(f"no answer within the time limit of {self.limits.seconds} s")

    def stored(self, size: int) -> None:
        """Note that so many bytes have been read from a file: a large one may take more memory."""
        self._stored += size
        most = self.limits.memory_bytes * max(MEBI, self._stored) // MEBI
        self.free += most - self.most
        self.most = most
        self.when_raised(most)

    def take(self, size: int) -> None:
        """Charge so many bytes, before they are taken.

        Raises
        ------
        OverLimit
            They are more than what is free.
        """
        self.free -= size
        if self.free < 0:
            raise OverLimit(f"this needs more than {self.most // MEBI:,} MiB of memory")

    def give(self, size: int) -> None:
        """Give back what is no longer held."""
        self.free += size
