"""Certificates of version 1, said in version 2: only their lower bounds differ."""

from typing import Any

from .core.budget import Budget
from .core.reader import WHERE, entries, fields, integer, integers

RUN = 130  # bytes


def in_version_2(proof: object, budget: Budget) -> object:
    """Return the proof of a claim with its lower bound, if it has one, as version 2 has it."""
    if not isinstance(proof, dict):
        return proof
    bound = proof.get("lower_bound")
    if isinstance(bound, dict) and isinstance(bound.get("parts"), list):
        parts = [_bound(part, budget) for part in bound["parts"]]
        return {**proof, "lower_bound": {**bound, "parts": parts}}
    return {**proof, "lower_bound": _bound(bound, budget)} if "lower_bound" in proof else proof


def _bound(bound: Any, budget: Budget) -> Any:
    kind = bound.get("kind") if isinstance(bound, dict) else None
    if kind == "outputs":
        fields(bound, WHERE, "kind")
        return {"kind": "price", "denominator": 1, "prices": []}
    if kind == "centroid":
        fields(bound, WHERE, "kind")
        return {"kind": "discrete-centroid"}
    if kind == "branch":
        fields(bound, WHERE, "kind target denominator vectors tree")
        integer(bound["denominator"], f"{WHERE}.denominator", 1)
        vectors = []
        for v, prices in enumerate(entries(bound["vectors"], f"{WHERE}.vectors")):
            numerators = integers(prices, f"{WHERE}.vectors[{v}]")
            budget.tick(len(numerators))
            budget.take(RUN * len(numerators))
            vectors.append([[1, price] for price in numerators])
        return {**bound, "vectors": vectors}
    return bound
