"""``kvproof check``: the independent checker, as it is."""

import click


@click.command(
    "check",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Verify certificates; the same as ``python -m kvproof.certificates.checker``.

    ``--verified FILE...`` puts what is verified to the checker extracted from Coq as well.
    """
    from contextlib import redirect_stdout

    from kvproof.certificates.checker import main
    from kvproof.cli import EXAMPLES
    from kvproof.streams import stdout

    try:
        with redirect_stdout(stdout()):
            if arguments[:1] == ("--verified",):
                from kvproof.bounds.formal.verified import main as both

                return both(list(arguments[1:]))
            return main(list(arguments), prog="kvproof check")
    except SystemExit as done:  # help, or wrong usage
        if not done.code:
            click.echo(f"\nExample:\n  {EXAMPLES['check']}")
        return int(done.code or 0)
