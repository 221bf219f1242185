"""Which starts can occur in a schedule cheaper than a target: exact price fixing (opt-price).

For integer prices y (over :data:`PRICE_SCALE`) the bound of docs/theory.md is a sum of one
minimum per request. A start whose own term exceeds its minimum by more than the room between
bound and target - 1 occurs in no schedule that costs less than the target. Beyond the last priced
step a start costs its latency, so every window is finite and no horizon has to be assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kvproof.certificates.prices import Prices, best_prices, closed_form_prices
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.model import INSTEAD, Model

#: Prices are integers over this denominator.
PRICE_SCALE = 4096
#: Longest time axis that the certified search accepts, in steps.
MAX_STEPS = 20_000
#: Most starts over all classes.
MAX_TERMS = 10_000_000
#: Non-zeros up to which prices are duals of a linear programme: a fraction of a second.
LP_ENTRIES = 300_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """The starts that survive, and the exact price bound.

    Parameters
    ----------
    allowed
        bool of shape (classes, horizon + 1).
    horizon
        Last step in which any surviving start can hold memory.
    bound
        The price bound times :data:`PRICE_SCALE`.
    """

    allowed: npt.NDArray[np.bool_]
    horizon: int
    bound: int

    @property
    def empty(self) -> bool:
        """Whether some class has no start left: then no schedule is cheaper than the target."""
        return not self.allowed.any(axis=1).all()


def price_terms(model: Model, prices: Column, last: int, unit: int) -> Column:
    """Return what each class pays for each start 0..last: latency and priced tokens.

    Shape (classes, last + 1), over `unit`, as are the prices, one for each step from step 1.
    Before the arrival they are huge.

    Raises
    ------
    LimitError
        Sums of the prices could leave 64 bits.
    """
    longest = last + int(model.output.max()) + 1
    largest = max(int(model.prompt.max()) + 2 * longest, model.memory)
    if largest * sum(prices.tolist()) + model.requests * longest * unit > 2**61:
        raise LimitError(f"exact search: prices beyond 64 bits; {INSTEAD}")
    price = np.zeros(longest + 1, dtype=np.int64)
    kept = min(len(prices), longest)
    price[1 : kept + 1] = prices[:kept]
    total = np.cumsum(price)
    moment = np.cumsum(price * np.arange(longest + 1))
    start = np.arange(last + 1)[None, :]
    end = start + model.output[:, None]
    terms = (
        (end - model.arrival[:, None]) * unit
        + (model.prompt[:, None] - start) * (total[end] - total[start])
        + moment[end]
        - moment[start]
    )
    return np.where(start >= model.arrival[:, None], terms, np.int64(2**60))


def least_terms(model: Model, prices: Column) -> Column:
    """Return the least of the :func:`price_terms` of each class, over :data:`PRICE_SCALE`."""
    last = int(max(len(prices), model.arrival.max()))
    least: Column = price_terms(model, prices, last, PRICE_SCALE).min(axis=1)
    return least


def _refuse_length(model: Model, last: int) -> None:
    output = int(model.output.max())
    if last + output > MAX_TERMS:  # a column of so many steps is made
        raise LimitError(
            f"exact search: an output of {output:,} tokens after step {last:,} is too long "
            f"(at most {MAX_TERMS:,} steps in all); {INSTEAD}"
        )
    if last > MAX_STEPS or model.classes * last > MAX_TERMS:
        raise LimitError(
            f"exact search: {model.classes:,} kinds of request over {last:,} steps are too many "
            f"(at most {MAX_STEPS:,} steps, {MAX_TERMS:,} starts in all); {INSTEAD}"
        )


def fix_windows(model: Model, prices: Column, target: int) -> Windows:
    """Return the starts that a schedule with total latency below `target` can use.

    Raises
    ------
    LimitError
        Starts spread over more than :data:`MAX_STEPS` steps, or are more than :data:`MAX_TERMS`.
    """
    # Any start can be postponed until nothing is priced, so this range holds every minimum ...
    last = int(max(len(prices), model.arrival.max()))
    _refuse_length(model, last)
    terms = price_terms(model, prices, last, PRICE_SCALE)
    least = terms.min(axis=1)
    bound = int((least * model.count).sum()) - model.memory * int(prices.sum())
    room = (target - 1) * PRICE_SCALE - bound
    # ... and beyond it a term is the plain latency, so it is too dear from here on.
    beyond = (least + max(room, 0)) // PRICE_SCALE - model.output + model.arrival
    last = int(max(last, beyond.max()))
    _refuse_length(model, last)
    terms = price_terms(model, prices, last, PRICE_SCALE)
    allowed = terms - least[:, None] <= room
    ends = np.where(allowed, np.arange(last + 1)[None, :] + model.output[:, None], 0)
    horizon = int(ends.max())
    fitted = np.zeros((model.classes, horizon + 1), dtype=bool)
    width = min(last, horizon) + 1
    fitted[:, :width] = allowed[:, :width]
    return Windows(allowed=fitted, horizon=horizon, bound=bound)


def good_prices(model: Model, target: int, stop: Callable[[], bool] | None = None) -> Column:
    """Return integer prices over :data:`PRICE_SCALE`, by the road of all price certificates.

    Untrusted: whatever comes out proves what :func:`fix_windows` computes from it. `stop` ends the
    search for better ones; see :func:`~kvproof.certificates.prices.best_prices`.
    """
    found = best_prices(model.instance(), incumbent=target, lp_entries=LP_ENTRIES, stop=stop)
    return _listed(model, found.prices)


def quick_prices(model: Model) -> Column:
    """Return integer prices over :data:`PRICE_SCALE` in closed form, at once."""
    return _listed(model, closed_form_prices(model.instance()))


def _listed(model: Model, prices: Prices) -> Column:
    """Return the prices step by step; LimitError where these are too many."""
    _refuse_length(model, int(prices.ends[-1]))
    scaled = np.rint(prices.numerators * (PRICE_SCALE / prices.denominator)).astype(np.int64)
    listed: Column = np.repeat(scaled, np.diff(prices.ends))
    return listed
