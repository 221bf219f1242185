"""Strict reading: bytes to JSON within limits, and typed access to its fields.

Whatever the format does not name is refused here, so that no claim module meets a value of a
wrong type, a float, a duplicated key or an unknown field.
"""

import json
import re
import zlib
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any, NoReturn, Optional, Union

from .limits import Budget
from .verdict import Malformed, OverLimit

PYTHON_DIGITS = 4_300  # beyond, Python refuses to turn text into an integer
TOP = 2**62  # no step, count or length of the format reaches this

_MARKS = re.compile(rb'"[^"]*"?|[][{}]')
_RATIONAL = re.compile(r"(0|[1-9][0-9]*)/([1-9][0-9]*)")


def load(source: Union[Path, bytes], budget: Budget) -> object:
    """Return the JSON value of a file, or of its bytes, gzipped or plain.

    Raises
    ------
    Malformed
        It cannot be read, is not gzip or JSON to the last byte, or steps outside the subset:
        ASCII, no backslash, no float, no duplicated key.
    OverLimit
        It is larger, deeper or has longer integers than `limits` allow.
    """
    data = _plain_bytes(source, budget)
    if b"\\" in data:  # no string of the format needs one, so every key has one spelling
        raise Malformed("a backslash: the format's strings have no escapes")
    _weigh(data, budget)

    def integer(text: str) -> int:
        if len(text) > budget.limits.digits or len(text) > PYTHON_DIGITS:
            raise OverLimit(f"an integer of {len(text)} digits is over the limit")
        if text == "-0":
            raise Malformed("the integer -0")
        return int(text)

    try:
        value: object = json.loads(
            data.decode("ascii"),
            object_pairs_hook=_object,
            parse_int=integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} is not ASCII") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from None
    budget.check()
    return value


def _plain_bytes(source: Union[Path, bytes], budget: Budget) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        try:
            with source.open("rb") as file:
                data = file.read(budget.limits.file_bytes + 1)
        except (OSError, ValueError) as error:
            raise Malformed(f"cannot read {str(source)!r}: {type(error).__name__}") from None
    if data[:2] == b"\x1f\x8b" and len(data) <= budget.limits.file_bytes:
        unzip = zlib.decompressobj(wbits=31)
        try:  # never asks for more than the limit, so a bomb stays small
            plain = unzip.decompress(data, budget.limits.file_bytes + 1)
        except zlib.error as error:
            raise Malformed(f"not gzip: {error}") from None
        if len(plain) <= budget.limits.file_bytes and not unzip.eof:
            raise Malformed("truncated gzip")
        if unzip.unused_data:
            raise Malformed(f"{len(unzip.unused_data)} bytes after the end of the gzip member")
        data = plain
    if len(data) > budget.limits.file_bytes:
        raise OverLimit(f"more than {budget.limits.file_bytes:,} bytes")
    return data


def _weigh(data: bytes, budget: Budget) -> None:
    """Bound depth and memory before anything is parsed."""
    if data.count(b",") >= budget.limits.values:
        raise OverLimit(f"more than {budget.limits.values:,} values")
    depth = opened = 0
    for mark in _MARKS.finditer(data.translate(None, b"0123456789, \t\r\n")):
        budget.tick()
        if mark[0] in b"[{":
            depth += 1
            opened += 1
            if depth > budget.limits.depth:
                raise OverLimit(f"nesting deeper than {budget.limits.depth}")
            if opened > budget.limits.containers:
                raise OverLimit(f"more than {budget.limits.containers:,} arrays and objects")
        elif mark[0] in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Malformed(f"duplicated key {_brief(key)}")
        found[key] = value
    return found


def _no_float(text: str) -> NoReturn:
    raise Malformed(f"the number {text[:20]}: only integers are allowed")


def _brief(value: object) -> str:
    if isinstance(value, int) and abs(value) >= TOP:
        return "an integer beyond 2^62"
    if isinstance(value, (list, dict)):
        return "an array" if isinstance(value, list) else "an object"
    return json.dumps(value)[:40]


def fields(value: object, where: str, required: str, optional: str = "") -> dict[str, object]:
    """Return `value` if it is an object with just these fields (named in one string).

    Raises
    ------
    Malformed
        It is no object, a required field is missing, or there is one field more.
    """
    if not isinstance(value, dict):
        raise Malformed(f"{where}: expected an object, got {_brief(value)}")
    needed = required.split()
    for key in needed:
        if key not in value:
            raise Malformed(f"{where}: the field {key!r} is missing")
    for key in value:
        if key not in needed and key not in optional.split():
            raise Malformed(f"{where}: unknown field {_brief(key)}")
    return value


def integer(value: object, where: str, low: int = 0, high: Optional[int] = TOP) -> int:
    """Return `value` if it is an integer (no boolean) in ``[low, high]``; else `Malformed`."""
    if type(value) is not int or value < low or (high is not None and value > high):
        allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise Malformed(f"{where}: expected an integer {allowed}, got {_brief(value)}")
    return value


def integers(value: object, where: str, low: int = 0, high: int = TOP) -> list[int]:
    """Return `value` if it is an array of integers in ``[low, high]``; else `Malformed`."""
    column: list[Any] = entries(value, where)
    # whole-array tests first: a million entries are seldom wrong
    if column and (set(map(type, column)) != {int} or min(column) < low or max(column) > high):
        for position, entry in enumerate(column):
            integer(entry, f"{where}[{position}]", low, high)
    return column


def entries(value: object, where: str) -> list[object]:
    """Return `value` if it is an array; else `Malformed`."""
    if not isinstance(value, list):
        raise Malformed(f"{where}: expected an array, got {_brief(value)}")
    return value


def pair(value: object, where: str) -> tuple[object, object]:
    """Return the two entries of an array of two; else `Malformed`."""
    both = entries(value, where)
    if len(both) != 2:
        raise Malformed(f"{where}: expected two entries, got {len(both)}")
    return both[0], both[1]


def text(value: object, where: str, *allowed: str) -> str:
    """Return `value` if it is one of the `allowed` strings (any, if none is given)."""
    if not isinstance(value, str) or (allowed and value not in allowed):
        known = " or ".join(map(repr, allowed)) or "a string"
        raise Malformed(f"{where}: expected {known}, got {_brief(value)}")
    return value


def rational(value: object, where: str, budget: Budget) -> Fraction:
    """Return the rational ``"p/q"``, non-negative and in lowest terms; else `Malformed`."""
    found = _RATIONAL.fullmatch(text(value, where))
    if not found:
        raise Malformed(f'{where}: expected "p/q" in digits, got {_brief(value)}')
    if max(map(len, found.groups())) > min(budget.limits.digits, PYTHON_DIGITS):
        raise OverLimit(f"{where}: more than {budget.limits.digits} digits")
    p, q = map(int, found.groups())
    if gcd(p, q) != 1:
        raise Malformed(f"{where}: {_brief(value)} is not in lowest terms")
    return Fraction(p, q)
