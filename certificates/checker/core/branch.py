"""Lower bound by branching: a tree of splits "does the i-th of its class start by p?".

Equal requests may be taken in the order of their starts. So a node of the tree is a window of
starts for each request, with ends that never decrease within a class. What is derived from a
vector of prices (see `prices`) in a node, for schedules whose total latency is below the target:

- the total is at least the sum of each request's least term within its window, less the memory's
  price; if that exceeds target - 1 the node holds no such schedule and is closed;
- else a start whose term exceeds its request's least by more than what is left to target - 1
  occurs in none, so windows shrink from both ends.

A split gives the requests up to the i-th an end of at most p in one child, and those from the i-th
on a begin of at least p + 1 in the other. When all leaves are closed, OPT >= target.
"""

from dataclasses import dataclass
from fractions import Fraction

from .limits import MOST_STEPS, Budget
from .model import Instance
from .prices import Prices, read_prices
from .reader import TOP, entries, fields, integer, integers
from .verdict import Malformed, OverLimit, Rejected

#: A node below a closed one: no windows, and closed.
CLOSED: tuple[list[int], list[int], bool] = ([], [], True)


@dataclass(frozen=True)
class Group:
    """A class of equal requests: places begin..end - 1 of the windows."""

    arrival: int
    prompt: int
    output: int
    begin: int
    end: int


class Terms:
    """What one price vector makes each start cost; worked out as far as it is asked for."""

    def __init__(self, prices: Prices, memory: int, budget: Budget) -> None:
        budget.take(1000)
        self.memory_price = memory * prices.sums[-1]
        self._prices = prices
        self._rows: dict[int, list[int]] = {}
        self._term = 60 + prices.moments[-1].bit_length() // 7  # bytes

    def row(self, c: int, kind: Group, last: int, budget: Budget) -> list[int]:
        """Return the terms of the starts 0..last, at least."""
        row = self._rows.setdefault(c, [])
        if len(row) <= last:
            budget.take(self._term * (last + 1 - len(row)))
            for p in range(len(row), last + 1):
                budget.tick()
                row.append(self._prices.term(kind.arrival, kind.prompt, kind.output, p))
        return row


class Branching:
    """The windows of the tree's nodes, gone through in preorder."""

    def __init__(self, instance: Instance, target: int, unit: int, budget: Budget) -> None:
        self.kinds = _kinds(instance, budget)
        budget.take(40 * instance.size + self._size(instance.size))
        self.owner = [c for c, kind in enumerate(self.kinds) for _ in range(kind.begin, kind.end)]
        self.cutoff = (target - 1) * unit
        self.budget = budget
        # in a schedule below the target one request can only wait as long as this
        slack = target - 1 - sum(instance.output)
        if slack + max(kind.arrival for kind in self.kinds) > MOST_STEPS:
            raise OverLimit(f"proof.lower_bound: starts over more than {MOST_STEPS:,} steps")
        first = [self.kinds[c].arrival for c in self.owner]
        # (first, last, closed) of each node; what is below a closed node is closed
        self.waiting = [(first, [begin + slack for begin in first], slack < 0)]

    def apply(self, terms: Terms, first: list[int], last: list[int]) -> bool:
        """Shrink the windows by a vector, in place; return whether the node is closed."""
        rows, least, bound = [], [], -terms.memory_price
        self.budget.check()
        self.budget.tick(len(self.kinds))
        for c, kind in enumerate(self.kinds):
            self.budget.tick(kind.end - kind.begin)
            row = terms.row(c, kind, last[kind.end - 1], self.budget)
            begin = end = low = -1
            for i in range(kind.begin, kind.end):
                if first[i] != begin or last[i] != end:
                    self.budget.check()
                    begin, end = first[i], last[i]
                    low = min(row[begin : end + 1])
                least.append(low)
                bound += low
            rows.append(row)
        room = self.cutoff - bound
        if room < 0:
            return True
        for c, kind in enumerate(self.kinds):
            self.budget.tick(kind.end - kind.begin)
            row = rows[c]
            begin = end = -1
            low = high = 0
            for i in range(kind.begin, kind.end):
                if first[i] != begin or last[i] != end:
                    self.budget.check()
                    begin, end = low, high = first[i], last[i]
                    most = least[i] + room
                    while row[low] > most:
                        low += 1
                    while row[high] > most:
                        high -= 1
                first[i], last[i] = low, high
            self.budget.tick(kind.end - kind.begin)
            for i in range(kind.begin + 1, kind.end):
                first[i] = max(first[i], first[i - 1])
            for i in range(kind.end - 1, kind.begin, -1):
                last[i - 1] = min(last[i - 1], last[i])
        return any(begin > end for begin, end in zip(first, last))

    def split(
        self, c: int, i: int, p: int, first: list[int], last: list[int], closed: bool
    ) -> None:
        """Put both children on the pile, the one that starts by `p` on top."""
        if closed:  # and so is all below
            self.budget.take(20)
            self.waiting += [CLOSED, CLOSED]
            return
        self.budget.take(2 * self._size(len(first)))
        kind = self.kinds[c]
        place, after = kind.begin + i, p + 1
        self.budget.tick(kind.end - kind.begin)
        later, sooner = first.copy(), last.copy()
        for j in range(kind.begin, place + 1):
            sooner[j] = min(sooner[j], p)
        for j in range(place, kind.end):
            later[j] = max(later[j], after)
        for begin, end in ((later, last), (first, sooner)):
            self.waiting.append((begin, end, begin[place] > end[place]))

    def leave(self, first: list[int]) -> None:
        """Forget a node whose windows begin with `first`; a split has taken what it needs."""
        if first:
            self.budget.give(self._size(len(first)))

    @staticmethod
    def _size(requests: int) -> int:
        """Return the bytes of a node: two lists of numbers that may all be different."""
        return 250 + 80 * requests


