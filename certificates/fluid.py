"""The fluid schedule under a lower bound: volume is served at rate M, smallest first.

Time runs in units of 1/M step, so a request of volume v takes v units and arrives at M times its
arrival; everything is an integer.
"""

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace

import numpy as np
from numba import njit

from kvproof.scheduling.exact import exact_sum
from kvproof.scheduling.instance import Instance


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


def serve(requests: Instance, *, by_remaining: bool) -> Fluid:
    """Serve the requests (one row each), by remaining or by original volume.

    Preempts at arrivals; ties go by arrival, then index.
    """
    order = np.argsort(requests.arrival, kind="stable")
    horizon = requests.memory * int(requests.arrival.max()) + requests.total_volume
    if horizon >= 2**62:  # beyond int64, where only made-up instances are
        return serve_reference(requests, by_remaining=by_remaining)
    finish, volume, length, done = _serve(
        requests.arrival[order] * requests.memory, requests.volume[order], by_remaining
    )
    waits: defaultdict[int, int] = defaultdict(int)
    if not by_remaining:
        for v, interval, work in zip(volume.tolist(), length.tolist(), done.tolist(), strict=True):
            waits[v] += interval * work
    return Fluid(finish=exact_sum(finish), waits=waits)


@njit(cache=True)
def _serve(release, volume, by_remaining):  # type: ignore[no-untyped-def]
    """Return finishing times, and volume, length and work done before of each interruption."""
    n = len(release)
    left = volume.copy()
    stopped = np.zeros(n, np.int64)
    finish = np.zeros(n, np.int64)
    # each arrival interrupts at most one request
    waited = np.empty((3, n), np.int64)
    waits = 0
    ready = [(np.int64(0), np.int64(0)) for _ in range(0)]  # heap of (key, job)
    now = np.int64(0)
    arrived = 0
    while arrived < n or len(ready) > 0:
        if len(ready) == 0:
            now = max(now, release[arrived])
        while arrived < n and release[arrived] <= now:
            heappush(ready, (volume[arrived], np.int64(arrived)))
            arrived += 1
        job = ready[0][1]
        if left[job] < volume[job] and now > stopped[job]:
            waited[0, waits] = volume[job]
            waited[1, waits] = now - stopped[job]
            waited[2, waits] = volume[job] - left[job]
            waits += 1
        if arrived == n or now + left[job] <= release[arrived]:
            heappop(ready)
            now += left[job]
            finish[job] = now
        else:
            left[job] -= release[arrived] - now
            now = release[arrived]
            stopped[job] = now
            if by_remaining:
                heapreplace(ready, (left[job], job))
    return finish, waited[0, :waits], waited[1, :waits], waited[2, :waits]


def serve_reference(requests: Instance, *, by_remaining: bool) -> Fluid:
    """Do what :func:`serve` does, in plain Python of any size."""
    order = np.argsort(requests.arrival, kind="stable").tolist()
    volume = [int(v) for v in requests.volume[order]]
    release = [int(a) * requests.memory for a in requests.arrival[order]]
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
