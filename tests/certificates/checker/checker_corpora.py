"""The corpora of certificates: this writes them, ``test_corpora.py`` checks them.

``python tests/certificates/checker/checker_corpora.py`` writes ``valid/``, ``rejected/`` and
``malformed/`` beside this folder anew, each with an ``INDEX.md`` of one line for each file.
"""

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import checker_samples
import checker_truth as truth
from checker_branch import branch_bound, in_version_1
from checker_samples import certificate
from checker_search import search_bound
from checker_truth import Tiny

FOLDER = Path(__file__).parent.parent
# Two equal requests beside each other, so that counts have something to count.
BACKLOG = Tiny(12, ((0, 3, 4), (0, 0, 6), (0, 0, 6), (0, 5, 2), (0, 1, 8)))
TRACE = Tiny(12, ((0, 3, 4), (1, 0, 6), (1, 0, 6), (4, 5, 2), (9, 1, 8)))
OTHER = Tiny(12, ((0, 3, 4), (0, 0, 6), (0, 0, 6), (0, 5, 2), (0, 1, 7)))
REORDERED = Tiny(12, ((0, 0, 6), (0, 0, 6), (0, 3, 4), (0, 5, 2), (0, 1, 8)))
# svf-waves: strict SVF starts two requests every five steps, one every two steps is better.
WITNESS = Tiny(10, ((0, 0, 5),) * 8)
LATER = Tiny(10, (*((0, 0, 5),) * 5, *((1, 0, 5),) * 3))
SPREAD = list(range(0, 16, 2))

_NO_PRICES = {"kind": "price", "denominator": 1, "prices": []}

Case = tuple[str, dict[str, Any] | bytes, str]


def _of(kind: str, tiny: Tiny, nth: int = 0) -> dict[str, Any]:
    made = [
        c for c in checker_samples.samples(tiny, random.Random(2)) if c["claim"]["kind"] == kind
    ]
    return made[nth]


def _bound(tiny: Tiny, lower_bound: dict[str, Any], value: Fraction) -> dict[str, Any]:
    claim = {"kind": "opt-lower-bound", "bound": checker_samples.ratio_text(value)}
    return certificate(tiny, claim, {"lower_bound": lower_bound})


def _price(tiny: Tiny) -> dict[str, Any]:
    denominator, runs = checker_samples.closed_form_prices(tiny)
    steps = [Fraction(y, denominator) for length, y in runs for _ in range(length)]
    bound = {"kind": "price", "denominator": denominator, "prices": runs}
    return _bound(tiny, bound, truth.price_bound(tiny, steps))


def _preemptive(made: dict[str, Any]) -> dict[str, Any]:
    """Claim of runs that preempt what is claimed of schedules."""
    return _put(made, "claim.kind", "preemptive-lower-bound")


def _ratio(policy: dict[str, Any] | None, tiny: Tiny, witness: list[int]) -> dict[str, Any]:
    own = truth.policy_starts(tiny, policy or {"name": "fcfs", "rule": "skip"})
    assert own is not None
    a, b = truth.cost(tiny, own), truth.cost(tiny, witness)
    assert a is not None
    assert b is not None
    claim = {"kind": "ratio-at-least", "policy": policy, "policy_total": a, "feasible_total": b}
    claim["ratio"] = checker_samples.ratio_text(Fraction(a, b))
    proof: dict[str, Any] = {"witness": {"starts": witness}}
    if policy is None:
        proof["policy_schedule"] = {"starts": own}
    return certificate(tiny, claim, proof)


def _centroid(tiny: Tiny) -> Fraction:
    return truth.tail_centroid_bound(tiny, [0] * len(tiny.requests))


def _version_1(tiny: Tiny, kind: str, value: Fraction) -> dict[str, Any]:
    """Claim by a kind that version 2 does not have."""
    return {**_bound(tiny, {"kind": kind}, value), "version": 1}


