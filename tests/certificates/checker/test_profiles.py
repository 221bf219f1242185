"""The ``profiles`` proof: any prices prove the smaller of the target and OPT."""

import copy
import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import checker_samples
import checker_truth as truth
import pytest
from checker_second import second_verdict
from checker_truth import Tiny

from kvproof.certificates.checker import Limits, Result, check
from kvproof.certificates.checker.core import walks
from kvproof.certificates.checker.core.followed import Followed
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.core.profiles import ProfileSearch, profiles_bound
from kvproof.certificates.checker.core.verdict import OverLimit
from kvproof.certificates.checker.core.walks import links_of, profiles_of
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.certificates.proofs import ProfilesProof

VALID = Path(__file__).parents[1] / "valid"
GOOD: dict[str, Any] = json.loads((VALID / "profiles-trace.json").read_text(encoding="utf-8"))


def repeated(rng: random.Random) -> Tiny:
    """Draw an instance of few classes, most of them of several requests."""
    m, latest = rng.randint(3, 9), rng.choice((0, 0, 3, 6))
    rows: list[tuple[int, int, int]] = []
    while len(rows) < 5:
        o = rng.randint(1, m)
        rows += [(rng.randint(0, latest), rng.randint(0, m - o), o)] * rng.randint(1, 4)
    return Tiny(m, tuple(rows[: rng.randint(1, 5)]))


def search(tiny: Tiny, target: int, scale: int, prices: list[int]) -> ProfileSearch:
    instance = read_instance(tiny.json(), "i", Meter(DEFAULT))
    return ProfileSearch(target, scale, prices, instance, Meter(DEFAULT))


