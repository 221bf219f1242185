"""The command line: files in, one line for each and an exit code out."""

import dataclasses
import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import NoReturn, Optional

from .limits import Limits
from .result import Verdict
from .run import check

#: What the limits are on.
_LIMITED = {
    "file_bytes": "bytes of a file, as it is stored and unzipped",
    "values": "values in its JSON",
    "containers": "arrays and objects in it",
    "depth": "how deep these nest",
    "digits": "digits of an integer",
    "requests": "requests of the instance",
    "memory_bytes": "bytes of memory; of a file beyond 1 MiB, for each MiB",
    "seconds": "seconds for each file",
}


def main(argv: Optional[Sequence[str]] = None, *, prog: str = "check") -> int:
    """Check files and print a verdict on each.

    Parameters
    ----------
    argv
        The arguments; None takes those of the process.
    prog
        The name of the command in its usage message.

    Returns
    -------
    int
        0 if every file is verified, else the worst: 1 rejected, 2 malformed (or wrong usage),
        3 over a limit, 4 internal error, 130 interrupted. Whatever happens, 0 and 1 are returned
        only if every verdict was reached and printed.
    """
    if sys.stdout is None:
        print(f"{prog}: cannot write: standard output is closed", file=sys.stderr)
        return Verdict.MALFORMED.exit_code
    try:
        return _checked(argv, prog)
    except KeyboardInterrupt:
        print(f"{prog}: interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # a verdict that nobody could be told is no success
        _give_up_stdout()
        if isinstance(error, BrokenPipeError):
            return 130
        print(f"{prog}: cannot write to standard output: {error.strerror}", file=sys.stderr)
        return Verdict.MALFORMED.exit_code
    except Exception as error:  # Python would end with 1, which means rejected
        print(f"{prog}: internal error: {type(error).__name__}", file=sys.stderr)
        return Verdict.INTERNAL_ERROR.exit_code


def _checked(argv: Optional[Sequence[str]], prog: str) -> int:
    arguments = _parser(prog).parse_args(argv)
    names = [field.name for field in dataclasses.fields(Limits)]
    limits = Limits(**{name: getattr(arguments, name) for name in names})
    worst, rows = 0, []
    for name in arguments.files:
        result = check(
            0 if name == "-" else name,
            instance=arguments.instance,
            limits=limits,
            plain=arguments.plain,
            walled=True,
        )
        worst = max(worst, result.verdict.exit_code)
        if not arguments.json:
            # ascii: a name may hold what the terminal cannot show, or takes for a command
            shown = name if name.isascii() and name.isprintable() else ascii(name)
            words = result.claim_in_words or result.reason
            if result.verdict is Verdict.OVER_LIMIT:
                words = f"{words} (options raise most limits: {prog} --help)"
            print(f"{shown}: {result.verdict}: {words}", flush=True)
        rows.append(
            {
                "file": name,
                "verdict": result.verdict.value,
                "exit_code": result.verdict.exit_code,
                "claim": result.claim_in_words,
                "reason": result.reason,
            }
        )
    if arguments.json:
        print(json.dumps({"exit_code": worst, "files": rows}, indent=2), flush=True)
    return worst


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say on one line what is wrong, without the usage, which takes several."""
        said = " ".join(message.split())
        self.exit(Verdict.MALFORMED.exit_code, f"{self.prog}: {said} ({self.prog} --help)\n")


def _parser(prog: str) -> ArgumentParser:
    parser = _Parser(
        prog=prog,
        allow_abbrev=False,
        description="Verify certificates about KV-cache schedules, trusting nothing but itself.",
        epilog="Exit code: 0 verified, 1 rejected, 2 malformed, 3 over a limit, "
        "4 internal error; the highest over all files.",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a certificate, plain or gzip; - is standard input"
    )
    parser.add_argument("--instance", metavar="FILE", help="the instance it must be about")
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument(
        "--fast", action="store_true", help="go through searches by packed integers (the default)"
    )
    engine.add_argument(
        "--plain",
        action="store_true",
        help="trust the core alone: searches take up to six times as long, or far longer",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    for field in dataclasses.fields(Limits):
        option = "time-limit" if field.name == "seconds" else "max-" + field.name.replace("_", "-")
        parser.add_argument(
            f"--{option}",
            dest=field.name,
            type=_natural,
            default=field.default,
            metavar="N",
            help=f"{_LIMITED[field.name]}, at most (default %(default)s)",
        )
    return parser


def _natural(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(f"expected a whole number of at least 0, got {text[:40]!a}")
    return number


def _give_up_stdout() -> None:
    """Keep the interpreter from failing to flush what can no longer be written."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # it has no file behind it
        sys.stdout = None
