"""Exhaust a box, stretch by stretch, in any number of processes; what is done stays done."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.log import Log, worse
from kvproof.adversary.exhaust.reference import plain_sweep
from kvproof.adversary.exhaust.sweep import (
    BROKEN,
    CENTROID,
    CHAIN,
    EACH,
    EQUAL,
    FREE,
    MULTISETS,
    ON_EACH,
    ON_EACH_STRICT_SVF,
    ON_FREE,
    OPT_SUM,
    OUTPUTS,
    POLICY_SUM,
    TALLIES,
    VOLUME,
    Swept,
    sweep,
)
from kvproof.adversary.valuation.workers import process_pool
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SJF, SVF, Policy
from kvproof.scheduling.registry import find_policy, source_of

#: Multisets in one stretch: the kernel's, and the plain way's.
STRETCH, PLAIN_STRETCH = 10_000, 200


@dataclass(frozen=True, kw_only=True)
class Job:
    """A box and the policy that is held against OPT in it."""

    box: Box
    policy: str
    skip: bool

    def to_json(self) -> dict[str, Any]:
        """Return what tells this job from others."""
        box = self.box
        return {"memory": box.memory, "requests": box.requests, "peak": box.peak,
                "policy": self.policy, "skip": self.skip}  # fmt: skip

    @property
    def on_each(self) -> tuple[str, ...]:
        """The theorems that each instance is held against."""
        strict_svf = self.policy == "svf" and not self.skip
        return ON_EACH + (ON_EACH_STRICT_SVF if strict_svf else ())

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """(first, number) of the stretches that make up the box."""
        size = STRETCH if self.policy in ("svf", "sjf", "fcfs") else PLAIN_STRETCH
        total = self.box.multisets
        return [(first, min(size, total - first)) for first in range(0, total, size)]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a box.

    Parameters
    ----------
    tally
        Sums over the multisets done (columns of :mod:`kvproof.adversary.exhaust.sweep`).
    worst
        For each peak: policy's total, OPT, and the kinds in the policy's order.
    complete
        Whether every multiset is in.
    """

    box: Box
    tally: Column
    worst: Column
    complete: bool

    @property
    def multisets(self) -> int:
        """How many are done."""
        return int(self.tally[MULTISETS])

    @property
    def broken(self) -> int:
        """How many instances contradict a theorem that is checked on each."""
        return int(self.tally[BROKEN])

    @property
    def contradicted(self) -> list[str]:
        """The theorems among those checked on each instance that some instance contradicts."""
        counts = zip(ON_EACH + ON_EACH_STRICT_SVF, self.tally[EACH:], strict=True)
        return [name for name, number in counts if number]

    def tested(self, theorems: Iterable[str]) -> dict[str, int]:
        """Return on how many instances each of these was tested, if any."""
        numbers = {
            name: int(self.tally[FREE if name in ON_FREE else MULTISETS]) for name in theorems
        }
        return {name: number for name, number in numbers.items() if number}

    def ratios(self) -> list[tuple[Fraction, Fraction, Instance]]:
        """Return (eps, worst ratio, worst instance) for each peak that occurs."""
        return [
            (Fraction(peak, self.box.memory), Fraction(int(row[0]), int(row[1])),
             self.box.instance(row[2:]))
            for peak, row in enumerate(self.worst)
            if row[0]
        ]  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Return the sums by name, for a reader to recompute."""
        names = {"multisets": MULTISETS, "policy_total": POLICY_SUM, "opt_total": OPT_SUM,
                 "policy_is_optimal": EQUAL, "opt_is_sum_of_outputs": OUTPUTS,
                 "opt_is_volume_bound": VOLUME, "opt_is_centroid_bound": CENTROID,
                 "policy_is_chain_bound": CHAIN,
                 "contradictions": BROKEN}  # fmt: skip
        return {name: int(self.tally[column]) for name, column in names.items()}


def exhaust(
    job: Job,
    *,
    folder: Path | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    asked: Callable[[], bool] = lambda: False,
) -> Found:
    """Go through the box; with a folder, what is done is kept there and not done again.

    Raises
    ------
    InputError
        The folder is of another box or policy, or cannot be used.
    """
    # speaks up before any work; what another version of it did is not gone on with
    source = source_of(find_policy(job.policy))
    log = Log(folder, job.to_json() | {"source": source, "columns": TALLIES})
    try:
        tally, worst, done = log.read(job.box)
        todo = [stretch for stretch in job.stretches if stretch[0] not in done]
        if progress is not None:
            progress(int(tally[MULTISETS]))
        for first, (more, peaks) in _swept(job, todo, workers, asked):
            log.write(first, more, peaks)
            tally = tally + more
            worst = worse(worst, peaks)
            if progress is not None:
                progress(int(more[MULTISETS]))
    finally:
        log.close()
    return Found(box=job.box, tally=tally, worst=worst,
                 complete=int(tally[MULTISETS]) == job.box.multisets)  # fmt: skip


def _swept(
    job: Job, todo: list[tuple[int, int]], workers: int, asked: Callable[[], bool]
) -> Iterator[tuple[int, tuple[Column, Column]]]:
    if workers == 1:
        for first, number in todo:
            if asked():
                return
            yield first, stretch(job, first, number)
        return
    pool = process_pool(workers)
    running: dict[Future[tuple[Column, Column]], int] = {}
    coming = iter(todo)
    while True:
        while len(running) < 2 * workers and not asked():
            following = next(coming, None)
            if following is None:
                break
            running[pool.submit(stretch, job, *following)] = following[0]
        if not running:
            break
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()
    pool.shutdown(wait=True)


def stretch(job: Job, first: int, number: int) -> tuple[Column, Column]:
    """Return tally and worst instances of a stretch of the box."""
    box = job.box
    policy = find_policy(job.policy)
    chosen = box.multiset(first)
    if type(policy) not in (SVF, SJF, FCFS):
        return plain_sweep(box, chosen, number, policy, job.skip)
    tally = np.zeros(TALLIES, np.int64)
    worst = np.zeros((box.memory + 1, 2 + box.requests), np.int64)
    worst[:, 1] = 1
    strict_svf = type(policy) is SVF and not job.skip
    swept = Swept(box.memory, box.kinds, _keys(box, policy), job.skip, strict_svf)
    sweep(swept, chosen, number, tally, worst)
    return tally, worst


def _keys(box: Box, policy: Policy) -> Column:
    prompt, output = box.kinds.T
    if type(policy) is SVF:
        return np.asarray(prompt * output + output * (output + 1) // 2)
    return output.copy() if type(policy) is SJF else np.zeros_like(output)
