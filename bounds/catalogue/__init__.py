"""All theorems, each with its proof beneath it, in reading order; :func:`find` looks one up."""

from difflib import get_close_matches

from kvproof.bounds.catalogue.arrivals import ARRIVAL_THEOREMS
from kvproof.bounds.catalogue.chain import CHAIN_THEOREMS, SVF_BACKLOG
from kvproof.bounds.catalogue.cited import CITED_THEOREMS
from kvproof.bounds.catalogue.engine import ENGINE_THEOREMS
from kvproof.bounds.catalogue.equal import SVF_EQUAL_VOLUMES
from kvproof.bounds.catalogue.fleet import FLEET_POOLED
from kvproof.bounds.catalogue.no_constant import NO_CONSTANT_THEOREMS
from kvproof.bounds.catalogue.one_bit import ONE_BIT_THEOREMS
from kvproof.bounds.catalogue.open import OPEN_THEOREMS
from kvproof.bounds.catalogue.opt import OPT_THEOREMS
from kvproof.bounds.catalogue.paced import PACED_THEOREMS
from kvproof.bounds.catalogue.queueing import QUEUEING_THEOREMS
from kvproof.bounds.catalogue.ratio import RATIO_THEOREMS
from kvproof.bounds.catalogue.stronger import STRONGER_THEOREMS
from kvproof.bounds.catalogue.worst_svf import WORST_SVF_THEOREMS
from kvproof.bounds.theorem import Theorem
from kvproof.scheduling.errors import InputError

THEOREMS: tuple[Theorem, ...] = (
    *OPT_THEOREMS,
    *STRONGER_THEOREMS,
    FLEET_POOLED,
    *CHAIN_THEOREMS,
    *RATIO_THEOREMS,
    SVF_EQUAL_VOLUMES,
    *PACED_THEOREMS,
    *WORST_SVF_THEOREMS,
    *NO_CONSTANT_THEOREMS,
    *ONE_BIT_THEOREMS,
    *ARRIVAL_THEOREMS,
    *OPEN_THEOREMS,
    *CITED_THEOREMS,
    *QUEUEING_THEOREMS,
    *ENGINE_THEOREMS,
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
        near = get_close_matches(name, _BY_NAME, n=5, cutoff=0.5)
        hint = f"near it: {', '.join(near)}; " if near else ""
        raise InputError(f"theorem {name!r} is unknown; {hint}'kvproof theorems' lists all")
    return _BY_NAME[name]
