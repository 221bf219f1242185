"""CSV and JSON lines by column: blocks of whole lines through the kernels.

A block is looked at as a whole for what the kernels take for granted: no NUL, valid UTF-8.
"""

from collections.abc import Callable, Iterator
from functools import partial
from io import BufferedReader
from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.traces.columns import TIMES, Part, runs_of
from kvproof.scheduling.traces.table import Doubt, Wanted

#: Bytes of a block; a line that is longer is left to the plain reader.
BLOCK = 1 << 23
#: Files of fewer bytes are read row by row: that takes a second, and loading kernels half of one.
SHORT = 1 << 22

Bytes = npt.NDArray[np.uint8]
_MARK = b"\xef\xbb\xbf"


def position(file: BufferedReader) -> int | None:
    """Return where a file is read, to come back to; None for one that is short or has no places."""
    if not file.seekable():
        return None
    here = file.tell()
    file.seek(max(SHORT - 1, 0))  # not to the end: of gzip, all would be unpacked for that
    is_long = not SHORT or file.read(1)
    file.seek(here)
    return here if is_long else None


def csv_parts(
    file: BufferedReader, begin: int, columns: tuple[str, ...], wanted: Wanted
) -> Iterator[Part]:
    """Read the rows of a CSV file after its header, which ends at `begin`, by column.

    Raises
    ------
    Doubt
        The plain reader is to read it; the file is at `begin` again.
    """
    from kvproof.scheduling.traces.row_kernels import csv_rows

    places = np.array([columns.index(name) for name in wanted.columns])
    run = partial(_run, csv_rows, (places, len(columns)), wanted)
    return _parts(file, begin, run)


def jsonl_parts(
    file: BufferedReader, begin: int, columns: tuple[str, ...], wanted: Wanted
) -> Iterator[Part]:
    """Read a file of JSON lines, the first of which has these columns, by column.

    Raises
    ------
    Doubt
        The plain reader is to read it; the file is where it was.
    """
    from kvproof.scheduling.traces.row_kernels import json_rows

    places = np.array([columns.index(name) for name in wanted.columns])
    try:
        names = [name.encode() for name in columns]
    except UnicodeEncodeError:  # a lone surrogate, written as an escape
        raise Doubt from None
    ends = np.cumsum([len(name) for name in names])
    run = partial(_run, json_rows, (places, _bytes(b"".join(names)), ends), wanted)
    return _parts(file, begin, run)


def _parts(
    file: BufferedReader, begin: int, run: Callable[[Bytes, int, int], tuple[int, int, Part]]
) -> Iterator[Part]:
    here = file.tell()
    file.seek(0)
    line = 1 + file.read(begin).count(b"\n")
    kind = 0
    first = begin == 0  # where a byte-order mark may stand
    try:
        for block in _blocks(file):
            if first and block.startswith(_MARK):
                block = block[len(_MARK) :]
            first = False
            lines, kind, part = run(_bytes(block), kind, line)
            line += lines
            yield part
    except Doubt:
        file.seek(here)
        raise


def _run(
    kernel: Any, about: tuple[Any, ...], wanted: Wanted, block: Bytes, kind: int, line: int
) -> tuple[int, int, Part]:
    """Run a kernel over a block; return how many lines it has, the kind of times, and the rows."""
    most = int((block == 10).sum()) + 1
    digits = np.zeros(most if wanted.timed else 1, np.int64)
    decimals = np.zeros(len(digits), np.uint8)
    counts = np.empty((3 if wanted.predicted else 2, most), np.int32)
    places = np.empty(most, np.int64)
    rows, lines, kind = kernel(
        block, *about, wanted.timed, wanted.predicted, kind, digits, decimals, counts, places
    )
    if not kind:
        raise Doubt
    prompt, output, *predicted = (column[:rows] for column in counts)
    part = Part(
        kind=TIMES[kind] if wanted.timed else "",
        digits=digits[:rows],
        decimals=decimals[:rows],
        prompt=prompt,
        output=output,
        predicted=predicted[0] if predicted else None,
        runs=runs_of(places[:rows] + line),
    )
    return lines, kind, part


def _blocks(file: BufferedReader) -> Iterator[bytes]:
    """Yield the rest of a file in blocks of whole lines."""
    rest = b""
    while read := file.read(BLOCK):
        if b"\0" in read:
            raise Doubt
        cut = read.rfind(b"\n") + 1
        if not cut:  # the last line, without an end; or one that is too long
            rest += read
            if len(rest) > BLOCK:
                raise Doubt
            continue
        yield _valid(rest + read[:cut])
        rest = read[cut:]
    if rest:
        yield _valid(rest)


def _valid(block: bytes) -> bytes:
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            raise Doubt from None
    return block


def _bytes(text: bytes) -> Bytes:
    return np.frombuffer(text, np.uint8)
