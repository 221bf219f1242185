"""What is not settled: a hand proof, conjectures, and a claim of our own that was refuted."""

from fractions import Fraction

from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.theorem import Bound, Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.bounds.theorems.chain import STRICT_SVF, STRICT_SVF_BELOW_1


def _limit_two(cap: Fraction) -> Bound | None:
    return Fraction(2) if cap == 0 else None


OPEN_THEOREMS = (
    Theorem(
        name="svf-equal-volumes",
        title="Equal volumes: 2 in the limit",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "For backlogs of requests of one volume the ratio of strict SVF is at most 2 in the "
            "limit eps -> 0. A hand proof was written down but is not given here: as far as this "
            "page goes it is an assertion."
        ),
        latex=r"v_1 = \dots = v_n: \quad \limsup_{\varepsilon \to 0} "
        r"\frac{\mathrm{SVF}}{\mathrm{OPT}} \le 2",
        domain=STRICT_SVF_BELOW_1,
        source="here",
        status=Status.ASSERTED,
    ),
    Theorem(
        name="svf-conjecture",
        title="2 is the truth in the limit",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "Conjecture: the ratio of strict SVF on backlogs is at most 2 in the limit eps -> 0. "
            "No counterexample is known."
        ),
        latex=r"\limsup_{\varepsilon \to 0} \frac{\mathrm{SVF}}{\mathrm{OPT}} = 2",
        domain=STRICT_SVF_BELOW_1,
        source="here",
        status=Status.CONJECTURE,
        constant=_limit_two,
    ),
    Theorem(
        name="svf-gap-conjecture",
        title="max(2, 1/(1 - eps)) is the truth at every eps",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "Conjecture: over all backlogs with eps at most e the worst ratio of strict SVF is "
            "max(2, 1/(1 - e)), which waves and separators approach. No instance is known above it."
        ),
        latex=r"\mathrm{SVF} \le \max\left\{2, \frac{1}{1-\varepsilon}\right\} \mathrm{OPT}",
        domain=STRICT_SVF_BELOW_1,
        source="here",
        status=Status.CONJECTURE,
        constant=lambda cap: max(Fraction(2), 1 / (1 - cap)) if cap < 1 else None,
        ratio=lambda instance: max(Fraction(2), 1 / (1 - instance.eps)),
    ),
    Theorem(
        name="waves-2-plus",
        title="Refuted: waves of k give 2 + 1/k",
        kind=Kind.RATIO_AT_LEAST,
        statement=(
            "It was once claimed here that requests (0, L) at M = (k + 1) L - 1 give 2 + 1/k, as "
            "SVF would fit k per wave. False: a blocked head is retried at every step, and the "
            "(k + 1)-th request starts one step later. A formula about a policy counts only after "
            "the simulator has run it."
        ),
        latex=r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge 2 + \frac1k \quad \text{(false)}",
        domain=STRICT_SVF,
        source="a draft of ours",
        status=Status.REFUTED,
        evidence=(
            Evidence(
                kind=EvidenceKind.WITNESSED,
                detail="retried_waves(k, length=60, requests=600 k), k = 2, 3, 8: SVF against a "
                "certified lower bound on OPT stays below 2",
            ),
        ),
        proof="kvproof.bounds.proofs.refuted:retried",
    ),
    Theorem(
        name="svf-skip-staggered",
        title="Skipping: staggered triangles",
        kind=Kind.RATIO_AT_LEAST,
        statement=(
            "At eps = 1/2, M = 10d + 6: fats (5d + 2, 1) starve behind staggered triangles "
            "(0, 4d) under SVF with skipping. Seen, against strict SVF: ratios of 4.2, 10.3 and "
            "13.4 at M = 166, 646 and 2,566, with twice as many fats and triangles each time. No "
            "law of growth is claimed; svf-skip-unbounded has a proof."
        ),
        latex=r"\frac{\mathrm{SVF_{skip}}}{\mathrm{SVF_{strict}}} = \frac{324\,329}{31\,357} "
        r"\quad (d = 64)",
        domain=Domain(traffic=Traffic.BACKLOG, policy="svf", rule=Rule.SKIP),
        source="here",
        status=Status.OBSERVED,
        evidence=(
            Evidence(
                kind=EvidenceKind.WITNESSED,
                detail="skip_staggered(d=64, fats=256, longs=16): 324,329 against 31,357",
            ),
        ),
        proof="kvproof.bounds.proofs.refuted:staggered",
    ),
)
