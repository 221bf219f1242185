"""A first schedule: the best of the simple policies."""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SJF, SVF
from kvproof.scheduling.simulate import simulate
from kvproof.solver.model import Model


def best_policy(instance: Instance, model: Model) -> tuple[int, Column]:
    """Return (total latency, starts listed class by class) of the best simple policy."""
    schedules = [
        simulate(instance, policy(), skip=skip)
        for policy in (SVF, SJF, FCFS)
        for skip in (False, True)
    ]
    best = min(schedules, key=lambda schedule: schedule.total_latency)
    return best.total_latency, listed(model, best.starts)


def listed(model: Model, starts: Column) -> Column:
    """Return starts class by class, from model time 0, ascending within a class."""
    return np.concatenate(
        [np.sort(starts[members]) - model.origin for members in model.members]
    ).astype(np.int64)
