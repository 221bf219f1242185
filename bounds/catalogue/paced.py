"""Paced SVF on backlogs: better constants than strict SVF's, where outputs rise along the order."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.catalogue.pacing import (
    PACING_ANY,
    PACING_ARRIVALS,
    PACING_NO_CONSTANT,
    PACING_OUTPUTS,
    PACING_SHAPES,
    paced_domain,
)
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.chain_bounds import least_prompt_share
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.families import paced_wave
from kvproof.bounds.proof.steps import Argument, Identity, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import Shape


def outputs_constant(cap: Fraction) -> Bound | None:
    """Return ``max(1 + 5/(6 (1 - eps)), 5/(4 (1 - eps)))``, or None for eps = 1."""
    if cap >= 1:
        return None
    return max(1 + Fraction(5, 6) / (1 - cap), Fraction(5, 4) / (1 - cap))


def shapes_constant(cap: Fraction, share: Fraction = Fraction(0)) -> Bound | None:
    """Return ``max(1 + (1 - g)/(1 - eps), 1/(1 - eps))``, ``g = (3q + 1)/(3(2q + 1))``."""
    if cap >= 1:
        return None
    shape = (3 * share + 1) / (3 * (2 * share + 1))
    return max(1 + (1 - shape) / (1 - cap), 1 / (1 - cap))


def _outputs_at(instance: Instance) -> Bound:
    found = outputs_constant(instance.eps)
    assert found is not None  # the domain says eps < 1
    return found


def _shapes_at(instance: Instance) -> Bound:
    found = shapes_constant(instance.eps, least_prompt_share(instance))
    assert found is not None
    return found


PACED_SVF_OUTPUTS = Theorem(
    name="paced-svf-outputs",
    title="Paced SVF: 11/6 where outputs rise",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "On a backlog whose outputs are nondecreasing in SVF order paced SVF is within "
        "max(1 + 5/(6 (1 - eps)), 5/(4 (1 - eps))) of OPT: 11/6 as eps -> 0, where strict SVF is "
        "at least 2."
    ),
    latex=(
        r"\mathrm{PACED} \le \max\left\{1 + \frac{5}{6(1-\varepsilon)}, "
        r"\frac{5}{4(1-\varepsilon)}\right\} \mathrm{OPT}"
    ),
    domain=paced_domain(Shape.OUTPUTS_RISE),
    source="here",
    status=Status.PROVED,
    ratio=_outputs_at,
    constant=outputs_constant,
    evidence=(SYMBOLIC,),
    uses=("two-bounds", "pacing-outputs", "opt-centroid", "opt-shape", "opt-outputs"),
    proof="kvproof.bounds.catalogue.paced:paced_outputs",
)


def paced_outputs() -> tuple[Step, ...]:
    """J = 5/4, g = 1/3."""
    return (
        Argument(
            "With P = sum W_k/M and O = sum o_k the paced total is at most a P + O, "
            "a = (5/4)/(1 - eps), and OPT >= max(P + O/3, O)."
        ),
        Identity(
            "1 + 5/4/(1 - e)*(1 - 1/3) == 1 + 5/(6*(1 - e))",
            "So two-bounds applies, with g = 1/3.",
        ),
    )


PACED_SVF_SHAPES = Theorem(
    name="paced-svf-shapes",
    title="Paced SVF: 5/3 where prompts fall, down to 3/2",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "If moreover prompts are nonincreasing, and each is at least q times its output, paced SVF "
        "is within max(1 + (1 - g)/(1 - eps), 1/(1 - eps)) of OPT, g = (3q + 1)/(3(2q + 1)): 5/3 "
        "as eps -> 0 at q = 0, 3/2 as q grows. Strict SVF is at least 2 on this class (svf-waves)."
    ),
    latex=(
        r"\mathrm{PACED} \le \max\left\{1 + \frac{1-g}{1-\varepsilon}, "
        r"\frac{1}{1-\varepsilon}\right\} \mathrm{OPT}, \quad g = \frac{3q+1}{3(2q+1)}"
    ),
    domain=paced_domain(Shape.PROMPTS_FALL),
    source="here",
    status=Status.PROVED,
    ratio=_shapes_at,
    constant=shapes_constant,
    evidence=(SYMBOLIC,),
    uses=("two-bounds", "pacing-shapes", "svf-ratio-prompts", "opt-outputs"),
    proof="kvproof.bounds.catalogue.paced:paced_shapes",
)


def paced_shapes() -> tuple[Step, ...]:
    """J = 1."""
    return (
        Argument(
            "The paced total is at most a P + O with a = 1/(1 - eps), and OPT >= max(P + g O, O), "
            "as for svf-ratio-prompts: two-bounds applies."
        ),
    )


PACED_LOWER = Theorem(
    name="paced-svf-waves",
    title="Paced SVF is no better than 3/2",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "k equal requests with long prompts could all start at 0: pacing spreads their starts over "
        "the length of one. The ratio tends to 3/2 at eps = 1/k, so paced-svf-shapes is tight for "
        "long prompts."
    ),
    latex=r"\sup \frac{\mathrm{PACED}}{\mathrm{OPT}} \ge \frac32",
    domain=Domain(traffic=Traffic.BACKLOG, policy="svf-paced", rule=Rule.STRICT),
    source="here",
    status=Status.PROVED,
    constant=lambda cap: Fraction(3, 2),
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.paced:wave",
)


def wave() -> tuple[Step, ...]:
    """One wave of tall requests."""
    return (
        Argument(
            "k requests (s, o) at M = k (s + o): all fit at once, at a cost of k o. With "
            "v = s o + o (o + 1)/2 and M - m = (k - 1)(s + o) request i starts at "
            "floor(i v/((k - 1)(s + o)))."
        ),
        Identity(
            "Limit((s*o + o*(o + 1)/2)/(s + o), s, oo) == o",
            "With long prompts v/(s + o) tends to o: the starts are spread over o steps.",
            positive="o s",
        ),
        Identity(
            "(Sum(i*o/(k - 1), (i, 0, k - 1)) + k*o)/(k*o) == 3/2",
            "So the ratio tends to 3/2, for every k; the rounding costs at most 1/o.",
            positive="o",
            integers="k i",
        ),
        simulated(
            lambda: paced_wave(k=1_000, prompt=2_000_000, output=1_000),
            "k = 1000, (2e6, 1000)",
            Fraction(1499, 1000),
        ),
    )


PACED_THEOREMS = (
    PACING_OUTPUTS, PACING_SHAPES, PACING_ANY, PACING_NO_CONSTANT, PACED_SVF_OUTPUTS,
    PACED_SVF_SHAPES, PACED_LOWER, PACING_ARRIVALS,
)  # fmt: skip
