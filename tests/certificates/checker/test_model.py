"""Instances, their digest, schedules."""

import random
from typing import Any

import checker_mutants
import checker_samples
import checker_truth as truth
import pytest
from checker_truth import Tiny

from kvproof.certificates.checker.core import model
from kvproof.certificates.checker.core.verdict import Malformed, OverLimit
from kvproof.certificates.checker.limits import DEFAULT, Limits, Meter

BUDGET = Meter(DEFAULT)
PLAIN: dict[str, Any] = Tiny(9, ((0, 4, 2), (0, 0, 3), (0, 0, 3))).json()


def test_digest_is_pinned() -> None:
    value = Tiny(9, ((0, 4, 2), (0, 0, 3))).json()
    assert (
        model.read_instance(value, "i", BUDGET).digest
        == "b0129ee1b22d9031b353e41b4103d44d89a5f0d5d141c100b3560bc8029ab1c0"
    )


def test_digest_is_that_of_the_specification() -> None:
    rng = random.Random(0)
    for _ in range(200):
        tiny = checker_samples.random_tiny(rng)
        assert model.read_instance(tiny.json(), "i", BUDGET).digest == truth.digest(tiny)


def test_counts_are_one_instance_with_their_expansion() -> None:
    counted = {**PLAIN, "arrival": [0, 0], "prompt": [4, 0], "output": [2, 3], "count": [1, 2]}
    split = {**PLAIN, "count": [1, 1, 1]}
    instances = [model.read_instance(v, "i", BUDGET) for v in (PLAIN, counted, split)]
    assert instances[0] == instances[1] == instances[2]
    assert instances[0].output == [2, 3, 3]


def test_order_and_every_number_matter() -> None:
    seen = {truth.digest(Tiny.of(PLAIN))}
    for other in (
        Tiny(9, ((0, 0, 3), (0, 4, 2), (0, 0, 3))),
        Tiny(10, ((0, 4, 2), (0, 0, 3), (0, 0, 3))),
        Tiny(9, ((1, 4, 2), (0, 0, 3), (0, 0, 3))),
        Tiny(9, ((0, 3, 2), (0, 0, 3), (0, 0, 3))),
        Tiny(9, ((0, 4, 2), (0, 0, 3))),
        Tiny(9, ((0, 4, 2), (0, 0, 3), (0, 0, 4))),
    ):
        seen.add(model.read_instance(other.json(), "i", BUDGET).digest)
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"memory": 0}, "i.memory: expected an integer from 1 to 2147483647, got 0"),
        ({"memory": 2**31}, "i.memory"),
        ({"memory": True}, "i.memory: .* got true"),
        ({"arrival": [0, -1, 0]}, r"i.arrival\[1\]"),
        ({"arrival": [0, 0, 2**48 + 1]}, r"i.arrival\[2\]"),
        ({"arrival": [0, 0, False]}, r"i.arrival\[2\]: .* got false"),
        ({"arrival": [0, 0]}, "2 arrivals but 3 of prompt"),
        ({"arrival": [], "prompt": [], "output": []}, "no requests"),
        ({"arrival": 0}, "i.arrival: expected an array"),
        ({"prompt": [4, 0, None]}, r"i.prompt\[2\]: .* got null"),
        ({"output": [2, 3, 0]}, r"i.output\[2\]"),
        ({"output": [2, 3, [3]]}, r"i.output\[2\]: .* got an array"),
        ({"output": [6, 3, 3]}, r"row 0 needs 4 \+ 6 tokens of 9"),
        ({"count": [1, 1]}, "3 arrivals but 2 of count"),
        ({"count": [1, 0, 1]}, r"i.count\[1\]"),
        ({"format": "kvproof-certificate"}, "i.format"),
        ({"version": 2}, "i.version"),
        ({"version": True}, "i.version"),
        ({"name": "mine"}, 'unknown field "name"'),
    ],
)
def test_malformed_instances(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Malformed, match=message):
        model.read_instance({**PLAIN, **change}, "i", BUDGET)


@pytest.mark.parametrize("field", PLAIN)
def test_missing_fields(field: str) -> None:
    value = {key: entry for key, entry in PLAIN.items() if key != field}
    with pytest.raises(Malformed, match=f"the field '{field}' is missing"):
        model.read_instance(value, "i", BUDGET)


def test_a_count_cannot_exhaust_memory() -> None:
    with pytest.raises(OverLimit, match="more than 2,000,000 requests"):
        model.read_instance({**PLAIN, "count": [1, 2**62, 1]}, "i", BUDGET)
    few = Meter(Limits(requests=2))
    with pytest.raises(OverLimit, match="more than 2 requests"):
        model.read_instance(PLAIN, "i", few)


def test_schedules_in_runs() -> None:
    instance = model.read_instance(PLAIN, "i", BUDGET)
    assert model.read_schedule({"starts": [0, 2], "count": [1, 2]}, "s", instance) == [0, 2, 2]
    for bad in (
        {"starts": [0, 2]},
        {"starts": [0, 2, 2, 2]},
        {"starts": [0, 2], "count": [1, 1]},
        {"starts": [0, 2, 2], "count": [1, 1, 2**62]},
        {"starts": [0, 2, 2], "count": [3]},
        {"starts": [0, 2, -1]},
        {"starts": [0, 2, 2**62 + 1]},
        {"starts": [0, 2, 2], "ends": []},
        [0, 2, 2],
    ):
        with pytest.raises(Malformed):
            model.read_schedule(bad, "s", instance)


def test_the_counted_form_of_a_certificate_is_the_same() -> None:
    tiny = Tiny(9, ((0, 4, 2), (0, 0, 3), (0, 0, 3)))
    made = checker_samples.samples(tiny, random.Random(0))[0]
    counted = checker_mutants.with_counts(made)
    assert counted["instance"]["inline"]["count"] == [1, 2]
    assert Tiny.of(counted["instance"]["inline"]) == tiny
