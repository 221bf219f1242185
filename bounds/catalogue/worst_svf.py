"""How bad strict SVF can be: families with proofs."""

import math
from fractions import Fraction

from kvproof.bounds.catalogue.chain import STRICT_SVF
from kvproof.bounds.catalogue.no_constant import CERTIFIED
from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.catalogue.simulated import simulated
from kvproof.bounds.families import (
    separators,
    waves,
)
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem


def separator_constant(cap: Fraction) -> Bound:
    """Return ``1/(1 - eps)``."""
    return 1 / (1 - cap) if cap < 1 else math.inf


SVF_WAVES = Theorem(
    name="svf-waves",
    title="Waves: 2 as eps -> 0",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "On identical requests (0, L), L = (2k - 1) d - 1, M = k L, strict SVF runs k per wave "
        "while one every d steps is feasible: the ratio tends to 2 - 1/k - 1/(kd) with the "
        "number of requests, and to 2 as eps = 1/k -> 0."
    ),
    latex=r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge 2 - \frac1k - \frac1{kd} \to 2",
    domain=STRICT_SVF,
    source="here",
    status=Status.PROVED,
    constant=lambda cap: Fraction(2),
    evidence=(SYMBOLIC, CERTIFIED),
    proof="kvproof.bounds.catalogue.worst_svf:waves_steps",
)


def waves_steps() -> tuple[Step, ...]:
    """Waves: 2 - 1/k - 1/(kd)."""
    return (
        Argument(
            "SVF: the first k start at 0, their peaks fill the memory in step L. At a step 0 < t < "
            "L the head does not fit, for in step L it would hold L - t > 0 besides. At L all k "
            "have ended. So a wave of k starts every L steps."
        ),
        Identity(
            "Sum(k*i*L, (i, 1, w)) == k*L*w*(w + 1)/2",
            "The total latency of w waves.",
            positive="k L",
            integers="w i",
        ),
        Argument(
            "One start every d steps: in a completion step the running requests have held "
            "L, L - d, L - 2d, ... tokens, of which exactly 2k - 1 are positive, as "
            "(2k - 2) d < L < (2k - 1) d. Memory is largest at completion steps."
        ),
        Identity(
            "Sum(((2*k - 1)*d - 1) - i*d, (i, 0, 2*k - 2)) == k*((2*k - 1)*d - 1) - (k - 1)",
            "Peak of one start every d steps: M - (k - 1).",
            positive="d",
            integers="k i",
        ),
        Identity(
            "Sum(d*(i - 1) + L, (i, 1, n)) == d*n*(n - 1)/2 + n*L",
            "Its total latency.",
            positive="d L",
            integers="n i",
        ),
        Identity(
            "Limit((k*L*w*(w + 1)/2)/(d*k*w*(k*w - 1)/2 + k*w*L), w, oo) == L/(d*k)",
            "The ratio for n = k w requests, as w grows.",
            positive="k L d w",
        ),
        Identity("((2*k - 1)*d - 1)/(d*k) == 2 - 1/k - 1/(k*d)", "That limit.", positive="k d"),
        Identity("Limit(2 - 1/k - 1/(k*d), k, oo) == 2", "eps = 1/k -> 0.", positive="k d"),
        simulated(
            lambda: waves(k=8, d=20, requests=1600),
            "k = 8, d = 20, 1,600 requests",
            Fraction(184, 100),
            total=8 * 299 * 200 * 201 // 2,
            feasible=20 * 1600 * 1599 // 2 + 1600 * 299,
        ),
    )


SVF_SEPARATORS = Theorem(
    name="svf-separators",
    title="Separators: 1/(1 - eps)",
    kind=Kind.RATIO_AT_LEAST,
    statement=(
        "Stages of slim long requests, each followed in SVF order by a fat one that cannot start "
        "beside them: SVF leaves the fat's share of the memory unused. For every rational e in (0, "
        "1) there are members whose eps tends to e, from above, and whose ratio tends to 1/(1 - "
        "e): over eps <= e the worst ratio is at least 1/(1 - e)."
    ),
    latex=r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{1}{1 - \varepsilon}",
    domain=STRICT_SVF,
    source="here",
    status=Status.PROVED,
    constant=separator_constant,
    evidence=(SYMBOLIC, CERTIFIED),
    proof="kvproof.bounds.catalogue.worst_svf:separators_steps",
)


