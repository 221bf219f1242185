"""From policies and a guide to a schedule that local search has worked on, within a time limit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from kvproof.scheduling.arguments import as_fraction, as_integer, as_time_limit, of_type
from kvproof.scheduling.compiled import interpreting
from kvproof.scheduling.errors import InputError, LimitError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance, as_instance
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.usage import Requests, hold_all, place, requests_of, shift_left
from kvproof.solver.improve.annealing import Annealing
from kvproof.solver.improve.guide import FIRST, STEPS, around, guide_of
from kvproof.solver.improve.result import Improvement, Stage
from kvproof.solver.improve.rollouts import KEPT, Rollouts, span_of, worth_of
from kvproof.solver.improve.search import search
from kvproof.solver.improve.windows import WINDOWS, queue_of, tallest_first
from kvproof.solver.rehearsal import rehearse

#: Called with (stage, best total latency so far).
Report = Callable[[str, int], None]

#: Steps of time that are kept, four bytes each.
MOST_STEPS = 2**27
#: Trials between two looks at the clock, and before the requests are sorted and shifted anew.
TRIALS, ROUNDS = 20_000, 4
#: Trials for each request where there is neither a time limit nor a number of trials.
_TRIALS_EACH = 100
#: Requests up to which rules that look at the whole queue at each start are tried.
_SMALL = 20_000
#: Shares of the time limit for policies, windows, guided starts, the first rollouts, the others,
#: and what ends these where they took longer than they should.
_POLICIES, _WINDOWS, _GUIDED, _ROLLOUT, _ROLLOUTS, _ENDED = 0.15, 0.25, 0.4, 0.5, 0.9, 0.97
#: Ways from each moment in the first pass, where there is no time limit at most, and at most.
_ROLLED, _UNLIMITED, _MOST_ROLLED = 8, 64, 2**15
#: Trials for each request from which on there are so many ways.
_ROLLING = math.ceil(_ROLLED / KEPT)
#: How much more than the best so far few ways may cost for many to be worth their time.
_NEAR = 0.03
#: Steps for which prices are kept; requests below which local search alone does.
_MOST_PRICED, MANY = 2**24, 500


@dataclass(kw_only=True)
class _State:
    requests: Requests
    starts: Column
    deadline: float | None
    begun: float
    report: Report | None
    enough: Fraction | None
    steps: int  # that are kept: no schedule so far takes as many
    found_by: str = "policies"  # the stage whose schedule it is
    stages: list[Stage] = field(default_factory=list)
    trials: int = 0

    @property
    def total(self) -> int:
        """Total latency of the best schedule."""
        due = exact_sum(self.requests.output) - exact_sum(self.requests.arrival)
        return exact_sum(self.starts) + due

    def late(self, share: float = 1.0) -> bool:
        """Whether this share of the time has passed."""
        if self.deadline is None:
            return False
        now = time.monotonic()
        return now >= self.begun + share * (self.deadline - self.begun)

    def left(self, share: float) -> float:
        """Return the seconds that are left of this share of the time."""
        assert self.deadline is not None
        return self.begun + share * (self.deadline - self.begun) - time.monotonic()

    def done(self) -> bool:
        """Whether nothing better is asked for."""
        return self.enough is not None and self.total <= self.enough

    def take(self, starts: Column, stage: str) -> None:
        """Keep these starts if they are better, and do not take more steps than may be kept."""
        if exact_sum(starts) < exact_sum(self.starts):
            if (starts + self.requests.output).max() >= self.steps:
                steps = _steps(self.requests, starts)
                if steps > MOST_STEPS:
                    return
                self.steps = steps
            self.found_by = stage
            self.starts = starts.copy()
            if self.report:
                self.report(stage, self.total)

    def take_all(self, starts: Column, stage: str) -> None:
        """Keep these starts if they are better, and there are as many as requests."""
        if (starts >= 0).all():
            self.take(starts, stage)

    def close(self, stage: str) -> None:
        """Note the end of a stage."""
        seconds = time.monotonic() - self.begun
        self.stages.append(Stage(name=stage, total_latency=self.total, seconds=seconds))

    def close_left(self) -> None:
        """Note the end of the stage that found the best schedule, where it was left before."""
        if not self.stages or self.total < self.stages[-1].total_latency:
            self.close(self.found_by)


def _steps(requests: Requests, starts: Column) -> int:
    """Return how many steps to keep for a schedule: its own, and room beyond."""
    return int((starts + requests.output).max()) + 2 * int(requests.output.max()) + 2


def improve(
    instance: Instance,
    *,
    time_limit: float | None = None,
    trials: int | None = None,
    first: Schedule | None = None,
    enough: int | Fraction | None = None,
    report: Report | None = None,
) -> Improvement:
    """Return the best schedule that is found in the time.

    Built-in policies, then the tallest of a few that fits, starts guided by the fluid
    schedule, the best of them shifted left, rollouts at its prices, then local search.
    Offline: it knows all requests and lengths.

    Parameters
    ----------
    instance
        The requests.
    time_limit
        Seconds, or None. One policy's schedule is made whatever the limit, and what nobody has
        compiled yet is compiled before the time begins.
    trials
        Exchanges that local search tries; None: as many as the time allows, or 100 for each
        request where there is no limit. With a number and no limit the result is reproducible,
        and rollouts follow ways in proportion: none below 54 exchanges for each request.
    first
        A feasible schedule to begin with.
    enough
        A lower bound on OPT: what costs no more ends the work.
    report
        Called with (stage, best total latency so far).

    Raises
    ------
    InputError
        The time limit is not positive or not finite, `trials` is no integer of at least 0,
        `first` is of other requests, or an argument is of another kind.
    RejectedError
        `first` is not feasible.
    LimitError
        The schedule takes more than 2^27 steps.
    """
    as_instance(instance)
    of_type(Schedule | None, first, "a Schedule as first")
    time_limit = as_time_limit("improve", time_limit)
    if trials is not None:
        as_integer("improve: trials", trials, 0)
    least = None if enough is None else as_fraction("improve: enough", enough)
    if first is not None and first.instance.digest != instance.digest:
        raise InputError("improve: the first schedule is one of another instance")
    if time_limit is not None and not interpreting():
        rehearse_improve(instance)
    begun = time.monotonic()
    full = instance.expanded()
    origin = int(full.arrival.min())
    full = Instance(
        memory=full.memory, arrival=full.arrival - origin, prompt=full.prompt, output=full.output
    )
    schedule = simulate(full, find_policy("svf"))
    if first is not None:
        check_schedule(first)
        if first.total_latency < schedule.total_latency:
            schedule = Schedule(instance=full, starts=first.starts - origin)
    requests = requests_of(full)
    steps = _steps(requests, schedule.starts)
    if steps > MOST_STEPS:
        raise LimitError(
            f"improve: the schedule takes {steps:,} steps; at most {MOST_STEPS:,} are kept "
            "(a longer --step or --limit helps)"
        )
    state = _State(
        requests=requests, starts=schedule.starts.copy(), begun=begun, report=report,
        enough=least, steps=steps,
        deadline=None if time_limit is None else begun + time_limit,
    )  # fmt: skip
    interrupted = False
    try:
        for stage in (
            _policies(full, state), _windows(full, state), _guided(full, state),
            _rollouts(full, state, trials),
        ):  # fmt: skip
            if state.done():
                break
            for _ in stage:
                if state.done():
                    break
        if not state.done():
            _local(full, state, trials)
        state.close_left()
    except KeyboardInterrupt:
        interrupted = True
        state.close_left()
        state.close("interrupted")
    found = Schedule(instance=instance, starts=state.starts + origin)
    check_schedule(found)
    return Improvement(
        schedule=found, stages=tuple(state.stages), trials=state.trials, interrupted=interrupted
    )


def rehearse_improve(instance: Instance) -> None:
    """Have the kernels compiled that :func:`improve` needs for such an instance."""
    requests = MANY if instance.requests >= MANY else 30  # sorted-f takes 12 as few
    rehearse(_every_stage, requests, backlog=instance.is_backlog)


def _every_stage(little: Instance) -> None:
    if improve(little, trials=_ROLLING * little.requests).interrupted:
        raise KeyboardInterrupt


def _policies(instance: Instance, state: _State) -> Iterator[None]:
    """Take the best of the built-in policies."""
    small = instance.requests <= _SMALL
    for name in BUILTIN if small else ("sjf", "fcfs"):
        for skip in (False, True) if small else (False,):
            if state.late(_POLICIES):
                break
            schedule = simulate(instance, find_policy(name), skip=skip)
            state.take(schedule.starts, "policies")
            yield
    state.close("policies")


def _windows(instance: Instance, state: _State) -> Iterator[None]:
    """Take the best of the schedules that fill the memory, tallest of the smallest first."""
    usage = np.zeros(state.steps, np.int32)
    starts = np.empty(len(state.starts), np.int64)
    queue = queue_of(instance)
    for window in WINDOWS:
        if state.late(_WINDOWS):
            break
        if tallest_first(usage, state.requests, queue, window, starts):
            state.take(starts, "windows")
        yield
    state.close("windows")


def _guided(instance: Instance, state: _State) -> Iterator[None]:
    """Take the best of the guided starts, shifted left."""
    guide = guide_of(instance)
    reach = int(instance.output.max())
    usage = np.zeros(state.steps, np.int32)
    starts = np.empty(len(state.starts), np.int64)
    hold_all(usage, state.requests, state.starts)
    shifted = state.starts.copy()
    shift_left(usage, state.requests, np.argsort(shifted, kind="stable"), reach, shifted)
    state.take(shifted, "left shift")
    state.close("left shift")
    yield
    tried: dict[tuple[float, float], int] = {}

    def value(pair: tuple[float, float]) -> int:
        if pair not in tried and not state.late(_GUIDED):
            tried[pair] = 2**62
            due = guide.due(*pair)
            order = np.lexsort((instance.volume, due))
            for in_turn in (True, False):
                if place(usage, state.requests, order, due, in_turn, starts):
                    order_now = np.argsort(starts, kind="stable")
                    shift_left(usage, state.requests, order_now, reach, starts)
                    state.take(starts, "guided")
                    tried[pair] = min(tried[pair], exact_sum(starts))
        return tried.get(pair, 2**62)

    best = min(FIRST, key=value)
    yield
    for steps_away in STEPS:
        best = min(around(*best, *steps_away), key=value)
        yield
    state.close("guided")


def _ways(instance: Instance, trials: int | None) -> int:
    """Return how many ways rollouts follow from each moment, where there is no time limit.

    Each way tries every request 1 / KEPT times; in all it is as many tries as of local search.
    """
    if trials is None:
        return _UNLIMITED
    return min(_UNLIMITED, int(KEPT * trials / instance.requests))


def _rollouts(instance: Instance, state: _State, trials: int | None) -> Iterator[None]:
    """Take the best of the schedules made by rollouts, with few ways and, if that gains, many."""
    room = state.steps + 2 * span_of(state.requests).steps + 1
    number = _ROLLED if state.deadline is not None else _ways(instance, trials)
    if len(state.starts) < MANY or room > _MOST_PRICED or number < _ROLLED or state.late(_ROLLOUTS):
        return
    worth, queue = worth_of(instance, room), queue_of(instance)
    begun, near = time.monotonic(), False
    made = Rollouts(state.requests, worth, queue, number)
    while made.advance(1):
        if state.late(_ROLLOUT):
            break
    else:
        near = exact_sum(made.starts) - exact_sum(state.starts) < _NEAR * state.total
        state.take_all(made.starts, "rollouts")
    yield
    if state.deadline is not None and near:
        took = time.monotonic() - begun
        number = int(np.clip(number * state.left(_ROLLOUTS) / took, _ROLLED, _MOST_ROLLED))
        made = Rollouts(state.requests, worth, queue, number)
        begun, followed, moments = time.monotonic(), 0, 0
        while made.advance(1):
            if state.late(_ENDED):
                break
            # as many ways as can be followed in the time, if the rest goes on like this
            followed, moments = followed + made.number, moments + 1
            rest = moments * (1 - made.share) * (time.monotonic() - begun) / followed
            ways = made.share * state.left(_ROLLOUTS) / max(rest, 1e-9)
            made.number = int(np.clip(ways, _ROLLED, _MOST_ROLLED))
        else:
            state.take_all(made.starts, "rollouts")
    state.close("rollouts")


def _local(instance: Instance, state: _State, trials: int | None) -> None:
    """Search about the best schedule until time or trials are over."""
    if trials is None:
        trials = 2**62 if state.deadline is not None else _TRIALS_EACH * instance.requests
    if instance.requests < MANY:
        _annealed(instance, state, trials)
        return
    usage = np.zeros(state.steps, np.int32)
    hold_all(usage, state.requests, state.starts)
    starts = state.starts.copy()
    longest = int(instance.output.max())
    rounds = 0
    try:
        while state.trials < trials and not state.late() and not state.done():
            if rounds % ROUNDS == 0:
                order = np.argsort(starts, kind="stable")
                if rounds:
                    shift_left(usage, state.requests, order, longest, starts)
            number = min(TRIALS, trials - state.trials)
            search(
                usage, state.requests, instance.volume, order, number, rounds, starts, 0.0, starts
            )
            state.trials += number
            rounds += 1
            state.take(starts, "local search")
    finally:
        state.close("local search")


def _annealed(instance: Instance, state: _State, trials: int) -> None:
    """Search about the best schedule of few requests until time or trials are over."""
    # what is put off while it is hot has room at the end
    usage = np.zeros(2 * state.steps, np.int32)
    search = Annealing(state.requests, instance.volume, state.starts, usage)
    try:
        while state.trials < trials and not state.late() and not state.done():
            search.advance(min(TRIALS, trials - state.trials))
            state.trials = search.trials
            state.take(search.best, "local search")
    finally:
        state.close("local search")
