"""Branching for instances whose requests repeat, as one step of a solve."""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.branch.relaxation import Late, Relaxation
from kvproof.solver.branch.request_windows import UNIT
from kvproof.solver.branch.tree import Branching, branch_proof
from kvproof.solver.dp.layered import Effort
from kvproof.solver.dp.multipliers import from_prices, make_vector
from kvproof.solver.dp.stage import Interval, IntervalProgress, beams, until
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import grid_of
from kvproof.solver.model import Model
from kvproof.solver.proofs import price_proof
from kvproof.solver.result import Limit
from kvproof.solver.threads import aside
from kvproof.solver.windows import PRICE_SCALE, fix_windows

#: Nodes for a first try that looks for schedules.
FEW_NODES = 1_500
#: Nodes for the proof of a schedule that is taken to be optimal.
MOST_NODES = 200_000
#: Splits tried at each node of that proof.
_TRIED = 8


def look(model: Model, state: Interval, *, effort: Effort, deadline: float | None = None) -> None:
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
        beams(grid, root, state, deadline, effort)
    except KeyboardInterrupt:
        state.limit = Limit.INTERRUPT
    except Late:
        state.limit = Limit.TIME
    except LimitError:
        return


def branch(
    model: Model,
    state: Interval,
    *,
    deadline: float | None = None,
    nodes: int,
    thorough: bool,
    progress: IntervalProgress | None = None,
) -> None:
    """Narrow the interval by branching on counts; its proof is of the kind ``branch``.

    Parameters
    ----------
    model
        The instance.
    state
        The interval so far; improved in place, also where a limit strikes.
    deadline
        On the clock of :func:`time.monotonic`.
    nodes
        Most nodes of the tree.
    thorough
        Whether to choose splits with care: slower at each node, and a far smaller tree.
    progress
        Called with the interval afterwards.
    """
    if state.closed() and state.proof is not None:
        return
    tree = None
    try:
        branching = Branching(
            model, state.upper, tried=_TRIED if thorough else 1, late=until(deadline)
        )
        tree = branching.tree
        branching.run(nodes)
    except KeyboardInterrupt:
        state.limit = Limit.INTERRUPT
    except Late:
        state.limit = Limit.TIME
    except LimitError as limit:
        state.limit = Limit.SIZE
        state.message = str(limit)
    if tree is None:
        return
    state.states += tree.nodes
    if tree.starts is not None:
        state.upper, state.starts = tree.target, tree.starts
    if tree.proved:
        state.lower, state.proof, state.engine = tree.target, branch_proof(tree), "branch"
        state.limit = None
    else:
        state.limit = state.limit or tree.limit
        if tree.vectors:
            _root_prices(model, state, tree.vectors[0])
    if progress:
        progress(state.upper, state.lower)


def _root_prices(model: Model, state: Interval, vector: Column) -> None:
    prices = vector * (PRICE_SCALE // UNIT)
    bound = -(-fix_windows(model, prices, state.upper).bound // PRICE_SCALE)
    if bound > state.lower:
        state.lower = min(bound, state.upper)
        state.proof, state.engine = price_proof(prices, model.origin), "price"
