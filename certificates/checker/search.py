"""Lower bound by exact search: go through all schedules below a target, and find the best.

The certificate holds multipliers only; states, bounds and dominance are worked out here. Going
forward in time, a state is: which requests have started, their latencies so far, and the tokens
that they will hold in each step to come. Each state starts its waiting requests in every way that
fits. What is left out, and why no optimal schedule below the target is lost for good:

- a start whose own price term leaves no room below the target (price bound);
- a child whose trajectory bound exceeds target - 1;
- a child where some request that has not started could have run to its end within the past
  steps: moving it there costs less, so no continuation is optimal;
- a state that costs no less than another with the same requests started and holds no less in
  every step: what completes it completes the other.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .limits import Budget
from .model import Instance
from .prices import Prices, price_bound, read_prices
from .reader import array, fields, integer, integers
from .trajectory import Field, Kind, Rows, Vector, make_field
from .verdict import Malformed, OverLimit, Rejected

MOST_CELLS = 20_000_000  # of a table, and of all tables in use at once
MOST_STATES = 5_000_000  # of one layer
MOST_STEPS = 100_000

Event = tuple[int, int]  # kind, start


@dataclass(frozen=True, slots=True)
class State:
    """What has been decided before the starts at some step t.

    Parameters
    ----------
    latency
        Of the requests that have started.
    future, past
        Tokens held in the steps t + 1, t + 2, ... and t, t - 1, ...: one lane each, lowest first.
    running
        The requests with tokens at t or later.
    guide
        Number of the vector that bounded it best; tried first, as it usually prunes.
    """

    latency: int
    future: int
    past: int
    running: tuple[Event, ...]
    guide: int


class Search:
    """The search for schedules below `target`; `best` is the least total met, or the target."""

    def __init__(self, field: Field, target: int, budget: Budget) -> None:
        self.field, self.target, self.budget = field, target, budget
        self.best = target
        self.cutoff = (target - 1) * field.scale
        kinds = field.kinds
        self.lanes = max(kind.output for kind in kinds) + 1
        self.bits = field.memory.bit_length() + 2  # sums of two stay below the guard bit
        unit = sum(1 << (self.bits * j) for j in range(self.lanes))
        self.guard = unit << (self.bits - 1)
        self.full = field.memory * unit | self.guard
        self.lane = (1 << self.bits) - 1
        self.window = (1 << (self.bits * self.lanes)) - 1
        self.shape = [self._pack(k.prompt + j + 1 for j in range(k.output)) for k in kinds]
        # seen from a last step backwards, and what is not looked at is empty
        self.shadow = [self._pack(k.prompt + k.output - j for j in range(k.output)) for k in kinds]
        self.mask = [(1 << (self.bits * k.output)) - 1 for k in kinds]
        self.allowed = [frozenset(kind.starts) for kind in kinds]
        self.radix = [1]
        for kind in kinds:
            self.radix.append(self.radix[-1] * (kind.count + 1))

    def _pack(self, tokens: Iterator[int]) -> int:
        return sum(held << (self.bits * j) for j, held in enumerate(tokens))

    def run(self, vectors: "Vectors") -> None:
        """Go through all steps; raise `Rejected` if states are left where the proof ends."""
        layer = {0: [State(0, 0, 0, (), 0)]}
        for t in range(self.field.horizon + 1):
            if not layer:
                return
            active = vectors.of_step(t)
            found: dict[int, list[State]] = {}
            size = 0
            for key, states in layer.items():
                for child_key, child in self._children(key, states, t, active):
                    found.setdefault(child_key, []).append(child)
                    size += 1
                    if size > MOST_STATES:
                        raise OverLimit(f"more than {MOST_STATES:,} states in one step")
            layer = {key: self._undominated(states) for key, states in found.items()}
        if layer:
            raise Rejected("proof.lower_bound: states are left after the last step")

    def _undominated(self, states: list[State]) -> list[State]:
        states.sort(key=lambda state: state.latency)
        guard = self.guard
        futures: list[int] = []
        kept = []
        for state in states:
            self.budget.tick()
            upper = state.future | guard
            for future in futures:
                if (upper - future) & guard == guard:
                    break
            else:
                futures.append(state.future)
                kept.append(state)
        return kept

    def _children(
        self, key: int, states: list[State], t: int, vectors: list[Vector]
    ) -> Iterator[tuple[int, State]]:
        field = self.field
        kinds, scale, full, guard = field.kinds, field.scale, self.full, self.guard
        radix = self.radix
        room = [key // radix[c] % (kind.count + 1) for c, kind in enumerate(kinds)]
        room = [kind.count - begun for kind, begun in zip(kinds, room, strict=True)]
        left = sum(room)
        open_ = [c for c, number in enumerate(room) if number]
        options = [c for c in open_ if t in self.allowed[c]]
        dues = [c for c in open_ if t + 1 - kinds[c].output >= kinds[c].arrival]
        fresh = [v for v in vectors if v.since == t]
        # what the unstarted would cost at least, from t on and from t + 1 on
        now = [sum(room[c] * v.rest[c][t] for c in open_) for v in fresh]
        later = [sum(room[c] * v.rest[c][t + 1] for c in open_) for v in vectors]
        start = [
            [
                scale * (t + kinds[c].output - kinds[c].arrival) + v.beta[c][t] - v.rest[c][t + 1]
                for c in options
            ]
            for v in vectors
        ]
        tables = [v.table[t + 1] for v in vectors]
        place = {v.number: v_place for v_place, v in enumerate(vectors)}
        hopes: dict[int, list[int]] = {}
        costs = [t + kinds[c].output - kinds[c].arrival for c in options]
        most = len(field.least) - 1
        for state in states:
            self.budget.tick()
            tokens = state.past & self.lane
            if any(
                scale * state.latency
                + rest
                + sum(v.beta[c][p] for c, p in state.running)
                + v.table[t][len(state.running)][tokens]
                > self.cutoff
                for v, rest in zip(fresh, now, strict=True)
            ):
                continue
            running = tuple(e for e in state.running if e[1] + kinds[e[0]].output > t)
            base: dict[int, int] = {}
            guide = place.get(state.guide, 0)
            others = [v for v in range(len(vectors)) if v != guide]
            hope = hopes.get(guide)
            if hope is None:
                hope = hopes[guide] = self._hopes(options, room, start[guide], tables[guide])
            first = scale * state.latency + later[guide]
            first += sum(vectors[guide].beta[c][p] for c, p in running)
            base[guide] = first
            table = tables[guide]
            for chosen, future, number, known in self._choices(
                options, room, state.future, len(running), first, start[guide], hope
            ):
                tokens = future & self.lane
                if number > most:
                    continue
                best, which = known + table[number][tokens], guide
                if best > self.cutoff:
                    continue
                latency = state.latency
                for taken, cost in zip(chosen, costs, strict=True):
                    latency += taken * cost
                if left + len(running) == number:
                    self.best = min(self.best, latency)
                    continue
                for v in others:
                    ground = base.get(v)
                    if ground is None:
                        ground = scale * state.latency + later[v]
                        ground += sum(vectors[v].beta[c][p] for c, p in running)
                        base[v] = ground
                    bound = ground + tables[v][number][tokens]
                    for taken, gain in zip(chosen, start[v], strict=True):
                        if taken:
                            bound += taken * gain
                    if bound > best:
                        best, which = bound, v
                        if bound > self.cutoff:
                            break
                if best > self.cutoff:
                    continue
                past = ((state.past << self.bits) | tokens) & self.window
                begun = dict(zip(options, chosen, strict=True))
                if any(
                    (full - (past & self.mask[c]) - self.shadow[c]) & guard == guard
                    and room[c] > begun.get(c, 0)
                    for c in dues
                ):
                    continue
                child = key
                joined = running
                for c, taken in begun.items():
                    if taken:
                        child += taken * radix[c]
                        joined += ((c, t),) * taken
                yield (
                    child,
                    State(latency, future >> self.bits, past, joined, vectors[which].number),
                )

    @staticmethod
    def _hopes(options: list[int], room: list[int], gains: list[int], table: Rows) -> list[int]:
        """Return for each x the least that taking options[x:], and then the path, can add."""
        hopes = [min(map(min, table))]
        for c, gain in zip(reversed(options), reversed(gains), strict=True):
            hopes.append(hopes[-1] + min(0, gain * room[c]))
        return hopes[::-1]

    def _choices(
        self, options: list[int], room: list[int], future: int, running: int, known: int,
        gains: list[int], hopes: list[int],
    ) -> Iterator[tuple[list[int], int, int, int]]:  # fmt: skip
        """Yield the ways to start waiting requests that fit.

        Each as (how many of each, the tokens then held, the number then running, the lower
        bound before the path's part).

        `known` is a lower bound for taking nothing, before the path's part; taking one of
        options[x] adds gains[x], and hopes[x] is the least that taking options[x:] and the path
        can add. What exceeds the cutoff at its best is left out.
        """
        full, guard, shape, cutoff = self.full, self.guard, self.shape, self.cutoff
        tick = self.budget.tick
        stack = [(0, future, [0] * len(options), running, known)]
        while stack:
            tick()
            depth, held, chosen, number, bound = stack.pop()
            yield chosen, held, number, bound
            for place in range(depth, len(options)):
                c = options[place]
                worse = bound + gains[place]
                if worse + hopes[place] <= cutoff and chosen[place] < room[c]:
                    more = held + shape[c]
                    if (full - more) & guard == guard:
                        taken = chosen.copy()
                        taken[place] += 1
                        stack.append((place, more, taken, number + 1, worse))


class Vectors:
    """The multiplier vectors of a certificate; each is worked out when a step first needs it."""

    def __init__(self, field: Field, value: dict[str, object], budget: Budget) -> None:
        self.field, self.budget = field, budget
        where = "proof.lower_bound"
        self._raw = array(value["vectors"], f"{where}.vectors")
        self._made: dict[int, Vector] = {}
        self._steps: list[list[int]] = []
        for r, entry in enumerate(array(value["layers"], f"{where}.layers")):
            run = fields(entry, f"{where}.layers[{r}]", "length vectors")
            length = integer(run["length"], f"{where}.layers[{r}].length", 1, MOST_STEPS)
            high = len(self._raw) - 1
            places = integers(run["vectors"], f"{where}.layers[{r}].vectors", 0, high)
            if not places or any(x == y for x, y in pairwise(sorted(places))):
                raise Malformed(f"{where}.layers[{r}].vectors: expected different vectors")
            if len(self._steps) + length > MOST_STEPS:
                raise OverLimit(f"{where}.layers: more than {MOST_STEPS:,} steps")
            self._steps += [places] * length

    def of_step(self, t: int) -> list[Vector]:
        """Return the vectors that bound the children of step t; forget those of before."""
        if t >= len(self._steps):
            raise Rejected(f"proof.lower_bound: states are left, and step {t} has no vectors")
        places = self._steps[t]
        self._made = {place: v for place, v in self._made.items() if place in places}
        for place in places:
            if place not in self._made:
                self._made[place] = self._read(place, t)
        return [self._made[place] for place in places]

    def _read(self, place: int, t: int) -> Vector:
        where = f"proof.lower_bound.vectors[{place}]"
        found = fields(self._raw[place], where, "since unit start end")
        since = integer(found["since"], f"{where}.since", 0, self.field.horizon)
        if since > t:
            raise Rejected(f"{where}.since: {since}, but it is used from step {t}")
        unit = integer(found["unit"], f"{where}.unit", 1)
        alpha = self._multipliers(found["start"], f"{where}.start", unit, since, ends=False)
        beta = self._multipliers(found["end"], f"{where}.end", unit, since, ends=True)
        return Vector(self.field, place, since, alpha, beta, self.budget)

    def _multipliers(
        self, value: object, where: str, unit: int, since: int, *, ends: bool
    ) -> list[dict[int, int]]:
        """Undo differences and zigzag: 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2."""
        codes = iter(integers(value, where))
        now = 0
        found: list[dict[int, int]] = []
        for kind in self.field.kinds:
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


def search_bound(value: object, instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``search`` proof, or the target if none is."""
    where = "proof.lower_bound"
    found = fields(value, where, "kind target scale denominator prices vectors layers")
    target = integer(found["target"], f"{where}.target", 1)
    scale = integer(found["scale"], f"{where}.scale", 1)
    prices = read_prices(found["denominator"], found["prices"], where, budget)
    kinds = _kinds(instance, prices, target, budget)
    if kinds is None:
        return Fraction(target)
    field = make_field(kinds, instance.memory, scale)
    cells = (field.horizon + 2) * len(field.least) * (instance.memory + 1)
    if cells > MOST_CELLS:
        raise OverLimit(f"{where}: {cells:,} table cells; the limit is {MOST_CELLS:,}")
    search = Search(field, target, budget)
    search.run(Vectors(field, found, budget))
    return Fraction(search.best)


def _kinds(instance: Instance, prices: Prices, target: int, budget: Budget) -> list[Kind] | None:
    """Return the classes, largest volume first, with the starts that a total below target allows.

    None if there is one without any: then no schedule is below the target. Ties of volume go to
    the larger output, then to the earlier arrival.
    """
    origin = min(instance.arrival)
    count = Counter(
        (a - origin, s, o)
        for a, s, o in zip(instance.arrival, instance.prompt, instance.output, strict=True)
    )
    order = sorted(count, key=lambda k: (-(k[1] * k[2] + k[2] * (k[2] + 1) // 2), -k[2], k[0]))
    moved = Instance(
        memory=instance.memory, arrival=[a - origin for a in instance.arrival],
        prompt=instance.prompt, output=instance.output, digest=instance.digest,
    )  # fmt: skip
    bound = price_bound(prices, moved, budget)
    unit = prices.denominator
    room = (target - 1) * unit - int(bound * unit)
    if room < 0:
        return None
    kinds = []
    for a, s, o in order:
        costs: list[tuple[int, int]] = []
        least: int | None = None
        p = a
        while least is None or unit * (p + o - a) <= least + room:
            budget.tick()
            y_0, z_0 = prices.until(p)
            y_1, z_1 = prices.until(p + o)
            cost = unit * (p + o - a) + (s - p) * (y_1 - y_0) + z_1 - z_0
            least = cost if least is None else min(least, cost)
            costs.append((p, cost))
            p += 1
            if len(costs) > MOST_STEPS:
                raise OverLimit(f"proof.lower_bound: starts over more than {MOST_STEPS:,} steps")
        starts = [p for p, cost in costs if cost <= least + room]
        kinds.append(Kind(a, s, o, count[a, s, o], starts))
    return kinds
