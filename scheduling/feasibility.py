"""Exact test of a schedule, in O(n log n), by an argument of its own.

It shares no code with the simulator: that is what it is there to catch. While nothing completes,
the memory held only grows, so within a schedule it is largest at completion steps; those are the
only steps that are looked at. Where there are more requests than steps they are counted step by
step, in passes; else they are sorted.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule

#: Requests, or steps, that are looked at in one go.
_CHUNK = 1 << 18
#: Windows of time, of as many steps as there are requests, that are looked at one by one.
_PASSES = 32


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
    for steps, held in _held(requests, schedule.starts):
        over = held > requests.memory
        if over.any():
            i = int(over.argmax())
            raise RejectedError(
                f"schedule: step {steps[i]} needs {held[i]} tokens, more than memory "
                f"{requests.memory}"
            )


def most_held(instance: Instance, starts: Column) -> int:
    """Return the most tokens that are held in any step, of requests that start so."""
    return max(int(held.max()) for _, held in _held(instance.expanded(), starts))


def _held(requests: Instance, starts: Column) -> Iterator[tuple[Column, Column]]:
    """Yield steps, ascending, each completion among them once, and the tokens held in each.

    Of the steps that are no completions, none is held more in than in the next completion.
    """
    chunks = range(0, len(starts), _CHUNK)
    first = np.array([int(starts[i : i + _CHUNK].min()) for i in chunks])
    last = np.array(
        [int((starts[i : i + _CHUNK] + requests.output[i : i + _CHUNK]).max()) for i in chunks]
    )
    origin, steps = int(first.min()), int(last.max()) - int(first.min()) + 1
    window = max(len(starts), _CHUNK)
    if steps > _PASSES * window:
        yield memory_at_completions(Schedule(instance=requests, starts=starts))
        return
    # a request that starts at p holds prompt - p + u in the steps u = p + 1, ..., p + output:
    # number and offset are those up to u - 1, on the way to u
    number, offset = np.zeros(1, np.int64), np.zeros(1, np.int64)  # arrays may wrap around
    for low in range(origin, origin + steps, window):
        size = min(window, origin + steps - low)
        numbers, offsets = np.zeros(size, np.int64), np.zeros(size, np.int64)
        ends = np.zeros(size, np.bool_)
        for i, begins, over in zip(chunks, first.tolist(), last.tolist(), strict=True):
            if begins >= low + size or over < low:
                continue
            begin = starts[i : i + _CHUNK] - low
            end = begin + requests.output[i : i + _CHUNK]
            held = requests.prompt[i : i + _CHUNK] - begin
            for at, sign in ((begin, 1), (end, -1)):
                within = slice(None) if begins >= low and over < low + size else _in(at, size)
                np.add.at(numbers, at[within], sign)
                np.add.at(offsets, at[within], sign * held[within])
            ends[end[within]] = True
        np.cumsum(numbers, out=numbers)
        np.cumsum(offsets, out=offsets)
        at = np.flatnonzero(ends)
        for i in range(0, len(at), _CHUNK):
            u = at[i : i + _CHUNK]
            before = u[1:] if not u[0] else u  # nothing of this window is before its first step
            held = offset + number * u
            held[len(u) - len(before) :] += offsets[before - 1] + numbers[before - 1] * before
            yield u + low, held
        number += numbers[-1:]
        offset += offsets[-1:] + number * size  # the next window counts from its own first step


def _in(at: Column, size: int) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (at >= 0) & (at < size)
    return inside


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
