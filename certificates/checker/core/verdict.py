"""What a check can end in, and the exceptions that end it.

::

    Refusal
     ├── Rejected    well-formed, but its claim is not proved
     ├── Malformed   not a certificate of this format
     └── OverLimit   a limit was reached before an answer
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Optional, Union


class Verdict(str, Enum):
    """Outcome of one check, in the order of the exit codes; only ``VERIFIED`` is 0."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    OVER_LIMIT = "over a limit"
    INTERNAL_ERROR = "internal error"

    def __str__(self) -> str:
        return self.value

    @property
    def exit_code(self) -> int:
        """Process exit code of this outcome."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Result:
    """Verdict on one certificate.

    Parameters
    ----------
    verdict
        The outcome.
    claim_in_words
        What was verified; None unless `verdict` is ``VERIFIED``.
    reason
        Why nothing was; None if `verdict` is ``VERIFIED``.
    """

    verdict: Verdict
    claim_in_words: Optional[str] = None
    reason: Optional[str] = None


class Refusal(Exception):
    """The certificate is not accepted; the message says what is wrong and where."""

    verdict = Verdict.INTERNAL_ERROR


class Rejected(Refusal):
    """The certificate is well-formed and does not prove its claim."""

    verdict = Verdict.REJECTED


class Malformed(Refusal):
    """The file is not a certificate of this format."""

    verdict = Verdict.MALFORMED


class OverLimit(Refusal):
    """A limit on size, depth, digits or time was reached before an answer."""

    verdict = Verdict.OVER_LIMIT


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
