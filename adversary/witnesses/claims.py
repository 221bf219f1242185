"""What a witness contradicts: theorems that are held to be true, and the user's own bound."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from math import inf

import numpy as np

from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses.expression import parse
from kvproof.adversary.witnesses.witness import Witness
from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.contradiction import contradictions, is_testable
from kvproof.bounds.domain import Traffic
from kvproof.bounds.theorem import Kind, Theorem
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import name_of
from kvproof.scheduling.words import counted, with_numbers

#: Random instances on one of which at least a bound must say something.
SAMPLES = 64


@dataclass(frozen=True, kw_only=True)
class RatioBound:
    """A bound on policy / OPT from above.

    Parameters
    ----------
    name
        Of the theorem, or the expression's text.
    at
        Returns its value on an instance; None where it claims nothing.
    """

    name: str
    at: Callable[[Instance], Fraction | None]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What is held against every witness.

    Parameters
    ----------
    policy, rule
        Whose cost the witnesses have, ``"strict"`` or ``"skip"``.
    theorems
        Those that do not speak of the policy, and refuted ones, are passed over.
    bound
        The user's bound, or None.
    shown
        What a report shows beside the best ratio: the user's bound, or else the theorem
        ``svf-ratio`` where it speaks of the policy; or None.
    """

    policy: str
    rule: str
    theorems: tuple[Theorem, ...]
    bound: RatioBound | None = None
    shown: RatioBound | None = None

    def violated(self, witness: Witness) -> str | None:
        """Return the name of a claim that the witness contradicts, or None."""
        if self.bound is not None:
            allowed = self.bound.at(witness.instance)
            if allowed is not None and witness.ratio > allowed:
                return self.bound.name
        found = contradictions(
            witness.instance,
            policy=self.policy,
            rule=self.rule,
            policy_total=witness.scheduled.total_latency,
            feasible_total=witness.feasible.total_latency,
            theorems=self.theorems,
        )
        first = next(found, None)
        return None if first is None else first.theorem

    def tested(self, instances: Iterable[Instance]) -> "Coverage":
        """Return on how many of the instances each claim says something."""
        bound, theorems = 0, dict.fromkeys((theorem.name for theorem in self.theorems), 0)
        for instance in instances:
            bound += self.bound is not None and self.bound.at(instance) is not None
            for theorem in self.theorems:
                theorems[theorem.name] += is_testable(
                    theorem, instance, policy=self.policy, rule=self.rule
                )
        return Coverage(
            bound=None if self.bound is None else bound,
            theorems={name: number for name, number in theorems.items() if number},
        )


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many witnesses each claim was held against.

    Parameters
    ----------
    bound
        The user's bound; None where there is none.
    theorems
        By name; those that spoke of no witness are left out.
    """

    bound: int | None
    theorems: dict[str, int]

    def in_words(self, violates: str | None, bound: RatioBound | None = None) -> list[str]:
        """Return a line on the user's bound, if there is one, and a line on the theorems.

        Parameters
        ----------
        violates
            Name of the claim that a witness contradicts, or None.
        bound
            The user's bound.
        """
        lines = []
        if bound is not None and self.bound is not None:
            broken = "BROKEN" if violates == bound.name else "not broken"
            on = counted(self.bound, "witness", "witnesses")
            lines.append(f"Bound tested on {on}, {broken}: {bound.name}")
        if self.theorems:
            broken = f"BROKEN: {violates}; all" if violates in self.theorems else "not broken"
            on = counted(max(self.theorems.values()), "witness", "witnesses")
            lines.append(f"Theorems tested on {on}, {broken}: {with_numbers(self.theorems)}")
        return lines or ["No theorem was tested: none speaks of what was found."]


def added(parts: Iterable[Coverage]) -> Coverage:
    """Return the theorems' numbers of several searches without a bound of the user's, added up."""
    theorems: Counter[str] = Counter()
    for part in parts:
        theorems.update(part.theorems)
    return Coverage(bound=None, theorems=dict(theorems))


def make_claims(
    objective: Objective, bound: str | None, theorems: tuple[Theorem, ...] = THEOREMS
) -> Claims:
    """Return what is held against the witnesses of a search.

    Parameters
    ----------
    objective
        The policy and the space of the search.
    bound
        The name of a theorem on ratios, an expression, or None.
    theorems
        What is held to be true.

    Raises
    ------
    InputError
        The bound is neither theorem nor expression, or could not be tested in this search.
    """
    # a theorem speaks of no other policy of the name
    policy, rule = name_of(objective.policy), "skip" if objective.skip else "strict"
    by_name = {theorem.name: theorem for theorem in theorems}
    shown = None
    if bound is not None:
        shown = _of_theorem(by_name[bound]) if bound in by_name else _of_expression(bound)
        _check_that_it_applies(shown, by_name.get(bound), objective, rule)
    elif "svf-ratio" in by_name and by_name["svf-ratio"].domain.covers_policy(policy, rule):
        shown = _of_theorem(by_name["svf-ratio"])
    return Claims(policy=policy, rule=rule, theorems=theorems,
                  bound=None if bound is None else shown, shown=shown)  # fmt: skip


def _of_theorem(theorem: Theorem) -> RatioBound:
    ratio = theorem.ratio
    if theorem.kind is not Kind.RATIO_AT_MOST or ratio is None:
        raise InputError(
            f"theorem {theorem.name!r} gives no number that bounds a ratio from above; it says: "
            f"{theorem.kind}"
        )

    def at(instance: Instance) -> Fraction | None:
        value = ratio(instance) if theorem.domain.covers(instance) else inf
        return None if value == inf else Fraction(value)

    return RatioBound(name=theorem.name, at=at)


def _of_expression(text: str) -> RatioBound:
    try:
        expression = parse(text)
    except InputError as error:
        near = get_close_matches(text, [theorem.name for theorem in THEOREMS], n=3)
        hint = f"; theorems near it: {', '.join(near)}" if near else ""
        raise InputError(f"{error}{hint}") from error
    return RatioBound(name=text, at=expression.value)


def _check_that_it_applies(
    bound: RatioBound, theorem: Theorem | None, objective: Objective, rule: str
) -> None:
    """Refuse a bound that no witness of the search could break."""
    space, policy = objective.space, name_of(objective.policy)
    if theorem is not None and not theorem.domain.covers_policy(policy, rule):
        raise InputError(
            f"bound {bound.name} does not speak of {policy} ({rule}); it is about: {theorem.domain}"
        )
    if theorem is not None and theorem.domain.traffic is not Traffic.ARRIVALS and space.span:
        raise InputError(
            f"bound {bound.name} does not speak of arrivals over time; it is about: "
            f"{theorem.domain}"
        )
    genomes = sample(space, SAMPLES, np.random.Generator(np.random.PCG64(0)))
    if all(bound.at(space.instance(genome)) is None for genome in genomes):
        why = "it divides by 0" if theorem is None else f"it is about: {theorem.domain}"
        raise InputError(f"bound {bound.name} has no value on {SAMPLES} instances tried: {why}")
