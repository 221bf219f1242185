"""The vectors of a ``search`` proof, each worked out when a step first needs it."""

from ..core.limits import Budget
from ..core.starts import WHERE, Multipliers, SearchProof, size_of
from ..core.verdict import OverLimit
from .trajectory import MOST_CELLS, Field, Vector

MOST_MADE = 400_000_000  # cells of all tables, as often as they are worked out


class Tables:
    """The vectors in use; `first` is vector 0, which is listed over more starts."""

    def __init__(
        self, proof: SearchProof, field: Field, first: Multipliers, budget: Budget
    ) -> None:
        self._proof, self._field, self._first, self._budget = proof, field, first, budget
        self._made: dict[int, Vector] = {}
        self._taken: dict[int, int] = {}  # bytes of multipliers
        self._left = MOST_MADE

    def of_step(self, t: int) -> list[Vector]:
        """Return the vectors that bound the children of step t; forget those of before."""
        places = self._proof.of_step(t)
        self._budget.check()
        for place in [place for place in self._made if place not in places]:
            self._made.pop(place).leave()
            self._budget.give(self._taken.pop(place))
        cells = self._field.cells
        if len(places) * cells > MOST_CELLS:
            raise OverLimit(
                f"{WHERE}: {len(places)} tables of {cells:,} cells in step {t}; "
                f"the limit is {MOST_CELLS:,} cells"
            )
        for place in places:
            if place not in self._made:
                self._left -= cells
                if self._left < 0:
                    raise OverLimit(f"{WHERE}: more than {MOST_MADE:,} cells of tables in all")
                since, over = self._proof.vectors[place]
                multipliers = over(self._field.kinds) if place else self._first
                self._taken[place] = size_of(multipliers) if place else 0
                self._made[place] = Vector(self._field, since, *multipliers, self._budget)
        return [self._made[place] for place in places]
