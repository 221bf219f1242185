"""Verdicts on the terminal: as many columns as its width has room for, no number broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from kvproof.bounds.verify import Verdict, cuts
from kvproof.certificates.headroom import Cut
from kvproof.latencies import Unit, print_statistics, unit_of
from kvproof.output import console, fits, print_table
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.words import counted
from kvproof.waiting import waiting_line

if TYPE_CHECKING:
    from rich.console import Console

    from kvproof.inputs import Input

#: Columns that a narrow terminal goes without, first to last; the rest is always shown.
_SPARED = ("OPT at least", "makespan", "memory used", "mean latency", "theorem bound")


def print_verdicts(
    source: Input, verdicts: list[Verdict], *, skip: bool, latency: Unit | None
) -> None:
    """Print what was scheduled, a row for each policy, and how the numbers are to be read.

    With `latency` what the users of each policy feel comes after it, in that unit.
    """
    out = console()
    print_heading(out, source)
    table, spared = _fitting(out, verdicts)
    print_table(out, table)
    out.print()
    bound = verdicts[0].lower_bound
    opt = "OPT at least" in spared and (
        f" (at least {decimal(bound.value, 2, up=False, commas=True)})"
    )
    hidden = [column for column in spared if column != "OPT at least"]
    rule = "skip (backfilling)" if skip else "strict"
    unit = "steps" if source.step is None else f"steps of {float(source.step):g} s"
    out.print(
        f"Latencies in {unit}; rule: {rule}; bound on OPT: {bound.kind}{opt or ''}. "
        "A proved factor f says: no schedule at all has a total below total latency / f. Can be "
        "cut by: as much as the best schedule of the table shows, and as much as the bound allows."
    )
    out.print(waiting_line(source))
    if hidden:
        out.print(
            f"Without {', '.join(hidden)}, for which {out.width} columns are too few: COLUMNS=130 "
            "before the command, or --json, shows all."
        )
    for v in verdicts:
        if v.remark is not None:
            out.print(f"{v.policy}: {v.remark}")
    for v in verdicts:
        if v.theorem_bound is not None and v.violation:
            out.print(
                f"VIOLATION: {v.policy} costs {v.schedule.total_latency:,}, more than the "
                f"{v.theorem_bound.total:,} that the theorem {v.theorem_bound.theorem.name} "
                "allows.",
                style="bold red",
            )
    if latency is not None:
        rows = [(label(v), v.statistics) for v in verdicts]
        print_statistics(out, rows, latency, unit_of(source, latency))


def print_heading(
    out: Console,
    source: Input,
    *notes: str,
    memories: str | None = None,
    requests: str | None = None,
) -> None:
    """Print what was read in a line, and what is to be noted of it.

    `memories` stands for the memory where there are several: what depends on it is left out then.
    `requests` stands for their number where that is not the same for all.
    """
    out.print(_heading(source, memories, requests))
    for note in (*source.notes, *notes):
        out.print(f"  note: {note}")


def _heading(source: Input, memories: str | None, requests: str | None) -> str:
    instance = source.instance
    traffic = "backlog" if instance.is_backlog else "arrivals over time"
    if memories is None:
        if not instance.is_backlog and instance.load is not None:
            traffic += f", load {float(instance.load):.2f}"
        traffic += f", eps {float(instance.eps):.3f}"
    return (
        f"{source.source} ({source.format}): "
        f"{requests or counted(instance.requests, 'request')}, "
        f"memory {memories or f'{instance.memory:,}'} tokens, {traffic}"
    )


def label(verdict: Verdict) -> str:
    """Return the policy's name, and how it was run where that is not the ordinary way."""
    reserve = " (reserve)" if verdict.admission == "reserve" else ""
    return f"{verdict.policy}{reserve}{' compact' if verdict.compact else ''}"


def _fitting(out: Console, verdicts: list[Verdict]) -> tuple[Table, tuple[str, ...]]:
    """Return the fullest table that the terminal has room for, and the columns it is without.

    Where there is room for none it is the whole one, for paragraphs.
    """
    wide = _table(verdicts, (), narrow=False)
    if fits(out, wide):
        return wide, ()
    for spared in range(len(_SPARED) + 1):
        table = _table(verdicts, _SPARED[:spared], narrow=True)
        if fits(out, table):
            shown = cells(verdicts, narrow=True)[0]
            return table, tuple(column for column in _SPARED[:spared] if column in shown)
    return wide, ()


def _table(verdicts: list[Verdict], spared: tuple[str, ...], *, narrow: bool) -> Table:
    padding = (0, 1, 0, 0) if narrow else (0, 1)
    box = None if narrow else SIMPLE_HEAD
    table = Table(box=box, show_edge=False, pad_edge=False, padding=padding)
    table.add_column("policy", no_wrap=True)
    fold = "\n" if narrow else " "
    rows = cells(verdicts, narrow=narrow)
    columns = [column for column in rows[0] if column not in spared]
    for column in columns:
        head = column.replace(" ", fold).replace("be\ncut", "be cut")
        table.add_column(head, justify="right", overflow="fold")
    for verdict, row in zip(verdicts, rows, strict=True):
        table.add_row(
            label(verdict).replace(" ", fold),
            *(row[column].replace(" ", fold) for column in columns),
            style="bold red" if verdict.violation else None,
        )
    return table


def cells(verdicts: Sequence[Verdict], *, narrow: bool) -> list[dict[str, str]]:
    """Return {column: text} of each row; that of theorems on backlogs, and where one applies."""
    rows = [_cells(v, cut, narrow=narrow) for v, cut in zip(verdicts, cuts(verdicts), strict=True)]
    bounded = any(v.theorem_bound is not None for v in verdicts)
    if bounded or verdicts[0].schedule.instance.is_backlog:
        for verdict, row in zip(verdicts, rows, strict=True):
            row["theorem bound"] = _theorem(verdict)
    return rows


def _cells(verdict: Verdict, cut: Cut, *, narrow: bool) -> dict[str, str]:
    schedule = verdict.schedule
    least, most = cut.percentages()
    long = schedule.mean_latency >= 1000
    return {
        "total latency": f"{schedule.total_latency:,}",
        "mean latency": f"{float(schedule.mean_latency):,.{0 if narrow and long else 1}f}",
        "makespan": f"{schedule.makespan:,}",
        "memory used": f"{float(schedule.memory_utilisation):.1%}",
        "OPT at least": decimal(
            verdict.lower_bound.value, 0 if narrow else 2, up=False, commas=True
        ),
        "proved factor": decimal(verdict.factor, 4, up=True),
        "can be cut by": f"{least}%– {most}%" if narrow else f"{least}–{most}%",
    }


def _theorem(verdict: Verdict) -> str:
    if verdict.theorem_bound is None:
        return "-"
    return f"{verdict.theorem_bound.total:,} {'BROKEN' if verdict.violation else 'kept'}"
