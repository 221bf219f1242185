"""A fleet: a router sends each request, as it comes, to one of several equal replicas.

What a router knows is what has come before; it does not depend on the policy by which the replicas
order their requests, so that all policies are compared on the same routing, and each replica is an
instance of its own that needs nothing of the others.
"""

from enum import StrEnum
from heapq import heappop, heappush

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import (
    completed,
    earliest,
    empty_tree,
    insert,
    next_leaf,
    set_leaf,
)
from kvproof.scheduling.policies import FCFS
from kvproof.scheduling.reference import simulate_reference
from kvproof.scheduling.request_columns import given_away
from kvproof.scheduling.sorting import stable_order


class Router(StrEnum):
    """How a request's replica is chosen; requests come in order of arrival, then of their index.

    ROUND_ROBIN
        The k-th request, from 0, goes to replica k modulo the number of replicas.
    LEAST_LOADED
        A request goes to the replica with the fewest tokens outstanding, of equal ones to the
        first: the sum of prompt and output over the requests that were sent there and have not
        completed by that step, were they served first come, first served (the strict rule). A
        router that hears of lengths and keeps such books needs to know nothing else.
    """

    ROUND_ROBIN = "round-robin"
    LEAST_LOADED = "least-loaded"


def route(instance: Instance, replicas: int, router: Router) -> Column:
    """Return the replica of each request, from 0, in the order of ``instance.expanded()``.

    Parameters
    ----------
    instance
        The requests; its memory is that of each replica.
    replicas
        How many there are, at least 1.
    router
        Who chooses.

    Raises
    ------
    InputError
        There is no replica.
    """
    if replicas < 1:
        raise InputError(f"there must be at least 1 replica, got {replicas}")
    requests = instance.expanded()
    if (requests.arrival[1:] >= requests.arrival[:-1]).all():
        columns = (requests.arrival, requests.prompt, requests.output)
        return _route(requests.memory, columns, replicas, router)
    order = stable_order(requests.arrival)
    # kernels are compiled for columns of instances
    arrival, prompt, output = (
        given_away(column[order]) for column in (requests.arrival, requests.prompt, requests.output)
    )
    chosen = np.empty(requests.rows, np.int64)
    chosen[order] = _route(requests.memory, (arrival, prompt, output), replicas, router)
    return chosen


def _route(
    memory: int, columns: tuple[Column, Column, Column], replicas: int, router: Router
) -> Column:
    if router is Router.ROUND_ROBIN:
        return np.arange(len(columns[0])) % replicas
    chosen: Column = _least_loaded(memory, *columns, replicas)
    return chosen


def parts(instance: Instance, replica: Column, replicas: int) -> list[Instance | None]:
    """Return the instance of each replica, its requests in their order; None where it has none."""
    requests = instance.expanded()
    order = stable_order(replica)
    ends = np.cumsum(np.bincount(replica, minlength=replicas)).tolist()
    made: list[Instance | None] = []
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        if begin == end:
            made.append(None)
            continue
        rows = order[begin:end]
        arrival, prompt, output = (
            given_away(column[rows])
            for column in (requests.arrival, requests.prompt, requests.output)
        )
        made.append(Instance(memory=requests.memory, arrival=arrival, prompt=prompt, output=output))
    return made


def least_loaded_reference(instance: Instance, replicas: int) -> list[int]:
    """Return what :func:`route` says for LEAST_LOADED: each replica run anew for each request."""
    requests = instance.expanded()
    arrival, prompt, output = (
        column.tolist() for column in (requests.arrival, requests.prompt, requests.output)
    )
    sent: list[list[int]] = [[] for _ in range(replicas)]
    chosen = [0] * requests.rows

    def outstanding(rows: list[int], now: int) -> int:
        if not rows:
            return 0
        here = Instance(
            memory=requests.memory,
            arrival=requests.arrival[rows],
            prompt=requests.prompt[rows],
            output=requests.output[rows],
        )
        starts = simulate_reference(here, FCFS()).tolist()
        return sum(
            prompt[i] + output[i]
            for i, start in zip(rows, starts, strict=True)
            if start + output[i] > now
        )

    for i in sorted(range(requests.rows), key=lambda i: (arrival[i], i)):
        chosen[i] = min(range(replicas), key=lambda r: (outstanding(sent[r], arrival[i]), r))
        sent[chosen[i]].append(i)
    return chosen


@njit
def _least_loaded(memory, arrival, prompt, output, replicas):  # type: ignore[no-untyped-def]
    """Choose the replica of each request; the columns are in order of arrival.

    First come, first served, what comes later delays nobody: a request's start is known when it is
    sent. Each replica has a profile as in :mod:`.kernel`, from its last start on.
    """
    chosen = np.empty(len(arrival), np.int64)
    tokens = np.zeros(replicas, np.int64)  # outstanding
    tree = empty_tree(replicas)
    for replica in range(replicas):
        set_leaf(tree, replica, np.int64(0))
    ending = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]  # (end, replica, tokens)
    profiles = [np.empty((16, 3), np.int64) for _ in range(replicas)]
    low, high = np.zeros(replicas, np.int64), np.zeros(replicas, np.int64)
    number, offset = np.zeros(replicas, np.int64), np.zeros(replicas, np.int64)
    last = np.zeros(replicas, np.int64)  # start
    for i in range(len(arrival)):
        while len(ending) > 0 and ending[0][0] <= arrival[i]:
            _, freed, gone = heappop(ending)
            tokens[freed] -= gone
            set_leaf(tree, freed, tokens[freed])
        r = next_leaf(tree, 0, tree[1])
        chosen[i] = r
        now = max(last[r], arrival[i])
        low[r], number[r], offset[r] = completed(
            profiles[r], low[r], high[r], number[r], offset[r], now
        )
        start = earliest(
            profiles[r], low[r], high[r], number[r], offset[r], memory, prompt[i], output[i], now
        )
        profiles[r], low[r], high[r] = insert(
            profiles[r], low[r], high[r], start + output[i], prompt[i] - start
        )
        number[r] += 1
        offset[r] += prompt[i] - start
        last[r] = start
        tokens[r] += prompt[i] + output[i]
        set_leaf(tree, r, tokens[r])
        heappush(ending, (start + output[i], r, prompt[i] + output[i]))
    return chosen
