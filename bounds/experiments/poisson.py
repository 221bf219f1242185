"""Policies under Poisson arrivals over a range of loads (2606.22327, figures 2 and 3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from kvproof.bounds.intervals import Interval, interval
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import MAX_ARRIVAL, Instance
from kvproof.scheduling.latency import percentile
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF, Policy
from kvproof.scheduling.simulate import simulate

NAMES = ("svf", "svf-1bit", "sjf", "fcfs")
TAIL = 99  # percent


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Where lengths come from.

    Parameters
    ----------
    name
        What it is.
    memory
        Capacity in tokens.
    lengths
        Draws prompts and outputs of so many requests.
    theta
        Threshold of one bit, in steps; None: the mean output.
    """

    name: str
    memory: int
    lengths: Callable[[int, np.random.Generator], tuple[Column, Column]]
    theta: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One policy at one load.

    Parameters
    ----------
    policy, load
        Which.
    mean, tail
        Mean and 99th percentile of latency in steps.
    factor
        Total latency over the certified lower bound on OPT.
    excess
        Mean latency less that of SVF on the same requests.
    """

    policy: str
    load: float
    mean: Interval
    tail: Interval
    factor: Interval
    excess: Interval


@dataclass(frozen=True, kw_only=True)
class Result:
    """All cells of a workload, by load, then policy."""

    workload: str
    memory: int
    requests: int
    seed: int
    runs: int
    cells: tuple[Cell, ...]

    def of(self, policy: str) -> tuple[Cell, ...]:
        """Return a policy's cells, by load."""
        return tuple(cell for cell in self.cells if cell.policy == policy)


def exponential(*, mean: int, memory: int) -> Workload:
    """Return exponential outputs (rounded up), no prompts; one bit at sqrt(2) times the mean."""

    def lengths(n: int, rng: np.random.Generator) -> tuple[Column, Column]:
        output = np.minimum(np.ceil(rng.exponential(mean, n)), memory).astype(np.int64)
        return np.zeros(n, np.int64), output

    return Workload(
        name=f"exponential outputs, mean {mean}, no prompts",
        memory=memory,
        lengths=lengths,
        theta=round(sqrt(2) * mean),
    )


def resampled(*, name: str, prompt: Column, output: Column, memory: int) -> Workload:
    """Return lengths drawn with replacement from a trace's requests that fit the memory."""
    fits = prompt + output <= memory
    prompt, output = prompt[fits], output[fits]

    def lengths(n: int, rng: np.random.Generator) -> tuple[Column, Column]:
        rows = rng.integers(0, len(prompt), n)
        return prompt[rows], output[rows]

    left_out = "" if fits.all() else f" ({int((~fits).sum()):,} too large, left out)"
    return Workload(name=f"lengths resampled from {name}{left_out}", memory=memory, lengths=lengths)


def run(
    workload: Workload,
    *,
    loads: Sequence[float],
    requests: int,
    runs: int,
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> Result:
    """Run the four policies on the same requests, `runs` times at each load.

    The seed, the load's position and the run's position fix the requests; `progress` is called
    after each run.
    """
    cells = []
    for load, root in zip(loads, np.random.SeedSequence(seed).spawn(len(loads)), strict=True):
        samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
        for one in root.spawn(runs):
            instance = poisson_instance(workload, load, requests, np.random.default_rng(one))
            bound = best_bound(instance).value
            for policy in _policies(workload):
                schedule = simulate(instance, policy)
                check_schedule(schedule)
                samples[policy.name].append(
                    (
                        float(schedule.mean_latency),
                        float(percentile(schedule.latency, TAIL)),
                        float(schedule.total_latency / bound),
                    )
                )
            progress()
        for name in NAMES:
            mean, tail, factor = (list(column) for column in zip(*samples[name], strict=True))
            best = [sample[0] for sample in samples["svf"]]
            cells.append(
                Cell(
                    policy=name,
                    load=load,
                    mean=interval(mean),
                    tail=interval(tail),
                    factor=interval(factor),
                    excess=interval([a - b for a, b in zip(mean, best, strict=True)]),
                )
            )
    return Result(
        workload=workload.name,
        memory=workload.memory,
        requests=requests,
        seed=seed,
        runs=runs,
        cells=tuple(cells),
    )


def poisson_instance(
    workload: Workload, load: float, requests: int, rng: np.random.Generator
) -> Instance:
    """Return an instance whose expected volume per step of arrivals is `load` times the memory."""
    prompt, output = workload.lengths(requests, rng)
    volume = prompt * output + output * (output + 1) // 2
    gap = float(np.mean(volume)) / (load * workload.memory)
    moments = np.floor(np.cumsum(rng.exponential(gap, requests)))
    if not moments[-1] <= MAX_ARRIVAL:
        raise InputError(f"load {load:g}: requests come after step {MAX_ARRIVAL:,}; take a larger")
    arrival = moments.astype(np.int64)
    return Instance(
        memory=workload.memory, arrival=arrival - arrival[0], prompt=prompt, output=output
    )


def _policies(workload: Workload) -> tuple[Policy, ...]:
    return SVF(), OneBitSVF(theta=workload.theta), SJF(), FCFS()
