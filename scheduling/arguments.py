"""Arguments as a caller of the Python functions gives them; of a wrong kind, an InputError."""

from fractions import Fraction
from math import inf
from numbers import Real
from typing import Any

import numpy as np

from kvproof.scheduling.errors import InputError

#: Seconds as which a longer time limit counts, 30 years: an int may be beyond any float.
_LONGEST = 10**9


def as_integer(name: str, value: object, low: int | None = None, high: int | None = None) -> int:
    """Return an integer that must lie from `low`, if any, to `high`.

    Raises
    ------
    InputError
        It is none, or does not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} must be an integer, got {value!r}")
    if low is not None and (value < low or (high is not None and value > high)):
        bound = f"at least {low}" if high is None else f"{low} to {high}"
        raise InputError(f"{name} must be {bound}, got {value}")
    return int(value)


def as_fraction(name: str, value: object) -> Fraction:
    """Return a number exactly; a float as it is written, so that 0.1 is a tenth.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} must be a number, as 0.05 or '1/20', got {value!r}") from None


def of_type(kinds: Any, value: Any, what: str) -> Any:
    """Return what must be of one of some types.

    Raises
    ------
    InputError
        It is of another.
    """
    if not isinstance(value, kinds):
        raise InputError(f"expected {what}, got a {type(value).__name__}")
    return value


def as_time_limit(name: str, seconds: object) -> float | None:
    """Return a number of seconds, at most `_LONGEST`, or None where there is no limit.

    Raises
    ------
    InputError
        It is no number of seconds, not above 0, or without end.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, Real):
        raise InputError(
            f"{name}: the time limit must be a number of seconds (None: no limit), got {seconds!r}"
        )
    if not 0 < seconds < inf:  # type: ignore[operator]
        raise InputError(
            f"{name}: the time limit must be above 0 seconds and finite (None: no limit), got "
            f"{seconds!r}"
        )
    return float(seconds if seconds <= _LONGEST else _LONGEST)
