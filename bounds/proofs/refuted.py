"""Simulations that refute a claim, or show ratios that have no proof."""

from fractions import Fraction

from kvproof.bounds.families import measure, retried_waves, skip_staggered
from kvproof.bounds.proof.steps import Argument, Computation, Step
from kvproof.bounds.proofs.simulated import simulated
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.exact import decimal


def retried() -> tuple[Step, ...]:
    """Hold the claim 2 + 1/k against a certified bound on OPT."""
    return (
        *(
            Computation(
                claim=f"k = {k}: SVF / OPT < 2 < 2 + 1/{k}",
                why="The simulator's SVF over a certified lower bound on OPT: the claim is false.",
                run=lambda k=k: _below(k),  # type: ignore[misc]
            )
            for k in (2, 3, 8)
        ),
    )


def _below(k: int) -> tuple[bool, str]:
    witness = retried_waves(k=k, length=60, requests=600 * k)
    factor = measure(witness).policy_total / best_bound(witness.instance).value
    return factor < 2, f"SVF / OPT <= {decimal(factor, 4, up=True)}"


def staggered() -> tuple[Step, ...]:
    """Ratios for three d."""
    return (
        Argument(
            "The triangles end one at a time, d steps apart, and each is replaced at once, so "
            "nearly 6d tokens are always held and a fat of 5d + 3 never fits in 10d + 6. (The six "
            "tokens of slack let the phases drift: that is why this is no proof.)"
        ),
        *(
            simulated(
                lambda d=d, root=root: skip_staggered(d=d, fats=32 * root, longs=2 * root),  # type: ignore[misc]
                f"d = {d}, {32 * root} fats, {2 * root} triangles",
                Fraction(least, 10),
                total=total,
                feasible=feasible,
            )
            for d, root, least, total, feasible in (
                (16, 4, 42, 25_507, 6_049),
                (64, 8, 103, 324_329, 31_357),
                (256, 16, 134, 3_171_010, 236_533),
            )
        ),
    )
