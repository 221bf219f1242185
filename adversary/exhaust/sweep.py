"""A stretch of the box in one go: every multiset, its worst order, its OPT, what it touches."""

import numpy as np
from numba import njit

from kvproof.adversary.exhaust.opt_kernel import optimum, run_order, worst_order

# Columns of a tally: whole numbers, so that tallies of stretches add up.
MULTISETS, POLICY_SUM, OPT_SUM, EQUAL, OUTPUTS, VOLUME, CENTROID, CHAIN, BROKEN = range(9)
TALLIES = 9
_ONE = 2**40  # the unit of the fixed point that the centroid bound is added up in

#: The theorems that each instance is held against: any policy, and strict SVF only.
ON_EACH = ("opt-outputs", "opt-volume", "opt-centroid")
ON_EACH_STRICT_SVF = ("svf-backlog", "svf-backlog-eta", "svf-backlog-integral", "svf-ratio")


@njit(cache=True)
def next_multiset(chosen, kinds):  # type: ignore[no-untyped-def]
    """Step to the next non-decreasing tuple of kinds; False after the last one."""
    place = len(chosen) - 1
    while place >= 0 and chosen[place] == kinds - 1:
        place -= 1
    if place < 0:
        return False
    chosen[place:] = chosen[place] + 1
    return True


@njit(cache=True)
def centroid(memory, prompt, output, prefix, total):  # type: ignore[no-untyped-def]
    """Return the centroid certificate of a backlog (THEORY 4), rounded down, in units of 2**-40.

    `prefix` is the sum of what goes before each request in order of volume, `total` all volume.
    It is below the exact value by less than 2**-40 for each request and one more.
    """
    bound = (2 * prefix + total) * _ONE // (2 * memory)
    for s, o in zip(prompt, output):  # noqa: B905
        behind = -((-(o + 1) * (3 * s + 2 * o + 1) * _ONE) // (3 * (2 * s + o + 1)))
        bound += o * _ONE + _ONE // 2 - behind
    return bound


@njit(cache=True)
def touched(memory, prompt, output, policy, best, strict_svf, tally):  # type: ignore[no-untyped-def]
    """Count which bounds hold with equality (of whole numbers), and which are broken.

    Broken are: OPT below the sum of outputs, the volume or the centroid certificate; for strict
    SVF a total above one of three forms of the chain bound, or above
    ``max(1 + 4/(3(1 - eps)), 2/(1 - eps))`` times OPT.
    """
    volume = np.sort(prompt * output + output * (output + 1) // 2)
    n = len(volume)
    outputs = output.sum()
    before = np.int64(0)
    prefix = np.int64(0)
    for k in range(n):
        prefix += before
        before += volume[k]
    least = -(-(prefix + before) // memory)
    centre = centroid(memory, prompt, output, prefix, before)
    tally[OUTPUTS] += best == outputs
    tally[VOLUME] += best == least
    tally[CENTROID] += (best - 1) * _ONE < centre
    broken = best < outputs or best < least or best * _ONE < centre
    free = memory - (prompt + output).max()
    if strict_svf:
        broken = broken or policy > 2 * prefix // (free + 2) + outputs
    if strict_svf and free > 0:
        chain = 2 * prefix // free + outputs
        tally[CHAIN] += policy == chain
        within = policy * 3 * free <= best * max(3 * free + 4 * memory, 6 * memory)
        broken = broken or policy > chain or not within
        beyond = True  # for every mean over peak, so for the least: eta
        for s, o in zip(prompt, output):  # noqa: B905
            late = (policy - outputs) * (2 * s + o + 1) * free > 2 * (s + o) * prefix
            beyond = beyond and late
        broken = broken or beyond
    tally[BROKEN] += broken


@njit(cache=True)
def sweep(memory, requests, kinds, keys, chosen, number, skip, strict_svf, tally, worst):  # type: ignore[no-untyped-def]
    """Go through `number` multisets from `chosen` on.

    `kinds` are rows (prompt, output), `keys` the policy's key of each. `tally` takes TALLIES sums.
    `worst` has a row for each peak of an instance: policy's total, OPT, then the kinds in the
    order in which the policy takes them.
    """
    held = np.zeros((requests + 2) * (memory + 1), np.int64)
    starts = np.empty(requests, np.int64)
    order = np.empty(requests, np.int64)
    for _ in range(number):
        prompt, output = kinds[chosen, 0], kinds[chosen, 1]
        policy = worst_order(
            memory, prompt, output, chosen, keys[chosen], skip, held, starts, order
        )
        incumbent = policy
        for rule in range(2):
            shortest = np.argsort(output if rule == 0 else prompt + output, kind="mergesort")
            total = run_order(memory, prompt, output, shortest, True, held, starts)
            incumbent = min(incumbent, total)
        best = optimum(memory, prompt, output, chosen, incumbent, held)
        tally[MULTISETS] += 1
        tally[POLICY_SUM] += policy
        tally[OPT_SUM] += best
        tally[EQUAL] += policy == best
        touched(memory, prompt, output, policy, best, strict_svf, tally)
        peak = (prompt + output).max()
        if policy * worst[peak, 1] > worst[peak, 0] * best:
            worst[peak, 0], worst[peak, 1] = policy, best
            for place in range(requests):
                worst[peak, 2 + place] = chosen[order[place]]
        if not next_multiset(chosen, len(kinds)):
            break
