"""SQLite files of runs: a full disk or a damaged file is no internal error."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

from kvproof.scheduling.errors import InputError

#: What SQLite raises: also where its own words quote damaged bytes, which are no text.
FAULTS = (sqlite3.Error, UnicodeDecodeError)
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
    faults: tuple[type[Exception], ...] = (*FAULTS, *others)
    try:
        yield
    except faults as error:
        raise InputError(f"{path}: not usable: {error}") from error
