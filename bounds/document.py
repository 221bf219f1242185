"""Write ``docs/theory.md`` from the theorem objects: ``make theory``.

``--pictures FOLDER`` draws the frontier and the graph of cases anew.
"""

import sys
from collections import Counter
from pathlib import Path

from kvproof.bounds.catalogue import find
from kvproof.bounds.families import measure, random_waves, tight_separators, waves
from kvproof.bounds.formal.statements import PARTS, statement_of
from kvproof.bounds.proof.steps import Step, StepResult, StepVerdict
from kvproof.bounds.prose import INTRODUCTION, SECTIONS
from kvproof.bounds.taxonomy.cases import CASES
from kvproof.bounds.taxonomy.graph import Taxonomy
from kvproof.bounds.taxonomy.text import SHOWN, source, span
from kvproof.bounds.theorem import Theorem
from kvproof.scheduling.exact import decimal


def document() -> str:
    """Return the page; every proof is checked on the way."""
    parts = [INTRODUCTION]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n\n{section.text}")
        if section.title == "How bad strict SVF can be":
            parts.append(_witnesses())
        parts += [_theorem(find(name)) for name in section.theorems]
    parts.append(_cases())
    return "\n".join(parts)


def _theorem(theorem: Theorem) -> str:
    lines = [
        f"### {theorem.title} (`{theorem.name}`)\n",
        f"{theorem.statement}\n",
        f"$${theorem.latex}$$\n",
        f"- Says: {theorem.kind}. Domain: {theorem.domain}.",
        f"- Source: {theorem.source}. Status: **{theorem.status}**.",
    ]
    for kind in dict.fromkeys(e.kind for e in theorem.evidence):
        details = "; ".join(e.detail for e in theorem.evidence if e.kind is kind)
        lines.append(f"- {_capital(kind)}: {details}.")
    if (proved := statement_of(theorem.name)) is not None:
        part = f", {PARTS[proved.name]}" if proved.name in PARTS else ""
        lines.append(f"- Machine-checked in Coq: [`{proved.name}`](proof.md#{proved.name}){part}.")
    if theorem.uses:
        lines.append("- Uses: " + ", ".join(f"`{name}`" for name in theorem.uses) + ".")
    results = theorem.check()
    if results:
        counts = Counter(str(result.verdict) for result in results)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        lines.append(f"\nSteps ({said}):\n")
        lines += [
            _step(number, step, result)
            for number, (step, result) in enumerate(zip(theorem.steps(), results, strict=True), 1)
        ]
    return "\n".join(lines) + "\n"


def _step(number: int, step: Step, result: StepResult) -> str:
    if result.verdict is StepVerdict.ARGUED:
        return f"{number}. {step.why} *(in words)*"
    over = getattr(step, "over", ())
    where = f" for `{', '.join(over)}`" if over else ""
    return f"{number}. {step.why}<br>`{step.claim}`{where}: *{result.verdict}* ({result.method})"


def _witnesses() -> str:
    """Return the table of instances, simulated and tested now."""
    made = [waves(k=k, d=20, requests=200 * k) for k in (2, 4, 8, 16, 32)]
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
        '"Best policy" is the best deterministic one: it knows what its row says (one bit: '
        "whether the output exceeds one threshold, which it chooses; there and under distribution "
        "only, also the multiset of lengths), and an adversary who knows the policy assigns the "
        "lengths to the requests that it cannot tell apart. FCFS and one-bit SVF take only their "
        "order from their row: as built, they admit by true lengths.\n"
    )
    lines = [
        "## All cases\n",
        introduction,
        f"| traffic | policy | {labels} | from (eps <= 1/2) |",
        "|---|---|" + "---|" * len(SHOWN) + "---|",
    ]
    for case in CASES:
        known = [taxonomy.known(case, cap) for cap, _ in SHOWN]
        spans = " | ".join(span(one) for one in known)
        lines.append(f"| {case.traffic} | {case.who} | {spans} | {source(known[1])} |")
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
