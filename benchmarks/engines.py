"""How the search engines compare, at equal evaluations.

    python -m benchmarks.engines [--seeds 10]

1. Strict SVF, backlogs of up to 2,000 requests in 6 classes, memory 32,000, eps <= 1/16: the best
   ratio (of schedules as the search sees them, before a witness is improved) after 5,000
   evaluations, for each engine and seed, from random starts. The seeds begin at 100: the engines
   were tuned on others.
2. Boxes that exhaustion has settled: how many of 20 seeds reach the worst ratio of the box within
   20,000 evaluations, and after how many evaluations.
"""

import argparse
from fractions import Fraction
from statistics import mean, median

from kvproof.adversary.engines import ENGINES, make_engine
from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.exhaustion import Job, exhaust
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective

MANY = Space(memory=32_000, requests=2_000, cap=Fraction(1, 16))
#: (memory, requests, most tokens of a request)
BOXES = ((6, 4, 6), (8, 5, 8), (12, 8, 4))


def climbed(name: str, space: Space, seed: int, budget: int, target: float) -> tuple[float, int]:
    """Return the best value of a search and its evaluations, which stop where the target is met."""
    engine = make_engine(name, space=space, seed=seed, evaluations=budget)
    objective = Objective(space=space)
    best, done = 0.0, 0
    while done < budget and best < target:
        batch = engine.ask()
        scores = objective.scores(batch.genomes, batch.at_least)
        engine.tell(batch, scores)
        best = max(best, float(scores.values.max()))
        done += len(batch.genomes)
    return best, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="of the first table")
    seeds = parser.parse_args().seeds
    print(f"| engine | mean of {seeds} seeds | least | median | best |\n|---|---|---|---|---|")
    for name in ENGINES:
        found = [climbed(name, MANY, seed, 5_000, 9.0)[0] for seed in range(100, 100 + seeds)]
        cells = (mean(found), min(found), median(found), max(found))
        print(f"| `{name}` | " + " | ".join(f"{cell:.4f}" for cell in cells) + " |", flush=True)
    print("\n| engine | " + " | ".join(f"memory {m}, {n} of at most {t}" for m, n, t in BOXES))
    print("|---|" + "---|" * len(BOXES))
    targets = []
    for memory, requests, peak in BOXES:
        job = Job(box=Box(memory=memory, requests=requests, peak=peak), policy="svf", skip=False)
        targets.append(float(max(ratio for _, ratio, _ in exhaust(job).ratios())))
    for name in ENGINES:
        cells = []
        for (memory, requests, peak), target in zip(BOXES, targets, strict=True):
            space = Space(memory=memory, requests=requests, single=True,
                          cap=Fraction(peak, memory))  # fmt: skip
            runs = [climbed(name, space, seed, 20_000, target) for seed in range(100, 120)]
            hits = [done for best, done in runs if best >= target]
            spent = f", median {median(hits):,.0f}" if hits else ""
            cells.append(f"{len(hits)} of 20{spent}")
        print(f"| `{name}` | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
