"""Confidence intervals over independent seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
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
        return f"{self.mean:.4g} ± {self.half_width:.2g}"


def interval(values: Sequence[float]) -> Interval:
    """Return Student's interval for the mean of independent values; at least two."""
    from scipy.stats import t

    runs = len(values)
    half = float(t.ppf((1 + LEVEL) / 2, runs - 1)) * stdev(values) / sqrt(runs)
    return Interval(mean=fmean(values), half_width=half, runs=runs)
