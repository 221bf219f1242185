"""A schedule from the time-indexed programme: its fractional starts, rounded and repaired.

The j-th request of a class is due when the programme has started j - 1/2 of them. Requests then
start in the order in which they are due, each at the first step at which it fits that is not
before the start ahead of it. Requests are whole and the programme's are not: it is a little too
fast, and it has no reason not to start many at once. So its due steps are stretched, or else a
request waits until the memory has had time, at some pace, to serve the volume before it, less a
lead for the first ones. Some values are tried and the best schedule is kept.
"""

from typing import NamedTuple

import numpy as np

from kvproof.adversary.genomes.space import Floats, volume
from kvproof.certificates.opt.time_indexed import solve_time_indexed
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import END, NUMBER, OFFSET, earliest, insert
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import requests_of

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
    solution = solve_time_indexed(instance, buckets=BUCKETS, entries=ENTRIES)
    if solution is None:
        return None
    due = solution.due(instance)
    requests = requests_of(instance)
    order = np.argsort(due, kind="stable")
    tried = np.empty((len(TRIED), len(due)), np.int64)
    mean = float(requests.output.mean())
    for starts, (stretch, pace, lead) in zip(tried, TRIED, strict=True):
        in_turn(requests, order, Turns(due * stretch, pace, lead * mean), starts)
    return Schedule(instance=instance, starts=tried[int(tried.sum(axis=1).argmin())])


class Turns(NamedTuple):
    """When requests may start.

    Parameters
    ----------
    due
        The first step allowed for each request, shape (requests,).
    pace
        A request also waits for the volume before it, served at the memory over this; 0: it does
        not.
    lead
        Steps by which that wait is shortened.
    """

    due: Floats
    pace: float
    lead: float


@njit
def in_turn(requests, order, turns, starts):  # type: ignore[no-untyped-def]
    """Start the requests in order, each at the first step that fits and is not before its turn."""
    memory, arrival, prompt, output = requests
    profile = np.empty((64, 3), np.int64)
    low, high = 0, 0
    number, offset = np.int64(0), np.int64(0)
    now = np.int64(0)
    turn = -turns.lead
    for i in order:
        now = max(now, arrival[i], np.int64(turns.due[i]), np.int64(turn))
        now = earliest(profile, low, high, number, offset, memory, prompt[i], output[i], now)
        while low < high and profile[low, END] <= now:
            number -= profile[low, NUMBER]
            offset -= profile[low, OFFSET]
            low += 1
        starts[i] = now
        turn += turns.pace * volume(prompt[i], output[i]) / memory
        profile, low, high = insert(profile, low, high, now + output[i], prompt[i] - now)
        number += 1
        offset += prompt[i] - now
