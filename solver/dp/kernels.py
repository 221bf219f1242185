"""The hot loops of the layered search, on the columns of :class:`kvproof.solver.dp.states.States`.

The plain version of the same search is the checker's (``certificates/checker/core/search.py``), and
:mod:`kvproof.solver.reference` finds OPT by brute force; the tests hold all three against each
other.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.states import Packing
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.model import Kinds

Ints = npt.NDArray[np.int64]

# Full decisions between two looks at the flag, less one: all bits set.
_OFTEN = 0xFFFF


class Bounds(NamedTuple):
    """What the vectors in use say of states before the starts at one step; first axis: vectors.

    Parameters
    ----------
    rest
        Least scaled cost of a request of each class that starts from then on.
    beta
        End multipliers, shape (vectors, classes, starts).
    table
        The relaxation's table of the step before, shape (vectors, running, tokens).
    """

    rest: Ints
    beta: npt.NDArray[np.int32]
    table: npt.NDArray[np.int32]


class Step(NamedTuple):
    """What all states of one step have in common.

    Parameters
    ----------
    t
        The step at which requests start now.
    kinds, packing
        The instance, and how states of it are packed.
    may_start
        Which classes may start now.
    begun
        Scaled cost of a request of each class that starts now, shape (vectors, classes).
    bounds
        Of the next step, which children belong to.
    hope
        The least of each vector's table.
    ahead
        What :mod:`kvproof.solver.dp.look_ahead` fills; of no classes where that would take too
        much room.
    """

    t: int
    kinds: Kinds
    packing: Packing
    may_start: npt.NDArray[np.bool_]
    begun: Ints
    bounds: Bounds
    hope: Ints
    ahead: Ints


class Found(NamedTuple):
    """What the kernel tells beside the children.

    Parameters
    ----------
    best, starts
        Total latency and starts of the cheapest complete schedule, shapes (1,) and (1, n).
    leaves
        Full decisions looked at, shape (1,).
    """

    best: Ints
    starts: npt.NDArray[np.int16]
    leaves: Ints


@njit(nogil=True, error_model="numpy")
def expand(  # type: ignore[no-untyped-def]
    step, cutoff, parents, begin, stop, share, out, filled, found, flag
):  # fmt: skip
    """Write the children of states begin..stop-1 that no bound prunes; stop when out of room.

    With a `share` of (which, of how many) only that part of each state's decisions.

    At step t each state starts some of its waiting requests, in every way that fits. A child is
    dropped if a bound exceeds `cutoff`, or if an unstarted request could have run to its end
    within the steps up to t + 1: that schedule and all its continuations are not optimal. Complete
    children only lower the best that is found. Returns the next parent and the number of rows
    filled; the parent that did not fit, or during which `flag` was set, is left for the next call.
    """
    # Arrays in one function: tuples that phases pass on count references to all that they hold, for
    # each parent and child, which took twice the time.
    t, kinds, packing, may_start, cost_now, bounds, table_min, ahead = step
    memory, arrival, prompt, output, count, offset = kinds
    bits, _, radix, _, shape, guard, full = packing
    rest, beta, table = bounds
    key, latency, profile, starts, low, _ = parents
    out_key, out_latency, out_profile, out_starts, out_low, out_vector = out
    best, best_starts, leaves = found
    which_share, shares = share
    classes = count.size
    words = profile.shape[1]
    vectors = rest.shape[0]
    most = table.shape[1] - 1
    near = ahead.shape[0] > 0
    last = 0  # the vector that excluded something last: it is asked first
    capacity = out_key.size
    longest = 0
    for c in range(classes):
        longest = max(longest, output[c])
    waiting = np.empty(classes + 1, np.int64)
    room = np.empty(classes, np.int64)
    hope = np.empty((classes + 1, vectors), np.int64)
    # of the requests that start, in their order; each adds to what the one before has come to
    chosen = np.empty(most + 1, np.int64)
    further = np.empty(most + 1, np.int64)
    held = np.zeros((most + 1, words), np.uint64)
    paid = np.empty(most + 1, np.int64)
    partial = np.empty((most + 1, vectors), np.int64)
    child = np.empty(most + 1, np.uint64)
    gain = np.empty((classes, vectors), np.int64)
    run_class = np.empty(starts.shape[1], np.int64)
    run_start = np.empty(starts.shape[1], np.int64)
    past = np.empty(longest + 1, np.int64)
    idle = np.empty(classes, np.int64)  # classes that could have run to their end before
    lane = np.uint64((1 << bits) - 1)
    down = np.uint64(bits)
    up = np.uint64(64 - bits)
    for i in range(begin, stop):
        mark = filled
        # what is running, what is left, and what was held in the steps before
        running = 0
        left = 0
        past[:] = 0
        for c in range(classes):
            room[c] = count[c]
            for r in range(offset[c], offset[c] + count[c]):
                p = starts[i, r]
                if p < 0:
                    break
                room[c] -= 1
                if p + output[c] > t:
                    run_class[running] = c
                    run_start[running] = p
                    running += 1
                for u in range(max(p + 1, t + 1 - longest), min(p + output[c], t) + 1):
                    past[t - u] += prompt[c] + u - p
            left += room[c]
        options = 0
        idles = 0
        for c in range(classes):
            if room[c] > 0 and may_start[c]:
                waiting[options] = c
                options += 1
            since = t + 1 - output[c]
            if room[c] > 0 and since >= arrival[c]:
                fits = True
                for u in range(since + 1, t + 1):
                    if past[t - u] + prompt[c] + u - since > memory:
                        fits = False
                        break
                if fits:
                    idle[idles] = c
                    idles += 1
        waiting[options] = classes
        tokens = np.int64(profile[i, 0] & lane)
        excluded = False
        for v in range(vectors):
            value = latency[i] * SCALE
            for c in range(classes):
                value += room[c] * rest[v, c]
            for r in range(running):
                value += beta[v, run_class[r], run_start[r]]
            partial[0, v] = value
            for x in range(options):
                gain[x, v] = cost_now[v, waiting[x]] - rest[v, waiting[x]]
            if near:
                value += ahead[waiting[0], min(running, most), tokens, v]
                excluded |= value > cutoff
            else:
                hope[options, v] = table_min[v]
                for x in range(options - 1, -1, -1):
                    hope[x, v] = hope[x + 1, v] + min(0, gain[x, v] * room[waiting[x]])
        if excluded:
            continue
        for w in range(words):
            held[0, w] = profile[i, w]
        paid[0] = latency[i]
        child[0] = key[i]
        depth = 0
        fresh = running <= most
        further[0] = 0
        while depth >= 0:
            number = running + depth
            tokens = np.int64(held[depth, 0] & lane)
            if fresh and shares > 1:
                # those that begin with the same two are one share's, those of fewer the first's;
                # told by these two, not counted: shares may meet others on the way or not
                if depth == 2:
                    if (3 * chosen[0] + chosen[1]) % shares != which_share:
                        fresh = False
                        further[depth] = options
                elif depth < 2 and which_share > 0:
                    fresh = False
            if fresh:
                # all that has been chosen is a full decision
                fresh = False
                leaves[0] += 1
                if leaves[0] & _OFTEN == 0 and flag[0]:
                    return i, mark
                pruned = False
                if left == depth:
                    pruned = True
                    if paid[depth] < best[0]:
                        best[0] = paid[depth]
                        for r in range(starts.shape[1]):
                            best_starts[0, r] = starts[i, r]
                        for c in range(classes):
                            first = offset[c] + count[c] - room[c]
                            for d in range(depth):
                                if chosen[d] == c:
                                    best_starts[0, first] = t
                                    first += 1
                bound, which = low[i], last
                if not pruned:
                    for v in range(vectors):
                        if near:
                            value = partial[depth, v] + ahead[classes, number, tokens, v]
                        else:
                            value = partial[depth, v] + table[v, number, tokens]
                        if value > bound:
                            bound, which = value, v
                    pruned = bound > cutoff
                    if pruned:
                        last = which
                if not pruned:
                    for x in range(idles):
                        c = idle[x]
                        if tokens + prompt[c] + output[c] <= memory:
                            rest_c = room[c]
                            for d in range(depth):
                                if chosen[d] == c:
                                    rest_c -= 1
                            if rest_c > 0:
                                pruned = True
                                break
                if not pruned:
                    if filled >= capacity:
                        return i, mark
                    out_key[filled] = child[depth]
                    out_latency[filled] = paid[depth]
                    out_low[filled] = bound
                    out_vector[filled] = which
                    for w in range(words):
                        word = held[depth, w] >> down
                        if w + 1 < words:
                            word |= held[depth, w + 1] << up
                        out_profile[filled, w] = word
                    for r in range(starts.shape[1]):
                        out_starts[filled, r] = starts[i, r]
                    for d in range(depth):
                        c = chosen[d]
                        first = offset[c] + count[c] - room[c]
                        while out_starts[filled, first] >= 0:
                            first += 1
                        out_starts[filled, first] = t
                    filled += 1
            # one request more, not of a class before the last one's
            x = further[depth]
            while x < options and number < most:
                c = waiting[x]
                value = ahead[c, number, tokens, last] if near else hope[x, last]
                if partial[depth, last] + value > cutoff:
                    x = options  # nor with one of a later class
                    break
                more = tokens + prompt[c] + 1
                same = 0
                for d in range(depth - 1, -1, -1):
                    if chosen[d] != c:
                        break
                    same += 1
                fits = more <= memory and same < room[c]
                if fits:
                    # equal ones may follow
                    rest_of = x if same + 1 < room[c] else x + 1
                    for v in range(vectors):
                        partial[depth + 1, v] = partial[depth, v] + gain[x, v]
                        if near:
                            value = ahead[waiting[rest_of], number + 1, more, v]
                        else:
                            value = hope[rest_of, v]
                        if partial[depth + 1, v] + value > cutoff:
                            fits = False
                            last = v
                            break
                if fits:
                    for w in range(words):
                        held[depth + 1, w] = held[depth, w] + shape[c, w]
                        if ((full | guard) - held[depth + 1, w]) & guard != guard:
                            fits = False
                            break
                if fits:
                    fresh = True
                    break
                x += 1
            if fresh:
                further[depth] = x
                chosen[depth] = c
                paid[depth + 1] = paid[depth] + t + output[c] - arrival[c]
                child[depth + 1] = child[depth] + radix[c]
                depth += 1
                further[depth] = x
            else:
                depth -= 1
                if depth >= 0:
                    further[depth] += 1
    return stop, filled
