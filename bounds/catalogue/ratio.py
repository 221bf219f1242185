"""Constants for strict SVF on a backlog."""

from fractions import Fraction

from kvproof.bounds.catalogue.chain import STRICT_SVF, STRICT_SVF_BELOW_1
from kvproof.bounds.catalogue.opt import EXHAUSTED, SYMBOLIC
from kvproof.bounds.chain_bounds import chain_total, eta_total, least_prompt_share, prefix_total
from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.instance import Instance


def paper_constant(cap: Fraction) -> Bound | None:
    """Return ``1 + 2/(1 - eps)``, or None for eps = 1."""
    return 1 + 2 / (1 - cap) if cap < 1 else None


def svf_constant(cap: Fraction) -> Bound | None:
    """Return ``max(1 + 4/(3 (1 - eps)), 2/(1 - eps))``, or None for eps = 1."""
    return max(1 + Fraction(4, 3) / (1 - cap), 2 / (1 - cap)) if cap < 1 else None


def prompt_constant(cap: Fraction, share: Fraction) -> Fraction:
    """Return the constant where every prompt is at least `share` times its output; cap < 1."""
    slope = 2 * (share + 1) / ((2 * share + 1) * (1 - cap))
    shape = (3 * share + 1) / (3 * (2 * share + 1))
    return max(1 + slope * (1 - shape), slope)


def _of_instance(instance: Instance) -> Fraction:
    bounds = [prefix_total(instance)]
    if instance.eps < 1:
        bounds += [chain_total(instance), eta_total(instance)]
    return min(bounds) / best_bound(instance).value


def _at_eps(constant: Bound | None) -> Bound:
    if constant is None:
        raise ValueError("the theorem gives no constant at eps = 1")
    return constant


TWO_BOUNDS = Theorem(
    name="two-bounds",
    title="A total against two bounds on OPT",
    kind=Kind.LEMMA,
    statement=(
        "If a total is at most a P + O, and OPT at least P + g O and O, for P >= 0, O > 0, a > 0 "
        "and 0 < g < 1, then their ratio is at most max(1 + a (1 - g), a)."
    ),
    latex=r"\frac{aP + O}{\max\{P + gO, O\}} \le \max\{1 + a(1 - g), a\}",
    domain=Domain(traffic=Traffic.ARRIVALS, policy="opt"),
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.ratio:two_bounds",
)


def two_bounds() -> tuple[Step, ...]:
    """Where the one bound is the better, and where the other."""
    return (
        Argument("With x = P/O the ratio is at most (a x + 1)/max(x + g, 1)."),
        Inequality(
            "a*x + 1 <= 1 + a*(1 - g)",
            ("0 < g < 1", "0 < a", "0 <= x <= 1 - g"),
            "Where x <= 1 - g the denominator is 1.",
        ),
        Inequality(
            "(a*x + 1)/(x + g) <= 1 + a*(1 - g)",
            ("0 < g < 1", "0 < a <= 1/g", "1 - g <= x"),
            "Where x >= 1 - g and a g <= 1 the quotient falls from its value at 1 - g.",
        ),
        Inequality(
            "(a*x + 1)/(x + g) <= a",
            ("0 < g < 1", "1/g <= a", "0 <= x"),
            "Where a g >= 1 it rises to its limit a.",
        ),
    )


SVF_RATIO_PAPER = Theorem(
    name="svf-ratio-paper",
    title="The paper's constant",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "Strict SVF on a backlog is within 1 + 2/(1 - eps) of OPT: 3 at high concurrency, 5 "
        "at eps = 1/2."
    ),
    latex=r"\mathrm{SVF} \le \left(1 + \frac{2}{1-\varepsilon}\right) \mathrm{OPT}",
    domain=STRICT_SVF_BELOW_1,
    source="2606.22327 (abstract; the proof is our own)",
    status=Status.PROVED,
    ratio=lambda instance: _at_eps(paper_constant(instance.eps)),
    constant=paper_constant,
    evidence=(SYMBOLIC, *EXHAUSTED),
    uses=("svf-backlog", "opt-volume", "opt-outputs"),
    proof="kvproof.bounds.catalogue.ratio:paper",
)


