"""Policies without a constant on backlogs: families with proofs."""

import math
from dataclasses import replace
from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.families import (
    fat_first,
    long_first,
    skip_slots,
)
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Evidence, EvidenceKind, Kind, Status, Theorem


def unbounded(cap: Fraction) -> Bound | None:
    """No constant, at any cap on eps."""
    return math.inf


CERTIFIED = Evidence(
    kind=EvidenceKind.WITNESSED,
    detail="instances of the family are simulated and both schedules tested, among the steps",
)


def lower_theorem(
    name: str,
    title: str,
    statement: str,
    latex: str,
    domain: Domain,
    proof: str,
    source: str = "here",
) -> Theorem:
    """Return a theorem, proved by a family of instances, that a policy has no constant."""
    return Theorem(
        name=name,
        title=title,
        kind=Kind.RATIO_AT_LEAST,
        statement=statement,
        latex=latex,
        domain=domain,
        source=source,
        status=Status.PROVED,
        constant=unbounded,
        evidence=(SYMBOLIC, CERTIFIED),
        proof=proof,
    )


def backlog_domain(policy: str, rule: Rule | None, information: Information) -> Domain:
    """Return the domain of a policy and rule on backlogs."""
    return Domain(traffic=Traffic.BACKLOG, policy=policy, rule=rule, information=information)


SVF_SKIP_UNBOUNDED = lower_theorem(
    "svf-skip-unbounded",
    "Skipping breaks the theorem, at every eps",
    "SVF that skips a blocked head has no constant, however small eps: fat requests starve "
    "behind k slots whose longs end one at a time. Ratio at least q/(4k) at "
    "eps < (k + 2)/(k^2 + 1), q arbitrary.",
    r"\sup \frac{\mathrm{SVF_{skip}}}{\mathrm{OPT}} \ge \frac{q}{4k} \to \infty "
    r"\quad \text{at } \varepsilon < \frac{k+2}{k^2+1}",
    backlog_domain("svf", Rule.SKIP, Information.EXACT),
    "kvproof.bounds.catalogue.no_constant:skip_steps",
)


def skip_steps() -> tuple[Step, ...]:
    """Skipping: no constant at any eps > 0."""
    return (
        Argument(
            "D = q^2 >= 2k, h = k^2 D, M = k (h + D): starters (h, 1), ..., (h, k), N fats "
            "(h + kD, k), kq longs (h, D). Call starters and longs slot holders."
        ),
        Inequality(
            "(h + k*D)*k + k*(k + 1)/2 > h*k + k*(k + 1)/2",
            ("2 <= k", "2*k <= D", "k*D <= h"),
            "In SVF order the fats come after the starters ...",
        ),
        Inequality(
            "h*D + D*(D + 1)/2 > (h + k*D)*k + k*(k + 1)/2",
            ("2 <= k", "2*k <= D", "k*D <= h"),
            "... and before the longs.",
        ),
        Inequality(
            "(k - 1)*(h + 1) + h + k*D + 1 > k*(h + D)",
            ("2 <= k", "2*k <= D", "k*D <= h"),
            "No fat fits in any step in which at least k - 1 slot holders run,",
        ),
        Inequality(
            "(k + 1)*(h + 1) > k*(h + D)",
            ("2 <= k", "2*k <= D", "k*D <= h"),
            "and never do more than k slot holders; k of them always fit: k (h + D) = M.",
        ),
        Argument(
            "At step 0 the k starters start. When a slot holder ends, the other k - 1 go on, so no "
            "fat fits and the next long starts at once. Slot j ends its i-th long at j + i D; for "
            "j = 1..k <= D these steps are distinct, so at most one slot is ever empty until the "
            "longs run out, at 1 + q D. Hence every fat starts at 2 + q D or later and ends k "
            "steps after: SVF with skipping costs more than N (q D + 2 + k)."
        ),
        Argument(
            "Feasible: the fats one after the other; at N k the starters, from N k + k on the "
            "longs, k at a time. Its total is at most k N (N + 1)/2 + (k q + k) (N k + k) + k D q "
            "(q + 1)/2."
        ),
        Inequality(
            "4*k*(q*q**2 + 2 + k)*q**2 >= q*(k*q**2*(q**2 + 1)/2 + (k*q + k)*(q**2*k + k) "
            "+ k*q**2*q*(q + 1)/2)",
            ("2 <= k", "k <= q"),
            "With N = q^2, D = q^2 the ratio is at least q/(4k): unbounded in q for each k.",
        ),
        Inequality(
            "(k**2*D + k*D + k)/(k*(k**2*D + D)) < (k + 2)/(k**2 + 1)",
            ("2 <= k", "2*k <= D"),
            "eps at h = k^2 D, which tends to 0 as k grows.",
        ),
        *(
            simulated(
                lambda k=k, q=q: skip_slots(k=k, q=q),  # type: ignore[misc]
                f"k = {k}, q = {q}",
                Fraction(q, 4 * k),
            )
            for k, q in ((2, 8), (2, 16), (4, 16), (8, 32))
        ),
    )


