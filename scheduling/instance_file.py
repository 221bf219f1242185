"""Instance files: JSON objects of the format ``kvproof-instance``."""

import gzip
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import CERTIFICATE, FORMAT, MAX_MEMORY, Instance
from kvproof.scheduling.words import counted

_GZIP = b"\x1f\x8b"
_COLUMN = re.compile(rb'"(?:arrival|prompt|output)"\s*:\s*\[')


def is_instance_file(path: Path) -> bool:
    """Whether the file, plain or gzip, is JSON that names the format of instances, or looks so.

    So are certificates, which are refused where an instance is read. A trace of JSON lines also
    starts with a brace, but names no format, nor has it columns. What can be read only once, a
    pipe, is left to the trace reader, as is a file that cannot be read.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            packed = file.peek(len(_GZIP)).startswith(_GZIP)
            head = (gzip.GzipFile(fileobj=file) if packed else file).read(100)
        if b"{" not in head:  # a trace, which may be long
            return False
        data = _contents(path)
    except (OSError, EOFError, zlib.error):
        return False
    return data[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and (
        any(f'"{name}"'.encode() in data for name in (FORMAT, CERTIFICATE))
        # without its format, which is asked for then
        or (b'"memory"' in data and _COLUMN.search(data) is not None)
    )


def _contents(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(_GZIP) else data


def read_instance(path: Path | str, *, memory: int | None = None) -> Instance:
    """Read an instance file; `memory` replaces the file's own.

    Raises
    ------
    InputError
        The file cannot be read, is not strict JSON, or is not a valid instance, or a request is
        too large for the memory.
    """
    return read_part(path, memory=memory)[0]


def read_part(
    path: Path | str,
    *,
    memory: int | None = None,
    limit: int | None = None,
    oversize: Literal["error", "drop"] = "error",
) -> tuple[Instance, Column, tuple[str, ...]]:
    """Read a part of an instance file; return it, its rows' places there, from 0, and notes.

    Parameters
    ----------
    path
        The file.
    memory
        Replaces the file's own memory.
    limit
        Keep the first so many requests in order of arrival; applied before `oversize`.
    oversize
        What to do with requests that are larger than the memory.

    Raises
    ------
    InputError
        The file cannot be read, is not strict JSON, or is not a valid instance; a request is
        too large, or none is left.
    """
    try:
        text = _contents(Path(path)).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
        if memory is None:
            instance = Instance.from_json(data)
        else:  # the file's own memory does not matter, so it cannot be too small either
            instance = Instance.from_json(data, memory=MAX_MEMORY)
        notes = []
        rows = np.arange(instance.rows)
        if limit is not None and limit < instance.requests:
            notes.append(f"requests beyond the limit, left out: {instance.requests - limit:,}")
            instance, rows = first_requests(instance, limit)
        if memory is not None:
            before = instance.requests
            instance, kept = fit(instance, memory, drop=oversize == "drop")
            rows = rows[kept]
            if before > instance.requests:
                dropped = before - instance.requests
                notes.append(f"requests larger than the memory, dropped: {dropped:,}")
        return instance, rows, tuple(notes)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}: not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, "
            f"column {error.colno}"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:  # digits or depth beyond Python's limits
        raise InputError(f"{path}: not an instance: a number or a nesting is too large") from error


def first_requests(instance: Instance, limit: int) -> tuple[Instance, Column]:
    """Return the first `limit` requests in order of arrival, and the rows that they are of."""
    order = np.argsort(instance.arrival, kind="stable")
    count = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
    before = np.cumsum(count[order]) - count[order]
    kept = order[before < limit]
    left = np.minimum(count[kept], limit - before[before < limit])
    ranks = np.argsort(kept)
    rows = kept[ranks]
    chosen = _rows(instance, rows, instance.memory)
    return (chosen if instance.count is None else replace(chosen, count=left[ranks])), rows


def fit(instance: Instance, memory: int, *, drop: bool) -> tuple[Instance, Column]:
    """Return the instance at another memory, and the rows that fit it.

    Raises
    ------
    InputError
        A request is larger than the memory and `drop` is False, or none is left.
    """
    peak = instance.prompt + instance.output
    large = np.flatnonzero(peak > memory)
    if len(large) and not drop:
        first = ", ".join(
            f"row {i}: {instance.prompt[i]:,} + {instance.output[i]:,}" for i in large[:3]
        )
        raise InputError(
            f"{len(large):,} of {counted(instance.rows, 'row')} "
            f"need{'s' if len(large) == 1 else ''} more than the memory of {memory:,} tokens "
            f"(prompt + output at {first}{', ...' if len(large) > 3 else ''}); "
            f"raise the memory to {instance.max_peak:,} or choose --oversize drop"
        )
    if len(large) == instance.rows:
        raise InputError(f"no request fits a memory of {memory:,}; take more")
    rows = np.flatnonzero(peak <= memory)
    return _rows(instance, rows, memory), rows


def _rows(instance: Instance, rows: Column, memory: int) -> Instance:
    return Instance(
        memory=memory,
        arrival=instance.arrival[rows],
        prompt=instance.prompt[rows],
        output=instance.output[rows],
        count=None if instance.count is None else instance.count[rows],
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise InputError(f"field {name!r} is given twice")
        data[name] = value
    return data


def _refuse(constant: str) -> None:
    raise InputError(f"{constant} is not a number that JSON has")
