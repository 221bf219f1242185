"""Objects that show themselves: in a line at a prompt, as a table in a notebook."""

from abc import abstractmethod
from html import escape


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things: ``1 request``, ``2,000 requests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


class Shown:
    """Mixin: ``repr`` and a notebook's table from one list of facts.

    A dataclass that takes it is declared with ``repr=False``.
    """

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Return what is worth knowing at a glance: {what: text}, short, the main thing first."""

    def __repr__(self) -> str:
        said = ", ".join(f"{what} {text}" for what, text in self.facts().items())
        return f"<{type(self).__name__}: {said}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(what)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for what, text in self.facts().items()
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"
