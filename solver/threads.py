"""Kernels in threads: they let go of the interpreter, so that cores are used and Ctrl-C is heard.

A kernel that lets go of the interpreter must not run in the main thread: an interrupt that comes
meanwhile would surface as an error inside the call.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import NoReturn, TypeVar

T = TypeVar("T")

#: Rows for which another thread pays.
_BLOCK = 2000


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blocks(rows: int, parts: int) -> list[tuple[int, int]]:
    """Cut rows 0..rows - 1 into at most `parts` blocks that are worth a thread each."""
    if not rows:
        return []
    parts = max(1, min(parts, rows // _BLOCK))
    return list(pairwise(rows * part // parts for part in range(parts + 1)))


def aside(call: Callable[[], T]) -> T:
    """Return what `call` returns, from a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


_heard = threading.Event()


@contextmanager
def listening() -> Iterator[None]:
    """Remember a Ctrl-C: the exception is lost where it strikes a finaliser or a callback."""

    def note(*_: object) -> NoReturn:
        _heard.set()
        raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    ours = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _heard.clear()
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        _heard.clear()
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_if_interrupted() -> None:
    """Raise what a lost Ctrl-C would have raised."""
    if _heard.is_set():
        raise KeyboardInterrupt
