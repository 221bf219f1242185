import sys
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import Trace, read_trace

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

Write = Callable[[str | bytes], Path]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def read(path: Path, times: Any, prompt: Any = (1, 2), output: Any = (3, 4)) -> Trace:
    columns = {"TIMESTAMP": times, "ContextTokens": prompt, "GeneratedTokens": output}
    parquet.write_table(arrow.table({k: arrow.array(v) for k, v in columns.items()}), path)
    return read_trace(path)


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        (arrow.array([7, 8], arrow.timestamp("ns")), Fraction(1, 10**9)),
        (arrow.array([7, 8], arrow.timestamp("us")), Fraction(1, 10**6)),
        (arrow.array([7, 8], arrow.timestamp("ms", tz="America/New_York")), Fraction(1, 1000)),
        (arrow.array([0.1, 0.3]), Fraction(1, 5)),  # as written, not as the nearest double
        (arrow.array([0.1, 0.3], arrow.float32()), Fraction(1, 5)),
        (arrow.array([1e22, 1e22]).cast(arrow.decimal128(38, 2)), None),
        (arrow.array([2**62, 2**62 + 1]), Fraction(1)),
        (arrow.array(["1e-7", "2e-7"]), Fraction(1, 10**7)),
        (arrow.array(["5", "6"]).dictionary_encode(), Fraction(1)),
    ],
)
def test_times_of_every_type_are_exact(path: Path, times: Any, gap: Fraction | None) -> None:
    if gap is None:
        with pytest.raises(InputError, match="row 1, column 'TIMESTAMP': expected a time"):
            read(path, times)
        return
    trace = read(path, times)
    assert trace.ticks is not None
    assert int(trace.ticks[1]) * trace.tick == gap
    assert (trace.line.tolist(), trace.places.word) == ([1, 2], "row")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prompt": [1, None]}, "row 2, column 'ContextTokens': no value"),
        ({"times": [None, 1]}, "row 1, column 'TIMESTAMP': no value"),
        ({"prompt": [1.0, float("nan")]}, "row 2, column 'ContextTokens': expected a number"),
        ({"prompt": [1.0, 2.5]}, "row 2, column 'ContextTokens': expected a number"),
        ({"output": [1, -2]}, "row 2, column 'GeneratedTokens': expected a number"),
        ({"output": [True, True]}, "got 'true'"),
        ({"output": [[1], [2]]}, "column 'GeneratedTokens': cannot be read: Unsupported cast"),
        ({"times": [1.0, float("inf")]}, "row 2, column 'TIMESTAMP': expected a time"),
        ({"times": [timedelta(1)] * 2}, "column 'TIMESTAMP': cannot be read: duration[us] is no"),
        ({"times": [date(2023, 11, 16)] * 2}, "row 1, column 'TIMESTAMP': expected a time"),
        ({"times": [b"\xff"] * 2}, "column 'TIMESTAMP': cannot be read: Invalid UTF8"),
        ({"times": [], "prompt": [], "output": []}, "no rows after the column names"),
    ],
)
def test_bad_cells(path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(path, **({"times": [1, 2]} | wrong))
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_float_lengths_are_read_where_they_are_integers(path: Path) -> None:
    trace = read(path, [1, 2], prompt=[1.0, 1e6], output=[2.0, 3.0])
    assert trace.prompt.tolist() == [1, 10**6]


def test_rows_count_on_over_batches(path: Path) -> None:
    rows = 70_000  # a batch is 65,536
    trace = read(path, range(rows), [1] * rows, [1] * rows)
    assert trace.line[-1] == rows
    with pytest.raises(InputError, match="row 70000, column 'ContextTokens': no value"):
        read(path, range(rows), [1] * (rows - 1) + [None], [1] * rows)


def test_a_column_given_twice(path: Path) -> None:
    columns = [arrow.array([1])] * 3
    parquet.write_table(arrow.Table.from_arrays(columns, ["prompt", "output", "prompt"]), path)
    with pytest.raises(InputError, match="column 'prompt' is there twice"):
        read_trace(path)


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:4], lambda b: b[:4] * 9])
def test_broken_files(path: Path, damage: Callable[[bytes], bytes]) -> None:
    read(path, [1, 2])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"broken Parquet, .*\); fetch or make it again"):
        read_trace(path)


def test_a_broken_page(path: Path) -> None:
    read(path, [1, 2])
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(path)


def test_without_pyarrow(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'kvproof\[parquet\]'"):
        read_trace(write(b"PAR1"))
