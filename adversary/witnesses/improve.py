"""A better feasible schedule for one instance: climb its plan alone, then shift starts."""

import numpy as np

from kvproof.adversary.genomes.moves import draw, nudged
from kvproof.adversary.genomes.space import (
    BURST,
    COUNT,
    MOST_BURST,
    MOST_PACE,
    PACE,
    RANK,
    Genome,
)
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses.rounding import Turns, in_turn
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import hold_all, place, requests_of, shift_left

ROUNDS, BATCH = 24, 24
#: About how many looks at a step one round of left shifts may take, and how many rounds.
SHIFT_WORK, ROUNDS_OF_SHIFTS = 20_000_000, 16


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


@njit
def _replan(rng, genomes):  # type: ignore[no-untyped-def]
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

    In order of start, over and over until nothing moves; never worse.

    Parameters
    ----------
    schedule
        A feasible schedule.
    work
        A long schedule is returned as it is, and of many requests each looks back by so many
        steps at most that one round takes about this many looks.
    """
    requests = requests_of(schedule.instance)
    span = schedule.makespan + 1
    if span > work:
        return schedule
    starts = schedule.starts.copy()
    usage = np.zeros(span, np.int32)
    hold_all(usage, requests, starts)
    order = np.argsort(starts, kind="stable")
    reach = max(int(requests.output.max()), work // len(starts))
    for _ in range(ROUNDS_OF_SHIFTS):
        if shift_left(usage, requests, order, reach, starts) == 0:
            break
    return Schedule(instance=schedule.instance, starts=starts)


def listed(schedule: Schedule) -> Schedule:
    """Return the requests one after the other in the order of their starts, each where it fits.

    The schedule that is given need not be feasible. Where it may take too long for its steps to be
    counted, none starts before the one ahead of it.
    """
    requests = requests_of(schedule.instance)
    starts = schedule.starts.copy()
    order = np.argsort(starts, kind="stable")
    # were nothing to run beside anything else, all would be done by then
    steps = int(requests.arrival.max() + requests.output.sum()) + 1
    if steps > SHIFT_WORK:
        in_turn(requests, order, Turns(np.zeros(len(order)), 0.0, 0.0), starts)
    else:
        place(np.zeros(steps, np.int32), requests, order, requests.arrival, False, starts)
    return Schedule(instance=schedule.instance, starts=starts)
