"""The price bound in plain Python integers of any size, beside the kernel that must agree."""

from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from itertools import accumulate, pairwise

from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.instance import Instance


def price_bound_reference(instance: Instance, prices: Prices) -> Fraction:
    """Return the lower bound on OPT that these prices prove (docs/theory.md, opt-price)."""
    kinds: Counter[tuple[int, int, int]] = Counter()
    counts = [1] * instance.rows if instance.count is None else instance.count.tolist()
    columns = (column.tolist() for column in (instance.arrival, instance.prompt, instance.output))
    for *kind, count in zip(*columns, counts, strict=True):
        a, s, o = kind
        kinds[a, s, o] += count
    costs = _Costs(prices)
    least = sum(count * costs.least(a, s, o) for (a, s, o), count in kinds.items())
    return Fraction(least - instance.memory * prices.total, prices.denominator)


class _Costs:
    """Priced latencies, times D, from prefix sums of ``y_t`` and ``t y_t``."""

    def __init__(self, prices: Prices) -> None:
        self.unit = prices.denominator
        self.ends = [0, *accumulate(length for length, _ in prices.runs)]
        self.price = [*(numerator for _, numerator in prices.runs), 0]
        lengths = [length for length, _ in prices.runs]
        self.sums = [0, *accumulate(n * y for n, y in zip(lengths, self.price, strict=False))]
        spans = [b * (b + 1) // 2 - a * (a + 1) // 2 for a, b in pairwise(self.ends)]
        self.moments = [0, *accumulate(n * y for n, y in zip(spans, self.price, strict=False))]

    def run(self, t: int) -> int:
        """Return the run of step t + 1."""
        return bisect_right(self.ends, t) - 1

    def until(self, t: int) -> tuple[int, int]:
        """Return the sums of y and of t y over the steps 1 to t."""
        r = self.run(t)
        first, y = self.ends[r], self.price[r]
        moment = y * (t * (t + 1) - first * (first + 1)) // 2
        return self.sums[r] + y * (t - first), self.moments[r] + moment

    def at(self, a: int, s: int, o: int, p: int) -> int:
        """Return the priced latency of a start at p."""
        sum_0, moment_0 = self.until(p)
        sum_1, moment_1 = self.until(p + o)
        return self.unit * (p + o - a) + (s - p) * (sum_1 - sum_0) + moment_1 - moment_0

    def least(self, a: int, s: int, o: int) -> int:
        """Return the least priced latency over all starts p >= a."""
        best = self.at(a, s, o, a)
        p = a
        # A start costs at least its latency; beyond the last price, later only costs more.
        while p < self.ends[-1] and self.unit * (p + o - a) < best:
            head, tail = self.run(p), self.run(p + o)
            stop = self.ends[head + 1]
            if tail + 1 < len(self.ends):
                stop = min(stop, self.ends[tail + 1] - o)
            # The cost is quadratic on [p, stop]; bend is its second difference.
            bend = self.price[head] - self.price[tail]
            if bend > 0:
                slope = self.at(a, s, o, p + 1) - self.at(a, s, o, p)
                turn = p - slope // bend
                if p < turn < stop:
                    best = min(best, self.at(a, s, o, turn))
            best = min(best, self.at(a, s, o, stop))
            p = stop
        return best
