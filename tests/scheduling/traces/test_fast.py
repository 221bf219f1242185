"""What is read by column is what is read row by row, or is left to that."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import (
    BUILTIN,
    Trace,
    columns,
    fast_parquet,
    fast_text,
    reader,
    recognise,
)
from kvproof.scheduling.traces.table import Doubt, Table, Wanted
from tests.scheduling.traces.test_text import MALFORMED_CSV, MALFORMED_JSONL

Write = Callable[[str | bytes], Path]

by_column = reader._by_column


@pytest.fixture(autouse=True)
def everything_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_text, "SHORT", 0)
    monkeypatch.setattr(fast_parquet, "SHORT", 0)


def told(trace: Trace) -> tuple[Any, ...]:
    """Return all that a trace says."""
    columns = (trace.row, trace.line, trace.prompt, trace.output, trace.predicted, trace.ticks)
    return (
        trace.format, trace.origin, trace.tick, trace.failed, trace.resorted, trace.places.word,
        *(None if column is None else column.tolist() for column in columns),
    )  # fmt: skip


def read(path: Path, how: Callable[[Table, Wanted], Any], predicted: str | None) -> Any:
    """Read a file one way; return what the trace says, or the error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_by_column", how)
        try:
            return told(reader.read_trace(path, predicted=predicted))
        except InputError as error:
            return str(error)


def both(path: Path, predicted: str | None = None) -> bool:
    """Read a file both ways, which must agree; return whether it was read by column."""
    fast: list[bool] = []

    def noted(table: Table, wanted: Wanted) -> Any:
        parts = by_column(table, wanted)
        fast.append(parts is not None)
        return parts

    plain = read(path, lambda table, wanted: None, predicted)
    assert read(path, noted, predicted) == plain
    assert not (fast == [True] and isinstance(plain, str))
    return fast == [True]


# ---- values, and how they are written ----------------------------------------------------------

