"""``kvproof verify``: the main job."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import (
    bound_option,
    compact_option,
    find_policies,
    input_options,
    json_option,
    rule_options,
)

if TYPE_CHECKING:
    from kvproof.bounds.verify import Verdict
    from kvproof.certificates.proofs import BoundKind
    from kvproof.inputs import Input


@click.command("verify")
@input_options
@click.option(
    "--policy",
    "policies",
    help="Policies, separated by commas [default: svf,svf-1bit,sjf,fcfs,sorted-f]; "
    "package.module:Name is one of your own.",
)
@rule_options
@compact_option
@bound_option
@json_option
def command(
    trace: str,
    policies: str | None,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    compact: bool,
    bound: "BoundKind | None",
    as_json: bool,
    **reading: Any,
) -> int:
    """Schedule TRACE by each policy and prove how far each is from optimal.

    TRACE is a request trace (CSV, JSON lines or Parquet; its kind is recognised) or an instance
    file. The proved factor is the total latency over a certified lower bound on the optimum:
    no schedule, clairvoyant or not, is better by more than that factor.
    """
    # imported here, so that help needs none of it
    from kvproof.bounds.verify import verify
    from kvproof.certificates.lower_bounds import find_bound
    from kvproof.inputs import load
    from kvproof.output import progress_bar
    from kvproof.scheduling.errors import ExitCode
    from kvproof.scheduling.registry import BUILTIN
    from kvproof.streams import print_json

    names = [n.strip() for n in policies.split(",")] if policies is not None else list(BUILTIN)
    chosen = find_policies(names, theta=theta, admission=admission)
    with progress_bar() as bar:
        stage = bar.add_task(f"reading {trace}", total=len(chosen) + 2)
        source = load(trace, **reading)
        bar.update(stage, advance=1, description="lower bound on OPT")
        search = bar.add_task("evaluations", total=None, visible=False)
        lower_bound = find_bound(
            source.instance,
            bound,
            progress=lambda done, best: bar.update(
                search, visible=True, completed=done, description=f"prices: {best:,.0f}"
            ),
        )
        bar.remove_task(search)
        bar.advance(stage)
        verdicts = []
        for policy in chosen:
            bar.update(stage, description=policy.name)
            requests = bar.add_task("requests", total=source.instance.requests, visible=False)
            verdicts.append(
                verify(
                    source.instance,
                    policy,
                    skip=skip,
                    compact=compact,
                    lower_bound=lower_bound,
                    progress=lambda done, n, task=requests: bar.update(  # type: ignore[misc]
                        task, completed=done, total=n, visible=True
                    ),
                )
            )
            bar.remove_task(requests)
            bar.advance(stage)
    if as_json:
        print_json(_as_json(source, verdicts, skip))
    else:
        _print_table(source, verdicts, skip)
    violated = any(v.violation for v in verdicts)
    return ExitCode.CONTRADICTED if violated else ExitCode.DONE


def _as_json(source: "Input", verdicts: list["Verdict"], skip: bool) -> dict[str, Any]:
    from kvproof.output import exact_and_decimal
    from kvproof.scheduling.exact import as_pq

    instance = source.instance
    load = instance.load
    return {
        "command": "verify",
        "source": source.source,
        "format": source.format,
        "step": None if source.step is None else as_pq(source.step),
        "notes": list(source.notes),
        "requests": instance.requests,
        "memory": instance.memory,
        "digest": instance.digest,
        "backlog": instance.is_backlog,
        "eps": as_pq(instance.eps),
        "load": None if load is None else as_pq(load),
        "rule": "skip" if skip else "strict",
        "policies": [
            {
                "policy": v.policy,
                "rule": v.rule,
                "admission": v.admission,
                "compact": v.compact,
                "remark": v.remark,
                "total_latency": v.schedule.total_latency,
                **exact_and_decimal("mean_latency", v.schedule.mean_latency, 2, up=True),
                "makespan": v.schedule.makespan,
                **exact_and_decimal(
                    "memory_utilisation", v.schedule.memory_utilisation, 4, up=False
                ),
                **exact_and_decimal("lower_bound", v.lower_bound.value, 4, up=False),
                "lower_bound_kind": v.lower_bound.kind,
                **exact_and_decimal("factor", v.factor, 4, up=True),
                "theorem": v.theorem_bound and v.theorem_bound.theorem.name,
                "theorem_bound": v.theorem_bound and v.theorem_bound.total,
                "violation": v.violation,
            }
            for v in verdicts
        ],
    }


def _print_table(source: "Input", verdicts: list["Verdict"], skip: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.output import console
    from kvproof.scheduling.exact import decimal

    instance = source.instance
    out = console()
    out.print(_heading(source))
    for note in source.notes:
        out.print(f"  note: {note}")
    narrow = out.width < 120
    padding = (0, 1, 0, 0) if narrow else (0, 1)
    box = None if narrow else SIMPLE_HEAD
    table = Table(box=box, show_edge=False, pad_edge=False, padding=padding)
    table.add_column("policy", no_wrap=True)
    columns = ["total latency", "mean latency", "makespan", "memory used", "OPT at least"]
    columns += ["proved factor", *(["theorem bound"] if instance.is_backlog else [])]
    fold = "\n" if narrow else " "
    for column in columns:
        # a very narrow terminal folds a number, but never cuts it short
        table.add_column(column.replace(" ", fold), justify="right", overflow="fold")
    for v in verdicts:
        name = v.policy + (" (reserve)" if v.admission == "reserve" else "")
        name += " compact" if v.compact else ""
        cells = [
            name,
            f"{v.schedule.total_latency:,}",
            f"{float(v.schedule.mean_latency):,.{0 if narrow else 1}f}",
            f"{v.schedule.makespan:,}",
            f"{float(v.schedule.memory_utilisation):.1%}",
            decimal(v.lower_bound.value, 0 if narrow else 2, up=False, commas=True),
            decimal(v.factor, 4, up=True),
        ]
        if instance.is_backlog:
            cells.append(_theorem(v).replace(" ", fold))
        table.add_row(*cells, style="bold red" if v.violation else None)
    out.print(table)
    out.print()
    kind = verdicts[0].lower_bound.kind
    rule = "skip (backfilling)" if skip else "strict"
    unit = "steps" if source.step is None else f"steps of {float(source.step):g} s"
    out.print(
        f"Latencies in {unit}; rule: {rule}; bound on OPT: {kind}. "
        "A proved factor f says: no schedule at all has a total below total latency / f."
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


def _theorem(verdict: "Verdict") -> str:
    if verdict.theorem_bound is None:
        return "-"
    return f"{verdict.theorem_bound.total:,} {'BROKEN' if verdict.violation else 'kept'}"


def _heading(source: "Input") -> str:
    instance = source.instance
    traffic = "backlog" if instance.is_backlog else "arrivals over time"
    if not instance.is_backlog and instance.load is not None:
        traffic += f", load {float(instance.load):.2f}"
    plural = "s" if instance.requests > 1 else ""
    return (
        f"{source.source} ({source.format}): {instance.requests:,} request{plural}, "
        f"memory {instance.memory:,} tokens, {traffic}, eps {float(instance.eps):.3f}"
    )
