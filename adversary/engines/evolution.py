"""CMA-ES over the genome's numbers on the scale of logarithms; restarts when it has converged."""

from typing import Any

import numpy as np

from kvproof.adversary.engines.protocol import Batch, State, generator_state
from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.repair import repaired
from kvproof.adversary.genomes.space import COLUMNS, PACE, RANK, REPEATS, Floats, Genomes, Space
from kvproof.adversary.valuation.objective import Scores

FIRST_SIGMA = 0.5
CONVERGED = 0.02
SCOUTS = 64


class Evolution:
    """The (mu/mu, lambda) strategy with rank-mu and rank-one updates (Hansen's CMA-ES).

    Written out here, for its whole state must be arrays that a resumed run can take up. A vector
    holds the logarithm of every number of the genome; rounding makes it a genome again.

    Parameters
    ----------
    space, rng
        Where, and whose randomness.
    seeds
        Genomes to begin at, one after the other, before random ones.
    """

    name = "cma-es"

    def __init__(
        self, *, space: Space, rng: np.random.Generator, seeds: Genomes | None = None
    ) -> None:
        self._space, self._rng = space, rng
        self._size = 1 + space.rows * COLUMNS
        self._batch = 4 + int(3 * np.log(self._size))
        self._weights = np.log(self._batch / 2 + 0.5) - np.log(np.arange(1, self._batch // 2 + 1))
        self._weights /= self._weights.sum()
        self._seeds = space.empty(0) if seeds is None else seeds
        self._points = np.zeros((self._batch, self._size))
        self._begin()

    def _begin(self) -> None:
        """Start at the next seed, or at the best of some random genomes once they are known."""
        self._scouting = not len(self._seeds)
        self._mean = np.zeros(self._size)
        if len(self._seeds):
            self._mean = self._encode(self._seeds[0])
            self._seeds = self._seeds[1:]
        self._sigma = FIRST_SIGMA
        self._cov = np.eye(self._size)
        self._path = np.zeros(self._size)
        self._step = np.zeros(self._size)
        self._rounds = 0
        self._top = 0.0
        self._stale = 0

    def _encode(self, genome: Any) -> Floats:
        rows = np.log1p(genome[1:].astype(np.float64))
        rows[:, RANK] = genome[1:, RANK] / 4
        rows[:, PACE] = genome[1:, PACE] / 500
        vector: Floats = np.append(np.log1p(float(genome[0, REPEATS])), rows.ravel())
        return vector

    def _decode(self, points: Floats) -> Genomes:
        genomes = self._space.empty(len(points))
        points = np.clip(points, 0.0, 21.0)
        rows = points[:, 1:].reshape(len(points), self._space.rows, COLUMNS)
        genomes[:, 1:] = np.rint(np.expm1(rows)).astype(np.int64)
        genomes[:, 1:, RANK] = np.rint(4 * rows[:, :, RANK]).astype(np.int64)
        genomes[:, 1:, PACE] = np.rint(500 * rows[:, :, PACE]).astype(np.int64)
        genomes[:, 0, REPEATS] = np.rint(np.expm1(points[:, 0])).astype(np.int64)
        return repaired(self._space, genomes)

    def ask(self) -> Batch:
        """Sample around the mean, or anywhere before there is one."""
        if self._scouting:
            genomes = sample(self._space, SCOUTS, self._rng)
            return Batch(genomes=genomes, at_least=np.zeros(SCOUTS))
        root = np.linalg.cholesky(self._cov)
        noise = self._rng.standard_normal((self._batch, self._size))
        self._points = self._mean + self._sigma * noise @ root.T
        return Batch(genomes=self._decode(self._points), at_least=np.zeros(self._batch))

    def tell(self, batch: Batch, scores: Scores) -> int:
        """Move mean, step size and covariance towards the better half."""
        if self._scouting:
            self._mean = self._encode(batch.genomes[int(scores.values.argmax())])
            self._scouting = False
            return 1
        n, weights = self._size, self._weights
        mass = 1 / float((weights**2).sum())
        chosen = np.argsort(-scores.values, kind="stable")[: len(weights)]
        moves = (self._points[chosen] - self._mean) / self._sigma
        shift = weights @ moves
        self._mean = np.clip(self._mean + self._sigma * shift, 0.0, 21.0)
        c_step = (mass + 2) / (n + mass + 5)
        c_path = (4 + mass / n) / (n + 4 + 2 * mass / n)
        c_one = 2 / ((n + 1.3) ** 2 + mass)
        c_mu = min(1 - c_one, 2 * (mass - 2 + 1 / mass) / ((n + 2) ** 2 + mass))
        whitened = np.linalg.solve(np.linalg.cholesky(self._cov), shift)
        self._step = (1 - c_step) * self._step + np.sqrt(c_step * (2 - c_step) * mass) * whitened
        self._path = (1 - c_path) * self._path + np.sqrt(c_path * (2 - c_path) * mass) * shift
        self._cov = (
            (1 - c_one - c_mu) * self._cov
            + c_one * np.outer(self._path, self._path)
            + c_mu * (moves.T * weights) @ moves
        )
        self._cov = (self._cov + self._cov.T) / 2 + 1e-12 * np.eye(n)
        length = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        growth = c_step * (np.linalg.norm(self._step) / length - 1)
        self._sigma = float(np.clip(self._sigma * np.exp(min(growth, 0.5)), 1e-4, 2.0))
        self._rounds += 1
        best = float(scores.values.max())
        self._stale = 0 if best > self._top else self._stale + 1
        self._top = max(self._top, best)
        if self._sigma < CONVERGED or self._stale > 40 + 3 * n:
            self._begin()
        return int((scores.values > self._top).sum()) + int(self._stale == 0)

    def state(self) -> State:
        """Return distribution, queue and generator."""
        return {
            "rng": generator_state(self._rng),
            "sigma": self._sigma,
            "rounds": self._rounds,
            "top": self._top,
            "stale": self._stale,
            "scouting": self._scouting,
            "mean": self._mean.copy(),
            "cov": self._cov.copy(),
            "path": self._path.copy(),
            "step": self._step.copy(),
            "seeds": self._seeds.copy(),
        }

    def restore(self, state: State) -> None:
        """Go back."""
        self._rng.bit_generator.state = state["rng"]
        for name, value in state.items():
            if name != "rng":
                setattr(self, f"_{name}", value.copy() if isinstance(value, np.ndarray) else value)
