"""``branch`` proofs with trees grown at random, from the specification alone.

A node applies some vectors, closed-form or drawn at random, and splits anywhere; where every
request is down to one start, the total is too high or some step too full, and a vector says so.
"""

import random
from collections import Counter
from itertools import groupby
from typing import Any

from checker_truth import Tiny, opt, volume

Windows = list[list[tuple[int, int]]]


class Large(Exception):
    """The tree has grown too large."""


class Plain:
    """The classes, and what applying a vector means: step by step."""

    def __init__(self, tiny: Tiny, target: int, denominator: int) -> None:
        origin = min(a for a, _, _ in tiny.requests)
        count = Counter((a - origin, s, o) for a, s, o in tiny.requests)
        self.classes = sorted(count, key=lambda k: (-volume(*k[1:]), -k[2], k[0]))
        self.memory, self.room, self.denominator = tiny.memory, target - 1, denominator
        slack = target - 1 - sum(o for _, _, o in tiny.requests)
        self.root = [[(k[0], k[0] + slack)] * count[k] for k in self.classes]

    def term(self, c: int, p: int, prices: list[int]) -> int:
        a, s, o = self.classes[c]
        own = [prices[p + j - 1] * (s + j) for j in range(1, o + 1) if p + j <= len(prices)]
        return self.denominator * (p + o - a) + sum(own)

    def apply(self, windows: Windows, prices: list[int]) -> Windows | None:
        """Return the shorter windows, or None if nothing is left."""
        terms = [
            [{p: self.term(c, p, prices) for p in range(first, last + 1)} for first, last in own]
            for c, own in enumerate(windows)
        ]
        least = sum(min(t.values()) for own in terms for t in own) - self.memory * sum(prices)
        room = self.room * self.denominator - least
        if room < 0:
            return None
        made = []
        for own in terms:
            kept = [[p for p in t if t[p] <= min(t.values()) + room] for t in own]
            firsts, lasts = [min(k) for k in kept], [max(k) for k in kept]
            made.append([(max(firsts[: i + 1]), min(lasts[i:])) for i in range(len(own))])
        return None if any(first > last for own in made for first, last in own) else made


def split(windows: Windows, c: int, i: int, p: int) -> tuple[Windows | None, Windows | None]:
    sooner, later = list(windows), list(windows)
    sooner[c] = [(a, min(b, p) if j <= i else b) for j, (a, b) in enumerate(windows[c])]
    later[c] = [(max(a, p + 1) if j >= i else a, b) for j, (a, b) in enumerate(windows[c])]
    first, last = windows[c][i]
    return (sooner if first <= p else None), (later if last > p else None)


class Grower:
    """Writes a tree in preorder; `used` holds the vectors that it names."""

    def __init__(
        self, plain: Plain, vectors: list[list[int]], rng: random.Random, most_nodes: int
    ) -> None:
        self.plain, self.rng = plain, rng
        self.offered, self.used = vectors, list[list[int]]()
        self.tree, self.nodes_left = list[int](), most_nodes
        self.greedy = rng.random() < 0.7

    def place(self, prices: list[int]) -> int:
        if prices not in self.used:
            self.used.append(prices)
        return self.used.index(prices)

    def overfull(self, windows: Windows) -> list[list[int]]:
        """Price one step so that the starts which must hold memory there do not fit."""
        held = Counter[int]()
        for (_, s, o), own in zip(self.plain.classes, windows, strict=True):
            for first, last in own:
                for t in range(last + 1, first + o + 1):
                    held[t] += s + t - last
        high = self.plain.denominator * (self.plain.room + 1)
        full = [t for t in held if held[t] > self.plain.memory]
        return [[0] * (t - 1) + [high] for t in full]

    def grow(self, windows: Windows | None) -> None:
        """Write the tree of a node; None is one that is closed already."""
        self.nodes_left -= 1
        if self.nodes_left < 0:
            raise Large
        rng, applied = self.rng, list[int]()
        most = len(self.offered) if self.greedy else rng.randint(0, len(self.offered))
        offered = rng.sample(self.offered, most)
        single = windows is not None and all(a == b for own in windows for a, b in own)
        if single:
            offered = [[], *offered]
        if windows is not None and (single or rng.random() < 0.8):
            offered += self.overfull(windows)
        for prices in offered:
            if windows is None:
                break
            shorter = self.plain.apply(windows, prices)
            if shorter != windows or rng.random() < 0.1:
                applied.append(self.place(prices))
            windows = shorter
        if windows is None and rng.random() < 0.95:
            self.tree += [2 * len(applied), *applied]
            return
        shape = self.plain.root if windows is None else windows
        places = [(c, i) for c, own in enumerate(shape) for i in range(len(own))]
        wide = [(c, i) for c, i in places if shape[c][i][0] < shape[c][i][1]]
        c, i = rng.choice(wide if wide and rng.random() < 0.95 else places)
        first, last = shape[c][i]
        p = rng.randint(first, max(first, last - 1)) if rng.random() < 0.95 else max(0, last + 1)
        self.tree += [2 * len(applied) + 1, *applied, c, i, p]
        for child in (None, None) if windows is None else split(windows, c, i, p):
            self.grow(child)


