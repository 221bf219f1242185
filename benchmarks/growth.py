"""How ratios without a bound grow: measured by search, one certified witness for each point.

    python -m benchmarks.growth [--out docs/pictures/growth.csv] [--only SERIES]

Every point is the best of three searches from random starts by hill climbing, with the seeds 0, 1
and 2; the ratio is that of a witness that the checker has accepted in a fresh process.
"""

import argparse
import csv
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from adversary.archive import Archive
from adversary.campaign import run
from adversary.setup import Settings
from adversary.workers import make_workers
from scheduling.exact import as_pq, decimal

OUT = Path(__file__).parent.parent / "docs" / "pictures" / "growth.csv"
COLUMNS = ("series", "memory", "requests", "evaluations", "seed", "ratio", "decimal")
_BASE = Settings(engine="climb", baselines=False, classes=6, max_eps="1/2", evaluations=3_000)

_MEMORIES = (100, 316, 1_000, 3_162, 10_000, 31_623, 100_000)

#: For each series the searches: with memory M up to M requests, or arrivals with n requests.
SERIES = {
    "fcfs": [replace(_BASE, policy="fcfs", memory=m, requests=m) for m in _MEMORIES],
    "sjf": [replace(_BASE, policy="sjf", memory=m, requests=m) for m in _MEMORIES],
    "svf, skip": [
        replace(_BASE, skip=True, memory=m, requests=min(m, 2_000)) for m in _MEMORIES[:5]
    ],
    "svf, arrivals": [
        replace(_BASE, memory=n * n, requests=n, span=16, max_eps="1", evaluations=8_000)
        for n in (10, 32, 100, 316, 1_000)
    ],
}
SEEDS = range(3)


def measured(settings: Settings) -> Fraction:
    """Return the best certified ratio of a search."""
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder, make_workers(1) as workers:
        archive = Archive(Path(folder), create=True)
        try:
            outcome = run(settings.plan(), archive, workers, lambda report: None)
        finally:
            archive.close()
    return Fraction(0) if outcome.best is None else outcome.best.ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", choices=SERIES, help="one series; the others are kept")
    arguments = parser.parse_args()
    chosen = (arguments.only,) if arguments.only else tuple(SERIES)
    rows = []
    if arguments.only and arguments.out.exists():
        with arguments.out.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["series"] not in chosen]
    for series in chosen:
        for settings in SERIES[series]:
            begun = time.perf_counter()
            found = {seed: measured(replace(settings, seed=seed)) for seed in SEEDS}
            seed = max(found, key=found.__getitem__)
            values = (series, settings.memory, settings.requests, settings.evaluations, seed,
                      as_pq(found[seed]), decimal(found[seed], 4, up=False))  # fmt: skip
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            print(f"{series}: memory {settings.memory:,}, {settings.requests:,} requests: "
                  + ", ".join(f"{float(ratio):.2f}" for ratio in found.values())
                  + f" ({time.perf_counter() - begun:.0f} s)", flush=True)  # fmt: skip
    rows.sort(key=lambda row: (list(SERIES).index(str(row["series"])), int(row["memory"])))
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
