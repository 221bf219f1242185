"""What `improve` found, stage by stage."""

from dataclasses import dataclass

from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What one stage ended with: its name, the best total latency by then, and when."""

    name: str
    total_latency: int
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Improvement(Shown):
    """The best schedule found, and how it came about.

    Parameters
    ----------
    schedule
        Feasible, tested exactly.
    stages
        In order of time; the last one's total latency is the schedule's.
    trials
        Exchanges that local search tried.
    interrupted
        Whether Ctrl-C ended it; what was found by then is kept.
    """

    schedule: Schedule
    stages: tuple[Stage, ...]
    trials: int
    interrupted: bool

    def facts(self) -> dict[str, str]:
        """Return the total latency, where it began, and how it came about."""
        return {
            "total latency": f"{self.schedule.total_latency:,}",
            "first": f"{self.stages[0].total_latency:,}",
            "stages": str(len(self.stages)),
            "trials": f"{self.trials:,}",
            "seconds": f"{self.stages[-1].seconds:.1f}",
        }
