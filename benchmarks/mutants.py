"""Attack the checker with mutants of valid certificates: an offline campaign.

Each base is a tight certificate of a random tiny instance; each mutant changes one thing in it
(and often recomputes the digest, as an attacker would). A mutant that the checker accepts must be
proved true again by brute force, which shares no code with the checker. Run from the repository::

    python benchmarks/mutants.py --mutants 1000000 --workers 2 --seed 0
    python benchmarks/mutants.py --mutants 100000 --each    # of every kind of proof
    python benchmarks/mutants.py --mutants 100000 --kind search

The exit code is 1 if a mutant that claims more than is true was accepted or the checker failed.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from multiprocessing import Pool
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "certificates" / "checker")]

import checker_mutants  # noqa: E402 the tests' own helpers, off the import path
import checker_samples  # noqa: E402

from kvproof.certificates.checker import Verdict, check  # noqa: E402
from kvproof.certificates.checker.core import steps  # noqa: E402
from kvproof.certificates.checker.fast import dominance, search  # noqa: E402

PER_BASE = 40


def named(certificate: dict[str, Any]) -> str:
    """Name the kind of a certificate's proof: that of its lower bound, else that of its claim."""
    bound = certificate["proof"].get("lower_bound")
    return str(bound["kind"] if bound else certificate["claim"]["kind"])


def kinds() -> list[str]:
    """Return all kinds of proofs that the samples have."""
    rng = random.Random(1)
    made = (checker_samples.samples(checker_samples.random_tiny(rng), rng) for _ in range(20))
    return sorted({named(sample) for samples in made for sample in samples})


def campaign(job: tuple[int, int, str]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Return {(kind, outcome): mutants} and the failures, for (seed, number, only of this kind)."""
    seed, number, only = job
    rng = random.Random(seed)
    # on tiny certificates, too, take the paths that are meant for large ones and many states
    steps.EXACT_GROUPS = rng.choice((0, 256, 256, 256))
    dominance.FEW = 2
    search.WORTH = 10**9
    tally: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    made = 0
    while made < number:
        tiny = checker_samples.random_tiny(rng, memory=7)
        for sample in checker_samples.samples(tiny, rng):
            base = checker_mutants.with_counts(sample) if rng.random() < 0.3 else sample
            kind = named(base)
            if only not in ("", kind):
                continue
            # chains are few: one for each instance, and only on backlogs
            rounds = PER_BASE * 6 if only or kind == "svf-blocking-chain" else PER_BASE
            for _ in range(min(rounds, number - made)):
                data = checker_mutants.mutant(base, rng)
                outcome = str(verdict := check(data).verdict)
                if verdict is Verdict.VERIFIED:
                    outcome = "accepted, proved true again"
                    if not checker_mutants.proved_again(data):
                        outcome = "ACCEPTED AND NOT TRUE"
                        failures.append(data.hex())
                elif verdict is Verdict.INTERNAL_ERROR:
                    failures.append(data.hex())
                tally[kind, outcome] += 1
                made += 1
    return tally, failures


def said(outcomes: Mapping[str, int]) -> str:
    """Say how many mutants came to what."""
    return ", ".join(f"{outcome} {outcomes[outcome]:,}" for outcome in sorted(outcomes))


def main() -> int:
    parser = argparse.ArgumentParser(description="Attack the checker with mutants.")
    parser.add_argument("--mutants", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--each", action="store_true", help="so many of every kind of proof")
    which.add_argument("--kind", choices=kinds(), help="only of this kind")
    arguments = parser.parse_args()
    chunk = 10_000
    began = time.monotonic()
    tally: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    with Pool(arguments.workers) as pool:
        for only in kinds() if arguments.each else [arguments.kind or ""]:
            jobs = [
                (arguments.seed * 10**6 + j, min(chunk, arguments.mutants - j * chunk), only)
                for j in range(-(-arguments.mutants // chunk))
            ]
            part: Counter[tuple[str, str]] = Counter()
            for counted, failed in pool.imap_unordered(campaign, jobs):
                part += counted
                failures += failed
            for kind in sorted({kind for kind, _ in part}):
                print(
                    f"{kind}: {said({o: n for (k, o), n in part.items() if k == kind})}", flush=True
                )
            tally += part
    totals = Counter[str]()
    for (_, outcome), count in tally.items():
        totals[outcome] += count
    print(f"all {totals.total():,}: {said(totals)}")
    print(f"seed {arguments.seed}, {time.monotonic() - began:.0f} s; failures: {len(failures)}")
    for data in failures[:20]:
        print("failure (hex of the file):", data)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
