"""Lower bounds on OPT."""

from fractions import Fraction

from kvproof.bounds.catalogue.boxes import BOXES
from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.certificates.lower_bounds import (
    centroid_bound,
    outputs_bound,
    volume_bound,
)
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.scheduling.instance import Instance

_ANY = Domain(traffic=Traffic.ARRIVALS, policy="opt")


EXHAUSTED = (
    Evidence(
        kind=EvidenceKind.EXHAUSTED,
        detail="all multisets of (prompt, output), equal volumes in every order: "
        + "; ".join(map(str, BOXES)),
    ),
)


SYMBOLIC = Evidence(
    kind=EvidenceKind.SYMBOLIC, detail="every step that is not words is decided exactly by sympy"
)


def _closed_form(instance: Instance) -> Fraction:
    from kvproof.certificates.prices import (  # kernels, loaded on use
        closed_form_prices,
        price_bound,
    )

    return Fraction(price_bound(instance, closed_form_prices(instance)))


_SHAPE = "1/2 + o - (o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1))"


OPT_OUTPUTS = Theorem(
    name="opt-outputs",
    title="Sum of outputs",
    kind=Kind.OPT_AT_LEAST,
    statement="OPT is at least the sum of the output lengths.",
    latex=r"\mathrm{OPT} \ge \sum_i o_i",
    domain=_ANY,
    source="folklore",
    status=Status.PROVED,
    total=outputs_bound,
    evidence=(SYMBOLIC, *EXHAUSTED),
    proof="kvproof.bounds.catalogue.opt:outputs",
)


def outputs() -> tuple[Step, ...]:
    """No latency is below its output."""
    return (
        Argument(
            "Every request runs to its end, o steps from its start p: its latency is p + o - a."
        ),
        Inequality("p + o - a >= o", ("0 <= a", "1 <= o", "a <= p"), "It starts at p >= a."),
        Argument("Sum over the requests."),
    )


OPT_VOLUME = Theorem(
    name="opt-volume",
    title="Volume certificate",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "When the k-th request completes, at least the k smallest volumes have been held, at "
        "most M token-steps per step. With arrivals: the total completion time of the fluid "
        "schedule that serves volume at rate M, least remaining volume first, less the sum of "
        "the arrivals."
    ),
    latex=r"\mathrm{OPT} \ge \frac1M \sum_{k=1}^n \left(v_{(1)} + \dots + v_{(k)}\right)",
    domain=_ANY,
    source="2606.22327; least remaining volume first: Schrage 1968",
    status=Status.PROVED,
    total=volume_bound,
    evidence=(SYMBOLIC, *EXHAUSTED),
    proof="kvproof.bounds.catalogue.opt:volume",
)


def volume() -> tuple[Step, ...]:
    """Completed requests have been held, at most M token-steps per step."""
    return (
        Argument(
            "Backlog: let the k-th completion be at step c. What is complete has been held in "
            "steps 1 to c, at most M tokens in each: M c is at least the sum of these volumes, "
            "hence of the k smallest. Sum over k."
        ),
        Argument(
            "Arrivals: replace the schedule by the fluid one that gives each request, in each "
            "step, the share of M that it holds: a preemptive schedule of one machine in which "
            "request i needs v_i/M of time and ends by C_i. Serving least remaining need first "
            "minimises the sum of completions there (Schrage 1968). Subtract the arrivals."
        ),
        Identity(
            "Sum((n + 1 - k) * v, (k, 1, n)) == n*(n + 1)/2 * v",
            "For n equal volumes the sum of the prefix sums is n (n + 1)/2 v.",
            positive="v",
            integers="n k",
        ),
    )


OPT_SHAPE = Theorem(
    name="opt-shape",
    title="What the shape adds",
    kind=Kind.LEMMA,
    statement=(
        "The distance from the centroid of a request's tokens to its end is at least "
        "o/3 + 1/6 (attained by triangles, s = 0) and at most o/2."
    ),
    latex=(
        r"\tfrac{o}{3} + \tfrac16 \le \tfrac12 + o - "
        r"\frac{(o+1)(3s+2o+1)}{3(2s+o+1)} \le \tfrac{o}{2}"
    ),
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.opt:shape",
)


def shape() -> tuple[Step, ...]:
    """Prove that the shape term lies between o/3 + 1/6 and o/2."""
    return (
        Inequality(f"{_SHAPE} >= o/3 + 1/6", ("1 <= o", "0 <= s"), "Least for s = 0 (a triangle)."),
        Inequality(f"{_SHAPE} <= o/2", ("1 <= o", "0 <= s"), "Largest for s much larger than o."),
    )


