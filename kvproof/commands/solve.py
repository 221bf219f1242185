"""``kvproof solve``: the least total latency of an instance, proved or boxed in."""

import sys
from typing import TYPE_CHECKING, Any

import click

from kvproof.options import (
    Seconds,
    input_options,
    json_option,
    quiet_option,
    refuse_idle,
    report_option,
)

if TYPE_CHECKING:
    from kvproof.solver.result import Result

#: Requests beyond which exact search is not even tried; kvproof improve is the tool there.
MOST_REQUESTS = 5000


@click.command("solve")
@input_options
@click.option(
    "--engine",
    type=click.Choice(["auto", "dp", "branch", "milp"]),
    default="auto",
    show_default=True,
    help="Certified search, certified branching, integer programme, or whichever suits.",
)
@click.option(
    "--backend",
    default="highs",
    show_default=True,
    help="For milp: highs, cbc, scip, cpsat, or a solver name that PuLP knows.",
)
@click.option(
    "--time-limit",
    type=Seconds(),
    metavar="SECONDS",
    help="How long to search, after compiling [default: without limit].",
)
@click.option(
    "--certificate",
    type=click.Path(),
    metavar="FILE",
    help="Write a certificate of the result (compressed if the name ends in .gz).",
)
@click.option("--gantt", "show_gantt", is_flag=True, help="Draw the schedule in the terminal.")
@click.option(
    "--svg", type=click.Path(), metavar="FILE", help="Draw memory over time, request by request."
)
@report_option
@quiet_option
@json_option
def command(
    trace: str,
    engine: str,
    backend: str,
    time_limit: float | None,
    certificate: str | None,
    show_gantt: bool,
    svg: str | None,
    report: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Find the least total latency of TRACE and prove it, or the interval that it lies in.

    Exit code 0: optimal. 3: a limit was reached, and the best interval is printed. 130:
    interrupted, likewise.
    """
    from kvproof import solver
    from kvproof.certificates.checker import Verdict, check
    from kvproof.files import Failures, Outputs, written
    from kvproof.gantt import gantt
    from kvproof.inputs import load
    from kvproof.output import console, progress_bar, say_written
    from kvproof.pictures import schedule_svg
    from kvproof.scheduling.errors import ExitCode, LimitError
    from kvproof.solver.model import INSTEAD
    from kvproof.streams import print_json

    if engine in ("dp", "branch"):
        refuse_idle("backend", f"--engine {engine} asks none")
    if as_json:
        refuse_idle("show_gantt", "--json prints one object")
    files = Outputs(trace)
    proof = None if certificate is None else files.file(certificate)
    drawing = None if svg is None else files.file(svg, ends=(".svg",))
    page = files.page(report)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        instance = source.instance
        if instance.requests > MOST_REQUESTS:
            raise LimitError(
                f"solve: {instance.requests:,} requests are beyond exact search (at most "
                f"{MOST_REQUESTS:,}); {INSTEAD}, or --limit"
            )

        def progress(incumbent: int | None, bound: int | None) -> None:
            known = [f"{value:,}" if value is not None else "?" for value in (bound, incumbent)]
            bar.update(task, description=f"OPT in [{known[0]}, {known[1]}]")

        result = solver.solve(
            instance, engine=engine, backend=backend, time_limit=time_limit, progress=progress
        )
        claim, data = None, b""
        checked, interrupted = None, result.limit is solver.Limit.INTERRUPT
        if proof is not None or page is not None:
            bar.update(task, description="checking the certificate")
            made = result.certificate()
            claim = made.claim["kind"]
            data = made.to_bytes(compress=proof is None or proof.compressed)
            try:
                checked = check(data)
            except KeyboardInterrupt:  # the result is shown all the same
                interrupted = True
    # a result and its files: none is lost where another cannot be written
    failures = Failures()
    try:
        if proof is not None and checked is not None:
            with failures:
                proof.write_verified(data, checked)
        if drawing is not None:
            with failures:
                drawing.write(schedule_svg(result.schedule, title=_headline(result)).encode())
        if page is not None:
            from kvproof.report.solve import solve_page

            with failures:
                shown = solve_page(
                    result, checked, source=source.source, step=source.step, notes=source.notes
                )
                page.write(shown.to_bytes())
        failures.end()
    finally:
        if as_json:
            said: dict[str, Any] = {"certificate": written(proof), "claim": claim}
            said |= {"verdict": checked.verdict} if checked is not None else {}
            print_json(
                {"command": "solve", "digest": instance.digest, **result.to_json()}
                | (said if certificate else {})
            )
        else:
            show = console()
            show.print(_headline(result), style="bold")
            show.print(_detail(result))
            if show_gantt:
                print(
                    gantt(
                        result.schedule,
                        show.width if sys.stdout.isatty() else 100,
                    )
                )
            if written(proof) and checked is not None and checked.verdict is Verdict.VERIFIED:
                show.print(f"certificate ({claim}) verified and written to {certificate}")
            say_written("picture", drawing)
            say_written("page", page)
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if result.status == solver.Status.OPTIMAL else ExitCode.OVER_LIMIT


def _headline(result: "Result") -> str:
    if result.gap == 0:
        said = "optimal" if result.certified else "optimal (claimed by the backend)"
        return f"{said}: total latency {result.total_latency:,}"
    return (
        f"feasible: OPT in [{result.lower_bound:,}, {result.total_latency:,}], "
        f"gap {result.gap:,}" + (f" (stopped: {result.limit.words})" if result.limit else "")
    )


def _detail(result: "Result") -> str:
    bound = "certified" if result.certified else "claimed by the backend"
    text = (
        f"total latency {result.total_latency:,}, lower bound {result.lower_bound:,} ({bound}), "
        f"gap {result.gap:,}, engine {result.engine}, {result.runtime_s:.2f} s"
    )
    message = result.detail.get("message")
    return f"{text}\n{message}" if message else text


solve_command = command
__all__ = ["command", "solve_command"]
