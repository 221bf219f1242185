import csv
import json
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling import traces
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import BUILTIN, Trace, TraceFormat, read_trace

Write = Callable[[str | bytes], Path]


def test_every_name_is_exported() -> None:
    public = {name for name in vars(traces) if not name.startswith("_")}
    modules = {"cells", "columns", "fast_parquet", "fast_text", "files", "formats", "parquet"}
    modules |= {"reader", "recognise", "table", "text", "trace"}
    kernels = {"cell_kernels", "row_kernels"}  # loaded where they are first needed
    assert set(traces.__all__) == public - modules - kernels


AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
BURSTGPT = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
BURSTGPT_2 = BURSTGPT.replace("Model", "Session ID,Elapsed time,Model")
VIDUR = "arrived_at,num_prefill_tokens,num_decode_tokens\n"


def mooncake(time: str, prompt: int, output: int) -> str:
    return f'{{"timestamp": {time}, "input_length": {prompt}, "output_length": {output}}}\n'


@pytest.mark.parametrize(
    ("content", "name", "seconds"),
    [
        (
            # seven decimals, across midnight
            AZURE + "2023-12-31 23:59:59.9999999,1,2\n2024-01-01 00:00:00.0000001,3,4",
            "azure",
            "0.0000002",
        ),
        (
            # the releases since 2024: with an offset, and without a fraction of .000000
            AZURE + "2024-05-10 00:00:00+00:00,1,2\n2024-05-09 23:30:00.25-01:00,3,4",
            "azure",
            "1800.25",
        ),
        (
            BURSTGPT + "5,GPT-4,1,2,3,API log\n45,ChatGPT,3,4,7,API log\n",
            "burstgpt",
            "40",
        ),
        (
            BURSTGPT_2 + "5,a,0.1,GPT-4,1,2,3,API log\n45.5,b,0.1,GPT-4,3,4,7,API log",
            "burstgpt",
            "40.5",
        ),
        (mooncake("27", 1, 2) + mooncake("30.5", 3, 4), "mooncake", "0.0035"),
        (VIDUR + "1.5e-05,1,2\n4.314579,3,4", "vidur", "4.314564"),
    ],
)
def test_formats(write: Write, content: str, name: str, seconds: str) -> None:
    trace = read_trace(write(content))
    assert trace.format.name == name
    assert trace.ticks is not None
    assert int(trace.ticks[1]) * trace.tick == Fraction(seconds)
    assert (trace.prompt.tolist(), trace.output.tolist()) == ([1, 3], [2, 4])
    assert not trace.failed
    assert not trace.resorted


@pytest.mark.parametrize(
    "content", ["prompt,output\n1,2\n", "ContextTokens,GeneratedTokens\n1,2\n"]
)
def test_lengths_only(write: Write, content: str) -> None:
    trace = read_trace(write(content))
    assert trace.ticks is None
    assert trace.to_instance(memory=3, backlog=True)[0].output.tolist() == [2]
    with pytest.raises(InputError, match="--backlog"):
        trace.to_instance(memory=3)


def test_failed_requests_are_dropped_and_counted(write: Write) -> None:
    trace = read_trace(write("prompt,output\n5,0\n6,1\n0,0\n"))
    assert (trace.prompt.tolist(), trace.line.tolist(), trace.failed) == ([6], [3], 2)
    _, notes = trace.to_instance(memory=9, backlog=True)
    assert notes.lines() == ("failed requests (output of 0 tokens), dropped: 2",)


def test_nothing_but_failed_requests(write: Write) -> None:
    trace = read_trace(write("prompt,output\n5,0\n"))
    with pytest.raises(InputError, match=r"no request is left; failed .* dropped: 1$"):
        trace.to_instance(memory=9, backlog=True)


def test_unsorted_rows_are_sorted_stably(write: Write) -> None:
    trace = read_trace(write(VIDUR + "2,1,1\n1.0,2,1\n2.00,3,1\n1,4,1\n"))
    assert trace.prompt.tolist() == [2, 4, 1, 3]
    assert trace.line.tolist() == [3, 5, 2, 4]
    assert trace.resorted
    assert trace.to_instance(memory=9)[1].resorted


