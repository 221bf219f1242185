"""Kernels in threads: they let go of the interpreter, so that cores are used and Ctrl-C is heard.

A kernel that lets go of the interpreter must not run in the main thread: an interrupt that comes
meanwhile would surface as an error inside the call.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from typing import NoReturn, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

#: Rows for which another thread pays.
_BLOCK = 2000
# Calls that may run beside their callers at once: as many solves as any program has in threads.
_HELPERS = 64


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blocks(rows: int, parts: int, least: int = _BLOCK) -> list[tuple[int, int]]:
    """Cut rows 0..rows - 1 into at most `parts` blocks of at least so many rows each."""
    if not rows:
        return []
    parts = max(1, min(parts, rows // least))
    return list(pairwise(rows * part // parts for part in range(parts + 1)))


#: One bool that kernels look at between their rounds: they end early once it is set.
Flag = npt.NDArray[np.bool_]


def new_flag() -> Flag:
    """Return a flag that is not set."""
    return np.zeros(1, dtype=np.bool_)


def gather(jobs: Iterable[Future[T]], flag: Flag, deadline: float | None = None) -> list[T]:
    """Return what the jobs return; set `flag` at the deadline (time.monotonic) or on Ctrl-C."""
    found: list[T] = []
    try:
        for job in jobs:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            with suppress(TimeoutError):
                job.exception(left)
            if not job.done():
                flag[0] = True
            found.append(job.result())
    except BaseException:
        flag[0] = True
        raise
    return found


def aside(call: Callable[[Flag], T], deadline: float | None = None) -> T:
    """Return what `call` returns, from another thread.

    It is given a flag that is set at the deadline or on Ctrl-C, and should end soon after that.
    """
    flag = new_flag()
    helpers = _helpers(os.getpid())
    job: Future[T] | None = None
    try:
        job = helpers.submit(call, flag)
        return gather([job], flag, deadline)[0]
    finally:
        if job is None:
            # Ctrl-C while a thread was being started: at its end the interpreter would wait for it,
            # and nothing else would tell it to go
            flag[0] = True
            _helpers.cache_clear()
            helpers.shutdown(wait=False)
        else:
            wait([job])


@cache
def _helpers(_: int) -> ThreadPoolExecutor:
    """Return the threads of a process, which stay: to start one takes longer than many a call."""
    return ThreadPoolExecutor(_HELPERS, thread_name_prefix="kvproof-aside")


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
