"""The cases: traffic by information by rule by policy, and which is a special case of which."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from kvproof.bounds.domain import Information, Rule, Traffic

#: The best deterministic policy for an amount of information, by any rule without preemption.
BEST = "best"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case; `rule` is None for the best policy."""

    traffic: Traffic
    information: Information
    rule: Rule | None
    policy: str

    @property
    def who(self) -> str:
        """The policy and its rule."""
        if self.policy == BEST:
            return f"best policy, {self.information}"
        if self.policy == POLYNOMIAL:
            return "best policy in polynomial time"
        rule = "" if self.rule is Rule.OWN else f" {self.rule}"
        return f"{self.policy}{rule}{_LABELS.get(self.policy, '')}"

    def __str__(self) -> str:
        return f"{self.traffic}: {self.who}"


#: The best policy, of exact lengths, that computes its schedule in polynomial time.
POLYNOMIAL = "polynomial"

#: What a policy is taken to be, where it is not quite the one that is built here.
_LABELS = {"sorted-f": " (exact subsets)"}

#: Offline algorithms for a batch; cited, not built, and no statement about arrivals.
BATCH = ("gba", "gsa")

#: Of interest, or built, on backlogs alone.
_BACKLOGS = (*BATCH, POLYNOMIAL, "svf-paced")

#: Named for the information that sets their order; as built, admission uses true lengths.
_TRUE_LENGTHS = ("svf-1bit", "fcfs")

#: Those of exact lengths that take polynomial time; choosing subsets exactly does not.
_FAST = ("svf", "svf-paced", "sjf")

_POLICIES: tuple[tuple[Information, Rule | None, str], ...] = (
    (Information.EXACT, None, BEST),
    (Information.EXACT, None, POLYNOMIAL),
    (Information.EXACT, Rule.STRICT, "svf"),
    (Information.EXACT, Rule.SKIP, "svf"),
    (Information.EXACT, Rule.STRICT, "svf-paced"),
    (Information.EXACT, Rule.STRICT, "sjf"),
    (Information.EXACT, Rule.SKIP, "sjf"),
    (Information.EXACT, Rule.STRICT, "sorted-f"),
    (Information.EXACT, Rule.OWN, "gba"),
    (Information.ONE_BIT, None, BEST),
    (Information.ONE_BIT, Rule.STRICT, "svf-1bit"),
    (Information.ONE_BIT, Rule.SKIP, "svf-1bit"),
    (Information.DISTRIBUTION, None, BEST),
    (Information.NOTHING, None, BEST),
    (Information.NOTHING, Rule.STRICT, "fcfs"),
    (Information.NOTHING, Rule.SKIP, "fcfs"),
    (Information.NOTHING, Rule.OWN, "gsa"),
)

CASES: tuple[Case, ...] = tuple(
    Case(traffic=traffic, information=information, rule=rule, policy=policy)
    for traffic, (information, rule, policy) in product(Traffic, _POLICIES)
    if traffic is Traffic.BACKLOG or policy not in _BACKLOGS
)


def implications() -> Iterator[tuple[Case, Case]]:
    """Yield (a, b) where the worst ratio of a is at most that of b.

    A backlog and Poisson arrivals are arrivals; the best policy is no worse than any policy that
    knows as much, and more information does not hurt it. Nothing follows for the best policy
    from GSA, which stops and restarts requests (for GBA this was not confirmed), nor from FCFS
    and one-bit SVF: as built, they admit by true lengths.
    """
    at = {(c.traffic, c.information, c.rule, c.policy): c for c in CASES}
    for case in CASES:
        if case.traffic is not Traffic.ARRIVALS and case.policy not in _BACKLOGS:
            yield case, at[Traffic.ARRIVALS, case.information, case.rule, case.policy]
        if case.policy not in (BEST, *BATCH, *_TRUE_LENGTHS):
            yield at[case.traffic, case.information, None, BEST], case
        if case.policy in _FAST and case.traffic is Traffic.BACKLOG:
            yield at[Traffic.BACKLOG, Information.EXACT, None, POLYNOMIAL], case
    for traffic in Traffic:
        for more, less in pairwise(Information):
            yield at[traffic, more, None, BEST], at[traffic, less, None, BEST]
