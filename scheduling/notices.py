"""What a user should hear while nothing is wrong; silent unless somebody listens."""

from collections.abc import Callable

_said: set[str] = set()
_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """Hand each notice to `listener`, once in a process."""
    _listeners.append(listener)


def tell(notice: str) -> None:
    """Say one line to those who listen; the same one is not said again."""
    if notice not in _said:
        _said.add(notice)
        for listener in _listeners:
            listener(notice)
