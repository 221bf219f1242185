"""Some classes by their profiles, the others at prices: a bound where all profiles are too many.

A few classes of large requests may leave memory empty that no fraction of them fills; their own
profiles show that. For any prices y of a token, one for each step, and any worth of a start of each
class that is followed, over :data:`~kvproof.solver.windows.PRICE_SCALE`,

    sum over followed requests of their worth + least over walks of the sum of (cost - worth)
    + sum over other requests of the least cost - M * sum of y

is at most that scale times OPT, where the cost of a start is its latency and the price of its
tokens, and a walk goes over profiles of the followed classes alone. It is the price bound
(docs/theory.md, `opt-price`) with a stronger term for these. Of a state, what is held already is
priced, too, and the walk goes on from what those hold that are followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import late
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.adam import Adam
from kvproof.solver.profiles.bound import Table, Walks, cheapest
from kvproof.solver.profiles.space import Places, Space, space_of
from kvproof.solver.threads import aside
from kvproof.solver.windows import PRICE_SCALE, price_terms

# What profiles may take while they are found, in bytes, and most arcs of those that are followed,
# over all steps: 300 rounds take a second or two.
_BYTES, _WORK = 2**22, 4_000_000
# Rounds of the ascent, and after how many it ends if the bound is not above what is known already.
_ROUNDS, _TRIED = 300, 100
# What a price and a worth move in the first round, over PRICE_SCALE, and the part of that in the
# last one.
_PRICE, _WORTH, _LAST = 160.0, 4096.0, 0.01
# A bound is over PRICE_SCALE, that of a state over SCALE.
_UNIT = PRICE_SCALE // SCALE


class Ahead(NamedTuple):
    """What the bound says of states before the starts at step t, for kernels.

    Parameters
    ----------
    t
        The step.
    first, to, way, ways
        As of :class:`Space`.
    place
        Of each class, its place among those that are followed, or -1.
    rest
        Of each class, what one of it costs that has not started: at least, or its worth.
    held
        By class and age: the price of what a request holds from step t + 1 on that started so
        many steps before t.
    row
        What the cheapest walk still costs, by profile.
    empty
        The price of all memory from step t + 1 on.
    """

    t: int
    first: npt.NDArray[np.int64]
    to: Places
    way: Places
    ways: npt.NDArray[np.int64]
    place: Column
    rest: Column
    held: Column
    row: Table
    empty: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """Prices and worths, and what they prove.

    Parameters
    ----------
    model, space
        The instance, and the profiles of those classes of it that are followed.
    classes
        These, ascending.
    prices
        Of a token in each step from step 1 on, over :data:`PRICE_SCALE`.
    worth
        Of a start of each of these classes, over the same.
    value
        A lower bound on OPT, times the same.
    table
        ``table[t, x]``: what the cheapest walk from profile x before the starts at step t costs.
    """

    model: Model
    space: Space
    classes: Column
    prices: Column
    worth: Column
    value: int
    table: Table

    @cached_property
    def _rest(self) -> Column:
        """What one of each class costs that starts at step t or later, shape (classes, steps)."""
        terms = _terms(self.model, self.prices, len(self.table))
        rest: Column = np.minimum.accumulate(terms[:, ::-1], axis=1)[:, ::-1]
        rest[self.classes] = self.worth[:, None]
        return rest

    def before(self, t: int) -> Ahead:
        """Return what is said of states before the starts at step t."""
        model = self.model
        prices = np.zeros(max(t, len(self.prices)) + 1 + int(model.output.max()), np.int64)
        prices[1 : len(self.prices) + 1] = self.prices
        later = np.where(np.arange(len(prices)) > t, prices, 0)
        total, moment = np.cumsum(later), np.cumsum(later * np.arange(len(later)))
        start = t - np.arange(int(model.output.max()))[None, :]
        end = np.maximum(start + model.output[:, None], 0)
        place = np.full(model.classes, -1)
        place[self.classes] = np.arange(len(self.classes))
        if t < self._rest.shape[1]:
            rest = self._rest[:, t]
        else:  # nothing is priced any more
            rest = PRICE_SCALE * (t + model.output - model.arrival)
            rest[self.classes] = self.worth
        return Ahead(
            t=t,
            first=self.space.first,
            to=self.space.to,
            way=self.space.way,
            ways=self.space.ways,
            place=place,
            rest=np.ascontiguousarray(rest),
            held=(model.prompt[:, None] - start) * total[end] + moment[end],
            row=self.table[min(t, len(self.table) - 1)],
            empty=model.memory * int(total[-1]),
        )


def follow(
    model: Model, prices: Column, steps: int, known: int, deadline: float | None
) -> Followed | None:
    """Follow the classes of the largest requests, as many as have few profiles; climb to a bound.

    Parameters
    ----------
    prices
        To begin with, as of :class:`Followed`.
    steps
        How many of them there are to be.
    known
        A bound on OPT: None is returned where this one is no higher.
    deadline
        On the clock of :func:`time.monotonic`.
    """
    chosen = _chosen(model, steps, deadline)
    if chosen is None:
        return None
    classes, space = chosen
    first = np.zeros(steps, np.int64)
    first[: len(prices)] = prices[:steps]
    return _climbed(_Climb(model, space, classes), first, known, deadline)


def _chosen(model: Model, steps: int, deadline: float | None) -> tuple[Column, Space] | None:
    """Return the classes with the highest peaks that have few profiles, and these."""
    order = np.argsort(-(model.prompt + model.output), kind="stable")
    found = None
    for number in range(1, model.classes + 1):
        classes = np.sort(order[:number])
        space = aside(partial(space_of, model.part(classes), _BYTES), deadline)
        if space is None or space.arcs * steps > _WORK:
            break
        found = classes, space
    return found


def _terms(model: Model, prices: Column, steps: int) -> Column:
    """Return what a start of each class costs, shape (classes, steps)."""
    return price_terms(model, prices, steps - 1, PRICE_SCALE)


class _Climb:
    """The bound at any prices and worths, and its slopes."""

    def __init__(self, model: Model, space: Space, classes: Column) -> None:
        self.model, self.space, self.classes = model, space, classes
        self.others = np.setdiff1d(np.arange(model.classes), classes)
        self.buffer = np.empty((1, space.profiles), np.int32)

    def walks(self, prices: Column, worth: Column) -> tuple[Walks | None, Column]:
        """Return the cheapest walks, and what each start costs."""
        model, own = self.model, self.classes
        ends = -(-worth // PRICE_SCALE) - model.output[own] + model.arrival[own]
        steps = 1 + max(len(prices), int(model.arrival.max()), int(ends.max()))
        if steps >= len(self.buffer):
            self.buffer = np.empty((2 * steps, self.space.profiles), np.int32)
        terms = _terms(model, prices, steps)
        return cheapest(self.space, terms[own].T - worth, self.buffer), terms

    def value(self, prices: Column, worth: Column) -> tuple[int, Column, Column]:
        """Return the bound, and its slopes in the prices and in the worths."""
        model, own = self.model, self.classes
        walks, terms = self.walks(prices, worth)
        assert walks is not None
        starts = np.zeros(terms.shape, np.int64)
        starts[own] = self.space.ways[walks.taken].T
        slope = model.count[own] - starts[own].sum(axis=1)
        best = terms[self.others].argmin(axis=1)
        starts[self.others, best] = model.count[self.others]
        value = int(walks.table[0, 0]) + int((model.count[own] * worth).sum())
        value += int((starts * terms)[self.others].sum()) - model.memory * int(prices.sum())
        held = np.zeros(len(prices) + terms.shape[1] + int(model.output.max()), np.int64)
        for c, own_starts in enumerate(starts):
            shape = model.prompt[c] + np.arange(1, model.output[c] + 1)
            more = np.convolve(own_starts, shape)
            held[: len(more)] += more
        return value, held[: len(prices)] - model.memory, slope


def _climbed(climb: _Climb, prices: Column, known: int, deadline: float | None) -> Followed | None:
    """Climb; what was best is returned where time is up, or numbers would leave 32 bits."""
    number = len(prices)
    stride = np.repeat([_PRICE, _WORTH], [number, len(climb.classes)])
    at = np.concatenate((prices, _terms(climb.model, prices, number)[climb.classes].min(axis=1)))
    at = at.astype(float)
    best, highest = at.astype(np.int64), -(1 << 62)
    steps = Adam(stride, _LAST, _ROUNDS, 1e-9)
    for done in range(_ROUNDS):
        if late(deadline) or (done == _TRIED and highest <= known * PRICE_SCALE):
            break
        whole = np.rint(at).astype(np.int64)
        try:
            value, *slopes = climb.value(whole[:number], whole[number:])
        except LimitError:
            break
        if value > highest:
            best, highest = whole, value
        at = np.maximum(at + steps.move(np.concatenate(slopes)), 0)
    if highest <= known * PRICE_SCALE:
        return None
    walks, _ = climb.walks(best[:number], best[number:])
    assert walks is not None
    return Followed(
        model=climb.model, space=climb.space, classes=climb.classes, prices=best[:number],
        worth=best[number:], value=highest, table=walks.table,
    )  # fmt: skip


@njit(nogil=True, error_model="numpy")
def raise_low(kinds, packing, ahead, states, begin, stop):  # type: ignore[no-untyped-def]
    """Raise `low` of states begin..stop-1, before the starts at a step, to what is said of them."""
    t, first, to, way, ways, place, rest, held, row, empty = ahead
    _, _, _, output, count, offset = kinds
    key, latency, _, starts, low, _ = states
    longest = held.shape[1]
    begun = np.zeros((longest, ways.shape[1]), np.int64)  # by age, of those that are followed
    for i in range(begin, stop):
        begun[:, :] = 0
        bound = PRICE_SCALE * latency[i] - empty
        for c in range(count.size):
            number = np.int64((key[i] // packing.radix[c]) % np.uint64(count[c] + 1))
            bound += (count[c] - number) * rest[c]
            for r in range(offset[c], offset[c] + number):
                age = t - starts[i, r]
                if age < output[c]:
                    bound += held[c, age]
                    if place[c] >= 0:
                        begun[age, place[c]] += 1
        # those that still run, started one step after the other on what was empty
        x = 0
        for age in range(longest - 1, 0, -1):
            for e in range(first[x], first[x + 1]):
                same = True
                for c in range(ways.shape[1]):
                    if ways[way[e], c] != begun[age, c]:
                        same = False
                        break
                if same:
                    x = to[e]
                    break
        bound += row[x]
        low[i] = max(low[i], -(-bound // _UNIT))
