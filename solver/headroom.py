"""The search for a policy's headroom: the best schedule, and the best bound, in a time limit."""

import time
from collections.abc import Callable
from dataclasses import replace

from kvproof.certificates.headroom import Headroom
from kvproof.certificates.lower_bounds import LowerBound, best_bound
from kvproof.certificates.prices import best_prices
from kvproof.certificates.proofs import PriceProof
from kvproof.scheduling.arguments import as_integer, as_time_limit
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.interruption import interruption
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.simulate import simulate
from kvproof.solver.improve import improve
from kvproof.solver.improve.run import rehearse_improve
from kvproof.solver.rehearsal import rehearse

#: Called with what is done now, in a few words.
Report = Callable[[str], None]

#: Share of the time limit for schedules; the rest is for prices.
_SCHEDULES = 0.6


def find_headroom(
    instance: Instance,
    policy: Policy,
    *,
    skip: bool = False,
    time_limit: float | None = None,
    trials: int | None = None,
    evaluations: int | None = None,
    report: Report | None = None,
) -> Headroom:
    """Return how much a better schedule can cut from a policy's mean latency.

    Ctrl-C during the search ends it with what was found by then.

    Parameters
    ----------
    instance
        The requests.
    policy, skip
        Whose schedule, and by which rule.
    time_limit
        Seconds for the search, or None: what `trials` and `evaluations` allow. The policy's
        schedule and the bounds that need no search are made before, and what nobody has compiled
        yet is compiled.
    trials
        Exchanges of local search (:func:`kvproof.improve`).
    evaluations
        Evaluations of the price search; 0: no prices are searched for.
    report
        Called when another part of the work begins.

    Raises
    ------
    InputError
        The policy does not answer as its protocol asks, or a limit is out of range.
    LimitError
        A schedule takes more steps than are kept (2^27).
    """
    time_limit = as_time_limit("headroom", time_limit)
    for name, number in (("trials", trials), ("evaluations", evaluations)):
        if number is not None:
            as_integer(f"headroom: {name}", number, 0)
    say = report or (lambda _: None)
    say(policy.name)
    schedule = simulate(instance, policy, skip=skip)
    check_schedule(schedule)
    total = schedule.total_latency
    say("lower bound on OPT")
    bound = best_bound(instance)
    best, found_by, interrupted = schedule, policy.name, False
    if bound.value <= total - 1:
        if time_limit is not None:
            rehearse_improve(instance)
            rehearse(_both_prices, 30, backlog=instance.is_backlog)
        late = None if time_limit is None else time.monotonic() + time_limit
        found = improve(
            instance,
            time_limit=None if time_limit is None else _SCHEDULES * time_limit,
            trials=trials,
            first=schedule,
            enough=-(-bound.value.numerator // bound.value.denominator),
            report=lambda stage, now: say(f"{stage}: {now:,}"),
        )
        interrupted = found.interrupted
        if found.schedule.total_latency < total:
            best = found.schedule
            found_by = next(
                stage.name for stage in found.stages if stage.total_latency == best.total_latency
            )
        if not interrupted and evaluations != 0 and bound.value <= best.total_latency - 1:
            try:
                with interruption() as asked:
                    say("prices")
                    priced = best_prices(
                        instance,
                        incumbent=best.total_latency,
                        evaluations=evaluations,
                        stop=lambda: asked() or (late is not None and time.monotonic() >= late),
                        progress=lambda done, value: say(f"prices: {value:,.0f} after {done:,}"),
                    )
                    bound = max(
                        bound,
                        LowerBound(value=priced.bound, proof=PriceProof(prices=priced.prices)),
                        key=lambda candidate: candidate.value,
                    )
                    interrupted = asked()
            except KeyboardInterrupt:
                interrupted = True
    return Headroom(
        policy=policy,
        skip=skip,
        schedule=schedule,
        best=best,
        found_by=found_by,
        lower_bound=replace(bound, instance=instance),
        interrupted=interrupted,
    )


def _both_prices(little: Instance) -> None:
    """Make prices by the programme, and by the ascent."""
    best_prices(little)
    best_prices(little, lp_entries=0)
