"""A lower bound on OPT for instances of few classes: prices from a time-indexed linear programme.

Classes start in fractions, in buckets of time. Its capacity duals are prices per token and step,
and :func:`certificates.prices.price_bound` says exactly what they prove; so the estimate of a
ratio from above is rigorous, whatever the programme was solved to.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from adversary.space import Floats
from certificates.lower_bounds import best_bound
from certificates.prices import Prices, price_bound
from certificates.prices.grid import fitting_denominator
from scheduling.errors import InputError
from scheduling.exact import Column
from scheduling.instance import Instance

BUCKETS = 3_200
#: Distinct classes beyond which it is not tried, and non-zeros that its buckets are cut to.
MOST_CLASSES, MOST_ENTRIES = 64, 2_000_000


def fluid_bound(instance: Instance, *, buckets: int = BUCKETS) -> Fraction:
    """Return the best lower bound on OPT of centroid, volume, outputs and fluid prices."""
    best = best_bound(instance).value
    prices = fluid_prices(instance, buckets=buckets)
    return best if prices is None else max(best, price_bound(instance, prices))


def fluid_prices(instance: Instance, *, buckets: int = BUCKETS) -> Prices | None:
    """Return the programme's prices, or None where the programme would be too large."""
    columns = np.stack((instance.arrival, instance.prompt, instance.output), axis=1)
    kinds, inverse = np.unique(columns, axis=0, return_inverse=True)
    count = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
    number = np.bincount(inverse.ravel(), weights=count).astype(np.float64)
    horizon = int(
        instance.arrival.max() + 1.15 * instance.total_volume / instance.memory
        + 1.5 * int(instance.output.max()) + 1
    )  # fmt: skip
    if len(kinds) > MOST_CLASSES:
        return None
    longest = int(instance.output.max())
    width = max(1, -(-horizon // buckets))
    # coarser buckets where the programme would take minutes
    while int((kinds[:, 2] // width + 2).sum()) * (horizon // width + 1) > MOST_ENTRIES:
        width *= 2
    steps = horizon // width + 1 + longest // width + 1
    values = _duals(instance.memory, kinds, number, width, horizon // width + 1, steps)
    ends = np.arange(steps + 1) * width
    denominator = fitting_denominator(instance, int(ends[-1]), float(values.max(initial=0.0)))
    return Prices.rounded(denominator, ends, values)


def _usage(prompt: int, output: int, width: int) -> Floats:
    """Return the token-steps that a start at 0 holds in each bucket."""
    edges = np.minimum(np.arange(output // width + 2) * width, output).astype(np.float64)
    held: Floats = np.diff(prompt * edges + edges * (edges + 1) / 2)
    return held


def _duals(
    memory: int, kinds: Column, number: Floats, width: int, starts: int, steps: int
) -> Floats:
    """Solve the programme; return the price of a token in each step of each bucket."""
    try:
        import highspy as package
    except ImportError:
        raise InputError(
            "the fluid programme needs the package highspy; it is not installed"
        ) from None
    highspy: Any = package
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    rows = len(kinds) + steps
    free = np.full(steps, -highspy.kHighsInf)
    capacity = np.full(steps, float(memory) * width)
    highs.addRows(
        rows, np.append(number, free), np.append(number, capacity),
        0, np.zeros(rows, np.int32), np.zeros(0, np.int32), np.zeros(0),
    )  # fmt: skip
    for kind, (arrival, prompt, output) in enumerate(kinds.tolist()):
        held = _usage(prompt, output, width)
        first = -(-arrival // width)
        begin = np.arange(first, max(first + 1, starts))
        begin = begin[begin + len(held) <= steps]
        entries = len(held) + 1
        index = np.empty((len(begin), entries), np.int32)
        index[:, 0] = kind
        index[:, 1:] = len(kinds) + begin[:, None] + np.arange(len(held))[None, :]
        value = np.tile(np.append(1.0, held), (len(begin), 1))
        cost = (begin * width + output - arrival).astype(np.float64)
        highs.addCols(
            len(begin), cost, np.zeros(len(begin)), np.full(len(begin), highspy.kHighsInf),
            value.size, (np.arange(len(begin)) * entries).astype(np.int32),
            index.ravel(), value.ravel(),
        )  # fmt: skip
    highs.run()
    duals = np.array(highs.getSolution().row_dual)
    if len(duals) != rows:
        return np.zeros(steps)
    # a bucket's row counts token-steps, so its dual is the price of a token for one step
    prices: Floats = np.maximum(0.0, -duals[len(kinds) :])
    return prices
