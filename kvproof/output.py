"""What the commands print: tables, JSON, progress, files."""

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import as_pq, decimal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def exact_and_decimal(name: str, value: Fraction, places: int, *, up: bool) -> dict[str, Any]:
    """Return ``{name: "p/q", name_decimal: ...}``, the decimal rounded to a side that is true."""
    shown = float(decimal(value, places, up=up))
    while Fraction(shown) < value if up else Fraction(shown) > value:
        # a large number's nearest float may lie on the wrong side
        shown = math.nextafter(shown, math.inf if up else -math.inf)
    return {name: as_pq(value), f"{name}_decimal": shown}


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object, on one line."""
    print(json.dumps(data))


def console() -> "Console":
    """Return a console on stdout; a file or pipe gets plain lines that are never cut short."""
    from rich.console import Console

    class PlainConsole(Console):
        """Shows text as it is: a file's name may look like markup."""

        def on_broken_pipe(self) -> None:
            raise  # Rich would end the process with exit code 1, which means something here

    width = None if sys.stdout.isatty() else 200
    return PlainConsole(width=width, highlight=False, markup=False, emoji=False)


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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield bar


def check_target(path: str, *inputs: str) -> None:
    """Raise before any work is done if an output cannot be meant, or cannot be written there.

    Raises
    ------
    InputError
        The name is empty, a folder, in a folder that does not exist, or that of an input.
    """
    target = Path(path)
    if not path or target.is_dir() or not target.parent.is_dir():
        raise InputError(f"{path!r} cannot be written: name a file in a folder that exists")
    for other in inputs:
        if Path(other).resolve() == target.resolve():
            raise InputError(f"{path} would replace {other}: name another file")


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all; a link is followed, a device or pipe written to.

    Raises
    ------
    InputError
        The file cannot be written there.
    """
    try:
        if Path(path).exists() and not Path(path).is_file():
            Path(path).write_bytes(data)
            return
        target = Path(path).resolve()
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
