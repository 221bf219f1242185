"""What the commands print: tables, JSON, progress, files."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduling.errors import InputError
from scheduling.exact import as_pq, decimal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def exact_and_decimal(name: str, value: Fraction, places: int, *, up: bool) -> dict[str, Any]:
    """Return ``{name: "p/q", name_decimal: ...}``, the decimal rounded to a side that is true."""
    return {name: as_pq(value), f"{name}_decimal": float(decimal(value, places, up=up))}


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object, on one line."""
    print(json.dumps(data))


def console() -> "Console":
    """Return a console on stdout; a file or pipe gets plain lines that are never cut short."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """Show progress on stderr where that is a terminal, and nothing where it is not."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield bar


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written there.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
