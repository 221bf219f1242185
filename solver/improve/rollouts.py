"""Starts chosen by trying out what follows: rollouts at the fluid schedule's prices.

What fits now is soon in the way of what comes, and no rule of one step sees that. So from each
moment on a number of random ways to go on are followed for a while, each is charged what its
starts cost at the prices and the price of the memory that it leaves empty (the two parts of what
lies between a schedule and the price bound), the best is kept for a few steps, and its rest
stands among the next ones.
"""

from heapq import heappush
from typing import NamedTuple

import numpy as np

from kvproof.certificates.prices.closed_form import closed_form_prices
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.usage import Requests, Usage, hold
from kvproof.solver.improve.guide import Floats, guide_of
from kvproof.solver.improve.windows import Queue, fill, fits, insert, remove

#: Waiting requests that may start, smallest volume first. With 48 too many start out of order.
WINDOW = 24
#: Steps that a rollout looks ahead, and that are kept of it. Twice as many of both do as well.
AHEAD, KEPT = 60, 15
#: Starts of a rollout at most; where there are more the rest is left open.
MOST_STARTS = 512
#: Looks at the window of a rollout that follows no plan: as tallest_first has it.
_FIRST_WINDOW = 12


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


class Rollouts:
    """A schedule in the making, from step 0 on.

    Parameters
    ----------
    requests, worth, queue
        Of one instance, expanded, its first arrival at 0.
    usage
        Steps, overwritten; as many as `worth` has.
    number
        Rollouts from each moment: 1 is the tallest of twelve that fits.
    """

    def __init__(
        self, requests: Requests, worth: Worth, queue: Queue, usage: Usage, number: int
    ) -> None:
        usage[:] = 0
        self._fixed = (requests, worth, queue, usage)
        self._number = number
        self._plan = np.empty((2, MOST_STARTS), np.int64)  # who starts, and when, in order of time
        self._planned = self._moment = 0
        self.starts = np.full(len(requests.output), -1, np.int64)

    def advance(self, moments: int) -> bool:
        """Go on by so many moments; return whether more is to come.

        After the last the starts are complete, or the steps have not sufficed (some are -1).
        """
        self._moment, self._planned = _advance(
            *self._fixed, self._number, moments, self._moment, self._plan, self._planned,
            self.starts,
        )  # fmt: skip
        return self._moment >= 0


@njit
def _cost(worth, prompt, output, start):  # type: ignore[no-untyped-def]
    """Return the priced completion of a request that starts so."""
    end = start + output
    tokens = (prompt - start) * (worth.sums[end] - worth.sums[start])
    return end + tokens + worth.moments[end] - worth.moments[start]


@njit
def _join(near, size, new):  # type: ignore[no-untyped-def]
    """Put a rank into the window, which may push the last one out; return the size."""
    if size == len(near):
        if new > near[size - 1]:
            return size
        size -= 1
    return insert(near, size, new)


