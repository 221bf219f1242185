"""Certificates as they are written: a claim, its proof, and the instance that both are about.

The format is specified in docs/certificates.md. Nothing here is trusted: the independent checker
re-derives whatever a certificate claims.
"""

import gzip
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kvproof.certificates.chain import blocking_chain
from kvproof.certificates.lower_bounds import LowerBound, sum_of_prefix_sums
from kvproof.certificates.proofs import runs
from kvproof.certificates.sums import GRID
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import as_pq, decimal
from kvproof.scheduling.instance import CERTIFICATE, Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF, Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown

# The checker refuses integers of more than 4,000 digits; what comes near is rounded instead.
_DIGITS = 10**3000


@dataclass(frozen=True, kw_only=True, repr=False)
class Certificate(Shown):
    """One claim about one instance, with its proof, both as JSON objects of the format."""

    instance: Instance
    claim: dict[str, Any]
    proof: dict[str, Any]

    def facts(self) -> dict[str, str]:
        """Return the claim, and the instance it is about."""
        numbers = {
            name.replace("_", " "): value if isinstance(value, str) else f"{value:,}"
            for name, value in self.claim.items()
            if isinstance(value, str | int) and name != "kind"
        }
        return {"claim": str(self.claim["kind"]), **numbers, "instance": self.instance.digest[:12]}

    def to_json(self, *, file: str | None = None) -> dict[str, Any]:
        """Return the certificate; with `file` the instance is referred to instead of inline."""
        place = {"inline": instance_json(self.instance)} if file is None else {"file": file}
        return {
            "format": CERTIFICATE,
            "version": 2,
            "instance": {"digest": self.instance.digest, **place},
            "claim": self.claim,
            "proof": self.proof,
        }

    def to_bytes(self, *, file: str | None = None, compress: bool = False) -> bytes:
        """Return the certificate as it is stored; the same certificate gives the same bytes."""
        text = json.dumps(self.to_json(file=file), separators=(",", ":")).encode()
        # the fastest level: a million requests take 0.2 s, and a fifth more room than the slowest
        return gzip.compress(text, compresslevel=1, mtime=0) if compress else text


def instance_json(instance: Instance) -> dict[str, Any]:
    """Return an instance in its shorter form: with counts where many neighbours are equal."""
    merged = instance.merged()
    return (merged if 4 * merged.rows < 3 * instance.requests else instance.expanded()).to_json()


def schedule_certificate(schedule: Schedule) -> Certificate:
    """``schedule``: this schedule is feasible and costs U, so OPT <= U."""
    return Certificate(
        instance=schedule.instance,
        claim={"kind": "schedule", "total_latency": schedule.total_latency},
        proof={"schedule": runs("starts", schedule.starts)},
    )


def lower_bound_certificate(instance: Instance, bound: LowerBound) -> Certificate:
    """``opt-lower-bound``: no schedule costs less than L."""
    return Certificate(
        instance=instance,
        claim={"kind": "opt-lower-bound", "bound": as_pq(_shortened(bound.value, up=False))},
        proof={"lower_bound": bound.proof.to_json()},
    )


def preemptive_bound_certificate(instance: Instance, bound: LowerBound) -> Certificate:
    """``preemptive-lower-bound``: no run costs less than L, even if it preempts requests."""
    return Certificate(
        instance=instance,
        claim={
            "kind": "preemptive-lower-bound",
            "bound": as_pq(_shortened(bound.value, up=False)),
        },
        proof={"lower_bound": bound.proof.to_json()},
    )


def optimal_certificate(schedule: Schedule, bound: LowerBound) -> Certificate:
    """``optimal``: this schedule costs U, and the bound exceeds U - 1.

    Raises
    ------
    InputError
        The bound leaves room for a better schedule.
    """
    if bound.value <= schedule.total_latency - 1:
        raise InputError(
            f"the {bound.kind} bound, {decimal(bound.value, 2, up=False, commas=True)}, does not "
            f"prove a total latency of {schedule.total_latency:,} optimal; kvproof solve may"
        )
    return Certificate(
        instance=schedule.instance,
        claim={"kind": "optimal", "total_latency": schedule.total_latency},
        proof={"schedule": runs("starts", schedule.starts), "lower_bound": bound.proof.to_json()},
    )


