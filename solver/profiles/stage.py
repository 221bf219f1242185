"""Profiles as one engine of a solve: prices of starts, beams, then a search that closes the gap."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial

import numpy as np

from kvproof.certificates.proofs import ProfilesProof
from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.deadline import share_of
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import SCALE
from kvproof.solver.interval import Interval
from kvproof.solver.model import Model
from kvproof.solver.portfolio import repeats
from kvproof.solver.profiles.ascent import ascend
from kvproof.solver.profiles.bound import Bound
from kvproof.solver.profiles.search import Search
from kvproof.solver.profiles.space import Space, space_of
from kvproof.solver.threads import aside
from kvproof.solver.windows import PRICE_SCALE, least_terms

# What profiles may take while they are found: of the memory where requests repeat, in bytes where
# they differ. And of the memory, the table of an ascent.
_SPACE, _FEW_BYTES, _TABLES = 0.1, 2**22, 0.5
# Share of the time in which all profiles must be found.
_SEARCHED = 0.3
# Steps that the table has, at least and at most, to those of a good schedule.
_LEAST, _MOST = 0.75, 2.0
# Widths of beams before the search.
_WIDTHS = (1_000, 10_000)


def few_profiles(model: Model, memory_bytes: int, deadline: float | None) -> Space | None:
    """Return the profiles of an instance where they are few enough for that much memory."""
    room = int(_SPACE * memory_bytes) if repeats(model) else _FEW_BYTES
    space = aside(partial(space_of, model, room), share_of(deadline, _SEARCHED))
    if space is None or _most_steps(model, space, memory_bytes) < _LEAST * model.steps:
        return None
    return space


def _most_steps(model: Model, space: Space, memory_bytes: int) -> int:
    """Return how many steps the prices of starts may reach: a table has a row for each."""
    room = int(_TABLES * memory_bytes) // (4 * space.profiles)
    return min(int(_MOST * model.steps), room)


def profiles(
    model: Model,
    space: Space,
    prices: Column,
    state: Interval,
    memory_bytes: int,
    deadline: float | None,
    report: Callable[[], None],
) -> Generator[None, None, None]:
    """Narrow the interval; the proof is of the kind ``profiles``.

    Parameters
    ----------
    model, space
        The instance and its profiles.
    prices
        Of memory, for the first prices of starts.
    state
        The interval so far; improved in place.
    memory_bytes
        What all of it may hold.
    deadline
        On the clock of :func:`time.monotonic`.
    report
        Called where the interval has changed.
    """

    def hear(bound: Bound) -> bool:
        _raise(state, bound, -(-bound.value // SCALE), report)
        return state.closed()

    try:
        bound = yield from ascend(
            model,
            space,
            first_prices(model, prices),
            _most_steps(model, space, memory_bytes),
            hear,
            deadline,
        )
    except LimitError:
        return
    if bound is None or not packing_of(model).exact:  # the search reads its keys
        return
    for width in (*_WIDTHS, None):
        if state.closed() and state.proof is not None:
            return
        search = Search(model, space, bound, state.upper, memory_bytes // 2, width, deadline)
        for _ in search.layers():
            yield
            search.hear(state.upper)
        state.states += search.states
        if search.starts is not None and search.best < state.upper:
            state.upper, state.starts = search.best, search.starts
            report()
        if search.proved:
            _raise(state, bound, search.best, report)


def first_prices(model: Model, prices: Column) -> Column:
    """Return what each class pays at the prices of memory, over the scale of the bound."""
    return np.asarray(least_terms(model, prices) * SCALE // PRICE_SCALE)


def _raise(state: Interval, bound: Bound, value: int, report: Callable[[], None]) -> None:
    """Take a value that a search guided by the bound proves."""
    before = state.lower
    value = min(value, state.upper)
    proof = ProfilesProof(target=value, scale=SCALE, prices=tuple(bound.prices.tolist()))
    state.raise_lower(value, proof, "profiles", replace_equal=state.proof is None)
    if state.lower > before:
        report()
