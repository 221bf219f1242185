"""Ctrl-C that would be lost: where it strikes in an import or a callback, some libraries go on.

Light, for it is imported before any command is known.
"""

import os
import signal
import sys
import threading
from types import FrameType

# Seconds after which it is raised once more, and for how many times an import may put it off.
_AGAIN, _TIMES = 0.05, 200

# One entry for each time that it came.
_heard: list[int] = []


def listen() -> None:
    """Remember Ctrl-C from now on, and raise it where it is not swallowed."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return

    def note(signum: int, frame: FrameType | None) -> None:
        _heard.append(signum)
        if len(_heard) <= _TIMES and _importing(frame):
            _once_more()
        else:
            signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, note)
    loud = sys.unraisablehook

    def lost(what: "sys.UnraisableHookArgs") -> None:
        if what.exc_type is KeyboardInterrupt:  # it fell into a library's callback
            _once_more()
        else:
            loud(what)

    sys.unraisablehook = lost


def heard() -> bool:
    """Whether it came, whatever became of it: out of a compiler it may come as another error."""
    return bool(_heard)


def _once_more() -> None:
    timer = threading.Timer(_AGAIN, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True  # a command that is over by then is not waited for
    timer.start()


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
