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
"""

from collections.abc import Iterable, Sequence

from .budget import MOST_STEPS, Budget
from .model import Instance
from .prices import read_priced
from .reader import TOP, WHERE, entries, fields, integers
from .verdict import Malformed, OverLimit
from .walks import profiles_of, table_of

AT = f"{WHERE}.followed"
PRICED = 250  # bytes of a running request and what it costs

Event = tuple[int, int]  # class, start


class Followed:
    """The bound of states at the step that :meth:`begin` names, from the field ``followed``."""

    def __init__(self, value: object, target: int, instance: Instance, budget: Budget) -> None:
        given = fields(value, AT, "classes worth denominator prices")
        self.classes, self.budget = instance.classes(budget), budget
        places = integers(given["classes"], f"{AT}.classes", 0, len(self.classes) - 1)
        if not places or any(b <= a for a, b in zip(places, places[1:])):
            raise Malformed(f"{AT}.classes: expected places of classes, ascending")
        worth = integers(given["worth"], f"{AT}.worth")
        entries(worth, f"{AT}.worth", len(places))
        self.prices = read_priced(given, AT, budget)
        self.memory, self.unit = instance.memory, self.prices.denominator
        self.cutoff = self.unit * (target - 1)
        self.place, self.worth = {c: x for x, c in enumerate(places)}, dict(zip(places, worth))
        own = [self.classes[c] for c in places]
        # the last step in which a class is worth its latency
        rows = zip(own, worth)
        self.last = max(-1, *(a - o + max(0, w - 1) // self.unit for (a, _, o, _), w in rows))
        if max(self.last, self.prices.bound[-1]) > MOST_STEPS:
            raise OverLimit(f"{AT}: more than {MOST_STEPS:,} steps")
        if (self.last + 1) * self.memory * max(worth) >= TOP:
            raise OverLimit(f"{AT}.worth: too large for so many steps and so much memory")
        self.profiles = profiles_of(own, self.memory, budget)
        self.table = table_of(self.profiles, self._costs, self.last, budget)
        self.held: dict[Event, int] = {}  # what running requests still hold costs

    def _costs(self, t: int) -> list[int]:
        """Return what a start of each class that is followed costs a walk at step t."""
        rows = [(self.classes[c], worth) for c, worth in self.worth.items()]
        return [self.prices.term(a, s, o, t) - w if t >= a else 0 for (a, s, o, _), w in rows]

    def begin(self, t: int) -> None:
        """Let all that follows be of states at step t, before its starts."""
        self.budget.tick(len(self.classes))
        self.budget.give(PRICED * len(self.held))
        self.held = {}
        sums, self.t = self.prices.sums, t
        self.empty = self.memory * (sums[-1] - self.prices.until(t)[0])
        self.row = self.table[min(t, self.last + 1)]
        self.rest = []
        for c, (a, s, o, _) in enumerate(self.classes):
            least = self.prices.least(max(a, t), s, o, self.budget) + self.unit * max(0, t - a)
            self.rest.append(self.worth.get(c, least))

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
        x, after, plus = self.profiles
        events = sorted([(p, self.place[c]) for c, p in running if c in self.place])
        at = events[0][0] if events else self.t
        self.budget.tick(self.t - at)
        for p, place in events:
            for _ in range(at, p):
                x = after[x]
            x, at = plus[place][x], p
        for _ in range(at, self.t):
            x = after[x]
        return x
