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
    one_class,
    skip_slots,
    three_lengths,
)
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.scheduling.one_bit import OneBitSVF


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


def _backlog(policy: str, rule: Rule | None, information: Information) -> Domain:
    return Domain(traffic=Traffic.BACKLOG, policy=policy, rule=rule, information=information)


SVF_SKIP_UNBOUNDED = lower_theorem(
    "svf-skip-unbounded",
    "Skipping breaks the theorem, at every eps",
    "SVF that skips a blocked head has no constant, however small eps: fat requests starve "
    "behind k slots whose longs end one at a time. Ratio at least q/(4k) at "
    "eps < (k + 2)/(k^2 + 1), q arbitrary.",
    r"\sup \frac{\mathrm{SVF_{skip}}}{\mathrm{OPT}} \ge \frac{q}{4k} \to \infty "
    r"\quad \text{at } \varepsilon < \frac{k+2}{k^2+1}",
    _backlog("svf", Rule.SKIP, Information.EXACT),
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
            "At step 0 the k starters start. When a slot holder ends, the other k - 1 go on, so "
            "no fat fits and, as skipping is allowed, the next long starts at once. Slot j ends "
            "its i-th long at j + i D; for j = 1..k <= D these steps are distinct, so at most one "
            "slot is ever empty until the longs run out, at 1 + q D. Hence every fat starts at "
            "2 + q D or later and ends k steps after: SVF with skipping costs more than "
            "N (q D + 2 + k)."
        ),
        Argument(
            "Feasible: the fats one after the other, k steps each; at N k the starters, from "
            "N k + k on the longs, k at a time. Its total is at most "
            "k N (N + 1)/2 + (k q + k) (N k + k) + k D q (q + 1)/2 (k >= 1 covers the starters)."
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


ONE_BIT_UNBOUNDED = lower_theorem(
    "one-bit-unbounded",
    "One bit, strict: no constant",
    "Strict one-bit SVF has no constant on backlogs, at any eps and any threshold (fixed, or "
    "the mean output): requests that the bit does not tell apart go by index. Ratio at least "
    "L/17 at eps = 1/k.",
    r"\sup \frac{\mathrm{SVF_{1bit}}}{\mathrm{OPT}} \ge \frac{L}{17} \to \infty",
    _backlog("svf-1bit", Rule.STRICT, Information.ONE_BIT),
    "kvproof.bounds.catalogue.no_constant:one_bit_steps",
)


def one_bit_steps() -> tuple[Step, ...]:
    """One-bit SVF, strict: no constant."""
    return (
        Inequality(
            "6*k*L + k*L*b + 2*k*b*L < b*(6*k*L + k*L + 2*k)",
            ("1 <= k", "1 <= L", "2 <= b"),
            "The mean output of 6kL pads (0, 1), 2k longs (0, bL), kL shorts (0, b) is below b: "
            "with theta the mean, or any theta in [1, b), longs and shorts are one class. (With "
            "theta in [0, 1) everything is one class, and goes by index.) For a fixed "
            "theta take b > theta.",
        ),
        Argument(
            "Their proxies are equal, so index decides: pads, longs, shorts. M = k b L is a "
            "multiple of kL, and so is what the 6kL pads hold in their last step: the room "
            "left in it is 0 or at least kL >= k. So the first k longs, one token each in "
            "their first step, all start in one step, t: that of the last pads, or the next."
        ),
        Argument(
            "They reach M together in step t + b L, so the second k start no earlier than b L, "
            "and the shorts no earlier than those: their latencies sum to at least k L * b L."
        ),
        Identity(
            "6*k*L*3 + k*L*(3 + b) + k*(3 + b + b*L) + k*(3 + b + 2*b*L) "
            "== k*(21*L + 4*b*L + 2*b + 6)",
            "Feasible: the pads in at most 3 steps (6kL <= 3M), the shorts at 3 (they fill M), "
            "then the longs in two waves.",
        ),
        Inequality(
            "b*L**2/(21*L + 4*b*L + 2*b + 6) >= L/17",
            ("2 <= b", "10 <= L"),
            "Unbounded in L for every eps = 1/k and every threshold.",
        ),
        *(
            simulated(
                lambda k=k, b=b, theta=theta: one_class(  # type: ignore[misc]
                    k=k, length=340, unit=b, theta=theta
                ),
                f"k = {k}, L = 340, b = {b}, theta = {'mean' if theta is None else theta}",
                Fraction(20),
            )
            for k, b, theta in ((1, 2, None), (8, 2, None), (8, 9, 8), (8, 2, 0))
        ),
    )


ONE_BIT_SKIP_UNBOUNDED = lower_theorem(
    "one-bit-skip-unbounded",
    "One bit, skipping: no constant",
    "One-bit SVF with skipping and the mean output as threshold has no constant: it runs the "
    "family of svf-skip-unbounded in the same order.",
    r"\sup \frac{\mathrm{SVF_{1bit,skip}}}{\mathrm{OPT}} \ge \frac{q}{4k} \to \infty",
    _backlog("svf-1bit", Rule.SKIP, Information.ONE_BIT),
    "kvproof.bounds.catalogue.no_constant:one_bit_skip_steps",
)


def one_bit_skip_steps() -> tuple[Step, ...]:
    """One-bit SVF with skipping runs the skip family in the same order."""
    return (
        Inequality(
            "k*(k + 1)/2 + q**2*k + k*q*q**2 >= k*(k + q**2 + k*q)",
            ("2 <= k", "k <= q"),
            "On the family skip_slots the mean output is at least k, so starters and fats are "
            "short,",
        ),
        Inequality(
            "k*(k + 1)/2 + q**2*k + k*q*q**2 < q**2*(k + q**2 + k*q)",
            ("2 <= k", "k <= q"),
            "and below D = q^2, so the longs are long.",
        ),
        Argument(
            "Within the short class the smaller prompt (h) goes first; a fat's proxy is at most "
            "its volume, as the class mean is at most k, and the longs' is their volume: the "
            "order is that of SVF, so the costs are those of svf-skip-unbounded."
        ),
        *(
            simulated(
                lambda k=k, q=q: replace(skip_slots(k=k, q=q), policy=OneBitSVF()),  # type: ignore[misc]
                f"k = {k}, q = {q}, theta the mean",
                Fraction(q, 4 * k),
            )
            for k, q in ((2, 16), (8, 32))
        ),
    )


ONE_BIT_ANY_UNBOUNDED = lower_theorem(
    "one-bit-any-unbounded",
    "One bit or less: no deterministic policy has a constant",
    "Every deterministic policy that knows the multiset of the lengths, and of each request "
    "only whether its output exceeds one threshold, has no constant on backlogs at any "
    "eps = 1/k: the slots fill with requests that turn out long. The threshold may be chosen "
    "knowing the multiset, and admission may use true lengths; the adversary only assigns "
    "the lengths to the requests that the policy cannot tell apart. Requests run to their "
    "end. (GSA is not bound by this: it stops requests.)",
    r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} \ge \frac{N}{3} \to \infty",
    _backlog("any", None, Information.ONE_BIT),
    "kvproof.bounds.catalogue.no_constant:hidden_steps",
)


