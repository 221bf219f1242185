"""The time-indexed programme as the last stage of a solve: a backend works on what prices leave."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np

from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.backends import find_backend
from kvproof.solver.deadline import share_of, until
from kvproof.solver.dp.root import PRICES
from kvproof.solver.interval import Interval, IntervalProgress
from kvproof.solver.model import Model
from kvproof.solver.options import Options
from kvproof.solver.proofs import price_proof
from kvproof.solver.result import Limit
from kvproof.solver.windows import PRICE_SCALE, fix_windows, good_prices, quick_prices

# Prices that were climbed leave a programme that is smaller by about this factor at most.
_SLACK = 2


def programmed(
    instance: Instance,
    model: Model,
    state: Interval,
    options: Options,
    deadline: float | None,
    progress: IntervalProgress | None,
) -> tuple[int | None, str]:
    """Run a backend on what is left; return the lower bound that it claims, and its name."""
    from kvproof.solver.backends.pulp import guard

    # What is far too large even within the windows of prices in closed form is refused at once.
    guard(model, fix_windows(model, quick_prices(model), state.upper), slack=_SLACK)
    prices = good_prices(model, state.upper, until(share_of(deadline, PRICES)))
    # Only what is cheaper than the incumbent is offered: finding nothing proves it optimal, and
    # the model is far smaller than one that also holds the incumbent as a warm start.
    windows = fix_windows(model, prices, state.upper)
    if windows.empty:
        state.raise_lower(
            state.upper, price_proof(prices, model.origin), "price", replace_equal=True
        )
        return state.upper, "price"
    bound_of_prices = Fraction(windows.bound, PRICE_SCALE)
    state.raise_lower(bound_of_prices, price_proof(prices, model.origin), "price")
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        state.limit = Limit.TIME
        return None, f"milp:{options.backend}"
    claim = find_backend(options.backend).solve(model, windows, target=state.upper, time_limit=left)
    if claim.starts is not None and model.total(claim.starts) < state.upper:
        try:
            check_schedule(
                Schedule(instance=instance, starts=np.array(model.starts_of_requests(claim.starts)))
            )
        except RejectedError:  # whoever hands out such a schedule is not believed otherwise either
            state.limit = Limit.BACKEND
            state.message = f"the backend {options.backend} returned an infeasible schedule"
            return None, f"milp:{options.backend}"
        state.upper = model.total(claim.starts)
        state.starts = claim.starts
    bound = None if claim.bound is None else int(np.ceil(claim.bound - 1e-6))
    if claim.finished:
        bound = state.upper  # the best of what was offered, or nothing below the incumbent
    else:
        state.limit = Limit.TIME
    if progress:
        progress(state.upper, state.lower)
    return bound, f"milp:{options.backend}"
