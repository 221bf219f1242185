"""``kvproof checker``: the independent checker as one file, for somebody who has nothing else."""

import click


@click.command("checker")
@click.option("--out", type=click.Path(), required=True, help="Write it here.", metavar="FILE")
def command(out: str) -> None:
    """Write the checker as one Python file that runs alone.

    It needs Python 3.9 or later and the standard library: python3 FILE CERTIFICATE... It is the
    code that kvproof check runs, in the order in which it is best read.
    """
    from kvproof.certificates.single_file import single_file
    from kvproof.files import Outputs
    from kvproof.output import console

    target = Outputs().file(out)
    text = single_file()
    target.write(text.encode())
    lines = text.count("\n")
    console().print(f"{out}: the checker, {lines:,} lines, for Python 3.9 or later")
