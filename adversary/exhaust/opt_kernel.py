"""Exact answers for a handful of requests: what a policy costs at worst, and what OPT is.

Times are a few dozen steps, so a schedule is an array of the tokens held in each step. `held` is
all zeros between calls. :mod:`kvproof.adversary.exhaust.reference` is the plain version.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column


class Few(NamedTuple):
    """A backlog of a handful of requests, equal ones side by side.

    Parameters
    ----------
    memory
        KV-cache capacity M.
    prompt, output
        Of each request, in tokens.
    kind
        Equal for equal requests, and ascending.
    """

    memory: int
    prompt: Column
    output: Column
    kind: Column


@njit
def fits(held, memory, prompt, output, start):  # type: ignore[no-untyped-def]
    """Whether a request can start beside what is held."""
    for j in range(output, 0, -1):  # noqa: SIM110
        if held[start + j] + prompt + j > memory:
            return False
    return True


@njit
def put(held, prompt, output, start, sign):  # type: ignore[no-untyped-def]
    """Add a request to what is held, or take it away."""
    for j in range(1, output + 1):
        held[start + j] += sign * (prompt + j)


@njit
def run_order(few, order, skip, held, starts):  # type: ignore[no-untyped-def]
    """Return the total latency of a list, strict or backfilling; `starts` is filled in."""
    memory, prompt, output, _ = few
    n = len(order)
    total = 0
    now = 0
    left = n
    starts[:] = -1
    while left > 0:
        for i in order:
            if starts[i] < 0:
                if fits(held, memory, prompt[i], output[i], now):
                    put(held, prompt[i], output[i], now, 1)
                    starts[i] = now
                    total += now + output[i]
                    left -= 1
                elif not skip:
                    break
        now += 1
    for i in range(n):
        put(held, prompt[i], output[i], starts[i], -1)
    return total


@njit
def next_order(order, kind, key):  # type: ignore[no-untyped-def]
    """Step to the next order that differs among equal keys only; False after the last one.

    Within each stretch of equal keys the kinds go through their distinct permutations, the last
    stretch fastest, as an odometer does.
    """
    last = len(order)
    while last > 0:
        first = last - 1
        while first > 0 and key[order[first - 1]] == key[order[last - 1]]:
            first -= 1
        i = last - 2
        while i >= first and kind[order[i]] >= kind[order[i + 1]]:
            i -= 1
        if i >= first:
            j = last - 1
            while kind[order[j]] <= kind[order[i]]:
                j -= 1
            order[i], order[j] = order[j], order[i]
            low, high = i + 1, last - 1
        else:
            low, high = first, last - 1
        while low < high:
            order[low], order[high] = order[high], order[low]
            low += 1
            high -= 1
        if i >= first:
            return True
        last = first
    return False


@njit
def worst_order(few, key, skip, held, worst):  # type: ignore[no-untyped-def]
    """Return the most that a policy costs over the orders of equal keys, and fill in that order."""
    order = np.argsort(key, kind="mergesort")
    starts = np.empty(len(order), np.int64)
    most = -1
    while True:
        total = run_order(few, order, skip, held, starts)
        if total > most:
            most = total
            worst[:] = order
        if not next_order(order, few.kind, key):
            return most


class Left(NamedTuple):
    """Which requests have not started.

    Parameters
    ----------
    used
        Whether each has started.
    by_volume, by_output
        The requests in order of volume and of output.
    volume
        Of each.
    """

    used: npt.NDArray[np.bool_]
    by_volume: Column
    by_output: Column
    volume: Column


@njit
def bound_after(few, left, now, held):  # type: ignore[no-untyped-def]
    """Return a lower bound on the sum of completions of what starts at `now` or later.

    The k-th of them completes no earlier than the k-th smallest output after `now`, and not before
    the k smallest volumes fit into what memory is free.
    """
    n = len(left.used)
    total = 0
    need = 0
    free = 0
    step = now
    o = -1
    v = -1
    for _ in range(n):
        o += 1
        v += 1
        while o < n and left.used[left.by_output[o]]:
            o += 1
        while v < n and left.used[left.by_volume[v]]:
            v += 1
        if o >= n:
            break
        need += left.volume[left.by_volume[v]]
        while free < need:
            step += 1
            free += few.memory - held[step]
        total += max(now + few.output[left.by_output[o]], step)
    return total


@njit
def optimum(few, incumbent, held):  # type: ignore[no-untyped-def]
    """Return OPT of a backlog, given the total of some schedule of it.

    Depth first over starts in order of time (equal starts in order of index, and of equal requests
    the first that is left), cut off by :func:`bound_after`. A stack of its own, as compiled
    recursion cannot be loaded from a cache.
    """
    memory, prompt, output, kind = few
    n = len(prompt)
    volume = prompt * output + output * (output + 1) // 2
    used = np.zeros(n, np.bool_)
    left = Left(
        used, np.argsort(volume, kind="mergesort"), np.argsort(output, kind="mergesort"), volume
    )
    # by depth: earliest start, the start and the request that are tried next, cost so far
    now = np.zeros(n + 1, np.int64)
    start = np.zeros(n + 1, np.int64)
    trying = np.zeros(n + 1, np.int64)
    paid = np.zeros(n + 1, np.int64)
    chosen = np.zeros(n + 1, np.int64)
    best = incumbent
    depth = 0
    while depth >= 0:
        step = start[depth]
        if depth == n:
            best = min(best, paid[depth])
        elif trying[depth] == n:
            start[depth] += 1
            trying[depth] = 0
            continue
        elif trying[depth] > 0 or paid[depth] < best - bound_after(few, left, step, held):
            i = trying[depth]
            trying[depth] += 1
            if used[i] or (depth > 0 and step == now[depth] and i < chosen[depth - 1]):
                continue
            if i > 0 and kind[i - 1] == kind[i] and not used[i - 1]:
                continue
            if fits(held, memory, prompt[i], output[i], step):
                used[i] = True
                put(held, prompt[i], output[i], step, 1)
                chosen[depth] = i
                depth += 1
                now[depth] = start[depth] = step
                trying[depth] = 0
                paid[depth] = paid[depth - 1] + step + output[i]
            continue
        depth -= 1
        if depth >= 0:
            i = chosen[depth]
            used[i] = False
            put(held, prompt[i], output[i], start[depth], -1)
    return best
