"""``kvproof simulate``: one policy, its schedule as JSON or as columns."""

import gzip
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import (
    compact_option,
    find_policies,
    input_options,
    json_option,
    quiet_option,
    rule_options,
)

if TYPE_CHECKING:
    from kvproof.inputs import Input
    from kvproof.scheduling.latency import LatencyStatistics
    from kvproof.scheduling.schedule import Schedule


@click.command("simulate")
@input_options
@click.option("--policy", default="svf", show_default=True, help="The policy.")
@rule_options
@compact_option
@click.option(
    "--out",
    type=click.Path(),
    help="Write the schedule here: .csv and .parquet a row for each request, else JSON.",
    metavar="FILE",
)
@quiet_option
@json_option
def command(
    trace: str,
    policy: str,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    compact: bool,
    out: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Schedule TRACE by one policy, and say what its users feel.

    --out writes the schedule: as JSON, the start step of each request in the order of the
    instance (for a trace: in order of arrival); as CSV or Parquet the columns row (of TRACE, the
    first is 0), arrival, prompt, output, start, completion, waiting and latency, in steps.
    """
    import numpy as np

    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.latencies import statistics_json
    from kvproof.output import console, progress_bar
    from kvproof.scheduling.compact import compact as shift_left
    from kvproof.scheduling.feasibility import check_schedule
    from kvproof.scheduling.latency import LatencyStatistics
    from kvproof.scheduling.simulate import simulate
    from kvproof.streams import print_json

    target = None if out is None else Outputs(trace).file(out)
    (chosen,) = find_policies([policy], theta=theta, admission=admission)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        bar.update(task, description=policy, total=source.instance.requests)
        schedule = simulate(
            source.instance,
            chosen,
            skip=skip,
            progress=lambda done, _: bar.update(task, completed=done),
        )
        if compact:
            schedule = shift_left(schedule)
        check_schedule(schedule)
    instance = source.instance
    statistics = LatencyStatistics.of(schedule)
    data: dict[str, Any] = {
        "command": "simulate",
        "format": "kvproof-schedule",
        "version": 1,
        "source": source.source,
        "digest": instance.digest,
        "requests": instance.requests,
        "memory": instance.memory,
        "policy": chosen.name,
        "rule": "skip" if skip else "strict",
        "admission": getattr(chosen, "admission", "true"),
        "compact": compact,
        "total_latency": schedule.total_latency,
        "makespan": schedule.makespan,
        "statistics": statistics_json(statistics, source.step),
        "notes": list(source.notes),
        "starts": schedule.starts.tolist(),
    }
    written = None
    if target is not None:
        rows = source.rows if instance.count is None else np.repeat(source.rows, instance.count)
        written = _file(target.name, schedule.columns(rows), data)
    if as_json:
        print_json(data)
    else:
        _print(source, chosen.name, schedule, statistics, data["rule"])
    if target is not None and written is not None:
        target.write(gzip.compress(written, mtime=0) if target.compressed else written)
        if not as_json:
            console().print(f"schedule written to {out}")


def _file(name: str, columns: dict[str, Any], data: dict[str, Any]) -> bytes:
    from kvproof.columns import to_csv, to_parquet

    kind = name.lower().removesuffix(".gz")
    if kind.endswith(".csv"):
        return to_csv(columns)
    if kind.endswith(".parquet"):
        return to_parquet(columns)
    return (json.dumps(data) + "\n").encode()


def _print(
    source: "Input",
    policy: str,
    schedule: "Schedule",
    statistics: "LatencyStatistics",
    rule: str,
) -> None:
    from kvproof.latencies import queueing_line, statistics_table
    from kvproof.output import console

    show = console()
    for note in source.notes:
        show.print(f"note: {note}")
    instance = source.instance
    show.print(
        f"{policy} ({rule}): {instance.requests:,} requests, memory "
        f"{instance.memory:,}: total latency {schedule.total_latency:,} steps, makespan "
        f"{schedule.makespan:,}"
    )
    rows = [(policy, statistics)]
    seconds = [] if source.step is None else [("seconds", source.step)]
    show.print(statistics_table(show, rows, [("steps", Fraction(1)), *seconds]))  # type: ignore[list-item]
    show.print()
    show.print(queueing_line(rows))
