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

#: The order of jobs that are in order.
IN_ORDER = np.zeros(0, np.int64)


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
    order = order_of(requests.arrival)
    horizon = rate * int(requests.arrival.max()) + exact_sum(work)
    if horizon >= 2**62:  # beyond int64, where only made-up instances are
        return serve_reference(requests, by_remaining=by_remaining, work=work, rate=rate)
    if by_remaining:
        high, low = _finish_by_remaining(requests.arrival, order, work, rate)
        return Fluid(finish=(int(high) << 32) + int(low), waits={})
    order = order if len(order) else np.arange(requests.rows)
    volume = work[order]
    start, stop, job = fluid_pieces(requests.arrival[order] * rate, volume, volume.copy(), False)
    finish, length, done, waiting = _interruptions(start, stop, job, requests.rows)
    waits: defaultdict[int, int] = defaultdict(int)
    columns = (volume[waiting].tolist(), length.tolist(), done.tolist())
    for v, interval, before in zip(*columns, strict=True):
        waits[v] += interval * before
    return Fluid(finish=exact_sum(finish), waits=waits)


@njit(nogil=True)
def _finish_by_remaining(release, order, work, rate):  # type: ignore[no-untyped-def]
    """Serve jobs, least remaining work first; return the sum of their finishing times.

    It is ``(high << 32) + low``. `order` is that of their releases, or empty where they are in it;
    otherwise as :func:`fluid_pieces`, and nothing is kept but what has arrived.
    """
    n = len(release)
    ready = [(work[0], np.int64(0)) for _ in range(0)]  # heap of (what is left, rank)
    high = low = now = np.int64(0)
    arrived = 0
    while arrived < n or len(ready) > 0:
        if len(ready) == 0:
            now = max(now, release[order[arrived] if len(order) else arrived] * rate)
        while arrived < n:
            job = order[arrived] if len(order) else arrived
            if release[job] * rate > now:
                break
            heappush(ready, (work[job], np.int64(arrived)))
            arrived += 1
        left, rank = ready[0]
        until = now + left
        if arrived < n:
            until = min(until, release[order[arrived] if len(order) else arrived] * rate)
        if until == now + left:
            heappop(ready)
            high += until >> 32
            low += until & 0xFFFFFFFF
        else:
            heapreplace(ready, (left - (until - now), rank))
        now = until
    return high, low


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


def mean_steps(release: Column, work: Column, memory: int, order: Column | None = None) -> Column:
    """Serve jobs in whole steps, least work first; leave when each is served, weighted, in `work`.

    In each step up to M units are served, of a job those only in steps after its release. A unit
    served in step t, ``(t - 1, t]``, counts ``2 t - 1``: what is left, over twice the work, is the
    mean middle of a job's steps. Ties go by release, then index.

    Parameters
    ----------
    release, work
        Steps >= 0, and work >= 1; shape (jobs,). `work` is lost: of very many jobs there is
        memory for one such column less.
    memory
        Units served per step.
    order
        Where it is known, :func:`order_of` releases, or the stable order of `work` where all
        have been released at 0; `IN_ORDER` where they are in it.

    Returns
    -------
    Shape (jobs,): `work`, or Python integers where int64 could overflow.
    """
    horizon = memory * int(release.max()) + exact_sum(work)
    steps = horizon // memory + 1
    if horizon >= 2**62 or 2 * steps * int(work.max()) >= 2**62:
        return mean_steps_reference(release, work, memory)
    if not release.any():
        steps_in_order(stable_order(work) if order is None else order, work, memory)
    else:
        steps_by_work(release, order_of(release) if order is None else order, work, memory)
    return work


def order_of(release: Column) -> Column:
    """Return the stable order of releases, or `IN_ORDER`."""
    if (release[1:] >= release[:-1]).all():
        return IN_ORDER
    return stable_order(release)


@njit(nogil=True)
def steps_in_order(order, work, memory):  # type: ignore[no-untyped-def]
    """Do what :func:`mean_steps` does where all have been released: one after the other."""
    begun = within = np.int64(0)  # whole steps before, and what is served in the next one
    for rank in range(len(work)):
        job = order[rank] if len(order) else rank
        # as _weigh, with one division
        done = within + work[job]
        more = done // memory
        rest = done - more * memory
        if more == 0:
            work[job] = (2 * begun + 1) * work[job]
        else:
            work[job] = (
                (2 * begun + 1) * (memory - within)
                + (more - 1) * (2 * begun + more + 1) * memory
                + (2 * (begun + more) + 1) * rest
            )
        begun, within = begun + more, rest


@njit(nogil=True)
def steps_by_work(release, order, work, memory):  # type: ignore[no-untyped-def]
    """Do what :func:`mean_steps` does; `order` is that of releases, or empty where they are in it.

    Nothing is kept but what has been released, so that it takes little memory.
    """
    n = len(work)
    ready = [(work[0], np.int64(0), work[0]) for _ in range(0)]  # heap of (work, rank, its rest)
    now = np.int64(0)
    arrived = 0
    while arrived < n or len(ready) > 0:
        if len(ready) == 0:
            now = max(now, release[order[arrived] if len(order) else arrived] * memory)
        while arrived < n:
            job = order[arrived] if len(order) else arrived
            if release[job] * memory > now:
                break
            heappush(ready, (work[job], np.int64(arrived), work[job]))
            work[job] = 0  # the heap knows it: from here on it is when the job is served
            arrived += 1
        key, rank, left = ready[0]
        until = now + left
        if arrived < n:
            until = min(until, release[order[arrived] if len(order) else arrived] * memory)
        work[order[rank] if len(order) else rank] += _weigh(now, until, memory)
        if until == now + left:
            heappop(ready)
        else:
            ready[0] = (key, rank, left - (until - now))  # it stays the first
        now = until


@njit(nogil=True)
def _weigh(start, stop, memory):  # type: ignore[no-untyped-def]
    """Add ``2 t - 1`` times what is served from `start` to `stop` in each step t."""
    t, u = start // memory, stop // memory  # whole steps before
    if t == u:
        return (2 * t + 1) * (stop - start)
    return (
        (2 * t + 1) * ((t + 1) * memory - start)
        + (u - t - 1) * (u + t + 1) * memory
        + (2 * u + 1) * (stop - u * memory)
    )


def mean_steps_reference(release: Column, work: Column, memory: int) -> Column:
    """Do what :func:`mean_steps` does, step by step of an idle or busy stretch, at any size."""
    order = np.argsort(release, kind="stable").tolist()
    waiting = [(int(release[i]), rank, i) for rank, i in enumerate(order)][::-1]
    ready: list[list[int]] = []  # heap of (work, rank, index, what is left)
    weight = [0] * len(order)
    t = 0
    while waiting or ready:
        if not ready:
            t = max(t, waiting[-1][0])
        while waiting and waiting[-1][0] <= t:
            _, rank, i = waiting.pop()
            heappush(ready, [int(work[i]), rank, i, int(work[i])])
        job = ready[0]
        alone = job[3] // memory
        if waiting:
            alone = min(alone, waiting[-1][0] - t)
        if alone > 0:  # whole steps of the first one alone
            weight[job[2]] += memory * ((t + alone) ** 2 - t**2)
            job[3] -= alone * memory
            if not job[3]:
                heappop(ready)
            t += alone
            continue
        room = memory
        while ready and room:
            job = ready[0]
            served = min(job[3], room)
            weight[job[2]] += (2 * t + 1) * served
            room -= served
            job[3] -= served
            if not job[3]:
                heappop(ready)
        t += 1
    return np.array(weight, dtype=object)


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
