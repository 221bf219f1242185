"""``kvproof experiment``: experiments of the paper, run again."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kvproof.options import json_option, quiet_option, report_option

if TYPE_CHECKING:
    from kvproof.bounds.experiments.poisson import Result, Workload

_DEFAULT_TRACE = Path(__file__).parents[2] / "examples" / "azure_code_1000.csv"


@click.group("experiment")
def command() -> None:
    """Run an experiment of the paper again and say whether it comes out the same."""


@command.command("poisson", short_help="Poisson arrivals over a range of loads.")
@click.option(
    "--trace",
    type=click.Path(allow_dash=True),
    help="Trace whose lengths are resampled [default: the Azure code sample in examples/].",
)
@click.option(
    "--loads",
    default="0.5,0.7,0.8,0.9,1.0,1.1,2.0",
    show_default=True,
    help="Loads, separated by commas: volume that arrives per step over memory.",
)
@click.option(
    "--requests", type=click.IntRange(10, 10**6), default=4000, show_default=True,
    help="Requests in each run.",
)  # fmt: skip
@click.option(
    "--runs", type=click.IntRange(2, 1000), default=10, show_default=True,
    help="Runs at each load; the intervals are over these.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True,
    help="Equal seeds give equal results.",
)  # fmt: skip
@click.option(
    "--mean", type=click.IntRange(1, 10**6), default=100, show_default=True,
    help="Mean of the exponential outputs, in tokens.",
)  # fmt: skip
@click.option(
    "--memory-exponential", type=click.IntRange(1, 2**31 - 1), default=20_000, show_default=True,
    help="KV-cache capacity for the exponential outputs.",
)  # fmt: skip
@click.option(
    "--memory-trace", type=click.IntRange(1, 2**31 - 1), default=60_000, show_default=True,
    help="KV-cache capacity for the trace's lengths.",
)  # fmt: skip
@click.option(
    "--plot", "picture", type=click.Path(), metavar="FILE", help="Draw it (.svg or .png)."
)
@report_option
@quiet_option
@json_option
def poisson(
    trace: str | None,
    loads: str,
    requests: int,
    runs: int,
    seed: int,
    mean: int,
    memory_exponential: int,
    memory_trace: int,
    picture: str | None,
    report: str | None,
    as_json: bool,
) -> None:
    """Run SVF, one-bit SVF, SJF and FCFS under Poisson arrivals over a range of loads.

    Outputs are exponential (no prompts), or lengths resampled from a trace. Prints mean and tail
    latency and the proved factor with 95 percent intervals over seeds, and says whether the
    paper's figures 2 and 3 come out in shape.
    """
    from kvproof.bounds.experiments.plot import plot
    from kvproof.bounds.experiments.poisson import exponential, run
    from kvproof.files import Failures, Outputs, written
    from kvproof.output import progress_bar, say, say_written
    from kvproof.streams import print_json

    levels = _loads(loads)
    outputs = Outputs(trace)
    target = None if picture is None else outputs.file(picture, ends=(".svg", ".png"))
    page = outputs.page(report)
    workloads: list[Workload] = [exponential(mean=mean, memory=memory_exponential)]
    traced = _traced(trace, memory_trace)
    if traced is not None:
        workloads.append(traced)
    results = []
    with progress_bar() as bar:
        task = bar.add_task("runs", total=len(workloads) * len(levels) * runs)
        for workload in workloads:
            bar.update(task, description=workload.name)
            results.append(
                run(
                    workload,
                    loads=levels,
                    requests=requests,
                    runs=runs,
                    seed=seed,
                    progress=lambda: bar.advance(task),
                )
            )
    # a result and its files: none is lost where another cannot be written
    failures = Failures()
    try:
        if target is not None:
            with failures:
                target.write(plot(results, kind=target.picture))
        if page is not None:
            from kvproof.report.experiment import experiment_page

            with failures:
                page.write(experiment_page(results).to_bytes())
        failures.end()
    finally:
        if as_json:
            print_json(_as_json(results, written(target)))
        else:
            _print(results)
            if traced is None:
                say("note: no trace at hand (--trace): only exponential outputs were run")
            say_written("picture", target)
            say_written("page", page)


def _loads(text: str) -> list[float]:
    from kvproof.scheduling.errors import InputError

    try:
        loads = [float(part) for part in text.split(",")]
    except ValueError:
        loads = []
    if not loads or any(not 0 < load <= 100 for load in loads) or sorted(set(loads)) != loads:
        raise InputError(f"--loads must be ascending numbers above 0 such as 0.5,0.9, got {text!r}")
    return loads


def _traced(trace: str | None, memory: int) -> "Workload | None":
    from kvproof.bounds.experiments.poisson import resampled
    from kvproof.files import readable
    from kvproof.scheduling.errors import InputError
    from kvproof.scheduling.notices import tell
    from kvproof.scheduling.traces import read_trace

    if trace is None and not _DEFAULT_TRACE.exists():
        tell("no resampled lengths: the sample in examples/ is not installed; name a --trace")
        return None
    with readable(trace or _DEFAULT_TRACE) as path:
        read = read_trace(path)
        if not (read.prompt + read.output <= memory).any():
            raise InputError(f"{path}: no request fits --memory-trace {memory:,}")
        return resampled(name=path.name, prompt=read.prompt, output=read.output, memory=memory)


def _as_json(results: "list[Result]", picture: str | None) -> dict[str, Any]:
    from kvproof.bounds.experiments.findings import findings

    return {
        "command": "experiment poisson",
        "workloads": [
            {
                **asdict(result),
                "findings": [
                    {**asdict(finding), "verdict": finding.verdict} for finding in findings(result)
                ],
            }
            for result in results
        ],
        "plot": picture,
    }


def _print(results: "list[Result]") -> None:
    from rich.table import Table

    from kvproof.bounds.experiments.findings import findings
    from kvproof.bounds.experiments.poisson import TAIL
    from kvproof.output import console, print_table

    out = console()
    for result in results:
        table = Table(
            title=f"{result.workload}: memory {result.memory:,}, {result.requests:,} requests, "
            f"{result.runs} runs, seed {result.seed}"
        )
        columns = ("mean latency", f"{TAIL}th percentile", "proved factor", "mean less SVF's")
        for column in ("load", "policy", *columns):
            table.add_column(column, justify="left" if column == "policy" else "right")
        last = None
        for cell in result.cells:
            if last not in (None, cell.load):
                table.add_section()
            last = cell.load
            excess = "-" if cell.policy == "svf" else str(cell.excess)
            table.add_row(
                f"{cell.load:g}", cell.policy, str(cell.mean), str(cell.tail),
                f"{cell.factor.mean:.4f} ± {cell.factor.half_width:.2g}", excess,
            )  # fmt: skip
        print_table(out, table)
        for finding in findings(result):
            out.print(f"{finding.verdict}: {finding.claim} ({finding.detail})")
        out.print("")
