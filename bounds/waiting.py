"""Whether any request has to wait, and from which memory or rate on: where none has, order is moot.

If all requests can start when they arrive, every policy that starts what it can does so, whatever
its order: what runs at any time is part of that schedule, so that the next request fits, too. The
schedule costs OPT, each latency being its output. In less memory than it holds at most, that
schedule is not feasible, and in every other one some request waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from kvproof.scheduling.feasibility import most_held
from kvproof.scheduling.instance import Instance

#: Rates are told apart to so many of their hundredths.
_FINE = Fraction(101, 100)
#: No rate beyond this many times the given one is tried: arrivals are all but a backlog then.
_MOST = 2**20


def memory_without_waiting(instance: Instance) -> int:
    """Return the least memory in which no request has to wait: what is held if all start at once.

    Exact: with a token less some request waits in every schedule.
    """
    requests = instance.expanded()
    return most_held(requests, requests.arrival)


@dataclass(frozen=True, kw_only=True)
class Onset:
    """Where waiting begins as requests come faster.

    Parameters
    ----------
    free
        The highest rate that was tried at which no request waits, in multiples of the given one.
    waits
        The lowest that was tried at which some request waits, or None where none does at the
        highest rate that was tried.
    tried
        How many rates were tried.
    backlog_fits
        Whether none waits even where all requests come at once; then no other rate was tried.
    """

    free: Fraction
    waits: Fraction | None
    tried: int
    backlog_fits: bool = False


def onset(instance: Instance, at_rate: Callable[[Fraction], Instance]) -> Onset | None:
    """Return where waiting begins, to a hundredth of the rate; None where requests wait already.

    Between the two rates nothing is claimed: arrivals are rounded to steps, so that a higher rate
    may hold less for once.

    Parameters
    ----------
    instance
        The requests as they come.
    at_rate
        The same at a multiple of their rate.
    """
    if memory_without_waiting(instance) > instance.memory:
        return None
    tried = 1

    def free_at(rate: Fraction) -> bool:
        nonlocal tried
        tried += 1
        return memory_without_waiting(at_rate(rate)) <= instance.memory

    if memory_without_waiting(instance.backlog()) <= instance.memory:
        return Onset(free=Fraction(1), waits=None, tried=tried, backlog_fits=True)
    low, high = Fraction(1), Fraction(2)
    while free_at(high):
        low, high = high, 2 * high
        if high > _MOST:
            return Onset(free=low, waits=None, tried=tried)
    while high > _FINE * low:
        middle = _short((low + high) / 2)
        low, high = (middle, high) if free_at(middle) else (low, middle)
    return Onset(free=low, waits=high, tried=tried)


def _short(rate: Fraction) -> Fraction:
    """Return a rate near this one that takes few digits: a user may want to type it."""
    places = 1000
    while places * rate > 10**4 and places > 1:
        places //= 10
    return Fraction(round(rate * places), places)
