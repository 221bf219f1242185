"""Families for the other policies and for arrivals over time: ratios without bound."""

import numpy as np

from kvproof.bounds.families.family import Witness, at_least, from_classes, schedule
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF


def long_first(*, k: int, length: int) -> Witness:
    """Return a backlog for FCFS: k long requests that fill the memory, then k L one-step requests.

    Longs (k L^2, L), shorts (k L, 1), M = k L (k L + 1), eps = 1/k. FCFS / OPT is at least
    L (L + 2)/(2 L + 1).
    """
    at_least(k=(k, 1), length=(length, 1))
    shorts = k * length
    instance = from_classes(
        shorts * (shorts + 1), [(k * length**2, length, k), (shorts, 1, shorts)]
    )
    return Witness(
        family="long_first",
        parameters={"k": k, "length": length},
        policy=FCFS(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, [1] * k, [0] * shorts),
    )


def fat_first(*, k: int, steps: int) -> Witness:
    """Return a backlog for SJF: k W fat one-step requests go before k W^2 thin ones of two steps.

    Fats (2 W^2 - 1, 1), thins (0, 2), M = 2 k W^2, eps = 1/k. SJF / OPT is at least 2 W / 5.
    """
    at_least(k=(k, 1), steps=(steps, 1))
    height, thins = 2 * steps**2, k * steps**2
    instance = from_classes(k * height, [(height - 1, 1, k * steps), (0, 2, thins)])
    fats = np.repeat(2 + np.arange(steps), k)
    return Witness(
        family="fat_first",
        parameters={"k": k, "steps": steps},
        policy=SJF(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, fats, [0] * thins),
    )


def long_then_shorts(*, n: int, k: int = 1) -> Witness:
    """Return arrivals for SVF: k times (k n^2, n) at step 0, then k n times (k n, 1) at step 1.

    M = k n (k n + 1), eps = 1/k. SVF / OPT is at least n / 2. For k = 1 these are n + 1 requests:
    (M - n, n), then n times (n, 1).
    """
    at_least(n=(n, 1), k=(k, 1))
    shorts = k * n
    instance = from_classes(
        shorts * (shorts + 1), [(k * n**2, n, k), (shorts, 1, shorts)], arrival=[0, 1]
    )
    return Witness(
        family="long_then_shorts",
        parameters={"n": n, "k": k},
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, [2] * k, [1] * shorts),
    )


def long_then_tokens(*, k: int, m: int = 1) -> Witness:
    """Return arrivals for SVF: m times (k^2 - k, k) at step 0, then m k^2 times (0, 1) at step 1.

    M = m k^2, eps = 1/m. SVF costs m (k + k^3 - k (k - 1)(k - 2)/3) and m (k^2 + k + 2) is
    feasible: the ratio is at least k/2.
    """
    at_least(k=(k, 1), m=(m, 1))
    square = k * k
    instance = from_classes(m * square, [(square - k, k, m), (0, 1, m * square)], arrival=[0, 1])
    return Witness(
        family="long_then_tokens",
        parameters={"k": k, "m": m},
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, [2] * m, [1] * (m * square)),
    )


def one_class(*, k: int, length: int, unit: int = 2, theta: int | None = None) -> Witness:
    """Return a backlog for strict one-bit SVF: what the bit does not tell apart goes by index.

    6 k L pads (0, 1), 2 k longs (0, b L), k L shorts (0, b) with b `unit`, M = k b L, eps = 1/k.
    Shorts and longs share a class for `theta` None (the mean output is in [1, b)) or any theta
    below b (below 1 all are one class), so two waves of longs go first. The
    ratio is at least b L^2/(21 L + 4 b L + 2 b + 6).
    """
    at_least(k=(k, 1), length=(length, 2), unit=(unit, 2))
    pads, shorts, memory = 6 * k * length, k * length, k * unit * length
    instance = from_classes(memory, [(0, 1, pads), (0, unit * length, 2 * k), (0, unit, shorts)])
    waves = np.repeat([3 + unit, 3 + unit + unit * length], k)
    parameters = {"k": k, "length": length, "unit": unit}
    return Witness(
        family="one_class",
        parameters=parameters if theta is None else {**parameters, "theta": theta},
        policy=OneBitSVF(theta=theta),
        skip=False,
        instance=instance,
        feasible=schedule(instance, np.arange(pads) // memory, waves, [3] * shorts),
    )


def three_lengths(*, k: int, n: int, theta: int | None = None) -> Witness:
    """Return a backlog for any policy that knows one bit: k slots fill with what is long.

    With h = k n^6: k longs (h, n^6), k n mids (h, n^4), k n^3 shorts (h, 1), M = k (h + n^6),
    eps = 1/k. At most k run at once, and any k do. Whatever the threshold (`theta`, or the mean
    output for None), mids look like longs or like shorts, and an adversary lets those of the two
    that start first be the longer ones (to one-bit SVF it is the index). The ratio is at least
    n/3 for n >= 3.
    """
    at_least(k=(k, 1), n=(n, 1))
    steps, mid, long = n**3, n**4, n**6
    prompt = k * long
    instance = from_classes(
        k * (prompt + long), [(prompt, long, k), (prompt, mid, k * n), (prompt, 1, k * steps)]
    )
    mids = np.repeat(steps + mid * np.arange(n), k)
    shorts = np.repeat(np.arange(steps), k)
    parameters = {"k": k, "n": n}
    return Witness(
        family="three_lengths",
        parameters=parameters if theta is None else {**parameters, "theta": theta},
        policy=OneBitSVF(theta=theta),
        skip=False,
        instance=instance,
        feasible=schedule(instance, [steps + n * mid] * k, mids, shorts),
    )
