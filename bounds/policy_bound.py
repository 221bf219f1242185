"""The sharpest theorem above a policy's total, as ``verify`` reports it."""

from dataclasses import dataclass

from kvproof.bounds.catalogue import find
from kvproof.bounds.theorem import Theorem
from kvproof.scheduling.instance import Instance

#: For each policy theorems whose bound is not above another's, the first that applies is taken;
#: a test holds them to that.
SHARPEST = {
    "svf": ("svf-backlog-prefix",),
    "svf-paced": ("pacing-shapes", "pacing-outputs", "pacing-arrivals"),
}


@dataclass(frozen=True, kw_only=True)
class PolicyBound:
    """What a proved theorem allows a policy's total latency to be."""

    theorem: Theorem
    total: int


def policy_bound(instance: Instance, policy: str, rule: str = "strict") -> PolicyBound | None:
    """Return the sharpest proved bound on the total of `policy`, or None where there is none.

    `policy` is the name of a policy of this toolkit, `rule` ``"strict"`` or ``"skip"``. There is
    none for strict SVF with arrivals, for instance. Totals are integers, so the bound is rounded
    down.
    """
    for theorem in map(find, SHARPEST.get(policy, ())):
        if theorem.total is not None and theorem.applies(instance, policy, rule):
            return PolicyBound(theorem=theorem, total=theorem.total(instance).__floor__())
    return None
