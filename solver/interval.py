"""What a solve has proved so far: an interval for OPT that engines narrow in turns."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kvproof.certificates.lower_bounds import best_bound
from kvproof.certificates.prices import solves_programme
from kvproof.certificates.proofs import Proof, TailProof
from kvproof.scheduling.exact import Column
from kvproof.solver.model import Model
from kvproof.solver.result import Limit
from kvproof.solver.windows import LP_ENTRIES

#: Called with (best total or None, proved lower bound).
IntervalProgress = Callable[[int | None, int | None], None]


@dataclass(kw_only=True)
class Interval:
    """What is proved so far: ``lower <= OPT <= upper`` with the starts behind `upper`.

    `proof` is of `lower`, or None; `kept` is the highest bound with a proof, and that.
    """

    lower: int
    upper: int
    starts: Column
    proof: Proof | None = None
    engine: str = "price"
    limit: Limit | None = None
    states: int = 0
    message: str | None = None
    kept: tuple[Fraction, Proof] | None = None

    def __post_init__(self) -> None:
        """Keep the first proof."""
        if self.kept is None and self.proof is not None:
            self.keep(Fraction(self.lower), self.proof)

    def closed(self) -> bool:
        """Whether the interval is one point."""
        return self.lower >= self.upper

    def raise_lower(
        self,
        bound: Fraction | int,
        proof: Proof | None,
        engine: str,
        *,
        replace_equal: bool = False,
    ) -> None:
        """Take a bound, with its proof or without, where it is above that so far, or as high.

        OPT is an integer, so it is at least the next one.
        """
        if proof is not None:
            self.keep(Fraction(min(bound, self.upper)), proof)
        bound = math.ceil(bound)
        if bound > self.lower or (replace_equal and bound == self.lower):
            # the bound last: should Ctrl-C strike in between, the proof proves more than is claimed
            self.proof = proof
            self.engine = engine
            self.lower = min(bound, self.upper)

    def keep(self, bound: Fraction, proof: Proof) -> None:
        """Keep the proof of a bound above those that have one so far."""
        if self.kept is None or bound > self.kept[0]:
            self.kept = bound, proof


def known(model: Model, upper: int, starts: Column, *, groups: bool = True) -> Interval:
    """Return the interval of a schedule, listed class by class, and of bounds without search.

    Without `groups` as :func:`~kvproof.certificates.lower_bounds.best_bound`.
    """
    instance = model.instance()
    tails = not solves_programme(instance, LP_ENTRIES)
    bound = best_bound(instance, tails=tails, groups=groups)
    lower = min(upper, math.ceil(bound.value))
    proof = bound.proof
    if isinstance(proof, TailProof):  # cuts are listed as the requests of the instance are
        cuts = np.empty_like(proof.cuts)
        cuts[np.concatenate(model.members)] = proof.cuts
        proof = TailProof(cuts=cuts)
    return Interval(
        lower=lower, upper=upper, starts=starts, proof=proof, engine=str(bound.kind),
        kept=(bound.value, proof),
    )  # fmt: skip
