"""Certificates that are verified, and how to make others of them."""

import copy
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from math import ceil
from typing import Any

import checker_bounds as defined
import checker_samples
import checker_truth as truth
from checker_branch import branch_bound, in_version_1
from checker_samples import certificate
from checker_search import search_bound
from checker_truth import Tiny

# Two equal requests beside each other, so that counts have something to count.
BACKLOG = Tiny(12, ((0, 3, 4), (0, 0, 6), (0, 0, 6), (0, 5, 2), (0, 1, 8)))
TRACE = Tiny(12, ((0, 3, 4), (1, 0, 6), (1, 0, 6), (4, 5, 2), (9, 1, 8)))
OTHER = Tiny(12, ((0, 3, 4), (0, 0, 6), (0, 0, 6), (0, 5, 2), (0, 1, 7)))
REORDERED = Tiny(12, ((0, 0, 6), (0, 0, 6), (0, 3, 4), (0, 5, 2), (0, 1, 8)))
# svf-waves: strict SVF starts two requests every five steps, one every two steps is better.
WITNESS = Tiny(10, ((0, 0, 5),) * 8)
LATER = Tiny(10, (*((0, 0, 5),) * 5, *((1, 0, 5),) * 3))
SPREAD = list(range(0, 16, 2))

NO_PRICES = {"kind": "price", "denominator": 1, "prices": []}

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
    return _bound(tiny, bound, defined.price_bound(tiny, steps))


def preemptive(made: dict[str, Any]) -> dict[str, Any]:
    """Claim of runs that preempt what is claimed of schedules."""
    return put(made, "claim.kind", "preemptive-lower-bound")


def ratio_certificate(
    policy: dict[str, Any] | None, tiny: Tiny, witness: list[int]
) -> dict[str, Any]:
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
    return defined.tail_centroid_bound(tiny, [0] * len(tiny.requests))


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


def _profiles(tiny: Tiny, scale: int, prices: list[int]) -> dict[str, Any]:
    """Prove OPT by a target above it."""
    opt = truth.opt(tiny)
    bound = {"kind": "profiles", "target": opt + 1, "scale": scale, "prices": prices}
    return _bound(tiny, bound, Fraction(opt))


def _parts() -> dict[str, Any]:
    """A burst twice: a search bounds the first, prices from step 100 on the second."""
    again = tuple((100 + a, s, o) for a, s, o in BACKLOG.requests)
    bounds = [_search(BACKLOG)["proof"]["lower_bound"], _price(BACKLOG)["proof"]["lower_bound"]]
    bounds[1] = {**bounds[1], "prices": [[100, 0], *bounds[1]["prices"]]}
    second = ceil(Fraction(_price(BACKLOG)["claim"]["bound"]))
    bound = {"kind": "parts", "until": [50], "parts": bounds}
    bursts = Tiny(12, (*BACKLOG.requests, *again))
    return _bound(bursts, bound, Fraction(truth.opt(BACKLOG) + second))


def _parts_of_version_1() -> dict[str, Any]:
    """The first request, the last, and what arrives between, by a formula each."""
    bounds = [{"kind": "centroid"}, {"kind": "volume"}, {"kind": "outputs"}]
    bound = {"kind": "parts", "until": [1, 9], "parts": bounds}
    first, between, last = (Tiny(12, TRACE.requests[i:j]) for i, j in ((0, 1), (1, 4), (4, 5)))
    value = ceil(_centroid(first)) + ceil(defined.volume_bound(between)) + last.requests[0][2]
    return {**_bound(TRACE, bound, Fraction(value)), "version": 1}


def _followed() -> dict[str, Any]:
    """Prove OPT by the class that is followed; without it the same would take 19 steps."""
    followed = {"classes": [0], "worth": [180], "denominator": 10, "prices": []}
    opt, rng = truth.opt(WITNESS), random.Random(0)
    proof: dict[str, Any] = {"target": None}
    while proof["target"] != opt:
        proof, _ = search_bound(WITNESS, [[15, 1]], 10, opt, rng, followed)
    proof["layers"] = [{"length": 1, "vectors": [0]}]
    proof["vectors"] = proof["vectors"][:1]
    return _bound(WITNESS, proof, Fraction(opt))


def whole_steps(tiny: Tiny) -> Iterator[tuple[str, dict[str, Any], Fraction]]:
    """Bounds from what whole steps can serve."""
    cuts = [1, 2, 2, 0, 3]
    yield "discrete-centroid", {"kind": "discrete-centroid"}, _centroid(tiny)
    tail = {"kind": "tail-centroid", "cuts": cuts}
    yield "tail-centroid", tail, defined.tail_centroid_bound(tiny, cuts)