def branch_bound(
    tiny: Tiny, runs: list[list[int]], denominator: int, rng: random.Random, most_nodes: int = 40
) -> tuple[dict[str, Any], int]:
    """Return a ``branch`` proof and the bound that it must give, OPT if the tree stays small."""
    given = [y for length, y in runs for _ in range(length)]
    target = max(1, opt(tiny) - rng.choice((0, 0, 0, 1)))
    tries = 0
    while True:
        plain = Plain(tiny, target, denominator)
        steps = max(last + o for (_, _, o), own in zip(plain.classes, plain.root, strict=True)
                    for _, last in own)  # fmt: skip
        some = [rng.randint(0, denominator) for _ in range(rng.randint(0, max(1, steps)))]
        grower = Grower(plain, [[], given, some], rng, most_nodes)
        try:
            slack = plain.root[0][0][1] - plain.root[0][0][0]
            grower.grow(plain.root if slack >= 0 else None)
        except Large:
            tries += 1
            target -= tries % 3 == 0
            continue
        used = grower.used + [some] * (rng.random() < 0.1)
        vectors = [in_runs(prices) for prices in used]
        return {
            "kind": "branch", "target": target, "denominator": denominator,
            "vectors": vectors, "tree": grower.tree,
        }, target  # fmt: skip


def in_runs(prices: list[int]) -> list[list[int]]:
    return [[len(list(run)), price] for price, run in groupby(prices)]


def in_version_1(made: dict[str, Any]) -> dict[str, Any]:
    """Say a certificate by ``branch`` as version 1 did: a numerator for each step."""
    bound = made["proof"]["lower_bound"]
    steps = [[y for length, y in runs for _ in range(length)] for runs in bound["vectors"]]
    return {**made, "version": 1, "proof": {"lower_bound": {**bound, "vectors": steps}}}


def holds(tiny: Tiny, proof: dict[str, Any]) -> bool:
    """Whether the tree can be read and all its leaves are closed."""
    plain = Plain(tiny, proof["target"], proof["denominator"])
    numbers = iter(proof["tree"])

    def closed(windows: Windows | None) -> bool:
        number, has_children = divmod(next(numbers), 2)
        for _ in range(number):
            runs = proof["vectors"][next(numbers)]
            prices = [y for length, y in runs for _ in range(length)]
            windows = plain.apply(windows, prices) if windows else None
        if not has_children:
            return windows is None
        c, i, p = next(numbers), next(numbers), next(numbers)
        children = split(windows, c, i, p) if windows else (None, None)
        return all([closed(child) for child in children])  # noqa: C419 both are read

    (first, last), *_ = plain.root[0]
    try:
        return closed(plain.root if first <= last else None)
    except (StopIteration, IndexError):
        return False
