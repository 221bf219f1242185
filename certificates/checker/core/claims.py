"""The claims about OPT, one function each: read its fields, establish it, and say it in words.

`CLAIMS` and `RULES` list what the format knows of OPT; a further kind of claim or of lower bound is
one more entry.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

from .bounds import volume_bound
from .branch import branch_bound
from .feasibility import total_latency
from .limits import Budget
from .model import Instance, read_column, read_schedule
from .prices import price_bound, read_priced
from .reader import fields, integer, rational, text
from .staggered import staggered_bound
from .steps import discrete_centroid_bound, tail_centroid_bound
from .verdict import Malformed, Rejected, show

LowerBound = Callable[[object, Instance, Budget], Fraction]
Rules = dict[str, LowerBound]
#: Takes the claim, its proof, the instance and the rules; returns what is proved, in words.
Claim = Callable[[object, object, Instance, Rules, Budget], str]


def schedule(claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget) -> str:
    """``schedule``: a feasible schedule of total latency U."""
    claimed = fields(claim, "claim", "kind total_latency")
    given = fields(proof, "proof", "schedule")
    total = _claimed_total(claimed, given, instance, budget)
    return f"a feasible schedule has total latency {show(total)}, so OPT <= {show(total)}"


def opt_lower_bound(
    claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget
) -> str:
    """``opt-lower-bound``: no schedule has a total latency below the bound."""
    kind, bound = _claimed_bound(claim, proof, instance, rules, budget)
    return (
        f"every feasible schedule has total latency at least {show(bound)} (OPT >= this), "
        f"by the {kind} bound"
    )


def preemptive_lower_bound(
    claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget
) -> str:
    """``preemptive-lower-bound``: no run that may preempt requests costs less either."""
    kind, bound = _claimed_bound(claim, proof, instance, rules, budget)
    if kind not in PREEMPTIVE:
        raise Rejected(f"proof.lower_bound: the {kind} bound is about runs without preemption")
    if kind == "price":
        given = fields(proof, "proof", "lower_bound")["lower_bound"]
        found = fields(given, "proof.lower_bound", "kind denominator prices")
        prices = read_priced(found, "proof.lower_bound", budget)
        if any(later > earlier for earlier, later in pairwise(prices.price)):
            raise Rejected(
                "proof.lower_bound.prices: they rise; runs that preempt need not pay them"
            )
    return (
        f"every run, also one that preempts requests, has total latency at least {show(bound)}, "
        f"by the {kind} bound"
    )


def optimal(claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget) -> str:
    """``optimal``: a schedule costs U, and a lower bound rounds up to U, as costs are integers."""
    claimed = fields(claim, "claim", "kind total_latency")
    given = fields(proof, "proof", "schedule lower_bound")
    total = _claimed_total(claimed, given, instance, budget)
    kind, proved = _lower_bound(given, instance, rules, budget)
    if proved <= total - 1:
        raise Rejected(f"the {kind} bound, {show(proved)}, leaves room below {show(total)}")
    return (
        f"OPT = {show(total)}: a feasible schedule has this total latency, and none has less, "
        f"by the {kind} bound"
    )


def within_factor(
    claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget
) -> str:
    """``within-factor``: a schedule costs at most F times a lower bound on OPT."""
    claimed = fields(claim, "claim", "kind total_latency factor")
    given = fields(proof, "proof", "schedule lower_bound")
    factor = rational(claimed["factor"], "claim.factor", budget)
    total = _claimed_total(claimed, given, instance, budget)
    kind, proved = _lower_bound(given, instance, rules, budget)
    if total > factor * proved:
        raise Rejected(
            f"claim.factor: {show(total)} is more than {show(factor)} times the {kind} bound, "
            f"{show(proved)}"
        )
    return (
        f"a feasible schedule has total latency {show(total)}, at most "
        f"{show(factor, up=True)} times OPT, by the {kind} bound"
    )


def _claimed_bound(
    claim: object, proof: object, instance: Instance, rules: Rules, budget: Budget
) -> tuple[str, Fraction]:
    """Return the bound that is claimed, and the kind of the one that proves it."""
    claimed = fields(claim, "claim", "kind bound")
    bound = rational(claimed["bound"], "claim.bound", budget)
    kind, proved = _lower_bound(fields(proof, "proof", "lower_bound"), instance, rules, budget)
    if bound > proved:
        raise Rejected(f"claim.bound: {show(bound)} is more than the {kind} bound, {show(proved)}")
    return kind, bound


def _claimed_total(
    claim: dict[str, object], proof: dict[str, object], instance: Instance, budget: Budget
) -> int:
    """Return the cost of the proof's schedule, which is feasible and costs what is claimed."""
    claimed = integer(claim["total_latency"], "claim.total_latency", 0, None)
    starts = read_schedule(proof["schedule"], "proof.schedule", instance)
    total = total_latency(starts, "proof.schedule", instance, budget)
    same(claimed, total, "claim.total_latency")
    return total


