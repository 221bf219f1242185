"""Bounds on the total of strict SVF on a backlog, exact and in O(n log n).

Throughout, requests are in SVF order, ``W_k = v_1 + ... + v_(k-1)``, ``P_k = W_k / M``, m is the
largest peak s + o. A float is used nowhere.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from kvproof.certificates.lower_bounds import sum_of_prefix_sums
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance


def chain_total(instance: Instance) -> Fraction:
    """Return ``2/(1 - eps) sum P_k + sum o_k``; needs eps < 1."""
    return Fraction(2 * _prefix_sums(instance), instance.memory - instance.max_peak) + _outputs(
        instance
    )


def eta_total(instance: Instance) -> Fraction:
    """Return ``1/(eta (1 - eps)) sum P_k + sum o_k``, eta the least mean over peak; eps < 1."""
    slack = instance.memory - instance.max_peak
    return Fraction(_prefix_sums(instance), slack) / eta(instance) + _outputs(instance)


def integral_total(instance: Instance) -> Fraction:
    """Return ``2/(M - m + 2) sum W_k + sum o_k``; also for eps = 1."""
    slack = instance.memory - instance.max_peak + 2
    return Fraction(2 * _prefix_sums(instance), slack) + _outputs(instance)


def prefix_total(instance: Instance) -> Fraction:
    """Return the sum of the best bounds ``B_k >= S_k`` (integers), plus ``sum o_k``.

    B_k is the least of ``floor(2 W_k/(M - m_k + 2))``, ``floor(P_k/(eta_(k-1) (1 - eps_k)))``
    and ``max over i < k of (B_i + o_i)``, where m_k and eps_k are taken over the requests up to
    k and eta_(k-1) over those before it.
    """
    requests = instance.expanded()
    prompt, output = requests.lengths(requests.by_volume)
    # what the pass multiplies at most
    peak = 2 * instance.max_peak
    if 2 * peak * max(instance.total_volume, instance.memory, peak) < 2**63:
        high, low = _prefix_pass(instance.memory, prompt, output)
    else:
        high, low = prefix_pass(instance.memory, prompt.tolist(), output.tolist())
    return Fraction((int(high) << 32) + int(low))


def prefix_pass(memory: int, prompt: Any, output: Any) -> tuple[int, int]:
    """Return ``sum (B_k + o_k)`` of columns in SVF order, as ``(high << 32) + low``.

    In lists its integers are unbounded.
    """
    before = last_end = largest = high = low = 0
    numerator = denominator = 1  # of the least mean over peak so far
    for k in range(len(output)):
        s, o = prompt[k], output[k]
        largest = max(largest, s + o)
        start = min(2 * before // (memory - largest + 2), last_end)
        if largest < memory:
            start = min(start, before * denominator // (numerator * (memory - largest)))
        end = start + o
        high += end >> 32
        low += end & 0xFFFFFFFF
        last_end = max(last_end, end)
        before += s * o + o * (o + 1) // 2
        if (2 * s + o + 1) * denominator < numerator * 2 * (s + o):
            numerator, denominator = 2 * s + o + 1, 2 * (s + o)
    return high, low


_prefix_pass: Callable[[int, Column, Column], tuple[int, int]] = njit(prefix_pass)


def eta(instance: Instance) -> Fraction:
    """Return the least mean over peak, ``min (2 s + o + 1)/(2 (s + o))``; at least 1/2.

    It is 1/2 + (s + 1)/(2 (s + o)), so the least (s + 1)/(s + o) decides.
    """
    prompt, output = instance.prompt, instance.output
    if output.max() == 1:
        return Fraction(1)
    # the candidates near the float minimum are compared exactly
    share = (prompt + 1) / (prompt + output)
    near = np.flatnonzero(share <= share.min() * (1 + 1e-9))
    pairs = np.unique(np.stack((prompt[near], output[near])), axis=1)
    return min(
        Fraction(2 * int(s) + int(o) + 1, 2 * (int(s) + int(o))) for s, o in pairs.T.tolist()
    )


def least_prompt_share(instance: Instance) -> Fraction:
    """Return q, the least prompt over output."""
    share = instance.prompt / instance.output
    near = np.flatnonzero(share <= share.min() * (1 + 1e-9))
    pairs = np.unique(np.stack((instance.prompt[near], instance.output[near])), axis=1)
    return min(Fraction(int(s), int(o)) for s, o in pairs.T.tolist())


def _prefix_sums(instance: Instance) -> int:
    return sum_of_prefix_sums(instance.expanded())


def _outputs(instance: Instance) -> int:
    return instance.total(instance.output)
