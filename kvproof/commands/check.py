"""``kvproof check``: the independent checker, as it is."""

import click

VERIFIED = "--verified"
_MORE = f"""
Of this command alone:
  {VERIFIED}            put what is verified to the checker extracted from Coq as well;
                        takes files and no other option (make verified-checker builds it)
"""


@click.command(
    "check",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Verify certificates; the same as ``python -m kvproof.certificates.checker``.

    ``--verified`` puts what is verified to the checker extracted from Coq as well.
    """
    from contextlib import redirect_stdout

    from kvproof.certificates.checker import main
    from kvproof.cli import EXAMPLES
    from kvproof.streams import stdout

    try:
        with redirect_stdout(stdout()):
            if VERIFIED in arguments and not {"-h", "--help"} & set(arguments):
                from kvproof.bounds.formal.verified import main as both

                files = [word for word in arguments if word != VERIFIED]
                if others := [word for word in files if word.startswith("-")]:
                    raise click.UsageError(f"{VERIFIED} takes files alone: leave out {others[0]}")
                return both(files)
            return main(list(arguments), prog="kvproof check")
    except SystemExit as done:  # help, or wrong usage
        if not done.code:
            click.echo(f"{_MORE}\nExample:\n  {EXAMPLES['check']}")
        return int(done.code or 0)
