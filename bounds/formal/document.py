"""Write ``docs/proof.md`` from the Coq sources and the theorem objects: ``make theory``."""

import re
import sys
from pathlib import Path

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.formal.statements import MODULES, PARTS, SOURCES, SPEC, Statement, statements
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
2. read the statement, and the definitions above it in its own file;
3. trust Coq's kernel, and that `make prove` ran.

What a statement assumes is written in it: `valid` (every request has an output and fits the
memory alone), `backlog`, `eps < 1`, an order. That the model is the one of the Python code is
tested, not proved: Coq evaluates its simulator on all shared vectors and its centroid bound on the
backlogs among them (`tests/bounds/test_formal.py`), and must agree to the last digit.

`opt_at_least M R z` says that no feasible schedule has a total latency below z;
`within c M R s` that the total of s is at most c times that of any feasible schedule;
`strict_svf M R s` that s is what strict SVF does with the backlog R, listed in its order.

## What to read, in which order

The first two files, {both} lines, hold the main theorems and are meant for one sitting. Each of the
others is read after those that stand beside it, or left out; all are {all} lines.

| `bounds/formal/spec/` | lines | after | what it says |
|---|---|---|---|
{path}

`bounds/formal/rules/` ({rules} lines) need not be read: by which rules the checker takes proofs by
cases and by search. `checker/` is the program that is extracted, `proofs/` are the proofs.
"""

#: What the files of the spec say.
_SAYS = {
    "Model": "the problem: requests, memory, schedules, OPT, the policies",
    "Statements": "OPT from below; strict SVF from above, its constants, and how bad it can be",
    "Bounds": "stronger lower bounds: volume with arrivals, centroids, staggered ends, prices",
    "Pacing": "starts at a pace are feasible; the constants of paced SVF",
    "Unbounded": "policies without a constant",
    "Engine": "runs of an engine that may pause and preempt",
    "OneBit": "definitions: what 1-bit SVF does",
    "Blocks": "definitions: a chain of blocks",
    "Claims": "definitions: the claims of certificates, and what each means",
    "Checker": "the extracted checker accepts no claim that is false",
}

_CHECKER = """\
`make verified-checker` extracts the program in `bounds/formal/checker/` to OCaml, on Zarith's
integers of any size, and compiles it; it says so where OCaml or Zarith is missing.
`kvproof check --verified FILE...` checks each file as always, then puts it to that program as plain
words and numbers, and verifies only what both accept.

It covers every claim of the format, and every lower bound but those of the kind `profiles` and
searches that follow classes, which it refuses in one line (exit code 2). The rules by which it
takes `branch` and `search` proofs are the statements below; in place of the packed tables of the
checker in use it has plain lists, and is proved to leave out of a search nothing that those rules
do not allow.

What stays trusted: that `meaning` below is what the claim says; Coq's kernel; Coq's extraction, and
which of Zarith's functions stands for which of Coq's (`checker/Extract.v`); OCaml, Zarith and the
machine; that the instance and the claim are read right: `checker/driver.ml` from words, and
`spell` in `verified.py` from JSON. Counts are expanded by the verified program, which also compares
the claim with the bound; of the proof nothing needs to be read right, as what is accepted is true
whatever the proof says. The digest is the business of the checker in use. Trees, and the prices of
a search, are gone through step by step: what is too long for that (1,000,000 steps) is refused in
one line (exit code 2). Where the theorem is about quantities that grow step by
step, the simulation of a policy too, the program computes them by events and runs, and is proved to
get the same.

`make checkers` holds the checker in use, the tests' second one and this one against each other.
{differential}

Measured on two cores that others used as well, seconds of a processor (the checker in use, all of
it; the extracted program, reading its words included):

