"""A trace file as a table of text, its kind recognised from how it begins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.parquet import parquet_table
from kvproof.scheduling.traces.table import Table
from kvproof.scheduling.traces.text import csv_table, jsonl_table


def display_name(path: str | os.PathLike[str]) -> str:
    """Return the path for a message, on one line and printable whatever it holds."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


@contextmanager
def open_table(path: str | os.PathLike[str]) -> Iterator[Table]:
    """Open a file as a table, its kind recognised from how it begins.

    Raises
    ------
    InputError
        The file cannot be read, or is of no kind that holds a trace.
    """
    with open_file(path) as file:
        yield recognise(display_name(path), file)


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a file to be read, once: what a pipe has given is not given again.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    where = display_name(path)
    try:
        with open(path, "rb") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{where}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{where}: is a directory; name one trace file in it") from None
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror or error}") from None


# How files begin that are mistaken for traces, and what to do about it.
_STRANGERS = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the trace; fetch it: git lfs pull"),
    (b"\x1f\x8b", "is compressed (gzip); decompress it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd); decompress it first"),
    (b"BZh", "is compressed (bzip2); decompress it first"),
    (b"\xfd7zXZ\0", "is compressed (xz); decompress it first"),
    (b"PK\x03\x04", "is a zip archive; extract the trace first"),
    (b"[", "is a JSON array; write one object per line"),
)


def recognise(where: str, file: BufferedReader) -> Table:
    """Return an open file as a table, its kind recognised from how it begins.

    Raises
    ------
    InputError
        It is empty, or of no kind that holds a trace.
    """
    start = file.peek()[:64]
    if not start:
        raise InputError(f"{where}: the file is empty")
    if start.startswith(b"PAR1"):
        return parquet_table(where, file)

    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, complaint in _STRANGERS:
        if start.startswith(magic):
            raise InputError(f"{where}: {complaint}")
    return (jsonl_table if start.startswith(b"{") else csv_table)(where, file)
