"""Hill climbing and annealing: parallel chains of mutants, each accepted against a threshold.

The threshold is drawn before the evaluation, so that a candidate whose estimate is below it needs
no further work, and nothing about the chain changes.
"""

import numpy as np

from kvproof.adversary.engines.protocol import Batch, State, generator_state
from kvproof.adversary.genomes.moves import mutate, sample
from kvproof.adversary.genomes.space import Genomes, Space
from kvproof.adversary.valuation.objective import Scores


class Chains:
    """Chains that accept a mutant no worse than their present value, less some slack.

    Parameters
    ----------
    space, rng
        Where, and whose randomness.
    chains
        How many; also the size of a batch.
    evaluations
        The budget that the temperature falls over.
    hot, cold
        First and last temperature as a share of the value; 0 and 0 is hill climbing.
    patience
        A chain that has not improved for so many steps starts anew (the best chain never does).
    initial
        Genomes to begin with, if any; the other chains begin at random.
    """

    def __init__(
        self,
        *,
        name: str,
        space: Space,
        rng: np.random.Generator,
        evaluations: int,
        chains: int = 16,
        hot: float = 0.0,
        cold: float = 0.0,
        patience: int = 4_000,
        initial: Genomes | None = None,
    ) -> None:
        self.name = name
        self._space, self._rng = space, rng
        self._evaluations, self._hot, self._cold = evaluations, hot, cold
        self._patience = patience
        self._genomes = sample(space, chains, rng)
        if initial is not None and len(initial):
            given = min(chains, len(initial))
            self._genomes[:given] = initial[:given]
        self._values = np.zeros(chains)
        self._stale = np.zeros(chains, dtype=np.int64)
        self._top = np.zeros(chains)
        self._done = 0
        # a chain whose genome has no value yet proposes that genome itself
        self._fresh = np.ones(chains, dtype=bool)

    def ask(self) -> Batch:
        """Return a mutant of each chain's genome."""
        mutants = mutate(self._space, self._genomes, self._rng)
        mutants[self._fresh] = self._genomes[self._fresh]
        share = min(1.0, self._done / max(1, self._evaluations))
        slack = self._hot * (1 - share) + self._cold * share
        falls = -np.log1p(-self._rng.random(len(mutants)))  # exponential, mean 1
        at_least = self._values * np.maximum(0.0, 1 - slack * falls)
        return Batch(genomes=mutants, at_least=np.where(self._fresh, 0.0, at_least))

    def tell(self, batch: Batch, scores: Scores) -> int:
        """Accept or turn down each chain's mutant; start chains anew that are stuck."""
        told = len(batch.genomes)  # the chains beyond, where the batch was cut, stay as they are
        self._done += told
        taken = np.flatnonzero(scores.values >= batch.at_least)
        self._genomes[taken] = batch.genomes[taken]
        self._values[taken] = scores.values[taken]
        self._fresh[:told] = False
        risen = self._values > self._top * (1 + 1e-6)
        self._top = np.maximum(self._top, self._values)
        self._stale[:told] += 1
        self._stale[risen] = 0
        stuck = self._stale > self._patience
        stuck[int(self._top.argmax())] = False
        if stuck.any():
            self._genomes[stuck] = sample(self._space, int(stuck.sum()), self._rng)
            self._values[stuck] = self._top[stuck] = 0.0
            self._stale[stuck] = 0
            self._fresh[stuck] = True
        return len(taken)

    def state(self) -> State:
        """Return chains and generator."""
        return {
            "rng": generator_state(self._rng),
            "done": self._done,
            "genomes": self._genomes.copy(),
            "values": self._values.copy(),
            "top": self._top.copy(),
            "stale": self._stale.copy(),
            "fresh": self._fresh.copy(),
        }

    def restore(self, state: State) -> None:
        """Restore a state returned by `state`."""
        self._rng.bit_generator.state = state["rng"]
        self._done = state["done"]
        for name in ("genomes", "values", "top", "stale", "fresh"):
            setattr(self, f"_{name}", state[name].copy())
