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
from fractions import Fraction
from operator import le
from typing import NamedTuple, Optional

from .limits import Budget
from .model import Instance
from .starts import (
    WHERE,
    Kind,
    Parts,
    SearchProof,
    by_price,
    by_vector,
    horizon,
    read_search,
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


class PlainVector:
    """A vector, worked out over the classes' starts for the steps from its first one on.

    ``paths[t][k, u]`` is the cheapest way to go on from k running requests that hold u tokens in
    step t, missing where there is none; ``rest[c][t]`` the least cost of a start at t or later,
    None where there is none. `held` is the fewest and the most tokens of k = 0, 1, ... running.
    """

    def __init__(
        self, proof: SearchProof, place: int, kinds: list[Kind], parts: tuple[Parts, Parts],
        held: list[tuple[int, int]], memory: int, budget: Budget,
    ) -> None:  # fmt: skip
        self.budget, self.taken = budget, 0
        self._kinds, self._scale, self._memory, self._held = kinds, proof.scale, memory, held
        self.alpha, self.beta = parts
        since, last = proof.vectors[place].since, horizon(kinds)
        self.rest: list[list[Optional[int]]] = []
        for c in range(len(kinds)):
            self._take(40 * (last + 2))
            rest: list[Optional[int]] = [None] * (last + 2)
            for t in range(last, since - 1, -1):
                budget.tick()
                after = rest[t + 1]
                cost = self.cost(c, t) if t in self.alpha[c] else after
                rest[t] = cost if after is None or cost is None else min(cost, after)
            self.rest.append(rest)
        self.paths: dict[int, Places] = {last + 1: {(0, 0): 0}}
        for t in range(last, since - 1, -1):
            self.paths[t] = self._before(t, self.paths[t + 1])
        self.whole = self.paths[since].get((0, 0))

    def _take(self, size: int) -> None:
        self.budget.take(size)
        self.taken += size

    def cost(self, c: int, p: int) -> int:
        """Return the scaled cost of a request of class c that starts at p."""
        latency = p + self._kinds[c].output - self._kinds[c].arrival
        return self._scale * latency + self.alpha[c][p] + self.beta[c][p]

    def _before(self, t: int, after: Places) -> Places:
        """Return the cheapest paths from the end of step t, given those from the end of t + 1."""
        places, held = dict(after), self._held
        for c, kind in enumerate(self._kinds):  # last of all, requests join
            if t in self.alpha[c]:
                for _ in range(min(kind.count, len(held) - 1)):
                    self._may(places, -1, -kind.prompt - 1, -self.alpha[c][t])
        places = {(k, u - k): x for (k, u), x in places.items() if u >= k}  # each grows by a token
        for c, kind in enumerate(self._kinds):  # first of all, requests leave
            if t - kind.output in self.beta[c]:
                for _ in range(min(kind.count, len(held) - 1)):
                    price = -self.beta[c][t - kind.output]
                    self._may(places, 1, kind.prompt + kind.output, price)
        inside = {(k, u): x for (k, u), x in places.items() if held[k][0] <= u <= held[k][1]}
        self._take(CELL * len(inside))
        return inside

    def _may(self, places: Places, requests: int, tokens: int, price: int) -> None:
        """Let an event happen before what `places` say, or not; it undoes these changes."""
        self.budget.tick(1 + len(places))
        most, memory = len(self._held) - 1, self._memory
        moved = [((k + requests, u + tokens), x + price) for (k, u), x in places.items()]
        for (k, u), x in moved:
            if 0 <= k <= most and 0 <= u <= memory:
                places[k, u] = min(x, places.get((k, u), x))


def _held(kinds: list[Kind], memory: int, budget: Budget) -> list[tuple[int, int]]:
    """Return the fewest and the most tokens that k = 0, 1, ... running requests hold together."""
    budget.take(32 * sum(kind.count for kind in kinds))
    ones = sorted(kind.prompt + 1 for kind in kinds for _ in range(kind.count))
    peaks = sorted(kind.prompt + kind.output for kind in kinds for _ in range(kind.count))
    held = [(0, 0)]
    for one, peak in zip(ones, reversed(peaks)):
        budget.tick()
        if held[-1][0] + one > memory:
            break
        held.append((held[-1][0] + one, held[-1][1] + peak))
    return held


class PlainSearch:
    """The search for schedules below the target; `best` is the least total met, or the target.

    In its methods `left` is by class how many have not started.
    """

    def __init__(
        self, proof: SearchProof, kinds: list[Kind], first: tuple[Parts, Parts],
        held: list[tuple[int, int]], memory: int, budget: Budget,
    ) -> None:  # fmt: skip
        self.proof, self.kinds, self.memory, self.budget = proof, kinds, memory, budget
        self.best = proof.target
        self._first, self._held = first, held
        self._vectors: dict[int, PlainVector] = {}
        self._starts = [set(kind.starts) for kind in kinds]
        self._lanes = max(kind.output for kind in kinds)
        self._size = 600 + 2 * LANE * self._lanes + 80 * len(held)  # bytes of a state

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
                parts = self.proof.parts(place, self.kinds, self.budget) if place else self._first
                vector = PlainVector(
                    self.proof, place, self.kinds, parts, self._held, self.memory, self.budget
                )
                vector.taken += size_of(parts) if place else 0
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
                if now_left[c] and t in self._starts[c]:
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


def search_bound(value: object, instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``search`` proof, or the target if none is."""
    proof = read_search(value, budget)
    kinds = by_price(proof, instance, budget)
    if kinds is None:
        return Fraction(proof.target)
    first, memory = proof.parts(0, kinds, budget), instance.memory
    held = _held(kinds, memory, budget)
    whole = PlainVector(proof, 0, kinds, first, held, memory, budget)
    left = by_vector(proof, kinds, whole)
    budget.give(whole.taken)
    if left is None:
        return Fraction(proof.target)
    for place in range(1, len(proof.vectors)):  # each is read, named by a step or not
        budget.give(size_of(proof.parts(place, left, budget)))
    # of vector 0, what concerns the starts that are left
    alpha, beta = (
        [{p: own[p] for p in kind.starts} for own, kind in zip(part, left)] for part in first
    )
    return Fraction(PlainSearch(proof, left, (alpha, beta), held, memory, budget).run())
