"""Constants for strict SVF on a backlog."""

from fractions import Fraction

from kvproof.bounds.chain_bounds import chain_total, eta_total, least_prompt_share, prefix_total
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.bounds.theorems.chain import STRICT_SVF, STRICT_SVF_BELOW_1
from kvproof.bounds.theorems.opt import EXHAUSTED, SYMBOLIC
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


RATIO_THEOREMS = (
    Theorem(
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
        proof="kvproof.bounds.proofs.ratio:paper",
    ),
    Theorem(
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
        uses=("svf-backlog", "opt-centroid", "opt-shape", "opt-outputs"),
        proof="kvproof.bounds.proofs.ratio:ratio",
    ),
    Theorem(
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
        uses=("svf-backlog-eta", "opt-centroid", "opt-outputs"),
        proof="kvproof.bounds.proofs.ratio:prompts",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.ratio:long_prompts",
    ),
    Theorem(
        name="svf-ratio-instance",
        title="The factor of one instance, before running anything",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "The best chain bound over the best of outputs, volume and centroid: a factor for the "
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
        proof="kvproof.bounds.proofs.ratio:instance",
    ),
)
