"""Several replicas behind a router."""

from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.proof.steps import Argument, Inequality, Step
from kvproof.bounds.theorem import Kind, Status, Theorem

FLEET_POOLED = Theorem(
    name="fleet-pooled",
    title="A fleet is no better than its memory pooled",
    kind=Kind.LEMMA,
    statement=(
        "N replicas of memory M serve the requests; each goes to one of them, chosen by anybody, "
        "at any time, knowing anything. The total latency is at least OPT of the same requests "
        "in one memory of N M tokens, hence at least each lower bound on that. Where the routing "
        "is given it is at least the sum of the OPTs of what each replica is sent."
    ),
    latex=(
        r"\sum_r \mathrm{total}_r \ge \sum_r \mathrm{OPT}_M(R_r) \ge "
        r"\mathrm{OPT}_{NM}(R_1 \cup \dots \cup R_N)"
    ),
    domain=Domain(traffic=Traffic.ARRIVALS, policy="opt"),
    source="here",
    status=Status.PROVED,
    proof="kvproof.bounds.catalogue.fleet:pooled",
)


def pooled() -> tuple[Step, ...]:
    """Let the fleet's starts be a schedule in the pooled memory."""
    return (
        Argument(
            "Whatever the routing, in the end each request has a replica and a start on it, no "
            "earlier than its arrival. What a replica does with the requests R_r that it is sent "
            "is a schedule of them in memory M: it costs at least their OPT. Sum over the replicas."
        ),
        Argument(
            "Take optimal schedules of the replicas, and let all requests start in one memory of "
            "N M tokens when they start there: no latency changes, and in each step there is held "
            "what the replicas hold together."
        ),
        Inequality(
            "N*M - N*h >= 0",
            ("0 <= h", "h <= M", "1 <= N"),
            "That is at most N times the most that one of them holds, which is h.",
        ),
        Argument("So it is a schedule, and costs at least OPT of the memory N M."),
    )
