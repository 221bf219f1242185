"""The extracted checker: built from the Coq development, and asked about certificates.

A certificate is first checked as always. Then its schedule and its lower bound are put, as plain
numbers, to a program that was extracted from Coq and proved to accept nothing false: see
``checker_schedule_sound``, ``checker_price_sound`` and ``checker_branch_sound`` in
``docs/proof.md``. That page also lists what stays trusted.
"""

import gzip
import json
import resource
import shutil
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

from kvproof.bounds.formal.prove import CoqMissing, NotProved, prove
from kvproof.bounds.formal.statements import SOURCES
from kvproof.certificates.checker import Result, Verdict, check
from kvproof.certificates.checker.core.limits import DEFAULT, Budget
from kvproof.certificates.checker.version1 import in_version_2

BUILD = Path("build") / "formal"
PROGRAM = "verified-checker"
#: The extracted program walks step by step: prices and windows over more steps are not put to it.
MOST_STEPS = 1_000_000
#: Kinds of claims that it speaks of.
CLAIMS = ("schedule", "opt-lower-bound", "optimal", "within-factor")
#: Arrival, prompt and output of each request, counts expanded.
Requests = list[tuple[int, int, int]]
_OCAML = ("integer.ml", "verified.mli", "verified.ml", "driver.ml")


class Uncovered(Exception):
    """The extracted program says nothing about this kind of claim or proof."""


def build(folder: Path) -> Path:
    """Prove what the checker accepts, extract it, compile it, and return the program.

    Raises
    ------
    CoqMissing
        Coq, OCaml or Zarith is not installed.
    NotProved
        The proofs do not hold.
    """
    prove(folder, fresh=False)
    query = ["ocamlfind", "query", "zarith"]
    if shutil.which("ocamlfind") is None or subprocess.run(query, capture_output=True).returncode:
        raise CoqMissing(
            "OCaml with Zarith not found: install them (Debian: apt-get install ocaml "
            "ocaml-findlib libzarith-ocaml-dev), then run make verified-checker again"
        )
    for name in ("integer.ml", "driver.ml"):
        shutil.copy(SOURCES / "checker" / name, folder / name)
    compiler = ["ocamlfind", "ocamlopt", "-package", "zarith", "-linkpkg", *_OCAML, "-o", PROGRAM]
    ran = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise NotProved(f"the extracted program does not compile: {' '.join(ran.stderr.split())}")
    return folder / PROGRAM


def ask(program: Path, *question: str | int | list[int]) -> str:
    """Return the program's answer to a question made of words, numbers and lists of numbers."""
    words: list[str] = []
    for part in question:
        words += map(str, part) if isinstance(part, list) else [str(part)]
    ran = subprocess.run(
        [program.resolve()],
        input=" ".join(words),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_deep_stack,
    )
    if ran.returncode:
        raise Uncovered(f"the extracted program gave up: {ran.stderr.strip() or ran.returncode}")
    return ran.stdout.strip()


def _deep_stack() -> None:
    """Let the program, whose recursion is as deep as its lists are long, have all the stack."""
    most = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (most, most))


def verify(source: Path, program: Path) -> Result:
    """Check one certificate with the checker in use, and what it accepts with the extracted one.

    Raises
    ------
    Uncovered
        The claim, or the kind of its proof, is not one of the extracted program's.
    """
    result = check(source)
    if result.verdict is Verdict.VERIFIED and not accepts(_read(source), source.parent, program):
        return Result(Verdict.REJECTED, reason="the extracted checker does not accept it")
    return result


def accepts(certificate: Any, folder: Path, program: Path) -> bool:
    """Whether the extracted program accepts a well-formed certificate."""
    claim, proof = certificate["claim"], certificate["proof"]
    if certificate["version"] == 1:
        proof = in_version_2(proof, Budget(DEFAULT))
    if claim["kind"] not in CLAIMS:
        raise Uncovered(f"claims of kind {claim['kind']} are not covered")
    memory, requests = _instance(certificate["instance"], folder)
    total = claim.get("total_latency")
    if "schedule" in proof:
        placed = _placed(requests, proof["schedule"])
        if ask(program, "schedule", memory, len(requests), placed) != str(total):
            return False
    if claim["kind"] == "schedule":
        return True
    bound = _lower_bound(proof["lower_bound"], memory, requests, program)
    if claim["kind"] == "opt-lower-bound":
        return Fraction(claim["bound"]) <= bound
    if claim["kind"] == "optimal":
        return bool(bound > total - 1)
    return bool(total <= Fraction(claim["factor"]) * bound)


