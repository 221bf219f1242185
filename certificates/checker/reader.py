"""Strict reading: bytes to JSON within limits, and typed access to its fields.

Whatever the format does not name is refused here, so that no claim module meets a value of a
wrong type, a float, a duplicated key or an unknown field.
"""

import json
import os
import re
import zlib
from fractions import Fraction
from math import gcd
from pathlib import Path
from select import select
from stat import S_ISREG
from typing import Any, NoReturn, Optional, Union

from .limits import MEBI, Budget
from .verdict import Malformed, OverLimit

PYTHON_DIGITS = 4_300  # beyond, Python refuses to turn text into an integer
TOP = 2**62  # no step, count or length of the format reaches this
PIECE = 2**16  # bytes that are unzipped at a time

#: A file, an open one, or the bytes of one.
Source = Union[Path, int, bytes]

_MARKS = re.compile(rb'"[^"]*"?|[][{}]')
_RATIONAL = re.compile(r"(0|[1-9][0-9]*)/([1-9][0-9]*)")


def load(source: Source, budget: Budget) -> object:
    """Return the JSON value of a file, or of its bytes, gzipped or plain.

    Raises
    ------
    Malformed
        It cannot be read, is not gzip or JSON to the last byte, or steps outside the subset:
        ASCII, no backslash, no float, no duplicated key.
    OverLimit
        It is larger, deeper or has longer integers than `limits` allow, takes more memory, or
        there is no end of it when the time is up.
    """
    stored = source if isinstance(source, bytes) else _read(source, budget)
    if len(stored) > budget.limits.file_bytes:
        raise OverLimit(f"more than {budget.limits.file_bytes:,} bytes")
    budget.stored(len(stored))
    data = _unzipped(stored, budget) if stored[:2] == b"\x1f\x8b" else stored
    del stored
    if b"\\" in data:  # no string of the format needs one, so every key has one spelling
        raise Malformed("a backslash: the format's strings have no escapes")
    if not data.isascii():
        raise Malformed(f"byte {_first_beyond_ascii(data)} is not ASCII")
    copies = 2 * len(data)  # these bytes, and the text made of them
    budget.take(copies)
    _weigh(data, budget)
    value = _parsed_json(data, budget)
    budget.give(copies)
    budget.check()
    return value


def _read(source: Union[Path, int], budget: Budget) -> bytes:
    """Return the bytes of a file, one more than allowed at most; `source` may be an open one.

    A pipe is waited for until the time is up, be it that nobody opens its other end.
    """
    nonblocking = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    parts, size = [], 0
    try:
        handle = source if isinstance(source, int) else os.open(source, os.O_RDONLY | nonblocking)
        try:
            while size <= budget.limits.file_bytes:
                _wait(handle, budget)
                try:
                    part = os.read(handle, MEBI)
                except BlockingIOError:
                    continue
                if not part:
                    break
                parts.append(part)
                size += len(part)
        finally:
            if handle is not source:
                os.close(handle)
    except (OSError, ValueError) as error:
        name = "standard input" if isinstance(source, int) else ascii(str(source))
        raise Malformed(f"cannot read {name}: {type(error).__name__}") from None
    return b"".join(parts)


def _wait(handle: int, budget: Budget) -> None:
    """Wait until there is something to read, or its end; only pipes and terminals keep waiting."""
    budget.check()
    if os.name == "posix" and not S_ISREG(os.fstat(handle).st_mode):
        while not select([handle], [], [], 1)[0]:
            budget.check()


def _unzipped(stored: bytes, budget: Budget) -> bytes:
    """Return what one gzip member holds, unless it is more than allowed: a bomb stays small."""
    unzip = zlib.decompressobj(wbits=31)
    parts, size = [], 0
    try:
        for begin in range(0, len(stored), PIECE):
            piece = stored[begin : begin + PIECE]
            while piece and not unzip.eof:
                budget.check()
                parts.append(unzip.decompress(piece, MEBI))
                size += len(parts[-1])
                if size > budget.limits.file_bytes:
                    raise OverLimit(f"more than {budget.limits.file_bytes:,} bytes")
                piece = unzip.unconsumed_tail
            if unzip.eof:
                after = len(unzip.unused_data) + max(0, len(stored) - begin - PIECE)
                if after:
                    raise Malformed(f"{after} bytes after the end of the gzip member")
    except zlib.error as error:
        raise Malformed(f"not gzip: {error}") from None
    if not unzip.eof:
        raise Malformed("truncated gzip")
    return b"".join(parts)


def _first_beyond_ascii(data: bytes) -> int:
    try:
        data.decode("ascii")
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def _weigh(data: bytes, budget: Budget) -> None:
    """Bound depth and memory before anything is parsed."""
    limits = budget.limits
    values, lists, objects = data.count(b","), data.count(b"["), data.count(b"{")
    if values >= limits.values:
        raise OverLimit(f"more than {limits.values:,} values")
    # of CPython: a number and its place, a list, a dictionary, a key with its place, a string
    budget.take(41 * values + 120 * lists + 250 * objects)
    budget.take(200 * data.count(b":") + 30 * data.count(b'"') + len(data))
    depth = opened = 0
    for mark in _MARKS.finditer(data.translate(None, b"0123456789, \t\r\n")):
        budget.tick()
        kind = mark.string[mark.start()]
        if kind in b"[{":
            depth += 1
            opened += 1
            if depth > limits.depth:
                raise OverLimit(f"nesting deeper than {limits.depth}")
            if opened > limits.containers:
                raise OverLimit(f"more than {limits.containers:,} arrays and objects")
        elif kind in b"]}":
            depth -= 1
            if depth < 0:
                raise Malformed("not JSON: a bracket closes what none has opened")


def _parsed_json(data: bytes, budget: Budget) -> object:
    longest = min(budget.limits.digits, PYTHON_DIGITS)

    def parsed_integer(text: str) -> int:
        budget.tick()
        if len(text) > longest:
            raise OverLimit(f"an integer of {len(text)} digits is over the limit")
        if text == "-0":
            raise Malformed("the integer -0")
        return int(text)

    def parsed_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        budget.tick(1 + len(pairs))
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise Malformed(f"duplicated key {_brief(key)}")
            found[key] = value
        return found

    try:
        value: object = json.loads(
            data.decode("ascii"),
            object_pairs_hook=parsed_object,
            parse_int=parsed_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from None
    return value


def _no_float(text: str) -> NoReturn:
    raise Malformed(f"the number {text[:20]}: only integers are allowed")


def _brief(value: object) -> str:
    if isinstance(value, int) and abs(value) >= TOP:
        return "an integer beyond 2^62"
    if isinstance(value, (list, dict)):
        return "an array" if isinstance(value, list) else "an object"
    if isinstance(value, str):
        value = value[:40]
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
