"""Fleets on the command line: replicas behind a router, the answer as tables and JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import find_policies, named_policies, together
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from kvproof.bounds.fleet import Fleet
    from kvproof.inputs import Input
    from kvproof.latencies import Unit

#: Replicas up to which each has a line of its own.
MOST_SHOWN = 32
MOST_REPLICAS = 100_000

#: What says that there are several replicas.
fleet_options = together(
    click.option(
        "--replicas",
        type=click.IntRange(1, MOST_REPLICAS),
        metavar="N",
        help="A fleet: N replicas, each with the memory given, behind a router.",
    ),
    click.option(
        "--router",
        type=click.Choice(["round-robin", "least-loaded"]),
        default="round-robin",
        show_default=True,
        help="With --replicas: where each request goes as it comes.",
    ),
)


def fleet_json(source: Input, fleet: Fleet) -> dict[str, Any]:
    """Return the fleet as a JSON object."""
    from kvproof.latencies import statistics_json
    from kvproof.output import exact_and_decimal
    from kvproof.scheduling.exact import as_pq
    from kvproof.sweeps import point_json

    load = _load(source, fleet)
    return {
        "replicas": fleet.replicas,
        "router": fleet.router,
        "load": None if load is None else as_pq(load),
        **exact_and_decimal("lower_bound", fleet.lower_bound, 4, up=False),
        **exact_and_decimal("lower_bound_any_routing", fleet.pooled.value, 4, up=False),
        "lower_bound_any_routing_kind": fleet.pooled.kind,
        "policies": [
            {
                "policy": total.policy,
                "total_latency": total.total_latency,
                **exact_and_decimal("mean_latency", total.statistics.latency.mean, 2, up=True),
                "max_latency": total.statistics.latency.max,
                **exact_and_decimal("queueing_share", total.statistics.queueing_share, 4, up=True),
                **exact_and_decimal("factor", total.factor, 4, up=True),
                **exact_and_decimal("factor_any_routing", total.factor_any_routing, 4, up=True),
                "statistics": statistics_json(total.statistics, source.step),
            }
            for total in fleet.totals
        ],
        "violation": fleet.violation,
        "parts": [
            {"replica": int(part.value), **point_json(part, source.step)} for part in fleet.parts
        ],
    }


def totals_cells(fleet: Fleet) -> list[dict[str, str]]:
    """Return {column: text} for each policy: what the whole fleet comes to."""
    from kvproof.scheduling.exact import decimal

    return [
        {
            "policy": total.policy,
            "total latency": f"{total.total_latency:,}",
            "mean": f"{float(total.statistics.latency.mean):,.1f}",
            "max": f"{total.statistics.latency.max:,}",
            "waiting": f"{float(total.statistics.queueing_share):.1%}",
            "proved factor": decimal(total.factor, 4, up=True),
            "any routing": decimal(total.factor_any_routing, 4, up=True),
        }
        for total in fleet.totals
    ]


def replicas_cells(fleet: Fleet) -> list[dict[str, str]]:
    """Return {column: text} for each replica that was sent a request."""
    from kvproof.scheduling.exact import decimal

    return [
        {
            "replica": f"{int(part.value):,}",
            "requests": f"{part.requests:,}",
            "OPT at least": decimal(part.lower_bound, 0, up=False, commas=True),
            **{
                f"{row.policy} mean": f"{float(row.statistics.latency.mean):,.1f}"
                for row in part.rows
            },
        }
        for part in fleet.parts
    ]


def _table(cells: list[dict[str, str]], *, justify: Literal["left", "right"]) -> Table:
    """Return a table of these rows; `justify` is for the first column."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    first, *heads = cells[0]
    table.add_column(first, justify=justify, no_wrap=True)
    for head in heads:
        table.add_column(head.replace(" ", "\n", 1), justify="right", no_wrap=True)
    for row in cells:
        table.add_row(*row.values())
    return table