def test_equal_rows_are_kept_and_are_no_disorder(write: Write) -> None:
    trace = read_trace(write(VIDUR + "1,1,1\n" * 3))
    assert len(trace) == 3
    assert not trace.resorted


def fields(trace: Trace) -> tuple[Any, ...]:
    """Return what a trace says, apart from where it stood."""
    ticks = None
    if trace.ticks is not None:
        ticks = [(trace.origin + t) * trace.tick for t in trace.ticks.tolist()]
    columns = (trace.prompt.tolist(), trace.output.tolist())
    return (trace.format, ticks, columns, trace.failed, trace.resorted)


number = st.integers(-(10**6), 10**6) | st.floats(1e-9, 1e9)
date_time = st.datetimes().map(str)


@st.composite
def contents(draw: st.DrawFn) -> tuple[TraceFormat, dict[str, list[Any]]]:
    """Draw a format, and columns that suit it; 0 tokens of output at times."""
    kind = draw(st.sampled_from(BUILTIN))
    time = draw(st.sampled_from([number, date_time]))
    tokens = st.integers(0, 2**31 - 1)
    rows = draw(st.lists(st.tuples(time, tokens, tokens | st.just(0)), min_size=1, max_size=9))
    columns = zip(*rows, strict=True)
    names = (kind.time or "a column of no use", kind.prompt, kind.output)
    return kind, dict(zip(names, map(list, columns), strict=True))


@given(contents())
def test_csv_jsonl_and_parquet_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, content: tuple[TraceFormat, dict[str, list[Any]]]
) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    kind, columns = content
    path = tmp_path_factory.getbasetemp() / "same"
    rows = list(zip(*columns.values(), strict=True))

    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *rows])
    from_csv = read_trace(path)
    lines = (json.dumps(dict(zip(columns, row, strict=True))) for row in rows)
    path.write_text("\n".join(lines))
    from_jsonl = read_trace(path)
    # a Parquet column has one type: mixed numbers go as text
    typed = {
        name: values if len(set(map(type, values))) == 1 else list(map(repr, values))
        for name, values in columns.items()
    }
    parquet.write_table(arrow.table(typed), path)
    from_parquet = read_trace(path)

    assert from_csv.format == kind
    assert fields(from_csv) == fields(from_jsonl) == fields(from_parquet)


# ---- published traces, where they are at hand ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "requests", "failed"),
    [
        ("AzureLLMInferenceTrace_conv.csv", "azure", 19_366, 0),
        ("AzureLLMInferenceTrace_code.csv", "azure", 8_819, 0),
        ("BurstGPT_1_first400.csv", "burstgpt", 383, 17),
        ("mooncake_synthetic_trace.jsonl", "mooncake", 3_993, 0),
    ],
)
def test_published_traces(
    shared: Callable[[str], Path], name: str, kind: str, requests: int, failed: int
) -> None:
    trace = read_trace(shared(name))
    assert (trace.format.name, len(trace), trace.failed) == (kind, requests, failed)
    assert not trace.resorted
    instance, _ = trace.to_instance(memory=200_000)
    assert instance.arrival[0] == 0
    assert (np.diff(instance.arrival) >= 0).all()


def test_the_azure_trace_against_its_text(shared: Callable[[str], Path]) -> None:
    path = shared("AzureLLMInferenceTrace_conv.csv")
    cells = [line.split(",") for line in path.read_text().split("\n")[1:]]

    def seconds(text: str) -> Fraction:  # the trace lies within one day
        hours, minutes, rest = text.split(" ")[1].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)

    first = seconds(cells[0][0])
    instance, _ = read_trace(path).to_instance(memory=60_000)
    assert instance.arrival.tolist() == [floor((seconds(t) - first) * 20) for t, _, _ in cells]
    assert instance.prompt.tolist() == [int(prompt) for _, prompt, _ in cells]
    assert instance.output.tolist() == [int(output) for _, _, output in cells]
