"""The ``search`` proof: everything in it is read, whatever the search comes to need."""

import copy
import functools
import json
import random
from pathlib import Path
from typing import Any

import checker_mutants
import checker_samples
import checker_search
import checker_truth as truth
import pytest

from kvproof.certificates.checker import Result, check
from kvproof.certificates.checker.core.budget import Budget
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.core.search import search_bound
from kvproof.certificates.checker.core.starts import Hints, Kind, Listed, Multipliers, read_search
from kvproof.certificates.checker.fast import search as packed_search
from kvproof.certificates.checker.fast.search import Search
from kvproof.certificates.checker.fast.tables import Tables
from kvproof.certificates.checker.limits import DEFAULT, Meter

VALID = Path(__file__).parents[1] / "valid"
GOOD: dict[str, Any] = json.loads((VALID / "search.json").read_text(encoding="utf-8"))
PROOF = GOOD["proof"]["lower_bound"]


def checked(claim: str = GOOD["claim"]["bound"], **change: Any) -> Result:
    """Return what both engines say, which must be the same but for naming the packed one."""
    made = copy.deepcopy(GOOD)
    made["proof"]["lower_bound"].update(change)
    made["claim"]["bound"] = claim
    data = truth.encode(made)
    packed, plain = check(data), check(data, plain=True)
    assert (packed.verdict, packed.reason) == (plain.verdict, plain.reason)
    assert ("packed" in (packed.claim_in_words or "")) == (packed.verdict == "verified")
    assert "packed" not in (plain.claim_in_words or "")
    return packed


