"""Lower bounds on OPT."""

from fractions import Fraction

from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.bounds.theorems.boxes import BOXES
from kvproof.certificates.lower_bounds import centroid_bound, outputs_bound, volume_bound
from kvproof.scheduling.instance import Instance

_ANY = Domain(traffic=Traffic.ARRIVALS, policy="opt")
EXHAUSTED = tuple(Evidence(kind=EvidenceKind.EXHAUSTED, detail=str(box)) for box in BOXES)
SYMBOLIC = Evidence(
    kind=EvidenceKind.SYMBOLIC, detail="every step that is not words is decided exactly by sympy"
)


def _closed_form(instance: Instance) -> Fraction:
    from kvproof.certificates.prices import (  # kernels, loaded on use
        closed_form_prices,
        price_bound,
    )

    return Fraction(price_bound(instance, closed_form_prices(instance)))


OPT_THEOREMS = (
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:outputs",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:volume",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:shape",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:centroid",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:price",
    ),
    Theorem(
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
        proof="kvproof.bounds.proofs.opt:closed_form",
    ),
    Theorem(
        name="backlog-known",
        title="A backlog of known lengths: the best policy is OPT",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "On a backlog with exact lengths everything is known at time 0: the best policy "
            "computes an optimal schedule and runs it (in any time that takes), so its ratio is "
            "1 at every eps. What is open on backlogs is how good the simple policies are."
        ),
        latex=r"\frac{\mathrm{ALG}}{\mathrm{OPT}} = 1",
        domain=Domain(traffic=Traffic.BACKLOG, policy="best"),
        source="folklore",
        status=Status.PROVED,
        constant=lambda cap: Fraction(1),
        proof="kvproof.bounds.proofs.opt:known",
    ),
)
