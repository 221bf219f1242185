"""The settings of a solve."""

from __future__ import annotations

from dataclasses import dataclass

from kvproof.scheduling.arguments import as_integer, as_time_limit
from kvproof.scheduling.errors import InputError
from kvproof.solver.backends import find_backend

ENGINES = ("auto", "dp", "branch", "milp")
# Seconds from which on a limit is none: whoever waits counts milliseconds in 32 bits.
_ENDLESS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of :func:`kvproof.solver.stages.solve`, checked where they are made."""

    engine: str
    time_limit: float | None
    backend: str
    memory_bytes: int

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise InputError(f"engine must be one of {', '.join(ENGINES)}, got {self.engine!r}")
        limit = as_time_limit("solve", self.time_limit)
        endless = limit is not None and limit >= _ENDLESS
        object.__setattr__(self, "time_limit", None if endless else limit)
        as_integer("memory_bytes", self.memory_bytes, 1)
        # refused before any work; the default one is looked for when it is needed
        if self.engine in ("auto", "milp") and self.backend != "highs":
            find_backend(self.backend)
