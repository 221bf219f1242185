"""A sweep's picture: mean latency and proved factor over load, rate or memory."""

from collections.abc import Sequence
from io import BytesIO

from kvproof.bounds.plotting import pyplot
from kvproof.bounds.sweep import Point

_MARKERS = "os^vDPX*"


def plot(points: Sequence[Point], *, over: str, title: str, kind: str) -> bytes:
    """Return the picture.

    Parameters
    ----------
    points
        In order of their values.
    over
        What the values are, for the axis.
    title
        What was swept.
    kind
        ``svg`` or ``png``.
    """
    plt = pyplot()
    from matplotlib.ticker import LogLocator, NullLocator

    figure, (means, factors) = plt.subplots(1, 2, figsize=(12.5, 4.2))
    values = [float(point.value) for point in points]
    names = [row.policy for row in points[0].rows]
    for position, name in enumerate(names):
        rows = [point.rows[position] for point in points]
        style = {"marker": _MARKERS[position % len(_MARKERS)], "markersize": 5, "label": name}
        means.plot(values, [float(row.statistics.latency.mean) for row in rows], **style)
        factors.plot(values, [float(row.factor) for row in rows], **style)
    least = [float(point.lower_bound / point.requests) for point in points]
    means.plot(values, least, color="black", linestyle="--", label="no schedule below")
    means.set_yscale("log")
    means.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    means.yaxis.set_major_formatter("{x:g}")
    means.yaxis.set_minor_locator(NullLocator())
    means.set_ylabel("mean latency (steps)")
    factors.set_ylabel("proved factor: total / lower bound")
    factors.set_ylim(bottom=1)
    for axes in (means, factors):
        axes.set_xlabel(over)
        axes.grid(alpha=0.3)
    # beside both, where it hides no curve
    handles, _ = means.get_legend_handles_labels()
    factors.legend(handles=handles, frameon=False, fontsize=9, loc="center left",
                   bbox_to_anchor=(1.02, 0.5))  # fmt: skip
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    buffer = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=120, metadata=metadata)
    plt.close(figure)
    return buffer.getvalue()
