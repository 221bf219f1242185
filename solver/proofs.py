"""Proofs of the solver as certificates take them: prices, and the multipliers of a search."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np

from kvproof.certificates.prices import Prices
from kvproof.certificates.proofs import FollowedClasses, Multipliers, PriceProof, SearchProof
from kvproof.scheduling.exact import Column
from kvproof.solver.dp.layered import Outcome
from kvproof.solver.dp.multipliers import Vector
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.model import Model
from kvproof.solver.profiles.followed import Followed
from kvproof.solver.windows import PRICE_SCALE, Windows


def prices_of(listed: Column, idle: int = 0) -> Prices:
    """Return prices per step over :data:`~kvproof.solver.windows.PRICE_SCALE` as a vector.

    `idle` steps without a price come first.
    """
    runs = [(1, price) for price in listed.tolist()]
    return Prices.merge(PRICE_SCALE, [(idle, 0), *runs] if idle else runs)


def price_proof(prices: Column, origin: int) -> PriceProof:
    """Return the proof by prices, which count steps from the earliest arrival, `origin`."""
    return PriceProof(prices=prices_of(prices, idle=origin))


def search_proof(
    grid: Grid,
    thin: Windows,
    prices: Column,
    target: int,
    first: Vector,
    outcome: Outcome,
    followed: Followed | None,
) -> SearchProof:
    """Return the proof by a search: OPT is at least the target, or the best schedule met below it.

    Parameters
    ----------
    grid
        Over the starts that the prices allow.
    thin
        The starts that `first`, a vector over `grid`, leaves of them.
    outcome
        Of a search over those, whose first vector is `first`.
    followed
        What bounded its states, too.
    """
    needed = sorted({index for layer in outcome.used for index in layer} - {0})
    place = {0: 0} | {index: position for position, index in enumerate(needed, start=1)}
    vectors = [_listed(grid.model, grid.windows, first)]
    vectors += [_listed(grid.model, thin, outcome.vectors[index]) for index in needed]
    # the checker keeps states that raised profiles dominate: it may need layers for longer; a
    # target that was lowered on the way leaves fewer
    used = outcome.used + outcome.used[-1:] * (thin.horizon + 1 - len(outcome.used))
    used = used[: thin.horizon + 1]
    layers = [tuple(place[index] for index in layer) for layer in used]
    return SearchProof(
        target=target,
        scale=SCALE,
        prices=prices_of(prices),
        vectors=tuple(vectors),
        layers=tuple((len(list(run)), vectors) for vectors, run in groupby(layers)),
        followed=None if followed is None else _of_followed(followed),
    )


def _of_followed(followed: Followed) -> FollowedClasses:
    return FollowedClasses(
        classes=tuple(followed.classes.tolist()),
        worth=tuple(followed.worth.tolist()),
        prices=prices_of(followed.prices),
        until=None if followed.until is None else tuple(followed.until.tolist()),
    )


def _listed(model: Model, windows: Windows, vector: Vector) -> Multipliers:
    """Return multipliers class by class over the allowed starts.

    As differences in zigzag code (the format has no negative integers), and only those that a
    state at the vector's first step or later can use.
    """
    starts: list[int] = []
    ends: list[int] = []
    for c in range(model.classes):
        allowed = np.flatnonzero(windows.allowed[c])
        starts.extend(vector.alpha[c, allowed[allowed >= vector.since]].tolist())
        kept = allowed[allowed + model.output[c] >= vector.since]
        ends.extend(vector.beta[c, kept].tolist())
    unit = math.gcd(*starts, *ends) or 1
    return Multipliers(
        since=vector.since,
        unit=unit,
        start=_zigzag_steps([value // unit for value in starts]),
        end=_zigzag_steps([value // unit for value in ends]),
    )


def _zigzag_steps(values: list[int]) -> tuple[int, ...]:
    pairs = zip([0, *values], values, strict=False)
    steps = (value - before for before, value in pairs)
    return tuple(2 * step if step >= 0 else -2 * step - 1 for step in steps)
