"""How a check ends that verifies nothing, and numbers in words.

::

    Refusal
     ├── Rejected    well-formed, but its claim is not proved
     ├── Malformed   not a certificate of this format
     └── OverLimit   a limit was reached before an answer
"""

from fractions import Fraction
from typing import Union


class Refusal(Exception):
    """The certificate is not accepted; the message says what is wrong and where."""


class Rejected(Refusal):
    """The certificate is well-formed and does not prove its claim."""


class Malformed(Refusal):
    """The file is not a certificate of this format."""


class OverLimit(Refusal):
    """A limit on size, depth, digits or time was reached before an answer."""


def show(number: Union[int, Fraction], *, up: bool = False) -> str:
    """Write a number for people: exactly if short, else six decimals rounded down (or `up`)."""
    p, q = number.numerator, number.denominator
    if abs(p) >= 10**30 * q:  # also keeps clear of the interpreter's limit on digits
        return f"a {'negative ' if p < 0 else ''}number of {(abs(p) // q).bit_length()} bits"
    if q == 1:
        return f"{p:,}"
    scaled = p * 10**6
    rounded = -(-scaled // q) if up else scaled // q
    sign = "-" if rounded < 0 else ""
    text = f"{sign}{abs(rounded) // 10**6:,}.{abs(rounded) % 10**6:06}"
    return f"{p}/{q} (about {text})" if q < 10**12 else f"{text} (rounded {'up' if up else 'down'})"
