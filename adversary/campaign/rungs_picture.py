"""The frontier as a picture: what searches found, what families give, what is proved."""

from fractions import Fraction

from kvproof.adversary.campaign.rungs import Rung
from kvproof.bounds.frontier import bounds_at, witnesses
from kvproof.bounds.plotting import over_eps, png, pyplot

BLUE, RED, GREEN, ORANGE = "#1b6ca8", "#b3312c", "#3a8f3a", "#d9730d"

#: How far apart in eps points are that have their numbers written.
_APART = 0.035


def picture(rungs: list[Rung], *, title: str) -> bytes:
    """Return the picture as PNG."""
    plt = pyplot()
    caps = [Fraction(i, 200) for i in range(1, 185)]
    bounds = [bounds_at(cap) for cap in caps]
    xs = [float(cap) for cap in caps]
    lower, upper = ([float(pair[i]) for pair in bounds] for i in (0, 1))
    figure, axes = plt.subplots(figsize=(9, 5.6))
    axes.fill_between(xs, lower, upper, color="#fdebc8", label="open")
    axes.plot(xs, upper, color=RED, label="proved: no worse than this")
    axes.plot(xs, lower, color=BLUE, label="proved: at least this, in the limit of n and M")
    found = [rung.found for rung in rungs if rung.found is not None]
    for points, marker, size, colour, label in (
        (witnesses(), "s", 4, GREEN, "known families, certified"),
        (found, "o", 7, ORANGE, "found by search, certified"),
    ):
        eps = [float(point.eps) for point in points]
        ratios = [float(point.ratio) for point in points]
        axes.plot(eps, ratios, marker, markersize=size, color=colour, label=label)
    last = -1.0
    for entry in sorted(found, key=lambda entry: entry.eps):
        at = float(entry.eps)
        if at - last < _APART:  # the next point's number would lie over this one
            continue
        last = at
        axes.annotate(
            f"{float(entry.ratio):.2f}",
            (at, float(entry.ratio)),
            textcoords="offset points",
            # up to 1/2 above the lower bound, where no point is; beyond it that runs steeply
            xytext=(0, 14) if 2 * at <= 1 else (0, -17),
            ha="left" if at < _APART else "center",  # the first one clear of the axis
            fontsize=8,
            color=ORANGE,
        )
    over_eps(axes, title=title, ylabel="SVF / OPT", bottom=1.4)
    return png(figure)
