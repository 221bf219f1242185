"""``kvproof headroom``: how much latency a better schedule can still cut, in one sentence."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import (
    find_policies,
    input_options,
    json_option,
    quiet_option,
    report_option,
    rule_options,
    same_options,
    time_limit_option,
)

if TYPE_CHECKING:
    from kvproof.certificates.headroom import Headroom
    from kvproof.inputs import Input


@click.command("headroom")
@input_options
@click.option("--policy", default="fcfs", show_default=True, help="What runs now.")
@rule_options
@time_limit_option("How long to look for better schedules and bounds, after reading and compiling.")
@click.option(
    "--certificates",
    type=click.Path(),
    metavar="FOLDER",
    help="Write what proves each half into this folder.",
)
@report_option
@quiet_option
@json_option
def command(
    trace: str,
    policy: str,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    time_limit: float,
    certificates: str | None,
    report: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Say by how much the mean latency of a policy on TRACE can be cut: at least, and at most.

    At least: the best schedule that is found in the time, which knows every request beforehand.
    At most: the best lower bound on the optimum. --certificates writes both for the independent
    checker: at-least.json.gz (absent where nothing better is found) and at-most.json.gz.
    Ctrl-C ends the search with what was found by then, and exit code 130.
    """
    from kvproof.certificates.checker import check
    from kvproof.files import Failures, Output, Outputs
    from kvproof.inputs import load
    from kvproof.output import console, other_bound, progress_bar, say_written
    from kvproof.scheduling.errors import ExitCode
    from kvproof.solver.headroom import find_headroom
    from kvproof.streams import print_json

    outputs = Outputs(trace)
    folder = None if certificates is None else outputs.folder(certificates, mark="at-most.json.gz")
    page = outputs.page(report)
    (chosen,) = find_policies([policy], theta=theta, admission=admission)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        found = find_headroom(
            source.instance,
            chosen,
            skip=skip,
            time_limit=time_limit,
            report=lambda stage: bar.update(task, description=stage),
        )
        proofs, others = [], []
        if folder is not None:
            for name, certificate in found.certificates().items():
                others += other_bound(certificate, found.lower_bound)
                bar.update(task, description=f"checking {name}")
                data = certificate.to_bytes(compress=True)
                proofs.append((Output(str(folder / f"{name}.json.gz")), data, check(data)))
    # a result and its files: none is lost where another cannot be written
    failures = Failures()
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "at-least.json.gz").unlink(missing_ok=True)  # an earlier call's
            for output, data, checked in proofs:
                with failures:
                    output.write_verified(data, checked)
        if page is not None:
            from kvproof.report.headroom import headroom_page

            idle = ("certificates", "report", "as_json")
            again = ["kvproof", "headroom", *same_options(but=idle)]
            notes = [*source.notes, *(["interrupted: what was found by then"] * found.interrupted)]
            with failures:
                made = headroom_page(found, source=source.source, step=source.step, notes=notes,
                                     again=again)  # fmt: skip
                page.write(made.to_bytes())
        failures.end()
    finally:
        if as_json:
            names = [output.name for output, _, _ in proofs if output.is_written]
            print_json(_as_json(source, others, found) | {"certificates": names})
        else:
            _print(source, others, found)
            for output, _, checked in proofs:
                if output.is_written and checked.claim_in_words is not None:
                    console().print(f"{output.name}: verified: {checked.claim_in_words}")
            say_written("page", page)
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.DONE


def _as_json(source: "Input", others: list[str], found: "Headroom") -> dict[str, Any]:
    from kvproof.latencies import statistics_json
    from kvproof.output import exact_and_decimal
    from kvproof.scheduling.latency import LatencyStatistics
    from kvproof.waiting import waiting_json

    return {
        "command": "headroom",
        "source": source.source,
        "notes": [*source.notes, *others],
        "requests": source.instance.requests,
        "memory": source.instance.memory,
        "digest": source.instance.digest,
        "policy": found.policy.name,
        "rule": "skip" if found.skip else "strict",
        "sentence": found.sentence(),
        "interrupted": found.interrupted,
        **exact_and_decimal("cut_at_least", found.cut.at_least, 4, up=False),
        **exact_and_decimal("cut_at_most", found.cut.at_most, 4, up=True),
        **waiting_json(source),
        "total_latency": found.schedule.total_latency,
        "best_total_latency": found.best.total_latency,
        "found_by": found.found_by,
        **exact_and_decimal("lower_bound", found.lower_bound.value, 4, up=False),
        "lower_bound_kind": found.lower_bound.kind,
        "statistics": statistics_json(LatencyStatistics.of(found.schedule), source.step),
        "best_statistics": statistics_json(LatencyStatistics.of(found.best), source.step),
    }


def _print(source: "Input", others: list[str], found: "Headroom") -> None:
    from kvproof.output import console
    from kvproof.scheduling.exact import decimal
    from kvproof.verdicts import print_heading
    from kvproof.waiting import waiting_line

    out = console()
    print_heading(out, source, *others)
    if found.interrupted:
        out.print("Interrupted: this is what was found by then.")
    out.print(found.sentence())
    bound = decimal(found.lower_bound.value, 0, up=False, commas=True)
    best = f"{found.best.total_latency:,} by {found.found_by}; " if found.cut.at_least else ""
    out.print(
        f"Total latency, in steps: {found.schedule.total_latency:,} by {found.policy.name}; {best}"
        f"at least {bound} for every schedule, by the {found.lower_bound.kind} bound."
    )
    out.print(waiting_line(source))
