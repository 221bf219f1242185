"""A better feasible schedule for one instance: climb its plan alone, then shift starts."""

import numpy as np
from numba import njit

from kvproof.adversary.genomes.moves import draw, nudged
from kvproof.adversary.genomes.space import (
    BURST,
    COUNT,
    MOST_BURST,
    MOST_PACE,
    PACE,
    RANK,
    Genome,
    Genomes,
)
from kvproof.adversary.valuation.objective import Objective
from kvproof.scheduling.exact import Column
from kvproof.scheduling.schedule import Schedule

ROUNDS, BATCH = 24, 24
#: Work that the shifts of one schedule may take, in looks at a step.
SHIFT_WORK = 20_000_000


def better_plan(objective: Objective, genome: Genome, rng: np.random.Generator) -> Genome:
    """Return the genome with the best plan that a short climb finds; its instance is the same."""
    best, value = genome, float(objective.scores(genome[None]).values[0])
    for _ in range(ROUNDS):
        mutants = np.repeat(best[None], BATCH, axis=0)
        _replan(rng, mutants)
        values = objective.scores(mutants).values
        top = int(values.argmax())
        if values[top] > value:
            best, value = mutants[top], float(values[top])
    return best


@njit(cache=True)
def _replan(rng: np.random.Generator, genomes: Genomes) -> None:
    for genome in genomes:
        again = True
        while again:
            row = 1 + draw(rng, len(genome) - 1)
            while genome[row, COUNT] <= 0:
                row = 1 + (row % (len(genome) - 1))
            kind = rng.random()
            if kind < 0.25:
                genome[row, RANK] = draw(rng, 16)
            elif kind < 0.4:
                genome[row, PACE] = 0 if genome[row, PACE] > 0 else 1000 + draw(rng, 60)
            elif kind < 0.85:
                genome[row, PACE] = nudged(rng, genome[row, PACE], 0, MOST_PACE)
            else:
                genome[row, BURST] = draw(rng, MOST_BURST + 1) if rng.random() < 0.7 else 0
            again = rng.random() < 0.4


def shifted(schedule: Schedule, *, work: int = SHIFT_WORK) -> Schedule:
    """Return the schedule with requests moved to the earliest steps that the others leave free.

    In order of start, over and over until nothing moves or the work is spent; never worse.
    """
    requests = schedule.instance.expanded()
    span = schedule.makespan + 1
    if span > work:
        return schedule
    starts = schedule.starts.copy()
    order = np.argsort(starts, kind="stable")
    _shift(requests.memory, requests.arrival, requests.prompt, requests.output, starts, order,
           np.zeros(span, np.int64), work)  # fmt: skip
    return Schedule(instance=schedule.instance, starts=starts)


@njit(cache=True)
def _shift(
    memory: int, arrival: Column, prompt: Column, output: Column,
    starts: Column, order: Column, held: Column, work: int,
) -> None:  # fmt: skip
    for i in range(len(starts)):
        for j in range(1, output[i] + 1):
            held[starts[i] + j] += prompt[i] + j
    moved = True
    while moved and work > 0:
        moved = False
        for i in order:
            if work <= 0:
                break
            for j in range(1, output[i] + 1):
                held[starts[i] + j] -= prompt[i] + j
            start = arrival[i]
            fits = False
            while start < starts[i] and not fits and work > 0:
                # from the end, where most is held: a step that is too full at all rules out every
                # start before it that it does not outlive
                fits = True
                for j in range(output[i], 0, -1):
                    work -= 1
                    if held[start + j] + prompt[i] + j > memory:
                        fits = False
                        start += max(1, min(j, held[start + j] + prompt[i] + j - memory))
                        break
            if fits and start < starts[i]:
                starts[i] = start
                moved = True
            for j in range(1, output[i] + 1):
                held[starts[i] + j] += prompt[i] + j
