"""The fluid schedule under a lower bound: work is served at a rate, smallest first.

The work is volume and the rate M, unless something else is named. Time runs in units of 1/rate of a
step, so a request of volume v takes v units and arrives at M times its arrival; everything is an
integer.
"""

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.sorting import stable_order


@dataclass(frozen=True, kw_only=True)
class Fluid:
    """What the bounds need of a fluid schedule.

    Parameters
    ----------
    finish
        Sum of the finishing times, in units of 1/M step.
    waits
        For each volume v the sum, over the interruptions of requests of that volume, of their
        length times the work done before. An interrupted request's mean busy time is
        ``finish - v/2 - that sum / v``.
    """

    finish: int
    waits: dict[int, int]


def serve(
    requests: Instance, *, by_remaining: bool, work: Column | None = None, rate: int | None = None
) -> Fluid:
    """Serve the requests (one row each), by remaining or by original work.

    Preempts at arrivals; ties go by arrival, then index.

    Parameters
    ----------
    requests
        Their arrivals count, and where nothing else is named their volume and memory.
    by_remaining
        Whether the smallest remaining work goes first, or the smallest original.
    work
        Of each request, >= 1, shape (rows,); None: its volume.
    rate
        Work served per step, >= 1; None: the memory.
    """
    work = requests.volume if work is None else work
    rate = requests.memory if rate is None else rate
    order = np.argsort(requests.arrival, kind="stable")
    horizon = rate * int(requests.arrival.max()) + exact_sum(work)
    if horizon >= 2**62:  # beyond int64, where only made-up instances are
        return serve_reference(requests, by_remaining=by_remaining, work=work, rate=rate)
    volume = work[order]
    start, stop, job = fluid_pieces(
        requests.arrival[order] * rate, volume, volume.copy(), by_remaining
    )
    finish, length, done, waiting = _interruptions(start, stop, job, requests.rows)
    waits: defaultdict[int, int] = defaultdict(int)
    if not by_remaining:
        columns = (volume[waiting].tolist(), length.tolist(), done.tolist())
        for v, interval, before in zip(*columns, strict=True):
            waits[v] += interval * before
    return Fluid(finish=exact_sum(finish), waits=waits)


@njit
def fluid_pieces(release, key, left, by_remaining):  # type: ignore[no-untyped-def]
    """Serve jobs at rate 1, least key first, preempting at releases; return what is served when.

    Parameters
    ----------
    release, key, left
        Jobs in order of release: when they come, what decides, and how much they need. `left` is
        overwritten; all of one type, int64 or float64.
    by_remaining
        Whether what is left of a job becomes its key.

    Returns
    -------
    Begin and end of each piece in order of time, and whose it is; at most 2 n pieces.
    """
    n = len(release)
    start = np.empty(2 * n, left.dtype)
    stop = np.empty(2 * n, left.dtype)
    job = np.empty(2 * n, np.int64)
    ready = [(key[0], np.int64(0)) for _ in range(0)]  # heap of (key, job)
    now = release[0]
    arrived = 0
    pieces = 0
    while arrived < n or len(ready) > 0:
        if len(ready) == 0:
            now = max(now, release[arrived])
        while arrived < n and release[arrived] <= now:
            heappush(ready, (key[arrived], np.int64(arrived)))
            arrived += 1
        i = ready[0][1]
        start[pieces], job[pieces] = now, i
        if arrived == n or now + left[i] <= release[arrived]:
            heappop(ready)
            now += left[i]
            left[i] = 0
        else:
            left[i] -= release[arrived] - now
            now = release[arrived]
            if by_remaining:
                heapreplace(ready, (left[i], i))
        stop[pieces] = now
        pieces += 1
    return start[:pieces], stop[:pieces], job[:pieces]


def mean_steps(requests: Instance) -> list[tuple[int, int]]:
    """Return pairs (v, D): the requests of volume v are served in steps of weighted sum D.

    As in :func:`serve` by original volume. A token-step served in step t, ``(t - 1, t]``, counts
    ``2 t - 1``: D/(2 v) summed over all is the sum of the mean middles of the requests' steps.
    """
    order = np.argsort(requests.arrival, kind="stable")
    volume = requests.volume[order]
    horizon = requests.memory * int(requests.arrival.max()) + requests.total_volume
    steps = horizon // requests.memory + 1
    if horizon >= 2**62 or 2 * steps * int(volume.max()) >= 2**62:
        return mean_steps_reference(requests)
    by_volume = stable_order(volume)
    ascending = volume[by_volume]
    if requests.is_backlog:  # one after the other
        stop = np.cumsum(ascending)
        start, job = stop - ascending, by_volume
    else:
        release = requests.arrival[order] * requests.memory
        start, stop, job = fluid_pieces(release, volume, volume.copy(), False)
    weighted = _weighted_steps(start, stop, job, requests.memory, requests.rows)[by_volume]
    first = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
    low = np.add.reduceat(weighted & 0xFFFFFFFF, first).tolist()
    high = np.add.reduceat(weighted >> 32, first).tolist()
    pairs = zip(ascending[first].tolist(), high, low, strict=True)
    return [(v, (hi << 32) + lo) for v, hi, lo in pairs]


