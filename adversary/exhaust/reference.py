"""Policies that the kernels do not know, and the plain version that the kernels are held to."""

from itertools import permutations

import numpy as np

from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.opt_kernel import Few, optimum
from kvproof.adversary.exhaust.sweep import (
    EQUAL,
    MULTISETS,
    OPT_SUM,
    POLICY_SUM,
    TALLIES,
    next_multiset,
    touched,
)
from kvproof.scheduling.exact import Column
from kvproof.scheduling.policies import SVF, Policy
from kvproof.scheduling.simulate import simulate


def worst_total(box: Box, chosen: Column, policy: Policy, skip: bool) -> tuple[int, Column]:
    """Return what the policy costs at worst over all orders of the instance, and that order."""
    found = (-1, chosen)
    for order in sorted(set(permutations(chosen.tolist()))):
        kinds = np.array(order, dtype=np.int64)
        total = simulate(box.instance(kinds), policy, skip=skip).total_latency
        if total > found[0]:
            found = (total, kinds)
    return found


def plain_sweep(
    box: Box, chosen: Column, number: int, policy: Policy, skip: bool
) -> tuple[Column, Column]:
    """Return tally and worst instances as :func:`kvproof.adversary.exhaust.sweep.sweep` does."""
    tally = np.zeros(TALLIES, np.int64)
    worst = np.zeros((box.memory + 1, 2 + box.requests), np.int64)
    worst[:, 1] = 1
    held = np.zeros((box.requests + 2) * (box.memory + 1), np.int64)
    strict_svf = type(policy) is SVF and not skip  # a subclass may have another key
    chosen = chosen.copy()
    for _ in range(number):
        prompt, output = box.kinds[chosen].T.copy()
        total, order = worst_total(box, chosen, policy, skip)
        few = Few(box.memory, prompt, output, chosen)
        best = int(optimum(few, total, held))
        tally[[MULTISETS, POLICY_SUM, OPT_SUM, EQUAL]] += (1, total, best, total == best)
        touched(few, total, best, strict_svf, tally)
        peak = int((prompt + output).max())
        if total * worst[peak, 1] > worst[peak, 0] * best:
            worst[peak, :2] = total, best
            worst[peak, 2:] = order
        if not next_multiset(chosen, len(box.kinds)):
            break
    return tally, worst
