"""One way to go on from a state: the kernels of :mod:`.rollouts`, and what they look at.

A way follows the first starts of the state's plan and then fills the memory, at random within what
its number says. It is made anew by its number wherever it is wanted, so none is kept.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.usage import hold
from kvproof.solver.improve.guide import Floats

#: Waiting requests that may start, smallest volume first. With 36 too many start out of order.
WINDOW = 24
#: Starts of a way at most; where there are more the rest is left open.
MOST_STARTS = 256
#: Tokens that a later start usually leaves free below the fullest step ahead.
_UNUSED = 200
#: Looks at the window of a way that follows no plan: as tallest_first has it.
_FIRST_WINDOW = 12
#: Random numbers, drawn once: each way reads on from a place of its own.
DRAWS = 2**16
#: Steps that are looked at at once.
BLOCK = 32


class Sight(NamedTuple):
    """What can start soon, by volume; steps count from the moment on.

    Parameters
    ----------
    memory
        Tokens.
    price
        What a token is worth in each step, shape (steps,).
    prompt, output, since
        The requests' lengths, and since when they wait, shape (m,) each.
    gains
        What a start in each step saves over one that is late, shape (m, ahead).
    marks
        A number for each start among the steps that are kept, shape (m, kept): two ways begin
        alike if their numbers add up to the same.
    """

    memory: int
    price: Floats
    prompt: Column
    output: Column
    since: Column
    gains: Floats
    marks: npt.NDArray[np.int64]


class States(NamedTuple):
    """Schedules up to one moment, one row each.

    Parameters
    ----------
    usage
        Tokens held from the moment on, shape (b, steps).
    waits
        Whether what is in sight has not started, shape (b, m).
    value
        What has been lost, less the same for all, shape (b,).
    plan, planned
        Who is planned to start and when, in order of time, shape (b, 2, MOST_STARTS), and how many,
        shape (b,): requests and steps, or, for kernels, places in sight and steps from the moment.
    """

    usage: npt.NDArray[np.int32]
    waits: npt.NDArray[np.bool_]
    value: Floats
    plan: npt.NDArray[np.int64]
    planned: Column


@njit(nogil=True)
def follow_all(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, first, last, losses, alike
):
    """Follow the ways from `first` to before `last`; tell what each loses and how it begins."""
    kept = sight.marks.shape[1]
    usage = np.empty(states.usage.shape[1], np.int32)
    tried = np.empty((2, MOST_STARTS), np.int64)
    following = np.empty(len(sight.prompt) + 1, np.int64)
    for way in range(first, last):
        state = way // each
        usage[:] = states.usage[state]
        gain, made = _way(sight, states, each, moment, draws, way, usage, tried, following)
        losses[way] = states.value[state] - gain + left_empty(sight, usage)
        alike[way] = state * 2**52
        for k in range(made):
            if tried[1, k] < kept:
                alike[way] += sight.marks[tried[0, k], tried[1, k]]


@njit
def follow(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, chosen, new, begun
):
    """Make the states that the chosen ways lead to, and the starts that they begin with."""
    kept = sight.marks.shape[1]
    span = states.usage.shape[1]
    usage = np.empty(span, np.int32)
    tried = np.empty((2, MOST_STARTS), np.int64)
    following = np.empty(len(sight.prompt) + 1, np.int64)
    for row in range(len(chosen)):
        state = chosen[row] // each
        usage[:] = states.usage[state]
        _, made = _way(sight, states, each, moment, draws, chosen[row], usage, tried, following)
        usage[:] = states.usage[state]
        value = states.value[state]
        planned = 0
        for k in range(made):
            x, step = tried[0, k], tried[1, k]
            if step < kept:
                hold(usage, sight.prompt[x], sight.output[x], step, 1)
                value -= sight.gains[x, step]
                begun[row, x] = step
            else:
                new.plan[row, 0, planned], new.plan[row, 1, planned] = x, step
                planned += 1
        for step in range(1, kept + 1):
            value += sight.price[step] * (sight.memory - usage[step])
        new.usage[row, : span - kept] = usage[kept:]
        new.usage[row, span - kept :] = 0
        new.value[row] = value
        new.planned[row] = planned


@njit
def _way(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, way, usage, tried, following
):
    """Follow one way, made by its number; return gain and starts made."""
    state, trial = way // each, way % each
    planned = states.planned[state]
    at = ((moment * 40_503) ^ (state * 7_919 + trial * 104_729)) & (DRAWS - 1)
    looks, noise, pause, kept = _FIRST_WINDOW, 0.0, 0.0, planned
    if trial > 0:
        looks = int(WINDOW * math.sqrt(draws[at])) + 1
        at = (at + 3) & (DRAWS - 1)
        noise = 0.0 if trial % 4 == 0 else draws[at - 2]
        pause = 0.3 * draws[at - 1] if trial % 8 == 5 else 0.0
        kept = int(draws[at] * (planned + 1)) if trial % 2 else 0
    return roll(
        sight, usage, states.waits[state], states.plan[state], kept,
        looks, noise, pause, draws, at, tried, following,
    )  # fmt: skip


@njit
def roll(  # type: ignore[no-untyped-def]
    sight, usage, waits, plan, kept, looks, noise, pause, draws, at, tried, following
):
    """Follow the first `kept` starts of a plan, then fill the memory; return gain and starts made.

    A start is of the `looks` smallest the tallest that fits, prompts counting up to `noise` less at
    random; a step's starts end early with probability `pause`.
    """
    # a list of those that wait: the one after place x is at x + 1, the first one at 0
    before, small = 0, sight.memory
    for x in range(len(waits)):
        if waits[x]:
            following[before] = before = x + 1
            small = min(small, sight.prompt[x])
    following[before] = 0
    made = followed = 0
    gain = 0.0
    for step in range(sight.gains.shape[1]):
        while followed < kept and plan[1, followed] <= step:
            x = plan[0, followed]
            followed += 1
            before = 0
            while following[before] != 0 and following[before] != x + 1:
                before = following[before]
            if following[before] == 0 or not _fits(usage, sight, x, step):
                continue
            following[before] = following[x + 1]
            hold(usage, sight.prompt[x], sight.output[x], step, 1)
            tried[0, made], tried[1, made] = x, step
            made += 1
            gain += sight.gains[x, step]
        while followed == kept and made < MOST_STARTS and usage[step + 1] + small < sight.memory:
            if pause > 0:
                at = (at + 1) & (DRAWS - 1)
                if draws[at] < pause:
                    break
            room = _room(usage, sight.memory, step)
            chosen, last, tallest = -1, 0, -1.0
            before = seen = 0
            while following[before] != 0 and seen < looks:
                x = following[before] - 1
                if sight.since[x] <= step:
                    seen += 1
                    at = (at + 1) & (DRAWS - 1)
                    tall = sight.prompt[x] * (1 - noise * draws[at])
                    late = sight.prompt[x] > room and sight.output[x] >= BLOCK
                    if tall > tallest and not late and _fits(usage, sight, x, step):
                        chosen, last, tallest = x, before, tall
                before = x + 1
            if chosen < 0:
                break
            following[last] = following[chosen + 1]
            hold(usage, sight.prompt[chosen], sight.output[chosen], step, 1)
            tried[0, made], tried[1, made] = chosen, step
            made += 1
            gain += sight.gains[chosen, step]
    return gain, made


@njit
def _room(usage, memory, start):  # type: ignore[no-untyped-def]
    """Return the largest prompt of a long request that has room for the first steps."""
    held = usage[start + 1 : start + BLOCK + 1]
    most = 0
    for j in range(len(held)):
        most = max(most, held[j] + j)
    return memory - most - 1


@njit
def _fits(usage, sight, x, start):  # type: ignore[no-untyped-def]
    """Whether a request can start so; most that cannot meet a full step soon."""
    room = sight.memory - sight.prompt[x]
    for first in range(1, sight.output[x] + 1, BLOCK):
        held = usage[start + first : start + min(first + BLOCK, sight.output[x] + 1)]
        over = 0
        for j in range(len(held)):
            over |= held[j] + j > room - first
        if over:
            return False
    return True


@njit
def left_empty(sight, usage):  # type: ignore[no-untyped-def]
    """Return the price of what is left empty, and what must stay so beyond the steps ahead.

    Whatever starts there has no more room than the fullest later step leaves.
    """
    ahead = sight.gains.shape[1]
    price = 0.0
    for step in range(1, ahead + 1):
        price += sight.price[step] * (sight.memory - usage[step])
    least = sight.memory
    for step in range(len(sight.price) - 1, ahead, -1):
        free = sight.memory - usage[step]
        least = min(least, free)
        price += sight.price[step] * (free - max(0, least - _UNUSED))
    return price
