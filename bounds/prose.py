"""The words of ``docs/theory.md`` between the theorems."""

from dataclasses import dataclass

INTRODUCTION = """\
# Theory

What this project claims about schedulers of LLM requests under a KV-cache limit, and what stands
behind each claim. **This page is generated** from the theorem objects in `bounds/` (`make theory`):
text and code cannot disagree. `kvproof theorems show NAME` checks a proof again, `kvproof taxonomy`
lists what is known.

The line under a formula begins with what is bounded: *OPT*, the *total* of a policy, the worst
*ratio* policy / OPT, or the *value* of a quantity. Unless it names a status or a source, the
theorem is from here and proved here. A step with a formula has been decided exactly, unless its
verdict stands beside it (identities by simplification to zero; inequalities by showing that, with
the domain written in parameters >= 0, all coefficients are >= 0; the tests ask an SMT solver as
well). A step without one is argued in words that no machine has read.
*Coq*: the whole argument, words included, is machine-checked ([Proofs](proof.md)). *Simulated*: the
simulator ran the policy, and both schedules were tested for feasibility.

Sources: Kong, Qi, Ye, Zhou, *Geometry-Aware Online Scheduling for LLM Serving* (arXiv 2606.22327;
its proof text was not at hand, so the derivations here are our own); Jaillet et al., *Online
Scheduling for LLM Inference with KV Cache Constraints* (arXiv 2502.07115); Wang, Ye, Zhou, *LLM
Serving Optimization with Variable Prefill and Decode Lengths* (arXiv 2508.06133); Feng, Yang,
Zhang, *Competitive Non-Clairvoyant KV-Cache Scheduling* (arXiv 2601.22996).

## The problem

Time runs in unit steps, one decode iteration each. Request i has an arrival `a_i >= 0`, a prompt
of `s_i >= 0` tokens and an output of `o_i >= 1` tokens, all integers; `M` tokens of memory are
shared, `s_i + o_i <= M`. A schedule gives each request an integer start `p_i >= a_i`; once started
it runs to its end, and in step t (the interval `(t - 1, t]`), `p_i < t <= p_i + o_i`, it holds
`s_i + (t - p_i)` tokens. The running requests hold at most M together in every step. Completion is
`C_i = p_i + o_i`, latency `C_i - a_i`; total latency is to be least, and OPT is that least.

- Volume: `v_i = s_i o_i + o_i (o_i + 1)/2` token-steps.
- `eps = max (s_i + o_i)/M`, the largest share of the memory that one request ever holds; high
  concurrency is `eps -> 0`.
- Backlog: all `a_i = 0`. Load: volume that arrives per step, over M.
- On a backlog, in SVF order: `P_k = (v_1 + ... + v_(k-1))/M`.

## The policies

At each step the waiting requests are sorted by the policy's key, ties by arrival, then index, and
the head is started while it is *admissible*: in every step of its stay the running requests, were
nothing else started, and it fit the memory. *Strict*: stop at the first that does not fit; *skip*
(backfilling): try the next ones. A blocked head is retried at every step: it may fit before
anything completes, as starting later lowers what it holds at every fixed step.

- SVF: smallest volume first. SJF: shortest output first (with the admission test this is MC-SF of
  2502.07115). FCFS: by arrival.
- One-bit SVF: only the bit `o > theta` is known; the key is the volume at the mean output of the
  request's class. Admission uses true lengths unless it is said to reserve.
- Sorted-F (2508.06133) forms batches by the least `sum o / |X|^2`, here exactly among up to 12
  waiting requests, else by a heuristic, which its variant `sorted-f-swap` improves until no request
  added, removed, or swapped for one outside lowers it. `sorted-f-lp` goes by when the time-indexed
  linear programme starts half of a request. GBA and GSA (2601.22996), batch algorithms for
  backlogs, are cited, not built.
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, its words, and the theorems under it."""

    title: str
    text: str
    theorems: tuple[str, ...]


