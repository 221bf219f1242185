"""One `solve`: part by part where it falls apart, then the engines in turns, then a backend."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np

from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.arguments import of_type
from kvproof.scheduling.compiled import plain_first
from kvproof.scheduling.errors import InputError, LimitError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance, as_instance
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.annealed import SMALL
from kvproof.solver.deadline import share_of
from kvproof.solver.dp.quick import close_at_once
from kvproof.solver.heuristics import best_policy, listed
from kvproof.solver.improve import improve
from kvproof.solver.improve.run import rehearse_improve
from kvproof.solver.interval import Interval, IntervalProgress, known
from kvproof.solver.model import Model, model_of
from kvproof.solver.options import Options
from kvproof.solver.parts import Part, idle_cuts, parts_of, quiet_cuts, solve_parts
from kvproof.solver.portfolio import Engine, repeats
from kvproof.solver.programme import programmed
from kvproof.solver.rehearsal import rehearse
from kvproof.solver.result import Limit, Result
from kvproof.solver.threads import listening
from kvproof.solver.turns import can_be_searched, in_turns
from kvproof.solver.whole import repeated_whole, search_whole

# Share of the time for an integer programme where requests repeat and the search cannot run.
_PROGRAMME = 0.2
# Share of the time for local search, and its exchanges for each request; up to so many in all it
# takes a hundred times as many.
_IMPROVE, _TRIALS_EACH, _MANY = 0.05, 50, 500_000
# Share of the time for parts that are cut where nobody waits, and of the requests in the largest of
# these, where all could be searched together.
_QUIET, _LARGEST = 0.5, 0.6


def solve(
    instance: Instance,
    *,
    engine: str = "auto",
    time_limit: float | None = None,
    backend: str = "highs",
    incumbent: Schedule | None = None,
    memory_bytes: int = 6 * 2**30,
    progress: IntervalProgress | None = None,
) -> Result:
    """Return the tightest proved interval for OPT, and the schedule at its top.

    Parameters
    ----------
    instance
        The requests.
    engine
        ``"dp"``: the certified search. ``"branch"``: branching on counts. ``"milp"``: the
        time-indexed programme. ``"auto"``: prices first, then the search; where requests repeat a
        lot, branching too, and the programme has what time is left. Beams and annealing
        look for better schedules meanwhile, all in turns (``kvproof.solver.portfolio``). What
        falls apart at idle steps is solved part by part (``kvproof.solver.parts``).
    time_limit
        Seconds, or None, as which 2,000,000 and more count. At a limit, and on Ctrl-C, the
        interval so far is returned. What the engines of more than 25 requests need is compiled
        before the time begins.
    backend
        For the programme: ``highs``, ``cbc``, ``scip``, ``cpsat`` or a PuLP solver name.
    incumbent
        A feasible schedule of the instance to begin with.
    memory_bytes
        What the search may hold before it stops with what it has.
    progress
        Called with (best total or None, proved lower bound or None).

    Raises
    ------
    InputError
        An argument is of another kind or out of range, `incumbent` is of other requests, or the
        backend is missing.
    RejectedError
        `incumbent` is not feasible.
    """
    options = Options(
        engine=engine, time_limit=time_limit, backend=backend, memory_bytes=memory_bytes
    )
    as_instance(instance)
    of_type(Schedule | None, incumbent, "a Schedule as incumbent")
    if incumbent is not None and incumbent.instance.digest != instance.digest:
        raise InputError("the incumbent is a schedule of another instance")
    if incumbent is not None:
        check_schedule(incumbent)
    model = model_of(instance)
    begun = time.monotonic()
    with _patient(model):
        first = _first(instance, model, incumbent)
    if model.requests > SMALL:  # of few, in their turn
        state = known(model, *first)
        if state.closed():  # nothing is to be compiled
            return _result(instance, model, state, None, [], time.monotonic() - begun)
    until = idle_cuts(model, first[1]) if engine == "auto" else []
    if model.requests > SMALL and time_limit is not None:  # few are interpreted first
        compiling = time.monotonic()
        for part in parts_of(instance, until):
            _rehearse(part, options)
        begun += time.monotonic() - compiling
    with listening():
        found = None
        if until:
            with _patient(model):
                state, interrupted = _at_once(model, first, options, begun)
            deadline = _deadline(options, begun)
            if not (interrupted or state.closed()):
                try:
                    found = _in_parts(
                        instance, model, until, options, first[1], deadline, 1.0, progress
                    )
                except KeyboardInterrupt:
                    interrupted = True
            state.limit = Limit.INTERRUPT if interrupted else None
            if interrupted or state.closed():
                return _result(instance, model, state, None, [], time.monotonic() - begun)
            if found is not None and (not found.gap or found.limit is not None):
                return _merged(instance, model, state, found, time.monotonic() - begun)
        with _patient(model):
            return _solve(instance, model, options, first, begun, progress, found)


def _in_parts(
    instance: Instance,
    model: Model,
    until: list[int],
    options: Options,
    starts: Column,
    deadline: float | None,
    most: float,
    progress: IntervalProgress | None,
    *,
    quiet: bool = False,
) -> Result | None:
    """Return what is found part by part, of which none is larger than `most` of all.

    Those that are not cut where nobody waits, but at idle steps, may be cut so once more.
    """

    def alone(part: Part, own: Schedule, seconds: float | None, report: IntervalProgress) -> Result:
        if seconds == 0:
            state = _unsearched(part, own, Limit.TIME)
            return _result(part.instance, part.model, state, None, [], 0.0)
        begun, limited = time.monotonic(), replace(options, time_limit=seconds)
        try:
            with _patient(part.model):
                first = _first(part.instance, part.model, own)
                return _solve(part.instance, part.model, limited, first, begun, report, whole=quiet)
        except KeyboardInterrupt:  # before there were bounds; those of the other parts are kept
            state = _unsearched(part, own, Limit.INTERRUPT)
            return _result(part.instance, part.model, state, None, [], time.monotonic() - begun)

    best = Schedule(instance=instance, starts=np.array(model.starts_of_requests(starts)))
    return solve_parts(until, best, alone, deadline, most, progress)


def _merged(
    instance: Instance, model: Model, state: Interval, found: Result, runtime: float
) -> Result:
    """Return what is found of parts, or what was known of the whole, whichever bounds more."""
    if found.lower_bound >= state.lower:
        return replace(found, runtime_s=runtime)
    _taken(model, state, found)
    state.limit = found.limit
    return _result(instance, model, state, None, [], runtime)


def _unsearched(part: Part, own: Schedule, limit: Limit) -> Interval:
    """Return what is known at once of a part that has no time, or that Ctrl-C has ended."""
    outputs = find_bound(part.instance, BoundKind.OUTPUTS)
    return Interval(
        lower=int(outputs.value), upper=own.total_latency, starts=listed(part.model, own.starts),
        proof=outputs.proof, engine=outputs.kind, limit=limit,
    )  # fmt: skip


def _patient(model: Model) -> AbstractContextManager[None]:
    """Interpret kernels that are not compiled yet, where requests are few."""
    return plain_first() if model.requests <= SMALL else nullcontext()


def _first(instance: Instance, model: Model, incumbent: Schedule | None) -> tuple[int, Column]:
    """Return the total latency and the starts, class by class, of the best schedule at hand."""
    upper, starts = best_policy(instance, model)
    if incumbent is not None and incumbent.total_latency < upper:
        order = np.concatenate(model.members)
        return incumbent.total_latency, incumbent.starts[order] - model.origin
    return upper, starts


def _deadline(options: Options, begun: float) -> float | None:
    return None if options.time_limit is None else begun + options.time_limit


def _at_once(
    model: Model, first: tuple[int, Column], options: Options, begun: float
) -> tuple[Interval, bool]:
    """Return the interval of a schedule, by bounds without search, and whether Ctrl-C struck.

    Few requests are also searched for a moment.
    """
    few = model.requests <= SMALL and options.engine in ("auto", "dp")
    state = known(model, *first, groups=not few)
    if not few or state.closed():
        return state, False
    return state, close_at_once(model, state, _deadline(options, begun))


def _rehearse(part: Part, options: Options) -> None:
    """Compile what many requests need."""
    instance = part.instance
    if instance.requests <= SMALL:
        return
    rehearse_improve(instance)
    if options.engine != "milp":
        # of fewer that arrive over time, bounds close the interval and nothing is searched
        crowd = 14 if instance.is_backlog else 25
        rehearse(search_whole, crowd, backlog=instance.is_backlog)
        if repeats(part.model):
            rehearse(repeated_whole, 3, backlog=instance.is_backlog, copies=9)


def _solve(
    instance: Instance,
    model: Model,
    options: Options,
    first: tuple[int, Column],
    begun: float,
    progress: IntervalProgress | None,
    found: Result | None = None,
    *,
    whole: bool = False,
) -> Result:
    """Solve it, from a first schedule and what is `found` of its parts.

    Unless as a whole, what falls apart where nobody waits goes ahead, and a programme may be last:
    what it claims has no proof that others could be added to.
    """
    upper, starts = first
    if found is not None:
        upper, starts = found.total_latency, listed(model, found.schedule.starts)
    deadline = _deadline(options, begun)
    interrupted = False
    # of few, annealing finds as much in less time
    if model.requests > SMALL or options.engine == "milp":
        upper, starts, interrupted = _improved(instance, model, upper, starts, options.time_limit)
    if progress:
        progress(upper, None)
    state, struck = _at_once(model, (upper, starts), options, begun)
    interrupted |= struck
    if options.engine == "auto" and not (whole or interrupted or found or state.closed()):
        try:
            found = _where_quiet(instance, model, state, options, deadline, progress)
        except KeyboardInterrupt:
            interrupted = True
        interrupted |= found is not None and found.limit is Limit.INTERRUPT
    if found is not None:
        _taken(model, state, found)
    last_resort = options.engine == "auto" and not whole
    programme = options.engine == "milp" or (last_resort and repeats(model))
    turns_end = deadline
    if deadline is not None and programme and not can_be_searched(model):
        turns_end = deadline - _PROGRAMME * (deadline - time.monotonic())
    engines: list[Engine] = []
    if interrupted:
        state.limit = Limit.INTERRUPT
    elif options.engine != "milp" and not state.closed():
        engines = in_turns(model, state, options, turns_end, progress)
    programme |= last_resort and state.limit == Limit.SIZE
    claimed: tuple[int | None, str] | None = None
    if programme and not state.closed() and state.limit != Limit.INTERRUPT:
        if deadline is not None and time.monotonic() >= deadline:
            state.limit = state.limit or Limit.TIME
        else:
            if state.limit != Limit.SIZE:
                state.limit = None
            try:
                claimed = programmed(instance, model, state, options, deadline, progress)
            except KeyboardInterrupt:  # in a backend, or while prices were made
                state.limit = Limit.INTERRUPT
            except LimitError as error:
                state.limit = Limit.SIZE
                state.message = str(error)
    refused = state.limit == Limit.SIZE and claimed is None and not engines
    if options.engine == "auto" and refused:
        # neither the search nor the programme: prices and annealing remain, as with branching
        said = state.message
        engines = in_turns(model, state, replace(options, engine="branch"), deadline, progress)
        if state.limit != Limit.INTERRUPT:
            state.limit, state.message = Limit.SIZE, said
    return _result(instance, model, state, claimed, engines, time.monotonic() - begun)


def _where_quiet(
    instance: Instance,
    model: Model,
    state: Interval,
    options: Options,
    deadline: float | None,
    progress: IntervalProgress | None,
) -> Result | None:
    """Return what is found part by part, cut where nobody waits, if it falls apart there."""
    until = quiet_cuts(model, state.starts)
    if not until:
        return None
    end = share_of(deadline, _QUIET)
    most = _LARGEST if can_be_searched(model) else 1.0
    return _in_parts(instance, model, until, options, state.starts, end, most, progress, quiet=True)


def _taken(model: Model, state: Interval, found: Result) -> None:
    """Take what is found of the parts."""
    if found.kept is not None:
        state.keep(*found.kept)
    if found.certified:
        state.raise_lower(found.lower_bound, found.proof, found.engine)
    if found.total_latency < state.upper:
        state.upper = found.total_latency
        state.starts = listed(model, found.schedule.starts)


def _improved(
    instance: Instance, model: Model, upper: int, starts: Column, limit: float | None
) -> tuple[int, Column, bool]:
    """Return a better schedule where local search finds one, and whether Ctrl-C ended it."""
    first = np.empty(model.requests, np.int64)
    first[np.concatenate(model.members)] = starts + model.origin
    trials = _TRIALS_EACH * model.requests
    trials = max(trials, min(100 * trials, _MANY))
    try:
        found = improve(
            instance,
            first=Schedule(instance=instance, starts=first),
            trials=trials,
            time_limit=None if limit is None else _IMPROVE * limit,
        )
    except LimitError:  # so long a schedule is left as it is
        return upper, starts, False
    if found.schedule.total_latency >= upper:
        return upper, starts, found.interrupted
    return found.schedule.total_latency, listed(model, found.schedule.starts), found.interrupted


def _result(
    instance: Instance,
    model: Model,
    state: Interval,
    claimed: tuple[int | None, str] | None,
    engines: list[Engine],
    runtime: float,
) -> Result:
    schedule = Schedule(instance=instance, starts=np.array(model.starts_of_requests(state.starts)))
    check_schedule(schedule)  # whatever found it, this is what makes it true
    upper = schedule.total_latency
    lower, engine, certified = state.lower, state.engine, True
    proof = state.proof
    if claimed is not None:
        bound, by = claimed
        if bound is not None and bound > lower:
            lower, engine, certified, proof = min(bound, upper), by, False, None
    limit = None if lower >= upper else state.limit
    return Result(
        schedule=schedule,
        lower_bound=min(lower, upper),
        engine=engine,
        runtime_s=runtime,
        certified=certified,
        proof=proof,
        limit=limit,
        kept=state.kept,
        detail={
            "states": state.states,
            "message": state.message if limit in (Limit.SIZE, Limit.BACKEND) else None,
            "certified_lower_bound": state.lower,
            "turns": [one.to_json() for one in engines],
        },
    )
