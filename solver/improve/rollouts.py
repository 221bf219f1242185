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
import numpy.typing as npt

from kvproof.certificates.prices.closed_form import closed_form_prices
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.usage import Requests, Usage, hold
from kvproof.solver.improve.guide import Floats, guide_of
from kvproof.solver.improve.windows import Queue

#: Waiting requests that may start, smallest volume first. With 36 too many start out of order.
WINDOW = 24
#: Waiting requests in sight, so that the window stays full while a way is followed.
_IN_SIGHT = WINDOW + 40
#: Starts that a way is followed for, on average, and the shares of those steps that are kept of it
#: and that are looked at beyond, for memory that must stay empty.
STARTS_AHEAD, _KEPT, _BEYOND = 24, 0.15, 0.64
#: Steps and starts of a way at most; where there are more the rest is left open.
_MOST_AHEAD, MOST_STARTS = 2_000, 256
#: Tokens that a later start usually leaves free below the fullest step ahead.
_UNUSED = 200
#: States for the root of the number of ways: fewer are too much alike, of more each has few ways.
_STATES = 1.6
#: Multiples of the steps ahead after which a start of the best state is decided for all.
_DECIDED = 4
#: Looks at the window of a way that follows no plan: as tallest_first has it.
_FIRST_WINDOW = 12
#: Random numbers, drawn once: each way reads on from a place of its own.
_DRAWS = 2**16
#: Steps that are looked at at once.
_BLOCK = 32
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
    kept, beyond = max(1, round(_KEPT * ahead)), round(_BEYOND * ahead)
    # what starts last, and a block of steps that is looked at from there
    held = ahead + max(int(requests.output.max()), _BLOCK, beyond) + kept + 2
    return Span(ahead=ahead, kept=kept, beyond=beyond, steps=held)


class Sight(NamedTuple):
    """What can start soon, by volume; steps count from the moment on.

    Parameters
    ----------
    memory
        Tokens.
    price
        What a token is worth in each step, shape (steps,).
    prompt, output, since
        The requests' lengths, and since when they wait, shape (m,) each.
    gains
        What a start in each step saves over one that is late, shape (m, ahead).
    marks
        A number for each start among the steps that are kept, shape (m, kept): two ways begin
        alike if their numbers add up to the same.
    """

    memory: int
    price: Floats
    prompt: Column
    output: Column
    since: Column
    gains: Floats
    marks: npt.NDArray[np.int64]


class States(NamedTuple):
    """Schedules up to one moment, one row each.

    Parameters
    ----------
    usage
        Tokens held from the moment on, shape (b, steps).
    waits
        Whether what is in sight has not started, shape (b, m).
    value
        What has been lost, less the same for all, shape (b,).
    plan, planned
        Who is planned to start and when, in order of time, shape (b, 2, MOST_STARTS), and how many,
        shape (b,): requests and steps, or, for kernels, places in sight and steps from the moment.
    """

    usage: npt.NDArray[np.int32]
    waits: npt.NDArray[np.bool_]
    value: Floats
    plan: npt.NDArray[np.int64]
    planned: Column


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
        self._draws = generator.random(_DRAWS)
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
            _ways(sight, states, each, self._moment, self._draws, *part, losses, alike)

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
        _follow(sight, states, each, self._moment, self._draws, chosen, new, begun)
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


@njit(nogil=True)
def _ways(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, first, last, losses, alike
):
    """Follow the ways from `first` to before `last`; tell what each loses and how it begins."""
    kept = sight.marks.shape[1]
    usage = np.empty(states.usage.shape[1], np.int32)
    tried = np.empty((2, MOST_STARTS), np.int64)
    following = np.empty(len(sight.prompt) + 1, np.int64)
    for way in range(first, last):
        state = way // each
        usage[:] = states.usage[state]
        gain, made = _way(sight, states, each, moment, draws, way, usage, tried, following)
        losses[way] = states.value[state] - gain + _left_empty(sight, usage)
        alike[way] = state * 2**52
        for k in range(made):
            if tried[1, k] < kept:
                alike[way] += sight.marks[tried[0, k], tried[1, k]]


@njit
def _follow(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, chosen, new, begun
):
    """Make the states that the chosen ways lead to, and the starts that they begin with."""
    kept = sight.marks.shape[1]
    span = states.usage.shape[1]
    usage = np.empty(span, np.int32)
    tried = np.empty((2, MOST_STARTS), np.int64)
    following = np.empty(len(sight.prompt) + 1, np.int64)
    for row in range(len(chosen)):
        state = chosen[row] // each
        usage[:] = states.usage[state]
        _, made = _way(sight, states, each, moment, draws, chosen[row], usage, tried, following)
        usage[:] = states.usage[state]
        value = states.value[state]
        planned = 0
        for k in range(made):
            x, step = tried[0, k], tried[1, k]
            if step < kept:
                hold(usage, sight.prompt[x], sight.output[x], step, 1)
                value -= sight.gains[x, step]
                begun[row, x] = step
            else:
                new.plan[row, 0, planned], new.plan[row, 1, planned] = x, step
                planned += 1
        for step in range(1, kept + 1):
            value += sight.price[step] * (sight.memory - usage[step])
        new.usage[row, : span - kept] = usage[kept:]
        new.usage[row, span - kept :] = 0
        new.value[row] = value
        new.planned[row] = planned