@cache
def _optimal() -> dict[str, Any]:
    """Find an instance whose optimum prices prove, and outputs and centroid do not."""
    rng = random.Random(0)
    while True:
        for made in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            kind = made["proof"].get("lower_bound", {}).get("kind")
            if made["claim"]["kind"] == "optimal" and kind == "price" and len(_prices_of(made)) > 2:
                tiny = Tiny.of(made["instance"]["inline"])
                others = (_centroid(tiny), sum(r[2] for r in tiny.requests))
                if max(others) <= made["claim"]["total_latency"] - 1:
                    return made


def _prices_of(made: dict[str, Any]) -> list[list[int]]:
    found: list[list[int]] = made["proof"]["lower_bound"].get("prices", [])
    return found


def _search(tiny: Tiny) -> dict[str, Any]:
    """Find a tight search proof with more than one vector."""
    rng, (denominator, runs) = random.Random(0), checker_samples.closed_form_prices(tiny)
    opt = truth.opt(tiny)
    while True:
        proof, value = search_bound(tiny, runs, denominator, opt, rng)
        if value == opt < proof["target"] and len(proof["vectors"]) > 1:
            return _bound(tiny, proof, Fraction(value))


@cache
def _branch(tiny: Tiny) -> dict[str, Any]:
    """Find a tight branch proof with more than one split and several vectors."""
    rng, (denominator, runs) = random.Random(0), checker_samples.closed_form_prices(tiny)
    opt = truth.opt(tiny)
    while True:
        proof, value = branch_bound(tiny, runs, denominator, rng, 600)
        if value == opt and len(proof["vectors"]) > 2 and len(proof["tree"]) > 30:
            return _bound(tiny, proof, Fraction(value))


def whole_steps(tiny: Tiny) -> Iterator[tuple[str, dict[str, Any], Fraction]]:
    """Bounds from what whole steps can serve."""
    cuts = [1, 2, 2, 0, 3]
    yield "discrete-centroid", {"kind": "discrete-centroid"}, _centroid(tiny)
    tail = {"kind": "tail-centroid", "cuts": cuts}
    yield "tail-centroid", tail, truth.tail_centroid_bound(tiny, cuts)


def _staggered(tiny: Tiny) -> dict[str, Any]:
    group = {"peak": 5, "output": 5, "together": 4}
    value = truth.staggered_bound(tiny, **group)
    assert value is not None
    assert value > sum(o for _, _, o in tiny.requests)
    return _bound(tiny, {"kind": "staggered", **group}, value)


def _counted_cuts() -> dict[str, Any]:
    bound = {"kind": "tail-centroid", "cuts": [1, 3, 0, 7], "count": [1, 2, 1, 1]}
    return _bound(BACKLOG, bound, truth.tail_centroid_bound(BACKLOG, [1, 3, 3, 0, 7]))


SVF = {"name": "svf", "rule": "strict"}
ONE_BIT = {"name": "svf-1bit", "rule": "skip", "theta": "9/2", "admission": "reserve"}


