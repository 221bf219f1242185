import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling import sorted_f
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.sorted_f import SortedF
from kvproof.scheduling.swaps import SortedFSwap, improved
from tests.strategies import backlogs


def quality(instance, batch):
    batch = list(batch)
    return Fraction(int(instance.output[batch].sum()), len(batch) ** 2)


def moves(instance, batch):
    """The batches one move away that fit, best first by the rule: swaps, additions, removals."""
    peak, output = (instance.prompt + instance.output).tolist(), instance.output.tolist()
    free = instance.memory - sum(peak[i] for i in batch)
    outside = sorted(set(range(instance.rows)) - batch)
    swaps = [
        (output[j] - output[i], peak[j] - peak[i], j, i)
        for j, i in itertools.product(outside, sorted(batch))
        if peak[j] <= free + peak[i]
    ]
    additions = [(output[j], peak[j], j) for j in outside if peak[j] <= free]
    removals = [(-output[i], -peak[i], i) for i in sorted(batch) if len(batch) > 1]
    yield from (batch - {i} | {j} for _, _, j, i in sorted(swaps))
    yield from (batch | {j} for *_, j in sorted(additions))
    yield from (batch - {i} for *_, i in sorted(removals))


def plainly_improved(instance, batch):
    while True:
        now = quality(instance, batch)
        better = next((b for b in moves(instance, batch) if quality(instance, b) < now), None)
        if better is None:
            return batch
        batch = better


def columns(instance):
    return instance.memory, instance.prompt + instance.output, instance.output


@given(backlogs(max_requests=14), st.data())
def test_each_move_is_the_plain_rule_s(instance, data):
    memory, peak, _ = columns(instance)
    batch, held = set(), 0
    for i in data.draw(st.permutations(range(instance.rows))):
        if not batch or (held + peak[i] <= memory and data.draw(st.booleans())):
            batch.add(i)
            held += peak[i]
    found = improved(*columns(instance), np.array(sorted(batch)))
    assert set(found.tolist()) == plainly_improved(instance, batch)


@pytest.mark.parametrize("seed", range(10))
def test_where_many_are_alike_each_move_is_the_plain_rule_s(seed):
    rng = np.random.default_rng(seed)
    for n in rng.integers(4, 10, 20).tolist():
        prompt, output = rng.integers(0, 4, n), rng.choice([1, 2, 3, 9], n)
        peak, batch = prompt + output, rng.permutation(n)[: rng.integers(1, n)]
        memory = int(max(peak.max(), peak[batch].sum() + rng.integers(0, 4)))
        instance = Instance(memory=memory, arrival=[0] * n, prompt=prompt, output=output)
        found = improved(*columns(instance), np.sort(batch))
        assert set(found.tolist()) == plainly_improved(instance, set(batch.tolist()))


@given(backlogs(max_requests=10))
def test_it_lies_between_sorted_f_and_the_best_batch(instance):
    memory, peak, output = columns(instance)
    first = SortedF().many(memory, peak, output, instance.volume)
    found = improved(memory, peak, output, first)
    best = sorted_f.best_subset(memory, peak, output)
    assert peak[found].sum() <= memory
    assert quality(instance, best) <= quality(instance, found) <= quality(instance, first)
    assert improved(memory, peak, output, best).tolist() == best.tolist()


def test_it_is_mostly_the_best_batch():
    rng = np.random.default_rng(0)
    counts = {"first": 0, "found": 0}
    for _ in range(200):
        output, prompt = rng.integers(1, 21, 12), rng.integers(0, 200, 12)
        peak = prompt + output
        memory = int(max(peak.max(), peak.mean() * rng.integers(2, 7)))
        instance = Instance(memory=memory, arrival=[0] * 12, prompt=prompt, output=output)
        first = SortedF().many(memory, peak, output, instance.volume)
        best = quality(instance, sorted_f.best_subset(memory, peak, output))
        counts["first"] += quality(instance, first) == best
        counts["found"] += quality(instance, improved(memory, peak, output, first)) == best
    assert counts["found"] > counts["first"] > 150
    assert counts["found"] >= 180


@pytest.mark.parametrize(
    ("memory", "prompt", "output", "first", "found"),
    [
        (21, [0, 5, 4], [9, 6, 6], [0], [1, 2]),  # the lower of two peaks in, then the other
        (20, [0, 5, 4], [9, 6, 6], [0], [0, 2]),  # then no other fits
        (20, [0, 0, 0], [2, 2, 9], [0, 1, 2], [0, 1]),  # the longest out
        (9, [0, 0], [3, 3], [0, 1], [0, 1]),  # nothing helps
        (2**31 - 1, [0, 0], [1, 2**31 - 2], [1], [0]),  # numbers near the limit
    ],
)
def test_moves_by_hand(memory, prompt, output, first, found):
    instance = Instance(memory=memory, arrival=[0] * len(prompt), prompt=prompt, output=output)
    assert improved(*columns(instance), np.array(first)).tolist() == found


def test_the_policy_improves_what_sorted_f_takes():
    n = sorted_f.EXACT_UP_TO + 1
    # three outputs of 1 leave room for a short one of 2, which no order has next
    instance = Instance(memory=9, arrival=[0] * n, prompt=[3, 0, 0, 0, 0, 2, 2, *[3] * (n - 7)],
                        output=[2, 2, 2, 2, 1, 1, 1, *[2] * (n - 7)])  # fmt: skip
    waiting = np.arange(n)
    assert SortedF().next_batch(instance, waiting).tolist() == [4, 5, 6]
    assert find_policy("sorted-f-swap").next_batch(instance, waiting).tolist() == [4, 5, 6, 1]


@given(backlogs(max_requests=sorted_f.EXACT_UP_TO))
def test_few_are_batched_as_sorted_f_does(instance):
    waiting = np.arange(instance.rows)
    batches = [policy.next_batch(instance, waiting) for policy in (SortedF(), SortedFSwap())]
    assert batches[0].tolist() == batches[1].tolist()
