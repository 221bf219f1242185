"""Proofs of lower bounds on OPT: what the ``lower_bound`` object of a certificate holds.

Each is one kind of docs/certificates.md. Nothing in them is trusted: the independent checker
computes the bound that a proof proves, whatever whoever made it says.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from kvproof.certificates.opt.staggered import Group
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.exact import Integers


class BoundKind(StrEnum):
    """Bounds that are computed for any instance, without a search through schedules."""

    OUTPUTS = "outputs"
    VOLUME = "volume"
    CENTROID = "centroid"
    DISCRETE_CENTROID = "discrete-centroid"
    TAIL_CENTROID = "tail-centroid"
    STAGGERED = "staggered"
    PRICE = "price"


class Proof(Protocol):
    """A proof that OPT is at least something."""

    @property
    def kind(self) -> str:
        """Its name in docs/certificates.md."""

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""


@dataclass(frozen=True, kw_only=True)
class FormulaProof:
    """Outputs, volume, centroids: the instance alone is the proof."""

    kind: BoundKind

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate.

        The format has no kind for what another one proves as well: the outputs are the value of
        no prices at all, and the centroid in continuous time is never above the discrete one.
        """
        if self.kind is BoundKind.OUTPUTS:
            return {"kind": BoundKind.PRICE, "denominator": 1, "prices": []}
        centroid = self.kind is BoundKind.CENTROID
        return {"kind": BoundKind.DISCRETE_CENTROID if centroid else self.kind}


@dataclass(frozen=True, kw_only=True, eq=False)
class TailProof:
    """How many tokens of each request are left out of its centroid."""

    cuts: Integers
    kind: BoundKind = field(default=BoundKind.TAIL_CENTROID, init=False)

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TailProof) and np.array_equal(self.cuts, other.cuts)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {"kind": self.kind, **runs("cuts", self.cuts)}


@dataclass(frozen=True, kw_only=True)
class StaggeredProof:
    """Which requests' completions are staggered."""

    group: Group
    kind: BoundKind = field(default=BoundKind.STAGGERED, init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {"kind": self.kind, **asdict(self.group)}


def runs(name: str, column: Integers) -> dict[str, Any]:
    """Write a column with one entry per request, with counts where many neighbours are equal."""
    first = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    if 2 * len(first) > len(column):
        return {name: column.tolist()}
    return {name: column[first].tolist(), "count": np.diff(first, append=len(column)).tolist()}


@dataclass(frozen=True, kw_only=True)
class PriceProof:
    """A price for each step's memory; every request pays at least its cheapest start."""

    prices: Prices
    kind: BoundKind = field(default=BoundKind.PRICE, init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {
            "kind": self.kind,
            "denominator": self.prices.denominator,
            "prices": self.prices.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Multipliers:
    """What the states of a layered search pay: one vector of a search proof.

    Parameters
    ----------
    since
        The first step whose states it may bound.
    unit
        What all numbers are multiples of.
    start, end
        For each class and allowed start that matters, as differences in zigzag code.
    """

    since: int
    unit: int
    start: tuple[int, ...]
    end: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the vector as a certificate carries it."""
        return {
            "since": self.since,
            "unit": self.unit,
            "start": list(self.start),
            "end": list(self.end),
        }


@dataclass(frozen=True, kw_only=True)
class FollowedClasses:
    """What bounds the states of a search by the profiles of some classes.

    Parameters
    ----------
    classes
        The places of these classes, ascending.
    worth
        Of a start of each, over the denominator of the prices.
    prices
        Of memory.
    until
        Of each the first step in which it is not followed any more, or None where they all are
        until their worth has passed.
    """

    classes: tuple[int, ...]
    worth: tuple[int, ...]
    prices: Prices
    until: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as a certificate carries it."""
        return {
            "classes": list(self.classes),
            "worth": list(self.worth),
            "denominator": self.prices.denominator,
            "prices": self.prices.to_json(),
            **({} if self.until is None else {"until": list(self.until)}),
        }


@dataclass(frozen=True, kw_only=True)
class SearchProof:
    """A search through all schedules below `target`, layer by layer, that finds none.

    Parameters
    ----------
    target
        OPT is at least this, or the least total that the search meets below it.
    scale
        Denominator of the multipliers.
    prices
        Prices that leave each request few starts.
    vectors
        Multipliers, the first over all those starts.
    layers
        ``(length, vectors)``: in each of the next `length` steps the vectors of these indices
        bound the states.
    followed
        What else bounds them, or None.
    """

    target: int
    scale: int
    prices: Prices
    vectors: tuple[Multipliers, ...]
    layers: tuple[tuple[int, tuple[int, ...]], ...]
    followed: FollowedClasses | None = None
    kind: str = field(default="search", init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {
            "kind": self.kind,
            "target": self.target,
            "scale": self.scale,
            "denominator": self.prices.denominator,
            "prices": self.prices.to_json(),
            "vectors": [vector.to_json() for vector in self.vectors],
            "layers": [
                {"length": length, "vectors": list(vectors)} for length, vectors in self.layers
            ],
            **({} if self.followed is None else {"followed": self.followed.to_json()}),
        }


@dataclass(frozen=True, kw_only=True)
class BranchProof:
    """A tree of splits of start windows whose leaves some price vector closes.

    Parameters
    ----------
    target
        OPT is at least this.
    denominator
        Of the prices.
    vectors
        Prices, all over `denominator`.
    tree
        The tree as the stream of docs/certificates.md.
    """

    target: int
    denominator: int
    vectors: tuple[Prices, ...]
    tree: tuple[int, ...]
    kind: str = field(default="branch", init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {
            "kind": self.kind,
            "target": self.target,
            "denominator": self.denominator,
            "vectors": [prices.to_json() for prices in self.vectors],
            "tree": list(self.tree),
        }


@dataclass(frozen=True, kw_only=True)
class ProfilesProof:
    """A search through all schedules below `target`, bounded by a table over profiles.

    Parameters
    ----------
    target
        OPT is at least this, or the least total that the search meets below it.
    scale
        Denominator of the prices.
    prices
        For each class, what a start of it is worth in the table.
    """

    target: int
    scale: int
    prices: tuple[int, ...]
    kind: str = field(default="profiles", init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        return {
            "kind": self.kind,
            "target": self.target,
            "scale": self.scale,
            "prices": list(self.prices),
        }


@dataclass(frozen=True, kw_only=True)
class PartsProof:
    """A proof for each part of an instance, cut by arrival.

    Parameters
    ----------
    until
        Steps, ascending: a part are the requests that arrive before one, and not before the one
        before it; the last are those that arrive from the last step on.
    parts
        One proof each, in order; none is one by parts.
    """

    until: tuple[int, ...]
    parts: tuple[Proof, ...]
    kind: str = field(default="parts", init=False)

    def to_json(self) -> dict[str, Any]:
        """Return the ``lower_bound`` object of a certificate."""
        parts = [proof.to_json() for proof in self.parts]
        return {"kind": self.kind, "until": list(self.until), "parts": parts}
