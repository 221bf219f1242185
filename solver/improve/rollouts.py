"""Starts chosen by trying out what follows: beams of rollouts at the fluid schedule's prices.

What fits now is soon in the way of what comes, and no rule of one step sees that. So a number of
states, each a schedule up to the same moment, are kept side by side, and from each many random ways
to go on are followed for a while. A way is charged the two parts of what lies between a schedule
and the price bound: what its starts cost at the prices, and the price of the memory that it leaves
empty, or will have to. The best ways that begin differently become the states of the next moment,
and what else they started stands among the ways to try from there.
"""

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from kvproof.certificates.prices.closed_form import closed_form_prices
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.usage import Requests, Usage
from kvproof.solver.improve.guide import Floats, guide_of
from kvproof.solver.improve.ways import (
    BLOCK,
    DRAWS,
    MOST_STARTS,
    WINDOW,
    Sight,
    States,
    follow,
    follow_all,
)
from kvproof.solver.improve.windows import Queue

#: Waiting requests in sight, so that the window stays full while a way is followed.
_IN_SIGHT = WINDOW + 40
#: Starts that a way is followed for, on average, and the shares of those steps that are kept of it
#: and that are looked at beyond, for memory that must stay empty.
STARTS_AHEAD, KEPT, _BEYOND = 24, 0.15, 0.64
#: Steps of a way at most.
_MOST_AHEAD = 2_000
#: States for the root of the number of ways: fewer are too much alike, of more each has few ways.
_STATES = 1.6
#: Multiples of the steps ahead after which a start of the best state is decided for all.
_DECIDED = 4
#: Threads, ways that are worth one, and tokens of all states' steps at most.
_WORKERS, _SHARE, _MOST_HELD = min(2, os.cpu_count() or 1), 32, 2**26


class Worth(NamedTuple):
    """Prices to be guided by.

    Parameters
    ----------
    price, sums, moments
        What a token is worth in each step t, the sum of it up to t, and of t times it,
        shape (steps,).
    due
        When each request's start is about cheapest, shape (n,).
    """

    price: Floats
    sums: Floats
    moments: Floats
    due: Column

    def cost(self, requests: Requests, i: Column, start: Column) -> Floats:
        """Return the priced completions of requests that start so."""
        last = len(self.price) - 1
        start = np.minimum(start, last)
        end = np.minimum(start + requests.output[i], last)
        tokens = (requests.prompt[i] - start) * (self.sums[end] - self.sums[start])
        cost: Floats = end + tokens + self.moments[end] - self.moments[start]
        return cost


def worth_of(instance: Instance, steps: int) -> Worth:
    """Return what is worth what, by the closed-form prices; floats, for they only steer."""
    prices = closed_form_prices(instance)
    price = np.zeros(steps)
    known = np.repeat(prices.numerators / prices.denominator, np.diff(prices.ends))[: steps - 1]
    price[1 : len(known) + 1] = known
    return Worth(
        price=price,
        sums=np.cumsum(price),
        moments=np.cumsum(price * np.arange(steps)),
        due=guide_of(instance).due(1.0, 1.0),
    )


class Span(NamedTuple):
    """Steps that a way is followed for, that are kept of it, looked at beyond, and held in all."""

    ahead: int
    kept: int
    beyond: int
    steps: int


def _volume(requests: Requests) -> Floats:
    output = requests.output.astype(np.float64)
    volume: Floats = requests.prompt * output + output * (output + 1) / 2
    return volume


def span_of(requests: Requests) -> Span:
    """Return how far ways from each moment go."""
    steps = STARTS_AHEAD * _volume(requests).mean() / requests.memory
    ahead = min(_MOST_AHEAD, max(4, round(steps)))
    kept, beyond = max(1, round(KEPT * ahead)), round(_BEYOND * ahead)
    # what starts last, and a block of steps that is looked at from there
    held = ahead + max(int(requests.output.max()), BLOCK, beyond) + kept + 2
    return Span(ahead=ahead, kept=kept, beyond=beyond, steps=held)


