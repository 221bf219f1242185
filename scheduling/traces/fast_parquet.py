"""Parquet by column: integers and timestamps as they are, what else there is through its text.

A float becomes the shortest text that gives it back, as it does where rows are read one by one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.instance import MAX_MEMORY
from kvproof.scheduling.traces.cells import DATE_TIME, DATE_TIME_WITH_OFFSET, NUMBER
from kvproof.scheduling.traces.columns import TIMES, Part
from kvproof.scheduling.traces.table import Doubt, Wanted

#: Rows of a part.
BATCH = 1 << 18
#: Text of fewer rows is read row by row: loading kernels would take longer.
SHORT = 1 << 16

Bytes = npt.NDArray[np.uint8]
#: Where each cell of some text begins, and where the last one ends.
Ends = npt.NDArray[np.int32]

_DECIMALS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
#: Seconds from 1970 to the first year of the calendar, and to the end of its last.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


def parquet_parts(parquet: Any, wanted: Wanted) -> Iterator[Part]:
    """Read the rows of an opened Parquet file by column.

    Raises
    ------
    Doubt
        The plain reader is to read it.
    """
    import pyarrow as arrow

    done = 0
    kind = ""
    lengths = wanted.columns[1:] if wanted.timed else wanted.columns
    try:
        short = parquet.metadata.num_rows < SHORT
        for batch in parquet.iter_batches(batch_size=BATCH, columns=list(set(wanted.columns))):
            cells = [batch.column(name) for name in wanted.columns]
            if any(column.null_count for column in cells):
                raise Doubt
            digits, decimals = np.zeros(1, np.int64), np.zeros(1, np.uint8)
            if wanted.timed:
                found, digits, decimals = _times(cells.pop(0), kind, short=short)
                if kind not in ("", found):
                    raise Doubt
                kind = found
            counts = [
                _lengths(column, predicted=wanted.predicted and i == 2, short=short)
                for i, column in enumerate(cells)
            ]
            yield Part(
                kind=kind,
                digits=digits,
                decimals=decimals,
                prompt=counts[0],
                output=counts[1],
                predicted=counts[2] if len(lengths) > 2 else None,
                runs=(np.array([0]), np.array([done + 1])),
            )
            done += batch.num_rows
    except (arrow.ArrowException, OSError, UnicodeDecodeError):
        raise Doubt from None


def _times(
    cells: Any, kind: str, *, short: bool
) -> tuple[str, npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return the kind of times, their digits, and decimals."""
    import pyarrow as arrow

    if arrow.types.is_timestamp(cells.type):
        places = _DECIMALS[cells.type.unit]
        found = DATE_TIME if cells.type.tz is None else DATE_TIME_WITH_OFFSET
        digits = cells.cast(arrow.int64()).to_numpy().copy()
        low, high = digits.min(initial=0), digits.max(initial=0)
        if low < _FIRST * 10**places or high >= (_LAST + 1) * 10**places:
            raise Doubt
        return found, digits, np.full(len(digits), places, np.uint8)
    if arrow.types.is_signed_integer(cells.type):
        digits = cells.to_numpy().astype(np.int64)
        return NUMBER, digits, np.zeros(len(digits), np.uint8)
    return read_times(*_text(cells, short=short), kind)


def _lengths(cells: Any, *, predicted: bool, short: bool) -> npt.NDArray[Any]:
    """Return lengths in tokens, or predicted ones."""
    import pyarrow as arrow

    if arrow.types.is_integer(cells.type):
        given = cells.to_numpy()
        if given.min(initial=0) < 0 or given.max(initial=0) > MAX_MEMORY:
            raise Doubt
        counts: npt.NDArray[Any] = given.astype(np.int32)
        return np.maximum(counts, 1, out=counts) if predicted else counts
    return read_lengths(*_text(cells, short=short), predicted=predicted)


def read_times(
    text: Bytes, ends: Ends, kind: str
) -> tuple[str, npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Read times from their text; `kind` is that of times so far, or ""."""
    from kvproof.scheduling.traces.cell_kernels import times

    rows = len(ends) - 1
    digits, decimals = np.empty(rows, np.int64), np.empty(rows, np.uint8)
    number = times(text, ends, TIMES.index(kind), digits, decimals)
    if not number and rows:
        raise Doubt
    return TIMES[number], digits, decimals


def read_lengths(text: Bytes, ends: Ends, *, predicted: bool) -> npt.NDArray[Any]:
    """Read lengths, or predicted ones, from their text."""
    from kvproof.scheduling.traces.cell_kernels import lengths

    counts = np.empty(len(ends) - 1, np.int32)
    if not lengths(text, ends, predicted, counts):
        raise Doubt
    return counts


def _text(cells: Any, *, short: bool) -> tuple[Bytes, Ends]:
    """Return the text of all cells, one after the other, and where each begins and ends."""
    if short:
        raise Doubt
    written = as_text(cells)
    _, ends, text = written.buffers()
    begins = np.frombuffer(ends, np.int32)[written.offset : written.offset + len(written) + 1]
    bare = np.zeros(0, np.uint8) if text is None else np.frombuffer(text, np.uint8)
    return bare, begins


def as_text(cells: Any) -> Any:
    """Cast a column to text; a type whose text would hide its unit is refused."""
    import pyarrow as arrow

    if arrow.types.is_duration(cells.type):
        raise arrow.ArrowTypeError(f"{cells.type} is no point of time; store numbers instead")
    if arrow.types.is_timestamp(cells.type) and cells.type.tz is not None:
        cells = cells.cast(arrow.timestamp(cells.type.unit, "UTC"))  # needs no zone database
    return cells.cast(arrow.string())
