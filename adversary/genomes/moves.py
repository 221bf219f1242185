"""Moves between genomes.

A move changes one thing that a scheduler might be sensitive to: a size, a count, an order, two
volumes made equal (ties go by index, so a repeated period then keeps its order), a count that just
fills the memory or just blocks another class, or the adversary's own plan.
"""

import numpy as np

from kvproof.adversary.genomes.repair import repair
from kvproof.adversary.genomes.space import (
    ARRIVAL,
    BURST,
    COUNT,
    MOST_BURST,
    MOST_PACE,
    OUTPUT,
    PACE,
    PROMPT,
    RANK,
    REPEATS,
    Genomes,
    Space,
    volume,
)
from kvproof.scheduling.compiled import njit

#: The kinds of move, equally likely.
(
    _PROMPT, _OUTPUT, _COUNT, _PERIOD, _EQUAL_VOLUME, _SHAPE, _FIT, _SWAP, _REPLACE, _ADD, _SCALE,
    _ARRIVAL, _RANK, _SEPARATE, _PACE,
) = range(15)  # fmt: skip
_MOVES = 15


@njit
def draw(rng, high):  # type: ignore[no-untyped-def]
    """Return a whole number, 0 to high - 1, uniformly."""
    return min(np.int64(rng.random() * high), high - 1)


@njit
def log_draw(rng, high):  # type: ignore[no-untyped-def]
    """Return a whole number, 1 to high, uniformly on the scale of logarithms."""
    return min(np.int64(np.exp(rng.random() * np.log(high + 1.0))), high)


@njit
def nudged(rng, value, low, high):  # type: ignore[no-untyped-def]
    """Return another value: one more or less, some factor away, or anywhere."""
    kind = rng.random()
    if kind < 0.35:
        value += 1 if rng.random() < 0.5 else -1
    elif kind < 0.9:
        width = 0.1 if rng.random() < 0.5 else 0.7
        value = np.int64(np.rint(value * np.exp(width * (2 * rng.random() - 1))))
    else:
        value = log_draw(rng, max(np.int64(1), high))
    return min(max(value, low), high)


@njit
def random_row(rng, row, limits):  # type: ignore[no-untyped-def]
    """Fill in a class and its plan, sizes on the scale of logarithms."""
    cap = limits.cap
    row[ARRIVAL] = 0 if rng.random() < 0.3 else draw(rng, limits.span + 1)
    row[OUTPUT] = log_draw(rng, cap)
    left = cap - row[OUTPUT]
    kind = rng.random()
    row[PROMPT] = 0 if kind < 0.3 else left if kind < 0.4 else log_draw(rng, left + 1) - 1
    row[COUNT] = 1 if limits.single else log_draw(rng, limits.requests)
    row[RANK] = draw(rng, 16)
    row[PACE] = 0 if rng.random() < 0.5 else 1000 + draw(rng, 60)
    row[BURST] = 0 if rng.random() < 0.8 else draw(rng, MOST_BURST + 1)


@njit
def any_row(rng, genome):  # type: ignore[no-untyped-def]
    """Return a row in use."""
    row = 1 + draw(rng, len(genome) - 1)
    while genome[row, COUNT] <= 0:
        row = 1 + (row % (len(genome) - 1))
    return row


