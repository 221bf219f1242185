"""The extracted checker: built from the Coq development, and asked about certificates.

A certificate is first checked as always. Then it is put, as words and numbers, to a program that
was extracted from Coq and proved to accept nothing false: see ``checker_sound`` in
``docs/proof.md``. That page also lists what stays trusted.
"""

import gzip
import json
import resource
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from kvproof.bounds.formal.prove import CoqMissing, NotProved, prove
from kvproof.bounds.formal.statements import SOURCES
from kvproof.certificates.checker import Result, Verdict, check
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.certificates.checker.version1 import in_version_2

BUILD = Path("build") / "formal"
PROGRAM = "verified-checker"
#: A tree is checked step by step: prices and windows over more steps are not put to the program.
MOST_STEPS = 1_000_000
#: Kinds of claims that it speaks of.
CLAIMS = (
    "schedule", "opt-lower-bound", "preemptive-lower-bound", "optimal", "within-factor",
    "ratio-at-least", "svf-blocking-chain",
)  # fmt: skip
#: Count, arrival, prompt and output of each row of an instance.
Rows = list[tuple[int, int, int, int]]
#: What the program reads, in order.
Words = list[int | str]
#: Totals that a claim may name, in the order in which the program reads them.
TOTALS = ("total_latency", "policy_total", "feasible_total")
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


def ask(program: Path, words: Words) -> bool:
    """Return whether the program accepts a certificate that is spelled in words and numbers."""
    ran = subprocess.run(
        [program.resolve()],
        input=" ".join(map(str, words)),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_deep_stack,
    )
    if ran.returncode:
        said = ran.stderr.strip() or f"exit code {ran.returncode}"
        raise Uncovered(f"certificates at which the program gives up ({said}) are not covered")
    return ran.stdout.strip() == "accepted"


def _deep_stack() -> None:
    """Let the program, whose recursion is as deep as its lists are long, have all the stack."""
    most = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (most, most))


def verify(source: Path, program: Path) -> Result:
    """Check one certificate with the checker in use, and what it accepts with the extracted one.

    Each file is read once: both are about the same bytes.

    Raises
    ------
    Uncovered
        The claim, or the kind of its proof, is not one of the extracted program's.
    """
    try:
        data, beside = _bytes(source), None
        result = check(data)
        if (result.reason or "").startswith("instance.file: there is no file"):
            # bytes stand beside nothing; the checker has found them small, and the name plain
            beside = _bytes(source.parent / _parsed(data)["instance"]["file"])
            result = check(data, instance=beside)
    except OSError:  # the checker says of what it cannot be read
        return check(source)
    if result.verdict is not Verdict.VERIFIED:
        return result
    certificate = _parsed(data)
    if beside is not None:
        certificate["instance"] = {"inline": _parsed(beside)}
    if not accepts(certificate, source.parent, program):
        return Result(Verdict.REJECTED, reason="the extracted checker does not accept it")
    return result


def accepts(certificate: Any, folder: Path, program: Path) -> bool:
    """Whether the extracted program accepts a well-formed certificate."""
    return ask(program, spell(certificate, folder))


def spell(certificate: Any, folder: Path) -> Words:
    """Return a certificate in the words that ``checker/driver.ml`` reads.

    Raises
    ------
    Uncovered
        The claim, or the kind of its proof, is not one of the extracted program's.
    """
    claim, proof = certificate["claim"], certificate["proof"]
    if certificate["version"] == 1:
        proof = in_version_2(proof, Meter(DEFAULT))
    if claim["kind"] not in CLAIMS:
        raise Uncovered(f"claims of kind {claim['kind']} are not covered")
    given = certificate["instance"]
    instance = given["inline"] if "inline" in given else _parsed(_bytes(folder / given["file"]))
    requests = _requests(instance)
    words: Words = [instance["memory"], len(requests)]
    words += [number for row in requests for number in row]
    words.append(claim["kind"])
    words += [claim[name] for name in TOTALS if name in claim]
    for name in ("bound", "factor", "ratio"):
        if name in claim:
            words += str(claim[name]).split("/")
    if claim["kind"] == "svf-blocking-chain":
        eta = [claim["eta_bound"]] if "eta_bound" in claim else []
        words += [len(eta), *eta]
    for name in ("schedule", "witness"):
        if name in proof:
            words += _counted(proof[name], "starts")
    if "policy" in claim:
        words += _policy(claim["policy"], proof)
    if "blocks" in proof:
        words += _pairs(proof["blocks"])
    if "lower_bound" in proof:
        words += _lower_bound(proof["lower_bound"], requests)
    return words


