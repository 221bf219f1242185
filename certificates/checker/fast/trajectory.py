"""The cheapest paths of one vector over (requests running, tokens held), as tables of numbers."""

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain

from ..core.budget import Budget
from ..core.reader import WHERE
from ..core.starts import Kind
from ..core.verdict import OverLimit
from ..hints import last_step
from .cells import BITS, MOST, Cells

HUGE = 1 << 62  # no path, no start; above all sums of multipliers and latencies

Rows = list["array[int]"]  # [running][tokens]
Parts = list[dict[int, int]]  # [class]: multiplier by start


@dataclass(frozen=True)
class Field:
    """What every path has in common.

    Parameters
    ----------
    kinds, memory, scale
        The requests; M; what bounds are multiplied by.
    horizon
        Last step in which an allowed start holds memory.
    least, most
        Fewest and most tokens that k = 0, 1, ... running requests hold together.
    joining, leaving
        By step t: the kinds (once per copy that can be together) that may start at t, and those
        whose last step may be t.
    """

    kinds: list[Kind]
    memory: int
    scale: int
    horizon: int
    least: list[int]
    most: list[int]
    joining: list[list[int]]
    leaving: list[list[int]]


def make_field(kinds: list[Kind], memory: int, scale: int, budget: Budget) -> Field:
    """Lay the events out by step."""
    budget.take(16 * sum(kind.count for kind in kinds))
    ones = sorted(k.prompt + 1 for k in kinds for _ in range(k.count))
    budget.check()
    peaks = sorted((k.prompt + k.output for k in kinds for _ in range(k.count)), reverse=True)
    budget.check()
    least, most = [0], [0]
    for one, peak in zip(ones, peaks):
        budget.tick()
        if least[-1] + one > memory:
            break
        least.append(least[-1] + one)
        most.append(min(memory, most[-1] + peak))
    last = last_step(kinds)
    copies = [min(kind.count, len(least) - 1) for kind in kinds]
    events = sum(len(kind.starts) * n for kind, n in zip(kinds, copies))
    budget.take(80 * len(least) + 130 * last + 20 * events)
    joining: list[list[int]] = [[] for _ in range(last + 1)]
    leaving: list[list[int]] = [[] for _ in range(last + 1)]
    for c, kind in enumerate(kinds):
        for p in kind.starts:
            budget.tick(1 + copies[c] // 64)
            joining[p] += [c] * copies[c]
            leaving[p + kind.output] += [c] * copies[c]
    return Field(kinds, memory, scale, last, least, most, joining, leaving)


class Vector:
    """One multiplier vector: prices for the events at or after step `since`, and its tables.

    ``table[t][k][u]`` (t >= since) is the cheapest end of a path that stands at k running and u
    tokens in step t; ``rest[c][t]`` the least scaled cost of a request of kind c from t on; `size`
    the largest absolute value in `beta`, `rest` and `table` that is not infinite.
    """

    def __init__(self, field: Field, since: int, alpha: Parts, beta: Parts, budget: Budget) -> None:
        self.since = since
        self.beta = beta
        self._field = field
        self._alpha = alpha
        steps = field.horizon + 2
        rows, width = len(field.least), field.memory + 1
        self._bytes = steps * (rows * (8 * width + 100) + 100) + len(field.kinds) * (
            8 * steps + 200
        )
        self._budget = budget
        budget.take(self._bytes)
        self.table = _table(field, since, alpha, beta, budget)
        self.rest = [self._rest(c, kind) for c, kind in enumerate(field.kinds)]
        whole = self.table[since][0][0]
        self.whole = None if whole == HUGE else whole
        self.size = self._size()

    def leave(self) -> None:
        """Give back the memory of the tables."""
        self._budget.give(self._bytes)

    def _rest(self, c: int, kind: Kind) -> "array[int]":
        rest = array("q", [HUGE]) * (self._field.horizon + 2)
        for p in kind.starts:
            self._budget.tick()
            if p >= self.since:
                latency = p + kind.output - kind.arrival
                rest[p] = self._field.scale * latency + self._alpha[c][p] + self.beta[c][p]
        for t in range(self._field.horizon, -1, -1):
            self._budget.tick()
            rest[t] = min(rest[t], rest[t + 1])
        return rest

    def _size(self) -> int:
        largest = 0
        betas: Iterable[Collection[int]] = (beta.values() for beta in self.beta)
        for part in chain(betas, self.rest, *self.table.values()):
            self._budget.tick(1 + len(part) // 16)
            if part:
                finite = (x for x in part if x < HUGE)
                largest = max(largest, -min(part), max(finite, default=0))
        return largest


def _table(field: Field, since: int, alpha: Parts, beta: Parts, budget: Budget) -> dict[int, Rows]:
    running, memory = len(field.least) - 1, field.memory
    # a path takes each event once for each copy at most
    reach = sum(
        min(kind.count, running) * (sum(map(abs, own.values())) + sum(map(abs, other.values())))
        for kind, own, other in zip(field.kinds, alpha, beta)
    )
    if reach >= MOST:
        raise OverLimit(f"{WHERE}: multipliers of which a path may pay 2^56 or more")
    cells = Cells(running, memory, reach, budget)
    inside = cells.mask(zip(field.least, field.most))
    now = cells.only(cells.bias, (1 << BITS) - 1)
    table = {field.horizon + 1: cells.numbers(now, HUGE)}
    for t in range(field.horizon, since - 1, -1):
        for c in field.joining[t]:
            budget.check()
            tokens = field.kinds[c].prompt + 1
            now = cells.least(now, cells.moved(now, tokens, -alpha[c][t], joins=True))
        now = cells.grown(now)
        for c in field.leaving[t]:
            budget.check()
            kind = field.kinds[c]
            tokens, price = kind.prompt + kind.output, -beta[c][t - kind.output]
            now = cells.least(now, cells.moved(now, tokens, price, joins=False))
        budget.check()
        now = cells.only(now, inside)
        table[t] = cells.numbers(now, HUGE)
    cells.leave()
    return table
