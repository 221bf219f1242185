"""Whole classes at a time: Numba kernels for a policy's schedule and for the genome's own plan.

The running requests are a profile as in :mod:`kvproof.scheduling.kernel` (completion step, number,
sum of ``prompt - start``), but equal requests that start together go in at once, so that a wave
costs as much as one request. :mod:`kvproof.adversary.valuation.reference` is the plain version.
"""

import numpy as np
from numba import njit

from kvproof.adversary.genomes.space import (
    ARRIVAL,
    BURST,
    COUNT,
    OUTPUT,
    PACE,
    PROMPT,
    RANK,
    REPEATS,
)
from kvproof.scheduling.kernel import END, NUMBER, OFFSET, earliest


@njit(cache=True, inline="always")
def volume(prompt, output):  # type: ignore[no-untyped-def]
    """Return the token-steps of one request."""
    return prompt * output + output * (output + 1) // 2


@njit(cache=True)
def room(profile, state, memory, prompt, output, start):  # type: ignore[no-untyped-def]
    """Return how many equal requests fit together at `start`."""
    number, offset = state[2], state[3]
    own = start + output
    most = memory // (prompt + output)
    for row in range(state[0], state[1]):
        end = profile[row, END]
        if end > start:
            if end >= own:
                most = min(most, (memory - offset - number * own) // (prompt + output))
                break
            most = min(most, (memory - offset - number * end) // (prompt + end - start))
        number -= profile[row, NUMBER]
        offset -= profile[row, OFFSET]
    return most


@njit(cache=True)
def add(profile, state, end, number, offset):  # type: ignore[no-untyped-def]
    """Add requests to the profile; return it (the array may have moved)."""
    low, high = state[0], state[1]
    if high == len(profile):
        kept = high - low
        target = profile if 2 * kept < high else np.empty((2 * high, 3), np.int64)
        for row in range(kept):
            for column in range(3):
                target[row, column] = profile[low + row, column]
        profile, low, high = target, 0, kept
    state[2] += number
    state[3] += offset
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
    state[0], state[1] = low, high
    return profile


@njit(cache=True)
def drop(profile, state, now):  # type: ignore[no-untyped-def]
    """Take what has completed by step `now` out of the profile."""
    low = state[0]
    while low < state[1] and profile[low, END] <= now:
        state[2] -= profile[low, NUMBER]
        state[3] -= profile[low, OFFSET]
        low += 1
    state[0] = low


@njit(cache=True)
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


@njit(cache=True)
def strict_total(genome, key, memory, profile):  # type: ignore[no-untyped-def]
    """Return what a strict policy with these keys costs on the genome's backlog, and the profile.

    Rows of equal key go in the order of the instance: the period, over and over.
    """
    order = by_key(genome, key)
    repeats = genome[0, REPEATS]
    state = np.zeros(4, np.int64)
    total = np.int64(0)
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
                    now = earliest(
                        profile, state[0], state[1], state[2], state[3], memory, prompt, output, now
                    )
                    drop(profile, state, now)
                    fit = min(left, room(profile, state, memory, prompt, output, now))
                    profile = add(profile, state, now + output, fit, fit * (prompt - now))
                    total += fit * (now + output)
                    left -= fit
        first = last
    return total, profile


@njit(cache=True)
def plan_total(genome, memory, profile, runs, ends):  # type: ignore[no-untyped-def]
    """Return the total latency of the genome's plan, the profile, and the number of runs written.

    The plan is a list: classes by `RANK`, all of a class's requests together, each at the first
    step that is not before the one ahead of it and at which it fits; paced requests also wait
    their turn. `runs` takes (class, start, number) rows until it is full; give it none to have
    only the total.
    """
    order = by_key(genome, genome[:, RANK])
    state = np.zeros(4, np.int64)
    total = np.int64(0)
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
            now = earliest(
                profile, state[0], state[1], state[2], state[3], memory, prompt, output, now
            )
            if base < 0:
                base = now
            drop(profile, state, now)
            fit = min(count - done, room(profile, state, memory, prompt, output, now))
            if gap > 0:
                turn = np.int64(1)
                while turn < fit and (
                    done + turn <= burst or base + np.int64((done + turn - burst) * gap) <= now
                ):
                    turn += 1
                fit = turn
            profile = add(profile, state, now + output, fit, fit * (prompt - now))
            total += fit * (now + output - arrival)
            if written < len(runs):
                runs[written, 0], runs[written, 1], runs[written, 2] = row, now, fit
                written += 1
            done += fit
    ends[0] = written
    return total, profile
