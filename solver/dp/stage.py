"""The certified engine: price bound, trajectory bound, beam, then searches to rising targets.

A search to target B proves OPT >= B or returns the optimum below B. Work grows by a factor of up to
1.6 per unit of B, so going up in steps costs little more than the last one and leaves an honest
interval whenever a limit strikes. Where requests repeat it grows less, and the first search goes a
quarter of the way. Where a step takes too long, or too much memory, the next search aims nearer. A
better schedule from elsewhere lowers the target on the way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from kvproof.certificates.proofs import Proof
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import late, share_of
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.layered import Outcome, Search
from kvproof.solver.dp.multipliers import (
    Vector,
    make_vector,
    root_bound,
    thinned,
)
from kvproof.solver.dp.root import Rooted, climb, root_of
from kvproof.solver.dp.size import refuse
from kvproof.solver.dp.trajectory import SCALE, Grid, grid_of
from kvproof.solver.interval import Interval, known
from kvproof.solver.model import Model
from kvproof.solver.portfolio import repeats
from kvproof.solver.profiles.followed import Followed
from kvproof.solver.proofs import price_proof, search_proof
from kvproof.solver.result import Limit
from kvproof.solver.threads import Flag, aside, cores
from kvproof.solver.windows import Windows, fix_windows

# The first search reaches so far beyond the root bound, or a little further if that ends it; where
# requests repeat such a part of the gap, and once the growth is known only as much further as takes
# twice as long. Later ones reach at least a quarter of the first. With more classes than `_CLASSES`
# it is one step at a time until two searches have shown what a step costs: up to 400 times as much
# as the one before.
_STAGE = 8
_LITTLE = 4
_PART = 4
_TWICE = 2
_CLASSES = 25
# Growth of the work per unit of the target before two searches have shown it, also where requests
# repeat, and how much above what they show is planned for; the seconds to plan for without a limit.
_GROWTH, _GROWTH_EQUAL = 1.6, 1.25
_CAUTION = 1.05
_PATIENCE = 600.0
# Seconds of a processor that a search may take for each that is left: half, and where requests
# repeat and the growth is known that of each processor.
_SHARE = 0.5
# Widths of beams, and the memory of each; and how many steps they see where requests repeat. Where
# these differ, wider beams find as much in that time.
_WIDTHS = 300, 3_000, 20_000, 100_000
_BEAM_BYTES = 2**31
_SEEN = 6
# A wider beam is begun if it should take at most so many seconds of a processor for each that is
# left, as others have their turns meanwhile.
_BEAM = 0.5
# Share of the time left that one step of a search may take: then it aims nearer, if it can, as it
# does where memory does not suffice. And once a search has shown what the next one will take.
_STEP, _STEP_KNOWN = 0.2, 0.5
# Rounds for a vector where requests repeat: a third of the states less are left then. A layer that
# is made gets no vectors once more there: they exclude too few to be worth their time.
# Nor does any where classes are followed, which leaves as many states without.
_ROUNDS_EQUAL, _NEVER = 300, 2**60


def solve_certified(model: Model, upper: int, starts: Column, *, effort: Effort) -> Interval:
    """Return the interval for OPT by prices, beams and the search alone, one after another.

    Parameters
    ----------
    model
        The instance.
    upper, starts
        A feasible schedule (listed class by class) and its total latency.
    effort
        Limits of the search.
    """
    state = known(model, upper, starts)
    if state.closed():
        return state

    def report() -> None:
        pass

    try:
        refuse(model, search=True)
        prices = climb(model, state, None, report)
        if not state.closed():
            rooted = root_of(model, prices, state, effort.memory_bytes, None, report)
            for work in (
                beams(rooted.grid, rooted.root, state, None, rooted.left(effort), rooted.followed),
                searches(rooted, state, effort, None, report),
            ):
                for _ in work:
                    pass
    except KeyboardInterrupt:
        state.limit = Limit.INTERRUPT
    except LimitError as limit:
        state.limit = Limit.SIZE
        state.message = str(limit)
    return state


def searches(
    rooted: Rooted,
    state: Interval,
    effort: Effort,
    deadline: float | None,
    report: Callable[[], None],
) -> Generator[None, None, None]:
    """Search to ever higher targets until the interval is closed and proved, or a limit strikes."""
    model, prices, root = rooted.grid.model, rooted.prices, rooted.root
    many, equal = model.classes > _CLASSES, repeats(model)
    if equal:
        effort = replace(effort, again_at=_NEVER, rounds=_ROUNDS_EQUAL)
    if rooted.followed is not None:
        effort = replace(rooted.left(effort), refine_at=_NEVER)
    most_growth = math.inf if many else _GROWTH
    growth = _GROWTH_EQUAL if equal else most_growth
    spent: float | None = None
    shown = False  # whether two searches have shown the growth
    before: tuple[int, int] | None = None  # target and states of the last search
    farthest: int | None = None  # target, where a step of a search took too long or too much
    # a limited search may have closed the interval without leaving a proof
    while not (state.closed() and state.proof is not None):
        if late(deadline):
            state.limit = Limit.TIME
            return
        base = max(state.lower, _ceil(root_bound(rooted.grid, root)))
        least, little, part = (1, 0, _SHARE) if many else (_STAGE, _LITTLE, _SHARE)
        if equal and shown:
            least, little, part = 1, int(math.log(_TWICE) / math.log(growth)), _SHARE * cores()
        elif equal:
            least = max(_STAGE, (state.upper - base) // _PART)
        reach = _reach(spent, growth, deadline, least, part)
        near = base + reach + little >= state.upper
        target = state.upper if near else base + reach
        if farthest is not None:
            target = min(target, max(farthest, base + 1))
        fixed = fix_windows(model, prices, target)
        if fixed.empty:
            state.raise_lower(
                target, price_proof(prices, model.origin), "price", replace_equal=True
            )
            continue
        begun = time.process_time()
        whole = grid_of(model, fixed)
        first, thin, stage, start = aside(partial(_staged, whole, root, target))
        if stage is None or start is None:
            outcome = Outcome(proved=True, floor=target)
            aim, spent = target, time.process_time() - begun
        else:
            share = _STEP if before is None else _STEP_KNOWN
            if target <= base + 1:
                share = 1.0
            search = Search(
                stage, start, target, effort, share_of(deadline, share), rooted.followed
            )
            outcome, spent = search.outcome, 0.0
            with closing(search.layers()) as layers:
                for _ in layers:
                    _accept(state, outcome)
                    state.raise_lower(min(outcome.floor, state.upper), None, "dp")
                    spent += time.process_time() - begun
                    yield
                    begun = time.process_time()
                    search.deadline = share_of(deadline, share)
                    if state.upper < min(search.best, search.target):
                        search.lower(state.upper)  # others found a better schedule
            aim = search.target
            spent += time.process_time() - begun
        state.states += outcome.states
        short = outcome.limit in (Limit.TIME, Limit.MEMORY) and not late(deadline)
        if short and target > base + 1:
            farthest = base + (target - base) // 2
            yield
            continue
        if before is not None and before[0] < aim and before[1] > 0:
            rate = (outcome.states / before[1]) ** (1 / (aim - before[0]))
            growth, shown = min(most_growth, _CAUTION * max(1.0, rate)), True
        before = aim, outcome.states
        _accept(state, outcome)
        if not outcome.proved:
            state.raise_lower(min(outcome.floor, state.upper), None, "dp")
            state.limit = outcome.limit
            report()
            return
        reached = aim if outcome.best is None else outcome.best
        if aim < target:
            proof = _proof(rooted, aim, outcome)
        else:
            proof = search_proof(whole, thin, prices, target, first, outcome, rooted.followed)
        state.raise_lower(reached, proof, "dp", replace_equal=True)
        if farthest is not None:
            farthest = reached + (2 if equal else 1) * (aim - base)
        report()
        yield


def _proof(rooted: Rooted, target: int, outcome: Outcome) -> Proof:
    """Return the proof by a search whose target has been lowered to this one."""
    model, prices = rooted.grid.model, rooted.prices
    fixed = fix_windows(model, prices, target)
    if fixed.empty:
        return price_proof(prices, model.origin)
    grid = grid_of(model, fixed)
    first, thin, stage, _ = aside(partial(_staged, grid, rooted.root, target))
    if stage is None:
        outcome = Outcome(proved=True)
    return search_proof(grid, thin, prices, target, first, outcome, rooted.followed)


def _reach(
    spent: float | None, growth: float, deadline: float | None, first: int, part: float
) -> int:
    """Return how far beyond the bound the next search should reach, from what the last one took.

    As far as a `part` of the time left should allow, so that a limit leaves the best interval;
    `first` before any, later at least a quarter of that.
    """
    if spent is None:
        return first
    left = _PATIENCE if deadline is None else deadline - time.monotonic()
    work = math.log(part * max(left, 1.0) / max(spent, 0.02))
    return max(1, first // 4, int(work / math.log(growth)))


def beams(
    grid: Grid,
    root: Vector,
    state: Interval,
    deadline: float | None,
    effort: Effort,
    followed: Followed | None = None,
) -> Generator[None, None, None]:
    """Look for cheaper schedules with beams, ever wider ones that may still end in time."""
    seen = _SEEN if repeats(grid.model) else effort.seen
    each = 0.0  # seconds of a processor that the last one took, by its width
    for width in _WIDTHS:
        if state.closed() or late(deadline):
            return
        if deadline is not None and each * width > _BEAM * (deadline - time.monotonic()):
            return
        narrow = replace(
            effort, width=width, seen=seen, refine_at=_NEVER, raise_at=width,
            memory_bytes=min(effort.memory_bytes, _BEAM_BYTES),
        )  # fmt: skip
        begun, spent = time.process_time(), 0.0
        search = Search(grid, root, state.upper, narrow, deadline, followed)
        with closing(search.layers()) as layers:
            for _ in layers:
                spent += time.process_time() - begun
                yield
                begun = time.process_time()
        each = (spent + time.process_time() - begun) / width
        _accept(state, search.outcome)
        if search.outcome.limit is not None:  # a wider one would not get further
            return


def _accept(state: Interval, outcome: Outcome) -> None:
    if outcome.best is not None and outcome.best < state.upper:
        assert outcome.starts is not None
        state.upper = outcome.best
        state.starts = outcome.starts.copy()


def _ceil(scaled: int) -> int:
    return -(-scaled // SCALE)


def _staged(
    whole: Grid, root: Vector, target: int, _: Flag
) -> tuple[Vector, Windows, Grid | None, Vector | None]:
    """Return the root over a grid and the starts that it leaves; if any, both over these alone."""
    first = _fit(whole, root)
    return first, *over_left(whole, first, target)


def over_left(
    whole: Grid, first: Vector, target: int
) -> tuple[Windows, Grid | None, Vector | None]:
    """Return the starts that a vector from step 0 leaves; if any, both over these alone."""
    thin = thinned(whole, first, target)
    if thin.empty:
        return thin, None, None
    stage = grid_of(whole.model, thin)
    return thin, stage, _fit(stage, first)


def _fit(grid: Grid, root: Vector) -> Vector:
    """Return the same multipliers over another grid's horizon."""
    width = grid.horizon + 1

    def fitted(values: Any) -> Any:
        out = np.zeros((values.shape[0], width), dtype=np.int32)
        kept = min(width, values.shape[1])
        out[:, :kept] = values[:, :kept]
        return out

    return make_vector(grid, fitted(root.alpha), fitted(root.beta), 0)
