"""What a step looks ahead to: the least by definition, in each lane; and no child is lost by it."""

import itertools
import random

import checker_samples
import pytest

from kvproof.certificates.checker import check
from kvproof.certificates.checker.core.starts import Kind
from kvproof.certificates.checker.fast import search
from kvproof.certificates.checker.fast.ahead import Ahead
from kvproof.certificates.checker.fast.lanes import Lanes
from kvproof.certificates.checker.fast.search import Expansion
from kvproof.certificates.checker.fast.trajectory import Field, Vector, make_field
from kvproof.certificates.checker.limits import DEFAULT, Meter

BUDGET = Meter(DEFAULT)


def drawn(rng: random.Random) -> tuple[Field, list[Vector]]:
    memory, kinds = rng.randint(2, 8), []
    for _ in range(rng.randint(1, 3)):
        output = rng.randint(1, memory)
        prompt = rng.randint(0, memory - output)
        kinds.append(Kind(0, prompt, output, rng.choice((1, 1, 2)), list(range(rng.randint(1, 5)))))
    field = make_field(kinds, memory, rng.choice((1, 8)), BUDGET)
    vectors = []
    for _ in range(rng.randint(1, 3)):
        alpha, beta = ([{p: rng.randint(-9, 9) for p in k.starts} for k in kinds] for _ in "ab")
        vectors.append(Vector(field, 0, alpha, beta, BUDGET))
    return field, vectors


@pytest.mark.parametrize("seed", range(60))
def test_it_is_the_least_that_starts_and_a_path_can_add(seed: int) -> None:
    rng = random.Random(seed)
    field, vectors = drawn(rng)
    t = rng.randint(0, max(p for kind in field.kinds for p in kind.starts))
    lanes = Lanes(field, vectors, t + 1, rng.randint(1, 60), BUDGET)
    gains = {c: lanes.gains(field, c)[0] for c, k in enumerate(field.kinds) if t in k.starts}
    free = BUDGET.free
    ahead = Ahead(field, lanes, gains, BUDGET)
    width = lanes.guard.bit_length() // len(vectors)
    single = (1 << width) - 1

    def lane(packed: int, v: int) -> int:
        return (packed + lanes.over) >> (width * v) & single

    most = len(field.least) - 1
    for place in range(len(gains) + 1):
        later = list(gains)[place:]
        numbers = [range(2 if field.kinds[c].count == 1 else most + 1) for c in later]
        for k, u in itertools.product(range(most + 1), range(field.memory + 1)):
            ways = []
            for way in itertools.product(*numbers):
                started = list(zip(way, later, strict=True))
                held = u + sum(n * (field.kinds[c].prompt + 1) for n, c in started)
                if k + sum(way) <= most and held <= field.memory:
                    gained = sum(n * gains[c] for n, c in started)
                    ways.append(lanes.table[k + sum(way)][held] + gained)
            for v in range(len(vectors)):
                found = ahead.tables[place][k][u] >> (width * v) & single
                assert found == min(lane(way, v) for way in ways)
    ahead.leave()
    assert BUDGET.free == free


def test_the_children_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    add, found = Expansion._add, []

    def watched(self: Expansion, *child: object) -> None:
        found.append((self.step.t, self.key, child))
        add(self, *child)  # type: ignore[arg-type]

    monkeypatch.setattr(Expansion, "_add", watched)
    rng, many = random.Random(6), 0
    for _ in range(30):
        data = checker_samples.searched(rng)
        made = []
        for worth in (0, 10**9):
            monkeypatch.setattr(search, "WORTH", worth)
            found.clear()
            assert check(data).verdict == "verified"
            made.append(sorted(found))
        assert made[0] == made[1]
        many += len(made[0])
    assert many > 100
