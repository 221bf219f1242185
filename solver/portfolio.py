"""Engines in turns: each has a share of the work; who moves the interval is charged less for it.

An engine is a generator that yields wherever it may be left for a while. A turn goes to the engine
that has been charged least for its share, in seconds of processor time, so that a loaded machine
changes nothing but how far the time limit lets them come. While others have work left, none that
moves neither end of the interval gets more than its share, which is below two thirds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from kvproof.solver.model import Model

#: What can be left and gone on with; it ends by itself where no more is to be done.
Work = Generator[None, None, None]

#: Seconds of the first turn, and of later ones as a part of all that was spent: what is over soon
#: does not wait long for others.
_FIRST, _PART = 0.5, 0.1
#: What a turn that moved the interval is charged of its time.
_MOVED = 0.25
# Shares where requests differ, and where they repeat: most to what proves, but below two thirds.
_DIFFERENT = {"profiles": 5, "beams": 1, "search": 3, "annealing": 1, "branch": 1}
_REPEATED = {"profiles": 16, "beams": 6, "search": 8, "annealing": 2, "branch": 1}
# Seconds that beams over few requests are charged for before they begin: a search may be over
# before, and annealing as good.
_PATIENT = 2.0
# Arcs between profiles up to which a checker needs little memory. Then profiles go ahead of all
# others for so much of the time; with more arcs the others go ahead. Seconds without a limit.
_CHECKED, _HEAD, _OTHERS_HEAD, _UNLIMITED = 500_000, 0.5, 0.1, 60.0


@dataclass(kw_only=True)
class Engine:
    """An engine, and what its turns came to.

    Parameters
    ----------
    name
        For people.
    share
        Of the work, against the others'.
    work
        What it does.
    seconds, turns
        Processor time and number of its turns.
    moved
        In how many of them the interval became narrower.
    charged
        Seconds that count against its share.
    """

    name: str
    share: int
    work: Work
    seconds: float = 0.0
    turns: int = 0
    moved: int = 0
    charged: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what it ran, for reports."""
        return {
            "engine": self.name,
            "seconds": round(self.seconds, 3),
            "turns": self.turns,
            "moved": self.moved,
        }


def repeats(model: Model) -> bool:
    """Whether requests repeat so much that counts of them are branched on."""
    return model.requests >= 3 * model.classes and model.requests > 12


def shares_of(model: Model) -> dict[str, int]:
    """Return the share of each engine, by what the instance shows."""
    return _REPEATED if repeats(model) else _DIFFERENT


def lined_up(
    works: dict[str, Work],
    shares: dict[str, int],
    first: str,
    *,
    patient: bool,
    arcs: int | None,
    deadline: float | None,
) -> list[Engine]:
    """Return the engines in the order of their first turns: profiles, then the `first`.

    Parameters
    ----------
    patient
        Whether beams wait a little.
    arcs
        Between profiles, where these are among the works: their number decides who goes ahead.
    deadline
        On the clock of :func:`time.monotonic`.
    """
    order = sorted(works, key=lambda name: (name != "profiles", name != first))
    engines = [Engine(name=name, share=shares[name], work=works[name]) for name in order]
    if arcs is not None:
        _put_ahead(engines, deadline, easily_checked=arcs <= _CHECKED)
    elif patient:
        for engine in engines:
            engine.charged = _PATIENT * (engine.name == "beams")
    return engines


def _put_ahead(engines: list[Engine], deadline: float | None, *, easily_checked: bool) -> None:
    """Charge in advance those that are to wait: profiles, or all others."""
    left = _UNLIMITED if deadline is None else deadline - time.monotonic()
    own = next(engine.share for engine in engines if engine.name == "profiles")
    others = sum(engine.share for engine in engines) - own
    for engine in engines:
        if easily_checked and engine.name != "profiles":
            engine.charged = _HEAD * left * engine.share / own
        elif not easily_checked and engine.name == "profiles":
            engine.charged = _OTHERS_HEAD * left * own / others


def take_turns(
    engines: list[Engine],
    *,
    position: Callable[[], tuple[int, int]],
    over: Callable[[], bool],
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Let the engines go on in turns until all have ended, or `over` says so.

    Parameters
    ----------
    engines
        Where two are charged alike the earlier one goes on.
    position
        The interval so far.
    over
        Asked at each point where an engine may be left.
    clock
        Seconds of work.
    """
    left = list(engines)
    try:
        while left and not over():
            engine = min(left, key=lambda one: one.charged / one.share)
            length = _PART * sum(one.seconds for one in engines) or _FIRST
            begun, before = clock(), position()
            try:
                for _ in engine.work:
                    if over() or clock() - begun >= length:
                        break
                else:
                    left.remove(engine)
            finally:
                spent = clock() - begun
                gained = position() != before
                engine.seconds += spent
                engine.turns += 1
                engine.moved += gained
                engine.charged += spent * (_MOVED if gained else 1)
    finally:
        for one in engines:
            one.work.close()
