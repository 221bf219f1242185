"""Why no policy has a constant when arrivals are arbitrary."""

from dataclasses import replace
from fractions import Fraction

from bounds.families import long_then_shorts, long_then_tokens
from bounds.proof.steps import Argument, Identity, Inequality, Step
from bounds.proofs.simulated import simulated


def online_shorts_steps() -> tuple[Step, ...]:
    """SVF with arrivals: n/2."""
    return (
        Inequality(
            "k*(k*n**2 + u) + k*n + 1 > k*n*(k*n + 1)",
            ("1 <= k", "1 <= n", "1 <= u <= n"),
            "The k longs (k n^2, n) start at 0, being alone, and hold k (k n^2 + u) in step u: no "
            "short (k n, 1) fits before they end at n; then all k n fit.",
        ),
        Identity(
            "(k*n + k*n*n)/(k*n + k*(n + 2)) == n/2",
            "SVF: k n + k n * n. Feasible: the shorts at 1, the longs at 2.",
            positive="k n",
        ),
        *(
            simulated(
                lambda k=k, skip=skip: replace(long_then_shorts(n=100, k=k), skip=skip),  # type: ignore[misc]
                f"n = 100, k = {k}, {'skip' if skip else 'strict'}",
                Fraction(50),
                total=10100 * k,
                feasible=202 * k,
            )
            for k in (1, 4)
            for skip in (False, True)
        ),
    )


def online_tokens_steps() -> tuple[Step, ...]:
    """SVF with arrivals, outputs of one token: of order sqrt(n)."""
    return (
        Argument(
            "The long (k^2 - k, k) starts at 0 and leaves k - u tokens in step u; so k - u of the "
            "k^2 requests (0, 1) that arrive at 1 run in step u = 2..k, the others in step k + 1."
        ),
        Identity(
            "k + Sum((k - u)*(u - 1), (u, 2, k)) + k*(k**2 - Sum(k - u, (u, 2, k))) "
            "== k + k**3 - k*(k - 1)*(k - 2)/3",
            "SVF's total.",
            integers="k u",
        ),
        Inequality(
            "(k + k**3 - k*(k - 1)*(k - 2)/3)/(k**2 + k + 2) >= k/2",
            ("2 <= k",),
            "Over the feasible total (all short ones at 1, the long at 2): of order sqrt(n).",
        ),
        *(
            simulated(
                lambda k=k: long_then_tokens(k=k),  # type: ignore[misc]
                f"k = {k}",
                Fraction(k, 2),
                total=k + k**3 - k * (k - 1) * (k - 2) // 3,
                feasible=k * k + k + 2,
            )
            for k in (10, 20, 40, 80)
        ),
    )


def online_any_steps() -> tuple[Step, ...]:
    """Every deterministic policy: sqrt(n) - 1."""
    return (
        Argument(
            "n = k^2, M = n (n + 1). A long (M - n, n) arrives at 0. The adversary watches the "
            "policy's start t of it. If t >= k^3 (or never) nothing else arrives: the policy "
            "costs at least k^3 + n, OPT is n."
        ),
        Identity("(k**3 + k**2)/k**2 == k + 1", "Ratio in the first case.", positive="k"),
        Argument(
            "Otherwise n shorts (n, 1) arrive at t + 1. None fits beside the long (see the family "
            "long_then_shorts), so each has latency at least n; the policy costs at least "
            "t + n + n^2. Feasible: the shorts at t + 1, the long at t + 2: 2n + t + 2."
        ),
        Inequality(
            "(t + k**2 + k**4)/(2*k**2 + t + 2) >= k - 1",
            ("2 <= k", "0 <= t <= k**3"),
            "Ratio in the second case; 1 + k^2 requests at most.",
        ),
    )
