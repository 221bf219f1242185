"""The page of ``kvproof frontier``."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from kvproof.adversary.campaign.rungs import Frontier, Rung
from kvproof.bounds.frontier import bounds_at, witnesses
from kvproof.report.page import Page, Picture, Table, within_budget
from kvproof.report.parts import command_line, download, made_with
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.words import counted

_CURVE = [Fraction(i, 100) for i in range(1, 93)]


def frontier_page(found: Frontier, *, title: str, files: Mapping[Fraction, Path]) -> Page:
    """Return the page about the frontier; `files` has the witness of each cap."""
    prize = any(rung.prize for rung in found.rungs)
    if found.violates is not None:
        answer = f"The theorem {found.violates} is contradicted by a witness."
    elif prize:
        answer = "A witness exceeds max(2, 1/(1 - eps)): no known one does."
    else:
        answer = (
            "No backlog was found on which strict SVF is worse than max(2, 1/(1 - eps)) times "
            "optimal; that none was found proves nothing."
        )
    remarks = found.tested.in_words(found.violates)
    if found.interrupted:
        remarks.append("The search was interrupted: there is more to come.")
    downloads = [
        download(rung.found.certificate, files[rung.cap].name, made_by=f"cp {files[rung.cap]} .")
        for rung in found.rungs
        if rung.found is not None and rung.cap in files
    ]
    return Page(
        title=title,
        answer=answer,
        command=command_line(),
        remarks=remarks,
        tables=[_table(found.rungs)],
        pictures=[_picture(found.rungs)],
        downloads=within_budget(downloads),
        facts=[("caps on eps", ", ".join(str(rung.cap) for rung in found.rungs))],
        made_with=made_with("numba", "jinja2"),
    )


def _table(rungs: list[Rung]) -> Table:
    def ratio(value: Fraction | None, places: int, *, up: bool = False) -> str:
        return "-" if value is None else decimal(value, places, up=up)

    rows = []
    for rung in rungs:
        entry = rung.found
        rows.append(
            [
                f"({rung.floor}, {rung.cap}]",
                ratio(None if entry is None else entry.ratio, 4),
                "-" if entry is None else f"{float(entry.eps):.4g}",
                "-" if entry is None else f"{entry.requests:,}",
                "-" if entry is None else entry.engine,
                ratio(None if rung.at_random is None else rung.at_random.ratio, 4),
                ratio(rung.family_ratio, 3),
                rung.family or "-",
                ratio(rung.lower, 3),
                ratio(rung.upper, 3, up=True),
            ]
        )
    return Table(
        caption="The worst ratio of strict SVF on backlogs, by the largest share eps of the memory "
        "that one request holds",
        head=(
            "eps in", "found, at least", "at eps", "requests", "by", "from random starts",
            "best family, at least", "family", "proved, at least", "proved, at most",
        ),
        rows=rows,
        words=frozenset({0, 4, 7}),
    )  # fmt: skip


def _picture(rungs: list[Rung]) -> Picture:
    bounds = [bounds_at(cap) for cap in _CURVE]
    xs = [float(cap) for cap in _CURVE]

    def curve(name: str, side: int, colour: str, **more: Any) -> dict[str, Any]:
        ys = [float(pair[side]) for pair in bounds]
        return {"type": "scatter", "mode": "lines", "name": name, "x": xs, "y": ys, **more,
                "line": {"color": colour, "width": 2}, "hovertemplate": "%{y:.3f}"}  # fmt: skip

    def points(name: str, colour: str, mark: str, given: list[tuple[float, float, str]]) -> Any:
        return {
            "type": "scatter", "mode": "markers", "name": name,
            "x": [x for x, _, _ in given], "y": [y for _, y, _ in given],
            "text": [text for _, _, text in given],
            "hovertemplate": "%{y:.4f} at eps %{x:.4g}, %{text}",
            "marker": {"color": colour, "symbol": mark, "size": 9},
        }  # fmt: skip

    found = [rung.found for rung in rungs if rung.found is not None]
    traces = [
        curve("proved: at least this, in the limit", 0, "var:c2"),
        curve("proved: at most this", 1, "var:red", fill="tonexty",
              fillcolor="rgba(200,150,40,0.15)"),
        points("known families, certified", "var:c0", "square",
               [(float(p.eps), float(p.ratio), p.label) for p in witnesses()]),
        points("found by search, certified", "var:c1", "circle",
               [(float(e.eps), float(e.ratio), counted(e.requests, 'request')) for e in found]),
    ]  # fmt: skip
    return Picture(
        title="Found, known, proved",
        caption="Strict SVF on backlogs: its worst ratio to the optimum lies in the shaded band. "
        "Points are instances with certificates: known families, and what the search found.",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "xaxis": {"title": {"text": "eps, at most"},
                          "range": [0, 0.93]},
                "yaxis": {"title": {"text": "SVF / OPT"}, "type": "log",
                          "tickvals": [1.5, 2, 3, 4, 5, 7, 10, 15, 20], "range": [0.11, 1.48]},
            },
        },
    )  # fmt: skip
