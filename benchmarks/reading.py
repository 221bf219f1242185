"""How fast traces are read by column, and how much faster than row by row.

Requests are bootstrap-sampled (seed 0) from the lengths of a trace, with arrivals at 100 ns. Times
are of the processor, after kernels are loaded: a shared machine tells little by the clock.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute
from pyarrow.csv import write_csv
from pyarrow.parquet import write_table
from report import machine, write_section
from scale import TRACES

from kvproof.scheduling.traces import read_trace, reader


def files(folder: Path, trace: Path, requests: int) -> Iterator[tuple[str, Path]]:
    """Write the same requests in each form; yield what it is, and the file."""
    rng = np.random.default_rng(0)
    lengths = read_trace(trace)
    rows = rng.integers(0, len(lengths), requests)
    at = 17 * 10**15 + np.sort(rng.integers(0, requests * 10**6, requests))
    whole = arrow.array(at // 10**7, arrow.timestamp("s")).cast(arrow.string())
    fraction = arrow.array(at % 10**7 + 10**7).cast(arrow.string())
    written = compute.binary_join_element_wise(
        whole, compute.utf8_slice_codeunits(fraction, 1), "."
    )
    columns = {"ContextTokens": lengths.prompt[rows], "GeneratedTokens": lengths.output[rows]}
    typed = arrow.table({"TIMESTAMP": arrow.array(at * 100, arrow.timestamp("ns")), **columns})
    text = arrow.table({"TIMESTAMP": written, **columns})
    for what, table in (("Parquet, timestamps", typed), ("Parquet, dates as text", text)):
        path = folder / what
        write_table(table, path)
        yield what, path
    path = folder / "csv"
    write_csv(text, path)
    yield "CSV", path
    path = folder / "jsonl"
    with path.open("w") as file:
        for moment, prompt, output in zip(*(column.to_pylist() for column in text), strict=True):
            file.write(
                f'{{"TIMESTAMP": "{moment}", "ContextTokens": {prompt}, '
                f'"GeneratedTokens": {output}}}\n'
            )
    yield "JSON lines", path


def seconds(path: Path) -> float:
    """Return the processor time of reading a file."""
    begin = time.process_time()
    read_trace(path)
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, default=next(t for t in TRACES if t.exists()))
    parser.add_argument("--requests", type=int, default=2_000_000)
    options = parser.parse_args()
    lines = [
        "### Reading",
        "",
        (
            f"`make reading` on {machine()}: {options.requests:,} requests with lengths from "
            f"`{options.trace.name}`; seconds of processor time."
        ),
        "",
        "| file | row by row | by column | ratio | rows per second by column |",
        "|---|---|---|---|---|",
    ]
    by_column = reader._by_column
    with tempfile.TemporaryDirectory() as folder:
        for what, path in files(Path(folder), options.trace, options.requests):
            seconds(path)  # loads the kernels
            fast = min(seconds(path) for _ in range(3))
            reader._by_column = lambda table, wanted: None
            slow = seconds(path)
            reader._by_column = by_column
            rate = options.requests / fast
            lines.append(f"| {what} | {slow:.1f} | {fast:.2f} | {slow / fast:.0f} | {rate:,.0f} |")
            print(lines[-1], flush=True)
    write_section("reading", "\n".join(lines))


if __name__ == "__main__":
    main()
