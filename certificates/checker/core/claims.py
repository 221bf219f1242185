"""The claims about OPT, one function each: read its fields, establish it, and say it in words.

`CLAIMS` and `RULES` list what the format knows of OPT; a further kind of claim or of lower bound is
one more entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

from .bounds import volume_bound
from .branch import branch_bound
from .budget import Budget
from .feasibility import total_latency
from .model import Instance, read_column, read_schedule
from .parts import parts_of
from .prices import price_bound, read_priced
from .profiles import profiles_bound
from .reader import WHERE, entries, fields, integer, integers, rational, text
from .staggered import staggered_bound
from .steps import discrete_centroid_bound, tail_centroid_bound
from .verdict import Malformed, Refusal, Rejected, show

#: Takes a lower bound's fields, and returns its value.
LowerBound = Callable[[dict[str, Any], Instance, Budget], Fraction]
#: By kind of lower bound: its fields beside that, which of these may be missing, and its value.
Rules = dict[str, tuple[str, str, LowerBound]]


@dataclass(frozen=True)
class Case:
    """What a claim is about, what may prove it, and what that may cost."""

    instance: Instance
    rules: Rules
    budget: Budget


#: Takes the claim and its proof, and returns what is proved, in words.
Claim = Callable[[object, object, Case], str]


def schedule(claim: object, proof: object, case: Case) -> str:
    """``schedule``: a feasible schedule of total latency U."""
    claimed = fields(claim, "claim", "kind total_latency")
    total = _claimed_total(claimed, fields(proof, "proof", "schedule"), case)
    return f"a feasible schedule has total latency {show(total)}, so OPT <= {show(total)}"


def opt_lower_bound(claim: object, proof: object, case: Case) -> str:
    """``opt-lower-bound``: no schedule has a total latency below the bound."""
    kind, bound = _claimed_bound(claim, fields(proof, "proof", "lower_bound"), case)
    words = f"every feasible schedule has total latency at least {show(bound)} (OPT >= this)"
    return f"{words}, by the {kind} bound"


def preemptive_lower_bound(claim: object, proof: object, case: Case) -> str:
    """``preemptive-lower-bound``: no run that may preempt requests costs less either."""
    given = fields(proof, "proof", "lower_bound")
    kind, bound = _claimed_bound(claim, given, case)
    if kind not in PREEMPTIVE:
        raise Rejected(f"{WHERE}: the {kind} bound is about runs without preemption")
    if kind == "price":
        runs = given["lower_bound"]["prices"]
        if any(later > earlier for (_, earlier), (_, later) in zip(runs, runs[1:])):
            raise Rejected(f"{WHERE}.prices: they rise; runs that preempt need not pay them")
    words = "every run, also one that preempts requests, has total latency at least"
    return f"{words} {show(bound)}, by the {kind} bound"


def optimal(claim: object, proof: object, case: Case) -> str:
    """``optimal``: a schedule costs U, and a lower bound rounds up to U, as costs are integers."""
    claimed = fields(claim, "claim", "kind total_latency")
    given = fields(proof, "proof", "schedule lower_bound")
    total = _claimed_total(claimed, given, case)
    kind, proved = _lower_bound(given, case)
    if proved <= total - 1:
        raise Rejected(f"the {kind} bound, {show(proved)}, leaves room below {show(total)}")
    words = f"OPT = {show(total)}: a feasible schedule has this total latency, and none has less"
    return f"{words}, by the {kind} bound"


def within_factor(claim: object, proof: object, case: Case) -> str:
    """``within-factor``: a schedule costs at most F times a lower bound on OPT."""
    claimed = fields(claim, "claim", "kind total_latency factor")
    given = fields(proof, "proof", "schedule lower_bound")
    factor = rational(claimed["factor"], "claim.factor", case.budget)
    total = _claimed_total(claimed, given, case)
    kind, proved = _lower_bound(given, case)
    if total > factor * proved:
        words = f"{show(factor)} times the {kind} bound, {show(proved)}"
        raise Rejected(f"claim.factor: {show(total)} is more than {words}")
    words = f"a feasible schedule has total latency {show(total)}, at most {show(factor, up=True)}"
    return f"{words} times OPT, by the {kind} bound"


def _claimed_bound(claim: object, given: dict[str, Any], case: Case) -> tuple[str, Fraction]:
    """Return the kind of the proof's lower bound, and the bound claimed, which is no higher."""
    claimed = fields(claim, "claim", "kind bound")
    bound = rational(claimed["bound"], "claim.bound", case.budget)
    kind, proved = _lower_bound(given, case)
    if bound > proved:
        raise Rejected(f"claim.bound: {show(bound)} is more than the {kind} bound, {show(proved)}")
    return kind, bound


