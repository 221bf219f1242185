"""How bounds are written in tables and pictures."""

import math
from collections.abc import Sequence
from fractions import Fraction

from kvproof.bounds.taxonomy.graph import Known
from kvproof.bounds.theorem import Bound, Status, Theorem

SHOWN = ((Fraction(0), "eps -> 0"), (Fraction(1, 2), "eps <= 1/2"), (Fraction(1), "eps <= 1"))
#: How :func:`span` writes that nothing is known.
UNKNOWN = "[1, ∞]"


def number(value: Bound) -> str:
    """Write a bound: small fractions exactly, others with four digits."""
    if value == math.inf:
        return "∞"
    exact = Fraction(value)
    return str(exact) if exact.denominator < 10 else f"{float(exact):.4g}"


def span(known: Known) -> str:
    """Write what is known: an interval, one value, or that there is no constant."""
    if known.lower.value == math.inf:
        return "no constant"
    if known.lower.value == known.upper.value:
        return number(known.lower.value)
    return f"[{number(known.lower.value)}, {number(known.upper.value)}]"


#: What a theorem's name is followed by where its proof is not given here.
_MARKS = {Status.CLAIMED: ", only claimed", Status.HAND: ", by hand"}


def source(known: Sequence[Known]) -> str:
    """Name where the bounds of a case come from, and mark what is not proved here."""
    low = dict.fromkeys(_named(one.lower.theorem) for one in known if one.lower.theorem)
    high = dict.fromkeys(_named(one.upper.theorem) for one in known if one.upper.theorem)
    return ", ".join([*(f"≥ {name}" for name in low), *(f"≤ {name}" for name in high)]) or "-"


def _named(theorem: Theorem) -> str:
    return theorem.name + _MARKS.get(theorem.status, "")


def state(known: Known) -> str:
    """Say whether something is left to find out."""
    if not known.consistent:
        return "INCONSISTENT"
    if known.lower.value == known.upper.value:
        return "settled"
    return "open: no upper bound" if known.upper.value == math.inf else "open"
