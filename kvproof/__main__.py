"""The command line: ``kvproof COMMAND ...`` or ``python -m kvproof COMMAND ...``."""

import sys

try:
    import os
    import warnings
    from io import TextIOWrapper

    import click
    from click.shell_completion import shell_complete

    from kvproof import interrupts, streams
    from kvproof.cli import cli
    from kvproof.scheduling import notices
    from kvproof.scheduling.errors import ExitCode, KvproofError
except KeyboardInterrupt:  # what is below cannot say so yet
    print("kvproof: interrupted", file=sys.stderr)
    sys.exit(130)

#: click's name of the variable by which a shell asks.
COMPLETE = "_KVPROOF_COMPLETE"


def main() -> None:
    """Run the command line and exit with the code that docs/exit-codes.md gives each outcome."""
    if COMPLETE in os.environ:  # the shell asks for completions
        failed = shell_complete(cli, {}, "kvproof", COMPLETE, os.environ[COMPLETE])
        sys.exit(ExitCode.BAD_INPUT if failed else ExitCode.DONE)
    if sys.stderr is None:  # closed: what goes there is lost, and nothing else
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (for as long as the process lasts)
    if sys.stdout is None:
        sys.exit(_fail("standard output is closed; let it go to /dev/null", ExitCode.BAD_INPUT))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout = streams.Results.of(sys.stdout)
    if "--json" in sys.argv:
        streams.reserve_stdout()
    notices.listen(lambda notice: streams.say_on_stderr(f"kvproof: {notice}"))
    interrupts.listen()
    # of a sweep that ends early; after Ctrl-C that is no news
    warnings.filterwarnings("ignore", "[0-9]+ tasks which were still being processed", UserWarning)
    code = run(sys.argv[1:])
    try:
        streams.stdout().flush()
    except OSError as error:
        code = _undelivered(error)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; every outcome becomes an exit code and at most one line on stderr."""
    context: click.Context | None = None
    try:
        # not cli.main(), which has exit codes of its own for a closed pipe and an interrupt
        with cli.make_context("kvproof", arguments) as context:
            return int(cli.invoke(context) or ExitCode.DONE)
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message() + _where_to_look(error), error.exit_code)
    except KvproofError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except OSError as error:
        return _undelivered(error)
    except MemoryError:
        return _fail(f"out of memory; take fewer requests{_limit(context)}", ExitCode.OVER_LIMIT)
    except Exception as error:
        if interrupts.heard():
            return _fail("interrupted", ExitCode.INTERRUPTED)
        if os.environ.get("KVPROOF_DEBUG"):
            raise
        return _fail(
            f"internal error: {type(error).__name__}: {error} "
            "(please report it; KVPROOF_DEBUG=1 shows where)",
            ExitCode.INTERNAL_ERROR,
        )


def _undelivered(error: OSError) -> int:
    """Give up standard output where that is at fault: what nobody could be told is no success."""
    if isinstance(error, BrokenPipeError):  # the reader of a pipe has seen enough
        streams.abandon_stdout()
        return ExitCode.INTERRUPTED
    why = error.strerror or error
    if error.filename == streams.STDOUT:
        streams.abandon_stdout()
        what = f"cannot write to standard output: {why}; send it elsewhere"
        return _fail(what, ExitCode.BAD_INPUT)
    where = "" if error.filename is None else f"{error.filename}: "
    return _fail(f"{where}cannot be read or written: {why}", ExitCode.BAD_INPUT)


def _limit(context: click.Context | None) -> str:
    """Name the option that takes fewer requests, where the command has it."""
    if context is None or context.invoked_subcommand is None:
        return ""
    command = cli.get_command(context, context.invoked_subcommand)
    has_it = command is not None and any("--limit" in option.opts for option in command.params)
    return " (--limit)" if has_it else ""


def _where_to_look(error: click.ClickException) -> str:
    """Name the help where something is missing or unknown."""
    lost = (click.MissingParameter, click.NoSuchCommand, click.NoSuchOption)
    context = error.ctx if isinstance(error, lost) else None
    return "" if context is None else f" ({context.command_path} --help)"


def _fail(message: str, code: int) -> int:
    streams.say_on_stderr("kvproof: " + " ".join(message.split()))
    return code


if __name__ == "__main__":
    main()
