"""Run a policy on an instance."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import (
    BatchPolicy,
    KeyPolicy,
    Policy,
    Toll,
    ask_column,
    key_order,
    keys_of,
    refuse_beside_batches,
    releases,
    reserved_outputs,
    toll_of,
)
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.sorting import stable_order

_FREE = np.zeros(0, dtype=np.int64)
_IDLE = np.zeros((0, 3), dtype=np.int64)
_FEW = 4  # different reserved lengths, each with a tree over all requests

Progress = Callable[[int, int], None]


def simulate(
    instance: Instance,
    policy: Policy,
    *,
    skip: bool = False,
    progress: Progress | None = None,
) -> Schedule:
    """Return the schedule of `policy` by the rule of docs/theory.md (The policies).

    Parameters
    ----------
    instance
        The requests; counts are expanded.
    policy
        A key policy or a batch policy (:mod:`kvproof.scheduling.policies`).
    skip
        False: strict, head of line. True: a request that does not fit is passed over. A batch
        policy skips within its current batch.
    progress
        Called with (started, requests) after each batch of a batch policy; a key policy runs
        through in one go.

    Raises
    ------
    InputError
        The policy's answer is not of the shape its protocol asks for, or a start would be beyond
        2^62.
    """
    requests = instance.expanded()
    if hasattr(policy, "key"):  # isinstance would list the members of the protocol each time
        starts = _run_keys(requests, cast(KeyPolicy, policy), skip)
    else:
        starts = _run_batches(requests, policy, skip, progress)
    starts.flags.writeable = False
    return Schedule(instance=instance, starts=starts)


def _run_keys(requests: Instance, policy: KeyPolicy, skip: bool) -> Column:
    key = keys_of(requests, policy)
    reserved = reserved_outputs(requests, policy)
    release = releases(requests, policy)
    toll = toll_of(requests, policy, release)
    if skip and (release is not requests.arrival or toll is not None):
        raise InputError(f"policy {policy.name} paces the strict rule; leave out --skip")
    if skip or requests.is_backlog:
        order = key_order(requests, key)
        key = requests.arrival  # in order already, and those of a backlog are equal
    elif (requests.arrival[1:] >= requests.arrival[:-1]).all():
        # in order already: nothing is moved, nor kept twice
        return _run(requests, slice(None), key, reserved, release, toll, skip, _IDLE, 0)
    else:
        order = stable_order(requests.arrival)
        key = key[order]
    starts = np.empty(requests.rows, dtype=np.int64)
    starts[order] = _run(requests, order, key, reserved, release, toll, skip, _IDLE, 0)
    return starts


def _run_batches(
    requests: Instance, policy: BatchPolicy, skip: bool, progress: Progress | None
) -> Column:
    refuse_beside_batches(policy)
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
        batch = ask_column(policy, policy.next_batch, requests, waiting)
        if batch.ndim != 1 or (len(batch) and batch.dtype.kind not in "iu"):
            raise InputError(f"policy {policy.name}: next_batch must return a list of indices")
        batch = batch.astype(np.int64)
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
        rank = np.arange(len(batch))  # all of the batch has arrived: its order alone decides
        starts[batch] = _run(
            requests, batch, rank, requests.output, requests.arrival, None, skip, profile, now
        )
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
    requests: Instance,
    order: Column | slice,
    key: npt.NDArray[Any],
    reserved: Column,
    release: Column,
    toll: Toll | None,
    skip: bool,
    running: Column,
    now: int,
) -> Column:
    """Run the requests of `order` from step `now`; return their starts in that order.

    That is by arrival, with `key` in the same order; for a backlog and for skip it is by key, and
    `key` says nothing more.
    """
    # the kernels are compiled or loaded here, when they are first needed, not at start-up
    from kvproof.scheduling.kernel import run_skip, run_skip_lengths, run_strict

    prompt, output = (_fixed(column) for column in requests.lengths(order))
    at_once = requests.is_backlog and len(prompt) == requests.rows
    arrival = _fixed(requests.arrival if at_once else requests.arrival[order])
    reserve = output if reserved is requests.output else _fixed(reserved[order])
    key = _fixed(key)
    columns = (prompt, output, reserve)
    starts: Column
    if skip:
        by_arrival = stable_order(arrival)
        lengths, length = np.unique(reserve, return_inverse=True)
        if len(lengths) <= _FEW:
            few = (prompt, output, lengths, length)
            starts = run_skip_lengths(requests.memory, arrival, *few, by_arrival, running, now)
        else:
            starts = run_skip(requests.memory, arrival, *columns, by_arrival, running, now)
    else:
        released = arrival if release is requests.arrival else _fixed(release[order])
        if toll is None:
            paid = (_FREE, 1, 0, 0)
        else:
            paid = (toll.cost[order], toll.unit, toll.cap, toll.lent)
        starts = run_strict(requests.memory, arrival, released, paid, key, *columns, running, now)
    return starts


def _fixed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the column, read-only as those of instances are: kernels are compiled for one type."""
    column = column.view()
    column.flags.writeable = False
    return column
