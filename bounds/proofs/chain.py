"""Strict SVF from above: the block lemma and the chain bounds that follow from it."""

from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step

_HELD = "d*m - d*(d - 1)/2"


def block() -> tuple[Step, ...]:
    """While the head is blocked, the requests before it hold much."""
    return (
        Argument(
            "Let h be the head at step t, not started at t. It was not admissible: there is a "
            "step u in (t, t + o_h] in which the running requests hold R > M - s_h - (u - t). All "
            "of them are before h in SVF order and started at or before t, and each still runs "
            "in step u."
        ),
        Inequality(
            "M - s - x >= (1 - e)*M",
            ("0 < e <= 1", "0 <= s", "1 <= o", "0 <= x <= o", "(s + o)/e <= M"),
            "With x = u - t <= o and s + o <= eps M: R > (1 - eps) M.",
        ),
        Identity(
            f"Sum(m - (d - i), (i, 1, d)) == {_HELD}",
            "A request that holds m tokens in step u = t + d held m - (u - w) in each step w of "
            "(t, u]: its token-steps over (t, u].",
            positive="m",
            integers="d i",
        ),
        Inequality(
            f"{_HELD} >= d*(m + 1)/2",
            ("1 <= d", "d <= m"),
            "As it started by t, m >= d: at least (u - t)(m + 1)/2.",
            integers="d m",
        ),
        Inequality(
            "d*(R + c)/2 > (1 - e)*M*d/2",
            ("0 <= e <= 1", "0 < M", "1 <= d", "1 <= c", "(1 - e)*M < R"),
            "Sum over the c running requests, which hold R together.",
        ),
    )


def chain() -> tuple[Step, ...]:
    """Blocks from 0 to the start of request k."""
    return (
        Argument(
            "Take t_0 = 0 and t_(i+1) = u(t_i) by the block lemma, until t_m >= S_k. While "
            "t_i < S_k the head at t_i is some h <= k, so what the lemma counts is held by "
            "requests before k. The intervals (t_i, t_(i+1)] are disjoint and cover (0, S_k], and "
            "together the requests before k hold only v_1 + ... + v_(k-1) = M P_k."
        ),
        Inequality(
            "2*P/(1 - e) >= S",
            ("0 <= e < 1", "0 < M", "0 <= S", "(1 - e)*S/2 <= P"),
            "(1 - eps) M S_k / 2 <= M P_k, that is S_k <= 2 P_k / (1 - eps). Adding o_k and "
            "summing over k gives the bound on the total.",
        ),
    )


def eta() -> tuple[Step, ...]:
    """Prove the same with mean over peak in place of 1/2."""
    return (
        Inequality(
            "(s + x - (d - 1)/2)/(s + x) >= (s + (o + 1)/2)/(s + o)",
            ("0 <= s", "1 <= d", "d <= x", "x <= o"),
            "A request that holds m = s + x tokens in step u, where d = u - t <= x <= o, holds on "
            "average at least (mean over peak) m over (t, u].",
        ),
        Inequality(
            "(s + (o + 1)/2)/(s + o) >= 1/2",
            ("0 <= s", "1 <= o"),
            "eta is at least 1/2, so this is never worse than the constant 2.",
        ),
        Argument(
            "So a block (t, u] holds at least eta R (u - t) > eta (1 - eps) M (u - t) "
            "token-steps. The chain gives eta (1 - eps) S_k <= P_k."
        ),
    )


def integral() -> tuple[Step, ...]:
    """Prove the same with the rounding kept: also for eps = 1."""
    return (
        Argument(
            "Tokens are integers: R > M - s_h - (u - t) means R >= M - m + 1 with m the largest "
            "peak s + o; so R >= 1 and at least c >= 1 requests run."
        ),
        Inequality(
            f"2*({_HELD}) >= d*(m + 1)",
            ("1 <= d", "d <= m"),
            "Each running request holds at least (u - t)(m + 1)/2 token-steps in the block.",
            integers="d m",
        ),
        Inequality(
            "d*(R + c) >= d*(M - m + 2)",
            ("1 <= d", "1 <= m", "m <= M", "1 <= c", "M - m + 1 <= R"),
            "Twice the block's token-steps are at least (u - t)(M - m + 2). The chain gives "
            "S_k (M - m + 2) <= 2 (v_1 + ... + v_(k-1)).",
            integers="d R c M m",
        ),
        Inequality(
            "2*V/(M - m) >= 2*V/(M - m + 2)",
            ("0 <= V", "1 <= m", "m < M"),
            "Never worse than 2 P_k/(1 - eps), and finite for m = M.",
        ),
    )


def prefix() -> tuple[Step, ...]:
    """Only what precedes request k matters to it."""
    return (
        Argument(
            "In the chain for request k every head h has h <= k and every running request is "
            "before k. So eps may be taken over the requests up to k, eta over those before k, "
            "and in the integral form m over those up to k."
        ),
        Argument(
            "Moreover S_k <= max over i < k of C_i: when all requests before k are complete the "
            "memory is empty and request k, then the head, fits. So S_k is at most the running "
            "maximum of the bounds on S_i + o_i, i < k."
        ),
    )