OPT_CENTROID = Theorem(
    name="opt-centroid",
    title="Centroid certificate",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "A completion is the mean time of the request's tokens plus a distance that its shape "
        "fixes. The mean times sum to at least the mean busy times MBT of the fluid schedule "
        "that serves volume at rate M, smallest original volume first, preempting at "
        "arrivals; on a backlog MBT = sum (P_k + v_k/(2M))."
    ),
    latex=(
        r"\mathrm{OPT} \ge \mathrm{MBT} + \sum_k \left[\tfrac12 + o_k - "
        r"\frac{(o_k+1)(3s_k+2o_k+1)}{3(2s_k+o_k+1)} - a_k\right]"
    ),
    domain=_ANY,
    source="here; mean busy times after Goemans et al. 2002",
    status=Status.PROVED,
    total=centroid_bound,
    evidence=(SYMBOLIC, *EXHAUSTED),
    proof="kvproof.bounds.catalogue.opt:centroid",
)


def centroid() -> tuple[Step, ...]:
    """Completion = centroid of the tokens + a distance that the shape fixes."""
    return (
        Identity(
            "Sum(s + j, (j, 1, o)) == s*o + o*(o + 1)/2",
            "The volume v of a request that holds s + j tokens in its j-th step.",
            positive="s",
            integers="o j",
        ),
        Identity(
            f"p + o - Sum((p + j - 1/2)*(s + j), (j, 1, o))/(s*o + o*(o + 1)/2) == {_SHAPE}",
            "With the tokens of step p + j placed at its middle, completion less centroid does "
            "not depend on the start p.",
            positive="s p",
            integers="o j",
        ),
        Argument(
            "The centroids are the mean busy times of the fluid schedule that serves each request "
            "as the schedule holds it. Their sum is the integral of t / v_i over the service "
            "given, so the larger 1/v_i belongs earlier: serving the smallest original volume that "
            "has arrived, preemptively, at rate M minimises it (Goemans, Queyranne, Schulz, "
            "Skutella, Wang 2002)."
        ),
        Identity(
            "Integral(t/(v/M), (t, P, P + v/M)) == P + v/(2*M)",
            "On a backlog a request is served without a break from P_k on: its mean busy time.",
            positive="P v M",
        ),
    )


OPT_CENTROID_DISCRETE = Theorem(
    name="opt-centroid-discrete",
    title="Centroid certificate in whole steps",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "Count a token that is held in step t at t - 1/2, and serve in each step up to M "
        "token-steps of what has arrived, smallest original volume first: the mean of these "
        "times over each volume, summed, plus the same distances as in opt-centroid. Never below "
        "opt-centroid."
    ),
    latex=(
        r"\mathrm{OPT} \ge \sum_k \frac{G_k - G_{k-1}}{2 v_k} + \sum_k \left[\tfrac12 + o_k - "
        r"\frac{(o_k+1)(3s_k+2o_k+1)}{3(2s_k+o_k+1)} - a_k\right], \quad "
        r"G_k = \sum_t (2t - 1)(\mathrm{done}_k(t) - \mathrm{done}_k(t-1))"
    ),
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    total=discrete_centroid_bound,
    evidence=(SYMBOLIC, *EXHAUSTED),
    uses=("opt-centroid",),
    proof="kvproof.bounds.catalogue.opt:discrete",
)


def discrete() -> tuple[Step, ...]:
    """Whole steps: what a schedule holds in step t is served in step t."""
    return (
        Identity(
            f"p + o - Sum((2*(p + j) - 1)/2*(s + j), (j, 1, o))/(s*o + o*(o + 1)/2) == {_SHAPE}",
            "A token held in step p + j counts 2 (p + j) - 1, halved: completion less the mean "
            "does not depend on the start p.",
            positive="s p",
            integers="o j",
        ),
        Argument(
            "Let served_i(t) be the token-steps that a schedule holds of request i up to step t. "
            "For each k the k smallest volumes together hold at most M in a step, and nothing "
            "before it arrives, so by induction at most done_k(t) up to step t, where done_k(t + "
            "1) = min(done_k(t) + M, volume of those among them that arrived by t)."
        ),
        Argument(
            "By T all is served, so sum_t (2t - 1)(served_i(t) - served_i(t - 1)) is "
            "(2T - 1) v_i - 2 sum_(t < T) served_i(t). Divided by 2 v_i and summed over the "
            "requests by parts, volumes ascending, each 1/v_k - 1/v_(k+1) multiplies what the k "
            "smallest have been served up to t, which done_k bounds. So the sum is least where "
            "all are at done_k: sum (G_k - G_(k-1))/(2 v_k). It is not below the fluid sum: within "
            "a step the fluid schedule serves the smaller first, before the step's middle."
        ),
        Inequality(
            "1/a - 1/b >= 0",
            ("0 < a", "a <= b"),
            "The weights are >= 0 where volumes ascend.",
        ),
        Identity(
            "n**2*M + (2*n + 1)*r == Sum((2*t - 1)*M, (t, 1, n)) + (2*(n + 1) - 1)*r",
            "Work of n M + r token-steps, served from step 1 on, has this weighted sum: how G is "
            "computed without going through the steps.",
            positive="M r",
            integers="n t",
        ),
    )