def within_factor_certificate(schedule: Schedule, bound: LowerBound) -> Certificate:
    """``within-factor``: this schedule costs at most F times OPT, F being U / L."""
    factor = _shortened(schedule.total_latency / bound.value, up=True)
    return Certificate(
        instance=schedule.instance,
        claim={
            "kind": "within-factor",
            "total_latency": schedule.total_latency,
            "factor": as_pq(factor),
        },
        proof={"schedule": runs("starts", schedule.starts), "lower_bound": bound.proof.to_json()},
    )


def ratio_certificate(
    policy: Policy, schedule: Schedule, witness: Schedule, *, skip: bool = False
) -> Certificate:
    """``ratio-at-least``: the policy's schedule costs A where the witness costs B.

    For a policy that the checker does not know the claim is about its schedule only.
    """
    known = policy_json(policy, schedule.instance, skip=skip)
    proof: dict[str, Any] = {"witness": runs("starts", witness.starts)}
    if known is None:
        proof["policy_schedule"] = runs("starts", schedule.starts)
    a, b = schedule.total_latency, witness.total_latency
    return Certificate(
        instance=schedule.instance,
        claim={
            "kind": "ratio-at-least",
            "policy": known,
            "policy_total": a,
            "feasible_total": b,
            "ratio": as_pq(Fraction(a, b)),
        },
        proof=proof,
    )


def chain_certificate(schedule: Schedule) -> Certificate:
    """``svf-blocking-chain``: why every start of this strict SVF schedule is when it is.

    Claims the theorem's bound ``floor(2/(1 - eps) sum P_k + sum o_k)`` and the one with 1/eta
    in place of 2, eta being the least mean over peak of a request.

    Raises
    ------
    InputError
        The instance is no backlog or has eps = 1, or the schedule is not strict SVF.
    """
    instance = schedule.instance
    blocks = blocking_chain(schedule)
    free = instance.memory - instance.max_peak
    if not free:
        raise InputError("the chain bound needs eps < 1, and a request takes the whole memory")
    prefix_sums = sum_of_prefix_sums(instance.expanded())
    outputs = instance.total(instance.output)
    pairs = set(zip(instance.prompt.tolist(), instance.output.tolist(), strict=True))
    inverse_eta = max(Fraction(2 * (s + o), 2 * s + o + 1) for s, o in pairs)
    return Certificate(
        instance=instance,
        claim={
            "kind": "svf-blocking-chain",
            "total_latency": schedule.total_latency,
            "bound": 2 * prefix_sums // free + outputs,
            "eta_bound": (inverse_eta * prefix_sums / free).__floor__() + outputs,
        },
        proof={"schedule": runs("starts", schedule.starts), "blocks": blocks.tolist()},
    )


def policy_json(policy: Policy, instance: Instance, *, skip: bool) -> dict[str, Any] | None:
    """Name a policy as the checker does; None where it does not know it."""
    rule = "skip" if skip else "strict"
    if type(policy) is OneBitSVF:
        requests = instance.expanded()
        return {
            "name": policy.name,
            "rule": rule,
            "theta": as_pq(policy.threshold(requests)),
            "admission": policy.admission,
        }
    # exactly these: a subclass may have another key
    return {"name": policy.name, "rule": rule} if type(policy) in (SVF, SJF, FCFS) else None


def _shortened(value: Fraction, *, up: bool) -> Fraction:
    """Round a rational with too many digits to a multiple of 10^-12, to the side that is true."""
    if max(value.numerator, value.denominator) < _DIGITS:
        return value
    scaled = value * GRID
    return Fraction(-((-scaled).__floor__()) if up else scaled.__floor__(), GRID)
