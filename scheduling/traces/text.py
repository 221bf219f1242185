"""Tables in text files: CSV and JSON lines, UTF-8, read line by line."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from io import BufferedReader
from itertools import chain
from operator import itemgetter
from typing import Any

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import shown
from kvproof.scheduling.traces.fast_text import csv_parts, jsonl_parts, position
from kvproof.scheduling.traces.table import Row, Table

# Far above any row of a trace; a file without line ends must not fill the memory.
MAX_LINE = 1 << 24


def csv_table(where: str, file: BufferedReader) -> Table:
    """Open a CSV file (commas, double quotes, a header) as a table."""
    records = _records(where, file)
    header = next(records, None)
    if header is None:
        raise InputError(f"{where}: no header row; the file holds blank lines only")
    columns = tuple(name.strip() for name in header[1])
    begin = position(file)

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        pick = itemgetter(*map(columns.index, wanted))
        for line, cells in records:
            if len(cells) < len(columns):
                what = f"missing, the row is cut off ({len(cells)} of {len(columns)} cells)"
                column = shown(columns[len(cells)])
                raise InputError(f"{where}: line {line}, column {column}: {what}")
            if len(cells) > len(columns):
                what = f"more cells ({len(cells)}) than columns ({len(columns)})"
                raise InputError(f"{where}: line {line}: {what}")
            yield line, pick(cells)

    parts = None if begin is None else partial(csv_parts, file, begin, columns)
    return Table(columns=columns, rows=rows, parts=parts)


def jsonl_table(where: str, file: BufferedReader) -> Table:
    """Open a file of one JSON object per line as a table; the first object names the columns."""
    begin = position(file)
    objects = _objects(where, file)
    first = next(objects)  # there is one: the file was recognised by its brace
    columns = tuple(first[1])

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        for line, record in chain([first], objects):
            try:
                cells = tuple(record[column] for column in wanted)
            except KeyError as error:
                column = shown(error.args[0])
                raise InputError(f"{where}: line {line}, column {column}: missing") from None
            yield line, tuple(c if isinstance(c, str) else _no_value(c) for c in cells)

    parts = None if begin is None else partial(jsonl_parts, file, begin, columns)
    return Table(columns=columns, rows=rows, parts=parts)


def _records(where: str, file: BufferedReader) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which it starts, cells) of each CSV record, skipping blank lines."""
    reader = csv.reader((text for _, text in _lines(where, file)), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        what = f"malformed CSV: {error}"
        if str(error).startswith("new-line"):  # of another system, long ago
            what = "a CR stands alone; save the file with lines that end in LF or CR LF"
        raise InputError(f"{where}: line {line}: {what}") from None


def _objects(where: str, file: BufferedReader) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, object) of each line that is not blank; numbers stay the text they are."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=str
    )
    for line, text in _lines(where, file):
        text = text.strip()
        if not text:
            continue
        try:
            record = decoder.decode(text)
        except json.JSONDecodeError as error:
            what = f"broken JSON at character {error.colno}: {error.msg}; one object per line"
            raise InputError(f"{where}: line {line}: {what}") from None
        except KeyError as error:
            column = shown(error.args[0])
            raise InputError(f"{where}: line {line}, column {column}: given twice") from None
        except RecursionError:
            raise InputError(f"{where}: line {line}: JSON nested too deeply") from None
        if not isinstance(record, dict):
            raise InputError(f"{where}: line {line}: expected a JSON object, got {shown(text)}")
        yield line, record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, refusing a repeated key: which of the values is meant is not known."""
    record = dict(pairs)
    if len(record) < len(pairs):
        raise KeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return record


def _no_value(cell: object) -> str:
    """Write what is neither text nor number, in short: it only ever goes into a message."""
    if isinstance(cell, list | dict):
        return "[...]" if isinstance(cell, list) else "{...}"
    return json.dumps(cell)


def _lines(where: str, file: BufferedReader) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of each line, its end kept, a byte-order mark removed."""
    line = 0
    while raw := file.readline(MAX_LINE):
        line += 1
        if len(raw) == MAX_LINE:
            raise InputError(
                f"{where}: line {line}: longer than {MAX_LINE:,} bytes; lines end in LF or CR LF"
            )
        if b"\0" in raw:
            raise InputError(
                f"{where}: line {line}: holds a NUL byte; a text trace must be saved as UTF-8"
            )
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{where}: line {line}: byte {error.start + 1} is not UTF-8; save it as UTF-8"
            ) from None
        yield line, text.removeprefix("\ufeff") if line == 1 else text
