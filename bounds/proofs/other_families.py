"""Why FCFS, SJF, and every policy that knows at most one bit can be arbitrarily bad."""

from dataclasses import replace
from fractions import Fraction

from bounds.families import (
    fat_first,
    hidden_slots,
    long_first,
    one_class,
    skip_slots,
)
from bounds.proof.steps import Argument, Identity, Inequality, Step
from bounds.proofs.simulated import simulated
from scheduling.one_bit import OneBitSVF


def fcfs_steps() -> tuple[Step, ...]:
    """FCFS: longs in front that fill the memory."""
    return (
        Inequality(
            "k*(k*L**2 + u) + k*L + 1 > k*L*(k*L + 1)",
            ("1 <= k", "1 <= L", "1 <= u <= L"),
            "k longs (k L^2, L) run from step 0 and hold k (k L^2 + u) in step u: no short "
            "(k L, 1) fits beside them before they end at L.",
        ),
        Identity("k*(k*L**2 + L) == k*L*(k*L + 1)", "The longs' peaks fill M.", positive="k L"),
        Identity(
            "(k*L + k*L*(L + 1))/(k*L + k*(L + 1)) == L*(L + 2)/(2*L + 1)",
            "k L shorts at L against k L shorts at 0 and the longs at 1.",
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


def one_bit_steps() -> tuple[Step, ...]:
    """One-bit SVF, strict: no constant."""
    return (
        Inequality(
            "6*k*L + k*L*b + 2*k*b*L < b*(6*k*L + k*L + 2*k)",
            ("1 <= k", "1 <= L", "2 <= b"),
            "The mean output of 6kL pads (0, 1), 2k longs (0, bL), kL shorts (0, b) is below b: "
            "with theta the mean, or any theta in [1, b), longs and shorts are one class.",
        ),
        Argument(
            "Their proxies are equal, so index decides: the longs go first. M = k b L: k of them "
            "reach M together, so the second k start no earlier than b L, and the shorts no "
            "earlier than those: their latencies sum to at least k L * b L."
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
                f"k = {k}, L = 340, b = {b}, theta = {theta or 'mean'}",
                Fraction(20),
            )
            for k, b, theta in ((1, 2, None), (8, 2, None), (8, 9, 8))
        ),
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


def hidden_steps() -> tuple[Step, ...]:
    """Every deterministic policy that knows at most one bit: no constant on backlogs."""
    return (
        Inequality(
            "2*k*L + k*b*L + k*n*b < b*(2*k*L + k + k*n)",
            ("1 <= k", "1 <= n", "1 <= L", "2 <= b"),
            "2kL pads (0, 1), k longs (h, bL), kn shorts (h, b), h = k b L, M = k (h + b L). The "
            "mean output is below b: with theta the mean, or any theta in [1, b), longs and "
            "shorts have the same bit, and they have the same prompt.",
        ),
        Inequality(
            "(k + 1)*(k*b*L + 1) > k*(k*b*L + b*L)",
            ("1 <= k", "1 <= L", "2 <= b"),
            "At most k of longs and shorts run at once.",
        ),
        Argument(
            "To the policy they are alike until one ends, so let the first k that it starts be "
            "the longs; whatever it knows of the distribution is true. The next can start only "
            "when one of these k has ended, at b L or later: the kn shorts cost more than "
            "k n b L."
        ),
        Identity(
            "2*k*n**2 + Sum(k*(1 + i*b), (i, 1, n)) + k*(1 + n*b + b*n**2) "
            "== k*(2*n**2 + n + b*n*(n + 1)/2 + 1 + n*b + b*n**2)",
            "Feasible, with L = n^2: the pads at 0 (2kL <= M), then the shorts k at a time, then "
            "the longs.",
            positive="k b",
            integers="n i",
        ),
        Inequality(
            "b*n**3/(2*n**2 + n + b*n*(n + 1)/2 + 1 + n*b + b*n**2) >= n/5",
            ("1 <= n", "2 <= b"),
            "Unbounded in n at every eps = 1/k.",
        ),
        *(
            simulated(
                lambda k=k, n=n: hidden_slots(k=k, n=n),  # type: ignore[misc]
                f"one-bit SVF, k = {k}, n = {n}",
                Fraction(n, 5),
            )
            for k, n in ((1, 20), (8, 20), (8, 40))
        ),
    )
