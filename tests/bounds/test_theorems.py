"""Every theorem against exact optima: exhaustive boxes, random instances, and families."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations_with_replacement, groupby, permutations, product
from pathlib import Path

import numpy as np
import pytest

from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.bounds.catalogue.boxes import BOXES, Box
from kvproof.bounds.catalogue.ratio import prompt_constant
from kvproof.bounds.contradiction import contradictions
from kvproof.bounds.families import (
    FAMILIES,
    measure,
    retried_waves,
    three_lengths,
    tight_separators,
    waves,
)
from kvproof.bounds.taxonomy.graph import CAPS
from kvproof.bounds.theorem import Kind, Status, Theorem
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF
from kvproof.scheduling.simulate import simulate

VECTORS = Path(__file__).parents[1] / "vectors" / "small.json"
Optimum = Callable[[Instance], int]


def backlog(memory: int, requests: list[tuple[int, int]]) -> Instance:
    prompt, output = zip(*requests, strict=True)
    return Instance(
        memory=memory,
        arrival=np.zeros(len(prompt), np.int64),
        prompt=np.array(prompt, np.int64),
        output=np.array(output, np.int64),
    )


def instances(box: Box) -> Iterator[list[tuple[int, int]]]:
    kinds = [(s, o) for s in range(box.memory) for o in range(1, box.memory - s + 1)]
    return (list(c) for c in combinations_with_replacement(kinds, box.requests))


def volume(request: tuple[int, int]) -> int:
    prompt, output = request
    return prompt * output + output * (output + 1) // 2


def svf_orders(requests: list[tuple[int, int]]) -> set[tuple[tuple[int, int], ...]]:
    """Return every order by volume: ties, which go by index, in each order."""
    ties = [list(group) for _, group in groupby(sorted(requests, key=volume), key=volume)]
    return {
        tuple(chain.from_iterable(parts))
        for parts in product(*(list(permutations(tie)) for tie in ties))
    }


def late_starts(instance: Instance, factor: Fraction = Fraction(2)) -> list[int]:
    """Return each k, requests in SVF order, with S_k > factor P_k/(1 - eps)."""
    starts, volumes = simulate(instance, SVF()).starts.tolist(), instance.volume.tolist()
    assert volumes == sorted(volumes)
    room = instance.memory - max((instance.prompt + instance.output).tolist())
    # (1 - eps) M = room
    return [k for k, start in enumerate(starts) if room * start > factor * sum(volumes[:k])]


def broken(instance: Instance, best: int, theorems: tuple[Theorem, ...] = THEOREMS) -> list[str]:
    total = simulate(instance, SVF()).total_latency
    return [
        found.theorem
        for found in contradictions(
            instance,
            policy="svf",
            rule="strict",
            policy_total=total,
            feasible_total=best,
            theorems=theorems,
        )
    ]


def taken(box: Box) -> object:
    """Leave the larger boxes, a minute and more together, to ``make boxes``."""
    return pytest.param(box, marks=[pytest.mark.long] if box.multisets > 1_500 else [], id=str(box))


@pytest.mark.parametrize("box", [taken(box) for box in BOXES])
def test_no_instance_of_a_box_contradicts_a_theorem(box: Box, opt: Optimum) -> None:
    count = 0
    for requests in instances(box):
        best = opt(backlog(box.memory, requests))
        for order in svf_orders(requests):
            instance = backlog(box.memory, list(order))
            assert broken(instance, best) == [], order
            assert late_starts(instance) == [], order
        count += 1
    assert count == box.multisets


def test_ties_come_in_every_order_and_a_smaller_chain_constant_is_caught() -> None:
    # volume 3 twice: (2, 1) and (0, 2)
    assert len(svf_orders([(2, 1), (0, 2), (2, 1), (0, 1)])) == 3
    instance = waves(k=16, d=20, requests=160).instance.expanded()
    assert late_starts(instance) == []
    assert late_starts(instance, factor=Fraction(9, 5))


def test_the_constant_for_long_prompts() -> None:
    values = [prompt_constant(Fraction(0), Fraction(q)) for q in (0, 1)]
    assert values == [Fraction(7, 3), Fraction(47, 27)]


def test_random_backlogs_contradict_nothing(opt: Optimum) -> None:
    rng = np.random.default_rng(7)
    for _ in range(150):
        memory = int(rng.integers(6, 16))
        requests = []
        for _ in range(int(rng.integers(2, 6))):
            output = int(rng.integers(1, memory // 2 + 1))
            requests.append((int(rng.integers(0, memory - output + 1)), output))
        instance = backlog(memory, requests)
        assert broken(instance, opt(instance)) == []


def test_vectors_with_arrivals_contradict_nothing(opt: Optimum) -> None:
    data = json.loads(VECTORS.read_text())["instances"]
    for position, vector in enumerate(data):
        columns = {k: np.array(vector[k], np.int64) for k in ("arrival", "prompt", "output")}
        instance = Instance(memory=vector["memory"], **columns)
        if position % 10 == 0:  # the enumeration here and the vectors agree on OPT
            assert opt(instance) == vector["opt"]
        for policy, rule in (("svf", "strict"), ("svf", "skip"), ("sjf", "strict")):
            total = vector["total_latency"][policy + ("-skip" if rule == "skip" else "")]
            assert not list(
                contradictions(
                    instance,
                    policy=policy,
                    rule=rule,
                    policy_total=total,
                    feasible_total=vector["opt"],
                )
            )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("svf-backlog-eta", lambda old, i: old(i) - Fraction(i.rows)),
        ("svf-backlog-prefix", lambda old, i: old(i) - 1),
        ("opt-outputs", lambda old, i: old(i) + 1),
        ("opt-volume", lambda old, i: old(i) * Fraction(11, 10)),
        ("opt-centroid", lambda old, i: old(i) * Fraction(21, 20)),
        ("opt-closed-prices", lambda old, i: old(i) * Fraction(21, 20)),
    ],
)  # fmt: skip
def test_a_strengthened_bound_is_contradicted(
    name: str, change: Callable[..., Fraction], opt: Optimum
) -> None:
    theorem = find(name)
    assert theorem.total is not None
    old = theorem.total
    stronger = replace(theorem, total=lambda instance: change(old, instance))
    found = 0
    for requests in instances(Box(memory=5, requests=3)):
        instance = backlog(5, requests)
        found += bool(broken(instance, opt(instance), (stronger,)))
    assert found


def test_the_constant_2_of_the_chain_is_needed() -> None:
    theorem = find("svf-backlog")
    witness = waves(k=32, d=20, requests=3200)
    found = measure(witness)
    facts = {"policy_total": found.policy_total, "feasible_total": found.feasible_total}
    for constant, caught in ((Fraction(2), 0), (Fraction(19, 10), 1)):

        def total(instance: Instance, constant: Fraction = constant) -> Fraction:
            assert theorem.total is not None
            outputs = sum(instance.expanded().output.tolist())
            return (theorem.total(instance) - outputs) * constant / 2 + outputs

        changed = (replace(theorem, total=total),)
        broken = contradictions(
            witness.instance, policy="svf", rule="strict", theorems=changed, **facts
        )
        assert len(list(broken)) == caught


@pytest.mark.parametrize("name", ["svf-ratio-paper", "svf-ratio", "svf-ratio-prompts"])
def test_a_strengthened_constant_is_contradicted_by_a_family(name: str) -> None:
    theorem = find(name)
    witness = waves(k=16, d=20, requests=3200)
    found = measure(witness)
    assert theorem.ratio is not None
    allowed = theorem.ratio(witness.instance)
    for share, caught in ((Fraction(1), 0), (Fraction(3, 4), allowed < Fraction(5, 2))):
        scaled = replace(theorem, ratio=lambda i, share=share: share * allowed)
        facts = {"policy_total": found.policy_total, "feasible_total": found.feasible_total}
        result = list(
            contradictions(
                witness.instance, policy="svf", rule="strict", theorems=(scaled,), **facts
            )
        )
        assert len(result) == int(caught)


def test_names_are_unique_and_every_use_exists() -> None:
    names = [theorem.name for theorem in THEOREMS]
    assert len(set(names)) == len(names)
    for theorem in THEOREMS:
        for name in theorem.uses:
            assert find(name)
    with pytest.raises(InputError, match="theorem 'nope' is unknown"):
        find("nope")


def test_what_the_issue_lists_is_there() -> None:
    at = {name: find(name).constant for name in ("svf-ratio-paper", "svf-ratio", "svf-waves")}
    paper, ours, lower = (at[name] for name in at)
    assert paper is not None
    assert ours is not None
    assert lower is not None
    assert (paper(Fraction(0)), paper(Fraction(1, 2))) == (3, 5)
    assert (ours(Fraction(0)), ours(Fraction(1, 2))) == (Fraction(7, 3), 4)
    assert lower(Fraction(0)) == 2
    claimed = {"sorted-f-48": (48, 48), "gba": (6.75, 10.67), "gsa": (32, 61.92)}
    for name, (limit, general) in claimed.items():
        constant = find(name).constant
        assert constant is not None
        assert [float(constant(cap) or 0) for cap in (Fraction(0), Fraction(1, 2))] == [
            limit,
            general,
        ]
        assert find(name).status is Status.CLAIMED


def test_conjectures_lie_between_the_proved_bounds() -> None:
    for cap in CAPS[:-1]:
        lower = max(
            value
            for name in ("svf-waves", "svf-separators")
            if (constant := find(name).constant) and (value := constant(cap)) is not None
        )
        conjecture, upper = find("svf-gap-conjecture").constant, find("svf-ratio").constant
        assert conjecture is not None
        assert upper is not None
        assert lower == conjecture(cap) <= (upper(cap) or math.inf)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_every_proof_passes(theorem: Theorem) -> None:
    results = theorem.check()
    assert all(result.verdict in ("passed", "argued in words") for result in results)
    if theorem.status is Status.PROVED:
        assert results


TABLE = [  # memory, fat height, length, stages, requests, SVF, feasible
    (12_800_000, 6_400_000, 800, 30, 3_340, 20_276_805, 11_569_000),
    (9_599_999, 6_400_000, 800, 30, 1_709, 10_630_700, 4_436_960),
    (8_000_000, 6_400_000, 800, 30, 892, 5_791_165, 1_701_760),
    (28_444_444, 25_600_000, 1_600, 40, 874, 14_671_384, 2_616_280),
]


@pytest.mark.parametrize("row", TABLE)
def test_known_separators(row: tuple[int, ...]) -> None:
    memory, height, length, stages, *known = row
    found = measure(tight_separators(memory=memory, height=height, length=length, stages=stages))
    assert [found.requests, found.policy_total, found.feasible_total] == known


SMALL = {
    "waves": {"k": 4, "d": 10, "requests": 400},
    "separators": {"slots": 60, "length": 120, "stages": 12, "prompt": 1200},
    "tight_separators": {"memory": 500_000, "height": 400_000, "length": 200, "stages": 15},
    "skip_slots": {"k": 3, "q": 12},
    "skip_staggered": {"d": 16, "fats": 64, "longs": 8},
    "retried_waves": {"k": 3, "length": 20, "requests": 300},
    "long_first": {"k": 3, "length": 12},
    "fat_first": {"k": 3, "steps": 10},
    "long_then_shorts": {"n": 12, "k": 2},
    "long_then_tokens": {"k": 12, "m": 3},
    "one_class": {"k": 2, "length": 60},
    "three_lengths": {"k": 2, "n": 4},
    "paced_wave": {"k": 20, "prompt": 300, "output": 30},
    "random_waves": {"requests": 3000, "mean": 30, "memory": 3000, "seed": 2},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_feasible_and_contradicts_nothing(family: str) -> None:
    witness = FAMILIES[family](**SMALL[family])
    found = measure(witness)
    assert found.ratio >= 1
    rule = "skip" if witness.skip else "strict"
    assert not list(
        contradictions(
            witness.instance,
            policy=witness.policy.name,
            rule=rule,
            policy_total=found.policy_total,
            feasible_total=found.feasible_total,
        )
    )
    assert witness.label.startswith(f"{family}(")


@pytest.mark.parametrize("theta", [0, 1, 81, 729, None])
@pytest.mark.parametrize("skip", [False, True])
def test_true_lengths_in_admission_tell_nothing_on_three_lengths(
    theta: int | None, skip: bool
) -> None:
    witness = replace(three_lengths(k=2, n=3, theta=theta), skip=skip)
    blind = replace(witness, policy=OneBitSVF(theta=theta, admission="reserve"))
    starts = [simulate(w.instance, w.policy, skip=w.skip).starts.tolist() for w in (witness, blind)]
    assert starts[0] == starts[1]
    assert measure(witness).ratio >= 1


def test_a_family_refuses_bad_parameters() -> None:
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        waves(k=0, d=3, requests=5)


def test_the_refuted_claim_is_refuted() -> None:
    refuted = find("waves-2-plus")
    assert refuted.status is Status.REFUTED
    assert refuted.kind is Kind.RATIO_AT_LEAST
    # the (k + 1)-th request starts one step after the first k
    witness = retried_waves(k=3, length=20, requests=4)
    assert simulate(witness.instance, SVF()).starts.tolist() == [0, 0, 0, 1]


def test_bounds_speak_only_of_their_domain() -> None:
    theorem = find("svf-backlog")
    instance = backlog(6, [(0, 2), (1, 3)])
    assert theorem.applies(instance, "svf", "strict")
    assert not theorem.applies(instance, "svf", "skip")
    assert not theorem.applies(instance, "sjf", "strict")
    assert not theorem.applies(backlog(4, [(0, 2), (1, 3)]), "svf", "strict")  # eps = 1
    late = Instance(memory=6, arrival=[0, 1], prompt=[0, 1], output=[2, 3])
    assert not theorem.applies(late, "svf", "strict")
    assert not find("light-traffic").applies(instance, "svf", "strict")  # of distributions


def test_the_families_hold_for_the_policies_that_they_name() -> None:
    for policy, make in ((FCFS(), "long_first"), (SJF(), "fat_first")):
        assert type(FAMILIES[make](**SMALL[make]).policy) is type(policy)