def valid() -> Iterator[Case]:
    """Certificates that are verified."""
    chain = checker_samples.chain_certificate(BACKLOG)
    assert chain is not None
    plain_chain = copy.deepcopy(chain)
    del plain_chain["claim"]["eta_bound"]
    volume = truth.volume_bound
    yield "schedule", _of("schedule", BACKLOG), "a feasible schedule and its cost"
    yield "schedule-trace", _of("schedule", TRACE), "the same with arrivals"
    outputs = Fraction(sum(r[2] for r in BACKLOG.requests))
    yield "outputs", _version_1(BACKLOG, "outputs", outputs), "version 1: OPT >= sum of outputs"
    for name, tiny in (("", BACKLOG), ("-trace", TRACE)):
        yield f"volume{name}", _bound(tiny, {"kind": "volume"}, volume(tiny)), "volume bound, tight"
        yield (
            f"centroid{name}",
            _version_1(tiny, "centroid", _centroid(tiny)),
            "version 1: its centroid is the discrete one now",
        )
        yield f"price{name}", _price(tiny), "closed-form prices, tight"
    yield "price-none", _bound(TRACE, {"kind": "price", "denominator": 1, "prices": []},
                               Fraction(26)), "no prices: the sum of outputs"  # fmt: skip
    for name, tiny, equal in (("", BACKLOG, WITNESS), ("-trace", TRACE, LATER)):
        for kind, bound, value in whole_steps(tiny):
            yield f"{kind}{name}", _bound(tiny, bound, value), f"{kind} bound, tight"
        yield f"staggered{name}", _staggered(equal), "staggered completions, tight"
    yield "tail-centroid-count", _counted_cuts(), "the same cut for neighbours, counted"
    discrete = _bound(TRACE, {"kind": "discrete-centroid"}, _centroid(TRACE))
    yield "bound-below", _put(discrete, "claim.bound", "1/7"), "claims less"
    yield (
        "preemptive",
        _preemptive(discrete),
        ("the centroid bound for runs that preempt"),
    )
    yield "preemptive-price", _preemptive(_price(BACKLOG)), "prices that never rise, for them"
    yield "within-factor", _of("within-factor", TRACE, 2), "a factor from the centroid bound"
    yield "optimal", _optimal(), "an optimum, proved by prices"
    for name, tiny in (("", BACKLOG), ("-trace", TRACE)):
        yield f"search{name}", _search(tiny), "an exact search with random multipliers"
        yield f"branch{name}", _branch(tiny), "a tree of random splits and prices, tight"
        yield f"branch-1{name}", in_version_1(_branch(tiny)), "version 1: the same tree"
    yield "chain", chain, "a blocking chain, with the eta bound"
    yield "chain-plain", plain_chain, "a blocking chain, without the eta bound"
    yield "ratio-svf", _ratio(SVF, WITNESS, SPREAD), "strict SVF against a better schedule"
    yield (
        "ratio-1bit",
        _ratio(ONE_BIT, BACKLOG, checker_samples.best_starts(BACKLOG)),
        ("1-bit SVF with reservations"),
    )
    yield "ratio-schedule", _ratio(None, WITNESS, SPREAD), "a schedule of no named policy"
    edge = Tiny(2**31 - 1, ((2**48, 2**31 - 2, 1), (2**48, 0, 1)))
    made = certificate(
        edge,
        {"kind": "schedule", "total_latency": 3},
        {"schedule": {"starts": [2**48, 2**48 + 1]}},
    )
    yield "edge-of-ranges", made, "the largest memory, prompt and arrival"


