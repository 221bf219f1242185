"""Deadlines, on the clock of :func:`time.monotonic`; None is none."""

from __future__ import annotations

import time
from collections.abc import Callable

from kvproof.solver.threads import raise_if_interrupted


def late(deadline: float | None, ahead: float = 0.0) -> bool:
    """Whether the deadline has come, or will in so many seconds."""
    return deadline is not None and time.monotonic() + ahead > deadline


def until(deadline: float | None) -> Callable[[], bool]:
    """Return a question for long work to ask: whether the deadline has come.

    It raises what a lost Ctrl-C would have raised.
    """

    def asked() -> bool:
        raise_if_interrupted()
        return late(deadline)

    return asked


def share_of(deadline: float | None, share: float) -> float | None:
    """Return the moment at which so large a share of the time left is spent."""
    if deadline is None:
        return None
    now = time.monotonic()
    return now + share * (deadline - now)