def branch_bound(value: object, instance: Instance, budget: Budget) -> Fraction:
    """Return the target of a ``branch`` proof, each of whose leaves is closed."""
    where = "proof.lower_bound"
    found = fields(value, where, "kind target denominator vectors tree")
    target = integer(found["target"], f"{where}.target", 1)
    unit = integer(found["denominator"], f"{where}.denominator", 1, None)
    vectors = []
    for v, runs in enumerate(entries(found["vectors"], f"{where}.vectors")):
        prices = read_prices(unit, runs, f"{where}.vectors[{v}]", budget)
        vectors.append(Terms(prices, instance.memory, budget))
    stream = integers(found["tree"], f"{where}.tree")
    branching = Branching(instance, target, unit, budget)
    place = 0

    def read(what: str, most: int) -> int:
        nonlocal place
        if place == len(stream):
            raise Malformed(f"{where}.tree: ends too early")
        number = stream[place]
        if number > most:
            raise Malformed(f"{where}.tree[{place}]: {what} {number}, expected at most {most}")
        place += 1
        return number

    while branching.waiting:
        budget.check()
        first, last, closed = branching.waiting.pop()
        number, has_children = divmod(read("a node,", TOP), 2)
        for _ in range(number):
            budget.tick()
            terms = vectors[read("vector", len(vectors) - 1)]
            closed = closed or branching.apply(terms, first, last)
        if has_children:
            c = read("class", len(branching.kinds) - 1)
            kind = branching.kinds[c]
            i = read("request", kind.end - kind.begin - 1)
            branching.split(c, i, read("step", TOP), first, last, closed)
        elif not closed:
            raise Rejected(f"{where}.tree[{place - 1}]: a leaf that no vector closes")
        branching.leave(first)
    if place < len(stream):
        raise Malformed(f"{where}.tree[{place}]: the tree has ended before")
    return Fraction(target)


def _kinds(instance: Instance, budget: Budget) -> list[Group]:
    kinds, begin = [], 0
    for a, s, o, count in instance.classes(budget):
        budget.tick()
        budget.take(500)
        kinds.append(Group(a, s, o, begin, begin + count))
        begin += count
    return kinds
