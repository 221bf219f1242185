"""Stronger lower bounds on OPT, and how far the time-indexed programme is from it."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Kind, Status, Theorem
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.instance import Instance

_ANY = Domain(traffic=Traffic.ARRIVALS, policy="opt")


def _tails(instance: Instance) -> Fraction:
    return find_bound(instance, BoundKind.TAIL_CENTROID).value


def _staggered(instance: Instance) -> Fraction:
    return find_bound(instance, BoundKind.STAGGERED).value


OPT_TAIL_CENTROID = Theorem(
    name="opt-tail-centroid",
    title="Tail centroid certificate, with cuts",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "For any cuts 0 <= c_k < o_k: the tokens of request k after its first c_k, of volume w_k, "
        "are held after a_k + c_k, at most M a step. Serve these tails, smallest w first: the mean "
        "times at which they are served, summed, plus the distances of the completions from the "
        "tails' means. Without cuts this is opt-centroid-discrete; c = o - 1 gives the outputs "
        "less at most n/2."
    ),
    latex=(
        r"\mathrm{OPT} \ge \sum_k \frac{D_k}{2 w_k} + \sum_k \left[o_k - a_k - "
        r"\frac{1}{2 w_k}\sum_{j=c_k+1}^{o_k} (2j - 1)(s_k + j)\right]"
    ),
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    total=_tails,
    evidence=(SYMBOLIC,),
    uses=("opt-centroid-discrete",),
    proof="kvproof.bounds.catalogue.stronger:tail_centroid",
)


def tail_centroid() -> tuple[Step, ...]:
    """Prove it as the centroid, for the tokens after the cuts."""
    return (
        Identity(
            "Sum((2*(p + c + j) - 1)/2*(s + c + j), (j, 1, r))/Sum(s + c + j, (j, 1, r)) - p "
            "== Sum((2*(c + j) - 1)/2*(s + c + j), (j, 1, r))/Sum(s + c + j, (j, 1, r))",
            "The mean of t - 1/2 over the steps t = p + c + j that hold the r tokens after the "
            "first c, weighed by what they hold, lies a distance after the start that does not "
            "depend on it.",
            positive="s p c",
            integers="r j",
        ),
        Argument(
            "So a completion p + o is the tail's mean plus o less that distance. Token c + j is "
            "held in step p + c + j > a + c, and at most M a step of all tails together. The "
            "argument of opt-centroid-discrete, for jobs of w_k token-steps that are there after "
            "a_k + c_k, bounds the sum of the means by that of serving the smallest tail first."
        ),
        Identity(
            "Sum((2*i - 1)*(s + i), (i, 1, j)) == s*j**2 + j*(j + 1)*(4*j - 1)/6",
            "How the distances are computed.",
            positive="s",
            integers="i j",
        ),
        Inequality(
            "o - (2*o - 1)/2 + (2*(a + o) - 1)/2 - a >= o - 1/2",
            ("1 <= o", "0 <= a"),
            "With c = o - 1 the tail is served in step a + o or later: at least o - 1/2 each.",
        ),
    )


OPT_STAGGERED = Theorem(
    name="opt-staggered",
    title="Staggered completions: requests are whole",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "Let C_1 <= C_2 <= ... be the completions of requests of peak at least h and output at "
        "least o <= h. For all k and m: (C_(k+1) - C_k) + ... + (C_(k+m-1) - C_k) >= o (m - M/h). "
        "With multipliers this bounds their sum; the other requests are bounded apart."
    ),
    latex=r"\sum_{j=0}^{m-1} (C_{k+j} - C_k) \ge o \left(m - \frac{M}{h}\right)",
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    total=_staggered,
    evidence=(SYMBOLIC,),
    uses=("opt-outputs", "opt-centroid-discrete"),
    proof="kvproof.bounds.catalogue.stronger:staggered",
)


def staggered() -> tuple[Step, ...]:
    """Look at what runs at a completion: it is about to complete, or has not begun."""
    return (
        Inequality(
            "h - x >= h*(1 - x/o)",
            ("1 <= o", "o <= h", "0 <= x"),
            "One that has started and completes x steps after C_k holds its peak less x there, "
            "h - x at least.",
        ),
        Inequality(
            "0 >= h*(1 - x/o)",
            ("1 <= o", "o <= h", "o <= x"),
            "One that has not started completes at least o steps later.",
        ),
        Argument(
            "In step C_k all of the m hold at most M: m h - (h/o) sum x <= M. That is the "
            "inequality. Multipliers x_k >= 0 that charge the gap before completion i no more than "
            "the n - i + 1 completions that it delays prove sum C >= n C_1 + o (m - M/h) sum x_k. "
            "A schedule without some of its requests is feasible, so OPT is at least OPT of the "
            "group plus OPT of the others."
        ),
        Inequality(
            "(1 - z)*(m - 1 - u) + z*0 <= (1 - z)*(m - 1)",
            ("2 <= m", "0 <= z <= 1", "0 <= u"),
            "The multipliers are filled in from the left, each as far as its first gap allows. "
            "What the gaps after the last of these are charged is convex in their index: m - 1 - u "
            "at first, u >= 0, and 0 in the end, so below the line between.",
        ),
    )


LP_TIGHT = Theorem(
    name="lp-tight",
    title="The time-indexed programme is tight as eps -> 0",
    kind=Kind.LEMMA,
    statement=(
        "On a backlog with eps < 1/2 let T = ceil(sum (4 P_k/(1 - 2 eps) + o_k)), P_k = W_k/M, and "
        "delta = sqrt(3 eps ln(T/eps)) <= 1/2. With LP the value of the time-indexed linear "
        "programme over the steps 1 to T: OPT <= (1 + (6 + 16 eps/(1 - 2 eps)) delta)/(1 - eps) "
        "times LP. So where eps ln(T/eps) tends to 0, schedules by random rounding of the "
        "programme approach OPT, in time polynomial in T."
    ),
    latex=(
        r"\mathrm{OPT} \le \frac{1 + \left(6 + \frac{16\varepsilon}{1 - 2\varepsilon}\right)"
        r"\delta}{1 - \varepsilon}\, \mathrm{LP}"
    ),
    domain=Domain(traffic=Traffic.BACKLOG, policy="opt", below=Fraction(1, 2)),
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    uses=("svf-backlog", "opt-centroid", "opt-outputs", "opt-price"),
    proof="kvproof.bounds.catalogue.stronger:tight",
)


def tight() -> tuple[Step, ...]:
    """Convexity, then randomised rounding."""
    return (
        Argument(
            "LP(M), the value at memory M, is convex in M, as a linear programme is in its right "
            "side, and LP(M) >= max(P + O/3, O) (averaging a fractional solution gives a fluid "
            "schedule, to which the centroid's argument applies). At memory M/2 the largest share "
            "is 2 eps, and LP(M/2) <= SVF at M/2 <= 4 P/(1 - 2 eps) + O by svf-backlog, whose "
            "schedule ends by T."
        ),
        Inequality(
            "4/(1 - 2*e)*(P + O/3) >= 4*P/(1 - 2*e) + O",
            ("0 <= e < 1/2", "0 <= P", "0 <= O"),
            "So LP(M/2) <= 4/(1 - 2 eps) LP(M).",
        ),
        Identity(
            "(1 - 2*d) + 2*d*4/(1 - 2*e) == 1 - 2*d + 8*d/(1 - 2*e)",
            "(1 - d) M = (1 - 2 d) M + 2 d M/2: by convexity LP((1 - d) M) is at most this times "
            "LP(M), for d <= 1/2.",
            positive="d e",
        ),
        Identity(
            "1 - 2*d + 8*d/(1 - 2*e) == 1 + (6 + 16*e/(1 - 2*e))*d",
            "Which is the numerator of the claim.",
            positive="d e",
        ),
        Argument(
            "Round a solution at memory (1 - d) M: each request starts at p with the probability "
            "that it has there, independently. The load of a step is a sum of independent terms in "
            "[0, eps M] of mean at most (1 - d) M; by Chernoff's bound it exceeds M with "
            "probability at most exp(-d^2/(3 eps)), and some of T steps does with at most T "
            "exp(-d^2/(3 eps)) = eps. The expected total is LP((1 - d) M); given that no step "
            "exceeds M it is at most LP((1 - d) M)/(1 - eps), and some outcome is a feasible "
            "schedule that costs no more."
        ),
        Inequality(
            "d**2/(3*e*(1 - d)) >= d**2/(3*e)",
            ("0 < e < 1/2", "0 <= d <= 1/2"),
            "The excess is d/(1 - d) of the mean (1 - d) M, at most the mean itself as d <= 1/2: "
            "Chernoff's exponent, (d/(1 - d))^2 (1 - d)/(3 eps), is at least d^2/(3 eps).",
        ),
    )


STRONGER_THEOREMS = (OPT_TAIL_CENTROID, OPT_STAGGERED, LP_TIGHT)
