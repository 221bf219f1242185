"""What can go wrong, and the exit code that each cause gets.

KvproofError
├── InputError      2  bad or malformed input or usage
├── RejectedError   1  a schedule or certificate is wrong
└── LimitError      3  a limit was reached before an answer

Code 4 is kept for internal errors (any other exception), 5 for a contradicted theorem, which is
a finding and not an exception. Every message is one line: what is wrong, where, and the remedy.
"""


class KvproofError(Exception):
    """Base of every error that a user is meant to read."""

    exit_code = 4


class InputError(KvproofError):
    """The input or the way a command was called is wrong (exit code 2)."""

    exit_code = 2


class RejectedError(KvproofError):
    """A schedule or certificate does not hold what it claims (exit code 1)."""

    exit_code = 1


class LimitError(KvproofError):
    """A stated limit on size, memory or time was reached before an answer (exit code 3)."""

    exit_code = 3
