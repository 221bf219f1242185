"""The derived values against runs: of the fluid queue, and of the real policies."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from kvproof.bounds.families.family import Ranked
from kvproof.bounds.intervals import Interval, interval
from kvproof.bounds.queueing.derivation import waits
from kvproof.bounds.queueing.single_server import sample
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SVF, Policy
from kvproof.scheduling.simulate import simulate

BIT = sqrt(2)
# what a finite system may differ from its fluid limit by: it starts and ends with memory unused
TOLERANCE = 0.03

_WAVES = (
    "strict SVF runs neighbours in size together, in waves that leave about half of the memory "
    "unused: nearly twice the fluid value, and worse than one bit"
)


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """A predicted value beside its measured interval.

    Parameters
    ----------
    what, theorem
        What is measured, and the theorem that predicts it.
    predicted, measured
        In the same unit.
    agrees
        Whether the interval, widened by `tolerance` of the prediction, contains it.
    tolerance
        0 for the fluid queue itself.
    expected
        Whether theory says that they should agree: strict SVF on a real backlog should not.
    remark
        What a disagreement means.
    """

    what: str
    theorem: str
    predicted: float
    measured: Interval
    tolerance: float
    expected: bool = True
    remark: str = ""

    @property
    def agrees(self) -> bool:
        """Whether prediction and measurement agree."""
        slack = self.tolerance * abs(self.predicted) + self.measured.half_width
        return abs(self.measured.mean - self.predicted) <= slack


def fluid_queue(
    *, seed: int, runs: int = 10, requests: int = 40_000, load: float = 0.7
) -> Iterator[CrossCheck]:
    """Compare the M/G/1 formulas with the fluid queue, simulated."""
    predicted = waits(load, 1.0, 1.0, BIT)
    found = [sample(requests, load, BIT, rng) for rng in np.random.default_rng(seed).spawn(runs)]
    names = {"fcfs": "pollaczek-khinchine", "svf-1bit": "cobham", "svf": "shortest-job-first"}
    for policy, theorem in names.items():
        yield CrossCheck(
            what=f"fluid queue at load {load}, mean wait of {policy} times mu^2 M",
            theorem=theorem,
            predicted=predicted[policy],
            measured=interval([one[policy] for one in found]),
            # the wait's own variance is that of a heavy tail, so allow for skewed intervals
            tolerance=TOLERANCE,
        )


def exponential_backlog(
    *, requests: int, mean: int, memory: int, rng: np.random.Generator
) -> Instance:
    """Return a backlog of exponential outputs, rounded up, without prompts."""
    output = np.minimum(np.ceil(rng.exponential(mean, requests)), memory).astype(np.int64)
    zero = np.zeros(requests, np.int64)
    return Instance(memory=memory, arrival=zero, prompt=zero, output=output)


def real_backlog(
    *, seed: int, runs: int = 8, requests: int = 100_000, mean: int = 50, memory: int = 50_000
) -> Iterator[CrossCheck]:
    """Compare the pair values with the real policies on a backlog at high concurrency."""
    found: dict[str, list[float]] = {}
    for rng in np.random.default_rng(seed).spawn(runs):
        instance = exponential_backlog(requests=requests, mean=mean, memory=memory, rng=rng)
        # SVF whose order is blurred by 30 percent: its neighbours no longer end together
        blurred = instance.output * np.exp(0.3 * rng.standard_normal(requests))
        policies: dict[str, Policy] = {
            "fcfs": FCFS(),
            "svf-1bit": OneBitSVF(theta=round(BIT * mean)),
            "svf": SVF(),
            "svf, order blurred": Ranked(np.argsort(np.argsort(blurred))),
        }
        scale = memory / (requests * (requests / 2)) / float(np.mean(instance.volume))
        for name, policy in policies.items():
            wait = float(simulate(instance, policy).starts.sum())
            found.setdefault(name, []).append(wait * scale)
    one_bit = 1 - exp(-BIT) * (BIT * BIT / 2 + BIT)
    for name, value, expected, remark in (
        ("fcfs", 1.0, True, ""),
        ("svf-1bit", one_bit, True, ""),
        (
            "svf",
            0.25,
            False,
            _WAVES,
        ),
        (
            "svf, order blurred",
            0.25,
            False,
            "the same order blurred by 30 percent fills the memory and comes near the fluid value",
        ),
    ):
        yield CrossCheck(
            what=f"backlog of {requests:,}, memory {memory // mean:,} mean outputs, total wait of "
            f"{name} times mu^2 M over pairs",
            theorem="one-bit-backlog",
            predicted=value,
            measured=interval(found[name]),
            tolerance=TOLERANCE,
            expected=expected,
            remark=remark,
        )


def real_poisson(
    *,
    seed: int,
    runs: int = 6,
    requests: int = 60_000,
    mean: int = 50,
    memory: int = 20_000,
    load: float = 0.95,
) -> Iterator[CrossCheck]:
    """Compare the M/G/1 formulas with the real policies under Poisson arrivals."""
    predicted = waits(load, mean, memory, BIT)
    found: dict[str, list[float]] = {}
    for rng in np.random.default_rng(seed).spawn(runs):
        backlog = exponential_backlog(requests=requests, mean=mean, memory=memory, rng=rng)
        gap = float(np.mean(backlog.volume)) / (load * memory)
        arrival = np.floor(np.cumsum(rng.exponential(gap, requests))).astype(np.int64)
        instance = Instance(
            memory=memory,
            arrival=arrival - arrival[0],
            prompt=backlog.prompt,
            output=backlog.output,
        )
        policies: tuple[Policy, ...] = (FCFS(), OneBitSVF(theta=round(BIT * mean)), SVF())
        for policy in policies:
            wait = simulate(instance, policy).starts - instance.arrival
            found.setdefault(policy.name, []).append(float(np.mean(wait)))
    names = {"fcfs": "pollaczek-khinchine", "svf-1bit": "cobham", "svf": "shortest-job-first"}
    for name, theorem in names.items():
        yield CrossCheck(
            what=f"Poisson, load {load}, memory {memory:,}, mean wait of {name} in steps",
            theorem=theorem,
            predicted=predicted[name],
            measured=interval(found[name]),
            tolerance=TOLERANCE,
            expected=False,
            remark="the fluid serves one request at a time at full rate; here hundreds run at "
            "once, each for its own length, and admission keeps room for their growth: only the "
            "order of the policies carries over",
        )
