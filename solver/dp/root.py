"""Where a search begins: prices, the starts that they leave, multipliers, and followed classes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import share_of, until
from kvproof.solver.dp.ascent import ascend
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.multipliers import Vector, from_prices, make_vector, root_bound, sample_of
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import SCALE, Grid, Multiplier, grid_of
from kvproof.solver.interval import Interval
from kvproof.solver.model import Model
from kvproof.solver.portfolio import repeats
from kvproof.solver.profiles.followed import Followed, follow, follow_all
from kvproof.solver.proofs import price_proof
from kvproof.solver.threads import Flag, aside
from kvproof.solver.windows import PRICE_SCALE, fix_windows, good_prices

#: Share of the time left that prices may take.
PRICES = 0.3
# And the root's multipliers, of what is left then.
_ROOT = 0.5
# Rounds of the ascent at the root: for each request and each step between the bound before and the
# best schedule, and limits; more gain little. And how far a multiplier moves at first; where
# requests repeat, and so many are moved by it, either may be the better one.
_ROUNDS, _LEAST_ROUNDS, _MOST_ROUNDS = 0.3, 40, 400
_STRIDES, _STRIDES_EQUAL = (100.0,), (100.0, 30.0)
# Steps between the root's bound and the best schedule beyond which classes are followed: few are
# closed before that has begun.
_FOLLOWED = 20


@dataclass(frozen=True, kw_only=True)
class Rooted:
    """Where searches begin: prices, the starts that they leave, multipliers of the root.

    And classes that are followed, where these show more.
    """

    prices: Column
    grid: Grid
    root: Vector
    followed: Followed | None

    def left(self, effort: Effort) -> Effort:
        """Return what may be spent beside what is followed."""
        if self.followed is None:
            return effort
        return replace(effort, memory_bytes=effort.memory_bytes - self.followed.bytes)


def climb(
    model: Model, state: Interval, deadline: float | None, report: Callable[[], None]
) -> Column:
    """Raise the lower bound by prices; return these.

    Raises
    ------
    LimitError
        Starts spread over too many steps.
    """
    prices = good_prices(model, state.upper, until(share_of(deadline, PRICES)))
    windows = fix_windows(model, prices, state.upper)
    bound = Fraction(windows.bound, PRICE_SCALE)
    state.raise_lower(bound, price_proof(prices, model.origin), "price")
    report()
    return prices


def root_of(
    model: Model,
    prices: Column,
    state: Interval,
    memory_bytes: int,
    deadline: float | None,
    report: Callable[[], None],
) -> Rooted:
    """Raise the lower bound by multipliers made of the prices; return where to search.

    `memory_bytes` is what profiles of all classes may take part of.

    Raises
    ------
    LimitError
        The instance is too large.
    """
    grid = grid_of(model, fix_windows(model, prices, state.upper))
    root = aside(
        partial(_root_vector, grid, prices, state.lower, state.upper), share_of(deadline, _ROOT)
    )
    state.engine = "dp"
    state.raise_lower(-(-root_bound(grid, root) // SCALE), None, "dp")
    report()
    followed = None
    if repeats(model) and state.upper - state.lower > _FOLLOWED:
        followed = follow(model, prices, grid.horizon, state.lower, share_of(deadline, _ROOT))
        _raise(state, followed, report)
        if state.upper - state.lower > _FOLLOWED:
            share = share_of(deadline, _ROOT)
            every = follow_all(model, prices, memory_bytes, state.lower, share)
            _raise(state, every, report)
            followed = every or followed
    return Rooted(prices=prices, grid=grid, root=root, followed=followed)


def _raise(state: Interval, followed: Followed | None, report: Callable[[], None]) -> None:
    """Take what followed classes bound."""
    if followed is not None:
        state.raise_lower(-(-followed.value // PRICE_SCALE), None, "dp")
        report()


def _root_vector(grid: Grid, prices: Column, lower: int, upper: int, flag: Flag) -> Vector:
    """Return the root vector: prices turned into multipliers, then ascent."""
    alpha, beta = from_prices(grid, prices)
    packing = packing_of(grid.model)
    root = States.root(packing, grid.model.requests)
    sample = sample_of(grid, root, np.array([0]), 0)
    # about 5 s at most for the largest tables
    cells = grid.events * grid.shape[1] * grid.shape[2]
    most = min(_MOST_ROUNDS, 8_000_000_000 // cells)
    wanted = _ROUNDS * grid.model.requests * (upper - lower)
    rounds = int(np.clip(wanted, _LEAST_ROUNDS, max(most, _LEAST_ROUNDS)))
    strides = _STRIDES_EQUAL if repeats(grid.model) else _STRIDES

    def climbed(stride: float) -> tuple[Multiplier, Multiplier, float]:
        return ascend(
            grid, alpha, beta, sample, target=upper, rounds=rounds, stride=stride, flag=flag
        )

    with ThreadPoolExecutor(len(strides)) as pool:
        best = max(pool.map(climbed, strides), key=lambda found: found[2])
    return make_vector(grid, best[0], best[1], 0)
