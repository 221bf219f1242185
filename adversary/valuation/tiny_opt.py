"""Exact OPT in place of a plan, where instances are so small that it costs microseconds."""

import numpy as np
from numba import njit

from kvproof.adversary.exhaust.opt_kernel import optimum
from kvproof.adversary.genomes.space import CAP, MEMORY, OUTPUT, PROMPT, REQUESTS, Space
from kvproof.adversary.valuation.class_kernels import plan_total
from kvproof.adversary.valuation.ratio_kernels import DROPPED, policy_total

#: Where it is used: single requests, all there at step 0; more of them where each is small.
MOST_MEMORY, MOST_REQUESTS, MOST_SMALL = 16, 6, 8


def is_tiny(space: Space) -> bool:
    """Whether OPT is computed for every genome of the space."""
    most = MOST_SMALL if 3 * space.cap_tokens <= space.memory else MOST_REQUESTS
    return (
        space.single and not space.span and space.memory <= MOST_MEMORY and space.requests <= most
    )


@njit(cache=True)
def sharpen(genomes, at_least, limits, code, skip, values, estimates):  # type: ignore[no-untyped-def]
    """Replace the values of genomes that were not dropped by policy over OPT; it is both."""
    memory = limits[MEMORY]
    held = np.zeros((limits[REQUESTS] + 2) * (limits[CAP] + memory + 1), np.int64)
    profile = np.empty((64, 3), np.int64)
    none = np.empty((0, 3), np.int64)
    ends = np.zeros(1, np.int64)
    for i in range(len(genomes)):
        if values[i] == DROPPED:
            continue
        genome = genomes[i]
        # equal requests side by side, as the search over starts expects them
        kind = genome[1:, PROMPT] * (memory + 1) + genome[1:, OUTPUT]
        order = np.argsort(kind, kind="mergesort")
        cost, profile = policy_total(genome, memory, code, skip, False, profile)
        known, profile = plan_total(genome, memory, profile, none, ends)
        best = optimum(
            memory, genome[1:, PROMPT][order], genome[1:, OUTPUT][order], kind[order],
            min(known, cost), held,
        )  # fmt: skip
        values[i] = estimates[i] = cost / best
