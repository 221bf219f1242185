"""What the commands print: numbers that are true, tables, progress."""

import math
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kvproof.options import QUIET
from kvproof.scheduling.exact import as_pq, decimal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from kvproof.certificates.build import Certificate
    from kvproof.certificates.engine import EngineBound
    from kvproof.certificates.lower_bounds import LowerBound
    from kvproof.files import Output


def exact_and_decimal(name: str, value: Fraction, places: int, *, up: bool) -> dict[str, Any]:
    """Return ``{name: "p/q", name_decimal: ...}``, the decimal rounded to a side that is true."""
    shown = float(decimal(value, places, up=up))
    while Fraction(shown) < value if up else Fraction(shown) > value:
        # a large number's nearest float may lie on the wrong side
        shown = math.nextafter(shown, math.inf if up else -math.inf)
    return {name: as_pq(value), f"{name}_decimal": shown}


def other_bound(certificate: "Certificate", shown: "LowerBound | EngineBound") -> list[str]:
    """Note that a certificate rests on a bound of another name than the one shown, if it does."""
    kind = certificate.proof.get("lower_bound", {"kind": shown.kind})["kind"]
    if kind == shown.kind:
        return []
    said = "says at least as much"
    if shown.proof is None:
        said = f"may be lower: for {shown.kind} there is no proof that can be checked"
    return [f"the certificate is by the {kind} bound, which {said}"]


def console(*, stderr: bool = False) -> "Console":
    """Return a console on stdout, or on stderr, which breaks no word.

    A terminal's lines end between words; a longer word overflows. The lines of a file or pipe end
    where they end, and its tables are as wide as COLUMNS says, else 80.
    """
    from rich.console import Console

    terminal = (sys.stderr if stderr else sys.stdout).isatty()

    class PlainConsole(Console):
        """Shows text as it is: a file's name may look like markup."""

        def print(self, *objects: Any, **how: Any) -> None:
            if objects and all(isinstance(one, str) for one in objects):
                how["soft_wrap"] = True  # Rich would break a word that is longer than the line
                if terminal:
                    lines = [line for one in objects for line in one.split("\n")]
                    objects = ("\n".join(_folded(line, self.width) for line in lines),)
            super().print(*objects, **how)

        def on_broken_pipe(self) -> None:
            raise  # Rich would end the process with exit code 1, which means something here

    sizes = ("COLUMNS", "LINES")  # Rich takes "²" for a number
    known = {name: v for name, v in os.environ.items() if name not in sizes or v.isdecimal()}
    told = int(known.get("COLUMNS", 0)) > 0
    return PlainConsole(
        stderr=stderr,
        width=None if terminal or told else 80,  # not that of another stream's terminal
        highlight=False,
        markup=False,
        emoji=False,
        _environ=known,
    )


def _folded(line: str, width: int) -> str:
    """Break a line between words; what follows is indented a little more than it is."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line,
        width,
        subsequent_indent=f"{indent}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def fits(out: "Console", table: "Table") -> bool:
    """Whether the table can be shown on this console with nothing in it broken."""
    from rich.measure import Measurement

    wanted = Measurement.get(out, out.options.update(max_width=10_000), table).maximum
    return wanted <= out.width


def say(text: str, *, style: str | None = None) -> None:
    """Print a line on stdout, broken between words where a terminal is narrower."""
    console().print(text, style=style)


def say_written(what: str, output: "Output | None") -> None:
    """Say where a picture or page is, where one was asked for and is written."""
    if output is not None and output.is_written:
        say(f"{what} written to {output.name}")


def print_table(out: "Console", table: "Table") -> None:
    """Print a table whose cells end their lines between words.

    Where the console has no room for that a row becomes a paragraph, a line for each cell.
    """
    from rich.measure import Measurement

    def wanted(cell: Any) -> Measurement:
        return Measurement.get(out, out.options.update(max_width=10_000), cell)

    columns = table.columns
    cells = [[wanted(cell) for cell in (column.header, *column.cells)] for column in columns]
    most = [max(one.maximum for one in column) for column in cells]
    least = [
        widest if column.no_wrap else max(one.minimum for one in each)
        for column, each, widest in zip(columns, cells, most, strict=True)
    ]
    for column, width in zip(columns, most, strict=True):
        column.width = width
    room = out.width - (wanted(table).maximum - sum(most))
    if sum(least) > room:
        _print_paragraphs(out, table)
        return
    widths = least
    # the columns that want least have it first; the others share what is left
    for k, i in enumerate(sorted(range(len(most)), key=lambda i: most[i] - least[i])):
        spare = (room - sum(widths)) // (len(most) - k)
        widths[i] += min(most[i] - least[i], spare)
    for column, width in zip(columns, widths, strict=True):
        column.width = width
    out.print(table)


def _print_paragraphs(out: "Console", table: "Table") -> None:
    first, *others = table.columns
    if table.title is not None:
        out.print(str(table.title), style="italic")
    rows = zip(first.cells, *(column.cells for column in others), strict=True)
    for number, (head, *row) in enumerate(rows):
        if number:
            out.print()
        if head:
            out.print(str(head), style="bold")
        for column, cell in zip(others, row, strict=True):
            if cell:
                out.print(f"  {column.header}: {cell}".replace("\n", " "))


def quiet() -> bool:
    """Whether the command that runs was told to show no progress."""
    import click

    context = click.get_current_context(silent=True)
    return context is not None and QUIET in context.meta


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """Show progress on stderr where that is a terminal and --quiet is not given."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    )
    # not even started elsewhere: a disabled bar still ends its line in some versions of Rich
    with bar if sys.stderr.isatty() and not quiet() else nullcontext():
        yield bar
