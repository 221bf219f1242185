"""A further bound of a search: some classes by their profiles, the others at prices.

For any prices y >= 0 of a token, one for each step, a start costs its latency and the price of the
tokens that it will hold. Whatever completes a state at step t starts at t or later; together with
what runs it holds at most the memory in each step after t. So, times the denominator, the latency
of the whole is at least

    the latencies so far + the price of what those that run hold after t
    + what all later starts cost - the price of all memory after t.

A start costs no less than the least of its class from t on. Those of some classes, which are
*followed*, cost no less than what each is said to be worth, and V(t, h) together: the least sum of
``cost - worth`` of any starts that fit beside h, the profile of those followed that run. The worth
may be any number, as all that are left start once.

A class is followed from its arrival until its worth has passed: what costs less than it is worth
ends before that. Or until the step that the proof names; a start from then on costs its least. So
steps come in phases, each with profiles of the classes that are followed then alone. At the next
one's first step a profile becomes one that holds the same or less, so that V is no more. Where the
least from t on is more than what is added for a class, no start of it is in V: each costs more than
the worth, or t is after that step.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Optional

from .budget import MOST_STEPS, Budget
from .model import Instance
from .prices import read_priced
from .reader import TOP, WHERE, entries, fields, integers
from .verdict import Malformed, OverLimit
from .walks import Found, Profiles, Table, links_of, profiles_of

AT = f"{WHERE}.followed"
PRICED = 250  # bytes of a running request and what it costs

Event = tuple[int, int]  # class, start
Span = tuple[range, dict[int, int]]  # steps, and the place of each class that is followed in them


class Phase(NamedTuple):
    """Steps in which the same classes are followed, the place of each, their profiles, and V."""

    steps: range
    place: dict[int, int]
    profiles: Profiles
    table: Table


class Followed:
    """The bound of states at the step that :meth:`begin` names, from the field ``followed``."""

    def __init__(self, value: object, target: int, instance: Instance, budget: Budget) -> None:
        given = fields(value, AT, "classes worth denominator prices", "until")
        self.classes, self.budget = instance.classes(budget), budget
        places = integers(given["classes"], f"{AT}.classes", 0, len(self.classes) - 1)
        if not places or any(b <= a for a, b in zip(places, places[1:])):
            raise Malformed(f"{AT}.classes: expected places of classes, ascending")
        worth = integers(given["worth"], f"{AT}.worth")
        entries(worth, f"{AT}.worth", len(places))
        self.prices = read_priced(given, AT, budget)
        self.memory, self.unit = instance.memory, self.prices.denominator
        self.cutoff = self.unit * (target - 1)
        self.worth = dict(zip(places, worth))
        arrivals = [self.classes[c][0] for c in places]
        ends = [a + max(1, -(-w // self.unit)) for a, w in zip(arrivals, worth)]
        if "until" in given:
            ends = integers(given["until"], f"{AT}.until", 1)
            entries(ends, f"{AT}.until", len(places))
            if any(end <= a for a, end in zip(arrivals, ends)):
                raise Malformed(f"{AT}.until: expected steps after the arrivals")
        if max(*ends, self.prices.bound[-1]) > MOST_STEPS:
            raise OverLimit(f"{AT}: more than {MOST_STEPS:,} steps")
        if max(ends) * self.memory * max(worth) >= TOP:
            raise OverLimit(f"{AT}.worth: too large for so many steps and so much memory")
        self.late = {c: self._least(c, end) for c, end in zip(places, ends)}
        self.phases = self._phases(list(self._spans(dict(zip(places, ends)))))
        self.held: dict[Event, int] = {}  # what running requests still hold costs

    def _spans(self, ends: dict[int, int]) -> Iterator[Span]:
        """Yield the runs of steps with the same classes; steps with none belong to the next."""
        begin = 0
        arrivals = [self.classes[c][0] for c in ends]
        edges = sorted({0, *arrivals, *ends.values()})
        for t, end in zip(edges, edges[1:]):
            self.budget.tick(len(ends))
            own = [c for c in ends if self.classes[c][0] <= t < ends[c]]
            if own:
                yield range(begin, end), {c: x for x, c in enumerate(own)}
                begin = end

    def _phases(self, spans: list[Span]) -> list[Phase]:
        """Return what these become."""
        phases: list[Phase] = []
        for (steps, place), (profiles, link) in zip(spans[::-1], self._linked(spans)):
            last = array("q", [0]) * len(profiles.after)
            if phases:  # what a walk costs from then on
                last = array("q", map(phases[-1].table.row(steps.stop).__getitem__, link))
            costs = partial(self._costs, list(place))
            phases.append(
                Phase(steps, place, profiles, Table(profiles, costs, steps, last, self.budget))
            )
        return phases[::-1]

    def _linked(self, spans: list[Span]) -> list[tuple[Profiles, "array[int]"]]:
        """Return profiles, those of the last steps first, and which of the next each becomes."""
        linked: list[tuple[Profiles, array[int]]] = []
        later: Optional[tuple[Profiles, Found]] = None
        after: dict[int, int] = {}
        for _, place in reversed(spans):
            own = profiles_of([self.classes[c] for c in place], self.memory, self.budget)
            link = array("i")
            if later:
                link = links_of(own, later, [after.get(c) for c in place], self.budget)
                later[1].give(self.budget)
            linked.append((own[0], link))
            later, after = own, place
        if later:
            later[1].give(self.budget)
        return linked

    def _costs(self, own: list[int], t: int) -> list[int]:
        """Return what a start of each of these classes costs a walk at step t."""
        rows = [(self.classes[c], self.worth[c]) for c in own]
        return [self.prices.term(a, s, o, t) - w if t >= a else 0 for (a, s, o, _), w in rows]

    def begin(self, t: int) -> None:
        """Let all that follows be of states at step t, before its starts."""
        self.budget.tick(len(self.classes))
        self.budget.give(PRICED * len(self.held))
        self.held = {}
        sums, self.t = self.prices.sums, t
        self.empty = self.memory * (sums[-1] - self.prices.until(t)[0])
        self.phase = next((phase for phase in self.phases if t in phase.steps), self.phases[-1])
        self.row = self.phase.table.row(min(t, self.phase.steps.stop))
        self.rest = []
        for c in range(len(self.classes)):
            least = self._least(c, t)
            own = min(self.worth[c], self.late[c]) if c in self.worth else least
            self.rest.append(max(least, own))

    def _least(self, c: int, t: int) -> int:
        """Return the least that a start of a class at step t or later costs."""
        a, s, o, _ = self.classes[c]
        return self.prices.least(max(a, t), s, o, self.budget) + self.unit * max(0, t - a)

    def exceeds(self, left: Iterable[int], latency: int, running: Sequence[Event]) -> bool:
        """Whether no way on from a state is below the target."""
        self.budget.tick(1 + len(self.rest) + len(running))
        bound = self.unit * latency - self.empty + sum([n * x for n, x in zip(left, self.rest)])
        for event in running:
            if event not in self.held:
                self.budget.take(PRICED)
                self.held[event] = self._price(*event)
        bound += sum(map(self.held.__getitem__, running))
        return bound + self.row[self._profile(running)] > self.cutoff

    def _price(self, c: int, p: int) -> int:
        """Return the price of what a request that started at p holds after step t."""
        (_, s, o, _), (y_0, z_0) = self.classes[c], self.prices.until(self.t)
        y_1, z_1 = self.prices.until(max(self.t, p + o))
        return (s - p) * (y_1 - y_0) + z_1 - z_0

    def _profile(self, running: Sequence[Event]) -> int:
        """Return the profile of those followed: started on an empty one, each in its step."""
        profiles, own, x = self.phase.profiles, self.phase.place, 0
        begun: dict[int, list[int]] = {}
        for c, p in running:
            if c in own:
                begun.setdefault(p, [0] * len(own))[own[c]] += 1
        first = min(begun, default=self.t)
        self.budget.tick(self.t - first)
        for p in range(first, self.t):
            x = profiles.next(x, profiles.ways[tuple(begun[p])] if p in begun else 0)
        return x
