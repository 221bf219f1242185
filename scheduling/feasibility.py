"""Exact test of a schedule, by an argument of its own: linear, or O(n log n) where steps are many.

It shares no code with the simulator: that is what it is there to catch. While nothing completes,
the memory held only grows, so within a schedule it is largest at completion steps; those are the
only steps that are looked at. They are sorted or, where there are many requests and not many more
steps, counted step by step.
"""

import numpy as np

from kvproof.scheduling.arguments import of_type
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule

#: Requests from which on steps are counted.
_MANY = 1 << 14
#: Requests, and steps, that are looked at in one go.
_CHUNK = 1 << 18
#: Windows of time, of as many steps as there are requests, that are looked at one by one.
_PASSES = 32


def check_schedule(schedule: Schedule) -> None:
    """Raise unless every start is at or after its arrival and memory suffices at every step.

    A request with start p and output o holds ``prompt + (u - p)`` tokens in step u for
    ``p < u <= p + o`` (docs/theory.md, The problem).

    Raises
    ------
    InputError
        It is no schedule.
    RejectedError
        Naming the first request that starts before it arrives, or the first step that needs
        more than the memory and what it needs.
    """
    requests = of_type(Schedule, schedule, "a Schedule").instance.expanded()
    early = schedule.starts < requests.arrival
    if early.any():
        i = int(early.argmax())
        raise RejectedError(
            f"schedule: request {i} starts at step {schedule.starts[i]}, "
            f"before its arrival at {requests.arrival[i]}"
        )
    _, step, held = _most(requests, schedule.starts, requests.memory)
    if held:
        raise RejectedError(
            f"schedule: step {step} needs {held} tokens, more than memory {requests.memory}"
        )


def most_held(instance: Instance, starts: Column) -> int:
    """Return the most tokens that are held in any step, of requests that start so."""
    return _most(instance.expanded(), starts, np.iinfo(np.int64).max)[0]


def _most(requests: Instance, starts: Column, memory: int) -> tuple[int, int, int]:
    """Return the most held, and the first completion that holds more than `memory`, or (0, 0).

    What is held in a step that is no completion is held in the next completion, too.
    """
    chunks = range(0, len(starts), _CHUNK)
    first = [int(starts[i : i + _CHUNK].min()) for i in chunks]
    last = [int((starts[i : i + _CHUNK] + requests.output[i : i + _CHUNK]).max()) for i in chunks]
    begin, end = min(first), max(last) + 1
    window = max(len(starts), _CHUNK)
    if len(starts) < _MANY or end - begin > _PASSES * window:
        steps, held = memory_at_completions(Schedule(instance=requests, starts=starts))
        over = held > memory
        i = int(over.argmax())
        return int(held.max()), *((int(steps[i]), int(held[i])) if over[i] else (0, 0))
    most = running = offset = 0
    for low in range(begin, end, window):
        size = min(window, end - low)
        change, ends = np.zeros((size, 2), np.int64), np.zeros(size, np.bool_)
        for i, earliest, latest in zip(chunks, first, last, strict=True):
            if earliest < low + size and latest >= low:
                some = slice(i, i + _CHUNK)
                _count(
                    starts[some], requests.prompt[some], requests.output[some], low, change, ends
                )
        here, step, held, running, offset = _walk(change, ends, running, offset, memory)
        most = max(most, here)
        if held:
            return most, low + step, held
    return most, 0, 0


@njit
def _count(starts, prompt, output, low, change, ends):  # type: ignore[no-untyped-def]
    """Count the starts and completions of a window that begins with step `low`.

    A request that starts at p holds ``prompt - p + u`` tokens in the steps u = p + 1, ..., p +
    output: what changes after a step is how many run, and the sum of their ``prompt - p``.
    """
    for i in range(len(starts)):
        begin = starts[i] - low
        end = begin + output[i]
        held = prompt[i] - begin
        if 0 <= begin < len(ends):
            change[begin, 0] += 1
            change[begin, 1] += held
        if 0 <= end < len(ends):
            change[end, 0] -= 1
            change[end, 1] -= held
            ends[end] = True


@njit
def _walk(change, ends, running, offset, memory):  # type: ignore[no-untyped-def]
    """Go through the steps of a window: the most held in a completion, the first above `memory`.

    `running` and `offset` are those before the window, and are given back for the next one, which
    counts from its own first step.
    """
    most = 0
    for u in range(len(ends)):
        if ends[u]:
            held = offset + running * u
            most = max(most, held)
            if held > memory:
                return most, u, held, running, offset
        running += change[u, 0]
        offset += change[u, 1]
    return most, 0, 0, running, offset + running * len(ends)


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
