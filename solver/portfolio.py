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

#: Seconds of the first turns, and of later ones as a part of all that was spent.
_FIRST, _PART = 0.5, 0.1
#: What a turn that moved the interval is charged of its time.
_MOVED = 0.25
# Shares where requests differ, and where they repeat: most to what proves, but below two thirds.
_DIFFERENT = {"profiles": 5, "beams": 1, "search": 3, "annealing": 1, "branch": 1}
_REPEATED = {"profiles": 16, "beams": 4, "search": 8, "annealing": 2, "branch": 1}


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
            length = max(_FIRST, _PART * sum(one.seconds for one in engines))
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