| certificate | requests | in use | extracted |
|---|---|---|---|
{measured}
"""

_DIFFERENTIAL = """\
On the corpus (252 files) and 100,000 mutants (20,400 of seed 7, 30,000 of seed 8, 49,600 of seed 9)
no two disagreed: 15,360 mutants were verified by all three, 3,276 of them by searches; 25,911 were
rejected by all three, 642 of them searches; 32 are trees or searches over more steps than the
extracted one is given; the others could not be read, bore another digest, or reached a limit."""
#: Rows of the table of seconds.
_MEASURED = """\
| schedule | 20,000 | 0.17 | 0.06 |
| within-factor, discrete-centroid | 20,000 | 0.36 | 0.17 |
| within-factor, tail-centroid | 20,000 | 0.37 | 0.19 |
| opt-lower-bound, price in 4,054 runs | 20,000 | 34.3 | 8.8 |
| opt-lower-bound, staggered | 20,000 | 0.28 | 0.28 |
| opt-lower-bound, volume | 20,000 | 0.41 | 0.07 |
| ratio-at-least, strict svf | 20,000 | 4.64 | 0.69 |
| svf-blocking-chain of 3,889 blocks | 20,000 | 0.44 | 0.16 |
| optimal, search | 12 | 0.43 (plain: 1.71) | 0.45 |
| optimal, search | 14 | 0.12 (plain: 0.61) | 0.17 |
| optimal, search | 16 | 25.0 (plain: over its limit) | 51.4 |
| schedule | 1,000,000 | 9.5 | 8.9 |
| within-factor, discrete-centroid | 1,000,000 | 23.4 | 27.7 |"""

_TITLES = {
    "spec/Statements": "The model, OPT from below, strict SVF",
    "spec/Bounds": "Stronger lower bounds on OPT",
    "spec/Pacing": "Pacing",
    "spec/Unbounded": "Policies without a constant",
    "spec/Engine": "Runs of an engine",
    "spec/Checker": "A verified checker",
    "rules/Judgement": "Behind the checker: proofs by cases",
    "rules/Search": "Behind the checker: proofs by search",
}
_IMPORTS = re.compile(r"From kvproof\.spec Require Import ([\w ]+)\.")


def document() -> str:
    """Return the page."""
    parts = [_introduction()]
    theorems = {theorem.name.replace("-", "_"): theorem for theorem in THEOREMS}
    for module, title in _TITLES.items():
        parts.append(f"## {title}\n\nFrom `bounds/formal/{module}.v`.\n")
        if module == "spec/Checker":
            parts.append(_CHECKER.format(measured=_MEASURED, differential=_DIFFERENTIAL))
        parts += [
            _entry(one, theorems.get(one.name))
            for one in statements().values()
            if one.module == module
        ]
    return "\n".join(parts)


def _introduction() -> str:
    texts = {module: (SOURCES / f"{module}.v").read_text(encoding="utf-8") for module in MODULES}
    lines = {module: text.count("\n") for module, text in texts.items()}
    spec = {name: lines[f"spec/{name}"] for name in SPEC}
    rows = []
    for name in SPEC:
        found = _IMPORTS.search(texts[f"spec/{name}"])
        after = ", ".join(found[1].split()) if found else ""
        rows.append(f"| `{name}.v` | {spec[name]} | {after} | {_SAYS[name]} |")
    return _INTRODUCTION.format(
        model=spec["Model"],
        both=spec["Model"] + spec["Statements"],
        all=sum(spec.values()),
        rules=sum(lines.values()) - sum(spec.values()),
        path="\n".join(rows),
    )


def _entry(one: Statement, theorem: Theorem | None) -> str:
    lines = [f"### `{one.name}`\n"]
    if theorem is not None:
        link = f"[`{theorem.name}`](theory.md#{_anchor(theorem)})"
        lines.append(f"{theorem.title} ({link}): {theorem.statement}\n")
        if one.name in PARTS:
            lines.append(f"What is checked: {PARTS[one.name]}.\n")
    if one.words:
        lines.append(f"In Coq: {one.words}\n")
    lines.append(f"```coq\n{one.coq}\n```\n")
    lines.append(f"Proved as `Theorems.{one.name}`; assumes nothing beyond the statement.\n")
    return "\n".join(lines)


def _anchor(theorem: Theorem) -> str:
    """Return the anchor that a forge, and Sphinx, make of the theorem's heading in theory.md."""
    heading = f"{theorem.title} ({theorem.name})".lower()
    return re.sub(r"[^\w -]", "", heading).replace(" ", "-")


def main() -> int:
    """Write the page to the file named on the command line."""
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
