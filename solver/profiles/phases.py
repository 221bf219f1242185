"""Walks over profiles phase by phase: of each step, the profiles of those classes that matter then.

A start that is worth its price ends within that time after the arrival: what costs no more than it
is worth is no latency beyond. So of each class profiles are needed from its arrival to then alone,
and there are far fewer where classes come and go than of all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.solver.dp.states import Words, packing_of
from kvproof.solver.model import Model
from kvproof.solver.profiles.bound import Table, fill, walk
from kvproof.solver.profiles.count import has_more
from kvproof.solver.profiles.links import links
from kvproof.solver.profiles.space import Places, Space, packed_space
from kvproof.solver.threads import Flag

# Bytes of a profile in a hash table, while it is found; of a packed word, its copy in a table of
# those of a phase, and what is left of it; and of what a way costs in a step, while it is summed.
_FOUND, _PACKED, _COST = 8, 32, 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Phase:
    """Some steps, and the profiles of the classes of which requests can matter in them.

    Parameters
    ----------
    begin, end
        The first step, and the one after the last.
    classes
        These classes, ascending.
    space
        Their profiles.
    link
        Which profile of the next phase each of these becomes: what holds the same, or no more.
    """

    begin: int
    end: int
    classes: Column
    space: Space
    link: Places

    @property
    def work(self) -> int:
        """How many arcs a row of each step looks at."""
        return (self.end - self.begin) * self.space.arcs

    @property
    def bytes(self) -> int:
        """What all of it takes."""
        steps = self.end - self.begin
        return _kept(self.space, steps) + _table(self.space, steps)


def phases_of(
    model: Model, classes: Column, until: Column, memory_bytes: int, flag: Flag
) -> tuple[Phase, ...] | None:
    """Return the phases, or None where profiles of one take too much memory, or `flag` is set.

    Parameters
    ----------
    classes
        Those of the model that are followed, ascending.
    until
        Of each the first step from which on none of it matters; after its arrival for some.
    memory_bytes
        What they and their tables may take.
    """
    spans = list(_spans(model.arrival[classes], until))
    parts = [model.part(classes[own]) for _, _, own in spans]
    if any(
        has_more(part, _most(part, end - begin, memory_bytes))
        for part, (begin, end, _) in zip(parts, spans, strict=True)
    ):
        return None
    found: list[tuple[Space, Words]] = []
    tables = packed = 0
    for part, (begin, end, _) in zip(parts, spans, strict=True):
        left = memory_bytes - max(tables, packed)
        most = _most(part, end - begin, left)
        one = packed_space(part, most, max(0, left // 8), most, flag)
        if one is None:
            return None
        memory_bytes -= _kept(one[0], end - begin)
        # what is packed is let go before a table is written to
        tables += _table(one[0], end - begin)
        packed += _PACKED * one[1].size
        found.append(one)
    if memory_bytes < max(tables, packed) or flag[0]:
        return None
    linked = []
    for k, (space, words) in enumerate(found[:-1]):
        place = {c: x for x, c in enumerate(spans[k + 1][2].tolist())}
        kept = np.array([place.get(c, -1) for c in spans[k][2].tolist()])
        link = links(space, words, found[k + 1][1], parts[k + 1], kept, flag)
        if link is None:
            return None
        linked.append(link)
    linked.append(np.zeros(found[-1][0].profiles, np.int32))
    return tuple(
        Phase(begin=begin, end=end, classes=classes[own], space=space, link=link)
        for (begin, end, own), (space, _), link in zip(spans, found, linked, strict=True)
    )


def _most(model: Model, steps: int, memory_bytes: int) -> int:
    """Return how many profiles find room at most: few have fewer arcs than two."""
    each = 4 * (steps + 1) + 12 + 2 * 8 + _FOUND + 8 * packing_of(model).words
    return max(0, memory_bytes // each)


def _kept(space: Space, steps: int) -> int:
    """Return what profiles, their links and arcs take, and what ways cost in so many steps."""
    return 12 * space.profiles + 8 * space.arcs + _COST * steps * len(space.ways)


def _table(space: Space, steps: int) -> int:
    return 4 * (steps + 1) * space.profiles


def _spans(arrival: Column, until: Column) -> Iterator[tuple[int, int, Column]]:
    """Yield runs of steps and the places of the classes that matter; what none does joins later."""
    edges = np.unique(np.concatenate(([0], arrival, until)))
    begin = 0
    for first, end in pairwise(edges.tolist()):
        own = np.flatnonzero((arrival <= first) & (first < until))
        if len(own):
            yield begin, end, own
            begin = end


class Tables:
    """What the cheapest walks cost, by phase; written anew for each cost of starts."""

    def __init__(self, phases: tuple[Phase, ...]) -> None:
        self.phases = phases
        self._tables = [
            np.zeros((phase.end - phase.begin + 1, phase.space.profiles), np.int32)
            for phase in phases
        ]

    def phase(self, t: int) -> Phase:
        """Return the phase of a step; the last one is for ever."""
        return next((one for one in self.phases if t < one.end), self.phases[-1])

    def row(self, t: int) -> Table:
        """Return what the cheapest walk still costs from each profile of the phase of a step."""
        phase = self.phase(t)
        table = self._tables[self.phases.index(phase)]
        row: Table = table[min(t - phase.begin, len(table) - 1)]
        return row

    @property
    def least(self) -> int:
        """What the cheapest walk costs."""
        return int(self._tables[0][0, 0])

    def write(self, costs: Column, deadline: float | None = None) -> Column | None:
        """Return what a cheapest walk starts, shape (classes, steps), or None where time is up.

        Parameters
        ----------
        costs
            Of a start of each class of the model, shape (classes, steps); what costs 0 or more is
            not taken.
        deadline
            On the clock of :func:`time.monotonic`.

        Raises
        ------
        LimitError
            Walks could earn more than 32 bits hold.
        """
        of_ways: list[Table] = []
        after = np.zeros(1, np.int32)
        for phase, table in zip(reversed(self.phases), reversed(self._tables), strict=True):
            table[-1] = after[phase.link]
            own = costs[phase.classes, phase.begin : phase.end].T
            filled = fill(phase.space, own, table, deadline)
            if filled is None:
                return None
            of_ways.append(filled)
            after = table[0]
        starts = np.zeros(costs.shape, np.int64)
        x = 0
        for phase, table, ways in zip(self.phases, self._tables, reversed(of_ways), strict=True):
            taken, x = walk(phase.space, ways, table, x)
            x = int(phase.link[x])
            starts[phase.classes, phase.begin : phase.end] = phase.space.ways[taken].T
        return starts
