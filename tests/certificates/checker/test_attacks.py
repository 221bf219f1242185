"""Files too large to commit, made to hang the checker or to exhaust its memory."""

import gzip
import itertools
import json
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import checker_attacks
import checker_samples
import pytest
from checker_truth import Tiny

from kvproof.certificates.checker import Limits, Verdict, check, limits

ROOT = Path(__file__).resolve().parents[3]
TINY = Tiny(9, ((0, 4, 2), (0, 0, 3)))
SMALL = Limits(file_bytes=2_000_000)


def schedule() -> dict[str, Any]:
    return checker_samples.samples(TINY, random.Random(0))[0]


def with_total(text: str) -> bytes:
    made = schedule()
    made["claim"]["total_latency"] = "@"
    return json.dumps(made).replace('"@"', text).encode()


@cache
def bomb(size: int, byte: bytes = b" ") -> bytes:
    """Compress `size` bytes without holding them."""
    packer = zlib.compressobj(9, wbits=31)
    block = byte * 2**20
    return b"".join(packer.compress(block) for _ in range(size // 2**20)) + packer.flush()


def price(runs: list[list[int]]) -> bytes:
    bound = {"kind": "price", "denominator": 1, "prices": runs}
    claim = {"kind": "opt-lower-bound", "bound": "1/1"}
    made = checker_samples.certificate(TINY, claim, {"lower_bound": bound})
    return json.dumps(made).encode()


ATTACKS: dict[str, tuple[Callable[[], bytes], Verdict]] = {
    "many keys, the last one twice": (
        lambda: ("{" + "".join(f'"{k}":1,' for k in range(300_000)) + '"7":1}').encode(),
        Verdict.MALFORMED,
    ),
    "an integer of a million digits": (lambda: with_total("9" * 10**6), Verdict.OVER_LIMIT),
    "a price of a million digits": (
        lambda: price([[1, 1]]).replace(b"[1, 1]", b"[1, " + b"7" * 10**6 + b"]"),
        Verdict.OVER_LIMIT,
    ),
    "an exponent": (lambda: with_total("1e999999999"), Verdict.MALFORMED),
    "a rational of a million digits": (
        lambda: price([]).replace(b"1/1", b"1" * 10**6 + b"/1"),
        Verdict.OVER_LIMIT,
    ),
    "arrays in arrays": (lambda: with_total("[" * 10**6 + "]" * 10**6), Verdict.OVER_LIMIT),
    "objects in objects": (lambda: b'{"format":' * 10**5, Verdict.OVER_LIMIT),
    "only brackets": (lambda: b"[" * 10**6, Verdict.OVER_LIMIT),
    "only quotes": (lambda: b'"' * (10**6 + 1), Verdict.MALFORMED),
    "backslashes": (lambda: b'"' + b"\\" * 10**6, Verdict.MALFORMED),
    "a long key": (lambda: b'{"' + b"k" * 10**6 + b'": 1}', Verdict.MALFORMED),
    "a bomb of 512 MiB": (lambda: bomb(2**29), Verdict.OVER_LIMIT),
    "a bomb of brackets": (lambda: bomb(2**28, b"["), Verdict.OVER_LIMIT),
    "a bomb in a bomb": (lambda: gzip.compress(bomb(2**28)), Verdict.MALFORMED),
    "a huge count": (
        lambda: (
            json.dumps(checker_samples.certificate(TINY, schedule()["claim"], schedule()["proof"]))
            .replace('"output": [2, 3]', '"output": [2, 3], "count": [1, 4611686018427387904]')
            .encode()
        ),
        Verdict.OVER_LIMIT,
    ),
    "prices to the end of time": (
        lambda: price([[2**62, 1], [2**62, 0], [2**62, 9]] * 10),
        Verdict.REJECTED,
    ),
    "digits beyond the interpreter's limit": (lambda: price([[2**62, 10**3999]]), Verdict.REJECTED),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, tmp_path: Path) -> None:
    make, verdict = ATTACKS[name]
    data = make()
    result = check(data)
    assert result.verdict is verdict, result.reason
    assert len(result.reason or "") < 300
    (tmp_path / "attack").write_bytes(data)
    assert check(tmp_path / "attack", limits=SMALL).verdict not in (
        Verdict.VERIFIED,
        Verdict.INTERNAL_ERROR,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="address-space limits are Linux's")
def test_a_bomb_stays_within_memory(tmp_path: Path) -> None:
    """The checker survives a bomb in an address space far below the bomb's size."""
    (tmp_path / "bomb.gz").write_bytes(bomb(2**29))
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**28 * 3 // 2,) * 2)\n"
        "from certificates.checker import main; sys.exit(main(sys.argv[1:]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "bomb.gz")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr == ""


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves on by a second whenever the checker looks at it."""
    clock = itertools.count(step=10**9)
    monkeypatch.setattr(limits, "monotonic_ns", lambda: next(clock))


@pytest.mark.usefixtures("looks")
def test_a_slow_check_is_over_the_limit() -> None:
    """A million runs of prices, on and off, for requests that could wait for all of them."""
    rows = tuple((0, s, 2) for s in range(1, 400))
    tiny = Tiny(10**6, rows)
    bound = {"kind": "price", "denominator": 1, "prices": [[1, 10**9], [1, 10**9 - 1]] * 50_000}
    claim = {"kind": "opt-lower-bound", "bound": "1/1"}
    made = checker_samples.certificate(tiny, claim, {"lower_bound": bound})
    result = check(json.dumps(made).encode(), limits=Limits(seconds=1000))
    assert result.verdict is Verdict.OVER_LIMIT
    assert "time limit" in (result.reason or "")


def test_no_time_is_no_success() -> None:
    data = json.dumps(schedule()).encode()
    assert check(data).verdict is Verdict.VERIFIED
    assert check(data, limits=Limits(seconds=0)).verdict is Verdict.OVER_LIMIT


def _search(target: int) -> dict[str, Any]:
    vector = {"since": 0, "unit": 1, "start": [], "end": []}
    return {"kind": "search", "target": target, "scale": 1, "denominator": 1, "prices": [],
            "vectors": [vector], "layers": []}  # fmt: skip


@pytest.mark.parametrize(
    ("tiny", "proof", "reason"),
    [
        (Tiny(3000, ((0, 0, 1),) * 3000), _search(93_000), "memory"),
        (Tiny(9, tuple((4 * a, 0, 1) for a in range(1001))), _search(1002), "classes"),
        (Tiny(9, ((0, 0, 1), (10**9, 0, 1))), _search(3), "steps"),
    ],
)
def test_small_files_that_ask_for_much(tiny: Tiny, proof: dict[str, Any], reason: str) -> None:
    claim = {"kind": "opt-lower-bound", "bound": "1/1"}
    data = json.dumps(checker_samples.certificate(tiny, claim, {"lower_bound": proof})).encode()
    result = check(data)
    assert result.verdict is Verdict.OVER_LIMIT
    assert reason in (result.reason or "")


@pytest.mark.usefixtures("looks")
def test_a_long_tree_of_one_node() -> None:
    proof = {"kind": "branch", "target": 2006, "denominator": 1, "vectors": [[]],
             "tree": [2 * 10**6, *[0] * 10**6]}  # fmt: skip
    claim = {"kind": "opt-lower-bound", "bound": "1/1"}
    tiny = Tiny(9, ((0, 0, 1),) * 2000)
    data = json.dumps(checker_samples.certificate(tiny, claim, {"lower_bound": proof})).encode()
    result = check(data)
    assert result.verdict is Verdict.OVER_LIMIT
    assert "time limit" in (result.reason or "")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts a child's memory in KiB")
@pytest.mark.parametrize("name", checker_attacks.ATTACKS)
def test_a_small_file_takes_no_more_memory_than_it_may(name: str, tmp_path: Path) -> None:
    """How long each takes at a limit that is not so short: ``benchmarks/attacks.py``."""
    data = checker_attacks.ATTACKS[name]()
    assert len(data) < checker_attacks.LARGEST
    (tmp_path / "attack").write_bytes(data)
    command = [sys.executable, "-m", "kvproof.certificates.checker", "--time-limit", "1"]
    # a small process starts it: a child's peak begins with what its parent held
    launcher = (
        "import os, resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:], stdout=2).returncode\n"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", launcher, *command, str(tmp_path / "attack")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, peak = map(int, done.stdout.split())
    assert code in (0, 1, 2, 3), done.stderr
    assert "Traceback" not in done.stderr
    assert "MemoryError" not in done.stderr  # charged before it was spent: not the wall stopped it
    assert peak <= 512 * 2**10
