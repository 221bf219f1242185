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
- a child whose bound by some vector exceeds target - 1, or by classes that are followed, where the
  proof names some (:mod:`.followed`);
- a child where some request that has not started could have run to its end within the past
  steps: moving it there costs less, so no continuation is optimal;
- a state that costs no less than another with the same requests started and holds no less in
  every step: what completes it completes the other.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, takewhile
from operator import le
from typing import NamedTuple

from .budget import Budget
from .model import Instance
from .starts import ByStart, Kind, Multipliers, SearchProof, by_price, by_vector, costs_of, horizon

CELL, REST = 250, 150  # bytes of a place on a path, and of the least cost from a step on

Places = dict[tuple[int, int], int]  # (running, tokens): the cheapest path on


class State(NamedTuple):
    """What is decided before the starts at step t.

    Parameters
    ----------
    left
        By class, how many requests have not started.
    latency
        Of all that have started, together.
    held
        Tokens that they hold in each step from 0 on.
    running
        (class, start) of those that hold tokens at t or later.
    """

    left: tuple[int, ...]
    latency: int
    held: tuple[int, ...]
    running: tuple[tuple[int, int], ...]


class Prospects(NamedTuple):
    """What a vector says of the steps from its first one on.

    Parameters
    ----------
    beta
        By class and start, the price of the end.
    rest
        By class and step t, the least cost of a start at t or later, where there is one.
    paths
        By step t, the cheapest ways to go on from what runs and is held in t, where there is one.
    size
        Bytes that were charged.
    """

    beta: list[ByStart]
    rest: list[dict[int, int]]
    paths: dict[int, Places]
    size: int


