"""Lower bounds on OPT of tiny instances by definition: slow, plain, and without the checker."""

from fractions import Fraction

from checker_truth import Tiny, volume


def fluid_units(tiny: Tiny) -> list[list[int]]:
    """Clock units (1/M step) in which each request is served, least remaining volume first."""
    v = [volume(s, o) for _, s, o in tiny.requests]
    served: list[list[int]] = [[] for _ in v]
    now = 0
    while True:
        open_ = [i for i in range(len(v)) if len(served[i]) < v[i]]
        if not open_:
            return served
        ready = [i for i in open_ if tiny.requests[i][0] * tiny.memory <= now]
        if ready:
            need = {i: v[i] - len(served[i]) for i in ready}
            served[min(ready, key=lambda i: (need[i], tiny.requests[i][0], i))].append(now)
        now += 1


def volume_bound(tiny: Tiny) -> Fraction:
    served = fluid_units(tiny)
    return sum(
        (Fraction(units[-1] + 1, tiny.memory) - a)
        for units, (a, _, _) in zip(served, tiny.requests, strict=True)
    ) + Fraction(0)


def tail_centroid_bound(tiny: Tiny, cuts: list[int]) -> Fraction:
    """By definition, step by step; cuts of 0 give the discrete centroid."""
    tails = [
        [s + j for j in range(cut + 1, o + 1)]
        for cut, (_, s, o) in zip(cuts, tiny.requests, strict=True)
    ]
    left = [sum(tail) for tail in tails]
    weight = [0] * len(tails)
    t = 0
    while any(left):
        t += 1
        room = tiny.memory
        there = [i for i, (a, _, _) in enumerate(tiny.requests) if a + cuts[i] < t and left[i]]
        for i in sorted(there, key=lambda i: (sum(tails[i]), tiny.requests[i][0] + cuts[i], i)):
            served = min(room, left[i])
            left[i] -= served
            room -= served
            weight[i] += (2 * t - 1) * served
    total = Fraction(0)
    for i, (a, _, o) in enumerate(tiny.requests):
        moment = sum((2 * j - 1) * held for j, held in enumerate(tails[i], start=cuts[i] + 1))
        total += Fraction(weight[i] - moment, 2 * sum(tails[i])) + o - a
    return total


def staggered_bound(tiny: Tiny, peak: int, output: int, together: int) -> Fraction | None:
    """By definition, each gap's charge added up anew; None where there are too few requests."""
    group = [r for r in tiny.requests if r[1] + r[2] >= peak and r[2] >= output]
    others = tuple(r for r in tiny.requests if r not in group)
    n, m, unit = len(group), together, 2**32
    if n < m:
        return None
    x: dict[int, int] = {}

    def charged(i: int) -> int:
        """Charge of the gap before completion i."""
        return sum((m - i + k) * x[k] for k in x if k < i < k + m)

    apart = output * (m - Fraction(tiny.memory, peak))
    if apart > 0:
        for k in range(1, n - m + 2):
            x[k] = (unit * (n - k) - charged(k + 1)) // (m - 1)
        assert all(x[k] >= 0 for k in x)
        assert all(charged(i) <= unit * (n - i + 1) for i in range(2, n + 1))
    value = n * (min(a for a, _, _ in group) + output) - sum(a for a, _, _ in group)
    total = value + max(apart, Fraction(0)) * Fraction(sum(x.values()), unit)
    total = max(total, Fraction(sum(o for _, _, o in group)))
    if others:
        rest = Tiny(tiny.memory, others)
        outputs = Fraction(sum(o for _, _, o in others))
        total += max(outputs, tail_centroid_bound(rest, [0] * len(others)))
    return total


def price_bound(tiny: Tiny, prices: list[Fraction]) -> Fraction:
    """Step by step; prices[0] is the price of step 1."""

    def y(t: int) -> Fraction:
        return prices[t - 1] if t <= len(prices) else Fraction(0)

    total = -tiny.memory * sum(prices, Fraction(0))
    for a, s, o in tiny.requests:
        total += min(
            p + o - a + sum(y(p + j) * (s + j) for j in range(1, o + 1))
            for p in range(a, max(a, len(prices)) + 1)
        )
    return total
