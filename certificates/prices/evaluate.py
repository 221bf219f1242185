"""The exact value of the price bound; every bound that the builder reports comes from here.

> ``OPT >= sum_i min_{p >= a_i} [p + o_i - a_i + sum_j y_{p+j} (s_i + j)] - M sum_t y_t``

for any prices ``y >= 0`` (docs/theory.md, opt-price).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kvproof.certificates.prices.kernel import BLOCK, add_usage, cheapest_starts
from kvproof.certificates.prices.reference import price_bound_reference
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.exact import Column, exact_dot
from kvproof.scheduling.instance import Instance

#: Every cost times D must stay below this for the int64 kernel, and every step below `MAX_STEP`.
MAX_COST = 2**61
MAX_STEP = 2**31

_WORKERS = min(2, os.cpu_count() or 1)
_SHARE = 2_000  # rows worth a thread


def price_bound(instance: Instance, prices: Prices) -> Fraction:
    """Return the lower bound on OPT that these prices prove, exactly.

    Int64 kernels where no cost can overflow, plain Python integers otherwise.
    """
    if not fits_kernel(instance, prices.denominator, prices.horizon, prices.highest):
        return price_bound_reference(instance, prices)
    dual = Dual(instance)
    found = dual.evaluate(prices.denominator, prices.ends, prices.numerators)
    return Fraction(found.value, prices.denominator)


def fits_kernel(instance: Instance, denominator: int, horizon: int, highest: int) -> bool:
    """Whether no cost of a start within the horizon, times D, leaves int64.

    A cost is at most ``horizon + o`` of latency and `highest` for each token-step, and no step
    of the kernel goes further from a cost than one more step of that.
    """
    longest, heaviest = int(instance.output.max()), int(instance.volume.max())
    latency = denominator * (horizon + longest + 1)
    tokens = 2 * highest * (heaviest + instance.max_peak)
    return horizon + longest < MAX_STEP and latency + tokens < MAX_COST


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The price bound at one price vector.

    Parameters
    ----------
    value
        D times the bound.
    starts
        Cheapest start of each kind of request.
    """

    value: int
    starts: Column


class Dual:
    """The price bound as a function of the prices, for one instance.

    Equal requests are scanned once. Each kind's last cheapest start is kept as a hint that
    shortens the next scan but never changes its outcome.

    Attributes
    ----------
    arrival, prompt, output, count
        The kinds of request, sorted, and how many there are of each.
    """

    def __init__(self, instance: Instance) -> None:
        columns = (instance.arrival, instance.prompt, instance.output)
        order = np.lexsort(columns[::-1])
        sorted_columns = [column[order] for column in columns]
        fresh = np.append(True, np.any([c[1:] != c[:-1] for c in sorted_columns], axis=0))
        self.arrival, self.prompt, self.output = (c[fresh] for c in sorted_columns)
        counts = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
        self.count = np.add.reduceat(counts[order], np.flatnonzero(fresh))
        self.memory = instance.memory
        self._starts = np.full(len(self.arrival), -1, dtype=np.int64)
        self._costs = np.empty(len(self.arrival), dtype=np.int64)

    def evaluate(self, denominator: int, ends: Column, numerators: Column) -> Evaluation:
        """Return the bound at these prices, which the caller knows to fit the kernel."""
        lengths = np.diff(ends)
        beyond = np.append(numerators, 0)
        padding = np.full(-len(beyond) % BLOCK, np.iinfo(np.int64).max)
        minima = np.append(beyond, padding).reshape(-1, BLOCK).min(axis=1)
        steps = ends * (ends + 1) // 2
        # numpy wraps modulo 2^64 without a word, which is what the kernel expects
        sums = np.append(0, np.cumsum(numerators * lengths))
        moments = np.append(0, np.cumsum(numerators * np.diff(steps)))
        starts, costs = self._starts.copy(), self._costs

        def scan(part: slice) -> None:
            cheapest_starts(
                self.arrival[part],
                self.prompt[part],
                self.output[part],
                ends,
                beyond,
                sums,
                moments,
                minima,
                denominator,
                starts[part],
                costs[part],
            )

        rows = len(self.arrival)
        if rows < _SHARE or _WORKERS == 1:
            scan(slice(None))
        else:
            # Kinds are sorted by arrival and late ones scan less: small parts balance the load.
            cuts = np.linspace(0, rows, 4 * _WORKERS + 1).astype(int).tolist()
            with ThreadPoolExecutor(_WORKERS) as pool:
                list(pool.map(scan, map(slice, cuts[:-1], cuts[1:])))
        self._starts = starts
        paid = self.memory * exact_dot(numerators, lengths)
        return Evaluation(value=exact_dot(costs, self.count) - paid, starts=starts)

    def excess(self, ends: Column, starts: Column) -> Column:
        """Return what these starts hold in each bucket beyond memory, in token-steps.

        It is a supergradient of the bound with respect to the buckets' prices.
        """
        usage = -self.memory * np.diff(ends)
        add_usage(self.prompt, self.output, self.count, starts, ends, usage)
        return usage
