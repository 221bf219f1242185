"""Exact proofs that a polynomial or rational function is >= 0 or > 0 for parameters >= 0.

Methods, in this order: all coefficients >= 0; factorisation with the sign of each factor; for one
parameter, isolation of the real roots; for quadratics, a Gram matrix that is positive
semidefinite (a sum of squares); multiplication by ``(1 + y_1 + ... + y_k)^N`` until all
coefficients are >= 0 (Polya). None of them samples. None means: not decided.
"""

from itertools import combinations, pairwise
from typing import Any

import sympy as sp

POLYA = 6


def proves(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], *, strict: bool
) -> str | None:
    """Return the method that proves ``expression >= 0`` (or ``> 0``), or None."""
    numerator, denominator = sp.fraction(sp.cancel(sp.together(expression)))
    for sign in (1, -1):
        below = polynomial(sign * denominator, parameters, positive, strict=True)
        if below is not None:
            return polynomial(sign * numerator, parameters, positive, strict=strict)
    return None


def polynomial(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], *, strict: bool
) -> str | None:
    """Return the method that proves a polynomial to be >= 0 (or > 0), or None."""
    expression = sp.expand(expression)
    if not expression.has(*parameters) if parameters else True:
        holds = expression.is_positive if strict else expression.is_nonnegative
        return "evaluation" if holds else None
    if _coefficients(expression, parameters, positive, strict):
        return "coefficients >= 0"
    if _factors(expression, parameters, positive, strict):
        return "factorisation"
    used = [y for y in parameters if expression.has(y)]
    if len(used) == 1 and _roots(expression, used[0], used[0] in positive, strict):
        return "root isolation"
    if _gram(expression, used, strict):
        return "sum of squares"
    multiplier = 1 + sum(used)
    grown = expression
    for _ in range(POLYA):
        grown = sp.expand(grown * multiplier)
        if _coefficients(grown, parameters, positive, strict):
            return "Polya multiplier"
    return None


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


def _factors(
    expression: Any, parameters: tuple[Any, ...], positive: frozenset[Any], strict: bool
) -> bool:
    constant, factors = sp.factor_list(expression)
    if len(factors) == 1 and factors[0][1] == 1:
        return False  # irreducible: nothing is gained
    sign = 1 if constant.is_positive else -1 if constant.is_negative else 0
    for factor, exponent in factors:
        if exponent % 2 == 0 and not strict:
            continue
        if polynomial(factor, parameters, positive, strict=strict):
            continue
        if not polynomial(-factor, parameters, positive, strict=strict):
            return False
        sign *= (-1) ** exponent
    return sign > 0


def _roots(expression: Any, y: Any, open_end: bool, strict: bool) -> bool:
    """Decide one parameter on [0, oo) or (0, oo) by its real roots."""
    poly = sp.Poly(expression, y)
    if not all(c.is_rational for c in poly.coeffs()):
        return False
    roots = sorted(set(poly.real_roots()))
    inside = [r for r in roots if r > 0 or (r == 0 and not open_end)]
    if strict and inside:
        return False
    return all(poly.eval(point) > 0 for point in between(roots))


def between(roots: list[Any]) -> list[Any]:
    """Return a rational point > 0 in each interval that the roots cut (0, oo) into."""
    cuts = [sp.Integer(0), *sorted({r for r in roots if r > 0})]
    points = [_rational_between(a, b) for a, b in pairwise(cuts)]
    return [*points, sp.Integer(sp.ceiling(cuts[-1]) + 1)]


def _rational_between(low: Any, high: Any) -> Any:
    digits = 2
    while True:
        scale = sp.Integer(10) ** digits
        point = sp.Rational(sp.floor((low + high) / 2 * scale), scale)
        if low < point < high:
            return point
        digits *= 2


def _gram(expression: Any, parameters: list[Any], strict: bool) -> bool:
    """Whether a quadratic is a sum of squares (strict: a positive definite one).

    Its Gram matrix then has no negative principal minor (strict: positive leading ones).
    """
    poly = sp.Poly(expression, *parameters)
    if poly.total_degree() != 2 or len(parameters) > 5:
        return False
    basis = [sp.Integer(1), *parameters]
    gram = sp.zeros(len(basis))
    for i, a in enumerate(basis):
        for j, b in enumerate(basis):
            coefficient = poly.coeff_monomial(a * b)
            gram[i, j] = coefficient if i == j else coefficient / 2
    sizes = range(1, len(basis) + 1)
    if strict:
        return all(gram[:size, :size].det().is_positive for size in sizes)
    return all(
        gram.extract(list(rows), list(rows)).det().is_nonnegative
        for size in sizes
        for rows in combinations(range(len(basis)), size)
    )
