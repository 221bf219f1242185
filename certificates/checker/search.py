"""Lower bound by exact search: go through all schedules below a target, and find the best.

The certificate holds multipliers only; states, bounds and dominance are worked out here. Going
forward in time, a state is: which requests have started, their latencies so far, and the tokens
that they will hold in each step to come. Each state starts its waiting requests in every way that
fits. What is left out, and why no optimal schedule below the target is lost for good:

- a start whose own term leaves no room below the target (:mod:`.starts`);
- a child whose trajectory bound exceeds target - 1;
- a child where some request that has not started could have run to its end within the past
  steps: moving it there costs less, so no continuation is optimal;
- a state that costs no less than another with the same requests started and holds no less in
  every step: what completes it completes the other.
"""

from collections.abc import Iterator
from fractions import Fraction

from .lanes import Lanes
from .limits import MOST_STEPS, Budget
from .model import Instance
from .multipliers import Multipliers
from .prices import read_prices
from .reader import fields, integer
from .starts import by_price, by_vector
from .trajectory import WHERE, Field, Kind, Vector, make_field
from .verdict import OverLimit, Rejected

MOST_BYTES = 1_500_000_000  # of the states of one step
MOST_SCALE = 1 << 31

#: What is decided before the starts at some step t: the latencies of what has started; the tokens
#: held in the steps t + 1, t + 2, ... and in t, t - 1, ... (one lane each, lowest first); and the
#: events that hold tokens at t or later, as ``kind * (horizon + 1) + start``.
State = tuple[int, int, int, tuple[int, ...]]


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
        # two integers of all lanes, and some 300 bytes around them
        self.most_states = MOST_BYTES // (self.lanes * self.bits // 4 + 300)
        self.radix = [1]
        for kind in kinds:
            self.radix.append(self.radix[-1] * (kind.count + 1))

    def _pack(self, tokens: Iterator[int]) -> int:
        return sum(held << (self.bits * j) for j, held in enumerate(tokens))

    def run(self, multipliers: Multipliers) -> None:
        """Go through all steps; raise `Rejected` if states are left where the proof ends."""
        layer: dict[int, list[State]] = {0: [(0, 0, 0, ())]}
        for t in range(self.field.horizon + 1):
            if not layer:
                return
            step = Step(self, t, multipliers.of_step(self.field, t))
            found: dict[int, list[State]] = {}
            for key, states in layer.items():
                step.expand(key, states, found)
            layer = {key: self._undominated(states) for key, states in found.items()}
        if layer:
            raise Rejected(f"{WHERE}: states are left after the last step")

    def _undominated(self, states: list[State]) -> list[State]:
        states.sort()
        guard = self.guard
        futures: list[int] = []
        kept = []
        for state in states:
            self.budget.tick()
            upper = state[1] | guard
            for future in futures:
                if (upper - future) & guard == guard:
                    break
            else:
                futures.append(state[1])
                kept.append(state)
        return kept


