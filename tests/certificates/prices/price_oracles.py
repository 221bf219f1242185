"""Slow, obvious computations that the price builder is held against."""

from fractions import Fraction
from functools import cache

import numpy as np
from hypothesis import strategies as st

from kvproof.certificates.prices import Prices
from kvproof.scheduling.instance import Instance


def naive_bound(instance: Instance, prices: Prices) -> Fraction:
    """Sum the price bound step by step, over every start up to well beyond the last price."""
    y = [numerator for length, numerator in prices.runs for _ in range(length)]
    d = prices.denominator

    def price(t: int) -> int:
        return y[t - 1] if t <= len(y) else 0

    total = -instance.memory * sum(y)
    whole = instance.expanded()
    rows = zip(whole.arrival.tolist(), whole.prompt.tolist(), whole.output.tolist(), strict=True)
    for a, s, o in rows:
        total += min(
            d * (p + o - a) + sum(price(p + j) * (s + j) for j in range(1, o + 1))
            for p in range(a, max(a, len(y)) + 1)
        )
    return Fraction(total, d)


def brute_force_opt(instance: Instance) -> int:
    """Try every schedule: OPT of a tiny instance."""
    whole = instance.expanded()
    rows = list(
        zip(whole.arrival.tolist(), whole.prompt.tolist(), whole.output.tolist(), strict=True)
    )
    end = max(a for a, _, _ in rows) + sum(o for _, _, o in rows)

    @cache
    def best(i: int, used: tuple[int, ...]) -> float:
        if i == len(rows):
            return 0
        a, s, o = rows[i]
        least = float("inf")
        for p in range(a, end - o + 1):
            held = list(used)
            for j in range(1, o + 1):
                held[p + j] += s + j
            if max(held) <= whole.memory:
                least = min(least, p + o - a + best(i + 1, tuple(held)))
        return least

    return int(best(0, (0,) * (end + 1)))


def lp_bound(instance: Instance) -> float:
    """Solve the whole time-indexed linear programme, with a horizon that cannot bind."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    whole = instance.expanded()
    rows = list(
        zip(whole.arrival.tolist(), whole.prompt.tolist(), whole.output.tolist(), strict=True)
    )
    work = instance.total_volume // instance.memory + 1
    end = max(a for a, _, _ in rows) + 2 * work + 2 * max(o for _, _, o in rows)
    cost, capacity, one = [], [], []
    for i, (a, s, o) in enumerate(rows):
        for p in range(a, end - o + 1):
            capacity += [(p + j - 1, len(cost), s + j) for j in range(1, o + 1)]
            one.append((i, len(cost), 1))
            cost.append(p + o - a)

    def matrix(entries: list[tuple[int, int, int]], height: int) -> coo_array:
        r, c, v = np.array(entries).T
        return coo_array((v.astype(float), (r, c)), shape=(height, len(cost))).tocsr()

    found = linprog(
        cost,
        A_ub=matrix(capacity, end),
        b_ub=np.full(end, instance.memory),
        A_eq=matrix(one, len(rows)),
        b_eq=np.ones(len(rows)),
        method="highs",
    )
    return float(found.fun)


@st.composite
def instances(
    draw: st.DrawFn,
    *,
    rows: int = 8,
    longest: int = 8,
    tallest: int = 8,
    latest: int = 12,
    counts: bool = True,
) -> Instance:
    """Draw small instances, with arrivals and classes."""
    n = draw(st.integers(1, rows))

    def column(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=n, max_size=n))

    prompt, output = column(0, tallest), column(1, longest)
    peak = max(s + o for s, o in zip(prompt, output, strict=True))
    return Instance(
        memory=peak + draw(st.integers(0, 3 * (tallest + longest))),
        arrival=column(0, latest),
        prompt=prompt,
        output=output,
        count=column(1, 3) if counts and draw(st.booleans()) else None,
    )


@st.composite
def price_vectors(
    draw: st.DrawFn, *, runs: int = 12, length: int = 6, highest: int = 40, denominator: int = 50
) -> Prices:
    """Draw run-length coded prices, zero runs and equal neighbours included."""
    pairs = st.tuples(st.integers(1, length), st.integers(0, highest))
    return Prices(
        denominator=draw(st.integers(1, denominator)),
        runs=tuple(draw(st.lists(pairs, max_size=runs))),
    )


def exact_document_backlogs() -> dict[int, Instance]:
    """Return the random backlogs of the notes on exact search, by number of requests."""
    import random

    rng = random.Random(1)
    found = {}
    for n, memory, prompt, output in (
        (6, 20, 6, 8),
        (10, 30, 8, 10),
        (15, 40, 10, 12),
        (20, 50, 10, 15),
        (30, 100, 20, 20),
    ):
        pairs = [(rng.randint(1, prompt), rng.randint(1, output)) for _ in range(n)]
        found[n] = Instance(
            memory=memory,
            arrival=[0] * n,
            prompt=[s for s, _ in pairs],
            output=[o for _, o in pairs],
        )
    return found
