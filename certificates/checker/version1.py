"""Certificates of version 1, said in version 2: only their lower bounds differ."""

from .core.budget import Budget
from .core.reader import WHERE, entries, fields, integer, integers

RUN = 130  # bytes


def in_version_2(proof: object, budget: Budget) -> object:
    """Return the proof of a claim with its lower bound, if it has one, as version 2 has it."""
    if not isinstance(proof, dict) or not isinstance(proof.get("lower_bound"), dict):
        return proof
    bound: dict[str, object] = proof["lower_bound"]
    kind = bound.get("kind")
    if kind == "outputs":
        fields(bound, WHERE, "kind")
        bound = {"kind": "price", "denominator": 1, "prices": []}
    elif kind == "centroid":
        fields(bound, WHERE, "kind")
        bound = {"kind": "discrete-centroid"}
    elif kind == "branch":
        fields(bound, WHERE, "kind target denominator vectors tree")
        integer(bound["denominator"], f"{WHERE}.denominator", 1)
        vectors = []
        for v, prices in enumerate(entries(bound["vectors"], f"{WHERE}.vectors")):
            numerators = integers(prices, f"{WHERE}.vectors[{v}]")
            budget.tick(len(numerators))
            budget.take(RUN * len(numerators))
            vectors.append([[1, price] for price in numerators])
        bound = {**bound, "vectors": vectors}
    return {**proof, "lower_bound": bound}