def paper() -> tuple[Step, ...]:
    """OPT >= P and OPT >= O alone."""
    return (
        Argument(
            "The chain bound is SVF <= 2 P/(1 - eps) + O. On a backlog the volume certificate is "
            "OPT >= sum (P_k + v_k/M) >= P, and OPT >= O."
        ),
        Inequality(
            "(2*P/(1 - e) + O)/Q <= 1 + 2/(1 - e)",
            ("0 <= e < 1", "0 < Q", "0 <= P <= Q", "0 <= O <= Q"),
            "With Q for OPT.",
        ),
    )


SVF_RATIO = Theorem(
    name="svf-ratio",
    title="A better constant from the centroid",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "Strict SVF on a backlog is within max(1 + 4/(3(1 - eps)), 2/(1 - eps)) of OPT: 7/3 "
        "as eps -> 0, 4 at eps = 1/2."
    ),
    latex=(
        r"\mathrm{SVF} \le \max\left\{1 + \frac{4}{3(1-\varepsilon)}, "
        r"\frac{2}{1-\varepsilon}\right\} \mathrm{OPT}"
    ),
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.PROVED,
    ratio=lambda instance: _at_eps(svf_constant(instance.eps)),
    constant=svf_constant,
    evidence=(SYMBOLIC, *EXHAUSTED),
    uses=("two-bounds", "svf-backlog", "opt-centroid", "opt-shape", "opt-outputs"),
    proof="kvproof.bounds.catalogue.ratio:ratio",
)


def ratio() -> tuple[Step, ...]:
    """OPT >= P + O/3 and OPT >= O."""
    return (
        Argument(
            "SVF <= 2 P/(1 - eps) + O. The centroid certificate with the shape term at least o/3 "
            "gives OPT >= P + O/3, and OPT >= O."
        ),
        Identity(
            "1 + 2/(1 - e)*(1 - 1/3) == 1 + 4/(3*(1 - e))",
            "So two-bounds applies, with a = 2/(1 - eps) and g = 1/3.",
        ),
    )


SVF_RATIO_PROMPTS = Theorem(
    name="svf-ratio-prompts",
    title="Long prompts: down to 3/2",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "If every prompt is at least q times its output, strict SVF on a backlog is within "
        "max(1 + a (1 - g), a) of OPT, with a = 2(q + 1)/((2q + 1)(1 - eps)) and "
        "g = (3q + 1)/(3(2q + 1)). As eps -> 0: 7/3 at q = 0, 47/27 at q = 1, 3/2 as q grows."
    ),
    latex=(
        r"\mathrm{SVF} \le \max\{1 + a(1-g), a\}\, \mathrm{OPT}, \quad "
        r"a = \frac{2(q+1)}{(2q+1)(1-\varepsilon)}, \quad g = \frac{3q+1}{3(2q+1)}, \quad "
        r"q = \min_i \frac{s_i}{o_i}"
    ),
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.PROVED,
    ratio=lambda instance: prompt_constant(instance.eps, least_prompt_share(instance)),
    constant=svf_constant,  # over all backlogs, q = 0 is allowed
    evidence=(SYMBOLIC, *EXHAUSTED),
    uses=("two-bounds", "svf-backlog-eta", "opt-centroid", "opt-outputs"),
    proof="kvproof.bounds.catalogue.ratio:prompts",
)


def prompts() -> tuple[Step, ...]:
    """All prompts at least q times the output."""
    shape = "o - ((o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1)) - 1/2)"
    return (
        Argument(
            "The chain bound with eta is SVF <= P/(eta (1 - eps)) + O, and the centroid "
            "certificate at least P plus the sum of the shape terms. For each request:"
        ),
        Inequality(
            f"{shape} >= o*(3*q + 1)/(3*(2*q + 1))",
            ("0 <= q", "1 <= o", "q*o <= s"),
            "Shape term at least g o with g = (3q + 1)/(3(2q + 1)): OPT >= P + g O.",
        ),
        Inequality(
            "(s + (o + 1)/2)/(s + o) >= (2*q + 1)/(2*(q + 1))",
            ("0 <= q", "1 <= o", "q*o <= s"),
            "Mean over peak at least (2q + 1)/(2(q + 1)), so SVF <= a P + O with "
            "a = 2 (q + 1)/((2q + 1)(1 - eps)).",
        ),
        Argument("So two-bounds applies, as OPT >= O too."),
        Inequality(
            "(6*q + 4)*(q + 1)/(3*(2*q + 1)**2) <= (6*r + 4)*(r + 1)/(3*(2*r + 1)**2)",
            ("0 <= r", "r <= q"),
            "a (1 - g)(1 - eps) = (6q + 4)(q + 1)/(3 (2q + 1)^2) falls as q grows, from 4/3 at "
            "q = 0 to 1/2: longer prompts help.",
        ),
    )


