"""From the chain bound and the centroid certificate to constants."""

from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step

_X = "with x = sum P_k / sum o_k"


def paper() -> tuple[Step, ...]:
    """OPT >= P and OPT >= O alone."""
    return (
        Argument(
            "With P = sum P_k and O = sum o_k the chain bound is SVF <= 2 P/(1 - eps) + O. On a "
            "backlog the volume certificate is OPT >= sum (P_k + v_k/M) >= P, as SVF order lists "
            "the volumes from the smallest; and OPT >= O."
        ),
        Inequality(
            "(2*P/(1 - e) + O)/Q <= 1 + 2/(1 - e)",
            ("0 <= e < 1", "0 < Q", "0 <= P <= Q", "0 <= O <= Q"),
            "With Q for OPT.",
        ),
    )


def ratio() -> tuple[Step, ...]:
    """OPT >= P + O/3 and OPT >= O."""
    return (
        Argument(
            "SVF <= 2 P/(1 - eps) + O. The centroid certificate with the shape term at least "
            f"o/3 gives OPT >= P + O/3, and OPT >= O. So, {_X}, SVF/OPT <= "
            "(2 x/(1 - eps) + 1)/max(x + 1/3, 1)."
        ),
        Inequality(
            "2*x/(1 - e) + 1 <= 1 + 4/(3*(1 - e))",
            ("0 <= e < 1", "0 <= x <= 2/3"),
            "Where x <= 2/3 the denominator is 1.",
        ),
        Inequality(
            "(2*x/(1 - e) + 1)/(x + 1/3) <= 1 + 4/(3*(1 - e))",
            ("0 <= e <= 1/3", "2/3 <= x"),
            "Where x >= 2/3 and eps <= 1/3 the quotient falls from its value at 2/3.",
        ),
        Inequality(
            "(2*x/(1 - e) + 1)/(x + 1/3) <= 2/(1 - e)",
            ("1/3 <= e < 1", "2/3 <= x"),
            "Where eps >= 1/3 it rises to its limit 2/(1 - eps).",
        ),
    )


def prompts() -> tuple[Step, ...]:
    """All prompts at least q times the output."""
    shape = "o - ((o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1)) - 1/2)"
    return (
        Argument(
            "With P = sum P_k and O = sum o_k the chain bound with eta is "
            "SVF <= P/(eta (1 - eps)) + O, and on a backlog the centroid certificate is at least "
            "P plus the sum of the shape terms. For each request, where s >= q o:"
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
        Argument(
            "So SVF/OPT <= (a x + 1)/max(x + g, 1) with x = P/O, as OPT >= O too. Here "
            "1/3 <= g < 1/2. It is at most the larger of 1 + a (1 - g) and a:"
        ),
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
        Inequality(
            "(6*q + 4)*(q + 1)/(3*(2*q + 1)**2) <= (6*r + 4)*(r + 1)/(3*(2*r + 1)**2)",
            ("0 <= r", "r <= q"),
            "a (1 - g)(1 - eps) = (6q + 4)(q + 1)/(3 (2q + 1)^2) falls as q grows, from 4/3 at "
            "q = 0 to 1/2: longer prompts help.",
        ),
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
            "So for every q the members with p large satisfy s >= q o. Members with "
            "e' = L/(C + L) < e have eps <= e once p is large, and their ratio tends to "
            "1/(1 - e') (limits in the order p, then C, then J, as in svf-separators); with "
            "e' -> e the worst ratio is at least 1/(1 - e) at every q. For e >= 1/2 that meets "
            "the limit from above; for e < 1/2 that limit is 1 + 1/(2(1 - e))."
        ),
    )


def instance() -> tuple[Step, ...]:
    """Divide two proved bounds."""
    return (
        Argument(
            "The numerator is proved above SVF's total and the denominator below OPT, each for "
            "this instance."
        ),
    )