class PlainSearch:
    """The search for schedules below the target whose starts are among those of `kinds`."""

    def __init__(self, proof: SearchProof, kinds: list[Kind], memory: int, budget: Budget) -> None:
        self.proof, self.kinds, self.memory, self.budget = proof, kinds, memory, budget
        self.best = proof.target  # the least total met, or the target
        self.cutoff = proof.scale * (proof.target - 1)
        self.named: dict[int, Prospects] = {}  # by place, what the vectors of a step say
        self.last = horizon(kinds)
        self.allowed = [set(kind.starts) for kind in kinds]
        budget.take(80 * sum(kind.count for kind in kinds))
        ones = sorted(kind.prompt + 1 for kind in kinds for _ in range(kind.count))
        peaks = sorted((k.prompt + k.output for k in kinds for _ in range(k.count)), reverse=True)
        #: The fewest and the most tokens that k = 0, 1, ... requests hold together.
        self.fewest = [0, *takewhile(lambda tokens: tokens <= memory, accumulate(ones))]
        self.most = [0, *accumulate(peaks[: len(self.fewest) - 1])]
        self.longest = max(kind.output for kind in kinds)
        # bytes of a state
        self.size = 600 + 8 * self.last + 40 * self.longest + 80 * len(ones) + 16 * len(kinds)

    def prospects(self, since: int, multipliers: Multipliers) -> Prospects:
        """Work a vector out; each allowed start has its multipliers, or the check fails."""
        rest: list[dict[int, int]] = []
        for c, kind in enumerate(self.kinds):
            own = costs_of(self.proof, multipliers, since, c, kind)
            least: dict[int, int] = {}
            for t in self.budget.each(range(kind.starts[-1], since - 1, -1)):
                least[t] = min(row[at] for row, at in ((own, t), (least, t + 1)) if at in row)
            self.budget.take(REST * len(least))
            rest.append(least)
        paths: dict[int, Places] = {self.last + 1: {(0, 0): 0}}
        for t in range(self.last, since - 1, -1):
            paths[t] = self._before(t, paths[t + 1], multipliers)
            self.budget.take(CELL * len(paths[t]))
        size = REST * sum(map(len, rest)) + CELL * (sum(map(len, paths.values())) - 1)
        return Prospects(multipliers[1], rest, paths, size)

    def _before(self, t: int, after: Places, multipliers: Multipliers) -> Places:
        """Return the cheapest paths from the end of step t, given those from the end of t + 1."""
        places, (alpha, beta) = dict(after), multipliers
        for c, kind in enumerate(self.kinds):  # last of all, requests join
            if t in self.allowed[c]:
                self._undo(places, kind.count, -1, -kind.prompt - 1, -alpha[c][t])
        places = {(k, u - k): x for (k, u), x in places.items() if u >= k}  # each grows by a token
        for c, kind in enumerate(self.kinds):  # first of all, requests leave
            p = t - kind.output
            if p in self.allowed[c]:
                self._undo(places, kind.count, 1, kind.prompt + kind.output, -beta[c][p])
        return {(k, u): x for (k, u), x in places.items() if self.fewest[k] <= u <= self.most[k]}

    def _undo(self, places: Places, times: int, requests: int, tokens: int, price: int) -> None:
        """Let an event happen up to so many times before what `places` say."""
        top = len(self.fewest) - 1
        for _ in range(min(times, top)):
            self.budget.tick(1 + len(places))
            for (k, u), x in list(places.items()):
                place, cost = (k + requests, u + tokens), x + price
                if 0 <= place[0] <= top and 0 <= place[1] <= self.memory:
                    places[place] = min(cost, places.get(place, cost))

    def run(self, vectors: list[tuple[int, Multipliers]]) -> int:
        """Go on until no state is left, and return the value of the proof."""
        counts = tuple([kind.count for kind in self.kinds])
        layer = [State(counts, 0, (0,) * (self.last + 2), ())]
        self.budget.take(self.size)
        t = 0
        while layer:
            self._name(self.proof.of_step(t), vectors)
            if self.proof.followed:
                self.proof.followed.begin(t + 1)
            found: dict[tuple[int, ...], list[State]] = {}
            for state in layer:
                for child in self._children(t, state):
                    self.budget.take(self.size)
                    found.setdefault(child.left, []).append(child)
            over = len(layer) + sum(map(len, found.values()))
            layer = [kept for some in found.values() for kept in self._undominated(t, some)]
            self.budget.give(self.size * (over - len(layer)))
            t += 1
        return self.best

    def _name(self, places: list[int], vectors: list[tuple[int, Multipliers]]) -> None:
        """Have just the prospects of the vectors at these places."""
        for place in [place for place in self.named if place not in places]:
            self.budget.give(self.named.pop(place).size)
        for place in places:
            if place not in self.named:
                self.named[place] = self.prospects(*vectors[place])

    def _children(self, t: int, state: State) -> Iterator[State]:
        """Start requests in every way that is allowed and fits; leave out what can be."""
        running = [(c, p) for c, p in state.running if p + self.kinds[c].output > t]
        ways = [(0, state._replace(running=tuple(running)))]
        while ways:
            first, state = ways.pop()
            self.budget.tick(1 + len(self.kinds))
            for c, kind in enumerate(self.kinds[first:], first):
                if state.left[c] and t in self.allowed[c] and self._fits(state, kind, t):
                    ways.append((c, self._with(state, c, t)))
            if not any(state.left):
                self.best = min(self.best, state.latency)
            elif not (self._exceeds(t, state) or self._wasteful(t, state)):
                yield state

    def _fits(self, state: State, kind: Kind, p: int) -> bool:
        """Whether a request of this kind that starts at p finds room in each of its steps."""
        s, held, steps = kind.prompt - p, state.held, range(p + 1, p + kind.output + 1)
        return all(held[u] + s + u <= self.memory for u in steps)

    def _with(self, state: State, c: int, p: int) -> State:
        """Return the state with a request of class c started at p."""
        kind, (left, latency, held, running) = self.kinds[c], state
        first, after = p + 1, p + 1 + kind.output
        grown = [tokens + kind.prompt + j for j, tokens in enumerate(held[first:after], 1)]
        held = (*held[:first], *grown, *held[after:])
        latency += p + kind.output - kind.arrival
        fewer = (*left[:c], left[c] - 1, *left[c + 1 :])
        return State(fewer, latency, held, (*running, (c, p)))

    def _exceeds(self, t: int, state: State) -> bool:
        """Whether some vector shows that no way on from the end of step t + 1 is below target."""
        waiting = [(c, n) for c, n in enumerate(state.left) if n]
        if any(self.kinds[c].starts[-1] <= t for c, _ in waiting):
            return True
        place = len(state.running), state.held[t + 1]
        for beta, rest, paths, _ in self.named.values():
            if place not in paths[t + 1]:
                return True
            bound = self.proof.scale * state.latency + paths[t + 1][place]
            bound += sum([n * rest[c][t + 1] for c, n in waiting])
            if bound + sum([beta[c][p] for c, p in state.running]) > self.cutoff:
                return True
        followed = self.proof.followed
        return bool(followed and followed.exceeds(state.left, state.latency, state.running))

    def _wasteful(self, t: int, state: State) -> bool:
        """Whether some request that waits could have run to its end in step t + 1."""
        waiting = [kind for kind, n in zip(self.kinds, state.left) if n]
        ending = [(kind, t + 1 - kind.output) for kind in waiting]
        return any(p >= kind.arrival and self._fits(state, kind, p) for kind, p in ending)

    def _undominated(self, t: int, states: list[State]) -> list[State]:
        """Keep of states with the same requests started what no other one is as good as.

        Of several that are equally good any may be kept; the order is that of the packed search.
        """
        past = slice(max(0, t + 1 - self.longest), t + 2)
        states.sort(key=lambda s: (s.latency, s.held[: t + 1 : -1], s.held[past], s.running))
        kept: dict[tuple[int, ...], State] = {}  # by what they hold later
        for state in states:
            self.budget.tick(1 + len(kept))
            later = state.held[t + 2 :]
            if not any(all(map(le, other, later)) for other in kept):
                kept[later] = state
        return [*kept.values()]


def search_bound(proof: SearchProof, instance: Instance, budget: Budget) -> Fraction:
    """Return the least total below the target of a ``search`` proof, or the target if none is."""
    kinds = by_price(proof, instance, budget)
    if kinds is None:
        return Fraction(proof.target)
    first = proof.vectors[0].over(kinds)
    whole = PlainSearch(proof, kinds, instance.memory, budget).prospects(0, first)
    budget.give(whole.size)
    left = by_vector(proof, kinds, first, whole.paths[0].get((0, 0)))
    if left is None:
        return Fraction(proof.target)
    vectors = [(0, first), *((listed.since, listed.over(left)) for listed in proof.vectors[1:])]
    return Fraction(PlainSearch(proof, left, instance.memory, budget).run(vectors))
