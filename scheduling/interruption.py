"""Ctrl-C as a question that is asked between two steps, so that no step is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether Ctrl-C has been pressed; called, it answers.

    The first one is only noted, except within :meth:`at_once`; a second one stops everything.
    """

    def __init__(self) -> None:
        self._asked = False
        self._at_once = False

    def __call__(self) -> bool:
        """Whether Ctrl-C has been pressed."""
        return self._asked

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let Ctrl-C raise KeyboardInterrupt in here: the work can be done again."""
        self._at_once = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._at_once = False

    def note(self, signum: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        stop = self._asked or self._at_once
        self._asked = True
        if stop:
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Turn Ctrl-C into a question; outside of the main thread it is not ours, and never asked."""
    asked = Interruption()
    try:
        before = signal.signal(signal.SIGINT, asked.note)
    except ValueError:
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def blocked() -> Iterator[None]:
    """Put Ctrl-C off in here, so that processes that joblib starts never hear of it.

    They inherit what is blocked, and a terminal's Ctrl-C goes to them, too, before they could say
    what to do about it: it is left to the process that asks.
    """
    if not hasattr(signal, "pthread_sigmask") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    # the processes that keep watch are started first: that ends with Ctrl-C no longer blocked
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as own

    resource_tracker.ensure_running()
    own.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
