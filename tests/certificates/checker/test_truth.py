"""The certificates that the tests make are true and verified, over many tiny instances."""

import random

import checker_samples
import checker_truth as truth
import pytest

from kvproof.certificates.checker import Verdict, check


@pytest.mark.parametrize("seed", range(40))
def test_samples_are_true_and_verified(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        for made in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            assert truth.is_true(made), made
            result = check(truth.encode(made))
            assert result.verdict is Verdict.VERIFIED, (made, result.reason)
            assert result.reason is None
            assert made["instance"]["digest"] in (result.claim_in_words or "")
