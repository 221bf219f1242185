"""``kvproof taxonomy``: the best known bounds for every case."""

from typing import TYPE_CHECKING, Any

import click

from kvproof.options import json_option, refuse_idle

if TYPE_CHECKING:
    from kvproof.bounds.proof.steps import StepVerdict
    from kvproof.bounds.queueing.crosscheck import CrossCheck
    from kvproof.bounds.taxonomy.check import CaseVerdict
    from kvproof.bounds.taxonomy.graph import Taxonomy


@click.command("taxonomy")
@click.option("--check", is_flag=True, help="Check every proof; one verdict per case.")
@click.option(
    "--graph", type=click.Path(), help="Draw the graph of cases to this SVG.", metavar="FILE"
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="For --check's runs."
)
@json_option
def command(check: bool, graph: str | None, seed: int, as_json: bool) -> int:
    """Print the best known bounds on policy / OPT for each case, and where they come from.

    A case is traffic by information by rule by policy. Bounds flow along implications; --check
    checks every proof step behind them, compares the queueing formulas with runs, and prints one
    verdict per case. Exit code 1 if a check is rejected, 5 if bounds contradict each other.
    """
    from kvproof.bounds.taxonomy.graph import Taxonomy
    from kvproof.files import Outputs, written
    from kvproof.output import say
    from kvproof.scheduling.errors import ExitCode
    from kvproof.streams import print_json

    if not check:
        refuse_idle("seed", "it is for --check's runs")
    target = None if graph is None else Outputs().file(graph, ends=(".svg",))
    taxonomy = Taxonomy()
    crossed = taxonomy.inconsistencies()
    verdicts: tuple[CaseVerdict, ...] = ()
    runs: list[CrossCheck] = []
    others: dict[str, StepVerdict] = {}
    if check:
        from kvproof.bounds.queueing.crosscheck import fluid_queue, real_backlog, real_poisson
        from kvproof.bounds.taxonomy.check import check_cases, check_others

        verdicts = check_cases(taxonomy)
        others = check_others(verdicts)
        for compare in (fluid_queue, real_backlog, real_poisson):
            runs += compare(seed=seed)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if target is not None:
            from kvproof.bounds.taxonomy.draw import draw

            target.write(draw(taxonomy))
    finally:
        if as_json:
            print_json(_as_json(taxonomy, verdicts, others, runs, written(target)))
        else:
            if check:
                _print_checks(verdicts, others, runs)
            else:
                _print_table(taxonomy)
            for one in crossed:
                say(f"INCONSISTENT: {one}")
    if target is not None and not as_json:
        say(f"graph written to {graph}")
    if crossed:
        return ExitCode.CONTRADICTED
    failed = (
        any(one.rejected for one in verdicts)
        or "rejected" in others.values()
        or any(run.expected and not run.agrees for run in runs)
    )
    return ExitCode.REJECTED if failed else ExitCode.DONE


def _print_table(taxonomy: "Taxonomy") -> None:
    from rich.table import Table

    from kvproof.bounds.taxonomy.summary import summaries
    from kvproof.bounds.taxonomy.text import SHOWN
    from kvproof.output import console, print_table

    out = console()
    for one in summaries(taxonomy):
        out.print(_capital(one.traffic), style="bold")
        if one.rows:
            table = Table("policy", show_lines=True)
            for _, label in SHOWN:
                table.add_column(label, no_wrap=True)
            table.add_column("from", overflow="fold")
            for row in one.rows:
                table.add_row(row.who, *row.spans, row.source.replace(", ", ",\n"))
            print_table(out, table)
            out.print()
        for sentence in one.sentences:
            out.print(f"  {sentence}")
        out.print()
    out.print(
        "[lower, upper] bounds on the worst policy / OPT; under Poisson arrivals on the ratio of "
        "expected totals, light: load -> 0. ∞: no upper bound is known. Best policy: the best "
        "deterministic one that knows as much. --json lists every case."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _print_checks(
    verdicts: "tuple[CaseVerdict, ...]",
    others: "dict[str, StepVerdict]",
    runs: "list[CrossCheck]",
) -> None:
    from rich.table import Table

    from kvproof.output import console, print_table

    out = console()
    table = Table()
    for column in ("case", "verdict", "steps", "rests on"):
        table.add_column(column, overflow="fold")
    for one in verdicts:
        steps = ", ".join(f"{count} {name}" for name, count in sorted(one.verdicts.items()))
        bad = one.rejected or one.inconsistencies
        table.add_row(
            str(one.case),
            one.text,
            steps or "-",
            ", ".join(
                f"{name} ({one.claimed[name]})" if name in one.claimed else name
                for name in one.theorems
            )
            or "-",
            style="bold red" if bad else None,
        )
    print_table(out, table)
    out.print(
        "Proofs that no case rests on: "
        + "; ".join(f"{name}: {verdict}" for name, verdict in others.items())
    )
    table = Table(title="Section 7 against runs (95 percent intervals over seeds)")
    for column in ("what", "predicted", "measured", "agrees", "theorem"):
        table.add_column(column, overflow="fold")
    for run in runs:
        agrees = "yes" if run.agrees else "NO" if run.expected else "no, as expected"
        table.add_row(run.what, f"{run.predicted:.4g}", str(run.measured), agrees, run.theorem)
    print_table(out, table)
    for remark in dict.fromkeys(run.remark for run in runs if run.remark):
        out.print(f"note: {remark}")


def _as_json(
    taxonomy: "Taxonomy",
    verdicts: "tuple[CaseVerdict, ...]",
    others: "dict[str, StepVerdict]",
    runs: "list[CrossCheck]",
    graph: str | None,
) -> dict[str, Any]:
    from fractions import Fraction
    from math import inf

    from kvproof.bounds.taxonomy.cases import CASES
    from kvproof.bounds.taxonomy.text import SHOWN, state
    from kvproof.scheduling.exact import as_pq

    checked = {one.case: one for one in verdicts}
    cases = []
    for case in CASES:
        bounds = []
        for cap, _ in SHOWN:
            known = taxonomy.known(case, cap)
            bounds.append(
                {
                    "eps_at_most": as_pq(cap),
                    **{
                        side: {
                            # null: infinite
                            "value": None if bound.value == inf else as_pq(Fraction(bound.value)),
                            "theorem": bound.theorem.name if bound.theorem else None,
                            "path": [str(c) for c in bound.path],
                        }
                        for side, bound in (("lower", known.lower), ("upper", known.upper))
                    },
                    "state": state(known),
                }
            )
        entry: dict[str, Any] = {
            "traffic": str(case.traffic),
            "information": str(case.information),
            "rule": None if case.rule is None else str(case.rule),
            "policy": case.policy,
            "bounds": bounds,
        }
        if case in checked:
            one = checked[case]
            entry["check"] = {
                "verdict": one.text,
                "steps": one.verdicts,
                "theorems": list(one.theorems),
                "claimed": one.claimed,
            }
        cases.append(entry)
    return {
        "command": "taxonomy",
        "cases": cases,
        "inconsistencies": [str(one) for one in taxonomy.inconsistencies()],
        "other_proofs": {name: str(verdict) for name, verdict in others.items()},
        "runs": [
            {
                "what": run.what,
                "theorem": run.theorem,
                "predicted": run.predicted,
                "mean": run.measured.mean,
                "half_width": run.measured.half_width,
                "runs": run.measured.runs,
                "agrees": run.agrees,
                "expected": run.expected,
                "remark": run.remark,
            }
            for run in runs
        ],
        "graph": graph,
    }
