"""The rule of docs/theory.md, token by token: slow, plain, and what the kernels are held to."""

import bisect
from fractions import Fraction

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import (
    KeyPolicy,
    Policy,
    Toll,
    key_order,
    refuse_beside_batches,
    releases,
    reserved_outputs,
    toll_of,
)


def simulate_reference(instance: Instance, policy: Policy, *, skip: bool = False) -> Column:
    """Return the start steps of `policy`, in the order of ``instance.expanded()``.

    Walks every step. ``held[u]`` is what the running requests will hold in step u, as far as
    admission may know: a request is taken at its reserved output until it truly ends.
    """
    if not isinstance(policy, KeyPolicy):
        refuse_beside_batches(policy)
    requests = instance.expanded()
    n, memory = requests.rows, requests.memory
    arrival, prompt, output = (
        column.tolist() for column in (requests.arrival, requests.prompt, requests.output)
    )
    reserved = reserved_outputs(requests, policy).tolist()
    released = releases(requests, policy)
    toll = toll_of(requests, policy, released)
    release = released.tolist()
    credit = Fraction(0)
    lent = 0 if toll is None else Fraction(toll.lent, toll.unit)
    rank = None
    if isinstance(policy, KeyPolicy):
        rank = np.argsort(key_order(requests, policy.key(requests))).tolist()
    held: dict[int, int] = {}

    def fits(i: int, now: int) -> bool:
        return (
            now >= release[i]
            and credit >= -lent
            and all(
                held.get(u, 0) + prompt[i] + (u - now) <= memory
                for u in range(now + 1, now + reserved[i] + 1)
            )
        )

    starts = [-1] * n
    coming = sorted(range(n), key=lambda i: (arrival[i], i), reverse=True)  # next one last
    waiting: list[int] = []  # for a key policy in its order, for a batch policy by index
    batch: list[int] = []
    running: list[int] = []
    now = min(arrival)
    while coming or waiting or batch:
        if not waiting and not batch:
            idle = max(0, arrival[coming[-1]] - now)
            now += idle
            credit += idle
        if toll is not None:
            credit = min(credit, Fraction(toll.cap))
        while coming and arrival[coming[-1]] <= now:
            bisect.insort(waiting, coming.pop(), key=lambda i: rank[i] if rank else i)
        for i in [i for i in running if starts[i] + output[i] <= now]:
            running.remove(i)
            for u in range(now + 1, starts[i] + reserved[i] + 1):
                held[u] -= prompt[i] + (u - starts[i])
        blocked = False
        while not blocked:
            if not isinstance(policy, KeyPolicy) and not batch and waiting:
                chosen = policy.next_batch(requests, np.array(waiting, dtype=np.int64))
                batch = [int(i) for i in chosen]
                waiting = [i for i in waiting if i not in batch]
            line = waiting if rank is not None else batch
            position = 0
            while position < len(line):
                i = line[position]
                if fits(i, now):
                    starts[i] = now
                    if toll is not None:
                        credit -= Fraction(int(toll.cost[i]), toll.unit)
                    line.pop(position)
                    running.append(i)
                    for u in range(now + 1, now + reserved[i] + 1):
                        held[u] = held.get(u, 0) + prompt[i] + (u - now)
                elif skip:
                    position += 1
                else:
                    break
            # a batch that has been started makes room for the next one within the same step
            blocked = bool(line) or not waiting
        held.pop(now, None)
        now += 1
        credit += 1
    return np.array(starts, dtype=np.int64)


def promised_run_reference(
    instance: Instance, rank: Column, promised: Column, toll: Toll | None = None
) -> list[tuple[int, int, int, int]]:
    """Return the stays (request, begin, tokens, length) of :mod:`.predicted`, in order.

    Walks every step and asks for every later one what would be held, as expected.
    """
    every = instance.expanded()
    arrival, prompt, output = (c.tolist() for c in (every.arrival, every.prompt, every.output))
    place, promise = rank.tolist(), promised.tolist()
    tokens = [0] * every.rows
    began: dict[int, int] = {}  # of the requests that run
    had: dict[int, int] = {}
    stays: list[tuple[int, int, int, int]] = []
    waiting: list[int] = []
    coming = sorted(range(every.rows), key=lambda i: (arrival[i], i), reverse=True)
    now = 0
    spent = Fraction(min(arrival))  # the time at which credit is nothing

    def held(i: int, step: int) -> int:
        """Return what a running request is expected to hold in a step after `now`."""
        last = max(now - tokens[i] + promise[i], now + 1)
        return prompt[i] + tokens[i] + step - now if step <= last else 0

    def leave(i: int) -> None:
        begin = began.pop(i)
        stays.append((i, begin, had[i], now - begin))

    while coming or waiting or began:
        while coming and arrival[coming[-1]] <= now:
            waiting.append(coming.pop())
        for i in [i for i in began if tokens[i] == output[i]]:
            leave(i)
        stopped = False
        while sum(prompt[i] + tokens[i] + 1 for i in began) > every.memory:
            last = max(began, key=lambda i: place[i])
            leave(last)
            waiting.append(last)
            stopped = True
        waiting.sort(key=lambda i: place[i])
        while waiting and not stopped:
            i = waiting[0]
            anew = toll is not None and tokens[i] == 0  # who was stopped has paid
            if toll is not None and anew and now - spent < -Fraction(toll.lent, toll.unit):
                break
            until = max(now - tokens[i] + promise[i], now + 1)
            if any(
                held(i, step) + sum(held(j, step) for j in began) > every.memory
                for step in range(now + 1, until + 1)
            ):
                break
            if toll is not None and anew:
                spent = max(spent, Fraction(now - toll.cap))
                spent += Fraction(int(toll.cost[i]), toll.unit)
            began[waiting.pop(0)] = now
            had[i] = tokens[i]
        for i in began:
            tokens[i] += 1
        now += 1
    return sorted(stays)
