"""The vectors of a ``search`` proof, each worked out when a step first needs it."""

from ..core.budget import Budget
from ..core.starts import Multipliers, SearchProof
from .trajectory import Field, Vector


class Tables:
    """The tables in use, of the proof's `vectors`."""

    def __init__(
        self, proof: SearchProof, field: Field, vectors: list[Multipliers], budget: Budget
    ) -> None:
        self._proof, self._field, self._vectors, self._budget = proof, field, vectors, budget
        self._made: dict[int, Vector] = {}

    def of_step(self, t: int) -> list[Vector]:
        """Return the vectors that bound the children of step t; forget those of before."""
        places = self._proof.of_step(t)
        self._budget.check()
        for place in [place for place in self._made if place not in places]:
            self._made.pop(place).leave()
        for place in places:
            if place not in self._made:
                since, multipliers = self._proof.vectors[place].since, self._vectors[place]
                self._made[place] = Vector(self._field, since, *multipliers, self._budget)
        return [self._made[place] for place in places]
