"""Second walls behind the budget, where the platform has them: an alarm, and a limit on memory.

The budget counts what it foresees. Should a loop forget to look at the clock, or a list turn out
larger than was charged for it, the alarm and the operating system end the check all the same, and
again it is over a limit. They hold for the whole process, so only the command line puts them up.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from .core.verdict import OverLimit
from .limits import Meter

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


@contextmanager
def walls(budget: Meter) -> Iterator[None]:
    """Hold the process to the limits of a check, roughly; raises as the budget does."""
    with _alarm(budget.limits.seconds), _address_space(budget):
        yield


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    """Raise `OverLimit` wherever the program is, a second after the time is up, and each second."""
    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "setitimer")):
        yield
        return

    def ring(*_: object) -> None:
        raise OverLimit(f"no answer within the time limit of {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, 10**8) + 1, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _address_space(budget: Meter) -> Iterator[None]:
    """Make allocations fail beyond what the process has taken by now and the budget's memory."""
    taken = _taken()
    if resource is None or taken is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    others = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]

    def raise_to(most: int) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (min([taken + most, 2**62, *others]), hard))

    budget.when_raised = raise_to
    raise_to(budget.most)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _taken() -> Optional[int]:
    """Return the size of this process's address space, where Linux tells it."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, AttributeError):
        return None
