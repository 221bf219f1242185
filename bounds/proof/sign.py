"""Exact proofs that a rational function is >= 0 or > 0 for parameters >= 0.

One method: written in the parameters, all coefficients are >= 0. The ranges that theorems need are
parametrised so that it decides every step of theirs; None means: not decided. A test asks an SMT
solver about the same steps.
"""

from typing import Any

import sympy as sp


def proves(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], *, strict: bool
) -> str | None:
    """Return how ``expression >= 0`` (or ``> 0``) is decided, or None."""
    numerator, denominator = sp.fraction(sp.cancel(sp.together(expression)))
    for sign in (1, -1):
        if polynomial(sign * denominator, parameters, positive, strict=True) is not None:
            return polynomial(sign * numerator, parameters, positive, strict=strict)
    return None


def polynomial(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], *, strict: bool
) -> str | None:
    """Return how a polynomial is shown to be >= 0 (or > 0), or None."""
    expression = sp.expand(expression)
    if not expression.has(*parameters) if parameters else True:
        holds = expression.is_positive if strict else expression.is_nonnegative
        return "evaluation" if holds else None
    holds = _coefficients(expression, parameters, positive, strict)
    return "coefficients >= 0" if holds else None


def _coefficients(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], strict: bool
) -> bool:
    poly = sp.Poly(expression, *parameters)
    if not all(c.is_nonnegative for c in poly.coeffs()):
        return False
    if not strict:
        return True
    # some monomial must be > 0 on the whole domain: all its parameters are > 0
    return any(
        c.is_positive and all(y in positive for y, e in zip(poly.gens, powers, strict=True) if e)
        for powers, c in poly.terms()
    )
