"""Search engines behind one ask/tell protocol."""

import numpy as np

from kvproof.adversary.engines.chains import Chains
from kvproof.adversary.engines.elites import Elites
from kvproof.adversary.engines.evolution import Evolution
from kvproof.adversary.engines.protocol import Batch, Engine, State
from kvproof.adversary.engines.random_search import RandomSearch
from kvproof.adversary.genomes.space import Genomes, Space
from kvproof.scheduling.errors import InputError

ENGINES = ("anneal", "elites", "cma-es", "climb", "random")

#: Always run beside, at equal evaluations.
BASELINES = ("random", "climb")

__all__ = ["BASELINES", "ENGINES", "Batch", "Engine", "State", "make_engine"]


def make_engine(
    name: str,
    *,
    space: Space,
    seed: int,
    evaluations: int,
    seeds: Genomes | None = None,
) -> Engine:
    """Return the engine of this name; equal arguments give equal searches.

    Raises
    ------
    InputError
        There is none of this name.
    """
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is unknown; known: {', '.join(ENGINES)}")
    # each engine has a stream of its own, so that a baseline's does not depend on the engine's
    rng = np.random.Generator(np.random.PCG64([seed, ENGINES.index(name)]))
    # few requests: short lives and a steady warmth; many: one long cooling, from little warmth
    chains, patience = (4, 200) if space.single else (16, 1_000)
    hot, cold = (0.02, 0.02) if space.single else (0.003, 0.0)
    match name:
        case "random":
            return RandomSearch(space=space, rng=rng)
        case "elites":
            return Elites(space=space, rng=rng, seeds=seeds)
        case "cma-es":
            return Evolution(space=space, rng=rng, seeds=seeds)
        case "climb":
            return Chains(
                name=name, space=space, rng=rng, evaluations=evaluations, seeds=seeds,
                chains=chains, patience=patience,
            )  # fmt: skip
    return Chains(
        name=name, space=space, rng=rng, evaluations=evaluations, seeds=seeds,
        chains=chains, patience=patience, hot=hot, cold=cold,
    )  # fmt: skip
