"""From the requests that users send to the model's requests that stand for them in an engine."""

from typing import Literal

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.words import counted

_SHOWN = 3


def held_instance(
    requests: Instance,
    *,
    memory: int,
    source: str,
    oversize: Literal["error", "drop"] = "error",
) -> tuple[Instance, int]:
    """Return the requests as an engine holds them, and how many were dropped.

    In the step that gives output token j an engine holds ``s - 1 + j`` tokens: the first comes at
    the end of the prefill, and no token has a slot before it is computed. So the model's request
    has a prompt of ``s - 1``.

    Parameters
    ----------
    requests
        With the prompts that users send; the memory in it counts for nothing.
    memory
        Tokens that the engine's KV cache holds.
    source
        Where they were read, for messages.
    oversize
        What to do with requests that need more than the memory: an engine would hold its queue
        behind them for ever.

    Raises
    ------
    InputError
        A prompt is empty, a request cannot fit, or none is left.
    """
    every = requests.expanded()
    if not every.prompt.all():
        row = int((every.prompt == 0).argmax())
        raise InputError(
            f"{source}: request {row} has a prompt of 0 tokens; an engine needs at least one"
        )
    peak = every.prompt - 1 + every.output
    over = peak > memory
    if over.any() and oversize == "error":
        rows = np.flatnonzero(over)
        first = ", ".join(
            f"request {r}: {every.prompt[r]:,} + {every.output[r]:,}" for r in rows[:_SHOWN]
        )
        more = ", ..." if len(rows) > _SHOWN else ""
        raise InputError(
            f"{source}: {len(rows):,} of {counted(every.rows, 'request')} can never fit {memory:,} "
            f"tokens of KV cache (prompt + output - 1 at {first}{more}), and vLLM's queue would "
            f"stand behind them for ever; give more blocks ({int(peak.max()):,} tokens) or "
            "--oversize drop"
        )
    if over.all():
        raise InputError(f"{source}: no request fits {memory:,} tokens of KV cache")
    kept = ~over
    instance = Instance(
        memory=memory,
        arrival=every.arrival[kept],
        prompt=every.prompt[kept] - 1,
        output=every.output[kept],
    )
    return instance, int(over.sum())
