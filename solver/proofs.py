"""Lower-bound objects of docs/certificates.md: prices, and the multipliers of an exact search."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.solver.layered import Outcome
from kvproof.solver.model import Model
from kvproof.solver.multipliers import Vector
from kvproof.solver.trajectory import SCALE, Grid
from kvproof.solver.windows import PRICE_SCALE, Windows


def price_runs(prices: Column) -> list[list[int]]:
    """Return prices as [length, numerator] runs, without the unpriced end."""
    runs: list[list[int]] = []
    for price in np.trim_zeros(prices, "b").tolist():
        if runs and runs[-1][1] == price:
            runs[-1][0] += 1
        else:
            runs.append([1, price])
    return runs


def price_proof(prices: Column, origin: int) -> dict[str, Any]:
    """Return the ``price`` proof of prices over :data:`~kvproof.solver.windows.PRICE_SCALE`.

    Those count steps from the earliest arrival, `origin`; a certificate counts from 0.
    """
    idle = [[origin, 0]] if origin else []
    runs = idle + price_runs(prices)
    return {"kind": "price", "denominator": PRICE_SCALE, "prices": runs}


def search_proof(
    grid: Grid, thin: Windows, prices: Column, target: int, first: Vector, outcome: Outcome
) -> dict[str, Any]:
    """Return the ``search`` proof: OPT is at least the target, or the best schedule met below it.

    Parameters
    ----------
    grid
        Over the starts that the prices allow.
    thin
        The starts that `first`, a vector over `grid`, leaves of them.
    outcome
        Of a search over those, whose first vector is `first`.
    """
    needed = sorted({index for layer in outcome.used for index in layer} - {0})
    place = {0: 0} | {index: position for position, index in enumerate(needed, start=1)}
    vectors = [_listed(grid.model, grid.windows, first)]
    vectors += [_listed(grid.model, thin, outcome.vectors[index]) for index in needed]
    layers = [[place[index] for index in layer] for layer in outcome.used]
    return {
        "kind": "search",
        "target": target,
        "scale": SCALE,
        "denominator": PRICE_SCALE,
        "prices": price_runs(prices),
        "vectors": vectors,
        "layers": _runs(layers),
    }


def _listed(model: Model, windows: Windows, vector: Vector) -> dict[str, Any]:
    """Return multipliers class by class over the allowed starts.

    As differences in zigzag code (the format has no negative integers), and only those that a
    state at the vector's first step or later can use.
    """
    starts: list[int] = []
    ends: list[int] = []
    for c in range(model.classes):
        allowed = np.flatnonzero(windows.allowed[c])
        starts.extend(vector.alpha[c, allowed[allowed >= vector.since]].tolist())
        kept = allowed[allowed + model.output[c] >= vector.since]
        ends.extend(vector.beta[c, kept].tolist())
    unit = math.gcd(*starts, *ends) or 1
    return {
        "since": vector.since,
        "unit": unit,
        "start": _zigzag_steps([value // unit for value in starts]),
        "end": _zigzag_steps([value // unit for value in ends]),
    }


def _runs(layers: list[list[int]]) -> list[dict[str, Any]]:
    """Return equal consecutive layers once, with how many they are."""
    runs: list[dict[str, Any]] = []
    for layer in layers:
        if runs and runs[-1]["vectors"] == layer:
            runs[-1]["length"] += 1
        else:
            runs.append({"length": 1, "vectors": layer})
    return runs


def _zigzag_steps(values: list[int]) -> list[int]:
    pairs = zip([0, *values], values, strict=False)
    steps = (value - before for before, value in pairs)
    return [2 * step if step >= 0 else -2 * step - 1 for step in steps]
