"""The way to good prices, by size: LP duals where that is small, price ascent where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from kvproof.certificates.prices.ascent import Climb, PriceProgress
from kvproof.certificates.prices.closed_form import FluidPrices, closed_form_prices
from kvproof.certificates.prices.evaluate import MAX_STEP, Dual, price_bound
from kvproof.certificates.prices.grid import Floats, busy_grid, fitting_denominator
from kvproof.certificates.prices.highs import highs_is_usable
from kvproof.certificates.prices.linear import lp_prices, lp_size
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

#: Non-zeros of the linear programme up to which HiGHS is asked.
LP_ENTRIES = 10_000_000
#: About how many prices the ascent makes at most.
MAX_RUNS = 2_048
#: Evaluations of the bound that the ascent may spend, and the scans of a request's starts in all.
EVALUATIONS = 2_000
SCANS = 12_000_000
_LEAST_EVALUATIONS = 20

_COARSEN = 2
_FEW_RUNS = 64  # need no coarse level


class Method(StrEnum):
    """Where prices come from."""

    NONE = "none"
    CLOSED_FORM = "closed-form"
    ASCENT = "ascent"
    LP = "lp"


@dataclass(frozen=True, kw_only=True)
class PriceBound:
    """Prices and what they prove: OPT is at least `bound`, exactly (:func:`price_bound`)."""

    prices: Prices
    bound: Fraction
    method: Method


def best_prices(
    instance: Instance,
    *,
    incumbent: int | None = None,
    evaluations: int | None = None,
    max_runs: int = MAX_RUNS,
    lp_entries: int = LP_ENTRIES,
    stop: Callable[[], bool] | None = None,
    progress: PriceProgress | None = None,
) -> PriceBound:
    """Return the best price vector found, with its exact bound.

    Deterministic: it stops on counts, and the number of threads changes nothing.

    Parameters
    ----------
    instance
        The requests.
    incumbent
        Total latency of a known schedule; a bound above ``incumbent - 1`` ends the search.
    evaluations
        Evaluations of the bound that the ascent may spend; None: 2,000, fewer (600 for 20,000
        kinds of request, at least 20) where each takes longer.
    max_runs
        About how many prices the ascent makes at most; checking time grows with it.
    lp_entries
        Non-zeros up to which the linear programme is solved instead, if ``highspy`` is there.
    stop
        Asked before the linear programme, between its rounds and between evaluations: True ends the
        search with the best prices so far.
    progress
        Called with (evaluations, best bound so far) during the ascent.

    Raises
    ------
    InputError
        `evaluations` or `max_runs` is below 1.
    """
    _check(evaluations, max_runs)
    best = _proved(instance, Prices(denominator=1, runs=()), Method.NONE)
    closed = closed_form_prices(instance, max_runs=max_runs)
    best = _better(best, _proved(instance, closed, Method.CLOSED_FORM))
    if (incumbent is not None and best.bound > incumbent - 1) or (stop is not None and stop()):
        return best
    if solves_programme(instance, lp_entries):
        solved = lp_prices(instance, hint=closed, stop=stop)
        return _better(best, _proved(instance, solved, Method.LP))
    climbed = ascent_prices(
        instance,
        incumbent=incumbent,
        evaluations=evaluations,
        max_runs=max_runs,
        stop=stop,
        progress=progress,
    )
    return _better(best, _proved(instance, climbed, Method.ASCENT))


def solves_programme(instance: Instance, lp_entries: int) -> bool:
    """Whether :func:`best_prices` solves the programme, of at most so many non-zeros, or climbs."""
    return lp_size(instance) <= lp_entries and highs_is_usable()


def ascent_prices(
    instance: Instance,
    *,
    incumbent: int | None = None,
    evaluations: int | None = None,
    max_runs: int = MAX_RUNS,
    stop: Callable[[], bool] | None = None,
    progress: PriceProgress | None = None,
) -> Prices:
    """Climb from the fluid schedule's prices, first over coarse buckets, then over fine ones.

    Parameters are those of :func:`best_prices`.
    """
    _check(evaluations, max_runs)
    fluid = FluidPrices(instance)
    tail = int(instance.output.max())
    grids = [busy_grid(fluid.start, fluid.stop, tail=tail, max_runs=max_runs)]
    if len(grids[0]) > _FEW_RUNS:
        grids.insert(
            0, busy_grid(fluid.start, fluid.stop, tail=tail, max_runs=max_runs // _COARSEN)
        )
    dual = Dual(instance)
    if evaluations is None:
        evaluations = min(EVALUATIONS, max(_LEAST_EVALUATIONS, SCANS // len(dual.count)))
    best: tuple[float, Prices] | None = None
    last: tuple[Column, Floats] | None = None
    spent = 0
    for level, ends in enumerate(grids):
        if last is not None and evaluations - spent < 4:  # too few to carry prices over
            break
        values = fluid.on(ends)
        denominator = fitting_denominator(instance, int(ends[-1]), float(values.max()))
        if ends[-1] + tail >= MAX_STEP:  # beyond the kernel, where only made-up instances are
            return Prices.rounded(denominator, ends, values)

        def report(done: int, bound: float, before: int = spent) -> None:
            if progress is not None:
                progress(before + done, bound)

        climb = Climb(
            dual=dual,
            ends=ends,
            first=values,
            denominator=denominator,
            target=incumbent,
            stop=stop,
            progress=report,
        )
        if last is not None:
            for finer in _refined(*last, ends):
                climb.value(finer)
        share = (evaluations - spent) // (len(grids) - level)
        climb.newton(share * 3 // 4 - climb.evaluations)
        climb.subgradient(share - climb.evaluations, 1e-4 * abs(climb.best))
        spent += climb.evaluations
        last = (ends, climb.prices)
        if best is None or climb.best > best[0]:
            best = (climb.best, Prices.rounded(denominator, ends, climb.prices))
        if climb.reached():
            break
    assert best is not None  # there is at least one grid
    return best[1]


def _refined(coarse: Column, prices: Floats, fine: Column) -> tuple[Floats, Floats]:
    """Carry prices to finer buckets: as steps, and straight between the buckets' middles."""
    middle = (fine[1:] + fine[:-1]) / 2
    steps = prices[np.minimum(np.searchsorted(coarse, middle), len(prices)) - 1]
    return steps, np.interp(middle, (coarse[1:] + coarse[:-1]) / 2, prices)


def _proved(instance: Instance, prices: Prices, method: Method) -> PriceBound:
    return PriceBound(prices=prices, bound=price_bound(instance, prices), method=method)


def _better(one: PriceBound, other: PriceBound) -> PriceBound:
    return other if other.bound > one.bound else one


def _check(evaluations: int | None, max_runs: int) -> None:
    if (evaluations is not None and evaluations < 1) or max_runs < 1:
        raise InputError(
            f"prices: evaluations and max_runs must be >= 1, got {evaluations} and {max_runs}"
        )
