"""Small runs before a clock starts, so that no time limit is spent on compiling kernels."""

from collections.abc import Callable
from functools import cache

import numpy as np

from kvproof.scheduling.instance import Instance


def little(requests: int, *, backlog: bool) -> Instance:
    """Return small requests that keep every kernel busy."""
    rng = np.random.default_rng(1)
    return Instance(
        memory=60,
        arrival=np.zeros(requests, np.int64) if backlog else rng.integers(0, 40, requests),
        prompt=rng.integers(0, 10, requests),
        output=rng.integers(1, 15, requests),
    )


@cache
def rehearse(work: Callable[[Instance], object], requests: int, *, backlog: bool) -> None:
    """Do a work that has no limit on so many small requests, once in a process.

    Backlogs take other kernels than arrivals do.
    """
    work(little(requests, backlog=backlog))
