"""The page of ``kvproof verify``."""

import shlex
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from kvproof.bounds.verify import Verdict
from kvproof.certificates.build import within_factor_certificate
from kvproof.certificates.proofs import PriceProof
from kvproof.report.memory import memory_picture
from kvproof.report.page import Download, Page, Table, within_budget
from kvproof.report.parts import (
    command_line,
    download,
    instance_facts,
    latency_picture,
    made_with,
    told_apart,
    unit_of_time,
)
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.words import counted
from kvproof.verdicts import cells, label


def verify_page(
    verdicts: Sequence[Verdict],
    *,
    source: str,
    step: Fraction | None,
    notes: Sequence[str],
    certify: Sequence[Sequence[str]],
) -> Page:
    """Return the page about policies on one instance.

    Parameters
    ----------
    verdicts
        At least one; all of the same instance and against the same lower bound.
    source, step, notes
        What was read, seconds per step or None, and what to know about how.
    certify
        The commands that write a certificate of each, but for ``--out``.
    """
    instance = verdicts[0].schedule.instance
    bound = verdicts[0].lower_bound
    named = named_verdicts(verdicts)
    unit = unit_of_time(step)
    price = bound.proof.prices if isinstance(bound.proof, PriceProof) else None
    schedules = {name: verdict.schedule for name, verdict in named.items()}
    return Page(
        title=f"{Path(source).name}: {counted(instance.requests, 'request')} in "
        f"{instance.memory:,} tokens",
        answer=_answer(verdicts),
        command=command_line(),
        remarks=[
            *notes,
            *(f"{v.policy}: {v.remark}" for v in verdicts if v.remark is not None),
            _reading(verdicts[0], step),
        ],
        tables=[_table(named)],
        pictures=[
            latency_picture(schedules, unit=unit),
            memory_picture(schedules, unit=unit, prices=price),
        ],
        downloads=within_budget(
            [
                _download(name, verdict, command)
                for (name, verdict), command in zip(named.items(), certify, strict=True)
            ]
        ),
        facts=instance_facts(instance, source=source),
        made_with=made_with("numba", "highspy", "jinja2"),
    )


def named_verdicts(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """Return the verdicts by a name of each that tells it from the others."""
    return dict(zip(told_apart([label(verdict) for verdict in verdicts]), verdicts, strict=True))


def _reading(verdict: Verdict, step: Fraction | None) -> str:
    unit = "steps" if step is None else f"steps of {float(step):g} s"
    return (
        f"Latencies in {unit}; rule: {verdict.rule}; lower bound on the optimum: "
        f"{verdict.lower_bound.kind}. A proved factor f says: no schedule at all, clairvoyant or "
        "not, has a total below total latency / f. Can be cut by: as much as the best schedule of "
        "the table shows, and as much as the bound allows."
    )


def _answer(verdicts: Sequence[Verdict]) -> str:
    broken = [v for v in verdicts if v.violation]
    if broken:
        return f"A theorem is contradicted: {broken[0].policy} costs more than it allows."
    instance = verdicts[0].schedule.instance
    low = verdicts[0].lower_bound.value / instance.requests
    best, *others = sorted(verdicts, key=lambda v: v.schedule.total_latency)

    def at(verdict: Verdict) -> str:
        mean = f"{float(verdict.schedule.mean_latency):,.1f}"  # as the table has it
        return f"{label(verdict)} ({mean} steps)"

    if best.factor == 1:
        said = f"{at(best)} is optimal"
    else:
        said = f"{at(best)} is at most {decimal(best.factor, 4, up=True)} times optimal"
    if others:
        worst = others[-1]
        said += (
            f", the best of these policies, and {at(worst)} at most "
            f"{decimal(worst.factor, 4, up=True)} times"
        )
    return (
        f"No schedule of the {counted(instance.requests, 'request')} in {instance.memory:,} tokens "
        f"has a mean latency below {decimal(low, 1, up=False, commas=True)} steps: {said}."
    )


def _table(named: dict[str, Verdict]) -> Table:
    rows = cells(list(named.values()), narrow=False)
    return Table(
        caption="How far from optimal each policy can be",
        head=["policy", *rows[0]],
        rows=[[name, *row.values()] for name, row in zip(named, rows, strict=True)],
    )


def _download(name: str, verdict: Verdict, command: Sequence[str]) -> Download:
    sign = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    file = f"{sign or 'policy'}.json.gz"
    certificate = within_factor_certificate(verdict.schedule, verdict.lower_bound)
    data = certificate.to_bytes(compress=True)
    return download(data, file, made_by=shlex.join([*command, "--out", file]))