@pytest.mark.parametrize("worth", [0, 10**9])
def test_both_engines_find_the_same(worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On random proofs, changed in one place; whether it looks ahead in a step or not."""
    monkeypatch.setattr(packed_search, "WORTH", worth)
    rng, seen = random.Random(3), set()
    for _ in range(200):
        tiny = checker_samples.random_tiny(rng, memory=9, requests=5)
        denominator, runs = checker_samples.closed_form_prices(tiny)
        proof, value = checker_search.search_bound(tiny, runs, denominator, truth.opt(tiny), rng)
        if rng.random() < 0.5:
            path = rng.choice(checker_mutants.places(proof))
            old = functools.reduce(lambda at, key: at[key], path, proof)
            if type(old) is int:
                functools.reduce(lambda at, key: at[key], path[:-1], proof)[path[-1]] = max(
                    0, old + rng.choice((-1, 1))
                )
        claim = {"kind": "opt-lower-bound", "bound": f"{value + rng.randint(0, 1)}/1"}
        data = truth.encode(checker_samples.certificate(tiny, claim, {"lower_bound": proof}))
        packed, plain = check(data), check(data, plain=True)
        assert (packed.verdict, packed.reason) == (plain.verdict, plain.reason), data
        seen.add(packed.verdict.value)
    assert seen >= {"verified", "rejected", "malformed"}


@pytest.mark.parametrize("worth", [0, 10**9])
def test_a_search_gives_back_all_that_it_took(worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_search, "WORTH", worth)
    run, left = Search.run, []

    def watched(search: Search, tables: Tables) -> None:
        meter = search.budget = Meter(DEFAULT)
        run(search, tables)  # these have a meter of their own
        left.append(meter.free)

    monkeypatch.setattr(Search, "run", watched)
    rng = random.Random(4)
    for _ in range(20):
        assert check(checker_samples.searched(rng)).verdict == "verified"
    assert len(left) > 5  # the others are proved by prices or by the first vector
    assert set(left) == {DEFAULT.memory_bytes}


SPOILED: list[Any] = [
    None,
    [],
    {},
    {**PROOF["vectors"][0], "more": 1},
    {**PROOF["vectors"][0], "since": -1},
    {**PROOF["vectors"][0], "since": 10**6},
    {**PROOF["vectors"][0], "unit": 0},
    {**PROOF["vectors"][0], "start": [True]},
    {**PROOF["vectors"][0], "end": [-1]},
]


@pytest.mark.parametrize("place", range(len(SPOILED)))
def test_a_vector_that_no_step_names_is_read(place: int) -> None:
    vector = SPOILED[place]
    assert checked(vectors=[*PROOF["vectors"], vector]).verdict == "malformed"
    # and so it is where the prices alone reach the target
    assert checked("1/1", target=1).verdict == "verified"
    assert checked("1/1", target=1, vectors=[*PROOF["vectors"], vector]).verdict == "malformed"


def test_its_length_is_asked_for_where_there_is_a_search() -> None:
    short = {"since": 0, "unit": 1, "start": [], "end": []}
    result = checked(vectors=[*PROOF["vectors"], short])
    assert (result.verdict, result.reason) == (
        "malformed",
        f"proof.lower_bound.vectors[{len(PROOF['vectors'])}].start: too short",
    )
    assert checked("1/1", target=1, vectors=[short]).verdict == "malformed"  # named: 1, 2, ...
    assert checked("1/1", target=1, vectors=[short], layers=[]).verdict == "verified"


@pytest.mark.parametrize(
    ("layers", "verdict"),
    [
        ([{"length": 1, "vectors": []}], "malformed"),
        ([{"length": 1, "vectors": [0, 0]}], "malformed"),
        ([{"length": 1, "vectors": [99]}], "malformed"),
        ([{"length": 0, "vectors": [0]}], "malformed"),
        ([{"length": 100_001, "vectors": [0]}], "malformed"),
        ([{"length": 60_000, "vectors": [0]}] * 2, "over a limit"),
        ([], "rejected"),
        ([{"length": 1, "vectors": [0]}], "rejected"),
    ],
)
def test_layers(layers: Any, verdict: str) -> None:
    assert checked(layers=layers).verdict == verdict
    reached = checked("1/1", target=1, layers=layers).verdict
    assert reached == ("verified" if verdict == "rejected" else verdict)


def test_a_step_takes_64_vectors_at_most() -> None:
    vectors = [PROOF["vectors"][0]] + [{"since": 0, "unit": 1, "start": [], "end": []}] * 64
    layers = [{"length": 99, "vectors": list(range(65))}]
    result = checked(vectors=vectors, layers=layers)
    assert result.verdict == "over a limit"
    assert "65 vectors; the limit is 64" in (result.reason or "")


def test_the_value_is_the_smaller_of_the_target_and_what_is_met() -> None:
    opt = int(GOOD["claim"]["bound"].split("/")[0])
    assert PROOF["target"] > opt  # so a schedule of OPT is met
    assert checked(f"{opt}/1").verdict == "verified"
    assert checked(f"{opt + 1}/1").verdict == "rejected"


def test_scale_is_from_1_to_2_to_the_31() -> None:
    assert checked(scale=0).verdict == "malformed"
    assert checked(scale=2**31 + 1).verdict == "malformed"
    first = PROOF["vectors"][:1]  # over the starts that prices allow, whatever the scale
    assert checked(scale=2**31, vectors=first, layers=[]).verdict == "rejected"


def test_the_core_takes_any_hints() -> None:
    """Where multipliers are missing it fails, or what it proves is true all the same."""
    opt, seen, rng = int(GOOD["claim"]["bound"].split("/")[0]), set(), random.Random(4)
    instance = read_instance(GOOD["instance"]["inline"], "i", Meter(DEFAULT))

    def drawn(since: int, kinds: list[Kind]) -> Multipliers:
        alpha, beta = (
            [{p: rng.randint(-3, 3) for p in kind.starts if p + add >= since} for kind, add in own]
            for own in ([(k, 0) for k in kinds], [(k, k.output) for k in kinds])
        )
        if rng.random() < 0.2:
            part = rng.choice((alpha, beta, *filter(None, alpha), *filter(None, beta)))
            part.pop(len(part) - 1 if isinstance(part, list) else rng.choice(list(part)))
        return alpha, beta

    def gaps(_: dict[str, Any], __: Budget) -> Hints:
        sinces = [0, 0, 1, 3]
        vectors = [Listed(since, functools.partial(drawn, since)) for since in sinces]
        return vectors, lambda t: [v for v, since in enumerate(sinces) if since <= t]

    for _ in range(60):
        try:
            read = read_search(PROOF, gaps, instance, Meter(DEFAULT))
            value = search_bound(read, instance, Meter(DEFAULT))
        except (IndexError, KeyError) as missing:
            seen.add(type(missing))
        else:
            assert value <= opt
            seen.add(int)
    assert seen == {IndexError, KeyError, int}


def test_a_vector_that_begins_after_its_step_is_rejected() -> None:
    late = next(place for place, vector in enumerate(PROOF["vectors"]) if vector["since"] > 0)
    result = checked(layers=[{"length": 99, "vectors": [late]}])
    assert result.verdict == "rejected"
    assert "but it is used from step 0" in (result.reason or "")
