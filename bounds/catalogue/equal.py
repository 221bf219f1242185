"""Equal volumes: strict SVF is within (2 + 2 eps/9)/(1 - eps) of OPT."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.domain import Domain, Rule, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import Shape


def equal_constant(cap: Fraction) -> Bound | None:
    """Return ``(2 + 2 eps/9)/(1 - eps)``, or None for eps = 1."""
    return None if cap >= 1 else (2 + 2 * cap / 9) / (1 - cap)


def _at(instance: Instance) -> Bound:
    found = equal_constant(instance.eps)
    assert found is not None  # the domain says eps < 1
    return found


SVF_EQUAL_VOLUMES = Theorem(
    name="svf-equal-volumes",
    title="Equal volumes: 2 in the limit",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "On a backlog of requests of one volume strict SVF, ties broken by anybody, is within "
        "(2 + 2 eps/9)/(1 - eps) of OPT: 2 as eps -> 0, and waves show that 2 is the truth there."
    ),
    latex=(
        r"v_1 = \dots = v_n: \quad \mathrm{SVF} \le "
        r"\frac{2 + 2\varepsilon/9}{1 - \varepsilon}\, \mathrm{OPT}"
    ),
    domain=Domain(
        traffic=Traffic.BACKLOG, policy="svf", rule=Rule.STRICT, below=Fraction(1),
        shape=Shape.VOLUMES_EQUAL,
    ),
    source="here",
    status=Status.PROVED,
    ratio=_at,
    evidence=(SYMBOLIC,),
    uses=("block", "svf-backlog", "opt-centroid", "opt-outputs"),
    proof="kvproof.bounds.catalogue.equal:equal_volumes",
)  # fmt: skip


def equal_volumes() -> tuple[Step, ...]:
    """Show, block by block, that what runs pays for its own latency."""
    return (
        Argument(
            "Let v be the volume, m the largest peak, M' = M - m, f_k(x) the share of its volume "
            "that k has held by age x (convex), g_k its integral, G = sum g, O = sum o. By the "
            "centroid's argument LBc = n^2 v/(2M) + G <= OPT, and LB0 = (outputs of a set F1 of f1 "
            "requests) + (g of the others) + (n - f1)^2 v/(2M) <= OPT; with M' in place of M, "
            "LBc' and LB0' are at most OPT/(1 - eps). The chain: 0 = t_0 < ... < t_r = tau, by "
            "which all have started (tau = 0: nothing waits, and SVF is OPT), d_i the block "
            "lengths, n_i started by t_i, N(t) by t; B_i the N_i of them that run in step t_(i+1), "
            "of age a >= d_i, holding h = s + a there, M' <= sum_B h <= M; e_i = min(1, N_i "
            "d_i/M'); C_i those of the n_i that run after t_i and complete before that step."
        ),
        Argument(
            "(1) E1 = 2 LBc' - SVF is the integral over t of N(t) - min(n, M' t/(2v)) - (sum over "
            "running of 1 - 2 f_k). (2) X_i, what B_i holds in the block less M' d_i/2, is at "
            "least (d_i/2)(sum h - M') and (d_i M'/2)(1 - e_i), as one that holds h at the end "
            "holds at least d h - d^2/2 in the block, and h >= d. (3) In block i, v (N(t) - M' "
            "t/(2v)) >= M'(t_(i+1) - t)/2 + sum_B v (1 - f(a)) + sum_C v (1 - f) + X_i + v (N(t) - "
            "n_i). New starts pay for their own 1 - 2 f <= 1, and C for themselves."
        ),
        Identity(
            "(s*(a - 3*d/4) + a**2/2 - 3*a*d/4 + d**2/3) "
            "- (((s + a)*d/4 - d**2/6) + s*(a - d) + (a - d)**2/2) == 0",
            "(4) Each of B leaves at least (d/v) psi, psi = s (a - 3d/4) + a^2/2 - 3 a d/4 + "
            "d^2/3.",
            positive="s a d",
        ),
        Inequality(
            "(s*(a - 3*d/4) + a**2/2 - 3*a*d/4 + d**2/3) >= (s + a)*d/4 - d**2/6",
            ("0 <= s", "0 < d", "d <= a"),
            "So psi >= h d/4 - d^2/6, and with M' <= sum_B h block i contributes at least "
            "beta_i = (d_i^2 M'/v)(1/4 - e_i/6).",
        ),
        Inequality(
            "d*((a - d)/2 + 1/6) >= 0",
            ("0 < d", "d <= a"),
            "What whole steps add is not negative.",
        ),
        Argument(
            "(5) After tau: F are those running at tau, f0_k their share by then, r_k = 1 - f0_k, "
            "rho = sum r_k, x = sum X_i/v, Q = n - M' tau/(2v) >= rho + x. Then E1 >= sum beta + "
            "(v/M') Q^2 - sum_F delta_k, delta_k the integral of 1 - 2 f from the age a0 at tau to "
            "o; and f >= f0 + (1 - f0) y^2, y the share of the rest that has passed, as f is "
            "convex and its growth rises by the same in each step."
        ),
        Identity(
            "Integral(1 - 2*(f + (1 - f)*y**2), (y, 0, 1)) == 1/3 - 4*f/3",
            "So delta <= (o - a0)(1/3 - 4 f0/3) ...",
            positive="f",
        ),
        Inequality(
            "(1 - f)/3 >= 1/3 - 4*f/3",
            ("0 <= f <= 1",),
            "... <= (o/3) r_k.",
        ),
        Argument(
            "(6) Let L0 be the floor of the positive root of L (L + 1) = 2 v. Then o <= L0 <= s + "
            "o. At step t_(i+1) + y those of B_i with h <= L0 - y still run and hold h + y; the "
            "memory summed over y = 0, ..., L0 gives N_i L0 <= 2 M + sum h <= 3 M. So e_i <= "
            "min(1, theta d_i), theta = 3/((1 - eps) L0)."
        ),
        Identity(
            "z**2 - L/3*(z - w) - (-L**2/36 + L/3*w) == (z - L/6)**2",
            "(7) The square of z = rho + x, x' = w its part from the blocks, in units of M'/v: a "
            "square is left.",
            positive="L z w",
        ),
        Inequality(
            "d/12 >= (1 - E)*L/36",
            ("0 <= E < 1", "0 < L", "(1 - E)*L/3 <= d"),
            "Per block d (1/4 - e/6) + (L/6)(1 - e) falls in e; at e = 1, where d >= 1/theta >= "
            "(1 - eps) L/3, it is d/12 ...",
        ),
        Inequality(
            "L/6 >= (1 - E)*L/36",
            ("0 <= E < 1", "0 < L"),
            "... and at e = theta d it is concave in d, with this value at d = 0 and the one "
            "before at d = 1/theta. So (**): sum beta + (v/M')(rho + x)^2 - (L/3) rho >= "
            "(M'/v)(L/36)((1 - eps) tau - L) for 0 < L <= L0.",
        ),
        Identity(
            "L/36*((1 - E)*t - L) + E/36*t**2 == (t - L)*(L + E*t)/36",
            "(8) With L the longest output of F and tau >= L: E1 >= -(M'/v)(eps/36) tau^2, as the "
            "right side here is >= 0.",
            positive="L t E",
        ),
        Argument(
            "(9) If tau < L: F1 = {o >= tau, f0 < 1/4}, F2 = {o < tau}; the others have delta <= "
            "0. E0 = 2 LB0' - SVF >= sum beta + (v/M')(Q - f1)^2 + sum_F1 [2 (o - g) - tau - "
            "delta] - sum_F2 delta. The bracket is o - tau + a0 - 2 (integral of f up to a0) >= a0 "
            "(1 - f0), and a0 >= o f0 by convexity, so it is at least (3/4) tau f0. With phi = "
            "sum_F1 f0 and rho2 = sum_F2 r: if phi <= rho2, then Q - f1 >= rho2 - phi + x >= 0, "
            "and (**) with L = tau at rho2 - phi leaves what the next step decides; otherwise the "
            "bracket alone pays for F2."
        ),
        Inequality(
            "3/4*t*p - t/3*p >= 0",
            ("0 <= t", "0 <= p"),
            "So E0 >= -(M'/v)(eps/36) tau^2 as well.",
        ),
        Inequality(
            "3/4*t*p >= t/3*r",
            ("0 <= t", "0 <= r", "r <= p"),
            "The other case.",
        ),
        Identity(
            "2/(1 - E) + E/36*8/(1 - E) == (2 + 2*E/9)/(1 - E)",
            "(10) Q >= 0 gives n >= M' tau/(2v), so OPT >= n^2 v/(2M) gives (M'/v) tau^2 <= "
            "8 OPT/(1 - eps). Together this is the claim.",
            positive="E",
        ),
    )
