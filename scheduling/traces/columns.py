"""The rows of trace files by column: parts as they are read, put together without rounding.

Columns are kept in the smallest type of integers that holds them; whoever computes with one takes
it as int64 first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.exact import Column, smallest
from kvproof.scheduling.sorting import stable_order
from kvproof.scheduling.traces.cells import DATE_TIME, DATE_TIME_WITH_OFFSET, NUMBER

#: Kinds of times, as kernels number them.
TIMES = ("", NUMBER, DATE_TIME, DATE_TIME_WITH_OFFSET)
#: Seconds from the calendar's beginning to that of 1970, from which the date-times of parts count.
EPOCH = 719_163 * 86_400

Integers = npt.NDArray[Any]
_POWERS = 10 ** np.arange(19, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some rows of a file, in its order.

    Parameters
    ----------
    kind
        Of the times: a number, a date-time, or one with an offset; "" where there are none.
    digits, decimals
        Times: ``digits / 10**decimals``, of date-times seconds from 1970 on. `digits` are int64, or
        Python integers in an array of objects.
    prompt, output, predicted
        Lengths in tokens; `predicted` None where none were asked for.
    runs
        Where rows stand in the file, in runs of consecutive lines (:func:`runs_of`).
    """

    kind: str
    digits: npt.NDArray[Any]
    decimals: npt.NDArray[np.uint8]
    prompt: Integers
    output: Integers
    predicted: Integers | None
    runs: "Runs"


#: Of each run of consecutive lines: its first row, counted from 0, and the line of that, from 1.
Runs = tuple[Column, Column]


