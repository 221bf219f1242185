"""The command line: files in, one line for each and an exit code out."""

import dataclasses
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Optional

from .limits import Limits
from .run import check


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
        3 over a limit, 4 internal error, 130 interrupted.
    """
    parser = ArgumentParser(
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    for field in dataclasses.fields(Limits):
        option = "time-limit" if field.name == "seconds" else "max-" + field.name.replace("_", "-")
        parser.add_argument(
            f"--{option}",
            dest=field.name,
            type=int,
            default=field.default,
            metavar="N",
            help=f"limit on {field.name.replace('_', ' ')} of each file (default %(default)s)",
        )
    arguments = parser.parse_args(argv)
    names = [field.name for field in dataclasses.fields(Limits)]
    limits = Limits(**{name: getattr(arguments, name) for name in names})
    worst, rows = 0, []
    try:
        for name in arguments.files:
            # one byte more than is allowed, so that too much is found to be too much
            given = sys.stdin.buffer.read(limits.file_bytes + 1) if name == "-" else name
            result = check(given, instance=arguments.instance, limits=limits)
            worst = max(worst, result.verdict.exit_code)
            if not arguments.json:
                # ascii: a file's name may hold what the terminal cannot show
                shown = name if name.isascii() and name.isprintable() else ascii(name)
                words = result.claim_in_words or result.reason
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
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # a verdict that nobody could be told is no success
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 130
        print(f"{prog}: cannot write: {error.strerror}", file=sys.stderr)
        return 2
    return worst
