"""Two checkers, written from the same page by different hands, say the same of everything.

``checker_second.py`` was written from ``docs/certificates.md`` alone.
"""

import random
from pathlib import Path

import checker_corpora
import checker_mutants
import checker_samples
import pytest
from checker_second import second_verdict

from kvproof.certificates.checker import check

FOLDER = Path(__file__).parent.parent
FILES = [path for name in checker_corpora.CORPORA for path in (FOLDER / name).glob("*.json*")]


@pytest.mark.parametrize("plain", [False, True])
def test_of_the_corpus(plain: bool) -> None:
    for path in FILES:
        verdict, reason = second_verdict(path.read_bytes(), beside=path.parent)
        first = check(path, plain=plain)
        assert first.verdict == verdict, (path.name, reason, first.reason)


@pytest.mark.parametrize("seed", range(20))
def test_of_mutants(seed: int) -> None:
    """What one verifies the other does; why something is not verified may differ."""
    rng, verified = random.Random(seed), 0
    for _ in range(12):
        for base in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            for data in (checker_mutants.mutant(base, rng), checker_mutants.mutant(base, rng)):
                first = check(data, plain=rng.random() < 0.5)
                verdict, reason = second_verdict(data)
                if "over a limit" in (first.verdict, verdict):
                    continue  # limits are each checker's own
                agree = (first.verdict == "verified") == (verdict == "verified")
                assert agree, (data, first.reason, reason)
                verified += verdict == "verified"
    assert verified > 20
