"""How many profiles there are, before they are found.

A request that holds q tokens in its last step and has r steps to go holds q - r + j in the j-th.
So what k requests hold in a step follows from k and their sum of q - r alone, and a profile from
these two as those with fewer and fewer steps to go join in. Ways through such pairs are counted.
"""

from __future__ import annotations

import numpy as np

from kvproof.solver.model import Model

# Additions of numbers that counting may take, a quarter of a second or so, and numbers at a time.
_WORK, _CELLS = 100_000_000, 1_000_000
# Some that are counted hold the same in each step, though not from as many requests: there were up
# to 1.24 times as many as profiles.
_CLEARLY = 1.3


def has_more(model: Model, most: int) -> bool:
    """Whether a model has more profiles than that: clearly more, and where counting is quick."""
    memory, peak = model.memory, model.prompt + model.output
    running = memory // int(model.prompt.min() + 1)
    cells = (memory + 1) * (running + 1)
    if cells > _CELLS:
        return False
    total, number = np.arange(memory + 1)[:, None], np.arange(running + 1)
    ways = np.zeros((memory + 1, running + 1))
    ways[0, 0] = 1
    work = 0
    for togo in range(int(model.output.max()) - 1, 0, -1):
        own = {int(q) for q in peak[model.output > togo]}
        joining = {0}  # sums of q of so many
        sums = {0}
        more = np.zeros(ways.shape)
        for k in range(running + 1):
            for held in joining:
                s = held - togo * k
                more[s:, k:] += ways[: memory + 1 - s, : running + 1 - k]
            work += len(joining) * cells
            joining = {held + q for held in joining for q in own if held + q <= memory}
            if not joining or work > _WORK:
                break
            sums |= joining
        if work > _WORK:
            return False
        if togo == 1:  # the last ones: from how many they are matters no more
            free = memory - total - number
            found = np.searchsorted(sorted(sums), free, side="right")
            return float((ways * found).sum()) > _CLEARLY * most
        ways = np.where(total + togo * number <= memory, more, 0)
        if ways.sum() > _CLEARLY * most:
            return True
    return False
