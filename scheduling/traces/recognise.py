"""A trace file as a table of text, its kind recognised from how it begins."""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from io import BufferedReader
from typing import Any

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import CERTIFICATE
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


_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
#: How a tar archive names its kind, and after how many bytes.
_TAR, _TAR_AT = b"ustar", 257


class _Unpacked(GzipFile):
    """What a gzip file holds, unpacked as it is read; that of a pipe is read once."""

    def seekable(self) -> bool:
        """Whether there is a way back, be it by unpacking again."""
        packed: Any = self.fileobj
        return bool(packed.seekable())


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a file to be read, once: what a pipe has given is not given again.

    Gzip is told by its first bytes, and unpacked as it is read.

    Raises
    ------
    InputError
        The file cannot be read, or is damaged gzip, or Parquet in gzip.
    """
    where = display_name(path)
    try:
        with open(path, "rb") as file:
            if not file.peek(len(_GZIP)).startswith(_GZIP):
                yield file
                return
            packed: Any = _Unpacked(fileobj=file)
            with BufferedReader(packed) as unpacked:
                if unpacked.peek(len(_PARQUET)).startswith(_PARQUET):
                    raise InputError(f"{where}: is Parquet in gzip; decompress it first")
                yield unpacked
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{where}: is damaged gzip ({error}); fetch or make it again") from None
    except FileNotFoundError:
        raise InputError(f"{where}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{where}: is a directory; name one trace file in it") from None
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror or error}") from None


_CERTIFICATE = re.compile(rb'\{\s*"format"\s*:\s*"%b"' % CERTIFICATE.encode())

# How files begin that are mistaken for traces, and what to do about it.
_STRANGERS = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the trace; fetch it: git lfs pull"),
    (_GZIP, "is compressed (gzip) twice; decompress it first"),
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
    start = file.peek()[: _TAR_AT + len(_TAR)]
    if not start:
        raise InputError(f"{where}: the file is empty")
    if start.startswith(_TAR, _TAR_AT):
        raise InputError(f"{where}: is a tar archive; extract the trace first")
    if start.startswith(_PARQUET):
        return parquet_table(where, file)

    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _CERTIFICATE.match(start):
        raise InputError(f"{where}: is a certificate, and no trace; use kvproof check")
    for magic, complaint in _STRANGERS:
        if start.startswith(magic):
            raise InputError(f"{where}: {complaint}")
    return (jsonl_table if start.startswith(b"{") else csv_table)(where, file)
