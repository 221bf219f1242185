"""The independent checker: what a sceptic must trust, and all of it.

Standard library only, exact integers and fractions only; shares no code with what builds
certificates. The format is specified in ``docs/certificates.md``. From the command line:
``python -m kvproof.certificates.checker FILE...``, or ``python checker FILE...`` with a copy of
this folder alone.
"""

from .cli import main
from .limits import Limits
from .result import Result, Verdict
from .run import check

__all__ = ["Limits", "Result", "Verdict", "check", "main"]
