"""Strict SVF on backlogs at a glance: for each cap on eps, proved bounds and the best witness."""

from dataclasses import dataclass
from fractions import Fraction

from kvproof.bounds.catalogue import find
from kvproof.bounds.domain import Information, Rule, Traffic
from kvproof.bounds.families import Witness, measure, tight_separators, waves
from kvproof.bounds.plotting import over_eps, png, pyplot
from kvproof.bounds.taxonomy.cases import Case
from kvproof.bounds.taxonomy.graph import Taxonomy
from kvproof.bounds.theorem import Bound

STRICT_SVF = Case(
    traffic=Traffic.BACKLOG, information=Information.EXACT, rule=Rule.STRICT, policy="svf"
)

#: Shares of the memory that the fat requests of the separators take.
_SHARES = (
    Fraction(2, 5), Fraction(1, 2), Fraction(3, 5), Fraction(2, 3), Fraction(3, 4),
    Fraction(4, 5), Fraction(17, 20), Fraction(9, 10),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Point:
    """A witness, measured: SVF / OPT >= ratio at this eps."""

    eps: Fraction
    ratio: Fraction
    label: str
    requests: int


def witnesses() -> tuple[Point, ...]:
    """Simulate and test the known families; by eps."""
    made: list[Witness] = [waves(k=k, d=40, requests=200 * k) for k in (2, 3, 4, 8, 16, 32, 64)]
    made += [_separators(share) for share in _SHARES]
    points = []
    for witness in made:
        found = measure(witness)
        points.append(
            Point(eps=found.eps, ratio=found.ratio, label=witness.label, requests=found.requests)
        )
    return tuple(sorted(points, key=lambda point: point.eps))


def bounds_at(cap: Fraction) -> tuple[Bound, Bound]:
    """Return the best proved lower and upper bound on the worst ratio with eps <= cap."""
    known = Taxonomy().known(STRICT_SVF, cap)
    return known.lower.value, known.upper.value


def picture() -> bytes:
    """Return the picture as PNG."""
    plt = pyplot()
    caps = [Fraction(i, 200) for i in range(1, 185)]
    known = [bounds_at(cap) for cap in caps]
    paper = find("svf-ratio-paper").constant
    points = witnesses()
    xs = [float(cap) for cap in caps]
    lower, upper = ([float(pair[i]) for pair in known] for i in (0, 1))
    figure, axes = plt.subplots(figsize=(9, 5.6))
    if paper is not None:
        values = [float(paper(cap) or 0) for cap in caps]
        axes.plot(xs, values, "--", color="#999999", label="paper: 1 + 2/(1 − ε)")
    axes.plot(
        xs, upper, color="#b3312c", label="proved upper bound: max(1 + 4/(3(1 − ε)), 2/(1 − ε))"
    )
    axes.fill_between(xs, lower, upper, color="#fdebc8", label="open")
    axes.plot(xs, lower, color="#1b6ca8", label="proved lower bound: max(2, 1/(1 − ε))")
    waved = [p for p in points if p.label.startswith("waves")]
    parted = [p for p in points if not p.label.startswith("waves")]
    for group, marker, label in (
        (waved, "o", "waves, simulated and certified"),
        (parted, "s", "separators, simulated and certified"),
    ):
        axes.plot(
            [float(p.eps) for p in group],
            [float(p.ratio) for p in group],
            marker,
            color="#1b6ca8" if marker == "o" else "#3a8f3a",
            markersize=5,
            label=label,
        )
    over_eps(
        axes,
        title="Strict SVF on backlogs: what is proved and what has been found",
        ylabel="worst SVF / OPT",
        bottom=1.3,
    )
    return png(figure)


def _separators(share: Fraction) -> Witness:
    """Return separators whose fats take this share of the memory."""
    length = 12_800
    height = 5 * length**2
    return tight_separators(memory=int(height / share), height=height, length=length, stages=160)