def same(claimed: int, computed: int, what: str) -> None:
    """Refuse a claimed number that is not the one computed."""
    if claimed != computed:
        raise Rejected(f"{what}: {show(claimed)} is claimed, and it is {show(computed)}")


def _lower_bound(
    proof: dict[str, object], instance: Instance, rules: Rules, budget: Budget
) -> tuple[str, Fraction]:
    """Return the kind of the proof's lower bound on OPT, and its value, computed here."""
    where, value = "proof.lower_bound", proof["lower_bound"]
    if not isinstance(value, dict) or "kind" not in value:
        raise Malformed(f"{where}: expected an object with a kind")
    kind = text(value["kind"], f"{where}.kind", *rules)
    return kind, rules[kind](value, instance, budget)


def _volume(value: object, instance: Instance, budget: Budget) -> Fraction:
    fields(value, "proof.lower_bound", "kind")
    return volume_bound(instance, budget)


def _discrete_centroid(value: object, instance: Instance, budget: Budget) -> Fraction:
    fields(value, "proof.lower_bound", "kind")
    return discrete_centroid_bound(instance, budget)


def _tail_centroid(value: object, instance: Instance, budget: Budget) -> Fraction:
    where = "proof.lower_bound"
    found = fields(value, where, "kind cuts", "count")
    cuts = read_column(found, "cuts", where, instance)
    return tail_centroid_bound(cuts, where, instance, budget)


def _staggered(value: object, instance: Instance, budget: Budget) -> Fraction:
    where = "proof.lower_bound"
    found = fields(value, where, "kind peak output together")
    peak = integer(found["peak"], f"{where}.peak", 1, instance.memory)
    output = integer(found["output"], f"{where}.output", 1, peak)
    together = integer(found["together"], f"{where}.together", 1)
    return staggered_bound(peak, output, together, instance, budget)


def _price(value: object, instance: Instance, budget: Budget) -> Fraction:
    found = fields(value, "proof.lower_bound", "kind denominator prices")
    return price_bound(read_priced(found, "proof.lower_bound", budget), instance, budget)


#: The rules, but for `search`, of which there are two forms.
RULES: Rules = {
    "price": _price,
    "branch": branch_bound,
    "volume": _volume,
    "discrete-centroid": _discrete_centroid,
    "tail-centroid": _tail_centroid,
    "staggered": _staggered,
}

#: Those that hold for runs which preempt requests; prices only where they never rise.
PREEMPTIVE = ("price", "volume", "discrete-centroid", "tail-centroid")

#: The claims about OPT.
CLAIMS: dict[str, Claim] = {
    "schedule": schedule,
    "opt-lower-bound": opt_lower_bound,
    "preemptive-lower-bound": preemptive_lower_bound,
    "optimal": optimal,
    "within-factor": within_factor,
}
