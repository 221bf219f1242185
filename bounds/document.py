"""Write ``docs/theory.md`` from the theorem objects: ``make theory``.

``--pictures FOLDER`` draws the frontier and the graph of cases anew.
"""

import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.bounds.catalogue.no_constant import CERTIFIED
from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.catalogue.simulated import SIMULATED
from kvproof.bounds.domain import Domain
from kvproof.bounds.families import measure, random_waves, tight_separators, waves
from kvproof.bounds.formal.statements import PARTS, statement_of
from kvproof.bounds.proof.steps import Computation, Step, StepResult, StepVerdict
from kvproof.bounds.prose import INTRODUCTION, SECTIONS, Section
from kvproof.bounds.runs import merged
from kvproof.bounds.taxonomy.graph import Taxonomy
from kvproof.bounds.taxonomy.summary import summaries
from kvproof.bounds.taxonomy.text import SHOWN
from kvproof.bounds.theorem import EvidenceKind, Kind, Status, Theorem
from kvproof.scheduling.exact import decimal

#: Words of a step longer than this are written once, and referred to after that.
LONG = 200


def document() -> str:
    """Return the page; every proof is checked on the way."""
    shared = _shared()
    said_before: dict[str, str] = {}
    parts = [INTRODUCTION, _checks(shared)]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n\n{section.text}")
        if section.title == "How bad strict SVF can be":
            parts.append(_witnesses())
        usual = _usual(section)
        if usual is not None:
            parts.append(f"Unless said otherwise, for: {usual}.\n")
        parts += [_theorem(find(name), usual, shared, said_before) for name in section.theorems]
    parts.append(_cases())
    return "\n".join(parts)


#: What is bounded, as the introduction explains it.
_SAYS = {
    Kind.LEMMA: "lemma",
    Kind.OPT_AT_LEAST: "OPT >=",
    Kind.TOTAL_AT_MOST: "total <=",
    Kind.RATIO_AT_MOST: "ratio <=",
    Kind.RATIO_AT_LEAST: "ratio >=",
    Kind.VALUE: "value",
}

#: What was done besides a proof, in words, and its mark where several theorems share it.
Shared = dict[str, str]


def _checks_of(theorem: Theorem) -> list[str]:
    """Say what has been done besides the steps, a text for each kind of evidence."""
    kinds: dict[EvidenceKind, list[str]] = {}
    for evidence in theorem.evidence:
        if evidence not in (SYMBOLIC, CERTIFIED):  # the introduction says these of all
            kinds.setdefault(evidence.kind, []).append(evidence.detail)
    return [f"{kind}: {'; '.join(details)}" for kind, details in kinds.items()]


def _shared() -> Shared:
    counts = Counter(check for theorem in THEOREMS for check in _checks_of(theorem))
    several = [check for check, count in counts.items() if count > 1]
    return {check: f"C{number}" for number, check in enumerate(several, 1)}


def _checks(shared: Shared) -> str:
    rows = [f"- **{mark}**: {check}." for check, mark in shared.items()]
    return "\n".join(["What was done besides for several theorems:\n", *rows]) + "\n"


def _usual(section: Section) -> Domain | None:
    """Return the domain that most theorems of a section have, if more than one has it."""
    domains = Counter(find(name).domain for name in section.theorems)
    domain, count = domains.most_common(1)[0]
    return domain if count > 1 else None


def _theorem(
    theorem: Theorem, usual: Domain | None, shared: Shared, said_before: dict[str, str]
) -> str:
    said = [f"*{_SAYS[theorem.kind]}*"]
    if theorem.status is not Status.PROVED:
        said.insert(0, f"**{_capital(theorem.status)}**")
    if theorem.source != "here":
        said.append(f"source: {theorem.source}")
    if theorem.domain != usual:
        said.append(f"for: {theorem.domain}")
    if theorem.uses:
        said.append("uses " + ", ".join(f"`{name}`" for name in theorem.uses))
    if (proved := statement_of(theorem.name)) is not None:
        part = f" ({PARTS[proved.name]})" if proved.name in PARTS else ""
        said.append(f"[Coq](proof.md#{proved.name}){part}")
    checks = _checks_of(theorem)
    said += [shared[check] for check in checks if check in shared]
    lines = [
        f"### {theorem.title} (`{theorem.name}`)\n",
        f"{theorem.statement}\n",
        f"$${theorem.latex}$$\n",
        "; ".join(said) + ".",
        *(f"{_capital(check)}." for check in checks if check not in shared),
        "",
    ]
    lines += _proof(theorem, said_before)
    return "\n".join(lines).rstrip() + "\n"


