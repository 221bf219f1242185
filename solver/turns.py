"""Which engines take turns on an instance, in which order, and what each begins with."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from kvproof.scheduling.errors import LimitError
from kvproof.solver.annealed import NEAR, SMALL, annealed, brought_near
from kvproof.solver.branch.stage import branch, look
from kvproof.solver.deadline import until
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.root import climb, root_of
from kvproof.solver.dp.size import refuse
from kvproof.solver.dp.stage import beams, searches
from kvproof.solver.improve.run import MANY
from kvproof.solver.interval import Interval, IntervalProgress
from kvproof.solver.model import Model
from kvproof.solver.options import Options
from kvproof.solver.portfolio import Engine, Work, lined_up, repeats, shares_of, take_turns
from kvproof.solver.profiles.stage import few_profiles, profiles
from kvproof.solver.result import Limit

# Steps between the bound and the best schedule of few requests up to which the search need not wait
# for beams, as it is over before or reaches that far.
_WIDE = 12
# Seconds after the limit in which what has closed the interval may still be written as a proof.
_PROOF = 0.5
# Part of the memory for what is followed beside an engine that goes over all profiles.
_BESIDE = 0.4


def in_turns(
    model: Model,
    state: Interval,
    options: Options,
    deadline: float | None,
    progress: IntervalProgress | None,
) -> list[Engine]:
    """Narrow the interval by prices, then by the engines that fit; return what each ran."""

    def report() -> None:
        if progress:
            progress(state.upper, state.lower)

    late = until(deadline)
    effort = Effort(memory_bytes=options.memory_bytes)
    # of a single class the search sees too little, and branching proves it
    branched = options.engine == "branch" or (options.engine == "auto" and repeats(model))
    searched = options.engine != "branch" and (not branched or can_be_searched(model))
    engines: list[Engine] = []
    try:
        refuse(model, search=searched)
        prices = climb(model, state, deadline, report)
        if state.closed():
            return engines
        near = state.upper - state.lower <= NEAR
        looked = options.engine == "auto" and (not near or repeats(model))
        space = few_profiles(model, options.memory_bytes, deadline) if looked else None
        works: dict[str, Work] = {}
        memory = options.memory_bytes
        beside = memory if space is None else int(_BESIDE * memory)
        rooted = cache(lambda: root_of(model, prices, state, beside, deadline, report))
        if model.requests < MANY:
            works["annealing"] = annealed(model, state, report)
            if model.requests <= SMALL and space is None:
                brought_near(state, works["annealing"], late, rooted if searched else None)
            if state.closed() and state.proof is not None:
                return engines
        if space is not None:
            works["profiles"] = profiles(model, space, prices, state, memory, deadline, report)
        if searched:
            works["beams"] = _later(
                lambda: beams(
                    rooted().grid,
                    rooted().root,
                    state,
                    deadline,
                    rooted().left(effort),
                    rooted().followed,
                )
            )
            works["search"] = _later(lambda: searches(rooted(), state, effort, deadline, report))
        else:
            works["beams"] = look(model, state, effort=effort, deadline=deadline)
        if branched:
            works["branch"] = branch(model, state, deadline=deadline, progress=progress)
        # a search over so few steps or requests is over before others have found anything
        few = searched and model.requests <= SMALL
        first = "search" if few or (searched and near) else "annealing"
        wide = few and state.upper - state.lower > _WIDE
        first = "beams" if wide else first
        arcs = None if space is None else space.arcs
        shares = shares_of(model)
        engines = lined_up(
            works, shares, first, patient=few and not wide, arcs=arcs, deadline=deadline
        )
        take_turns(
            engines,
            position=lambda: (state.lower, state.upper),
            over=lambda: late() or (state.closed() and state.proof is not None),
        )
        if late():
            state.limit = Limit.TIME
            if state.closed() and state.proof is None:  # multipliers closed it: a search ends soon
                late_end = time.monotonic() + _PROOF
                for _ in searches(rooted(), state, effort, late_end, report):
                    pass
    except KeyboardInterrupt:
        state.limit = Limit.INTERRUPT
    except LimitError as error:
        state.limit = Limit.SIZE
        state.message = str(error)
    return engines


def _later(make: Callable[[], Work]) -> Work:
    """Return work that is made when it is begun."""
    yield from make()


def can_be_searched(model: Model) -> bool:
    """Whether the search takes repeated requests: not of a single class, nor too large."""
    if model.classes == 1:
        return False
    try:
        refuse(model, search=True)
    except LimitError:
        return False
    return True
