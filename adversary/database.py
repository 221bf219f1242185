"""SQLite files of runs: a full disk or a damaged file is no internal error."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

from kvproof.scheduling.errors import InputError

#: What reading a value raises that was not written here.
MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, EOFError, BadZipFile)


@contextmanager
def usable(path: Path, *others: type[Exception]) -> Iterator[None]:
    """Say in a line that a file cannot be used where SQLite says so, or one of `others` is raised.

    Raises
    ------
    InputError
        It is raised.
    """
    faults: tuple[type[Exception], ...] = (sqlite3.Error, *others)
    try:
        yield
    except faults as error:
        raise InputError(f"{path}: not usable: {error}") from error
