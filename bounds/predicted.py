"""Policies that know predicted lengths only, and what is proved about their runs all the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kvproof.certificates.build import Certificate
from kvproof.certificates.engine import EngineBound, EngineRules, engine_bound, run_certificate
from kvproof.certificates.headroom import Cut
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.exact import Column, decimal
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.predicted import PredictedRun, predicted_run
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.simulate import simulate


@dataclass(frozen=True, kw_only=True, repr=False)
class PredictedVerdict(Shown):
    """A policy's run by predictions, tested for feasibility, and what is proved about it.

    Parameters
    ----------
    policy
        Its name.
    run
        What became of the requests.
    bound
        On the total latency of every run of these requests, or of every run without preemption
        (``bound.unpreempted``), where no policy's run was preempted.
    known_total
        Total latency of the same policy's schedule where it knows the true lengths.
    cut
        By which share the latency can be cut: the best of these runs and schedules shows the
        lower half.
    """

    policy: str
    run: PredictedRun
    bound: EngineBound
    known_total: int
    cut: Cut

    @property
    def factor(self) -> Fraction:
        """The run costs at most this times the least of what ``bound`` speaks about.

        That is any run, or where ``bound.unpreempted`` any without preemption.
        """
        return self.run.total_latency / self.bound.value

    @property
    def price(self) -> Fraction:
        """The run's total over that of the same policy with the true lengths."""
        return Fraction(self.run.total_latency, self.known_total)

    def certificate(self) -> Certificate:
        """Return what can be checked: the run's factor, or where it preempts the bound on all runs.

        The first is ``within-factor``, about the run as a schedule, the second
        ``preemptive-lower-bound``.
        """
        stopped = bool(self.run.preemptions.any())
        return run_certificate(self.run.instance, self.run.completion, self.bound, preempts=stopped)

    def facts(self) -> dict[str, str]:
        """Return what it cost, and what that rests on."""
        among = " without preemption" if self.bound.unpreempted else ""
        return {
            "policy": self.policy,
            "total latency": f"{self.run.total_latency:,}",
            "with true lengths": f"{self.known_total:,}",
            "preemptions": f"{int(self.run.preemptions.sum()):,}",
            "within": f"{decimal(self.factor, 4, up=True)} of the least{among}",
            "bound": self.bound.kind,
        }


def verify_predicted(
    instance: Instance,
    policies: Sequence[Policy],
    predicted: Column,
    *,
    margin: Fraction = Fraction(1),
    avoid: bool = False,
    bound: BoundKind | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[PredictedVerdict]:
    """Run policies by predicted lengths and bound each against every run of these requests.

    Parameters
    ----------
    instance
        The truth.
    policies
        With a key, and without releases; tolls go by the predictions.
    predicted
        For each request, int64 of shape (requests,).
    margin
        Admission sets aside so many times the prediction.
    avoid
        Admission knows the true lengths: predictions only order, and nobody is preempted.
    bound
        As for :func:`kvproof.certificates.engine.engine_bound`.
    progress
        Called with what is done now.

    Raises
    ------
    InputError
        A policy is of another kind, or the bound does not hold for runs that preempt.
    """
    say = progress or (lambda _: None)
    every = instance.expanded()
    runs, known = [], []
    for policy in policies:
        say(policy.name)
        runs.append(predicted_run(every, policy, predicted, margin=margin, avoid=avoid))
        known.append(simulate(every, policy).total_latency)
    say("lower bound")
    rules = EngineRules(preempts=any(run.preemptions.any() for run in runs))
    best = min([run.total_latency for run in runs] + known)
    found = engine_bound(every, rules, bound, incumbent=best)
    return [
        PredictedVerdict(
            policy=policy.name,
            run=run,
            bound=found,
            known_total=total,
            cut=Cut(total=run.total_latency, best=best, bound=found.value),
        )
        for policy, run, total in zip(policies, runs, known, strict=True)
    ]
