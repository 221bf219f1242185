"""The multiplier vectors of a ``search`` proof, as a certificate lists them."""

from .limits import MOST_STEPS, Budget
from .reader import entries, fields, integer, integers
from .trajectory import MOST_CELLS, WHERE, Field, Parts, Vector
from .verdict import Malformed, OverLimit, Rejected

MOST_MADE = 400_000_000  # cells of all tables, as often as they are worked out
MOST_VECTORS = 64  # in one step
EVENT = 150  # bytes of a multiplier by its start


class Multipliers:
    """The vectors of a proof; each is worked out when a step first needs it.

    All of them are read at once, as far as that can be done without knowing the starts: vector 0 is
    listed over those that the prices allow (`of_prices`), the others over those that vector 0
    leaves of them (`of_others`).
    """

    def __init__(self, value: dict[str, object], budget: Budget) -> None:
        self._budget = budget
        self._made: dict[int, Vector] = {}
        self._events: dict[int, int] = {}
        self._left = MOST_MADE
        self._first: tuple[Parts, Parts] = ([], [])
        self._raw = entries(value["vectors"], f"{WHERE}.vectors")
        if not self._raw:
            raise Malformed(f"{WHERE}.vectors: expected one at least")
        for place, vector in enumerate(self._raw):
            budget.tick()
            _fields(vector, place, MOST_STEPS if place else 0)
        self._steps = _steps(value["layers"], len(self._raw) - 1, budget)

    def of_prices(self, field: Field) -> Vector:
        """Read vector 0 over the starts that the prices allow, and return it."""
        _, alpha, beta = _parsed(self._raw[0], 0, field, self._budget)
        self._first = alpha, beta
        return Vector(field, 0, *self._first, self._budget)

    def of_others(self, field: Field) -> None:
        """Read the other vectors over the starts that are left, named by a step or not."""
        for place in range(1, len(self._raw)):
            _, alpha, beta = _parsed(self._raw[place], place, field, self._budget)
            self._budget.give(EVENT * _number(alpha, beta))

    def of_step(self, field: Field, t: int) -> list[Vector]:
        """Return the vectors that bound the children of step t; forget those of before."""
        if t >= len(self._steps):
            raise Rejected(f"{WHERE}: states are left, and step {t} has no vectors")
        self._budget.check()
        places = self._steps[t]
        for place in [place for place in self._made if place not in places]:
            self._made.pop(place).leave()
            self._budget.give(EVENT * self._events.pop(place))
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
                since, alpha, beta = 0, *self._first
                events = 0
                if place:
                    since, alpha, beta = _parsed(self._raw[place], place, field, self._budget)
                    events = _number(alpha, beta)
                if since > t:
                    raise Rejected(
                        f"{WHERE}.vectors[{place}].since: {since}, but it is used from step {t}"
                    )
                self._events[place] = events
                self._made[place] = Vector(field, since, alpha, beta, self._budget)
        return [self._made[place] for place in places]


def _number(alpha: Parts, beta: Parts) -> int:
    return sum(map(len, alpha)) + sum(map(len, beta))


def _steps(value: object, high: int, budget: Budget) -> list[list[int]]:
    """Return the places of the vectors of each step; none is above `high`."""
    steps: list[list[int]] = []
    for r, entry in enumerate(entries(value, f"{WHERE}.layers")):
        where = f"{WHERE}.layers[{r}]"
        run = fields(entry, where, "length vectors")
        length = integer(run["length"], f"{where}.length", 1, MOST_STEPS)
        places = integers(run["vectors"], f"{where}.vectors", 0, high)
        if not places or len(set(places)) < len(places):
            raise Malformed(f"{where}.vectors: expected different vectors")
        if len(places) > MOST_VECTORS:
            raise OverLimit(f"{where}: {len(places):,} vectors; the limit is {MOST_VECTORS}")
        budget.tick(1 + length // 64)
        budget.take(9 * length)
        if len(steps) + length > MOST_STEPS:
            raise OverLimit(f"{WHERE}.layers: more than {MOST_STEPS:,} steps")
        steps += [places] * length
    return steps


def _fields(value: object, place: int, latest: int) -> tuple[int, int, dict[str, object]]:
    """Return since, unit and the fields of a vector."""
    where = f"{WHERE}.vectors[{place}]"
    found = fields(value, where, "since unit start end")
    since = integer(found["since"], f"{where}.since", 0, latest)
    unit = integer(found["unit"], f"{where}.unit", 1)
    for name in ("start", "end"):
        integers(found[name], f"{where}.{name}")
    return since, unit, found


def _parsed(value: object, place: int, field: Field, budget: Budget) -> tuple[int, Parts, Parts]:
    where = f"{WHERE}.vectors[{place}]"
    since, unit, found = _fields(value, place, field.horizon if place else 0)
    at_once = [0] * len(field.kinds)
    alpha = _multipliers(found["start"], f"{where}.start", unit, since, at_once, field, budget)
    outputs = [kind.output for kind in field.kinds]
    beta = _multipliers(found["end"], f"{where}.end", unit, since, outputs, field, budget)
    return since, alpha, beta


def _multipliers(
    value: object,
    where: str,
    unit: int,
    since: int,
    delay: list[int],
    field: Field,
    budget: Budget,
) -> Parts:
    """Undo differences and zigzag: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2.

    Listed are the events, `delay` steps after the start by kind, that are at or after `since`.
    """
    codes = iter(integers(value, where))
    now = 0
    found: Parts = []
    for kind, later in zip(field.kinds, delay):
        own = {}
        for p in kind.starts:
            budget.tick()
            if p + later >= since:
                code = next(codes, None)
                if code is None:
                    raise Malformed(f"{where}: too short")
                budget.take(EVENT)
                now += -(code + 1) // 2 if code % 2 else code // 2
                own[p] = now * unit
        found.append(own)
    if next(codes, None) is not None:
        raise Malformed(f"{where}: too long")
    return found
