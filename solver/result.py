"""What a solve returns: an interval for OPT, a schedule, and how far each is proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What is known about OPT when a solve ends."""

    OPTIMAL = "optimal"  # total_latency == lower_bound
    FEASIBLE = "feasible"  # a schedule and an interval
    INFEASIBLE = "infeasible"  # cannot occur for a valid instance; kept for backends that say so
    UNKNOWN = "unknown"  # a limit was reached before any schedule


@dataclass(frozen=True, kw_only=True)
class Result:
    """The interval ``lower_bound <= OPT <= total_latency`` and the schedule behind its top.

    Parameters
    ----------
    status
        See :class:`Status`.
    total_latency
        Cost of `starts`, or None where no schedule is known.
    lower_bound
        Integer lower bound on OPT, or None.
    engine
        Who has the last word: ``"price"``, ``"dp"``, ``"milp:highs"``, ...
    runtime_s
        Wall-clock seconds.
    starts
        Start steps in the order of ``instance.expanded()``, or None.
    certified
        Whether `lower_bound` is derived in exact integers by this package; False means that a
        third-party solver's word is all there is for it.
    proof
        A lower-bound object of docs/certificates.md that proves `lower_bound`, or None.
    limit
        Which limit ended the solve early (``"time"``, ``"memory"``, ``"interrupt"``), or None.
    detail
        Counters of the engine, for reports.
    """

    status: Status
    total_latency: int | None
    lower_bound: int | None
    engine: str
    runtime_s: float
    starts: list[int] | None
    certified: bool = True
    proof: dict[str, Any] | None = None
    limit: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def gap(self) -> int | None:
        """Return ``total_latency - lower_bound`` in steps, or None where either is unknown."""
        if self.total_latency is None or self.lower_bound is None:
            return None
        return self.total_latency - self.lower_bound

    def to_json(self) -> dict[str, Any]:
        """Return what ``kvproof solve --json`` prints."""
        return {
            "status": str(self.status),
            "total_latency": self.total_latency,
            "lower_bound": self.lower_bound,
            "gap": self.gap,
            "engine": self.engine,
            "certified": self.certified,
            "limit": self.limit,
            "runtime_s": round(self.runtime_s, 3),
            "starts": self.starts,
        }
