"""When starts that keep a pace are feasible: the pacing lemma, and how far it goes."""

from fractions import Fraction
from functools import partial

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.families import ending_together, pure_pacing_peak
from kvproof.bounds.proof.steps import Argument, Computation, Identity, Inequality, Step
from kvproof.bounds.theorem import Kind, Status, Theorem
from kvproof.scheduling.exact import exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import Shape, releases, spaced


def paced_domain(shape: Shape) -> Domain:
    """Return the domain of what is claimed of paced SVF on backlogs of such a shape."""
    return Domain(
        traffic=Traffic.BACKLOG, policy="svf-paced", rule=Rule.STRICT, below=Fraction(1),
        shape=shape,
    )  # fmt: skip


def _total(instance: Instance, constant: Fraction) -> Fraction:
    requests = instance.expanded()
    starts = releases(requests, constant)
    return Fraction(exact_sum(starts) + requests.total(requests.output))


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
    domain=paced_domain(Shape.OUTPUTS_RISE),
    source="here",
    status=Status.PROVED,
    total=lambda instance: _total(instance, Fraction(5, 4)),
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.pacing:pacing_outputs",
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
    domain=paced_domain(Shape.PROMPTS_FALL),
    source="here",
    status=Status.PROVED,
    total=lambda instance: _total(instance, Fraction(1)),
    evidence=(SYMBOLIC,),
    uses=("pacing-outputs",),
    proof="kvproof.bounds.catalogue.pacing:pacing_shapes",
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


PACING_ANY = Theorem(
    name="pacing-any",
    title="Pacing lemma: any order, 5/4 + 2 ln G",
    kind=Kind.LEMMA,
    statement=(
        "On a backlog in any fixed order, with G = max(1, o_k/o_k' over k before k'): the starts "
        "floor((5/4 + 2 ln G) W_k/(M - max o - max s)) are feasible, that memory being positive."
    ),
    latex=(
        r"S_k = \left\lfloor \frac{(5/4 + 2\ln G) W_k}{M - \max o - \max s} \right\rfloor "
        r"\text{ is feasible}"
    ),
    domain=paced_domain(Shape.ANY),
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    uses=("pacing-outputs",),
    proof="kvproof.bounds.catalogue.pacing:pacing_any",
)


def pacing_any() -> tuple[Step, ...]:
    """Add up what ages beyond T/G may hold."""
    return (
        Argument(_SPLIT),
        Argument(
            "A running request has an output of at least its age a, and of at least T/G. So in "
            "place of T one may put q = max(a, ceil(T/G)) in its volume's bound s q + q (q + 1)/2."
        ),
        Argument(
            "Up to the age ceil(T/G) that is pacing-outputs with ceil(T/G) for T: those ages add "
            "at most 5/4."
        ),
        Inequality(
            "(s + a)/(s*a + a*(a + 1)/2) <= 2/(a + 1)",
            ("0 <= s", "1 <= a"),
            "An age a beyond adds at most this, largest without a prompt ...",
        ),
        Identity(
            "Integral(2/x, (x, t, t*G)) == 2*log(G)",
            "... and 2/(a + 1) is below the integral of 2/x from a to a + 1, so from ceil(T/G) to "
            "T all of them add at most 2 ln G.",
            positive="t G",
        ),
        Argument(
            "The rest, T + s_l, is at most max o + max s. So with J <= 5/4 + 2 ln G all fits, as "
            "in pacing-outputs."
        ),
    )


PACING_NO_CONSTANT = Theorem(
    name="pacing-no-constant",
    title="Pacing alone: no constant for general prompts",
    kind=Kind.LEMMA,
    statement=(
        "For every c there are backlogs, eps as small as wanted, on which the starts floor(c "
        "W_k/(M - m)) in SVF order are not feasible: near-equal volumes, of outputs L down to "
        "o_min, that all end together; the peak over M tends to (ln(L/o_min) + 1/2)/c."
    ),
    latex=(r"\frac{\text{peak}}{M} \to \frac1c \left(\ln \frac{L}{o_{\min}} + \frac12\right)"),
    domain=paced_domain(Shape.ANY),
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.pacing:no_constant",
)


