"""The page of ``kvproof headroom``."""

import shlex
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from kvproof.certificates.headroom import Headroom
from kvproof.certificates.proofs import PriceProof
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
from kvproof.scheduling.exact import decimal

_READING = (
    "At least: the best schedule found, which knows every request beforehand. At most: the lower "
    "bound on the optimum, which holds for every schedule."
)


def headroom_page(
    found: Headroom,
    *,
    source: str,
    step: Fraction | None,
    notes: Sequence[str],
    again: Sequence[str],
) -> Page:
    """Return the page about what can still be cut.

    Parameters
    ----------
    found
        The answer.
    source, step, notes
        What was read, seconds per step or None, and what to know about how.
    again
        The command that was run, but for what it writes.
    """
    instance = found.schedule.instance
    unit = unit_of_time(step)
    proof = found.lower_bound.proof
    schedules = {found.policy.name: found.schedule}
    if found.cut.at_least:
        schedules[f"the best found, by {found.found_by}"] = found.best
    bound = found.lower_bound.value

    def row(name: str, total: Fraction, *, up: bool) -> tuple[str, str, str]:
        mean = decimal(total / instance.requests, 1, up=up, commas=True)
        return name, decimal(total, 0, up=up, commas=True), mean

    rows = [row(name, Fraction(s.total_latency), up=True) for name, s in schedules.items()]
    rows.append(row(f"every schedule, at least ({found.lower_bound.kind})", bound, up=False))
    made_by = shlex.join([*again, "--certificates", "FOLDER"])
    return Page(
        title=f"{Path(source).name}: what can still be won over {found.policy.name}",
        answer=found.sentence(),
        command=command_line(),
        remarks=[
            *notes,
            _READING,
        ],
        tables=[
            Table(
                caption="Latency in steps",
                head=("schedule", "total latency", "mean latency"),
                rows=rows,
            )
        ],
        pictures=[
            latency_picture(schedules, unit=unit),
            memory_picture(
                schedules,
                unit=unit,
                prices=proof.prices if isinstance(proof, PriceProof) else None,
            ),
        ],
        downloads=within_budget(
            [
                download(certificate.to_bytes(compress=True), f"{name}.json.gz", made_by=made_by)
                for name, certificate in found.certificates().items()
            ]
        ),
        facts=instance_facts(instance, source=source),
        made_with=made_with("numba", "highspy", "jinja2"),
    )
