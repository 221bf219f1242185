"""Where to cut requests for the tail centroid bound: a search over a few rules, on a sample.

A cut keeps apart what volume alone packs together: tokens late in an output cannot be held early.
Two rules have been the best in trials: every request is cut after so many tokens, or after such a
share of its output. Thinned out, requests and memory alike, the fluid schedule stays about the
same, so rules are compared on a sample of the requests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kvproof.certificates.fluid import mean_steps, order_of, steps_by_work, steps_in_order
from kvproof.certificates.opt.steps import tail_volume
from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column, Integers, smallest
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.sorting import stable_order

Floats = npt.NDArray[np.float64]

#: Most requests of a sample, and about how many are sorted for one.
SAMPLE, SORTED = 4_096, 1 << 17
#: Levels of a rule that are tried first, and how often the best one's neighbourhood is halved.
LEVELS, HALVINGS = 10, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Some requests, and a memory in proportion, below which a peak need not stay."""

    memory: int
    arrival: Column
    prompt: Column
    output: Column

    @property
    def volume(self) -> Column:
        """Token-steps of each request."""
        return tail_volume(self.prompt, self.output, np.zeros_like(self.output))

    def some(self, rows: npt.NDArray[np.bool_]) -> "Sample":
        """Return these requests, in the same memory."""
        return Sample(
            memory=self.memory, arrival=self.arrival[rows], prompt=self.prompt[rows],
            output=self.output[rows],
        )  # fmt: skip

    @cached_property
    def is_wide(self) -> bool:
        """Whether some number of its bounds may leave int64."""
        output, last = int(self.output.max()), int(self.arrival.max())
        largest = int((self.prompt + self.output).max()) * output
        horizon = self.memory * (last + output) + largest * len(self.output)
        return max(horizon, 2 * (horizon // self.memory + 1) * largest) >= 2**62


def candidate_cuts(instance: Instance) -> list[Integers]:
    """Return good cuts of the requests, the best on each sample; each of shape (requests,).

    Cuts are 0 to output - 1, and not all of them 0; so there may be none.
    """
    requests = instance.expanded()
    samples = [thinned(requests)]
    if not requests.is_backlog and requests.rows > SAMPLE:
        # where requests seldom wait, thinning makes crowds of them, and a stretch of time does not
        samples.append(_stretch(requests))
    found = [cuts for sample in samples if (cuts := _best_rule(sample, requests)).any()]
    return found[:1] if len(found) == 2 and (found[0] == found[1]).all() else found


def _best_rule(sample: Sample, requests: Instance) -> Integers:
    """Return the cuts of the rule, and at the level, that are best on a sample."""
    # so many tokens: levels are quantiles of the outputs; a share: levels are the shares
    quantiles = np.quantile(sample.output, np.linspace(0, 1, LEVELS + 1))
    chosen, level, best = 0, 0.0, estimate(sample, np.zeros_like(sample.output))
    for rule in (0, 1):

        def value(x: float, rule: int = rule) -> float:
            return estimate(sample, _cut(rule, x, quantiles, sample.output))

        x, found = _climb(value)
        if found > best:
            chosen, level, best = rule, x, found
    cuts = _cut(chosen, level, quantiles, requests.output)
    # in a smaller type, for there are two of them at a time, of all requests
    return smallest(cuts)


def _cut(rule: int, level: float, quantiles: Floats, output: Column) -> Column:
    """Return the cuts of a rule at a level in [0, 1]."""
    if rule == 0:
        tokens = np.interp(level, np.linspace(0, 1, LEVELS + 1), quantiles) if level else 0.0
        return np.minimum(output - 1, int(tokens))
    return np.minimum(output - 1, (level * output).astype(np.int64))


def _climb(value: Callable[[float], float]) -> tuple[float, float]:
    """Return the best level found, and its value: a grid, then ever closer neighbours."""
    tried = {x: value(x) for x in np.linspace(0, 1, LEVELS + 1).tolist()}
    step = 1 / LEVELS
    for _ in range(HALVINGS):
        step /= 2
        x = max(tried, key=tried.__getitem__)
        for near in (x - step, x + step):
            if 0 <= near <= 1:
                tried[near] = value(near)
    x = max(tried, key=tried.__getitem__)
    return x, tried[x]


def thinned(requests: Instance) -> Sample:
    """Return every so many-th request in order of volume, at a memory that is as much smaller.

    Of very many requests only every so many-th of the file is put in that order.
    """
    stride = max(1, requests.rows // SORTED)
    order = stable_order(requests.volume[::stride])
    every = -(-len(order) // SAMPLE)
    kept = order[every // 2 :: every] * stride
    return Sample(
        memory=max(1, requests.memory * len(kept) // requests.rows),
        arrival=requests.arrival[kept], prompt=requests.prompt[kept], output=requests.output[kept],
    )  # fmt: skip


def _stretch(requests: Instance) -> Sample:
    """Return so many requests that arrive one after the other, from the middle, and all memory."""
    first = (requests.rows - SAMPLE) // 2
    order = order_of(requests.arrival)
    middle = slice(first, first + SAMPLE)
    kept = order[middle] if len(order) else middle
    arrival = requests.arrival[kept]
    return Sample(
        memory=requests.memory, arrival=arrival - arrival.min(),
        prompt=requests.prompt[kept], output=requests.output[kept],
    )  # fmt: skip


def estimate(sample: Sample, cuts: Integers) -> float:
    """Return the tail centroid bound of a sample in floats."""
    return float(terms(sample, cuts).sum())


def terms(sample: Sample, cuts: Integers) -> Floats:
    """Return what each request of a sample adds to its tail centroid bound, in floats."""
    if sample.is_wide:
        return terms_reference(sample, cuts)
    columns = sample.arrival, sample.prompt, sample.output, cuts.astype(np.int64, copy=False)
    release = sample.arrival + cuts
    at_once = not release.any()  # then nothing is cut
    order = stable_order(sample.volume) if at_once else order_of(release)
    found: Floats = _terms(*columns, order, at_once, sample.memory)
    return found


@njit(nogil=True)
def _terms(arrival, prompt, output, cuts, order, at_once, memory):  # type: ignore[no-untyped-def]
    """Return what each request adds, as the reference computes it."""
    n = len(output)
    release = np.empty(n, np.int64)
    work = np.empty(n, np.int64)
    for i in range(n):
        o, c = output[i], cuts[i]
        release[i] = arrival[i] + c
        work[i] = prompt[i] * (o - c) + (o * (o + 1) - c * (c + 1)) // 2
    weight = work.copy()
    if at_once:
        steps_in_order(order, weight, memory)
    else:
        steps_by_work(release, order, weight, memory)
    added = np.empty(n, np.float64)
    for i in range(n):
        s, o, c = np.float64(prompt[i]), np.float64(output[i]), np.float64(cuts[i])
        moments = s * o * o + o * (o + 1) * (4 * o - 1) / 6
        moments = moments - s * c * c - c * (c + 1) * (4 * c - 1) / 6
        added[i] = (np.float64(weight[i]) - moments) / (2 * work[i]) + o - arrival[i]
    return added


def terms_reference(sample: Sample, cuts: Integers) -> Floats:
    """Do what :func:`terms` does, column by column, at any size."""
    work = tail_volume(sample.prompt, sample.output, cuts)
    weight = mean_steps(sample.arrival + cuts, work.copy(), sample.memory).astype(np.float64)
    s, o, c = (x.astype(np.float64) for x in (sample.prompt, sample.output, cuts))
    weight -= s * o * o + o * (o + 1) * (4 * o - 1) / 6 - s * c * c - c * (c + 1) * (4 * c - 1) / 6
    added: Floats = weight / (2 * work) + o - sample.arrival
    return added
