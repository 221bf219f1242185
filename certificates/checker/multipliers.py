"""The multiplier vectors of a ``search`` proof, as a certificate lists them."""

from .limits import MOST_STEPS, Budget
from .reader import entries, fields, integer, integers
from .trajectory import MOST_CELLS, WHERE, Field, Vector
from .verdict import Malformed, OverLimit, Rejected

MOST_MADE = 400_000_000  # cells of all tables, as often as they are worked out

Parts = list[dict[int, int]]  # [kind]: multiplier by start


class Multipliers:
    """The vectors of a proof; each is worked out when a step first needs it.

    Vector 0 is listed over the starts that the prices allow (`before`), the others over those
    that vector 0 leaves of them (the field given to `of_step`).
    """

    def __init__(self, value: dict[str, object], before: Field, budget: Budget) -> None:
        self._budget = budget
        self._raw = entries(value["vectors"], f"{WHERE}.vectors")
        self._steps: list[list[int]] = []
        self._made: dict[int, Vector] = {}
        self._left = MOST_MADE
        if not self._raw:
            raise Malformed(f"{WHERE}.vectors: expected one at least")
        since, alpha, beta = _parsed(self._raw[0], 0, before)
        self.first = alpha, beta
        if since:
            raise Malformed(f"{WHERE}.vectors[0].since: expected 0")
        high = len(self._raw) - 1
        for r, entry in enumerate(entries(value["layers"], f"{WHERE}.layers")):
            run = fields(entry, f"{WHERE}.layers[{r}]", "length vectors")
            length = integer(run["length"], f"{WHERE}.layers[{r}].length", 1, MOST_STEPS)
            places = integers(run["vectors"], f"{WHERE}.layers[{r}].vectors", 0, high)
            if not places or len(set(places)) < len(places):
                raise Malformed(f"{WHERE}.layers[{r}].vectors: expected different vectors")
            if len(self._steps) + length > MOST_STEPS:
                raise OverLimit(f"{WHERE}.layers: more than {MOST_STEPS:,} steps")
            self._steps += [places] * length

    def of_step(self, field: Field, t: int) -> list[Vector]:
        """Return the vectors that bound the children of step t; forget those of before."""
        if t >= len(self._steps):
            raise Rejected(f"{WHERE}: states are left, and step {t} has no vectors")
        self._budget.check()
        places = self._steps[t]
        self._made = {place: v for place, v in self._made.items() if place in places}
        if len(places) * field.cells > MOST_CELLS:
            raise OverLimit(
                f"{WHERE}: {len(places)} tables of {field.cells:,} cells in step {t}; "
                f"the limit is {MOST_CELLS:,} cells"
            )
        for place in places:
            if place not in self._made:
                self._left -= field.cells
                if self._left < 0:
                    raise OverLimit(f"{WHERE}: more than {MOST_MADE:,} cells of tables in all")
                since, alpha, beta = 0, *self.first
                if place:
                    since, alpha, beta = _parsed(self._raw[place], place, field)
                if since > t:
                    raise Rejected(
                        f"{WHERE}.vectors[{place}].since: {since}, but it is used from step {t}"
                    )
                self._made[place] = Vector(field, since, alpha, beta, self._budget)
        return [self._made[place] for place in places]


def _parsed(value: object, place: int, field: Field) -> tuple[int, Parts, Parts]:
    where = f"{WHERE}.vectors[{place}]"
    found = fields(value, where, "since unit start end")
    since = integer(found["since"], f"{where}.since", 0, field.horizon)
    unit = integer(found["unit"], f"{where}.unit", 1)
    alpha = _multipliers(found["start"], f"{where}.start", unit, since, field, ends=False)
    beta = _multipliers(found["end"], f"{where}.end", unit, since, field, ends=True)
    return since, alpha, beta


def _multipliers(
    value: object, where: str, unit: int, since: int, field: Field, *, ends: bool
) -> Parts:
    """Undo differences and zigzag: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2."""
    codes = iter(integers(value, where))
    now = 0
    found: Parts = []
    for kind in field.kinds:
        own = {}
        for p in kind.starts:
            if p + (kind.output if ends else 0) >= since:
                code = next(codes, None)
                if code is None:
                    raise Malformed(f"{where}: too short")
                now += -(code + 1) // 2 if code % 2 else code // 2
                own[p] = now * unit
        found.append(own)
    if next(codes, None) is not None:
        raise Malformed(f"{where}: too long")
    return found
