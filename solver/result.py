"""What a solve returns: an interval for OPT, a schedule, and how far each is proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kvproof.certificates.build import (
    Certificate,
    optimal_certificate,
    schedule_certificate,
    within_factor_certificate,
)
from kvproof.certificates.lower_bounds import LowerBound
from kvproof.certificates.proofs import Proof
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown


class Status(StrEnum):
    """What is known about OPT when a solve ends."""

    OPTIMAL = "optimal"  # total_latency == lower_bound
    FEASIBLE = "feasible"  # a schedule and an interval


class Limit(StrEnum):
    """What ended a solve before the interval closed."""

    TIME = "time"
    MEMORY = "memory"
    NODES = "nodes"
    SIZE = "size"
    BACKEND = "backend"
    INTERRUPT = "interrupt"

    @property
    def words(self) -> str:
        """What it is, for people."""
        return {
            Limit.TIME: "time limit",
            Limit.MEMORY: "memory limit",
            Limit.NODES: "node limit",
            Limit.SIZE: "too large for an exact engine",
            Limit.BACKEND: "the backend's answer does not hold",
            Limit.INTERRUPT: "Ctrl-C",
        }[self]


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Shown):
    """The interval ``lower_bound <= OPT <= total_latency`` and the schedule behind its top.

    Parameters
    ----------
    schedule
        The best schedule known; feasible, tested exactly.
    lower_bound
        OPT is at least this.
    engine
        Where `lower_bound` comes from: ``"price"``, ``"dp"``, ``"milp:highs"``, ...
    runtime_s
        Wall-clock seconds.
    certified
        Whether `lower_bound` is derived in exact integers by this package; False means that a
        third-party solver's word is all there is for it.
    proof
        A proof of `lower_bound`, or None.
    kept
        The highest bound that has a proof, and that, or None: multipliers and backends leave none.
    limit
        What ended the solve before the interval closed, or None.
    detail
        Counters of the engine, for reports.
    """

    schedule: Schedule
    lower_bound: int
    engine: str
    runtime_s: float
    certified: bool = True
    proof: Proof | None = None
    limit: Limit | None = None
    kept: tuple[Fraction, Proof] | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def total_latency(self) -> int:
        """Total latency of the schedule, in steps."""
        return self.schedule.total_latency

    @property
    def gap(self) -> int:
        """Return ``total_latency - lower_bound`` in steps."""
        return self.total_latency - self.lower_bound

    @property
    def status(self) -> Status:
        """Whether the interval is one point."""
        return Status.FEASIBLE if self.gap else Status.OPTIMAL

    def facts(self) -> dict[str, str]:
        """Return what is known of OPT, and how."""
        found = f"{self.total_latency:,}"
        facts = {"OPT": f"in [{self.lower_bound:,}, {found}]" if self.gap else f"= {found}"}
        facts["lower bound"] = "certified" if self.certified else "claimed by the backend"
        facts["engine"] = self.engine
        facts |= {} if self.limit is None else {"stopped by": self.limit.words}
        return facts | {"seconds": f"{self.runtime_s:.2f}"}

    def certificate(self) -> Certificate:
        """Return the certificate that the schedule is optimal, or within a factor of OPT.

        The latter where the interval is open, closed by the word of a backend alone, or closed by a
        search that a limit or Ctrl-C ended before there was a proof to write: then by the highest
        bound that has one. Where none has, that the schedule is feasible.
        """
        if not self.gap and self.proof is not None:
            bound = LowerBound(value=Fraction(self.lower_bound), proof=self.proof)
            return optimal_certificate(self.schedule, bound)
        if self.kept is None:
            return schedule_certificate(self.schedule)
        value, proof = self.kept
        return within_factor_certificate(self.schedule, LowerBound(value=value, proof=proof))

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
            "turns": self.detail.get("turns", []),
            "starts": self.schedule.starts.tolist(),
        }
