"""Exact test of a schedule, in O(n log n), by an argument of its own.

It shares no code with the simulator: that is what it is there to catch. While nothing completes,
the memory held only grows, so within a schedule it is largest at completion steps; those are the
only steps that are looked at, and they are all looked at together.
"""

import numpy as np

from scheduling.errors import RejectedError
from scheduling.exact import Column
from scheduling.schedule import Schedule


def check_schedule(schedule: Schedule) -> None:
    """Raise unless every start is at or after its arrival and memory suffices at every step.

    A request with start p and output o holds ``prompt + (u - p)`` tokens in step u for
    ``p < u <= p + o`` (THEORY section 1).

    Raises
    ------
    RejectedError
        Naming the first request that starts before it arrives, or the first step that needs
        more than the memory and what it needs.
    """
    requests = schedule.instance.expanded()
    early = schedule.starts < requests.arrival
    if early.any():
        i = int(early.argmax())
        raise RejectedError(
            f"schedule: request {i} starts at step {schedule.starts[i]}, "
            f"before its arrival at {requests.arrival[i]}"
        )
    steps, held = memory_at_completions(schedule)
    over = held > requests.memory
    if over.any():
        i = int(over.argmax())
        raise RejectedError(
            f"schedule: step {steps[i]} needs {held[i]} tokens, more than memory {requests.memory}"
        )


def memory_at_completions(schedule: Schedule) -> tuple[Column, Column]:
    """Return the distinct completion steps, ascending, and the tokens held in each of them.

    At step u the running requests are those with ``start < u <= completion``; each holds
    ``(prompt - start) + u``. Sums of ``prompt - start`` may wrap around in int64 on the way, but
    their differences are exact, since no total exceeds 2^31 requests times 2^31 tokens.
    """
    starts, completion = schedule.starts, schedule.completion
    offset = schedule.instance.expanded().prompt - starts
    by_start = np.argsort(starts, kind="stable")
    by_completion = np.argsort(completion, kind="stable")
    offset_started = np.concatenate(([0], np.cumsum(offset[by_start])))
    offset_ended = np.concatenate(([0], np.cumsum(offset[by_completion])))
    ends = completion[by_completion]
    steps = ends[np.concatenate(([True], ends[1:] != ends[:-1]))]
    started = np.searchsorted(starts[by_start], steps, side="left")
    ended = np.searchsorted(ends, steps, side="left")
    held = (offset_started[started] - offset_ended[ended]) + (started - ended) * steps
    return steps, held
