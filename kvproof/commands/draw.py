"""``kvproof draw``: a schedule as a picture."""

from fractions import Fraction
from typing import Any, Literal

import click

from kvproof.options import (
    compact_option,
    find_policies,
    input_options,
    quiet_option,
    rule_options,
)
from kvproof.scheduling.words import counted


@click.command("draw")
@input_options
@click.option("--policy", default="svf", show_default=True, help="Policy, or package.module:Name.")
@rule_options
@compact_option
@click.option(
    "--out", type=click.Path(), required=True, metavar="FILE.svg|.png", help="The picture."
)
@quiet_option
def command(
    trace: str,
    policy: str,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    compact: bool,
    out: str,
    **reading: Any,
) -> int:
    """Draw memory over time as a policy schedules TRACE, each request a trapezoid.

    Many requests are summed up by volume, in sampled steps; --limit takes the first ones alone.
    """
    from kvproof.api import simulate
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.output import console, progress_bar, say
    from kvproof.pictures import schedule_png, schedule_svg

    target = Outputs(trace).file(out, ends=(".svg", ".png"))
    (chosen,) = find_policies([policy], theta=theta, admission=admission)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        bar.update(task, description=policy)
        schedule = simulate(source.instance, chosen, skip=skip, compact=compact)
        rule = f"{'skip' if skip else 'strict'}{', compact' if compact else ''}"
        title = f"{chosen.name} ({rule}): {counted(source.instance.requests, 'request')}, "
        title += f"total latency {schedule.total_latency:,}"
        bar.update(task, description="drawing")
        if target.picture == "svg":
            data = schedule_svg(schedule, title=title).encode()
        else:
            data = schedule_png(schedule, title=title)
    target.write(data)
    for note in source.notes:
        console().print(f"note: {note}")
    say(f"{title}; picture written to {out}")
    return 0