def _edit(base: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    made = copy.deepcopy(base)
    change(made)
    return made


def _put(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set one field, to a value or to a function of the old one."""
    parent_path, _, last = path.rpartition(".")
    made = copy.deepcopy(base)
    parent: Any = made
    for key in parent_path.split(".") if parent_path else []:
        parent = parent[int(key) if key.isdigit() else key]
    place: Any = int(last) if last.isdigit() else last
    parent[place] = value(parent[place]) if callable(value) else value
    return made


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
            made = _put(good[source], "instance.digest", truth.digest(tiny))
            yield f"{name}-{source}", made, what
    yield "digest-of-memory", _put(schedule, "instance.inline.memory", 13), "memory enlarged"
    yield "cost-lower", _put(schedule, "claim.total_latency", lambda u: u - 1), "costs 1 more"
    yield "cost-higher", _put(schedule, "claim.total_latency", lambda u: u + 1), "costs 1 less"
    yield "cost-huge", _put(schedule, "claim.total_latency", 2**64), "overflows 64 bits"
    yield "too-full", _put(schedule, "proof.schedule.starts", [0] * 5), "exceeds the memory"
    yield "early", _put(good["schedule-trace"], "proof.schedule.starts.4", 0), "before arrival"
    yield (
        "wraps-around",
        _put(schedule, "proof.schedule.starts.0", 2**62),
        "a start so late that 64-bit sums of ends overflow",
    )
    for source in ("outputs", "volume", "volume-trace", "centroid", "centroid-trace", "price",
                   "price-trace", "search", "search-trace", "branch", "branch-trace",
                   "discrete-centroid", "discrete-centroid-trace", "tail-centroid",
                   "tail-centroid-trace", "staggered", "staggered-trace"):  # fmt: skip
        yield f"more-{source}", _put(good[source], "claim.bound", _more), "the least bit too much"
    yield (
        "preemptive-more",
        _put(good["preemptive"], "claim.bound", _more),
        "the least bit too much, for runs that preempt",
    )
    rising = {"kind": "price", "denominator": 1, "prices": [[1, 0], [1, 1]]}
    made = _put(good["price"], "proof.lower_bound", rising)
    yield "preemptive-rising", _preemptive(_put(made, "claim.bound", "0/1")), "prices that rise"
    yield (
        "preemptive-search",
        _preemptive(good["search"]),
        "a search through schedules says nothing of runs that preempt",
    )
    yield (
        "preemptive-staggered",
        _preemptive(good["staggered"]),
        "staggered completions say nothing of runs that preempt",
    )
    for place, value, name, what in (
        ("together", 9, "few", "more requests taken together than are as large"),
        ("peak", 6, "higher", "a group of higher peak, without requests"),
        ("output", 1, "shorter", "a shorter output spreads the completions less"),
    ):
        made = _put(good["staggered"], f"proof.lower_bound.{place}", value)
        yield f"staggered-{name}", made, what
    made = _put(good["tail-centroid"], "proof.lower_bound.cuts", [3, 0, 0, 1, 0])
    yield "tail-centroid-cuts", made, "with other cuts less is proved"
    yield (
        "volume-as-centroid",
        _put(good["centroid"], "proof.lower_bound", {"kind": "volume"}),
        "the centroid's value claimed of the volume bound",
    )
    yield (
        "price-cheaper",
        _put(good["price"], "proof.lower_bound.denominator", lambda d: 2 * d),
        ("half of the prices do not prove the bound"),
    )
    yield (
        "price-overflow",
        _put(good["price"], "proof.lower_bound.prices.0.1", 2**64 + 1),
        "a price that is 1 in 64 bits",
    )
    yield (
        "price-overflow-sum",
        _put(good["price"], "proof.lower_bound.prices.0.0", 2**62),
        "so long a run that the sum of prices overflows 64 bits",
    )
    for name in ("search", "search-trace"):
        yield (
            f"{name}-no-layers",
            _put(good[name], "proof.lower_bound.layers", []),
            "states are left where the layers end",
        )
    for name in ("branch", "branch-trace"):
        target = good[name]["proof"]["lower_bound"]["target"]
        for path, value, case, what in (
            ("target", target + 1, "next", "a target above OPT leaves a leaf open"),
            ("tree", [0], "leaf", "no vector closes the root"),
            ("tree", [1, 0, 0, 0, 0, 0], "open", "a split whose children are open"),
            ("vectors", lambda old: [[] for _ in old], "free", "no prices to close the leaves"),
        ):
            made = _put(good[name], f"proof.lower_bound.{path}", value)
            if path == "target":
                made = _put(made, "claim.bound", f"{value}/1")
            yield f"{name}-{case}", made, what
    yield (
        "optimal-weak",
        _put(good["optimal"], "proof.lower_bound", _NO_PRICES),
        ("a lower bound that leaves room below the cost"),
    )
    yield (
        "factor-less",
        _put(good["within-factor"], "claim.factor", lambda f: _more_down(f)),
        "a factor just below what is proved",
    )
    yield "factor-one", _put(good["within-factor"], "claim.factor", "1/1"), "claims optimality"
    yield "chain-empty", _put(chain, "proof.blocks", []), "no block covers anything"
    yield (
        "chain-short",
        _edit(chain, lambda c: c["proof"]["blocks"].pop()),
        "does not cover the end",
    )
    yield (
        "chain-gap",
        _edit(chain, lambda c: c["proof"]["blocks"].pop(0)),
        "does not cover the start",
    )
    yield "chain-hole", _put(chain, "proof.blocks.1.0", lambda t: t + 1), "a step is not covered"
    yield "chain-overlap", _put(chain, "proof.blocks.1.0", lambda t: t - 1), "blocks overlap"
    yield "chain-backwards", _put(chain, "proof.blocks.0.1", 0), "a block of no steps"
    yield (
        "chain-one-leap",
        _put(chain, "proof.blocks", [[0, max(chain["proof"]["schedule"]["starts"])]]),
        "one block over everything, beyond the head's run",
    )
    yield (
        "chain-fits",
        _put(chain, "proof.blocks.0.1", lambda u: u - 1),
        "the head fits at the step that is said to block it",
    )
    yield (
        "chain-after",
        _edit(chain, lambda c: c["proof"]["blocks"].append([c["proof"]["blocks"][-1][1]] * 2)),
        "a block after the last start",
    )
    yield "chain-bound-less", _put(chain, "claim.bound", lambda b: b - 1), "bound 1 too low"
    yield "chain-eta-less", _put(chain, "claim.eta_bound", lambda b: b - 1), "eta bound 1 too low"
    late = [p + 100 for p in chain["proof"]["schedule"]["starts"]]
    made = _put(chain, "proof.schedule.starts", late)
    yield (
        "chain-late",
        _put(made, "claim.total_latency", truth.cost(BACKLOG, late)),
        ("a schedule that idles for 100 steps first"),
    )
    unordered = truth.policy_starts(BACKLOG, {"name": "sjf", "rule": "skip"})
    assert unordered is not None
    made = _put(chain, "proof.schedule.starts", unordered)
    yield (
        "chain-order",
        _put(made, "claim.total_latency", truth.cost(BACKLOG, unordered)),
        ("a schedule that does not start in SVF order"),
    )
    yield "chain-arrivals", _chain_on(TRACE, chain), "no backlog: a theorem does not apply"
    full = Tiny(12, (*BACKLOG.requests[:4], (0, 4, 8)))
    yield "chain-eps-1", _chain_on(full, chain), "eps = 1: a request takes the whole memory"
    yield "ratio-more", _put(ratio, "claim.ratio", _more), "a higher ratio than A/B"
    yield "ratio-a-more", _put(ratio, "claim.policy_total", lambda a: a + 1), "policy costs less"
    yield "ratio-b-less", _put(ratio, "claim.feasible_total", lambda b: b - 1), "costs more"
    yield (
        "ratio-infeasible",
        _put(ratio, "proof.witness.starts", [0] * 8),
        "an infeasible schedule as witness",
    )
    made = _ratio(SVF, BACKLOG, checker_samples.best_starts(BACKLOG))
    made["claim"]["policy"] = next(
        policy
        for policy in checker_samples.POLICIES
        if truth.cost(BACKLOG, truth.policy_starts(BACKLOG, policy) or [])
        != made["claim"]["policy_total"]
    )
    yield "ratio-other-policy", made, "another policy than the one that costs this"
    yield (
        "ratio-worse-schedule",
        _put(good["ratio-schedule"], "proof.policy_schedule.starts", [*SPREAD[:-1], 600]),
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


def malformed() -> Iterator[Case]:
    """Files that are not certificates of the format."""
    good = {name: made for name, made, _ in valid() if isinstance(made, dict)}
    schedule, price, chain = good["schedule"], good["price"], good["chain"]
    text = json.dumps(schedule)
    zipped = gzip.compress(text.encode(), mtime=0)
    yield "empty", b"", "no bytes"
    yield "text", b"a certificate\n", "not JSON"
    yield "list", b"[]\n", "not an object"
    yield "truncated", text[: len(text) // 2].encode(), "cut off"
    yield "trailing", (text + "{}").encode(), "data after the JSON value"
    yield "trailing-nul", (text + "\0").encode(), "a NUL after the JSON value"
    yield "gzip-truncated", zipped[: len(zipped) // 2], "gzip, cut off"
    yield "gzip-no-trailer", zipped[:-8], "gzip without its checksum"
    yield "gzip-checksum", zipped[:-8] + bytes(8), "gzip with a wrong checksum"
    yield "gzip-trailing", zipped + b"\n", "data after the gzip member"
    yield "gzip-twice", gzip.compress(zipped, mtime=0), "gzip within gzip"
    yield "gzip-members", zipped + zipped, "two gzip members"
    yield "utf-16", text.encode("utf-16"), "not ASCII"
    yield "utf-8-bom", b"\xef\xbb\xbf" + text.encode(), "a byte order mark"
    yield (
        "utf-8-invalid",
        text.replace("schedule", "sch\udcffdule", 1).encode("utf-8", "surrogateescape"),
        "invalid UTF-8",
    )
    yield "escape", text.replace('"claim"', '"cl\\u0061im"').encode(), "a key with an escape"
    twice = text.replace('"total_latency"', '"total_latency": 1, "total_latency"')
    yield "duplicated-key", twice.encode(), "two totals: which one is claimed?"
    twice = text.replace(
        '"claim": {', '"claim": {"kind": "schedule", "total_latency": 1}, "claim": {'
    )
    yield "duplicated-claim", twice.encode(), "two claims"
    total = f'"total_latency": {schedule["claim"]["total_latency"]}'
    for name, number in (
        ("nan", "NaN"), ("infinity", "Infinity"), ("minus-infinity", "-Infinity"),
        ("1e400", "1e400"), ("float", "1.0"), ("exponent", "1E1"), ("minus-zero", "-0"),
        ("leading-zero", "007"),
    ):  # fmt: skip
        made = text.replace(total, f'"total_latency": {number}')
        yield f"number-{name}", made.encode(), f"the number {number}"
    for name, path, value, what in (
        ("format", "format", "kvproof-instance", "another format"),
        ("version", "version", 3, "a version of the future"),
        ("version-zero", "version", 0, "a version before the first"),
        ("version-true", "version", True, "a boolean as version"),
        ("version-text", "version", "1", "a string as version"),
        ("total-true", "claim.total_latency", True, "a boolean as total"),
        ("total-text", "claim.total_latency", "5", "a string as total"),
        ("total-negative", "claim.total_latency", -5, "a negative total"),
        ("total-null", "claim.total_latency", None, "no total"),
        ("kind", "claim.kind", "opt-upper-bound", "an unknown kind of claim"),
        ("kind-list", "claim.kind", ["schedule"], "a kind that is no string"),
        ("claim-list", "claim", ["schedule", 5], "a claim that is no object"),
        ("claim-empty", "claim", {}, "a claim without a kind"),
        ("proof-null", "proof", None, "no proof"),
        ("proof-starts", "proof", {"starts": [0]}, "a proof without its object"),
        ("digest-short", "instance.digest", "b0129e", "not 64 digits"),
        ("digest-upper", "instance.digest", str.upper, "upper-case digits"),
        ("instance-both", "instance.file", "x.json", "inline and file at once"),
        ("starts-few", "proof.schedule.starts", [0, 0], "too few starts"),
        ("starts-many", "proof.schedule.starts", [0] * 6, "too many starts"),
        ("starts-negative", "proof.schedule.starts.0", -1, "a negative start"),
        ("starts-true", "proof.schedule.starts.0", False, "a boolean as start"),
        ("starts-range", "proof.schedule.starts.0", 2**62 + 1, "a start beyond 2^62"),
        ("starts-nested", "proof.schedule.starts.0", [0], "an array as start"),
        ("starts-count", "proof.schedule.count", [1] * 4 + [2], "counts beyond the instance"),
        ("starts-count-huge", "proof.schedule.count", [2**62] * 5, "huge counts"),
        ("memory-zero", "instance.inline.memory", 0, "no memory"),
        ("memory-range", "instance.inline.memory", 2**31, "memory beyond 2^31 - 1"),
        ("arrival-negative", "instance.inline.arrival.0", -1, "a negative arrival"),
        ("arrival-range", "instance.inline.arrival.0", 10**18, "an arrival at 10^18"),
        ("output-zero", "instance.inline.output.0", 0, "no output"),
        ("request-too-large", "instance.inline.output.0", 10, "a request beyond the memory"),
        ("columns", "instance.inline.output", [4], "columns of unequal length"),
        ("count-zero", "instance.inline.count", [1, 1, 1, 1, 0], "a count of 0"),
        ("instance-extra", "instance.inline.name", "mine", "an unknown field in the instance"),
        ("extra", "comment", "trust me", "an unknown field"),
        ("claim-extra", "claim.optimal", 1, "an unknown field in the claim"),
        ("proof-extra", "proof.lower_bound", {"kind": "outputs"}, "a proof with more than asked"),
    ):  # fmt: skip
        yield name, _put(schedule, path, value), what
    for name, path, value, what in (
        ("price-negative", "proof.lower_bound.prices.0.1", -1, "a negative price"),
        ("price-length-zero", "proof.lower_bound.prices.0.0", 0, "a run of no steps"),
        ("price-length-negative", "proof.lower_bound.prices.0.0", -3, "a negative run"),
        ("price-length-range", "proof.lower_bound.prices.0.0", 2**62 + 1, "a run beyond 2^62"),
        ("price-true", "proof.lower_bound.prices.0.1", True, "a boolean as price"),
        ("price-triple", "proof.lower_bound.prices.0", [1, 2, 3], "a run of three numbers"),
        ("price-flat", "proof.lower_bound.prices", [1, 2], "runs that are no pairs"),
        ("denominator-zero", "proof.lower_bound.denominator", 0, "a denominator of 0"),
        ("denominator-negative", "proof.lower_bound.denominator", -6, "a negative denominator"),
        ("bound-integer", "claim.bound", 5, "an integer as rational"),
        ("bound-not-reduced", "claim.bound", "6/4", "not in lowest terms"),
        ("bound-negative", "claim.bound", "-1/2", "a negative rational"),
        ("bound-over-zero", "claim.bound", "1/0", "a denominator of 0"),
        ("bound-decimal", "claim.bound", "1.5", "a decimal"),
        ("bound-kind", "proof.lower_bound.kind", "lp", "an unknown kind of lower bound"),
        ("bound-kind-none", "proof.lower_bound", {"prices": []}, "a lower bound without kind"),
    ):  # fmt: skip
        yield name, _put(price, path, value), what
    for name, path, value, what in (
        ("search-target-zero", "target", 0, "a target of 0"),
        ("search-scale-zero", "scale", 0, "a scale of 0"),
        ("search-no-vectors", "vectors", [], "no vector 0"),
        ("search-late", "vectors.0.since", 1, "a vector 0 that begins later"),
        ("search-short", "vectors.0.start", [], "too few multipliers"),
        ("search-long", "vectors.0.end", lambda old: [*old, 0], "too many multipliers"),
        ("search-unit-zero", "vectors.0.unit", 0, "a unit of 0"),
        ("search-code-negative", "vectors.0.start.0", -1, "a negative code"),
        ("search-place", "layers.0.vectors", [99], "a vector that is not there"),
        ("search-twice", "layers.0.vectors", [0, 0], "a vector named twice"),
        ("search-run-zero", "layers.0.length", 0, "a run of no steps"),
    ):
        yield name, _put(good["search"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("branch-target-zero", "target", 0, "a target of 0"),
        ("branch-denominator-zero", "denominator", 0, "a denominator of 0"),
        ("branch-price-negative", "vectors.0", [[1, -1]], "a negative price"),
        ("branch-price-true", "vectors.0", [[1, True]], "a boolean as price"),
        ("branch-run-zero", "vectors.0", [[0, 1]], "a run of no steps"),
        ("branch-by-step", "vectors.0", [1, 2], "prices as version 1 wrote them"),
        ("branch-flat", "vectors", [1, 2], "prices that are no arrays"),
        ("branch-no-tree", "tree", [], "a tree without a root"),
        ("branch-tree-nested", "tree", [[0]], "an array as node"),
        ("branch-tree-negative", "tree.0", -1, "a negative node"),
        ("branch-vector", "tree", [2, 99], "a vector that is not there"),
        ("branch-class", "tree", [1, 4, 0, 0, 0, 0], "a class that is not there"),
        ("branch-request", "tree", [1, 0, 2, 0, 0, 0], "a request that is not there"),
        ("branch-step", "tree", [1, 0, 0, 2**62 + 1, 0, 0], "a step beyond 2^62"),
        ("branch-short", "tree", lambda old: old[:-1], "the last leaf is cut off"),
        ("branch-long", "tree", lambda old: [*old, 0], "a node after the last"),
        ("branch-extra", "windows", [], "an unknown field"),
    ):
        yield name, _put(good["branch"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("cuts-few", "cuts", [1, 2, 2, 0], "too few cuts"),
        ("cuts-many", "cuts", [1, 2, 2, 0, 3, 0], "too many cuts"),
        ("cuts-negative", "cuts.0", -1, "a negative cut"),
        ("cuts-true", "cuts.0", True, "a boolean as cut"),
        ("cuts-all", "cuts.3", 2, "a cut that leaves no token"),
        ("cuts-huge", "cuts.3", 2**62, "a huge cut"),
        ("cuts-count", "count", [1, 1, 1, 1, 2], "counts beyond the instance"),
        ("cuts-count-huge", "count", [2**62] * 5, "huge counts of cuts"),
    ):
        yield name, _put(good["tail-centroid"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("staggered-peak-zero", "peak", 0, "a peak of 0"),
        ("staggered-peak", "peak", 11, "a peak beyond the memory"),
        ("staggered-output-zero", "output", 0, "an output of 0"),
        ("staggered-output", "output", 6, "an output beyond the peak"),
        ("staggered-none", "together", 0, "no request taken together"),
        ("staggered-true", "together", True, "a boolean as number"),
        ("staggered-extra", "others", {"kind": "outputs"}, "an unknown field"),
    ):
        yield name, _put(good["staggered"], f"proof.lower_bound.{path}", value), what
    for name in ("outputs", "centroid"):
        made = _put(good[name], "version", 2)
        yield f"{name}-2", made, "a kind that only version 1 had"
    yield "branch-1-runs", _put(good["branch"], "version", 1), "runs of prices in version 1"
    price = 2**62 + 1
    made = _put(good["branch-1"], "proof.lower_bound.vectors.0", [price])
    yield "branch-1-price-range", made, "a price beyond 2^62 in version 1"
    yield (
        "centroid-extra",
        _put(good["centroid"], "proof.lower_bound.value", "9/1"),
        ("a lower bound that states its value"),
    )
    yield "chain-triple", _put(chain, "proof.blocks.0", [0, 1, 2]), "a block of three numbers"
    yield "chain-negative", _put(chain, "proof.blocks.0.0", -1), "a negative step"
    yield "chain-eta-rational", _put(chain, "claim.eta_bound", "9/1"), "a rational eta bound"
    ratio = good["ratio-svf"]
    yield "ratio-policy", _put(ratio, "claim.policy.name", "sorted-f"), "a policy not known by name"
    yield (
        "ratio-policy-extra",
        _put(ratio, "proof.policy_schedule", {"starts": SPREAD}),
        ("a schedule of a policy that is to be derived"),
    )
    yield (
        "ratio-policy-missing",
        _put(ratio, "claim.policy", None),
        ("a schedule of no named policy, without the schedule"),
    )
    yield "ratio-theta", _put(good["ratio-1bit"], "claim.policy.theta", 4), "theta as an integer"
    for name, file, what in (
        ("file-absolute", "/etc/hostname", "an absolute file name"),
        ("file-up", "../valid/instance.json", "a file name that leaves the folder"),
        ("file-missing", "nowhere.json", "a file that is not there"),
        ("file-hidden", ".instance.json", "a hidden file"),
        ("file-long", "a" * 5000, "a file name that no file has"),
        ("file-nul", "a\x00b", "a file name with a NUL"),
    ):
        made = copy.deepcopy(schedule)
        made["instance"] = {"digest": schedule["instance"]["digest"], "file": file}
        yield name, made, what


CORPORA: dict[str, Callable[[], Iterator[Case]]] = {
    "valid": valid,
    "rejected": rejected,
    "malformed": malformed,
}


def as_bytes(made: dict[str, Any] | bytes) -> bytes:
    return made if isinstance(made, bytes) else json.dumps(made).encode() + b"\n"


def main() -> None:
    for name, cases in CORPORA.items():
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        lines = [f"# {cases.__doc__}", ""]
        for case, made, what in cases():
            data = as_bytes(made)
            file = f"{case}.json.gz" if data[:2] == b"\x1f\x8b" else f"{case}.json"
            if (folder / file).exists():
                raise SystemExit(f"two cases are named {file}")
            (folder / file).write_bytes(data)
            lines.append(f"- `{file}`: {what}")
        (folder / "INDEX.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
