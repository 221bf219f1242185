"""Price ascent: a limited-memory quasi-Newton climb of the price bound.

The bound is concave and piecewise linear in the prices. With many requests per bucket its kinks
are so fine that it climbs like a smooth function, so L-BFGS in scaled prices, projected on
``y >= 0``, gains far more per evaluation than subgradient steps do; where it comes to a halt on a
kink, deflected subgradient steps with a shrinking target take over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kvproof.certificates.prices.evaluate import MAX_COST, Dual
from kvproof.certificates.prices.grid import Floats
from kvproof.certificates.prices.vector import round_prices
from kvproof.scheduling.exact import Column

#: Called with (evaluations done, best bound so far).
PriceProgress = Callable[[int, float], None]

MEMORY = 30
FLOOR = 0.02  # least scale of a bucket, relative to the highest first price
SHRINK = 0.6


@dataclass(kw_only=True)
class Climb:
    """A climb of the price bound on fixed buckets; stops on a count of evaluations.

    Parameters
    ----------
    dual
        The bound to climb.
    ends
        Bucket ends, shape (R + 1,).
    first
        Prices to start from, shape (R,). A bucket's steps are scaled by its first price: the
        bound is the flatter in a price the more that price is worth.
    denominator
        Every evaluation is the exact bound of the prices rounded to multiples of 1/D.
    target
        A known total latency, or None; the climb stops within `enough` (relative) of it.
    stop
        Asked between evaluations; the climb stops once it says so.
    """

    dual: Dual
    ends: Column
    first: Floats
    denominator: int
    target: float | None = None
    enough: float = 1e-7
    stop: Callable[[], bool] | None = None
    progress: PriceProgress | None = None
    evaluations: int = 0
    best: float = -np.inf
    prices: Floats = field(default_factory=lambda: np.zeros(0))
    _excess: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        heaviest = int((self.dual.prompt + self.dual.output).max() * self.dual.output.max())
        # No useful price is this high; it keeps every evaluation within the kernel's range.
        self._highest = MAX_COST / (8 * self.denominator * max(1, heaviest))
        highest = float(self.first.max(initial=0.0))
        self._scale = np.maximum(self.first, FLOOR * highest) if highest else self.first + 1.0
        self.value(self.first.copy())

    def value(self, prices: Floats) -> tuple[float, Floats]:
        """Return the bound at these prices and its supergradient; remember the best."""
        np.clip(prices, 0.0, self._highest, out=prices)
        rounded = round_prices(prices, self.denominator)
        found = self.dual.evaluate(self.denominator, self.ends, rounded)
        bound = found.value / self.denominator
        excess = self.dual.excess(self.ends, found.starts).astype(np.float64)
        self.evaluations += 1
        if bound > self.best:
            self.best, self.prices, self._excess = bound, prices.copy(), excess
        if self.progress is not None:
            self.progress(self.evaluations, self.best)
        return bound, excess

    def reached(self) -> bool:
        """Whether the best bound has come to the target, or `stop` says to end."""
        if self.stop is not None and self.stop():
            return True
        return self.target is not None and self.best >= self.target * (1 - self.enough)

    def newton(self, evaluations: int) -> None:
        """Climb from the best prices by projected L-BFGS, for at most so many evaluations."""
        stop = self.evaluations + evaluations
        scale = self._scale
        here, bound, slope = self.prices / scale, self.best, self._excess * scale
        pairs: list[tuple[Floats, Floats]] = []
        step = 0.0
        while self.evaluations < stop and not self.reached():
            free = (here > 0) | (slope > 0)
            move = _two_loop(np.where(free, slope, 0.0), pairs)
            move[~free] = 0.0
            rise = float(move @ slope)
            if rise <= 0:
                pairs.clear()
                move = np.where(free, slope, 0.0)
                rise = float(move @ slope)
                if rise <= 0:
                    return
            # The first step aims at a rise of a thousandth of the bound.
            step = 1.0 if pairs else 1e-3 * abs(bound) / rise
            for _ in range(12):
                there = np.maximum(here + step * move, 0.0)
                higher, steeper = self.value(there * scale)
                if higher >= bound + 1e-4 * float(slope @ (there - here)):
                    break
                # least of the parabola through both ends, kept off either
                gap = step * rise
                step *= min(0.5, max(0.1, gap / (2 * (gap + bound - higher))))
                if self.evaluations >= stop or self.reached():
                    return
            else:
                if not pairs:
                    return
                pairs.clear()
                continue
            steeper = steeper * scale
            change, turn = there - here, slope - steeper
            if float(change @ turn) > 1e-10 * float(turn @ turn):
                pairs.append((change, turn))
                del pairs[:-MEMORY]
            here, bound, slope = there, higher, steeper

    def subgradient(self, evaluations: int, gap: float) -> None:
        """Climb from the best prices by deflected steps of Polyak's length.

        Parameters
        ----------
        evaluations
            How many to spend.
        gap
            Rise that the first steps aim at; it shrinks each time ten steps bring no rise.
        """
        stop = self.evaluations + evaluations
        lengths = np.diff(self.ends)
        prices, excess = self.prices.copy(), self._excess
        direction, stalled = excess, 0
        while self.evaluations < stop and not self.reached():
            direction = 0.7 * direction + 0.3 * excess
            move = np.where((prices <= 0) & (direction < 0), 0.0, direction)
            weight = float(move @ (move / lengths))
            if weight <= 0:
                return
            before = self.best
            bound, excess = self.value(prices := prices + gap / weight * move / lengths)
            stalled = 0 if bound > before else stalled + 1
            if stalled == 10:
                gap *= SHRINK
                stalled = 0
                prices, excess = self.prices.copy(), self._excess
                direction = excess


def _two_loop(slope: Floats, pairs: list[tuple[Floats, Floats]]) -> Floats:
    """Return the quasi-Newton ascent direction (the two-loop recursion of L-BFGS)."""
    move = slope.copy()
    weights = []
    for change, turn in reversed(pairs):
        weight = float(change @ move) / float(change @ turn)
        weights.append(weight)
        move -= weight * turn
    if pairs:
        change, turn = pairs[-1]
        move *= float(change @ turn) / float(turn @ turn)
    for (change, turn), weight in zip(pairs, reversed(weights), strict=True):
        move += (weight - float(turn @ move) / float(change @ turn)) * change
    return move
