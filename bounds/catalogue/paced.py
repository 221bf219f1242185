"""Paced SVF on backlogs: better constants than strict SVF's, where outputs rise along the order."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.chain_bounds import least_prompt_share
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.scheduling.exact import exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import Shape, releases


def _domain(shape: Shape) -> Domain:
    return Domain(
        traffic=Traffic.BACKLOG, policy="svf-paced", rule=Rule.STRICT, below=Fraction(1),
        shape=shape,
    )  # fmt: skip


def _total(instance: Instance, constant: Fraction) -> Fraction:
    requests = instance.expanded()
    starts = releases(requests, constant)
    return Fraction(exact_sum(starts) + requests.total(requests.output))


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


PACING_OUTPUTS = Theorem(
    name="pacing-outputs",
    title="Pacing lemma: rising outputs, 5/4",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "On a backlog whose outputs are nondecreasing in SVF order, with m the largest peak, the "
        "starts floor(5 W_k/(4 (M - m))) are feasible, W_k the volume before request k: nothing "
        "ever waits for memory, and the total is what these starts make it."
    ),
    latex=(
        r"S_k = \left\lfloor \frac{5 W_k}{4 (M - m)} \right\rfloor \text{ is feasible}, \qquad "
        r"\mathrm{PACED} = \sum_k (S_k + o_k)"
    ),
    domain=_domain(Shape.OUTPUTS_RISE),
    source="here",
    status=Status.PROVED,
    total=lambda instance: _total(instance, Fraction(5, 4)),
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.paced:pacing_outputs",
)

_SPLIT = (
    "Write x_k = c W_k/M and y_k = t - x_k, so that the age of k in step t is ceil(y_k); j and l "
    "are the first and the last request that run, T = ceil(y_j). For running k before l split the "
    "tokens s_k + ceil(y_k) into s_k + ceil(y_(k+1)) and ceil(y_k) - ceil(y_(k+1)). The first is "
    "at most M/(c v_k) times the integral of s_k + ceil(y) over (y_(k+1), y_k), an interval of "
    "length at least c v_k/M. The second parts are >= 0 and telescope to at most T - ceil(y_l), "
    "and l holds s_l + ceil(y_l)."
)


def pacing_outputs() -> tuple[Step, ...]:
    """Show that the memory suffices at 5/4."""
    return (
        Argument(_SPLIT),
        Inequality(
            "s*o + o*(o + 1)/2 >= s*T + T*(T + 1)/2",
            ("0 <= s", "0 <= T", "T <= o"),
            "A running request has an output of at least T, as outputs rise and the first one "
            "that runs is of age T: its volume is at least that of the output T.",
        ),
        Argument(
            "So with phi(s, a) = (s + a)/(s T + T (T + 1)/2) the tokens held are at most "
            "(M/c) J + T + s_l, J the sum of phi at the prompts that run over the ages a <= T; and "
            "T + s_l <= o_l + s_l <= m."
        ),
        Inequality(
            "(s + a)/(s*T + T*(T + 1)/2) <= 1/T",
            ("0 <= s", "1 <= T", "0 <= a <= (T + 1)/2"),
            "phi is largest for s large where a <= (T + 1)/2 ...",
        ),
        Inequality(
            "(s + a)/(s*T + T*(T + 1)/2) <= 2*a/(T*(T + 1))",
            ("0 <= s", "1 <= T", "(T + 1)/2 <= a"),
            "... and at s = 0 beyond.",
        ),
        Identity(
            "Sum(1/(2*h), (a, 1, h)) + Sum(2*a/(2*h*(2*h + 1)), (a, h + 1, 2*h)) "
            "== 5/4 - 1/(4*(2*h + 1))",
            "Summed over the ages, for T = 2 h: less than 5/4.",
            positive="",
            integers="h a",
        ),
        Identity(
            "Sum(1/(2*h - 1), (a, 1, h)) + Sum(2*a/((2*h - 1)*2*h), (a, h + 1, 2*h - 1)) "
            "== 5/4 - 1/(4*(2*h - 1))",
            "For T = 2 h - 1 likewise.",
            positive="",
            integers="h a",
        ),
        Inequality(
            "(M/c)*J + m <= M",
            ("0 < m", "m < M", "0 <= J <= 5/4", "5*M/(4*(M - m)) <= c"),
            "So at c = (5/4) M/(M - m), with x_k = 5 W_k/(4 (M - m)), all fits.",
        ),
    )


PACING_SHAPES = Theorem(
    name="pacing-shapes",
    title="Pacing lemma: rising outputs, falling prompts, 1",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "If moreover prompts are nonincreasing in SVF order (equal prompts, or equal volumes with "
        "ties by output), the starts floor(W_k/(M - m)) are feasible."
    ),
    latex=r"S_k = \left\lfloor \frac{W_k}{M - m} \right\rfloor \text{ is feasible}",
    domain=_domain(Shape.PROMPTS_FALL),
    source="here",
    status=Status.PROVED,
    total=lambda instance: _total(instance, Fraction(1)),
    evidence=(SYMBOLIC,),
    uses=("pacing-outputs",),
    proof="kvproof.bounds.catalogue.paced:pacing_shapes",
)


def pacing_shapes() -> tuple[Step, ...]:
    """Show that the memory suffices at 1."""
    return (
        Argument(_SPLIT),
        Argument(
            "Earlier requests, the older ones, have the larger prompts. phi falls in s for ages "
            "above (T + 1)/2 and rises for those below, so putting one prompt s* for all ages, the "
            "one that holds where the age passes (T + 1)/2, only raises the sum."
        ),
        Inequality(
            "(s + a)/(s*T + T*(T + 1)/2) <= (z + a)/(z*T + T*(T + 1)/2)",
            ("0 <= s", "s <= z", "1 <= T", "0 <= a <= (T + 1)/2"),
            "Below the middle a larger prompt z raises phi.",
        ),
        Inequality(
            "(s + a)/(s*T + T*(T + 1)/2) <= (z + a)/(z*T + T*(T + 1)/2)",
            ("0 <= z", "z <= s", "1 <= T", "(T + 1)/2 <= a"),
            "Above it a smaller one does.",
        ),
        Identity(
            "Sum((z + a)/(z*T + T*(T + 1)/2), (a, 1, T)) == 1",
            "And then the ages 1 to T sum to 1: J <= 1.",
            positive="z",
            integers="T a",
        ),
        Inequality(
            "(M/c)*J + m <= M",
            ("0 < m", "m < M", "0 <= J <= 1", "M/(M - m) <= c"),
            "So at c = M/(M - m), with x_k = W_k/(M - m), all fits.",
        ),
    )


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
    domain=_domain(Shape.OUTPUTS_RISE),
    source="here",
    status=Status.PROVED,
    ratio=_outputs_at,
    constant=outputs_constant,
    evidence=(SYMBOLIC,),
    uses=("pacing-outputs", "opt-centroid", "opt-shape", "opt-outputs"),
    proof="kvproof.bounds.catalogue.paced:paced_outputs",
)


def paced_outputs() -> tuple[Step, ...]:
    """J = 5/4, g = 1/3."""
    return (
        Argument(
            "With P = sum W_k/M and O = sum o_k the paced total is at most a P + O, "
            "a = (5/4)/(1 - eps), and OPT >= max(P + O/3, O). With x = P/O:"
        ),
        Inequality(
            "5/4*x/(1 - e) + 1 <= 1 + 5/(6*(1 - e))",
            ("0 <= e < 1", "0 <= x <= 2/3"),
            "Where x <= 2/3 the denominator is 1.",
        ),
        Inequality(
            "(5/4*x/(1 - e) + 1)/(x + 1/3) <= 1 + 5/(6*(1 - e))",
            ("0 <= e <= 7/12", "2/3 <= x"),
            "Where x >= 2/3 and eps <= 7/12 the quotient falls from its value at 2/3.",
        ),
        Inequality(
            "(5/4*x/(1 - e) + 1)/(x + 1/3) <= 5/(4*(1 - e))",
            ("7/12 <= e < 1", "2/3 <= x"),
            "Where eps >= 7/12 it rises to its limit.",
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
    domain=_domain(Shape.PROMPTS_FALL),
    source="here",
    status=Status.PROVED,
    ratio=_shapes_at,
    constant=shapes_constant,
    evidence=(SYMBOLIC,),
    uses=("pacing-shapes", "svf-ratio-prompts", "opt-outputs"),
    proof="kvproof.bounds.catalogue.paced:paced_shapes",
)


def paced_shapes() -> tuple[Step, ...]:
    """J = 1."""
    return (
        Argument(
            "The paced total is at most a P + O with a = 1/(1 - eps), and OPT >= max(P + g O, O) "
            "(svf-ratio-prompts). So the quotient is (a x + 1)/max(x + g, 1) with x = P/O:"
        ),
        Inequality(
            "a*x + 1 <= 1 + a*(1 - g)",
            ("0 < g < 1", "1 <= a", "0 <= x <= 1 - g"),
            "Where x <= 1 - g the denominator is 1.",
        ),
        Inequality(
            "(a*x + 1)/(x + g) <= 1 + a*(1 - g)",
            ("0 < g < 1", "1 <= a <= 1/g", "1 - g <= x"),
            "Where x >= 1 - g and a g <= 1 it falls from its value at 1 - g.",
        ),
        Inequality(
            "(a*x + 1)/(x + g) <= a",
            ("0 < g < 1", "1/g <= a", "0 <= x"),
            "Where a g >= 1 it rises to its limit a.",
        ),
    )


PACED_THEOREMS = (PACING_OUTPUTS, PACING_SHAPES, PACED_SVF_OUTPUTS, PACED_SVF_SHAPES)
