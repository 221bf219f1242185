"""What is not settled: a hand proof, conjectures, and a claim of our own that was refuted."""

from fractions import Fraction

from kvproof.bounds.catalogue.chain import STRICT_SVF, STRICT_SVF_BELOW_1
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.families import measure, retried_waves, skip_staggered
from kvproof.bounds.proof.steps import Argument, Computation, Step
from kvproof.bounds.theorem import Bound, Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.exact import decimal


def _limit_two(cap: Fraction) -> Bound | None:
    return Fraction(2) if cap == 0 else None


def _below(k: int) -> tuple[bool, str]:
    witness = retried_waves(k=k, length=60, requests=600 * k)
    factor = measure(witness).policy_total / best_bound(witness.instance).value
    return factor < 2, f"SVF / OPT <= {decimal(factor, 4, up=True)}"


SVF_CONJECTURE = Theorem(
    name="svf-conjecture",
    title="2 is the truth in the limit",
    kind=Kind.RATIO_AT_MOST,
    statement=("The ratio of strict SVF on backlogs is at most 2 in the limit eps -> 0."),
    latex=r"\limsup_{\varepsilon \to 0} \frac{\mathrm{SVF}}{\mathrm{OPT}} = 2",
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.CONJECTURE,
    constant=_limit_two,
)


SVF_GAP_CONJECTURE = Theorem(
    name="svf-gap-conjecture",
    title="max(2, 1/(1 - eps)) is the truth at every eps",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "Over all backlogs with eps at most e the worst ratio of strict SVF is max(2, 1/(1 - e)), "
        "which waves and separators approach."
    ),
    latex=r"\mathrm{SVF} \le \max\left\{2, \frac{1}{1-\varepsilon}\right\} \mathrm{OPT}",
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.CONJECTURE,
    constant=lambda cap: max(Fraction(2), 1 / (1 - cap)) if cap < 1 else None,
    ratio=lambda instance: max(Fraction(2), 1 / (1 - instance.eps)),
)


WAVES_2_PLUS = Theorem(
    name="waves-2-plus",
    title="Refuted: waves of k give 2 + 1/k",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "It was once claimed here that requests (0, L) at M = (k + 1) L - 1 give 2 + 1/k, as SVF "
        "would fit k per wave. False: a blocked head is retried at every step, and the (k + 1)-th "
        "request starts one step later."
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
    proof="kvproof.bounds.catalogue.open:retried",
)


def retried() -> tuple[Step, ...]:
    """Hold the claim 2 + 1/k against a certified bound on OPT."""
    return (
        *(
            Computation(
                claim=f"k = {k}: SVF / OPT < 2 < 2 + 1/{k}",
                why="The simulator's SVF over a certified lower bound on OPT: the claim is false.",
                run=lambda k=k: _below(k),  # type: ignore[misc]
            )
            for k in (2, 3, 8)
        ),
    )


SVF_SKIP_STAGGERED = Theorem(
    name="svf-skip-staggered",
    title="Skipping: staggered triangles",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "At eps = 1/2, M = 10d + 6: fats (5d + 2, 1) starve behind staggered triangles (0, 4d) "
        "under SVF with skipping: ratios to strict SVF of 4.2, 10.3 and 13.4 at M = 166, 646 and "
        "2,566, with twice as many fats and triangles each time. No law of growth is claimed; "
        "svf-skip-unbounded has a proof."
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
    proof="kvproof.bounds.catalogue.open:staggered",
)


def staggered() -> tuple[Step, ...]:
    """Ratios for three d."""
    return (
        Argument(
            "The triangles end d steps apart, and each is replaced at once, so nearly 6d tokens "
            "are always held and a fat of 5d + 3 never fits in 10d + 6. (The six tokens of slack "
            "let the phases drift: that is why this is no proof.)"
        ),
        *(
            simulated(
                lambda d=d, root=root: skip_staggered(d=d, fats=32 * root, longs=2 * root),  # type: ignore[misc]
                f"d = {d}, {32 * root} fats, {2 * root} triangles",
                Fraction(least, 10),
                total=total,
                feasible=feasible,
            )
            for d, root, least, total, feasible in (
                (16, 4, 42, 25_507, 6_049),
                (64, 8, 103, 324_329, 31_357),
                (256, 16, 134, 3_171_010, 236_533),
            )
        ),
    )


OPEN_THEOREMS = (
    SVF_CONJECTURE,
    SVF_GAP_CONJECTURE,
    WAVES_2_PLUS,
    SVF_SKIP_STAGGERED,
)
