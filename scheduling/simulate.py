"""Run a policy on an instance."""

from collections.abc import Callable

import numpy as np

from scheduling.errors import InputError
from scheduling.exact import Column
from scheduling.instance import Instance
from scheduling.policies import (
    BatchPolicy,
    KeyPolicy,
    Policy,
    arrival_rank_order,
    reserved_outputs,
)
from scheduling.schedule import Schedule

_IDLE = np.zeros((0, 3), dtype=np.int64)

Progress = Callable[[int, int], None]


def simulate(
    instance: Instance,
    policy: Policy,
    *,
    skip: bool = False,
    progress: Progress | None = None,
) -> Schedule:
    """Return the schedule of `policy` by the rule of THEORY section 2.

    Parameters
    ----------
    instance
        The requests; counts are expanded.
    policy
        A key policy or a batch policy (:mod:`scheduling.policies`).
    skip
        False: strict, head of line. True: a request that does not fit is passed over. A batch
        policy skips within its current batch.
    progress
        Called with (started, requests) after each batch of a batch policy; a key policy runs
        through in one go.

    Raises
    ------
    InputError
        The policy's answer is not of the shape its protocol asks for.
    """
    requests = instance.expanded()
    if isinstance(policy, KeyPolicy):
        starts = _run_keys(requests, policy, skip)
    else:
        starts = _run_batches(requests, policy, skip, progress)
    return Schedule(instance=instance, starts=starts)


def _run_keys(requests: Instance, policy: KeyPolicy, skip: bool) -> Column:
    key = np.asarray(policy.key(requests))
    if key.shape != (requests.rows,):
        raise InputError(
            f"policy {policy.name}: key has shape {key.shape}, expected ({requests.rows},)"
        )
    order = arrival_rank_order(requests, key)
    starts = np.empty(requests.rows, dtype=np.int64)
    starts[order] = _run(requests, order, reserved_outputs(requests, policy), skip, _IDLE, 0)
    return starts


def _run_batches(
    requests: Instance, policy: BatchPolicy, skip: bool, progress: Progress | None
) -> Column:
    n = requests.rows
    starts = np.full(n, -1, dtype=np.int64)
    by_arrival = np.argsort(requests.arrival, kind="stable")
    arrivals = requests.arrival[by_arrival]
    waiting = np.zeros(0, dtype=np.int64)
    running = np.zeros(0, dtype=np.int64)
    chosen = np.zeros(n, dtype=bool)
    arrived = done = now = 0
    while done < n:
        if not len(waiting):
            now = max(now, int(arrivals[arrived]))
        upto = int(np.searchsorted(arrivals, now, side="right"))
        if upto > arrived:
            waiting = np.sort(np.concatenate((waiting, by_arrival[arrived:upto])))
            arrived = upto
        batch = np.asarray(policy.next_batch(requests, waiting), dtype=np.int64)
        if len(batch) and batch.min() >= 0 and batch.max() < n:
            chosen[batch] = True
        left = waiting[~chosen[waiting]]
        if not len(batch) or len(left) + len(batch) != len(waiting):
            raise InputError(
                f"policy {policy.name}: next_batch must return waiting requests, at least one and "
                "none twice"
            )
        running = running[starts[running] + requests.output[running] > now]
        profile = _profile(requests, starts, running)
        starts[batch] = _run(requests, batch, requests.output, skip, profile, now)
        now = int(starts[batch].max())
        running = np.concatenate((running, batch))
        waiting = left
        done += len(batch)
        if progress is not None:
            progress(done, n)
    return starts


def _profile(requests: Instance, starts: Column, running: Column) -> Column:
    """Return what runs as the kernels keep it: completion, number, sum of prompt - start."""
    ends, inverse, number = np.unique(
        starts[running] + requests.output[running], return_inverse=True, return_counts=True
    )
    profile = np.zeros((len(ends), 3), dtype=np.int64)
    profile[:, 0], profile[:, 1] = ends, number
    np.add.at(profile[:, 2], inverse, requests.prompt[running] - starts[running])
    return profile


def _run(
    requests: Instance, order: Column, reserved: Column, skip: bool, running: Column, now: int
) -> Column:
    """Run the requests of `order` from step `now`; return their starts in that order."""
    # the kernels are compiled or loaded here, when they are first needed, not at start-up
    from scheduling.kernel import run_skip, run_strict

    arrival, prompt, output, reserve = (
        np.ascontiguousarray(column[order])
        for column in (requests.arrival, requests.prompt, requests.output, reserved)
    )
    by_arrival = np.argsort(arrival, kind="stable")
    run = run_skip if skip else run_strict
    starts: Column = run(
        requests.memory, arrival, prompt, output, reserve, by_arrival, running, now
    )
    return starts
