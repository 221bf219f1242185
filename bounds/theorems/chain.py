"""Strict SVF on a backlog from above: the block lemma and the chain bounds."""

from fractions import Fraction

from kvproof.bounds.chain_bounds import chain_total, eta_total, integral_total, prefix_total
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.bounds.theorems.opt import EXHAUSTED, SYMBOLIC

STRICT_SVF = Domain(traffic=Traffic.BACKLOG, policy="svf", rule=Rule.STRICT)
STRICT_SVF_BELOW_1 = Domain(
    traffic=Traffic.BACKLOG, policy="svf", rule=Rule.STRICT, below=Fraction(1)
)
_CERTIFICATE = Evidence(
    kind=EvidenceKind.WITNESSED,
    detail="certificate kind svf-blocking-chain: the chain of a given schedule is checked by the "
    "independent checker, start by start",
)

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
    proof="kvproof.bounds.proofs.chain:block",
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
    proof="kvproof.bounds.proofs.chain:chain",
)

CHAIN_THEOREMS = (
    BLOCK,
    SVF_BACKLOG,
    Theorem(
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
        proof="kvproof.bounds.proofs.chain:eta",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.chain:integral",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.chain:prefix",
    ),
)
