"""The bound of the chain theorem as ``verify`` reports it."""

from kvproof.bounds.theorems import SVF_BACKLOG
from kvproof.scheduling.instance import Instance


def svf_backlog_bound(instance: Instance) -> int | None:
    """Return ``floor(2/(1 - eps) sum P_k + sum o_k)``, above the total of strict SVF.

    None where the theorem ``svf-backlog`` says nothing: with arrivals, or where one request
    fills the memory (eps = 1).
    """
    if SVF_BACKLOG.total is None or not SVF_BACKLOG.domain.covers(instance):
        return None
    return SVF_BACKLOG.total(instance).__floor__()
