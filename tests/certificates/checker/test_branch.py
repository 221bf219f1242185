"""The ``branch`` proof, by hand (two requests of two tokens at memory 3, OPT 5) and at random."""

import copy
import itertools
import random

import checker_branch
import checker_samples
import checker_truth as truth
import pytest

from kvproof.certificates.checker import check, limits
from kvproof.certificates.checker.core import branch


def make(target, vectors, tree, denominator=1, version=2):
    tiny = truth.Tiny(3, ((0, 0, 2), (0, 0, 2)))
    if version == 2:
        vectors = [checker_branch.in_runs(prices) for prices in vectors]
    bound = {"kind": "branch", "target": target, "denominator": denominator,
             "vectors": vectors, "tree": tree}  # fmt: skip
    return {
        "format": "kvproof-certificate",
        "version": version,
        "instance": {"digest": truth.digest(tiny), "inline": tiny.json()},
        "claim": {"kind": "opt-lower-bound", "bound": f"{target}/1"},
        "proof": {"lower_bound": bound},
    }


def verdict(certificate):
    return check(truth.encode(certificate)).verdict


@pytest.mark.parametrize(
    ("target", "vectors", "tree"),
    [
        (5, [[0, 2]], [2, 0]),  # both at 0 would pay 2 + 2 x 2 each, less 3 x 2
        (5, [[0, 2]], [1, 0, 0, 0, 2, 0, 0]),  # the first by 0, or else nothing is left
        (5, [[0, 2]], [3, 0, 0, 1, 7, 0, 0]),  # below a closed node all is closed
        (4, [], [0]),  # below the sum of the outputs there is nothing
        (5, [[], [0, 2, 0]], [4, 0, 1]),
    ],
)
def test_proofs_that_hold(target, vectors, tree):
    assert verdict(make(target, vectors, tree)) == "verified"
    assert verdict(make(target, vectors, tree, version=1)) == "verified"


@pytest.mark.parametrize(
    ("target", "vectors", "tree"),
    [
        (6, [[0, 2]], [2, 0]),
        (6, [[0, 2]], [1, 0, 0, 0, 2, 0, 0]),
        (5, [[0, 0]], [2, 0]),
        (5, [], [0]),
        (5, [[0, 2]], [1, 0, 1, 0, 0, 0]),
        (6, [[0, 2], [0, 9]], [1, 0, 1, 0, 2, 1, 2, 0]),
    ],
)
def test_open_leaves_are_rejected(target, vectors, tree):
    assert verdict(make(target, vectors, tree)) == "rejected"
    assert verdict(make(target, vectors, tree, version=1)) == "rejected"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", 0),
        ("target", True),
        ("denominator", 0),
        ("vectors", {}),
        ("vectors", [[[1, 0], [1, -2]]]),
        ("vectors", [[0, 2]]),
        ("vectors", [0, 2]),
        ("tree", []),
        ("tree", [2]),
        ("tree", [2, 1]),  # no such vector
        ("tree", [2, 0, 0]),  # the tree has ended before
        ("tree", [1, 0, 0]),
        ("tree", [1, 1, 0, 0, 2, 0, 0]),  # no such class
        ("tree", [1, 0, 2, 0, 2, 0, 0]),  # no such request
        ("tree", [1, 0, 0, 0, 2, 0]),  # a child is missing
        ("tree", [-2, 0]),
        ("more", 0),
    ],
)
def test_malformed(field, value):
    spoiled = copy.deepcopy(make(5, [[0, 2]], [2, 0]))
    spoiled["proof"]["lower_bound"][field] = value
    assert verdict(spoiled) == "malformed"


def test_a_huge_target_is_over_a_limit():
    assert verdict(make(10**9, [[0, 2]], [2, 0])) == "over a limit"


def test_the_checker_reads_trees_as_the_specification_does():
    rng, seen = random.Random(6), set()
    for _ in range(250):
        tiny = checker_samples.random_tiny(rng)
        denominator, runs = checker_samples.closed_form_prices(tiny)
        proof, value = checker_branch.branch_bound(tiny, runs, denominator, rng)
        proof["target"] += rng.choice((-1, 0, 0, 1))
        runs = [run for vector in proof["vectors"] for run in vector]
        if runs and rng.random() < 0.3:
            run = rng.choice(runs)
            run[1] = max(0, run[1] + rng.choice((-1, 1)))
        tree = proof["tree"]
        if rng.random() < 0.3:
            place = rng.randrange(len(tree))
            tree[place] = max(0, tree[place] + rng.choice((-1, 1)))
        claim = {"kind": "opt-lower-bound", "bound": f"{max(1, proof['target'])}/1"}
        made = checker_samples.certificate(tiny, claim, {"lower_bound": proof})
        found = verdict(made)
        if found != "malformed":
            assert (found == "verified") == checker_branch.holds(tiny, proof), made
        seen.add((found, proof["target"] > value))
    assert seen >= {("verified", False), ("rejected", False), ("rejected", True)}


def many(requests, target, prices, tree):
    """`requests` of one token at memory 1."""
    tiny = truth.Tiny(1, ((0, 0, 1),) * requests)
    bound = {"kind": "branch", "target": target, "denominator": 1,
             "vectors": [checker_branch.in_runs(prices)], "tree": tree}  # fmt: skip
    claim = {"kind": "opt-lower-bound", "bound": f"{target}/1"}
    return checker_samples.certificate(tiny, claim, {"lower_bound": bound})


@pytest.mark.parametrize(
    "tree",
    [
        [2 * 400, *[0] * 400],  # one node, many vectors
        [3, 0, 0, 0, 0] * 200 + [0] * 201,  # many nodes
    ],
)
def test_every_vector_and_node_looks_at_the_clock(tree, monkeypatch):
    clock = itertools.count(step=10**9)
    monkeypatch.setattr(limits, "monotonic_ns", lambda: next(clock))
    assert verdict(many(3, 12, [], tree)) == "over a limit"


def test_equal_windows_are_shortened_once(monkeypatch):
    looked = 0

    class Row(list):
        def __getitem__(self, at):
            nonlocal looked
            looked += isinstance(at, int)
            return super().__getitem__(at)

    right = branch.Branching._row
    monkeypatch.setattr(branch.Branching, "_row", lambda *given: Row(right(*given)))
    # nobody may start in the 100 dear steps, and all 300 have them in their windows
    assert verdict(many(300, 450, [300] * 100, [2, 0])) == "rejected"
    assert 100 < looked < 1000
