"""Branch and bound over "the i-th of its class has started by p", closed by prices.

Equal requests start in index order, so a node of the tree is a window of starts for each request,
with ends that never decrease in index. A price vector bounds the cost of a node (the sum of each
request's least term within its window, opt-price) and, below the target, shortens its
windows. That makes LP duals a proof: a tree of splits whose leaves some vector closes. Where
requests repeat, the same vector closes many leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from kvproof.certificates.prices.vector import Prices
from kvproof.certificates.proofs import BranchProof
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.branch.relaxation import Floats, Late, Relaxation, never
from kvproof.solver.branch.request_windows import (
    UNIT,
    counts_between,
    in_order,
    tighten,
    weigh,
    whole,
)
from kvproof.solver.branch.strong_branching import best_split, children
from kvproof.solver.model import Model
from kvproof.solver.result import Limit
from kvproof.solver.windows import MAX_STEPS, price_terms

#: Most terms of the vectors that are kept.
MAX_TERMS = 60_000_000
# A vector stays only if it closes a node or takes this share off the windows of one.
_WORTH = 0.3
# Vectors that are tried on a node before its LP is solved.
_TRIED = 96


@dataclass(kw_only=True)
class Tree:
    """What branching has found, and the certificate of it.

    Parameters
    ----------
    target
        The cost of the best schedule known; every schedule costs at least this, if `proved`.
    starts
        That schedule, listed class by class, if branching met it; else None.
    proved
        Whether the tree is closed.
    limit
        ``"time"``, ``"nodes"`` or ``"memory"`` if that ended the search.
    vectors
        Prices of steps 1, 2, ..., over :data:`UNIT`.
    stream
        The nodes in preorder: how many vectors, which, and class, index, step of the split.
    nodes, programmes
        Counters: nodes of the tree, LPs solved.
    """

    target: int
    starts: Column | None = None
    proved: bool = False
    limit: Limit | None = None
    vectors: list[Column] = field(default_factory=list)
    stream: list[int] = field(default_factory=list)
    nodes: int = 0
    programmes: int = 0


class Branching:
    """The search for a tree that proves the best schedule that is known or met on the way.

    Parameters
    ----------
    model
        The instance.
    target
        The cost of a schedule that is known.
    tried
        How many splits are tried at a node: one is quick and finds schedules; eight make a small
        tree, which pays where the target is the optimum.
    late
        Asked between nodes and within LPs whether to end.

    Raises
    ------
    LimitError
        Starts spread over too many steps, or the LP would be too large.
    Late
        Time was up before the root's LP was solved.
    """

    def __init__(
        self, model: Model, target: int, tried: int = 1, late: Callable[[], bool] = never
    ) -> None:
        self.model, self.tried, self.late = model, tried, late
        self.owner = np.repeat(np.arange(model.classes), model.count)
        self.tree = Tree(target=target)
        self.cutoff = (target - 1) * UNIT
        # every other request waits at least its output
        slack = target - 1 - int((model.output * model.count).sum())
        self.first = model.arrival[self.owner]
        self.last = self.first + slack
        if slack < 0:
            self.tree.stream, self.tree.proved = [0], True
            return
        if self.last.max() > MAX_STEPS:
            raise LimitError(f"branching: starts over more than {MAX_STEPS:,} steps")
        steps = max(1, min(model.steps, int(self.last.max())))
        bounds = counts_between(self.first, np.minimum(self.last, steps), model.count, steps)
        prices = whole(Relaxation(model, steps, late).solve(*bounds)[1])
        terms = price_terms(model, prices, int(self.last.max()), UNIT)
        total = model.memory * int(prices.sum())
        tighten(terms, total, self.cutoff, self.owner, self.first, self.last)
        self.tree.vectors = [np.trim_zeros(prices, "b")]
        if (self.first > self.last).any():
            self.tree.stream, self.tree.proved = [2, 0], True
            return
        self.width = max(2, int(self.last.max()) + 1)
        self.programme = Relaxation(model, self.width - 1, late)
        self.terms = price_terms(model, prices, self.width - 1, UNIT)[None]
        self.totals = np.array([total])
        self.recent = np.zeros(1, dtype=np.int64)

    def run(self, nodes: int = 1_000_000) -> Tree:
        """Branch until the tree is closed, time is up or so many nodes are done."""
        for _ in self.steps(nodes):
            pass
        return self.tree

    def hear(self, total: int, starts: Column) -> None:
        """Take over a better schedule that was found elsewhere.

        What was closed before stays closed: a lower target only closes more.
        """
        if total < self.tree.target:
            self.tree.target, self.tree.starts = total, starts
            self.cutoff = (total - 1) * UNIT

    def steps(self, nodes: int) -> Iterator[None]:
        """Branch; yield before each node, where :meth:`hear` may be called.

        The target also falls when a schedule below it is met.
        """
        tree = self.tree
        stack = [] if tree.proved else [(self.first, self.last)]
        while stack:
            if self.late():
                tree.limit = Limit.TIME
            elif tree.nodes >= nodes:
                tree.limit = Limit.NODES
            elif len(tree.vectors) * self.terms[0].size > MAX_TERMS:
                tree.limit = Limit.MEMORY
            if tree.limit is not None:
                return
            yield
            first, last = stack.pop()
            used = [0] if tree.nodes == 0 else []
            tree.nodes += 1
            try:
                split = self._node(first, last, used)
            except Late:
                tree.limit = Limit.TIME
                return
            tree.stream += [2 * len(used) + (split is not None), *used]
            if split is None:
                continue
            tree.stream += split
            stack += reversed(children(self.model, split, first, last))
        tree.proved = True

    def _node(self, first: Column, last: Column, used: list[int]) -> list[int] | None:
        """Shorten the windows in place, noting the vectors used; return a split unless closed."""
        tree, model, owner = self.tree, self.model, self.owner
        while True:
            best = weigh(self.terms, self.totals, self.recent, self.cutoff, owner, first, last)
            size = int((last - first).sum())
            tighten(self.terms[best], self.totals[best], self.cutoff, owner, first, last)
            closed = bool((first > last).any())
            if closed or int((last - first).sum()) < size:
                used.append(int(best))
            if closed:
                self._touch(best)
                return None
            counts, dual = self.programme.solve(
                *counts_between(first, last, model.count, self.width - 1)
            )
            tree.programmes += 1
            integral = bool(np.abs(counts - np.rint(counts)).max() < 1e-6)
            if integral or tree.programmes < 50 or tree.programmes % 16 == 0:
                self._round(counts)
            prices = whole(dual)
            total = model.memory * int(prices.sum())
            terms = price_terms(model, prices, self.width - 1, UNIT)
            size = int((last - first).sum())
            new_first, new_last = first.copy(), last.copy()
            tighten(terms, total, self.cutoff, owner, new_first, new_last)
            closed = bool((new_first > new_last).any())
            if closed or int((new_last - new_first).sum()) < (1 - _WORTH) * size:
                first[:], last[:] = new_first, new_last
                used.append(self._keep(prices, terms, total))
                if closed:
                    return None
                continue
            return best_split(self.programme, counts, first, last, self.cutoff / UNIT, self.tried)

    def _round(self, counts: Floats) -> None:
        """Schedule the requests one after another, in the order and at the times of the LP."""
        model = self.model
        for share in (0.05, 0.3, 0.5, 0.7, 0.95):
            rank = np.arange(model.requests) - model.offset[self.owner] + share
            key = np.array(
                [np.searchsorted(counts[c], x) for c, x in zip(self.owner, rank, strict=True)]
            )
            order = np.lexsort((rank, key))
            starts = in_order(
                order, key, self.owner, model.memory, model.prompt, model.output,
                self.width + int(model.arrival.max() + (model.output * model.count).sum()),
            )  # fmt: skip
            self.hear(model.total(starts), starts)

    def _keep(self, prices: Column, terms: Column, total: int) -> int:
        """Add a vector to the pool; return its place."""
        place = len(self.tree.vectors)
        self.tree.vectors.append(np.trim_zeros(prices, "b"))
        if place >= len(self.totals):
            room = np.empty((2 * place, *terms.shape), dtype=np.int64)
            room[:place] = self.terms[:place]
            self.terms = room
            self.totals = np.concatenate((self.totals[:place], np.empty(place, dtype=np.int64)))
        self.terms[place] = terms
        self.totals[place] = total
        self._touch(place)
        return place

    def _touch(self, place: int) -> None:
        """Put a vector first among those that are tried."""
        others = self.recent[self.recent != place][: _TRIED - 1]
        self.recent = np.concatenate(([place], others)).astype(np.int64)


def branch_proof(tree: Tree) -> BranchProof:
    """Return the proof that OPT is at least the tree's target."""
    return BranchProof(
        target=tree.target,
        denominator=UNIT,
        vectors=tuple(
            Prices.merge(UNIT, ((1, price) for price in vector.tolist())) for vector in tree.vectors
        ),
        tree=tuple(tree.stream),
    )
