"""Matplotlib, imported when something is drawn and not before."""

from io import BytesIO
from typing import Any

from kvproof.scheduling.errors import InputError


def pyplot() -> Any:
    """Return ``matplotlib.pyplot`` on a backend without a window.

    Raises
    ------
    InputError
        Matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise InputError(
            "pictures need matplotlib, which is not installed: pip install 'kvproof[plot]'"
        ) from error
    matplotlib.use("Agg")
    # in SVG, text stays text, and the same picture gives the same file
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "kvproof"})
    from matplotlib import pyplot as plt

    return plt


def over_eps(
    axes: Any, *, title: str, ylabel: str, bottom: float, top: float = 30, right: float = 0.93
) -> None:
    """Dress a picture of ratios over eps up to `right`: a log scale, from `bottom` to `top`."""
    axes.set_yscale("log")
    axes.set_yticks([1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20])
    axes.set_yticks([], minor=True)
    axes.get_yaxis().set_major_formatter("{x:g}")
    axes.set_xlim(0, right)
    axes.set_ylim(bottom, top)
    axes.set_xlabel("ε: the largest share of the memory that one request holds, at most")
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="upper left", fontsize=9)


def png(figure: Any) -> bytes:
    """Return the figure as PNG, the same bytes for the same picture, and close it."""
    figure.tight_layout()
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    pyplot().close(figure)
    return buffer.getvalue()
