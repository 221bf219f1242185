"""Local search that may lose a little at first: passes that cool down, each from the best."""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.usage import Requests, Usage, hold_all
from kvproof.solver.improve.search import search

#: Steps that an exchange may lose when a pass begins, by turns: different requests want little,
#: classes of equal ones much.
HEATS = (1.0, 8.0)
#: Rounds of a pass, the last of them cold; the most exchanges for each request of the first passes,
#: which are twice as many once all heats have been used. Of few requests as many as it has pairs.
ROUNDS, _TRIALS_EACH = 20, 1_000


class Annealing:
    """A search that goes on round by round.

    Parameters
    ----------
    requests, volume
        The requests, and their token-steps.
    starts
        A feasible schedule.
    usage
        Room for twice its steps, overwritten.
    """

    def __init__(self, requests: Requests, volume: Column, starts: Column, usage: Usage) -> None:
        self._requests, self._volume, self._usage = requests, volume, usage
        self.best = starts.copy()
        self._now = starts.copy()
        self.rounds = 0
        self.trials = 0
        self.idle = 0  # passes since the last gain
        self._before = exact_sum(starts)

    def advance(self, most: int) -> None:
        """Do one round, of at most so many exchanges."""
        turn, cooled = divmod(self.rounds, ROUNDS)
        if cooled == 0:
            self._now[:] = self.best
            hold_all(self._usage, self._requests, self._now)
        requests = len(self.best)
        each = min(_TRIALS_EACH, requests**2 // 2)
        each = each * 2 ** min(turn // len(HEATS), 6) * requests // ROUNDS
        number = max(1, min(each, most))
        heat = HEATS[turn % len(HEATS)] * (1 - cooled / (ROUNDS - 1))
        search(
            self._usage, self._requests, self._volume, np.argsort(self._now, kind="stable"), number,
            self.rounds, self._now, heat, self.best if heat > 0 else self._now,
        )  # fmt: skip
        self.rounds += 1
        self.trials += number
        if exact_sum(self._now) < exact_sum(self.best):
            self.best[:] = self._now
        if cooled == ROUNDS - 1:
            total = exact_sum(self.best)
            self.idle = 0 if total < self._before else self.idle + 1
            self._before = total

    def take(self, starts: Column) -> None:
        """Go on from a better schedule, found elsewhere, in the next pass."""
        self.best[:] = starts
        self._before = exact_sum(starts)
