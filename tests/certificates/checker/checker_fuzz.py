"""What must hold of any bytes that are given to the checkers."""

import gzip
import json
from contextlib import suppress

import checker_mutants
from checker_second import second_verdict

from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.checker.limits import MEBI, Limits

LIMITS = Limits(file_bytes=MEBI, memory_bytes=64 * MEBI, requests=2_000, seconds=5)


def examine(data: bytes) -> Verdict:
    """Check a file in three ways; what is verified must be true.

    Returns
    -------
    Verdict
        That of the checker in use.
    """
    fast = check(data, limits=LIMITS)
    plain = check(data, limits=LIMITS, plain=True)
    said = (fast.verdict, fast.reason, plain.verdict, plain.reason)
    assert Verdict.INTERNAL_ERROR not in (fast.verdict, plain.verdict), said
    if Verdict.OVER_LIMIT in (fast.verdict, plain.verdict):
        return fast.verdict
    assert fast.verdict is plain.verdict, said
    verdict, reason = second_verdict(data, seconds=5)
    if verdict != "over a limit":
        assert (verdict == "verified") == (fast.verdict is Verdict.VERIFIED), (*said, reason)
    if fast.verdict is Verdict.VERIFIED and _is_tiny(data):
        assert checker_mutants.proved_again(data), said
    return fast.verdict


def _is_tiny(data: bytes) -> bool:
    """Whether brute force can decide about the instance that a verified certificate carries."""
    with suppress(gzip.BadGzipFile):
        data = gzip.decompress(data)
    certificate = json.loads(data)
    found = certificate["instance"].get("inline")
    if found is None or certificate["claim"]["kind"] == "preemptive-lower-bound":
        return False
    small = max(found["arrival"]) <= 8 and sum(found["output"]) <= 16 and found["memory"] <= 12
    return small and sum(found.get("count", [1] * len(found["arrival"]))) <= 4
