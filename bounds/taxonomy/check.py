"""One verdict per case: the proofs behind its bounds, checked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.bounds.proof.check import worst
from kvproof.bounds.proof.steps import StepResult, StepVerdict
from kvproof.bounds.taxonomy.cases import CASES, Case
from kvproof.bounds.taxonomy.graph import CAPS, Inconsistency, Taxonomy
from kvproof.bounds.theorem import Status, Theorem


@dataclass(frozen=True, kw_only=True)
class CaseVerdict:
    """What the checks say about a case.

    Parameters
    ----------
    case
        The case.
    theorems
        Names of the theorems behind its bounds and values, and of those they use.
    verdicts
        How many proof steps have each verdict.
    claimed
        Those theorems that are claimed by a paper or proved by hand only: name and status.
    inconsistencies
        Where its bounds cross.
    bounded
        Whether some theorem bounds its ratio; otherwise its theorems are values of the fluid
        model only.
    """

    case: Case
    theorems: tuple[str, ...]
    verdicts: dict[str, int]
    claimed: dict[str, str]
    inconsistencies: tuple[Inconsistency, ...]
    bounded: bool = True

    @property
    def rejected(self) -> bool:
        """Whether some step is false."""
        return StepVerdict.REJECTED in self.verdicts

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.inconsistencies:
            return "INCONSISTENT"
        if self.rejected:
            return "REJECTED"
        if not self.theorems:
            return "nothing is claimed"
        if self.verdicts.get(StepVerdict.UNDECIDED):
            return "undecided"
        words = self.verdicts.get(StepVerdict.ARGUED, 0)
        if not self.verdicts.get(StepVerdict.PASSED):
            return f"in words only ({words})" if words else "not reproduced"
        text = f"passed, {words} in words" if words else "passed"
        if not self.bounded:
            return f"fluid value only: {text}"
        return f"{text}; rests on claims" if self.claimed else text


def check_cases(taxonomy: Taxonomy) -> tuple[CaseVerdict, ...]:
    """Check every proof that some case rests on, each once."""
    crossed: dict[Case, list[Inconsistency]] = {}
    for one in taxonomy.inconsistencies():
        crossed.setdefault(one.case, []).append(one)
    found = []
    for case in CASES:
        behind = _behind(taxonomy, case)
        counts: Counter[str] = Counter()
        for theorem in behind:
            counts.update(str(result.verdict) for result in _results(theorem.name, theorem))
        found.append(
            CaseVerdict(
                case=case,
                theorems=tuple(theorem.name for theorem in behind),
                verdicts=dict(counts),
                claimed={t.name: str(t.status) for t in behind if t.status is not Status.PROVED},
                inconsistencies=tuple(crossed.get(case, ())),
                bounded=any(_bounds(taxonomy, case)),
            )
        )
    return tuple(found)


def check_others(cases: tuple[CaseVerdict, ...]) -> dict[str, StepVerdict]:
    """Check the proofs that no case rests on: bounds that others beat, certificates, lemmas."""
    behind = {name for case in cases for name in case.theorems}
    return {
        theorem.name: worst(_results(theorem.name, theorem))
        for theorem in THEOREMS
        if theorem.proof is not None and theorem.name not in behind
    }


@cache
def _results(name: str, theorem: Theorem) -> tuple[StepResult, ...]:
    return theorem.check()


def _behind(taxonomy: Taxonomy, case: Case) -> list[Theorem]:
    """Return what the case's bounds rest on, by name: the sources, and what they use."""
    pending: list[Theorem] = [*taxonomy.values[case], *_bounds(taxonomy, case)]
    seen: dict[str, Theorem] = {}
    while pending:
        theorem = pending.pop()
        if theorem.name not in seen:
            seen[theorem.name] = theorem
            pending += _used(theorem)
    return [seen[name] for name in sorted(seen)]


def _bounds(taxonomy: Taxonomy, case: Case) -> Iterable[Theorem]:
    """Yield the theorems that bound the case's ratio at some cap."""
    for cap in CAPS:
        known = taxonomy.known(case, cap)
        yield from (s.theorem for s in (known.lower, known.upper) if s.theorem is not None)


def _used(theorem: Theorem) -> Iterable[Theorem]:
    return (find(name) for name in theorem.uses)
