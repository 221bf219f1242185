"""Left shift: each start moves to the first step at which it fits, all others where they are.

No request is delayed, so whatever is proved above the schedule's total stays true. It needs to know
all requests and output lengths; on a backlog of known lengths a scheduler can do it before the
first step, with arrivals only afterwards.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import empty_tree, next_leaf
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.sorting import stable_order
from kvproof.scheduling.usage import Requests, hold, hold_all

#: Steps from the first arrival to the last completion that are kept, a few bytes each.
MOST_STEPS = 2**27
# Steps of a block at each level but the first, where a block is one step.
_BLOCKS = (8, 64, 512)
# Grades of prompts and outputs by which it is noted where nothing as large fits.
_GRADES = 257


def compact(schedule: Schedule) -> Schedule:
    """Return the schedule with each start, in their order, moved to the earliest feasible step.

    Parameters
    ----------
    schedule
        A feasible schedule; equal starts are taken in the order of the instance.

    Raises
    ------
    LimitError
        It takes more than 2^27 steps.
    """
    full = schedule.instance.expanded()
    origin = int(full.arrival.min())
    steps = schedule.makespan - origin + 2
    if steps > MOST_STEPS:
        raise LimitError(
            f"compact: the schedule takes {steps:,} steps; at most {MOST_STEPS:,} are kept "
            "(a longer --step or --limit helps)"
        )
    starts = schedule.starts - origin
    prompts, outputs = (
        np.unique(np.quantile(column, np.linspace(0, 1, _GRADES), method="lower"))
        for column in (full.prompt, full.output)
    )
    requests = Requests(full.memory, full.arrival - origin, full.prompt, full.output)
    _shift(requests, stable_order(starts), steps, prompts, outputs, starts)
    return Schedule(instance=schedule.instance, starts=starts + origin)


def compact_reference(schedule: Schedule) -> list[int]:
    """Return the starts that :func:`compact` makes, step by step."""
    full: Instance = schedule.instance.expanded()
    starts: list[int] = schedule.starts.tolist()
    held = dict.fromkeys(range(max(schedule.makespan, 0) + 1), 0)
    shapes = list(zip(full.prompt.tolist(), full.output.tolist(), strict=True))
    for start, (prompt, output) in zip(starts, shapes, strict=True):
        for j in range(1, output + 1):
            held[start + j] += prompt + j
    for i in sorted(range(len(starts)), key=lambda i: (starts[i], i)):
        prompt, output = shapes[i]
        for j in range(1, output + 1):
            held[starts[i] + j] -= prompt + j
        starts[i] = next(
            p
            for p in range(int(full.arrival[i]), starts[i] + 1)
            if all(held[p + j] + prompt + j <= full.memory for j in range(1, output + 1))
        )
        for j in range(1, output + 1):
            held[starts[i] + j] += prompt + j
    return starts


@njit
def _shift(requests, order, steps, prompts, outputs, starts):  # type: ignore[no-untyped-def]
    """Shift the starts in place.

    For each level of blocks a tree over the most that is held in a block's steps finds the next
    block with room, so that long stretches without any are passed over at once.

    On a backlog it is also noted, in the grades `prompts` and `outputs`, up to where no request of
    at least so large a prompt and output fits. That stays true: what is taken away later lies
    beyond the old start of the request that was tried.
    """
    memory, arrival, prompt, output = requests
    backlog = arrival.max() == 0
    nowhere = np.zeros((len(prompts) + 1, len(outputs) + 1), np.int64)  # Fenwick tree of maxima
    single = empty_tree(max(steps, 2 * _BLOCKS[2]))
    number = len(single) // 2
    held = single[number:]  # its leaves
    eights = empty_tree(number // _BLOCKS[0])
    more = empty_tree(number // _BLOCKS[1])
    most = empty_tree(number // _BLOCKS[2])
    hold_all(held, requests, starts)
    trees = (single, eights, more, most)
    _refresh(trees, 0, number - 1)
    for i in order:
        old = starts[i]
        hold(held, prompt[i], output[i], old, -1)
        _refresh(trees, old + 1, old + output[i])
        tree, size = single, 1
        if output[i] >= 2 * _BLOCKS[2]:
            tree, size = most, _BLOCKS[2]
        elif output[i] >= 2 * _BLOCKS[1]:
            tree, size = more, _BLOCKS[1]
        elif output[i] >= 2 * _BLOCKS[0]:
            tree, size = eights, _BLOCKS[0]
        # the last 2 size - 1 steps of a stay hold one whole block: of this age at least
        room = memory - (prompt[i] + output[i] - 2 * size + 2)
        start = arrival[i]
        if backlog:
            start = max(start, _noted(nowhere, prompts, outputs, prompt[i], output[i]))
        while start < old:  # it fits where it was
            block = (start + output[i] - size + 1) // size
            found = next_leaf(tree, block, room)
            if found > block:
                start = max(start, (found + 1) * size - 1 - output[i])
            j = output[i]
            while j > 0 and held[start + j] + prompt[i] + j <= memory:
                j -= 1
            if j == 0:
                break
            # a step with too little room at age j rules out all starts that would be as old there
            start += j - max(0, memory - prompt[i] - held[start + j])
        starts[i] = min(start, old)
        if backlog:
            until = min(starts[i], old - output[i] + 1)
            _note(nowhere, prompts, outputs, prompt[i], output[i], until)
        hold(held, prompt[i], output[i], starts[i], 1)
        _refresh(trees, starts[i] + 1, starts[i] + output[i])


@njit
def _noted(nowhere, prompts, outputs, prompt, output):  # type: ignore[no-untyped-def]
    """Return the first start that is not ruled out for a request of this prompt and output."""
    found = np.int64(0)
    i = np.searchsorted(prompts, prompt, side="right")  # grades that are no larger
    while i > 0:
        j = np.searchsorted(outputs, output, side="right")
        while j > 0:
            found = max(found, nowhere[i, j])
            j -= j & -j
        i -= i & -i
    return found


@njit
def _note(nowhere, prompts, outputs, prompt, output, until):  # type: ignore[no-untyped-def]
    """Note that no start before `until` fits this prompt and output, nor anything larger."""
    i = np.searchsorted(prompts, prompt, side="left") + 1  # the first grade as large
    while i < len(nowhere):
        j = np.searchsorted(outputs, output, side="left") + 1
        while j < nowhere.shape[1]:
            nowhere[i, j] = max(nowhere[i, j], until)
            j += j & -j
        i += i & -i


@njit
def _refresh(trees, first, last):  # type: ignore[no-untyped-def]
    """Make the trees say what is held again, after a change in the steps first..last."""
    below = trees[0][len(trees[0]) // 2 :]
    _above(trees[0], first, last)
    for level in range(1, 4):
        tree = trees[level]
        leaves = tree[len(tree) // 2 :]
        first //= 8
        last //= 8
        for block in range(first, last + 1):
            highest = below[8 * block]
            for step in range(8 * block + 1, 8 * block + 8):
                highest = max(highest, below[step])
            leaves[block] = highest
        _above(tree, first, last)
        below = leaves


@njit
def _above(tree, first, last):  # type: ignore[no-untyped-def]
    """Recompute the minima above leaves first..last."""
    low, high = len(tree) // 2 + first, len(tree) // 2 + last
    while low > 1:
        low //= 2
        high //= 2
        for node in range(low, high + 1):
            tree[node] = min(tree[2 * node], tree[2 * node + 1])
