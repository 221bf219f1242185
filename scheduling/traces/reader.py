"""From a trace file to a :class:`Trace`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.arguments import of_type
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import (
    DATE_TIME,
    DATE_TIME_WITH_OFFSET,
    NUMBER,
    BadCell,
    Time,
    listed,
    parse_count,
    parse_prediction,
    parse_time,
    shown,
)
from kvproof.scheduling.traces.columns import EPOCH, Part, gather, runs_of
from kvproof.scheduling.traces.files import trace_files
from kvproof.scheduling.traces.formats import TraceFormat, find_format
from kvproof.scheduling.traces.recognise import display_name, open_table
from kvproof.scheduling.traces.table import Doubt, Table, Wanted
from kvproof.scheduling.traces.trace import Trace

#: Rows of a part that is read row by row.
_BATCH = 1 << 16


def read_trace(path: str | os.PathLike[str], *, predicted: str | None = None) -> Trace:
    """Read a trace, its kind of file and its format recognised from the content.

    `path` names a file, a folder, or files by a pattern such as ``days/*.parquet``; several are
    read in order of their names, as one trace.

    Requests with an output of 0 tokens failed where the trace was recorded: they are dropped
    and counted. Rows that are out of order are sorted by time, stably. Equal rows are kept.

    `predicted` names a column of predicted output lengths to read along, numbers of at least 0,
    which are rounded, and taken as at least 1.

    Raises
    ------
    InputError
        `path` is no name, or the file cannot be read, is of no known kind or format, has no rows,
        or holds a cell that is not what its column asks for. The message names file, line and
        column. Of several files, they are of different formats.
    """
    of_type((str, os.PathLike), path, "a file's name")
    source = display_name(path)
    files = trace_files(path)
    read = [_read(file, predicted) for file in files]
    first = read[0]
    for other in read[1:]:
        for one, another in ((first.words, other.words), (first.times, other.times)):
            if one != another:
                raise InputError(
                    f"{source}: {first.where} holds {one}, and {other.where} {another}; "
                    "files that are read as one trace must be alike"
                )
    alone = files == [Path(path)]  # then its rows need not be told from those of other files
    named = [
        ("" if alone else display_name(f.name), r.parts) for f, r in zip(files, read, strict=True)
    ]
    gathered = gather(named, timed=first.timed, word=first.place)
    return Trace(
        source=source,
        format=first.format,
        columns=gathered.columns,
        origin=gathered.origin,
        # dates are in seconds
        tick=gathered.tick * (first.format.unit if gathered.kind == NUMBER else 1),
        places=gathered.places,
        failed=gathered.failed,
        resorted=gathered.resorted,
    )


@dataclass(frozen=True, kw_only=True)
class _File:
    """What was read from one file."""

    where: str
    format: TraceFormat
    timed: bool
    place: str
    parts: list[Part]

    @property
    def words(self) -> str:
        """Say what its columns and rows are."""
        return (
            f"a trace ({self.format.name}{'' if self.timed else ', without times'}) by {self.place}"
        )

    @property
    def times(self) -> str:
        """Say what its times are."""
        return f"times that each are a {self.parts[0].kind}" if self.timed else "no times"


def _read(path: Path, predicted: str | None) -> _File:
    where = display_name(path)
    with open_table(path) as table:
        kind = find_format(table.columns, where=where)
        wanted = _wanted(where, table, kind, predicted)
        parts = _by_column(table, wanted)
        if parts is None:
            parts = list(_by_row(where, table, wanted))
    if not parts:
        raise InputError(f"{where}: no rows after the column names")
    return _File(where=where, format=kind, timed=wanted.timed, place=table.place, parts=parts)


def _wanted(where: str, table: Table, kind: TraceFormat, predicted: str | None) -> Wanted:
    timed = kind.time in table.columns
    wanted = kind.columns if timed else (kind.prompt, kind.output)
    if predicted is not None:
        if predicted not in table.columns:
            raise InputError(
                f"{where}: there is no column {shown(predicted)}; the columns are "
                f"{listed(table.columns)}"
            )
        wanted = (*wanted, predicted)
    for column in wanted:
        if table.columns.count(column) > 1:
            raise InputError(f"{where}: column {shown(column)} is there twice")
    return Wanted(columns=wanted, timed=timed, predicted=predicted is not None)


def _by_column(table: Table, wanted: Wanted) -> list[Part] | None:
    """Read a table by column; None where that is not to be had."""
    if table.parts is None:
        return None
    try:
        return [part for part in table.parts(wanted) if len(part.output)] or None
    except Doubt:
        return None


def _by_row(where: str, table: Table, wanted: Wanted) -> Iterator[Part]:
    """Read a table row by row: the plain way, which names the cell that is wrong."""
    requests = _requests(where, table, wanted)
    while some := list(islice(requests, _BATCH)):
        lines, times, *lengths = zip(*some, strict=True)
        kind = times[0].kind
        since = EPOCH if kind in (DATE_TIME, DATE_TIME_WITH_OFFSET) else 0
        digits = [time.digits - since * 10**time.decimals for time in times]
        prompt, output, *predicted = (np.array(column) for column in lengths)
        yield Part(
            kind=kind,
            digits=_integers(digits),
            decimals=np.array([time.decimals for time in times], dtype=np.uint8),
            prompt=prompt,
            output=output,
            predicted=predicted[0] if predicted else None,
            runs=runs_of(np.array(lines)),
        )


def _requests(where: str, table: Table, wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    """Yield (line, time, prompt, output) of each row, and the predicted output if it is wanted."""
    first = None  # the kind of the first row's time, be it of a failed one
    time = Time("", 0, 0)
    at = 1 if wanted.timed else 0  # where the prompt stands among the cells
    for line, cells in table.rows(wanted.columns):
        column = wanted.columns[0]
        try:
            if wanted.timed:
                time = parse_time(cells[0])
                first = first or time.kind
                if time.kind != first:
                    raise BadCell(f"a {time.kind} among times that each are a {first}")
            column = wanted.columns[at]
            prompt = parse_count(cells[at])
            column = wanted.columns[at + 1]
            output = parse_count(cells[at + 1])
            if wanted.predicted:
                column = wanted.columns[-1]
                yield line, time, prompt, output, parse_prediction(cells[-1])
            else:
                yield line, time, prompt, output
        except BadCell as error:
            raise InputError(
                f"{where}: {table.place} {line}, column {shown(column)}: {error}"
            ) from None


def _integers(values: list[int]) -> npt.NDArray[Any]:
    """Return the values in int64, or as they are where they leave it."""
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)
