"""The strongest lower bound on OPT that is computed here, for instances of few classes."""

from fractions import Fraction

from kvproof.certificates.lower_bounds import best_bound
from kvproof.certificates.opt.time_indexed import BUCKETS, time_indexed_prices
from kvproof.certificates.prices import price_bound
from kvproof.scheduling.instance import Instance


def strongest_bound(instance: Instance, *, buckets: int = BUCKETS) -> Fraction:
    """Return the best of those that need no search, and of time-indexed prices.

    Parameters
    ----------
    instance
        The requests.
    buckets
        About how many the time of the time-indexed programme is cut into.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed.
    """
    best = best_bound(instance).value
    prices = time_indexed_prices(instance, buckets=buckets)
    return best if prices is None else max(best, price_bound(instance, prices))
