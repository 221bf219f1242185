"""Price certificates: finding good prices, and the exact bound that they prove.

Nothing in here is trusted. Whatever prices come out, :func:`price_bound` is an exact rational
that the independent checker computes again.
"""

from kvproof.certificates.prices.closed_form import closed_form_prices
from kvproof.certificates.prices.evaluate import price_bound
from kvproof.certificates.prices.linear import lp_prices
from kvproof.certificates.prices.portfolio import (
    PriceBound,
    ascent_prices,
    best_prices,
    solves_programme,
)
from kvproof.certificates.prices.reference import price_bound_reference
from kvproof.certificates.prices.vector import Prices

__all__ = [
    "PriceBound",
    "Prices",
    "ascent_prices",
    "best_prices",
    "closed_form_prices",
    "lp_prices",
    "price_bound",
    "price_bound_reference",
    "solves_programme",
]
