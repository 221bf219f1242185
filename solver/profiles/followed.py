"""Some classes by their profiles, the others at prices: a bound where all profiles are too many.

A few classes of large requests may leave memory empty that no fraction of them fills; their own
profiles show that. For any prices y of a token, one for each step, and any worth of a start of each
class that is followed, over :data:`~kvproof.solver.windows.PRICE_SCALE`,

    sum over followed requests of their worth + least over walks of the sum of (cost - worth)
    + sum over other requests of the least cost - M * sum of y

is at most that scale times OPT, where the cost of a start is its latency and the price of its
tokens, and a walk goes over profiles of the followed classes alone. It is the price bound
(docs/theory.md, `opt-price`) with a stronger term for these. Of a state, what is held already is
priced, too, and the walk goes on from what those hold that are followed and matter then.

Where all are followed nothing need be priced, and the bound is nearly exact; but it takes seconds
and gigabytes, so that this is done last.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import late, share_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Model
from kvproof.solver.profiles.adam import Adam
from kvproof.solver.profiles.bound import Table
from kvproof.solver.profiles.phases import Phase, Tables, phases_of
from kvproof.solver.profiles.space import Places
from kvproof.solver.threads import aside
from kvproof.solver.windows import PRICE_SCALE, least_terms, price_terms

# What profiles that are followed may take, in bytes, and most arcs, over all steps: 300 rounds take
# a second or two.
_BYTES, _WORK = 2**25, 4_000_000
# Rounds of the ascent, and after how many it ends if the bound is not above what is known already.
_ROUNDS, _TRIED = 300, 100
# What a price and a worth move in the first round, over PRICE_SCALE, and the part of that in the
# last one.
_PRICE, _WORTH, _LAST = 160.0, 4096.0, 0.01
# Share of the time that rounds after the first one may take.
_MORE = 0.5
# How far a worth may rise in it, to what it is at the prices before.
_RISE = 1.5
# Where all classes are followed: the part of the memory that profiles and tables may take, rounds,
# and steps that a worth may rise. A class is no longer followed when another one arrives so many
# steps before its worth has passed: profiles of both are many more.
_ALL_PART, _ALL_ROUNDS, _ALL_RISE, _SOON = 0.8, 12, 2, 3
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
    model
        The instance.
    classes
        Those that are followed, ascending.
    prices
        Of a token in each step from step 1 on, over :data:`PRICE_SCALE`.
    worth
        Of a start of each of these classes, over the same.
    value
        A lower bound on OPT, times the same.
    tables
        What the cheapest walks cost.
    """

    model: Model
    classes: Column
    prices: Column
    worth: Column
    value: int
    tables: Tables

    @property
    def bytes(self) -> int:
        """What profiles and tables take."""
        return sum(phase.bytes for phase in self.tables.phases)

    @property
    def until(self) -> Column | None:
        """The first step in which each class that is followed is not any more.

        None where each is until its worth has passed.
        """
        ends = np.array([
            max(phase.end for phase in self.tables.phases if c in phase.classes)
            for c in self.classes.tolist()
        ])  # fmt: skip
        passed = self.model.arrival[self.classes] + np.maximum(1, -(-self.worth // PRICE_SCALE))
        return ends if (ends != passed).any() else None

    @cached_property
    def _least(self) -> Column:
        """The least that a start at step t or later costs, shape (classes, steps)."""
        steps = 1 + max(len(self.prices), int(self.model.arrival.max()))
        terms = _terms(self.model, self.prices, steps)
        least: Column = np.minimum.accumulate(terms[:, ::-1], axis=1)[:, ::-1]
        return least

    def before(self, t: int) -> Ahead:
        """Return what is said of states before the starts at step t."""
        model = self.model
        prices = np.zeros(max(t, len(self.prices)) + 1 + int(model.output.max()), np.int64)
        prices[1 : len(self.prices) + 1] = self.prices
        later = np.where(np.arange(len(prices)) > t, prices, 0)
        total, moment = np.cumsum(later), np.cumsum(later * np.arange(len(later)))
        start = t - np.arange(int(model.output.max()))[None, :]
        end = np.maximum(start + model.output[:, None], 0)
        phase = self.tables.phase(t)
        place = np.full(model.classes, -1)
        place[phase.classes] = np.arange(len(phase.classes))
        if t < self._least.shape[1]:
            rest = self._least[:, t].copy()
        else:  # nothing is priced any more
            rest = PRICE_SCALE * (t + model.output - model.arrival)
        # what is not worth its cost any more is in no walk
        rest[self.classes] = np.maximum(rest[self.classes], self.worth)
        return Ahead(
            t=t,
            first=phase.space.first,
            to=phase.space.to,
            way=phase.space.way,
            ways=phase.space.ways,
            place=place,
            rest=rest,
            held=(model.prompt[:, None] - start) * total[end] + moment[end],
            row=self.tables.row(t),
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
    first = np.zeros(steps, np.int64)
    first[: len(prices)] = prices[:steps]
    worth = _terms(model, first, steps).min(axis=1)
    most = np.ceil(_RISE * worth / PRICE_SCALE).astype(np.int64)
    phases = _chosen(model, most, deadline)
    if phases is None:
        return None
    return _climbed(_Climb(model, phases, most), first, worth, _ROUNDS, known, deadline)


def follow_all(
    model: Model, prices: Column, memory_bytes: int, known: int, deadline: float | None
) -> Followed | None:
    """Follow all classes, where their profiles find room; climb to a bound by their worths alone.

    Parameters
    ----------
    prices, known, deadline
        As for :func:`follow`.
    memory_bytes
        What all of it may hold.
    """
    worth = least_terms(model, prices)
    until, most = _ends(model, worth)
    room = int(_ALL_PART * memory_bytes)
    classes = np.arange(model.classes)
    phases = aside(partial(phases_of, model, classes, until, room), deadline)
    if phases is None:
        return None
    none = np.zeros(0, np.int64)
    return _climbed(_Climb(model, phases, most), none, worth, _ALL_ROUNDS, known, deadline)


def _ends(model: Model, worth: Column) -> tuple[Column, Column]:
    """Return until when each class is followed, and how many steps its worth may be at most."""
    most = -(-worth // PRICE_SCALE) + _ALL_RISE
    until = model.arrival + most
    for c, end in enumerate((until - _ALL_RISE).tolist()):
        least = max(end - _SOON, model.arrival[c] + 1)
        soon = model.arrival[(model.arrival >= least) & (model.arrival < until[c])]
        # by when all that is worth a start has started
        if len(soon) and soon.min() >= end - model.output[c]:
            until[c] = soon.min()
            most[c] = min(most[c], until[c] - model.arrival[c] + model.output[c])
    return until, most


def _chosen(model: Model, most: Column, deadline: float | None) -> tuple[Phase, ...] | None:
    """Return the phases of the classes with the highest peaks, of as many as have few profiles."""
    order = np.argsort(-(model.prompt + model.output), kind="stable")
    found = None
    for number in range(1, model.classes + 1):
        classes = np.sort(order[:number])
        until = (model.arrival + most)[classes]
        phases = aside(partial(phases_of, model, classes, until, _BYTES), deadline)
        if phases is None or sum(phase.work for phase in phases) > _WORK:
            break
        found = phases
    return found


def _terms(model: Model, prices: Column, steps: int) -> Column:
    """Return what a start of each class costs, shape (classes, steps)."""
    return price_terms(model, prices, steps - 1, PRICE_SCALE)


class _Climb:
    """The bound at any prices and worths, and its slopes."""

    def __init__(self, model: Model, phases: tuple[Phase, ...], most: Column) -> None:
        self.model, self.tables = model, Tables(phases)
        self.classes = np.unique(np.concatenate([phase.classes for phase in phases]))
        self.others = np.setdiff1d(np.arange(model.classes), self.classes)
        #: No worth may be more: what is worth a start starts while its class is followed.
        self.most = PRICE_SCALE * most[self.classes]
        self.steps = max(phases[-1].end, int(model.arrival.max()) + 1)

    def value(
        self, prices: Column, worth: Column, deadline: float | None = None
    ) -> tuple[int, Column, Column] | None:
        """Return the bound, and its slopes in the prices and in the worths; None if time is up."""
        model, own = self.model, self.classes
        terms = _terms(model, prices, max(self.steps, len(prices) + 1))
        costs = terms.copy()
        costs[own] -= worth[:, None]
        starts = self.tables.write(costs, deadline)
        if starts is None:
            return None
        slope = model.count[own] - starts[own].sum(axis=1)
        best = terms[self.others].argmin(axis=1)
        starts[self.others, best] = model.count[self.others]
        value = self.tables.least + int((model.count[own] * worth).sum())
        value += int((starts * terms)[self.others].sum()) - model.memory * int(prices.sum())
        held = np.zeros(len(prices) + terms.shape[1] + int(model.output.max()), np.int64)
        for c, own_starts in enumerate(starts):
            shape = model.prompt[c] + np.arange(1, model.output[c] + 1)
            more = np.convolve(own_starts, shape)
            held[: len(more)] += more
        return value, held[: len(prices)] - model.memory, slope


def _climbed(
    climb: _Climb, prices: Column, worth: Column, rounds: int, known: int, deadline: float | None
) -> Followed | None:
    """Climb; what was best is returned where time is up, or numbers would leave 32 bits."""
    number = len(prices)
    most = np.concatenate((np.full(number, np.inf), climb.most))
    stride = np.repeat([_PRICE, _WORTH], [number, len(climb.classes)])
    at = np.concatenate((prices, worth[climb.classes])).astype(float)
    best, highest = at.astype(np.int64), -(1 << 62)
    steps = Adam(stride, _LAST, rounds, 1e-9)
    whole = best
    spent, more = 0.0, share_of(deadline, _MORE)
    for done in range(rounds):
        # there must be time for another round, and for the best one again
        if late(more if done else deadline, 2 * spent):
            break
        if done == _TRIED and highest <= known * PRICE_SCALE:
            break
        begun = time.monotonic()
        whole = np.rint(at).astype(np.int64)
        try:
            found = climb.value(whole[:number], whole[number:], deadline)
        except LimitError:
            break
        if found is None:
            break
        spent = time.monotonic() - begun
        value, *slopes = found
        if value > highest:
            best, highest = whole, value
        at = np.clip(at + steps.move(np.concatenate(slopes)), 0, most)
    if highest <= known * PRICE_SCALE:
        return None
    if best is not whole and climb.value(best[:number], best[number:]) is None:
        return None
    return Followed(
        model=climb.model, classes=climb.classes, prices=best[:number], worth=best[number:],
        value=highest, tables=climb.tables,
    )  # fmt: skip


@njit(nogil=True, error_model="numpy")
def raise_low(kinds, ahead, states, begin, stop):  # type: ignore[no-untyped-def]
    """Raise `low` of states begin..stop-1, before the starts at a step, to what is said of them."""
    t, first, to, way, ways, place, rest, held, row, empty = ahead
    _, _, _, output, count, offset = kinds
    _, latency, _, starts, low, _ = states
    longest = held.shape[1]
    begun = np.zeros((longest, ways.shape[1]), np.int64)  # by age, of those that are followed
    for i in range(begin, stop):
        begun[:, :] = 0
        bound = PRICE_SCALE * latency[i] - empty
        for c in range(count.size):
            bound += count[c] * rest[c]
            for r in range(offset[c], offset[c] + count[c]):
                if starts[i, r] < 0:
                    break
                bound -= rest[c]
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
