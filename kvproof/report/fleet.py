"""The page of ``kvproof verify --replicas``."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from kvproof.bounds.fleet import Fleet
from kvproof.fleets import replicas_cells, totals_cells, words
from kvproof.report.page import Page, Picture, Table
from kvproof.report.parts import (
    command_line,
    distribution_picture,
    instance_facts,
    line,
    made_with,
    told_apart,
    unit_of_time,
)
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.words import counted

#: Replicas up to which each is named below the picture and marked in it, drawn, and listed.
MOST_NAMED, MOST_DRAWN, MOST_LISTED = 32, 500, 1_000


def fleet_page(
    fleet: Fleet,
    instance: Instance,
    *,
    source: str,
    step: Fraction | None,
    notes: Sequence[str],
    how: str,
) -> Page:
    """Return the page about policies on the replicas of a fleet.

    Parameters
    ----------
    fleet
        What came of it.
    instance
        All its requests, and the memory of each replica.
    source, step, notes
        What was read, seconds per step or None, and what to know about how.
    how
        How the policies were run, in words.
    """
    named = told_apart([total.policy for total in fleet.totals])
    felt = {
        name: (total.latency, total.statistics)
        for name, total in zip(named, fleet.totals, strict=True)
    }
    return Page(
        title=f"{Path(source).name}: {counted(instance.requests, 'request')} on "
        f"{counted(fleet.replicas, 'replica')} of {instance.memory:,} tokens, {fleet.router}",
        answer=_answer(fleet, instance.requests),
        command=command_line(),
        remarks=[*notes, *words(fleet, how)],
        tables=[
            _table(
                "How far from optimal each policy can be, over all replicas", totals_cells(fleet)
            ),
        ],
        pictures=[distribution_picture(felt, unit=unit_of_time(step)), _replicas(fleet, named)],
        facts=[
            *instance_facts(instance, source=source, replicas=fleet.replicas),
            ("router", str(fleet.router)),
        ],
        made_with=made_with("numba", "jinja2"),
    )


def _answer(fleet: Fleet, requests: int) -> str:
    if fleet.violation:
        return "A theorem is contradicted: a policy costs more on some replica than it allows."
    low = decimal(fleet.lower_bound / requests, 1, up=False, commas=True)
    best = min(fleet.totals, key=lambda total: total.total_latency)
    mean = decimal(best.statistics.latency.mean, 1, up=True, commas=True)
    this, any_routing = (decimal(f, 4, up=True) for f in (best.factor, best.factor_any_routing))
    return (
        f"With this routing no schedules of the replicas have a mean latency below {low} steps: "
        f"{best.policy} ({mean} steps) is at most {this} times optimal, and at most "
        f"{any_routing} times whatever the routing."
    )


def _table(caption: str, cells: list[dict[str, str]]) -> Table:
    return Table(caption=caption, head=list(cells[0]), rows=[list(row.values()) for row in cells])


def _replicas(fleet: Fleet, named: Sequence[str]) -> Picture:
    """Return the mean latency on each replica, beside the least that it can be."""
    ordered = sorted(fleet.parts, key=lambda part: part.lower_bound / part.requests)
    n = len(ordered)
    ranks = np.unique(np.linspace(0, n - 1, min(n, MOST_DRAWN)).astype(np.int64)).tolist()
    shown = [ordered[rank] for rank in ranks]
    x = [rank + 1 for rank in ranks]
    says = [f"replica {int(part.value):,}, {counted(part.requests, 'request')}" for part in shown]
    means = {
        name: [float(part.rows[position].statistics.latency.mean) for part in shown]
        for position, name in enumerate(named)
    }
    few = n <= MOST_NAMED
    traces = [line(name, x, y, number, marks=few) for number, (name, y) in enumerate(means.items())]
    least = [float(part.lower_bound / part.requests) for part in shown]
    floor = line("no schedule below", x, least, 0, dash="dash")
    floor["line"]["color"] = "var:ink"
    traces.append(floor)
    for trace in traces:
        trace["text"] = says
        trace["hovertemplate"] = "%{y:,.1f}, %{text}"
    thinned = f" {len(shown):,} of {n:,} are drawn." if len(shown) < n else ""
    return Picture(
        title="Replicas",
        caption="Mean latency on each replica that was sent a request, in order of the least that "
        f"it can be; hover to see which one.{thinned}",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "xaxis": {
                    "title": {"text": "replica" if few else "rank of the replica"},
                    **({"tickvals": x, "ticktext": [f"{int(p.value):,}" for p in shown]}
                       if few else {"tickformat": ",d"}),
                },
                "yaxis": {"title": {"text": "mean latency, steps"}, "rangemode": "tozero"},
            },
        },
        table=_table("Each replica, and the mean latency of each policy there",
                     replicas_cells(fleet)) if n <= MOST_LISTED else None,
    )  # fmt: skip
