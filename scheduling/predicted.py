"""Runs whose lengths are predicted: predictions order and admit, the truth governs.

A request is admitted where, by the predicted lengths of all that run, it fits to its own predicted
end; who runs beyond its prediction is expected to end with the next token. Where the tokens held
would exceed the memory nevertheless, requests are stopped, the last in the policy's order first,
and wait again in that order; in such a step nobody starts. A stopped request keeps its tokens and
holds them again from its next start on (an engine computes them again). Where starts cost credit
(svf-bucket) the cost goes by the prediction, and who was stopped has paid. Each start gives at
least one token and the first in order is never stopped, so every run ends.

Such a run is no schedule of docs/theory.md where a request was stopped; which bounds it obeys is
theorem ``engine-any-run`` (:mod:`kvproof.certificates.engine`).
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.policies import (
    KeyPolicy,
    Policy,
    Toll,
    key_order,
    keys_of,
    reserved_outputs,
    toll_of,
)
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.sorting import stable_order

#: Starts that cost nothing, for the kernel.
_FREE = (np.empty(0, dtype=np.int64), 1, 0, 0)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PredictedRun(Shown):
    """What became of each request, as stays in the memory.

    Parameters
    ----------
    instance
        The requests as they truly are, one row each.
    request, begin, tokens, length
        A stay each, int64 of shape (stays,): whose, after which step it begins, how many output
        tokens the request had before, and how many it gets.
    """

    instance: Instance
    request: Column
    begin: Column
    tokens: Column
    length: Column

    @classmethod
    def of(cls, schedule: Schedule) -> "PredictedRun":
        """Return a schedule as a run in which nobody is stopped."""
        every = schedule.instance.expanded()
        return cls(
            instance=every,
            request=np.arange(every.rows),
            begin=schedule.starts,
            tokens=np.zeros(every.rows, dtype=np.int64),
            length=every.output,
        )

    @cached_property
    def completion(self) -> Column:
        """Step of each request's last token, shape (n,)."""
        ends = np.zeros(self.instance.rows, dtype=np.int64)
        np.maximum.at(ends, self.request, self.begin + self.length)
        return ends

    @cached_property
    def first(self) -> Column:
        """Step of each request's first token, shape (n,)."""
        begins = np.full(self.instance.rows, np.iinfo(np.int64).max)
        np.minimum.at(begins, self.request, self.begin)
        return begins + 1

    @cached_property
    def preemptions(self) -> Column:
        """How often each request was stopped, shape (n,)."""
        return np.bincount(self.request, minlength=self.instance.rows) - 1

    @property
    def recomputed(self) -> int:
        """Tokens, of prompts and outputs, that are computed once more after a stop."""
        again = self.begin + 1 > self.first[self.request]
        return exact_sum((self.instance.prompt[self.request] + self.tokens)[again])

    @cached_property
    def latency(self) -> Column:
        """Completion less arrival, shape (n,)."""
        return self.completion - self.instance.arrival

    @cached_property
    def total_latency(self) -> int:
        """Sum of the latencies, in steps."""
        return exact_sum(self.latency)

    @property
    def mean_latency(self) -> Fraction:
        """Total latency over requests."""
        return Fraction(self.total_latency, self.instance.rows)

    @property
    def makespan(self) -> int:
        """Latest completion."""
        return int(self.completion.max())

    @cached_property
    def statistics(self) -> LatencyStatistics:
        """What users feel; a request waits in every step in which it gets no token."""
        return LatencyStatistics.of_times(
            latency=self.latency,
            waiting=self.latency - self.instance.output,
            first_token=self.first - self.instance.arrival,
        )

    def columns(self, rows: Column, predicted: Column) -> dict[str, Column]:
        """Return the run as columns of shape (n,), with rows of the source and predictions."""
        every = self.instance
        return {
            "row": rows,
            "arrival": every.arrival,
            "prompt": every.prompt,
            "output": every.output,
            "predicted": predicted,
            "first_token": self.first,
            "completion": self.completion,
            "waiting": self.latency - every.output,
            "latency": self.latency,
            "preemptions": self.preemptions,
        }

    def facts(self) -> dict[str, str]:
        """Return total and mean latency, and how often requests were stopped."""
        return {
            "total latency": f"{self.total_latency:,}",
            "mean latency": f"{float(self.mean_latency):,.1f}",
            "preemptions": f"{int(self.preemptions.sum()):,}",
            "requests": f"{self.instance.rows:,}",
        }


def check_run(run: PredictedRun) -> None:
    """Raise unless each request gets all its tokens in order, after its arrival, in the memory.

    A stay holds what a request of that prompt and output holds that starts there, so the exact test
    of schedules does the counting.

    Raises
    ------
    RejectedError
        Something of that is not so.
    """
    every = run.instance
    order = np.lexsort((run.begin, run.request))
    request, begin, tokens, length = (
        column[order] for column in (run.request, run.begin, run.tokens, run.length)
    )
    got = np.bincount(request, weights=None, minlength=every.rows)
    if len(got) != every.rows or not got.all():
        raise RejectedError("run: a request never runs")
    new = np.concatenate(([True], request[1:] != request[:-1]))
    last = np.concatenate((new[1:], [True]))
    in_order = np.where(new, tokens == 0, tokens == np.roll(tokens + length, 1))
    apart = new | (begin >= np.roll(begin + length, 1))
    whole = ~last | (tokens + length == every.output[request])
    early = begin < every.arrival[request]
    if not (in_order & apart & whole).all() or early.any() or length.min() < 1:
        raise RejectedError("run: a request's stays do not give it its tokens in order")
    stays = Instance(
        memory=every.memory,
        arrival=np.zeros_like(begin),
        prompt=every.prompt[request] + tokens,
        output=length,
    )
    check_schedule(Schedule(instance=stays, starts=begin))


