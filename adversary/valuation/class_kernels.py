"""Whole classes at a time: Numba kernels for a policy's schedule and for the genome's own plan.

What is running is a profile as in :mod:`kvproof.scheduling.kernel` (completion step, number, sum
of ``prompt - start``), but equal requests that start together go in at once, so that a wave costs
as much as one request. Totals steer only, and are floats, which large spaces do not overflow.
:mod:`kvproof.adversary.valuation.reference` is the plain version.
"""

from typing import NamedTuple

import numpy as np

from kvproof.adversary.genomes.space import (
    ARRIVAL,
    BURST,
    COUNT,
    OUTPUT,
    PACE,
    PROMPT,
    RANK,
    REPEATS,
    volume,
)
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.kernel import END, NUMBER, OFFSET, earliest

# Places in `Running.state`: the rows in use, and the sums of their columns NUMBER and OFFSET.
_LOW, _HIGH, _NUMBER, _OFFSET = range(4)


class Running(NamedTuple):
    """The requests that run, by completion.

    Parameters
    ----------
    profile
        Rows (END, NUMBER, OFFSET) in order of END, shape (capacity, 3).
    state
        First and last row in use, and the sums of NUMBER and OFFSET, shape (4,).
    """

    profile: Column
    state: Column


@njit
def nothing_running(profile):  # type: ignore[no-untyped-def]
    """Return an empty profile in an array that is there."""
    return Running(profile, np.zeros(4, np.int64))


@njit
def first_fit(running, memory, prompt, output, now):  # type: ignore[no-untyped-def]
    """Return the first step from `now` on at which a request fits; drop what has ended by then."""
    profile, state = running.profile, running.state
    start = earliest(
        profile, state[_LOW], state[_HIGH], state[_NUMBER], state[_OFFSET],
        memory, prompt, output, now,
    )  # fmt: skip
    low = state[_LOW]
    while low < state[_HIGH] and profile[low, END] <= start:
        state[_NUMBER] -= profile[low, NUMBER]
        state[_OFFSET] -= profile[low, OFFSET]
        low += 1
    state[_LOW] = low
    return start


@njit
def room(running, memory, prompt, output, start):  # type: ignore[no-untyped-def]
    """Return how many equal requests fit together at `start`."""
    profile, state = running.profile, running.state
    number, offset = state[_NUMBER], state[_OFFSET]
    own = start + output
    most = memory // (prompt + output)
    for row in range(state[_LOW], state[_HIGH]):
        end = profile[row, END]
        if end > start:
            if end >= own:
                most = min(most, (memory - offset - number * own) // (prompt + output))
                break
            most = min(most, (memory - offset - number * end) // (prompt + end - start))
        number -= profile[row, NUMBER]
        offset -= profile[row, OFFSET]
    return most


@njit
def add(running, end, number, offset):  # type: ignore[no-untyped-def]
    """Add requests that complete together; return what runs (its array may have moved)."""
    profile, state = running.profile, running.state
    low, high = state[_LOW], state[_HIGH]
    if high == len(profile):
        kept = high - low
        target = profile if 2 * kept < high else np.empty((2 * high, 3), np.int64)
        for row in range(kept):
            for column in range(3):
                target[row, column] = profile[low + row, column]
        profile, low, high = target, 0, kept
    state[_NUMBER] += number
    state[_OFFSET] += offset
    row = high
    while row > low and profile[row - 1, END] > end:
        row -= 1
    if row > low and profile[row - 1, END] == end:
        profile[row - 1, NUMBER] += number
        profile[row - 1, OFFSET] += offset
    else:
        for moved in range(high, row, -1):
            for column in range(3):
                profile[moved, column] = profile[moved - 1, column]
        profile[row, END] = end
        profile[row, NUMBER] = number
        profile[row, OFFSET] = offset
        high += 1
    state[_LOW], state[_HIGH] = low, high
    return Running(profile, state)


@njit
def by_key(genome, key):  # type: ignore[no-untyped-def]
    """Return the rows in use, by key, then by index; insertion sort, for there are few."""
    order = np.empty(len(genome), np.int64)
    used = 0
    for row in range(1, len(genome)):
        if genome[row, COUNT] > 0:
            place = used
            while place > 0 and key[order[place - 1]] > key[row]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = row
            used += 1
    return order[:used]


@njit
def strict_total(genome, key, memory, profile):  # type: ignore[no-untyped-def]
    """Return what a strict policy with these keys costs on the genome's backlog, and the profile.

    Rows of equal key go in the order of the instance: the period, over and over.
    """
    order = by_key(genome, key)
    repeats = genome[0, REPEATS]
    running = nothing_running(profile)
    total = 0.0
    now = np.int64(0)
    first = 0
    while first < len(order):
        last = first + 1
        while last < len(order) and key[order[last]] == key[order[first]]:
            last += 1
        alone = last == first + 1
        for _ in range(1 if alone else repeats):
            for place in range(first, last):
                row = order[place]
                prompt, output = genome[row, PROMPT], genome[row, OUTPUT]
                left = genome[row, COUNT] * (repeats if alone else 1)
                while left > 0:
                    now = first_fit(running, memory, prompt, output, now)
                    fit = min(left, room(running, memory, prompt, output, now))
                    running = add(running, now + output, fit, fit * (prompt - now))
                    total += float(fit) * float(now + output)
                    left -= fit
        first = last
    return total, running.profile


@njit
def plan_total(genome, memory, profile, runs):  # type: ignore[no-untyped-def]
    """Return the total latency of the genome's plan, the profile, and the number of runs written.

    The plan is a list: classes by `RANK`, all of a class's requests together, each at the first
    step that is not before the one ahead of it and at which it fits; paced requests also wait
    their turn. `runs` takes (class, start, number) rows until it is full; give it none to have
    only the total.
    """
    order = by_key(genome, genome[:, RANK])
    running = nothing_running(profile)
    total = 0.0
    now = np.int64(0)
    written = 0
    for row in order:
        prompt, output, arrival = genome[row, PROMPT], genome[row, OUTPUT], genome[row, ARRIVAL]
        count = genome[row, COUNT] * genome[0, REPEATS]
        gap = volume(prompt, output) / memory * (genome[row, PACE] / 1000)
        burst = genome[row, BURST] * memory // (1000 * (prompt + output))
        base = np.int64(-1)
        done = np.int64(0)
        now = max(now, arrival)
        while done < count:
            if done > burst and base >= 0:
                now = max(now, base + np.int64((done - burst) * gap))
            now = first_fit(running, memory, prompt, output, now)
            if base < 0:
                base = now
            fit = min(count - done, room(running, memory, prompt, output, now))
            if gap > 0:
                fit = in_turn(fit, done - burst, gap, now - base)
            running = add(running, now + output, fit, fit * (prompt - now))
            total += float(fit) * float(now + output - arrival)
            if written < len(runs):
                runs[written, 0], runs[written, 1], runs[written, 2] = row, now, fit
                written += 1
            done += fit
    return total, running.profile, written


@njit
def in_turn(most, paced, gap, elapsed):  # type: ignore[no-untyped-def]
    """Return how many of at most `most` paced requests are due, at least one.

    `paced` is how many have started beyond the burst (below 0: how many of it are left), `gap`
    the steps between turns, `elapsed` the steps since the class's first start.
    """
    turn = np.int64(1)
    while turn < most and (paced + turn <= 0 or np.int64((paced + turn) * gap) <= elapsed):
        turn += 1
    return turn
