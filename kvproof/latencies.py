"""What users feel, as JSON and as a table."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from kvproof.scheduling.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kvproof.inputs import Input
    from kvproof.scheduling.latency import LatencyStatistics, Spread

Unit = Literal["steps", "seconds"]
_SPARED: tuple[tuple[str, ...], ...] = ((), ("p95",), ("p95", "p90"), ("p95", "p90", "max"))
_NAMES = ("mean", "p50", "p90", "p95", "p99", "max")


def statistics_json(statistics: LatencyStatistics, step: Fraction | None) -> dict[str, Any]:
    """Return the statistics in steps, exactly, and in seconds where a step is known."""
    from kvproof.output import exact_and_decimal

    def in_steps(spread: Spread) -> dict[str, Any]:
        mean = exact_and_decimal("mean", spread.mean, 2, up=True)
        return {**mean, **{name: getattr(spread, name) for name in _NAMES[1:]}}

    def in_seconds(spread: Spread) -> dict[str, float] | None:
        if step is None:
            return None
        return {name: float(value * step) for name, value in spread.values().items()}

    return {
        **{
            what.replace(" ", "_"): {"steps": in_steps(spread), "seconds": in_seconds(spread)}
            for what, spread in statistics.spreads().items()
        },
        **exact_and_decimal("queueing_share", statistics.queueing_share, 4, up=True),
    }


def statistics_table(
    out: Console, rows: list[tuple[str, LatencyStatistics]], units: list[tuple[Unit, Fraction]]
) -> Table:
    """Return a table: for each policy and unit a line for each time.

    Parameters
    ----------
    out
        Where it is shown: columns that its width has no room for are left out, p95 and p90 first;
        none where that does not suffice either, for paragraphs have room for all.
    rows
        Policies and what their users feel.
    units
        Names of units, and what a step is in each.
    """
    from kvproof.output import fits

    for spared in _SPARED:
        table = _table(rows, units, spared)
        if fits(out, table):
            return table
    return _table(rows, units, ())


def _table(
    rows: list[tuple[str, LatencyStatistics]],
    units: list[tuple[Unit, Fraction]],
    spared: tuple[str, ...],
) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    several = len(rows) > 1
    names = [name for name in _NAMES if name not in spared]
    for head in ("policy", "time") if several else ("time",):
        table.add_column(head, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    for policy, statistics in rows:
        label = policy
        for unit, size in units:
            for what, spread in statistics.spreads().items():
                said = what if len(units) == 1 else f"{what}, {unit}"
                values = spread.values()
                cells = [_shown(values[name] * size, unit, name) for name in names]
                table.add_row(*([label] if several else []), said, *cells)
                label = ""
        table.add_section()
    return table


def unit_of(source: Input, unit: Unit) -> Fraction:
    """Return what a step is in this unit.

    Raises
    ------
    InputError
        Seconds are asked for, and the source has none.
    """
    if unit == "steps":
        return Fraction(1)
    if source.step is None:
        raise InputError(f"{source.source}: an instance has steps and no seconds; --latency steps")
    return source.step


def print_statistics(
    out: Console, rows: list[tuple[str, LatencyStatistics]], unit: Unit, step: Fraction
) -> None:
    """Print what the users of each policy feel, in a unit in which a step is `step`."""
    from kvproof.output import print_table

    out.print()
    print_table(out, statistics_table(out, rows, [(unit, step)]))
    out.print()
    out.print(f"In {unit}. {queueing_line(rows)}")


def queueing_line(rows: list[tuple[str, LatencyStatistics]]) -> str:
    """Say which share of the latency is waiting, for each policy."""
    several = len(rows) > 1
    shares = [
        f"{f'{policy} ' if several else ''}{float(s.queueing_share):.1%}" for policy, s in rows
    ]
    return f"Share of the latency that is waiting: {', '.join(shares)}."


def _shown(value: Fraction, unit: Unit, name: str) -> str:
    if unit == "steps":
        return f"{float(value):,.1f}" if name == "mean" else f"{int(value):,}"
    return f"{float(value):,.{1 if value >= 100 else 2}f}"
