"""A policy costs A where an explicit schedule costs B: it is at least A/B from optimal here."""

from fractions import Fraction

from ..core.claims import Case, same
from ..core.feasibility import total_latency
from ..core.model import read_schedule
from ..core.reader import fields, integer, rational
from ..core.verdict import Rejected, show
from .rules import read_policy, simulate


def ratio_at_least(claim: object, proof: object, case: Case) -> str:
    """``ratio-at-least``: a policy costs A where a feasible schedule costs B."""
    instance, budget = case.instance, case.budget
    claimed = fields(claim, "claim", "kind policy policy_total feasible_total ratio")
    named = claimed["policy"] is not None
    given = fields(proof, "proof", "witness" if named else "witness policy_schedule")
    claimed_a = integer(claimed["policy_total"], "claim.policy_total", 0, None)
    claimed_b = integer(claimed["feasible_total"], "claim.feasible_total", 0, None)
    ratio = rational(claimed["ratio"], "claim.ratio", budget)
    witness = read_schedule(given["witness"], "proof.witness", instance)
    if named:
        policy = read_policy(claimed["policy"], "claim.policy", budget)
        subject, words = str(policy), f"{policy}, simulated here,"
        starts = simulate(policy, instance, budget)
    else:
        subject, words = "this schedule", "the schedule in the certificate, of no named policy,"
        starts = read_schedule(given["policy_schedule"], "proof.policy_schedule", instance)
    a = total_latency(starts, "policy's schedule", instance, budget)
    b = total_latency(witness, "proof.witness", instance, budget)
    same(claimed_a, a, "claim.policy_total")
    same(claimed_b, b, "claim.feasible_total")
    if ratio != Fraction(a, b):
        raise Rejected(f"claim.ratio: {show(ratio)} is claimed, and it is {show(Fraction(a, b))}")
    return (
        f"{words} has total latency {show(a)} where a feasible schedule has {show(b)}, "
        f"so {subject} is at least {show(ratio)} times OPT on this instance"
    )