SVF_LONG_PROMPTS = Theorem(
    name="svf-long-prompts",
    title="Long prompts, eps at least 1/2: exactly 1/(1 - eps)",
    kind=Kind.VALUE,
    statement=(
        "Over backlogs with eps at most e in which every prompt is at least q times its "
        "output, the worst ratio of strict SVF tends to 1/(1 - e) as q grows, for every "
        "rational e in [1/2, 1): there the bounds meet. For e < 1/2 it lies between 1/(1 - e) "
        "and 1 + 1/(2(1 - e)) in that limit: [1, 3/2] as e -> 0."
    ),
    latex=(
        r"\lim_{q \to \infty} \sup_{s_i \ge q o_i,\ \varepsilon \le e} "
        r"\frac{\mathrm{SVF}}{\mathrm{OPT}} = \frac{1}{1-e} \quad (e \ge \tfrac12)"
    ),
    domain=STRICT_SVF_BELOW_1,
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    uses=("svf-ratio-prompts", "svf-separators"),
    proof="kvproof.bounds.catalogue.ratio:long_prompts",
)


def long_prompts() -> tuple[Step, ...]:
    """Prove that upper and lower bound meet as prompts grow, where eps >= 1/2."""
    return (
        Argument(
            "Above: svf-ratio-prompts bounds every instance with eps <= e by its constant at e, "
            "which grows with eps. As q grows,"
        ),
        Identity(
            "Limit(2*(q + 1)/((2*q + 1)*(1 - e)), q, oo) == 1/(1 - e)",
            "its a tends to 1/(1 - e),",
            positive="q e",
        ),
        Identity(
            "Limit((6*q + 4)*(q + 1)/(3*(2*q + 1)**2), q, oo) == 1/2",
            "and a (1 - g) (1 - e) to 1/2, so 1 + a (1 - g) to 1 + 1/(2(1 - e)),",
            positive="q",
        ),
        Inequality(
            "1 + 1/(2*(1 - e)) <= 1/(1 - e)",
            ("1/2 <= e < 1",),
            "which is no larger where e >= 1/2.",
        ),
        Inequality(
            "(j*p - L)/L >= p/L - 1",
            ("1 <= j", "1 <= L", "L <= p"),
            "Below: in the family separators the slims (j p - L, L) have prompts of at least "
            "p/L - 1 times their outputs,",
        ),
        Inequality(
            "p*L/j >= p*L/J",
            ("1 <= L", "0 < p", "1 <= j", "j <= J"),
            "and the fats (p L, j) of at least p L/J times: both grow with p.",
        ),
        Argument(
            "So for every q the members with p large satisfy s >= q o. Those with e' = L/(C + L) < "
            "e have eps <= e then, and their ratio tends to 1/(1 - e') (limits in the order of "
            "svf-separators); with e' -> e the worst ratio is at least 1/(1 - e) at every q. For e "
            ">= 1/2 that meets the limit from above."
        ),
    )


SVF_RATIO_INSTANCE = Theorem(
    name="svf-ratio-instance",
    title="The factor of one instance, before running anything",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "The best chain bound over the best of outputs, volume and centroids: a factor for the "
        "instance at hand, also for eps = 1, without simulating."
    ),
    latex=(
        r"\frac{\mathrm{SVF}}{\mathrm{OPT}} \le "
        r"\frac{\sum_k (B_k + o_k)}{\max\{\text{outputs}, \text{volume}, \text{centroid}\}}"
    ),
    domain=STRICT_SVF,
    source="here",
    status=Status.PROVED,
    ratio=_of_instance,
    evidence=EXHAUSTED,
    uses=("svf-backlog-prefix", "opt-centroid", "opt-volume", "opt-outputs"),
    proof="kvproof.bounds.catalogue.ratio:instance",
)


def instance() -> tuple[Step, ...]:
    """Divide two proved bounds."""
    return (
        Argument(
            "The numerator is proved above SVF's total and the denominator below OPT, each for "
            "this instance."
        ),
    )


RATIO_THEOREMS = (
    TWO_BOUNDS,
    SVF_RATIO_PAPER,
    SVF_RATIO,
    SVF_RATIO_PROMPTS,
    SVF_LONG_PROMPTS,
    SVF_RATIO_INSTANCE,
)
