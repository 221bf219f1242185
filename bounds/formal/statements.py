"""The statements of the Coq development, as text."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Where the Coq sources lie.
SOURCES = Path(__file__).parent
#: The files of ``spec/``, in the order in which to read them.
SPEC = (
    "Model", "Statements", "Bounds", "Pacing", "OneBit", "Unbounded", "Engine", "Blocks", "Claims",
    "Checker",
)  # fmt: skip
#: All files that may hold statements; those of ``rules/``, how the checker reasons, are beside the
#: spec, which does not need them.
MODULES = (*(f"spec/{name}" for name in SPEC), "rules/Judgement", "rules/Search")
#: Where the Coq statement says less than the theorem of the same name in words: what it says.
PARTS = {
    "opt_centroid": "the backlog case; with arrivals, in whole steps, `opt_centroid_discrete`",
    "opt_centroid_discrete": "the bound; that it is at least `opt_centroid` on backlogs alone, in "
    "`centroid_discrete_above`",
    "opt_tail_centroid": "the bound, not what it comes to without cuts and with the largest ones",
    "opt_price": "the bound, not that the best prices give the value of the linear programme",
    "online_any_policy": "all but that eps is 1",
    "svf_online_prompts": "that no constant holds at any eps = 1/k, not how the ratio grows",
    "svf_online_tokens": "that no constant holds at any eps = 1/k, not how the ratio grows",
    "engine_any_run": "all but the fluid centroid, which on backlogs is below that in whole steps, "
    "the tail centroid, and that prices that rise fail",
    "pacing_any": "with ln G given by the rationals l for which some (1 + l/n)^n is at least G; "
    "that these are the rationals above ln G, as such powers rise to e^l, is by hand",
    "backlog_known": "that some schedule attains OPT",
    "one_bit_unbounded": "the conclusion for every eps = 1/k and both thresholds, by a simpler "
    "family of equal prompts",
    "svf_separators": "the conclusion for every eps, by a simpler family with fats of one token",
}

_STATEMENT = re.compile(
    r"(?:\(\*\s*(?P<words>(?:(?!\*\)).)*?)\s*\*\)\n)?"
    r"(?P<coq>Definition (?P<name>\w+) : Prop :=.*?\.)\n(?=\n|\Z|\(\*|Definition)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of the spec.

    Parameters
    ----------
    name
        Its name in Coq, which the theorem in ``proofs/Theorems.v`` bears too.
    words
        The comment above it; empty where there is none.
    coq
        Its text.
    module
        The file that holds it, without its ending.
    """

    name: str
    words: str
    coq: str
    module: str


def logical(module: str) -> str:
    """Return the name by which Coq knows a file."""
    return f"kvproof.{module.replace('/', '.')}"


@cache
def statements() -> dict[str, Statement]:
    """Return the statements by name, in their order in the spec."""
    return {
        found["name"]: Statement(
            name=found["name"],
            words=" ".join((found["words"] or "").split()),
            coq=found["coq"],
            module=module,
        )
        for module in MODULES
        for found in _STATEMENT.finditer((SOURCES / f"{module}.v").read_text(encoding="utf-8"))
    }


def statement_of(theorem: str) -> Statement | None:
    """Return the statement that is proved for a theorem of the catalogue, if one is.

    It bears the theorem's name, with ``_`` for ``-``; :data:`PARTS` says where it covers a part.
    """
    return statements().get(theorem.replace("-", "_"))
