"""When each request starts, and what that costs."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance, as_instance
from kvproof.scheduling.request_columns import is_given_away, refuse_masked
from kvproof.scheduling.shown import Shown

LAST_START = 2**62
_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Schedule(Shown):
    """A start step for each request of an instance (docs/theory.md, The problem).

    Nothing is claimed about feasibility:
    :func:`kvproof.scheduling.feasibility.check_schedule` tells.

    Parameters
    ----------
    instance
        The requests.
    starts
        Start steps, int64 of shape (requests,), in the order of ``instance.expanded()``.

    Raises
    ------
    InputError
        `instance` is none, `starts` is not flat or has the wrong length, or a start is masked, no
        integer or outside 0 to 2^62.
    """

    instance: Instance
    starts: Column

    def __post_init__(self) -> None:
        as_instance(self.instance)
        refuse_masked("schedule: starts", self.starts)
        try:
            starts = self.starts if is_given_away(self.starts) else np.array(self.starts)
        except ValueError:  # lists of different lengths
            raise InputError("schedule: starts must be a flat list of integers") from None
        if starts.dtype.kind not in "iu" or (starts.size and starts.min() < 0):
            raise InputError("schedule: starts must be integers, at least 0")
        if starts.size and starts.max() > LAST_START:
            raise InputError(f"schedule: starts must be at most {LAST_START}, got {starts.max()}")
        starts = starts.astype(np.int64, copy=False)
        if starts.ndim != 1:
            raise InputError("schedule: starts must be a flat list of integers")
        if starts.shape != (self.instance.requests,):
            raise InputError(
                f"schedule: {starts.size} starts for {self.instance.requests} requests"
            )
        starts.flags.writeable = False
        object.__setattr__(self, "starts", starts)

    def facts(self) -> dict[str, str]:
        """Return total and mean latency, makespan and the number of requests."""
        return {
            "total latency": f"{self.total_latency:,}",
            "mean latency": f"{float(self.mean_latency):,.1f}",
            "makespan": f"{self.makespan:,}",
            "requests": f"{len(self.starts):,}",
        }

    @cached_property
    def _requests(self) -> Instance:
        return self.instance.expanded()

    @property
    def completion(self) -> Column:
        """Completion step of each request, start + output."""
        return self.starts + self._requests.output

    @property
    def latency(self) -> Column:
        """Completion - arrival of each request, in steps."""
        return self.completion - self._requests.arrival

    @property
    def waiting(self) -> Column:
        """Start - arrival of each request, in steps."""
        return self.starts - self._requests.arrival

    def columns(self, rows: Column | None = None) -> dict[str, Column]:
        """Return the schedule as columns of shape (requests,), for pandas, Polars and files.

        `rows` says which row of its source each request is (:class:`Notes.rows
        <kvproof.scheduling.traces.trace.Notes>`); None counts them.
        """
        requests = self._requests
        return {
            "row": np.arange(len(self.starts)) if rows is None else rows,
            "arrival": requests.arrival,
            "prompt": requests.prompt,
            "output": requests.output,
            "start": self.starts,
            "completion": self.completion,
            "waiting": self.waiting,
            "latency": self.latency,
        }

    @cached_property
    def total_latency(self) -> int:
        """Sum of the latencies, the objective."""
        requests = self._requests
        return exact_sum(self.starts) + exact_sum(requests.output) - exact_sum(requests.arrival)

    @property
    def mean_latency(self) -> Fraction:
        """Total latency over the number of requests, in steps."""
        return Fraction(self.total_latency, len(self.starts))

    @cached_property
    def makespan(self) -> int:
        """Latest completion step."""
        output = self._requests.output
        return max(
            int((self.starts[i : i + _CHUNK] + output[i : i + _CHUNK]).max())
            for i in range(0, len(output), _CHUNK)
        )

    @property
    def memory_utilisation(self) -> Fraction:
        """Token-steps held over token-steps there were from first arrival to last completion."""
        span = self.makespan - int(self.instance.arrival.min())
        return Fraction(self.instance.total_volume, self.instance.memory * span)
