"""Lower bound by exact search: go through all schedules below a target, and find the best.

A vector of multipliers prices each start and each end of a request, ``alpha`` and ``beta``. The
tokens that a schedule holds form a path over (requests running, tokens held): in each step some
leave, those that run grow by a token, some join. So what a schedule costs, times `scale`, is at
least the sum over requests of the least ``scale * latency + alpha + beta``, plus the cheapest path,
where each event earns its price. The events of a path need not belong together: that is why the
bound is a bound, and not the cost.

Forward in time, a state is: which requests have started, their latencies so far, and the tokens
held in each step. Each state starts its waiting requests in every way that fits. What is left out,
and why no optimal schedule below the target is lost for good:

- a start whose own term leaves no room below the target (:mod:`.starts`);
- a child whose bound by some vector exceeds target - 1;
- a child where some request that has not started could have run to its end within the past
  steps: moving it there costs less, so no continuation is optimal;
- a state that costs no less than another with the same requests started and holds no less in
  every step: what completes it completes the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import le
from typing import NamedTuple, Optional

from .limits import Budget
from .model import Instance
from .starts import (
    WHERE,
    Kind,
    Multipliers,
    SearchProof,
    by_price,
    by_vector,
    horizon,
    size_of,
)
from .verdict import Rejected

CELL, LANE = 250, 16  # bytes of a place on a path, and of a step of a state

Run = tuple[int, int]  # (class, start)
Places = dict[tuple[int, int], int]  # (running, tokens): the cheapest path on


class State(NamedTuple):
    """What is decided before the starts at step t, beside which requests have started.

    Parameters
    ----------
    latency
        Of all that have started, together.
    later
        Tokens held in the steps t + 1, t + 2, ....
    before
        Tokens held in the steps t, t - 1, ....
    running
        (class, start) of each that holds tokens at t or later.
    """

    latency: int
    later: tuple[int, ...]
    before: tuple[int, ...]
    running: tuple[Run, ...]


@dataclass(frozen=True)
class Setting:
    """What all vectors and states have in common: the proof, its classes, M, and the costs."""

    proof: SearchProof
    kinds: list[Kind]
    memory: int
    budget: Budget

    @cached_property
    def starts(self) -> list[set[int]]:
        """The allowed starts of each class."""
        return [set(kind.starts) for kind in self.kinds]

    @cached_property
    def held(self) -> list[tuple[int, int]]:
        """Return the fewest and the most tokens that k = 0, 1, ... requests hold together."""
        self.budget.take(32 * sum(kind.count for kind in self.kinds))
        ones = sorted(kind.prompt + 1 for kind in self.kinds for _ in range(kind.count))
        peaks = sorted(kind.prompt + kind.output for kind in self.kinds for _ in range(kind.count))
        held = [(0, 0)]
        for one, peak in zip(ones, reversed(peaks)):
            self.budget.tick()
            if held[-1][0] + one > self.memory:
                break
            held.append((held[-1][0] + one, held[-1][1] + peak))
        return held


class PlainVector:
    """A vector, worked out for the steps from its first one on.

    ``paths[t][k, u]`` is the cheapest way to go on from k running requests that hold u tokens in
    step t, missing where there is none; ``rest[c][t]`` the least cost of a start at t or later,
    None where there is none. Each allowed start has its multipliers, or the check fails.
    """

    def __init__(self, setting: Setting, since: int, multipliers: Multipliers) -> None:
        self._setting, self.taken = setting, 0
        self.alpha, self.beta = multipliers
        last = horizon(setting.kinds)
        self.rest: list[list[Optional[int]]] = []
        for c, starts in enumerate(setting.starts):
            self._take(40 * (last + 2))
            rest: list[Optional[int]] = [None] * (last + 2)
            for t in range(last, since - 1, -1):
                setting.budget.tick()
                costs = (rest[t + 1], self.cost(c, t) if t in starts else None)
                rest[t] = min((cost for cost in costs if cost is not None), default=None)
            self.rest.append(rest)
        self.paths: dict[int, Places] = {last + 1: {(0, 0): 0}}
        for t in range(last, since - 1, -1):
            self.paths[t] = self._before(t, self.paths[t + 1])
        self.whole = self.paths[since].get((0, 0))

    def _take(self, size: int) -> None:
        self._setting.budget.take(size)
        self.taken += size

    def cost(self, c: int, p: int) -> int:
        """Return the scaled cost of a request of class c that starts at p."""
        kind = self._setting.kinds[c]
        latency = p + kind.output - kind.arrival
        return self._setting.proof.scale * latency + self.alpha[c][p] + self.beta[c][p]

    def _before(self, t: int, after: Places) -> Places:
        """Return the cheapest paths from the end of step t, given those from the end of t + 1."""
        places, setting = dict(after), self._setting
        for c, kind in enumerate(setting.kinds):  # last of all, requests join
            if t in setting.starts[c]:
                self._undo(places, kind.count, -1, -kind.prompt - 1, -self.alpha[c][t])
        places = {(k, u - k): x for (k, u), x in places.items() if u >= k}  # each grows by a token
        for c, kind in enumerate(setting.kinds):  # first of all, requests leave
            p, peak = t - kind.output, kind.prompt + kind.output
            if p in setting.starts[c]:
                self._undo(places, kind.count, 1, peak, -self.beta[c][p])
        fewest_most = setting.held
        places = {
            (k, u): x for (k, u), x in places.items() if fewest_most[k][0] <= u <= fewest_most[k][1]
        }
        self._take(CELL * len(places))
        return places

    def _undo(self, places: Places, times: int, requests: int, tokens: int, price: int) -> None:
        """Let an event happen up to so many times before what `places` say."""
        most, memory = len(self._setting.held) - 1, self._setting.memory
        for _ in range(min(times, most)):
            self._setting.budget.tick(1 + len(places))
            for (k, u), x in list(places.items()):
                place, cost = (k + requests, u + tokens), x + price
                if 0 <= place[0] <= most and 0 <= place[1] <= memory:
                    places[place] = min(cost, places.get(place, cost))


class PlainSearch:
    """The search for schedules below the target; `best` is the least total met, or the target.

    In its methods `left` is by class how many have not started.
    """

    def __init__(self, setting: Setting, first: Multipliers) -> None:
        self.proof, self.kinds, self.memory = setting.proof, setting.kinds, setting.memory
        self.budget, self.best = setting.budget, setting.proof.target
        self._setting, self._first = setting, first
        self._vectors: dict[int, PlainVector] = {}
        self._lanes = max(kind.output for kind in setting.kinds)
        # bytes of a state
        self._size = 600 + 2 * LANE * self._lanes + 80 * len(setting.held)

    def run(self) -> int:
        """Go through all steps, and return the value of the proof."""
        nothing = (0,) * self._lanes
        layer = {tuple(kind.count for kind in self.kinds): [State(0, nothing, nothing, ())]}
        for t in range(horizon(self.kinds) + 1):
            if not layer:
                return self.best
            self._work_out(self.proof.of_step(t))
            found: dict[tuple[int, ...], list[State]] = {}
            for left, states in layer.items():
                for state in states:
                    for child_left, child in self._children(t, left, state):
                        self.budget.take(self._size)
                        found.setdefault(child_left, []).append(child)
                self.budget.give(self._size * len(states))
            layer = {left: self._undominated(states) for left, states in found.items()}
        if layer:
            raise Rejected(f"{WHERE}: states are left after the last step")
        return self.best

    def _work_out(self, places: list[int]) -> None:
        """Have just the vectors that the step names."""
        for place in [place for place in self._vectors if place not in places]:
            self.budget.give(self._vectors.pop(place).taken)
        for place in places:
            if place not in self._vectors:
                since, over = self.proof.vectors[place]
                multipliers = over(self.kinds) if place else self._first
                vector = PlainVector(self._setting, since, multipliers)
                vector.taken += size_of(multipliers) if place else 0
                self._vectors[place] = vector

    def _children(
        self, t: int, left: tuple[int, ...], state: State
    ) -> Iterator[tuple[tuple[int, ...], State]]:
        """Start requests in every way that is allowed and fits; leave out what can be."""
        on = [(c, p) for c, p in state.running if p + self.kinds[c].output > t]
        ways = [(0, left, state.latency, state.later, on)]
        while ways:
            first, now_left, latency, later, running = ways.pop()
            self.budget.tick(1 + len(self.kinds))
            for c in range(first, len(self.kinds)):
                kind = self.kinds[c]
                if now_left[c] and t in self._setting.starts[c]:
                    more = self._with(later, kind)
                    if max(more) <= self.memory:
                        fewer = (*now_left[:c], now_left[c] - 1, *now_left[c + 1 :])
                        cost = latency + t + kind.output - kind.arrival
                        ways.append((c, fewer, cost, more, [*running, (c, t)]))
            if not any(now_left):
                self.best = min(self.best, latency)
            elif not (
                self._exceeds(t, now_left, latency, later[0], running)
                or self._wasteful(t, now_left, later[0], state.before)
            ):
                before = (later[0], *state.before[:-1])
                yield now_left, State(latency, (*later[1:], 0), before, tuple(running))

    def _with(self, later: tuple[int, ...], kind: Kind) -> tuple[int, ...]:
        """Return the tokens of the steps to come with a start of this kind."""
        s, o = kind.prompt, kind.output
        return tuple([held + s + j if j <= o else held for j, held in enumerate(later, 1)])

    def _exceeds(
        self, t: int, left: tuple[int, ...], latency: int, tokens: int, running: list[Run]
    ) -> bool:  # fmt: skip
        """Whether some vector shows that no way on from the end of step t + 1 is below target."""
        for vector in self._vectors.values():
            path = vector.paths[t + 1].get((len(running), tokens))
            rests = [(n, vector.rest[c][t + 1]) for c, n in enumerate(left) if n]
            if path is None or any(rest is None for _, rest in rests):
                return True
            bound = self.proof.scale * latency + path + sum(n * (rest or 0) for n, rest in rests)
            bound += sum(vector.beta[c][p] for c, p in running)
            if bound > self.proof.scale * (self.proof.target - 1):
                return True
        return False

    def _wasteful(
        self, t: int, left: tuple[int, ...], tokens: int, before: tuple[int, ...]
    ) -> bool:
        """Whether some request that waits could have run to its end by step t + 1."""
        past = (tokens, *before)  # in the steps t + 1, t, t - 1, ...
        for kind, n in zip(self.kinds, left):
            if n and t + 1 - kind.output >= kind.arrival:
                peak = kind.prompt + kind.output
                if all(past[j] + peak - j <= self.memory for j in range(kind.output)):
                    return True
        return False

    def _undominated(self, states: list[State]) -> list[State]:
        """Keep of states with the same requests started what no other one is as good as."""
        kept: list[State] = []
        for state in sorted(states, key=lambda s: (s.latency, s.later[::-1], s.before[::-1])):
            self.budget.tick(1 + len(kept))
            if not any(all(map(le, other.later, state.later)) for other in kept):
                kept.append(state)
        self.budget.give(self._size * (len(states) - len(kept)))
        return kept


def search_bound(proof: SearchProof, instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``search`` proof, or the target if none is."""
    kinds = by_price(proof, instance, budget)
    if kinds is None:
        return Fraction(proof.target)
    first = proof.vectors[0].over(kinds)
    whole = PlainVector(Setting(proof, kinds, instance.memory, budget), 0, first)
    left = by_vector(proof, kinds, [rest[0] or 0 for rest in whole.rest], whole.whole, whole.cost)
    budget.give(whole.taken)
    if left is None:
        return Fraction(proof.target)
    for vector in proof.vectors[1:]:  # each is read, named by a step or not
        budget.give(size_of(vector.over(left)))
    return Fraction(PlainSearch(Setting(proof, left, instance.memory, budget), first).run())