def runs_of(lines: Column) -> Runs:
    """Return the runs of rows that stand in these lines."""
    begins = np.flatnonzero(np.diff(lines, prepend=-1) != 1)
    return begins, lines[begins]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where rows stand: in runs, within each of which rows and lines are consecutive.

    Parameters
    ----------
    files
        Names of the files; "" for one that a trace is named after.
    word
        What a position is called: ``line`` or ``row``.
    row, line
        Of each run: its first row (of all files together, from 0), ascending, and the line of that
        (from 1); shape (runs,).
    first
        The first row of each file, shape (files,).
    """

    files: tuple[str, ...]
    word: str
    row: Column
    line: Column
    first: Column

    def lines(self, rows: Column) -> Column:
        """Return the line of each row in its file."""
        run = np.searchsorted(self.row, rows, side="right") - 1
        return self.line[run] + (rows - self.row[run])

    def files_of(self, rows: Column) -> Column:
        """Return which file each row is of."""
        return np.searchsorted(self.first, rows, side="right") - 1

    def rows_in_files(self, rows: Integers) -> Integers:
        """Return which row of its file each row is, from 0; those of one file are returned."""
        if len(self.files) == 1:
            return rows
        wide = rows.astype(np.int64)
        return wide - self.first[self.files_of(wide)]

    def files_named(self, rows: Integers) -> npt.NDArray[np.object_] | None:
        """Return the name of each row's file; None where the trace is named after the only one."""
        if self.files == ("",):
            return None
        return np.array(self.files, dtype=object)[self.files_of(rows.astype(np.int64))]

    def named(self, row: int) -> str:
        """Say where a row stands, and in which file."""
        line = int(self.lines(np.array([row]))[0])
        file = self.files[int(self.files_of(np.array([row]))[0])]
        return f"{file}, {self.word} {line}" if file else f"{self.word} {line}"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Requests in order of time, packed: each column in the smallest type that holds it.

    Parameters
    ----------
    ticks
        Arrival times since the first, ascending; Python integers in an array of objects where they
        leave int64. None without times.
    row
        Which row of the file each is, or of all files together, from 0.
    prompt, output, predicted
        Lengths in tokens; `predicted` may be None.
    """

    ticks: npt.NDArray[Any] | None
    row: Integers
    prompt: Integers
    output: Integers
    predicted: Integers | None = None

    def __post_init__(self) -> None:
        for name in ("ticks", "row", "prompt", "output", "predicted"):
            column = getattr(self, name)
            if column is not None:
                packed = smallest(column)
                packed.flags.writeable = False
                object.__setattr__(self, name, packed)

    def __len__(self) -> int:
        return len(self.row)

    def taken(self, which: Column | slice) -> "Columns":
        """Return some of the requests, in order; their times count from the first of them."""
        ticks = None if self.ticks is None else self.ticks[which]
        if ticks is not None and len(ticks) and ticks[0]:
            ticks = ticks - ticks[0]
        return Columns(
            ticks=ticks, row=self.row[which], prompt=self.prompt[which],
            output=self.output[which],
            predicted=None if self.predicted is None else self.predicted[which],
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """All parts together.

    Parameters
    ----------
    kind
        What the times are, as of :class:`Part`.
    columns
        The requests whose output is not 0, in order of time.
    origin, tick
        The first time, in ticks from the calendar's beginning where times are dates; seconds, or
        units of the format's numbers, in a tick.
    failed
        Rows with an output of 0 tokens.
    resorted
        Whether the rows were out of order.
    places
        Where rows stand.
    """

    kind: str
    columns: Columns
    origin: int
    tick: Fraction
    failed: int
    resorted: bool
    places: Places


def gather(files: Sequence[tuple[str, list[Part]]], *, timed: bool, word: str) -> Gathered:
    """Put the parts of files together; what a part held is given back as it goes.

    Parameters
    ----------
    files
        Names of files, and what was read from each; the lists are emptied.
    timed
        Whether there are times.
    word
        What a position in a file is called.
    """
    places = _places(files, word)
    parts = [part for _, read in files for part in read]
    for _, read in files:
        read.clear()
    kind = parts[0].kind
    total = sum(len(part.output) for part in parts)
    kept = [_kept(part) for part in parts]
    pairs = list(zip(parts, kept, strict=True))
    row = _joined(_rows(pairs))
    prompt = _joined(smallest(part.prompt[some]) for part, some in pairs)
    output = _joined(smallest(part.output[some]) for part, some in pairs)
    predicted = None
    if parts[0].predicted is not None:
        told = (part.predicted[some] for part, some in pairs if part.predicted is not None)
        predicted = _joined(map(smallest, told))
    ticks: npt.NDArray[Any] | None = None
    finest = origin = 0
    resorted = False
    if timed:
        finest = max(int(part.decimals[some].max(initial=0)) for part, some in pairs)
        ticks = _joined(_scaled(part, some, finest) for part, some in pairs)
        del parts, kept, pairs
        resorted = bool((ticks[1:] < ticks[:-1]).any())
        if resorted:
            order = _order(ticks)
            ticks, row, prompt, output = ticks[order], row[order], prompt[order], output[order]
            predicted = None if predicted is None else predicted[order]
        if len(ticks):
            origin = int(ticks[0])
            wide = int(ticks[-1]) - origin >= 2**63
            ticks = ticks.astype(object) - origin if wide else (ticks - origin).astype(np.int64)
        origin += 0 if kind == NUMBER else EPOCH * 10**finest
    return Gathered(
        kind=kind,
        columns=Columns(ticks=ticks, row=row, prompt=prompt, output=output, predicted=predicted),
        origin=origin, tick=Fraction(1, 10**finest), failed=total - len(row), resorted=resorted,
        places=places,
    )  # fmt: skip


def _kept(part: Part) -> npt.NDArray[np.bool_] | slice:
    """Return which rows are requests; all of them without a copy."""
    kept = part.output > 0
    return slice(None) if kept.all() else kept


def _rows(pairs: Sequence[tuple[Part, npt.NDArray[np.bool_] | slice]]) -> Iterator[Integers]:
    begin = 0
    for part, some in pairs:
        end = begin + len(part.output)
        yield smallest(np.arange(begin, end)[some])
        begin = end


def _joined(columns: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    columns = list(columns)
    return np.concatenate(columns) if columns else np.zeros(0, np.int64)


def _scaled(part: Part, kept: npt.NDArray[np.bool_] | slice, finest: int) -> npt.NDArray[Any]:
    """Return the times of a part in units of 10^-finest, in Python integers where they must be."""
    digits = part.digits[kept]
    short = finest - part.decimals[kept].astype(np.int64)
    if not short.any():
        return digits
    if digits.dtype != object and int(short.max()) < len(_POWERS):
        factor = _POWERS[short]
        most = 2**62 // factor
        if ((digits <= most) & (digits >= -most)).all():  # of -2^63 there is no absolute value
            return digits * factor
    exact: npt.NDArray[np.object_] = np.array([10**p for p in short.tolist()], dtype=object)
    exact *= digits
    return exact


def _order(ticks: npt.NDArray[Any]) -> Column:
    """Return the stable order of times."""
    if ticks.dtype == object:
        return np.array(sorted(range(len(ticks)), key=ticks.__getitem__), dtype=np.int64)
    low = int(ticks.min())
    if int(ticks.max()) - low >= 2**63:
        return np.argsort(ticks, kind="stable")
    return stable_order(ticks - low)


def _places(files: Sequence[tuple[str, list[Part]]], word: str) -> Places:
    rows, lines, first = [], [], []
    begin = 0
    for _, parts in files:
        first.append(begin)
        follows = None  # the line after the part before, of the same file
        for part in parts:
            row, line = part.runs
            joined = int(len(line) > 0 and int(line[0]) == follows)
            rows.append(begin + row[joined:])
            lines.append(line[joined:])
            begin += len(part.output)
            if len(line):
                follows = int(line[-1]) + len(part.output) - int(row[-1])
    return Places(
        files=tuple(name for name, _ in files), word=word, row=_joined(rows), line=_joined(lines),
        first=np.array(first, dtype=np.int64),
    )  # fmt: skip
