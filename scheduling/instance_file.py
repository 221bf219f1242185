"""Instance files: JSON objects of the format ``kvproof-instance``."""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scheduling.errors import InputError
from scheduling.exact import Column
from scheduling.instance import FORMAT, MAX_MEMORY, Instance


def is_instance_file(path: Path) -> bool:
    """Whether the file holds a JSON object that calls itself an instance.

    A trace of JSON lines also starts with a brace; only an instance names its format near the
    beginning or has no second object.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False  # the trace reader says what is wrong with the file
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and FORMAT.encode() in head


def read_instance(
    path: Path | str,
    *,
    memory: int | None = None,
    limit: int | None = None,
    oversize: Literal["error", "drop"] = "error",
) -> tuple[Instance, tuple[str, ...]]:
    """Read an instance file; return the instance and notes on what was left out of it.

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
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
        if memory is None:
            instance = Instance.from_json(data)
        else:  # the file's own memory does not matter, so it cannot be too small either
            instance = Instance.from_json(data, memory=MAX_MEMORY)
        notes = []
        if limit is not None and limit < instance.requests:
            notes.append(f"requests beyond the limit, left out: {instance.requests - limit:,}")
            instance = first_requests(instance, limit)
        if memory is not None:
            instance, dropped = fit(instance, memory, drop=oversize == "drop")
            if dropped:
                notes.append(f"requests larger than the memory, dropped: {dropped:,}")
        return instance, tuple(notes)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:  # digits or depth beyond Python's limits
        raise InputError(f"{path}: not an instance: a number or a nesting is too large") from error


def first_requests(instance: Instance, limit: int) -> Instance:
    """Return the first `limit` requests in order of arrival, or all if there are fewer."""
    requests = instance.expanded()
    first = np.sort(np.argsort(requests.arrival, kind="stable")[:limit])
    return _rows(requests, first, requests.memory)


def fit(instance: Instance, memory: int, *, drop: bool) -> tuple[Instance, int]:
    """Return the instance at another memory, and how many requests were too large and dropped.

    Raises
    ------
    InputError
        A request is larger than the memory and `drop` is False, or none is left.
    """
    peak = instance.prompt + instance.output
    large = np.flatnonzero(peak > memory)
    if len(large) and not drop:
        first = ", ".join(
            f"row {i}: {instance.prompt[i]} + {instance.output[i]}" for i in large[:3]
        )
        raise InputError(
            f"{len(large)} of {instance.rows} rows need more than the memory of {memory} tokens "
            f"(prompt + output at {first}{', ...' if len(large) > 3 else ''}); "
            f"raise --memory to {instance.max_peak} or choose --oversize drop"
        )
    if len(large) == instance.rows:
        raise InputError(f"no request fits the memory of {memory} tokens")
    kept = _rows(instance, np.flatnonzero(peak <= memory), memory)
    return kept, instance.requests - kept.requests


def _rows(instance: Instance, rows: Column, memory: int) -> Instance:
    return Instance(
        memory=memory,
        arrival=instance.arrival[rows],
        prompt=instance.prompt[rows],
        output=instance.output[rows],
        count=None if instance.count is None else instance.count[rows],
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"field {twice!r} is given twice")
    return data


def _refuse(constant: str) -> None:
    raise InputError(f"{constant} is not a number that JSON has")
