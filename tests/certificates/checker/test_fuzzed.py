"""What an hour of fuzzing (``make fuzz``) kept: few files that reach all that any reached."""

import json
from collections import Counter
from pathlib import Path

from checker_fuzz import examine

from kvproof.certificates.checker import Verdict

KEPT = Path(__file__).parents[1] / "fuzzed.jsonl"


def test_the_checkers_agree_and_verify_what_is_true() -> None:
    seen: Counter[Verdict] = Counter()
    for line in KEPT.read_text(encoding="utf-8").splitlines():
        seen[examine(json.loads(line).encode("latin-1"))] += 1
    assert set(seen) >= {Verdict.VERIFIED, Verdict.REJECTED, Verdict.MALFORMED, Verdict.OVER_LIMIT}
