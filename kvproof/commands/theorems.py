"""``kvproof theorems``: what is claimed, and what stands behind it."""

from typing import TYPE_CHECKING, Any

import click

from kvproof.options import json_option
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from fractions import Fraction

    from kvproof.bounds.proof.steps import StepResult
    from kvproof.bounds.theorem import Theorem


@click.group("theorems", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the theorems, or show one with every step of its proof checked."""
    if context.invoked_subcommand is not None:
        return
    from kvproof.bounds.catalogue import THEOREMS
    from kvproof.output import console, print_table
    from kvproof.streams import print_json

    if as_json:
        print_json({"command": "theorems", "theorems": [_summary(t) for t in THEOREMS]})
        return
    from rich.table import Table

    table = Table()
    for column in ("name", "what", "says", "domain", "status", "eps -> 0", "eps <= 1/2"):
        table.add_column(column, overflow="fold")
    for theorem in THEOREMS:
        at = [_constant(theorem, cap) for cap in _caps()]
        table.add_row(
            theorem.name,
            theorem.title,
            str(theorem.kind),
            str(theorem.domain),
            str(theorem.status),
            *(a["text"] if a else "" for a in at),
        )
    out = console()
    print_table(out, table)
    out.print("kvproof theorems show NAME checks a proof step by step.")


@command.command("show", short_help="Check a theorem step by step.")
@click.argument("name")
@json_option
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> int:
    """Print theorem NAME and check every step of its proof.

    Exit code 1 if a step is rejected. A step in words is shown as argued; one that no exact
    method decides as undecided.
    """
    from kvproof.bounds.catalogue import find
    from kvproof.bounds.proof.check import worst
    from kvproof.bounds.proof.steps import StepVerdict
    from kvproof.scheduling.errors import ExitCode
    from kvproof.streams import print_json

    # also where --json stands before `show`
    as_json = as_json or (context.parent is not None and context.parent.params["as_json"])
    theorem = find(name)
    results = theorem.check()
    rejected = any(r.verdict is StepVerdict.REJECTED for r in results)
    if as_json:
        steps = [
            {
                "claim": step.claim,
                "over": list(getattr(step, "over", ())),
                "why": step.why,
                "kind": type(step).__name__.lower(),
                "verdict": str(result.verdict),
                "method": result.method,
                "counterexample": result.counterexample,
            }
            for step, result in zip(theorem.steps(), results, strict=True)
        ]
        print_json(
            {
                "command": "theorems show",
                **_summary(theorem),
                "steps": steps,
                "verdict": str(worst(results)),
            }
        )
    else:
        _print(theorem, results)
    return ExitCode.REJECTED if rejected else ExitCode.DONE


def _caps() -> "tuple[Fraction, Fraction]":
    from fractions import Fraction

    return Fraction(0), Fraction(1, 2)


def _constant(theorem: "Theorem", cap: "Fraction") -> dict[str, Any] | None:
    from fractions import Fraction
    from math import inf

    from kvproof.bounds.theorem import Kind
    from kvproof.scheduling.exact import as_pq, decimal

    value = None if theorem.constant is None else theorem.constant(cap)
    if value is None:
        return None
    if value == inf:
        return {"exact": None, "text": "unbounded"}
    exact = Fraction(value)
    up = theorem.kind in (Kind.RATIO_AT_MOST, Kind.TOTAL_AT_MOST)
    text = str(exact) if exact.denominator < 10 else decimal(exact, 4, up=up)
    return {"exact": as_pq(exact), "text": text}


def _summary(theorem: "Theorem") -> dict[str, Any]:
    from kvproof.bounds.formal.statements import PARTS, statement_of
    from kvproof.scheduling.paced import Shape

    domain = theorem.domain
    proved = statement_of(theorem.name)
    return {
        "name": theorem.name,
        "title": theorem.title,
        "kind": str(theorem.kind),
        "statement": theorem.statement,
        "latex": theorem.latex,
        "traffic": str(domain.traffic),
        "policy": domain.policy,
        "rule": None if domain.rule is None else str(domain.rule),
        "information": str(domain.information),
        "eps_below": None if domain.below is None else str(domain.below),
        "shape": None if domain.shape is Shape.ANY else str(domain.shape),
        "load_below": None if domain.load_below is None else str(domain.load_below),
        "source": theorem.source,
        "status": str(theorem.status),
        "evidence": [{"kind": str(e.kind), "detail": e.detail} for e in theorem.evidence],
        "uses": list(theorem.uses),
        "coq": None
        if proved is None
        else {"name": proved.name, "statement": proved.coq, "part": PARTS.get(proved.name)},
        "constant": {
            label: _constant(theorem, cap)
            for label, cap in zip(("limit", "1/2"), _caps(), strict=True)
        },
    }


def _print(theorem: "Theorem", results: "tuple[StepResult, ...]") -> None:
    from collections import Counter

    from kvproof.bounds.formal.statements import PARTS, statement_of
    from kvproof.bounds.proof.steps import StepVerdict
    from kvproof.output import console

    out = console()
    out.print(f"{theorem.name}: {theorem.title}", style="bold")
    for label, text in (
        ("statement", theorem.statement),
        ("LaTeX", theorem.latex),
        ("says", str(theorem.kind)),
        ("domain", str(theorem.domain)),
        ("source", theorem.source),
        ("status", str(theorem.status)),
        ("uses", ", ".join(theorem.uses)),
    ):
        if text:
            out.print(f"  {label}: {text}")
    for evidence in theorem.evidence:
        out.print(f"  {evidence.kind}: {evidence.detail}")
    if (proved := statement_of(theorem.name)) is not None:
        part = f", {PARTS[proved.name]}" if proved.name in PARTS else ""
        out.print(f"  machine-checked (make prove){part}:")
        for line in proved.coq.splitlines():
            out.print(f"    {line}")
    if not results:
        out.print("There is no proof here to check.")
        return
    for number, (step, result) in enumerate(zip(theorem.steps(), results, strict=True), 1):
        over = getattr(step, "over", ())
        out.print(f"\n{number}. {step.why}")
        if step.claim:
            where = f"   for {', '.join(over)}" if over else ""
            out.print(f"     {step.claim}{where}")
        argued = result.verdict is StepVerdict.ARGUED  # which says how as well
        out.print(f"     {result.verdict}{'' if argued else f': {result.method}'}")
        if result.counterexample is not None:
            point = ", ".join(f"{k} = {v}" for k, v in result.counterexample.items())
            out.print(f"     counterexample: {point}")
    counts = Counter(str(r.verdict) for r in results)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    out.print(f"\n{counted(len(results), 'step')}: {said}.")
