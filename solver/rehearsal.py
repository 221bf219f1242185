"""Small runs before a clock starts, so that no time limit is spent on compiling kernels."""

from collections.abc import Callable
from functools import cache

import numpy as np

from kvproof.scheduling.compiled import compiles
from kvproof.scheduling.instance import Instance


def little(classes: int, *, backlog: bool, copies: int = 1) -> Instance:
    """Return small requests, each so many times, that keep every kernel busy."""
    rng = np.random.default_rng(1)
    # those that repeat are smaller: less is to be gone through
    memory, longest = (60, 15) if copies == 1 else (25, 8)
    return Instance(
        memory=memory,
        arrival=np.zeros(classes, np.int64) if backlog else rng.integers(0, 40, classes),
        prompt=rng.integers(0, 2 * longest // 3, classes),
        output=rng.integers(1, longest, classes),
        count=np.full(classes, copies),
    )


@cache
def rehearse(
    work: Callable[[Instance], object], classes: int, *, backlog: bool, copies: int = 1
) -> None:
    """Do a work that has no limit on so many small requests, once in a process.

    Backlogs take other kernels than arrivals do. Where none is compiled nothing is done.
    """
    if not compiles():
        return
    work(little(classes, backlog=backlog, copies=copies))