def hidden_steps() -> tuple[Step, ...]:
    """Every deterministic policy that knows at most one bit: no constant on backlogs."""
    return (
        Argument(
            "k longs (h, N^6), kN mids (h, N^4), kN^3 shorts (h, 1), h = k N^6, M = k (h + N^6). "
            "The policy is deterministic, knows this multiset and all prompts (they are equal), "
            "and has chosen a threshold."
        ),
        Inequality(
            "(k + 1)*(k*L + 1) > k*(k*L + L)",
            ("1 <= k", "1 <= L"),
            "With L = N^6: k + 1 requests do not fit together in any step,",
        ),
        Identity("k*(k*L + L) == k*k*L + k*L", "while any k always fit.", positive="k L"),
        Argument(
            "So whether a request is admissible depends only on how many run, not on its length: "
            "an admission test by true lengths reveals nothing, and requests of one class are "
            "alike until one of them ends."
        ),
        Argument(
            "One threshold parts the lengths 1 < N^4 < N^6 at one place at most: mids share their "
            "bit with the longs, or with the shorts. If with the longs, the adversary lets the "
            "first k of that class that start be the longs. As at most k run at once, the next "
            "of the class starts when one of these has ended, at N^6 or later: the kN mids cost "
            "more than k N N^6. If with the shorts, it lets the first k of that class that start "
            "be mids; the kN^3 shorts start at N^4 or later and cost more than k N^3 N^4. Either "
            "way the policy costs more than k N^7, whatever it does with the other class."
        ),
        Identity(
            "Sum(k*i, (i, 1, N**3)) + Sum(k*(N**3 + i*N**4), (i, 1, N)) + k*(N**3 + N**5 + N**6) "
            "== k*(2*N**6 + 3*N**5/2 + N**4 + 3*N**3/2)",
            "Feasible: the shorts, then the mids, then the longs, k at a time.",
            positive="k",
            integers="N i",
        ),
        Inequality(
            "N**7/(2*N**6 + 3*N**5/2 + N**4 + 3*N**3/2) >= N/3",
            ("3 <= N",),
            "Unbounded in N at every eps = 1/k (it tends to N/2).",
        ),
        *(
            simulated(
                lambda k=k, n=n, theta=theta: three_lengths(  # type: ignore[misc]
                    k=k, n=n, theta=theta
                ),
                f"one-bit SVF, k = {k}, N = {n}, theta = {'mean' if theta is None else theta}",
                Fraction(n, 3),
            )
            for k, n in ((1, 4), (4, 4), (4, 8))
            for theta in (0, 1, n**4, n**6, None)
        ),
    )


FCFS_UNBOUNDED = lower_theorem(
    "fcfs-unbounded",
    "FCFS: no constant",
    "FCFS, strict or skipping, has no constant on backlogs at any eps = 1/k: longs that fill "
    "the memory go before one-step requests that cannot run beside them.",
    r"\sup \frac{\mathrm{FCFS}}{\mathrm{OPT}} \ge \frac{L(L+2)}{2L+1} \to \infty",
    _backlog("fcfs", None, Information.NOTHING),
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
            "They hold k (k L^2 + u) in step u: no short fits beside them before they end at L, "
            "and as all that waits is short, skipping changes nothing. At L all shorts fit: they "
            "fill M in one step.",
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
    _backlog("sjf", None, Information.EXACT),
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
    ONE_BIT_UNBOUNDED,
    ONE_BIT_SKIP_UNBOUNDED,
    ONE_BIT_ANY_UNBOUNDED,
    FCFS_UNBOUNDED,
    SJF_UNBOUNDED,
)
