"""Proof steps that the simulator settles."""

from collections.abc import Callable
from fractions import Fraction

from kvproof.bounds.families import Witness, measure
from kvproof.bounds.proof.steps import Computation
from kvproof.scheduling.exact import decimal

SIMULATED = "The simulator runs the policy and both schedules are tested for feasibility."


def simulated(
    make: Callable[[], Witness],
    label: str,
    least: Fraction,
    total: int | None = None,
    feasible: int | None = None,
) -> Computation:
    """Return the step: simulated and tested, the ratio is at least so much, totals as stated."""

    def run() -> tuple[bool, str]:
        found = measure(make())
        same = total in (None, found.policy_total) and feasible in (None, found.feasible_total)
        ratio = decimal(found.ratio, 4, up=False)
        totals = f"{found.policy_total:,} / {found.feasible_total:,}"
        return same and found.ratio >= least, f"{totals} = {ratio}"

    return Computation(
        claim=f"{label}: ratio >= {decimal(least, 4, up=False)}",
        why=SIMULATED,
        run=run,
    )
