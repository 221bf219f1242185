"""Certificates that are well-formed and prove nothing."""

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import checker_samples
import checker_truth as truth
from checker_samples import certificate
from checker_truth import Tiny
from checker_valid import (
    BACKLOG,
    NO_PRICES,
    OTHER,
    REORDERED,
    SPREAD,
    SVF,
    TRACE,
    Case,
    edited,
    preemptive,
    put,
    ratio_certificate,
    valid,
)  # fmt: skip


def _more(text: str) -> str:
    """Return the least rational text above, with the same denominator."""
    value = Fraction(text)
    return checker_samples.ratio_text(value + Fraction(1, value.denominator))


def rejected() -> Iterator[Case]:
    """Well-formed certificates that prove nothing."""
    good = {name: made for name, made, _ in valid() if isinstance(made, dict)}
    schedule, chain, ratio = good["schedule"], good["chain"], good["ratio-svf"]
    for name, tiny, what in (
        ("another-instance", OTHER, "the digest of another instance: one output differs"),
        ("another-order", REORDERED, "the digest of the same requests in another order"),
    ):
        for source in ("schedule", "centroid", "chain"):
            made = put(good[source], "instance.digest", truth.digest(tiny))
            yield f"{name}-{source}", made, what
    yield "digest-of-memory", put(schedule, "instance.inline.memory", 13), "memory enlarged"
    yield "cost-lower", put(schedule, "claim.total_latency", lambda u: u - 1), "costs 1 more"
    yield "cost-higher", put(schedule, "claim.total_latency", lambda u: u + 1), "costs 1 less"
    yield "cost-huge", put(schedule, "claim.total_latency", 2**64), "overflows 64 bits"
    yield "too-full", put(schedule, "proof.schedule.starts", [0] * 5), "exceeds the memory"
    yield "early", put(good["schedule-trace"], "proof.schedule.starts.4", 0), "before arrival"
    yield (
        "wraps-around",
        put(schedule, "proof.schedule.starts.0", 2**62),
        "a start so late that 64-bit sums of ends overflow",
    )
    for source in ("outputs", "volume", "volume-trace", "centroid", "centroid-trace", "price",
                   "price-trace", "search", "search-trace", "search-followed",
                   "search-followed-all", "branch", "branch-trace",
                   "profiles", "profiles-trace", "profiles-free", "parts", "parts-1",
                   "discrete-centroid", "discrete-centroid-trace", "tail-centroid",
                   "tail-centroid-trace", "staggered", "staggered-trace"):  # fmt: skip
        yield f"more-{source}", put(good[source], "claim.bound", _more), "the least bit too much"
    yield (
        "preemptive-more",
        put(good["preemptive"], "claim.bound", _more),
        "the least bit too much, for runs that preempt",
    )
    rising = {"kind": "price", "denominator": 1, "prices": [[1, 0], [1, 1]]}
    made = put(good["price"], "proof.lower_bound", rising)
    yield "preemptive-rising", preemptive(put(made, "claim.bound", "0/1")), "prices that rise"
    yield (
        "preemptive-search",
        preemptive(good["search"]),
        "a search through schedules says nothing of runs that preempt",
    )
    yield (
        "preemptive-staggered",
        preemptive(good["staggered"]),
        "staggered completions say nothing of runs that preempt",
    )
    for place, value, name, what in (
        ("together", 9, "few", "more requests taken together than are as large"),
        ("peak", 6, "higher", "a group of higher peak, without requests"),
        ("output", 1, "shorter", "a shorter output spreads the completions less"),
    ):
        made = put(good["staggered"], f"proof.lower_bound.{place}", value)
        yield f"staggered-{name}", made, what
    made = put(good["tail-centroid"], "proof.lower_bound.cuts", [3, 0, 0, 1, 0])
    yield "tail-centroid-cuts", made, "with other cuts less is proved"
    yield (
        "volume-as-centroid",
        put(good["centroid"], "proof.lower_bound", {"kind": "volume"}),
        "the centroid's value claimed of the volume bound",
    )
    yield (
        "price-cheaper",
        put(good["price"], "proof.lower_bound.denominator", lambda d: 2 * d),
        ("half of the prices do not prove the bound"),
    )
    yield (
        "price-overflow",
        put(good["price"], "proof.lower_bound.prices.0.1", 2**64 + 1),
        "a price that is 1 in 64 bits",
    )
    yield (
        "price-overflow-sum",
        put(good["price"], "proof.lower_bound.prices.0.0", 2**62),
        "so long a run that the sum of prices overflows 64 bits",
    )
    for name in ("search", "search-trace"):
        yield (
            f"{name}-no-layers",
            put(good[name], "proof.lower_bound.layers", []),
            "states are left where the layers end",
        )
    for place, name, what in (
        ("worth.0", "cheap", "a class that is followed is worth too little for one step"),
        ("denominator", "fine", "in finer units it is worth less, too"),
    ):
        path = f"proof.lower_bound.followed.{place}"
        made = put(good["search-followed-all"], path, lambda old: old // 2 if old > 10 else 2 * old)
        yield f"search-followed-{name}", made, what
    early = put(good["search-followed-all"], "proof.lower_bound.followed.until", [1])
    yield "search-followed-early", early, "a class that is followed for one step is not for more"
    plain = put(good["search-followed-all"], "proof.lower_bound.layers.0.length", 1)
    del plain["proof"]["lower_bound"]["followed"]
    yield "search-not-followed", plain, "without the class that is followed one step is too few"
    low = put(good["profiles"], "proof.lower_bound.target", lambda target: target - 2)
    yield "profiles-low", low, "a target below what is claimed"
    yield (
        "preemptive-profiles",
        preemptive(good["profiles"]),
        "a search by profiles says nothing of runs that preempt",
    )
    yield "preemptive-parts", preemptive(good["parts-1"]), "parts say nothing of runs that preempt"
    cheaper = put(good["parts"], "proof.lower_bound.parts.1.denominator", lambda d: 2 * d)
    yield "parts-cheaper", cheaper, "half of the prices do not prove the bound of a part"
    made = put(good["parts"], "proof.lower_bound.parts.0.layers", [])
    yield "parts-open", made, "a part whose search is left open"
    for name in ("branch", "branch-trace"):
        target = good[name]["proof"]["lower_bound"]["target"]
        for path, value, case, what in (
            ("target", target + 1, "next", "a target above OPT leaves a leaf open"),
            ("tree", [0], "leaf", "no vector closes the root"),
            ("tree", [1, 0, 0, 0, 0, 0], "open", "a split whose children are open"),
            ("vectors", lambda old: [[] for _ in old], "free", "no prices to close the leaves"),
        ):
            made = put(good[name], f"proof.lower_bound.{path}", value)
            if path == "target":
                made = put(made, "claim.bound", f"{value}/1")
            yield f"{name}-{case}", made, what
    yield (
        "optimal-weak",
        put(good["optimal"], "proof.lower_bound", NO_PRICES),
        ("a lower bound that leaves room below the cost"),
    )
    yield (
        "factor-less",
        put(good["within-factor"], "claim.factor", lambda f: _more_down(f)),
        "a factor just below what is proved",
    )
    yield "factor-one", put(good["within-factor"], "claim.factor", "1/1"), "claims optimality"
    yield "chain-empty", put(chain, "proof.blocks", []), "no block covers anything"
    yield (
        "chain-short",
        edited(chain, lambda c: c["proof"]["blocks"].pop()),
        "does not cover the end",
    )
    yield (
        "chain-gap",
        edited(chain, lambda c: c["proof"]["blocks"].pop(0)),
        "does not cover the start",
    )
    yield "chain-hole", put(chain, "proof.blocks.1.0", lambda t: t + 1), "a step is not covered"
    yield "chain-overlap", put(chain, "proof.blocks.1.0", lambda t: t - 1), "blocks overlap"
    yield "chain-backwards", put(chain, "proof.blocks.0.1", 0), "a block of no steps"
    yield (
        "chain-one-leap",
        put(chain, "proof.blocks", [[0, max(chain["proof"]["schedule"]["starts"])]]),
        "one block over everything, beyond the head's run",
    )
    yield (
        "chain-fits",
        put(chain, "proof.blocks.0.1", lambda u: u - 1),
        "the head fits at the step that is said to block it",
    )
    yield (
        "chain-after",
        edited(chain, lambda c: c["proof"]["blocks"].append([c["proof"]["blocks"][-1][1]] * 2)),
        "a block after the last start",
    )
    yield "chain-bound-less", put(chain, "claim.bound", lambda b: b - 1), "bound 1 too low"
    yield "chain-eta-less", put(chain, "claim.eta_bound", lambda b: b - 1), "eta bound 1 too low"
    late = [p + 100 for p in chain["proof"]["schedule"]["starts"]]
    made = put(chain, "proof.schedule.starts", late)
    yield (
        "chain-late",
        put(made, "claim.total_latency", truth.cost(BACKLOG, late)),
        ("a schedule that idles for 100 steps first"),
    )
    unordered = truth.policy_starts(BACKLOG, {"name": "sjf", "rule": "skip"})
    assert unordered is not None
    made = put(chain, "proof.schedule.starts", unordered)
    yield (
        "chain-order",
        put(made, "claim.total_latency", truth.cost(BACKLOG, unordered)),
        ("a schedule that does not start in SVF order"),
    )
    yield "chain-arrivals", _chain_on(TRACE, chain), "no backlog: a theorem does not apply"
    full = Tiny(12, (*BACKLOG.requests[:4], (0, 4, 8)))
    yield "chain-eps-1", _chain_on(full, chain), "eps = 1: a request takes the whole memory"
    yield "ratio-more", put(ratio, "claim.ratio", _more), "a higher ratio than A/B"
    yield "ratio-a-more", put(ratio, "claim.policy_total", lambda a: a + 1), "policy costs less"
    yield "ratio-b-less", put(ratio, "claim.feasible_total", lambda b: b - 1), "costs more"
    yield (
        "ratio-infeasible",
        put(ratio, "proof.witness.starts", [0] * 8),
        "an infeasible schedule as witness",
    )
    made = ratio_certificate(SVF, BACKLOG, checker_samples.best_starts(BACKLOG))
    made["claim"]["policy"] = next(
        policy
        for policy in checker_samples.POLICIES
        if truth.cost(BACKLOG, truth.policy_starts(BACKLOG, policy) or [])
        != made["claim"]["policy_total"]
    )
    yield "ratio-other-policy", made, "another policy than the one that costs this"
    yield (
        "ratio-worse-schedule",
        put(good["ratio-schedule"], "proof.policy_schedule.starts", [*SPREAD[:-1], 600]),
        "the schedule costs more than claimed",
    )
    never = Tiny(6, ((0, 4, 1), (0, 0, 5)))
    policy = {"name": "svf-1bit", "rule": "strict", "theta": "9/1", "admission": "reserve"}
    claim = {"kind": "ratio-at-least", "policy": policy, "policy_total": 6, "feasible_total": 6}
    yield (
        "ratio-never-starts",
        certificate(never, {**claim, "ratio": "1/1"}, {"witness": {"starts": [5, 0]}}),
        "a reservation beyond the memory: the policy has no schedule",
    )


def _more_down(text: str) -> str:
    value = Fraction(text)
    return checker_samples.ratio_text(value - Fraction(1, value.denominator))


def _chain_on(tiny: Tiny, chain: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(chain)
    made["instance"] = {"digest": truth.digest(tiny), "inline": tiny.json()}
    starts = truth.policy_starts(tiny, SVF)
    assert starts is not None
    made["proof"]["schedule"]["starts"] = starts
    made["claim"]["total_latency"] = truth.cost(tiny, starts)
    return made
