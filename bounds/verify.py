"""Run a policy and say what is proved about the schedule that comes out."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from kvproof.bounds.policy_bound import PolicyBound, policy_bound
from kvproof.certificates.headroom import Cut
from kvproof.certificates.lower_bounds import LowerBound, best_bound, find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.cluster import Cluster
from kvproof.scheduling.compact import compact as shift_left
from kvproof.scheduling.exact import decimal, smallest
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.paced import PacedSVF
from kvproof.scheduling.policies import SVF, Policy, ask
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.simulate import Progress, simulate

#: So many requests are bounded while they are scheduled; of more the columns would not fit beside.
_SIDE_BY_SIDE = range(1 << 17, 1 << 24)


@dataclass(frozen=True, kw_only=True, repr=False)
class Verdict(Shown):
    """A policy's schedule, tested for feasibility, and what is proved about it.

    Parameters
    ----------
    policy, rule, admission
        Name of the policy; ``"strict"`` or ``"skip"``; what admission uses of the output
        length, ``"true"`` or ``"reserve"``.
    remark
        What the policy says of its own constants on this instance, or None.
    compact
        Whether the starts were shifted left afterwards.
    schedule
        The schedule; it is feasible.
    lower_bound
        A lower bound on OPT for the same instance.
    theorem_bound
        The sharpest proved theorem above the total latency, or None where none applies.
    """

    policy: str
    rule: str
    admission: str
    compact: bool
    remark: str | None
    schedule: Schedule
    lower_bound: LowerBound
    theorem_bound: PolicyBound | None

    def facts(self) -> dict[str, str]:
        """Return policy, total latency, proved factor and what it rests on."""
        facts = {
            "policy": f"{self.policy} ({self.rule}{', compact' if self.compact else ''})",
            "total latency": f"{self.schedule.total_latency:,}",
            "OPT at least": decimal(self.lower_bound.value, 2, up=False, commas=True),
            "within": f"{decimal(self.factor, 4, up=True)} of OPT",
            "bound": self.lower_bound.kind,
        }
        if self.theorem_bound is not None:
            said = "BROKEN" if self.violation else "kept"
            facts["theorem"] = f"{self.theorem_bound.theorem.name} {said}"
        return facts

    @property
    def factor(self) -> Fraction:
        """Total latency over the lower bound; the schedule costs at most this times OPT."""
        return self.schedule.total_latency / self.lower_bound.value

    @cached_property
    def statistics(self) -> LatencyStatistics:
        """What the schedule's users feel."""
        return LatencyStatistics.of(self.schedule)

    @property
    def violation(self) -> bool:
        """Whether the schedule costs more than a theorem allows."""
        return (
            self.theorem_bound is not None
            and self.schedule.total_latency > self.theorem_bound.total
        )


def cuts(verdicts: Sequence[Verdict]) -> list[Cut]:
    """Return by which share each schedule's latency can be cut: the best of them shows it."""
    best = min(v.schedule.total_latency for v in verdicts)
    return [
        Cut(total=v.schedule.total_latency, best=best, bound=v.lower_bound.value) for v in verdicts
    ]


def verify(
    instance: Instance,
    policy: Policy,
    *,
    skip: bool = False,
    compact: bool = False,
    lower_bound: LowerBound | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Schedule `instance` by `policy`, test the schedule, and bound it against OPT.

    `lower_bound` is the bound on OPT to use (the same for every policy); None computes the best
    of those that need no search. `skip` and `progress` are those of
    :func:`kvproof.scheduling.simulate.simulate`; `compact` shifts the starts left afterwards,
    which no theorem above the policy's total forbids.

    Raises
    ------
    InputError
        The policy does not answer as its protocol asks.
    RejectedError
        The schedule is not feasible, which would be an error of the simulator.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        best: Callable[[], LowerBound] = partial(best_bound, instance)
        if lower_bound is None and instance.requests in _SIDE_BY_SIDE:
            best = pool.submit(best).result
        schedule = simulate(instance, policy, skip=skip, progress=progress)
        if compact:
            schedule = shift_left(schedule)
        return _judged(
            schedule, policy, skip=skip, compact=compact, bound=lambda: lower_bound or best()
        )


def verify_on(
    cluster: Cluster,
    instance: Instance,
    policies: Sequence[Policy],
    *,
    skip: bool = False,
    compact: bool = False,
    bound: BoundKind | None = None,
) -> Iterator[Verdict]:
    """Yield what :func:`verify` says of each policy; a cluster's workers find starts and bound.

    Schedules are tested for feasibility here, whoever made them. Raises as :func:`verify` does, and
    :meth:`kvproof.scheduling.cluster.Cluster.over`.
    """
    tasks: list[Policy | None] = [None, *policies]
    number = len(tasks)
    answers = cluster.over(
        _on_worker, [instance] * number, tasks, [skip] * number, [compact] * number,
        [bound] * number,
    )  # fmt: skip
    lower_bound = next(answers)
    for policy, waiting in zip(policies, answers, strict=True):
        schedule = Schedule(instance=instance, starts=instance.expanded().arrival + waiting)
        yield _judged(schedule, policy, skip=skip, compact=compact, bound=lambda: lower_bound)


def _on_worker(
    instance: Instance, policy: Policy | None, skip: bool, compact: bool, bound: BoundKind | None
) -> Any:
    """Return the bound, or, packed, how long each request waits under a policy."""
    if policy is None:
        return find_bound(instance, bound)
    schedule = simulate(instance, policy, skip=skip)
    return smallest((shift_left(schedule) if compact else schedule).waiting)


def _judged(
    schedule: Schedule,
    policy: Policy,
    *,
    skip: bool,
    compact: bool,
    bound: Callable[[], LowerBound],
) -> Verdict:
    """Test a policy's schedule and say what is proved about it; `bound` is asked for last."""
    instance = schedule.instance
    check_schedule(schedule)
    rule = "skip" if skip else "strict"
    remark = getattr(policy, "remark", None)
    ours = type(policy) in (SVF, PacedSVF)  # a theorem speaks of no other policy of the name
    theorem_bound = policy_bound(instance, policy.name, rule) if ours else None
    return Verdict(
        policy=policy.name,
        rule=rule,
        admission=getattr(policy, "admission", "true"),
        compact=compact,
        remark=None if remark is None else ask(policy, remark, instance.expanded()),
        schedule=schedule,
        lower_bound=replace(bound(), instance=instance),
        theorem_bound=theorem_bound,
    )
