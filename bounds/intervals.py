"""Confidence intervals over independent seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10, sqrt
from statistics import fmean, stdev

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over independent runs, with the half width of its 95 percent interval."""

    mean: float
    half_width: float
    runs: int

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half_width

    def __str__(self) -> str:
        # four digits of the larger one, and as many places of the other; no powers of ten
        larger = max(abs(self.mean), self.half_width)
        places = min(max(3 - floor(log10(larger)), 0), 6) if larger else 0
        return f"{self.mean:,.{places}f} ± {self.half_width:,.{places}f}"


def interval(values: Sequence[float]) -> Interval:
    """Return Student's interval for the mean of independent values; at least two."""
    from scipy.stats import t

    runs = len(values)
    half = float(t.ppf((1 + LEVEL) / 2, runs - 1)) * stdev(values) / sqrt(runs)
    return Interval(mean=fmean(values), half_width=half, runs=runs)