def words(fleet: Fleet, how: str) -> list[str]:
    """Say what is proved, and of what; `how` the policies were run is in words already."""
    from kvproof.scheduling.exact import decimal
    from kvproof.waiting import FREE

    least, any_routing = (
        decimal(value, 2, up=False, commas=True)
        for value in (fleet.lower_bound, fleet.pooled.value)
    )
    waits = sum(part.waits for part in fleet.parts)
    kinds = ", ".join(sorted({str(part.kind) for part in fleet.parts}))
    this = (
        f"With this routing no schedules of the replicas come to less than {least} steps in all "
        f"(the replicas' bounds: {kinds}): proved factors are over that, and say nothing of "
        "other routings."
    )
    any_ = (
        f"With any routing, whoever chooses and whatever is known, it is at least {any_routing}: "
        f"the {fleet.pooled.kind} bound of one memory as large as all replicas' together."
    )
    order = (
        f"Order matters on {waits:,} of {counted(len(fleet.parts), 'replica')}: some request "
        "waits in every schedule there."
        if waits
        else f"Order matters nowhere: on each replica {FREE}."
    )
    said = [this, any_, order, f"Latencies in steps; {how}; waiting: its share of the latency."]
    idle = fleet.replicas - len(fleet.parts)
    if idle:
        said.append(f"Replicas that were sent no request: {idle:,}.")
    if fleet.violation:
        said.append("VIOLATION: a schedule costs more than a theorem allows; see --json.")
    return said


def show_fleet(
    trace: str,
    replicas: int,
    router: str,
    policies: str | None,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    latency: Unit | None,
    report: str | None,
    as_json: bool,
    reading: dict[str, Any],
    dask: str | None,
    **running: Any,
) -> int:
    """Run and show a fleet; `running` is for :func:`kvproof.bounds.fleet.run_fleet`."""
    from kvproof.bounds.fleet import run_fleet
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.latencies import unit_of
    from kvproof.output import progress_bar, say_written
    from kvproof.scheduling.cluster import connected
    from kvproof.scheduling.errors import ExitCode
    from kvproof.scheduling.registry import BUILTIN
    from kvproof.scheduling.routing import Router
    from kvproof.streams import print_json
    from kvproof.sweeps import how_run

    names = named_policies(policies, BUILTIN)
    chosen = find_policies(names, theta=theta, admission=admission)
    page = Outputs(trace).page(report)
    with connected(dask) as cluster, progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=replicas)
        source = load(trace, **reading)
        if latency is not None:
            unit_of(source, latency)  # refuses seconds where there are none
        fleet = run_fleet(
            source.instance,
            chosen,
            replicas=replicas,
            router=Router(router),
            observe=lambda part: bar.update(
                task, advance=1, description=f"replica {int(part.value):,}"
            ),
            cluster=cluster,
            **running,
        )
    ran, how = how_run(skip=running["skip"], compact=running["compact"], admission=admission)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if page is not None:
            from kvproof.report.fleet import fleet_page

            made = fleet_page(fleet, source.instance, source=source.source, step=source.step,
                              notes=source.notes, how=how)  # fmt: skip
            page.write(made.to_bytes())
    finally:
        if as_json:
            print_json({**source.to_json(), **ran, **fleet_json(source, fleet)})
        else:
            _print_fleet(source, fleet, latency, how)
            say_written("page", page)
    return ExitCode.CONTRADICTED if fleet.violation else ExitCode.DONE


def _print_fleet(source: Input, fleet: Fleet, latency: Unit | None, how: str) -> None:
    from kvproof.latencies import print_statistics, unit_of
    from kvproof.output import console, print_table
    from kvproof.verdicts import print_heading

    out = console()
    memory = f"{source.instance.memory:,} tokens each"
    load = _load(source, fleet)
    what = f"{counted(fleet.replicas, 'replica')}, {memory}, {fleet.router}"
    if load is not None:
        what += f", load of the fleet {float(load):.2f} (above: if one replica had all)"
    print_heading(out, source, what)
    print_table(out, _table(totals_cells(fleet), justify="left"))
    out.print()
    if len(fleet.parts) <= MOST_SHOWN:
        print_table(out, _table(replicas_cells(fleet), justify="right"))
        out.print()
    else:
        sent = [part.requests for part in fleet.parts]
        out.print(
            f"Of {len(sent):,} replicas each was sent {min(sent):,} to {max(sent):,} requests; "
            "--json lists them."
        )
    for line in words(fleet, how):
        out.print(line)
    if latency is not None:
        rows = [(total.policy, total.statistics) for total in fleet.totals]
        print_statistics(out, rows, latency, unit_of(source, latency))


def _load(source: Input, fleet: Fleet) -> Fraction | None:
    """Return the volume over what all replicas can hold while requests come."""
    load = source.instance.load
    return None if load is None else load / fleet.replicas
