"""How ratios without a bound grow: measured by search, one certified witness for each point.

    python -m benchmarks.growth [--out docs/pictures/growth.csv] [--only SERIES]

Every point is the best of four searches from random starts by hill climbing, with the seeds 0
to 3; the ratio is that of a witness that the checker has accepted in a fresh process.
"""

import argparse
import csv
import time
from dataclasses import replace
from pathlib import Path

from kvproof.adversary.campaign.settings import Settings
from kvproof.adversary.engines import make_engine
from kvproof.adversary.witnesses.witness import Witness, make_witness
from kvproof.adversary.witnesses.witness_file import check_fresh
from kvproof.scheduling.exact import as_pq, decimal

OUT = Path(__file__).parent.parent / "docs" / "pictures" / "growth.csv"
COLUMNS = ("series", "memory", "requests", "evaluations", "seed", "ratio", "decimal")
_BASE = Settings(engine="climb", baselines=False, classes=6, max_eps="1/2", evaluations=4_000)

_MEMORIES = (100, 316, 1_000, 3_162, 10_000, 31_623, 100_000)

#: For each series the searches: with memory M up to M requests (at most 10,000), or arrivals with
#: n requests.
SERIES = {
    "fcfs": [replace(_BASE, policy="fcfs", memory=m, requests=min(m, 10_000)) for m in _MEMORIES],
    "sjf": [replace(_BASE, policy="sjf", memory=m, requests=m) for m in _MEMORIES[:5]],
    "svf, skip": [replace(_BASE, skip=True, memory=m, requests=m) for m in _MEMORIES[:3]],
    "svf, arrivals": [
        replace(_BASE, memory=n * n, requests=n, span=16, max_eps="1", evaluations=8_000)
        for n in (10, 32, 100, 316, 1_000)
    ],
}
SEEDS = range(4)


def witnessed(settings: Settings) -> Witness:
    """Return the witness of the best that a search comes to."""
    plan = settings.campaign()
    objective, budget = plan.objective, settings.evaluations
    engine = make_engine(settings.engine, space=objective.space, seed=settings.seed,
                         evaluations=budget)  # fmt: skip
    best, genome, done = 0.0, objective.space.empty(1)[0], 0
    while done < budget:
        batch = engine.ask()
        scores = objective.scores(batch.genomes, batch.at_least)
        engine.tell(batch, scores)
        done += len(batch.genomes)
        top = int(scores.values.argmax())
        if scores.values[top] > best:
            best, genome = float(scores.values[top]), batch.genomes[top].copy()
    return make_witness(objective, genome, seed=settings.seed)


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
            made = [witnessed(replace(settings, seed=seed)) for seed in SEEDS]
            best = max(made, key=lambda one: one.ratio)
            check_fresh([best.data])
            seed = SEEDS[made.index(best)]
            values = (series, settings.memory, settings.requests, settings.evaluations, seed,
                      as_pq(best.ratio), decimal(best.ratio, 4, up=False))  # fmt: skip
            rows.append(dict(zip(COLUMNS, values, strict=True)))
            print(f"{series}: memory {settings.memory:,}, {settings.requests:,} requests: "
                  + ", ".join(f"{float(one.ratio):.2f}" for one in made)
                  + f" ({time.perf_counter() - begun:.0f} s)", flush=True)  # fmt: skip
    rows.sort(key=lambda row: (list(SERIES).index(str(row["series"])), int(row["memory"])))
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
