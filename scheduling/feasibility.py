"""Exact test of a schedule, in O(n log n), by an argument of its own.

It shares no code with the simulator: that is what it is there to catch. While nothing completes,
the memory held only grows, so within a schedule it is largest at completion steps; those are the
only steps that are looked at, and they are all looked at together.
"""

import numpy as np

from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.schedule import Schedule


def check_schedule(schedule: Schedule) -> None:
    """Raise unless every start is at or after its arrival and memory suffices at every step.

    A request with start p and output o holds ``prompt + (u - p)`` tokens in step u for
    ``p < u <= p + o`` (docs/theory.md, The problem).

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
    ``(prompt - start) + u``, which is ``(peak - completion) + u``. Sums of these offsets may
    wrap around in int64 on the way, but their differences are exact, since no total exceeds
    2^31 requests times 2^31 tokens.
    """
    requests = schedule.instance.expanded()
    starts, prompt = _sorted_together(schedule.starts, requests.prompt)
    ends, peak = _sorted_together(schedule.completion, requests.prompt + requests.output)
    prompt -= starts
    peak -= ends
    # sums up to and with each entry; a step that ends a request has one that started before it
    offset_started = np.cumsum(prompt, out=prompt)
    offset_ended = np.cumsum(peak, out=peak)
    first = np.flatnonzero(np.concatenate(([True], ends[1:] != ends[:-1])))
    steps = ends[first]
    started = np.searchsorted(starts, steps, side="left")
    held = offset_started[started - 1]
    held[1:] -= offset_ended[first[1:] - 1]
    held += (started - first) * steps
    return steps, held


def _sorted_together(time: Column, tokens: Column) -> tuple[Column, Column]:
    """Return both columns in the order of `time`; in one sort of packed pairs where they fit.

    In place as far as may be: at ten million requests new memory costs as much as the sort.
    """
    bits = int(tokens.max()).bit_length()
    if int(time.max()).bit_length() + bits > 63 or time.min() < 0:
        order = np.argsort(time)
        return time[order], tokens[order]
    packed = time << bits
    packed |= tokens
    packed.sort()
    ordered = packed >> bits
    packed &= (1 << bits) - 1
    return ordered, packed
