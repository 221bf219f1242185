"""``search`` proofs with multipliers drawn at random: whatever they are, the proof must hold.

Their layout (which starts are listed) is the checker's own; the claim is brute force's.
"""

import random
from typing import Any

from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.core.prices import read_prices
from kvproof.certificates.checker.core.starts import Kind, by_price, by_vector, read_search
from kvproof.certificates.checker.fast.trajectory import Vector, make_field
from kvproof.certificates.checker.hints import read_hints
from kvproof.certificates.checker.limits import DEFAULT, Meter


def zigzag(values: list[int]) -> list[int]:
    steps = [value - before for before, value in zip([0, *values], values, strict=False)]
    return [2 * step if step >= 0 else -2 * step - 1 for step in steps]


def following(
    tiny: Any, runs: list[list[int]], denominator: int, rng: random.Random
) -> dict[str, Any]:
    """Return the field ``followed`` of a proof, with any numbers; most worths are near a price."""
    read = read_instance(tiny.json(), "i", Meter(DEFAULT)).classes(Meter(DEFAULT))
    classes = sorted(rng.sample(range(len(read)), rng.randint(1, len(read))))
    if rng.random() < 0.2:
        runs = [[rng.randint(1, 4), rng.randint(0, 3)] for _ in range(rng.randint(0, 4))]
        denominator = rng.randint(1, 30)
    prices = read_prices(denominator, runs, "prices", Meter(DEFAULT))
    worth = []
    for c in classes:
        a, s, o, _ = read[c]
        least = prices.least(a, s, o, Meter(DEFAULT))
        more = rng.choice((0, 0, rng.randint(0, 4 * denominator), rng.randint(0, least)))
        worth.append(least + more)
    made = {"classes": classes, "worth": worth, "denominator": denominator, "prices": runs}
    if rng.random() < 0.5:
        made["until"] = [read[c][0] + rng.randint(1, rng.choice((2, 12))) for c in classes]
    return made


def search_bound(
    tiny: Any,
    runs: list[list[int]],
    denominator: int,
    opt: int,
    rng: random.Random,
    followed: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], int]:
    """Return a ``search`` proof and the bound that it must give."""
    target = max(1, opt + rng.choice((-1, 0, 0, 1, 2)))
    scale = rng.choice((1, 2, 7))
    proof: dict[str, Any] = {
        "kind": "search", "target": target, "scale": scale, "denominator": denominator,
        "prices": runs, "vectors": [{"since": 0, "unit": 1, "start": [], "end": []}],
        "layers": [],
    }  # fmt: skip
    budget = Meter(DEFAULT)
    instance = read_instance(tiny.json(), "i", budget)
    if followed is not None:
        proof["followed"] = followed
    read = read_search(proof, read_hints, instance, budget)
    kinds = by_price(read, instance, budget)
    if kinds is None:
        return proof, target
    prices = [y for length, y in runs for _ in range(length)]
    noise = rng.choice((0, 1, scale, 4 * scale))

    def priced(kind: Kind, p: int, since: int) -> int:
        later = prices[since:]
        held = sum(y * (kind.prompt + t - p) for t, y in enumerate(later, start=since + 1))
        return scale * held // denominator + rng.randint(-noise, noise)

    def vector(listed: list[Kind], since: int) -> tuple[dict[str, Any], Any]:
        alpha = [{p: priced(k, p, p) for p in k.starts if p >= since} for k in listed]
        beta = [
            {p: -priced(k, p, p + k.output) for p in k.starts if p + k.output >= since}
            for k in listed
        ]
        start, end = ([x for own in part for x in own.values()] for part in (alpha, beta))
        return (
            {"since": since, "unit": 1, "start": zigzag(start), "end": zigzag(end)},
            (since, alpha, beta),
        )

    whole = make_field(kinds, instance.memory, scale, budget)
    proof["vectors"][0], parts = vector(kinds, 0)
    first = Vector(whole, *parts, budget)
    thin = by_vector(read, kinds, parts[1:], first.whole)
    if thin is None:
        return proof, target
    field = make_field(thin, instance.memory, scale, budget)
    sinces = [rng.randint(0, field.horizon) for _ in range(rng.randint(0, 3))]
    proof["vectors"] += [vector(thin, since)[0] for since in sinces]
    for t in range(field.horizon + 1):
        usable = [0] + [place for place, since in enumerate(sinces, start=1) if since <= t]
        places = rng.sample(usable, rng.randint(1, len(usable)))
        proof["layers"].append({"length": 1, "vectors": places})
    return proof, min(target, opt)
