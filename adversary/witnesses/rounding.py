"""A schedule from the time-indexed programme: its fractional starts, rounded and repaired.

The j-th request of a class is due when the programme has started j - 1/2 of them. Requests then
start in the order in which they are due, each at the first step at which it fits that is not
before the start ahead of it. Requests are whole and the programme's are not: it is a little too
fast, and it has no reason not to start many at once. So its due steps are stretched, or else a
request waits until the memory has had time, at some pace, to serve the volume before it, less a
lead for the first ones. Some values are tried and the best schedule is kept.
"""

import numpy as np
from numba import njit

from kvproof.adversary.genomes.space import Floats
from kvproof.certificates.opt.time_indexed import Fluid, solve_fluid
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import END, NUMBER, OFFSET, earliest, insert
from kvproof.scheduling.schedule import Schedule

#: Of the programme, which is solved for each witness: a tenth of a second.
BUCKETS, ENTRIES = 800, 40_000
#: Requests beyond which it is not tried.
MOST_REQUESTS = 50_000
_FACTORS = 1 + np.arange(33) / 400
#: (stretch, pace, lead): 0 is no due steps, no pace; the lead is a share of the mean output.
TRIED = (
    *((stretch, 0.0, 0.0) for stretch in _FACTORS),
    *((0.0, pace, lead) for pace in _FACTORS for lead in (0.0, 0.2, 0.4, 0.6)),
)


def rounded_schedule(instance: Instance) -> Schedule | None:
    """Return the best schedule rounded from the programme, or None where it is too large.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed.
    """
    if instance.requests > MOST_REQUESTS:
        return None
    fluid = solve_fluid(instance, buckets=BUCKETS, entries=ENTRIES)
    if fluid is None:
        return None
    due = _due(fluid, instance)
    full = instance.expanded()
    columns = (full.arrival, full.prompt, full.output)
    order = np.argsort(due, kind="stable")
    tried = np.empty((len(TRIED), len(due)), np.int64)
    middle = float(full.output.mean())
    for starts, (stretch, pace, lead) in zip(tried, TRIED, strict=True):
        _place(instance.memory, *columns, order, due * stretch, pace, lead * middle, starts)
    return Schedule(instance=instance, starts=tried[int(tried.sum(axis=1).argmin())])


def _due(fluid: Fluid, instance: Instance) -> Floats:
    """Return when each request is due, in the order of the expanded instance."""
    count = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
    owner = np.repeat(fluid.inverse, count)
    due = np.empty(len(owner))
    for kind in range(len(fluid.kinds)):
        mine = fluid.kind == kind
        begun = np.append(0.0, np.cumsum(fluid.amount[mine]))
        edges = np.append(fluid.bucket[mine], fluid.bucket[mine][-1] + 1) * float(fluid.width)
        requests = np.flatnonzero(owner == kind)
        # a bucket's starts are spread over its steps
        due[requests] = np.interp(np.arange(len(requests)) + 0.5, begun, edges)
    return due


@njit(cache=True)
def _place(
    memory: int, arrival: Column, prompt: Column, output: Column,
    order: Column, due: Floats, pace: float, lead: float, starts: Column,
) -> None:  # fmt: skip
    profile = np.empty((64, 3), np.int64)
    low, high = 0, 0
    number, offset = np.int64(0), np.int64(0)
    now = np.int64(0)
    turn = -lead
    for i in order:
        now = max(now, arrival[i], np.int64(due[i]), np.int64(turn))
        now = earliest(profile, low, high, number, offset, memory, prompt[i], output[i], now)
        while low < high and profile[low, END] <= now:
            number -= profile[low, NUMBER]
            offset -= profile[low, OFFSET]
            low += 1
        starts[i] = now
        volume = prompt[i] * output[i] + output[i] * (output[i] + 1) / 2
        turn += pace * volume / memory
        profile, low, high = insert(profile, low, high, now + output[i], prompt[i] - now)
        number += 1
        offset += prompt[i] - now