def _proof(theorem: Theorem, said_before: dict[str, str]) -> list[str]:
    """Write the steps; words that stand in an earlier proof are referred to."""
    lines: list[str] = []
    checked = zip(theorem.steps(), theorem.check(), strict=True)
    for why, group in groupby(checked, key=lambda one: one[0].why):
        here = f"step {len(lines) + 1} of `{theorem.name}`"
        words = why
        if len(words) > LONG and said_before.setdefault(words, here) != here:
            words = f"As {said_before[words]}."
        words = "Simulated." if words == SIMULATED else words
        lines.append("<br>".join([f"{len(lines) + 1}. {words}", *_formulas(list(group))]))
    return lines


def _formulas(checked: list[tuple[Step, StepResult]]) -> list[str]:
    """Write the formulas of a step; runs of the simulator that passed, together."""
    if len(checked) > 1 and all(
        isinstance(step, Computation) and result.verdict is StepVerdict.PASSED
        for step, result in checked
    ):
        return [f"`{line}`" for line in merged([step.claim for step, _ in checked])]
    return [
        _formula(step, result)
        for step, result in checked
        if result.verdict is not StepVerdict.ARGUED
    ]


def _formula(step: Step, result: StepResult) -> str:
    """Write what was decided, with its domain, and the verdict unless it passed."""
    over = getattr(step, "over", ())
    where = f" for `{', '.join(over)}`" if over else ""
    passed = result.verdict is StepVerdict.PASSED
    verdict = "" if passed else f": *{result.verdict}* ({result.method})"
    return f"`{step.claim}`{where}{verdict}"


def _witnesses() -> str:
    """Return the table of instances, simulated and tested now."""
    made = [waves(k=k, d=20, requests=200 * k) for k in (2, 8, 32)]
    made += [
        tight_separators(memory=memory, height=height, length=length, stages=stages)
        for memory, height, length, stages in (
            (12_800_000, 6_400_000, 800, 30),
            (9_599_999, 6_400_000, 800, 30),
            (8_000_000, 6_400_000, 800, 30),
            (28_444_444, 25_600_000, 1_600, 40),
            (910_222_222, 819_200_000, 12_800, 160),
        )
    ]
    made.append(random_waves(requests=100_000, mean=50, memory=50_000, seed=1))
    lines = [
        "| instance | eps | n | SVF | feasible | SVF / OPT at least |",
        "|---|---|---|---|---|---|",
    ]
    for witness in made:
        found = measure(witness)
        lines.append(
            f"| `{witness.label}` | {float(found.eps):.4g} | {found.requests:,} "
            f"| {found.policy_total:,} | {found.feasible_total:,} "
            f"| {decimal(found.ratio, 3, up=False)} |"
        )
    return "\n".join(lines) + "\n"


def _cases() -> str:
    """Return the taxonomy as a table."""
    taxonomy = Taxonomy()
    labels = " | ".join(label for _, label in SHOWN)
    introduction = (
        "Best known bounds on the worst policy / OPT, closed under implication (a bound for any "
        "arrivals holds for backlogs, a bad backlog is bad among arrivals, the best policy is no "
        "worse than one that knows as much). Under Poisson arrivals: on the ratio of expected "
        "totals, light being load -> 0.\n\n![The graph of cases](pictures/taxonomy.svg)\n\n"
        '"Best policy" is the best deterministic one that knows as much (one bit: whether the '
        "output exceeds one threshold, which it chooses; there and under distribution only, also "
        "the multiset of lengths) against an adversary who assigns the lengths to the requests "
        "that it cannot tell apart. FCFS and one-bit SVF are ordered by what they know: as built, "
        "they admit by true lengths.\n"
    )
    found = summaries(taxonomy)
    lines = [
        "## All cases\n",
        introduction,
        f"| traffic | policy | {labels} | from |",
        "|---|---|" + "---|" * len(SHOWN) + "---|",
        *(
            f"| {one.traffic} | {row.who} | {' | '.join(row.spans)} | {row.source} |"
            for one in found
            for row in one.rows
        ),
        "",
        *(f"- {_capital(one.traffic)}. {' '.join(one.sentences)}" for one in found),
    ]
    return "\n".join(lines) + "\n"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def main(arguments: list[str]) -> None:
    """Write the page, and the pictures if asked."""
    Path(arguments[0]).write_text(document(), encoding="utf-8")
    if "--pictures" in arguments:
        from kvproof.bounds.frontier import picture
        from kvproof.bounds.taxonomy.draw import draw

        folder = Path(arguments[arguments.index("--pictures") + 1])
        (folder / "frontier.png").write_bytes(picture())
        (folder / "taxonomy.svg").write_bytes(draw(Taxonomy()))


if __name__ == "__main__":
    main(sys.argv[1:])
