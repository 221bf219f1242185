"""All theorems, in reading order; :func:`find` looks one up."""

from kvproof.bounds.theorem import Theorem
from kvproof.bounds.theorems.chain import CHAIN_THEOREMS, SVF_BACKLOG
from kvproof.bounds.theorems.cited import CITED_THEOREMS
from kvproof.bounds.theorems.lower import LOWER_THEOREMS
from kvproof.bounds.theorems.open import OPEN_THEOREMS
from kvproof.bounds.theorems.opt import OPT_THEOREMS
from kvproof.bounds.theorems.queueing import QUEUEING_THEOREMS
from kvproof.bounds.theorems.ratio import RATIO_THEOREMS
from kvproof.scheduling.errors import InputError

THEOREMS: tuple[Theorem, ...] = (
    *OPT_THEOREMS,
    *CHAIN_THEOREMS,
    *RATIO_THEOREMS,
    *LOWER_THEOREMS,
    *OPEN_THEOREMS,
    *CITED_THEOREMS,
    *QUEUEING_THEOREMS,
)

_BY_NAME = {theorem.name: theorem for theorem in THEOREMS}

__all__ = ["SVF_BACKLOG", "THEOREMS", "find"]


def find(name: str) -> Theorem:
    """Return the theorem of this name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in _BY_NAME:
        raise InputError(f"theorem {name!r} is unknown; known: {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
