"""The layered search: go forward step by step, keep what no bound prunes and nothing dominates.

With cutoff ``target - 1`` a search that runs out of states proves OPT >= target, or has found the
optimum below it. The search also yields the vectors that each layer used, which is all that a
certificate needs.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import interpreting
from kvproof.solver.deadline import late
from kvproof.solver.dp.dominance import undominated
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.expansion import Block, Exhausted, Ints, Room, children, step_of
from kvproof.solver.dp.kernels import Step
from kvproof.solver.dp.multipliers import Vector, root_bound
from kvproof.solver.dp.narrow import AT_MOST, layers_of_few
from kvproof.solver.dp.raising import raise_profiles
from kvproof.solver.dp.refining import Vectors
from kvproof.solver.dp.residual import ahead_of, see
from kvproof.solver.dp.states import States, Words, bytes_per_state, packing_of
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.profiles.followed import Followed
from kvproof.solver.result import Limit
from kvproof.solver.threads import blocks, cores, gather, new_flag, raise_if_interrupted

# Cells that one round of an ascent may go through before more states have to profit from it.
_CELLS = 1_000_000
# States whose children are looked at first, in a layer of at least so many times as many.
_FIRST, _TIMES = 700, 4
# Neighbours in a layer whose profiles are raised first: only where that leaves no more than so many
# of them all are. Raising takes as long as making a layer.
_WINDOW, _LEFT = 2000, 0.75
# Parents whose children are worth a thread; from how many there are blocks of so many, a few for
# each core, as some have far more children; and classes from which even the decisions of a single
# state are shared.
_PARENTS, _BLOCK, _BLOCKS, _MANY = 500, 2_000, 8, 25
# Where some children do, those within such a part of the way from the least bound to the cutoff are
# made first, then twice that. So many do for vectors.
_PART, _ENOUGH = 1 / 64, 100_000
# States of a layer up to which it is made in one call with the next ones, and of all of these.
_FEW, _AT_ONCE = 2_000, 20_000
# Of a beam, states that are compared before the best are kept, for each of these.
_WIDER = 3


@dataclass(kw_only=True)
class Outcome:
    """What a search found.

    Parameters
    ----------
    proved
        Whether every schedule below the target was excluded or found.
    best, starts
        Cheapest complete schedule below the target (listed class by class), or None.
    floor
        Integer lower bound on the cost of every schedule below the target that was not found.
    limit
        ``"time"`` or ``"memory"`` if that ended the search.
    states
        How many were made.
    vectors, used
        Every vector, and for each step the indices that its states were bounded with.
    """

    proved: bool = False
    best: int | None = None
    starts: npt.NDArray[np.int64] | None = None
    floor: int = 0
    limit: Limit | None = None
    states: int = 0
    vectors: list[Vector] = field(default_factory=list)
    used: list[list[int]] = field(default_factory=list)


class Search:
    """One search below `target`, over a grid whose windows were fixed against that target."""

    def __init__(
        self,
        grid: Grid,
        root: Vector,
        target: int,
        effort: Effort,
        deadline: float | None = None,
        followed: Followed | None = None,
    ) -> None:
        self.grid = grid
        self.followed = followed
        self.target = target
        self.effort = effort
        self.deadline = deadline
        self.flag = new_flag()
        self.packing = packing_of(grid.model)
        self.rng = np.random.default_rng(effort.seed)
        n = grid.model.requests
        self.best = target
        self.best_starts = np.full(n, -1, dtype=np.int64)
        self.part = _PART
        self.cores = cores()
        self.pool = ThreadPoolExecutor(self.cores)
        self.vectors = Vectors(grid, root, effort, self.pool, self.flag, self._late)
        self.used = self.vectors.active  # by the layer that was made last
        self.outcome = Outcome(vectors=self.vectors.all)
        left = max(effort.memory_bytes // 2, effort.memory_bytes - self.vectors.bytes)
        self.most_rows = left // (2 * bytes_per_state(self.packing, n) + 24)

    def run(self) -> Outcome:
        """Search layer by layer until no state is left or a limit is reached."""
        for _ in self.layers():
            pass
        return self.outcome

    def layers(self) -> Generator[None, None, None]:
        """Search; yield after each layer, or several of few states.

        There `outcome` tells what was found by then.
        """
        outcome = self.outcome
        try:
            for _ in self._layers():
                self._note()
                yield
        finally:
            self.flag[0] = True  # of use when interrupted: threads then stop at their next look
            self.pool.shutdown(cancel_futures=True)
        self._note()
        if outcome.proved:
            outcome.floor = self.target if outcome.best is None else outcome.best

    def lower(self, target: int) -> None:
        """Aim at a lower target, below all that was found, from the next layer on."""
        self.target = self.best = target
        self.outcome.best = self.outcome.starts = None

    def _note(self) -> None:
        if self.best < self.target:
            self.outcome.best = self.best
            self.outcome.starts = self.best_starts

    def _late(self) -> bool:
        return bool(self.flag[0]) or late(self.deadline)

    def _layers(self) -> Iterator[None]:
        outcome = self.outcome
        states = States.root(self.packing, self.grid.model.requests)
        t = 0
        while t <= self.grid.horizon:
            raise_if_interrupted()
            # no schedule below the target that was not found costs less
            outcome.floor = max(0, -(-int(states.low.min()) // SCALE))
            try:
                made, states = self._made(states, t)
            except Exhausted as limit:
                outcome.limit = limit.limit
                return
            t += len(made)
            outcome.used += [list(self.used)] * len(made)
            outcome.states += sum(made)
            if not len(states):
                outcome.proved = self.effort.width is None
                return
            before = self.target
            yield
            if self.target < before:
                states = states.take(states.low <= (self.target - 1) * SCALE)
                if not len(states):
                    outcome.proved = self.effort.width is None
                    return

    def _made(self, states: States, t: int) -> tuple[list[int], States]:
        """Return the next layer, or several of few states: the sizes, and the last one."""
        few = self._few(states)
        if few:
            job = self.pool.submit(
                layers_of_few, self.grid, self.vectors.all[0], self.packing, states, t,
                (self.target - 1) * SCALE, self.best, few, _AT_ONCE, self.flag,
            )  # fmt: skip
            found = gather([job], self.flag, self.deadline)[0]
            if found.best < self.best:
                self.best, self.best_starts = found.best, found.starts
            if len(found.sizes):
                self.used = self.vectors.active
                return found.sizes.tolist(), found.states
        states = self._compared(self._layer(states, t), t + 1)
        return [len(states)], states

    def _few(self, states: States) -> int:
        """Return how many states a layer may have that is made with others; 0 if none is."""
        effort = self.effort
        least = effort.refine_at - 1, effort.raise_at - 1, self.most_rows // AT_MOST
        few = min(_FEW, *least, *([] if effort.width is None else [effort.width]))
        alone = self.followed is not None or self.vectors.active != [0] or self._single(states)
        return 0 if alone or len(states) > few else few

    def _layer(self, states: States, t: int) -> States:
        """Return the undominated children of all states, by their starts at step t.

        Children of some are made first: where there will be many, vectors for those go ahead.
        """
        self.used = self.vectors.active
        width = self.effort.width
        if width is not None:  # only so many are compared
            return self._children(states, t, _WIDER * width)
        some = states
        if len(states) >= _TIMES * _FIRST:
            some = states.take(np.sort(self.rng.choice(len(states), _FIRST, replace=False)))
        enough = _ENOUGH if self._single(some) else None
        found = self._children(some, t, enough)
        cells = self.grid.events * self.grid.shape[1] * self.grid.shape[2]
        worth = len(found) * len(states) // len(some) // max(1, cells // _CELLS)
        if len(found) and worth >= self.effort.refine_at and t < self.grid.horizon - 1:
            self.vectors.refine(found, t + 1, worth, self.target, self.deadline)
        elif some is states and (enough is None or len(found) < enough):
            return found
        found = self._children(states, t)
        self.used = self.vectors.active
        if len(found) >= self.effort.again_at and t < self.grid.horizon - 1:
            found = self.vectors.refine(found, t + 1, len(found), self.target, self.deadline)
            self.used = sorted({*self.used, *self.vectors.active})
        return found

    def _children(self, states: States, t: int, enough: int | None = None) -> States:
        """Return the undominated children of states, by their starts at step t.

        Of more than `enough` at least so many, those with the least bounds.
        """
        step = step_of(self.grid, self.packing, self.vectors.in_use(), t)
        cutoff = (self.target - 1) * SCALE
        if enough is None:
            return self._within(states, step, cutoff)
        lowest = max(int(states.low.min()), root_bound(self.grid, self.vectors.all[0]))
        part = self.part
        while part < 1:
            found = self._within(states, step, lowest + int(part * (cutoff - lowest)))
            if len(found) >= enough:
                self.part = part / 2
                return found
            part *= 2
        self.part = 0.5
        return self._within(states, step, cutoff)

    def _single(self, states: States) -> bool:
        """Whether it is one state with so many decisions that these are shared."""
        return len(states) == 1 and self.grid.model.classes > _MANY

    def _within(self, states: States, step: Step, cutoff: int) -> States:
        """Return the undominated children with a bound of at most the cutoff."""
        parts = max(self.cores, min(_BLOCKS * self.cores, len(states) // _BLOCK))
        cut = [Block(*block) for block in blocks(len(states), parts, _PARENTS)]
        if self._single(states):
            cut = [Block(0, 1, (part, parts)) for part in range(_BLOCKS * self.cores)]
        room = Room(self.most_rows - len(states))
        ahead = None if self.followed is None else self.followed.before(step.t + 1)
        jobs = [self.pool.submit(
            children, states, step, cutoff, self.best, block, room, self.flag, self._late, ahead,
        ) for block in cut]  # fmt: skip
        found = gather(jobs, self.flag, self.deadline)
        for part in found:
            if part.best < self.best:
                self.best, self.best_starts = part.best, part.best_starts
        out = States.joined([part.states for part in found])
        if len(found) == 1:
            return out
        order = out.order()  # runs in order: little work
        keep = self._undominated(out, order, out.profile)
        # in key order: equal sets lie together, which keeps the next layer's sort cheap
        return out.take(order[keep[order]])

    def _compared(self, states: States, t: int) -> States:
        """Return the states before the starts at step t that a closer look and raising leave."""
        width = self.effort.width
        if width is not None and len(states) > _WIDER * width:
            # in their order, so that those that have started the same still lie together
            best = np.argpartition(states.low, _WIDER * width)[: _WIDER * width]
            states = states.take(np.sort(best))
        # interpreted, a closer look would take longer than all else
        if width is not None and len(states) > width and self.effort.seen and not interpreting():
            states = self._seen(states, t)
        if len(states) >= self.effort.raise_at:
            # those next to each other have started the same, or nearly
            first = int(self.rng.integers(max(1, len(states) - _WINDOW)))
            some = states.take(slice(first, first + _WINDOW))
            left = self._unraised(some, t)
            if len(left) <= _LEFT * len(some):
                states = left if len(some) == len(states) else self._unraised(states, t)
        if width is not None and len(states) > width:
            states = states.take(np.argpartition(states.low, width)[:width])
        return states

    def _seen(self, states: States, t: int) -> States:
        """Return the states before the starts at step t that a closer look leaves."""
        ahead = ahead_of(self.grid, self.vectors.in_use(), t, self.effort.seen)
        jobs = [
            self.pool.submit(
                see, self.grid.layout, self.packing, ahead, states.columns, a, b, self.flag
            )
            for a, b in blocks(len(states), _BLOCKS * self.cores, _PARENTS)
        ]
        self._done(jobs)
        return states.take(states.low <= (self.target - 1) * SCALE)

    def _done(self, jobs: list[Future[None]]) -> None:
        """Wait for jobs that leave what they were asked for when time is up."""
        gather(jobs, self.flag, self.deadline)
        if self._late():
            raise Exhausted(Limit.TIME)

    def _unraised(self, states: States, t: int) -> States:
        """Return the states that no other one dominates when their profiles are raised."""
        # of those with the same requests started all but the first, the cheapest, may be dominated
        later = 1 + np.flatnonzero(states.key[1:] == states.key[:-1])
        raised = states.profile.copy()
        raised[later] = self._raised(states.starts[later], states.profile[later], t)
        return states.take(self._undominated(states, np.arange(len(states)), raised))

    def _raised(self, starts: npt.NDArray[np.int16], profile: Words, t: int) -> Words:
        """Return the raised profiles of states before the starts at step t."""
        raised = np.empty_like(profile)
        layout = self.grid.layout
        jobs = [
            self.pool.submit(
                raise_profiles, layout.kinds, self.packing, layout.allowed, t,
                len(layout.least) - 1, starts, profile, begin, end, raised, self.flag,
            )
            for begin, end in blocks(len(profile), self.cores)
        ]  # fmt: skip
        self._done(jobs)
        return raised

    def _undominated(self, states: States, order: Ints, profile: Words) -> npt.NDArray[np.bool_]:
        # blocks begin where the set of started requests changes
        key = states.key[order]
        cuts = [int(np.searchsorted(key, key[start])) for start, _ in blocks(len(key), self.cores)]
        cuts.append(len(key))
        keep = np.zeros(len(key), np.bool_)
        jobs = [
            self.pool.submit(
                undominated, order[a:b], states.key, states.starts, states.profile, profile,
                self.packing, keep, self.flag,
            )
            for a, b in pairwise(cuts)
        ]  # fmt: skip
        self._done(jobs)
        return keep
