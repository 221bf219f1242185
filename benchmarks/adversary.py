"""How fast the adversary looks, and how far it comes beside a plain annealer.

    python -m benchmarks.adversary [--seconds 20]

(as a module: a script of this name would hide the package)

1. Evaluations a second on one core: strict SVF and the lower bound (what screens a candidate),
   and with the plan on top (what values it), on random instances and on those of a search.
2. A simulated annealer in plain Python as in PISA (one chain, one random change at a time,
   temperature falling geometrically from 1 to 0.01), on the same objective and the same space,
   for the same wall time as the adversary's own annealer.
"""

import argparse
import math
import random
import time
from fractions import Fraction

import numpy as np

from kvproof.adversary.engines import make_engine
from kvproof.adversary.genomes.moves import mutate, sample
from kvproof.adversary.genomes.space import COUNT, OUTPUT, PROMPT, Genomes, Space
from kvproof.adversary.valuation import reference
from kvproof.adversary.valuation.objective import Objective

MANY = Space(memory=20_000, requests=2_000, cap=Fraction(1, 8))
FEW = Space(memory=60, requests=12, single=True)


def searched(space: Space, evaluations: int) -> Genomes:
    """Return candidates as a search sees them: mutants of what annealing has reached."""
    engine = make_engine("anneal", space=space, seed=0, evaluations=evaluations)
    objective = Objective(space=space)
    done = 0
    while done < evaluations:
        batch = engine.ask()
        engine.tell(batch, objective.scores(batch.genomes, batch.at_least))
        done += len(batch.genomes)
    genomes = engine.state()["genomes"]
    return mutate(space, np.tile(genomes, (2_000 // len(genomes), 1, 1)), np.random.default_rng(1))


def rate(space: Space, genomes: Genomes, *, plans: bool) -> float:
    """Return evaluations a second, the best of five."""
    objective = Objective(space=space)
    at_least = np.full(len(genomes), 0.0 if plans else np.inf)
    objective.scores(genomes[:2], at_least[:2])
    best = 0.0
    for _ in range(5):
        begun = time.perf_counter()
        objective.scores(genomes, at_least)
        best = max(best, len(genomes) / (time.perf_counter() - begun))
    return best


def plain_annealer(space: Space, seconds: float, seed: int) -> tuple[float, int]:
    """Return the best ratio and the evaluations of a PISA-style annealer in plain Python."""
    rng = random.Random(seed)
    objective = Objective(space=space)
    now = sample(space, 1, np.random.default_rng(seed))[0]
    value = best = float(reference.ratio(objective, now))
    begun = time.perf_counter()
    done = 1
    while (spent := time.perf_counter() - begun) < seconds:
        temperature = 0.01 ** (spent / seconds)
        tried = now.copy()
        row = tried[rng.randrange(1, len(tried))]
        cap = space.cap_tokens
        match rng.randrange(4):
            case 0:
                row[OUTPUT] = rng.randint(1, cap - int(row[PROMPT]))
            case 1:
                row[PROMPT] = rng.randint(0, cap - int(row[OUTPUT]))
            case 2:
                row[4] = rng.randrange(16)
            case _:
                row[5] = rng.choice((0, 1000 + rng.randrange(60)))
        if not space.single:
            row[COUNT] = rng.randint(1, max(1, space.requests // space.rows))
        if not space.holds(tried):
            continue
        found = float(reference.ratio(objective, tried))
        done += 1
        if found >= value or rng.random() < math.exp((found / value - 1) / temperature):
            now, value = tried, found
        best = max(best, value)
    return best, done


def own_annealer(space: Space, seconds: float, seed: int, evaluations: int) -> tuple[float, int]:
    """Return the best ratio and the evaluations of the adversary's annealer."""
    engine = make_engine("anneal", space=space, seed=seed, evaluations=evaluations)
    objective = Objective(space=space)
    best, done = 0.0, 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        batch = engine.ask()
        scores = objective.scores(batch.genomes, batch.at_least)
        engine.tell(batch, scores)
        best = max(best, float(scores.values.max()))
        done += len(batch.genomes)
    return best, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="wall time of each annealer")
    seconds = parser.parse_args().seconds
    print("evaluations a second, one core         SVF + bound     with the plan")
    for name, space in (("2,000 requests, 6 classes", MANY), ("12 requests", FEW)):
        for kind, genomes in (
            ("random", sample(space, 2_000, np.random.default_rng(0))),
            ("searched", searched(space, 8_000)),
        ):
            screened, valued = (rate(space, genomes, plans=plans) for plans in (False, True))
            print(f"  {name + ', ' + kind:<36}{screened:>12,.0f}{valued:>18,.0f}")
    print(f"annealers, {seconds:g} s each                  ratio   evaluations a second")
    for name, space in (("12 requests", FEW), ("2,000 requests", MANY)):
        budget = int(seconds * (50_000 if space.single else 1_500))
        for who, found in (
            ("plain Python", plain_annealer(space, seconds, 0)),
            ("adversary", own_annealer(space, seconds, 0, budget)),
        ):
            print(f"  {name + ', ' + who:<36}{found[0]:>8.4f}{found[1] / seconds:>18,.0f}")


if __name__ == "__main__":
    main()
