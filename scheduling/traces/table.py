"""A trace file as a table of text: what every kind of file is read as."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# (line, cells): where the row stands in the file, and the text of the columns asked for.
Row = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """An opened file: its column names, and a way to walk its rows once.

    Parameters
    ----------
    columns
        All column names, in the file's order.
    rows
        Takes the columns wanted (two or more) and yields a :data:`Row` for each row.
    place
        What a row's position is called: a ``line`` of a text file, else a ``row``; from 1.
    """

    columns: tuple[str, ...]
    rows: Callable[[Sequence[str]], Iterator[Row]]
    place: str = "line"
