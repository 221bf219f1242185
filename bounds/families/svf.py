"""Backlogs on which SVF is far from optimal: waves, separators, and the two for skipping.

Proofs of what they tend to are in :mod:`kvproof.bounds.catalogue`; here are only the
instances, and schedules that :func:`kvproof.bounds.families.family.measure` tests.
"""

import numpy as np

from kvproof.bounds.families.family import Ranked, Witness, at_least, from_classes, schedule
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate


def waves(*, k: int, d: int, requests: int) -> Witness:
    """Return identical requests (0, (2k - 1)d - 1) at M = k L; one every d steps is feasible.

    Strict SVF starts k every L steps; the ratio tends to 2 - 1/k - 1/(kd), eps = 1/k.
    """
    at_least(k=(k, 1), d=(d, 2), requests=(requests, 1))
    output = (2 * k - 1) * d - 1
    instance = from_classes(k * output, [(0, output, requests)])
    return Witness(
        family="waves",
        parameters={"k": k, "d": d, "requests": requests},
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, d * np.arange(requests)),
    )


def separators(*, slots: int, length: int, stages: int, prompt: int) -> Witness:
    """Return stages of slim long requests, each followed by a fat one that cannot start beside.

    Stage j = 1..J has ``ceil(C/j)`` slims ``(j p - L, L)`` and one fat ``(p L, j)``, with
    ``M = C p + p L - (C + 1) L`` (C `slots`, L `length`, J `stages`, p `prompt`). In SVF order the
    stages follow each other, so SVF never uses the room of a fat while slims run; with the fats
    last the slims fill the memory. The ratio tends to (C + L)/C = 1/(1 - eps).
    """
    c, long, last, p = slots, length, stages, prompt
    at_least(slots=(c, 1), length=(long, 2), stages=(last, 1), prompt=(p, c + 2))
    if 2 * p * long <= long * (long - 1) + last * (last + 1):
        raise InputError("separators: prompt is too small to keep the stages in SVF order")
    memory = c * p + p * long - (c + 1) * long
    classes = []
    for j in range(1, last + 1):
        classes += [(j * p - long, long, -(-c // j)), (p * long, j, 1)]
    parameters = {"slots": c, "length": long, "stages": last, "prompt": p}
    return _fats_last("separators", parameters, memory, classes)


def tight_separators(*, memory: int, height: int, length: int, stages: int) -> Witness:
    """Return separators of given memory: slims as large as SVF order allows, just enough of them.

    Stage j: ``floor((M - H)/(s + 1)) + 2`` requests (s, L), s the largest whose volume is below
    that of the fat request (H - j, j).
    """
    at_least(length=(length, 1), stages=(stages, 1), height=(height, stages + 1))
    classes = []
    for j in range(1, stages + 1):
        fat = (height - j) * j + j * (j + 1) // 2
        slim = (fat - 1 - length * (length + 1) // 2) // length
        if slim < 0:
            raise InputError(f"tight_separators: no slim request is below the fat one of stage {j}")
        classes += [(slim, length, (memory - height) // (slim + 1) + 2), (height - j, j, 1)]
    parameters = {"memory": memory, "height": height, "length": length, "stages": stages}
    return _fats_last("tight_separators", parameters, memory, classes)


def skip_slots(*, k: int, q: int) -> Witness:
    """Return a backlog where fats starve under backfilling SVF, behind k slots.

    The slots never empty together. With D = q^2 and h = k^2 D: starters (h, 1), ..., (h, k),
    then q^2 fats (h + kD, k), then kq longs (h, D), at M = k(h + D). At most k of starters and
    longs run at once and no fat fits beside k - 1 of them; their ends are distinct, so the fats
    wait for all longs. The ratio is at least q/(4k) (for 2 <= k <= q, 2k <= q^2), and
    eps < (k + 2)/(k^2 + 1).
    """
    at_least(k=(k, 2), q=(q, k))
    long = q * q
    if long < 2 * k:
        raise InputError("skip_slots: q * q must be at least 2 k")
    h = k * k * long
    fats = q * q
    starters = [(h, j, 1) for j in range(1, k + 1)]
    instance = from_classes(k * (h + long), [*starters, (h + k * long, k, fats), (h, long, k * q)])
    # fats one after the other, then the starters, then the longs in full waves
    after = k * fats
    longs = np.repeat(after + k + long * np.arange(q), k)
    return Witness(
        family="skip_slots",
        parameters={"k": k, "q": q},
        policy=SVF(),
        skip=True,
        instance=instance,
        feasible=schedule(instance, [after] * k, k * np.arange(fats), longs),
    )


def skip_staggered(*, d: int, fats: int, longs: int) -> Witness:
    """Return a backlog where fats starve behind staggered triangles under backfilling SVF.

    ``M = 10d + 6``: two blockers, fats (5d + 2, 1), (3d, d), (2d, 2d), (d, 3d), triangles (0, 4d).
    """
    at_least(d=(d, 2), fats=(fats, 1), longs=(longs, 1))
    low = (5 * d + 4) // 2
    instance = from_classes(
        10 * d + 6,
        [
            (low - 1, 1, 1),
            (5 * d + 4 - low - 1, 1, 1),
            (5 * d + 2, 1, fats),
            (3 * d, d, 1),
            (2 * d, 2 * d, 1),
            (d, 3 * d, 1),
            (0, 4 * d, longs),
        ],
    )
    return Witness(
        family="skip_staggered",
        parameters={"d": d, "fats": fats, "longs": longs},
        policy=SVF(),
        skip=True,
        instance=instance,
        feasible=simulate(instance, SVF()),
    )


def retried_waves(*, k: int, length: int, requests: int) -> Witness:
    """Return requests (0, L) at M = (k + 1)L - 1: the family of the refuted claim 2 + 1/k.

    The feasible schedule is SVF's own, so that nothing is claimed about its ratio.
    """
    at_least(k=(k, 1), length=(length, 2), requests=(requests, 1))
    instance = from_classes((k + 1) * length - 1, [(0, length, requests)])
    return Witness(
        family="retried_waves",
        parameters={"k": k, "length": length, "requests": requests},
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=simulate(instance, SVF()),
    )


def _fats_last(
    family: str, parameters: dict[str, int], memory: int, classes: list[tuple[int, int, int]]
) -> Witness:
    """Return the witness whose feasible schedule runs SVF on the slims, then on the fats."""
    instance = from_classes(memory, classes)
    counts = [count for _, _, count in classes]
    rows = np.arange(instance.rows)
    ranks = np.where(rows % 2 == 0, rows, rows + instance.rows)
    return Witness(
        family=family,
        parameters=parameters,
        policy=SVF(),
        skip=False,
        instance=instance,
        feasible=simulate(instance, Ranked(np.repeat(ranks, counts))),
    )