class Rollouts:
    """Schedules in the making, from step 0 on.

    Parameters
    ----------
    requests, worth, queue
        Of one instance, expanded, its first arrival at 0.
    number
        Ways from each moment, which may be changed between them: 1 is the tallest of twelve that
        fits.
    """

    def __init__(self, requests: Requests, worth: Worth, queue: Queue, number: int) -> None:
        self._requests, self._worth, self._queue = requests, worth, queue
        self._span = span = span_of(requests)
        self.number = number
        self._volume = _volume(requests)
        self._total = self._volume.sum()
        self._settled = 0.0  # volume of what is decided
        generator = np.random.default_rng(0)
        self._draws = generator.random(DRAWS)
        self._marks = generator.integers(2**52, size=(2 * MOST_STARTS, span.kept))
        self._moment = self._arrived = 0
        self._beyond: list[int] = []  # heap of ranks that wait out of sight
        self._seen = np.zeros(0, np.int64)  # requests in sight, by rank
        self._when = np.zeros((1, 0), np.int64)  # their starts in each state; -1: it waits
        self._late = np.zeros(len(requests.output))  # the cost that gains count from
        self._states = States(
            usage=np.zeros((1, span.steps), np.int32),
            waits=np.ones((1, 0), np.bool_),
            value=np.zeros(1),
            plan=np.zeros((1, 2, MOST_STARTS), np.int64),
            planned=np.zeros(1, np.int64),
        )
        self.starts = np.full(len(requests.output), -1, np.int64)

    @property
    def share(self) -> float:
        """The share of all volume that has started."""
        started = self._volume[self._seen[self._when[0] >= 0]].sum()
        return float((self._settled + started) / self._total)

    def advance(self, moments: int) -> bool:
        """Go on by so many moments; return whether more is to come.

        After the last the starts are complete, or the steps have not sufficed (some are -1).
        """
        n = len(self.starts)
        for _ in range(moments):
            self._decide()
            self._look()
            if not len(self._seen):
                if self._arrived == n:
                    return False
                self._skip()
                continue
            if self._arrived == n and not self._beyond and (self._when >= 0).all():
                self.starts[self._seen] = self._when[self._when.sum(axis=1).argmin()]
                return False
            if self._moment + 2 * self._span.steps >= len(self._worth.price):
                return False
            self._go_on()
        return True

    def _decide(self) -> None:
        """Keep what agrees with old starts of the best state, and decide what all agree on."""
        best = self._when[self._states.value.argmin()]
        old = (best >= 0) & (best < self._moment - _DECIDED * self._span.ahead)
        keep = (self._when[:, old] == best[old]).all(axis=1)
        self._states = States(*(rows[keep] for rows in self._states))
        self._when = self._when[keep]
        same = (self._when[0] >= 0) & (self._when == self._when[0]).all(axis=0)
        self.starts[self._seen[same]] = self._when[0, same]
        self._settled += self._volume[self._seen[same]].sum()
        self._seen, self._when = self._seen[~same], self._when[:, ~same]

    def _look(self) -> None:
        """Let the smallest that wait come into sight, and others go out of it."""
        rank, by_volume, coming = self._queue
        waits = self._when[self._states.value.argmin()] < 0
        out = (self._when < 0).all(axis=0) & (np.cumsum(waits) > _IN_SIGHT)
        for i in self._seen[out].tolist():
            heappush(self._beyond, int(rank[i]))
        seen, waiting = self._seen[~out], int(waits[~out].sum())
        while self._arrived < len(coming):
            i = coming[self._arrived]
            if self._requests.arrival[i] > self._moment + self._span.ahead:
                break
            heappush(self._beyond, int(rank[i]))
            self._arrived += 1
        last = int(rank[seen[-1]]) if len(seen) else -1
        new: list[int] = []
        while (
            self._beyond
            and len(seen) + len(new) < len(self._marks)
            and (waiting + len(new) < _IN_SIGHT or self._beyond[0] < last)
        ):
            new.append(int(by_volume[heappop(self._beyond)]))
        both = np.concatenate((seen, np.array(new, np.int64)))
        order = np.argsort(rank[both], kind="stable")
        fresh = np.full((len(self._when), len(new)), -1, np.int64)
        self._seen = both[order]
        self._when = np.hstack((self._when[:, ~out], fresh))[:, order]

    def _skip(self) -> None:
        """Go to the next arrival, as nothing waits; all states are one."""
        arrival = int(self._requests.arrival[self._queue.coming[self._arrived]])
        usage = self._states.usage
        usage[:] = _shifted(usage, arrival - self._moment)
        self._moment = arrival

    def _go_on(self) -> None:
        """Try ways from each state; the best become the states of the next moment."""
        requests, worth, seen = self._requests, self._worth, self._seen
        late = worth.cost(
            requests, seen, np.maximum(self._moment + self._span.ahead, worth.due[seen])
        )
        moved = np.where(self._when >= 0, self._late[seen] - late, 0.0).sum(axis=1)
        self._late[seen] = late
        steps = self._moment + np.arange(self._span.ahead)
        sight = Sight(
            memory=requests.memory,
            price=worth.price[
                self._moment : self._moment + self._span.ahead + self._span.beyond + 1
            ],
            prompt=requests.prompt[seen],
            output=requests.output[seen],
            since=requests.arrival[seen] - self._moment,
            gains=late[:, None] - worth.cost(requests, seen[:, None], steps),
            marks=self._marks[: len(seen)],
        )
        value = self._states.value + moved
        place = np.full(len(self.starts), -1)
        place[seen] = np.arange(len(seen))
        plan = self._states.plan
        states = self._states._replace(
            waits=self._when < 0,
            value=value - value.min(),
            plan=np.stack((place[plan[:, 0]], plan[:, 1] - self._moment), axis=1),
        )
        each = max(1, self.number // len(self._when))
        losses, alike = self._losses(sight, states, each)
        width = max(1, min(int(_STATES * math.sqrt(self.number)), _MOST_HELD // self._span.steps))
        # the best of those that begin alike, and of them as many as there may be states
        order = np.argsort(losses, kind="stable")
        _, first = np.unique(alike[order], return_index=True)
        chosen = order[np.sort(first)[:width]]
        self._states, begun = self._followed(sight, states, each, chosen)
        when = self._when[chosen // each]
        self._when = np.where(begun >= 0, begun + self._moment, when)
        self._moment += self._span.kept

    def _losses(self, sight: Sight, states: States, each: int) -> tuple[Floats, Column]:
        """Return what each way loses, and a number that tells how it begins."""
        ways = len(states.value) * each
        losses, alike = np.empty(ways), np.empty(ways, np.int64)

        def follow(part: tuple[int, int]) -> None:
            follow_all(sight, states, each, self._moment, self._draws, *part, losses, alike)

        parts = list(_parts(ways))
        if len(parts) == 1:
            follow(parts[0])
        else:
            with ThreadPoolExecutor(len(parts)) as pool:
                list(pool.map(follow, parts))
        return losses, alike

    def _followed(
        self, sight: Sight, states: States, each: int, chosen: Column
    ) -> tuple[States, Column]:
        """Return the states that the chosen ways lead to, and the starts that they begin with."""
        rows, seen = len(chosen), len(self._seen)
        new = States(
            usage=np.empty((rows, self._span.steps), np.int32),
            waits=np.empty((rows, 0), np.bool_),
            value=np.empty(rows),
            plan=np.zeros((rows, 2, MOST_STARTS), np.int64),
            planned=np.empty(rows, np.int64),
        )
        begun = np.full((rows, seen), -1, np.int64)
        follow(sight, states, each, self._moment, self._draws, chosen, new, begun)
        new.plan[:, 0] = self._seen[new.plan[:, 0]]
        new.plan[:, 1] += self._moment
        return new, begun


def _shifted(usage: Usage, steps: int) -> Usage:
    """Return what is held later, nothing beyond what is known."""
    shifted = np.zeros_like(usage)
    shifted[:, : max(0, usage.shape[1] - steps)] = usage[:, steps:]
    return shifted


def _parts(ways: int) -> Iterator[tuple[int, int]]:
    """Split the ways among threads."""
    parts = max(1, min(_WORKERS, ways // _SHARE))
    for part in range(parts):
        yield ways * part // parts, ways * (part + 1) // parts
