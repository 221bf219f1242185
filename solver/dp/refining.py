"""The vectors of a search: those in use, and better ones for a layer of many states.

A vector that is found for one group of states bounds it far better than one for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.ascent import (
    Scratch,
    ascend,
    clusters,
    coarse,
    make_scratch,
    scratch_bytes,
)
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.expansion import Ints, bounds_of
from kvproof.solver.dp.multipliers import Vector, make_vector, sample_of
from kvproof.solver.dp.states import States
from kvproof.solver.dp.trajectory import SCALE, Grid
from kvproof.solver.threads import Flag, blocks, cores, gather

# States of a group for which an ascent is, and the most states that are grouped.
_SAMPLE, _GROUPED = 96, 3000
# How far a multiplier moves at first: less than at the root, for a good vector is where it begins.
_STRIDE = 50.0
# Share of the memory for buffers of ascents side by side, of which there is one at least.
_BUFFERS = 0.25
# Of a vector that is out of use: tables take most of the memory.
_NO_TABLE = np.empty((0, 0, 0), np.int32)


class Vectors:
    """All vectors of a search, the root's first, and which of them bound its states now.

    Parameters
    ----------
    grid, root, effort
        Of the search.
    pool, flag, late
        Its threads, what ends them, and what says that time is up.
    """

    def __init__(
        self,
        grid: Grid,
        root: Vector,
        effort: Effort,
        pool: ThreadPoolExecutor,
        flag: Flag,
        late: Callable[[], bool],
    ) -> None:
        self.all = [root]
        self.active = [0]
        self._grid, self._effort = grid, effort
        self._pool, self._flag, self._late = pool, flag, late
        self._rng = np.random.default_rng(effort.seed + 1)  # other draws than the search's
        self._scratch: SimpleQueue[Scratch] = SimpleQueue()  # filled by those who need some
        each = scratch_bytes(grid)
        number = max(1, min(cores(), int(_BUFFERS * effort.memory_bytes) // each))
        self._side_by_side = BoundedSemaphore(number)
        #: What these buffers and the tables in use take at most.
        self.bytes = number * each + (1 + effort.vectors) * root.table.nbytes

    def in_use(self) -> list[Vector]:
        """Return those that bound states now."""
        return [self.all[i] for i in self.active]

    def refine(
        self, states: States, t: int, worth: int, target: int, deadline: float | None
    ) -> States:
        """Find better ones for a layer, of which these are some, before the starts at step t.

        Parameters
        ----------
        worth
            States of the layer, as far as an ascent pays for each.
        target
            Total latency below which the search looks.
        deadline
            On the clock of :func:`time.monotonic`.

        Returns
        -------
        Those of the states that the vectors in use then do not exclude.
        """
        size = min(len(states), _GROUPED)
        pool = self._rng.choice(len(states), size, replace=False)
        sample = sample_of(self._grid, states, pool, t)
        labels = clusters(
            sample.unstarted * np.sqrt(self._grid.model.volume)[None, :],
            int(np.clip(worth // self._effort.per_cluster, 2, self._effort.clusters)),
            self._rng,
        )
        groups = [pool[labels == label] for label in range(int(labels.max()) + 1)]
        jobs = [
            self._pool.submit(self._found, states, group, t, target)
            for group in groups
            if len(group) >= 3
        ]
        found = [one for one in gather(jobs, self._flag, deadline) if one is not None]
        return self._chosen(states, t, found, target, deadline)

    def _found(self, states: States, group: Ints, t: int, target: int) -> Vector | None:
        """Return a vector that bounds a group of states well, or None when time is up."""
        if self._late():
            return None
        grid = self._grid
        guide = self.all[self.active[np.bincount(states.vector[group]).argmax()]]
        few = sample_of(grid, states, group[:_SAMPLE], t)
        with self._side_by_side:
            try:
                scratch = self._scratch.get_nowait()
            except Empty:
                scratch = make_scratch(grid)
            alpha, beta, _ = ascend(
                grid, guide.alpha, guide.beta, few, target=target, rounds=self._effort.rounds,
                stride=_STRIDE, scratch=scratch, flag=self._flag,
            )  # fmt: skip
            self._scratch.put(scratch)
        # multiples of a unit cost little strength and halve a certificate; in use from the step on
        # whose children these states are
        return make_vector(grid, coarse(alpha), coarse(beta), t - 1)

    def _chosen(
        self, states: States, t: int, fresh: list[Vector], target: int, deadline: float | None
    ) -> States:
        """Use the vectors, fresh or not, that are best for most of the states; return the rest."""
        first = len(self.all)
        self.all.extend(fresh)
        pool = [*self.active, *range(first, len(self.all))]
        which = states.vector.astype(np.int64)  # index into pool: the old ones come first
        if fresh:
            model = self._grid.model
            jobs = [
                self._pool.submit(
                    rebound, model.kinds, bounds_of(fresh, t), t,
                    states.columns, a, b, len(self.active), which,
                )
                for a, b in blocks(len(states), cores())
            ]  # fmt: skip
            gather(jobs, self._flag, deadline)
        left = states.low <= (target - 1) * SCALE
        use = np.bincount(which[left], minlength=len(pool))
        order = np.argsort(-use)[: self._effort.vectors]
        order = order[use[order] > 0] if use.any() else order[:1]
        self.active = [pool[i] for i in order]
        for i in set(pool) - {0, *self.active}:  # they bound nothing again; a proof lists them
            self.all[i] = replace(self.all[i], table=_NO_TABLE)
        return states.take(left)


@njit(nogil=True, error_model="numpy")
def rebound(  # type: ignore[no-untyped-def]
    kinds, bounds, t, states, begin, stop, first, which
):  # fmt: skip
    """Raise `low` of states begin..stop-1, before the starts at step t, by further vectors.

    `which` becomes first + the best of them where one of them is best.
    """
    _, _, prompt, output, count, offset = kinds
    rest, beta, table = bounds
    _, latency, _, starts, low, _ = states
    running_class = np.empty(starts.shape[1], np.int64)
    running_start = np.empty(starts.shape[1], np.int64)
    room = np.empty(count.size, np.int64)
    for i in range(begin, stop):
        running = 0
        tokens = 0
        for c in range(count.size):
            room[c] = count[c]
            for r in range(offset[c], offset[c] + count[c]):
                p = starts[i, r]
                if p < 0:
                    break
                room[c] -= 1
                if p + output[c] >= t:
                    running_class[running] = c
                    running_start[running] = p
                    running += 1
                    tokens += prompt[c] + t - p
        for v in range(rest.shape[0]):
            bound = latency[i] * SCALE + table[v, running, tokens]
            for c in range(count.size):
                bound += room[c] * rest[v, c]
            for r in range(running):
                bound += beta[v, running_class[r], running_start[r]]
            if bound > low[i]:
                low[i] = bound
                which[i] = first + v
