"""The time-indexed linear programme over classes: a lower bound on OPT, and when to start what.

Classes start in fractions, in buckets of time. Its capacity duals are prices per token and step,
and :func:`kvproof.certificates.prices.price_bound` says exactly what they prove; so that bound
is rigorous, whatever the programme was solved to. Its starts can be rounded
to a schedule.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kvproof.certificates.prices import Prices
from kvproof.certificates.prices.grid import Floats, fitting_denominator
from kvproof.certificates.prices.highs import quiet_model
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

BUCKETS = 3_200
#: Distinct classes beyond which it is not tried; non-zeros that its buckets are cut to.
MOST_CLASSES, MOST_ENTRIES = 64, 100_000
_TINY = 1e-9  # of a request, beyond what the solver's floats are good for


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeIndexedSolution:
    """A solution of the programme.

    Parameters
    ----------
    kinds
        Distinct (arrival, prompt, output), shape (kinds, 3).
    inverse
        The kind of each row of the instance.
    width
        Steps in a bucket.
    prices
        Price of a token in each step of each bucket, shape (buckets,).
    kind, bucket, amount
        How many requests (in fractions) of a kind start at the beginning of a bucket; by kind,
        then by bucket.
    """

    kinds: Column
    inverse: Column
    width: int
    prices: Floats
    kind: Column
    bucket: Column
    amount: Floats

    def due(self, instance: Instance) -> Floats:
        """Return when each request is due, in the order of the expanded instance.

        The j-th request of a kind is due when the programme has started j - 1/2 of them; a
        bucket's starts are spread over its steps.
        """
        count = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
        owner = np.repeat(self.inverse, count)
        due = np.empty(len(owner))
        for kind in range(len(self.kinds)):
            mine = self.kind == kind
            begun = np.append(0.0, np.cumsum(self.amount[mine]))
            edges = np.append(self.bucket[mine], self.bucket[mine][-1] + 1) * float(self.width)
            requests = np.flatnonzero(owner == kind)
            # a half that is reached just at the end of a step is reached there, whatever floats
            # say, and not where the next part starts
            halves = np.arange(len(requests)) + 0.5 - _TINY
            due[requests] = np.interp(halves, begun, edges)
        return due


def time_indexed_prices(instance: Instance, *, buckets: int = BUCKETS) -> Prices | None:
    """Return the programme's prices, or None where the programme would be too large."""
    solution = solve_time_indexed(instance, buckets=buckets)
    if solution is None:
        return None
    ends = np.arange(len(solution.prices) + 1) * solution.width
    highest = float(solution.prices.max(initial=0.0))
    denominator = fitting_denominator(instance, int(ends[-1]), highest)
    return Prices.rounded(denominator, ends, solution.prices)


def solve_time_indexed(
    instance: Instance, *, buckets: int = BUCKETS, entries: int = MOST_ENTRIES
) -> TimeIndexedSolution | None:
    """Solve the programme; None where it would be too large, or HiGHS finds no optimum.

    Parameters
    ----------
    instance
        The requests.
    buckets
        About how many to cut the time into.
    entries
        Non-zeros that buckets are cut to.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed.
    """
    columns = np.stack((instance.arrival, instance.prompt, instance.output), axis=1)
    kinds, inverse = np.unique(columns, axis=0, return_inverse=True)
    if len(kinds) > MOST_CLASSES:
        return None
    count = np.ones(instance.rows, np.int64) if instance.count is None else instance.count
    number = np.bincount(inverse.ravel(), weights=count).astype(np.float64)
    longest = int(instance.output.max())
    horizon = instance.horizon
    width = max(1, -(-horizon // buckets))
    # coarser buckets where the programme would take more than a second
    while int((kinds[:, 2] // width + 2).sum()) * (horizon // width + 1) > entries:
        width *= 2
    starts = horizon // width + 1
    steps = starts + longest // width + 1
    highs = _programme(instance.memory, kinds, number, width, steps)
    kind, bucket = _columns(highs, kinds, width, starts, steps)
    highs.run()
    found = highs.getSolution()
    duals, amount = np.array(found.row_dual), np.array(found.col_value)
    if len(duals) != len(kinds) + steps or len(amount) != len(kind):
        return None
    # a bucket's row counts token-steps, so its dual is the price of a token for one step
    prices = np.maximum(0.0, -duals[len(kinds) :])
    return TimeIndexedSolution(kinds=kinds, inverse=inverse.ravel(), width=width, prices=prices,
                 kind=kind, bucket=bucket, amount=np.maximum(0.0, amount))  # fmt: skip


def _usage(prompt: int, output: int, width: int) -> Floats:
    """Return the token-steps that a start at 0 holds in each bucket."""
    edges = np.minimum(np.arange(output // width + 2) * width, output).astype(np.float64)
    held: Floats = np.diff(prompt * edges + edges * (edges + 1) / 2)
    return held


def _programme(memory: int, kinds: Column, number: Floats, width: int, steps: int) -> Any:
    """Return the programme without columns: a row for each kind, then one for each bucket."""
    highs, infinity = quiet_model("the time-indexed programme needs")
    rows = len(kinds) + steps
    free = np.full(steps, -infinity)
    capacity = np.full(steps, float(memory) * width)
    highs.addRows(
        rows, np.append(number, free), np.append(number, capacity),
        0, np.zeros(rows, np.int32), np.zeros(0, np.int32), np.zeros(0),
    )  # fmt: skip
    return highs


def _columns(
    highs: Any, kinds: Column, width: int, starts: int, steps: int
) -> tuple[Column, Column]:
    """Add the starts of each kind; return the kind and the bucket of each column."""
    owners, begins = [], []
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
            len(begin), cost, np.zeros(len(begin)), np.full(len(begin), np.inf),
            value.size, (np.arange(len(begin)) * entries).astype(np.int32),
            index.ravel(), value.ravel(),
        )  # fmt: skip
        owners.append(np.full(len(begin), kind))
        begins.append(begin)
    return np.concatenate(owners), np.concatenate(begins)
