"""How much a search may take."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much the search spends on better multipliers, and where it stops.

    Parameters
    ----------
    raise_at
        Layers with at least so many states are also compared by raised profiles, if that leaves
        clearly fewer of some.
    refine_at
        Layers with at least so many states get new vectors before they are made.
    again_at
        And with at least so many once more when they are made.
    per_cluster
        States for each new vector (at most `clusters` of them).
    rounds
        Ascent rounds for each.
    vectors
        Most vectors that a layer uses.
    width
        Keep only so many states per layer: then it is a beam, which proves nothing.
    seen
        Steps for which a beam looks closer when running requests end.
    memory_bytes
        Give up rather than hold more.
    """

    raise_at: int = 8_000
    refine_at: int = 10_000
    again_at: int = 300_000
    per_cluster: int = 10_000
    clusters: int = 12
    rounds: int = 200
    vectors: int = 12
    width: int | None = None
    seen: int = 0
    memory_bytes: int = 6 * 2**30
    seed: int = 0
