"""What a genome is worth: the policy's cost over the cost of the genome's own plan.

Every value is the ratio of two costs that can be certified. The cheap estimate beside it, policy
over the centroid or volume bound on OPT, is never below the true ratio; a candidate whose estimate
is under what it must reach is dropped before its plan is run.
"""

import numpy as np
from numba import njit

from kvproof.adversary.genomes.space import ARRIVAL, COUNT, MEMORY, OUTPUT, PROMPT, REPEATS, SPAN
from kvproof.adversary.valuation.class_kernels import plan_total, strict_total, volume
from kvproof.scheduling.kernel import run_skip, run_strict

#: Policies that the kernels know, by the code that they take.
CODES = {"svf": 0, "sjf": 1, "fcfs": 2}

#: The value of a genome that was dropped because of its estimate.
DROPPED = 0.0


@njit(cache=True)
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


@njit(cache=True)
def lower_bound(genome, memory):  # type: ignore[no-untyped-def]
    """Return the best of centroid, volume and outputs for a backlog (THEORY 4), in floats."""
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


@njit(cache=True)
def policy_total(genome, memory, code, skip, online, profile):  # type: ignore[no-untyped-def]
    """Return what the policy costs, and the profile."""
    if not skip and not online:
        return strict_total(genome, keys(genome, code), memory, profile)
    n = np.int64(0)
    for row in range(1, len(genome)):
        n += max(0, genome[row, COUNT])
    n *= genome[0, REPEATS]
    columns = np.empty((4, n), np.int64)
    key = keys(genome, code)
    i = 0
    for _ in range(genome[0, REPEATS]):
        for row in range(1, len(genome)):
            for _ in range(genome[row, COUNT]):
                columns[0, i] = genome[row, ARRIVAL]
                columns[1, i] = genome[row, PROMPT]
                columns[2, i] = genome[row, OUTPUT]
                columns[3, i] = key[row]
                i += 1
    order = np.argsort(columns[0], kind="mergesort")
    if skip:
        order = order[np.argsort(columns[3][order], kind="mergesort")]
    arrival, prompt, output = columns[0][order], columns[1][order], columns[2][order]
    none = np.empty((0, 3), np.int64)
    if skip:
        by_arrival = np.argsort(arrival, kind="mergesort")
        starts = run_skip(memory, arrival, prompt, output, output, by_arrival, none, 0)
    else:
        starts = run_strict(memory, arrival, columns[3][order], prompt, output, output, none, 0)
    total = np.int64(0)
    for i in range(n):
        total += starts[i] + output[i] - arrival[i]
    return total, profile


@njit(cache=True)
def evaluate(genomes, at_least, limits, code, skip, values, estimates):  # type: ignore[no-untyped-def]
    """Fill in value and estimate of each genome; `at_least` is what its value must reach."""
    memory = limits[MEMORY]
    online = limits[SPAN] > 0
    profile = np.empty((64, 3), np.int64)
    none = np.empty((0, 3), np.int64)
    ends = np.zeros(1, np.int64)
    for i in range(len(genomes)):
        genome = genomes[i]
        cost, profile = policy_total(genome, memory, code, skip, online, profile)
        estimates[i] = np.inf
        if not online:
            estimates[i] = cost / lower_bound(genome, memory)
            if estimates[i] < at_least[i]:
                values[i] = DROPPED
                continue
        best, profile = plan_total(genome, memory, profile, none, ends)
        values[i] = cost / best
