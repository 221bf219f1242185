"""The layered search: go forward step by step, keep what no bound prunes and nothing dominates.

With cutoff ``target - 1`` a search that runs out of states proves OPT >= target, or has found the
optimum below it. The search also yields the vectors that each layer used, which is all that a
certificate needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.kernels import expand, rebound, undominated
from solver.multipliers import Vector, ascend, make_scratch, make_vector, sample_of
from solver.states import States, bytes_per_state, packing_of
from solver.trajectory import SCALE, Grid, Multiplier, Table

#: Multipliers of refined layers are multiples of this, over SCALE.
UNIT = 8


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much the search spends on better multipliers, and where it stops.

    Parameters
    ----------
    refine_at
        Layers with at least so many states get new vectors.
    per_cluster
        States for each new vector (at most `clusters` of them).
    rounds
        Ascent rounds for each.
    vectors
        Most vectors that a layer uses.
    width
        Keep only so many states per layer: then it is a beam, which proves nothing.
    memory_bytes
        Give up rather than hold more.
    """

    refine_at: int = 2000
    per_cluster: int = 4000
    clusters: int = 12
    rounds: int = 30
    vectors: int = 12
    width: int | None = None
    memory_bytes: int = 6 * 2**30
    seed: int = 0


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
    states, peak, leaves
        Counters.
    vectors, used
        Every vector, and for each step the indices that its states were bounded with.
    """

    proved: bool = False
    best: int | None = None
    starts: npt.NDArray[np.int64] | None = None
    floor: int = 0
    limit: str | None = None
    states: int = 0
    peak: int = 0
    leaves: int = 0
    vectors: list[Vector] = field(default_factory=list)
    used: list[list[int]] = field(default_factory=list)


Progress = Callable[[int, int], None]


class Search:
    """One search below `target`, over a grid whose windows were fixed against that target."""

    def __init__(
        self,
        grid: Grid,
        root: Vector,
        target: int,
        effort: Effort,
        deadline: float | None = None,
    ) -> None:
        self.grid = grid
        self.target = target
        self.effort = effort
        self.deadline = deadline
        self.packing = packing_of(grid.model)
        self.vectors = [root]
        self.active = [0]
        self.scratch: tuple[Table, npt.NDArray[np.bool_]] | None = None
        self.rng = np.random.default_rng(effort.seed)
        self.outcome = Outcome(vectors=self.vectors)
        n = grid.model.requests
        self.best = np.array([target], dtype=np.int64)
        self.best_starts = np.full(n, -1, dtype=np.int64)
        self.most_rows = effort.memory_bytes // (3 * bytes_per_state(self.packing, n) + 40)

    def run(self, progress: Progress | None = None) -> Outcome:
        """Search layer by layer until no state is left or a limit is reached."""
        outcome = self.outcome
        states = States.root(self.packing, self.grid.model.requests)
        for t in range(self.grid.horizon + 1):
            outcome.used.append(list(self.active))
            below = int(states.low.min())
            try:
                states = self._layer(states, t)
            except _Limit as limit:
                outcome.limit = str(limit)
                outcome.floor = -(-below // SCALE)
                break
            outcome.states += len(states)
            outcome.peak = max(outcome.peak, len(states))
            if not len(states):
                outcome.proved = self.effort.width is None
                break
            if progress:
                progress(t, -(-int(states.low.min()) // SCALE))
            states = self._refine(states, t + 1)
            if not len(states):
                outcome.proved = self.effort.width is None
                break
        if self.best[0] < self.target:
            outcome.best = int(self.best[0])
            outcome.starts = self.best_starts.copy()
        if outcome.proved:
            outcome.floor = self.target if outcome.best is None else outcome.best
        return outcome

    def _layer(self, states: States, t: int) -> States:
        """Return the undominated children of all states, by their starts at step t."""
        grid, model, packing = self.grid, self.grid.model, self.packing
        vectors = [self.vectors[i] for i in self.active]
        start = min(t, grid.horizon)
        begun = np.stack(
            [SCALE * (t + model.output - model.arrival) + v.beta[:, start] for v in vectors]
        )
        rest = np.stack([v.rest[:, t + 1] for v in vectors])
        beta = np.stack([v.beta for v in vectors])
        table = np.stack([v.table[t + 1] for v in vectors]).astype(np.int64)
        may_start = (model.arrival <= t) & grid.windows.allowed[:, start]
        out = States.empty(max(4096, 3 * len(states)), packing, model.requests)
        counters = np.zeros(4, dtype=np.int64)
        done, filled, chunk = 0, 0, 4096
        while done < len(states):
            stop = min(len(states), done + chunk)
            done, filled = expand(
                done, stop, t, (self.target - 1) * SCALE, SCALE, model.memory, model.arrival,
                model.prompt, model.output, model.count, model.offset, may_start, packing.bits,
                packing.radix, packing.shape, packing.guard, packing.full,
                states.key, states.latency, states.profile, states.starts, states.low,
                states.vector, rest, begun, beta, table, table.min(axis=(1, 2)),
                out.key, out.latency, out.profile, out.starts, out.low, out.vector, filled,
                self.best, self.best_starts, counters,
            )  # fmt: skip
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise _Limit("time")
            if done < stop:
                if 2 * len(out) + len(states) > self.most_rows:
                    raise _Limit("memory")
                out = out.grown(2 * len(out), packing)
        self.outcome.leaves += int(counters[0])
        key, latency = out.key[:filled], out.latency[:filled]
        order = np.lexsort((out.low[:filled], latency, key))
        keep = undominated(order, key, latency, out.profile[:filled], packing.guard)
        # in key order: equal sets lie together, which keeps the next layer's sort cheap
        rows = order[keep[order]]
        width = self.effort.width
        if width is not None and len(rows) > width:
            rows = rows[np.argpartition(out.low[rows], width)[:width]]
        return out.take(rows)

    def _refine(self, states: States, t: int) -> States:
        """Improve the multipliers for a large layer; return the states that still pass."""
        effort, grid = self.effort, self.grid
        size = len(states)
        if size < effort.refine_at or t >= grid.horizon:
            return states
        if self.scratch is None:
            self.scratch = make_scratch(grid)
        pool = self.rng.choice(size, min(size, 3000), replace=False)
        sample = sample_of(grid, states, pool, t)
        labels = _clusters(
            sample.unstarted * np.sqrt(grid.model.volume)[None, :],
            int(np.clip(size // effort.per_cluster, 2, effort.clusters)),
            self.rng,
        )
        fresh = []
        for label in range(int(labels.max()) + 1):
            mine = pool[labels == label]
            if len(mine) < 3:
                continue
            guide = self.vectors[self.active[np.bincount(states.vector[mine]).argmax()]]
            few = sample_of(grid, states, mine[:24], t)
            alpha, beta, _ = ascend(
                grid, guide.alpha, guide.beta, few, target=self.target, rounds=effort.rounds,
                scratch=self.scratch,
            )  # fmt: skip
            # multiples of a unit cost little strength and halve a certificate
            fresh.append(make_vector(grid, coarse(alpha), coarse(beta), t))
            if self.deadline is not None and time.monotonic() > self.deadline:
                break
        return self._rebound(states, t, fresh)

    def _rebound(self, states: States, t: int, fresh: list[Vector]) -> States:
        """Bound all states with the fresh vectors too; keep the vectors that are best for most."""
        first = len(self.vectors)
        self.vectors.extend(fresh)
        pool = [*self.active, *range(first, len(self.vectors))]
        model = self.grid.model
        low = states.low
        which = states.vector.astype(np.int64)  # index into pool: the old ones come first
        if fresh:
            rebound(
                t, SCALE, model.prompt, model.output, model.count, model.offset,
                self.packing.radix, states.key, states.latency, states.starts, low, which,
                len(self.active), np.stack([v.rest[:, t] for v in fresh]),
                np.stack([v.beta for v in fresh]), np.stack([v.table[t] for v in fresh]),
            )  # fmt: skip
        keep = low <= (self.target - 1) * SCALE
        use = np.bincount(which[keep], minlength=len(pool))
        order = np.argsort(-use)[: self.effort.vectors]
        order = order[use[order] > 0] if use.any() else order[:1]
        place_of = np.zeros(len(pool), dtype=np.int16)
        place_of[order] = np.arange(len(order))
        self.active = [pool[i] for i in order]
        states.vector = place_of[which]
        return states.take(keep)


class _Limit(Exception):
    """Time or memory is used up."""


def coarse(values: Multiplier) -> Multiplier:
    """Round multipliers to multiples of :data:`UNIT`."""
    return (np.rint(values / UNIT) * UNIT).astype(np.int32)


def _clusters(
    points: npt.NDArray[Any], number: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Group rows by a few rounds of k-means; labels are 0..number-1, some may be empty."""
    centres = points[rng.choice(len(points), min(number, len(points)), replace=False)].astype(float)
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(4):
        distance = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        labels = distance.argmin(axis=1)
        for label in range(len(centres)):
            if (labels == label).any():
                centres[label] = points[labels == label].mean(axis=0)
    return labels
