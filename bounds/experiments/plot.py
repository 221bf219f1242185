"""The experiment's picture: latency, tail and proved factor against load."""

from collections.abc import Sequence
from io import BytesIO

from kvproof.bounds.experiments.poisson import NAMES, Result
from kvproof.bounds.plotting import pyplot

_STYLE = {
    "svf": ("#1b6ca8", "o"),
    "svf-1bit": ("#d17a00", "s"),
    "sjf": ("#3a8f3a", "^"),
    "fcfs": ("#999999", "v"),
}


def plot(results: Sequence[Result], *, kind: str = "png") -> bytes:
    """Return a picture, ``svg`` or ``png``: a row for each workload.

    Bars are 95 percent intervals over seeds.
    """
    plt = pyplot()
    from matplotlib.ticker import LogLocator, NullLocator

    figure, grid = plt.subplots(len(results), 3, figsize=(15, 4.4 * len(results)), squeeze=False)
    for row, result in zip(grid, results, strict=True):
        panels = (("mean", "mean latency (steps)"), ("tail", "99th percentile (steps)"))
        for axes, (field, label) in zip(
            row, (*panels, ("factor", "proved factor: total / lower bound")), strict=True
        ):
            for name in NAMES:
                cells = result.of(name)
                intervals = [getattr(cell, field) for cell in cells]
                colour, marker = _STYLE[name]
                axes.errorbar(
                    [cell.load for cell in cells],
                    [one.mean for one in intervals],
                    yerr=[one.half_width for one in intervals],
                    label=name,
                    color=colour,
                    marker=marker,
                    capsize=2,
                    # without prompts SJF is SVF: a broad line shows beneath a dashed one
                    markersize=9 if name == "svf" else 5,
                    linewidth=4 if name == "svf" else 1.4,
                    alpha=0.55 if name == "svf" else 1,
                    linestyle="--" if name == "sjf" else "-",
                )
            axes.set_xlabel("load")
            axes.set_ylabel(label)
            axes.grid(alpha=0.3)
            if field != "factor":
                axes.set_yscale("log")
                axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
                axes.yaxis.set_major_formatter("{x:g}")
                axes.yaxis.set_minor_locator(NullLocator())
        row[0].legend(frameon=False)
        row[2].text(
            0.03, 0.95, "bars: 95 percent intervals over runs", transform=row[2].transAxes,
            va="top", fontsize=9, color="#555555",
        )  # fmt: skip
        row[1].set_title(
            f"{result.workload}; memory {result.memory:,}, {result.requests:,} requests, "
            f"{result.runs} runs",
            fontsize=11,
        )
    figure.tight_layout()
    buffer = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=110, metadata=metadata)
    plt.close(figure)
    return buffer.getvalue()
