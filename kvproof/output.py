"""What the commands print: numbers that are true, tables, progress."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kvproof.scheduling.exact import as_pq, decimal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table


def exact_and_decimal(name: str, value: Fraction, places: int, *, up: bool) -> dict[str, Any]:
    """Return ``{name: "p/q", name_decimal: ...}``, the decimal rounded to a side that is true."""
    shown = float(decimal(value, places, up=up))
    while Fraction(shown) < value if up else Fraction(shown) > value:
        # a large number's nearest float may lie on the wrong side
        shown = math.nextafter(shown, math.inf if up else -math.inf)
    return {name: as_pq(value), f"{name}_decimal": shown}


def console() -> "Console":
    """Return a console on stdout; a file or pipe gets plain lines that are never cut short."""
    from rich.console import Console

    class PlainConsole(Console):
        """Shows text as it is: a file's name may look like markup."""

        def on_broken_pipe(self) -> None:
            raise  # Rich would end the process with exit code 1, which means something here

    width = None if sys.stdout.isatty() else 200
    return PlainConsole(width=width, highlight=False, markup=False, emoji=False)


def fits(out: "Console", table: "Table") -> bool:
    """Whether the table can be shown on this console with nothing in it broken."""
    from rich.measure import Measurement

    wanted = Measurement.get(out, out.options.update(max_width=10_000), table).maximum
    return wanted <= out.width


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """Show progress on stderr where that is a terminal, and nothing where it is not."""
    from rich.console import Console
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
        console=Console(stderr=True),
        transient=True,
    )
    # not even started elsewhere: a disabled bar still ends its line in some versions of Rich
    with bar if sys.stderr.isatty() else nullcontext():
        yield bar
