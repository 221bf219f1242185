"""No mutant of a valid certificate that claims more than is true is accepted.

``benchmarks/mutants.py`` runs the same for a million mutants and more.
"""

import random
from collections import Counter

import checker_mutants
import checker_samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvproof.certificates.checker import Verdict, check


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_accepted_mutants_are_true(rng: random.Random) -> None:
    tiny = checker_samples.random_tiny(rng, memory=7, requests=3)
    for base in checker_samples.samples(tiny, rng):
        made = rng.choice((base, checker_mutants.with_counts(base)))
        data = checker_mutants.mutant(made, rng)
        result = check(data)
        assert result.verdict is not Verdict.INTERNAL_ERROR, (data, result.reason)
        if result.verdict is Verdict.VERIFIED:
            assert checker_mutants.proved_again(data), data


def test_the_mutants_reach_every_verdict() -> None:
    rng, seen = random.Random(5), Counter[Verdict]()
    for _ in range(30):
        for base in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            seen.update(check(checker_mutants.mutant(base, rng)).verdict for _ in range(5))
    assert set(seen) >= {Verdict.VERIFIED, Verdict.REJECTED, Verdict.MALFORMED}
    assert seen[Verdict.REJECTED] > seen[Verdict.VERIFIED]
