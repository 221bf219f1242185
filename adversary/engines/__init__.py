"""Search engines behind one ask/tell protocol."""

import numpy as np

from kvproof.adversary.engines.chains import Chains
from kvproof.adversary.engines.protocol import Batch, Engine, State
from kvproof.adversary.engines.random_search import RandomSearch
from kvproof.adversary.genomes.space import Genomes, Space
from kvproof.scheduling.errors import InputError

#: The engines, each with the number of its own random stream, so that a baseline's search does not
#: depend on the engine that it runs beside. The numbers are part of what a seed means.
_STREAMS = {"anneal": 0, "climb": 3, "random": 4}
ENGINES = tuple(_STREAMS)

#: Always run beside, at equal evaluations.
BASELINES = ("random", "climb")

__all__ = ["BASELINES", "ENGINES", "Batch", "Engine", "State", "make_engine"]


def make_engine(
    name: str,
    *,
    space: Space,
    seed: int,
    evaluations: int,
    initial: Genomes | None = None,
) -> Engine:
    """Return the engine of this name; equal arguments give equal searches.

    Parameters
    ----------
    name
        One of `ENGINES`.
    space
        Where it searches.
    seed
        Of its random stream.
    evaluations
        The budget, which a temperature falls over.
    initial
        Genomes to begin with, if any.

    Raises
    ------
    InputError
        There is none of this name.
    """
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is unknown; known: {', '.join(ENGINES)}")
    rng = np.random.Generator(np.random.PCG64([seed, _STREAMS[name]]))
    if name == "random":
        return RandomSearch(space=space, rng=rng)
    # few requests: short lives and a steady warmth; many: one long cooling, from little warmth
    chains, patience = (4, 200) if space.single else (16, 1_000)
    hot, cold = (0.02, 0.02) if space.single else (0.003, 0.0)
    if name == "climb":
        hot = cold = 0.0
    return Chains(
        name=name, space=space, rng=rng, evaluations=evaluations, initial=initial,
        chains=chains, patience=patience, hot=hot, cold=cold,
    )  # fmt: skip
