"""Standard output, reserved for one JSON object where that is asked for; lines on standard error.

Light, for it is imported before any command is known.
"""

import json
import os
import shutil
import sys
import textwrap
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, Self, TextIO

#: What an error of standard output has in place of a file's name.
STDOUT = "standard output"

_reserved: TextIO | None = None


class Results(TextIOWrapper):
    """Standard output whose errors name it, as those of a file name that."""

    @classmethod
    def of(cls, stream: TextIOWrapper) -> Self:
        """Return what writes as `stream` does; a dash that it has no code for loses no table."""
        return cls(
            stream.buffer,
            encoding=stream.encoding,
            errors="replace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    def write(self, text: str) -> int:
        """Write a text, as every stream does."""
        try:
            return super().write(text)
        except OSError as error:
            error.filename = STDOUT
            raise

    def flush(self) -> None:
        """Let go of what was written."""
        try:
            super().flush()
        except OSError as error:
            error.filename = STDOUT
            raise


def reserve_stdout() -> None:
    """Keep standard output for :func:`stdout` alone, for the rest of the process.

    Whatever else is printed, by Python or by a library that writes to the file descriptor, goes
    to standard error.
    """
    global _reserved
    sys.stdout.flush()
    _reserved = Results(os.fdopen(os.dup(sys.stdout.fileno()), "wb"), encoding="utf-8")
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
