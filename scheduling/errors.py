"""What can go wrong, and the exit code that each outcome gets.

Every message is one line: what is wrong, where, and the remedy.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0  # or verified
    REJECTED = 1
    BAD_INPUT = 2  # or wrong usage
    OVER_LIMIT = 3  # a limit was reached before an answer
    INTERNAL_ERROR = 4
    CONTRADICTED = 5  # a theorem; a finding and no exception
    INTERRUPTED = 130  # what was found by then is kept


class KvproofError(Exception):
    """Base of every error that a user is meant to read."""

    exit_code = ExitCode.INTERNAL_ERROR


class InputError(KvproofError):
    """The input or the way a command was called is wrong (exit code 2)."""

    exit_code = ExitCode.BAD_INPUT


class RejectedError(KvproofError):
    """A schedule or certificate does not hold what it claims (exit code 1)."""

    exit_code = ExitCode.REJECTED


class LimitError(KvproofError):
    """A stated limit on size, memory or time was reached before an answer (exit code 3)."""

    exit_code = ExitCode.OVER_LIMIT
