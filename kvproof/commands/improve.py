"""``kvproof improve``: the best schedule that can be found offline, and how good it must be."""

from typing import TYPE_CHECKING, Any

import click

from kvproof.options import (
    bound_option,
    input_options,
    json_option,
    quiet_option,
    time_limit_option,
)
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.certificates.lower_bounds import LowerBound
    from kvproof.certificates.proofs import BoundKind
    from kvproof.inputs import Input
    from kvproof.solver.improve import Improvement


@click.command("improve")
@input_options
@time_limit_option("How long to look for better schedules, after reading, bounding and compiling.")
@click.option(
    "--trials",
    type=click.IntRange(min=0),
    metavar="N",
    help="Stop local search after N trials.",
)
@bound_option
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Write a within-factor certificate of the schedule (compressed if it ends in .gz).",
)
@quiet_option
@json_option
def command(
    trace: str,
    time_limit: float,
    trials: int | None,
    bound: "BoundKind | None",
    out: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Find a schedule of TRACE that is as good as the time allows, and prove how good.

    Offline: it knows every request and its output length beforehand, as no policy does. Ctrl-C
    ends the search early and keeps what it has found (exit code 130).
    """
    from kvproof.certificates.build import within_factor_certificate
    from kvproof.certificates.checker import check
    from kvproof.certificates.lower_bounds import find_bound
    from kvproof.files import Outputs, written
    from kvproof.inputs import load
    from kvproof.output import console, other_bound, progress_bar
    from kvproof.scheduling.errors import ExitCode
    from kvproof.solver.improve import improve
    from kvproof.streams import print_json

    target = None if out is None else Outputs(trace).file(out)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        bar.update(task, description="lower bound on OPT")
        lower = find_bound(source.instance, bound)
        floor = float(lower.value)
        found = improve(
            source.instance,
            time_limit=time_limit,
            trials=trials,
            enough=-(-lower.value.numerator // lower.value.denominator),
            report=lambda stage, total: bar.update(
                task, description=f"{stage}: {total:,}, at most {total / floor:.4f} x OPT"
            ),
        )
        checked = None
        notes = list(source.notes)
        if target is not None:
            bar.update(task, description="checking")
            made = within_factor_certificate(found.schedule, lower)
            notes += other_bound(made, lower)
            data = made.to_bytes(compress=target.compressed)
            checked = check(data)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if target is not None and checked is not None:
            target.write_verified(data, checked)
    finally:
        if as_json:
            print_json(_as_json(source, notes, found, lower) | {"certificate": written(target)})
        else:
            _print_table(source, notes, found, lower)
    if checked is not None and not as_json:
        console().print(f"{out}: verified: {checked.claim_in_words}")
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.DONE


def _as_json(
    source: "Input", notes: list[str], found: "Improvement", lower: "LowerBound"
) -> dict[str, Any]:
    from kvproof.output import exact_and_decimal

    schedule = found.schedule
    return {
        "command": "improve",
        "source": source.source,
        "notes": notes,
        "requests": source.instance.requests,
        "memory": source.instance.memory,
        "digest": source.instance.digest,
        "total_latency": schedule.total_latency,
        **exact_and_decimal("mean_latency", schedule.mean_latency, 2, up=True),
        **exact_and_decimal("lower_bound", lower.value, 4, up=False),
        "lower_bound_kind": lower.kind,
        **exact_and_decimal("factor", schedule.total_latency / lower.value, 4, up=True),
        "trials": found.trials,
        "interrupted": found.interrupted,
        "stages": [
            {
                "stage": stage.name,
                "total_latency": stage.total_latency,
                "seconds": round(stage.seconds, 2),
            }
            for stage in found.stages
        ],
    }


def _print_table(
    source: "Input", notes: list[str], found: "Improvement", lower: "LowerBound"
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.output import console, print_table
    from kvproof.scheduling.exact import decimal

    out = console()
    requests = source.instance.requests
    out.print(
        f"{source.source}: {counted(requests, 'request')}, memory {source.instance.memory:,} tokens"
    )
    for note in notes:
        out.print(f"  note: {note}")
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    for column in ("total latency", "mean latency", "at most x OPT", "after"):
        table.add_column(column, justify="right", overflow="fold")
    for stage in found.stages:
        table.add_row(
            stage.name,
            f"{stage.total_latency:,}",
            f"{stage.total_latency / requests:,.1f}",
            decimal(stage.total_latency / lower.value, 4, up=True),
            f"{stage.seconds:.1f} s",
        )
    print_table(out, table)
    bound = decimal(lower.value, 2, up=False, commas=True)
    out.print(
        f"OPT is at least {bound} ({lower.kind}); {counted(found.trials, 'trial')} of local search."
    )
