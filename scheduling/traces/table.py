"""A trace file as a table: of text, which every kind of file is read as, and by column."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kvproof.scheduling.traces.columns import Part

# (line, cells): where the row stands in the file, and the text of the columns asked for.
Row = tuple[int, tuple[str, ...]]


class Doubt(Exception):
    """Rows that are not read by column: those that may be wrong, or are not plain enough."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The columns of a table that are to be read.

    Parameters
    ----------
    columns
        The time, if `timed`, prompt, output, and predicted output, if `predicted`.
    timed, predicted
        Whether there are times, and predictions.
    """

    columns: tuple[str, ...]
    timed: bool
    predicted: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """An opened file: its column names, and two ways to walk its rows once.

    Parameters
    ----------
    columns
        All column names, in the file's order.
    rows
        Takes the columns wanted (two or more) and yields a :data:`Row` for each row.
    parts
        Reads the same by column, and fast: yields parts, or raises :class:`Doubt`, after which
        `rows` starts from the first row; None where a file can be read only once, or is short.
    place
        What a row's position is called: a ``line`` of a text file, else a ``row``; from 1.
    """

    columns: tuple[str, ...]
    rows: Callable[[Sequence[str]], Iterator[Row]]
    parts: Callable[[Wanted], Iterator[Part]] | None = None
    place: str = "line"
