"""Raised profiles: no completion is lost, and dominance by them is what it says, at any size."""

import itertools
import random

import checker_samples
import checker_search
import checker_truth as truth
import pytest
from checker_truth import Tiny

from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.checker.core.starts import Kind
from kvproof.certificates.checker.fast import dominance, raising
from kvproof.certificates.checker.fast.dominance import Dominance
from kvproof.certificates.checker.fast.raising import Column, Reach, columns_of, raised, width_of
from kvproof.certificates.checker.fast.trajectory import Field, make_field
from kvproof.certificates.checker.limits import DEFAULT, Meter

BUDGET = Meter(DEFAULT)


def random_field(rng: random.Random, *, memory: int, kinds: int, latest: int = 7) -> Field:
    made = []
    for _ in range(rng.randint(1, kinds)):
        output = rng.randint(1, memory)
        prompt = rng.choice((0, rng.randint(0, memory - output)))
        starts = sorted(rng.sample(range(latest + 1), rng.randint(1, latest + 1)))
        made.append(Kind(0, prompt, output, rng.randint(1, 3), starts))
    return make_field(made, memory, 1, BUDGET)


def random_profile(rng: random.Random, memory: int, steps: int) -> Column:
    level = rng.randint(0, memory)  # some leave room for little
    ends = rng.randint(0, steps)
    return tuple(rng.randint(level, memory) if j < ends else 0 for j in range(steps))


def packed(profile: Column, bits: int) -> int:
    return sum(tokens << (bits * j) for j, tokens in enumerate(profile))


def most_used(field: Field, left: list[int], t: int, profile: Column) -> list[int]:
    """By going through all ways to complete a state: the most of each step that is used in any."""
    requests = [kind for kind, number in zip(field.kinds, left, strict=True) for _ in range(number)]
    used = [0] * len(profile)
    for starts in itertools.product(*[[p for p in k.starts if p >= t] for k in requests]):
        held = [0] * (len(profile) + 40)
        for kind, p in zip(requests, starts, strict=True):
            for j in range(1, kind.output + 1):
                held[p - t + j - 1] += kind.prompt + j
        free = [field.memory - x for x in (*profile, *[0] * 40)]
        if all(x <= room for x, room in zip(held, free, strict=True)):
            used = [max(most, x) for most, x in zip(used, held, strict=False)]
    return used


@pytest.mark.parametrize("seed", range(80))
def test_every_completion_fits_below_the_raised_profile(seed: int) -> None:
    rng, higher = random.Random(seed), 0
    field = random_field(rng, memory=rng.randint(2, 12), kinds=3, latest=5)
    bits, steps = width_of(field.memory), rng.randint(1, 9)
    for _ in range(8):
        t = rng.randint(0, 4)
        left = [rng.randint(0, min(2, kind.count)) for kind in field.kinds]
        if not any(left):
            continue
        profiles = [random_profile(rng, field.memory, steps) for _ in range(rng.randint(1, 6))]
        held = columns_of([packed(profile, bits) for profile in profiles], steps, bits)
        assert list(zip(*held, strict=True)) == profiles
        reach = Reach(field, t, steps + rng.randint(0, 2), BUDGET)
        above = zip(*raised(held, left, reach, field, bits, BUDGET), strict=True)
        for profile, high in zip(profiles, above, strict=True):
            for own, tokens, used in zip(
                profile, high, most_used(field, left, t, profile), strict=True
            ):
                assert own <= tokens <= field.memory - used
                higher += own < tokens
    assert higher or field.memory < 4


def plainly(field: Field, left: list[int], t: int, profile: Column) -> Column:
    """The same bounds for one state, from its definition."""
    memory, waiting = field.memory, [c for c, number in enumerate(left) if number]
    most = min(len(field.least) - 1, sum(left))
    bound, high = [0] + [memory] * most, []
    for j, held in reversed(list(enumerate(profile))):
        step, runs, ends, number = t + 1 + j, [], [0], 0
        for c in waiting:
            kind = field.kinds[c]
            own = [p for p in kind.starts if t <= p < step <= p + kind.output]
            runs += [kind.prompt + step - p for p in own]
            if step - kind.output in own:
                ends.append(kind.prompt + kind.output)
                number += left[c]
        room = memory - held if memory - held >= min(runs, default=memory + 1) else 0
        on = [min(room, max(0, tokens - k)) for k, tokens in enumerate(bound)]
        # in a packed number the most that end is one less than a power of 2
        number = (1 << min(number, most).bit_length()) - 1
        bound = [
            max(on[k - i] + i * max(ends) for i in range(min(k, number) + 1))
            for k in range(most + 1)
        ]
        bound = [min(room, x, k * max(runs, default=0)) for k, x in enumerate(bound)]
        high.append(memory - max(bound))
    return tuple(high[::-1])


