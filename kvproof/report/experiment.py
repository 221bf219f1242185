"""The page of ``kvproof experiment poisson``."""

from collections.abc import Sequence
from typing import Any

from kvproof.bounds.experiments.findings import findings
from kvproof.bounds.experiments.poisson import NAMES, TAIL, Result
from kvproof.report.page import Page, Picture, Table
from kvproof.report.parts import command_line, line, made_with

_MEASURES = (
    ("mean", "Mean latency", "steps", "log"),
    ("tail", f"{TAIL}th percentile of latency", "steps", "log"),
    ("factor", "Proved factor", "total latency / lower bound on OPT", "linear"),
)


def experiment_page(results: Sequence[Result]) -> Page:
    """Return the page about policies under Poisson arrivals."""
    judged = [(result, finding) for result in results for finding in findings(result)]
    tested = [finding.holds for _, finding in judged if finding.holds is not None]
    untested = len(judged) - len(tested)
    return Page(
        title="Policies under Poisson arrivals, over a range of loads",
        answer=f"{sum(tested)} of {len(tested)} claims of the paper's figures come out in shape at "
        "every load where they could be tested"
        + (f"; {untested} could not be tested." if untested else "."),
        command=command_line(),
        tables=[
            Table(
                caption="The paper's claims (arXiv 2606.22327, figures 2 and 3)",
                head=("workload", "claim", "verdict", "detail"),
                rows=[[r.workload, f.claim, f.verdict, f.detail] for r, f in judged],
                words=frozenset(range(4)),
            )
        ],
        pictures=[_picture(result, *measure) for result in results for measure in _MEASURES],
        facts=[(result.workload, _setting(result)) for result in results],
        made_with=made_with("scipy", "numba", "jinja2"),
    )


def _setting(result: Result) -> str:
    size = f"memory {result.memory:,}, {result.requests:,} requests"
    return f"{size}, {result.runs} runs, seed {result.seed}"


def _picture(result: Result, field: str, title: str, unit: str, scale: str) -> Picture:
    traces: list[dict[str, Any]] = []
    rows = []
    for number, name in enumerate(NAMES):
        cells = result.of(name)
        values = [getattr(cell, field) for cell in cells]
        # without prompts SJF is SVF: a broad line shows beneath a dashed one
        trace = line(name, [cell.load for cell in cells], [one.mean for one in values], number,
                     marks=True, dash="dash" if name == "sjf" else "solid")  # fmt: skip
        if name == "svf":
            trace["line"]["width"] = 7
            trace["marker"]["size"] = 13
            trace["opacity"] = 0.6
        trace["error_y"] = {"type": "data", "array": [one.half_width for one in values],
                            "color": f"var:c{number}", "thickness": 1.2}  # fmt: skip
        traces.append(trace)
        rows.append([name, *(str(one) for one in values)])
    loads = [cell.load for cell in result.of(NAMES[0])]
    return Picture(
        title=f"{title}: {result.workload}",
        caption="Bars are 95 percent intervals over seeds. Where outputs come without prompts SJF "
        "is SVF, and its dashed line lies on the broad one of SVF.",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "xaxis": {"title": {"text": "load"}},
                "yaxis": {"title": {"text": unit}, "type": scale},
            },
        },
        table=Table(
            caption=f"{title}, {unit}",
            head=("policy", *(f"load {load:g}" for load in loads)),
            rows=rows,
        ),
    )
