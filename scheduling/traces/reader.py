"""From a trace file to a :class:`Trace`."""

import os
from fractions import Fraction
from itertools import pairwise

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import (
    NUMBER,
    BadCell,
    parse_count,
    parse_prediction,
    parse_time,
    shown,
)
from kvproof.scheduling.traces.formats import TraceFormat, find_format
from kvproof.scheduling.traces.recognise import display_name, open_table
from kvproof.scheduling.traces.table import Table
from kvproof.scheduling.traces.trace import Trace


def read_trace(path: str | os.PathLike[str], *, predicted: str | None = None) -> Trace:
    """Read a trace, its kind of file and its format recognised from the content.

    Requests with an output of 0 tokens failed where the trace was recorded: they are dropped
    and counted. Rows that are out of order are sorted by time, stably. Equal rows are kept.

    `predicted` names a column of predicted output lengths to read along, numbers of at least 0,
    which are rounded, and taken as at least 1.

    Raises
    ------
    InputError
        The file cannot be read, is of no known kind or format, has no rows, or holds a cell
        that is not what its column asks for. The message names file, line and column.
    """
    where = display_name(path)
    with open_table(path) as table:
        kind = find_format(table.columns, where=where)
        timed = kind.time in table.columns
        wanted = kind.columns if timed else (kind.prompt, kind.output)
        if predicted is not None:
            if predicted not in table.columns:
                raise InputError(
                    f"{where}: there is no column {shown(predicted)}; the columns are "
                    f"{shown(', '.join(table.columns))}"
                )
            wanted = (*wanted, predicted)
        for column in wanted:
            if table.columns.count(column) > 1:
                raise InputError(f"{where}: column {shown(column)} is there twice")
        return _read(where, table, kind, wanted, timed=timed, predicted=predicted)


def _read(
    where: str,
    table: Table,
    kind: TraceFormat,
    wanted: tuple[str, ...],
    *,
    timed: bool,
    predicted: str | None,
) -> Trace:
    lines: list[int] = []
    rows: list[int] = []
    digits: list[int] = []
    decimals: list[int] = []
    first_kind: str | None = None  # the first row's, be it a failed one
    prompts: list[int] = []
    outputs: list[int] = []
    predictions: list[int] = []
    lengths = 1 if timed else 0  # where the prompt stands among the cells
    failed = 0
    for row, (line, cells) in enumerate(table.rows(wanted)):
        column = wanted[0]
        try:
            if timed:
                time = parse_time(cells[0])
                first_kind = first_kind or time.kind
                if time.kind != first_kind:
                    raise BadCell(f"a {time.kind} among times that each are a {first_kind}")
            column = kind.prompt
            prompt = parse_count(cells[lengths])
            column = kind.output
            output = parse_count(cells[lengths + 1])
            if predicted is not None:
                column = predicted
                predictions.append(parse_prediction(cells[-1]))
        except BadCell as error:
            raise InputError(
                f"{where}: {table.place} {line}, column {shown(column)}: {error}"
            ) from None
        if output == 0:
            failed += 1
            del predictions[len(lines) :]
            continue
        if timed:
            digits.append(time.digits)
            decimals.append(time.decimals)
        lines.append(line)
        rows.append(row)
        prompts.append(prompt)
        outputs.append(output)
    if not lines and not failed:
        raise InputError(f"{where}: no rows after the column names")

    order = np.arange(len(lines))
    finest = max(decimals, default=0)
    ticks = [d * 10 ** (finest - p) for d, p in zip(digits, decimals, strict=True)]
    resorted = any(later < earlier for earlier, later in pairwise(ticks))
    if resorted:
        order = np.array(sorted(range(len(ticks)), key=ticks.__getitem__))
        ticks.sort()
    unit = kind.unit if first_kind == NUMBER else 1  # a date-time is in seconds
    return Trace(
        source=where,
        format=kind,
        ticks=tuple(ticks) if timed else None,
        tick=Fraction(unit, 10**finest),
        line=np.array(lines, dtype=np.int64)[order],
        row=np.array(rows, dtype=np.int64)[order],
        prompt=np.array(prompts, dtype=np.int64)[order],
        output=np.array(outputs, dtype=np.int64)[order],
        failed=failed,
        resorted=resorted,
        place=table.place,
        predicted=None if predicted is None else np.array(predictions, dtype=np.int64)[order],
    )
