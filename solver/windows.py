"""Which starts can occur in a schedule cheaper than a target: exact price fixing (THEORY 4).

For integer prices y (over :data:`PRICE_SCALE`) the bound of THEORY section 4 is a sum of one
minimum per request. A start whose own term exceeds its minimum by more than the room between
bound and target - 1 occurs in no schedule that costs less than the target. Beyond the last priced
step a start costs its latency, so every window is finite and no horizon has to be assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.model import Model

#: Prices are integers over this denominator.
PRICE_SCALE = 4096
#: Longest time axis that the certified search accepts, in steps.
MAX_STEPS = 20_000


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
        raise LimitError("exact search: prices beyond 64 bits; use certified bounds")
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


def fix_windows(model: Model, prices: Column, target: int) -> Windows:
    """Return the starts that a schedule with total latency below `target` can use.

    Raises
    ------
    LimitError
        The surviving starts spread over more than :data:`MAX_STEPS` steps.
    """
    # Any start can be postponed until nothing is priced, so this range holds every minimum ...
    last = int(max(len(prices), model.arrival.max()))
    if last > MAX_STEPS:
        raise LimitError(f"exact search: more than {MAX_STEPS} steps; use --engine milp or bounds")
    terms = price_terms(model, prices, last, PRICE_SCALE)
    least = terms.min(axis=1)
    bound = int((least * model.count).sum()) - model.memory * int(prices.sum())
    room = (target - 1) * PRICE_SCALE - bound
    # ... and beyond it a term is the plain latency, so it is too dear from here on.
    beyond = (least + max(room, 0)) // PRICE_SCALE - model.output + model.arrival
    last = int(max(last, beyond.max()))
    if last > MAX_STEPS:
        raise LimitError(f"exact search: more than {MAX_STEPS} steps; use --engine milp or bounds")
    terms = price_terms(model, prices, last, PRICE_SCALE)
    allowed = terms - least[:, None] <= room
    ends = np.where(allowed, np.arange(last + 1)[None, :] + model.output[:, None], 0)
    horizon = int(ends.max())
    fitted = np.zeros((model.classes, horizon + 1), dtype=bool)
    width = min(last, horizon) + 1
    fitted[:, :width] = allowed[:, :width]
    return Windows(allowed=fitted, horizon=horizon, bound=bound)


def good_prices(model: Model, steps: int, target: int, rounds: int = 2500) -> Column:
    """Return integer prices over :data:`PRICE_SCALE` from closed form plus subgradient ascent.

    Untrusted: whatever comes out proves what :func:`fix_windows` computes from it.
    """
    volume = model.volume
    order = np.argsort(volume)
    served = np.concatenate(([0], np.cumsum((volume * model.count)[order])))
    done = np.concatenate(([0], np.cumsum(model.count[order])))
    work = model.memory * np.arange(1, steps + 1)
    price = np.maximum(0.0, model.requests - np.interp(work, served, done)) / model.memory
    price = _ascend(
        price, model.memory, model.arrival, model.prompt, model.output, model.count,
        float(target), rounds,
    )  # fmt: skip
    whole: Column = np.rint(price * PRICE_SCALE).astype(np.int64)
    return whole


@njit(cache=True)
def _ascend(price, memory, arrival, prompt, output, count, target, rounds):  # type: ignore[no-untyped-def]
    """Polyak subgradient ascent with momentum on the price bound, in floats."""
    steps = price.size
    best = -1e300
    best_price = price.copy()
    slope = np.zeros(steps)
    move = np.zeros(steps)
    pace = 1.0
    stalled = 0
    total = np.zeros(steps + 1)
    moment = np.zeros(steps + 1)
    for _ in range(rounds):
        for t in range(steps):
            total[t + 1] = total[t] + price[t]
            moment[t + 1] = moment[t] + price[t] * (t + 1)
            slope[t] = -memory
        bound = -memory * total[steps]
        for c in range(count.size):
            least = 1e300
            where = 0
            for p in range(arrival[c], max(steps, arrival[c]) + 1):
                low = min(p, steps)
                high = min(p + output[c], steps)
                cost = (
                    p + output[c] - arrival[c]
                    + (prompt[c] - p) * (total[high] - total[low])
                    + moment[high] - moment[low]
                )  # fmt: skip
                if cost < least:
                    least = cost
                    where = p
            bound += least * count[c]
            for j in range(min(output[c], steps - where)):
                slope[where + j] += count[c] * (prompt[c] + j + 1)
        if bound > best:
            stalled = 0 if bound > best + 1e-2 else stalled + 1
            best = bound
            best_price[:] = price
        else:
            stalled += 1
        if stalled >= 20:
            pace *= 0.7
            stalled = 0
            price[:] = best_price
            move[:] = 0.0
            if pace < 1e-3:
                break
            continue
        norm = 0.0
        for t in range(steps):
            if price[t] <= 0.0 and slope[t] < 0.0:
                slope[t] = 0.0
            move[t] = slope[t] + 0.6 * move[t]
            norm += move[t] * move[t]
        if norm == 0.0:
            break
        stride = pace * max(target - bound, 0.5) / norm
        for t in range(steps):
            price[t] = max(0.0, price[t] + stride * move[t])
    return best_price
