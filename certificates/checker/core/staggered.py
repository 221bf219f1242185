"""A lower bound on OPT from requests that are whole: they cannot all complete together.

Take n requests of peak ``s + o >= h`` and output at least o, ``o <= h``. When one of them
completes, another that completes g steps later holds at least ``h (1 - g / o)`` of the memory: if
it has started it holds its peak less g, and if not, then ``g >= o``. So with ``C_1 <= C_2 <= ...``
their completions, for every k

    ``(C_{k+1} - C_k) + ... + (C_{k+m-1} - C_k) >= o (m - M / h)``,

and no completion is earlier than the first arrival plus o. Multipliers ``x_k >= 0`` of these
inequalities prove ``sum C_k >= n (first + o) + o (m - M / h) sum x_k`` if they charge no gap
``C_{i+1} - C_i`` more than the ``n - i`` completions that it delays.
"""

from dataclasses import replace
from fractions import Fraction

from .budget import Budget
from .model import Instance
from .steps import discrete_centroid_bound
from .verdict import Rejected

UNIT = 2**32  # multipliers are multiples of one over this


def staggered_bound(
    peak: int, output: int, together: int, instance: Instance, budget: Budget
) -> Fraction:
    """Add the bound of the requests of at least this peak and output, and that of the others.

    Without the others a feasible schedule stays feasible, and so it does with them alone: OPT is at
    least the sum.

    Raises
    ------
    Rejected
        There are fewer such requests than are to be `together`.
    """
    budget.take(100 * instance.size)  # what follows
    mine: list[tuple[int, int, int]] = []
    others: list[tuple[int, int, int]] = []
    for row in budget.each(zip(instance.arrival, instance.prompt, instance.output)):
        (mine if row[1] + row[2] >= peak and row[2] >= output else others).append(row)
    number = len(mine)
    if number < together:
        raise Rejected(f"{number} requests are as large as these {together}")
    first, waited = min(a for a, _, _ in mine), sum(a for a, _, _ in mine)
    value = Fraction(number * (first + output) - waited)
    apart = output * (together - Fraction(instance.memory, peak))
    if apart > 0:  # then together > 1, for M >= h
        value += apart * _gaps_taken(number, together, budget)
    value = max(value, Fraction(sum(o for _, _, o in mine)))
    if others:
        budget.take(64 * len(others))
        arrival, prompt, outputs = map(list, zip(*others))
        rest = replace(instance, arrival=arrival, prompt=prompt, output=outputs, digest="")
        value += max(discrete_centroid_bound(rest, budget), sum(outputs))
    return value


def _gaps_taken(number: int, together: int, budget: Budget) -> Fraction:
    """Return the sum of x_1, ..., x_{n-m+1}: one after the other the largest that may be.

    x_k charges the gap before completion i, k < i < k + m, ``(m - i + k) x_k``; it is bounded by
    the first of these. Where all of them keep to it the gaps after the last of them do, as what
    they are charged is convex in i, at most m - 1 at first and 0 in the end.

    Raises
    ------
    Rejected
        A gap is charged too much before its last multiplier.
    """
    last = number - together + 1
    budget.take(40 * last)
    x: list[int] = []
    charged = window = 0  # of the gap before completion k + 1, but for x_k; sum of the last m - 1
    for k in budget.each(range(1, last + 1)):
        if UNIT * (number - k) < charged:
            raise Rejected(f"the gap before completion {k + 1} is charged too much")
        x.append((UNIT * (number - k) - charged) // (together - 1))
        if k >= together:
            window -= x[k - together]
        window += x[-1]
        charged += (together - 1) * x[-1] - window
    return Fraction(sum(x), UNIT)
