"""Random search: the baseline below all baselines."""

import numpy as np

from kvproof.adversary.engines.protocol import Batch, State, generator_state
from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Scores


class RandomSearch:
    """Independent random genomes."""

    name = "random"

    def __init__(self, *, space: Space, rng: np.random.Generator, batch: int = 64) -> None:
        self._space, self._rng, self._batch = space, rng, batch
        self._best = 0.0

    def ask(self) -> Batch:
        """Return fresh genomes."""
        genomes = sample(self._space, self._batch, self._rng)
        return Batch(genomes=genomes, at_least=np.full(self._batch, self._best))

    def tell(self, batch: Batch, scores: Scores) -> int:
        """Remember the best value only."""
        better = scores.values > self._best
        self._best = max(self._best, float(scores.values.max()))
        return int(better.any())

    def state(self) -> State:
        """Return generator and best value."""
        return {"rng": generator_state(self._rng), "best": self._best}

    def restore(self, state: State) -> None:
        """Restore a state returned by `state`."""
        self._rng.bit_generator.state = state["rng"]
        self._best = state["best"]
