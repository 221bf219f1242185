"""Strict SVF on a backlog from above: the block lemma and the chain bounds."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import EXHAUSTED, SYMBOLIC
from kvproof.bounds.chain_bounds import chain_total, eta_total, integral_total, prefix_total
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem

STRICT_SVF = Domain(traffic=Traffic.BACKLOG, policy="svf", rule=Rule.STRICT)


STRICT_SVF_BELOW_1 = Domain(
    traffic=Traffic.BACKLOG, policy="svf", rule=Rule.STRICT, below=Fraction(1)
)


_CERTIFICATE = Evidence(
    kind=EvidenceKind.WITNESSED,
    detail="certificate kind svf-blocking-chain: the chain of a given schedule is checked by the "
    "independent checker, start by start",
)


_HELD = "d*m - d*(d - 1)/2"


BLOCK = Theorem(
    name="block",
    title="A blocked head proves held memory",
    kind=Kind.LEMMA,
    statement=(
        "While the head of strict SVF is blocked from t on, there is a u in (t, t + o_h] such that "
        "the requests before the head hold more than (1 - eps) M (u - t)/2 token-steps in (t, u]."
    ),
    latex=(
        r"\exists u \in (t, t + o_h]: \quad \sum_{w=t+1}^{u} R_{<h}(w) > "
        r"\tfrac12 (1-\varepsilon) M (u - t)"
    ),
    domain=STRICT_SVF,
    source="here, after 2606.22327",
    status=Status.PROVED,
    evidence=(SYMBOLIC, _CERTIFICATE),
    proof="kvproof.bounds.catalogue.chain:block",
)


def block() -> tuple[Step, ...]:
    """While the head is blocked, the requests before it hold much."""
    return (
        Argument(
            "Let h be the head at step t, not admissible: there is a step u in (t, t + o_h] in "
            "which the running requests hold R > M - s_h - (u - t). All of them are before h in "
            "SVF order, started by t, and still run in step u."
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


SVF_BACKLOG = Theorem(
    name="svf-backlog",
    title="Chain bound with constant 2",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "Strict SVF starts request k (in SVF order) by 2 P_k/(1 - eps), P_k the volume before it "
        "over M; so its total is at most 2/(1 - eps) sum P_k + sum o_k."
    ),
    latex=(
        r"S_k \le \frac{2 P_k}{1 - \varepsilon}, \qquad \mathrm{SVF} \le "
        r"\frac{2}{1-\varepsilon} \sum_k P_k + \sum_k o_k"
    ),
    domain=STRICT_SVF_BELOW_1,
    source="here, after 2606.22327",
    status=Status.PROVED,
    total=chain_total,
    evidence=(SYMBOLIC, *EXHAUSTED, _CERTIFICATE),
    uses=("block",),
    proof="kvproof.bounds.catalogue.chain:chain",
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


SVF_BACKLOG_ETA = Theorem(
    name="svf-backlog-eta",
    title="Chain bound with mean over peak",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "With eta the least mean over peak of a request, (s + (o + 1)/2)/(s + o) >= 1/2, the "
        "constant 2 becomes 1/eta: long prompts help, down to 1."
    ),
    latex=(
        r"S_k \le \frac{P_k}{\eta (1-\varepsilon)}, \qquad "
        r"\eta = \min_i \frac{s_i + (o_i+1)/2}{s_i + o_i}"
    ),
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.PROVED,
    total=eta_total,
    evidence=(SYMBOLIC, *EXHAUSTED, _CERTIFICATE),
    uses=("block", "svf-backlog"),
    proof="kvproof.bounds.catalogue.chain:eta",
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


SVF_BACKLOG_INTEGRAL = Theorem(
    name="svf-backlog-integral",
    title="Chain bound with the rounding kept",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "With m the largest peak in tokens, S_k <= 2 (v_1 + ... + v_(k-1))/(M - m + 2): never "
        "worse than the constant 2 form, and finite where one request fills the memory."
    ),
    latex=r"S_k \le \frac{2 (v_1 + \dots + v_{k-1})}{M - \max_i (s_i + o_i) + 2}",
    domain=STRICT_SVF,
    source="here",
    status=Status.PROVED,
    total=integral_total,
    evidence=(SYMBOLIC, *EXHAUSTED),
    uses=("block", "svf-backlog"),
    proof="kvproof.bounds.catalogue.chain:integral",
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


SVF_BACKLOG_PREFIX = Theorem(
    name="svf-backlog-prefix",
    title="Chain bound of each prefix",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "Request k is bounded by what precedes it alone: eps over the requests up to k, eta "
        "over those before it, the integral form likewise, and S_k is at most the latest "
        "end before it. The best of these for every k; the sharpest bound here."
    ),
    latex=(
        r"S_k \le B_k = \min\left\{\left\lfloor\frac{2 W_k}{M - m_k + 2}\right\rfloor, "
        r"\left\lfloor\frac{W_k}{\eta_{k-1} (M - m_k)}\right\rfloor, "
        r"\max_{i<k} (B_i + o_i)\right\}"
    ),
    domain=STRICT_SVF,
    source="here",
    status=Status.PROVED,
    total=prefix_total,
    evidence=EXHAUSTED,
    uses=("svf-backlog-eta", "svf-backlog-integral"),
    proof="kvproof.bounds.catalogue.chain:prefix",
)


def prefix() -> tuple[Step, ...]:
    """Only what precedes request k matters to it."""
    return (
        Argument(
            "In the chain for request k every head h has h <= k and every running request is "
            "before k: eps and the integral form's m are over the requests up to k, eta over those "
            "before k."
        ),
        Argument(
            "Moreover S_k <= max over i < k of C_i: when all requests before k are complete the "
            "memory is empty and request k fits. So S_k is at most the largest of the bounds on "
            "S_i + o_i, i < k."
        ),
    )


CHAIN_THEOREMS = (
    BLOCK,
    SVF_BACKLOG,
    SVF_BACKLOG_ETA,
    SVF_BACKLOG_INTEGRAL,
    SVF_BACKLOG_PREFIX,
)
