"""What a genome is worth: the policy's cost over the cost of the genome's own plan.

Every value is the ratio of two costs that can be certified. The cheap estimate beside it, policy
over the centroid or volume bound on OPT, is never below the true ratio; a candidate whose estimate
is under what it must reach is dropped before its plan is run.
"""

from typing import NamedTuple

import numpy as np

from kvproof.adversary.genomes.space import (
    ARRIVAL,
    COUNT,
    OUTPUT,
    PROMPT,
    REPEATS,
    Floats,
    Genomes,
    Limits,
    volume,
)
from kvproof.adversary.valuation.class_kernels import plan_total, strict_total
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.kernel import run_skip, run_strict

#: Policies that the kernels know, by the code that they take.
CODES = {"svf": 0, "sjf": 1, "fcfs": 2}

#: The value of a genome that was dropped because of its estimate.
DROPPED = 0.0


class Search(NamedTuple):
    """What is evaluated, as the kernels take it.

    Parameters
    ----------
    limits
        The space.
    code
        Of the policy, from `CODES`.
    skip
        Whether it backfills.
    """

    limits: Limits
    code: int
    skip: bool


class Evaluations(NamedTuple):
    """A batch and its scores, which the kernels fill in.

    Parameters
    ----------
    genomes
        Shape (genomes, 1 + rows, COLUMNS).
    at_least
        What each value must reach, or else it may be `DROPPED`, shape (genomes,).
    values
        Policy over plan, or over OPT; shape (genomes,).
    estimates
        Policy over a lower bound on OPT, infinite where none is computed; shape (genomes,).
    """

    genomes: Genomes
    at_least: Floats
    values: Floats
    estimates: Floats


@njit
def keys(genome, code):  # type: ignore[no-untyped-def]
    """Return the policy's key for each row; the header's does not matter."""
    key = np.zeros(len(genome), np.int64)
    for row in range(1, len(genome)):
        if code == 0:
            key[row] = volume(genome[row, PROMPT], genome[row, OUTPUT])
        elif code == 1:
            key[row] = genome[row, OUTPUT]
        else:
            key[row] = genome[row, ARRIVAL]
    return key


@njit
def lower_bound(genome, memory):  # type: ignore[no-untyped-def]
    """Return the best of centroid, volume and outputs for a backlog, in floats.

    Theorems opt-centroid, opt-volume and opt-outputs.
    """
    order = np.argsort(keys(genome, 0), kind="mergesort")
    before = 0.0
    finish = 0.0
    half = 0.0
    shape = 0.0
    outputs = 0.0
    for row in order:
        count = float(genome[row, COUNT] * genome[0, REPEATS]) if row > 0 else 0.0
        if count > 0:
            s, o = float(genome[row, PROMPT]), float(genome[row, OUTPUT])
            v = s * o + o * (o + 1) / 2
            finish += count * before + v * count * (count + 1) / 2
            half += count * v / 2
            before += count * v
            shape += count * (0.5 + o - (o + 1) * (3 * s + 2 * o + 1) / (3 * (2 * s + o + 1)))
            outputs += count * o
    return max((finish - half) / memory + shape, finish / memory, outputs)


@njit
def policy_total(genome, search, profile):  # type: ignore[no-untyped-def]
    """Return what the policy costs, and the profile."""
    memory = search.limits.memory
    key = keys(genome, search.code)
    if not search.skip and search.limits.span == 0:
        return strict_total(genome, key, memory, profile)
    columns = expanded(genome, key)
    order = np.argsort(columns[0], kind="mergesort")
    if search.skip:
        order = order[np.argsort(columns[3][order], kind="mergesort")]
    arrival, prompt, output = columns[0][order], columns[1][order], columns[2][order]
    none = np.empty((0, 3), np.int64)
    if search.skip:
        by_arrival = np.argsort(arrival, kind="mergesort")
        starts = run_skip(memory, arrival, prompt, output, output, by_arrival, none, 0)
    else:
        starts = run_strict(
            memory,
            arrival,
            arrival,
            (none[:, 0], 1, 0, 0),
            columns[3][order],
            prompt,
            output,
            output,
            none,
            0,
        )
    total = 0.0
    for i in range(len(order)):
        total += float(starts[i] + output[i] - arrival[i])
    return total, profile


@njit
def expanded(genome, key):  # type: ignore[no-untyped-def]
    """Return arrival, prompt, output and key of every request, shape (4, requests)."""
    n = np.int64(0)
    for row in range(1, len(genome)):
        n += max(0, genome[row, COUNT])
    n *= genome[0, REPEATS]
    columns = np.empty((4, n), np.int64)
    i = 0
    for _ in range(genome[0, REPEATS]):
        for row in range(1, len(genome)):
            for _ in range(genome[row, COUNT]):
                columns[0, i] = genome[row, ARRIVAL]
                columns[1, i] = genome[row, PROMPT]
                columns[2, i] = genome[row, OUTPUT]
                columns[3, i] = key[row]
                i += 1
    return columns


@njit
def evaluate(batch, search):  # type: ignore[no-untyped-def]
    """Fill in value and estimate of each genome of a batch."""
    memory = search.limits.memory
    online = search.limits.span > 0
    profile = np.empty((64, 3), np.int64)
    none = np.empty((0, 3), np.int64)
    for i in range(len(batch.genomes)):
        genome = batch.genomes[i]
        cost, profile = policy_total(genome, search, profile)
        batch.estimates[i] = np.inf
        if not online:
            batch.estimates[i] = cost / lower_bound(genome, memory)
            if batch.estimates[i] < batch.at_least[i]:
                batch.values[i] = DROPPED
                continue
        best, profile, _ = plan_total(genome, memory, profile, none)
        batch.values[i] = cost / best
