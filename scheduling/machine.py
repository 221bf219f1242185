"""What this machine has memory for."""

import os

from kvproof.scheduling.errors import LimitError

# Bytes that a request takes at least once it is looked at: three columns and its start, of int64.
_BYTES_EACH = 32


def refuse_beyond_memory(requests: int) -> None:
    """Refuse so many requests, a row each, before any room is made for them.

    Raises
    ------
    LimitError
        They are more than this machine has memory for.
    """
    if _BYTES_EACH * requests > _physical_memory():
        raise LimitError(
            f"instance: {requests:,} requests, a row each, are more than this machine has "
            "memory for; take fewer (--limit)"
        )


def _physical_memory() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):  # not everywhere can it be asked for
        return float("inf")
