"""What one bit, or less, cannot do: policies without a constant on backlogs."""

from dataclasses import replace
from fractions import Fraction

from kvproof.bounds.catalogue.no_constant import backlog_domain, lower_theorem
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.domain import Information, Rule
from kvproof.bounds.families import (
    one_class,
    skip_slots,
    three_lengths,
)
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.scheduling.one_bit import OneBitSVF

ONE_BIT_UNBOUNDED = lower_theorem(
    "one-bit-unbounded",
    "One bit, strict: no constant",
    "Strict one-bit SVF has no constant on backlogs, at any eps and any threshold (fixed, or "
    "the mean output): requests that the bit does not tell apart go by index. Ratio at least "
    "L/17 at eps = 1/k.",
    r"\sup \frac{\mathrm{SVF_{1bit}}}{\mathrm{OPT}} \ge \frac{L}{17} \to \infty",
    backlog_domain("svf-1bit", Rule.STRICT, Information.ONE_BIT),
    "kvproof.bounds.catalogue.one_bit:one_bit_steps",
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
            "Their proxies are equal, so index decides: pads, longs, shorts. M = k b L and what "
            "the 6kL pads hold in their last step are multiples of kL: the room left in it is 0 or "
            "at least kL >= k. So the first k longs, one token each in their first step, all start "
            "in one step, t: that of the last pads, or the next."
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
    backlog_domain("svf-1bit", Rule.SKIP, Information.ONE_BIT),
    "kvproof.bounds.catalogue.one_bit:one_bit_skip_steps",
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
            "order, and so the costs, are those of svf-skip-unbounded."
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
    "Every deterministic policy that knows the multiset of the lengths, and of each request only "
    "whether its output exceeds one threshold, has no constant on backlogs at any eps = 1/k: the "
    "slots fill with requests that turn out long. The threshold may be chosen knowing the "
    "multiset, and admission may use true lengths. Requests run to their end. (GSA is not bound by "
    "this: it stops requests.)",
    r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} \ge \frac{N}{3} \to \infty",
    backlog_domain("any", None, Information.ONE_BIT),
    "kvproof.bounds.catalogue.one_bit:hidden_steps",
)


def hidden_steps() -> tuple[Step, ...]:
    """Every deterministic policy that knows at most one bit: no constant on backlogs."""
    return (
        Argument(
            "k longs (h, N^6), kN mids (h, N^4), kN^3 shorts (h, 1), h = k N^6, M = k (h + N^6). "
            "The policy knows this multiset and all prompts (they are equal), and has chosen a "
            "threshold."
        ),
        Inequality(
            "(k + 1)*(k*L + 1) > k*(k*L + L)",
            ("1 <= k", "1 <= L"),
            "With L = N^6: k + 1 requests do not fit together in any step,",
        ),
        Identity("k*(k*L + L) == k*k*L + k*L", "while any k always fit.", positive="k L"),
        Argument(
            "So whether a request is admissible depends only on how many run: an admission test by "
            "true lengths reveals nothing, and requests of one class are alike until one of them "
            "ends."
        ),
        Argument(
            "One threshold parts 1 < N^4 < N^6 at one place at most: mids share their bit with the "
            "longs, or with the shorts. If with the longs, the adversary lets the first k of that "
            "class that start be the longs. At most k run at once, so the next of the class starts "
            "when one of these has ended, at N^6 or later: the kN mids cost more than k N N^6. If "
            "with the shorts, it lets the first k of that class be mids; the kN^3 shorts start at "
            "N^4 or later and cost more than k N^3 N^4. Either way the policy costs more than k "
            "N^7."
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


ONE_BIT_THEOREMS = (
    ONE_BIT_UNBOUNDED,
    ONE_BIT_SKIP_UNBOUNDED,
    ONE_BIT_ANY_UNBOUNDED,
)
