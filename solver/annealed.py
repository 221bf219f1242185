"""Annealing as one engine of a solve, and what it does for few requests before all others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import islice

import numpy as np

from kvproof.scheduling.usage import requests_of
from kvproof.solver.dp.root import Rooted
from kvproof.solver.improve.annealing import ROUNDS, Annealing
from kvproof.solver.improve.run import TRIALS
from kvproof.solver.interval import Interval
from kvproof.solver.model import Model
from kvproof.solver.portfolio import Work

#: Up to so many requests kernels that are not compiled yet may be interpreted, and annealing finds
#: what a long local search would.
SMALL = 25
#: Steps between the bound and the best schedule up to which the search comes first.
NEAR = 8
# Passes of annealing without a gain after which it ends, where requests are few and where not.
_IDLE, _IDLE_MANY = 12, 36


def brought_near(
    state: Interval,
    annealing: Work,
    late: Callable[[], bool],
    rooted: Callable[[], Rooted] | None,
) -> None:
    """Let annealing go first: from a near schedule all else is less work.

    Until a pass gains nothing, then the root; the wider the gap to its bound, the more passes may
    gain nothing.
    """
    idle = 0
    while not (late() or state.closed()):
        before = state.upper
        for _ in islice(annealing, ROUNDS):
            pass
        idle = idle + 1 if state.upper == before else 0
        if idle == 1 and rooted is not None and state.upper - state.lower > NEAR:
            rooted()
        if idle and state.upper - state.lower <= NEAR * (idle + 1):
            return


def annealed(
    model: Model, state: Interval, report: Callable[[], None]
) -> Generator[None, None, None]:
    """Anneal the best schedule, from wherever it comes, until several passes gain nothing."""
    full = model.instance().expanded()
    steps = int((state.starts + full.output).max()) + 2 * int(full.output.max()) + 2
    search = Annealing(requests_of(full), full.volume, state.starts, np.zeros(2 * steps, np.int32))
    while search.idle < (_IDLE if model.requests <= SMALL else _IDLE_MANY):
        if state.upper < model.total(search.best):
            search.take(state.starts)
        search.advance(TRIALS)
        if model.total(search.best) < state.upper:
            state.upper, state.starts = model.total(search.best), search.best.copy()
            report()
        yield
