"""``kvproof simulate``: one policy, its schedule as JSON or as columns."""

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
    refuse_idle,
    rule_options,
)
from kvproof.predictions import are_asked_for, facts, prediction_options, predictions, words
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.inputs import Input
    from kvproof.scheduling.latency import LatencyStatistics
    from kvproof.scheduling.predicted import PredictedRun
    from kvproof.scheduling.schedule import Schedule

#: What is written of each request of a run by predictions, which is no schedule of starts.
_COURSE = ("predicted", "first_token", "completion", "preemptions")

_ENDS = (".json", ".csv", ".parquet", ".json.gz", ".csv.gz")


@click.command("simulate")
@input_options
@click.option("--policy", default="svf", show_default=True, help="The policy.")
@rule_options
@compact_option
@prediction_options
@click.option(
    "--out",
    type=click.Path(),
    help="Write the schedule here: .json, or .csv and .parquet with a row for each request.",
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
    predicted: str | None,
    noise: str | None,
    seed: int,
    margin: Fraction,
    underprediction: str,
    out: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Schedule TRACE by one policy, and say what its users feel.

    --out writes the schedule: as JSON (where a name has no ending, too), the start step of each
    request in the order of the instance (for a trace: in order of arrival); as CSV or Parquet the
    columns file (where TRACE is several), row (of TRACE or that file, the first is 0), arrival,
    prompt, output, start, completion, waiting and latency, in steps. With predicted lengths:
    predicted, first_token and preemptions instead of start.
    """
    import numpy as np

    from kvproof.columns import ask_for_pyarrow
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.latencies import statistics_json
    from kvproof.output import console, progress_bar
    from kvproof.scheduling.compact import compact as shift_left
    from kvproof.scheduling.errors import InputError
    from kvproof.scheduling.feasibility import check_schedule
    from kvproof.scheduling.latency import LatencyStatistics
    from kvproof.scheduling.predicted import predicted_run
    from kvproof.scheduling.simulate import simulate
    from kvproof.streams import print_json

    by_prediction = are_asked_for(predicted, noise, underprediction)
    if by_prediction:
        for option in ("skip", "compact"):
            refuse_idle(option, "predicted lengths go with the strict rule alone")
    if out is not None and out.lower().endswith(".parquet.gz"):
        raise InputError(f"{out}: Parquet needs no gzip; name a file that ends in .parquet")
    target = None if out is None else Outputs(trace).file(out, ends=_ENDS, bare=True)
    if out is not None and out.lower().endswith(".parquet"):
        ask_for_pyarrow()
    (chosen,) = find_policies([policy], theta=theta, admission=admission)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, predicted=predicted, **reading)
        instance = source.instance
        rows = source.rows.astype(np.int64)
        rows = rows if instance.count is None else np.repeat(rows, instance.count)
        bar.update(task, description=policy, total=instance.requests)
        done: Schedule | PredictedRun
        if by_prediction:
            lengths = predictions(source, noise, seed)
            avoid = underprediction == "avoid"
            done = predicted_run(instance, chosen, lengths, margin=margin, avoid=avoid)
            statistics = done.statistics
            columns = done.columns(rows, lengths)
            about = facts(predicted, noise, seed, margin, underprediction)
            course = {name: columns[name].tolist() for name in _COURSE}
        else:
            done = simulate(
                instance,
                chosen,
                skip=skip,
                progress=lambda started, _: bar.update(task, completed=started),
            )
            if compact:
                done = shift_left(done)
            check_schedule(done)
            statistics = LatencyStatistics.of(done)
            columns = done.columns(rows)
            about, course = {}, {"starts": done.starts.tolist()}
        if source.files is not None:
            columns = {"file": source.files, **columns}  # type: ignore[dict-item]
    data: dict[str, Any] = {
        "command": "simulate",
        "format": "kvproof-run" if by_prediction else "kvproof-schedule",
        "version": 1,
        "source": source.source,
        "digest": instance.digest,
        "requests": instance.requests,
        "memory": instance.memory,
        "policy": chosen.name,
        "rule": "skip" if skip else "strict",
        "admission": getattr(chosen, "admission", "true"),
        "compact": compact,
        **about,
        "total_latency": done.total_latency,
        "makespan": done.makespan,
        "statistics": statistics_json(statistics, source.step),
        "notes": list(source.notes),
        **course,
    }
    written = None
    if target is not None:
        written = _file(target.name, columns, data)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if target is not None and written is not None:
            target.write_packed(written)
    finally:
        if as_json:
            print_json(data)
        else:
            _print(source, chosen.name, done, statistics, data["rule"], about)
    if target is not None and not as_json:
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
    done: "Schedule | PredictedRun",
    statistics: "LatencyStatistics",
    rule: str,
    about: dict[str, Any],
) -> None:
    from kvproof.latencies import queueing_line, statistics_table
    from kvproof.output import console, print_table

    show = console()
    for note in source.notes:
        show.print(f"note: {note}")
    if about:
        show.print(f"note: {words(about)}")
    instance = source.instance
    show.print(
        f"{policy} ({rule}): {counted(instance.requests, 'request')}, memory "
        f"{instance.memory:,}: total latency {counted(done.total_latency, 'step')}, makespan "
        f"{done.makespan:,}"
    )
    rows = [(policy, statistics)]
    seconds = [] if source.step is None else [("seconds", source.step)]
    units = [("steps", Fraction(1)), *seconds]
    print_table(show, statistics_table(show, rows, units))  # type: ignore[arg-type]
    show.print()
    show.print(queueing_line(rows))
