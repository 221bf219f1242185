"""Paced SVF: no request starts before the volume ahead of it has had time to pass.

In SVF order with volumes W_k ahead of request k, m the largest peak and M the memory, request k
starts no sooner than ``floor(c W_k/(M - m))``, and as ever when it fits. Where the order has the
shape that the proofs ask for, everything fits just then (docs/theory.md, Paced SVF).
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import LAST_START


class Shape(StrEnum):
    """How prompts and outputs go along SVF order; each includes those above it."""

    ANY = "any order"
    OUTPUTS_RISE = "outputs nondecreasing in SVF order"
    PROMPTS_FALL = "outputs nondecreasing, prompts nonincreasing in SVF order"


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


def svf_shape(instance: Instance) -> Shape:
    """Return the narrowest shape of an instance; equal volumes go by output."""
    order = _svf_order(instance)
    if (np.diff(instance.output[order]) < 0).any():
        return Shape.ANY
    falls = (np.diff(instance.prompt[order]) <= 0).all()
    return Shape.PROMPTS_FALL if falls else Shape.OUTPUTS_RISE


def pace_of(instance: Instance) -> Pace:
    """Return c: 1 where prompts fall and outputs rise, 5/4 where outputs rise, else an unproved 1.

    Smaller requests first and evenly spread is what both proofs need; without that order no
    constant is enough in general, and 1 is what did best where it was measured.
    """
    shape = svf_shape(instance)
    if instance.max_peak == instance.memory:
        return Pace(shape=shape, constant=None, proved=False)
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
    found = np.empty(instance.rows, np.int64)
    if numerator * instance.total_volume < 2**63:
        ahead = np.cumsum(instance.volume[order]) - instance.volume[order]
        found[order] = numerator * ahead // divisor
        return found
    passed = 0
    for i, volume in zip(order.tolist(), instance.volume[order].tolist(), strict=True):
        if numerator * passed // divisor > LAST_START:
            raise InputError(f"svf-paced: request {i} would not start before 2^62")
        found[i] = numerator * passed // divisor
        passed += volume
    return found


class PacedSVF:
    """Strict SVF in which each start waits for its pace; backlogs only."""

    name = "svf-paced"

    def key(self, instance: Instance) -> Column:
        """Return ranks by volume, then output."""
        order = _svf_order(instance)
        rank = np.empty(instance.rows, np.int64)
        rank[order] = np.arange(instance.rows)
        return rank

    def release(self, instance: Instance) -> Column:
        """Return the earliest start of each request.

        Raises
        ------
        InputError
            The instance is no backlog.
        """
        if not instance.is_backlog:
            raise InputError("svf-paced is for backlogs: --backlog lets every request arrive at 0")
        constant = pace_of(instance).constant
        return instance.arrival if constant is None else releases(instance, constant)

    def remark(self, instance: Instance) -> str:
        """Say which constant paces this instance, and whether a proof stands behind it."""
        pace = pace_of(instance)
        if pace.constant is None:
            return "not paced: a request fills the memory"
        proof = "proved" if pace.proved else "no proof for this order"
        return f"c = {pace.constant} ({pace.shape}: {proof})"