class Step:
    """The starts at step t, for all states."""

    def __init__(self, search: Search, t: int, vectors: list[Vector]) -> None:
        field = search.field
        self.search, self.t = search, t
        self.lanes = Lanes(field, vectors, t + 1, search.cutoff)
        fresh = [v for v in vectors if v.since == t]
        # vectors that the parents have not been bounded by
        self.fresh = Lanes(field, fresh, t, search.cutoff) if fresh and t else None
        self.open = [c for c in range(len(field.kinds)) if t in search.allowed[c]]
        self.gains = {c: self.lanes.gains(field, c) for c in self.open}
        self.span = field.horizon + 1
        # a request's last step must be after t to run on
        self.last = [k.output + p for k in field.kinds for p in range(self.span)]
        self.runs: dict[tuple[int, ...], tuple[tuple[int, ...], int]] = {}
        self.states_left = search.most_states

    def expand(self, key: int, states: list[State], found: dict[int, list[State]]) -> None:
        """Add the children of states with the same requests started to `found`."""
        search, t, lanes, fresh = self.search, self.t, self.lanes, self.fresh
        kinds, radix, bits = search.field.kinds, search.radix, search.bits
        full, guard, lane = search.full, search.guard, search.lane
        shape, shadow, mask, window = search.shape, search.shadow, search.mask, search.window
        tick = search.budget.tick
        table, over, top = lanes.table, lanes.over, lanes.guard
        most = len(table) - 1
        room = [kind.count - key // radix[c] % (kind.count + 1) for c, kind in enumerate(kinds)]
        left = sum(room)
        later = sum(number * rest for number, rest in zip(room, lanes.rest) if number)
        now = 0
        if fresh:
            now = sum(n * rest for n, rest in zip(room, fresh.rest) if n)
        options = [c for c in self.open if room[c]]
        gains = [self.gains[c][0] for c in options]
        costs = [t + kinds[c].output - kinds[c].arrival for c in options]
        shapes = [shape[c] for c in options]
        hopes = [lanes.hope + over]
        for c in reversed(options):
            hopes.append(hopes[-1] + room[c] * self.gains[c][1])
        hopes.reverse()
        dues = [
            (c, kinds[c].prompt + kinds[c].output)
            for c, number in enumerate(room)
            if number and t + 1 - kinds[c].output >= kinds[c].arrival
        ]
        places = range(len(options))
        memory = search.field.memory
        for latency, held, before, events in states:
            if fresh:
                bound = latency * fresh.unit + now + fresh.table[len(events)][before & lane]
                if fresh.exceeds(bound + sum(map(fresh.end.__getitem__, events))):
                    continue
            run = self.runs.get(events)
            if run is None:
                on = tuple(event for event in events if self.last[event] > t)
                run = self.runs[events] = on, sum(map(lanes.end.__getitem__, on))
            on, ends = run
            least = ((before << bits) | (held & lane)) & window
            free = memory - (held & lane)
            late = [
                c
                for c, peak in dues
                if peak <= free and (full - (least & mask[c]) - shadow[c]) & guard == guard
            ]
            fit = [x for x in places if (full - held - shapes[x]) & guard == guard]
            running = len(on)
            # first place in `fit` still open, tokens to come, options taken, bound so far
            stack: list[tuple[int, int, tuple[int, ...], int]] = [
                (0, held, (), latency * lanes.unit + later + ends)
            ]
            while stack:
                tick()
                start, future, taken, bound = stack.pop()
                number = running + len(taken)
                if number > most:
                    continue
                for place in range(start, len(fit)):
                    x = fit[place]
                    worse = bound + gains[x]
                    if not (worse + hopes[x]) & top:
                        more = future + shapes[x]
                        if (full - more) & guard == guard:
                            again = 1 if room[options[x]] > 1 + taken.count(x) else 0
                            stack.append((place + 1 - again, more, (*taken, x), worse))
                tokens = future & lane
                if len(taken) == left:
                    total = latency + sum(costs[x] for x in taken)
                    search.best = min(search.best, total)
                    continue
                if (bound + table[number][tokens] + over) & top:
                    continue
                if late and any(
                    tokens + kinds[c].prompt + kinds[c].output <= memory
                    and room[c] > sum(options[x] == c for x in taken)
                    for c in late
                ):
                    continue
                child, total, joined = key, latency, on
                for x in taken:
                    c = options[x]
                    child += radix[c]
                    total += costs[x]
                    joined += (c * self.span + t,)
                past = ((before << bits) | tokens) & window
                found.setdefault(child, []).append((total, future >> bits, past, joined))
                self.states_left -= 1
                if self.states_left < 0:
                    raise OverLimit(f"{WHERE}: more than {search.most_states:,} states in step {t}")


def search_bound(value: object, instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``search`` proof, or the target if none is."""
    found = fields(value, WHERE, "kind target scale denominator prices vectors layers")
    target = integer(found["target"], f"{WHERE}.target", 1)
    scale = integer(found["scale"], f"{WHERE}.scale", 1, MOST_SCALE)
    prices = read_prices(found["denominator"], found["prices"], WHERE, budget)
    kinds = by_price(instance, prices, target, budget)
    if kinds is None:
        return Fraction(target)
    whole = _field(kinds, instance, scale)
    multipliers = Multipliers(found, whole, budget)
    kinds = by_vector(whole, Vector(whole, 0, *multipliers.first, budget), target)
    if kinds is None:
        return Fraction(target)
    field = _field(kinds, instance, scale)
    search = Search(field, target, budget)
    search.run(multipliers)
    return Fraction(search.best)


def _field(kinds: list[Kind], instance: Instance, scale: int) -> Field:
    steps = max(kind.starts[-1] + kind.output for kind in kinds) + 2
    if steps > MOST_STEPS:
        raise OverLimit(f"{WHERE}: {steps:,} steps; the limit is {MOST_STEPS:,}")
    return make_field(kinds, instance.memory, scale)