@njit
def _weighted_steps(start, stop, job, memory, n):  # type: ignore[no-untyped-def]
    """Add ``(2 t - 1)`` times what is served in each step t, job by job."""
    weighted = np.zeros(n, np.int64)
    for piece in range(len(job)):
        t, u = start[piece] // memory, stop[piece] // memory  # whole steps before
        if t == u:
            weighted[job[piece]] += (2 * t + 1) * (stop[piece] - start[piece])
        else:
            weighted[job[piece]] += (2 * t + 1) * ((t + 1) * memory - start[piece])
            weighted[job[piece]] += (u - t - 1) * (u + t + 1) * memory
            weighted[job[piece]] += (2 * u + 1) * (stop[piece] - u * memory)
    return weighted


def mean_steps_reference(requests: Instance) -> list[tuple[int, int]]:
    """Do what :func:`mean_steps` does, step by step of an idle or busy stretch, at any size."""
    waiting = sorted(
        zip(requests.arrival.tolist(), requests.volume.tolist(), strict=True), reverse=True
    )
    ready: list[tuple[int, int]] = []  # heap of (volume, left)
    weighted: defaultdict[int, int] = defaultdict(int)
    t = 0
    while waiting or ready:
        if not ready:
            t = max(t, waiting[-1][0])
        while waiting and waiting[-1][0] <= t:
            volume = waiting.pop()[1]
            heappush(ready, (volume, volume))
        volume, left = ready[0]
        next_arrival = waiting[-1][0] if waiting else t + left // requests.memory + 1
        alone = min(left // requests.memory, next_arrival - t)
        if alone > 0:  # whole steps of the first one alone
            weighted[volume] += requests.memory * ((t + alone) ** 2 - t**2)
            left -= alone * requests.memory
            heapreplace(ready, (volume, left)) if left else heappop(ready)
            t += alone
            continue
        room = requests.memory
        while ready and room:
            volume, left = heappop(ready)
            served = min(left, room)
            weighted[volume] += (2 * t + 1) * served
            room -= served
            if served < left:
                heappush(ready, (volume, left - served))
        t += 1
    return sorted(weighted.items())


@njit
def _interruptions(start, stop, job, n):  # type: ignore[no-untyped-def]
    """Return finishing times, and length, work done before and job of each interruption."""
    finish = np.zeros(n, np.int64)
    work = np.zeros(n, np.int64)
    # each arrival interrupts at most one request
    length = np.empty(n, np.int64)
    done = np.empty(n, np.int64)
    whose = np.empty(n, np.int64)
    waits = 0
    for piece in range(len(job)):
        i = job[piece]
        if work[i] > 0 and start[piece] > finish[i]:
            length[waits], done[waits], whose[waits] = start[piece] - finish[i], work[i], i
            waits += 1
        work[i] += stop[piece] - start[piece]
        finish[i] = stop[piece]
    return finish, length[:waits], done[:waits], whose[:waits]


def serve_reference(
    requests: Instance, *, by_remaining: bool, work: Column | None = None, rate: int | None = None
) -> Fluid:
    """Do what :func:`serve` does, in plain Python of any size."""
    work = requests.volume if work is None else work
    rate = requests.memory if rate is None else rate
    order = np.argsort(requests.arrival, kind="stable").tolist()
    volume = [int(v) for v in work[order]]
    release = [int(a) * rate for a in requests.arrival[order]]
    left = volume.copy()
    stopped = [0] * len(volume)
    waits: defaultdict[int, int] = defaultdict(int)
    finish = now = 0
    arrived = 0
    ready: list[tuple[int, int]] = []  # heap of (key, job)
    while arrived < len(release) or ready:
        if not ready:
            now = max(now, release[arrived])
        while arrived < len(release) and release[arrived] <= now:
            heappush(ready, (volume[arrived], arrived))
            arrived += 1
        job = heappop(ready)[1]
        if left[job] < volume[job] and not by_remaining:
            waits[volume[job]] += (now - stopped[job]) * (volume[job] - left[job])
        done = now + left[job]
        until = done if arrived == len(release) else min(done, release[arrived])
        left[job] -= until - now
        now = stopped[job] = until
        if left[job]:
            heappush(ready, (left[job] if by_remaining else volume[job], job))
        else:
            finish += now
    return Fluid(finish=finish, waits={v: wait for v, wait in waits.items() if wait})
