"""The price bound: any non-negative price per token and step proves a lower bound on OPT."""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .budget import Budget
from .model import Instance
from .reader import entries, integer


@dataclass(frozen=True)
class Prices:
    """Prices in runs, scaled by their common denominator; 0 beyond the last run.

    Parameters
    ----------
    denominator
        D: the price of a step is its numerator / D.
    bound
        Run r covers the steps ``bound[r] + 1, ..., bound[r + 1]``; ``bound[0] = 0``.
    price
        Numerator of each run, and a last 0.
    sums, moments
        At each bound, the sum of the prices y so far, and of ``step * y``.
    """

    denominator: int
    bound: list[int]
    price: list[int]
    sums: list[int]
    moments: list[int]

    def term(self, a: int, s: int, o: int, p: int) -> int:
        """Return D times what a request that starts at p costs: its latency, and its tokens."""
        y_0, z_0 = self.until(p)
        y_1, z_1 = self.until(p + o)
        return self.denominator * (p + o - a) + (s - p) * (y_1 - y_0) + z_1 - z_0

    def until(self, step: int) -> tuple[int, int]:
        """Return the sums of y and of ``step * y`` over the steps 1 to `step`."""
        r = bisect_right(self.bound, step) - 1
        first, price = self.bound[r], self.price[r]
        moment = price * (step * (step + 1) - first * (first + 1)) // 2
        return self.sums[r] + price * (step - first), self.moments[r] + moment

    def least(self, a: int, s: int, o: int, budget: Budget) -> int:
        """Return the least term of a request, over all starts p >= a.

        Walks p in stretches on which both ends of its window (p, p + o] stay inside one run. The
        step from p to p + 1 then changes the term by ``change``, and each further step changes
        ``change`` by `bend`: a parabola, least at an end or, if it opens upwards, where
        ``change`` turns from negative. Prices are not negative, so no start costs less than its
        latency; and where the window lies beyond all prices, later starts only cost more.
        """
        unit, bound, price = self.denominator, self.bound, self.price
        head, tail, p = bisect_right(bound, a) - 1, bisect_right(bound, a + o) - 1, a
        inside, cost = self.until(a + o)[0] - self.until(a)[0], self.term(a, s, o, a)
        best, last = cost, len(bound) - 1
        while head < last and unit * (p + o - a) < best:
            budget.tick()
            stretch = bound[head + 1] - p
            if tail < last:
                stretch = min(stretch, bound[tail + 1] - (p + o))
            change = unit - s * price[head] + (s + o) * price[tail] - inside
            bend = price[head] - price[tail]
            if bend > 0 > change:
                turn = min(stretch, -(change // bend))  # first step from which change >= 0
                best = min(best, cost + turn * change + bend * (turn * (turn - 1) // 2))
            cost += stretch * change + bend * (stretch * (stretch - 1) // 2)
            best = min(best, cost)
            inside -= stretch * bend
            p += stretch
            head += p == bound[head + 1]
            tail += tail < last and p + o == bound[tail + 1]
        return best


def read_prices(denominator: int, runs: object, where: str, budget: Budget) -> Prices:
    """Read ``[[length, numerator], ...]``, found at `where`; lengths from 1, numerators from 0."""
    prices = Prices(denominator, [0], [], [0], [0])
    for r, run in enumerate(budget.each(entries(runs, where))):
        first, second = entries(run, f"{where}[{r}]", 2)
        length = integer(first, f"{where}[{r}][0]", 1)
        price = integer(second, f"{where}[{r}][1]", 0, None)
        start, end = prices.bound[-1], prices.bound[-1] + length
        moment = price * (end * (end + 1) - start * (start + 1)) // 2
        # the sums have no more digits than the moments
        budget.take(160 + (moment.bit_length() + prices.moments[-1].bit_length()) // 3)
        prices.price.append(price)
        prices.bound.append(end)
        prices.sums.append(prices.sums[-1] + price * length)
        prices.moments.append(prices.moments[-1] + moment)
    prices.price.append(0)
    return prices


def read_priced(found: dict[str, Any], where: str, budget: Budget) -> Prices:
    """Read the ``denominator`` and the ``prices`` of an object of the format."""
    denominator = integer(found["denominator"], f"{where}.denominator", 1, None)
    return read_prices(denominator, found["prices"], f"{where}.prices", budget)


def price_bound(prices: Prices, instance: Instance, budget: Budget) -> Fraction:
    """Return ``sum_i min_p [p + o - a + sum_j y_{p+j} (s + j)] - M sum_t y_t``.

    The minimum is over all p >= a: every start of a feasible schedule is among them, and the
    prices of the tokens that all requests hold sum to at most ``M sum y``.
    """
    kinds = instance.kinds(budget).items()
    least = sum(many * prices.least(a, s, o, budget) for (a, s, o), many in budget.each(kinds))
    return Fraction(least - instance.memory * prices.sums[-1], prices.denominator)
