"""Whatever a move has done to a genome: back into its space, with as little change as may be."""

import numpy as np
from numba import njit

from kvproof.adversary.genomes.space import (
    ARRIVAL,
    BURST,
    CAP,
    COUNT,
    FLOOR,
    MOST_BURST,
    MOST_PACE,
    OUTPUT,
    PACE,
    PROMPT,
    REPEATS,
    REQUESTS,
    SINGLE,
    SPAN,
    Genomes,
    Space,
)


@njit(cache=True)
def repair(genome, limits):  # type: ignore[no-untyped-def]
    """Bring a genome back into its space, in place."""
    cap, single = limits[CAP], limits[SINGLE] > 0
    largest, total, last = 1, np.int64(0), 1
    for row in range(1, len(genome)):
        mine = genome[row]
        if single:
            mine[COUNT] = 1
        mine[COUNT] = min(max(0, mine[COUNT]), limits[REQUESTS])
        mine[ARRIVAL] = min(max(0, mine[ARRIVAL]), limits[SPAN])
        mine[OUTPUT] = min(max(1, mine[OUTPUT]), cap)
        mine[PROMPT] = min(max(0, mine[PROMPT]), cap - mine[OUTPUT])
        mine[PACE] = min(max(0, mine[PACE]), MOST_PACE)
        mine[BURST] = min(max(0, mine[BURST]), MOST_BURST)
        if mine[COUNT] > 0:
            total += mine[COUNT]
            last = row
    if total == 0:
        genome[last, COUNT] = total = np.int64(1)
    if single or genome[0, REPEATS] < 1:
        genome[0, REPEATS] = 1
    if total > limits[REQUESTS]:  # every class keeps one request: there are no more classes
        left = max(np.int64(1), limits[REQUESTS] - len(genome))
        reduced = np.int64(0)
        for row in range(1, len(genome)):
            if genome[row, COUNT] > 0:
                genome[row, COUNT] = max(1, genome[row, COUNT] * left // total)
                if reduced + genome[row, COUNT] > limits[REQUESTS]:
                    genome[row, COUNT] = 0
                reduced += genome[row, COUNT]
        total = reduced
    genome[0, REPEATS] = min(genome[0, REPEATS], limits[REQUESTS] // total)
    largest = 0
    for row in range(1, len(genome)):
        if genome[row, COUNT] > 0 and (
            largest == 0
            or genome[row, PROMPT] + genome[row, OUTPUT]
            > genome[largest, PROMPT] + genome[largest, OUTPUT]
        ):
            largest = row
    short = limits[FLOOR] + 1 - genome[largest, PROMPT] - genome[largest, OUTPUT]
    if short > 0:
        genome[largest, PROMPT] += short


def repaired(space: Space, genomes: Genomes) -> Genomes:
    """Return the genomes brought back into the space."""
    genomes = genomes.copy()
    for genome in genomes:
        repair(genome, space.limits)
    return genomes