def _staggered(tiny: Tiny) -> dict[str, Any]:
    group = {"peak": 5, "output": 5, "together": 4}
    value = defined.staggered_bound(tiny, **group)
    assert value is not None
    assert value > sum(o for _, _, o in tiny.requests)
    return _bound(tiny, {"kind": "staggered", **group}, value)


def _counted_cuts() -> dict[str, Any]:
    bound = {"kind": "tail-centroid", "cuts": [1, 3, 0, 7], "count": [1, 2, 1, 1]}
    return _bound(BACKLOG, bound, defined.tail_centroid_bound(BACKLOG, [1, 3, 3, 0, 7]))


SVF = {"name": "svf", "rule": "strict"}
ONE_BIT = {"name": "svf-1bit", "rule": "skip", "theta": "9/2", "admission": "reserve"}


def valid() -> Iterator[Case]:
    """Certificates that are verified."""
    chain = checker_samples.chain_certificate(BACKLOG)
    assert chain is not None
    plain_chain = copy.deepcopy(chain)
    del plain_chain["claim"]["eta_bound"]
    volume = defined.volume_bound
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
    yield "bound-below", put(discrete, "claim.bound", "1/7"), "claims less"
    yield (
        "preemptive",
        preemptive(discrete),
        ("the centroid bound for runs that preempt"),
    )
    yield "preemptive-price", preemptive(_price(BACKLOG)), "prices that never rise, for them"
    yield "within-factor", _of("within-factor", TRACE, 2), "a factor from the centroid bound"
    yield "optimal", _optimal(), "an optimum, proved by prices"
    for name, tiny in (("", BACKLOG), ("-trace", TRACE)):
        yield f"search{name}", _search(tiny), "an exact search with random multipliers"
        yield f"branch{name}", _branch(tiny), "a tree of random splits and prices, tight"
        yield f"branch-1{name}", in_version_1(_branch(tiny)), "version 1: the same tree"
    for name, tiny, prices in (("", WITNESS, [140]), ("-trace", LATER, [120, 130])):
        yield f"profiles{name}", _profiles(tiny, 10, prices), "a table over profiles, tight"
    yield "search-followed-all", _followed(), "a class that is followed proves it in one step"
    some = {"classes": [1, 3], "worth": [300, 250], "denominator": 60, "prices": [[3, 40], [2, 5]]}
    for name, tiny in (("", BACKLOG), ("-trace", TRACE)):
        made = put(_search(tiny), "proof.lower_bound.followed", some)
        yield f"search-followed{name}", made, "the same search, two classes followed"
        until = put(made, "proof.lower_bound.followed.until", [4, 6])
        yield f"search-followed-until{name}", until, "the same, up to some step each"
    unpriced = _profiles(BACKLOG, 1, [0] * 4)
    yield "profiles-free", unpriced, "profiles without prices: a slower search"
    yield "parts", _parts(), "two bursts, each with a bound of its own"
    yield "parts-1", _parts_of_version_1(), "version 1: three parts, bounded by formulas"
    yield "chain", chain, "a blocking chain, with the eta bound"
    yield "chain-plain", plain_chain, "a blocking chain, without the eta bound"
    yield (
        "ratio-svf",
        ratio_certificate(SVF, WITNESS, SPREAD),
        "strict SVF against a better schedule",
    )
    yield (
        "ratio-1bit",
        ratio_certificate(ONE_BIT, BACKLOG, checker_samples.best_starts(BACKLOG)),
        ("1-bit SVF with reservations"),
    )
    yield (
        "ratio-schedule",
        ratio_certificate(None, WITNESS, SPREAD),
        "a schedule of no named policy",
    )
    edge = Tiny(2**31 - 1, ((2**48, 2**31 - 2, 1), (2**48, 0, 1)))
    made = certificate(
        edge,
        {"kind": "schedule", "total_latency": 3},
        {"schedule": {"starts": [2**48, 2**48 + 1]}},
    )
    yield "edge-of-ranges", made, "the largest memory, prompt and arrival"


def edited(base: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    made = copy.deepcopy(base)
    change(made)
    return made


def put(base: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set one field, to a value or to a function of the old one."""
    parent_path, _, last = path.rpartition(".")
    made = copy.deepcopy(base)
    parent: Any = made
    for key in parent_path.split(".") if parent_path else []:
        parent = parent[int(key) if key.isdigit() else key]
    place: Any = int(last) if last.isdigit() else last
    parent[place] = value(parent[place]) if callable(value) else value
    return made