def promised_outputs(
    instance: Instance, policy: Policy, predicted: Column, margin: Fraction = Fraction(1)
) -> Column:
    """Return what admission sets aside for each output: `margin` times the prediction, rounded up.

    A policy that reserves something of its own does so by the predictions, before the margin.
    """
    believed = believed_instance(instance, predicted)
    reserved = reserved_outputs(believed, policy)
    room = instance.memory - instance.prompt
    up, down = margin.numerator, margin.denominator
    if up == down:
        return np.minimum(reserved, room)
    promised = [-(-r * up // down) for r in reserved.tolist()]
    return np.array([max(1, min(p, m)) for p, m in zip(promised, room.tolist(), strict=True)])


def believed_instance(instance: Instance, predicted: Column) -> Instance:
    """Return the instance as the predictions have it; each is taken within 1 and what fits.

    Raises
    ------
    InputError
        There is not one integer for each request, or one is below 0.
    """
    predicted = np.asarray(predicted)
    if predicted.shape != (instance.rows,) or predicted.dtype.kind not in "iu":
        raise InputError(
            f"predictions: expected {instance.rows} integers, got {predicted.dtype} of shape "
            f"{predicted.shape}"
        )
    if predicted.min() < 0:
        i = int(predicted.argmin())
        raise InputError(f"predictions: request {i}: expected at least 0, got {predicted[i]}")
    output = np.clip(predicted, 1, instance.memory - instance.prompt)
    return Instance(
        memory=instance.memory,
        arrival=instance.arrival,
        prompt=instance.prompt,
        output=output.astype(np.int64),
    )


def promised_run(
    instance: Instance, policy: Policy, predicted: Column, *, margin: Fraction = Fraction(1)
) -> PredictedRun:
    """Return the run of a policy that knows predicted lengths only, by the strict rule.

    Parameters
    ----------
    instance
        The truth; counts are expanded.
    policy
        A policy with a key and without releases.
    predicted
        The output length that is predicted for each request, int64 of shape (requests,).
    margin
        Admission sets aside so many times the prediction.

    Raises
    ------
    InputError
        The policy is of another kind, or does not answer as its protocol asks, or its costs are too
        large.
    """
    from kvproof.scheduling.predicted_kernel import run_promised

    every = instance.expanded()
    known = ByPrediction(every, policy, predicted)
    rank = known.key(every)
    promised = promised_outputs(every, policy, predicted, margin)
    arrive = stable_order(every.arrival)
    # within 62 bits by the true outputs, too: the clock runs by these
    toll = toll_of(every, known, every.arrival)
    paid = _FREE if toll is None else (
        toll.cost[arrive], toll.unit, toll.cap, toll.lent
    )  # fmt: skip
    columns = (c[arrive] for c in (every.arrival, every.prompt, every.output, promised, rank))
    request, begin, tokens, length = run_promised(every.memory, paid, *columns)
    return PredictedRun(
        instance=every, request=arrive[request], begin=begin, tokens=tokens, length=length
    )


def predicted_order(every: Instance, policy: Policy, predicted: Column) -> Column:
    """Return each request's place in the policy's order, by the predicted lengths."""
    if not isinstance(policy, KeyPolicy) or hasattr(policy, "release"):
        raise InputError(
            f"policy {policy.name}: predictions are for policies that order by a key and set no "
            "step before which a request must not start: svf, svf-bucket, svf-1bit, sjf, fcfs or "
            "one of your own"
        )
    key = keys_of(believed_instance(every, predicted), policy)
    rank = np.empty(every.rows, dtype=np.int64)
    rank[key_order(every, key)] = np.arange(every.rows)
    return rank


def predicted_run(
    instance: Instance,
    policy: Policy,
    predicted: Column,
    *,
    margin: Fraction = Fraction(1),
    avoid: bool = False,
) -> PredictedRun:
    """Return the run of :func:`promised_run`, tested.

    With `avoid` admission knows the true lengths: predictions only order, nobody is stopped, and
    the run is a schedule.
    """
    every = instance.expanded()
    if avoid:
        run = PredictedRun.of(simulate(every, ByPrediction(every, policy, predicted)))
    else:
        run = promised_run(every, policy, predicted, margin=margin)
    check_run(run)
    return run


class ByPrediction:
    """A policy that orders by predicted lengths; admission knows the true ones."""

    def __init__(self, every: Instance, policy: Policy, predicted: Column) -> None:
        self.name = policy.name
        self._rank = predicted_order(every, policy, predicted)
        self._toll = toll_of(believed_instance(every, predicted), policy, every.arrival)

    def key(self, instance: Instance) -> Column:
        """Return each request's place in the policy's order by the predictions."""
        del instance  # the one that the order was made for
        return self._rank

    def toll(self, instance: Instance) -> Toll | None:
        """Return what each start costs, by the predictions."""
        del instance
        return self._toll
