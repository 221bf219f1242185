"""Waves that nobody planted: a backlog of random lengths without prompts."""

import numpy as np

from kvproof.bounds.families.family import Ranked, Witness, at_least
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate


def random_waves(*, requests: int, mean: int, memory: int, seed: int) -> Witness:
    """Return a backlog of exponential outputs; SVF's order blurred by 30 percent is feasible.

    Sorted by length, neighbours end together and strict SVF runs them in waves, much as it does
    identical requests; blurring the order keeps the memory full. No formula is claimed.
    """
    at_least(requests=(requests, 1), mean=(mean, 1), memory=(memory, 1))
    rng = np.random.default_rng(seed)
    output = np.minimum(np.ceil(rng.exponential(mean, requests)), memory).astype(np.int64)
    zero = np.zeros(requests, np.int64)
    instance = Instance(memory=memory, arrival=zero, prompt=zero, output=output)
    blurred = output * np.exp(0.3 * rng.standard_normal(requests))
    ranks = np.argsort(np.argsort(blurred, kind="stable"), kind="stable")
    return Witness(
        family="random_waves",
        parameters={"requests": requests, "mean": mean, "memory": memory, "seed": seed},
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=simulate(instance, Ranked(ranks)),
    )
