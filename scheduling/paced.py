"""Paced SVF: no request starts before the volume ahead of it has had time to pass.

In SVF order with volumes W_k ahead of request k, m the largest peak and M the memory, request k
starts no sooner than ``floor(c W_k/(M - m))`` after a backlog's beginning, and as ever when it
fits. Where the order has the
shape that the proofs ask for, everything fits just then (docs/theory.md, Paced SVF).

With arrivals it is a token bucket that holds nothing: each start costs steps of credit, which
nobody saves by waiting, be it for arrivals or for memory. Equal requests at ``v/(M - m)`` a start
never wait for memory, by proof; others cost ``v/M`` and are admitted as ever.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Toll
from kvproof.scheduling.schedule import LAST_START


class Shape(StrEnum):
    """How prompts and outputs go along SVF order; each includes those above it."""

    ANY = "any order"
    OUTPUTS_RISE = "outputs nondecreasing in SVF order"
    PROMPTS_FALL = "outputs nondecreasing, prompts nonincreasing in SVF order"
    VOLUMES_EQUAL = "equal volumes"
    ALL_EQUAL = "equal requests"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How much time each unit of volume is given.

    Parameters
    ----------
    shape
        Of the instance.
    constant
        c; None where a request fills the memory, and nothing is paced.
    proved
        Whether nothing ever waits for memory at this pace, by proof.
    """

    shape: Shape
    constant: Fraction | None
    proved: bool


def _svf_order(instance: Instance) -> Column:
    """Return the rows by volume, then output, then index."""
    return np.lexsort((instance.output, instance.volume))


def _come_together(instance: Instance) -> bool:
    """Whether all requests are there from the first arrival on: a backlog, whenever it begins."""
    return bool(np.ptp(instance.arrival) == 0)


def svf_shape(instance: Instance) -> Shape:
    """Return the narrowest shape of an instance; equal volumes go by output."""
    order = _svf_order(instance)
    if (np.diff(instance.output[order]) < 0).any():
        return Shape.ANY
    if (np.diff(instance.prompt[order]) > 0).any():
        return Shape.OUTPUTS_RISE
    # of equal volumes and rising outputs the prompts fall
    if instance.volume[order[0]] < instance.volume[order[-1]]:
        return Shape.PROMPTS_FALL
    return Shape.ALL_EQUAL if np.ptp(instance.output) == 0 else Shape.VOLUMES_EQUAL


def pace_of(instance: Instance) -> Pace:
    """Return c: 1 where prompts fall and outputs rise, 5/4 where outputs rise, else an unproved 1.

    Smaller requests first and evenly spread is what both proofs need; without that order no
    constant is enough in general, and 1 is what did best where it was measured. Unequal requests
    that arrive over time do not start in that order, so they are paced by ``v/M``, without a proof.
    """
    shape = svf_shape(instance)
    if instance.max_peak == instance.memory:
        return Pace(shape=shape, constant=None, proved=False)
    if not _come_together(instance) and shape is not Shape.ALL_EQUAL:
        constant = Fraction(instance.memory - instance.max_peak, instance.memory)
        return Pace(shape=shape, constant=constant, proved=False)
    constant = Fraction(5, 4) if shape is Shape.OUTPUTS_RISE else Fraction(1)
    return Pace(shape=shape, constant=constant, proved=shape is not Shape.ANY)


def releases(instance: Instance, constant: Fraction) -> Column:
    """Return ``floor(c W_k/(M - m))`` for each request (counts must be expanded).

    Raises
    ------
    InputError
        A release is beyond 2^62 steps.
    """
    order = _svf_order(instance)
    numerator = constant.numerator
    divisor = constant.denominator * (instance.memory - instance.max_peak)
    before_last = instance.total_volume - int(instance.volume[order[-1]])
    _refuse_beyond(int(order[-1]), numerator * before_last // divisor)
    found = np.empty(instance.rows, np.int64)
    if numerator * instance.total_volume < 2**63:
        ahead = np.cumsum(instance.volume[order]) - instance.volume[order]
        found[order] = numerator * ahead // divisor
        return found
    passed = 0
    for i, volume in zip(order.tolist(), instance.volume[order].tolist(), strict=True):
        found[i] = numerator * passed // divisor
        passed += volume
    return found


def spaced(instance: Instance) -> Column:
    """Return ``floor(x_k)``, ``x_k = max(a_k, x_(k-1) + v/(M - m))``, of equal requests.

    They go by arrival, then index. One row each, and m < M.

    Raises
    ------
    InputError
        A start is beyond 2^62 steps.
    """
    gap, unit = int(instance.volume[0]), instance.memory - instance.max_peak
    found = np.empty(instance.rows, np.int64)
    at = 0  # x_k in units of 1/unit
    for i in np.argsort(instance.arrival, kind="stable").tolist():
        at = max(int(instance.arrival[i]) * unit, at)
        _refuse_beyond(i, at // unit)
        found[i] = at // unit
        at += gap
    return found


def _refuse_beyond(request: int, start: int) -> None:
    if start > LAST_START:
        raise InputError(f"svf-paced: request {request} would not start before 2^62")


class PacedSVF:
    """Strict SVF in which each start waits for its pace."""

    name = "svf-paced"

    def key(self, instance: Instance) -> Column:
        """Return ranks by volume, then output, arrival and index."""
        order = np.lexsort((instance.arrival, instance.output, instance.volume))
        rank = np.empty(instance.rows, np.int64)
        rank[order] = np.arange(instance.rows)
        return rank

    def release(self, instance: Instance) -> Column:
        """Return the earliest start of each request."""
        constant = pace_of(instance).constant
        if constant is None or not _come_together(instance):
            return instance.arrival
        return releases(instance, constant) + instance.arrival

    def toll(self, instance: Instance) -> Toll | None:
        """Return what each start costs where requests arrive over time: its volume.

        A start at ``floor(x)`` lacks less than one step of credit: that much is lent.
        """
        constant = pace_of(instance).constant
        if constant is None or _come_together(instance):
            return None
        price = constant / (instance.memory - instance.max_peak)  # 1/(M - m), or 1/M
        unit = price.denominator
        return Toll(cost=instance.volume, unit=unit, cap=0, lent=unit - 1)

    def remark(self, instance: Instance) -> str:
        """Say which constant paces this instance, and whether a proof stands behind it."""
        pace = pace_of(instance)
        if pace.constant is None:
            return "not paced: a request fills the memory"
        if not _come_together(instance) and not pace.proved:
            return "v/M for each start (no proof for unequal requests that arrive over time)"
        proof = "proved" if pace.proved else "no proof for this order"
        return f"c = {pace.constant} ({pace.shape}: {proof})"
