"""Why OPT cannot be smaller: outputs, volume, centroid, prices."""

from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step


def outputs() -> tuple[Step, ...]:
    """No latency is below its output."""
    return (
        Argument(
            "Every request runs to its end, o steps from its start p: its latency is p + o - a."
        ),
        Inequality("p + o - a >= o", ("0 <= a", "1 <= o", "a <= p"), "It starts at p >= a."),
        Argument("Sum over the requests."),
    )


def volume() -> tuple[Step, ...]:
    """Completed requests have been held, at most M token-steps per step."""
    return (
        Argument(
            "Backlog: let the k-th completion be at step c. The k requests that are complete have "
            "been held by then, in steps 1 to c, at most M tokens in each: M c is at least the "
            "sum of their volumes, hence at least the sum of the k smallest. Sum over k."
        ),
        Argument(
            "Arrivals: replace the schedule by the fluid one that gives each request, in each "
            "step, the share of M that it holds. It is a preemptive schedule of one machine in "
            "which request i needs v_i/M of time, and it ends request i no later than C_i. "
            "Serving least remaining need first minimises the sum of completion times on such a "
            "machine (Schrage 1968). Subtract the arrivals."
        ),
        Identity(
            "Sum((n + 1 - k) * v, (k, 1, n)) == n*(n + 1)/2 * v",
            "For n equal volumes the sum of the prefix sums is n (n + 1)/2 v.",
            positive="v",
            integers="n k",
        ),
    )


_SHAPE = "1/2 + o - (o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1))"


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
            "as the schedule holds it, at rate at most M. Their sum is the integral of "
            "t / v_i over the service given, so service with the larger 1/v_i belongs earlier: "
            "serving the smallest original volume that has arrived, preemptively, at rate M "
            "minimises it (Goemans, Queyranne, Schulz, Skutella, Wang 2002)."
        ),
        Identity(
            "Integral(t/(v/M), (t, P, P + v/M)) == P + v/(2*M)",
            "On a backlog a request is served without a break from P_k on: its mean busy time.",
            positive="P v M",
        ),
    )


def shape() -> tuple[Step, ...]:
    """Prove that the shape term lies between o/3 + 1/6 and o/2."""
    return (
        Inequality(f"{_SHAPE} >= o/3 + 1/6", ("1 <= o", "0 <= s"), "Least for s = 0 (a triangle)."),
        Inequality(f"{_SHAPE} <= o/2", ("1 <= o", "0 <= s"), "Largest for s much larger than o."),
    )


def price() -> tuple[Step, ...]:
    """Weak duality."""
    return (
        Argument(
            "Take any feasible schedule with starts p_i. Its total latency is sum (p_i + o_i - "
            "a_i). Add, for each step t, y_t times (tokens held in t - M), which is at most 0 as "
            "y_t >= 0: the total can only fall. Collected by request this is the sum over i of "
            "p_i + o_i - a_i + sum_j y_(p_i + j) (s_i + j), less M sum_t y_t; replacing each "
            "request's start by its cheapest can only lower it further."
        ),
        Identity(
            "Sum(y*(s + j), (j, 1, o)) == s*o*y + y*o*(o + 1)/2",
            "Under a constant price y a request pays y times its volume.",
            positive="s y",
            integers="o j",
        ),
    )


def closed_form() -> tuple[Step, ...]:
    """Any non-negative vector is a price vector."""
    return (
        Argument(
            "G(z) is the fractional number of requests that z token-steps complete, smallest "
            "volume first, so 0 <= G <= n and y_t = (n - G(M t))/M >= 0. The price certificate "
            "then holds for it."
        ),
    )


def known() -> tuple[Step, ...]:
    """With everything known at 0 nothing is online."""
    return (
        Argument(
            "The instance is finite and known at time 0. Some schedule attains OPT; the policy "
            "that runs it is deterministic, and no policy is better than OPT."
        ),
    )