def _bytes(path: Path) -> bytes:
    """Return what a file holds, one byte more than the checker takes at most."""
    with path.open("rb") as file:
        return file.read(DEFAULT.file_bytes + 1)


def _parsed(data: bytes) -> Any:
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _requests(instance: Any) -> Rows:
    columns = (instance["arrival"], instance["prompt"], instance["output"])
    counts = instance.get("count") or [1] * len(columns[0])
    return list(zip(counts, *columns, strict=True))


def _counted(column: Any, name: str) -> Words:
    values = column[name]
    counts = column.get("count") or [1] * len(values)
    return _pairs(zip(counts, values, strict=True))


def _pairs(pairs: Iterable[Iterable[int]]) -> Words:
    numbers = [number for pair in pairs for number in pair]
    return [len(numbers) // 2, *numbers]


def _policy(policy: Any, proof: Any) -> Words:
    if policy is None:
        return ["none", *_counted(proof["policy_schedule"], "starts")]
    words: Words = [policy["rule"], policy["name"]]
    if policy["name"] == "svf-1bit":
        words += [*policy["theta"].split("/"), policy["admission"]]
    return words


def _lower_bound(given: Any, requests: Rows) -> Words:
    kind = given["kind"]
    if kind == "parts":
        return _parts(given, requests)
    if kind in ("volume", "discrete-centroid"):
        return [kind]
    if kind == "staggered":
        return [kind, given["peak"], given["output"], given["together"]]
    if kind == "tail-centroid":
        return [kind, *_counted(given, "cuts")]
    if kind == "price":
        return [kind, given["denominator"], *_pairs(given["prices"])]
    if kind == "branch":
        return [kind, *_branch(given, requests)]
    if kind == "search":
        return [kind, *_search(given)]
    raise Uncovered(f"lower bounds of kind {kind} are not covered")


def _parts(given: Any, requests: Rows) -> Words:
    """Return the bounds of parts, before each but the last the step until which it goes."""
    until, bounds = given["until"], given["parts"]
    words: Words = ["parts", len(until)]
    for place, bound in enumerate(bounds):
        words += until[place : place + 1]
        own = [row for row in requests if bisect_right(until, row[1]) == place]
        words += _lower_bound(bound, own)
    return words


def _branch(given: Any, requests: Rows) -> Words:
    """Return a tree with the places of requests, in the order of their classes."""
    origin = min(a for _, a, _, _ in requests)
    sizes: Counter[tuple[int, int, int]] = Counter()
    for count, a, s, o in requests:
        sizes[a - origin, s, o] += count
    kinds = sorted(sizes, key=lambda kind: (-_volume(kind), -kind[2], kind[0]))
    begin = list(accumulate((sizes[kind] for kind in kinds), initial=0))
    steps = max((sum(n for n, _ in runs) for runs in given["vectors"]), default=0)
    most = max(steps, given["target"] - sum(count * o for count, _, _, o in requests))
    if most > MOST_STEPS:
        raise Uncovered(f"trees over {most:,} steps are not covered")
    words: Words = [given["target"], given["denominator"], len(given["vectors"])]
    for runs in given["vectors"]:
        words += _pairs(runs)
    try:
        return words + _tree(given["tree"], begin)
    except (StopIteration, IndexError) as error:
        raise Uncovered("trees that break off are not covered") from error


def _search(given: Any) -> Words:
    if "followed" in given:
        raise Uncovered("searches that follow classes are not covered")
    words: Words = [given["target"], given["scale"], given["denominator"]]
    steps = sum(n for n, _ in given["prices"])
    if steps > MOST_STEPS:
        raise Uncovered(f"searches over {steps:,} priced steps are not covered")
    words += [*_pairs(given["prices"]), len(given["vectors"])]
    for vector in given["vectors"]:
        words += [vector["since"], vector["unit"]]
        for codes in (vector["start"], vector["end"]):
            words += [len(codes), *codes]
    words.append(len(given["layers"]))
    for layer in given["layers"]:
        words += [layer["length"], len(layer["vectors"]), *layer["vectors"]]
    return words


def _tree(numbers: list[int], begin: list[int]) -> Words:
    """Return the tree with the place of each request in place of its class and number there."""
    tree: Words = []
    stream, left = iter(numbers), 1
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
            code = Verdict.MALFORMED.exit_code
            said = f"no verdict: {error} by the extracted checker; leave out --verified"
        print(f"{name}: {said}")
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
