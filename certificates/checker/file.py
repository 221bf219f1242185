"""Strict reading of a file: bytes to JSON within limits, no float and no duplicated key in it."""

import json
import os
import re
import zlib
from pathlib import Path
from select import select
from stat import S_ISREG
from typing import NoReturn, Union

from .core.reader import PYTHON_DIGITS, brief
from .core.verdict import Malformed, OverLimit
from .limits import MEBI, Meter

PIECE = 2**16  # bytes that are unzipped at a time

#: A file, an open one, or the bytes of one.
Source = Union[Path, int, bytes]

_MARKS = re.compile(rb'"[^"]*"?|[][{}]')


def load(source: Source, budget: Meter) -> object:
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


def _read(source: Union[Path, int], budget: Meter) -> bytes:
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
        why = getattr(error, "strerror", None) or type(error).__name__
        raise Malformed(f"cannot read {name}: {why}") from None
    return b"".join(parts)


def _wait(handle: int, budget: Meter) -> None:
    """Wait until there is something to read, or its end; only pipes and terminals keep waiting."""
    budget.check()
    if os.name == "posix" and not S_ISREG(os.fstat(handle).st_mode):
        while not select([handle], [], [], 1)[0]:
            budget.check()


def _unzipped(stored: bytes, budget: Meter) -> bytes:
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


def _weigh(data: bytes, budget: Meter) -> None:
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


def _parsed_json(data: bytes, budget: Meter) -> object:
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
                raise Malformed(f"duplicated key {brief(key)}")
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
