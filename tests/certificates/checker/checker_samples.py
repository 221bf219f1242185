"""Valid certificates of every kind for a tiny instance, made plainly; the claims are tight."""

import random
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

import checker_bounds as defined
import checker_truth as truth
from checker_branch import branch_bound
from checker_profiles import profiles_bound
from checker_search import following, search_bound
from checker_truth import Tiny

POLICIES: list[dict[str, Any]] = [
    {"name": name, "rule": rule} for name in ("svf", "sjf", "fcfs") for rule in ("strict", "skip")
] + [
    {"name": "svf-1bit", "rule": rule, "theta": theta, "admission": admission}
    for rule in ("strict", "skip")
    for theta in ("3/2", "2/1")
    for admission in ("true", "reserve")
]


def random_tiny(rng: random.Random, *, memory: int = 8, requests: int = 4) -> Tiny:
    m = rng.randint(2, memory)
    latest = rng.choice((0, 0, 4))
    rows = []
    for _ in range(rng.randint(1, requests)):
        o = rng.randint(1, m)
        rows.append((rng.randint(0, latest), rng.randint(0, m - o), o))
        if rng.random() < 0.2:
            rows.append(rows[-1])
    return Tiny(m, tuple(rows[:requests]))


def ratio_text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def certificate(tiny: Tiny, claim: dict[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "kvproof-certificate",
        "version": 2,
        "instance": {"digest": truth.digest(tiny), "inline": tiny.json()},
        "claim": claim,
        "proof": proof,
    }


def lower_bounds(tiny: Tiny, rng: random.Random) -> list[tuple[dict[str, Any], Fraction]]:
    return whole_bounds(tiny, rng) + part_bounds(tiny, random.Random(repr(tiny)))


def part_bounds(tiny: Tiny, rng: random.Random) -> list[tuple[dict[str, Any], Fraction]]:
    """One bound by parts, where not all requests arrive at once: each part has any kind."""
    arrivals = sorted({a for a, _, _ in tiny.requests})
    gaps = list(pairwise(arrivals))
    if not gaps:
        return []
    some = sorted(rng.sample(gaps, rng.randint(1, len(gaps))))
    until = [rng.randint(before + 1, after) for before, after in some]
    parts, total = [], 0
    for first, end in pairwise([0, *until, arrivals[-1] + 1]):
        own = tuple(r for r in tiny.requests if first <= r[0] < end)
        bound, value = rng.choice(whole_bounds(Tiny(tiny.memory, own), rng))
        parts.append(bound)
        total += ceil(value)
    return [({"kind": "parts", "until": until, "parts": parts}, Fraction(total))]


def whole_bounds(tiny: Tiny, rng: random.Random) -> list[tuple[dict[str, Any], Fraction]]:
    if rng.random() < 0.5:
        denominator, runs = closed_form_prices(tiny)
    else:
        denominator = rng.randint(1, 2 * tiny.memory)
        runs = [[rng.randint(1, 3), rng.randint(0, 3)] for _ in range(rng.randint(0, 4))]
    prices = [Fraction(y, denominator) for length, y in runs for _ in range(length)]
    own = random.Random(repr(tiny))
    followed = following(tiny, runs, denominator, own) if own.random() < 0.4 else None
    search, reached = search_bound(tiny, runs, denominator, truth.opt(tiny), rng, followed)
    branch, target = branch_bound(tiny, runs, denominator, rng)
    profiles, least = profiles_bound(tiny, random.Random(repr(tiny)))
    return [
        (
            {"kind": "price", "denominator": 1, "prices": []},
            Fraction(sum(o for _, _, o in tiny.requests)),
        ),
        ({"kind": "volume"}, defined.volume_bound(tiny)),
        (
            {"kind": "price", "denominator": denominator, "prices": runs},
            defined.price_bound(tiny, prices),
        ),
        (search, Fraction(reached)),
        (branch, Fraction(target)),
        *whole_steps(tiny, random.Random(repr(tiny))),
        (profiles, Fraction(least)),
    ]


def whole_steps(tiny: Tiny, rng: random.Random) -> list[tuple[dict[str, Any], Fraction]]:
    """Both centroids in whole steps, and staggered completions of the larger requests."""
    none = [0] * len(tiny.requests)
    cuts = [rng.randrange(o) for _, _, o in tiny.requests]
    _, s, o = rng.choice(tiny.requests)
    group = {"peak": s + o, "output": rng.randint(1, o), "together": 1}
    larger = [r for r in tiny.requests if r[1] + r[2] >= s + o and r[2] >= group["output"]]
    group["together"] = rng.randint(1, len(larger))
    staggered = defined.staggered_bound(tiny, **group)
    assert staggered is not None
    return [
        ({"kind": "discrete-centroid"}, defined.tail_centroid_bound(tiny, none)),
        ({"kind": "tail-centroid", "cuts": cuts}, defined.tail_centroid_bound(tiny, cuts)),
        ({"kind": "staggered", **group}, staggered),
    ]


def closed_form_prices(tiny: Tiny) -> tuple[int, list[list[int]]]:
    """Price a step at the requests then unfinished, over M: strong on a backlog (opt-price)."""
    unit = 60
    volumes = sorted(truth.volume(s, o) for _, s, o in tiny.requests)
    runs: list[list[int]] = []
    t = 1
    while True:
        left, z = Fraction(len(volumes)), tiny.memory * t
        for v in volumes:
            left -= min(Fraction(1), Fraction(z, v))
            z = max(0, z - v)
        if left == 0:
            return unit * tiny.memory, runs
        price = (left * unit).__floor__()
        if runs and runs[-1][1] == price:
            runs[-1][0] += 1
        else:
            runs.append([1, price])
        t += 1


def chain_blocks(tiny: Tiny, starts: list[int]) -> list[list[int]]:
    order = sorted(range(len(starts)), key=lambda i: (truth.volume(*tiny.requests[i][1:]), i))
    blocks: list[list[int]] = []
    t = 0
    while t < max(starts):
        head = next(i for i in order if starts[i] > t)
        _, s, o = tiny.requests[head]
        for u in range(t + 1, t + o + 1):
            held = sum(
                r[1] + u - p
                for p, r in zip(starts, tiny.requests, strict=True)
                if p <= t and u <= p + r[2]
            )
            if held + s + u - t > tiny.memory:
                blocks.append([t, u])
                t = u
                break
        else:
            raise AssertionError("a head that nothing blocks")
    return blocks


def best_starts(tiny: Tiny) -> list[int]:
    """Return the cheapest of the policies' schedules."""
    found = [s for s in (truth.policy_starts(tiny, p) for p in POLICIES) if s is not None]
    return min(found, key=lambda s: truth.cost(tiny, s) or 0)


def samples(tiny: Tiny, rng: random.Random) -> list[dict[str, Any]]:
    """One valid certificate at least of each kind that the instance admits."""
    starts = best_starts(tiny)
    total = truth.cost(tiny, starts)
    assert total is not None
    schedule = {"starts": starts}
    made = [certificate(tiny, {"kind": "schedule", "total_latency": total}, {"schedule": schedule})]
    for bound, value in lower_bounds(tiny, rng):
        if value >= 0:
            claim: dict[str, Any] = {"kind": "opt-lower-bound", "bound": ratio_text(value)}
            made.append(certificate(tiny, claim, {"lower_bound": bound}))
            if truth.never_rises(bound):
                claim = {"kind": "preemptive-lower-bound", "bound": ratio_text(value)}
                made.append(certificate(tiny, claim, {"lower_bound": bound}))
        if value > 0:
            both = {"schedule": schedule, "lower_bound": bound}
            claim = {"kind": "within-factor", "total_latency": total}
            claim["factor"] = ratio_text(total / value)
            made.append(certificate(tiny, claim, both))
            if value > total - 1:
                claim = {"kind": "optimal", "total_latency": total}
                made.append(certificate(tiny, claim, both))
    for policy in [*rng.sample(POLICIES, 3), None]:
        own = truth.policy_starts(tiny, policy) if policy else starts
        if own is None:
            continue
        a = truth.cost(tiny, own)
        assert a is not None
        claim = {"kind": "ratio-at-least", "policy": policy, "policy_total": a}
        claim |= {"feasible_total": total, "ratio": ratio_text(Fraction(a, total))}
        proof: dict[str, Any] = {"witness": schedule}
        if policy is None:
            proof["policy_schedule"] = {"starts": own}
        made.append(certificate(tiny, claim, proof))
    chain = chain_certificate(tiny)
    return [*made, chain] if chain else made


def chain_certificate(tiny: Tiny) -> dict[str, Any] | None:
    free = tiny.memory - max(s + o for _, s, o in tiny.requests)
    if free == 0 or any(a for a, _, _ in tiny.requests):
        return None
    starts = truth.policy_starts(tiny, {"name": "svf", "rule": "strict"})
    assert starts is not None
    volumes = sorted(truth.volume(s, o) for _, s, o in tiny.requests)
    waiting = sum(sum(volumes[:k]) for k in range(len(volumes)))
    outputs = sum(o for _, _, o in tiny.requests)
    eta = min(Fraction(2 * s + o + 1, 2 * (s + o)) for _, s, o in tiny.requests)
    claim = {
        "kind": "svf-blocking-chain",
        "total_latency": truth.cost(tiny, starts),
        "bound": 2 * waiting // free + outputs,
        "eta_bound": (waiting / (eta * free)).__floor__() + outputs,
    }
    blocks = chain_blocks(tiny, starts)
    return certificate(tiny, claim, {"schedule": {"starts": starts}, "blocks": blocks})


def searched(rng: random.Random) -> bytes:
    """The file of a bound by a search, tight, of a random instance of up to six requests."""
    tiny = random_tiny(rng, memory=9, requests=6)
    denominator, runs = closed_form_prices(tiny)
    proof, value = search_bound(tiny, runs, denominator, truth.opt(tiny), rng)
    claim = {"kind": "opt-lower-bound", "bound": f"{value}/1"}
    return truth.encode(certificate(tiny, claim, {"lower_bound": proof}))
