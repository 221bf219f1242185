"""The best prices for all profiles, found on an excerpt of them and tried on all."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import share_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.bound import Bound, evaluate
from kvproof.solver.profiles.excerpt import Excerpt
from kvproof.solver.profiles.space import Space
from kvproof.solver.threads import aside

# Rounds, each of which tries prices on all profiles, and the units of latency between what the
# excerpt says and what they prove at which they end.
_ROUNDS, _ENOUGH = 12, 0.3
# Share of the time left that the excerpt of one round may take: over many steps it takes as long.
_CLIMB = 0.1


def ascend(
    model: Model,
    space: Space,
    prices: Column,
    steps: int,
    hear: Callable[[Bound], bool],
    deadline: float | None = None,
) -> Generator[None, None, Bound | None]:
    """Climb from these prices; yield before each round, and return the best bound.

    Parameters
    ----------
    hear
        Told the best bound so far, whose table may be overwritten later; says whether to end.
    steps
        Prices of more steps than this are not tried.
    deadline
        On the clock of :func:`time.monotonic`; None is returned where it comes too early.

    Raises
    ------
    LimitError
        Walks could earn more than 32 bits hold.
    """
    most = SCALE * (steps + model.output - model.arrival)
    buffer = np.empty((steps + 1, space.profiles), np.int32)
    excerpt = Excerpt(model, space)
    best = bound = evaluate(model, space, np.minimum(prices, most), buffer, deadline)
    for _ in range(_ROUNDS):
        if bound is None or best is None or hear(best):
            return None
        yield
        if not bound.slope.any():
            break
        if not aside(partial(excerpt.add, bound), deadline):
            return None
        climb = partial(excerpt.climb, best.prices, most)
        prices, value = aside(climb, share_of(deadline, _CLIMB))
        if value - best.value < _ENOUGH * SCALE:
            break
        bound = evaluate(model, space, prices, buffer, deadline)
        if bound is not None and bound.value > best.value:
            best = bound
    if best is None or best is bound:
        return best
    return evaluate(model, space, best.prices, buffer, deadline)