@pytest.mark.parametrize("memory", [5, 12, 63, 64, 400, 16383, 16384, 2**30, 2**31 - 1])
def test_packed_as_from_the_definition(memory: int) -> None:
    rng = random.Random(memory)
    bits = width_of(memory)
    for _ in range(25):
        kinds = []
        for _ in range(rng.randint(1, 4)):
            output = rng.randint(1, min(memory, 7))
            prompt = rng.choice((0, rng.randint(0, memory - output), memory // 3))
            starts = sorted(rng.sample(range(8), rng.randint(1, 8)))
            kinds.append(Kind(0, min(prompt, memory - output), output, rng.randint(1, 4), starts))
        least = [
            0,
            *itertools.accumulate(sorted(k.prompt + 1 for k in kinds for _ in range(k.count))),
        ]
        running = [tokens for tokens in least if tokens <= memory]
        field = Field(kinds, memory, 1, 20, running, running, [], [])
        t, steps, left = rng.randint(0, 4), rng.randint(1, 8), [k.count for k in kinds]
        profiles = [random_profile(rng, memory, steps) for _ in range(rng.randint(1, 9))]
        held = columns_of([packed(profile, bits) for profile in profiles], steps, bits)
        above = raised(held, left, Reach(field, t, steps, BUDGET), field, bits, BUDGET)
        assert list(zip(*above, strict=True)) == [plainly(field, left, t, x) for x in profiles]


@pytest.mark.parametrize("seed", range(30))
def test_what_is_left_is_what_none_before_is_as_good_as(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(dominance, "FEW", rng.choice((1, 2, 16)))
    monkeypatch.setattr(dominance, "TOGETHER", rng.choice((1, 3, 1024)))
    field = random_field(rng, memory=rng.randint(2, 9), kinds=3)
    bits, lanes = width_of(field.memory), 10
    guard = sum(1 << (bits * lane + bits - 1) for lane in range(lanes))
    for _ in range(10):
        t, left = rng.randint(0, 4), [rng.randint(0, kind.count) for kind in field.kinds]
        left[0] = max(1, left[0])
        steps = rng.randint(1, 6)
        profiles = [random_profile(rng, field.memory, steps) for _ in range(rng.randint(1, 70))]
        found = Dominance(field, t, bits, guard, BUDGET).undominated(
            [packed(profile, bits) for profile in profiles], left
        )
        length = max(max((j + 1 for j, x in enumerate(p) if x), default=0) for p in profiles)
        few = len(profiles) < dominance.FEW or not length
        above = [p[:length] if few else plainly(field, left, t, p[:length]) for p in profiles]
        assert found == [
            i
            for i, high in enumerate(above)
            if not any(
                all(x <= tokens for x, tokens in zip(other, high, strict=False))
                for other in profiles[:i]
            )
        ]


def verdicts(tiny: Tiny, rng: random.Random) -> None:
    """Whatever the target and the multipliers, the search proves OPT and nothing above it."""
    opt = truth.opt(tiny)
    denominator, runs = checker_samples.closed_form_prices(tiny)
    proof, value = checker_search.search_bound(tiny, runs, denominator, opt, rng)
    for bound in (value, value + 1):
        claim = {"kind": "opt-lower-bound", "bound": f"{bound}/1"}
        data = truth.encode(checker_samples.certificate(tiny, claim, {"lower_bound": proof}))
        verdict = check(data).verdict
        assert verdict is (Verdict.VERIFIED if bound == value else Verdict.REJECTED), data
        assert check(data, plain=True).verdict is verdict


@pytest.mark.parametrize("seed", range(60))
def test_searches_find_opt(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With arrivals and equal requests, and targets from OPT - 1 to OPT + 2."""
    monkeypatch.setattr(dominance, "FEW", 2)
    rng = random.Random(seed)
    for _ in range(3):
        verdicts(checker_samples.random_tiny(rng, memory=12, requests=5), rng)


def test_searches_find_opt_on_a_whole_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all backlogs of up to four requests in three tokens, or three in four."""
    monkeypatch.setattr(dominance, "FEW", 2)
    rng, calls = random.Random(0), []
    right = raising.Numbers.most
    monkeypatch.setattr(raising.Numbers, "most", lambda *given: calls.append(1) or right(*given))
    for memory in range(1, 5):
        shapes = [(0, s, o) for o in range(1, memory + 1) for s in range(memory - o + 1)]
        for n in range(1, 5 if memory < 4 else 4):
            for rows in itertools.combinations_with_replacement(shapes, n):
                verdicts(Tiny(memory, rows), rng)
    assert len(calls) > 100
