"""Parts that the pages of several commands share."""

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import kvproof
from kvproof.certificates.checker import Result, Verdict, check
from kvproof.report.page import Download, Picture, Table
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.histogram import Histogram
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.schedule import Schedule

#: Colours of the page's style sheet, one for each line of a chart.
COLOURS = 8
_POINTS = 300  # of a distribution's curve


def command_line() -> str:
    """Return the command that is running, as it can be typed again."""
    return shlex.join(["kvproof", *sys.argv[1:]])


def made_with(*more: str) -> list[tuple[str, str]]:
    """Return versions: of this package, Python, NumPy and the packages of these names."""
    from importlib.metadata import version

    names = ("numpy", *more)
    return [
        ("kvproof", kvproof.__version__),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in names),
    ]


def unit_of_time(step: Fraction | None) -> str:
    """Return the name of the time axis."""
    return "step" if step is None else f"step (of {float(step):g} s)"


def instance_facts(instance: Instance, *, source: str, replicas: int = 1) -> list[tuple[str, str]]:
    """Return the instance's statistics; its memory is that of each of so many replicas."""
    full = instance.expanded()
    load = None if instance.load is None else instance.load / replicas
    when = "all at step 0 (a backlog)" if instance.is_backlog else (
        f"steps {int(full.arrival.min()):,} to {int(full.arrival.max()):,}"
    )  # fmt: skip
    each = "" if replicas == 1 else f" on each of {replicas:,} replicas"
    facts = [
        ("source", source),
        ("requests", f"{instance.requests:,}"),
        ("memory", f"{instance.memory:,} tokens{each}"),
        ("arrivals", when),
        ("prompt, in tokens", _spread(full.prompt)),
        ("output, in tokens", _spread(full.output)),
        ("volume, in token-steps", f"{_spread(full.volume)}; {full.total_volume:,} in all"),
        ("eps: the largest request's share of the memory", f"{float(instance.eps):.4f}"),
    ]
    if load is not None:
        facts.append(("load: volume that arrives per step over memory", f"{float(load):.4f}"))
    return [*facts, ("digest of the instance", instance.digest)]


def told_apart(names: Sequence[str]) -> list[str]:
    """Return the names, those that were there before with a number."""
    found: list[str] = []
    for given in names:
        name, number = given, 2
        while name in found:
            name, number = f"{given} ({number})", number + 1
        found.append(name)
    return found


def latency_picture(schedules: Mapping[str, Schedule], *, unit: str) -> Picture:
    """Return the distribution of latency under schedules, with its percentiles as a table."""
    felt = {
        name: (Histogram.of(schedule.latency), LatencyStatistics.of(schedule))
        for name, schedule in schedules.items()
    }
    return distribution_picture(felt, unit=unit)


def distribution_picture(
    felt: Mapping[str, tuple[Histogram, LatencyStatistics]], *, unit: str
) -> Picture:
    """Return the distribution of latencies that are known by how often each occurs."""
    traces, rows = [], []
    seen = [int(latency.values[end]) for latency, _ in felt.values() for end in (0, -1)]
    # a label at each power of ten says something where there are two of them at least
    powers = {"dtick": 1} if max(seen) >= 100 * min(seen) else {}
    for number, (name, (latency, statistics)) in enumerate(felt.items()):
        upto = np.cumsum(latency.counts.astype(np.int64))
        n = int(upto[-1])
        ranks = np.unique(np.linspace(0, n - 1, min(n, _POINTS)).astype(np.int64))
        traces.append(
            line(
                name,
                latency.values[np.searchsorted(upto, ranks, side="right")].tolist(),
                [(rank + 1) / n for rank in ranks.tolist()],
                number,
                shape="hv",
                hovertemplate="%{y:.1%} within %{x:,}",
            )
        )
        for what, spread in statistics.spreads().items():
            first, *others = spread.values().values()
            numbers = (f"{int(value):,}" for value in others)
            rows.append([name, what, f"{float(first):,.1f}", *numbers])
    return Picture(
        title="Distribution of latency",
        caption="The share of requests that complete within so many steps of their arrival; "
        "further left is better. The scale is logarithmic. Drag to zoom, double-click to go back.",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "xaxis": {"title": {"text": f"latency, {unit}"}, "type": "log", **powers},
                "yaxis": {
                    "title": {"text": "requests"}, "range": [0, 1.02], "tickformat": ".0%",
                },
            },
        },
        table=Table(
            caption="What users feel, in steps: from arrival to the last token, to the start, and "
            "to the first token",
            head=("policy", "time", "mean", "p50", "p90", "p95", "p99", "maximum"),
            rows=rows,
            words=frozenset({0, 1}),
        ),
    )  # fmt: skip


def line(
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    number: int,
    *,
    shape: str = "linear",
    marks: bool = False,
    dash: str = "solid",
    hovertemplate: str | None = None,
) -> dict[str, Any]:
    """Return a line of a chart in the colour of its number."""
    colour = f"var:c{number % COLOURS}"
    made: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers" if marks else "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 2, "shape": shape, "dash": dash},
    }
    if marks:
        made["marker"] = {"color": colour, "size": 7}
    if hovertemplate is not None:
        made["hovertemplate"] = hovertemplate
    return made


def download(
    data: bytes, name: str, *, made_by: str | None = None, said: Result | None = None
) -> Download:
    """Return a certificate to carry, once the checker has verified it, if it has not `said` so.

    Where it came to a limit the words say so: a check that may take more can still verify it.

    Raises
    ------
    RejectedError
        It is not verified otherwise.
    """
    said = said or check(data)
    if said.verdict == Verdict.OVER_LIMIT:
        says = f"not verified: {said.reason}; kvproof check can raise most limits"
    elif said.claim_in_words is None:
        raise RejectedError(f"{name}: not carried: {said.reason}")
    else:
        says = said.claim_in_words.partition("; instance:")[0]  # the page names it elsewhere
    verified = said.verdict == Verdict.VERIFIED
    return Download(name=name, says=says, data=data, made_by=made_by, verified=verified)


def _spread(column: Column) -> str:
    low, middle, high = (int(value) for value in np.quantile(column, (0, 0.5, 1), method="lower"))
    if low == high:
        return f"{low:,} each"
    return f"{low:,} to {high:,}, median {middle:,}, mean {float(column.mean()):,.1f}"
