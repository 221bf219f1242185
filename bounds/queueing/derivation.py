"""The fluid formulas of docs/theory.md, derived by sympy from the density.

Outputs have density ``mu exp(-mu t)``, prompts are 0, the volume is ``t^2/2`` and the fluid system
serves volume at rate M. Nothing is typed in but the density and the balance equations; the proof
steps (:mod:`kvproof.bounds.catalogue.queueing`) compare the results with the closed forms.
"""

from functools import cache
from typing import Any

import sympy as sp

mu, theta, memory, arrivals = sp.symbols("mu theta M lambda", positive=True)
t = sp.Symbol("t", positive=True)
rho = sp.Symbol("rho", positive=True)
x = sp.Symbol("x", positive=True)  # mu * theta
_DENSITY = mu * sp.exp(-mu * t)
_VOLUME = t**2 / 2


def _mean(value: Any, low: Any = 0, high: Any = sp.oo) -> Any:
    """Integrate a function of the output over the density."""
    return sp.integrate(value * _DENSITY, (t, low, high))


@cache
def rate() -> Any:
    """Return the arrival rate at which the load is rho."""
    return sp.solve(sp.Eq(arrivals * _mean(_VOLUME) / memory, rho), arrivals)[0]


@cache
def residual() -> Any:
    """Return the mean work in service that an arrival finds: lambda E[S^2]/2, S = v/M."""
    return sp.simplify(rate() * _mean((_VOLUME / memory) ** 2) / 2)


@cache
def load_up_to() -> Any:
    """Return the load of the requests with output at most x/mu."""
    return sp.simplify(rate() * _mean(_VOLUME, 0, theta).subs(theta, x / mu) / memory)


@cache
def fcfs() -> Any:
    """Return the mean wait of FCFS (Pollaczek-Khinchine): W = R + rho W."""
    wait = sp.Symbol("W")
    return sp.simplify(sp.solve(sp.Eq(wait, residual() + rho * wait), wait)[0])


@cache
def one_bit() -> Any:
    """Return the mean wait of one bit (Cobham, two classes, short ones first, no preemption)."""
    short, long = sp.symbols("W_1 W_2")
    below, work = load_up_to(), residual()
    # a long request also waits for the short ones that arrive while it waits
    equations = (
        sp.Eq(short, work + below * short),
        sp.Eq(long, work + below * short + (rho - below) * long + below * long),
    )
    solution = sp.solve(equations, (short, long), dict=True)[0]
    share = _mean(1, 0, theta).subs(theta, x / mu)
    return sp.simplify(share * solution[short] + (1 - share) * solution[long])


@cache
def svf_integrand() -> Any:
    """Return the integrand in x whose integral over (0, oo) is the mean wait of SVF.

    With r(x) the load up to x, W satisfies W = R + integral of W dr + r W, that is
    W' (1 - r) = 2 W, W(0) = R: solved for W as a function of r, then weighed by the density.
    """
    r = sp.Symbol("r", positive=True)
    wait = sp.Function("W")
    solved = sp.dsolve(
        sp.Eq(wait(r).diff(r) * (1 - r), 2 * wait(r)), wait(r), ics={wait(0): residual()}
    )
    return sp.exp(-x) * solved.rhs.subs(r, load_up_to())


def waits(load: float, mean: float, capacity: float, bit: float) -> dict[str, float]:
    """Return the mean waits of FCFS, one bit and SVF as numbers.

    Parameters
    ----------
    load
        rho, below 1.
    mean
        Mean output 1/mu, in steps.
    capacity
        M.
    bit
        The threshold as x = mu theta.
    """
    from scipy.integrate import quad

    values = {mu: 1 / mean, memory: capacity, rho: load}
    integrand = sp.lambdify(x, svf_integrand().subs(values), "numpy")
    return {
        "fcfs": float(fcfs().subs(values)),
        "svf-1bit": float(one_bit().subs({**values, x: bit})),
        "svf": float(quad(integrand, 0, 60, limit=500)[0]),
    }
