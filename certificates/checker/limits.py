"""How much a check may cost; every limit is here, and reaching one is never a success."""

from dataclasses import dataclass
from time import monotonic_ns
from typing import Optional

from .verdict import OverLimit

MOST_STEPS = 100_000  # of a search or a tree


@dataclass(frozen=True)
class Limits:
    """Bounds on one certificate and on the work of checking it.

    Parameters
    ----------
    file_bytes
        Bytes of a file, both as stored and decompressed.
    values, containers, depth
        Values, arrays and objects in its JSON, and how deep these may nest; with `digits` they
        bound the memory that parsing takes (about 2 GB where all are reached).
    digits
        Digits of one integer; above 4,300 the interpreter's own limit is the lower one.
    requests
        Requests of the instance, counts expanded.
    seconds
        Time for one certificate.
    """

    file_bytes: int = 128 * 2**20
    values: int = 12_000_000
    containers: int = 3_000_000
    depth: int = 16
    digits: int = 4_000
    requests: int = 2_000_000
    seconds: int = 300


DEFAULT = Limits()


class Budget:
    """The limits of one check, and its clock: every loop ticks it.

    The clock stands until `start`. A tick is cheap, as it looks at the time once in 1,024.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._end: Optional[int] = None
        self._ticks = 0

    def start(self) -> None:
        """Let the time run from now on."""
        self._end = monotonic_ns() + self.limits.seconds * 10**9

    def tick(self) -> None:
        """Count one turn of a loop.

        Raises
        ------
        OverLimit
            The time is up.
        """
        self._ticks += 1
        if not self._ticks & 1023:
            self.check()

    def check(self) -> None:
        """Look at the time now; raises as `tick` does."""
        if self._end is not None and monotonic_ns() >= self._end:
            raise OverLimit(f"no answer within the time limit of {self.limits.seconds} s")
