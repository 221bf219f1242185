"""A short search at prices in closed form: many small instances are closed by it at once.

What makes a search short where there is much to go through (prices of a linear programme, a better
schedule, an ascent of multipliers) takes longer than to go through a few thousand states.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.dp.layered import Outcome
from kvproof.solver.dp.multipliers import Vector, from_prices, make_vector
from kvproof.solver.dp.narrow import layers_of_few
from kvproof.solver.dp.stage import over_left
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.dp.trajectory import SCALE, Grid, grid_of
from kvproof.solver.interval import Interval, known
from kvproof.solver.model import Model
from kvproof.solver.proofs import price_proof, search_proof
from kvproof.solver.threads import Flag, aside
from kvproof.solver.windows import PRICE_SCALE, Windows, fix_windows, quick_prices

# States of a layer, and of all layers, after which the search is left: a few milliseconds, and half
# a second for the checker. And starts that prices leave times tokens of memory beyond which it is
# not begun: tables take as long then.
_MOST, _STATES, _WORK = 3_000, 8_000, 400_000
# Steps between the bound of the prices and the best schedule from which on that many states do not
# suffice for a backlog, of more requests than so many.
_FAR, _FEW = 8, 10


class _Searched(NamedTuple):
    """A search over a grid, whose root is `first`, over the starts that this leaves."""

    whole: Grid
    first: Vector
    thin: Windows
    outcome: Outcome


def close_at_once(model: Model, state: Interval, deadline: float | None) -> bool:
    """Close the interval of few requests by a short search, or narrow it by staggered groups.

    Return whether Ctrl-C ended that.
    """
    try:
        quick_search(model, state, deadline)
        if not state.closed():
            grouped = known(model, state.upper, state.starts)
            if grouped.kept is not None:
                state.raise_lower(*grouped.kept, grouped.engine)
    except KeyboardInterrupt:
        return True
    return False


def quick_search(model: Model, state: Interval, deadline: float | None) -> None:
    """Close the interval, with a proof, if a search over a few states does; or leave it."""
    target = state.upper
    try:
        prices = quick_prices(model)
        fixed = fix_windows(model, prices, target)
        if fixed.empty:
            proof = price_proof(prices, model.origin)
            state.raise_lower(target, proof, "price", replace_equal=True)
            return
        if _takes_long(model, fixed, target):
            return
        found = aside(partial(_search, model, prices, fixed, target), deadline)
    except LimitError:  # too large for any search
        return
    if found is None:
        return
    outcome = found.outcome
    searched = search_proof(found.whole, found.thin, prices, target, found.first, outcome, None)
    state.states += outcome.states
    if outcome.best is not None and outcome.starts is not None:
        state.upper, state.starts = outcome.best, outcome.starts
    state.raise_lower(state.upper, searched, "dp", replace_equal=True)


def _takes_long(model: Model, fixed: Windows, target: int) -> bool:
    """Whether a search over the starts that prices leave would not end soon, or not begin."""
    far = target * PRICE_SCALE - fixed.bound > _FAR * PRICE_SCALE
    many = model.requests > _FEW and not model.arrival.any()
    return bool((far and many) or fixed.allowed.sum() * model.memory > _WORK)


def _search(
    model: Model, prices: Column, fixed: Windows, target: int, flag: Flag
) -> _Searched | None:
    """Return the search, or None where it does not end."""
    whole, packing = grid_of(model, fixed), packing_of(model)
    # of so few requests over so many steps at most, these are within 32 bits
    alpha, beta = (np.rint(part).astype(np.int32) for part in from_prices(whole, prices))
    first = make_vector(whole, alpha, beta, 0)
    thin, stage, start = over_left(whole, first, target)
    outcome = Outcome(proved=True)
    if stage is not None and start is not None:
        root = States.root(packing, model.requests)
        made = layers_of_few(
            stage, start, packing, root, 0, (target - 1) * SCALE, target, _MOST, _STATES, flag
        )
        if len(made.states):
            return None
        outcome.states = int(made.sizes.sum())
        outcome.vectors, outcome.used = [start], [[0]] * len(made.sizes)
        if made.best < target:
            outcome.best, outcome.starts = made.best, made.starts
    return _Searched(whole, first, thin, outcome)
