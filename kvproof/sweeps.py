"""Sweeps on the command line: what is asked for, and the answer as table and JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from kvproof.options import find_policies, named_policies, refuse_idle
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from kvproof.bounds.sweep import Point
    from kvproof.inputs import Input
    from kvproof.scheduling.instance import Instance

_KINDS = ("load", "rate", "memory")
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?(?:/0*[1-9]\d{0,11})?")
MOST_POINTS = 1_000
#: A load that differs from the one asked for by no more than this share is not remarked upon.
_NEAR = Fraction(3, 100)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Values of ``load``, ``rate`` (multiples of the one given) or ``memory``, ascending."""

    over: str
    values: tuple[Fraction, ...]

    def instances(self, source: Input) -> list[Instance]:
        """Return the instance at each value.

        Raises
        ------
        InputError
            Loads or rates of a backlog are asked for, or a request does not fit a memory.
        """
        if self.over == "memory":
            return [source.variant(memory=int(value)) for value in self.values]
        load = source.instance.load
        if load is None:
            raise InputError(
                f"{source.source}: all requests come at once, so that no --sweep over "
                f"{self.over} changes anything; sweep memory"
            )
        per = load if self.over == "load" else Fraction(1)
        return [source.variant(rate=value / per) for value in self.values]


def parse_sweep(text: str) -> Sweep:
    """Read ``load=0.5:1.5:0.1`` (first, last, step) or ``memory=20000,40000,80000``.

    Raises
    ------
    InputError
        The text is not of this form.
    """
    over, equals, rest = text.partition("=")
    if not equals or over not in _KINDS:
        raise InputError(
            f"--sweep {text!r}: expected load=, rate= or memory=, then FIRST:LAST:STEP or "
            "values with commas, such as load=0.5:1.5:0.1 or memory=20000,40000"
        )
    parts = re.split("[:,]", rest)
    wrong = [part for part in parts if not _NUMBER.fullmatch(part) or not Fraction(part)]
    if wrong:
        raise InputError(f"--sweep {text!r}: {wrong[0]!r} is no number above 0 in plain digits")
    values = [Fraction(part) for part in parts]
    if ":" in rest:
        if "," in rest or len(values) != 3 or values[0] > values[1]:
            raise InputError(f"--sweep {text!r}: expected FIRST:LAST:STEP, FIRST at most LAST")
        first, last, step = values
        if (last - first) / step >= MOST_POINTS:
            raise InputError(f"--sweep {text!r}: more than {MOST_POINTS:,} points")
        values = [first + i * step for i in range(int((last - first) / step) + 1)]
    if over == "memory" and any(value.denominator > 1 for value in values):
        raise InputError(f"--sweep {text!r}: tokens are whole numbers")
    return Sweep(over=over, values=tuple(sorted(set(values))))


def sweep_json(points: Sequence[Point], step: Fraction | None) -> list[dict[str, Any]]:
    """Return the points as JSON objects; `step` is in seconds, where it is known."""
    from kvproof.scheduling.exact import as_pq

    return [{"value": as_pq(point.value), **point_json(point, step)} for point in points]


def point_json(point: Point, step: Fraction | None) -> dict[str, Any]:
    """Return what is known of one instance, and of each policy on it."""
    from kvproof.latencies import statistics_json
    from kvproof.output import exact_and_decimal
    from kvproof.scheduling.exact import as_pq

    return {
        "memory": point.memory,
        "requests": point.requests,
        "load": None if point.load is None else as_pq(point.load),
        **exact_and_decimal("lower_bound", point.lower_bound, 4, up=False),
        "lower_bound_kind": point.kind,
        "waits": point.waits,
        "policies": [
            {
                "policy": row.policy,
                "total_latency": row.total_latency,
                **exact_and_decimal("factor", row.factor, 4, up=True),
                **exact_and_decimal("cut_at_least", row.cut.at_least, 4, up=False),
                **exact_and_decimal("cut_at_most", row.cut.at_most, 4, up=True),
                "statistics": statistics_json(row.statistics, step),
            }
            for row in point.rows
        ],
    }


