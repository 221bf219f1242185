"""The search of :mod:`..core.search`, packed into long integers; its argument is there.

But for how states are compared, which :mod:`.dominance` and :mod:`.raising` say. The tokens held
in all steps of a state lie side by side in one number, and so do its bounds by all vectors of a
step. A sum, and one look at the top bits, then stand for a loop.
"""

from collections.abc import Iterable
from fractions import Fraction
from heapq import heappop, heappush
from typing import Optional

from ..core.budget import Budget
from ..core.followed import Followed
from ..core.model import Instance
from ..core.reader import WHERE
from ..core.starts import SearchProof, by_price, by_vector
from ..core.verdict import Rejected
from .ahead import WORTH, Ahead, Hopes
from .dominance import Dominance
from .lanes import Lanes
from .raising import width_of
from .tables import Tables
from .trajectory import Field, Vector, make_field

KEY = 400  # bytes of what states with the same requests started share

#: What is decided before the starts at some step t, in one number, for there may be millions. From
#: the top: the latencies of what has started; the tokens held in the steps t + 1, t + 2, ... and in
#: t, t - 1, ... (one lane each, lowest first); and one more than each event that holds tokens at t
#: or later, where an event is ``kind * (horizon + 1) + start``.
Packed = int
#: A node of the starts of one state: the first place in the list of options that is still open,
#: the tokens to come, the options taken, and the bound so far.
Node = tuple[int, int, tuple[int, ...], int]


