"""What stands on a page, and the page as bytes: one HTML file that fetches nothing.

The pictures are drawn by plotly.js, which is part of the file (``assets/plotly-LICENSE``); every
picture has a caption and its numbers as a table, so that the page also speaks without it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

#: Certificates beyond so many bytes in all are not carried by the page: it says how to write them.
MOST_CARRIED = 2_500_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text.

    Parameters
    ----------
    caption
        What it shows.
    head
        The columns' names.
    rows
        Each as long as `head`; the first cell names the row.
    words
        The columns that hold words, not numbers.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset({0})


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An interactive picture.

    Parameters
    ----------
    title, caption
        The heading; what is to be seen, in words, and what is left out or summed up.
    data
        What ``assets/report.js`` draws: an object whose ``kind`` is ``chart`` (traces and layout of
        plotly.js) or ``memory`` (see :mod:`kvproof.report.memory`).
    table
        The same numbers, or the main ones, as a table; None where another table has them.
    """

    title: str
    caption: str
    data: dict[str, Any]
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Download:
    """A certificate that the page carries.

    Parameters
    ----------
    name
        The file's name.
    says
        What it claims, in words.
    data
        The file, or None where it is too large: `made_by` writes it.
    made_by
        The command that writes it, or None.
    verified
        Whether the checker has verified it; it may have come to a limit.
    """

    name: str
    says: str
    data: bytes | None
    made_by: str | None = None
    verified: bool = True

    @property
    def text(self) -> str:
        """The bytes in base64."""
        return base64.b64encode(self.data or b"").decode()

    @property
    def size(self) -> str:
        """How large the file is."""
        return f"{len(self.data or b'') / 1000:,.1f} kB"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A report.

    Parameters
    ----------
    title
        What was asked, short.
    answer
        The answer in a sentence.
    command
        The command line that made the page.
    remarks
        What a reader has to know about the answer.
    tables, pictures
        In order.
    downloads
        Certificates.
    facts
        ``(what, text)``: the instance's statistics.
    made_with
        ``(what, version)``.
    """

    title: str
    answer: str
    command: str
    facts: Sequence[tuple[str, str]]
    made_with: Sequence[tuple[str, str]]
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    downloads: Sequence[Download] = ()
    remarks: Sequence[str] = ()

    def to_bytes(self) -> bytes:
        """Return the HTML file. Whatever text it is given is shown as it is, never run.

        What is no text, as in names of files that are not UTF-8, is shown as a question mark.
        """
        from jinja2 import Environment, PackageLoader, StrictUndefined

        room = Environment(
            loader=PackageLoader("kvproof.report", "assets"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        assets = resources.files("kvproof.report") / "assets"
        ours = {
            name: (assets / file).read_text(encoding="utf-8")
            for name, file in (
                ("style", "report.css"),
                ("script", "report.js"),
                ("plotly", "plotly-basic.min.js"),
                ("licence", "plotly-LICENSE"),
            )
        }
        made = room.get_template("report.html.jinja").render(page=self, **ours)
        return made.encode(errors="replace")


def within_budget(downloads: Sequence[Download]) -> list[Download]:
    """Return the downloads, those left out whose bytes would make the page too large."""
    kept, room = [], MOST_CARRIED
    for one in downloads:
        size = len(one.data or b"")
        if size <= room:
            room -= size
            kept.append(one)
        else:
            kept.append(replace(one, data=None))
    return kept
