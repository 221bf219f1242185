"""What users feel: latency, waiting and time to the first token, from the mean to the last one.

In the model (docs/theory.md) a request that starts at p gives its first token in step p + 1, so
its time to the first token is one step more than it waited.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kvproof.scheduling.arguments import of_type
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_dot, exact_sum
from kvproof.scheduling.histogram import Histogram
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown

PERCENTS = (50, 90, 95, 99)


def percentile(values: Column, percent: int) -> int:
    """Return the least value that at least `percent` of a hundred values do not exceed.

    Nearest rank: of n values in ascending order the one of rank ``ceil(percent n / 100)``, from
    1; never a value between two of them.

    >>> percentile(np.array([4, 1, 3, 2]), 50), percentile(np.array([4, 1, 3, 2]), 51)
    (2, 3)
    """
    rank = -(-percent * len(values) // 100)
    return int(np.partition(values, rank - 1)[rank - 1])


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean, percentiles (of the nearest rank) and maximum of one time over all requests, in steps.

    >>> Spread.of(np.array([1, 2, 3, 10])).mean
    Fraction(4, 1)
    """

    mean: Fraction
    p50: int
    p90: int
    p95: int
    p99: int
    max: int

    @classmethod
    def of(cls, values: Column) -> "Spread":
        """Return the spread of a column of shape (n,), n >= 1."""
        if not len(values):
            raise InputError("there is no request, and so no spread")
        p50, p90, p95, p99 = (percentile(values, percent) for percent in PERCENTS)
        mean = Fraction(exact_sum(values), len(values))
        return cls(mean=mean, p50=p50, p90=p90, p95=p95, p99=p99, max=int(values.max()))

    @classmethod
    def of_histogram(cls, histogram: Histogram) -> "Spread":
        """Return the spread of the column that was counted."""
        values = histogram.values.astype(np.int64)
        counts = histogram.counts.astype(np.int64)
        upto = np.cumsum(counts)
        n = int(upto[-1])
        ranks = np.searchsorted(upto, [-(-percent * n // 100) for percent in PERCENTS])
        p50, p90, p95, p99 = values[ranks].tolist()
        mean = Fraction(exact_dot(values, counts), n)
        return cls(mean=mean, p50=p50, p90=p90, p95=p95, p99=p99, max=int(values[-1]))

    def values(self) -> dict[str, Fraction]:
        """Return {name: steps}, the mean first, the maximum last."""
        return {name: Fraction(value) for name, value in vars(self).items()}


@dataclass(frozen=True, kw_only=True, repr=False)
class LatencyStatistics(Shown):
    """What the users of one schedule feel, in steps.

    Parameters
    ----------
    latency
        Completion less arrival.
    waiting
        Start less arrival.
    first_token
        Steps from arrival to the end of the step that gives the first token: waiting and one.
    queueing_share
        Total waiting over total latency.
    """

    latency: Spread
    waiting: Spread
    first_token: Spread
    queueing_share: Fraction

    @classmethod
    def of(cls, schedule: Schedule) -> "LatencyStatistics":
        """Return the statistics of a schedule.

        Raises
        ------
        InputError
            It is none.
        """
        waiting = of_type(Schedule, schedule, "a Schedule").waiting
        return cls.of_times(latency=schedule.latency, waiting=waiting, first_token=waiting + 1)

    @classmethod
    def of_times(
        cls, *, latency: Column, waiting: Column, first_token: Column
    ) -> "LatencyStatistics":
        """Return the statistics of times that are known for each request, shape (n,)."""
        return cls(
            latency=Spread.of(latency),
            waiting=Spread.of(waiting),
            first_token=Spread.of(first_token),
            queueing_share=Fraction(exact_sum(waiting), exact_sum(latency)),
        )

    @classmethod
    def of_histograms(cls, *, latency: Histogram, waiting: Histogram) -> "LatencyStatistics":
        """Return the statistics of schedules, maybe many, of which this is known."""
        felt, waited = Spread.of_histogram(latency), Spread.of_histogram(waiting)
        return cls(
            latency=felt,
            waiting=waited,
            first_token=Spread.of_histogram(waiting + 1),
            queueing_share=waited.mean / felt.mean,
        )

    def spreads(self) -> dict[str, Spread]:
        """Return {what: spread}."""
        return {
            "latency": self.latency,
            "waiting": self.waiting,
            "first token": self.first_token,
        }

    def facts(self) -> dict[str, str]:
        """Return mean, median and tail of latency and time to the first token."""
        facts = {}
        for what in ("latency", "first token"):
            spread = self.spreads()[what]
            facts[what] = f"mean {float(spread.mean):,.1f}, p50 {spread.p50:,}, p99 {spread.p99:,}"
        return {**facts, "queueing": f"{float(self.queueing_share):.1%} of the latency"}