@njit
def move(rng, genome, limits):  # type: ignore[no-untyped-def]
    """Change one thing, in place; the genome may leave its space.

    Moves of counts are for spaces of classes; where every request is single, and where a move has
    nothing to work on, the adversary's own pace changes instead.
    """
    row, other = any_row(rng, genome), any_row(rng, genome)
    mine, theirs = genome[row], genome[other]
    kind = draw(rng, _MOVES)
    if kind == _PROMPT:
        mine[PROMPT] = nudged(rng, mine[PROMPT], 0, limits.cap - 1)
    elif kind == _OUTPUT:
        mine[OUTPUT] = nudged(rng, mine[OUTPUT], 1, limits.cap)
    elif kind == _COUNT and not limits.single:
        mine[COUNT] = nudged(rng, mine[COUNT], 1, limits.requests)
    elif kind == _PERIOD and not limits.single:
        change_period(rng, genome, limits)
    elif kind == _EQUAL_VOLUME:
        equalise_volumes(rng, mine, theirs, limits)
    elif kind == _SHAPE:
        reshape(rng, mine, theirs, limits)
    elif kind == _FIT and not limits.single:
        fit_count(rng, mine, theirs, row != other, limits)
    elif kind == _SWAP:
        for column in range(RANK):
            mine[column], theirs[column] = theirs[column], mine[column]
    elif kind == _REPLACE:
        if rng.random() < 0.5 or limits.single:
            random_row(rng, mine, limits)
        else:
            mine[COUNT] = 0
    elif kind == _ADD and not limits.single:
        add_class(rng, genome, mine, limits)
    elif kind == _SCALE:
        scale(rng, genome)
    elif kind == _ARRIVAL:
        change_arrival(rng, mine, theirs, limits)
    elif kind == _RANK:
        mine[RANK] = draw(rng, 16)
    elif kind == _SEPARATE and not limits.single and row != other:
        separate(rng, mine, theirs, limits)
        genome[0, REPEATS] = limits.requests  # as often as the space allows
    else:
        change_pace(rng, mine)


