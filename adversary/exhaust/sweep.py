"""A stretch of the box in one go: every multiset, its worst order, its OPT, what it touches."""

from typing import NamedTuple

import numpy as np

from kvproof.adversary.exhaust.opt_kernel import Few, optimum, run_order, worst_order
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column

# Columns of a tally: whole numbers, so that tallies of stretches add up.
MULTISETS, POLICY_SUM, OPT_SUM, EQUAL, OUTPUTS, VOLUME, CENTROID, CHAIN = range(8)
FREE, BROKEN, EACH = range(8, 11)
_ONE = 2**40  # the unit of the fixed point that the centroid bound is added up in

#: The theorems that each instance is held against: any policy, and strict SVF only.
ON_EACH = ("opt-outputs", "opt-volume", "opt-centroid")
ON_EACH_STRICT_SVF = ("svf-backlog", "svf-backlog-eta", "svf-backlog-integral", "svf-ratio")
#: Those that say nothing where a request fills the memory; FREE counts the other instances.
ON_FREE = ("svf-backlog", "svf-backlog-eta", "svf-ratio")
#: BROKEN counts instances; from EACH on a column for each theorem counts those that break it.
TALLIES = EACH + len(ON_EACH + ON_EACH_STRICT_SVF)


@njit
def next_multiset(chosen, kinds):  # type: ignore[no-untyped-def]
    """Step to the next non-decreasing tuple of kinds; False after the last one."""
    place = len(chosen) - 1
    while place >= 0 and chosen[place] == kinds - 1:
        place -= 1
    if place < 0:
        return False
    chosen[place:] = chosen[place] + 1
    return True


@njit
def centroid(few, prefix, total):  # type: ignore[no-untyped-def]
    """Return the bound of the theorem opt-centroid, rounded down, in units of 2**-40.

    `prefix` is the sum of what goes before each request in order of volume, `total` all volume.
    It is below the exact value by less than 2**-40 for each request and one more.
    """
    bound = (2 * prefix + total) * _ONE // (2 * few.memory)
    for s, o in zip(few.prompt, few.output):  # noqa: B905
        behind = -((-(o + 1) * (3 * s + 2 * o + 1) * _ONE) // (3 * (2 * s + o + 1)))
        bound += o * _ONE + _ONE // 2 - behind
    return bound


@njit
def touched(few, policy, best, strict_svf, tally):  # type: ignore[no-untyped-def]
    """Count which bounds hold with equality (of whole numbers), and which are broken.

    Broken are: OPT below the sum of outputs, the volume or the centroid bound; for strict SVF a
    total that breaks the chain bounds or the constant (:func:`count_broken_chains`).
    """
    prompt, output = few.prompt, few.output
    volume = np.sort(prompt * output + output * (output + 1) // 2)
    outputs = output.sum()
    before = np.int64(0)
    prefix = np.int64(0)
    for v in volume:
        prefix += before
        before += v
    least = -(-(prefix + before) // few.memory)
    centre = centroid(few, prefix, before)
    tally[OUTPUTS] += best == outputs
    tally[VOLUME] += best == least
    tally[CENTROID] += (best - 1) * _ONE < centre
    each = tally[EACH:]
    counted = each.sum()
    each[0] += best < outputs
    each[1] += best < least
    each[2] += best * _ONE < centre
    free = few.memory - (prompt + output).max()
    tally[FREE] += free > 0
    if strict_svf:
        tally[CHAIN] += free > 0 and policy == 2 * prefix // max(1, free) + outputs
        count_broken_chains(few, policy, best, prefix, each[3:])
    tally[BROKEN] += each.sum() > counted


@njit
def count_broken_chains(few, policy, best, prefix, each):  # type: ignore[no-untyped-def]
    """Count where a total of strict SVF is above svf-backlog, its other forms, or svf-ratio.

    `each` has columns for svf-backlog (constant 2), svf-backlog-eta, svf-backlog-integral and the
    ratio ``max(1 + 4/(3(1 - eps)), 2/(1 - eps))``. `prefix` is as for :func:`centroid`.
    """
    memory, prompt, output, _ = few
    outputs = output.sum()
    free = memory - (prompt + output).max()
    each[2] += policy > 2 * prefix // (free + 2) + outputs
    if free > 0:
        each[0] += policy > 2 * prefix // free + outputs
        each[3] += policy * 3 * free > best * max(3 * free + 4 * memory, 6 * memory)
        beyond = True  # for every mean over peak, so for the least: eta
        for s, o in zip(prompt, output):  # noqa: B905
            late = (policy - outputs) * (2 * s + o + 1) * free > 2 * (s + o) * prefix
            beyond = beyond and late
        each[1] += beyond


class Swept(NamedTuple):
    """The box and the policy, as the kernel takes them.

    Parameters
    ----------
    memory
        KV-cache capacity M.
    kinds
        Rows (prompt, output), shape (kinds, 2).
    keys
        The policy's key of each kind.
    skip
        Whether the policy backfills.
    strict_svf
        Whether it is held against what is known of strict SVF.
    """

    memory: int
    kinds: Column
    keys: Column
    skip: bool
    strict_svf: bool


@njit
def sweep(box, chosen, number, tally, worst):  # type: ignore[no-untyped-def]
    """Go through `number` multisets from `chosen` on.

    `tally` takes TALLIES sums. `worst` has a row for each peak of an instance: policy's total,
    OPT, then the kinds in the order in which the policy takes them.
    """
    requests = len(chosen)
    held = np.zeros((requests + 2) * (box.memory + 1), np.int64)
    order = np.empty(requests, np.int64)
    for _ in range(number):
        few = Few(box.memory, box.kinds[chosen, 0], box.kinds[chosen, 1], chosen)
        policy = worst_order(few, box.keys[chosen], box.skip, held, order)
        best = optimum(few, incumbent_of(few, policy, held), held)
        tally[MULTISETS] += 1
        tally[POLICY_SUM] += policy
        tally[OPT_SUM] += best
        tally[EQUAL] += policy == best
        touched(few, policy, best, box.strict_svf, tally)
        peak = (few.prompt + few.output).max()
        if policy * worst[peak, 1] > worst[peak, 0] * best:
            worst[peak, 0], worst[peak, 1] = policy, best
            for place in range(requests):
                worst[peak, 2 + place] = chosen[order[place]]
        if not next_multiset(chosen, len(box.kinds)):
            break


@njit
def incumbent_of(few, policy, held):  # type: ignore[no-untyped-def]
    """Return the total of a good schedule: the policy's, or backfilled by output or by peak."""
    starts = np.empty(len(few.prompt), np.int64)
    by_output = np.argsort(few.output, kind="mergesort")
    by_peak = np.argsort(few.prompt + few.output, kind="mergesort")
    for order in (by_output, by_peak):
        policy = min(policy, run_order(few, order, True, held, starts))
    return policy