def _read(path: Path) -> Any:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _instance(given: Any, folder: Path) -> tuple[int, Requests]:
    """Return the memory and the requests, counts expanded."""
    inline = given["inline"] if "inline" in given else _read(folder / given["file"])
    rows = zip(inline["arrival"], inline["prompt"], inline["output"], strict=True)
    counts = inline.get("count") or [1] * len(inline["arrival"])
    requests = [row for row, count in zip(rows, counts, strict=True) for _ in range(count)]
    return inline["memory"], requests


def _placed(requests: Requests, schedule: Any) -> list[int]:
    counts = schedule.get("count") or [1] * len(schedule["starts"])
    starts = [p for p, count in zip(schedule["starts"], counts, strict=True) for _ in range(count)]
    return [number for row, start in zip(requests, starts, strict=True) for number in (*row, start)]


def _lower_bound(given: Any, memory: int, requests: Requests, program: Path) -> Fraction:
    """Return the value of a lower bound by the extracted program; 0 if it proves none."""
    if given["kind"] == "price":
        if not given["prices"]:  # whatever the denominator
            given = {"target": sum(o for _, _, o in requests), "denominator": 1}
            return _branch({**given, "vectors": [], "tree": [0]}, memory, requests, program)
        prices = _by_step(given["prices"])
        numbers = [n for row in sorted(requests) for n in row]
        unit = given["denominator"]
        priced = ask(program, "price", memory, unit, len(requests), numbers, len(prices), prices)
        return Fraction(int(priced), unit)
    if given["kind"] == "branch":
        return _branch(given, memory, requests, program)
    raise Uncovered(f"lower bounds of kind {given['kind']} are not covered")


def _by_step(runs: list[list[int]]) -> list[int]:
    _limit(sum(length for length, _ in runs))
    return [price for length, price in runs for _ in range(length)]


def _limit(steps: int) -> None:
    if steps > MOST_STEPS:
        raise Uncovered(f"{steps:,} steps are too many for the extracted program")


def _branch(given: Any, memory: int, requests: Requests, program: Path) -> Fraction:
    """Put a tree, with the requests in the order of their classes and counted through."""
    origin = min(a for a, _, _ in requests)
    kinds = sorted(
        Counter((a - origin, s, o) for a, s, o in requests).items(),
        key=lambda kind: (-_volume(kind[0]), -kind[0][2], kind[0][0]),
    )
    numbers = [n for row, count in kinds for _ in range(count) for n in row]
    begin = [sum(count for _, count in kinds[:c]) for c in range(len(kinds))]
    vectors = [n for runs in given["vectors"] for v in [_by_step(runs)] for n in (len(v), *v)]
    try:
        tree = _tree(given["tree"], begin)
    except (StopIteration, IndexError) as error:
        raise Uncovered("the tree cannot be read to its end") from error
    _limit(given["target"] - sum(o for _, _, o in requests))
    target, unit, many = given["target"], given["denominator"], len(given["vectors"])
    said = ask(program, "branch", memory, target, unit, len(requests), numbers, many, vectors, tree)
    return Fraction(target if said == "proved" else 0)


def _tree(numbers: list[int], begin: list[int]) -> list[int]:
    """Return the tree with the place of each request in place of its class and number there."""
    tree, stream, left = [], iter(numbers), 1
    while left:
        node = next(stream)
        tree.append(node)
        tree += [next(stream) for _ in range(node // 2)]
        left -= 1
        if node % 2:
            place = begin[next(stream)] + next(stream)
            tree += [place, next(stream)]
            left += 2
    return tree


def _volume(row: tuple[int, int, int]) -> int:
    return row[1] * row[2] + row[2] * (row[2] + 1) // 2


def main(arguments: list[str]) -> int:
    """Build the program (``--build``), or check files with it; exit codes as ``kvproof check``."""
    try:
        if arguments == ["--build"]:
            print(f"{build(BUILD)}: built, its soundness proved")
            return 0
    except NotProved as error:
        print(f"not proved: {error}", file=sys.stderr)
        return 1
    except CoqMissing as error:
        print(f"cannot build: {error}", file=sys.stderr)
        return 2
    program = BUILD / PROGRAM
    if not arguments or not program.exists():
        missing = "name a certificate" if not arguments else f"no {program}: make verified-checker"
        print(f"kvproof check --verified: {missing}", file=sys.stderr)
        return 2
    worst = 0
    for name in arguments:
        try:
            result = verify(Path(name), program)
            code, said = result.verdict.exit_code, f"{result.verdict}: {result.reason}"
            if result.verdict is Verdict.VERIFIED:
                said = f"verified, by the extracted checker too: {result.claim_in_words}"
        except Uncovered as error:
            code, said = Verdict.MALFORMED.exit_code, f"no verdict: {error}"
        print(f"{name}: {said}")
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
