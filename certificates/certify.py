"""From an instance and the name of a claim to a certificate."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from kvproof.certificates.build import (
    Certificate,
    chain_certificate,
    lower_bound_certificate,
    optimal_certificate,
    ratio_certificate,
    schedule_certificate,
    within_factor_certificate,
)
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.compact import compact as shift_left
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate


class Claim(StrEnum):
    """What a certificate of a policy's schedule, or of OPT, can claim."""

    WITHIN_FACTOR = "within-factor"
    OPT_LOWER_BOUND = "opt-lower-bound"
    OPTIMAL = "optimal"
    SCHEDULE = "schedule"
    SVF_BLOCKING_CHAIN = "svf-blocking-chain"
    RATIO_AT_LEAST = "ratio-at-least"


def certify(
    instance: Instance,
    claim: Claim,
    *,
    policy: Policy,
    skip: bool = False,
    compact: bool = False,
    bound: BoundKind | None = None,
    witnesses: Iterable[Policy] = (),
    progress: Callable[[int, float], None] | None = None,
) -> Certificate:
    """Return a certificate of `claim` about the schedule of `policy`, or about OPT.

    Parameters
    ----------
    instance
        The requests.
    claim
        What to claim.
    policy, skip
        Whose schedule, and by which rule; of no use to OPT_LOWER_BOUND.
    compact
        Whether its starts are shifted left first; for claims about the schedule alone.
    bound
        The lower bound on OPT to rest on, where the claim needs one; None: the best that needs no
        search.
    witnesses
        For RATIO_AT_LEAST: where the better schedule may come from; each runs strict and skip.
    progress
        Called with (evaluations, bound so far) while prices are searched for.

    Raises
    ------
    InputError
        The claim cannot be made here.
    """
    if claim is Claim.OPT_LOWER_BOUND:
        return lower_bound_certificate(instance, find_bound(instance, bound, progress=progress))
    schedule = simulate(instance, policy, skip=skip)
    if compact:
        if claim in (Claim.SVF_BLOCKING_CHAIN, Claim.RATIO_AT_LEAST):
            raise InputError(f"{claim} is about the policy's own starts; leave out compact")
        schedule = shift_left(schedule)
    match claim:
        case Claim.SCHEDULE:
            return schedule_certificate(schedule)
        case Claim.SVF_BLOCKING_CHAIN:
            return chain_certificate(schedule)
        case Claim.RATIO_AT_LEAST:
            return _ratio(policy, schedule, skip, witnesses)
        case Claim.OPTIMAL:
            total = schedule.total_latency
            found = find_bound(instance, bound, incumbent=total, progress=progress)
            return optimal_certificate(schedule, found)
    return within_factor_certificate(schedule, find_bound(instance, bound, progress=progress))


def _ratio(
    policy: Policy, schedule: Schedule, skip: bool, witnesses: Iterable[Policy]
) -> Certificate:
    others = [
        simulate(schedule.instance, other, skip=rule)
        for other in witnesses
        for rule in (False, True)
    ]
    if not others:
        raise InputError("ratio-at-least needs a policy to take the better schedule from")
    best = min(others, key=lambda other: other.total_latency)
    if best.total_latency >= schedule.total_latency:
        raise InputError(
            f"no ratio above 1: {policy.name} costs {schedule.total_latency:,} and the "
            f"best witness {best.total_latency:,}; name others by --witness"
        )
    return ratio_certificate(policy, schedule, best, skip=skip)
