"""The genome's plan as a schedule of its instance."""

import numpy as np

from kvproof.adversary.genomes.space import COUNT, REPEATS, Genome, Space
from kvproof.adversary.valuation.class_kernels import plan_total
from kvproof.scheduling.schedule import Schedule


def plan_schedule(space: Space, genome: Genome) -> Schedule:
    """Return the plan that the kernels cost; nobody need trust it: schedules are checked.

    Requests of a class are equal, so their starts are dealt out in the order of the instance.
    """
    instance = space.instance(genome)
    runs = np.zeros((instance.requests, 3), dtype=np.int64)
    ends = np.zeros(1, dtype=np.int64)
    plan_total(genome, space.memory, np.empty((64, 3), dtype=np.int64), runs, ends)
    runs = runs[: ends[0]]
    used = np.flatnonzero(genome[1:, COUNT] > 0) + 1
    owner = np.tile(np.repeat(used, genome[used, COUNT]), int(genome[0, REPEATS]))
    starts = np.empty(instance.requests, dtype=np.int64)
    for row in used:
        mine = runs[runs[:, 0] == row]
        starts[owner == row] = np.repeat(mine[:, 1], mine[:, 2])
    return Schedule(instance=instance, starts=starts)
