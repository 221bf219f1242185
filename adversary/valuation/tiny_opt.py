"""Exact OPT in place of a plan, where instances are so small that it costs microseconds."""

import numpy as np

from kvproof.adversary.exhaust.opt_kernel import Few, optimum
from kvproof.adversary.genomes.space import OUTPUT, PROMPT, Space
from kvproof.adversary.valuation.class_kernels import plan_total
from kvproof.adversary.valuation.ratio_kernels import DROPPED, policy_total
from kvproof.scheduling.compiled import njit

#: Where it is used: single requests, all there at step 0; more of them where each is small.
MOST_MEMORY, MOST_REQUESTS, MOST_SMALL = 16, 6, 8


def is_tiny(space: Space) -> bool:
    """Whether OPT is computed for every genome of the space."""
    most = MOST_SMALL if 3 * space.cap_tokens <= space.memory else MOST_REQUESTS
    return (
        space.single and not space.span and space.memory <= MOST_MEMORY and space.requests <= most
    )


@njit
def sharpen(batch, search):  # type: ignore[no-untyped-def]
    """Replace the values of genomes that were not dropped by policy over OPT; it is both."""
    limits = search.limits
    held = np.zeros((limits.requests + 2) * (limits.cap + limits.memory + 1), np.int64)
    profile = np.empty((64, 3), np.int64)
    none = np.empty((0, 3), np.int64)
    for i in range(len(batch.genomes)):
        if batch.values[i] == DROPPED:
            continue
        genome = batch.genomes[i]
        # equal requests side by side, as the search over starts expects them
        kind = genome[1:, PROMPT] * (limits.memory + 1) + genome[1:, OUTPUT]
        order = np.argsort(kind, kind="mergesort")
        cost, profile = policy_total(genome, search, profile)
        known, profile, _ = plan_total(genome, limits.memory, profile, none)
        few = Few(limits.memory, genome[1:, PROMPT][order], genome[1:, OUTPUT][order], kind[order])
        batch.values[i] = batch.estimates[i] = cost / optimum(few, np.int64(min(known, cost)), held)
