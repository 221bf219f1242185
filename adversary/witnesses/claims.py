"""What a witness contradicts: theorems that are held to be true, and the user's own bound."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

from kvproof.adversary.witnesses.expression import Expression, parse
from kvproof.adversary.witnesses.witness import Witness
from kvproof.bounds.contradiction import contradictions
from kvproof.bounds.theorem import Kind, Theorem
from kvproof.bounds.theorems import THEOREMS
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What is held against every witness.

    Parameters
    ----------
    theorems
        Theorems; those that do not speak of the policy, and refuted ones, are passed over.
    conjecture
        The user's bound on policy / OPT, or None.
    shown
        The bound that a report shows beside what was found, or None.
    """

    theorems: tuple[Theorem, ...] = field(default=THEOREMS)
    conjecture: Expression | None = None
    shown: Theorem | None = None

    def violated(self, witness: Witness) -> str | None:
        """Return the name of a claim that the witness contradicts, or None."""
        if self.conjecture is not None:
            allowed = self.conjecture.value(witness.instance)
            if allowed is not None and witness.ratio > allowed:
                return self.conjecture.text
        found = contradictions(
            witness.instance,
            policy=witness.policy.name,
            rule="skip" if witness.skip else "strict",
            policy_total=witness.scheduled.total_latency,
            feasible_total=witness.feasible.total_latency,
            theorems=self.theorems,
        )
        first = next(iter(found), None)
        return None if first is None else first.theorem

    def allowed(self, instance: Instance, policy: str, rule: str) -> Fraction | None:
        """Return what the shown bound allows the ratio to be on an instance."""
        if self.conjecture is not None:
            return self.conjecture.value(instance)
        theorem = self.shown
        if theorem is None or theorem.ratio is None or not theorem.applies(instance, policy, rule):
            return None
        bound = theorem.ratio(instance)
        return None if bound == inf else Fraction(bound)


def claims(text: str | None, theorems: tuple[Theorem, ...] = THEOREMS) -> Claims:
    """Return the claims for ``--bound``: the name of a theorem on ratios, or an expression.

    Raises
    ------
    InputError
        It is neither.
    """
    by_name = {theorem.name: theorem for theorem in theorems}
    if text is None:
        return Claims(theorems=theorems, shown=by_name.get("svf-ratio"))
    if text in by_name:
        theorem = by_name[text]
        if theorem.kind is not Kind.RATIO_AT_MOST or theorem.ratio is None:
            raise InputError(f"theorem {text!r} does not bound a ratio from above; it says: "
                             f"{theorem.kind}")  # fmt: skip
        return Claims(theorems=theorems, shown=theorem)
    return Claims(theorems=theorems, conjecture=parse(text))


Predicate = Callable[[Witness], bool]


def keeps_violating(held: Claims, name: str) -> Predicate:
    """Return whether a smaller witness still contradicts the same claim."""
    return lambda witness: held.violated(witness) == name
