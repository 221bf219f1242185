"""Write ``docs/proof.md`` from the Coq sources and the theorem objects: ``make theory``."""

import sys
from pathlib import Path

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.formal.statements import MODULES, PARTS, SOURCES, Statement, statements
from kvproof.bounds.theorem import Theorem

_INTRODUCTION = """# Machine-checked proofs

Theorems of this project that Coq has checked. **This page is generated** from the Coq sources in
`bounds/formal/` and the theorem objects (`make theory`). `make prove` compiles the proofs from
scratch (Coq 8.16, its standard library, no axioms), checks that each theorem below has, word for
word, the statement printed here, and asks Coq what it assumes: the answer has to be *Closed under
the global context*, that is nothing.

To believe a theorem on this page you need not read a proof. You need to

1. read `bounds/formal/spec/Model.v` ({model} lines: requests, memory, schedules, OPT, the
   simulator of the policies) and agree that it is the problem;
2. read the statement;
3. trust Coq's kernel, and that `make prove` ran.

What a statement assumes is written in it: `valid` (every request has an output and fits the
memory alone), `backlog`, `eps < 1`, an order. That the model is the one of the Python code is
tested, not proved: Coq evaluates its simulator and its centroid bound on all shared vectors
(`tests/bounds/test_formal.py`) and must agree to the last digit.

The definitions that a statement uses are in `Model.v` or above it in its own file of
`bounds/formal/spec/`. `opt_at_least M R z` says that no feasible schedule has a total latency below
z; `within c M R s` that the total of s is at most c times that of any feasible schedule;
`strict_svf M R s` that s is what strict SVF does with the backlog R, listed in its order.
"""

_CHECKER = """\
`make verified-checker` extracts the programs in `bounds/formal/checker/` to OCaml, on
Zarith's integers of any size, and compiles it; it says so where OCaml or Zarith is missing.
`kvproof check --verified FILE...` checks each file as always, then puts its schedule and its
lower bound to that program as plain numbers, and verifies only what both accept. Covered are the
claims `schedule`, `opt-lower-bound`, `optimal` and `within-factor`, with the proofs `outputs`,
`price` and `branch`; for every other kind the answer is that it is not covered (exit code 2).

What stays trusted: Coq's kernel; Coq's extraction, and which of Zarith's functions stands for
which of Coq's (`checker/Extract.v`); OCaml, Zarith and the machine; `checker/driver.ml`, which
reads numbers; and in `verified.py` the reading of JSON, the expansion of counts and run lengths,
the listing of the requests by class, and the last comparison of the claim with the bound. The
digest is the business of the checker in use. Not covered: the volume and centroid bounds, the
`search` proof, `ratio-at-least` and the blocking chain.

Measured on two cores: a schedule of 20,000 requests takes 0.3 s, reading included, where the
checker in use takes 0.4 s, and one of a million 7 s of a processor; a price proof for 5,000
requests over 14,381 priced steps 14 s where the checker in use takes 16 s. On 7,453 well-formed
mutants of the corpus the two never disagreed; 216 more, rejected by the checker in use, it could
not read to the end.
"""

_TITLES = {
    "Statements": "The model, OPT from below, strict SVF",
    "Bounds": "Stronger lower bounds on OPT",
    "Pacing": "Pacing",
    "Equal": "Equal volumes: two steps of the proof",
    "Unbounded": "Policies without a constant",
    "Judgement": "A verified checker",
}


def document() -> str:
    """Return the page."""
    model = (SOURCES / "spec" / "Model.v").read_text(encoding="utf-8").count("\n")
    parts = [_INTRODUCTION.format(model=model)]
    theorems = {theorem.name.replace("-", "_"): theorem for theorem in THEOREMS}
    for module in MODULES:
        parts.append(f"## {_TITLES[module]}\n\nFrom `bounds/formal/spec/{module}.v`.\n")
        if module == "Judgement":
            parts.append(_CHECKER)
        parts += [
            _entry(one, theorems.get(one.name))
            for one in statements().values()
            if one.module == module
        ]
    return "\n".join(parts)


def _entry(one: Statement, theorem: Theorem | None) -> str:
    lines = [f"### `{one.name}`\n"]
    if theorem is not None:
        lines.append(f"{theorem.title} ([`{theorem.name}`](theory.md)): {theorem.statement}\n")
        if one.name in PARTS:
            lines.append(f"Checked is a part: {PARTS[one.name]}.\n")
    if one.words:
        lines.append(f"In Coq: {one.words}\n")
    lines.append(f"```coq\n{one.coq}\n```\n")
    lines.append(f"Proved as `Theorems.{one.name}`; assumes nothing beyond the statement.\n")
    return "\n".join(lines)


def main() -> int:
    """Write the page to the file named on the command line."""
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
