"""The number by which vLLM's own queue sorts; arithmetic alone, without vLLM.

vLLM's priority queue runs the smallest ``(priority, arrival time, request id)`` first. A priority
that is set once, when the request arrives, is all that a policy with a static key needs.
"""

import math
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

#: What one step of an operator's own priority is worth: more than any volume.
WIDTH = 1 << 64


def held_volume(prompt: int, output: int) -> int:
    """Return the token-steps that the engine holds for a request, ``(s - 1) o + o (o + 1)/2``.

    The j-th output token comes out of a step in which ``s - 1 + j`` tokens are held: the first
    at the end of the prefill, and none has a slot before it is computed. So this is the volume
    of the model's request with prompt ``s - 1`` (docs/vllm.md).
    """
    return max(prompt - 1, 0) * output + output * (output + 1) // 2


def read_hint(hint: object) -> int | None:
    """Return an expected output length, or None where what came with the request is none.

    A whole number of at least 1 is taken, and a finite one, rounded up, be it Python's or NumPy's;
    text, truth values, lists, nothing, 0 and less are not.
    """
    if isinstance(hint, bool) or not isinstance(hint, Real):  # a bool is an int to Python
        return None
    number: Any = int(hint) if isinstance(hint, Integral) else hint
    if not 0 < number < math.inf:
        return None
    try:
        expected: int = math.ceil(number)
    except OverflowError:  # a long double that no float holds
        return None
    return expected


def proxy_output(expected: int, *, threshold: int, short: int, long: int) -> int:
    """Return what one bit tells of an output: the mean of its class, long being > threshold."""
    return long if expected > threshold else short


def static_key(
    *,
    operator: int,
    volume: int,
    arrival: float,
    aging: Fraction = Fraction(0),
    patience: Fraction | None = None,
) -> int:
    """Return the priority of a request: the operator's own first, then volume with linear aging.

    A request of volume v that has waited w goes by ``v - aging * w``. All wait equally long from
    one moment to the next, so ``v + aging * arrival`` orders them in the same way, for ever.
    With patience v counts as at most ``aging * patience``: no request that arrives later than that
    goes before this one.

    Parameters
    ----------
    operator
        The priority that the request came with; the smaller first.
    volume
        Its volume in token-steps.
    arrival
        When it arrived (vLLM: seconds since 1970), finite.
    aging
        Token-steps that one unit of waiting is worth, >= 0.
    patience
        In units of waiting, > 0; None: without end.
    """
    aged = Fraction(volume)
    if patience is not None:
        aged = min(aged, aging * patience)
    if aging:
        aged += aging * Fraction(arrival)
    return operator * WIDTH + min(max(aged.__floor__(), 0), WIDTH - 1)
