"""The command line: ``kvproof COMMAND ...`` or ``python -m kvproof COMMAND ...``."""

import os
import sys

import click

from kvproof.cli import cli
from kvproof.scheduling.errors import KvproofError

DONE = 0
BAD_INPUT = 2
OUT_OF_LIMITS = 3
INTERNAL_ERROR = 4
INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with the code that docs/guide.md gives each outcome."""
    if sys.stdout is None:  # closed by the caller: only the exit code is wanted
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _abandon_stdout()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; every outcome becomes an exit code and at most one line on stderr."""
    try:
        # not cli.main(), which has exit codes of its own for a closed pipe and an interrupt
        with cli.make_context("kvproof", arguments) as context:
            return int(cli.invoke(context) or DONE)
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except KvproofError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _abandon_stdout()
        return INTERRUPTED
    except OSError as error:
        _abandon_stdout()
        return _fail(f"cannot read or write: {error}", BAD_INPUT)
    except MemoryError:
        return _fail("out of memory; take fewer requests (--limit)", OUT_OF_LIMITS)
    except Exception as error:
        if os.environ.get("KVPROOF_DEBUG"):
            raise
        return _fail(
            f"internal error: {type(error).__name__}: {error} "
            "(please report it; KVPROOF_DEBUG=1 shows where)",
            INTERNAL_ERROR,
        )


def _abandon_stdout() -> None:
    """Keep the interpreter from failing to flush what can no longer be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    print("kvproof: " + " ".join(message.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
