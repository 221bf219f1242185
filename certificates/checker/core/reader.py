"""Typed access to what a file holds: nothing of a wrong type or out of range gets past it.

Whatever the format does not name is refused here, so that no claim meets a value of a wrong type,
a float or an unknown field.
"""

import json
import re
from fractions import Fraction
from math import gcd
from typing import Any, Optional

from .budget import Budget
from .verdict import Malformed, OverLimit

PYTHON_DIGITS = 4_300  # beyond, Python refuses to turn text into an integer
TOP = 2**62  # no step, count or length of the format exceeds this
WHERE = "proof.lower_bound"  # where a proof has its lower bound, in messages

_RATIONAL = re.compile(r"(0|[1-9][0-9]*)/([1-9][0-9]*)")


def brief(value: object) -> str:
    """Show a value in a message, shortened."""
    if isinstance(value, int) and abs(value) >= TOP:
        return "an integer beyond 2^62"
    if isinstance(value, (list, dict)):
        return "an array" if isinstance(value, list) else "an object"
    return json.dumps(value[:40] if isinstance(value, str) else value)[:40]


def fields(value: object, where: str, required: str, optional: str = "") -> dict[str, Any]:
    """Return `value` if it is an object with just these fields (named in one string).

    Raises
    ------
    Malformed
        It is no object, a required field is missing, or there is one field more.
    """
    if not isinstance(value, dict):
        raise Malformed(f"{where}: expected an object, got {brief(value)}")
    for key in required.split():
        if key not in value:
            raise Malformed(f"{where}: the field {key!r} is missing")
    for key in value:
        if key not in required.split() + optional.split():
            raise Malformed(f"{where}: unknown field {brief(key)}")
    return value


def integer(value: object, where: str, low: int = 0, high: Optional[int] = TOP) -> int:
    """Return `value` if it is an integer (no boolean) in ``[low, high]``; else `Malformed`."""
    if type(value) is not int or value < low or (high is not None and value > high):
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise Malformed(f"{where}: expected an integer {allowed}, got {brief(value)}")
    return value


def integers(value: object, where: str, low: int = 0, high: int = TOP) -> list[int]:
    """Return `value` if it is an array of integers in ``[low, high]``; else `Malformed`."""
    column = entries(value, where)
    # whole-array tests first: a million entries are seldom wrong
    if column and (set(map(type, column)) != {int} or min(column) < low or max(column) > high):
        for position, entry in enumerate(column):
            integer(entry, f"{where}[{position}]", low, high)
    return column


def entries(value: object, where: str, number: Optional[int] = None) -> list[Any]:
    """Return `value` if it is an array, of so many entries if a `number` is given."""
    if not isinstance(value, list):
        raise Malformed(f"{where}: expected an array, got {brief(value)}")
    if number is not None and len(value) != number:
        raise Malformed(f"{where}: expected {number} entries, got {len(value)}")
    return value


def text(value: object, where: str, *allowed: str) -> str:
    """Return `value` if it is one of the `allowed` strings (any, if none is given)."""
    if not isinstance(value, str) or (allowed and value not in allowed):
        known = " or ".join(map(repr, allowed)) or "a string"
        raise Malformed(f"{where}: expected {known}, got {brief(value)}")
    return value


def rational(value: object, where: str, budget: Budget) -> Fraction:
    """Return the rational ``"p/q"``, non-negative and in lowest terms; else `Malformed`."""
    found = _RATIONAL.fullmatch(text(value, where))
    if not found:
        raise Malformed(f'{where}: expected "p/q" in digits, got {brief(value)}')
    if max(map(len, found.groups())) > min(budget.digits, PYTHON_DIGITS):
        raise OverLimit(f"{where}: more than {budget.digits} digits")
    p, q = map(int, found.groups())
    if gcd(p, q) != 1:
        raise Malformed(f"{where}: {brief(value)} is not in lowest terms")
    return Fraction(p, q)