@pytest.mark.parametrize("seed", range(8))
def test_any_prices_prove_the_smaller_of_the_target_and_opt(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        tiny = repeated(rng) if rng.random() < 0.7 else checker_samples.random_tiny(rng, memory=9)
        opt, scale = truth.opt(tiny), rng.choice((1, 2, 7, 1000))
        largest = scale * rng.choice((0, 3, 12, 40))
        prices = [rng.randint(0, largest) for _ in set(tiny.requests)]
        target = rng.randint(1, opt + 2)
        bound = {"kind": "profiles", "target": target, "scale": scale, "prices": prices}
        instance = read_instance(tiny.json(), "i", Meter(DEFAULT))
        assert profiles_bound(bound, instance, Meter(DEFAULT)) == min(target, opt), (tiny, bound)


def collections(tiny: Tiny, worth: list[list[int]], t: int, held: dict[int, int]) -> int:
    """Return V by its meaning: the least over all collections of starts, one after the other."""
    classes = sorted(set(tiny.requests), key=lambda r: (-truth.volume(*r[1:]), -r[2], r[0]))
    least = 0
    pairs = [(p, c) for c, row in enumerate(worth) for p, cost in enumerate(row) if cost < 0]

    def walk(first: int, held: dict[int, int], total: int) -> None:
        nonlocal least
        least = min(least, total)
        for place, (p, c) in enumerate(pairs[first:], first):
            _, s, o = classes[c]
            more = {**held, **{p + j: held.get(p + j, 0) + s + j for j in range(1, o + 1)}}
            if p >= t and max(more.values()) <= tiny.memory:
                walk(place, more, total + worth[c][p])

    walk(0, held, 0)
    return least


def test_the_table_is_the_least_over_collections() -> None:
    rng, seen = random.Random(5), set()
    for _ in range(60):
        tiny = Tiny(5, tuple((rng.randint(0, 1), rng.randint(0, 2), rng.randint(1, 3))
                             for _ in range(2)))  # fmt: skip
        scale = rng.choice((1, 3))
        prices = [rng.randint(0, 5 * scale) for _ in set(tiny.requests)]
        made = search(tiny, 1, scale, prices)
        worth = [
            [scale * (p + o - a) - price if p >= a else 0 for p in range(made.last + 1)]
            for (a, _, o, _), price in zip(made.classes, prices, strict=True)
        ]
        for t in range(made.last + 2):
            v = made.table.row(t)[0]
            assert v == collections(Tiny(5, tuple((a, s, o) for a, s, o, _ in made.classes)),
                                    worth, t, {})  # fmt: skip
            seen.add(v)
        assert not any(made.table.row(made.last + 1))
    assert len(seen) > 10


def packed(held: tuple[int, ...], width: int) -> int:
    return sum(tokens << width * i for i, tokens in enumerate(held))


def test_profiles_are_those_that_their_definition_has() -> None:
    rng = random.Random(6)
    for _ in range(40):
        tiny = repeated(rng)
        classes = search(tiny, 1, 1, [0] * len(set(tiny.requests))).classes
        longest, width = max(o for _, _, o, _ in classes), tiny.memory.bit_length() + 1
        made, found = profiles_of(classes, tiny.memory, Meter(DEFAULT))
        assert next(iter(made.ways)) == (0,) * len(classes)
        assert list(found.number.values()) == list(range(len(made.after)))
        profiles, arcs = [(0,) * (longest + 1)], 0
        for held in profiles:  # which grows
            assert found.number[packed(held, width)] == found.number[packed(held[:-1], width)]
            for way, w in made.ways.items():
                full = list(held)
                for n, (_, s, o, _) in zip(way, classes, strict=True):
                    for age in range(o):
                        full[age] += n * (s + 1 + age)
                y = made.next(found.number[packed(held, width)], w)
                assert (y < len(made.after)) == (max(full) <= tiny.memory)
                if y < len(made.after):
                    arcs += 1
                    after = (*full[1:], 0)
                    assert y == found.number[packed(after, width)]
                    if after not in profiles:
                        profiles.append(after)
        assert len(profiles) == len(made.after)
        assert arcs == len(made.after) + sum(map(len, made.fits[1:]))
        assert not made.fits[0]
        assert {w for some in made.larger for w in some} == set(range(1, len(made.ways)))


def test_a_profile_becomes_what_holds_the_same_of_other_classes_or_no_more() -> None:
    rng, less = random.Random(7), 0
    for _ in range(400):
        tiny = repeated(rng)
        classes = search(tiny, 1, 1, [0] * len(set(tiny.requests))).classes
        width = tiny.memory.bit_length() + 1
        some, others = (sorted(rng.sample(range(len(classes)), rng.randint(1, len(classes))))
                        for _ in range(2))  # fmt: skip
        own, later = (profiles_of([classes[c] for c in part], tiny.memory, Meter(DEFAULT))
                      for part in (some, others))  # fmt: skip
        kept = [others.index(c) if c in others else None for c in some]
        link = links_of(own, later, kept, Meter(DEFAULT))
        held = list(later[1].number)
        assert len(link) == len(own[0].after)
        for h, y in zip(own[1].number, link, strict=True):
            assert (h in later[1].number) == (held[y] == h)
            for j in range(max(h, held[y]).bit_length() // width + 1):
                assert held[y] >> width * j & (1 << width) - 1 <= h >> width * j & (1 << width) - 1
            less += held[y] != h
    assert less > 100


def test_rows_between_those_that_are_kept_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(8)
    for _ in range(20):
        tiny = repeated(rng)
        scale = rng.randint(1, 4)
        prices = [rng.randint(0, 12 * scale) for _ in set(tiny.requests)]
        all_rows = search(tiny, 1, scale, prices).table
        monkeypatch.setattr(walks, "KEPT", 0)
        made = search(tiny, 1, scale, prices)
        monkeypatch.undo()
        steps = range(made.last + 2)
        assert len(all_rows.kept) == len(steps) >= len(made.table.kept)
        free = made.budget.free
        for t in [*steps, *rng.choices(steps, k=9)]:
            assert made.table.row(t) == all_rows.row(t)
        held = len(made.table.between)
        assert made.budget.free == free - held * made.table.size


def test_a_table_takes_wider_integers_where_it_must() -> None:
    tiny = Tiny(4, ((0, 1, 2), (0, 1, 2)))
    few, many = (search(tiny, 1, scale, [9 * scale]).table for scale in (2**20, 2**31))
    assert (few.code, many.code) == ("i", "q")
    assert few.row(0)[0] < 0
    for t in few.kept:
        assert list(many.row(t)) == [2**11 * v for v in few.row(t)]


def checked(claim: str = GOOD["claim"]["bound"], limits: Limits = DEFAULT, **change: Any) -> Result:
    made = copy.deepcopy(GOOD)
    made["proof"]["lower_bound"].update(change)
    made["claim"]["bound"] = claim
    data = truth.encode(made)
    result = check(data, limits=limits)
    if limits is DEFAULT:
        assert result.verdict == second_verdict(data)[0]
    return result


def test_the_value_is_the_smaller_of_the_target_and_what_is_met() -> None:
    opt = int(GOOD["claim"]["bound"].split("/")[0])
    target = GOOD["proof"]["lower_bound"]["target"]
    assert target == opt + 1  # so a schedule of OPT is met
    assert checked(f"{opt}/1").verdict == "verified"
    assert checked(f"{opt + 1}/1").verdict == "rejected"
    assert checked(f"{opt}/1", target=opt).verdict == "verified"
    assert checked(f"{opt}/1", target=opt - 1).verdict == "rejected"
    assert checked(f"{opt - 1}/1", target=opt - 1).verdict == "verified"


@pytest.mark.parametrize(
    "change",
    [
        {"prices": [2**62, 0]},
        {"prices": [0, 2**62], "scale": 2**31},
        {"prices": [10**6, 0], "scale": 1},
        {"target": 200_000},
        {"target": 2**62},
    ],
)
def test_what_is_too_large(change: dict[str, Any]) -> None:
    assert checked(**change).verdict == "over a limit"


def test_late_arrivals_are_over_a_limit() -> None:
    tiny = Tiny(5, ((0, 0, 2), (200_000, 0, 2)))
    with pytest.raises(OverLimit):
        search(tiny, 5, 1, [0, 0])


def test_long_outputs_are_over_a_limit() -> None:
    instance = {"memory": 2**31 - 1, "arrival": [0], "prompt": [0], "output": [2**31 - 1]}
    instance |= {"format": "kvproof-instance", "version": 1}
    budget = Meter(DEFAULT)
    with pytest.raises(OverLimit, match="memory"):
        ProfileSearch(1, 1, [0], read_instance(instance, "i", budget), budget)


def test_profiles_are_charged_before_they_are_made() -> None:
    """Many classes of small requests have more profiles than any memory holds."""
    rows = [(0, s, o) for s in range(6) for o in range(20, 40)]
    tiny = Tiny(200, tuple(rows))
    with pytest.raises(OverLimit, match="memory"):
        search(tiny, 10**4, 1, [0] * len(rows))


def test_states_are_charged() -> None:
    small = dataclasses.replace(DEFAULT, memory_bytes=2**16)
    assert checked(limits=small).verdict == "over a limit"


def test_the_time_limit_ends_it() -> None:
    none = dataclasses.replace(DEFAULT, seconds=0)
    assert checked(limits=none, target=90_000).verdict == "over a limit"


def test_each_step_that_a_followed_request_has_run_is_ticked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny = Tiny(60, ((0, 10, 40),))
    given = {"classes": [0], "worth": [50], "denominator": 1, "prices": []}
    instance = read_instance(tiny.json(), "i", Meter(DEFAULT))
    followed = Followed(given, 100, instance, Meter(DEFAULT))
    followed.begin(35)
    ticks: list[int] = []
    monkeypatch.setattr(Meter, "tick", lambda self, turns=1: ticks.append(turns))
    followed.exceeds([0], 40, [(0, 2)])
    assert sum(ticks) >= 33


def test_the_proof_as_it_is_written() -> None:
    bound = GOOD["proof"]["lower_bound"]
    proof = ProfilesProof(
        target=bound["target"], scale=bound["scale"], prices=tuple(bound["prices"])
    )
    assert proof.to_json() == bound