@njit
def _way(  # type: ignore[no-untyped-def]
    sight, states, each, moment, draws, way, usage, tried, following
):
    """Follow one way, made by its number; return gain and starts made."""
    state, trial = way // each, way % each
    planned = states.planned[state]
    at = ((moment * 40_503) ^ (state * 7_919 + trial * 104_729)) & (_DRAWS - 1)
    looks, noise, pause, kept = _FIRST_WINDOW, 0.0, 0.0, planned
    if trial > 0:
        looks = int(WINDOW * math.sqrt(draws[at])) + 1
        at = (at + 3) & (_DRAWS - 1)
        noise = 0.0 if trial % 4 == 0 else draws[at - 2]
        pause = 0.3 * draws[at - 1] if trial % 8 == 5 else 0.0
        kept = int(draws[at] * (planned + 1)) if trial % 2 else 0
    return _roll(
        sight, usage, states.waits[state], states.plan[state], kept,
        looks, noise, pause, draws, at, tried, following,
    )  # fmt: skip


@njit
def _roll(  # type: ignore[no-untyped-def]
    sight, usage, waits, plan, kept, looks, noise, pause, draws, at, tried, following
):
    """Follow the first `kept` starts of a plan, then fill the memory; return gain and starts made.

    A start is of the `looks` smallest the tallest that fits, prompts counting up to `noise` less at
    random; a step's starts end early with probability `pause`.
    """
    # a list of those that wait: the one after place x is at x + 1, the first one at 0
    before, small = 0, sight.memory
    for x in range(len(waits)):
        if waits[x]:
            following[before] = before = x + 1
            small = min(small, sight.prompt[x])
    following[before] = 0
    made = followed = 0
    gain = 0.0
    for step in range(sight.gains.shape[1]):
        while followed < kept and plan[1, followed] <= step:
            x = plan[0, followed]
            followed += 1
            before = 0
            while following[before] != 0 and following[before] != x + 1:
                before = following[before]
            if following[before] == 0 or not _fits(usage, sight, x, step):
                continue
            following[before] = following[x + 1]
            hold(usage, sight.prompt[x], sight.output[x], step, 1)
            tried[0, made], tried[1, made] = x, step
            made += 1
            gain += sight.gains[x, step]
        while followed == kept and made < MOST_STARTS and usage[step + 1] + small < sight.memory:
            if pause > 0:
                at = (at + 1) & (_DRAWS - 1)
                if draws[at] < pause:
                    break
            room = _room(usage, sight.memory, step)
            chosen, last, tallest = -1, 0, -1.0
            before = seen = 0
            while following[before] != 0 and seen < looks:
                x = following[before] - 1
                if sight.since[x] <= step:
                    seen += 1
                    at = (at + 1) & (_DRAWS - 1)
                    tall = sight.prompt[x] * (1 - noise * draws[at])
                    late = sight.prompt[x] > room and sight.output[x] >= _BLOCK
                    if tall > tallest and not late and _fits(usage, sight, x, step):
                        chosen, last, tallest = x, before, tall
                before = x + 1
            if chosen < 0:
                break
            following[last] = following[chosen + 1]
            hold(usage, sight.prompt[chosen], sight.output[chosen], step, 1)
            tried[0, made], tried[1, made] = chosen, step
            made += 1
            gain += sight.gains[chosen, step]
    return gain, made


@njit
def _room(usage, memory, start):  # type: ignore[no-untyped-def]
    """Return the largest prompt of a long request that has room for the first steps."""
    held = usage[start + 1 : start + _BLOCK + 1]
    most = 0
    for j in range(len(held)):
        most = max(most, held[j] + j)
    return memory - most - 1


@njit
def _fits(usage, sight, x, start):  # type: ignore[no-untyped-def]
    """Whether a request can start so; most that cannot meet a full step soon."""
    room = sight.memory - sight.prompt[x]
    for first in range(1, sight.output[x] + 1, _BLOCK):
        held = usage[start + first : start + min(first + _BLOCK, sight.output[x] + 1)]
        over = 0
        for j in range(len(held)):
            over |= held[j] + j > room - first
        if over:
            return False
    return True


@njit
def _left_empty(sight, usage):  # type: ignore[no-untyped-def]
    """Return the price of what is left empty, and what must stay so beyond the steps ahead.

    Whatever starts there has no more room than the fullest later step leaves.
    """
    ahead = sight.gains.shape[1]
    price = 0.0
    for step in range(1, ahead + 1):
        price += sight.price[step] * (sight.memory - usage[step])
    least = sight.memory
    for step in range(len(sight.price) - 1, ahead, -1):
        free = sight.memory - usage[step]
        least = min(least, free)
        price += sight.price[step] * (free - max(0, least - _UNUSED))
    return price
