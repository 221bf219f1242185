"""What bounds on OPT say about the runs of a real engine, preempting or not."""

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.domain import Domain, Traffic
from kvproof.bounds.proof.steps import Argument, Identity, Inequality, Step
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem

_ANY = Domain(traffic=Traffic.ARRIVALS, policy="opt")
_RUNS = Evidence(
    kind=EvidenceKind.SIMULATED,
    detail="runs of vLLM's own scheduler, with the premises asserted step by step "
    "(tests/serving/vllm/test_drive.py)",
)


ENGINE_ANY_RUN = Theorem(
    name="engine-any-run",
    title="Engine runs: volume, centroids, outputs and prices that never rise",
    kind=Kind.LEMMA,
    statement=(
        "Let an engine give each request its o tokens in distinct steps a < t_1 < ... < t_o, hold "
        "at least s + j tokens for it in step t_j, and at most M for all in each step. Whatever "
        "else it does (prompts in pieces, preemption, computing again), its total latency sum (t_o "
        "- a) is at least the outputs, volume, both centroid and tail centroid bounds, and the "
        "price bound of any prices that never rise; with prices that rise this is false."
    ),
    latex=(
        r"\sum_i (t_{i,o_i} - a_i) \ge \max\left(\textstyle\sum o_i,\ \mathrm{volume},\ "
        r"\mathrm{centroid},\ \mathrm{price}(y) : y_1 \ge y_2 \ge \dots\right)"
    ),
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC, _RUNS),
    uses=("opt-volume", "opt-centroid", "opt-centroid-discrete", "opt-tail-centroid", "opt-price"),
    proof="kvproof.bounds.catalogue.engine:any_run",
)


_VOLUME = "(s*o + o*(o + 1)/2)"


def any_run() -> tuple[Step, ...]:
    """Count, of what is held, the tokens of the steps that give a token."""
    return (
        Argument(
            "Count for each request, in step t_j, s + j of the tokens that it holds there, and "
            "nothing in other steps. What is counted stays within M in each step, lies after the "
            "arrival and by the completion C = t_o, and adds up to the volume v."
        ),
        Argument(
            "Volume: that is a fluid schedule which serves v_i at rate at most M and ends by C_i; "
            "the proof of opt-volume uses nothing else. Outputs: the steps are distinct and after "
            "a, so C - a >= o."
        ),
        Argument(
            "As they are distinct, t_j <= C - (o - j). So the mean of t_j - 1/2, weighted by s + "
            "j, lies at least sum_j (o - j + 1/2)(s + j)/v before C; for consecutive steps this "
            "is an equality."
        ),
        Identity(
            f"Sum((o - j + 1/2)*(s + j), (j, 1, o))/{_VOLUME} == "
            "1/2 + o - (o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1))",
            "That distance is the shape term of opt-centroid; the rest of its proof, and that of "
            "opt-centroid-discrete, is about what is served in each step alone.",
            positive="s",
            integers="o j",
        ),
        Argument(
            "Tail centroid: of the tokens after the first c < o the same holds. Their steps come "
            "after a + c, and t_j <= C - (o - j); the proof of opt-tail-centroid uses nothing else."
        ),
        Argument(
            "Prices that never rise: y(t_j) >= y(C - o + j), so the tokens counted cost at least "
            "what those of a start at p = C - o >= a would, at the same latency. Summed over the "
            "requests, less M sum y, which is at least what all counted tokens cost, this is the "
            "price bound."
        ),
    )


ENGINE_NO_PREEMPTION = Theorem(
    name="engine-no-preemption",
    title="Engine runs without preemption are schedules",
    kind=Kind.LEMMA,
    statement=(
        "If in such a run the tokens of each request come in consecutive steps, the starts "
        "t_o - o are a feasible schedule of the same total latency: every bound on OPT holds."
    ),
    latex=r"\sum_i (t_{i,o_i} - a_i) \ge \mathrm{OPT}",
    domain=_ANY,
    source="here",
    status=Status.PROVED,
    evidence=(SYMBOLIC, _RUNS),
    proof="kvproof.bounds.catalogue.engine:no_preemption",
)


def no_preemption() -> tuple[Step, ...]:
    """Consecutive tokens are a start."""
    return (
        Argument(
            "With t_j = p + j, p = C - o, the request holds at least s + j tokens in step p + j, "
            "as the model has it; in each step the sum is at most M. And p >= a, for t_1 > a."
        ),
        Inequality(
            "p + o - a >= o", ("0 <= a", "1 <= o", "a <= p"), "No latency is below the output."
        ),
    )


ENGINE_STEPS = Theorem(
    name="engine-steps",
    title="Engine runs: seats, compute and own length",
    kind=Kind.LEMMA,
    statement=(
        "If at most m requests get a token in a step, and at most B tokens are computed in a step, "
        "each of the s + o of a request at least once before its last output token, s + 1 of them "
        "before its first: the total latency is at least that of one machine that serves outputs o "
        "at rate m, least remaining first; of one that serves s + o at rate B; and sum (ceil((s + "
        "1)/B) + o - 1)."
    ),
    latex=(
        r"\sum_i (t_{i,o_i} - a_i) \ge \sum_i \left(\left\lceil \tfrac{s_i + 1}{B} "
        r"\right\rceil + o_i - 1\right)"
    ),
    domain=_ANY,
    source="here; least remaining first: Schrage 1968",
    status=Status.PROVED,
    evidence=(SYMBOLIC, _RUNS),
    proof="kvproof.bounds.catalogue.engine:steps",
)


def steps() -> tuple[Step, ...]:
    """Bound how soon work is done by what a step can do."""
    return (
        Argument(
            "Seats: give each request, in each of its steps, the share 1/m of a machine: it is a "
            "preemptive schedule of works o_i/m that ends request i by C_i, and least remaining "
            "work first minimises the sum of completions (Schrage 1968)."
        ),
        Argument(
            "Compute: the same with the tokens that are computed for the first time, s + o of them "
            "by C_i and at most B in a step."
        ),
        Argument(
            "Own length: the s + 1 tokens before the first output token take at least "
            "ceil((s + 1)/B) steps, the last of which gives it; o - 1 distinct steps follow."
        ),
        Inequality(
            "k + o - 1 >= o", ("1 <= k", "1 <= o"), "So this is never below the sum of outputs."
        ),
    )


ENGINE_THEOREMS = (ENGINE_ANY_RUN, ENGINE_NO_PREEMPTION, ENGINE_STEPS)
