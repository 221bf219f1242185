"""What a campaign asks of an engine: candidates, and to be told what they are worth."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kvproof.adversary.genomes.space import Floats, Genomes
from kvproof.adversary.valuation.objective import Scores

#: What an engine is apart from its settings: arrays, and what JSON can hold.
State = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Candidates to be evaluated.

    Parameters
    ----------
    genomes
        Shape (candidates, 1 + rows, COLUMNS).
    at_least
        A candidate whose value is below this would be turned down anyway, shape (candidates,);
        an evaluation may stop when it sees that.
    """

    genomes: Genomes
    at_least: Floats

    def first(self, number: int) -> "Batch":
        """Return so many candidates at most: what a budget has left."""
        return Batch(genomes=self.genomes[:number], at_least=self.at_least[:number])


class Engine(Protocol):
    """A search over genomes, a batch at a time; all of its randomness is its own generator's."""

    name: str

    def ask(self) -> Batch:
        """Return the next candidates."""

    def tell(self, batch: Batch, scores: Scores) -> int:
        """Take the scores of the batch last asked, or of the first of it, where a budget ends.

        Returns
        -------
        int
            How many candidates were accepted.
        """

    def state(self) -> State:
        """Return all that the next `ask` depends on, as arrays and JSON values."""

    def restore(self, state: State) -> None:
        """Restore a state returned by `state`."""


def generator_state(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of a PCG64 generator as JSON can hold it."""
    state = rng.bit_generator.state
    return {key: state[key] for key in ("bit_generator", "state", "has_uint32", "uinteger")}