FCFS_UNBOUNDED = lower_theorem(
    "fcfs-unbounded",
    "FCFS: no constant",
    "FCFS, strict or skipping, has no constant on backlogs at any eps = 1/k: longs that fill "
    "the memory go before one-step requests that cannot run beside them.",
    r"\sup \frac{\mathrm{FCFS}}{\mathrm{OPT}} \ge \frac{L(L+2)}{2L+1} \to \infty",
    backlog_domain("fcfs", None, Information.NOTHING),
    "kvproof.bounds.catalogue.no_constant:fcfs_steps",
    "here; the fact is in 2508.06133",
)


def fcfs_steps() -> tuple[Step, ...]:
    """FCFS: longs in front that fill the memory."""
    return (
        Argument(
            "In order of arrival and index: k longs (k L^2, L), then k L shorts (k L, 1); "
            "M = k L (k L + 1)."
        ),
        Identity(
            "k*(k*L**2 + L) == k*L*(k*L + 1)",
            "The longs' peaks fill M, so all of them start at 0.",
            positive="k L",
        ),
        Inequality(
            "k*(k*L**2 + u) + k*L + 1 > k*L*(k*L + 1)",
            ("1 <= k", "1 <= L", "1 <= u <= L"),
            "They hold k (k L^2 + u) in step u: no short fits before they end at L, and as all "
            "that waits is short, skipping changes nothing. At L all shorts fit: they fill M in "
            "one step.",
        ),
        Identity(
            "(k*L + k*L*(L + 1))/(k*L + k*(L + 1)) == L*(L + 2)/(2*L + 1)",
            "FCFS: longs at 0, shorts at L. Feasible: shorts at 0, longs at 1.",
            positive="k L",
        ),
        Inequality(
            "L*(L + 2)/(2*L + 1) >= L/2", ("1 <= L",), "Unbounded in L, for every eps = 1/k."
        ),
        *(
            simulated(
                lambda k=k, skip=skip: replace(long_first(k=k, length=40), skip=skip),  # type: ignore[misc]
                f"k = {k}, L = 40, {'skip' if skip else 'strict'}",
                Fraction(40 * 42, 81),
            )
            for k in (1, 8)
            for skip in (False, True)
        ),
    )


SJF_UNBOUNDED = lower_theorem(
    "sjf-unbounded",
    "SJF: no constant",
    "SJF, strict or skipping, has no constant on backlogs at any eps = 1/k: fat one-step "
    "requests go before many thin ones of two steps.",
    r"\sup \frac{\mathrm{SJF}}{\mathrm{OPT}} \ge \frac{2W}{5} \to \infty",
    backlog_domain("sjf", None, Information.EXACT),
    "kvproof.bounds.catalogue.no_constant:sjf_steps",
    "here; the fact is in 2508.06133",
)


def sjf_steps() -> tuple[Step, ...]:
    """SJF: fat one-step requests in front."""
    return (
        Argument(
            "SJF runs the kW fats (2W^2 - 1, 1) first, k per step (they fill M = 2kW^2), then "
            "from step W all kW^2 thins (0, 2) at once. Feasible: the thins at 0, the fats from "
            "step 2 on."
        ),
        Identity(
            "(k*W*(W + 1)/2 + k*W**2*(W + 2))/(2*k*W**2 + 2*k*W + k*W*(W + 1)/2) "
            "== 1/5 + 2*W*(W + 2)/(5*(W + 1))",
            "The ratio of the two totals.",
            positive="k W",
        ),
        Inequality(
            "1/5 + 2*W*(W + 2)/(5*(W + 1)) >= 2*W/5",
            ("1 <= W",),
            "Unbounded in W, for every eps = 1/k.",
        ),
        *(
            simulated(
                lambda k=k, skip=skip: replace(fat_first(k=k, steps=20), skip=skip),  # type: ignore[misc]
                f"k = {k}, W = 20, {'skip' if skip else 'strict'}",
                Fraction(8),
            )
            for k in (1, 8)
            for skip in (False, True)
        ),
    )


NO_CONSTANT_THEOREMS = (
    SVF_SKIP_UNBOUNDED,
    FCFS_UNBOUNDED,
    SJF_UNBOUNDED,
)