def sweep_table(points: Sequence[Point], over: str) -> Table:
    """Return a table with a line for each point and policy; 60 columns suffice."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.scheduling.exact import decimal, in_full

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(over, justify="right", no_wrap=True)
    table.add_column("policy", no_wrap=True)
    for head in ("mean\nlatency", "p99", "waiting", "proved\nfactor", "can be\ncut by"):
        table.add_column(head, justify="right", no_wrap=True)
    for point in points:
        value = f"{int(point.value):,}" if over == "memory" else in_full(point.value)
        for row in point.rows:
            latency = row.statistics.latency
            least, most = row.cut.percentages()
            table.add_row(
                value,
                row.policy,
                f"{float(latency.mean):,.1f}",
                f"{latency.p99:,}",
                f"{float(row.statistics.queueing_share):.1%}",
                decimal(row.factor, 4, up=True),
                f"{least}–{most}%",
            )
            value = ""
    return table


def sweep_line(points: Sequence[Point], over: str) -> str:
    """Say where order begins to matter, as far as it was tried."""
    from kvproof.scheduling.exact import in_full
    from kvproof.waiting import FREE

    free = [point.value for point in points if not point.waits]
    waits = [point.value for point in points if point.waits]
    if not free:
        return "Order matters at every point: some request waits in every schedule."
    if not waits:
        return f"Order matters at no point: {FREE}."
    listed = ", ".join(in_full(x) if over != "memory" else f"{int(x):,}" for x in free)
    return f"Order does not matter at {over} {listed}: {FREE}."


def how_run(*, skip: bool, compact: bool, admission: str) -> tuple[dict[str, Any], str]:
    """Return how the policies were run: as JSON, and in words."""
    ran = {"rule": "skip" if skip else "strict", "compact": compact, "admission": admission}
    words = "rule: skip (backfilling)" if skip else "rule: strict"
    words += ", then compact" if compact else ""
    return ran, words + ("; svf-1bit reserves" if admission == "reserve" else "")


def sweep_notes(points: Sequence[Point], over: str, *, rate_scale: Fraction | None) -> list[str]:
    """Say where the points are not what a reader expects of their values."""
    from kvproof.scheduling.exact import decimal, in_full

    notes = []
    if differing_requests(points) is not None:
        notes.append(
            "the points are not of the same requests: what is larger than a memory is dropped there"
        )
    if over == "rate" and rate_scale is not None:
        notes.append("the rates of the sweep are multiples of that")
    others = [
        f"{'none' if p.load is None else decimal(p.load, 3, up=False)} for {in_full(p.value)}"
        for p in points
        if over == "load" and (p.load is None or abs(p.load / p.value - 1) > _NEAR)
    ]
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        notes.append(
            "arrivals are whole steps, with which the load is another than asked for: "
            f"{', '.join(others[:5])}{more}"
        )
    return notes


def differing_requests(points: Sequence[Point]) -> str | None:
    """Return how many requests the points have where they differ in it, else None."""
    low, high = (end(point.requests for point in points) for end in (min, max))
    return None if low == high else f"{low:,} to {counted(high, 'request')}"


def show_sweep(
    trace: str,
    over: str,
    policies: str | None,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    plot: str | None,
    as_json: bool,
    reading: dict[str, Any],
    dask: str | None,
    **running: Any,
) -> int:
    """Run and show a sweep; `running` is for :func:`kvproof.bounds.sweep.sweep`."""
    from kvproof.bounds.sweep import sweep
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.output import console, print_table, progress_bar, say_written
    from kvproof.scheduling.cluster import connected
    from kvproof.scheduling.errors import ExitCode
    from kvproof.scheduling.exact import as_pq, in_full
    from kvproof.scheduling.registry import BUILTIN
    from kvproof.streams import print_json
    from kvproof.verdicts import print_heading

    asked = parse_sweep(over)
    names = named_policies(policies, BUILTIN)
    chosen = find_policies(names, theta=theta, admission=admission)
    picture = None if plot is None else Outputs(trace).file(plot, ends=(".svg", ".png"))
    if asked.over == "memory":
        refuse_idle("memory", "--sweep names the memories")
        reading = {**reading, "memory": int(asked.values[-1])}
    with connected(dask) as cluster, progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=len(asked.values))
        source = load(trace, **reading)
        points = []
        instances = asked.instances(source)
        for point in sweep(asked.values, instances, chosen, cluster=cluster, **running):
            points.append(point)
            bar.update(task, advance=1, description=f"{asked.over} {in_full(point.value)}")
    scaled = reading["rate_scale"]
    requests = differing_requests(points)
    notes = sweep_notes(points, asked.over, rate_scale=scaled)
    ran, how = how_run(skip=running["skip"], compact=running["compact"], admission=admission)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if picture is not None:
            from kvproof.bounds.sweep_plot import plot as drawn

            title = f"{source.source}: {requests or counted(source.instance.requests, 'request')}"
            title = title.encode(errors="replace").decode()  # a name may not be UTF-8
            rate = "times the rate asked for" if scaled else "times the trace's rate"
            label = {"load": "load", "rate": rate, "memory": "memory (tokens)"}
            picture.write(drawn(points, over=label[asked.over], title=title, kind=picture.picture))
    finally:
        if as_json:
            print_json(
                {
                    "command": "verify",
                    "source": source.source,
                    "format": source.format,
                    "step": None if source.step is None else as_pq(source.step),
                    "notes": [*source.notes, *notes],
                    "sample": source.sample,
                    **ran,
                    "sweep": asked.over,
                    "points": sweep_json(points, source.step),
                }
            )
        else:
            out = console()
            memories = None
            if asked.over == "memory" and len(points) > 1:
                memories = f"{points[0].memory:,} to {points[-1].memory:,}"
            print_heading(out, source, *notes, memories=memories, requests=requests)
            print_table(out, sweep_table(points, asked.over))
            out.print()
            out.print(sweep_line(points, asked.over))
            out.print(
                f"Latencies in steps; {how}; waiting: its share of the latency; cut as in verify."
            )
            say_written("picture", picture)
    violated = any(row.violation for point in points for row in point.rows)
    return ExitCode.CONTRADICTED if violated else ExitCode.DONE