OPT_PRICE = Theorem(
    name="opt-price",
    title="Price certificate",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "For any prices y_t >= 0 of a token in step t: OPT is at least the sum over requests "
        "of the least latency plus price of its tokens, less M times the sum of the prices. "
        "The best prices give the bound of the time-indexed linear programme."
    ),
    latex=(
        r"\mathrm{OPT} \ge \sum_i \min_{p \ge a_i} \left[p + o_i - a_i + "
        r"\sum_{j=1}^{o_i} y_{p+j} (s_i + j)\right] - M \sum_t y_t"
    ),
    domain=_ANY,
    source="here (linear programming duality)",
    status=Status.PROVED,
    evidence=(SYMBOLIC,),
    proof="kvproof.bounds.catalogue.opt:price",
)


def price() -> tuple[Step, ...]:
    """Weak duality."""
    return (
        Argument(
            "Take any feasible schedule with starts p_i, of total latency sum (p_i + o_i - a_i). "
            "Add, for each step t, y_t times (tokens held in t - M), at most 0: the total can only "
            "fall. By requests this is the sum over i of p_i + o_i - a_i + sum_j y_(p_i + j) (s_i "
            "+ j), less M sum_t y_t; the cheapest start of each request can only lower it further."
        ),
        Identity(
            "Sum(y*(s + j), (j, 1, o)) == s*o*y + y*o*(o + 1)/2",
            "Under a constant price y a request pays y times its volume.",
            positive="s y",
            integers="o j",
        ),
    )


OPT_CLOSED_PRICES = Theorem(
    name="opt-closed-prices",
    title="Closed-form prices",
    kind=Kind.OPT_AT_LEAST,
    statement=(
        "The price certificate with y_t = (n - G(M t))/M, G(z) the fractional number of "
        "requests that z token-steps complete, smallest volume first. Often better than the "
        "centroid certificate, not always."
    ),
    latex=r"y_t = \frac{n - G(M t)}{M}",
    domain=Domain(traffic=Traffic.BACKLOG, policy="opt"),
    source="here",
    status=Status.PROVED,
    total=_closed_form,
    evidence=EXHAUSTED,
    uses=("opt-price",),
    proof="kvproof.bounds.catalogue.opt:closed_form",
)


def closed_form() -> tuple[Step, ...]:
    """Any non-negative vector is a price vector."""
    return (Argument("0 <= G <= n, so y_t >= 0, and the price certificate holds."),)


BACKLOG_KNOWN = Theorem(
    name="backlog-known",
    title="A backlog of known lengths: the best policy is OPT",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "On a backlog with exact lengths the best policy computes an optimal schedule at time 0 "
        "and runs it (in any time that takes): its ratio is 1 at every eps. What is open on "
        "backlogs is how good the simple policies are."
    ),
    latex=r"\frac{\mathrm{ALG}}{\mathrm{OPT}} = 1",
    domain=Domain(traffic=Traffic.BACKLOG, policy="best"),
    source="folklore",
    status=Status.PROVED,
    constant=lambda cap: Fraction(1),
    proof="kvproof.bounds.catalogue.opt:known",
)


def known() -> tuple[Step, ...]:
    """With everything known at 0 nothing is online."""
    return (
        Argument(
            "The instance is finite and known at time 0: some schedule attains OPT, and a "
            "deterministic policy runs it."
        ),
    )


OPT_THEOREMS = (
    OPT_OUTPUTS,
    OPT_VOLUME,
    OPT_SHAPE,
    OPT_CENTROID,
    OPT_CENTROID_DISCRETE,
    OPT_PRICE,
    OPT_CLOSED_PRICES,
    BACKLOG_KNOWN,
)
