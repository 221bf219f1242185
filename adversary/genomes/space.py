"""Where the adversary looks: instances of a few classes, each with a plan for a good schedule.

A genome is an int64 array of shape (1 + classes, 7). Row 0 is the header: how often the period is
repeated. Every further row is a class: arrival, prompt, output and count (0: absent), then what
the adversary would do itself: the class's place in the list (`RANK`), how fast its requests start
as a share of the fluid pace (`PACE`, in thousandths; 0: as soon as they fit), and how many start
at once before that (`BURST`, in thousandths of what fills the memory). A period that is repeated
matters where keys tie, for ties go by index.

The search is over pairs, so that each value it sees is a ratio that can be certified.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance

ARRIVAL, PROMPT, OUTPUT, COUNT, RANK, PACE, BURST = range(7)
COLUMNS = 7
REPEATS = 0  # column of the header

#: Largest values of the plan's genes.
MOST_PACE, MOST_BURST = 4_000, 2_000
#: Keep every volume of a class and every point of time far inside int64.
MOST_MEMORY, MOST_REQUESTS, MOST_SPAN = 2**30, 1_000_000, 2**30

Genome = npt.NDArray[np.int64]
Genomes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(inline="always")
def volume(prompt, output):  # type: ignore[no-untyped-def]
    """Return the token-steps of one request."""
    return prompt * output + output * (output + 1) // 2


class Limits(NamedTuple):
    """The space as the kernels take it.

    Parameters
    ----------
    memory
        KV-cache capacity M.
    cap
        Most tokens that a request may hold.
    floor
        The largest request holds more than this.
    requests
        At most so many; exactly so many where `single`.
    single
        Whether every request is a class of its own.
    span
        Largest arrival.
    """

    memory: int
    cap: int
    floor: int
    requests: int
    single: bool
    span: int


@dataclass(frozen=True, kw_only=True)
class Space:
    """Instances that a search may visit.

    Parameters
    ----------
    memory
        KV-cache capacity M.
    requests
        At most so many requests; exactly so many where `single`.
    classes
        Distinct classes at most; ignored where `single`.
    cap, floor
        ``floor < eps <= cap``, so that a range of eps is explored for itself.
    single
        Whether every request is a class of its own.
    span
        Largest arrival; 0 is a backlog.

    Raises
    ------
    InputError
        A value is out of its range, or no instance lies between floor and cap.
    """

    memory: int
    requests: int
    classes: int = 6
    cap: Fraction = Fraction(1)
    floor: Fraction = Fraction(0)
    single: bool = False
    span: int = 0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("memory", self.memory, 1, MOST_MEMORY),
            ("requests", self.requests, 1, MOST_REQUESTS),
            ("classes", self.classes, 1, 64),
            ("span", self.span, 0, MOST_SPAN),
        ):
            if not low <= value <= high:
                raise InputError(f"search: {name} must be {low} to {high}, got {value}")
        if self.single and self.requests > 64:
            raise InputError(
                f"search: requests that are each a class of their own (classes 0) are at most 64, "
                f"got {self.requests}; take fewer, or some classes"
            )
        if not 0 <= self.floor < self.cap <= 1:
            raise InputError(
                f"search: eps must lie in (floor, cap], got ({self.floor}, {self.cap}]"
            )
        if self.cap_tokens <= self.floor_tokens:
            raise InputError(
                f"search: no request has {self.floor} < (s + o)/M <= {self.cap} at memory "
                f"{self.memory}; take more memory"
            )

    @property
    def rows(self) -> int:
        """Rows of a genome without its header."""
        return self.requests if self.single else self.classes

    @property
    def cap_tokens(self) -> int:
        """Most tokens that a request may hold."""
        return int(self.cap * self.memory)

    @property
    def floor_tokens(self) -> int:
        """The largest request holds more than this."""
        return int(self.floor * self.memory)

    @property
    def limits(self) -> Limits:
        """The space as the kernels take it."""
        return Limits(
            memory=self.memory, cap=self.cap_tokens, floor=self.floor_tokens,
            requests=self.requests, single=self.single, span=self.span,
        )  # fmt: skip

    def holds(self, genome: Genome) -> bool:
        """Whether the genome's instance belongs to this space."""
        rows = genome[1:][genome[1:, COUNT] > 0]
        if not len(rows) or genome[0, REPEATS] < 1 or (genome[1:, COUNT] < 0).any():
            return False
        n = int(genome[0, REPEATS]) * int(rows[:, COUNT].sum())
        peak = rows[:, PROMPT] + rows[:, OUTPUT]
        return bool(
            (n == self.requests if self.single else n <= self.requests)
            and rows[:, OUTPUT].min() >= 1
            and rows[:, PROMPT].min() >= 0
            and self.floor_tokens < peak.max() <= self.cap_tokens
            and rows[:, ARRIVAL].min() >= 0
            and rows[:, ARRIVAL].max() <= self.span
        )

    def instance(self, genome: Genome) -> Instance:
        """Return the genome's instance, its period repeated."""
        rows = genome[1:][genome[1:, COUNT] > 0]
        tiled = np.tile(rows[:, : COUNT + 1], (int(genome[0, REPEATS]), 1))
        return Instance(
            memory=self.memory,
            arrival=tiled[:, ARRIVAL],
            prompt=tiled[:, PROMPT],
            output=tiled[:, OUTPUT],
            count=tiled[:, COUNT],
        ).merged()

    def empty(self, number: int) -> Genomes:
        """Return genomes without classes, shape (number, 1 + rows, COLUMNS)."""
        genomes = np.zeros((number, 1 + self.rows, COLUMNS), dtype=np.int64)
        genomes[:, 0, REPEATS] = 1
        return genomes