digits = st.integers(0, 10**20).map(str) | st.text("0123456789", max_size=25)
written = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "-", "+"]),
    digits,
    st.just("") | digits.map(".{}".format),
    st.just("") | st.integers(-45, 25).map("e{}".format) | st.sampled_from(["E+3", "e", "e00001"]),
)
floats = st.floats(allow_nan=True).map(repr)
moments = st.builds(
    "{}{}{}{}".format,
    st.datetimes().map(lambda at: at.isoformat(" ")[:19]) | st.just("2023-02-29 00:00:00"),
    st.just("") | st.text("0123456789", max_size=12).map(".{}".format),
    st.sampled_from(["", "", " "]),
    st.sampled_from(["", "", "Z", "+01:30", "-0130", "+24:00", "z", "+1"]),
)
plain_moments = st.datetimes().map(lambda at: at.isoformat("T"))
seconds = st.integers(0, 10**9).map(lambda n: f"{n / 1000}")
times = (
    st.lists(seconds, max_size=6)
    | st.lists(plain_moments, max_size=6)
    | st.lists(moments, max_size=6)
    | st.lists(written | floats | seconds | moments, max_size=6)
)
count = st.integers(0, 3000).map(str)
strange = (
    "12.0 -0 -1 2147483647 2147483648 1e3 2.5 nan null true 1_0 0x1 \N{ARABIC-INDIC DIGIT SIX}"
)
odd = st.sampled_from(["", " 7", "7 ", "\t7", "\N{NO-BREAK SPACE}7", *strange.split()])
lengths = count | count | odd
other = st.text(max_size=6) | st.just('say "a", b') | st.just("line\nfeed") | st.just("\r")


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw columns of a known format in any order, beside one of no use, and rows of text."""
    kind = draw(st.sampled_from(BUILTIN))
    when = draw(times)
    good = draw(st.booleans())
    length = count if good else lengths
    cells = {
        kind.time or "x": when,
        kind.prompt: [draw(length) for _ in when],
        kind.output: [draw(length) for _ in when],
        "told": [draw(length | seconds) for _ in when],
        "note": [draw(st.just("ok") if good else other) for _ in when],
    }
    names = draw(st.permutations(list(cells)))
    return names, [[cells[name][i] for name in names] for i in range(len(when))]


@given(tables(), st.data())
def test_csv(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    data: st.DataObject,
) -> None:
    names, rows = table
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    quoting = data.draw(st.sampled_from(["never", "always", "where needed"]))

    def cell(text: str) -> str:
        needed = any(c in text for c in '",\r\n')
        if quoting == "always" or (needed and quoting == "where needed"):
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [",".join(map(cell, row)) for row in [names, *rows]]
    for _ in range(data.draw(st.sampled_from([0, 0, 1, 2]))):
        lines.insert(data.draw(st.integers(1, len(lines))), "")
    if data.draw(st.sampled_from([False] * 5 + [True])):
        lines.append(data.draw(st.sampled_from(["1", "1,2,3,4,5,6", '"', ",,,,", " "])))
    mark = data.draw(st.sampled_from(["", "\ufeff"]))
    last = data.draw(st.sampled_from(["", end]))
    path = tmp_path_factory.getbasetemp() / "fast"
    path.write_bytes((mark + end.join(lines) + last).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_text, "BLOCK", data.draw(st.sampled_from([100, 250, 10_000])))
        both(path, data.draw(st.sampled_from([None, "told"])))


values = (
    (written | floats | seconds | lengths | st.sampled_from(["01", "1.", "-", "[]", "{}", "false"]))
    | other.map(json.dumps)
    | st.lists(st.integers() | st.text(max_size=2) | st.none(), max_size=3).map(json.dumps)
    | st.recursive(st.none(), lambda inner: st.lists(inner, max_size=2)).map(json.dumps)
)


@given(tables(), st.data())
def test_json_lines(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    data: st.DataObject,
) -> None:
    names, rows = table
    blank = data.draw(st.sampled_from(["", " ", "\t", "\r", "  "]))
    strange = data.draw(st.sampled_from([False, False, True]))
    ascii_only = data.draw(st.booleans())

    def cell(name: str, text: str) -> str:
        if name == "note" and strange:
            return data.draw(values)
        try:
            is_number = isinstance(json.loads(text), int | float)
        except ValueError:
            is_number = False
        bare = is_number and data.draw(st.booleans())
        return text if bare else json.dumps(text, ensure_ascii=ascii_only)

    lines = []
    for row in rows:
        cells = [
            f"{blank}{json.dumps(name)}{blank}:{blank}{cell(name, text)}{blank}"
            for name, text in zip(names, row, strict=True)
        ]
        if data.draw(st.sampled_from([False] * 9 + [True])):
            cells = data.draw(st.permutations([*cells, '"more": 1'])) if len(lines) else cells
        lines.append(f"{blank}{{{','.join(cells)}}}{blank}")
    for _ in range(data.draw(st.sampled_from([0, 0, 1]))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(["", " "])))
    if data.draw(st.sampled_from([False] * 5 + [True])):
        lines.append(data.draw(st.sampled_from(["{", "7", "{}", '{"a": 1}', "{}{}", '{"x', "\v"])))
    path = tmp_path_factory.getbasetemp() / "fast"
    content = ("\n".join(lines) + data.draw(st.sampled_from(["", "\n"]))) or "{"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_text, "BLOCK", data.draw(st.sampled_from([200, 10_000])))
        both(path, data.draw(st.sampled_from([None, "told"])))


@given(st.data())
@example(None)
def test_parquet(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject | None) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path_factory.getbasetemp() / "fast"
    if data is None:  # nothing at all, in a column of a type that hides what it would hold
        parquet.write_table(arrow.table({"prompt": arrow.nulls(0), "output": arrow.nulls(0)}), path)
        both(path)
        return
    kind = data.draw(st.sampled_from(BUILTIN))
    rows = data.draw(st.integers(0, 5))

    def column(*types: Any) -> Any:
        strategy, kind = data.draw(st.sampled_from(types))
        return arrow.array(data.draw(st.lists(strategy, min_size=rows, max_size=rows)), kind)

    wide = st.integers(-(2**63), 2**63 - 1)
    near = st.integers(-(10**9), 2 * 10**9)
    # a file holds seconds as milliseconds
    held = st.integers(-(2**63) // 1000 + 1, (2**63 - 1) // 1000)
    small = st.integers(0, 200)
    length = (
        (small, arrow.int64()), (small, arrow.uint8()), (small, arrow.int32()),
        (small, arrow.float64()), (lengths, arrow.string()), (small | st.none(), arrow.int16()),
        (st.integers(-1, 2**31), arrow.int64()), (st.integers(0, 2**64 - 1), arrow.uint64()),
    )  # fmt: skip
    cells = {
        kind.time or "x": column(
            *((each, arrow.timestamp(unit, tz=zone))
              for unit in ("s", "ms", "us", "ns")
              for each in (held if unit == "s" else wide, near)
              for zone in (None, "UTC", "+01:00")),
            (wide, arrow.int64()), (st.integers(0, 2**64 - 1), arrow.uint64()),
            (st.floats(), arrow.float64()), (st.floats(0, 1e6), arrow.float64()),
            (st.floats(width=32), arrow.float32()), (seconds, arrow.string()),
            (moments, arrow.large_string()), (plain_moments, arrow.string()),
            (near | st.none(), arrow.int64()), (st.booleans(), arrow.bool_()),
            (st.decimals(-10**6, 10**6, places=4), arrow.decimal128(20, 4)),
            (st.dates(), arrow.date32()), (st.binary(max_size=3), arrow.binary()),
        ),
        kind.prompt: column(*length),
        kind.output: column(*length),
        "told": column(*length, (st.floats(0, 1e4), arrow.float64())),
    }  # fmt: skip
    if data.draw(st.booleans()):
        name = data.draw(st.sampled_from(list(cells)))
        cells[name] = cells[name].dictionary_encode() if rows else cells[name]
    parquet.write_table(arrow.table(cells), path, row_group_size=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_parquet, "BATCH", data.draw(st.sampled_from([1, 2, 100])))
        both(path, data.draw(st.sampled_from([None, "told"])))


# ---- what has to be fast, is -------------------------------------------------------------------

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
MOON = '{"timestamp": 27, "input_length": 6755, "output_length": 500, "hash_ids": [0, 1, 2]}\n'


@pytest.mark.parametrize(
    "content",
    [
        AZURE + "2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n\n",
        AZURE + "2024-05-10 00:00:00.009930+00:00,2162,5\r\n2024-05-10 00:00:00+00:00,2399,0\r\n",
        'prompt,output,note\n1,2,"a, b"\n3.0,4,ö\n',
        "arrived_at,num_prefill_tokens,num_decode_tokens\n1.5e-05,1,2\n4.314579,3,4\n0.5,1,1",
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,GPT-4,1,2,3,API\n",
        MOON + "\n" + MOON.replace("27", "27.5"),
        '\ufeff{"prompt":"1","output":2,"x":null,"y":[],"z":"ö"}',
    ],
)
def test_published_formats_are_read_by_column(write: Write, content: str) -> None:
    assert both(write(content))
    assert both(write(gzip.compress(content.encode())))


def test_blocks_are_cut_at_lines(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    rows = [f"{i * 3 // 2}.{i % 7},{rng.integers(10**4)},{rng.integers(3)}" for i in range(500)]
    rows[70:70] = ["", ""]
    head = "arrived_at,num_prefill_tokens,num_decode_tokens"
    for size in (64, 100, 333, 4096, 10**6):
        monkeypatch.setattr(fast_text, "BLOCK", size)
        for last in ("", "\n", "\n\n"):
            content = "\n".join([head, *rows]) + last
            assert both(write(content))
            assert both(write(gzip.compress(content.encode())))


@pytest.mark.parametrize("end", [-8, -300, 100])
def test_gzip_that_is_cut_off_is_not_read_in_part(
    write: Write, monkeypatch: pytest.MonkeyPatch, end: int
) -> None:
    monkeypatch.setattr(fast_text, "BLOCK", 100)
    rows = "".join(f"{i * i % 991},{i * i * i % 997}\n" for i in range(9_999))
    path = write(gzip.compress(f"prompt,output\n{rows}".encode())[:end])
    assert not both(path)
    with pytest.raises(InputError, match="trace: is damaged gzip"):
        reader.read_trace(path)


@pytest.mark.parametrize("size", [9, 10, 11])
def test_what_is_short_is_read_row_by_row(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(fast_text, "SHORT", 10)
    content = (b"prompt,output\n1,2\n" * 9)[:size]
    for data in (content, gzip.compress(content)):
        with recognise.open_file(write(data)) as file:
            assert file.readline()
            at = file.tell()
            assert fast_text.position(file) == (at if size >= 10 else None)
            assert file.tell() == at


@pytest.mark.parametrize("content", [content for content, _ in MALFORMED_CSV + MALFORMED_JSONL])
def test_what_is_malformed_is_said_as_ever(write: Write, content: str | bytes) -> None:
    assert not both(write(content))


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = b"prompt,output\n1,2\n"
    for data in (content, gzip.compress(content)):
        writer = threading.Thread(target=path.write_bytes, args=(data,))
        writer.start()
        assert len(reader.read_trace(path)) == 1
        writer.join()


def test_full_floats_are_exact_at_any_scale(write: Write) -> None:
    rng = np.random.default_rng(3)
    at = np.cumsum(rng.exponential(0.01, 400)).tolist()
    head = "arrived_at,num_prefill_tokens,num_decode_tokens\n"
    assert both(write(head + "".join(f"{time!r},1,1\n" for time in at)))


def test_a_doubt_ends_the_columns(write: Write) -> None:
    with reader.open_table(write(AZURE + "1,2,3\nx,2,3\n")) as table:
        assert table.parts is not None
        wanted = Wanted(columns=table.columns, timed=True, predicted=False)
        with pytest.raises(Doubt):
            list(table.parts(wanted))
        assert [cells for _, cells in table.rows(wanted.columns)] == [tuple("123"), tuple("x23")]


def test_the_least_number_of_64_bits_is_scaled_exactly():
    part: Any = SimpleNamespace(digits=np.array([-(2**63), 5]), decimals=np.zeros(2, np.int8))
    assert columns._scaled(part, slice(None), 1).tolist() == [-10 * 2**63, 50]
