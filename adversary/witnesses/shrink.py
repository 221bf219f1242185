"""A smaller witness that keeps what matters, under a total order on "simpler".

Simpler is: fewer requests, then fewer distinct classes, then fewer tokens, then less memory, then
smaller numbers in order. Every step must go down in that order, so shrinking ends.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from kvproof.adversary.witnesses.improve import listed, shifted
from kvproof.adversary.witnesses.witness import Witness, measured
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate

Keeps = Callable[[Witness], bool]

#: Tries of one shrink; each runs the policy once.
TRIES = 4_000


def simplicity(instance: Instance) -> tuple[int, ...]:
    """Return what is compared, first things first."""
    merged = instance.merged()
    assert merged.count is not None  # merged() always counts
    columns = np.stack((merged.arrival, merged.prompt, merged.output), axis=1)
    return (
        instance.requests,
        len(np.unique(columns, axis=0)),
        instance.total(instance.prompt + instance.output),
        instance.memory,
        merged.rows,
        int(merged.arrival.sum()),
        int(merged.output.sum()),
    )


def shrink(
    witness: Witness,
    keeps: Keeps,
    *,
    tries: int = TRIES,
    progress: Callable[[Witness], None] | None = None,
) -> Witness:
    """Return the simplest witness found for which `keeps` still holds.

    Parameters
    ----------
    witness
        Where to begin; `keeps` need not have been asked about it.
    keeps
        What must stay true.
    tries
        Candidates to try at most.
    progress
        Called with every simpler witness.
    """
    left = tries
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _candidates(witness):
            if left <= 0:
                break
            if simplicity(candidate.instance) >= simplicity(witness.instance):
                continue
            left -= 1
            tried = _tried(witness.policy, witness.skip, candidate)
            if tried is not None and keeps(tried):
                witness = tried
                smaller = True
                if progress is not None:
                    progress(witness)
                break
    return witness


def _tried(policy: Policy, skip: bool, schedule: Schedule) -> Witness | None:
    """Return the witness that a schedule makes, shortened; None where it is not feasible."""
    try:
        check_schedule(schedule)
    except RejectedError:
        return None
    scheduled = simulate(schedule.instance, policy, skip=skip)
    return measured(policy, skip, scheduled, shifted(schedule, work=2_000_000))


def _candidates(witness: Witness) -> Iterator[Schedule]:
    """Yield simpler instances with a schedule each, large steps first."""
    requests = witness.instance.expanded()
    starts = witness.feasible.starts
    n = requests.rows
    columns = np.stack((requests.arrival, requests.prompt, requests.output), axis=1)
    kinds, inverse = np.unique(columns, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    # every so many requests of each class, then stretches of the list, then single ones
    for part in (2, 3, 4, 8, 16):
        place = np.empty(n, np.int64)
        for kind in range(len(kinds)):
            mine = np.flatnonzero(inverse == kind)
            place[mine] = np.arange(len(mine))
        yield from _kept(requests, starts, place % part != part - 1)
    for kind in range(len(kinds)):
        yield from _kept(requests, starts, inverse != kind)
    size = n // 2
    while size >= 1:
        for first in range(0, n, size) if n // size <= 32 else range(0, n, n // 32):
            keep = np.ones(n, bool)
            keep[first : first + size] = False
            yield from _kept(requests, starts, keep)
        size //= 2
    for divisor in (10, 5, 3, 2):
        yield from _scaled(requests, starts, divisor)
    for column in (0, 1, 2):  # arrivals, prompts, outputs of a class, smaller
        for kind in range(len(kinds)):
            value = int(kinds[kind, column])
            least = 1 if column == 2 else 0
            for lower in dict.fromkeys((least, value // 2, value - 1)):
                if least <= lower < value:
                    changed = columns.copy()
                    changed[inverse == kind, column] = lower
                    yield _at(requests.memory, changed, starts)
    peak = int((requests.prompt + requests.output).max())
    for memory in dict.fromkeys((peak, requests.memory // 2, requests.memory - 1)):
        if peak <= memory < requests.memory:
            yield _at(memory, columns, starts)


def _kept(requests: Instance, starts: Column, keep: npt.NDArray[np.bool_]) -> Iterator[Schedule]:
    if keep.any() and not keep.all():
        columns = np.stack((requests.arrival, requests.prompt, requests.output), axis=1)
        yield _at(requests.memory, columns[keep], starts[keep])


def _scaled(requests: Instance, starts: Column, divisor: int) -> Iterator[Schedule]:
    """Yield everything divided, the schedule repaired where it is no longer feasible."""
    columns = np.stack((requests.arrival, requests.prompt, requests.output), axis=1)
    columns = columns // divisor
    columns[:, 2] = np.maximum(1, columns[:, 2])
    memory = requests.memory // divisor
    if memory >= 1 and (columns[:, 1] + columns[:, 2]).max() <= memory:
        yield listed(_at(memory, columns, -(-starts // divisor)))


def _at(memory: int, columns: Column, starts: Column) -> Schedule:
    instance = Instance(
        memory=memory, arrival=columns[:, 0], prompt=columns[:, 1], output=columns[:, 2]
    )
    return Schedule(instance=instance, starts=starts)
