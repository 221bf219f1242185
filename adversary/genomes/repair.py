"""Whatever a move has done to a genome: back into its space, with as little change as may be."""

import numpy as np

from kvproof.adversary.genomes.space import (
    ARRIVAL,
    BURST,
    COUNT,
    MOST_BURST,
    MOST_PACE,
    OUTPUT,
    PACE,
    PROMPT,
    REPEATS,
    Genomes,
    Space,
)
from kvproof.scheduling.compiled import njit


@njit
def repair(genome, limits):  # type: ignore[no-untyped-def]
    """Bring a genome back into its space, in place."""
    for row in range(1, len(genome)):
        _clip(genome[row], limits)
    total = _count(genome)
    if limits.single or genome[0, REPEATS] < 1:
        genome[0, REPEATS] = 1
    if total > limits.requests:
        total = _thin(genome, total, limits.requests)
    genome[0, REPEATS] = min(genome[0, REPEATS], limits.requests // total)
    _raise_largest(genome, limits.floor)


@njit
def _clip(row, limits):  # type: ignore[no-untyped-def]
    """Bring each number of a class into its range."""
    if limits.single:
        row[COUNT] = 1
    row[COUNT] = min(max(0, row[COUNT]), limits.requests)
    row[ARRIVAL] = min(max(0, row[ARRIVAL]), limits.span)
    row[OUTPUT] = min(max(1, row[OUTPUT]), limits.cap)
    row[PROMPT] = min(max(0, row[PROMPT]), limits.cap - row[OUTPUT])
    row[PACE] = min(max(0, row[PACE]), MOST_PACE)
    row[BURST] = min(max(0, row[BURST]), MOST_BURST)


@njit
def _count(genome):  # type: ignore[no-untyped-def]
    """Return the requests of one period, after making sure that there is one."""
    total = np.int64(0)
    for row in range(1, len(genome)):
        total += genome[row, COUNT]
    if total == 0:
        genome[1, COUNT] = total = np.int64(1)
    return total


@njit
def _thin(genome, total, most):  # type: ignore[no-untyped-def]
    """Scale the counts down to at most `most` requests in a period; return how many are left.

    Every class keeps one request while there is room.
    """
    left = max(np.int64(1), most - len(genome))
    kept = np.int64(0)
    for row in range(1, len(genome)):
        if genome[row, COUNT] > 0:
            genome[row, COUNT] = max(1, genome[row, COUNT] * left // total)
            if kept + genome[row, COUNT] > most:
                genome[row, COUNT] = 0
            kept += genome[row, COUNT]
    return kept


@njit
def _raise_largest(genome, floor):  # type: ignore[no-untyped-def]
    """Lengthen the prompt of the largest class until it holds more than `floor` tokens."""
    largest, most = 0, np.int64(0)
    for row in range(1, len(genome)):
        peak = genome[row, PROMPT] + genome[row, OUTPUT]
        if genome[row, COUNT] > 0 and peak > most:
            largest, most = row, peak
    if most <= floor:
        genome[largest, PROMPT] += floor + 1 - most


def repaired(space: Space, genomes: Genomes) -> Genomes:
    """Return the genomes brought back into the space."""
    genomes = genomes.copy()
    for genome in genomes:
        repair(genome, space.limits)
    return genomes
