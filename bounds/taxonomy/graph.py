"""The graph of cases with its bounds, closed under implication.

An edge goes from a special case to a more general one. An upper bound holds for everything below
it, a lower bound for everything above; where they cross, something is wrong, and the path from
the one to the other says what.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import networkx as nx

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.taxonomy.cases import BATCH, BEST, CASES, Case, implications
from kvproof.bounds.theorem import Bound, Kind, Status, Theorem
from kvproof.scheduling.paced import Shape

#: Caps on eps at which bounds are compared; 0 stands for the limit eps -> 0.
CAPS = (
    Fraction(0), Fraction(1, 64), Fraction(1, 32), Fraction(1, 16), Fraction(1, 8),
    Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(4, 5),
    Fraction(9, 10), Fraction(1),
)  # fmt: skip

#: What may enter the closure: conjectures and refuted claims may not.
ACCEPTED = (Status.PROVED, Status.HAND, Status.CLAIMED)


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """A bound at some case: where it comes from, and along which cases."""

    value: Bound
    theorem: Theorem | None
    path: tuple[Case, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """The best bounds of a case at one cap."""

    lower: Sourced
    upper: Sourced

    @property
    def consistent(self) -> bool:
        """Whether the lower bound is not above the upper."""
        return self.lower.value <= self.upper.value


@dataclass(frozen=True, kw_only=True)
class Inconsistency:
    """A case whose lower bound exceeds its upper bound at a cap.

    Parameters
    ----------
    case, cap
        Where.
    lower, upper
        The two bounds; ``lower.path`` ends at the case and ``upper.path`` begins there.
    """

    case: Case
    cap: Fraction
    lower: Sourced
    upper: Sourced

    def __str__(self) -> str:
        path = [*self.lower.path, *self.upper.path[1:]]
        names = [s.theorem.name if s.theorem else "1" for s in (self.lower, self.upper)]
        return (
            f"{self.case}, eps <= {self.cap}: lower bound {float(self.lower.value):.6g} "
            f"({names[0]}) exceeds upper bound {float(self.upper.value):.6g} ({names[1]}), along "
            + " -> ".join(map(str, path))
        )


class Taxonomy:
    """The cases, their implications, and the theorems attached to them.

    Parameters
    ----------
    theorems
        Those to attach; by default all. Only constants of accepted status are used.
    """

    def __init__(self, theorems: Iterable[Theorem] = THEOREMS) -> None:
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(CASES)
        self.graph.add_edges_from(implications())
        self.attached: dict[Case, list[Theorem]] = {case: [] for case in CASES}
        self.values: dict[Case, list[Theorem]] = {case: [] for case in CASES}
        for theorem in theorems:
            for case in CASES:
                if not covers(theorem, case):
                    continue
                if theorem.kind is Kind.VALUE:
                    self.values[case].append(theorem)
                elif theorem.constant is not None and theorem.status in ACCEPTED:
                    self.attached[case].append(theorem)

    def known(self, case: Case, cap: Fraction) -> Known:
        """Return the best bounds of a case over instances with eps <= cap."""
        lower = Sourced(value=Fraction(1), theorem=None, path=(case,))
        for special in _in_order(case, nx.ancestors(self.graph, case)):
            for value, theorem in self._at(special, cap, Kind.RATIO_AT_LEAST):
                if value > lower.value:
                    path = tuple(nx.shortest_path(self.graph, special, case))
                    lower = Sourced(value=value, theorem=theorem, path=path)
        upper = Sourced(value=math.inf, theorem=None, path=(case,))
        for general in _in_order(case, nx.descendants(self.graph, case)):
            for value, theorem in self._at(general, cap, Kind.RATIO_AT_MOST):
                if value < upper.value:
                    path = tuple(nx.shortest_path(self.graph, case, general))
                    upper = Sourced(value=value, theorem=theorem, path=path)
        return Known(lower=lower, upper=upper)

    def inconsistencies(self) -> list[Inconsistency]:
        """Return every case and cap at which the bounds cross."""
        found = []
        for case in CASES:
            for cap in CAPS:
                known = self.known(case, cap)
                if not known.consistent:
                    found.append(
                        Inconsistency(case=case, cap=cap, lower=known.lower, upper=known.upper)
                    )
        return found

    def _at(self, case: Case, cap: Fraction, kind: Kind) -> Iterable[tuple[Bound, Theorem]]:
        for theorem in self.attached[case]:
            if theorem.kind is kind and theorem.constant is not None:
                value = theorem.constant(cap)
                if value is not None:
                    yield value, theorem


def _in_order(case: Case, others: set[Case]) -> list[Case]:
    """Return the case itself, then the same policy's, then the others, always in one order."""
    same = sorted(CASES, key=lambda other: other.policy != case.policy)
    return [case, *(other for other in same if other in others)]


def covers(theorem: Theorem, case: Case) -> bool:
    """Whether a theorem speaks of exactly this case (what follows is the closure's work)."""
    domain = theorem.domain
    if domain.traffic is not case.traffic or domain.shape is not Shape.ANY:
        return False
    if case.policy == BEST:
        who = "best" if theorem.kind is Kind.RATIO_AT_MOST else "any"
        return domain.policy == who and domain.information is case.information
    if domain.policy == "each":
        return case.policy not in BATCH  # they are not built here
    return domain.policy == case.policy and domain.rule in (None, case.rule)
