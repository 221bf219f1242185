"""Arguments as a caller of the Python functions gives them; of a wrong kind, an InputError."""

import re
from fractions import Fraction
from math import inf
from numbers import Integral, Real
from typing import Any

from kvproof.scheduling.errors import InputError

#: Seconds as which a longer time limit counts, 30 years: an int may be beyond any float.
_LONGEST = 10**9

#: How many digits of a number's exponent are read: of many more, the number fills any memory.
EXPONENT_DIGITS = 2
_LONG_EXPONENT = re.compile(rf"[eE][+-]?[\d_]{{{EXPONENT_DIGITS + 1}}}")


def shown_argument(value: object) -> str:
    """Return what a message says of a value: a number may have more digits than Python writes."""
    try:
        return str(value) if isinstance(value, Real) else repr(value)
    except ValueError:
        return "a number of thousands of digits"


def as_integer(name: str, value: object, low: int | None = None, high: int | None = None) -> int:
    """Return an integer that must lie from `low`, if any, to `high`.

    Raises
    ------
    InputError
        It is none, or does not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputError(f"{name} must be an integer, got {shown_argument(value)}")
    number = int(value)
    if low is not None and (number < low or (high is not None and number > high)):
        bound = f"at least {low:,}" if high is None else f"{low:,} to {high:,}"
        raise InputError(f"{name} must be {bound}, got {shown_argument(number)}")
    return number


def as_fraction(name: str, value: object, what: str = "a number, as 0.05 or '1/20'") -> Fraction:
    """Return a number exactly; a float as it is written, so that 0.1 is a tenth.

    Raises
    ------
    InputError
        It is none, or a text with a long exponent.
    """
    if isinstance(value, Fraction) or type(value) is int:  # of any length
        return Fraction(value)
    text = str(value)
    if not isinstance(value, Real) and _LONG_EXPONENT.search(text):
        raise InputError(
            f"{name}: {text} has too many digits: {EXPONENT_DIGITS} are read in an exponent"
        )
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} must be {what}, got {shown_argument(value)}") from None


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
            f"{name}: the time limit must be a number of seconds (None: no limit), got "
            f"{shown_argument(seconds)}"
        )
    if not 0 < seconds < inf:  # type: ignore[operator]
        raise InputError(
            f"{name}: the time limit must be above 0 seconds and finite (None: no limit), got "
            f"{shown_argument(seconds)}"
        )
    return float(seconds if seconds <= _LONGEST else _LONGEST)