def _claimed_total(claimed: dict[str, Any], given: dict[str, Any], case: Case) -> int:
    """Return the cost of the proof's schedule, which is feasible and costs what is claimed."""
    total = integer(claimed["total_latency"], "claim.total_latency", 0, None)
    starts = read_schedule(given["schedule"], "proof.schedule", case.instance)
    found = total_latency(starts, "proof.schedule", case.instance, case.budget)
    same(total, found, "claim.total_latency")
    return total


def same(claimed: int, computed: int, what: str) -> None:
    """Refuse a claimed number that is not the one computed."""
    if claimed != computed:
        raise Rejected(f"{what}: {show(claimed)} is claimed, and it is {show(computed)}")


def _lower_bound(given: dict[str, Any], case: Case) -> tuple[str, Fraction]:
    """Return the kind of the proof's lower bound on OPT, and its value, computed here."""
    value = given["lower_bound"]
    if isinstance(value, dict) and value.get("kind") == PARTS:
        return PARTS, _by_parts(fields(value, WHERE, "kind until parts"), case)
    return _whole(value, case, PARTS)


def _whole(value: object, case: Case, *others: str) -> tuple[str, Fraction]:
    """Return the kind and the value of a bound of all requests at once; `others` are known, too."""
    if not isinstance(value, dict) or "kind" not in value:
        raise Malformed(f"{WHERE}: expected an object with a kind")
    kind = text(value["kind"], f"{WHERE}.kind", *case.rules, *others)
    needed, optional, bound = case.rules[kind]
    found = fields(value, WHERE, f"kind {needed}", optional)
    return kind, bound(found, case.instance, case.budget)


def _by_parts(found: dict[str, Any], case: Case) -> Fraction:
    """Return the sum of the bounds of parts, each rounded up; what one has taken is free again."""
    until = integers(found["until"], f"{WHERE}.until")
    bounds = entries(found["parts"], f"{WHERE}.parts", len(until) + 1)
    total = 0
    for place, part in enumerate(parts_of(until, case.instance, case.budget)):
        free = case.budget.free
        try:
            total += ceil(_whole(bounds[place], replace(case, instance=part))[1])
        except Refusal as refusal:
            raise type(refusal)(f"part {place}: {refusal}") from refusal
        case.budget.give(free - case.budget.free)
    return Fraction(total)


def _tail_centroid(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    cuts = read_column(found, "cuts", WHERE, instance)
    return tail_centroid_bound(cuts, WHERE, instance, budget)


def _staggered(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    peak = integer(found["peak"], f"{WHERE}.peak", 1, instance.memory)
    output = integer(found["output"], f"{WHERE}.output", 1, peak)
    together = integer(found["together"], f"{WHERE}.together", 1)
    return staggered_bound(peak, output, together, instance, budget)


def _price(found: dict[str, Any], instance: Instance, budget: Budget) -> Fraction:
    return price_bound(read_priced(found, WHERE, budget), instance, budget)


#: The kind whose rule is `_by_parts`.
PARTS = "parts"

#: The rules of the others, but for `search`, of which there are two forms.
RULES: Rules = {
    "price": ("denominator prices", "", _price),
    "branch": ("target denominator vectors tree", "", branch_bound),
    "profiles": ("target scale prices", "", profiles_bound),
    "volume": ("", "", lambda _, *case: volume_bound(*case)),
    "discrete-centroid": ("", "", lambda _, *case: discrete_centroid_bound(*case)),
    "tail-centroid": ("cuts", "count", _tail_centroid),
    "staggered": ("peak output together", "", _staggered),
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
