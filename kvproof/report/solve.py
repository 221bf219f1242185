"""The page of ``kvproof solve``."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from kvproof.certificates.checker import Result as Checked
from kvproof.certificates.proofs import PriceProof, SearchProof
from kvproof.report.memory import memory_picture
from kvproof.report.page import Page, Table, within_budget
from kvproof.report.parts import (
    command_line,
    download,
    instance_facts,
    latency_picture,
    made_with,
    unit_of_time,
)
from kvproof.scheduling.words import counted
from kvproof.solver.result import Result


def solve_page(
    result: Result,
    checked: Checked | None,
    *,
    source: str,
    step: Fraction | None,
    notes: Sequence[str],
) -> Page:
    """Return the page about the optimum of an instance.

    It carries the certificate of the result if that is `checked`. `source`, `step` and `notes` say
    what was read, seconds per step or None, and how.
    """
    instance = result.schedule.instance
    unit = unit_of_time(step)
    prices = result.proof.prices if isinstance(result.proof, PriceProof | SearchProof) else None
    schedules = {"the best schedule found" if result.gap else "the optimum": result.schedule}
    made = result.certificate()
    only = {
        "schedule": "The certificate proves the schedule, not how good it is.",
        "within-factor": "The certificate proves how good the schedule is at least, by a bound "
        "that has a proof, not that it is the best.",
    }.get(made.claim["kind"])
    bound = "certified" if result.certified else "claimed by the backend"
    numbers = [f"{n:,}" for n in (result.total_latency, result.lower_bound, result.gap)]
    carried = []
    if checked is not None:
        data, by = made.to_bytes(compress=True), f"{command_line()} --certificate FILE"
        carried = [download(data, "solve.json.gz", made_by=by, said=checked)]
    return Page(
        title=f"{Path(source).name}: the optimum of {counted(instance.requests, 'request')} in "
        f"{instance.memory:,} tokens",
        answer=_answer(result),
        command=command_line(),
        remarks=[
            *notes,
            *([] if only is None or checked is None else [only]),
        ],
        tables=[
            Table(
                caption="The interval that the optimum lies in",
                head=("total latency", "OPT at least", "gap", "lower bound", "engine", "seconds"),
                rows=[[*numbers, bound, result.engine, f"{result.runtime_s:.2f}"]],
                words=frozenset({3, 4}),
            )
        ],
        pictures=[
            memory_picture(schedules, unit=unit, prices=prices),
            latency_picture(schedules, unit=unit),
        ],
        downloads=within_budget(carried),
        facts=instance_facts(instance, source=source),
        made_with=made_with("numba", "highspy", "jinja2"),
    )  # fmt: skip


def _answer(result: Result) -> str:
    n = result.schedule.instance.requests
    if result.gap == 0:
        how = "proved" if result.certified else "on the word of the backend"
        return (
            f"The least total latency of the {counted(n, 'request')} is "
            f"{result.total_latency:,} steps ({how})."
        )
    stopped = f"; stopped by: {result.limit.words}" if result.limit else ""
    return (
        f"The least total latency of the {counted(n, 'request')} lies between "
        f"{result.lower_bound:,} and {result.total_latency:,} steps: a schedule of the latter is "
        f"shown{stopped}."
    )
