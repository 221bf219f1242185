"""The graph of cases as a picture: a column for each traffic, a row for each policy."""

from io import BytesIO
from typing import Any

from kvproof.bounds.domain import Information, Traffic
from kvproof.bounds.plotting import pyplot
from kvproof.bounds.taxonomy.cases import BEST, CASES, Case
from kvproof.bounds.taxonomy.graph import Known, Taxonomy
from kvproof.bounds.taxonomy.text import SHOWN, span

_COLUMNS = (Traffic.LIGHT, Traffic.HEAVY, Traffic.ARRIVALS, Traffic.BACKLOG)
_WIDTH, _HEIGHT, _GAP, _ROW = 3.3, 0.72, 1.25, 1.0
_FILL = {"none": "#f4c7c3", "settled": "#cfe8cf", "open": "#fdebc8", "unknown": "#ececec"}
_LEGEND = {
    "none": "no constant (proved)",
    "settled": "settled",
    "open": "bounded, with a gap",
    "unknown": "no upper bound known",
}

_TRAFFIC, _CHAIN, _ANY = "#b07a2a", "#1f5fa8", "#888888"
#: What arrows of a colour lead to.
_ARROWS = {_TRAFFIC: "to other traffic", _CHAIN: "to knowing less", _ANY: "to one policy"}


def draw(taxonomy: Taxonomy, *, kind: str = "svg") -> bytes:
    """Return the picture as SVG, or another `kind` that matplotlib writes.

    An arrow goes from a special case to a more general one.
    """
    plt = pyplot()
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyBboxPatch, Patch

    rows = _rows()
    figure, axes = plt.subplots(figsize=(17.5, 14.5))
    for case in CASES:
        x, y = _place(case, rows)
        known = [taxonomy.known(case, cap) for cap, _ in SHOWN[:2]]
        axes.add_patch(
            FancyBboxPatch(
                (x, y - _HEIGHT / 2),
                _WIDTH,
                _HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.1",
                facecolor=_FILL[_colour(known[1])],
                edgecolor="#555555",
                linewidth=1.6 if case.policy == BEST else 0.7,
            )
        )
        bold = "bold" if case.policy == BEST else "normal"
        name = case.who.replace("best policy, ", "best, knowing: ")
        axes.text(x + _WIDTH / 2, y + 0.15, name, ha="center", va="center", weight=bold, size=9.5)
        spans = [span(one) for one in known]
        text = spans[0] if spans[0] == spans[1] else "   ".join(spans)
        axes.text(x + _WIDTH / 2, y - 0.17, text, ha="center", va="center", size=9)
    for special, general in taxonomy.graph.edges:
        _edge(axes, special, general, rows)
    for column, traffic in enumerate(_COLUMNS):
        axes.text(
            column * (_WIDTH + _GAP) + _WIDTH / 2, 1.1, traffic, ha="center", size=13, weight="bold"
        )
    patches = [Patch(facecolor=_FILL[k], edgecolor="#555555", label=v) for k, v in _LEGEND.items()]
    arrows = [Line2D([], [], color=colour, label=says) for colour, says in _ARROWS.items()]
    axes.legend(
        handles=[*patches, *arrows],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=len(patches) + len(arrows),
        frameon=False,
        fontsize=10,
    )
    axes.set_title(
        "Bounds on policy / OPT by case: as eps -> 0, and, where it differs, for eps <= 1/2.\n"
        "Arrows go from a special case to a more general one: upper bounds flow against them, "
        "lower bounds along them. Best: the best deterministic policy.",
        fontsize=12,
    )
    axes.set_xlim(-1.0, 4 * (_WIDTH + _GAP) - _GAP + 0.3)
    axes.set_ylim(min(rows.values()) - 0.9, 1.6)
    axes.axis("off")
    figure.tight_layout()
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
    plt.close(figure)
    return buffer.getvalue()


def _rows() -> dict[tuple[str, Any, str], float]:
    """Return the height of each (information, rule, policy); a gap parts the informations."""
    rows: dict[tuple[str, Any, str], float] = {}
    y, last = 0.0, Information.EXACT
    for case in CASES:
        key = (case.information, case.rule, case.policy)
        if key in rows:
            continue
        if case.information is not last:
            y -= 0.45
        rows[key], last = y, case.information
        y -= _ROW
    return rows


def _place(case: Case, rows: dict[tuple[str, Any, str], float]) -> tuple[float, float]:
    column = _COLUMNS.index(case.traffic)
    return column * (_WIDTH + _GAP), rows[case.information, case.rule, case.policy]


def _colour(known: Known) -> str:
    if known.lower.value == float("inf"):
        return "none"
    if known.upper.value == float("inf"):
        return "unknown"
    return "settled" if known.lower.value == known.upper.value else "open"


def _edge(axes: Any, special: Case, general: Case, rows: dict[tuple[str, Any, str], float]) -> None:
    """Draw one arrow; those within a column run on its left, along a rail of their own."""
    x0, y0 = _place(special, rows)
    x1, y1 = _place(general, rows)
    arrow = {"arrowstyle": "-|>", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    if special.traffic is general.traffic:
        chain = special.policy == general.policy == BEST
        colour, rail = (_CHAIN, 0.55) if chain else (_ANY, 0.28)
        start, end = (y0 - 0.12, y1 + 0.12) if chain else (y0, y1)
        axes.plot([x0, x0 - rail, x0 - rail], [start, start, end], color=colour, linewidth=0.9)
        axes.annotate("", (x1, end), (x1 - rail, end), arrowprops={**arrow, "color": colour})
        return
    colour = _TRAFFIC
    if x0 > x1:  # from the backlog, on the right of any arrivals
        axes.annotate(
            "", (x1 + _WIDTH, y1), (x0, y0 + 0.2),
            arrowprops={**arrow, "color": colour},
        )  # fmt: skip
    elif x1 - x0 < 1.5 * (_WIDTH + _GAP):
        axes.annotate(
            "", (x1, y1 + 0.2), (x0 + _WIDTH, y0),
            arrowprops={**arrow, "color": colour},
        )  # fmt: skip
    else:  # over the column between
        top = y0 + _HEIGHT / 2 + 0.11
        left, right = x0 + _WIDTH, x1 - 0.7
        axes.plot([left, left + 0.25, right], [y0 + 0.2, top, top], color=colour, linewidth=0.9)
        axes.annotate("", (x1, y1 + 0.28), (right, top), arrowprops={**arrow, "color": colour})
