"""Arrivals over time: no deterministic online policy has a constant for every eps."""

import math
from dataclasses import replace
from fractions import Fraction

from kvproof.bounds.catalogue.no_constant import lower_theorem
from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.families import (
    long_then_shorts,
    long_then_tokens,
)
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem


def _unbounded_at_one(cap: Fraction) -> Bound | None:
    return math.inf if cap >= 1 else None


SVF_ONLINE_PROMPTS = lower_theorem(
    "svf-online-prompts",
    "Arrivals: SVF is of order n",
    "Long requests alone at step 0, then many short ones with prompts: SVF, strict or "
    "skipping, against a feasible schedule is n/2, at any eps = 1/k.",
    r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{n}{2} \to \infty",
    Domain(traffic=Traffic.ARRIVALS, policy="svf"),
    "kvproof.bounds.catalogue.arrivals:online_shorts_steps",
)


def online_shorts_steps() -> tuple[Step, ...]:
    """SVF with arrivals: n/2."""
    return (
        Argument(
            "k longs (k n^2, n) arrive at 0, k n shorts (k n, 1) at 1; M = k n (k n + 1). The "
            "longs are alone at 0 and their peaks k (k n^2 + n) = M fit: all start. What waits "
            "after that is alike, so skipping changes nothing."
        ),
        Inequality(
            "k*(k*n**2 + u) + k*n + 1 > k*n*(k*n + 1)",
            ("1 <= k", "1 <= n", "1 <= u <= n"),
            "The longs hold k (k n^2 + u) in step u: no short fits before they end at n.",
        ),
        Identity(
            "(k*n + k*n*n)/(k*n + k*(n + 2)) == n/2",
            "SVF: the longs end at n, then all k n shorts run, k n (k n + 1) = M tokens: each has "
            "latency n. Feasible: the shorts at 1, the longs at 2.",
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


SVF_ONLINE_TOKENS = lower_theorem(
    "svf-online-tokens",
    "Arrivals: of order sqrt(n) with one-token requests",
    "m longs (k^2 - k, k) alone at step 0, then n = m k^2 requests (0, 1), M = m k^2: SVF, "
    "strict or skipping, is at least k/2 times OPT, at any eps = 1/m.",
    r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{k}{2} = \frac{\sqrt{n/m}}{2} \to "
    r"\infty \quad \text{at } \varepsilon = \tfrac1m",
    Domain(traffic=Traffic.ARRIVALS, policy="svf"),
    "kvproof.bounds.catalogue.arrivals:online_tokens_steps",
)


def online_tokens_steps() -> tuple[Step, ...]:
    """SVF with arrivals, outputs of one token: k/2."""
    return (
        Identity(
            "m*k**2 - m*(k**2 - k + u) == m*(k - u)",
            "The m longs (k^2 - k, k) start at 0, being alone: their peaks fill M = m k^2. In "
            "step u they leave so many tokens,",
            positive="k m u",
        ),
        Argument(
            "so m (k - u) of the m k^2 requests (0, 1) that arrive at 1 run in step u = 2..k, "
            "and the others, at most M, in step k + 1. All that wait are alike: skipping changes "
            "nothing."
        ),
        Identity(
            "m*k + Sum(m*(k - u)*(u - 1), (u, 2, k)) + k*(m*k**2 - Sum(m*(k - u), (u, 2, k))) "
            "== m*(k + k**3 - k*(k - 1)*(k - 2)/3)",
            "SVF's total.",
            integers="k u m",
        ),
        Inequality(
            "m*(k + k**3 - k*(k - 1)*(k - 2)/3)/(m*k**2 + m*(k + 2)) >= k/2",
            ("1 <= m", "1 <= k"),
            "Over the feasible total: all m k^2 short ones at 1 (they fill M), the longs at 2. "
            "Unbounded in k at every eps = 1/m.",
        ),
        *(
            simulated(
                lambda k=k, m=m, skip=skip: replace(long_then_tokens(k=k, m=m), skip=skip),  # type: ignore[misc]
                f"k = {k}, m = {m}, {'skip' if skip else 'strict'}",
                Fraction(k, 2),
                total=m * (k + k**3 - k * (k - 1) * (k - 2) // 3),
                feasible=m * (k * k + k + 2),
            )
            for k, m in ((10, 1), (40, 1), (40, 2), (40, 5))
            for skip in (False, True)
        ),
    )


ONLINE_ANY_POLICY = Theorem(
    name="online-any-policy",
    title="Arrivals: no deterministic policy has a constant",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "For every deterministic online policy, even one that knows each length on arrival, "
        "and n = k^2, there is an instance of at most n + 1 requests (eps = 1) on which it is "
        "at least sqrt(n) - 1 times OPT. (Requests run to their end once started.)"
    ),
    latex=r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} \ge \sqrt n - 1",
    domain=Domain(traffic=Traffic.ARRIVALS, policy="any"),
    source="here; the order sqrt(n) is in 2502.07115",
    status=Status.PROVED,
    constant=_unbounded_at_one,
    evidence=(SYMBOLIC,),
    uses=("svf-online-prompts",),
    proof="kvproof.bounds.catalogue.arrivals:online_any_steps",
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
            "Otherwise n shorts (n, 1) arrive at t + 1. None fits beside the long (as in "
            "svf-online-prompts), so each has latency at least n; the policy costs at least t + n "
            "+ n^2. Feasible: the shorts at t + 1, the long at t + 2: 2n + t + 2."
        ),
        Inequality(
            "(t + k**2 + k**4)/(2*k**2 + t + 2) >= k - 1",
            ("2 <= k", "0 <= t <= k**3"),
            "Ratio in the second case; 1 + k^2 requests at most.",
        ),
    )


ARRIVAL_THEOREMS = (
    SVF_ONLINE_PROMPTS,
    SVF_ONLINE_TOKENS,
    ONLINE_ANY_POLICY,
)
