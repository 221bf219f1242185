"""Whether order matters on an input, in words and as JSON."""

from typing import Any

from kvproof.bounds.waiting import Onset, memory_without_waiting, onset
from kvproof.inputs import Input
from kvproof.scheduling.exact import as_pq, in_full

#: Requests up to which rates are tried.
MOST_REQUESTS = 200_000
#: What holds where order does not matter: a policy that paces or reserves may still have some wait.
FREE = "every request can start when it arrives, and does under every policy that starts what fits"


def waiting_json(source: Input) -> dict[str, Any]:
    """Return the memory in which nobody waits, and the rates between which waiting begins."""
    found = _onset(source)
    return {
        "memory_without_waiting": memory_without_waiting(source.instance),
        "free_rate": None if found is None else as_pq(found.free),
        "waiting_rate": None if found is None or found.waits is None else as_pq(found.waits),
        "rates_tried": 0 if found is None else found.tried,
    }


def waiting_line(source: Input) -> str:
    """Say whether order matters, and from where on."""
    enough = memory_without_waiting(source.instance)
    if enough > source.instance.memory:
        return (
            f"Order matters here: with {enough:,} tokens every request could start when it "
            "arrives, with one less some request waits in every schedule."
        )
    said = (
        f"Order does not matter here: {FREE}. Each latency is its output then, and the total the "
        f"optimum. That holds down to {enough:,} tokens, and no further"
    )
    found = _onset(source)
    if found is None:
        untried = f"; rates are not tried beyond {MOST_REQUESTS:,} requests"
        return f"{said}{untried if source.instance.requests > MOST_REQUESTS else ''}."
    if found.backlog_fits:
        return f"{said}; and it would if all came at once."
    if found.waits is None:
        return (
            f"{said}; at {in_full(found.free)} times the rate it still does, and higher rates are "
            f"not tried ({found.tried} were)."
        )
    return (
        f"{said}; at {in_full(found.free)} times the rate it still does, at "
        f"{in_full(found.waits)} times some wait ({found.tried} rates tried)."
    )


def _onset(source: Input) -> Onset | None:
    instance = source.instance
    if instance.is_backlog or instance.requests > MOST_REQUESTS:
        return None
    return onset(instance, lambda rate: source.variant(rate=rate))