SECTIONS = (
    Section(
        title="OPT from below",
        text="""\
What any schedule must cost. Each is also a certificate that the independent checker evaluates
again; the proved factor of a schedule is its total over the best.
""",
        theorems=(
            "opt-outputs", "opt-volume", "opt-shape", "opt-centroid",
            "opt-centroid-discrete", "opt-tail-centroid", "opt-staggered", "opt-price",
            "opt-closed-prices", "lp-tight", "fleet-pooled", "backlog-known",
        ),
    ),
    Section(
        title="Strict SVF from above: the blocking chain",
        text="""\
While the head is blocked, what runs holds nearly the whole memory, and most of what it holds at
the blocking step it held when the head was tried. Chaining such blocks from step 0 to
the start of request k bounds that start by the volume before it. The chain is a checkable
certificate of every start.
""",
        theorems=(
            "block", "svf-backlog", "svf-backlog-eta", "svf-backlog-integral",
            "svf-backlog-prefix",
        ),
    ),
    Section(
        title="Constants for strict SVF on backlogs",
        text="""\
With `P = sum P_k` and `O = sum o_k` the chain bounds SVF by `2 P/(1 - eps) + O`, and the
certificates bound OPT by `max(P + O/3, O)`.
""",
        theorems=(
            "two-bounds", "svf-ratio-paper", "svf-ratio", "svf-ratio-prompts", "svf-long-prompts",
            "svf-ratio-instance", "svf-equal-volumes",
        ),
    ),
    Section(
        title="Paced SVF",
        text="""\
The policy `svf-paced`: request k, in SVF order, starts no sooner than `floor(c W_k/(M - m))`, W_k
the volume before it. Pacing keeps requests from ending together, which is what waves make strict
SVF pay for. With general prompts no constant c is enough, so there the policy paces by 1 without a
proof, and admission alone keeps it feasible.
""",
        theorems=(
            "pacing-outputs", "pacing-shapes", "pacing-any", "pacing-no-constant",
            "paced-svf-outputs", "paced-svf-shapes", "paced-svf-waves", "pacing-arrivals",
        ),
    ),
    Section(
        title="How bad strict SVF can be",
        text="""\
Waves waste half of the memory when eps is small; separators waste a fat request's share of it when
eps is large. `bounds/families/` generates both. Waves also come by themselves: on a backlog of
random lengths without prompts (`random_waves`) the sorted order makes neighbours end together.

![Proved bounds and best witnesses](pictures/frontier.png)
""",
        theorems=("svf-waves", "svf-separators", "waves-2-plus"),
    ),
    Section(
        title="Policies without a constant",
        text="""\
Skipping, the wrong key, or not knowing lengths each cost every constant at every eps: each family
below fills the memory with something that holds up what should go first.
""",
        theorems=(
            "svf-skip-unbounded", "svf-skip-staggered", "sjf-unbounded", "fcfs-unbounded",
            "one-bit-unbounded", "one-bit-skip-unbounded", "one-bit-any-unbounded",
        ),
    ),
    Section(
        title="Arrivals over time",
        text="""\
When arrivals are arbitrary no deterministic policy that does not know them has a constant, even if
it knows all lengths (at eps = 1; for SVF at every eps), and the chain bound does not apply. The
certificates below OPT do, so a trace still gets a proved factor of its own.
""",
        theorems=(
            "svf-online-prompts", "svf-online-tokens", "online-any-policy", "online-sqrt-claimed",
        ),
    ),
    Section(
        title="Real engines",
        text="""\
What an engine such as vLLM does is no schedule of the model where it preempts requests and computes
them again. These say which bounds hold for its runs; `s` is the user's prompt less one token
([vLLM](vllm.md) says why). `kvproof vllm` measures runs and divides them by such bounds.
""",
        theorems=("engine-any-run", "engine-no-preemption", "engine-steps"),
    ),
    Section(
        title="What one bit is worth",
        text="""\
Outputs are exponential with mean `1/mu`, prompts 0, the threshold is theta, `x = mu theta`,
`p_2 = exp(-x)`, `p_1 = 1 - p_2`, and `O_1`, `O_2` are the class means. The fluid system serves
volume `v = o^2/2` at rate M, packed without loss. All is derived
from integrals over the density (`bounds/queueing/derivation.py`).

`kvproof taxonomy --check` compares these values with runs. The formulas agree with the fluid queue;
on a large backlog FCFS and one-bit SVF come within 3 percent of their fluid values; **strict SVF
does not**: without prompts it runs in waves and pays about twice its fluid value, more than one-bit
SVF; the order blurred by 30 percent comes near it. Under Poisson arrivals hundreds of requests run
at once, and the single-server formulas give the order of the policies, not their waits.

`kvproof experiment poisson` says how far the paper's figures come out, on exponential outputs and
on lengths resampled from a trace. Far into overload, on many requests without prompts
(`--loads 0.9,1.2,2,4,10 --requests 20000`), they do not: the waves cost SVF more than the bit hides
from one-bit SVF.

![Policies under Poisson arrivals](pictures/poisson.png)
""",
        theorems=(
            "one-bit-identity", "one-bit-backlog", "pollaczek-khinchine", "cobham",
            "shortest-job-first", "light-traffic", "light-one-at-a-time",
        ),
    ),
    Section(
        title="What is open",
        text="""\
Over all backlogs with eps at most e, the least constant of strict SVF lies between
`max(2, 1/(1 - e))` and `max(1 + 4/(3(1 - e)), 2/(1 - e))`: [2, 7/3] as e -> 0, [2, 4] at 1/2,
[5, 10] at 0.8. No instance is known above the lower end.

The proof for equal volumes ends at 2 and does not carry over: there each running request pays for
its own latency with volume that it has held. Where volumes differ, one of volume v, running while a
head of volume V waits, counts v/V of that: requests far smaller than the head leave up to
`o^3/(6 v)` each unpaid. The step is lost, not the claim: on 625 random backlogs of two kinds, the
larger of at least twice the volume, eps at most 1/20, strict SVF cost at most 1.926 times the best
bound without search. Paying the rest needs a bound that sees outputs and volume at once, as prices
do; none in closed form was found.
""",
        theorems=("svf-conjecture", "svf-gap-conjecture"),
    ),
    Section(
        title="Claimed elsewhere, not reproduced here",
        text="""\
Upper bounds from papers. The taxonomy marks where a case rests on one of them.
""",
        theorems=("sorted-f-48", "gba", "gsa"),
    ),
)  # fmt: skip
