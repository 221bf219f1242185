"""The fluid queue itself, simulated: one server, no preemption, three orders."""

from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def sample(requests: int, load: float, bit: float, rng: np.random.Generator) -> dict[str, float]:
    """Return the mean waits, in units of 1/(mu^2 M), of one run with exponential outputs.

    Parameters
    ----------
    requests
        Arrivals; the first tenth is not counted.
    load
        rho.
    bit
        Threshold of one bit as x = mu theta.
    rng
        Source of randomness.
    """
    output = rng.exponential(1.0, requests)
    service = output**2 / 2  # of mean 1
    arrival = np.cumsum(rng.exponential(1 / load, requests))
    keys: dict[str, Callable[[], Floats]] = {
        "fcfs": lambda: arrival,
        "svf-1bit": lambda: (output > bit).astype(np.float64),
        "svf": lambda: service,
    }
    warm = requests // 10
    return {
        name: float(np.mean(_waits(arrival, service, key())[warm:])) for name, key in keys.items()
    }


def _waits(arrival: Floats, service: Floats, key: Floats) -> Floats:
    """Serve the smallest key of those present, ties by arrival; return the waits."""
    arrivals, services, keys = arrival.tolist(), service.tolist(), key.tolist()
    n = len(arrivals)
    waits = np.empty(n)
    ready: list[tuple[float, int]] = []
    now, arrived = 0.0, 0
    for _ in range(n):
        if not ready:
            now = max(now, arrivals[arrived])
        while arrived < n and arrivals[arrived] <= now:
            heappush(ready, (keys[arrived], arrived))
            arrived += 1
        _, i = heappop(ready)
        waits[i] = now - arrivals[i]
        now += services[i]
    return waits
