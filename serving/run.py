"""What an engine did with each request, and how long that took."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """What the engine held at the end of each executed step; columns of shape (steps,).

    Parameters
    ----------
    step
        The step's number on the clock of the arrivals; idle time is skipped.
    blocks
        KV-cache blocks in use.
    running, waiting
        Requests that run and wait.
    """

    step: Column
    blocks: Column
    running: Column
    waiting: Column

    def sampled(self, most: int) -> "Timeline":
        """Return every k-th step, so that at most `most` are left."""
        every = slice(None, None, max(1, -(-len(self.step) // most)))
        return Timeline(
            step=self.step[every],
            blocks=self.blocks[every],
            running=self.running[every],
            waiting=self.waiting[every],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineRun:
    """A run of an engine, in engine steps.

    Parameters
    ----------
    instance
        The requests as the engine holds them: in the step that gives output token j a request
        holds ``prompt + j`` tokens, so the prompt is one less than the user's.
    first, completion
        The steps that gave the first and the last output token, shape (n,).
    preemptions
        How often each request lost what had been computed for it, shape (n,).
    tokens
        Tokens computed in all; what exceeds ``sum (prompt + output)`` was computed again.
    timeline
        Step by step, where it was recorded.
    """

    instance: Instance
    first: Column
    completion: Column
    preemptions: Column
    tokens: int
    timeline: Timeline

    @property
    def steps(self) -> int:
        """Executed steps."""
        return len(self.timeline.step)

    @cached_property
    def latency(self) -> Column:
        """Completion less arrival, in steps, shape (n,)."""
        return self.completion - self.instance.arrival

    @cached_property
    def time_to_first(self) -> Column:
        """Steps from arrival to the first output token, shape (n,)."""
        return self.first - self.instance.arrival

    @cached_property
    def total_latency(self) -> int:
        """Sum of the latencies, in steps."""
        return exact_sum(self.latency)

    @property
    def mean_latency(self) -> Fraction:
        """Total latency over requests."""
        return Fraction(self.total_latency, self.instance.requests)

    @property
    def recomputed(self) -> int:
        """Tokens that were computed more than once."""
        once = self.instance.prompt + self.instance.output
        return self.tokens - exact_sum(once)
