"""What a check has come to: a verdict, and why."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from .core.verdict import Malformed, OverLimit, Refusal, Rejected


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


def refused(refusal: Refusal) -> Result:
    """Return the result of a check that ended in a refusal."""
    verdicts = {
        Rejected: Verdict.REJECTED,
        Malformed: Verdict.MALFORMED,
        OverLimit: Verdict.OVER_LIMIT,
    }
    return Result(verdicts.get(type(refusal), Verdict.INTERNAL_ERROR), reason=str(refusal))
