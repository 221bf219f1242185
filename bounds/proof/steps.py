"""The steps of a proof, as data: claims in plain text over stated domains.

A step is text, so that the same object is printed, put into ``docs/theory.md`` and checked. The
text is parsed by sympy only when a step is checked (:mod:`kvproof.bounds.proof.check`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class StepVerdict(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    ARGUED = "argued in words"
    UNDECIDED = "undecided"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """A step's verdict.

    Parameters
    ----------
    verdict
        Only PASSED means that the claim was decided exactly.
    method
        How it was decided, in a few words.
    counterexample
        For a rejected step: a point (symbol to exact value, as text) where the claim is false.
    """

    verdict: StepVerdict
    method: str
    counterexample: dict[str, str] | None = None


@dataclass(frozen=True)
class Identity:
    """``left == right`` wherever both are defined; decided by exact simplification.

    Parameters
    ----------
    claim
        The equation. ``Integral``, ``Sum``, ``Limit`` and ``Derivative`` are carried out.
    why
        What the step is for.
    positive, integers
        Symbols that are positive reals, or positive integers; the others are real.
    """

    claim: str
    why: str
    positive: str = ""
    integers: str = ""

    @property
    def sides(self) -> tuple[str, str]:
        """Left and right side."""
        left, right = self.claim.split("==")
        return left.strip(), right.strip()


@dataclass(frozen=True)
class Inequality:
    """``left >= right`` (or ``>``) on a box or staircase of ranges; decided by exact algebra.

    It passes only if no range can be empty and every denominator that is written, in the claim
    or in a range, is shown not to vanish: 0/0 is not 1.

    Parameters
    ----------
    claim
        A rational inequality, with one of ``>= > <= <``.
    over
        One range for each symbol, in an order in which the ends of a range use only symbols
        before it: ``"1 <= d"``, ``"d <= m"``, ``"0 <= e < 1"``.
    why
        What the step is for.
    integers
        Symbols that take only integer values: a counterexample must then be integral there.
    """

    claim: str
    over: tuple[str, ...]
    why: str
    integers: str = ""

    @property
    def sides(self) -> tuple[str, str, bool]:
        """The side that is claimed to be larger, the smaller one, and whether strictly."""
        left, relation, right = re.split(r"(>=|<=|>|<)", self.claim)
        if relation[0] == "<":
            left, right = right, left
        return left.strip(), right.strip(), len(relation) == 1


@dataclass(frozen=True)
class Argument:
    """A part of a proof that is words: read it; no machine has checked it."""

    why: str

    @property
    def claim(self) -> str:
        """Nothing is stated in symbols."""
        return ""


@dataclass(frozen=True)
class Computation:
    """A claim that a program settles exactly, such as the ratio of a simulated instance.

    Parameters
    ----------
    claim
        What is claimed.
    why
        What the step is for.
    run
        Returns whether the claim holds, and what was found.
    """

    claim: str
    why: str
    run: Callable[[], tuple[bool, str]] = field(repr=False)


Step = Identity | Inequality | Argument | Computation