class Search:
    """The search for schedules below `target`; `best` is the least total met, or the target."""

    def __init__(
        self, field: Field, target: int, followed: Optional[Followed], budget: Budget
    ) -> None:
        self.field, self.target, self.followed, self.budget = field, target, followed, budget
        self.best = target
        self.cutoff = (target - 1) * field.scale
        kinds = field.kinds
        self.lanes = max(kind.output for kind in kinds) + 1
        self.bits = width_of(field.memory)
        #: Bytes of a number of all lanes.
        self.bytes = 40 + self.lanes * self.bits // 7
        self.span = field.horizon + 1
        #: Bits of an event, and of all that run at once.
        self.wide = (len(kinds) * self.span).bit_length()
        self.running = self.wide * (len(field.least) - 1)
        whole = self.running + 2 * self.lanes * self.bits
        most = sum(kind.count for kind in kinds) * (self.span + self.lanes)
        #: And bytes of a state.
        self.state = 48 + (whole + most.bit_length()) // 7
        budget.take((3 * len(kinds) + 8) * self.bytes + 220 * sum(len(k.starts) for k in kinds))
        unit = self._pack([1] * self.lanes)
        self.guard = unit << (self.bits - 1)
        self.full = field.memory * unit | self.guard
        self.lane = (1 << self.bits) - 1
        self.window = (1 << (self.bits * self.lanes)) - 1
        self.shape = [self._pack(range(k.prompt + 1, k.prompt + k.output + 1)) for k in kinds]
        # seen from a last step backwards, and what is not looked at is empty
        self.shadow = [self._pack(range(k.prompt + k.output, k.prompt, -1)) for k in kinds]
        self.mask = [(1 << (self.bits * k.output)) - 1 for k in kinds]
        self.allowed = [frozenset(kind.starts) for kind in kinds]
        #: The last step of each event.
        self.last = {c * self.span + p: p + k.output for c, k in enumerate(kinds) for p in k.starts}
        self.radix = [1]
        for kind in kinds:
            self.radix.append(self.radix[-1] * (kind.count + 1))
        #: Bytes of what states with the same requests started share.
        self.group = KEY + 4 * (self.radix[-1].bit_length() // 30)

    def _pack(self, tokens: Iterable[int]) -> int:
        """Put numbers side by side, the first one lowest."""
        digits = [f"{held:0{self.bits}b}" for held in tokens]
        self.budget.tick(len(digits))
        return int("".join(reversed(digits)), 2)

    def run(self, tables: Tables) -> None:
        """Go through all steps; raise `Rejected` if states are left where the proof ends."""
        layer: dict[int, list[Packed]] = {0: [0]}
        self.budget.take(self.group + self.state)
        for t in range(self.field.horizon + 1):
            if not layer:
                return
            step = Step(self, t, tables.of_step(t), sum(map(len, layer.values())))
            dominance = Dominance(self.field, t + 1, self.bits, self.guard, self.budget)
            keys = sorted(layer, reverse=True)
            while keys:
                key = keys.pop()
                states = layer.pop(key)
                Expansion(step, key).run(states)
                self.budget.give(self.group + self.state * len(states))
                # starts only make keys larger: what is below all that are left has no more to come
                while step.growing and (not keys or step.growing[0] < keys[-1]):
                    key = heappop(step.growing)
                    states = step.found[key]
                    if len(states) > 1:
                        step.found[key] = self._undominated(key, states, dominance)
            layer = step.found
            dominance.leave()
            step.leave()
        if layer:
            raise Rejected(f"{WHERE}: states are left after the last step")

    def left(self, key: int) -> list[int]:
        """Return by kind how many requests have not started."""
        kinds = self.field.kinds
        self.budget.tick(len(kinds))
        return [k.count - key // self.radix[c] % (k.count + 1) for c, k in enumerate(kinds)]

    def _undominated(self, key: int, states: list[Packed], dominance: Dominance) -> list[Packed]:
        self.budget.check()
        states.sort()  # by latency
        down, window = self.running + self.lanes * self.bits, self.window
        profiles = [state >> down & window for state in states]
        kept = [states[i] for i in dominance.undominated(profiles, self.left(key))]
        self.budget.give(self.state * (len(states) - len(kept)))
        return kept

    def pack(self, latency: int, held: int, before: int, events: int) -> Packed:
        """Return a state."""
        lanes = self.lanes * self.bits
        return ((latency << lanes | held) << lanes | before) << self.running | events

    def unpack(self, state: Packed) -> tuple[int, int, int, list[int]]:
        """Return the latencies, the tokens to come and before, and the events of a state."""
        wide, lanes, window = self.wide, self.lanes * self.bits, self.window
        running, mask = state & (1 << self.running) - 1, (1 << wide) - 1
        events = []
        while running:
            events.append((running & mask) - 1)
            running >>= wide
        state >>= self.running
        return state >> 2 * lanes, state >> lanes & window, state & window, events


class Step:
    """The starts at step t: what all states have in common, and the children found."""

    def __init__(self, search: Search, t: int, vectors: list[Vector], states: int) -> None:
        field, budget = search.field, search.budget
        self.search, self.t = search, t
        if search.followed:
            search.followed.begin(t + 1)
        self.lanes = Lanes(field, vectors, t + 1, search.cutoff, budget)
        fresh = [v for v in vectors if v.since == t]
        # vectors that the parents have not been bounded by
        self.fresh = Lanes(field, fresh, t, search.cutoff, budget) if fresh and t else None
        self.open = [c for c in range(len(field.kinds)) if t in search.allowed[c]]
        self.gains = {c: self.lanes.gains(field, c) for c in self.open}
        #: What is known of ways to go on, where there are many states.
        self.ahead: Optional[Ahead] = None
        cells = len(self.open) * len(field.least) * (field.memory + 1)
        if cells <= WORTH * states:
            gains = {c: gain for c, (gain, _) in self.gains.items()}
            self.ahead = Ahead(field, self.lanes, gains, budget)
        self.found: dict[int, list[Packed]] = {}
        #: Of the keys found a heap: those whose states are not all there and compared.
        self.growing: list[int] = []

    def run_on(self, events: list[int]) -> tuple[list[int], int, int]:
        """Return the events that hold tokens after t, packed too; the sum of their multipliers."""
        last, t, wide = self.search.last, self.t, self.search.wide
        on = [event for event in events if last[event] > t]
        packed = 0
        for event in reversed(on):
            packed = packed << wide | event + 1
        return on, packed, sum(map(self.lanes.end.__getitem__, on))

    def leave(self) -> None:
        """Give back the memory of all but the children."""
        self.lanes.leave()
        if self.fresh:
            self.fresh.leave()
        if self.ahead:
            self.ahead.leave()


class Expansion:
    """The starts at one step of the states with the same requests started.

    Parameters
    ----------
    room
        By kind: how many have not started; `left` are they all.
    options
        The kinds that may start now, and by place in this list: what a start costs, adds to the
        bound and holds from now on, and its event.
    hopes
        By place: the least that all from there on can add, from what is above the cutoff.
    dues
        The kinds of which one could have run to its end by now, with its last tokens.
    """

    def __init__(self, step: Step, key: int) -> None:
        search, t, lanes, fresh = step.search, step.t, step.lanes, step.fresh
        kinds = search.field.kinds
        self.step, self.search, self.found, self.key = step, search, step.found, key
        search.budget.tick(4 * len(kinds))
        self.room = room = search.left(key)
        self.left = sum(room)
        self.later = sum(n * rest for n, rest in zip(room, lanes.rest) if n)
        self.now = sum(n * rest for n, rest in zip(room, fresh.rest) if n) if fresh else 0
        self.options = [c for c in step.open if room[c]]
        self.gains = [step.gains[c][0] for c in self.options]
        self.costs = [t + kinds[c].output - kinds[c].arrival for c in self.options]
        self.shapes = [search.shape[c] for c in self.options]
        self.events = [c * search.span + t for c in self.options]
        hopes = [lanes.hope + lanes.over]
        for c in reversed(self.options):
            hopes.append(hopes[-1] + room[c] * step.gains[c][1])
        self.hopes = hopes[::-1]
        self.dues = [
            (c, kinds[c].prompt + kinds[c].output)
            for c, number in enumerate(room)
            if number and t + 1 - kinds[c].output >= kinds[c].arrival
        ]

        ahead: Optional[list[Hopes]] = None
        if step.ahead:
            ahead = [rows for c, rows in zip(step.open, step.ahead.tables) if room[c]]
            ahead.append(step.ahead.tables[-1])
        # gathered, as every state looks at all of it
        self.of_kinds = self.gains, self.shapes, self.hopes, ahead, room, self.options, self.left
        self.of_step = (
            search.full, search.guard, search.lane, search.budget.tick, lanes.table, lanes.over,
            lanes.guard, len(lanes.table) - 1,
        )  # fmt: skip

    def run(self, states: list[Packed]) -> None:
        """Add the children of the states to those of the step."""
        search, step, options, dues = self.search, self.step, self.options, self.dues
        full, guard, lane, window = search.full, search.guard, search.lane, search.window
        fresh, bits, memory, shapes = step.fresh, search.bits, search.field.memory, self.shapes
        shadow, mask, tick = search.shadow, search.mask, search.budget.tick
        places = range(len(options))
        pace = (1 + len(options) + len(dues)) * (1 + search.bytes // 1024)
        # no more nodes wait at a time than options at each depth
        stack = len(options) * len(step.lanes.table) * (200 + search.bytes + step.lanes.bytes)
        search.budget.take(stack)
        for state in states:
            tick(pace)
            latency, held, before, events = search.unpack(state)
            if fresh:
                bound = latency * fresh.unit + self.now + fresh.table[len(events)][before & lane]
                if fresh.exceeds(bound + sum(map(fresh.end.__getitem__, events))):
                    continue
            late: list[int] = []
            if dues:
                least = ((before << bits) | (held & lane)) & window
                free = memory - (held & lane)
                late = [
                    c
                    for c, peak in dues
                    if peak <= free and (full - (least & mask[c]) - shadow[c]) & guard == guard
                ]
            fit = [x for x in places if (full - held - shapes[x]) & guard == guard]
            self._start(latency, held, before << bits, events, fit, late, pace)
        search.budget.give(stack)

    def _start(
        self, latency: int, held: int, before: int, events: list[int], fit: list[int],
        late: list[int], pace: int,
    ) -> None:  # fmt: skip
        """Start requests at the places `fit` in every way that fits and may be below the target."""
        gains, shapes, hopes, ahead, room, options, left = self.of_kinds
        full, guard, lane, tick, table, over, top, most = self.of_step
        followed = self.search.followed
        on, packed, ends = self.step.run_on(events)
        running = len(on)
        stack: list[Node] = [(0, held, (), latency * self.step.lanes.unit + self.later + ends)]
        while stack:
            tick(pace)
            start, future, taken, bound = stack.pop()
            number, tokens = running + len(taken), future & lane
            for place in range(start, len(fit) if number < most else 0):
                x = fit[place]
                if ahead and (bound + ahead[x][number][tokens]) & top:
                    break  # nor with a later one
                more = future + shapes[x]
                if (full - more) & guard != guard:
                    continue
                worse = bound + gains[x]
                again = 1 if room[options[x]] > 1 + taken.count(x) else 0
                hope = ahead[x + 1 - again][number + 1][more & lane] if ahead else hopes[x]
                if not (worse + hope) & top:
                    stack.append((place + 1 - again, more, (*taken, x), worse))
            if len(taken) == left:
                total = latency + sum(self.costs[x] for x in taken)
                self.search.best = min(self.search.best, total)
                continue
            if (bound + table[number][tokens] + over) & top:
                continue
            if late and self._wasteful(taken, tokens, late):
                continue
            if followed and self._exceeds(followed, latency, on, taken):
                continue
            self._add(latency, before | tokens, packed, running, taken, future)

    def _exceeds(
        self, followed: Followed, latency: int, on: list[int], taken: tuple[int, ...]
    ) -> bool:
        """Whether the classes that are followed show that no way on is below the target."""
        left = list(self.room)
        for x in taken:
            left[self.options[x]] -= 1
            latency += self.costs[x]
        events = on + [self.events[x] for x in taken]
        span = self.search.span
        return followed.exceeds(left, latency, [divmod(event, span) for event in events])

    def _wasteful(self, taken: tuple[int, ...], tokens: int, late: list[int]) -> bool:
        """Whether some request that waits could have run to its end by the next step."""
        kinds, memory = self.step.search.field.kinds, self.step.search.field.memory
        return any(
            tokens + kinds[c].prompt + kinds[c].output <= memory
            and self.room[c] > sum(self.options[x] == c for x in taken)
            for c in late
        )

    def _add(
        self, latency: int, past: int, events: int, running: int, taken: tuple[int, ...],
        future: int,
    ) -> None:  # fmt: skip
        """Note the child that has started `taken` beside so many events that run on."""
        search, child = self.search, self.key
        for place, x in enumerate(taken, start=running):
            child += search.radix[self.options[x]]
            latency += self.costs[x]
            events |= self.events[x] + 1 << search.wide * place
        search.budget.take(search.state)
        made = search.pack(latency, future >> search.bits, past & search.window, events)
        if child in self.found:
            self.found[child].append(made)
        else:
            search.budget.take(search.group)
            self.found[child] = [made]
            heappush(self.step.growing, child)


def packed_search_bound(proof: SearchProof, instance: Instance, budget: Budget) -> Fraction:
    """Return what `search_bound` of the core returns, faster."""
    kinds = by_price(proof, instance, budget)
    if kinds is None:
        return Fraction(proof.target)
    whole = make_field(kinds, instance.memory, proof.scale, budget)
    first = proof.vectors[0].over(kinds)
    vector = Vector(whole, 0, *first, budget)
    left = by_vector(proof, kinds, first, vector.whole)
    vector.leave()
    if left is None:
        return Fraction(proof.target)
    vectors = [first, *(listed.over(left) for listed in proof.vectors[1:])]
    field = make_field(left, instance.memory, proof.scale, budget)
    search = Search(field, proof.target, proof.followed, budget)
    search.run(Tables(proof, field, vectors, budget))
    return Fraction(search.best)
