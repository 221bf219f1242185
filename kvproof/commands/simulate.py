"""``kvproof simulate``: one policy, its schedule as JSON."""

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import compact_option, find_policies, input_options, json_option, rule_options

if TYPE_CHECKING:
    from kvproof.inputs import Input
    from kvproof.scheduling.schedule import Schedule


@click.command("simulate")
@input_options
@click.option("--policy", default="svf", show_default=True, help="The policy.")
@rule_options
@compact_option
@click.option("--out", type=click.Path(), help="Write the schedule here.", metavar="FILE")
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
    """Schedule TRACE by one policy and write the schedule.

    The schedule is a JSON object with the start step of each request, in the order of the
    instance (for a trace: in order of arrival). Without --out and --json only a summary is shown.
    """
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.output import console, progress_bar
    from kvproof.scheduling.compact import compact as shift_left
    from kvproof.scheduling.feasibility import check_schedule
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
        "notes": list(source.notes),
        "starts": schedule.starts.tolist(),
    }
    if as_json:
        print_json(data)
    else:
        _print(source, chosen.name, schedule, data["rule"])
    if target is not None:
        target.write((json.dumps(data) + "\n").encode())
        if not as_json:
            console().print(f"schedule written to {out}")


def _print(source: "Input", policy: str, schedule: "Schedule", rule: str) -> None:
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
