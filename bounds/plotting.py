"""Matplotlib, imported when something is drawn and not before."""

from typing import Any

from scheduling.errors import InputError


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
        raise InputError("drawing needs matplotlib, which is not installed") from error
    matplotlib.use("Agg")
    # in SVG, text stays text, and the same picture gives the same file
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "kvproof"})
    from matplotlib import pyplot as plt

    return plt
