"""Tokens held in every step, and where in them a request fits.

One int32 per step, so that a trial looks at the steps it touches and at nothing else.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule

Usage = npt.NDArray[np.int32]


class Requests(NamedTuple):
    """The columns of an instance, one row for each request, as kernels take them."""

    memory: int
    arrival: Column
    prompt: Column
    output: Column


def requests_of(instance: Instance) -> Requests:
    """Return the columns of the expanded instance."""
    full = instance.expanded()
    return Requests(full.memory, full.arrival, full.prompt, full.output)


def held_at(schedule: Schedule, steps: Column, rows: npt.NDArray[np.bool_]) -> Column:
    """Return the tokens that the requests of `rows` hold in each of `steps`, shape (steps,).

    A request that starts at p holds ``prompt + t - p`` in the steps ``p + 1 .. p + output``: what
    has started less what has completed, each a constant and a multiple of t.
    """
    full = schedule.instance.expanded()
    held = np.zeros(len(steps), np.int64)
    base = (full.prompt - schedule.starts)[rows]
    for moment, sign in ((schedule.starts[rows], 1), (schedule.completion[rows], -1)):
        order = np.argsort(moment, kind="stable")
        sums = np.concatenate(([0], np.cumsum(base[order])))
        before = np.searchsorted(moment[order], steps, side="left")  # those with moment < step
        held += sign * (sums[before] + before * steps)
    return held


def by_volume(full: Instance, classes: int) -> tuple[list[int], Column]:
    """Return the largest volume of each class, and the class of each request of `full`.

    The classes have about as many requests each; fewer where volumes are equal.
    """
    shares = np.arange(1, classes + 1) / classes
    limits = np.unique(np.quantile(full.volume, shares, method="higher"))
    return limits.tolist(), np.searchsorted(limits, full.volume)


@njit
def hold(usage, prompt, output, start, sign):  # type: ignore[no-untyped-def]
    """Add what a request holds in the steps ``start + 1 .. start + output``, or take it away."""
    held = usage[
        start + 1 : start + output + 1
    ]  # a slice, for then steps are added several at once
    for j in range(len(held)):
        held[j] += sign * (prompt + 1 + j)


@njit
def hold_all(usage, requests, starts):  # type: ignore[no-untyped-def]
    """Set the tokens that a schedule holds."""
    usage[:] = 0
    for i in range(len(starts)):
        hold(usage, requests.prompt[i], requests.output[i], starts[i], 1)


@njit
def first_fit(usage, memory, prompt, output, start):  # type: ignore[no-untyped-def]
    """Return the first step from `start` on at which a request fits; -1 beyond the last step.

    Looks from the request's last step backwards: a step with too little room at age j rules out
    all starts that would be as old there, which are skipped.
    """
    while start + output < len(usage):
        j = output
        while j > 0 and usage[start + j] + prompt + j <= memory:
            j -= 1
        if j == 0:
            return start
        # the age at which the request would fit into that step, or none
        fits = max(0, memory - prompt - usage[start + j])
        start += j - fits
    return -1


@njit
def place(usage, requests, order, due, in_turn, starts):  # type: ignore[no-untyped-def]
    """Start the requests in `order`, each at the first step from `due` on at which it fits.

    `in_turn`: nor before the one ahead of it. Returns whether all found a place.
    """
    usage[:] = 0
    last = 0
    for i in order:
        begin = max(requests.arrival[i], due[i])
        if in_turn:
            begin = max(begin, last)
        prompt, output = requests.prompt[i], requests.output[i]
        begin = first_fit(usage, requests.memory, prompt, output, begin)
        if begin < 0:
            return False
        hold(usage, prompt, output, begin, 1)
        starts[i] = last = begin
    return True


@njit
def shift_left(usage, requests, order, reach, starts):  # type: ignore[no-untyped-def]
    """Move each request, in `order`, to the first step at which it fits with all others in place.

    Looks back at most `reach` steps. Returns the steps gained in all.
    """
    gained = 0
    for i in order:
        prompt, output, old = requests.prompt[i], requests.output[i], starts[i]
        hold(usage, prompt, output, old, -1)
        begin = max(requests.arrival[i], old - reach)
        # it fits where it was, so this ends there at the latest, or where no more steps are known
        begin = first_fit(usage, requests.memory, prompt, output, begin)
        starts[i] = begin if begin >= 0 else old
        gained += old - starts[i]
        hold(usage, prompt, output, starts[i], 1)
    return gained