@njit
def change_period(rng, genome, limits):  # type: ignore[no-untyped-def]
    """Repeat the period more or less often, as often as can be, or in finer parts."""
    before = genome[0, REPEATS]
    genome[0, REPEATS] = nudged(rng, before, 1, limits.requests)
    if rng.random() < 0.4:
        genome[0, REPEATS] = limits.requests
    elif rng.random() < 0.5:
        for row in range(1, len(genome)):
            if genome[row, COUNT] > 0:
                genome[row, COUNT] = max(1, genome[row, COUNT] * before // genome[0, REPEATS])


@njit
def equalise_volumes(rng, mine, theirs, limits):  # type: ignore[no-untyped-def]
    """Give a class as much volume as another: by its prompt, or by a prompt for a single token."""
    if rng.random() < 0.5:
        mine[OUTPUT] = 1 if rng.random() < 0.5 else log_draw(rng, limits.cap)
    triangle = mine[OUTPUT] * (mine[OUTPUT] + 1) // 2
    mine[PROMPT] = max(0, (volume(theirs[PROMPT], theirs[OUTPUT]) - triangle) // mine[OUTPUT])
    if theirs[OUTPUT] == 1:  # then the other can be made exactly equal
        theirs[PROMPT] = volume(mine[PROMPT], mine[OUTPUT]) - 1


@njit
def reshape(rng, mine, theirs, limits):  # type: ignore[no-untyped-def]
    """Split the same peak anew, take the other class's output, or fill the cap."""
    peak = mine[PROMPT] + mine[OUTPUT]
    choice = draw(rng, 3)
    mine[OUTPUT] = theirs[OUTPUT] if choice == 1 else log_draw(rng, peak)
    mine[PROMPT] = (limits.cap if choice == 2 else max(peak, mine[OUTPUT])) - mine[OUTPUT]


@njit
def fit_count(rng, mine, theirs, distinct, limits):  # type: ignore[no-untyped-def]
    """Take as many requests as fill the memory, or as just keep the other class out."""
    held = limits.memory
    if rng.random() < 0.7:
        held -= theirs[PROMPT] + theirs[OUTPUT]
    edge = mine[PROMPT] + (1 if rng.random() < 0.5 else mine[OUTPUT])
    mine[COUNT] = max(1, held // max(1, edge) + draw(rng, 3))
    if distinct and rng.random() < 0.3:
        theirs[COUNT] = 1


@njit
def add_class(rng, genome, mine, limits):  # type: ignore[no-untyped-def]
    """Put a random class where there is none, or a copy of this one over another."""
    target = genome[1 + draw(rng, len(genome) - 1)]
    if target[COUNT] <= 0:
        random_row(rng, target, limits)
    elif rng.random() < 0.5:
        target[:] = mine


@njit
def scale(rng, genome):  # type: ignore[no-untyped-def]
    """Make all prompts and outputs larger or smaller by one factor."""
    factor = np.exp(0.5 * (2 * rng.random() - 1))
    for row in range(1, len(genome)):
        genome[row, PROMPT] = np.int64(genome[row, PROMPT] * factor)
        genome[row, OUTPUT] = max(1, np.int64(genome[row, OUTPUT] * factor))


@njit
def change_arrival(rng, mine, theirs, limits):  # type: ignore[no-untyped-def]
    """Let a class arrive with another, just after it, or at some other time."""
    if rng.random() < 0.5:
        mine[ARRIVAL] = theirs[ARRIVAL] + draw(rng, 2)
    else:
        mine[ARRIVAL] = nudged(rng, mine[ARRIVAL], 0, limits.span)


@njit
def separate(rng, mine, theirs, limits):  # type: ignore[no-untyped-def]
    """Make two classes of equal volume that keep each other out.

    One is a single token over a prompt that nearly fills the cap; of the other there are just
    enough that it cannot start beside them.
    """
    height = max(np.int64(2), np.int64(limits.cap * (0.5 + 0.5 * rng.random())))
    output = log_draw(rng, np.int64(np.sqrt(2.0 * height)))
    mine[OUTPUT] = output
    mine[PROMPT] = max(0, (height - output * (output + 1) // 2) // output)
    equal = volume(mine[PROMPT], output)
    theirs[OUTPUT] = theirs[COUNT] = 1
    theirs[PROMPT] = equal - 1
    theirs[RANK] = 15
    mine[COUNT] = max(1, (limits.memory - equal) // (mine[PROMPT] + 1) + 1)


@njit
def change_pace(rng, mine):  # type: ignore[no-untyped-def]
    """Change how fast the adversary starts a class itself, and how many at once first."""
    if mine[PACE] > 0 and rng.random() < 0.7:
        mine[PACE] = nudged(rng, mine[PACE], 0, MOST_PACE)
        mine[BURST] = draw(rng, MOST_BURST + 1) if rng.random() < 0.2 else mine[BURST]
    else:
        mine[PACE] = 0 if mine[PACE] > 0 else 1000 + draw(rng, 60)
        mine[BURST] = 0


@njit
def _mutate(rng, genomes, limits, again):  # type: ignore[no-untyped-def]
    for i in range(len(genomes)):
        move(rng, genomes[i], limits)
        repair(genomes[i], limits)
        while rng.random() < again:
            move(rng, genomes[i], limits)
            repair(genomes[i], limits)


@njit
def _sample(rng, genomes, limits):  # type: ignore[no-untyped-def]
    for i in range(len(genomes)):
        rows = len(genomes[i]) - 1
        used = rows if limits.single else 1 + draw(rng, rows)
        for row in range(1, used + 1):
            random_row(rng, genomes[i, row], limits)
        if rng.random() < 0.5:
            genomes[i, 0, REPEATS] = log_draw(rng, limits.requests)
            for row in range(1, used + 1):
                genomes[i, row, COUNT] = log_draw(
                    rng, max(1, limits.requests // genomes[i, 0, REPEATS])
                )
        repair(genomes[i], limits)


def mutate(
    space: Space, parents: Genomes, rng: np.random.Generator, *, again: float = 0.4
) -> Genomes:
    """Return a mutant of each parent: one move, and with chance `again` one more, and so on."""
    genomes = parents.copy()
    _mutate(rng, genomes, space.limits, again)
    return genomes


def sample(space: Space, number: int, rng: np.random.Generator) -> Genomes:
    """Return random genomes of the space."""
    genomes = space.empty(number)
    _sample(rng, genomes, space.limits)
    return genomes
