"""Hold three checkers against each other, on the corpus and on mutants: an offline campaign.

The checker in use, the tests' second one (written from ``docs/certificates.md`` alone) and the one
extracted from Coq, which is asked where the first two could read the certificate. What one of them
verifies all have to, except kinds that the extracted one says it does not cover. Run from the
repository, after ``make verified-checker``::

    python benchmarks/three_checkers.py --mutants 100000 --workers 2 --seed 0

Twice a minute a line says how far it is, and a disagreement is printed where it is found. An
interrupt or a termination ends it with the table of what was done so far (exit code 130), so that
it can be left alone. The exit code is 1 if any two disagree.
"""

import argparse
import gzip
import json
import random
import signal
import sys
import time
from collections import Counter
from multiprocessing import Pool, TimeoutError
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "certificates"
sys.path[:0] = [str(ROOT), str(FOLDER / "checker")]

import checker_corpora  # noqa: E402 the tests' own helpers, off the import path
import checker_mutants  # noqa: E402
import checker_samples  # noqa: E402
from checker_second import second_verdict  # noqa: E402

from kvproof.bounds.formal.verified import BUILD, PROGRAM, Uncovered, accepts  # noqa: E402
from kvproof.certificates.checker import Result, Verdict, check  # noqa: E402
from kvproof.certificates.checker.fast import dominance, search  # noqa: E402

CHUNK = 100
#: Seconds between two lines of progress.
PAUSE = 30
#: How the extracted checker begins to say that it does not cover a kind, or not at this size.
KINDS = ("claims of kind", "lower bounds of kind", "trees over", "searches")
Tally = Counter[tuple[str, str]]


def compare(first: Result, data: bytes, folder: Path) -> tuple[str, str]:
    """Return the kind of a certificate and what the three say of it.

    Parameters
    ----------
    first
        What the checker in use says.
    data
        The certificate.
    folder
        Where a file that it names may lie.
    """
    second = second_verdict(data, beside=folder)[0]
    if "over a limit" in (str(first.verdict), second):
        return "all", "over a limit"  # limits are each checker's own
    if (first.verdict is Verdict.VERIFIED) != (second == "verified"):
        return "all", "DISAGREE: the second checker"
    if first.verdict not in (Verdict.VERIFIED, Verdict.REJECTED):
        return "all", str(first.verdict)
    certificate = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    kind = certificate["claim"]["kind"]
    if "lower_bound" in certificate["proof"]:
        kind += f" ({certificate['proof']['lower_bound']['kind']})"
    if "digest" in (first.reason or ""):
        return kind, "another digest"  # what is read is not the extracted checker's business
    try:
        third = accepts(certificate, folder, ROOT / BUILD / PROGRAM)
    except Uncovered as error:
        if str(error).startswith(KINDS):
            return kind, "not covered"
        # a tree that breaks off, say, of which the checker in use rejects what comes before
        verified = first.verdict is Verdict.VERIFIED
        return kind, "DISAGREE: the extracted checker gave up" if verified else "given up"
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        # the checker in use rejected it before it read on to what is malformed
        said = f"not read on: {type(error).__name__}"
        return kind, f"DISAGREE: {said}" if first.verdict is Verdict.VERIFIED else "not read on"
    if third != (first.verdict is Verdict.VERIFIED):
        return kind, "DISAGREE: the extracted checker"
    return kind, str(first.verdict)


def corpus() -> tuple[Tally, list[str]]:
    """Compare the three on every file of the corpora."""
    tally: Tally = Counter()
    failures = []
    for name in checker_corpora.CORPORA:
        for path in sorted((FOLDER / name).glob("*.json*")):
            said = compare(check(path), path.read_bytes(), path.parent)
            tally[said] += 1
            if "DISAGREE" in said[1]:
                failures.append(f"{path.name}: {said[1]}")
    return tally, failures


def campaign(job: tuple[int, int]) -> tuple[Tally, list[str]]:
    """Compare the three on so many mutants, for (seed, number)."""
    seed, number = job
    rng = random.Random(seed)
    dominance.FEW = 2  # as where there are many states
    search.WORTH = 10**9
    tally: Tally = Counter()
    failures = []
    made = 0
    while made < number:
        for base in checker_samples.samples(checker_samples.random_tiny(rng, memory=7), rng):
            for _ in range(min(3, number - made)):
                data = checker_mutants.mutant(base, rng)
                said = compare(check(data), data, ROOT)
                tally[said] += 1
                made += 1
                if "DISAGREE" in said[1]:
                    failures.append(f"{said[1]}: {data.hex()}")
    return tally, failures


def run(jobs: list[tuple[int, int]], workers: int) -> tuple[Tally, list[str], bool]:
    """Return what was found, and whether all jobs are done: not so after an interrupt."""
    tally: Tally = Counter()
    failures: list[str] = []
    began = said = time.monotonic()
    wanted = sum(n for _, n in jobs)
    with Pool(workers, initializer=_uninterrupted) as pool:
        # both, as a shell lets its background jobs ignore the first
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            parts = pool.imap_unordered(campaign, jobs)
            while tally.total() < wanted:
                try:
                    part, failed = parts.next(timeout=1)
                    tally += part
                    failures += failed
                    for failure in failed:
                        print(failure, flush=True)
                except TimeoutError:
                    pass
                if time.monotonic() > said + PAUSE:
                    said = time.monotonic()
                    print(progress(tally, wanted, len(failures), said - began), flush=True)
        except KeyboardInterrupt:
            pool.terminate()
            return tally, failures, False
    return tally, failures, True


def _uninterrupted() -> None:
    """Leave an interrupt to the process that has started this one, and a termination to its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def progress(tally: Tally, number: int, failures: int, seconds: float) -> str:
    """Say how far a campaign is, in one line."""
    outcomes: Counter[str] = Counter()
    for (_, outcome), n in tally.items():
        outcomes[outcome] += n
    counts = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.most_common())
    done = f"{tally.total():,} of {number:,} mutants, {seconds:.0f} s"
    return f"{done}: {failures} disagreements; {counts or 'none yet'}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold three checkers against each other.")
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not (ROOT / BUILD / PROGRAM).exists():
        print(f"no {BUILD / PROGRAM}: make verified-checker", file=sys.stderr)
        return 2
    began = time.monotonic()
    tally, failures = corpus()
    print(f"corpus: {tally.total()} files, {len(failures)} disagreements", flush=True)
    for failure in failures:
        print(failure, flush=True)
    jobs = [
        (arguments.seed * 10**6 + j, min(CHUNK, arguments.mutants - j * CHUNK))
        for j in range(-(-arguments.mutants // CHUNK))
    ]
    tally, found, finished = run(jobs, arguments.workers)
    failures += found
    outcomes = sorted({outcome for _, outcome in tally})
    for kind in sorted({kind for kind, _ in tally}):
        counts = ", ".join(f"{o} {tally[kind, o]:,}" for o in outcomes if tally[kind, o])
        print(f"{kind}: {counts}")
    end = "" if finished else "interrupted: "
    seconds = time.monotonic() - began
    print(f"{end}{tally.total():,} mutants, seed {arguments.seed}, {seconds:.0f} s")
    print(f"disagreements: {len(failures)}")
    if not finished:
        return 130
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
