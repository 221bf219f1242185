"""Local search: take a few neighbours out of the schedule and put them back in another order.

A trial costs what its requests hold, whatever the size of the instance. With a heat above 0 it may
also lose a little, about `heat` steps, which leads out of schedules that no exchange improves.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.usage import first_fit, hold

#: Most requests that one trial moves.
MOST_MOVED = 12


@njit
def search(  # type: ignore[no-untyped-def]
    usage, requests, volume, order, trials, seed, starts, heat, best
):  # fmt: skip
    """Try so many exchanges; keep those that delay the sum of the starts by no more than allowed.

    Parameters
    ----------
    usage, starts
        The schedule, changed in place.
    requests, volume
        The requests, and their token-steps.
    order
        Requests in the order of their starts when the round began: where neighbours are.
    trials, seed
        How many, and of which random numbers.
    heat
        Mean of the delay that is allowed, drawn anew (exponential) for each trial; 0: none.
    best
        The least starts seen; overwritten where the heat is above 0. Without heat `starts` are.

    Returns
    -------
    Steps gained in all.
    """
    np.random.seed(seed)
    picked = np.empty(MOST_MOVED, np.int64)
    before = np.empty(MOST_MOVED, np.int64)
    rank = np.empty(MOST_MOVED)
    gained = 0
    behind = 0  # what has to be gained before there is a new best
    for i in range(len(starts)):
        behind += starts[i] - best[i]
    for _ in range(trials):
        number = _pick(order, requests.arrival, starts, picked)
        if number > 1:
            _rank(volume, picked, number, rank)
            allowed = np.int64(0)
            if heat > 0:
                allowed = np.int64(-heat * np.log(1.0 - np.random.random()))
            gained += _exchange(usage, requests, picked, number, before, starts, allowed)
            if heat > 0 and gained > behind:
                best[:] = starts
                behind = gained
    return gained


@njit
def _pick(order, arrival, starts, picked):  # type: ignore[no-untyped-def]
    """Choose distinct neighbours in the order of starts, near or far; return how many.

    The first one is a request that waits, if a few draws find one: only such can gain.
    """
    most = len(order)
    # a width between 2 and all, of every magnitude alike, so that no scale has to be chosen
    width = int(np.exp(np.random.random() * np.log(max(2.0, min(most, 4096.0)))) + 1)
    here = np.random.randint(most)
    for _ in range(8):
        if starts[order[here]] > arrival[order[here]]:
            break
        here = np.random.randint(most)
    wanted = 2 + np.random.randint(np.random.randint(2, MOST_MOVED))
    number = 0
    for k in range(wanted):
        at = here if k == 0 else here + np.random.randint(-width, width + 1)
        if not 0 <= at < most:
            continue
        i = order[at]
        fresh = True
        for other in picked[:number]:
            fresh &= other != i
        if fresh:
            picked[number] = i
            number += 1
    return number


@njit
def _rank(volume, picked, number, rank):  # type: ignore[no-untyped-def]
    """Sort the chosen: at random, or more or less by volume, small or large first."""
    kind = np.random.randint(3)
    for x in range(number):
        noise = 0.5 + np.random.random()
        rank[x] = noise if kind == 0 else volume[picked[x]] * noise
        if kind == 2:
            rank[x] = -rank[x]
    for x in range(1, number):
        i, key = picked[x], rank[x]
        y = x
        while y > 0 and rank[y - 1] > key:
            picked[y], rank[y] = picked[y - 1], rank[y - 1]
            y -= 1
        picked[y], rank[y] = i, key


@njit
def _exchange(  # type: ignore[no-untyped-def]
    usage, requests, picked, number, before, starts, allowed
):  # fmt: skip
    """Put the chosen back one by one where they fit; undo it if that loses more than allowed."""
    total = 0
    earliest = latest = starts[picked[0]]
    for x in range(number):
        i = picked[x]
        before[x] = starts[i]
        total += starts[i]
        earliest = min(earliest, starts[i])
        latest = max(latest, starts[i])
        hold(usage, requests.prompt[i], requests.output[i], starts[i], -1)
    # as early as can be is not always best: one that waits a little may make room for others
    patient = np.random.randint(4) == 0
    left = total + allowed
    placed = 0
    while placed < number:
        i = picked[placed]
        prompt, output = requests.prompt[i], requests.output[i]
        # only from here on is there room that was not there before
        begin = max(requests.arrival[i], earliest - output)
        if patient and np.random.randint(2):
            begin = max(begin, np.random.randint(earliest, latest + 1))
        begin = first_fit(usage, requests.memory, prompt, output, begin)
        if begin < 0 or begin > left:
            break
        left -= begin
        starts[i] = begin
        hold(usage, prompt, output, begin, 1)
        placed += 1
    if placed == number:
        return left - allowed
    for x in range(placed):
        i = picked[x]
        hold(usage, requests.prompt[i], requests.output[i], starts[i], -1)
    for x in range(number):
        i = picked[x]
        starts[i] = before[x]
        hold(usage, requests.prompt[i], requests.output[i], before[x], 1)
    return 0
