"""Branching for instances whose requests repeat, as one step of a solve."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction

import numpy as np

from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.branch.relaxation import Late, Relaxation
from kvproof.solver.branch.request_windows import UNIT
from kvproof.solver.branch.tree import Branching, branch_proof
from kvproof.solver.deadline import until
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.multipliers import from_prices, make_vector
from kvproof.solver.dp.stage import beams
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.interval import Interval, IntervalProgress
from kvproof.solver.model import Model
from kvproof.solver.proofs import price_proof
from kvproof.solver.result import Limit
from kvproof.solver.threads import aside
from kvproof.solver.windows import PRICE_SCALE, fix_windows

# Nodes for a first try that looks for schedules.
_FEW_NODES = 1_500
# Nodes for the proof of a schedule that is taken to be optimal, and splits tried at each.
_MOST_NODES, _TRIED = 200_000, 8


def look(
    model: Model, state: Interval, *, effort: Effort, deadline: float | None = None
) -> Generator[None, None, None]:
    """Look for a cheaper schedule with beams that the prices of the LP over counts guide.

    An instance that is too large for these is left as it is.
    """
    if state.closed():
        return
    arrival = model.arrival[:, None]
    steps = model.steps
    most = np.where(np.arange(steps)[None, :] >= arrival, model.count[:, None], 0)
    try:
        packing_of(model)
        _, found = Relaxation(model, steps, until(deadline)).solve(np.zeros_like(most), most)
        prices = np.rint(found * PRICE_SCALE).astype(np.int64)
        grid = grid_of(model, fix_windows(model, prices, state.upper))
        alpha, beta = (np.rint(part).astype(np.int32) for part in from_prices(grid, prices))
        root = aside(lambda _: make_vector(grid, alpha, beta, 0))
        yield from beams(grid, root, state, deadline, effort)
    except Late:
        state.limit = Limit.TIME
    except LimitError:
        return


def branch(
    model: Model,
    state: Interval,
    *,
    deadline: float | None = None,
    progress: IntervalProgress | None = None,
) -> Generator[None, None, None]:
    """Narrow the interval by branching on counts; its proof is of the kind ``branch``.

    A quick tree, which finds schedules, comes before a careful one, which is far smaller. Both
    yield before each node.

    Parameters
    ----------
    model
        The instance.
    state
        The interval so far; improved in place, also where a limit strikes.
    deadline
        On the clock of :func:`time.monotonic`.
    progress
        Called with the interval after each tree.
    """
    for nodes, tried in ((_FEW_NODES, 1), (_MOST_NODES, _TRIED)):
        if state.closed() and state.proof is not None:
            return
        try:
            branching = Branching(model, state.upper, tried=tried, late=until(deadline))
            for _ in branching.steps(nodes):
                _exchange(branching, state)
                yield
        except Late:
            state.limit = Limit.TIME
            return
        except LimitError as limit:
            state.limit, state.message = Limit.SIZE, str(limit)
            return
        tree = branching.tree
        _exchange(branching, state)
        state.states += tree.nodes
        if tree.proved:
            state.raise_lower(tree.target, branch_proof(tree), "branch", replace_equal=True)
        else:
            state.limit = tree.limit
            if tree.vectors:
                _root_prices(model, state, tree.vectors[0])
        if progress:
            progress(state.upper, state.lower)


def _exchange(branching: Branching, state: Interval) -> None:
    """Let the tree and the others know of the better schedule."""
    tree = branching.tree
    if tree.starts is not None and tree.target < state.upper:
        state.upper, state.starts = tree.target, tree.starts
    else:
        branching.hear(state.upper, state.starts)


def _root_prices(model: Model, state: Interval, vector: Column) -> None:
    prices = vector * (PRICE_SCALE // UNIT)
    bound = Fraction(fix_windows(model, prices, state.upper).bound, PRICE_SCALE)
    state.raise_lower(bound, price_proof(prices, model.origin), "price")
