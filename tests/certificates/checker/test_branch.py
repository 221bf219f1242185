"""The ``branch`` proof by hand: two requests of two tokens at memory 3, where OPT is 5."""

import copy

import checker_truth as truth
import pytest

from certificates.checker import check


def make(target, vectors, tree, denominator=1):
    tiny = truth.Tiny(3, ((0, 0, 2), (0, 0, 2)))
    bound = {"kind": "branch", "target": target, "denominator": denominator,
             "vectors": vectors, "tree": tree}  # fmt: skip
    return {
        "format": "kvproof-certificate",
        "version": 1,
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", 0),
        ("target", True),
        ("denominator", 0),
        ("vectors", {}),
        ("vectors", [[0, -2]]),
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
