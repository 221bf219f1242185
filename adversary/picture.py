"""The frontier as a picture: what searches found, what families give, what is proved."""

from fractions import Fraction
from io import BytesIO

from adversary.frontier import Rung
from bounds.frontier import bounds_at, witnesses

BLUE, RED, GREEN, ORANGE = "#1b6ca8", "#b3312c", "#3a8f3a", "#d9730d"


def picture(rungs: list[Rung], *, title: str) -> bytes:
    """Return the picture as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    caps = [Fraction(i, 200) for i in range(1, 185)]
    bounds = [bounds_at(cap) for cap in caps]
    xs = [float(cap) for cap in caps]
    lower, upper = ([float(pair[i]) for pair in bounds] for i in (0, 1))
    figure, axes = plt.subplots(figsize=(9, 5.6))
    axes.fill_between(xs, lower, upper, color="#fdebc8", label="open")
    axes.plot(xs, upper, color=RED, label="proved: no worse than this")
    axes.plot(xs, lower, color=BLUE, label="proved: at least this, in the limit of n and M")
    points = witnesses()
    axes.plot(
        [float(point.eps) for point in points],
        [float(point.ratio) for point in points],
        "s",
        color=GREEN,
        markersize=4,
        label="known families, certified",
    )
    found = [rung.found for rung in rungs if rung.found is not None]
    axes.plot(
        [float(entry.eps) for entry in found],
        [float(entry.ratio) for entry in found],
        "o",
        color=ORANGE,
        markersize=7,
        label="found by search, certified",
    )
    for number, entry in enumerate(found):
        axes.annotate(
            f"{float(entry.ratio):.2f}",
            (float(entry.eps), float(entry.ratio)),
            textcoords="offset points",
            xytext=(-4, 8 if number % 2 else -14),
            fontsize=8,
            color=ORANGE,
        )
    axes.set_yscale("log")
    axes.set_yticks([1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20])
    axes.set_yticks([], minor=True)
    axes.get_yaxis().set_major_formatter("{x:g}")
    axes.set_xlim(0, 0.93)
    axes.set_ylim(1.4, 30)
    axes.set_xlabel("ε: the largest share of the memory that one request holds")
    axes.set_ylabel("SVF / OPT")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    figure.tight_layout()
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