def no_constant() -> tuple[Step, ...]:
    """Everything that has been started ends in one step."""
    return (
        Argument(
            "Of volume v each, starts are c v/M apart in the limit, so those with outputs between "
            "o and o + do are M/(c v) do, if they all end together. One of output o holds its "
            "peak, v/o + o/2, in its last step (v = s o + o^2/2)."
        ),
        Identity(
            "Integral((v/o + o/2)/v, (o, l, L)) == log(L/l) + (L**2 - l**2)/(4*v)",
            "Their peaks over M, times c.",
            positive="v l L",
        ),
        Identity(
            "L**2/(4*(L**2/2)) == 1/2",
            "The slimmest have no prompt, v = L^2/2.",
            positive="L",
        ),
        *(
            Computation(
                claim=f"L = {length}, o_min = {least}, {each} a step: peak/M >= {ratio}",
                why="The starts are made and the tokens of the last step are added up.",
                run=partial(_peak, length, least, each, ratio),
            )
            for length, least, each, ratio in (
                (1_000, 10, 100, Fraction(47, 10)),
                (4_000, 8, 100, Fraction(66, 10)),
            )
        ),
    )


def _peak(length: int, least: int, each: int, ratio: Fraction) -> tuple[bool, str]:
    found = pure_pacing_peak(ending_together(length=length, least=least, each=each))
    return found >= ratio, f"peak / M = {float(found):.4f}"


def _spaced_total(instance: Instance) -> Fraction:
    requests = instance.expanded()
    waited = exact_sum(spaced(requests)) - exact_sum(requests.arrival)
    return Fraction(waited + exact_sum(requests.output))


PACING_ARRIVALS = Theorem(
    name="pacing-arrivals",
    title="Equal requests that arrive over time",
    kind=Kind.TOTAL_AT_MOST,
    statement=(
        "For equal requests with any arrivals, x_k = max(a_k, x_(k-1) + v/(M - m)), the starts "
        "floor(x_k) are feasible, and cost at most (2 - g) times OPT at the memory M - m, "
        "g = (3q + 1)/(3(2q + 1)), q = s/o: at most 5/3 of it (resource augmentation)."
    ),
    latex=(
        r"\mathrm{PACED}(M) = \sum_k \left(\lfloor x_k \rfloor + o - a_k\right) \le (2 - g)\,"
        r"\mathrm{OPT}(M - m)"
    ),
    domain=Domain(
        traffic=Traffic.ARRIVALS,
        policy="svf-paced",
        rule=Rule.STRICT,
        below=Fraction(1),
        shape=Shape.ALL_EQUAL,
    ),
    source="here",
    status=Status.PROVED,
    total=_spaced_total,
    evidence=(SYMBOLIC,),
    uses=("two-bounds", "pacing-shapes", "svf-ratio-prompts", "opt-outputs"),
    proof="kvproof.bounds.catalogue.pacing:pacing_arrivals",
)


def pacing_arrivals() -> tuple[Step, ...]:
    """Show that longer gaps than the lemma's do no harm."""
    return (
        Argument(
            "The proof of pacing-shapes uses of the starts only that x_(k+1) - x_k is at least "
            "v/(M - m): so these are feasible, whatever the arrivals."
        ),
        Argument(
            "At memory M' = M - m the fluid schedule serves the requests one after the other: k "
            "from x_k on, for v/M'. With X = sum (x_k - a_k) and O = sum o the centroid's argument "
            "gives OPT(M') >= X + g O, and OPT(M') >= O. The paced total is at most X + O."
        ),
        Argument("So two-bounds applies, with a = 1: at most 2 - g."),
        Inequality(
            "(3*q + 1)/(3*(2*q + 1)) >= 1/3",
            ("0 <= q",),
            "g >= 1/3.",
        ),
    )
