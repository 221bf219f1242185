"""A theorem as an object: it can be printed, evaluated, checked and contradicted."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from importlib import import_module

from kvproof.bounds.domain import Domain
from kvproof.bounds.proof.steps import Step, StepResult
from kvproof.scheduling.instance import Instance

#: A bound that may be infinite; only ``math.inf`` is ever a float.
Bound = Fraction | float


class Kind(StrEnum):
    """What a theorem says."""

    LEMMA = "lemma"
    OPT_AT_LEAST = "OPT is at least"
    TOTAL_AT_MOST = "the policy's total is at most"
    RATIO_AT_MOST = "policy / OPT is at most"
    RATIO_AT_LEAST = "the worst policy / OPT is at least"
    VALUE = "a quantity equals"


class Status(StrEnum):
    """What stands behind a theorem.

    PROVED means: the proof is given in full, and every formula in its steps is decided exactly.
    Most proofs also have steps in words (what a policy does, what is feasible, how the formulas
    combine); those are to be read, no machine has checked them.
    """

    PROVED = "proved here"
    HAND = "hand proof, not checked"
    OBSERVED = "observed on instances, no proof"
    CLAIMED = "claimed by a paper, not reproduced"
    CONJECTURE = "conjecture"
    REFUTED = "refuted"


class EvidenceKind(StrEnum):
    """What else has been done to check a theorem."""

    SYMBOLIC = "checked symbolically"
    EXHAUSTED = "verified by exhaustion"
    WITNESSED = "witnesses simulated and certified"
    SIMULATED = "cross-checked by simulation"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One check of a theorem: its kind, and in detail what was covered."""

    kind: EvidenceKind
    detail: str


@dataclass(frozen=True, kw_only=True)
class Theorem:
    """A statement about policies or OPT.

    Parameters
    ----------
    name, title
        ``"svf-backlog"``, and a line of what it is.
    kind
        What is bounded, and from which side.
    statement, latex
        In words (plain text), and in LaTeX (math mode, without dollars).
    domain
        Where it holds.
    source
        Paper and section, or "here".
    status
        PROVED only with steps whose every formula is decided exactly; see :class:`Status`.
    total
        The bound as a number of steps, for kinds OPT_AT_LEAST and TOTAL_AT_MOST; exact.
    ratio
        The bound on policy / OPT for one instance, for RATIO_AT_MOST.
    constant
        For a cap e on eps: the bound on the worst ratio over all instances with eps <= e.
        ``constant(0)`` is the limit e -> 0. None where the theorem gives none at that cap.
    evidence
        Further checks.
    uses
        Names of the theorems that the proof rests on.
    proof
        ``"module:function"`` that returns the steps; loaded only when the proof is looked at.
    """

    name: str
    title: str
    kind: Kind
    statement: str
    latex: str
    domain: Domain
    source: str
    status: Status
    total: Callable[[Instance], Fraction] | None = None
    ratio: Callable[[Instance], Bound] | None = None
    constant: Callable[[Fraction], Bound | None] | None = None
    evidence: tuple[Evidence, ...] = ()
    uses: tuple[str, ...] = ()
    proof: str | None = None

    def steps(self) -> tuple[Step, ...]:
        """Return the steps of the proof; none where there is no proof here."""
        if self.proof is None:
            return ()
        module, _, function = self.proof.partition(":")
        steps: tuple[Step, ...] = getattr(import_module(module), function)()
        return steps

    def check(self) -> tuple[StepResult, ...]:
        """Check every step of the proof."""
        from kvproof.bounds.proof.check import check_proof  # brings sympy along

        return check_proof(self.steps())

    def applies(self, instance: Instance, policy: str = "opt", rule: str = "strict") -> bool:
        """Whether this policy, rule and instance are in the theorem's domain.

        What the statement of a lemma asks for besides is not tested.
        """
        return self.domain.covers_policy(policy, rule) and self.domain.covers(instance)