def separators_steps() -> tuple[Step, ...]:
    """Separators: 1/(1 - eps)."""
    return (
        Argument(
            "Stage j = 1..J: c_j = ceil(C/j) slims (j p - L, L), then one fat (p L, j); "
            "M = C p + p L - (C + 1) L. Limits are taken in this order: p -> oo for fixed C, L, "
            "J; then C -> oo with L/C fixed, so that L >= J and C + L > J; then J -> oo."
        ),
        Inequality(
            "C*p + p*L - (C + 1)*L >= p*L + J",
            ("1 <= C", "1 <= L", "1 <= J", "((C + 1)*L + J)/C <= p"),
            "The largest fat fits the memory once p is large (so do slims, j p <= p L). Volumes:",
        ),
        Inequality(
            "p*L*j + j*(j + 1)/2 > (j*p - L)*L + L*(L + 1)/2",
            ("1 <= j", "2 <= L", "L <= p"),
            "A stage's fat comes after its slims.",
        ),
        Inequality(
            "((j + 1)*p - L)*L + L*(L + 1)/2 > p*L*j + j*(j + 1)/2",
            ("1 <= j", "2 <= L", "(L*(L - 1) + j*(j + 1))/(2*L) < p"),
            "The next stage's slims come after the fat.",
        ),
        Inequality(
            "c*(j*p - L + 1) + p*L + 1 > C*p + p*L - (C + 1)*L",
            ("1 <= j", "1 <= C", "2 <= L", "L <= p", "C/j <= c <= C/j + 1"),
            "While all c_j slims of a stage run, the stage's fat does not fit: in its first step "
            "they hold at least c_j (j p - L + 1) and it p L + 1.",
        ),
        Argument(
            "So the fat of stage j starts no earlier than the first of its slims ends, at least L "
            "after the last of them could have started first, and slims of stage j start no "
            "earlier than the fat of stage j - 1: by induction the slims of stage j end at j L or "
            "later. SVF's total is at least sum_j c_j j L >= J C L."
        ),
        Argument(
            "Feasible: pack slims, as rectangles of height j p and length L, in stage order into "
            "rounds of L steps; each full round takes more than M - J p of height, and the first j "
            "stages at most j (C + J) p. So stage j ends by L (j A + 1) with A = (C + J) p/(M - J "
            "p); then the J fats, one after the other. With H_J the harmonic sum, sum_j c_j <= C "
            "H_J + J, and the total is at most L (J (C + J) A + C H_J + J) + J (L (J A + 1) + "
            "J^2)."
        ),
        Identity(
            "Limit((C + J)*p/(C*p + p*L - (C + 1)*L - J*p), p, oo) == (C + J)/(C + L - J)",
            "A as p grows.",
            positive="C J L p",
        ),
        Identity(
            "Limit(((b*C)*(J*(C + J)*(C + J)/(C + b*C - J) + C*H + J) "
            "+ J*(b*C*(J*(C + J)/(C + b*C - J) + 1) + J**2))/(J*C*b*C), C, oo) "
            "== 1/(1 + b) + H/J",
            "Feasible total over J C L with L = b C, as C grows: the ratio is at least "
            "1/(1/(1 + b) + H_J/J).",
            positive="C J b H",
        ),
        Argument("H_J/J -> 0 as J grows, so the ratio tends to 1 + b = (C + L)/C."),
        Identity(
            "Limit((p*L + J)/(C*p + p*L - (C + 1)*L), p, oo) == L/(C + L)",
            "eps as p grows: e' = L/(C + L), and 1 + L/C = 1/(1 - e').",
            positive="C J L p",
        ),
        Inequality(
            "(p*L + J)/(C*p + p*L - (C + 1)*L) > L/(C + L)",
            ("1 <= C", "1 <= L", "1 <= J", "(C + 1)*L/C < p"),
            "Each member has eps strictly above its e'.",
        ),
        Argument(
            "So for a cap e take e' < e: for p large the members have eps <= e, and the ratio "
            "tends to 1/(1 - e'). With e' -> e the worst ratio is at least 1/(1 - e); every "
            "rational e' in (0, 1) is some L/(C + L)."
        ),
        simulated(
            lambda: separators(slots=200, length=800, stages=30, prompt=8000),
            "C = 200, L = 800, J = 30, p = 8,000",
            Fraction(347, 100),
        ),
    )


WORST_SVF_THEOREMS = (
    SVF_WAVES,
    SVF_SEPARATORS,
)