@njit
def _advance(  # type: ignore[no-untyped-def]
    requests, worth, queue, usage, number, moments, moment, plan, planned, starts
):
    """Make so many moments of the schedule; return the next one (-1: none) and the plan's length.

    The window and what waits beyond it are made anew from `starts`.
    """
    n, longest = len(starts), requests.output.max()
    beyond = [np.int64(0) for _ in range(0)]  # heap of ranks
    arrived = left = 0
    for i in queue.coming:
        arrived += requests.arrival[i] <= moment
        if starts[i] < 0:
            left += 1
            if requests.arrival[i] <= moment:
                heappush(beyond, queue.rank[i])
    near = np.empty(WINDOW, np.int64)
    size = 0
    span = AHEAD + longest + 2
    local, window = np.empty(span, np.int32), np.empty(WINDOW, np.int64)
    tried, old = np.empty_like(plan), np.empty_like(plan)
    np.random.seed(moment % 2**31)
    for _ in range(moments):
        if left == 0:
            return -1, 0
        if size == 0 and len(beyond) == 0 and arrived < n:
            moment = max(moment, requests.arrival[queue.coming[arrived]])
        if moment + span + longest >= len(usage):
            return -1, 0
        while arrived < n and requests.arrival[queue.coming[arrived]] <= moment:
            heappush(beyond, queue.rank[queue.coming[arrived]])
            arrived += 1
        size = fill(near, size, WINDOW, beyond)
        old[:, :planned] = plan[:, :planned]
        was, most = planned, -np.inf
        for trial in range(number):
            local[:] = usage[moment : moment + span]
            window[:size] = near[:size]
            looks, noise, pause, kept = _FIRST_WINDOW, 0.0, 0.0, was
            if trial > 0:
                looks = int(np.exp(np.random.random() * np.log(WINDOW))) + 1
                noise = 0.0 if trial % 4 == 0 else np.random.random()
                pause = 0.5 * np.random.random() if trial % 3 == 0 else 0.0
                kept = np.random.randint(was + 1) if trial % 2 else 0
            gain, made = _roll(
                requests, worth, queue, local, window, size, arrived, moment,
                looks, noise, pause, old, kept, tried,
            )  # fmt: skip
            if gain > most:
                most, planned = gain, made
                plan[:, :made] = tried[:, :made]
        moment += KEPT
        done = 0
        while done < planned and plan[1, done] < moment:
            i, start = plan[0, done], plan[1, done]
            while arrived < n and requests.arrival[queue.coming[arrived]] <= start:
                heappush(beyond, queue.rank[queue.coming[arrived]])
                arrived += 1
            size = fill(near, size, WINDOW, beyond)
            done += 1
            for k in range(size):
                # not there: smaller ones that the rollout did not look at are before it
                if near[k] == queue.rank[i]:
                    size = remove(near, size, k)
                    hold(usage, requests.prompt[i], requests.output[i], start, 1)
                    starts[i] = start
                    left -= 1
                    break
        planned -= done
        for k in range(planned):
            plan[0, k], plan[1, k] = plan[0, done + k], plan[1, done + k]
    return moment, planned


@njit
def _roll(  # type: ignore[no-untyped-def]
    requests, worth, queue, usage, near, size, arrived, moment,
    looks, noise, pause, plan, kept, tried,
):  # fmt: skip
    """Follow the first `kept` starts of a plan, then fill the memory; return gain and starts made.

    `usage` is from `moment` on. A start is of the `looks` smallest the tallest that fits, prompts
    counting up to `noise` less at random; a step's starts end early with probability `pause`.
    """
    n, memory = len(queue.coming), requests.memory
    made = followed = 0
    gain = 0.0
    for step in range(AHEAD):
        now = moment + step
        while arrived < n and requests.arrival[queue.coming[arrived]] <= now:
            size = _join(near, size, queue.rank[queue.coming[arrived]])
            arrived += 1
        while made < MOST_STARTS:
            chosen = -1
            if followed < kept:
                if plan[1, followed] > now:
                    break
                i = plan[0, followed]
                followed += 1
                for k in range(size):
                    if near[k] == queue.rank[i] and fits(
                        usage, memory, requests.prompt[i], requests.output[i], step
                    ):
                        chosen = k
                if chosen < 0:
                    continue
            else:
                if pause > 0 and np.random.random() < pause:
                    break
                tallest = -1.0
                for k in range(min(looks, size)):
                    i = queue.by_volume[near[k]]
                    tall = requests.prompt[i] * (1 - noise * np.random.random())
                    if tall > tallest and fits(
                        usage, memory, requests.prompt[i], requests.output[i], step
                    ):
                        chosen, tallest = k, tall
                if chosen < 0:
                    break
            i = queue.by_volume[near[chosen]]
            prompt, output = requests.prompt[i], requests.output[i]
            size = remove(near, size, chosen)
            hold(usage, prompt, output, step, 1)
            tried[0, made], tried[1, made] = i, now
            made += 1
            # what else it would have cost: to start later, or when it is due
            later = max(moment + AHEAD, worth.due[i])
            gain += _cost(worth, prompt, output, later) - _cost(worth, prompt, output, now)
    # nothing starts before the fullest step that lies ahead
    full = AHEAD
    for step in range(AHEAD + 1, min(2 * AHEAD, len(usage))):
        if usage[step] > usage[full]:
            full = step
    for step in range(1, full):
        gain -= worth.price[moment + step] * (memory - usage[step])
    return gain, made
