"""What papers claim and we have not reproduced.

GBA and GSA themselves are not built: only their abstracts could be read, and those do not define
them.
"""

from fractions import Fraction

from kvproof.bounds.catalogue.no_constant import unbounded
from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem

_MODEL = "Which requests the paper's model allows (equal prompts?) was not confirmed."


def _claimed(
    name: str,
    title: str,
    policy: str,
    information: Information,
    rule: Rule,
    source: str,
    general: Fraction,
    limit: Fraction,
    statement: str,
) -> Theorem:
    def constant(cap: Fraction) -> Bound | None:
        return limit if cap == 0 else general

    return Theorem(
        name=name,
        title=title,
        kind=Kind.RATIO_AT_MOST,
        statement=statement,
        latex=rf"\text{{{policy.upper()}}} \le {float(general):g}\, \mathrm{{OPT}}",
        domain=Domain(traffic=Traffic.BACKLOG, policy=policy, information=information, rule=rule),
        source=source,
        status=Status.CLAIMED,
        constant=constant,
    )


SORTED_F_48 = _claimed(
    "sorted-f-48",
    "Sorted-F: 48",
    "sorted-f",
    Information.EXACT,
    Rule.STRICT,
    "2508.06133",
    Fraction(48),
    Fraction(48),
    "Sorted-F, with its subsets chosen exactly, is within 48 of OPT on backlogs. Nothing is "
    "claimed for the heuristic that the policy built here uses beyond 12 waiting requests, "
    "nor for its variants sorted-f-swap and sorted-f-lp.",
)


GBA = _claimed(
    "gba",
    "GBA: 10.67, and 6.75 for large memory",
    "gba",
    Information.EXACT,
    Rule.OWN,
    "2601.22996",
    Fraction(1067, 100),
    Fraction(675, 100),
    "Geometric batching with known lengths is within 10.67 of OPT on backlogs, within 6.75 as "
    "the memory grows against every request. An offline algorithm for a batch; whether "
    "it restarts requests was not confirmed. " + _MODEL,
)


GSA = _claimed(
    "gsa",
    "GSA: 61.92, and 32 for large memory",
    "gsa",
    Information.NOTHING,
    Rule.OWN,
    "2601.22996",
    Fraction(6192, 100),
    Fraction(32),
    "Geometric slicing, which knows no lengths, is within 61.92 of OPT on backlogs, within 32 "
    "as the memory grows against every request. It may stop requests and start them anew, "
    "which the rule of our policies does not allow. " + _MODEL,
)


ONLINE_SQRT_CLAIMED = Theorem(
    name="online-sqrt-claimed",
    title="Arrivals: order sqrt(n), as published",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "Every deterministic online policy is at least of order sqrt(n) times OPT when arrivals "
        "are arbitrary; online-any-policy is our own version."
    ),
    latex=r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} = \Omega(\sqrt n)",
    domain=Domain(traffic=Traffic.ARRIVALS, policy="any"),
    source="2502.07115",
    status=Status.CLAIMED,
    constant=lambda cap: unbounded(cap) if cap >= 1 else None,
)


CITED_THEOREMS = (
    SORTED_F_48,
    GBA,
    GSA,
    ONLINE_SQRT_CLAIMED,
)
