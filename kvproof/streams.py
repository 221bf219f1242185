"""Standard output, reserved for one JSON object where that is asked for; lines on standard error.

Light, for it is imported before any command is known.
"""

import json
import os
import shutil
import sys
import textwrap
from contextlib import suppress
from typing import Any, TextIO

_reserved: TextIO | None = None


def reserve_stdout() -> None:
    """Keep standard output for :func:`stdout` alone, for the rest of the process.

    Whatever else is printed, by Python or by a library that writes to the file descriptor, goes
    to standard error.
    """
    global _reserved
    sys.stdout.flush()
    _reserved = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = sys.stderr


def stdout() -> TextIO:
    """Return the stream that results go to."""
    return sys.stdout if _reserved is None else _reserved


def say_on_stderr(text: str) -> None:
    """Print a line on standard error; a terminal that is narrower shows it broken between words."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = textwrap.fill(
            text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    with suppress(OSError):  # full, say: the exit code tells what happened
        print(text, file=sys.stderr, flush=True)


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object, on one line."""
    print(json.dumps(data), file=stdout(), flush=True)


def abandon_stdout() -> None:
    """Keep the interpreter from failing to flush what can no longer be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout().fileno())
